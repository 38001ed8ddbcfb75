#include "campaign/campaign.h"

#include <math.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rng.h"
#include "base/xalloc.h"
#include "campaign/scraping.h"
#include "campaign/workload.h"

static int open_files(struct campaign_state *s, struct err *e)
{
    char path[600];
    if (outdir_metadata(s, e) < 0)
        return -1;
    snprintf(path, sizeof path, "%s/requests.jsonl", s->result->dir);
    s->records = rec_writer_open(path, e);
    if (!s->records)
        return -1;
    snprintf(path, sizeof path, "%s/errors.jsonl", s->result->dir);
    if (errlog_open(&s->errors, path, e) < 0)
        return -1;
    struct acc_opts o = {.slo = s->slo.n ? &s->slo : NULL,
                         .goodput = s->goodput.n ? &s->goodput : NULL,
                         .percentiles = s->q,
                         .n_percentiles = s->n_q,
                         .by = s->by,
                         .cost_per_hour = run_config_cost(s->c)};
    s->acc = acc_new(&o);
    struct rec_run run = {.epoch_mono = s->epoch,
                          .epoch_unix = s->epoch_unix,
                          .seed = s->seed,
                          .flags = s->c->no_records ? REC_RUN_NO_REQUESTS : 0};
    snprintf(run.version, sizeof run.version, "%s", WEIR_VERSION);
    acc_sink.run(s->acc, &run);
    int rc = rec_write_run(s->records, &run);
    for (unsigned i = 0; i < s->n_targets && rc == 0; i++) {
        struct rec_endpoint p = {.endpoint = i};
        endpoint_text(s, i, p.url, sizeof p.url);
        acc_sink.endpoint(s->acc, &p);
        rc = rec_write_endpoint(s->records, &p);
    }
    for (uint32_t i = 0; s->c->headers_metric && s->c->headers_metric[i] && rc == 0; i++) {
        struct rec_metric m = {.metric = i};
        snprintf(m.name, sizeof m.name, "%s", s->c->headers_metric[i]);
        acc_sink.metric(s->acc, &m);
        rc = rec_write_metric(s->records, &m);
    }
    return rc;
}

static void load_text(const struct campaign_state *s, const struct variant *v, struct buf *b)
{
    const struct run_config *c = v->c;
    char d[32];
    shape_text(v, b);
    if (c->num_requests)
        buf_addf(b, ", %llu requests", (unsigned long long)c->num_requests);
    if (v->warmup_requests)
        buf_addf(b, ", after %llu warm-up request%s", (unsigned long long)v->warmup_requests,
                 v->warmup_requests == 1 ? "" : "s");
    if (v->warmup_ns)
        buf_addf(b, ", after a warm-up of %s", fmt_duration(d, v->warmup_ns));
    if (c->max_concurrency)
        buf_addf(b, ", at most %llu in flight", (unsigned long long)c->max_concurrency);
    if (s->n_levels > s->n_variants)
        buf_addz(b, " each");
    if (c->cancel_rate)
        buf_addf(b, "; %s of the requests are cancelled after %s", c->cancel_rate, c->cancel_after);
    if (c->max_errors)
        buf_addf(b, "; until more than %s fail", c->max_errors);
    if (s->c->stop_below)
        buf_addf(b, "; up to a level of which fewer than %s succeed", s->c->stop_below);
}

static const char *counted_text(const struct campaign_state *s, bool usage, bool known)
{
    bool input_alone = s->ops->lacks & API_NO_TOKENS;
    if (!known)
        return input_alone ? "of the input alone, server's usage where it is reported, else the tokenizer's count"
                           : "server's usage where it is reported, else the tokenizer's count";
    if (!usage)
        return input_alone ? "of the input alone, the tokenizer's count"
                           : "the tokenizer's count (the server reports no usage)";
    return input_alone ? "of the input alone, server's usage, beside the tokenizer's count"
                       : "server's usage, beside the tokenizer's count";
}

static const char *token_text(const struct campaign_state *s)
{
    bool usage = true, known = !s->c->no_probe;
    for (unsigned i = 0; i < s->n_targets; i++) {
        known &= !s->variant[0].ep->probe[i].refused;
        usage &= s->variant[0].ep->probe[i].usage;
    }
    if (s->variant[0].tokenizer)
        return counted_text(s, usage, known);
    if (s->ops->lacks & API_NO_TOKENS)
        return usage || !known ? "of the input alone, server's usage" : "of the input alone, words";
    if (!known)
        return "server's usage where it is reported, else words";
    if (!usage)
        return "words (the server reports no usage)";
    return s->ops->own_counts ? "server's own fields" : "server's usage";
}

/* What is sent, and what of the dataset is not. */
static size_t dataset_lines(const struct variant *v, char **line, size_t n)
{
    const struct dataset_stats *d = dataset_get_stats(v->ds);
    struct buf name = BUF_INIT(1u << 20);
    workload_text(v, &name);
    line[n++] = xasprintf("Dataset: %s", buf_str(&name).p);
    if (d->skipped > 0)
        line[n++] = xasprintf("Skipped: %zu turn%s or entr%s not sent (system turns in a history, empty ones)",
                              d->skipped, d->skipped == 1 ? "" : "s", d->skipped == 1 ? "y" : "ies");
    if (d->out_of_range > 0)
        line[n++] = xasprintf("Lengths: %zu entr%s left out, which --dataset-lengths none would keep", d->out_of_range,
                              d->out_of_range == 1 ? "y" : "ies");
    if (d->bad > 0)
        line[n++] =
            xasprintf("Bad: %zu entr%s left out; the first: %s", d->bad, d->bad == 1 ? "y" : "ies", d->first_bad);
    buf_free(&name);
    return n;
}

static void banner(const struct campaign_state *s)
{
    if (!s->v->banner)
        return;
    char *line[MAX_BANNER];
    size_t n = 0;
    const struct variant *v = &s->variant[0];
    for (unsigned i = 0; i < s->n_targets; i++) {
        char url[512];
        line[n++] = xasprintf("URL: %s%s", endpoint_text(s, i, url, sizeof url),
                              s->sim.pid ? " (weir's simulator, started for this run)" : "");
    }
    char proxy[512];
    if (proxying_text(s, proxy, sizeof proxy))
        line[n++] = xasprintf("Proxy: %s", proxy);
    char server[256];
    if (v->ep->probe[0].id.kind != SERVER_UNKNOWN && !s->sim.pid)
        line[n++] = xasprintf("Server: %s", server_id_text(&v->ep->probe[0].id, server));
    if (s->n_targets > 1)
        line[n++] = xasprintf("Balance: %s, over %u endpoints", s->c->balance, s->n_targets);
    if (s->ops->plain)
        line[n++] = xasprintf("Dialect: %s, plain requests without model and tokens", s->ops->name);
    else
        line[n++] = xasprintf("Model: %s (%s%s%s)",
                              v->c->model_mix ? v->c->model_mix
                              : v->ep->model  ? v->ep->model
                                              : "not named",
                              s->ops->name, v->api_opts.stream ? ", streamed" : "",
                              s->c->insecure ? ", certificate not verified" : "");
    if (v->ep->target[0].http_seen == 2)
        line[n++] =
            xasprintf("HTTP/2: up to %llu streams on each connection", (unsigned long long)v->c->streams_per_conn);
    n = dataset_lines(v, line, n);
    for (uint32_t i = 0; i < s->n_variants; i++) {
        const char *name = s->variant[i].c->level_name;
        struct buf load = BUF_INIT(1u << 20);
        load_text(s, &s->variant[i], &load);
        line[n++] = xasprintf("Load: %s%s%s", name ? name : "", name ? ": " : "", buf_str(&load).p);
        buf_free(&load);
    }
    if (s->seats.pinned) {
        struct buf cores = BUF_INIT(1u << 16);
        cores_text(&s->seats, &cores);
        line[n++] = xasprintf("Cores: %s", buf_str(&cores).p);
        buf_free(&cores);
    }
    n = scraping_lines(s, line, n);
    if (s->plan[0])
        line[n++] = xasprintf("Needs: %s", s->plan);
    line[n++] = xasprintf("Seed: %llu", (unsigned long long)s->seed);
    if (!s->ops->plain)
        line[n++] = xasprintf("Tokens: %s", token_text(s));
    for (uint32_t i = 0; i < s->n_variants; i++)
        if (s->variant[i].own_tokenizer)
            line[n++] = xasprintf("Tokenizer: %s", tokenizer_text(s->variant[i].tokenizer, server, sizeof server));
    line[n++] = xasprintf("Results: %s", s->result->dir);
    s->v->banner(s->v->arg, (const char *const *)line, n);
    while (n > 0)
        free(line[--n]);
}

static void cool_down(struct campaign_state *s, const struct level_plan *behind)
{
    int64_t until = clock_mono() + behind->v->c->cooldown;
    while (clock_mono() < until && !s->interrupted) {
        if (signals_pending(s->signal_fd))
            s->interrupted = true;
        usleep(20000);
    }
}

/* --stop-below: what follows would only press on a server that has given up. */
static void stop_below(struct campaign_state *s, struct campaign_ended *l)
{
    uint64_t n = l->succeeded + l->failed;
    if (!(s->stop_below > 0) || n == 0 || l->level + 1 == s->n_levels || s->interrupted || s->broken || s->tripped ||
        (double)l->succeeded >= s->stop_below * (double)n)
        return;
    l->stops = true;
    log_warn("%.1f %% of the level's requests succeeded, fewer than --stop-below %s: the other levels are left out",
             100.0 * (double)l->succeeded / (double)n, s->c->stop_below);
    campaign_note(
        s, "of the last level %llu of %llu requests succeeded, fewer than --stop-below %s: %u more level%s left out",
        (unsigned long long)l->succeeded, (unsigned long long)n, s->c->stop_below, s->n_levels - 1 - l->level,
        s->n_levels - 1 - l->level == 1 ? " was" : "s were");
}

static int run_levels(struct campaign_state *s, struct err *e)
{
    for (uint32_t i = 0; i < s->n_levels && !s->interrupted && !s->broken && !s->tripped; i++) {
        if (i > 0)
            cool_down(s, &s->level[i - 1]);
        if (s->interrupted) {
            level_skip(s, i);
            break;
        }
        scraping_mark(s);
        if (s->v->level_begin)
            s->v->level_begin(s->v->arg, i);
        struct campaign_ended ended = {.level = i};
        if (level_run(s, i, &ended, e) < 0)
            return -1;
        scraping_mark(s);
        stop_below(s, &ended);
        if (s->v->level_end)
            s->v->level_end(s->v->arg, &ended);
        if (ended.stops)
            break;
    }
    return 0;
}

static void note_share(struct campaign_state *s)
{
    char came[32], most[32];
    if (!(s->c->ceiling > 0) || !(s->most_events > 0))
        return;
    double share = 100 * s->most_events / s->c->ceiling;
    campaign_note(s,
                  "at most %s events/s came: %.*f %% of the %s that this machine was calibrated for (weir calibrate)",
                  fmt_count(came, s->most_events), share >= 10 ? 0 : 2, share, fmt_count(most, s->c->ceiling));
}

static void note_signer(struct campaign_state *s)
{
    char d[32];
    if (!s->signer)
        return;
    signer_unwatch(s->signer);
    int64_t skew = signer_skew(s->signer);
    uint64_t renewed = signer_renewed(s->signer);
    if (skew != 0)
        campaign_note(s, "this machine's clock is %s %s the server's; requests were signed by the server's",
                      fmt_duration(d, (skew < 0 ? -skew : skew) * NS_PER_S), skew < 0 ? "ahead of" : "behind");
    if (renewed > 0)
        campaign_note(s, "the AWS credentials were renewed %llu time%s while the run went on",
                      (unsigned long long)renewed, renewed == 1 ? "" : "s");
}

/* This thread, which writes: on its cores while it measures. Where that is refused, it stays where it was. */
static void keep_writer(struct campaign_state *s, bool on)
{
    if (!s->seats.pinned)
        return;
    if (on)
        sched_getaffinity(0, sizeof s->mask, &s->mask);
    sched_setaffinity(0, sizeof s->mask, on ? &s->seats.writer : &s->mask);
}

/* All that comes before the first measured request. */
static int prepare(struct campaign_state *s, struct err *e)
{
    if (setup_parse(s, e) < 0 || preflight(s, e) < 0)
        return -1;
    if (s->c->output_dir &&
        outdir_prepare(s, e) < 0) /* a folder that cannot be used is told before a server is asked */
        return -1;
    const struct sim_opts sim = {.cores = s->seats.pinned ? &s->seats.server : NULL};
    if (run_config_urls(s->c, NULL, 0) == 0 && simproc_start(&s->sim, &sim, e) < 0)
        return -1;
    if (setup_target(s, e) < 0)
        return -1;
    proxying_warn(s);
    if (preflight_targets(s, e) < 0 || waiting(s, e) < 0 || detecting(s, e) < 0 || probing(s, e) < 0 ||
        scraping_open(s, e) < 0)
        return -1;
    if (!s->c->output_dir && outdir_prepare(s, e) < 0)
        return -1;
    return open_files(s, e);
}

static int close_files(struct campaign_state *s, struct err *e)
{
    int errors = errlog_close(&s->errors, e);
    return s->records && rec_writer_close(&s->records, e) < 0 ? -1 : errors;
}

int campaign_run(const struct run_config *c, const struct campaign_view *v, struct campaign_result *r, struct err *e)
{
    memset(r, 0, sizeof *r);
    struct campaign_state *s = xcalloc(1, sizeof *s);
    r->state = s;
    s->c = c;
    s->v = v;
    s->result = r;
    s->signal_fd = -1;
    s->errors.fd = -1;
    s->epoch = clock_mono() - NS_PER_S; /* so that no instant is 0 */
    s->epoch_unix = clock_real() - NS_PER_S;
    snprintf(s->run_id, sizeof s->run_id, "%08x", (unsigned)(rng_os_seed() & 0xffffffffu));

    signals_early();
    int rc = prepare(s, e);
    if (rc == 0) {
        banner(s);
        probing_notes(s);
        s->signal_fd = signals_open();
        rc = s->signer ? signer_watch(s->signer, e) : 0;
        keep_writer(s, true);
        if (rc == 0)
            rc = scraping_start(s, e);
        if (rc == 0)
            rc = run_levels(s, e);
        scraping_stop(s);
        keep_writer(s, false);
        note_share(s);
        note_signer(s);
    }
    r->interrupted = s->interrupted;
    if (s->acc)
        r->summary = acc_finish(s->acc);
    if (rc == 0)
        rc = close_files(s, e);
    else
        close_files(s, NULL);
    scraping_free(s);
    simproc_stop(&s->sim);
    return rc;
}

void campaign_result_free(struct campaign_result *r)
{
    struct campaign_state *s = r->state;
    if (!s)
        return;
    signals_close(s->signal_fd); /* until now, so that one more Ctrl-C cannot lose the summary */
    acc_free(&s->acc);
    setup_free(s);
    free(s);
    memset(r, 0, sizeof *r);
}

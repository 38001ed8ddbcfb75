/* rehearsal.c - --dry-run: everything that can be settled without the endpoint, told line by line. Nothing is sent:
 * even names are not looked up. */
#include <math.h>
#include <stdarg.h>

#include "base/xalloc.h"
#include "campaign/scraping.h"
#include "campaign/workload.h"
#include "engine/check.h"

enum {
    SHOWN = 10,              /* instants of a level */
    MOST_COUNTED = 20000000, /* items of a schedule that are walked to count them */
    PER_LINE = 5,
};

struct teller {
    void (*say)(void *arg, const char *line);
    void *arg;
};

static void ATTR_PRINTF(2, 3) say(const struct teller *k, const char *fmt, ...)
{
    struct buf b = BUF_INIT(1u << 20);
    va_list ap;
    va_start(ap, fmt);
    buf_vaddf(&b, fmt, ap);
    va_end(ap);
    k->say(k->arg, b.p ? b.p : "");
    buf_free(&b);
}

/* Instead of a name's addresses: one of each family, so that --bind finds its own. */
static int no_lookup(const char *host, uint16_t port, struct addr *out, int max, struct err *e)
{
    (void)host;
    int n = resolve_host("127.0.0.1", port, out, 1, e);
    if (n == 1 && max > 1 && resolve_host("::1", port, out + 1, 1, e) == 1)
        n++;
    return n;
}

/* To the nanosecond, without what zeros would only repeat. */
static char *instant_text(char out[48], int64_t ns)
{
    size_t n = (size_t)snprintf(out, 48, "%lld.%09lld", (long long)(ns / NS_PER_S), (long long)(ns % NS_PER_S));
    while (out[n - 1] == '0')
        n--;
    n -= out[n - 1] == '.';
    snprintf(out + n, 48 - n, " s");
    return out;
}

/* The instants, PER_LINE in a line. */
static void say_instants(const struct teller *k, const char *label, const int64_t *at, size_t n, bool more)
{
    struct buf b = BUF_INIT(4096);
    char one[48];
    for (size_t i = 0; i < n; i++) {
        buf_addf(&b, "%s%s", b.n ? ", " : "", instant_text(one, at[i]));
        bool last = i + 1 == n;
        if (!last && (i + 1) % PER_LINE != 0)
            continue;
        say(k, "%-10s %s%s", i < PER_LINE ? label : "", b.p, !last ? "," : more ? ", ..." : "");
        buf_clear(&b);
    }
    buf_free(&b);
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static void say_open(const struct teller *k, const struct load *l)
{
    struct load_walk w;
    uint64_t n = 0, warm = 0;
    int64_t at[SHOWN], go[SHOWN];
    load_walk_begin(l, &w);
    while (n < MOST_COUNTED && load_walk_next(l, &w)) {
        if (n < SHOWN) {
            at[n] = w.due;
            go[n] = w.release;
        }
        n++;
        warm += w.i < l->first_item;
    }
    char d[32];
    int64_t end = load_open_end(l);
    const char *unit = l->o.sessions ? "session" : "request";
    say(k, "%-10s %s%llu %s%s, after %llu of warm-up%s%s", "", n == MOST_COUNTED ? "more than " : "",
        (unsigned long long)(n - warm), unit, plural(n - warm), (unsigned long long)warm,
        end > 0 ? "; over after " : "", end > 0 ? fmt_duration(d, end) : "");
    say_instants(k, "due at", at, MIN(n, (uint64_t)SHOWN), n > SHOWN);
    if (l->o.start_gap) /* --rate-limit */
        say_instants(k, "let go at", go, MIN(n, (uint64_t)SHOWN), n > SHOWN);
}

static void say_closed(const struct teller *k, const struct load *l, int64_t ramp)
{
    const struct load_opts *o = &l->o;
    int64_t at[SHOWN];
    char d[32];
    uint32_t n = MIN(o->concurrency, (uint32_t)SHOWN);
    if (o->num_requests)
        say(k, "%-10s %llu request%s, after %llu of warm-up", "", (unsigned long long)o->num_requests,
            plural(o->num_requests), (unsigned long long)o->warmup_requests);
    else
        say(k, "%-10s as many requests as the answers leave time for", "");
    if (o->start_gap)
        say(k, "%-10s a start at least %s behind the one before", "", fmt_duration(d, o->start_gap));
    if (o->profile) {
        say(k, "%-10s each user's first request when he comes, each further one when an answer has come", "");
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        at[i] = load_first(l, i) >= 0 ? load_first(l, i) : (int64_t)((double)ramp * ((double)i / o->concurrency));
    say_instants(k, "first at", at, n, o->concurrency > n);
    say(k, "%-10s each further one when an answer has come", "");
}

static void say_level(struct campaign_state *s, uint32_t i, const struct teller *k)
{
    const struct level_plan *p = &s->level[i];
    struct load load;
    struct rec_level line = {0};
    struct buf b = BUF_INIT(1u << 20);
    level_load(s, i, &load, &line);
    if (p->v->c->level_name)
        buf_addf(&b, "%s: ", p->v->c->level_name);
    if (p->open && isfinite(p->rate) && !load.o.profile && load.o.arrival != ARRIVAL_TRACE)
        buf_addf(&b, "%.6g %s/s, %s arrivals", p->rate, load.o.sessions ? "sessions" : "requests", line.arrival);
    else if (p->open)
        buf_addf(&b, "open loop, %s%s%s", load.o.profile ? line.profile : line.arrival, load.o.profile ? ", " : "",
                 load.o.profile ? line.arrival : "");
    else if (load.o.profile)
        buf_addf(&b, "%s in flight (closed loop)", line.profile);
    else
        buf_addf(&b, "%u %s (closed loop)", p->concurrency, load.o.sessions ? "sessions at a time" : "in flight");
    say(k, "%s", "");
    say(k, "Level %-4u %s", i + 1, b.p);
    const struct dataset_stats *d = dataset_get_stats(p->v->ds);
    if (s->n_variants > 1)
        say(k, "%-10s %zu sample%s, model %s", "", d->samples, plural(d->samples),
            p->v->c->model ? p->v->c->model : "as the server says");
    if (p->open)
        say_open(k, &load);
    else
        say_closed(k, &load, level_ramp(p->v, p->concurrency));
    buf_free(&b);
}

/* The first request of the first level. */
static int say_request(struct campaign_state *s, const struct teller *k, struct err *e)
{
    struct variant *v = &s->variant[0];
    const struct target *t = &v->ep->target[0];
    struct load load;
    struct rec_level line = {0};
    struct plan_item it = {0};
    struct api_body body = {0};
    char id[96];
    if (v->models.mix.n > 0)
        snprintf(v->ep->found, sizeof v->ep->found, STR_FMT, STR_ARG(v->models.name[0]));
    workload_ask(v, v->models.mix.n > 0      ? v->ep->found
                    : v->c->model            ? v->c->model
                    : s->ops->model_optional ? NULL
                                             : "MODEL");
    if (api_prepare(&v->api, s->ops, &v->api_opts, e) < 0)
        return -1;
    level_load(s, 0, &load, &line);
    int64_t due = 0;
    if (load.o.mode == LOAD_OPEN) {
        struct load_walk w;
        load_walk_begin(&load, &w);
        due = load_walk_next(&load, &w) ? w.due : 0;
    }
    load_item(&load, 0, due, &it);
    buf_init(&body.spill, 256u << 20);
    api_render(&v->api, &it, &body);
    struct buf text = BUF_INIT(256u << 20);
    for (int i = 0; i < body.n; i++)
        buf_add(&text, body.v[i].iov_base, body.v[i].iov_len);
    const struct check c = {.target = t, .ops = s->ops, .opts = &v->api_opts, .say = k->say, .arg = k->arg};
    const struct call call = {.method = t->method ? t->method : "POST", .own = it.what->extra, .body = buf_str(&text)};
    snprintf(id, sizeof id, "X-Request-Id: %s-0-0", s->run_id);
    check_show_request(&c, &call, id);
    buf_free(&text);
    buf_free(&body.spill);
    return 0;
}

static void say_metrics(const struct campaign_state *s, const struct teller *k)
{
    char d[32];
    for (const char **word = s->c->metrics_urls; word && *word; word++) {
        bool found = strcmp(*word, "auto") == 0;
        char *url = found ? xstrdup("/metrics of the endpoint, if it is there") : scraping_url(*word);
        struct buf b = BUF_INIT(1u << 20);
        redact_url(&b, str_of(url));
        say(k, "Metrics:   %s, every %s", b.p, fmt_duration(d, s->c->metrics_interval));
        buf_free(&b);
        free(url);
    }
}

static int tell(struct campaign_state *s, bool simulator, const struct teller *k, struct err *e)
{
    const struct variant *v = &s->variant[0];
    char url[512];
    for (unsigned i = 0; i < s->n_targets; i++)
        say(k, "URL:       %s",
            simulator ? "weir's simulator, which a run starts" : endpoint_text(s, i, url, sizeof url));
    char proxy[512];
    if (proxying_text(s, proxy, sizeof proxy))
        say(k, "Proxy:     %s", proxy);
    say(k, "Dialect:   %s%s%s", s->ops->name, v->api_opts.stream && !s->ops->plain ? ", streamed" : "",
        s->dialect_told || simulator ? "" : " (unless the server says that it is another)");
    if (!s->ops->plain)
        say(k, "Model:     %s",
            v->c->model_mix          ? v->c->model_mix
            : v->c->model            ? v->c->model
            : s->ops->model_optional ? "not named"
                                     : "MODEL stands for the first that the server lists");
    const struct dataset_stats *d = dataset_get_stats(v->ds);
    struct buf made = BUF_INIT(1u << 20);
    if (workload_is_made(v->c))
        workload_text(v, &made);
    else
        buf_addf(&made, "%s, %zu sample%s", d->format, d->samples, plural(d->samples));
    say(k, "Dataset:   %s", buf_str(&made).p);
    buf_free(&made);
    char tokenizer[512];
    if (v->tokenizer)
        say(k, "Tokenizer: %s", tokenizer_text(v->tokenizer, tokenizer, sizeof tokenizer));
    say(k, "Seed:      %llu%s", (unsigned long long)s->seed,
        s->c->seed_given ? "" : " (drawn; each run draws its own)");
    say(k, "Workers:   %u", s->workers);
    say_metrics(s, k);
    for (uint32_t i = 0; i < s->n_levels; i++)
        say_level(s, i, k);
    int rc = say_request(s, k, e);
    say(k, "%s", "");
    say(k, "Nothing was sent.");
    return rc;
}

static int prepare(struct campaign_state *s, bool simulator, struct err *e)
{
    if (setup_parse(s, e) < 0 || preflight(s, e) < 0 || (s->c->output_dir && outdir_check(s, e) < 0))
        return -1;
    if (simulator)
        snprintf(s->sim.url, sizeof s->sim.url, "http://127.0.0.1:8000");
    return setup_target(s, e);
}

int campaign_rehearse(const struct run_config *c, void (*say_line)(void *arg, const char *line), void *arg,
                      struct err *e)
{
    static const struct campaign_view silent = {0};
    struct campaign_result result = {0};
    struct campaign_state *s = xcalloc(1, sizeof *s);
    struct run_config own = *c, *levels = xcalloc(c->n_levels + 1, sizeof *levels);
    const struct teller k = {say_line, arg};
    own.lookup = no_lookup;
    own.levels = levels;
    for (size_t i = 0; i < c->n_levels; i++) {
        levels[i] = c->levels[i];
        levels[i].lookup = no_lookup;
    }
    s->c = &own;
    s->v = &silent;
    s->result = &result;
    s->signal_fd = -1;
    s->errors.fd = -1;
    snprintf(s->run_id, sizeof s->run_id, "RUN");
    bool simulator = run_config_urls(&own, NULL, 0) == 0;
    int rc = prepare(s, simulator, e);
    if (rc == 0)
        rc = tell(s, simulator, &k, e);
    setup_free(s);
    free(s);
    free(levels);
    return rc;
}

/* cmd_run.c - `weir run`: options to a campaign, its summary to the table and the files. */
#include <unistd.h>

#include "analysis/summary.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "campaign/calibrate.h"
#include "campaign/campaign.h"
#include "cli/cmd.h"
#include "cli/opt_dump.h"
#include "cli/opts.h"
#include "report/live_view.h"
#include "report/report.h"

struct session {
    struct run_config c;
    struct opt_seen seen;
    struct jdoc *stored; /* --replay: metadata.json, from which the options borrow */
    struct buf options;  /* as JSON, for the next metadata.json */
    char sha256[65];
    bool live, colour;
    int64_t say_at; /* when to tell of the connecting, where no live line does */
};

/* Runs of one endpoint before there could be several have "url" alone. */
static int stored_urls(struct session *s, jnode *root, const char *path, struct err *e)
{
    jnode *urls = jn_get(root, "urls");
    size_t n = jn_is_arr(urls) ? jn_len(urls) : 1;
    for (size_t i = 0; i < n; i++) {
        const char *url = jn_str(jn_is_arr(urls) ? jn_at(urls, i) : jn_get(root, "url"), NULL).p;
        if (!url)
            return err_set(e, ERR_DATA, "%s: names no URL; give it again", path);
        if (strstr(url, "[redacted]"))
            return err_set(e, ERR_USAGE, "%s: the URL held a secret and is not stored whole; give it again", path);
        if (opt_set(&opt_run, &s->c, &s->seen, opt_find(&opt_run, STR("url")), url, OPT_FROM_FILE, e) < 0)
            return err_prefix(e, "%s: ", path);
    }
    return 0;
}

/* The stored run's options come in as a file's would, so what the user gives goes over them; the load itself he cannot
 * give, since --replay excludes it. */
static int take_stored(struct session *s, const char *path, struct err *e)
{
    struct opt_seen *seen = &s->seen;
    jnode *root = jdoc_root(s->stored), *options = jn_get(root, "options");
    if (!jn_is_obj(options))
        return err_set(e, ERR_DATA, "%s: has no \"options\"; is this the folder of a run?", path);
    seen->source[opt_find(&opt_run, STR("replay")) - opt_run.opts] = OPT_FROM_DEFAULT; /* its group is the load's */
    if (opt_load(&opt_run, &s->c, seen, options, e) < 0 || opt_settle(&opt_run, &s->c, seen, e) < 0)
        return err_prefix(e, "%s: ", path);
    if (!s->c.seed_given) {
        s->c.seed = (uint64_t)jn_i64(jn_get(root, "seed"), 0);
        s->c.seed_given = true;
    }
    if (!s->c.urls) {
        if (!jn_bool(jn_get(root, "simulator"), false) && stored_urls(s, root, path, e) < 0)
            return -1;
        if (!s->c.model) /* the one that was found then */
            s->c.model = jn_str(jn_get(root, "model"), NULL).p;
    }
    snprintf(s->sha256, sizeof s->sha256, "%.*s", STR_ARG(jn_str(jn_get(root, "dataset.sha256"), "")));
    s->c.replay_sha256 = s->sha256;
    return 0;
}

static int load_replay(struct session *s, struct err *e)
{
    char *path = xasprintf("%s/metadata.json", s->c.replay);
    s->stored = jdoc_load(path, 4u << 20, e);
    int rc = s->stored ? take_stored(s, path, e) : -1;
    free(path);
    return rc < 0 ? err_prefix(e, "--replay: ") : 0;
}

static int configure(struct session *s, int argc, const char *const *argv, struct err *e)
{
    static const char *const not_stored[] = {"url",     "output-dir", "replay",     "json", "quiet",
                                             "no-live", "check",      "wait-ready", NULL};
    if (opt_parse(&opt_run, argc, argv, getenv, &s->c, &s->seen, e) < 0 || run_take_urls(&s->c, &s->seen, e) < 0 ||
        run_replay_check(&s->seen, e) < 0)
        return -1;
    if (s->c.replay && load_replay(s, e) < 0)
        return -1;
    if (run_config_check(&s->c, e) < 0)
        return -1;
    struct jout j;
    buf_init(&s->options, 4u << 20);
    jo_init(&j, &s->options, 0);
    opt_dump(&j, &opt_run, &s->c, &s->seen, not_stored);
    s->c.options_json = buf_str(&s->options).p;
    s->c.command = argv;
    s->c.n_command = argc;
    s->c.ceiling = calibration_stored();
    return 0;
}

static void on_banner(void *arg, const char *const *lines, size_t n)
{
    const struct session *s = arg;
    if (s->c.quiet)
        return;
    for (size_t i = 0; i < n; i++) {
        const char *colon = strchr(lines[i], ':');
        int key = (int)(colon - lines[i]);
        fprintf(stderr, "%s%-8.*s%s %s\n", s->colour ? "\033[1m" : "", key, lines[i], s->colour ? "\033[0m" : "",
                colon + 2);
    }
    fputc('\n', stderr);
}

/* On a terminal a line that stays, else at once and then every ten seconds. */
static void on_waiting(void *arg, const struct campaign_wait *w)
{
    struct session *s = arg;
    char a[32], b[32], text[512];
    int64_t now = clock_mono();
    if (!w->why) {
        if (s->live)
            log_live_line(NULL);
        log_info("%s is ready after %s", w->endpoint, fmt_duration(a, w->waited));
        s->say_at = 0;
        return;
    }
    snprintf(text, sizeof text, "waiting for %s, %s of %s: %s", w->endpoint, fmt_duration(a, w->waited),
             fmt_duration(b, w->patience), w->why);
    if (s->live) {
        log_live_line(text);
    } else if (!s->c.quiet && now >= s->say_at) {
        s->say_at = now + 10 * NS_PER_S;
        log_info("%s", text);
    }
}

static void print_line(void *arg, const char *line)
{
    (void)arg;
    puts(line);
    fflush(stdout);
}

/* Where no live line tells of it: after a second, then every ten. */
static void say_connecting(struct session *s, const struct campaign_tick *t)
{
    int64_t now = clock_mono();
    if (!s->say_at)
        s->say_at = now + NS_PER_S;
    if (s->live || s->c.quiet || now < s->say_at)
        return;
    s->say_at = now + 10 * NS_PER_S;
    log_info("connecting: %llu of %llu are open", (unsigned long long)t->conns_open,
             (unsigned long long)t->conns_wanted);
}

static void on_tick(void *arg, const struct campaign_tick *t)
{
    struct session *s = arg;
    struct live_view_in in = {
        .level = t->level,
        .n_levels = t->n_levels,
        .elapsed = t->elapsed,
        .total = t->total,
        .items = t->items,
        .started = t->started,
        .completed = t->completed,
        .failed = t->failed,
        .tokens = t->tokens,
        .ttft_p50 = t->ttft_p50,
        .warming = t->warming,
        .draining = t->draining,
        .connecting = t->connecting,
        .conns_wanted = t->conns_wanted,
        .conns_open = t->conns_open,
    };
    if (t->connecting)
        say_connecting(s, t);
    if (s->live)
        live_view_draw(&in, s->colour);
}

static void on_level_end(void *arg, uint32_t level)
{
    struct session *s = arg;
    (void)level;
    s->say_at = 0;
    if (s->live)
        log_live_line(NULL);
}

static void print_result(const struct session *s, const struct campaign_result *r)
{
    struct buf b = BUF_INIT((size_t)1 << 30);
    if (s->c.json) {
        report_json(&b, r->summary);
    } else {
        struct table_opts o = {.colour = report_wants_colour(STDOUT_FILENO), .width = report_width(STDOUT_FILENO)};
        report_table(&b, r->summary, &o);
    }
    fwrite(b.p, 1, b.n, stdout);
    fflush(stdout);
    buf_free(&b);
}

static int exit_code(const struct campaign_result *r)
{
    if (r->interrupted)
        return 130;
    const struct summary *s = r->summary;
    if (s->stopped || (s->attempted > s->left && s->successful == 0))
        return 1;
    if (s->verdict == VERDICT_INVALID)
        return 4;
    return s->slo == STATE_BROKEN ? 3 : 0;
}

static int go(struct session *s, struct err *e)
{
    s->colour = report_wants_colour(STDERR_FILENO);
    s->live = isatty(STDERR_FILENO) && !s->c.no_live && !s->c.quiet;
    if (s->c.quiet)
        log_set_level(LOG_ERROR);
    struct campaign_view view = {
        .arg = s, .banner = on_banner, .waiting = on_waiting, .tick = on_tick, .level_end = on_level_end};
    struct campaign_result r;
    bool ok = false;
    if (s->c.check)
        return campaign_check(&s->c, &view, print_line, NULL, &ok, e) < 0 ? -1 : ok ? 0 : 1;
    int rc = campaign_run(&s->c, &view, &r, e);
    if (s->live)
        log_live_line(NULL);
    int code = -1;
    if (r.summary && r.summary->n_levels > 0) {
        struct err second = {0};
        if (report_write_files(r.dir, r.summary, &second) < 0 && rc == 0) {
            *e = second;
            rc = -1;
        }
        print_result(s, &r);
        code = exit_code(&r);
    }
    campaign_result_free(&r);
    return rc < 0 || code < 0 ? -1 : code;
}

static int run(int argc, const char *const *argv)
{
    struct session s = {0};
    struct err e = {0};
    int rc = configure(&s, argc, argv, &e);
    if (rc == 0)
        rc = go(&s, &e);
    if (rc < 0)
        rc = cli_fail("run", &e);
    buf_free(&s.options);
    opt_free(&opt_run, &s.c, &s.seen);
    jdoc_free(&s.stored);
    return rc;
}

const struct cmd cmd_run = {
    .name = "run",
    .args = "[URL...] [options]",
    .summary = "measure an endpoint at one load, or at several",
    .prose =
        "Sends chat or completion requests to URL and measures each answer: the time to the first token (TTFT), "
        "the gaps "
        "between tokens (ITL), the whole latency (E2E), tokens and requests per second. A bare host gets "
        "/v1/chat/completions. Without a URL, weir starts its own simulator and measures that. Several URLs share the "
        "load; "
        "each is also reported on its own.\n"
        "\n"
        "With --rate the loop is open: each request is sent at its instant, whatever the server does, and every "
        "latency is "
        "given twice, from the instant at which the request was sent (service) and from that at which it was due "
        "(response). "
        "With --concurrency the loop is closed: a request follows another.\n"
        "\n"
        "Arrival instants of tokens are those of the kernel. Each report ends with a verdict on the client "
        "itself: VALID, "
        "DEGRADED or INVALID, with its reasons.",
    .examples =
        "weir run\n"
        "weir run localhost:8000 --rate 1,5,10,20 --duration 60s\n"
        "weir run gpu1:8000 gpu2:8000 --concurrency 64 --balance least-in-flight\n"
        "weir run http://localhost:8000 --concurrency 8,32 --num-requests 500 --prompt 'Explain weirs' --max-tokens "
        "128\n"
        "weir run https://api.example.com --model M --dataset conversations.json --rate 5 --slo 'ttft:p95<500ms'",
    .options = &opt_run,
    .run = run,
};

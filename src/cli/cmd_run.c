/* cmd_run.c - `weir run`: options to a campaign, its summary to the table and the files. */
#include <unistd.h>

#include "analysis/summary.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "campaign/calibrate.h"
#include "campaign/campaign.h"
#include "cli/cmd.h"
#include "cli/opts.h"
#include "cli/run_settings.h"
#include "report/live_view.h"
#include "report/report.h"

struct session {
    struct run_settings set;
    bool live, colour;
    int64_t say_at; /* when to tell of the connecting, where no live line does */
};

static void on_banner(void *arg, const char *const *lines, size_t n)
{
    const struct session *s = arg;
    if (s->set.c.quiet)
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
    } else if (!s->set.c.quiet && now >= s->say_at) {
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
    if (s->live || s->set.c.quiet || now < s->say_at)
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
    if (s->set.c.json) {
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
    s->live = isatty(STDERR_FILENO) && !s->set.c.no_live && !s->set.c.quiet;
    if (s->set.c.quiet)
        log_set_level(LOG_ERROR);
    struct campaign_view view = {
        .arg = s, .banner = on_banner, .waiting = on_waiting, .tick = on_tick, .level_end = on_level_end};
    struct campaign_result r;
    bool ok = false;
    if (s->set.c.dry_run)
        return campaign_rehearse(&s->set.c, print_line, NULL, e);
    if (s->set.c.check)
        return campaign_check(&s->set.c, &view, print_line, NULL, &ok, e) < 0 ? -1 : ok ? 0 : 1;
    int rc = campaign_run(&s->set.c, &view, &r, e);
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

/* --show-config */
static int show(const struct run_settings *set, struct err *e)
{
    struct buf b = BUF_INIT(64u << 20);
    run_settings_show(set, &b);
    int rc = b.failed ? err_set(e, ERR_LIMIT, "the options are longer than %zu MiB", b.max >> 20) : 0;
    fwrite(b.p, 1, b.n, stdout);
    buf_free(&b);
    return rc;
}

static int run(int argc, const char *const *argv)
{
    struct session s = {0};
    struct err e = {0};
    int rc = run_settings_read(&s.set, argc, argv, getenv, &e);
    s.set.c.ceiling = calibration_stored();
    if (rc == 0)
        rc = s.set.c.show_config ? show(&s.set, &e) : go(&s, &e);
    if (rc < 0)
        rc = cli_fail("run", &e);
    run_settings_free(&s.set);
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
        "weir run https://api.example.com --model M --dataset conversations.json --rate 5 --slo 'ttft:p95<500ms'\n"
        "weir run -f bench.yaml --show-config",
    .options = &opt_run,
    .run = run,
};

/* cmd_run.c - `weir run`: options to a campaign, its summary to the table and the files. */
#include <unistd.h>

#include "analysis/summary.h"
#include "base/xalloc.h"
#include "campaign/calibrate.h"
#include "campaign/campaign.h"
#include "cli/cmd.h"
#include "cli/opts.h"
#include "cli/run_settings.h"
#include "cli/run_view.h"
#include "report/plot.h"
#include "report/report.h"

struct session {
    struct run_settings set;
    struct run_view view;
};

static void print_line(void *arg, const char *line)
{
    (void)arg;
    puts(line);
    fflush(stdout);
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

static int draw(const struct session *s, const struct summary *summary, struct err *e)
{
    const char *path = s->set.c.plot;
    if (!path)
        return 0;
    struct plot_figure *f = plot_summary(summary);
    int rc = plot_write(path, f, e);
    plot_free(&f);
    return rc < 0 ? err_prefix(e, "--plot: ") : 0;
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
    struct campaign_view view = run_view_open(&s->view, s->set.c.quiet, !s->set.c.no_live);
    struct campaign_result r;
    bool ok = false;
    if (s->set.c.plot && plot_check(s->set.c.plot, s->set.c.output_dir, e) < 0)
        return err_prefix(e, "--plot: ");
    if (s->set.c.dry_run)
        return campaign_rehearse(&s->set.c, print_line, NULL, e);
    if (s->set.c.check)
        return campaign_check(&s->set.c, &view, print_line, NULL, &ok, e) < 0 ? -1 : ok ? 0 : 1;
    int rc = campaign_run(&s->set.c, &view, &r, e);
    run_view_close(&s->view);
    int code = -1;
    if (r.summary && r.summary->n_levels > 0) {
        struct err second = {0};
        bool written = report_write_files(r.dir, r.summary, &second) == 0;
        if ((!written || draw(s, r.summary, &second) < 0) && rc == 0) {
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

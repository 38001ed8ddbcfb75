/* cmd_calibrate.c - `weir calibrate`: this machine's own limits and error. */
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "campaign/calibrate.h"
#include "cli/cmd.h"
#include "cli/opts.h"
#include "report/report.h"

#define OUT_MAX ((size_t)16 << 20)

static int make_folder(const char *path, struct err *e)
{
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return 0;
    char *dir = xmemdup0(path, (size_t)(slash - path));
    int rc = dir_make(dir, e);
    free(dir);
    return rc;
}

static void on_begin(void *arg, const char *what)
{
    (void)arg;
    log_info("measuring %s", what);
}

static int save(const struct calibrate_config *c, const struct calibration *r, struct err *e)
{
    struct buf b = BUF_INIT(OUT_MAX);
    char *path = c->output ? xstrdup(c->output) : calibration_path();
    int rc = path ? make_folder(path, e) : err_set(e, ERR_USAGE, "there is no home folder; name a file with --output");
    report_calibration_json(&b, r);
    if (rc == 0)
        rc = file_write(path, buf_str(&b), e);
    if (rc == 0)
        log_info("written to %s", path);
    buf_free(&b);
    free(path);
    return rc;
}

static void print(const struct calibrate_config *c, const struct calibration *r)
{
    struct buf b = BUF_INIT(OUT_MAX);
    if (c->json) {
        report_calibration_json(&b, r);
    } else {
        struct table_opts o = {.colour = report_wants_colour(STDOUT_FILENO), .width = report_width(STDOUT_FILENO)};
        report_calibration_table(&b, r, &o);
    }
    fwrite(b.p, 1, b.n, stdout);
    fflush(stdout);
    buf_free(&b);
}

static int go(struct calibrate_config *c, struct err *e)
{
    struct run_config run = {0};
    struct opt_seen seen = {0};
    struct calibration r;
    struct calibrate_view view = {.begin = on_begin};
    if (c->quiet)
        log_set_level(LOG_ERROR);
    int rc = opt_defaults(&opt_run, &run, e);
    if (rc == 0) {
        c->run = &run;
        rc = calibrate(c, &view, &r, e);
    }
    if (rc == 0) {
        print(c, &r);
        /* A calibration that was cut short must not replace a whole one. */
        rc = r.interrupted ? 130 : save(c, &r, e);
    }
    opt_free(&opt_run, &run, &seen);
    return rc;
}

static int run(int argc, const char *const *argv)
{
    struct calibrate_config c = {0};
    struct opt_seen seen = {0};
    struct err e = {0};
    int rc = opt_parse(&opt_calibrate, argc, argv, getenv, &c, &seen, &e);
    if (rc == 0)
        rc = calibrate_config_check(&c, &e);
    if (rc == 0)
        rc = go(&c, &e);
    if (rc < 0)
        rc = cli_fail("calibrate", &e);
    opt_free(&opt_calibrate, &c, &seen);
    return rc;
}

const struct cmd cmd_calibrate = {
    .name = "calibrate",
    .args = "[options]",
    .summary = "find the limits and the error of this machine",
    .prose = "Starts the simulator as a process of its own, on other cores where there are at least two, measures it "
             "with 1, "
             "10, 100, 1,000 and 10,000 streams of 100 tokens/s each and then at rising event rates, until the machine "
             "does not "
             "carry the next step, and holds each token's instant against that at which the simulator wrote it.\n"
             "\n"
             "The ceiling is the largest number of events per second at which the p99 of both errors is at most 1 ms. "
             "Leave the "
             "machine alone meanwhile: what else runs on it is in the figures.",
    .examples = "weir calibrate\n"
                "weir calibrate --quick --json\n"
                "weir calibrate --server http://127.0.0.1:8000 --truth truth.jsonl --streams 1,10,100",
    .options = &opt_calibrate,
    .run = run,
};

/* benchmark.c - `weir as benchmark`: how many queries per second an endpoint bears. Source: the program of that name in
 * ktenzer/llm-bench. Its levels are those of one `weir run --rate`, whose own files go to weir/ in the result folder.
 */
#include "compat/benchmark.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/saturation.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "cli/opt.h"
#include "compat/compat.h"
#include "compat/compat_run.h"
#include "report/plot.h"

#define NAME "benchmark"
#define OUT_MAX ((size_t)256 << 20)

struct job {
    struct bm_opts o;
    struct compat_run run;
    struct bm_level *v; /* of the summary's levels */
    struct sum_saturation sat;
    struct bm_run r;
    char dir[64];
    int64_t started;
    struct err begun; /* metadata.json could not be written */
};

static void say(void (*put)(struct buf *b, const struct bm_run *r), const struct bm_run *r)
{
    struct buf b = BUF_INIT(OUT_MAX);
    put(&b, r);
    fwrite(b.p, 1, b.n, stdout);
    fflush(stdout);
    buf_free(&b);
}

static int write_file(const struct job *j, const char *name, const struct buf *b, struct err *e)
{
    char *path = xasprintf("%s/%s", j->dir, name);
    int rc = b->failed ? err_set(e, ERR_LIMIT, "%s would be larger than %zu MiB", path, b->max >> 20)
                       : file_write(path, buf_str(b), e);
    free(path);
    return rc;
}

static int write_metadata(const struct job *j, struct err *e)
{
    struct buf b = BUF_INIT(OUT_MAX);
    bm_metadata_json(&b, &j->r, j->started);
    int rc = write_file(j, "metadata.json", &b, e);
    buf_free(&b);
    return rc;
}

static void on_level_begin(void *arg, uint32_t level)
{
    struct job *j = arg;
    struct buf b = BUF_INIT(OUT_MAX);
    if (level == 0)
        write_metadata(j, &j->begun);
    bm_put_begin(&b, &j->o, j->o.rate[level]);
    fwrite(b.p, 1, b.n, stdout);
    fflush(stdout);
    buf_free(&b);
}

static void on_level_end(void *arg, const struct campaign_ended *l)
{
    const struct job *j = arg;
    struct buf b = BUF_INIT(OUT_MAX);
    bm_put_end(&b, j->o.rate[l->level], l->succeeded, l->failed);
    fwrite(b.p, 1, b.n, stdout);
    fflush(stdout);
    buf_free(&b);
}

static void put_words(struct compat_words *w, const struct bm_opts *o)
{
    struct buf rates = BUF_INIT(8192);
    for (size_t i = 0; i < o->n_rates; i++)
        buf_addf(&rates, "%s%.17g", i ? "," : "", o->rate[i]);
    compat_opt(w, "--url", "%s", o->endpoint);
    compat_opt(w, "--api", "openai-chat");
    compat_opt(w, "--api-key", "%s", o->api_key);
    compat_opt(w, "--auth-style", "bearer");
    compat_opt(w, "--model", "%s", o->model);
    compat_opt(w, "--dataset", "%s", o->dataset);
    compat_opt(w, "--dataset-format", "conversations");
    compat_opt(w, "--rate", "%s", rates.p);
    compat_opt(w, "--duration", "%.9fs", o->duration);
    compat_opt(w, "--max-tokens", "%llu", (unsigned long long)o->max_tokens);
    compat_opt(w, "--temperature", "%.17g", o->temperature);
    compat_opt(w, "--timeout", "60s");
    compat_opt(w, "--connect-timeout", "60s");
    compat_opt(w, "--percentiles", "50,90,95,99");
    compat_opt(w, "--stop-below", "50%%");
    if (o->num_gpus)
        compat_opt(w, "--cost-per-hour", "%.17g", o->gpu_rate * (double)o->num_gpus);
    buf_free(&rates);
}

/* results/STAMP, made at once so that a second run begun meanwhile takes another name. */
static int make_dir(struct job *j, struct err *e)
{
    char stamp[32];
    j->started = clock_real();
    fmt_local_stamp(stamp, j->started);
    if (dir_make("results", e) < 0)
        return -1;
    for (int i = 1; i < 100; i++) {
        snprintf(j->dir, sizeof j->dir, i == 1 ? "results/%s" : "results/%s_%d", stamp, i);
        if (mkdir(j->dir, 0777) == 0)
            return 0;
        if (errno != EEXIST)
            break;
    }
    return err_sys(e, ERR_IO, errno, "cannot make the folder %s", j->dir);
}

/* Of a run that never began nothing stays, unless it is somebody else's. */
static void remove_empty(const struct job *j)
{
    char *own = xasprintf("%s/weir", j->dir);
    rmdir(own);
    rmdir(j->dir);
    rmdir("results");
    free(own);
}

static int write_plot(const struct job *j, struct err *e)
{
    char *path = xasprintf("%s/%s", j->dir, j->o.plot_output);
    int rc = bm_plot(path, &j->r, j->started, e);
    if (rc == 0)
        printf("📊 Plot saved to %s\n", path);
    free(path);
    return rc < 0 ? err_prefix(e, "--plot: ") : 0;
}

static int write_results(struct job *j, struct err *e)
{
    struct buf b = BUF_INIT(OUT_MAX);
    bm_results_json(&b, &j->r);
    int rc = write_file(j, j->o.output, &b, e);
    buf_free(&b);
    if (rc == 0)
        rc = write_metadata(j, e);
    if (rc == 0)
        printf("✅ Results saved to %s/%s\n", j->dir, j->o.output);
    if (rc == 0 && j->o.plot)
        rc = write_plot(j, e);
    return rc;
}

static int report(struct job *j, struct err *e)
{
    const struct summary *s = j->run.summary;
    j->v = xcalloc(s->n_levels, sizeof *j->v);
    bm_levels(j->v, s, &j->run.rows, &j->o);
    saturation_find(s, 1, &j->sat);
    j->r.s = s;
    j->r.v = j->v;
    j->r.n = s->n_levels;
    j->r.advice = bm_advise(&j->r, &j->sat);
    say(bm_put_table, &j->r);
    say(bm_put_summary, &j->r);
    say(bm_put_hints, &j->r);
    int rc = write_results(j, e);
    compat_run_say_verdict(&j->run, NAME);
    fprintf(stderr, "weir as " NAME ": all that was measured: weir report %s/weir\n", j->dir);
    bm_levels_free(j->v, j->r.n);
    free(j->v);
    saturation_free(&j->sat);
    return rc;
}

/* Before anything is sent: the load would have been for nothing. */
static int check_plot_file(const struct job *j, struct err *e)
{
    if (!j->o.plot)
        return 0;
    char *path = xasprintf("%s/%s", j->dir, j->o.plot_output);
    int rc = plot_check(path, j->dir, e);
    free(path);
    return rc < 0 ? err_prefix(e, "--plot: ") : 0;
}

static int measure(struct job *j, struct err *e)
{
    struct compat_words words = {0};
    const struct compat_run_opts o = {.dir = j->dir,
                                      .banner = isatty(STDERR_FILENO),
                                      .level_begin = on_level_begin,
                                      .level_end = on_level_end,
                                      .arg = j};
    if (make_dir(j, e) < 0)
        return -1;
    put_words(&words, &j->o);
    int rc = check_plot_file(j, e), code = -1;
    if (rc == 0)
        rc = compat_run(&j->run, &words, &o, e);
    if (rc == 0 && j->begun.code != ERR_NONE) {
        *e = j->begun;
        rc = -1;
    }
    if (j->run.summary) {
        struct err second = {0};
        code = report(j, &second) < 0 || rc < 0 ? -1 : compat_run_exit(&j->run);
        if (rc == 0 && code < 0)
            *e = second;
    } else {
        remove_empty(j);
    }
    compat_run_free(&j->run);
    compat_words_free(&words);
    return code;
}

static int fail(const struct err *e)
{
    struct buf b = BUF_INIT(4096);
    int code = compat_fail(NAME, e);
    if (bm_put_refusal(&b, e->text))
        fwrite(b.p, 1, b.n, stderr);
    buf_free(&b);
    return code;
}

static int run(int argc, const char *const *argv)
{
    struct job *j = xcalloc(1, sizeof *j);
    struct opt_seen seen = {0};
    struct err e = {0};
    if (opt_wants_help(&bm_table, argc, argv)) {
        bm_help();
        free(j);
        return 0;
    }
    j->r.o = &j->o;
    int code = bm_opts_read(&j->o, &seen, argc, argv, &e);
    if (code == 0)
        code = measure(j, &e);
    opt_free(&bm_table, &j->o, &seen);
    free(j);
    if (code < 0)
        code = fail(&e);
    return code;
}

const struct compat_program compat_benchmark = {
    .name = NAME,
    .aliases = "benchmark.py",
    .summary = "how many queries per second a chat endpoint bears",
    .run = run,
};

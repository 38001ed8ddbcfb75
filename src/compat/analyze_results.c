/* analyze_results.c - `weir as analyze_results`: the files cN.json of a folder, as `weir as aws_benchmark` and oha
 * write them, as a page of Markdown or as JSON. Source: analyze_results.py of samit-manna/llm-inference-optimization.
 */
#include <math.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/jout.h"
#include "base/xalloc.h"
#include "cli/help_table.h"
#include "cli/opts.h"
#include "compat/compat.h"
#include "compat/oha_folder.h"

#define NAME "analyze_results"
#define SLO_MS 2000   /* what P95 is to stay below ... */
#define SLO_SHARE .95 /* ... of all requests, so that so many must succeed */

struct settings {
    const char *input, *output, *dir;
    int64_t max_tokens;
    bool json, original;
};

#define C struct settings
static const struct opt rows[] = {
    {"input", 'i', NULL, "DIR", "Options", OPT_STR(C, input), .flags = OPT_DIR, .check = check_not_empty,
     .help = "The folder with the files, as the word without an option. [.]"},
    {"output", 'o', NULL, "FILE", "Options", OPT_STR(C, output), .flags = OPT_FILE, .check = check_not_empty,
     .help = "Write there instead of to standard output."},
    {"json", 0, NULL, NULL, "Options", OPT_BOOL(C, json), .help = "JSON instead of Markdown."},
    {"max-tokens", 0, NULL, "N", "Options", OPT_I64(C, max_tokens), .def = "auto", .word = "auto", .min = 1, .max = 1e6,
     .help = "Tokens that each request is estimated at. auto: what benchmark_summary.json beside the files says, else "
             "64."},
    {"original-formulas", 0, NULL, NULL, "Options", OPT_BOOL(C, original),
     .help = "Rates and successes as oha defines them: an answer of any status counts."},
};
static const struct opt_table table = {"as " NAME, NULL, rows, ARRAY_LEN(rows), "DIR", 1};

struct analysis {
    struct oha_folder files;
    const struct oha_file *v; /* of these */
    size_t n;
    int64_t max_tokens;
    bool original;
    size_t best, compliant, n_compliant; /* highest rates, over all and within the objective (n: none) */
};

static void help(void)
{
    unsigned width = help_width(1);
    puts("usage: weir as " NAME " [DIR] [options]\n");
    help_wrap(stdout,
              STR("Reads the files c6.json, c12.json and so on of a folder, which weir as aws_benchmark or oha "
                  "(--output-format json) wrote, and makes a page of them: rates, latencies, which level keeps P95 "
                  "below 2 s, and what to set autoscaling to."),
              0, width);
    help_table(stdout, &table, width);
}

/* ---- reading */

static void say_bad(void *dir, const char *name, const struct err *why)
{
    fprintf(stderr, "Warning: Could not load %s/%s: %s\n", (const char *)dir, name, why->text);
}

/* A file that cannot be read is left out, and said. */
static int read_all(struct analysis *a, const struct settings *s, struct err *e)
{
    if (oha_folder_read(&a->files, s->dir, s->original, say_bad, (void *)(uintptr_t)s->dir, e) < 0)
        return -1;
    a->v = a->files.v;
    a->n = a->files.n;
    if (a->n == 0)
        return err_set(e, ERR_IO, "No OHA result files found in %s (looking for c*.json files)", s->dir);
    return 0;
}

static int64_t tokens_asked(const struct settings *s)
{
    char *path = xasprintf("%s/benchmark_summary.json", s->dir);
    struct err e = {0};
    struct jdoc *d = s->max_tokens == 0 ? jdoc_load(path, OHA_FILE_MAX, &e) : NULL;
    int64_t n = d ? jn_i64(jn_get(jdoc_root(d), "max_tokens"), 0) : s->max_tokens;
    jdoc_free(&d);
    free(path);
    return n > 0 ? n : 64;
}

/* ---- figures */

static double tokens_per_s(const struct analysis *a, const struct oha_file *o) /* counted, where they were */
{
    return a->original || isnan(o->f.tokens_per_s) ? o->f.rps * (double)a->max_tokens : o->f.tokens_per_s;
}

static bool meets(const struct settings *s, const struct oha_file *o)
{
    return o->f.p95_ms < SLO_MS && (s->original || o->f.success_rate >= SLO_SHARE);
}

static double rate_of(const struct oha_file *o)
{
    return isnan(o->f.rps) ? 0 : o->f.rps;
}

static void judge(struct analysis *a, const struct settings *s)
{
    a->compliant = a->n;
    for (size_t i = 0; i < a->n; i++) {
        if (rate_of(&a->v[i]) > rate_of(&a->v[a->best]))
            a->best = i;
        if (!meets(s, &a->v[i]))
            continue;
        a->n_compliant++;
        if (a->compliant == a->n || rate_of(&a->v[i]) > rate_of(&a->v[a->compliant]))
            a->compliant = i;
    }
}

static double extreme_p95(const struct analysis *a, bool largest)
{
    double out = NAN;
    for (size_t i = 0; i < a->n; i++)
        out = largest ? fmax(out, a->v[i].f.p95_ms) : fmin(out, a->v[i].f.p95_ms);
    return out;
}

static double most_tokens(const struct analysis *a, bool estimated)
{
    double out = 0;
    for (size_t i = 0; i < a->n; i++)
        out = fmax(out, estimated ? rate_of(&a->v[i]) * (double)a->max_tokens : tokens_per_s(a, &a->v[i]));
    return out;
}

/* ---- JSON */

static void put_one(struct jout *j, const struct analysis *a, const struct oha_file *o)
{
    jo_obj(j);
    jo_ku64(j, "concurrency", o->concurrency);
    jo_kstrz(j, "file", o->name);
    jo_kf64(j, "rps", o->f.rps);
    jo_ku64(j, "total_requests", o->f.total);
    jo_ku64(j, "successful_requests", o->f.successful);
    jo_kfixed(j, "mean_latency_ms", o->f.mean_ms, 6);
    jo_kfixed(j, "p50_latency_ms", o->f.p50_ms, 6);
    jo_kfixed(j, "p95_latency_ms", o->f.p95_ms, 6);
    jo_kfixed(j, "p99_latency_ms", o->f.p99_ms, 6);
    jo_kfixed(j, "min_latency_ms", o->f.min_ms, 6);
    jo_kfixed(j, "max_latency_ms", o->f.max_ms, 6);
    jo_kf64(j, "test_duration_s", o->f.total_s);
    jo_kf64(j, "success_rate", o->f.success_rate);
    jo_kf64(j, "estimated_tokens_per_sec", o->f.rps * (double)a->max_tokens);
    jo_kf64(j, "tokens_per_sec", o->f.tokens_per_s);
    jo_key(j, "raw_data");
    jo_raw(j, str_trim(buf_str(&o->raw)));
    jo_end_obj(j);
}

static void put_json(struct buf *b, const struct analysis *a)
{
    struct jout j;
    jo_init(&j, b, 2);
    jo_obj(&j);
    jo_key(&j, "results");
    jo_arr(&j);
    for (size_t i = 0; i < a->n; i++)
        put_one(&j, a, &a->v[i]);
    jo_end_arr(&j);
    jo_key(&j, "summary_stats");
    jo_obj(&j);
    jo_ku64(&j, "total_test_runs", a->n);
    jo_key(&j, "concurrency_range");
    jo_obj(&j);
    jo_ku64(&j, "min", a->v[0].concurrency);
    jo_ku64(&j, "max", a->v[a->n - 1].concurrency);
    jo_end_obj(&j);
    jo_key(&j, "peak_performance");
    jo_obj(&j);
    jo_kf64(&j, "max_rps", rate_of(&a->v[a->best]));
    jo_kf64(&j, "max_tokens_per_sec", most_tokens(a, false));
    jo_kf64(&j, "max_estimated_tokens_per_sec", most_tokens(a, true));
    jo_ku64(&j, "best_concurrency", a->v[a->best].concurrency);
    jo_end_obj(&j);
    jo_key(&j, "latency_analysis");
    jo_obj(&j);
    jo_kfixed(&j, "lowest_p95_ms", extreme_p95(a, false), 6);
    jo_kfixed(&j, "highest_p95_ms", extreme_p95(a, true), 6);
    jo_ku64(&j, "slo_compliant_runs", a->n_compliant);
    jo_end_obj(&j);
    jo_end_obj(&j);
    jo_end_obj(&j);
    buf_addc(b, '\n');
}

/* ---- Markdown */

static char *cell(char out[32], double v, int width, int decimals)
{
    if (isnan(v))
        snprintf(out, 32, "%*s", width, "-");
    else
        snprintf(out, 32, "%*.*f", width, decimals, v);
    return out;
}

static void put_table(struct buf *b, const struct analysis *a)
{
    char t[7][32];
    buf_addz(b, "## Detailed Results\n\n"
                "| Concurrency | RPS | P50 (ms) | P95 (ms) | P99 (ms) | Success Rate | Est. Tokens/s | Tokens/s |\n"
                "|-------------|-----|----------|----------|----------|--------------|---------------|----------|\n");
    for (size_t i = 0; i < a->n; i++) {
        const struct oha_figures *f = &a->v[i].f;
        buf_addf(b, "| C=%-2llu | %s | %s | %s | %s | %s%% | %s | %s |\n", (unsigned long long)a->v[i].concurrency,
                 cell(t[0], f->rps, 6, 2), cell(t[1], f->p50_ms, 7, 0), cell(t[2], f->p95_ms, 7, 0),
                 cell(t[3], f->p99_ms, 7, 0), cell(t[4], f->success_rate * 100, 8, 1),
                 cell(t[5], f->rps * (double)a->max_tokens, 12, 0), cell(t[6], f->tokens_per_s, 8, 0));
    }
}

static void put_advice(struct buf *b, const struct analysis *a)
{
    const struct oha_file *best = &a->v[a->best], *low = &a->v[0], *high = &a->v[a->n - 1];
    const struct oha_file *within = a->n_compliant > 0 ? &a->v[a->compliant] : NULL;
    buf_addf(b, "\n## Recommendations\n\n### Optimal Configuration\n- **Best throughput**: C=%llu achieving %.2f RPS\n",
             (unsigned long long)best->concurrency, rate_of(best));
    if (within)
        buf_addf(b, "- **Best SLO-compliant**: C=%llu with %.2f RPS and %.0fms P95\n",
                 (unsigned long long)within->concurrency, rate_of(within), within->f.p95_ms);
    if (a->n >= 2 && rate_of(low) > 0)
        buf_addf(b, "- **Scaling efficiency**: %.1fx RPS improvement from C=%llu to C=%llu\n",
                 rate_of(high) / rate_of(low), (unsigned long long)low->concurrency,
                 (unsigned long long)high->concurrency);
    buf_addz(b, "\n### Autoscaling Recommendations\n");
    if (!within) {
        buf_addf(b,
                 "- No level keeps P95 under %d ms with %.0f %% of its requests successful: there is no target that "
                 "would.\n",
                 SLO_MS, SLO_SHARE * 100);
        return;
    }
    double target = tokens_per_s(a, within) * 60;
    if (!isfinite(target)) {
        buf_addf(b, "- `%s` tells no rate: there is no target to make of it.\n", within->name);
        return;
    }
    buf_addf(b, "- **Token target**: Set autoscaling target to ~%.0f tokens/min\n", target);
    buf_addf(b, "- **Conservative target**: Use ~%.0f tokens/min for safety margin\n", target * 0.8);
}

static void put_markdown(struct buf *b, const struct analysis *a)
{
    char stamp[40], low[32], high[32];
    buf_addf(b, "# AWS Benchmark Results Analysis\n\n**Analysis Date**: %s\n**Test Runs**: %zu\n",
             fmt_utc_iso(stamp, clock_real()), a->n);
    buf_addf(b, "**Concurrency Range**: C=%llu to C=%llu\n\n## Performance Summary\n\n",
             (unsigned long long)a->v[0].concurrency, (unsigned long long)a->v[a->n - 1].concurrency);
    buf_addf(b, "- **Peak RPS**: %.2f at C=%llu\n- **Peak Tokens/Second**: ~%.0f\n", rate_of(&a->v[a->best]),
             (unsigned long long)a->v[a->best].concurrency, most_tokens(a, false));
    buf_addf(b, "- **P95 Latency Range**: %sms - %sms\n", cell(low, extreme_p95(a, false), 0, 0),
             cell(high, extreme_p95(a, true), 0, 0));
    buf_addf(b, "- **SLO Compliance**: %zu/%zu runs under 2s P95\n\n", a->n_compliant, a->n);
    put_table(b, a);
    put_advice(b, a);
    buf_addz(b, "\n## Raw Data Files\n\n");
    for (size_t i = 0; i < a->n; i++)
        buf_addf(b, "- `%s`: C=%llu concurrency test\n", a->v[i].name, (unsigned long long)a->v[i].concurrency);
}

/* ---- the program */

static int write_out(const struct settings *s, const struct buf *b, struct err *e)
{
    if (b->failed)
        return err_set(e, ERR_LIMIT, "the analysis would be larger than 1 GiB");
    if (!s->output) {
        fwrite(b->p, 1, b->n, stdout);
        return 0;
    }
    if (file_write(s->output, buf_str(b), e) < 0)
        return -1;
    printf("%s: %s\n", s->json ? "JSON analysis saved to" : "Report saved to", s->output);
    return 0;
}

static int analyze(void *settings, const struct opt_seen *seen, struct err *e)
{
    struct settings *s = settings;
    struct analysis a = {0};
    struct buf b = BUF_INIT(1u << 30);
    struct stat st;
    s->dir = s->input ? s->input : seen->n_pos ? seen->pos[0] : ".";
    if (stat(s->dir, &st) != 0)
        return err_set(e, ERR_USAGE, "Directory %.400s does not exist", s->dir);
    if (!S_ISDIR(st.st_mode))
        return err_set(e, ERR_USAGE, "%.400s is not a directory", s->dir);
    fprintf(stderr, "Analyzing results in: %s\n", s->dir); /* standard output is the page's, or the JSON's */
    int rc = read_all(&a, s, e);
    if (rc == 0) {
        a.max_tokens = tokens_asked(s);
        a.original = s->original;
        judge(&a, s);
        if (s->json)
            put_json(&b, &a);
        else
            put_markdown(&b, &a);
        rc = write_out(s, &b, e);
    }
    oha_folder_free(&a.files);
    buf_free(&b);
    return rc;
}

static int run(int argc, const char *const *argv)
{
    static const struct compat_command command = {NAME, &table, NULL, help, analyze};
    struct settings s = {0};
    return compat_go(&command, &s, argc, argv);
}

const struct compat_program compat_analyze_results = {
    .name = NAME,
    .aliases = NAME ".py",
    .summary = "a page of what aws_benchmark or oha measured",
    .run = run,
};

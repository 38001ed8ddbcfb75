/* aws_benchmark.c - `weir as aws_benchmark`: a chat endpoint under 6, 12, 24 and 32 requests at a time over HTTP/2, one
 * file per level as oha writes it, and a summary of them. Source: aws_benchmark.sh of
 * samit-manna/llm-inference-optimization, which has oha send. */
#include <math.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/jout.h"
#include "base/xalloc.h"
#include "cli/help_table.h"
#include "compat/aws_http.h"
#include "compat/compat.h"
#include "compat/compat_run.h"
#include "compat/oha_json.h"

#define NAME "aws_benchmark"
#define FILE_MAX (64u << 20)
enum { LEVELS_MAX = 64 };

struct settings {
    struct aws_to to;
    const char *concurrency, *region;
    int64_t max_tokens, pause;
    bool original;
    /* words without an option, and what comes of them */
    const char *duration, *output_dir;
    int64_t duration_ns;
    bool tls;
    uint32_t level[LEVELS_MAX];
    size_t n_levels;
};

#define C struct settings
static const struct opt rows[] = {
    {"concurrency", 'c', NULL, "COUNTS", "Options", OPT_STR(C, concurrency), .def = "6,12,24,32", .check = check_counts,
     .help = "Requests in flight, a level for each."},
    {"max-tokens", 0, NULL, "N", "Options", OPT_I64(C, max_tokens), .def = "64", .min = 1, .max = 1e6,
     .help = "Output tokens to ask for at most. Also the variable MAX_TOKENS."},
    {"region", 0, NULL, "NAME", "Options", OPT_STR(C, region), .def = "us-east-1", .env = "AWS_REGION",
     .check = check_not_empty, .help = "The region that the summary names. Also the variable AWS_REGION."},
    {"pause", 0, NULL, "TIME", "Options", OPT_NS(C, pause), .def = "5s", .help = "Pause between two levels."},
    AWS_TO_ROWS(C),
    {"original-formulas", 0, NULL, NULL, "Options", OPT_BOOL(C, original),
     .help = "Figures as oha defines them: an answer of any status counts as a success, and so does its latency."},
};
static const struct opt_table table = {"as " NAME, "", rows, ARRAY_LEN(rows), "URL [DURATION] [OUTPUT_DIR]", 3};

static char *documented(const char *variable)
{
    return strcmp(variable, "MAX_TOKENS") == 0 || strcmp(variable, "AWS_REGION") == 0 ? getenv(variable) : NULL;
}

static void help(void)
{
    unsigned width = help_width(1);
    puts("usage: weir as " NAME " URL [DURATION] [OUTPUT_DIR] [options]\n");
    help_wrap(
        stdout,
        STR("Puts load on a chat endpoint behind an API Gateway, level after level, each DURATION long (60s), and "
            "writes OUTPUT_DIR/aws_benchmark_STAMP (OUTPUT_DIR: ./results): payload.json, what is sent; cN.json, "
            "a level's result as oha has it; benchmark_summary.json; and weir's own files, for weir report. "
            "Over https it speaks HTTP/2 if the server does, over http it asks once whether it does."),
        0, width);
    help_table(stdout, &table, width);
}

static int take_levels(struct settings *s, struct err *e)
{
    struct str_split it = {.rest = str_of(s->concurrency), .sep = ','};
    struct str part;
    while (str_next(&it, &part)) {
        int64_t n = 0;
        parse_i64(str_trim(part), &n);
        if (s->n_levels == LEVELS_MAX)
            return err_set(e, ERR_USAGE, "--concurrency: more than %d levels", LEVELS_MAX);
        for (size_t i = 0; i < s->n_levels; i++)
            if (s->level[i] == n)
                return err_set(e, ERR_USAGE, "--concurrency: %lld is there twice, and would be one file", (long long)n);
        s->level[s->n_levels++] = (uint32_t)n;
    }
    return 0;
}

static int take_words(struct settings *s, const struct opt_seen *seen, struct err *e)
{
    if (seen->n_pos == 0)
        return err_set(e, ERR_USAGE, "which URL? weir as " NAME " URL [DURATION] [OUTPUT_DIR]");
    s->to.url = seen->pos[0];
    s->duration = seen->n_pos > 1 ? seen->pos[1] : "60s";
    s->output_dir = seen->n_pos > 2 ? seen->pos[2] : "./results";
    if (aws_check_url(s->to.url, &s->tls, e) < 0)
        return -1;
    if (parse_duration(str_of(s->duration), &s->duration_ns) < 0 || s->duration_ns <= 0)
        return err_set(e, ERR_USAGE, "the duration '%.100s' is none; write 60s or 5m", s->duration);
    if (!*s->output_dir)
        return err_set(e, ERR_USAGE, "the output folder must not be empty");
    return take_levels(s, e);
}

/* ---- what is sent */

static void put_message(struct jout *j, const char *role, const char *content)
{
    jo_obj(j);
    jo_kstrz(j, "role", role);
    jo_kstrz(j, "content", content);
    jo_end_obj(j);
}

/* One line: a list of payloads has one in each. */
static void put_payload(struct buf *b, const char *system, const char *user, int64_t max_tokens, double temperature)
{
    struct jout j;
    jo_init(&j, b, 0);
    jo_obj(&j);
    jo_kstrz(&j, "model", AWS_MODEL);
    jo_key(&j, "messages");
    jo_arr(&j);
    if (system)
        put_message(&j, "system", system);
    put_message(&j, "user", user);
    jo_end_arr(&j);
    jo_ki64(&j, "max_tokens", max_tokens);
    jo_kf64(&j, "temperature", temperature);
    jo_kbool(&j, "stream", false);
    jo_end_obj(&j);
    buf_addc(b, '\n');
}

static int write_text(const char *dir, const char *name, struct buf *b, struct err *e)
{
    char *path = xasprintf("%s/%s", dir, name);
    int rc = b->failed ? err_set(e, ERR_LIMIT, "%s would be larger than %u MiB", path, FILE_MAX >> 20)
                       : file_write(path, buf_str(b), e);
    free(path);
    return rc;
}

static void put_words(struct compat_words *w, const struct settings *s, const char *payload, const char *http)
{
    aws_run_words(w, &s->to);
    compat_opt(w, "--dataset", "%s", payload);
    compat_opt(w, "--dataset-format", "payload");
    compat_opt(w, "--http", "%s", http);
    compat_word(w, "--no-stream");
    compat_word(w, "--no-probe");
}

/* ---- one request beforehand: whether the endpoint answers, and which HTTP it speaks */

struct tried {
    bool answered, ok, http2, not_http2;
    char text[400];
};

static struct tried try_once(const struct settings *s, const char *payload, const char *http)
{
    struct compat_words w = {0};
    struct compat_run r;
    struct err e = {0};
    struct tried t = {0};
    put_words(&w, s, payload, http);
    compat_opt(&w, "--num-requests", "1");
    compat_opt(&w, "--timeout", "30s");
    int rc = compat_run(&r, &w, &(struct compat_run_opts){0}, &e);
    if (r.rows.n > 0) {
        const struct compat_row *q = &r.rows.v[0];
        char name[32];
        const char *hint = aws_hint(q->status);
        t.answered = q->status != 0;
        t.ok = q->outcome == OUT_OK;
        t.http2 = q->http2;
        t.not_http2 = q->http2 && !t.answered && (q->outcome == OUT_BAD_FRAME || q->outcome == OUT_RESET);
        outcome_text(name, q->outcome, q->status);
        snprintf(t.text, sizeof t.text, "%s%s%.200s%s%s", name, q->detail[0] ? ", " : "", q->detail, hint ? ": " : "",
                 hint ? hint : "");
    } else if (rc < 0) {
        snprintf(t.text, sizeof t.text, "%.390s", e.text);
    }
    compat_run_free(&r);
    compat_words_free(&w);
    return t;
}

/* Gives --http for the levels. */
static const char *validate(const struct settings *s, const char *dir, struct err *e)
{
    struct buf b = BUF_INIT(FILE_MAX);
    put_payload(&b, NULL, "Hello", 10, 0);
    int rc = write_text(dir, ".validation.json", &b, e);
    buf_free(&b);
    if (rc < 0)
        return NULL;
    char *payload = xasprintf("%s/.validation.json", dir);
    const char *http = s->tls ? "auto" : "h2c";
    struct tried t = try_once(s, payload, http);
    if (t.not_http2 && !s->tls) {
        struct tried older = try_once(s, payload, "1.1");
        if (older.answered) {
            t = older;
            http = "1.1";
            aws_log(AWS_WARNING, "The server does not speak HTTP/2 without TLS: going on with HTTP/1.1");
        }
    }
    if (s->tls && t.answered && !t.http2)
        aws_log(AWS_WARNING, "The server did not choose HTTP/2 (ALPN h2): going on with HTTP/1.1");
    if (t.ok)
        aws_log(AWS_INFO, "Endpoint validation successful");
    else
        aws_log(AWS_WARNING, "Endpoint validation failed (%s). Continuing anyway...", t.text);
    remove(payload);
    free(payload);
    return http;
}

/* ---- results */

struct results {
    struct oha_figures f[LEVELS_MAX];
    const struct sum_level *level[LEVELS_MAX];
    size_t n;
};

/* Of the level's rows, which stand together. */
static int write_level(const struct settings *s, const struct compat_run *r, const struct sum_level *level,
                       const char *dir, struct oha_figures *f, struct err *e)
{
    struct buf b = BUF_INIT(FILE_MAX);
    struct oha_level l = {.begin = level->begin, .end = level->w1, .summary = r->summary};
    char name[32];
    size_t from = 0;
    while (from < r->rows.n && r->rows.v[from].level != level->level)
        from++;
    l.row = r->rows.v + from;
    while (from + l.n < r->rows.n && l.row[l.n].level == level->level)
        l.n++;
    l.level = s->original ? NULL : level;
    oha_json_write(&b, &l);
    snprintf(name, sizeof name, "c%u.json", level->concurrency);
    struct jdoc *d = b.failed ? NULL : jdoc_parse(buf_str(&b), name, e);
    int rc = d ? oha_json_read(f, jdoc_root(d), s->original, e) : b.failed ? 0 : -1;
    jdoc_free(&d);
    if (rc == 0)
        rc = write_text(dir, name, &b, e);
    buf_free(&b);
    return rc;
}

static void put_result(struct jout *j, const struct settings *s, const struct results *all, size_t i)
{
    const struct oha_figures *f = &all->f[i];
    const struct sum_level *l = all->level[i];
    jo_obj(j);
    jo_ku64(j, "concurrency", l->concurrency);
    jo_kf64(j, "rps", f->rps);
    jo_kfixed(j, "p50_ms", f->p50_ms, 6);
    jo_kfixed(j, "p95_ms", f->p95_ms, 6);
    jo_kfixed(j, "p99_ms", f->p99_ms, 6);
    jo_ku64(j, "total_requests", f->total);
    jo_ku64(j, "successful_requests", f->successful);
    jo_kf64(j, "estimated_tokens_per_sec", f->rps * (double)s->max_tokens);
    jo_kf64(j, "tokens_per_sec", f->tokens_per_s);
    jo_kstrz(j, "token_source", token_source_name(l->token_source));
    jo_kf64(j, "success_rate", f->success_rate);
    jo_kfixed(j, "mean_ms", f->mean_ms, 6);
    jo_end_obj(j);
}

static void put_summary(struct buf *b, const struct settings *s, const struct results *all, const char *http)
{
    struct jout j;
    time_t now = time(NULL);
    struct tm tm;
    char stamp[32], zone[8], iso[48], *url = aws_shown_url(s->to.url);
    localtime_r(&now, &tm);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
    strftime(zone, sizeof zone, "%z", &tm);
    snprintf(iso, sizeof iso, "%s%.3s:%.2s", stamp, zone, zone + 3);
    jo_init(&j, b, 2);
    jo_obj(&j);
    jo_kstrz(&j, "experiment_timestamp", iso);
    jo_kstrz(&j, "aws_region", s->region);
    jo_ki64(&j, "max_tokens", s->max_tokens);
    jo_kstrz(&j, "test_duration", s->duration);
    jo_key(&j, "results");
    jo_arr(&j);
    for (size_t i = 0; i < all->n; i++)
        put_result(&j, s, all, i);
    jo_end_arr(&j);
    jo_kstrz(&j, "url", url);
    jo_kstrz(&j, "http_version", http);
    jo_kstrz(&j, "formulas", s->original ? "oha" : "weir");
    jo_end_obj(&j);
    buf_addc(b, '\n');
    free(url);
}

static void print_cell(double v, int width, int decimals)
{
    if (isnan(v))
        printf("%-*s ", width, "-");
    else
        printf("%-*.*f ", width, decimals, v);
}

static void print_table(const struct settings *s, const struct results *all, const char *dir)
{
    static const char form[] = "%-12s %-8s %-10s %-10s %-10s %-15s %s\n";
    const char *blue = aws_coloured() ? "\033[0;34m" : "", *green = *blue ? "\033[0;32m" : "";
    const char *off = *blue ? "\033[0m" : "";
    char name[16];
    printf("\n%s=== BENCHMARK RESULTS ===%s\n", blue, off);
    printf(form, "Concurrency", "RPS", "P50(ms)", "P95(ms)", "P99(ms)", "Est.Tokens/s", "Tokens/s");
    printf(form, "----------", "---", "------", "------", "------", "------------", "--------");
    for (size_t i = 0; i < all->n; i++) {
        const struct oha_figures *f = &all->f[i];
        snprintf(name, sizeof name, "C=%u", all->level[i]->concurrency);
        printf("%-12s ", name);
        print_cell(f->rps, 8, 2);
        print_cell(f->p50_ms, 10, 0);
        print_cell(f->p95_ms, 10, 0);
        print_cell(f->p99_ms, 10, 0);
        print_cell(f->rps * (double)s->max_tokens, 15, 0);
        print_cell(f->tokens_per_s, 1, 0);
        puts("");
    }
    printf("\n%sResults saved to: %s%s\n%sSummary file: %s/benchmark_summary.json%s\n", green, dir, off, green, dir,
           off);
}

static int write_results(const struct settings *s, const struct compat_run *r, const char *dir, const char *http,
                         struct err *e)
{
    struct results all = {0};
    struct buf b = BUF_INIT(FILE_MAX);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < r->summary->n_levels && i < LEVELS_MAX; i++) {
        all.level[all.n] = &r->summary->levels[i];
        rc = write_level(s, r, all.level[all.n], dir, &all.f[all.n], e);
        all.n++;
    }
    if (rc < 0)
        return -1;
    aws_log(AWS_INFO, "Generating benchmark summary...");
    bool http2 = r->rows.n > 0 && r->rows.v[0].http2;
    put_summary(&b, s, &all, strcmp(http, "1.1") == 0 || !http2 ? "1.1" : "2");
    rc = write_text(dir, "benchmark_summary.json", &b, e);
    buf_free(&b);
    if (rc < 0)
        return -1;
    aws_log(AWS_INFO, "Summary generated at: %s/benchmark_summary.json", dir);
    print_table(s, &all, dir);
    return 0;
}

/* ---- the run */

static void say_begin(const struct settings *s, uint32_t level)
{
    if (level < s->n_levels)
        aws_log(AWS_INFO, "Running benchmark: C=%u, Duration=%s", s->level[level], s->duration);
}

static void on_level_end(void *arg, const struct campaign_ended *ended)
{
    const struct settings *s = arg;
    uint32_t level = ended->level;
    if (level < s->n_levels)
        aws_log(AWS_INFO, "Benchmark C=%u completed", s->level[level]);
    say_begin(s, level + 1);
}

static int measure(struct settings *s, const char *dir, struct err *e)
{
    struct compat_words w = {0};
    struct compat_run r = {0};
    char *payload = xasprintf("%s/payload.json", dir);
    const char *http = validate(s, dir, e);
    int code = -1;
    if (http) {
        aws_log(AWS_INFO, "Test payload created at: %s", payload);
        put_words(&w, s, payload, http);
        compat_opt(&w, "--concurrency", "%s", s->concurrency);
        compat_opt(&w, "--duration", "%lldns", (long long)s->duration_ns);
        compat_opt(&w, "--cooldown", "%lldns", (long long)s->pause);
        compat_opt(&w, "--percentiles", OHA_PERCENTILES);
        say_begin(s, 0);
        int rc = compat_run(&r, &w, &(struct compat_run_opts){.dir = dir, .level_end = on_level_end, .arg = s}, e);
        if (r.summary) {
            for (size_t i = 0; i < r.summary->n_levels; i++) {
                char *failed = aws_failures(&r.summary->levels[i]);
                if (*failed)
                    aws_log(AWS_WARNING, "C=%u: %s", r.summary->levels[i].concurrency, failed);
                free(failed);
            }
            code = write_results(s, &r, dir, http, e) < 0 || rc < 0 ? -1 : compat_run_exit(&r);
            compat_run_say_verdict(&r, NAME);
        }
        compat_run_free(&r);
    }
    if (code == 0)
        aws_log(AWS_INFO, "Benchmark completed successfully!");
    compat_words_free(&w);
    free(payload);
    return code;
}

static int run_with(void *settings, const struct opt_seen *seen, struct err *e)
{
    struct settings *s = settings;
    if (take_words(s, seen, e) < 0)
        return -1;
    struct buf b = BUF_INIT(FILE_MAX);
    time_t now = time(NULL);
    struct tm tm;
    char stamp[32], *url = aws_shown_url(s->to.url);
    localtime_r(&now, &tm);
    strftime(stamp, sizeof stamp, "%Y%m%d_%H%M%S", &tm);
    char *dir = xasprintf("%s/aws_benchmark_%s", s->output_dir, stamp);
    put_payload(&b, "You are a helpful assistant that provides concise, accurate responses.",
                "Explain the key differences between microservices and monolithic architecture in terms of "
                "scalability, maintainability, and deployment complexity.",
                s->max_tokens, 0.7);
    int code = dir_make(dir, e) < 0 ? -1 : write_text(dir, "payload.json", &b, e);
    if (code == 0) {
        aws_log(AWS_INFO, "Starting AWS SageMaker Endpoint Benchmark");
        aws_log(AWS_INFO, "API URL: %s", url);
        aws_log(AWS_INFO, "Duration: %s", s->duration);
        aws_log(AWS_INFO, "Results directory: %s", dir);
        aws_log(AWS_INFO, "Validating endpoint: %s", url);
        code = measure(s, dir, e);
    }
    buf_free(&b);
    free(dir);
    free(url);
    return code;
}

static int run(int argc, const char *const *argv)
{
    static const struct compat_command command = {NAME, &table, documented, help, run_with};
    struct settings s = {0};
    return compat_go(&command, &s, argc, argv);
}

const struct compat_program compat_aws_benchmark = {
    .name = NAME,
    .aliases = NAME ".sh",
    .summary = "levels of concurrency over HTTP/2, in oha files",
    .run = run,
};

/* benchmark_serving.c - `weir as benchmark_serving`: prompts of a dataset to LLM-on-Ray's server, in its simple
 * protocol or OpenAI's, at a rate. Source: the program of that name in intel/llm-on-ray. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/xalloc.h"
#include "cli/help_table.h"
#include "compat/compat.h"
#include "compat/compat_run.h"
#include "compat/serving_opts.h"
#include "compat/serving_report.h"

#define NAME "benchmark_serving"
#define FILE_MAX_BYTES (4UL << 30)

static void help(void)
{
    unsigned width = help_width(1);
    puts("usage: weir as " NAME " --model-name NAME --dataset-format FORMAT --dataset FILE [options]\n");
    help_wrap(
        stdout,
        STR("Sends prompts of a dataset to a server of LLM-on-Ray and reports throughput and latencies. An option's "
            "name may be written with _ for -. Tokens are counted by the tokenizer that the environment's "
            "TOKENIZER names (a file, a folder or a model of the Hugging Face hub), else as words, where the "
            "server does not count them. weir dataset generate --format ipex makes an IPEX file."),
        0, width);
    help_table(stdout, &serving_table, width);
}

/* ---- the results folder */

struct results {
    char *dir;                      /* NULL: none */
    char stamp[48];                 /* of the files' names */
    char *summary, *tracking, *run; /* paths */
};

static bool exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

static int results_open(struct results *r, const char *dir, struct err *e)
{
    struct stat st;
    struct tm tm;
    time_t now = (time_t)(clock_real() / NS_PER_S);
    char second[32];
    if (stat(dir, &st) == 0 && !S_ISDIR(st.st_mode))
        return err_set(e, ERR_USAGE, "%s is not a directory", dir);
    if (dir_make(dir, e) < 0) {
        e->code = ERR_USAGE;
        return err_prefix(e, "--results-dir: ");
    }
    localtime_r(&now, &tm);
    strftime(second, sizeof second, "%Y%m%d-%H%M%S", &tm);
    r->dir = xstrdup(dir);
    for (int i = 1; i < 1000; i++) { /* several runs may end within a second */
        snprintf(r->stamp, sizeof r->stamp, i > 1 ? "%s-%d" : "%s", second, i);
        free(r->summary);
        free(r->tracking);
        free(r->run);
        r->summary = xasprintf("%s/summary_%s.json", dir, r->stamp);
        r->tracking = xasprintf("%s/latency_tracking_%s.json", dir, r->stamp);
        r->run = xasprintf("%s/run_%s", dir, r->stamp);
        if (!exists(r->summary) && mkdir(r->run, 0777) == 0)
            return 0;
        if (errno != EEXIST && !exists(r->summary))
            return err_sys(e, ERR_USAGE, errno, "--results-dir: cannot make %s", r->run);
    }
    return err_set(e, ERR_USAGE, "--results-dir: %s has results of this second already", dir);
}

static void results_free(struct results *r)
{
    if (r->run)
        rmdir(r->run); /* where nothing came into it */
    free(r->dir);
    free(r->summary);
    free(r->tracking);
    free(r->run);
}

static int results_write(const struct results *r, const struct serving_figures *f, const struct compat_rows *rows,
                         struct err *e)
{
    struct buf summary = BUF_INIT(1u << 20), tracking = BUF_INIT(FILE_MAX_BYTES);
    printf("Saving results to %s ...\n", r->dir);
    serving_summary(f, rows, &summary);
    serving_tracking(rows, f->original, &tracking);
    int rc = tracking.failed ? err_set(e, ERR_LIMIT,
                                       "the requests and responses are more than %lu GiB; those of "
                                       "%s/weir/requests.jsonl are all there",
                                       FILE_MAX_BYTES >> 30, r->run)
                             : 0;
    if (file_write(r->summary, buf_str(&summary), e) < 0 ||
        (rc == 0 && file_write(r->tracking, buf_str(&tracking), e) < 0))
        rc = -1;
    if (rc == 0)
        printf("Results saved to \"%s\" and \"%s\"\n", r->summary, r->tracking);
    buf_free(&summary);
    buf_free(&tracking);
    return rc;
}

/* ---- what the user should know */

static void hint_404(const struct serving_opts *o)
{
    char *url = serving_url(o);
    if (o->openai)
        fprintf(stderr,
                "%s: status 404: is it the simple protocol that this server speaks, at /%s? Try without --openai.\n",
                url, o->model);
    else
        fprintf(stderr,
                "%s: status 404: this server may not speak the simple protocol, or not know this model: --openai asks "
                "/v1/chat/completions.\n",
                url);
    free(url);
}

static void tell(const struct serving_opts *o, const struct compat_rows *rows)
{
    uint64_t sent = 0, missing = 0, other = 0, repeated = 0;
    uint32_t samples = 0;
    int64_t limit = serving_limit(o);
    for (size_t i = 0; i < rows->n; i++) {
        const struct compat_row *r = &rows->v[i];
        sent += r->sent;
        missing += r->sent && r->status == 404;
        other += r->outcome == OUT_OK && r->tokens_out >= 0 && r->tokens_out != limit;
        samples = MAX(samples, r->sample + 1);
    }
    if (missing > 0)
        hint_404(o);
    if (o->vllm && limit > 0 && other > 0)
        fprintf(stderr, "%llu answers have another number of tokens than the %lld that were asked for.\n",
                (unsigned long long)other, (long long)limit);
    repeated = sent > samples ? sent - samples : 0;
    if (strcmp(o->format, "ShareGPT") == 0 && repeated > 0)
        fprintf(stderr, "%s has only %u prompts of these lengths: %llu requests repeat some.\n", o->dataset, samples,
                (unsigned long long)repeated);
    if (o->openai && (o->top_k >= 0 || o->do_sample))
        fputs("--top_k and --do_sample are of the simple protocol; they were not sent.\n", stderr);
}

/* ---- the run */

static int report(const struct serving_opts *o, const struct compat_run *r, const struct results *res, struct err *e)
{
    struct serving_figures f;
    struct buf out = BUF_INIT(1u << 20);
    serving_measure(&f, &r->rows, o->num_prompts, o->original);
    serving_console(&f, &r->rows, o->tokenizer, &out);
    fwrite(out.p, 1, out.n, stdout);
    int rc = res->dir ? results_write(res, &f, &r->rows, e) : 0;
    compat_run_say_verdict(r, NAME);
    tell(o, &r->rows);
    serving_figures_free(&f);
    buf_free(&out);
    return rc;
}

static int measure(const struct serving_opts *o, const struct results *res, struct err *e)
{
    struct compat_words words = {0};
    struct compat_run r = {0};
    int code = -1;
    const struct compat_run_opts run = {
        .dir = res->run,
        .what = COMPAT_EVENTS | (res->dir ? COMPAT_TEXTS : 0),
        .banner = o->progress,
    };
    serving_words(o, &words);
    int rc = compat_run(&r, &words, &run, e);
    if (r.summary && report(o, &r, res, e) == 0 && rc == 0)
        code = compat_run_exit(&r);
    else if (!r.summary && strstr(e->text, "status 404")) {
        hint_404(o);
        e->code = ERR_PROTO;
    }
    compat_run_free(&r);
    compat_words_free(&words);
    return code;
}

static int run_with(void *settings, const struct opt_seen *seen, struct err *e)
{
    struct serving_opts *o = settings;
    struct results res = {0};
    const char *tokenizer = getenv("TOKENIZER");
    if (tokenizer && *tokenizer)
        o->tokenizer = tokenizer;
    if (!o->openai)
        unsetenv("OPENAI_API_KEY"); /* is none of this server's business */
    int code = serving_check(o, e);
    if (code == 0 && o->results_dir)
        code = results_open(&res, o->results_dir, e);
    if (code == 0)
        code = measure(o, &res, e);
    results_free(&res);
    return code;
}

static int run(int argc, const char *const *argv)
{
    static const struct compat_command command = {NAME, &serving_table, NULL, help, run_with};
    struct serving_opts o = {0};
    const char **words = xcalloc((size_t)argc + 1, sizeof *words);
    int code = compat_go(&command, &o, serving_plain_flags(argc, argv, words), words);
    free(words);
    return code;
}

const struct compat_program compat_benchmark_serving = {
    .name = NAME,
    .aliases = NAME ".py",
    .summary = "prompts of a dataset to an LLM-on-Ray server, at a rate",
    .run = run,
};

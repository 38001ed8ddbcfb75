/* aws_streaming_bench.c - `weir as aws_streaming_bench`: streamed chat answers one by one or a few at a time, with the
 * client's TTFT beside what a Lambda function says of each answer. Source: aws_streaming_bench.py of
 * samit-manna/llm-inference-optimization. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/jout.h"
#include "base/xalloc.h"
#include "cli/help_table.h"
#include "compat/aws_http.h"
#include "compat/aws_stream_report.h"
#include "compat/compat.h"
#include "compat/compat_run.h"

#define NAME "aws_streaming_bench"
#define FILE_MAX (1u << 30)

struct settings {
    struct aws_to to;
    const char *prompt, *output;
    uint64_t requests, concurrency;
    int64_t max_tokens, timeout;
    bool original;
};

#define C struct settings
static const struct opt rows[] = {
    {"url", 0, NULL, "URL", "Options", OPT_STR(C, to.url), .check = check_not_empty,
     .help = "The chat endpoint behind the API Gateway. It must be given."},
    {"requests", 0, NULL, "N", "Options", OPT_U64(C, requests), .def = "30", .flags = OPT_POSITIVE, .max = 1e7,
     .help = "Requests in all."},
    {"concurrency", 0, NULL, "N", "Options", OPT_U64(C, concurrency), .def = "1", .flags = OPT_POSITIVE, .max = 1e6,
     .help = "So many of them at a time."},
    {"max-tokens", 0, NULL, "N", "Options", OPT_I64(C, max_tokens), .def = "64", .min = 1, .max = 1e6,
     .help = "Output tokens to ask for at most."},
    {"prompt", 0, NULL, "TEXT", "Options", OPT_STR(C, prompt), .check = check_not_empty,
     .def = "Explain the benefits of microservices architecture in modern software development, including scalability, "
            "maintainability, and team organization aspects.",
     .help = "What is asked, each time."},
    {"output", 0, NULL, "FILE", "Options", OPT_STR(C, output), .flags = OPT_FILE, .check = check_not_empty,
     .help = "Write the results there as JSON; folders on the way are made."},
    {"timeout", 0, NULL, "TIME", "Options", OPT_NS(C, timeout), .def = "30s", .flags = OPT_POSITIVE,
     .help = "A request not complete by then has failed."},
    AWS_TO_ROWS(C),
    {"original-formulas", 0, NULL, NULL, "Options", OPT_BOOL(C, original),
     .help = "The original's percentiles, and its count of tokens, which is that of the stream's pieces."},
};
static const struct opt_table table = {"as " NAME, NULL, rows, ARRAY_LEN(rows), NULL, 0};

static void help(void)
{
    unsigned width = help_width(1);
    puts("usage: weir as " NAME " --url URL [options]\n");
    help_wrap(stdout,
              STR("Asks a chat endpoint for streamed answers and prints TTFT, latency and tokens as the client sees "
                  "them, and what the answers' headers X-TTFT-MS, X-Tokens-Per-Second and X-Cost-Per-1K-USD say, which "
                  "may also stand in trailers or in comments behind the stream."),
              0, width);
    help_table(stdout, &table, width);
}

/* The prompt as a data set of one entry. */
static int write_prompt(const struct settings *s, char path[static 256], struct err *e)
{
    static const char *const role[] = {"system", "user"};
    const char *const text[] = {"You are a helpful and concise assistant.", s->prompt}, *tmp = getenv("TMPDIR");
    struct buf b = BUF_INIT(FILE_MAX);
    struct jout j;
    jo_init(&j, &b, 0);
    jo_obj(&j);
    jo_key(&j, "messages");
    jo_arr(&j);
    for (int i = 0; i < 2; i++) {
        jo_obj(&j);
        jo_kstrz(&j, "role", role[i]);
        jo_kstrz(&j, "content", text[i]);
        jo_end_obj(&j);
    }
    jo_end_arr(&j);
    jo_end_obj(&j);
    buf_addc(&b, '\n');
    snprintf(path, 256, "%.200s/weir-prompt-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    int fd = mkstemp(path), rc = fd < 0 ? err_sys(e, ERR_IO, errno, "cannot make the temporary file %s", path) : 0;
    int bad = fd < 0 ? 0 : fd_write_all(fd, b.p, b.n);
    if (bad < 0)
        rc = err_sys(e, ERR_IO, -bad, "cannot write the temporary file %s", path);
    if (fd >= 0)
        close(fd);
    else
        path[0] = 0;
    buf_free(&b);
    return rc;
}

static void put_words(struct compat_words *w, const struct settings *s, const char *prompt)
{
    aws_run_words(w, &s->to);
    compat_opt(w, "--dataset", "%s", prompt);
    compat_opt(w, "--dataset-format", "messages");
    compat_opt(w, "--num-requests", "%llu", (unsigned long long)s->requests);
    compat_opt(w, "--concurrency", "%llu", (unsigned long long)s->concurrency);
    compat_opt(w, "--max-tokens", "%lld", (long long)s->max_tokens);
    compat_opt(w, "--temperature", "0.7");
    compat_opt(w, "--timeout", "%lldns", (long long)s->timeout);
    compat_opt(w, "--connect-timeout", "10s");
    for (int i = 0; i < AWS_HEADERS; i++)
        compat_opt(w, "--headers-metric", "%s", aws_headers[i]);
}

/* The first 100 characters, for the console. */
static int short_of(const char *text)
{
    size_t n = 0;
    for (int chars = 0; text[n]; n++)
        if (((unsigned char)text[n] & 0xC0) != 0x80 && chars++ == 100)
            break;
    return (int)n;
}

/* Before anything is sent. */
static int check_output(const char *path, struct err *e)
{
    char *folder = xstrdup(path), *slash = strrchr(folder, '/');
    struct stat st;
    int rc = 0;
    if (slash && slash > folder) {
        *slash = 0;
        rc = dir_make(folder, e);
    }
    if (rc == 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        rc = err_set(e, ERR_USAGE, "--output: %s is a folder; give a file's name", path);
    if (rc == 0 && access(slash ? (slash > folder ? folder : "/") : ".", W_OK) != 0)
        rc = err_sys(e, ERR_USAGE, errno, "--output: cannot write into the folder of %s", path);
    e->code = rc < 0 ? ERR_USAGE : e->code;
    free(folder);
    return rc;
}

static int write_results(const char *path, const struct aws_report *r, struct err *e)
{
    struct buf b = BUF_INIT(FILE_MAX);
    aws_report_json(r, &b);
    int rc = b.failed ? err_set(e, ERR_LIMIT, "%s would be larger than %u MiB", path, FILE_MAX >> 20)
                      : file_write(path, buf_str(&b), e);
    if (rc == 0)
        printf("\nResults saved to: %s\n", path);
    buf_free(&b);
    return rc;
}

static int report(const struct settings *s, struct compat_run *run, struct err *e)
{
    char *url = aws_shown_url(s->to.url);
    struct buf b = BUF_INIT(1u << 20);
    struct aws_report r = {
        .url = url,
        .prompt = s->prompt,
        .max_tokens = s->max_tokens,
        .requests = s->requests,
        .concurrency = s->concurrency,
        .original = s->original,
        .summary = run->summary,
        .rows = &run->rows,
    };
    aws_take_errors(&run->rows, run->dir);
    aws_report_count(&r);
    aws_report_text(&r, &b);
    fwrite(b.p, 1, b.n, stdout);
    int rc = s->output ? write_results(s->output, &r, e) : 0;
    buf_free(&b);
    free(url);
    return rc;
}

/* One request beforehand settles whether the server counts tokens in its stream. When that one fails, the failures of
 * the run will say more. */
static int have_run(const struct settings *s, const char *prompt, struct compat_run *r, struct err *e)
{
    int rc = -1;
    for (int probe = 1; probe >= 0; probe--) {
        struct compat_words words = {0};
        put_words(&words, s, prompt);
        if (!probe)
            compat_word(&words, "--no-probe");
        rc = compat_run(r, &words, &(struct compat_run_opts){0}, e);
        compat_words_free(&words);
        if (!probe || r->summary || !str_starts(str_of(e->text), STR("probe: ")))
            break;
        fprintf(stderr, "weir as " NAME ": %s\n", e->text);
        compat_run_free(r);
        *e = (struct err){0};
    }
    return rc;
}

static int measure(const struct settings *s, struct err *e)
{
    char prompt[256] = "";
    struct compat_run r = {0};
    int code = -1;
    printf("Running %llu requests with concurrency %llu\nPrompt: %.*s...\nMax tokens: %lld\n"
           "------------------------------------------------------------\n",
           (unsigned long long)s->requests, (unsigned long long)s->concurrency, short_of(s->prompt), s->prompt,
           (long long)s->max_tokens);
    fflush(stdout);
    if (write_prompt(s, prompt, e) == 0) {
        int rc = have_run(s, prompt, &r, e);
        if (r.summary) {
            code = report(s, &r, e) < 0 || rc < 0 ? -1 : compat_run_exit(&r);
            char *failed = aws_failures(&r.summary->levels[0]);
            if (*failed)
                fprintf(stderr, "weir as " NAME ": %s\n", failed);
            free(failed);
            compat_run_say_verdict(&r, NAME);
        }
        compat_run_free(&r);
    }
    if (prompt[0])
        unlink(prompt);
    return code;
}

static int run_with(void *settings, const struct opt_seen *seen, struct err *e)
{
    struct settings *s = settings;
    bool tls;
    if (!s->to.url)
        return err_set(e, ERR_USAGE, "--url must be given");
    if (aws_check_url(s->to.url, &tls, e) < 0 || (s->output && check_output(s->output, e) < 0))
        return -1;
    return measure(s, e);
}

static int run(int argc, const char *const *argv)
{
    static const struct compat_command command = {NAME, &table, NULL, help, run_with};
    struct settings s = {0};
    return compat_go(&command, &s, argc, argv);
}

const struct compat_program compat_aws_streaming_bench = {
    .name = NAME,
    .aliases = NAME ".py",
    .summary = "TTFT of streamed answers, and what a Lambda function says of them",
    .run = run,
};

/* async_benchmarking.c - `weir as async_benchmarking`: GET requests to URLs drawn from a list, so many at a time. Its
 * mock server is `weir sim --preset flask-mock`. Source: the program of that name in varunc1996/api_benchmarking. */
#include <errno.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rng.h"
#include "base/xalloc.h"
#include "cli/help_table.h"
#include "cli/opts.h"
#include "compat/async_report.h"
#include "compat/async_targets.h"
#include "compat/compat.h"
#include "compat/compat_run.h"

#define NAME "async_benchmarking"
#define LIST_MAX (256UL << 20) /* bytes of a list of URLs, and of the requests drawn from it */

struct settings {
    uint64_t requests, concurrency, seed;
    bool seed_given, original;
    const char *targets, *rate_limit;
};

/* A bare number is one per minute. */
static int check_limit(const char *v, struct err *e)
{
    double d;
    if (parse_f64(str_of(v), &d) == 0 && d > 0)
        return 0;
    return check_rate_limit(v, e);
}

#define C struct settings
static const struct opt rows[] = {
    {"requests", 0, NULL, "N", "Options", OPT_U64(C, requests), .def = "10", .flags = OPT_POSITIVE, .max = 1e7,
     .help = "Requests in all."},
    {"concurrency", 0, NULL, "N", "Options", OPT_U64(C, concurrency), .def = "5", .flags = OPT_POSITIVE, .max = 1e6,
     .help = "So many of them at a time. There is no other limit."},
    {"targets", 0, NULL, "FILE", "Options", OPT_STR(C, targets), .def = "endpoints.txt", .flags = OPT_FILE,
     .check = check_not_empty,
     .help = "The URLs, one to a line; blank lines do not count. Each request asks one of them, drawn anew."},
    {"rate-limit", 0, NULL, "N/TIME", "Options", OPT_STR(C, rate_limit), .check = check_limit,
     .help = "Start at most so many requests per min (60/min, or 60), s or h, evenly."},
    {"seed", 0, NULL, "N", "Options", OPT_U64(C, seed), .def = "random", .word = "random",
     .given = offsetof(C, seed_given), .help = "Draws the same targets again."},
    {"original-formulas", 0, NULL, NULL, "Options", OPT_BOOL(C, original),
     .help = "Count a request without a whole answer as status 500, as the original does, and leave out the line of "
             "successful requests."},
};
static const struct opt_table table = {"as " NAME, NULL, rows, ARRAY_LEN(rows), NULL, 0};

static void help(void)
{
    unsigned width = help_width(1);
    puts("usage: weir as " NAME " [options]\n");
    help_wrap(stdout,
              STR("Sends GET requests to the URLs of a list, and prints statuses, latencies and throughput. Answers in "
                  "JSON may tell output_tokens. weir sim --preset flask-mock is a server to try it with."),
              0, width);
    help_table(stdout, &table, width);
}

/* The requests, one by one, as a list that a run reads. */
static int write_list(const struct async_targets *t, const struct settings *s, char path[static 256], struct err *e)
{
    struct buf b = BUF_INIT(LIST_MAX);
    const char *tmp = getenv("TMPDIR");
    async_targets_draw(t, s->seed, s->requests, &b);
    snprintf(path, 256, "%.200s/weir-targets-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    int rc = b.failed
                 ? err_set(e, ERR_LIMIT, "so many requests with such long URLs are more than %lu MiB", LIST_MAX >> 20)
                 : 0;
    int fd = rc == 0 ? mkstemp(path) : -1;
    if (rc == 0 && fd < 0)
        rc = err_sys(e, ERR_IO, errno, "cannot make the temporary file %s", path);
    if (fd < 0)
        path[0] = 0;
    int bad = fd < 0 ? 0 : fd_write_all(fd, b.p, b.n);
    if (bad < 0)
        rc = err_sys(e, ERR_IO, -bad, "cannot write the temporary file %s", path);
    if (fd >= 0)
        close(fd);
    buf_free(&b);
    return rc;
}

static void put_words(struct compat_words *w, const struct async_targets *t, const struct settings *s, const char *list)
{
    for (size_t i = 0; i < t->n_hosts; i++) {
        char *url = xmemdup0(t->host[i].p, t->host[i].n);
        compat_word(w, url);
        free(url);
    }
    compat_opt(w, "--api", "http");
    compat_opt(w, "--dataset", "%s", list);
    compat_opt(w, "--dataset-format", "targets");
    compat_opt(w, "--json-tokens", "output_tokens");
    compat_opt(w, "--concurrency", "%llu", (unsigned long long)s->concurrency);
    compat_opt(w, "--num-requests", "%llu", (unsigned long long)s->requests);
    compat_opt(w, "--seed", "%llu", (unsigned long long)s->seed);
    compat_opt(w, "--ramp-up", "none"); /* all of the first at once, as the original begins */
    compat_opt(w, "--proxy", "none");
    compat_word(w, "--no-probe"); /* each answer that the server gives is counted */
    if (s->rate_limit)
        compat_opt(w, "--rate-limit", "%s%s", s->rate_limit, strchr(s->rate_limit, '/') ? "" : "/min");
}

static int measure(const struct async_targets *t, const struct settings *s, struct err *e)
{
    char list[256] = "";
    struct compat_words words = {0};
    struct compat_run r = {0};
    int code = -1;
    if (write_list(t, s, list, e) == 0) {
        put_words(&words, t, s, list);
        if (!s->seed_given && t->n > 1)
            fprintf(stderr, "--seed %llu draws the same targets again\n", (unsigned long long)s->seed);
        int rc = compat_run(&r, &words, &(struct compat_run_opts){0}, e);
        if (r.summary) {
            struct buf out = BUF_INIT(1u << 20);
            async_report(&r.rows, s->original, &out);
            fwrite(out.p, 1, out.n, stdout);
            buf_free(&out);
            compat_run_say_verdict(&r, NAME);
            code = rc < 0 ? -1 : compat_run_exit(&r);
        }
        compat_run_free(&r);
    }
    if (list[0])
        unlink(list);
    compat_words_free(&words);
    return code;
}

static int run_with(void *settings, const struct opt_seen *seen, struct err *e)
{
    struct settings *s = settings;
    struct file_map file = {0};
    struct async_targets t = {0};
    if (!s->seed_given)
        s->seed = rng_os_seed() >> 32;
    if (file_open_map(&file, s->targets, LIST_MAX, e) < 0) {
        e->code = ERR_USAGE;
        return err_prefix(e, "--targets: ");
    }
    int code = async_targets_read(&t, file.text, s->targets, e);
    if (code == 0)
        code = measure(&t, s, e);
    async_targets_free(&t);
    file_close_map(&file);
    return code;
}

static int run(int argc, const char *const *argv)
{
    static const struct compat_command command = {NAME, &table, NULL, help, run_with};
    struct settings s = {0};
    return compat_go(&command, &s, argc, argv);
}

const struct compat_program compat_async_benchmarking = {
    .name = NAME,
    .aliases = NAME ".py",
    .summary = "GET requests to a list of URLs, so many at a time",
    .run = run,
};

/* awscurl.c - `weir as awscurl`: curl's manner, for benchmarks of SageMaker endpoints (DJL Serving's awscurl). A closed
 * loop of -c clients over a budget of c * N requests; docs/SEED-PROGRAMS.md says what it does otherwise, and why. */
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/xalloc.h"
#include "compat/awscurl_answers.h"
#include "compat/awscurl_metrics.h"
#include "compat/compat.h"
#include "compat/compat_run.h"
#include "load/tokenizer.h"

struct awscurl {
    struct awscurl_opts o;
    struct awscurl_bodies bodies;
    struct awscurl_jq jq;
    struct tokenizer *tokenizer;
    struct tok_coder *coder;
    char dir[512]; /* for bodies; "" none yet */
    FILE *json;    /* --json-path */
    struct compat_words words;
};

static int make_dir(struct awscurl *a, struct err *e)
{
    const char *tmp = getenv("TMPDIR");
    int n = snprintf(a->dir, sizeof a->dir, "%s/weir-awscurl-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if ((size_t)n < sizeof a->dir && mkdtemp(a->dir))
        return 0;
    a->dir[0] = 0;
    return err_sys(e, ERR_IO, errno, "cannot make a temporary folder in %.300s", tmp && *tmp ? tmp : "/tmp");
}

static bool has_header(const struct awscurl_opts *o, const char *name)
{
    for (size_t i = 0; i < o->n_headers; i++) {
        struct str s = str_of(o->headers[i]);
        if (str_ieq(str_sub(s, 0, (size_t)str_chr(s, ':')), str_of(name)))
            return true;
    }
    return false;
}

static const char *type_of(const struct awscurl *a)
{
    return a->bodies.type ? a->bodies.type : a->o.content_type;
}

static void add_headers(struct awscurl *a)
{
    const struct awscurl_opts *o = &a->o;
    if (!has_header(o, "user-agent"))
        compat_opt(&a->words, "--header", "User-Agent: awscurl/1.0.0");
    if (!has_header(o, "accept"))
        compat_opt(&a->words, "--header", "Accept: */*");
    if (type_of(a))
        compat_opt(&a->words, "--header", "Content-Type: %s", type_of(a));
    for (size_t i = 0; i < o->n_headers; i++) {
        if (!str_starts(str_of(o->headers[i]), STR("Content-Type:")))
            compat_opt(&a->words, "--header", "%s", o->headers[i]);
    }
}

/* The bodies, where weir run reads them. */
static int add_bodies(struct awscurl *a, struct err *e)
{
    struct buf path = BUF_INIT(4096);
    int rc = 0;
    if (a->o.dataset) {
        rc = make_dir(a, e) < 0 ? -1 : awscurl_bodies_write(&a->bodies, a->dir, &path, e);
        if (rc == 0) {
            compat_opt(&a->words, "--dataset", "%s", path.p);
            compat_opt(&a->words, "--dataset-format", "payload");
        }
    } else if (awscurl_body(&a->bodies, 0).n > 0) {
        rc = make_dir(a, e);
        buf_addf(&path, "%s/body", a->dir);
        if (rc == 0)
            rc = file_write(path.p, awscurl_body(&a->bodies, 0), e);
        if (rc == 0)
            compat_opt(&a->words, "--body", "@%s", path.p);
    }
    buf_free(&path);
    return rc;
}

static void add_load(struct awscurl *a)
{
    const struct awscurl_opts *o = &a->o;
    struct compat_words *w = &a->words;
    compat_opt(w, "--concurrency", "%llu", (unsigned long long)o->clients);
    compat_opt(w, "--num-requests", "%llu", (unsigned long long)(o->clients * o->repeat));
    if (o->duration)
        compat_opt(w, "--duration", "%lldns", (long long)o->duration);
    if (!o->delay_given)
        compat_opt(w, "--ramp-up", "none");
    else if (o->delay[0] == o->delay[1])
        compat_opt(w, "--ramp-up", "fixed:%lldms", (long long)o->delay[0]);
    else
        compat_opt(w, "--ramp-up", "uniform:%lldms,%lldms", (long long)o->delay[0], (long long)o->delay[1]);
    if (o->seed_given)
        compat_opt(w, "--seed", "%llu", (unsigned long long)o->seed);
    /* The original's one number bounds the connecting and each silence of the server; a whole answer may take longer.
     */
    compat_opt(w, "--connect-timeout", "%llds", (long long)o->connect_timeout);
    compat_opt(w, "--stall-timeout", "%llds", (long long)o->connect_timeout);
    compat_opt(w, "--timeout", "24h");
}

/* -n: who looks for credentials and region is weir run. */
static void add_signing(struct awscurl *a)
{
    const struct awscurl_opts *o = &a->o;
    if (o->service)
        compat_opt(&a->words, "--aws-sigv4", "%s", o->service);
    if (o->region)
        compat_opt(&a->words, "--aws-region", "%s", o->region);
    if (o->profile)
        compat_opt(&a->words, "--aws-profile", "%s", o->profile);
}

static int make_words(struct awscurl *a, struct err *e)
{
    const struct awscurl_opts *o = &a->o;
    struct compat_words *w = &a->words;
    struct buf url = BUF_INIT(1 << 20);
    awscurl_url(o, buf_str(&a->bodies.query), &url);
    compat_word(w, buf_str(&url).p);
    buf_free(&url);
    compat_opt(w, "--api", "payload");
    compat_opt(w, "--method", "%s", awscurl_method(o));
    compat_word(w, "--no-probe");
    compat_word(w, "--follow-pages");
    if (o->insecure)
        compat_word(w, "--insecure");
    if (o->no_keepalive)
        compat_word(w, "--no-keepalive");
    if (o->jq)
        compat_opt(w, "--json-text", "%s%s", a->jq.whole || o->jq[0] == '/' ? "" : "/", o->jq);
    if (awscurl_answers_wanted(o))
        compat_word(w, "--save-http");
    add_signing(a);
    add_headers(a);
    add_load(a);
    return add_bodies(a, e);
}

/* Everything that can be wrong is looked at here, before anything is sent. */
static int prepare(struct awscurl *a, struct err *e)
{
    const struct awscurl_opts *o = &a->o;
    if (awscurl_bodies_make(&a->bodies, o, e) < 0 || awscurl_jq_parse(&a->jq, o->jq, e) < 0)
        return -1;
    if (o->tokens && o->tokenizer) {
        struct err why = {0};
        a->tokenizer = tokenizer_open(o->tokenizer, isatty(STDERR_FILENO), &why);
        if (!a->tokenizer)
            return err_set(e, ERR_USAGE, "Invalid tokenizer: %s, please unset TOKENIZER to count words: %s",
                           o->tokenizer, why.text);
        a->coder = tok_coder_new(a->tokenizer->tok);
    }
    if (o->json_path && !(a->json = fopen(o->json_path, "w")))
        return err_sys(e, ERR_USAGE, errno, "--json-path: cannot write %s", o->json_path);
    return awscurl_outputs_make(o, e) < 0 ? -1 : make_words(a, e);
}

static struct awscurl_run measured(const struct awscurl *a, const struct compat_run *r,
                                   const struct awscurl_requests *q)
{
    struct awscurl_run m = {.tokenizer = a->o.tokenizer,
                            .token_source = !a->o.tokens ? NULL
                                            : a->coder   ? "tokenizer"
                                                         : "words",
                            .clients = a->o.clients,
                            .requests = q->n,
                            .latency = xcalloc(q->n + 1, sizeof(int64_t)),
                            .first = xcalloc(q->n + 1, sizeof(int64_t)),
                            .original = a->o.original};
    int64_t begin = r->summary->levels[0].begin, end = begin;
    for (size_t i = 0; i < q->n; i++) {
        const struct awscurl_request *one = &q->v[i];
        end = MAX(end, one->end);
        if (!one->ok) {
            m.failed++;
            continue;
        }
        m.latency[m.n++] = one->latency;
        if (one->first > 0)
            m.first[m.n_first++] = one->first;
    }
    m.wall = end - begin;
    return m;
}

/* One request is plain curl: its answer alone, unless figures are asked for. */
static bool wants_figures(const struct awscurl_opts *o)
{
    return o->clients * o->repeat > 1 || o->json || o->json_path || o->tokens;
}

static void put(FILE *f, const struct buf *b)
{
    if (b->n)
        fwrite(b->p, 1, b->n, f);
}

static void print_figures(const struct awscurl *a, struct awscurl_run *m)
{
    struct awscurl_metrics figures;
    struct buf b = BUF_INIT(1 << 20);
    awscurl_metrics_of(m, &figures);
    if (a->o.json || a->json)
        awscurl_metrics_json(m, &figures, &b);
    else
        awscurl_metrics_text(m, &figures, &b);
    put(a->json ? a->json : stdout, &b);
    buf_free(&b);
    fflush(stdout);
    if (a->o.tokens && m->tokens == 0 && m->n > 0)
        fputs("Warning: No token found, did you forget specify -jq in your command?\n", stderr);
}

/* What weir thinks of the measurement. */
static void tell_verdict(const struct summary *s)
{
    const struct sum_level *l = &s->levels[0];
    if (l->verdict == VERDICT_VALID)
        return;
    fprintf(stderr, "weir as awscurl: the client itself was %s:\n", verdict_name(l->verdict));
    for (size_t i = 0; i < l->reasons.n; i++)
        fprintf(stderr, "  %s\n", l->reasons.v[i]);
}

static int conclude(struct awscurl *a, struct compat_run *r, struct err *e)
{
    struct awscurl_answers answers = {
        .o = &a->o, .bodies = &a->bodies, .jq = &a->jq, .type = type_of(a), .coder = a->coder};
    struct awscurl_requests requests;
    /* Of a stream the first token, of anything else the first byte; the original takes the first byte of all. */
    awscurl_requests_make(&requests, &r->rows, a->o.original);
    struct awscurl_run m = measured(a, r, &requests);
    struct buf failures = BUF_INIT(1 << 16);
    awscurl_clients(&answers, &requests);
    int rc = awscurl_answers_read(&answers, r->dir, e);
    m.tokens = answers.tokens;
    fflush(stdout);
    awscurl_failures_text(&answers, &failures);
    put(stderr, &failures);
    if (wants_figures(&a->o)) {
        print_figures(a, &m);
        tell_verdict(r->summary);
    }
    if (a->json && fclose(a->json) != 0 && rc == 0)
        rc = err_sys(e, ERR_IO, errno, "--json-path: cannot write %s", a->o.json_path);
    a->json = NULL;
    buf_free(&failures);
    free(requests.v);
    free(m.latency);
    free(m.first);
    awscurl_answers_free(&answers);
    return rc;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st, (void)kind, (void)where;
    return remove(path);
}

static void free_all(struct awscurl *a)
{
    if (a->json)
        fclose(a->json);
    if (a->dir[0])
        nftw(a->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    compat_words_free(&a->words);
    tok_coder_free(&a->coder);
    tokenizer_free(&a->tokenizer);
    awscurl_bodies_free(&a->bodies);
    awscurl_opts_free(&a->o);
}

static int help(const char *program)
{
    struct buf b = BUF_INIT(1 << 16);
    awscurl_opts_help(&b, program);
    put(stdout, &b);
    buf_free(&b);
    return 0;
}

static int run(int argc, const char *const *argv)
{
    struct awscurl a = {0};
    struct err e = {0};
    int code = 0, rc = awscurl_opts_parse(&a.o, argc, argv, getenv, &e);
    if (rc == 0 && a.o.help) {
        code = help(argv[0]);
    } else {
        if (rc == 0)
            rc = prepare(&a, &e);
        if (rc == 0) {
            struct compat_run r;
            rc = compat_run(&r, &a.words, &(struct compat_run_opts){0}, &e);
            if (r.summary) {
                struct err second = {0};
                code = compat_run_exit(&r);
                if (conclude(&a, &r, rc == 0 ? &e : &second) < 0)
                    rc = -1;
            }
            compat_run_free(&r);
        }
        if (rc < 0)
            code = compat_fail("awscurl", &e);
    }
    free_all(&a);
    return code;
}

const struct compat_program compat_awscurl = {
    .name = "awscurl",
    .summary = "curl for AWS services, and a benchmark of SageMaker endpoints (DJL Serving)",
    .run = run,
};

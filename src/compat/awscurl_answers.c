#include "compat/awscurl_answers.h"

#include <errno.h>

#include "base/file.h"
#include "base/heap.h"
#include "base/jdoc.h"
#include "base/xalloc.h"
#include "record/recfile.h"

bool awscurl_answers_wanted(const struct awscurl_opts *o)
{
    return o->output || o->tokens || o->include || o->verbose || o->repeat == 1;
}

static char *file_of(const struct awscurl_opts *o, uint64_t client)
{
    return xasprintf("%s.%llu", o->output, (unsigned long long)client);
}

int awscurl_outputs_make(const struct awscurl_opts *o, struct err *e)
{
    for (uint64_t i = 0; o->output && i < o->clients; i++) {
        char *path = file_of(o, i);
        FILE *f = fopen(path, "w");
        int rc = f && fclose(f) == 0 ? 0 : err_sys(e, ERR_USAGE, errno, "-o: cannot write %s", path);
        free(path);
        if (rc < 0)
            return -1;
    }
    return 0;
}

/* ---- clients */

static int64_t first_of(const struct compat_row *r, bool first_byte)
{
    int64_t at = r->streamed && r->first_token && !first_byte ? r->first_token : r->first_byte;
    return at > 0 ? at - r->start : 0;
}

void awscurl_requests_make(struct awscurl_requests *q, const struct compat_rows *rows, bool first_byte)
{
    uint64_t most = 0;
    *q = (struct awscurl_requests){.v = xcalloc(rows->n + 1, sizeof *q->v)};
    for (size_t i = 0; i < rows->n; i++)
        most = MAX(most, rows->v[i].index);
    size_t *place = xcalloc(most + 1, sizeof *place); /* of an index in v, counted from 1 */
    for (size_t i = 0; i < rows->n; i++) {
        const struct compat_row *r = &rows->v[i];
        if (!r->sent || r->outcome == OUT_CANCELLED)
            continue;
        if (!place[r->index]) {
            place[r->index] = ++q->n;
            q->v[q->n - 1] = (struct awscurl_request){
                .index = r->index, .start = r->start, .first = first_of(r, first_byte), .ok = true};
        }
        struct awscurl_request *to = &q->v[place[r->index] - 1];
        to->end = MAX(to->end, r->end);
        to->latency += r->end - r->start;
        to->ok &= r->outcome == OUT_OK;
    }
    free(place);
}

struct client {
    struct heap_node free_at; /* the first member */
    uint64_t which;
};

void awscurl_clients(struct awscurl_answers *a, const struct awscurl_requests *q)
{
    uint64_t n = MIN(a->o->clients, q->n), begun = 0;
    struct client *v = xcalloc(n + 1, sizeof *v);
    struct heap busy = {0}; /* those that have begun, by when they are free */
    for (size_t i = 0; i < q->n; i++)
        a->n_client = MAX(a->n_client, q->v[i].index + 1);
    a->client = xcalloc(a->n_client + 1, sizeof *a->client);
    for (size_t i = 0; i < q->n; i++) {
        const struct awscurl_request *r = &q->v[i];
        struct heap_node *first = heap_top(&busy);
        struct client *c = (struct client *)(void *)first;
        /* By rounding none may be free, then the one that is free next. */
        if (begun < n && (!first || first->key > r->start)) {
            c = &v[begun];
            c->which = begun++;
        }
        heap_remove(&busy, &c->free_at);
        c->free_at.key = r->end;
        heap_push(&busy, &c->free_at);
        a->client[r->index] = c->which;
    }
    heap_free(&busy);
    free(v);
}

/* ---- an answer */

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } known[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {424, "Failed Dependency"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (known[i].status == status)
            return known[i].reason;
    }
    return "";
}

static void status_line(const struct record *q, struct buf *out)
{
    const char *reason = reason_of(q->status);
    buf_addf(out, "%s %d%s%s", q->flags & REC_HTTP2 ? "HTTP/2" : "HTTP/1.1", q->status, *reason ? " " : "", reason);
}

static void dump_lines(char mark, struct str text, struct buf *out)
{
    struct str_split it = {.rest = text, .sep = '\n'};
    struct str line;
    while (str_next(&it, &line)) {
        if (line.n > 0 || !it.done)
            buf_addf(out, "%c " STR_FMT "\n", mark, STR_ARG(str_trim(line)));
    }
}

/* -i, -v */
static void dump_heads(const struct record *q, struct str request, struct str headers, struct buf *out)
{
    dump_lines('>', request, out);
    buf_addz(out, "> \n");
    if (q->status) {
        buf_addz(out, "< ");
        status_line(q, out);
        buf_addc(out, '\n');
        dump_lines('<', headers, out);
        buf_addz(out, "< \n");
    }
}

/* What errors.jsonl has of the answers that failed: bodies that are not kept, errors within streams. */
static void read_errors(struct awscurl_answers *a, const char *dir)
{
    struct buf text = BUF_INIT(64u << 20);
    char *path = xasprintf("%s/errors.jsonl", dir);
    size_t n = 0;
    if (file_read(&text, path, NULL) == 0) {
        struct str_split it = {.rest = buf_str(&text), .sep = '\n'};
        struct str line;
        while (n < ARRAY_LEN(a->error_body) && str_next(&it, &line)) {
            struct jdoc *d = line.n ? jdoc_parse(line, path, NULL) : NULL;
            struct str kind = jn_str(jn_get(d ? jdoc_root(d) : NULL, "kind"), "");
            struct str body = jn_str(jn_get(d ? jdoc_root(d) : NULL, "body"), "");
            bool known = body.n == 0;
            for (size_t i = 0; i < n; i++)
                known |= str_eqz(kind, a->error_body[i].kind);
            if (!known) {
                snprintf(a->error_body[n].kind, sizeof a->error_body[n].kind, STR_FMT, STR_ARG(kind));
                snprintf(a->error_body[n].body, sizeof a->error_body[n].body, STR_FMT, STR_ARG(body));
                n++;
            }
            jdoc_free(&d);
        }
    }
    free(path);
    buf_free(&text);
}

static struct str error_body(const struct awscurl_answers *a, const struct record *q)
{
    char kind[32];
    outcome_text(kind, q->outcome, q->status);
    for (size_t i = 0; i < ARRAY_LEN(a->error_body); i++) {
        if (strcmp(a->error_body[i].kind, kind) == 0)
            return str_of(a->error_body[i].body);
    }
    return STR("");
}

static void note_failure(struct awscurl_answers *a, const struct record *q, struct str body)
{
    struct buf b = BUF_INIT(4096);
    char text[sizeof a->failure[0].text], kind[32];
    if (q->status && (q->status < 200 || q->status > 299)) {
        buf_addz(&b, "HTTP error (");
        status_line(q, &b);
        buf_addf(&b, "): %.*s", (int)MIN(body.n, 300u), body.n ? body.p : "");
    } else { /* what a stream said of it is kept for errors.jsonl */
        struct str why = q->detail.n ? q->detail : error_body(a, q);
        buf_addf(&b, "%s%s%.*s", outcome_text(kind, q->outcome, q->status), why.n ? ": " : "", (int)MIN(why.n, 300u),
                 why.n ? why.p : "");
    }
    snprintf(text, sizeof text, "%s", b.p ? b.p : "");
    buf_free(&b);
    for (size_t i = 0; i < ARRAY_LEN(a->failure); i++) {
        if (a->failure[i].n == 0)
            memcpy(a->failure[i].text, text, sizeof text);
        if (strcmp(a->failure[i].text, text) == 0) {
            a->failure[i].n++;
            return;
        }
    }
    a->other_failures++;
}

void awscurl_failures_text(const struct awscurl_answers *a, struct buf *out)
{
    for (size_t i = 0; i < ARRAY_LEN(a->failure) && a->failure[i].n; i++) {
        struct str text = str_trim(str_of(a->failure[i].text));
        buf_adds(out, text);
        if (a->failure[i].n > 1)
            buf_addf(out, " (%llu times)", (unsigned long long)a->failure[i].n);
        buf_addc(out, '\n');
    }
    if (a->other_failures)
        buf_addf(out, "%llu failures more, of other kinds\n", (unsigned long long)a->other_failures);
}

/* EXCLUDE_INPUT_TOKEN */
static int64_t input_tokens(struct awscurl_answers *a, uint32_t sample)
{
    struct str type = str_of(a->type);
    ptrdiff_t end = str_chr(type, ';');
    type = str_trim(end < 0 ? type : str_sub(type, 0, (size_t)end));
    if (!a->o->exclude_input || !str_ieq(type, STR("application/json")) || sample >= a->bodies->n)
        return 0;
    if (!a->of_input) {
        a->of_input = xcalloc(a->bodies->n, sizeof *a->of_input);
        memset(a->of_input, 0xff, a->bodies->n * sizeof *a->of_input);
    }
    if (a->of_input[sample] < 0) {
        awscurl_texts_clear(&a->texts);
        awscurl_texts_inputs(&a->texts, awscurl_body(a->bodies, sample));
        a->of_input[sample] = (int64_t)awscurl_texts_count(&a->texts, a->coder, a->o->max_length);
    }
    return a->of_input[sample];
}

static void count(struct awscurl_answers *a, const struct record *q, struct awscurl_type type, struct str body)
{
    int64_t input = q->turn == 0 ? input_tokens(a, q->sample) : 0; /* of the first page */
    awscurl_texts_clear(&a->texts);
    awscurl_texts_read(&a->texts, type, body, a->jq);
    int64_t n = (int64_t)awscurl_texts_count(&a->texts, a->coder, a->o->max_length);
    a->tokens += MAX(n - input, 0);
}

static void append(struct awscurl_answers *a, const struct record *q, struct str shown)
{
    char *path = file_of(a->o, q->index < a->n_client ? a->client[q->index] : 0);
    struct str body = q->sample < a->bodies->n ? awscurl_body(a->bodies, q->sample) : STR("");
    FILE *f = fopen(path, "a");
    bool ok = f != NULL;
    if (f) {
        fprintf(f, "\ntimestamp: %lld\ninput: ", (long long)((a->epoch_unix + q->end) / NS_PER_MS));
        ok = fwrite(body.p ? body.p : "", 1, body.n, f) == body.n && fputs("\noutput: ", f) >= 0 &&
             fwrite(shown.p ? shown.p : "", 1, shown.n, f) == shown.n;
        ok = fclose(f) == 0 && ok;
    }
    if (!ok && !a->e.text[0])
        err_sys(&a->e, ERR_IO, errno, "-o: cannot write %s", path);
    free(path);
}

static void on_run(void *arg, const struct rec_run *r)
{
    struct awscurl_answers *a = arg;
    a->epoch_unix = r->epoch_unix;
}

static void on_request(void *arg, const struct record *q)
{
    struct awscurl_answers *a = arg;
    const struct awscurl_opts *o = a->o;
    const struct rec_text *t = q->text;
    struct str headers = {0}, request = {0}, body = {0};
    if (q->outcome == OUT_UNSENT || q->outcome == OUT_CANCELLED)
        return;
    if (t && t->http) {
        headers = (struct str){t->bytes + t->n_prompt + t->n_answer, t->n_headers};
        request = (struct str){t->bytes + t->http_at, t->n_request};
        body = (struct str){t->bytes + t->http_at + t->n_request, t->n_whole};
    }
    struct awscurl_type type = awscurl_type_of(headers, o->default_type);
    if (o->tokens && q->outcome == OUT_OK)
        count(a, q, type, body);
    struct buf out = BUF_INIT((size_t)1 << 30);
    if (o->include || o->verbose)
        dump_heads(q, request, headers, &out);
    if (!o->output && o->repeat == 1)
        awscurl_show_body(type, body, &out);
    fwrite(out.p ? out.p : "", 1, out.n, stdout);
    buf_clear(&out);
    if (o->output && q->status) {
        awscurl_show_body(type, body, &out);
        append(a, q, buf_str(&out));
    }
    buf_free(&out);
    bool shown = o->output || o->repeat == 1;
    if (q->outcome != OUT_OK && (!shown || q->status / 100 == 2 || q->status == 0))
        note_failure(a, q, t && t->http ? body : error_body(a, q));
}

int awscurl_answers_read(struct awscurl_answers *a, const char *dir, struct err *e)
{
    const struct rec_sink sink = {.run = on_run, .request = on_request, .texts = true};
    struct rec_read_stats st;
    char *path = xasprintf("%s/requests.jsonl", dir);
    read_errors(a, dir);
    int rc = rec_read_file(path, &sink, a, &st, e);
    free(path);
    if (rc < 0)
        return -1;
    if (!a->e.text[0])
        return 0;
    *e = a->e;
    return -1;
}

void awscurl_answers_free(struct awscurl_answers *a)
{
    awscurl_texts_free(&a->texts);
    free(a->client);
    free(a->of_input);
    a->client = NULL;
    a->of_input = NULL;
}

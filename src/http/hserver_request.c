#include "http/hserver_request.h"

#include "base/buf.h"
#include "base/xalloc.h"
#include "proto/h1.h"

#define MAX_HEADERS 256
#define HEAD_MAX (72 * 1024)  /* the parser's own ceiling is lower */
#define KEEP_BODY (16 * 1024) /* larger body buffers are not kept in the pool */
#define KEEP_READERS 64
#define WHY_BODY "The request's body is too large."
#define WHY_MANY "The request has too many headers."

struct span {
    size_t at, n;
};

struct hs_reader {
    struct hs_reader *next; /* in the pool */
    struct h1 *h1;
    size_t max_body;
    struct buf head; /* method, target, names and values, one after the other */
    struct buf body;
    struct span method, target;
    struct span names[MAX_HEADERS], values[MAX_HEADERS];
    struct hs_header views[MAX_HEADERS];
    size_t n_headers;
    int64_t recv;
    bool kernel;
    bool line_begun, line_over;
    char line_last; /* last byte of the request line: tells HTTP/1.0 */
    bool expects, continue_due, over, version2;
};

struct hs_pool {
    struct hs_reader *free;
    size_t n_free, max_body;
};

static struct span store(struct hs_reader *r, struct str s)
{
    struct span at = {r->head.n, s.n};
    buf_adds(&r->head, s);
    return at;
}

static struct str view(const struct hs_reader *r, struct span s)
{
    return s.n == 0 ? STR("") : (struct str){r->head.p + s.at, s.n};
}

static int on_start(void *arg, struct str method, struct str target, int status)
{
    struct hs_reader *r = arg;
    r->method = store(r, method);
    r->target = store(r, target);
    return 0;
}

static int on_header(void *arg, struct str name, struct str value)
{
    struct hs_reader *r = arg;
    uint64_t length;
    if (r->n_headers == MAX_HEADERS)
        return -1;
    r->names[r->n_headers] = store(r, name);
    r->values[r->n_headers++] = store(r, value);
    if (str_ieq(name, STR("content-length")) && parse_u64(value, &length) == 0 && length > r->max_body)
        r->over = true;
    if (str_ieq(name, STR("expect")) && str_ieq(value, STR("100-continue")))
        r->expects = true;
    return 0;
}

static int on_headers_done(void *arg)
{
    struct hs_reader *r = arg;
    r->continue_due = r->expects && !r->over;
    return r->over ? -1 : 0;
}

static int on_body(void *arg, struct str piece)
{
    struct hs_reader *r = arg;
    r->continue_due = false; /* the client did not wait for it */
    r->over = buf_adds(&r->body, piece) < 0;
    return r->over ? -1 : 0;
}

static struct hs_reader *reader_new(size_t max_body)
{
    static const struct h1_cb cb = {on_start, on_header, on_headers_done, on_body, NULL};
    struct hs_reader *r = xcalloc(1, sizeof(*r));
    r->max_body = max_body;
    buf_init(&r->head, HEAD_MAX);
    buf_init(&r->body, max_body);
    r->h1 = h1_new(H1_REQUEST, &cb, r);
    return r;
}

static void reader_free(struct hs_reader *r)
{
    h1_free(&r->h1);
    buf_free(&r->head);
    buf_free(&r->body);
    free(r);
}

struct hs_pool *hs_pool_new(size_t max_body)
{
    struct hs_pool *p = xcalloc(1, sizeof(*p));
    p->max_body = max_body;
    return p;
}

void hs_pool_free(struct hs_pool **pp)
{
    struct hs_pool *p = *pp;
    if (p == NULL)
        return;
    *pp = NULL;
    while (p->free != NULL) {
        struct hs_reader *r = p->free;
        p->free = r->next;
        reader_free(r);
    }
    free(p);
}

struct hs_reader *hs_pool_get(struct hs_pool *p, const struct rx *rx)
{
    struct hs_reader *r = p->free;
    if (r == NULL) {
        r = reader_new(p->max_body);
    } else {
        p->free = r->next;
        p->n_free--;
    }
    h1_reset(r->h1);
    buf_clear(&r->head);
    buf_clear(&r->body);
    r->method = r->target = (struct span){0, 0};
    r->n_headers = 0;
    r->recv = rx->stamp;
    r->kernel = rx->kernel;
    r->line_begun = r->line_over = r->expects = r->continue_due = r->over = r->version2 = false;
    return r;
}

void hs_pool_put(struct hs_pool *p, struct hs_reader **rp)
{
    struct hs_reader *r = *rp;
    *rp = NULL;
    if (r == NULL)
        return;
    if (p->n_free >= KEEP_READERS) {
        reader_free(r);
        return;
    }
    if (r->body.cap > KEEP_BODY)
        buf_free(&r->body);
    r->next = p->free;
    p->free = r;
    p->n_free++;
}

/* The parser does not tell the version. */
static void watch_line(struct hs_reader *r, const char *p, size_t n)
{
    for (size_t i = 0; i < n && !r->line_over; i++) {
        if (p[i] == '\n')
            r->line_over = r->line_begun;
        else if (p[i] != '\r') {
            r->line_begun = true;
            r->line_last = p[i];
        }
    }
}

enum hs_read_rc hs_reader_feed(struct hs_reader *r, const char *p, size_t n, size_t *used, int *status,
                               const char **why)
{
    watch_line(r, p, n);
    enum h1_rc rc = h1_feed(r->h1, p, n, used);
    switch (rc) {
    case H1_OK:
        return HS_READ_MORE;
    case H1_DONE:
    case H1_UPGRADE:
        return HS_READ_DONE;
    case H1_E_TOOBIG:
        *status = 431;
        *why = "The request's headers are too large.";
        return HS_READ_REFUSE;
    case H1_E_STOPPED:
        *status = r->over ? 413 : 431;
        *why = r->over ? WHY_BODY : WHY_MANY;
        return HS_READ_REFUSE;
    case H1_E_SYNTAX:
        break;
    }
    *status = 400;
    *why = h1_reason(r->h1);
    return HS_READ_REFUSE;
}

int hs_reader_field(struct hs_reader *r, struct str name, struct str value, const char **why)
{
    r->version2 = true;
    if (str_eqz(name, ":method")) {
        r->method = store(r, value);
    } else if (str_eqz(name, ":path")) {
        r->target = store(r, value);
    } else if (str_eqz(name, ":authority") || !str_starts(name, STR(":"))) {
        if (on_header(r, str_eqz(name, ":authority") ? STR("host") : name, value) < 0) {
            *why = WHY_MANY;
            return 431;
        }
    }
    *why = r->over ? WHY_BODY : NULL;
    return r->over ? 413 : 0;
}

int hs_reader_body(struct hs_reader *r, struct str piece, const char **why)
{
    if (on_body(r, piece) == 0)
        return 0;
    *why = WHY_BODY;
    return 413;
}

bool hs_reader_expects(const struct hs_reader *r)
{
    return r->expects;
}

size_t hs_reader_body_n(const struct hs_reader *r)
{
    return r->body.n;
}

bool hs_reader_wants_continue(struct hs_reader *r)
{
    bool due = r->continue_due;
    r->continue_due = false;
    return due;
}

/* The origin form of a target: an absolute one loses scheme and host (RFC 9112, 3.2.2). */
static struct str origin_form(struct str target)
{
    ptrdiff_t at = str_find(target, STR("://"));
    if (at < 0 || str_starts(target, STR("/")))
        return target;
    struct str rest = str_sub(target, (size_t)at + 3, target.n);
    ptrdiff_t slash = str_chr(rest, '/');
    return slash < 0 ? STR("/") : str_sub(rest, (size_t)slash, rest.n);
}

void hs_reader_request(struct hs_reader *r, struct hs_request *q)
{
    *q = (struct hs_request){.method = view(r, r->method), .target = view(r, r->target)};
    struct str t = origin_form(q->target);
    ptrdiff_t mark = str_chr(t, '?');
    q->path = mark < 0 ? t : str_sub(t, 0, (size_t)mark);
    q->query = mark < 0 ? STR("") : str_sub(t, (size_t)mark + 1, t.n);
    for (size_t i = 0; i < r->n_headers; i++)
        r->views[i] = (struct hs_header){view(r, r->names[i]), view(r, r->values[i])};
    q->headers = r->views;
    q->n_headers = r->n_headers;
    q->body = buf_str(&r->body);
    q->recv = r->recv;
    q->kernel = r->kernel;
    q->http2 = r->version2;
    q->http10 = !r->version2 && r->line_last == '0';
    q->keep_alive = r->version2 || h1_keep_alive(r->h1);
}

struct str hs_header(const struct hs_request *r, const char *name)
{
    struct str want = str_of(name);
    for (size_t i = 0; i < r->n_headers; i++)
        if (str_ieq(r->headers[i].name, want))
            return r->headers[i].value;
    return (struct str){NULL, 0};
}

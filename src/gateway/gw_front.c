#include "gateway/gw_front.h"

#include <time.h>

#include "base/clock.h"
#include "base/rng.h"
#include "base/xalloc.h"

#define HEAD_MAX (16 * 1024)
#define ID_MAX 128
#define OUT_MAX (4UL << 20) /* bytes waiting for a client, then its next request waits; calls pause before */
#define FIELDS_MAX 24
#define TOLD_AT_END "X-Completion-Tokens, X-Prompt-Tokens, X-Tokens-Per-Second, X-Cost-Per-1K-USD"

struct front_req {
    struct gw_front *f;
    struct front_req *next; /* spare */
    struct hs_conn *c;
    struct gw_call *call;
    struct buf head; /* written, and held until there is more to go with it */
    bool http2, http10, is_head, keep, chunked;
    bool bodiless; /* HTTP/2: the head said so */
    char id[ID_MAX + 1];
};

struct gw_front {
    struct hserver *server;
    struct gw_worker *worker;
    struct front_req *spare;
    size_t max_head;
    uint64_t seed, made;
    int64_t date_at;
    char date[80];
    char lower[2048]; /* names of HTTP/2's fields */
};

/* ---- heads */

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } known[] = {
        {200, "OK"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {424, "Failed Dependency"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (known[i].status == status)
            return known[i].text;
    return "Unknown";
}

/* IMF-fixdate (RFC 9110, 5.6.7); the names are English whatever the locale is. */
static struct str date_now(struct gw_front *f)
{
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t now = (time_t)(clock_real() / NS_PER_S);
    struct tm tm;
    if (now != (time_t)f->date_at) {
        gmtime_r(&now, &tm);
        snprintf(f->date, sizeof f->date, "%.3s, %02d %.3s %d %02d:%02d:%02d GMT", days + (ptrdiff_t)3 * tm.tm_wday,
                 tm.tm_mday, months + (ptrdiff_t)3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
        f->date_at = (int64_t)now;
    }
    return str_of(f->date);
}

static void head_http1(struct front_req *r, int status, const struct gw_field *f, size_t n, int64_t length)
{
    struct buf *b = &r->head;
    buf_addf(b, "HTTP/1.1 %d %s\r\nDate: " STR_FMT "\r\nServer: weir-gateway/" WEIR_VERSION "\r\n", status,
             reason(status), STR_ARG(date_now(r->f)));
    for (size_t i = 0; i < n; i++)
        buf_addf(b, STR_FMT ": " STR_FMT "\r\n", STR_ARG(f[i].name), STR_ARG(f[i].value));
    buf_addf(b, "x-request-id: %s\r\n", r->id);
    r->chunked = length < 0 && !r->http10;
    if (length >= 0)
        buf_addf(b, "Content-Length: %lld\r\n", (long long)length);
    else if (r->chunked)
        buf_addz(b, "Transfer-Encoding: chunked\r\nTrailer: " TOLD_AT_END "\r\n");
    else
        r->keep = false;
    if (!r->keep)
        buf_addz(b, "Connection: close\r\n");
    else if (r->http10)
        buf_addz(b, "Connection: keep-alive\r\n");
    buf_addz(b, "\r\n");
}

/* HTTP/2's names are in lower case (RFC 9113, 8.2.1). */
static size_t lower_fields(struct gw_front *front, const struct gw_field *f, size_t n, struct hs_header *out)
{
    size_t used = 0, k = 0;
    for (size_t i = 0; i < n && k < FIELDS_MAX && used + f[i].name.n <= sizeof front->lower; i++) {
        struct str name = {front->lower + used, f[i].name.n};
        for (size_t j = 0; j < name.n; j++) {
            char c = f[i].name.p[j];
            front->lower[used++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
        }
        out[k++] = (struct hs_header){name, f[i].value};
    }
    return k;
}

static void head_http2(struct front_req *r, int status, const struct gw_field *f, size_t n, int64_t length)
{
    struct hs_header h[FIELDS_MAX + 4];
    char text[24];
    size_t k = lower_fields(r->f, f, n, h);
    h[k++] = (struct hs_header){STR("date"), date_now(r->f)};
    h[k++] = (struct hs_header){STR("server"), STR("weir-gateway/" WEIR_VERSION)};
    h[k++] = (struct hs_header){STR("x-request-id"), str_of(r->id)};
    if (length >= 0) {
        char *end = fmt_u64(text, (uint64_t)length);
        h[k++] = (struct hs_header){STR("content-length"), {text, (size_t)(end - text)}};
    }
    r->bodiless = r->is_head || length == 0;
    hs2_head(r->c, status, h, k, r->bodiless);
}

/* ---- the sink of a call */

static void on_head(void *arg, int status, const struct gw_field *f, size_t n, int64_t length)
{
    struct front_req *r = arg;
    if (r->http2)
        head_http2(r, status, f, n, length);
    else
        head_http1(r, status, f, n, length);
}

static void on_data(void *arg, struct str piece)
{
    struct front_req *r = arg;
    char size[24];
    struct iovec v[4];
    int n = 0;
    if (r->is_head || piece.n == 0)
        return;
    if (r->http2) {
        hs2_data(r->c, piece, false);
        return;
    }
    if (r->head.n > 0)
        v[n++] = (struct iovec){r->head.p, r->head.n};
    if (r->chunked)
        v[n++] = (struct iovec){size, (size_t)snprintf(size, sizeof size, "%zx\r\n", piece.n)};
    v[n++] = (struct iovec){(void *)(uintptr_t)piece.p, piece.n};
    if (r->chunked)
        v[n++] = (struct iovec){(void *)(uintptr_t) "\r\n", 2};
    hs_write(r->c, v, n);
    buf_clear(&r->head);
}

static void end_http1(struct front_req *r, const struct gw_field *trailers, size_t n)
{
    struct buf *b = &r->head;
    if (r->chunked && !r->is_head) {
        buf_addz(b, "0\r\n");
        for (size_t i = 0; i < n; i++)
            buf_addf(b, STR_FMT ": " STR_FMT "\r\n", STR_ARG(trailers[i].name), STR_ARG(trailers[i].value));
        buf_addz(b, "\r\n");
    }
    if (b->n > 0)
        hs_puts(r->c, b->p, b->n);
    hs_end(r->c, r->keep);
}

static void release(struct front_req *r)
{
    r->call = NULL;
    r->c = NULL;
    r->next = r->f->spare;
    r->f->spare = r;
}

/* A stream that broke off has told so in its last event: framing ends as it should, so that the event arrives. */
static void on_end(void *arg, bool whole, const struct gw_field *trailers, size_t n)
{
    struct front_req *r = arg;
    struct hs_header h[FIELDS_MAX];
    (void)whole;
    hs_set_user(r->c, NULL);
    if (!r->http2)
        end_http1(r, trailers, n);
    else if (r->bodiless)
        hs_end(r->c, true);
    else
        hs2_end(r->c, h, lower_fields(r->f, trailers, n, h));
    release(r);
}

static size_t on_queued(void *arg)
{
    return hs_queued(((struct front_req *)arg)->c);
}

static const struct gw_sink_ops sink = {.head = on_head, .data = on_data, .end = on_end, .queued = on_queued};

/* ---- requests */

static bool good_id(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return s.n > 0 && s.n <= ID_MAX;
}

static struct front_req *begin(struct gw_front *f, struct hs_conn *c, const struct hs_request *q)
{
    struct front_req *r = f->spare;
    struct str id = hs_header(q, "x-request-id");
    if (r) {
        f->spare = r->next;
    } else {
        r = xcalloc(1, sizeof *r);
        r->f = f;
        buf_init(&r->head, HEAD_MAX);
    }
    buf_clear(&r->head);
    r->c = c;
    r->http2 = q->http2;
    r->http10 = q->http10;
    r->is_head = str_eq(q->method, STR("HEAD"));
    r->keep = q->keep_alive;
    r->chunked = r->bodiless = false;
    if (good_id(id))
        snprintf(r->id, sizeof r->id, STR_FMT, STR_ARG(id));
    else
        snprintf(r->id, sizeof r->id, "req-%016llx",
                 (unsigned long long)rng_mix(f->seed + ++f->made * 0x9e3779b97f4a7c15U));
    hs_set_user(c, r);
    return r;
}

static size_t head_size(const struct hs_request *q)
{
    size_t n = q->method.n + q->target.n;
    for (size_t i = 0; i < q->n_headers; i++)
        n += q->headers[i].name.n + q->headers[i].value.n + 4;
    return n;
}

static void on_request(void *arg, struct hs_conn *c, const struct hs_request *q)
{
    struct gw_front *f = arg;
    struct front_req *r = begin(f, c, q);
    if (head_size(q) > f->max_head) {
        struct gw_error e;
        gw_error_set(&e, GW_HEAD_TOO_BIG, STR(""));
        gw_refuse(f->worker, &e, q->recv, &sink, r);
        return;
    }
    const struct gw_request g = {.method = q->method,
                                 .path = q->path,
                                 .authorization = hs_header(q, "authorization"),
                                 .api_key = hs_header(q, "x-api-key"),
                                 .body = q->body,
                                 .arrived = q->recv};
    struct gw_call *call = gw_start(f->worker, &g, &sink, r);
    if (call)
        r->call = call; /* else it has ended */
}

static void on_refused(void *arg, struct hs_conn *c, const struct hs_request *q, int status, const char *why)
{
    struct gw_front *f = arg;
    struct front_req *r = begin(f, c, q);
    struct gw_error e = {.status = 400, .type = "invalid_request_error", .code = "bad_request"};
    if (status == 413 || status == 431)
        gw_error_set(&e, status == 413 ? GW_TOO_BIG : GW_HEAD_TOO_BIG, STR(""));
    else
        snprintf(e.text, sizeof e.text, "%s", why);
    gw_refuse(f->worker, &e, q->recv, &sink, r);
}

static void on_gone(void *arg, struct hs_conn *c, void *user)
{
    struct front_req *r = user;
    (void)arg, (void)c;
    if (!r)
        return;
    if (r->call)
        gw_gone(r->call);
    release(r);
}

static void on_drained(void *arg, struct hs_conn *c, void *user)
{
    struct front_req *r = user;
    (void)arg, (void)c;
    if (r && r->call)
        gw_resume(r->call);
}

static const struct hserver_ops server_ops = {
    .request = on_request, .refused = on_refused, .gone = on_gone, .drained = on_drained};

/* ---- */

struct gw_front *gw_front_new(struct gw_shared *s, struct loop *l, const struct gw_front_opts *o, struct err *e)
{
    struct gw_front *f = xcalloc(1, sizeof *f);
    f->seed = rng_os_seed();
    f->max_head = o->max_head;
    f->date_at = -1;
    const struct hserver_opts h = {.tls = o->tls,
                                   .reuse_port = o->reuse_port,
                                   .http = o->http,
                                   .max_body = o->max_body,
                                   .max_out = OUT_MAX,
                                   .keep_slow = true,
                                   .idle_ns = o->client_timeout,
                                   .ops = &server_ops,
                                   .arg = f};
    f->worker = gw_worker_new(s, l, e);
    f->server = f->worker ? hserver_new(l, &o->addr, &h, e) : NULL;
    if (!f->server)
        gw_front_free(&f);
    return f;
}

void gw_front_free(struct gw_front **fp)
{
    struct gw_front *f = *fp;
    if (!f)
        return;
    *fp = NULL;
    hserver_free(&f->server); /* on_gone for each call */
    gw_worker_free(&f->worker);
    while (f->spare) {
        struct front_req *r = f->spare;
        f->spare = r->next;
        buf_free(&r->head);
        free(r);
    }
    free(f);
}

void gw_front_addr(const struct gw_front *f, struct addr *out)
{
    hserver_addr(f->server, out);
}

void gw_front_drain(struct gw_front *f)
{
    gw_worker_drain(f->worker);
    hserver_stop(f->server);
}

void gw_front_stop(struct gw_front *f)
{
    gw_worker_stop(f->worker);
}

size_t gw_front_open(const struct gw_front *f)
{
    return hserver_get_stats(f->server).open_now;
}

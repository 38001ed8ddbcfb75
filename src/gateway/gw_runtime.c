#include "gateway/gw_runtime.h"

#include "base/base64.h"
#include "base/jout.h"
#include "base/xalloc.h"
#include "http/hclient.h"
#include "net/resolve.h"
#include "proto/h1.h"
#include "proto/url.h"

#define PATH "/2018-06-01/runtime/"

enum {
    EVENT_MAX = 64 << 20,
    OUT_MAX = 64 << 20,
    HEAD_MAX = 8192,
    ADDRS_MAX = 8,
    ID_MAX = 128,
    READ_SIZE = 4096,
    SHOWN = 300
};

enum asked { NOTHING, NEXT, ANSWER, FAILURE, INIT_FAILURE };

struct out { /* a streamed answer: its own connection */
    struct stream *stream;
    struct h1 *h1;
    struct buf queue;
    size_t done; /* of it */
    int status;
    bool up, last; /* last: the end of the answer is in the queue */
};

struct gw_runtime {
    struct loop *loop;
    const struct gw_runtime_ops *ops;
    void *arg;
    char *host; /* "127.0.0.1:9001", for Host */
    struct addr addrs[ADDRS_MAX];
    size_t n_addrs;
    struct hclient *client;
    struct hx x;
    enum asked asked;
    struct buf head, body, reply;
    struct iovec v[2];
    char id[ID_MAX + 1]; /* of the invocation */
    int64_t deadline_ms;
    struct out o;
    struct timer later; /* what was found out inside a call is told from the loop: */
    const char *found;
    char why[SHOWN + 200];
};

/* ---- whole exchanges */

static void tell_broken(struct gw_runtime *r, const char *why)
{
    snprintf(r->why, sizeof r->why, "the Lambda runtime API at %.100s: %.*s", r->host, SHOWN, why);
    r->ops->broken(r->arg, r->why);
}

static int on_header(struct hx *x, struct str name, struct str value)
{
    struct gw_runtime *r = CONTAINER_OF(x, struct gw_runtime, x);
    if (r->asked != NEXT)
        return 0;
    if (str_ieq(name, STR("lambda-runtime-aws-request-id")) && value.n <= ID_MAX)
        snprintf(r->id, sizeof r->id, STR_FMT, STR_ARG(value));
    else if (str_ieq(name, STR("lambda-runtime-deadline-ms")) && parse_i64(value, &r->deadline_ms) < 0)
        r->deadline_ms = 0;
    return 0;
}

static int on_body(struct hx *x, struct str piece, const struct rx *rx)
{
    struct gw_runtime *r = CONTAINER_OF(x, struct gw_runtime, x);
    (void)rx;
    buf_adds(&r->reply, piece);
    return 0;
}

static bool id_ok(const char *id)
{
    for (const char *p = id; *p; p++)
        if (!((*p >= '0' && *p <= '9') || ((*p | 32) >= 'a' && (*p | 32) <= 'z') || *p == '-' || *p == '_'))
            return false;
    return *id != 0;
}

static void take_next(struct gw_runtime *r)
{
    if (r->x.status != 200 || !id_ok(r->id) || r->reply.failed) {
        char text[100];
        snprintf(text, sizeof text,
                 r->reply.failed      ? "an event of more than 64 MiB"
                 : r->x.status != 200 ? "status %d to the question for the next invocation"
                                      : "an invocation without an id",
                 r->x.status);
        tell_broken(r, text);
        return;
    }
    const struct gw_invocation i = {buf_str(&r->reply), str_of(r->id), r->deadline_ms};
    r->ops->invoked(r->arg, &i);
}

/* An answer that is too large is refused (413): then the invocation has failed, and Lambda must be told so. */
static void take_reported(struct gw_runtime *r, enum asked asked)
{
    if (r->x.status >= 200 && r->x.status < 300) {
        r->ops->reported(r->arg);
    } else if (asked == ANSWER) {
        char text[SHOWN + 64];
        snprintf(text, sizeof text, "the answer was refused with status %d: %.*s", r->x.status,
                 (int)MIN(r->reply.n, (size_t)SHOWN), r->reply.p ? r->reply.p : "");
        gw_runtime_error(r, r->x.status == 413 ? "Function.ResponseSizeTooLarge" : "Gateway.AnswerRefused", text);
    } else {
        char text[64];
        snprintf(text, sizeof text, "status %d to the report of a failure", r->x.status);
        tell_broken(r, text);
    }
}

static void on_done(struct hx *x)
{
    struct gw_runtime *r = CONTAINER_OF(x, struct gw_runtime, x);
    enum asked asked = r->asked;
    r->asked = NOTHING;
    if (x->result != HX_OK)
        tell_broken(r, x->detail[0] ? x->detail : "the connection was closed");
    else if (asked == NEXT)
        take_next(r);
    else
        take_reported(r, asked);
}

static const struct hx_ops exchange_ops = {.header = on_header, .body = on_body, .done = on_done};

static void put_agent(struct gw_runtime *r, struct buf *head)
{
    buf_addf(head, "Host: %s\r\nUser-Agent: weir-gateway/" WEIR_VERSION "\r\n", r->host);
}

static void ask(struct gw_runtime *r, enum asked asked)
{
    r->asked = asked;
    buf_clear(&r->reply);
    r->v[0] = (struct iovec){r->head.p, r->head.n};
    r->v[1] = (struct iovec){r->body.p, r->body.n};
    memset(&r->x, 0, sizeof r->x);
    r->x.ops = &exchange_ops;
    r->x.out = r->v;
    r->x.n_out = asked == NEXT ? 1 : 2;
    hx_start(r->client, &r->x);
}

static void post(struct gw_runtime *r, enum asked asked, const char *error_type)
{
    char path[ID_MAX + 64];
    if (asked == INIT_FAILURE)
        snprintf(path, sizeof path, PATH "init/error");
    else
        snprintf(path, sizeof path, PATH "invocation/%s/%s", r->id, asked == ANSWER ? "response" : "error");
    buf_clear(&r->head);
    buf_addf(&r->head, "POST %s HTTP/1.1\r\n", path);
    put_agent(r, &r->head);
    if (error_type)
        buf_addf(&r->head, "Lambda-Runtime-Function-Error-Type: %s\r\n", error_type);
    buf_addf(&r->head, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n", r->body.n);
    ask(r, asked);
}

void gw_runtime_next(struct gw_runtime *r)
{
    r->id[0] = 0;
    r->deadline_ms = 0;
    buf_clear(&r->head);
    buf_addz(&r->head, "GET " PATH "invocation/next HTTP/1.1\r\n");
    put_agent(r, &r->head);
    buf_addz(&r->head, "\r\n");
    ask(r, NEXT);
}

void gw_runtime_answer(struct gw_runtime *r, struct str body)
{
    buf_clear(&r->body);
    buf_adds(&r->body, body);
    post(r, ANSWER, NULL);
}

static void put_error(struct buf *out, const char *type, const char *text)
{
    struct jout j;
    jo_init(&j, out, 0);
    jo_obj(&j);
    jo_kstrz(&j, "errorMessage", text);
    jo_kstrz(&j, "errorType", type);
    jo_key(&j, "stackTrace");
    jo_arr(&j);
    jo_end_arr(&j);
    jo_end_obj(&j);
}

static void report(struct gw_runtime *r, enum asked asked, const char *type, const char *text)
{
    struct buf b = BUF_INIT(64 << 10);
    put_error(&b, type, text); /* text may lie in what is written anew below */
    buf_clear(&r->body);
    buf_adds(&r->body, buf_str(&b));
    buf_free(&b);
    post(r, asked, type);
}

void gw_runtime_error(struct gw_runtime *r, const char *type, const char *text)
{
    report(r, FAILURE, type, text);
}

void gw_runtime_init_error(struct gw_runtime *r, const char *type, const char *text)
{
    report(r, INIT_FAILURE, type, text);
}

/* ---- a streamed answer */

static void out_close(struct gw_runtime *r)
{
    if (r->o.stream)
        stream_close(&r->o.stream);
    buf_clear(&r->o.queue);
    r->o.done = 0;
    r->o.up = r->o.last = false;
}

static void out_broken(struct gw_runtime *r, const char *why)
{
    out_close(r);
    tell_broken(r, why);
}

/* What goes now. */
static void out_write(struct gw_runtime *r)
{
    struct out *o = &r->o;
    while (o->up && o->queue.n > o->done) {
        struct iovec v = {o->queue.p + o->done, o->queue.n - o->done};
        ssize_t n = stream_writev(o->stream, &v, 1);
        if (n == STREAM_AGAIN)
            break;
        /* Of a connection that is lost the read tells, which may find the reason besides. */
        o->done = n < 0 ? o->queue.n : o->done + (size_t)n;
    }
    if (o->done == o->queue.n) {
        buf_clear(&o->queue);
        o->done = 0;
    }
    if (o->up)
        stream_want(o->stream, true, o->queue.n > 0);
}

static int on_out_start(void *arg, struct str method, struct str target, int status)
{
    struct gw_runtime *r = arg;
    (void)method, (void)target;
    r->o.status = status;
    return 0;
}

static int on_out_body(void *arg, struct str piece)
{
    struct gw_runtime *r = arg;
    buf_adds(&r->reply, str_sub(piece, 0, r->reply.n < SHOWN ? SHOWN - r->reply.n : 0));
    return 0;
}

static int on_out_plain(void *arg)
{
    (void)arg;
    return 0;
}

static int on_out_field(void *arg, struct str name, struct str value)
{
    (void)arg, (void)name, (void)value;
    return 0;
}

static const struct h1_cb out_calls = {.start = on_out_start,
                                       .header = on_out_field,
                                       .headers_done = on_out_plain,
                                       .body = on_out_body,
                                       .done = on_out_plain,
                                       .trailer = on_out_field};

static void out_answered(struct gw_runtime *r)
{
    bool fine = r->o.status >= 200 && r->o.status < 300 && r->o.last;
    char text[SHOWN + 64];
    snprintf(text, sizeof text, "status %d to a streamed answer: %.*s", r->o.status, (int)r->reply.n,
             r->reply.p ? r->reply.p : "");
    out_close(r);
    if (fine)
        r->ops->reported(r->arg);
    else
        tell_broken(r, text);
}

static void out_read(struct gw_runtime *r)
{
    char piece[READ_SIZE];
    struct rx rx;
    for (;;) {
        ssize_t n = stream_read(r->o.stream, piece, sizeof piece, &rx);
        size_t used;
        if (n == STREAM_AGAIN)
            return;
        enum h1_rc rc = n > 0 ? h1_feed(r->o.h1, piece, (size_t)n, &used) : h1_eof(r->o.h1);
        if (rc == H1_DONE) {
            out_answered(r);
            return;
        }
        if (n <= 0 || rc < 0) {
            out_broken(r, n <= 0 ? "the connection was closed within a streamed answer" : h1_reason(r->o.h1));
            return;
        }
    }
}

static void on_stream(void *arg, struct stream *s, unsigned what)
{
    struct gw_runtime *r = arg;
    if (what & STREAM_FAILED) {
        char why[SHOWN];
        snprintf(why, sizeof why, "%s", stream_error(s));
        out_broken(r, why);
        return;
    }
    if (what & STREAM_UP)
        r->o.up = true;
    bool waited = r->o.queue.n > 0;
    if (what & (STREAM_UP | STREAM_WRITABLE))
        out_write(r);
    if (waited && r->o.queue.n == 0 && !r->o.last)
        r->ops->drained(r->arg);
    if (r->o.stream == s && (what & STREAM_READABLE))
        out_read(r);
}

static void on_later(struct timer *t)
{
    struct gw_runtime *r = CONTAINER_OF(t, struct gw_runtime, later);
    out_broken(r, r->found);
}

static void tell_later(struct gw_runtime *r, const char *found)
{
    r->found = found;
    loop_timer_set(r->loop, &r->later, 0);
}

/* A ceiling that back-pressure keeps away: rather broken off than with a hole in it. */
static void look_at_queue(struct gw_runtime *r)
{
    if (r->o.queue.failed)
        tell_later(r, "more of a streamed answer waits than is held");
}

void gw_runtime_begin(struct gw_runtime *r, const char *content_type)
{
    const struct dial d = {.addrs = r->addrs, .n_addrs = r->n_addrs, .no_stamps = true};
    enum stream_rc rc;
    h1_reset(r->o.h1);
    buf_clear(&r->reply);
    r->o.status = 0;
    buf_addf(&r->o.queue, "POST " PATH "invocation/%s/response HTTP/1.1\r\n", r->id);
    put_agent(r, &r->o.queue);
    buf_addf(&r->o.queue,
             "Lambda-Runtime-Function-Response-Mode: streaming\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n"
             "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n",
             content_type);
    r->o.stream = stream_dial(r->loop, &d, on_stream, r, &rc);
    if (!r->o.stream)
        tell_later(r, "there is no socket for a streamed answer");
}

void gw_runtime_piece(struct gw_runtime *r, struct str piece)
{
    if (piece.n == 0)
        return;
    bool waiting = r->o.queue.n > 0;
    buf_addf(&r->o.queue, "%zx\r\n", piece.n);
    buf_adds(&r->o.queue, piece);
    buf_addz(&r->o.queue, "\r\n");
    look_at_queue(r);
    if (!waiting)
        out_write(r);
}

void gw_runtime_finish(struct gw_runtime *r, const char *error_type, const char *error_text)
{
    struct buf *q = &r->o.queue;
    buf_addz(q, "0\r\n");
    if (error_type) {
        struct buf b = BUF_INIT(64 << 10);
        put_error(&b, error_type, error_text);
        buf_addf(q, "Lambda-Runtime-Function-Error-Type: %s\r\nLambda-Runtime-Function-Error-Body: ", error_type);
        base64_add(q, b.p, b.n);
        buf_addz(q, "\r\n");
        buf_free(&b);
    }
    buf_addz(q, "\r\n");
    r->o.last = true;
    look_at_queue(r);
    out_write(r);
}

size_t gw_runtime_queued(const struct gw_runtime *r)
{
    return r->o.queue.n - r->o.done;
}

/* ---- */

static int find_api(struct gw_runtime *r, const char *api, struct err *e)
{
    struct url u;
    if (url_parse(&u, str_of(api), e) < 0)
        return err_prefix(e, "AWS_LAMBDA_RUNTIME_API: ");
    if (u.tls || u.userinfo.n > 0 || u.has_query || u.path.n > 1)
        return err_set(e, ERR_USAGE, "AWS_LAMBDA_RUNTIME_API: must be HOST:PORT");
    char *host = xmemdup0(u.host.p, u.host.n);
    int n = resolve_host(host, u.port, r->addrs, ADDRS_MAX, e);
    r->n_addrs = n > 0 ? (size_t)n : 0;
    r->host = xasprintf(u.host_is_v6 ? "[%s]:%u" : "%s:%u", host, u.port);
    free(host);
    return n > 0 ? 0 : err_prefix(e, "AWS_LAMBDA_RUNTIME_API: ");
}

struct gw_runtime *gw_runtime_new(struct loop *l, const char *api, const struct gw_runtime_ops *ops, void *arg,
                                  struct err *e)
{
    struct gw_runtime *r = xcalloc(1, sizeof *r);
    r->loop = l;
    r->ops = ops;
    r->arg = arg;
    r->later.fire = on_later;
    buf_init(&r->head, HEAD_MAX);
    buf_init(&r->body, OUT_MAX);
    buf_init(&r->reply, EVENT_MAX);
    buf_init(&r->o.queue, OUT_MAX);
    r->o.h1 = h1_new(H1_RESPONSE, &out_calls, r);
    if (find_api(r, api, e) < 0) {
        gw_runtime_free(&r);
        return NULL;
    }
    const struct hclient_opts o = {.addrs = r->addrs, .n_addrs = r->n_addrs, .http = HCLIENT_11, .no_stamps = true};
    r->client = hclient_new(l, &o);
    return r;
}

void gw_runtime_free(struct gw_runtime **rp)
{
    struct gw_runtime *r = *rp;
    if (!r)
        return;
    *rp = NULL;
    if (r->asked != NOTHING)
        hx_cancel(&r->x);
    out_close(r);
    loop_timer_stop(r->loop, &r->later);
    hclient_free(&r->client);
    h1_free(&r->o.h1);
    buf_free(&r->head);
    buf_free(&r->body);
    buf_free(&r->reply);
    buf_free(&r->o.queue);
    free(r->host);
    free(r);
}

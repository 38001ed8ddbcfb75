#include "engine/call.h"

#include "auth/auth_key.h"
#include "base/xalloc.h"
#include "engine/redirect.h"
#include "proto/coding.h"

enum { MAX_UNPACKED = 64 << 20 };

struct call_state {
    struct hx x;
    struct call *c;
    struct loop *loop;
    struct timer deadline;
    struct coding coding;
    char *unpack_buf;
    bool over;
};

static int on_status(struct hx *x, int status)
{
    struct call *c = CONTAINER_OF(x, struct call_state, x)->c;
    c->status = status;
    c->has_wire = hx_get_wire(x, &c->wire);
    return 0;
}

static int on_header(struct hx *x, struct str name, struct str value)
{
    struct call_state *s = CONTAINER_OF(x, struct call_state, x);
    struct call *c = s->c;
    if (str_ieq(name, STR("content-type")))
        snprintf(c->type, sizeof c->type, "%.*s", STR_ARG(value));
    int64_t seconds;
    if (str_ieq(name, STR("retry-after")) && parse_i64(value, &seconds) == 0 && seconds >= 0 && seconds < 86400)
        c->retry_after = seconds * NS_PER_S;
    if (str_ieq(name, STR("content-encoding")))
        coding_header(&s->coding, value);
    if (str_ieq(name, STR("location")))
        snprintf(c->location, sizeof c->location, "%.*s", STR_ARG(value));
    buf_addf(&c->headers, "%.*s: ", STR_ARG(name));
    if (str_ieq(name, STR("location")))
        redirect_location(&c->headers, value);
    else
        buf_adds(&c->headers, auth_is_secret_header(name) ? STR("[redacted]") : value);
    buf_addc(&c->headers, '\n');
    return 0;
}

static void keep_piece(struct call *c, int64_t at)
{
    if (!c->keep_pieces || c->n_pieces == CALL_MAX_PIECES)
        return;
    if (c->n_pieces == c->cap_pieces) {
        c->cap_pieces = c->cap_pieces ? 2 * c->cap_pieces : 64;
        c->piece = xreallocarray(c->piece, c->cap_pieces, sizeof *c->piece);
    }
    c->piece[c->n_pieces++] = (struct call_piece){c->reply.n, at};
}

static void take_body(struct call *c, struct str piece)
{
    size_t room = c->reply.max - c->reply.n;
    buf_add(&c->reply, piece.p, MIN(piece.n, room)); /* the rest is read and dropped */
}

static int on_body(struct hx *x, struct str piece, const struct rx *rx)
{
    struct call_state *s = CONTAINER_OF(x, struct call_state, x);
    struct str out;
    if (s->coding.kind == UNPACK_NONE)
        take_body(s->c, piece);
    else
        while (coding_step(&s->coding, &piece, &out) == UNPACK_PIECE)
            take_body(s->c, out);
    keep_piece(s->c, rx->stamp);
    return 0;
}

static void on_done(struct hx *x)
{
    struct call_state *s = CONTAINER_OF(x, struct call_state, x);
    s->over = true;
    loop_stop(s->loop);
}

static void on_deadline(struct timer *t)
{
    struct call_state *s = CONTAINER_OF(t, struct call_state, deadline);
    s->c->timed_out = true;
    hx_cancel(&s->x);
    s->over = true;
    loop_stop(s->loop);
}

static const struct hx_ops call_ops = {
    .status = on_status,
    .header = on_header,
    .body = on_body,
    .done = on_done,
};

static int explain_connect(const char *where, enum stream_rc rc, struct str detail, struct err *e)
{
    if (rc == STREAM_REFUSED)
        return err_set(e, ERR_NET, "%s: connection refused; is the server running and listening on this port?", where);
    if (rc == STREAM_PROXY)
        return err_set(e, ERR_NET, "%s: " STR_FMT "; %s", where, STR_ARG(detail),
                       str_find(detail, STR(" 407")) >= 0
                           ? "give its credentials in its URL, http://user:password@host:port (see --proxy)"
                           : "may it lead there? (--proxy none goes without it)");
    if (rc != STREAM_TLS)
        return err_set(e, ERR_NET, "%s: cannot connect: " STR_FMT "; is the address right, and is the server up?",
                       where, STR_ARG(detail));
    const char *remedy = "does this port speak TLS, and does the server ask for a client certificate (--cert)?";
    if (str_find(detail, STR("does not speak TLS")) >= 0)
        remedy = "if it speaks plain HTTP, write http://";
    else if (str_find(detail, STR("ALPN")) >= 0 || str_find(detail, STR("no application protocol")) >= 0)
        remedy = "take what it has by --http auto, or --http 1.1";
    else if (str_find(detail, STR("mismatch")) >= 0)
        remedy = "use the name that the certificate was made for (see --connect-to), or verify nothing (-k)";
    else if (str_find(detail, STR("certificate verify failed")) >= 0)
        remedy = "name the authority to trust by --cacert, or verify nothing (-k)";
    return err_set(e, ERR_TLS, "%s: " STR_FMT "; %s", where, STR_ARG(detail), remedy);
}

static int explain(const struct target *t, const struct call *c, const struct hx *x, struct err *e)
{
    char where[400], d[32];
    target_where(t, where, sizeof where);
    const char *detail = x->detail[0] ? x->detail : "no further detail";
    if (c->timed_out)
        return err_set(e, ERR_NET, "%s: no answer within %s; is the server up, and is this its address?", where,
                       fmt_duration(d, c->timeout));
    switch (x->result) {
    case HX_CONNECT:
        return explain_connect(where, x->rc, str_of(detail), e);
    case HX_BAD_FRAME:
        if (x->http == 2)
            return err_set(e, ERR_PROTO, "%s: the answer is not HTTP/2 (%s); does this port speak it%s?", where, detail,
                           t->tls ? "" : " without TLS, or is --http 1.1 what it takes");
        return err_set(e, ERR_PROTO, "%s: the answer is not HTTP (%s); is this the API's port%s?", where, detail,
                       t->tls ? "" : ", and not one for https://");
    case HX_TRUNCATED:
        return err_set(e, ERR_PROTO, "%s: the connection was closed within the response; the server's log may say why",
                       where);
    case HX_TOOBIG:
        return err_set(e, ERR_PROTO, "%s: the response's headers exceed 64 KiB; is this the API's port?", where);
    default:
        return err_set(e, ERR_NET, "%s: %s; is this the API's port%s?", where,
                       x->detail[0] ? x->detail : "the connection was closed before any response",
                       t->tls ? "" : ", and not one for https://");
    }
}

static void run(const struct target *t, struct call_state *s, struct tls_ctx *tls, struct str head)
{
    struct hclient_opts o = {.addrs = t->addrs,
                             .n_addrs = (size_t)t->n_addrs,
                             .binds = t->binds,
                             .n_binds = t->n_binds,
                             .tls = tls,
                             .sni = t->host,
                             .tunnel = t->tunnel,
                             .http = t->http};
    struct hclient *client = hclient_new(s->loop, &o);
    struct iovec out[2] = {{(void *)(uintptr_t)head.p, head.n}, {(void *)(uintptr_t)s->c->body.p, s->c->body.n}};
    s->x.ops = &call_ops;
    s->x.out = out;
    s->x.n_out = s->c->body.n ? 2 : 1;
    s->deadline.fire = on_deadline;
    s->c->at.start = clock_mono();
    loop_timer_set(s->loop, &s->deadline, s->c->at.start + s->c->timeout);
    hx_start(client, &s->x);
    while (!s->over)
        loop_run(s->loop);
    loop_timer_stop(s->loop, &s->deadline);
    hclient_free(&client);
}

static void add_signature(const struct target *t, const struct call *c, struct buf *head)
{
    struct sigv4 *v = signer_sigv4(t->signer, t->region);
    struct buf lines = BUF_INIT(256u << 10);
    struct iovec body = {(void *)(uintptr_t)c->body.p, c->body.n};
    struct signing g;
    char payload[65];
    sigv4_payload(v, &body, 1, payload);
    signer_sign(t->signer, v, buf_str(head), payload, &lines, &g);
    buf_adds(head, buf_str(&lines));
    buf_free(&lines);
    sigv4_free(&v);
}

void call_head(const struct target *t, const struct call *c, struct buf *out)
{
    if (target_has_own_head(c->own))
        target_head_of(t, c->own, c->body.n > 0, out);
    else
        target_head(t, c->method, c->path, c->body.n > 0, out);
    if (t->signer)
        add_signature(t, c, out);
    if (c->body.n)
        buf_addf(out, "Content-Length: %zu\r\n", c->body.n);
    buf_addz(out, "\r\n");
}

static void take_facts(struct call *c, struct call_state *s)
{
    const struct hx *x = &s->x;
    coding_whole(&s->coding);
    snprintf(c->packed, sizeof c->packed, "%s", coding_name(&s->coding).p);
    snprintf(c->unread, sizeof c->unread, "%s", s->coding.why);
    c->result = x->result;
    c->rc = x->rc;
    c->http = x->http;
    c->bytes_in = x->bytes_in;
    c->bytes_out = x->bytes_out;
    c->at.conn_start = x->conn_start;
    c->at.conn_end = x->conn_end;
    c->at.tls_end = x->tls_end;
    c->at.sent_first = x->sent_first;
    c->at.sent_last = x->sent_last;
    c->at.first_byte = x->first_byte;
    c->at.headers = x->headers_at;
    c->at.end = x->end;
}

static int ask(const struct target *t, struct call *c, struct err *e)
{
    struct call_state s = {.c = c};
    c->status = 0;
    c->type[0] = 0;
    c->has_wire = false;
    c->n_pieces = 0;
    memset(&c->at, 0, sizeof c->at);
    c->timed_out = false;
    c->retry_after = -1;
    c->location[0] = 0;
    c->packed[0] = c->unread[0] = 0;
    coding_init(&s.coding, &s.unpack_buf, MAX_UNPACKED);
    buf_init(&c->headers, 65536);
    buf_init(&c->reply, c->max_reply ? c->max_reply : 1u << 20);
    struct tls_ctx *tls = NULL;
    if (t->tls && !(tls = tls_client_new(&t->tls_opts, e)))
        return -1;
    s.loop = loop_new(NULL, e);
    if (!s.loop) {
        tls_free(&tls);
        return -1;
    }
    struct buf head = BUF_INIT(256u << 10);
    call_head(t, c, &head);
    run(t, &s, tls, buf_str(&head));
    target_redact(t, c->reply.p, c->reply.n);
    target_redact(t, c->headers.p, c->headers.n);
    target_redact(t, c->location, strlen(c->location));
    take_facts(c, &s);
    coding_free(&s.coding);
    free(s.unpack_buf);
    buf_free(&head);
    loop_free(&s.loop);
    tls_free(&tls);
    if (c->timed_out || s.x.result != HX_OK)
        return explain(t, c, &s.x, e);
    return 0;
}

/* Who is refused for the clock is asked again by the server's. */
int call_do(const struct target *t, struct call *c, struct err *e)
{
    int rc = ask(t, c, e);
    if (rc == 0 && t->signer && signer_refused(t->signer, c->status, buf_str(&c->headers), buf_str(&c->reply))) {
        buf_free(&c->headers);
        buf_free(&c->reply);
        rc = ask(t, c, e);
    }
    return rc;
}

void call_free(struct call *c)
{
    buf_free(&c->headers);
    buf_free(&c->reply);
    free(c->piece);
    c->piece = NULL;
    c->n_pieces = c->cap_pieces = 0;
}

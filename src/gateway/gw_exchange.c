/* gw_exchange.c - a call's upstream exchange: signed, sent, watched; what comes of it is fed to the answer. */
#include "gateway/gw_private.h"

#define RETRY_STATUSES(s) ((s) == 400 || (s) == 403)

static bool is_2xx(const struct gw_call *c)
{
    return c->x.status >= 200 && c->x.status < 300;
}

/* ---- what the upstream says */

static int stop(struct gw_call *c, enum gw_fault fault, struct str detail)
{
    gw_error_set(&c->error, fault, detail);
    return 1;
}

static int answer_failed(struct gw_call *c, enum gw_answer_rc rc)
{
    struct str why = buf_str(&c->answer.why);
    switch (rc) {
    case GW_ANSWER_OK:
        return 0;
    case GW_ANSWER_E_MODEL:
        return stop(c, GW_MODEL_STREAM, why);
    case GW_ANSWER_E_TOOBIG:
        return stop(c, GW_BROKEN, why.n > 0 ? why : STR("it is longer than the gateway takes"));
    case GW_ANSWER_E_FRAME:
        break;
    }
    return stop(c, GW_BROKEN, why);
}

static int on_header(struct hx *x, struct str name, struct str value)
{
    struct gw_call *c = CONTAINER_OF(x, struct gw_call, x);
    if (is_2xx(c))
        gw_answer_header(&c->answer, name, value);
    else if (!c->headers.failed)
        buf_addf(&c->headers, STR_FMT ": " STR_FMT "\n", STR_ARG(name), STR_ARG(value));
    return 0;
}

static int on_headers_done(struct hx *x)
{
    struct gw_call *c = CONTAINER_OF(x, struct gw_call, x);
    bool first = c->heard == 0;
    c->heard = loop_now(c->w->loop);
    if (first)
        gw_exchange_arm(c);
    if (is_2xx(c))
        gw_answer_begin(&c->answer);
    return 0;
}

static int on_body(struct hx *x, struct str piece, const struct rx *rx)
{
    struct gw_call *c = CONTAINER_OF(x, struct gw_call, x);
    (void)rx;
    c->heard = loop_now(c->w->loop);
    if (!is_2xx(c)) {
        size_t room = c->refused.max - c->refused.n;
        buf_adds(&c->refused, str_sub(piece, 0, room));
        return 0;
    }
    int rc = answer_failed(c, gw_answer_feed(&c->answer, piece, &c->pending));
    return rc == 0 && c->pending.failed ? stop(c, GW_BROKEN, STR("a read of it is longer than the gateway takes")) : rc;
}

static void on_read_end(struct hx *x, const struct rx *rx, bool followed)
{
    struct gw_call *c = CONTAINER_OF(x, struct gw_call, x);
    (void)rx, (void)followed;
    if (c->pending.n > 0)
        gw_call_deliver(c);
}

/* ---- its end */

static struct str header_value(struct str lines, struct str name)
{
    struct str_split it = {.rest = lines, .sep = '\n'};
    struct str line;
    while (str_next(&it, &line)) {
        if (line.n > name.n && line.p[name.n] == ':' && str_istarts(line, name))
            return str_trim(str_sub(line, name.n + 1, line.n));
    }
    return STR("");
}

/* AWS does not take the signature for the sake of the clock alone: once more, by the server's. */
static bool sign_again(struct gw_call *c)
{
    struct signer *s = c->w->s->signer;
    if (!s || c->retried || !RETRY_STATUSES(c->x.status) ||
        !signer_refused(s, c->x.status, buf_str(&c->headers), buf_str(&c->refused)))
        return false;
    c->retried = true;
    return true;
}

static void refused(struct gw_call *c)
{
    struct gw_error e;
    if (c->w->s->signer && c->refused.p)
        signer_redact(c->w->s->signer, c->refused.p, c->refused.n);
    gw_error_of_upstream(&e, c->x.status, header_value(buf_str(&c->headers), STR("x-amzn-errortype")),
                         buf_str(&c->refused));
    gw_call_fail(c, &e);
}

static void broken(struct gw_call *c)
{
    struct gw_error e;
    gw_error_set(&e, c->x.result == HX_CONNECT ? GW_CONNECT : GW_BROKEN, str_of(c->x.detail));
    gw_call_fail(c, &e);
}

static void on_done(struct hx *x)
{
    struct gw_call *c = CONTAINER_OF(x, struct gw_call, x);
    if (c->error.status != 0) { /* stopped from inside */
        gw_call_fail(c, &c->error);
    } else if (x->result == HX_OK && is_2xx(c)) {
        if (answer_failed(c, gw_answer_end(&c->answer, &c->pending)) != 0)
            gw_call_fail(c, &c->error);
        else
            gw_call_whole(c);
    } else if (x->result == HX_OK && sign_again(c)) {
        gw_exchange_start(c);
    } else if (x->status >= 300 && x->result != HX_CONNECT) {
        refused(c);
    } else {
        broken(c);
    }
}

static const struct hx_ops exchange_ops = {
    .header = on_header, .headers_done = on_headers_done, .body = on_body, .read_end = on_read_end, .done = on_done};

/* ---- deadlines: looked at when the earliest that there was is over */

static int64_t next_due(const struct gw_call *c)
{
    const struct gateway_config *g = c->w->s->c;
    int64_t due = c->due > 0 ? c->due : INT64_MAX;
    if (c->paused)
        return due;
    if (c->heard > 0)
        return g->idle_timeout > 0 ? MIN(due, c->heard + g->idle_timeout) : due;
    if (g->first_timeout > 0)
        due = MIN(due, c->began + g->first_timeout);
    if (c->x.sent_first == 0 && g->connect_timeout > 0)
        due = MIN(due, c->began + g->connect_timeout);
    return due;
}

void gw_exchange_arm(struct gw_call *c)
{
    int64_t due = next_due(c);
    if (due == INT64_MAX)
        loop_timer_stop(c->w->loop, &c->timer);
    else
        loop_timer_set(c->w->loop, &c->timer, due);
}

static void on_timer(struct timer *t)
{
    struct gw_call *c = CONTAINER_OF(t, struct gw_call, timer);
    int64_t now = clock_mono(), due = next_due(c);
    if (due > now) {
        gw_exchange_arm(c);
        return;
    }
    struct gw_error e;
    const char *what = c->due > 0 && now >= c->due ? "the answer took longer than a request may"
                       : c->heard > 0              ? "the answer stood still for too long"
                       : c->x.sent_first == 0      ? "no connection came up"
                                                   : "the answer did not begin";
    gw_exchange_stop(c);
    gw_error_set(&e, GW_TIMEOUT, str_of(what));
    gw_call_fail(c, &e);
}

/* ---- its beginning */

void gw_exchange_init(struct gw_call *c)
{
    c->timer.fire = on_timer;
    c->x.ops = &exchange_ops;
    buf_init(&c->lines, 1024);
    buf_init(&c->signature, GW_HEADERS_MAX);
    buf_init(&c->headers, GW_HEADERS_MAX);
    buf_init(&c->refused, GW_REFUSED_MAX);
    buf_init(&c->pending, 2UL * GW_WHOLE_MAX);
    gw_answer_init(&c->answer, GW_EVENT_MAX, GW_WHOLE_MAX);
}

static void sign(struct gw_call *c, struct str head)
{
    struct gw_worker *w = c->w;
    struct iovec body = {c->body.p, c->body.n};
    if (c->payload[0] == 0)
        sigv4_payload(w->sigv4, &body, 1, c->payload);
    buf_clear(&c->signature);
    signer_sign(w->s->signer, w->sigv4, head, c->payload, &c->signature, &c->signing);
}

void gw_exchange_start(struct gw_call *c)
{
    struct gw_worker *w = c->w;
    const struct buf *head = &w->s->up.head[c->asked.stream];
    gw_answer_reset(&c->answer, &c->asked);
    buf_clear(&c->headers);
    buf_clear(&c->refused);
    buf_clear(&c->pending);
    buf_clear(&c->lines);
    c->error.status = 0;
    c->heard = 0;
    c->began = clock_mono();
    if (w->sigv4)
        sign(c, buf_str(head));
    buf_addf(&c->lines, "Content-Length: %zu\r\n\r\n", c->body.n);
    c->out[0] = (struct iovec){head->p, head->n};
    c->out[1] = (struct iovec){c->signature.p, c->signature.n};
    c->out[2] = (struct iovec){c->lines.p, c->lines.n};
    c->out[3] = (struct iovec){c->body.p, c->body.n};
    c->x.out = c->out;
    c->x.n_out = 4;
    c->x.n_head = 3;
    hx_start(w->client, &c->x);
    gw_exchange_arm(c);
}

void gw_exchange_stop(struct gw_call *c)
{
    hx_cancel(&c->x);
    loop_timer_stop(c->w->loop, &c->timer);
}

/* h2exchange.c - the exchanges of one connection of HTTP/2: their list, their beginning, what the parser tells of them.
 * What ends one inside the parser is put aside (k->over) and told when the parser has returned. */
#include "http/hclient_private.h"

enum { MAX_TRIES = 3 };

/* ---- the list of exchanges */

void h2x_put(struct h2conn *k, struct hx *x)
{
    x->h2 = k;
    x->next = NULL;
    x->prev = k->last;
    *(k->last ? &k->last->next : &k->first) = x;
    k->last = x;
    k->n++;
}

static void take_off_unsent(struct h2conn *k, struct hx *x)
{
    for (struct hx **at = &k->unsent; *at; at = &(*at)->next_unsent) {
        if (*at == x) {
            *at = x->next_unsent;
            return;
        }
    }
}

void h2x_take_off(struct h2conn *k, struct hx *x)
{
    *(x->prev ? &x->prev->next : &k->first) = x->next;
    *(x->next ? &x->next->prev : &k->last) = x->prev;
    x->prev = x->next = NULL;
    k->n--;
    if (k->maker == x)
        k->maker = NULL;
    if (x->stream)
        k->begun--;
    if (x->http && x->sent_last == 0)
        take_off_unsent(k, x);
    x->stream = NULL;
}

/* It has ended; it is told, or begun again, by tell_all. */
void h2x_put_aside(struct h2conn *k, struct hx *x, enum hx_result result, enum stream_rc rc, bool again)
{
    h2x_take_off(k, x);
    x->result = result;
    x->rc = rc;
    /* A server that recycles its connections may leave it out more than once. */
    x->again = again && !x->no_retry && x->tries < (k->draining ? MAX_TRIES : 1);
    x->over = true;
    x->end = k->reading ? k->c->rx.stamp : clock_mono();
    *(k->over ? &k->over_last->next : &k->over) = x;
    k->over_last = x;
}

void h2x_forget(struct h2conn *k, struct hx *x)
{
    struct hx *before = NULL;
    for (struct hx *at = k->over; at != x; at = at->next)
        before = at;
    *(before ? &before->next : &k->over) = x->next;
    if (k->over_last == x)
        k->over_last = before;
    x->next = NULL;
    x->over = false;
}

void h2x_tell_all(struct h2conn *k)
{
    while (k->over) {
        struct hx *x = k->over;
        k->over = x->next;
        x->next = NULL;
        x->over = false;
        x->h2 = NULL;
        if (x->again)
            h2pool_retry(x, k);
        else
            hx_finish(x, x->result, x->end);
    }
}

/* ---- the parser's calls, handed on. A callback may cancel its exchange: then it is not ours any more. */

static int on_status(void *arg, void *owner, int status)
{
    struct hx *x = owner;
    x->status = status;
    return x->ops->status ? x->ops->status(x, status) : 0;
}

static int on_header(void *arg, void *owner, struct str name, struct str value)
{
    struct hx *x = owner;
    return x->ops->header ? x->ops->header(x, name, value) : 0;
}

static int on_headers_done(void *arg, void *owner)
{
    struct hx *x = owner;
    x->headers_at = ((struct h2conn *)arg)->c->rx.stamp;
    return x->ops->headers_done ? x->ops->headers_done(x) : 0;
}

static int on_data(void *arg, void *owner, struct str piece)
{
    struct hx *x = owner;
    return x->ops->body ? x->ops->body(x, piece, &((struct h2conn *)arg)->c->rx) : 0;
}

static int on_trailer(void *arg, void *owner, struct str name, struct str value)
{
    struct hx *x = owner;
    return x->ops->trailer ? x->ops->trailer(x, name, value) : 0;
}

static void on_run_end(void *arg, void *owner, bool followed)
{
    struct hx *x = owner;
    if (x->ops->read_end)
        x->ops->read_end(x, &((struct h2conn *)arg)->c->rx, followed);
}

static void on_came(void *arg, void *owner, size_t bytes)
{
    struct h2conn *k = arg;
    struct hx *x = owner;
    k->heard = true;
    if (x->bytes_in == 0 && bytes > 0)
        x->first_byte = k->c->rx.stamp;
    x->bytes_in += bytes;
}

static void on_gone(void *arg, void *owner, size_t bytes, bool last)
{
    struct hx *x = owner;
    x->bytes_out += bytes;
    x->head_out = true;
    x->all_out = last;
}

static void on_closed(void *arg, void *owner, const struct h2_close *how)
{
    struct h2conn *k = arg;
    struct hx *x = owner;
    const char *code = h2_code_name(how->code);
    bool early = x->bytes_in == 0;
    switch (how->end) {
    case H2_END_OK:
        h2x_put_aside(k, x, HX_OK, 0, false);
        break;
    case H2_END_REFUSED:
        if (k->draining)
            snprintf(x->detail, sizeof(x->detail), "GOAWAY %s before it was begun", h2_code_name(k->goaway));
        else
            snprintf(x->detail, sizeof(x->detail), "RST_STREAM %s", code);
        h2x_put_aside(k, x, HX_RESET, STREAM_RESET, true);
        break;
    case H2_END_RESET:
        snprintf(x->detail, sizeof(x->detail), "RST_STREAM %s", code);
        h2x_put_aside(k, x, early ? HX_RESET : HX_TRUNCATED, STREAM_RESET, false);
        break;
    case H2_END_BROKEN:
        snprintf(x->detail, sizeof(x->detail), "HTTP/2 stream error %s%s%s%s", code, how->text[0] ? " (" : "",
                 how->text, how->text[0] ? ")" : "");
        h2x_put_aside(k, x, HX_BAD_FRAME, 0, false);
        break;
    case H2_END_TOOBIG:
        snprintf(x->detail, sizeof(x->detail), "the headers exceed 64 KiB or 256 fields");
        h2x_put_aside(k, x, HX_TOOBIG, 0, false);
        break;
    case H2_END_STOPPED:
        h2x_put_aside(k, x, HX_STOPPED, 0, false);
        break;
    }
}

static void on_settings(void *arg, uint32_t max_streams)
{
    struct h2conn *k = arg;
    k->settled = true;
    k->peer_max = k->c->peer_max = max_streams;
    if (k->pw) /* in the next turn: opening more of them is no matter of a parser's callback */
        loop_timer_set(k->c->loop, &k->later, 0);
}

static void on_goaway(void *arg, uint32_t code, struct str text)
{
    struct h2conn *k = arg;
    k->draining = true;
    k->goaway = code;
    snprintf(k->goaway_text, sizeof(k->goaway_text), "%.*s", STR_ARG(text));
}

const struct h2_client_cb h2x_calls = {
    .status = on_status,
    .header = on_header,
    .headers_done = on_headers_done,
    .data = on_data,
    .trailer = on_trailer,
    .run_end = on_run_end,
    .came = on_came,
    .gone = on_gone,
    .closed = on_closed,
    .settings = on_settings,
    .goaway = on_goaway,
};

/* ---- beginning, and what has left */

bool h2x_begin(struct h2conn *k, struct hx *x)
{
    struct hclient *c = k->c;
    int n_head = MAX(1, x->n_head);
    if (h2pool_heads(c, x) < 0) {
        h2x_put_aside(k, x, HX_BAD_FRAME, 0, false);
        return true;
    }
    x->stream = h2_client_request(k->h2, &c->heads->common, &c->heads->own, x->out + n_head, x->n_out - n_head, x);
    if (!x->stream)
        return false;
    if (x->paused)
        h2_client_pause(k->h2, x->stream, true);
    k->begun++;
    c->stats.reused += !x->new_conn;
    x->conn_id = k->id;
    x->http = 2;
    x->head_out = x->all_out = false;
    x->framed = true;
    x->next_unsent = k->unsent;
    k->unsent = x;
    return true;
}

void h2x_mark_first(struct h2conn *k)
{
    int64_t now = 0;
    for (struct hx *x = k->unsent; x; x = x->next_unsent) {
        if (x->head_out && x->sent_first == 0)
            x->sent_first = now ? now : (now = clock_mono());
    }
}

void h2x_mark_last(struct h2conn *k)
{
    int64_t now = 0;
    for (struct hx **at = &k->unsent; *at;) {
        struct hx *x = *at;
        if (x->all_out) {
            x->sent_last = now ? now : (now = clock_mono());
            *at = x->next_unsent;
        } else {
            at = &x->next_unsent;
        }
    }
}

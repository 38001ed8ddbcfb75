#include "http/hclient_private.h"

#include "base/xalloc.h"

enum { WRITE_BYTES = 256 * 1024, MAX_SPARE = 256 };

/* ---- the parser's calls, handed on. A callback may cancel the exchange: then the parser stops. */

static int on_start(void *arg, struct str method, struct str target, int status)
{
    struct hconn *k = arg;
    struct hx *x = k->x;
    x->status = status;
    return x->ops->status && (x->ops->status(x, status) || k->doomed);
}

static int on_header(void *arg, struct str name, struct str value)
{
    struct hconn *k = arg;
    struct hx *x = k->x;
    return x->ops->header && (x->ops->header(x, name, value) || k->doomed);
}

static int on_headers_done(void *arg)
{
    struct hconn *k = arg;
    struct hx *x = k->x;
    x->headers_at = k->c->rx.stamp;
    x->framed = h1_chunked(k->h1);
    return x->ops->headers_done && (x->ops->headers_done(x) || k->doomed);
}

static int on_body(void *arg, struct str piece)
{
    struct hconn *k = arg;
    struct hx *x = k->x;
    return x->ops->body && (x->ops->body(x, piece, &k->c->rx) || k->doomed);
}

static int on_trailer(void *arg, struct str name, struct str value)
{
    struct hconn *k = arg;
    struct hx *x = k->x;
    return x->ops->trailer && (x->ops->trailer(x, name, value) || k->doomed);
}

static const struct h1_cb parser_calls = {
    .start = on_start, .header = on_header, .headers_done = on_headers_done, .body = on_body, .trailer = on_trailer};

/* ---- ends */

static void release(struct hconn *k)
{
    struct hclient *c = k->c;
    if (c->n_spare < MAX_SPARE) { /* without keep-alive each request would make and free one */
        k->older = c->spare;
        c->spare = k;
        c->n_spare++;
        return;
    }
    h1_free(&k->h1);
    free(k);
}

void hconn_free_spare(struct hclient *c)
{
    while (c->spare) {
        struct hconn *k = c->spare;
        c->spare = k->older;
        h1_free(&k->h1);
        free(k);
    }
    c->n_spare = 0;
}

void hconn_close(struct hconn *k)
{
    struct hclient *c = k->c;
    if (k->idle)
        pool_remove(k);
    if (k->up)
        c->stats.open_now--;
    k->up = false;
    loop_timer_stop(c->loop, &k->later);
    dialing_end(c->dialer, &k->dialing, k->s, false);
    stream_close(&k->s);
    *(k->prev ? &k->prev->next : &c->all) = k->next;
    if (k->next)
        k->next->prev = k->prev;
    k->doomed = true;
    if (!k->in_callback)
        release(k);
}

static void set_cause(struct hx *x, const struct hconn *k, enum stream_rc rc, const char *text)
{
    x->rc = rc;
    x->sys = k->s && rc != STREAM_EOF ? stream_errno(k->s) : 0;
    snprintf(x->detail, sizeof(x->detail), "%s", text);
}

/* The exchange fails, and its connection with it. */
static void fail(struct hconn *k, enum hx_result result, enum stream_rc rc, const char *text)
{
    struct hx *x = k->x;
    set_cause(x, k, rc, text);
    k->x = NULL;
    hconn_close(k);
    hx_finish(x, result, clock_mono());
}

static const char *no_socket_text(enum stream_rc rc)
{
    return rc == STREAM_NOFILES ? "too many open files" : "cannot make a socket";
}

static void connect_failed(struct hconn *k)
{
    k->c->stats.failed_connects++;
    if (k->pw) {
        struct prewarm *p = k->pw;
        hconn_close(k);
        prewarm_step(p, 1);
        return;
    }
    if (!k->s) {
        fail(k, HX_CONNECT, (enum stream_rc)k->dial_rc, no_socket_text((enum stream_rc)k->dial_rc));
        return;
    }
    const struct stream_times *t = stream_get_times(k->s);
    k->x->conn_start = t->conn_start;
    k->x->conn_end = t->conn_end;
    fail(k, HX_CONNECT, stream_fail_rc(k->s), stream_error(k->s));
}

/* The connection ended, one way or the other, while an exchange was under way. */
static void ended(struct hconn *k, enum stream_rc rc)
{
    struct hx *x = k->x;
    bool early = x->bytes_in == 0;
    if (rc == STREAM_EOF && h1_eof(k->h1) == H1_DONE) {
        k->x = NULL;
        hconn_close(k);
        hx_finish(x, HX_OK, clock_mono());
        return;
    }
    if (early && !x->new_conn && !x->no_retry) {
        k->x = NULL;
        hconn_close(k);
        hx_retry(x);
        return;
    }
    if (rc == STREAM_EOF)
        fail(k, early ? HX_RESET : HX_TRUNCATED, rc,
             early ? "the server has closed the connection before any byte of the response"
                   : "the server has closed the connection within the response");
    else
        fail(k, early ? HX_RESET : HX_TRUNCATED, rc, stream_error(k->s));
}

/* ---- writing, and what the loop is asked for */

static void want(struct hconn *k, bool write)
{
    stream_want(k->s, !(k->x && k->x->paused), write);
}

void hconn_pause(struct hconn *k)
{
    if (!k->up)
        return; /* came_up asks for what is due then */
    want(k, k->x->sent_last == 0 && !k->write_rc);
    if (!k->x->paused && k->write_rc)
        loop_timer_set(k->c->loop, &k->later, 0);
}

void hconn_write(struct hconn *k)
{
    struct hx *x = k->x;
    struct iovec v[HX_MAX_PIECES];
    size_t skip = x->out_done, room = WRITE_BYTES, left = 0;
    int n = 0;
    for (int i = 0; i < x->n_out; i++) {
        size_t len = x->out[i].iov_len;
        if (len <= skip) {
            skip -= len;
            continue;
        }
        len -= skip;
        left += len;
        if (room > 0 && n < HX_MAX_PIECES) {
            v[n++] = (struct iovec){(char *)x->out[i].iov_base + skip, MIN(len, room)};
            room -= MIN(len, room);
        }
        skip = 0;
    }
    if (x->sent_first == 0)
        x->sent_first = clock_mono();
    ssize_t r = n > 0 ? stream_writev(k->s, v, n) : 0;
    if (r < 0 && r != STREAM_AGAIN) {
        /* The server may have answered before it stopped reading: what it said comes first. */
        k->write_rc = (signed char)r;
        want(k, false);
        loop_timer_set(k->c->loop, &k->later, 0);
        return;
    }
    if (r > 0) {
        x->out_done += (size_t)r;
        x->bytes_out += (size_t)r;
        left -= (size_t)r;
    }
    if (left == 0)
        x->sent_last = clock_mono();
    want(k, left > 0);
}

/* ---- reading */

static void response_ended(struct hconn *k, bool rest)
{
    struct hclient *c = k->c;
    struct hx *x = k->x;
    k->x = NULL;
    if (x->paused) /* with the last read: the connection is as any other from here on */
        want(k, false);
    /* Bytes behind the response answer nothing that was asked; a request cut short leaves the server waiting. */
    bool whole = x->sent_last != 0;
    int64_t end = c->rx.stamp;
    if (whole && !rest && !c->o.no_keepalive && h1_keep_alive(k->h1))
        pool_put(k);
    else
        hconn_close(k);
    hx_finish(x, HX_OK, end);
}

static void parse(struct hconn *k, size_t n)
{
    struct hclient *c = k->c;
    struct hx *x = k->x;
    size_t used = 0;
    k->in_callback = true;
    enum h1_rc rc = h1_feed(k->h1, c->o.read_buf, n, &used);
    if (!k->doomed && rc != H1_E_STOPPED && x->ops->read_end)
        x->ops->read_end(x, &c->rx, false);
    k->in_callback = false;
    if (k->doomed) {
        release(k);
        return;
    }
    switch (rc) {
    case H1_OK:
        break;
    case H1_DONE:
        response_ended(k, used < n);
        break;
    case H1_UPGRADE:
        fail(k, HX_BAD_FRAME, 0, "the server switches to another protocol (101) that was not asked for");
        break;
    case H1_E_SYNTAX:
        fail(k, HX_BAD_FRAME, 0, h1_reason(k->h1));
        break;
    case H1_E_TOOBIG:
        fail(k, HX_TOOBIG, 0, h1_reason(k->h1));
        break;
    case H1_E_STOPPED:
        fail(k, HX_STOPPED, 0, "");
        break;
    }
}

/* Nothing is due on an idle connection: the server has closed it, or speaks out of turn. (TLS may have had something to
 * say to itself: then there is nothing to read.) */
static void idle_readable(struct hconn *k)
{
    struct rx rx;
    if (stream_read(k->s, k->c->o.read_buf, k->c->o.read_cap, &rx) == STREAM_AGAIN)
        return;
    k->c->stats.server_closed++;
    hconn_close(k);
}

static void readable(struct hconn *k)
{
    struct hclient *c = k->c;
    if (!k->x) {
        idle_readable(k);
        return;
    }
    ssize_t n = stream_read(k->s, c->o.read_buf, c->o.read_cap, &c->rx);
    if (n == STREAM_AGAIN) {
        if (k->write_rc)
            ended(k, (enum stream_rc)k->write_rc);
        return;
    }
    if (n < 0) {
        ended(k, (enum stream_rc)n);
        return;
    }
    if (!stream_is_unix(k->s)) {
        c->stats.reads++;
        c->stats.kernel_stamped += c->rx.kernel;
    }
    if (k->x->bytes_in == 0)
        k->x->first_byte = c->rx.stamp;
    k->x->bytes_in += (size_t)n;
    parse(k, (size_t)n);
}

bool hx_one_segment(const struct hx *x)
{
    struct stream *s = x->conn ? x->conn->s : x->h2 ? x->h2->s : NULL;
    return s && stream_one_segment(s);
}

/* ---- events */

static void came_up(struct hconn *k)
{
    struct hclient *c = k->c;
    k->up = true;
    dialing_end(c->dialer, &k->dialing, k->s, true);
    c->stats.opened++;
    c->stats.resumed += stream_is_resumed(k->s);
    c->stats.room++;
    c->stats.open_now++;
    want(k, false);
    if (k->x) {
        const struct stream_times *t = stream_get_times(k->s);
        k->x->conn_start = t->conn_start;
        k->x->conn_end = t->conn_end;
        k->x->tls_end = t->tls_end;
        k->x->resumed = stream_is_resumed(k->s);
        hconn_write(k);
        return;
    }
    struct prewarm *p = k->pw;
    k->pw = NULL;
    pool_put(k);
    if (p)
        prewarm_step(p, 1);
}

static void on_stream(void *arg, struct stream *s, unsigned what)
{
    struct hconn *k = arg;
    if (what & STREAM_FAILED) {
        if (!k->up)
            connect_failed(k);
        else if (k->x)
            ended(k, stream_fail_rc(s));
        else
            hconn_close(k);
        return;
    }
    if (what & STREAM_UP) {
        came_up(k);
        return;
    }
    if ((what & STREAM_WRITABLE) && k->x && k->x->sent_last == 0 && !k->write_rc)
        hconn_write(k);
    if (what & STREAM_READABLE)
        readable(k);
}

static void on_later(struct timer *t)
{
    struct hconn *k = CONTAINER_OF(t, struct hconn, later);
    if (!k->s)
        connect_failed(k);
    else if (!k->x || !k->x->paused)
        readable(k);
}

static struct hconn *get_memory(struct hclient *c)
{
    struct hconn *k = c->spare;
    struct h1 *h1 = NULL;
    if (k) {
        c->spare = k->older;
        c->n_spare--;
        h1 = k->h1;
        h1_reset(h1);
    } else {
        k = xmalloc(sizeof(*k));
    }
    *k = (struct hconn){.c = c, .h1 = h1};
    if (!h1)
        k->h1 = h1_new(H1_RESPONSE, &parser_calls, k);
    return k;
}

static struct hconn *make(struct hclient *c, uint64_t id)
{
    struct hconn *k = get_memory(c);
    k->id = id;
    k->later.fire = on_later;
    k->next = c->all;
    if (c->all)
        c->all->prev = k;
    c->all = k;
    return k;
}

struct hconn *hconn_open(struct hclient *c)
{
    struct hconn *k = make(c, ++c->last_id);
    enum stream_rc rc = STREAM_ERR;
    k->s = dialer_open(c->dialer, &k->dialing, on_stream, k, &rc);
    if (!k->s) {
        k->dial_rc = (signed char)rc;
        loop_timer_set(c->loop, &k->later, 0);
    }
    return k;
}

void hconn_adopt(struct hclient *c, struct stream **s, uint64_t id, struct hx *x, struct prewarm *pw)
{
    struct hconn *k = make(c, id);
    k->s = *s;
    *s = NULL;
    k->pw = pw;
    stream_set_cb(k->s, on_stream, k);
    if (x)
        hx_begin(x, k);
    came_up(k);
}

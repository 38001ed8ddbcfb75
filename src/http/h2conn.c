/* h2conn.c - one connection of HTTP/2, from its first byte to its last, and the exchanges on it.
 * What ends an exchange inside the parser is put aside (k->over) and told when the parser has returned; what must not
 * be told from inside hx_start or hx_cancel waits for a timer. */
#include "base/xalloc.h"
#include "http/hclient_private.h"

enum { FRAME_BYTES = 64 * 1024, WRITE_BYTES = 256 * 1024, OUT_MAX = 1 << 20, UNSETTLED = 100 };
#define SETTINGS_WAIT NS_PER_S /* of prewarming, for a server that does not speak */

/* ---- ends */

static void dispose(struct h2conn *k)
{
    h2_client_free(&k->h2);
    buf_free(&k->out);
    free(k);
}

/* What goes without waiting. */
static void say_goodbye(struct h2conn *k)
{
    if (k->write_rc || k->out_done < k->out.n)
        return;
    h2_client_goodbye(k->h2);
    buf_clear(&k->out);
    h2_client_out(k->h2, &k->out, FRAME_BYTES);
    struct iovec v = {k->out.p, k->out.n};
    if (v.iov_len > 0)
        stream_writev(k->s, &v, 1);
}

/* The tokens of many streams come in one read, of which the kernel stamps only the last segment. Looking often bounds
 * from below when the others came. */
static void set_looks(struct h2conn *k, bool on)
{
    if (k->looks != on)
        loop_looks(k->c->loop, on);
    k->looks = on;
}

void h2conn_close(struct h2conn *k)
{
    struct hclient *c = k->c;
    set_looks(k, false);
    if (k->idle)
        c->stats.idle_now--;
    if (k->up && k->h2) {
        c->stats.open_now--;
        say_goodbye(k);
    }
    k->idle = k->up = false;
    loop_timer_stop(c->loop, &k->later);
    loop_timer_stop(c->loop, &k->idle_timer);
    dialing_end(c->dialer, &k->dialing, k->s, false);
    stream_close(&k->s);
    *(k->prev ? &k->prev->next : &c->h2conns) = k->next;
    if (k->next)
        k->next->prev = k->prev;
    k->doomed = true;
    if (!k->in_callback)
        dispose(k);
}

static void prewarmed(struct h2conn *k, bool up)
{
    struct prewarm *p = k->pw;
    if (!p)
        return;
    k->pw = NULL;
    unsigned room = up ? MAX(1U, h2pool_room(k)) : k->pw_share; /* see h2pool_share */
    k->c->stats.room += up ? room : 0;
    if (!up && k->c->expect == 0) /* what cannot be reached tells nothing */
        p->wanted = 0;
    prewarm_step(p, room);
}

/* All exchanges fail, and the connection with them. */
static void fail_all(struct h2conn *k, enum hx_result result, enum stream_rc rc, const char *text)
{
    int sys = k->s && rc != STREAM_EOF ? stream_errno(k->s) : 0;
    k->in_callback = true;
    while (k->first) {
        struct hx *x = k->first;
        x->sys = sys;
        if (!x->detail[0])
            snprintf(x->detail, sizeof(x->detail), "%s", text);
        h2x_put_aside(k, x, result, rc, false);
    }
    h2conn_close(k);
    prewarmed(k, false);
    h2x_tell_all(k);
    dispose(k);
}

static void connect_failed(struct h2conn *k, enum stream_rc rc, const char *text)
{
    k->c->stats.failed_connects++;
    if (k->maker && k->s) {
        const struct stream_times *t = stream_get_times(k->s);
        k->maker->conn_start = t->conn_start;
        k->maker->conn_end = t->conn_end;
        k->maker->tls_end = t->tls_end;
    }
    char copy[200]; /* the text belongs to the stream */
    snprintf(copy, sizeof(copy), "%s", text);
    fail_all(k, HX_CONNECT, rc, copy);
}

/* The connection ended while it was up. */
static void ended(struct h2conn *k, enum stream_rc rc)
{
    char text[160], detail[160];
    bool stale = !k->fresh && !k->heard; /* the requests met the end of an idle connection */
    snprintf(text, sizeof(text), "%s", rc == STREAM_EOF ? "" : stream_error(k->s));
    if (k->n == 0)
        k->c->stats.server_closed++;
    k->in_callback = true;
    while (k->first) {
        struct hx *x = k->first;
        bool early = x->bytes_in == 0;
        if (k->goaway)
            snprintf(detail, sizeof(detail), "GOAWAY %s%s%s%s", h2_code_name(k->goaway), k->goaway_text[0] ? " (" : "",
                     k->goaway_text, k->goaway_text[0] ? ")" : "");
        else if (rc == STREAM_EOF)
            snprintf(detail, sizeof(detail), "the server has closed the connection %s",
                     early ? "before any byte of the response" : "within the response");
        else
            snprintf(detail, sizeof(detail), "%s", text);
        memcpy(x->detail, detail, sizeof(x->detail));
        x->sys = rc == STREAM_EOF ? 0 : stream_errno(k->s);
        h2x_put_aside(k, x, early ? HX_RESET : HX_TRUNCATED, rc, early && (stale || !x->stream));
    }
    k->write_rc = (signed char)rc; /* no goodbye */
    h2conn_close(k);
    prewarmed(k, false);
    h2x_tell_all(k);
    dispose(k);
}

static void rest(struct h2conn *k)
{
    struct hclient *c = k->c;
    if (k->n > 0 || k->idle || k->over)
        return;
    if (k->draining || (c->o.no_keepalive && !k->pw)) {
        h2conn_close(k);
        return;
    }
    k->idle = true;
    k->fresh = k->heard = false;
    k->idle_since = loop_now(c->loop);
    c->stats.idle_now++;
    if (c->o.idle_ns > 0 && k->idle_timer.node.at == 0)
        loop_timer_set(c->loop, &k->idle_timer, k->idle_since + c->o.idle_ns);
}

static void on_idle_timer(struct timer *t)
{
    struct h2conn *k = CONTAINER_OF(t, struct h2conn, idle_timer);
    struct hclient *c = k->c;
    if (!k->idle)
        return;
    if (k->idle_since + c->o.idle_ns > loop_now(c->loop)) {
        loop_timer_set(c->loop, t, k->idle_since + c->o.idle_ns);
        return;
    }
    c->stats.idle_closed++;
    h2conn_close(k);
}

/* ---- writing */

static void write_failed(struct h2conn *k, enum stream_rc rc)
{
    /* The server may have answered before it stopped reading: what it said comes first. */
    k->write_rc = (signed char)rc;
    stream_want(k->s, true, false);
    loop_timer_set(k->c->loop, &k->later, 0);
}

/* As much as goes; tells nothing from inside. */
static void flush(struct h2conn *k)
{
    size_t written = 0;
    if (k->write_rc)
        return;
    while (written < WRITE_BYTES) {
        if (k->out_done == k->out.n) {
            buf_clear(&k->out);
            k->out_done = 0;
            h2_client_out(k->h2, &k->out, FRAME_BYTES);
            if (k->out.n == 0)
                break;
            h2x_mark_first(k);
        }
        struct iovec v = {k->out.p + k->out_done, k->out.n - k->out_done};
        ssize_t r = stream_writev(k->s, &v, 1);
        if (r == STREAM_AGAIN)
            break;
        if (r < 0) {
            write_failed(k, (enum stream_rc)r);
            return;
        }
        k->out_done += (size_t)r;
        written += (size_t)r;
        if (k->out_done == k->out.n)
            h2x_mark_last(k);
    }
    stream_want(k->s, true, k->out_done < k->out.n || written >= WRITE_BYTES);
    if (k->over || !h2_client_alive(k->h2))
        loop_timer_set(k->c->loop, &k->later, 0);
}

/* ---- beginning */

/* Those that wait begin, as far as there is room; before the server's SETTINGS, as many as RFC 9113, 6.5.2, would have
 * any server take. The others go elsewhere. */
static void begin_waiting(struct h2conn *k)
{
    unsigned room = h2pool_room(k), waiting = k->n - k->begun;
    struct hx *x = k->last, *next;
    while (x && --waiting > 0) /* they are the last ones of the list */
        x = x->prev;
    for (x = k->n > k->begun ? x : NULL; x; x = next) {
        next = x->next;
        if (k->begun < room && !k->settled && k->begun >= UNSETTLED)
            return;
        if (k->begun < room && h2x_begin(k, x))
            continue;
        if (room > 0 && k->begun < room)
            k->draining = true; /* it takes no more: there are no more stream numbers */
        h2x_take_off(k, x);
        x->h2 = NULL;
        x->new_conn = false;
        h2pool_start(k->c, x, k);
    }
}

static void go_on(struct h2conn *k)
{
    if (k->in_callback || !k->up)
        return;
    begin_waiting(k);
    flush(k);
    set_looks(k, k->begun > 1);
    if (k->c->o.no_keepalive && k->begun > 0) /* one request, and no other */
        k->draining = true;
    if (k->over)
        loop_timer_set(k->c->loop, &k->later, 0);
}

void h2conn_take(struct h2conn *k, struct hx *x)
{
    if (k->idle) {
        k->idle = k->heard = false;
        k->c->stats.idle_now--;
    }
    h2x_put(k, x);
    go_on(k);
}

void h2conn_cancel(struct hx *x)
{
    struct h2conn *k = x->h2;
    x->h2 = NULL;
    if (x->over) {
        h2x_forget(k, x);
        return;
    }
    if (x->stream)
        h2_client_cancel(k->h2, x->stream);
    h2x_take_off(k, x);
    if (k->in_callback)
        return;
    if (!k->up) {
        if (k->n == 0 && !k->pw)
            h2conn_close(k);
        return;
    }
    go_on(k);
    rest(k);
}

void h2conn_pause(struct hx *x)
{
    struct h2conn *k = x->h2;
    if (!x->stream) /* else when it begins */
        return;
    h2_client_pause(k->h2, x->stream, x->paused);
    if (!x->paused && k->up && !k->in_callback)
        flush(k);
}

/* ---- reading */

/* All is told that one read, or one failure, has brought. */
static void settle(struct h2conn *k)
{
    k->in_callback = true;
    h2x_tell_all(k);
    k->in_callback = false;
    if (k->doomed) {
        dispose(k);
        return;
    }
    go_on(k);
    if (!h2_client_alive(k->h2)) {
        char text[300];
        snprintf(text, sizeof(text), "%s%s", k->http1 ? "the server answers by HTTP/1; HTTP/2 says " : "HTTP/2 error ",
                 h2_client_reason(k->h2));
        if (k->n > 0 || k->pw)
            fail_all(k, HX_BAD_FRAME, 0, text);
        else
            h2conn_close(k);
        return;
    }
    rest(k);
}

static void readable(struct h2conn *k)
{
    struct hclient *c = k->c;
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
    if (!k->settled)
        k->http1 = str_starts((struct str){c->o.read_buf, (size_t)n}, STR("HTTP/1."));
    k->in_callback = k->reading = true;
    h2_client_feed(k->h2, c->o.read_buf, (size_t)n);
    k->reading = false;
    settle(k);
}

/* ---- events */

/* ALPN chose HTTP/1.1, or the server does not know ALPN. */
static void not_h2(struct h2conn *k)
{
    struct hclient *c = k->c;
    struct hx *x = k->first;
    if (c->o.http == HCLIENT_2) {
        connect_failed(k, STREAM_TLS, "the server does not choose HTTP/2 (ALPN h2)");
        return;
    }
    c->expect = 1;
    if (x) {
        h2x_take_off(k, x);
        x->h2 = NULL;
        x->new_conn = true;
    }
    struct prewarm *p = k->pw;
    k->pw = NULL;
    if (p && x) { /* it serves the exchange, and others afterwards */
        prewarm_step(p, 1);
        p = NULL;
    }
    k->in_callback = true;
    hconn_adopt(c, &k->s, k->id, x, p);
    while (k->first) {
        x = k->first;
        h2x_take_off(k, x);
        x->h2 = NULL;
        h2pool_start(c, x, k);
    }
    h2conn_close(k);
    dispose(k);
}

static void came_up(struct h2conn *k)
{
    struct hclient *c = k->c;
    k->up = true;
    dialing_end(c->dialer, &k->dialing, k->s, true);
    if (c->o.tls && !stream_is_h2(k->s)) {
        not_h2(k);
        return;
    }
    c->expect = 2;
    c->stats.opened++;
    c->stats.resumed += stream_is_resumed(k->s);
    c->stats.open_now++;
    if (k->maker) {
        const struct stream_times *t = stream_get_times(k->s);
        k->maker->conn_start = t->conn_start;
        k->maker->conn_end = t->conn_end;
        k->maker->tls_end = t->tls_end;
        k->maker->resumed = stream_is_resumed(k->s);
    }
    k->h2 = h2_client_new(&h2x_calls, k, c->o.h2_window);
    stream_want(k->s, true, false);
    stream_one_segment(k->s); /* the count begins here */
    k->up_at = clock_mono();
    if (k->pw)
        loop_timer_set(c->loop, &k->later, k->up_at + SETTINGS_WAIT);
    go_on(k);
    rest(k);
}

static void on_stream(void *arg, struct stream *s, unsigned what)
{
    struct h2conn *k = arg;
    if (what & STREAM_FAILED) {
        if (!k->up)
            connect_failed(k, stream_fail_rc(s), stream_error(s));
        else
            ended(k, stream_fail_rc(s));
        return;
    }
    if (what & STREAM_UP) {
        came_up(k);
        return;
    }
    if (what & STREAM_WRITABLE)
        flush(k);
    if (what & STREAM_READABLE)
        readable(k);
}

static void on_later(struct timer *t)
{
    struct h2conn *k = CONTAINER_OF(t, struct h2conn, later);
    if (!k->s) {
        connect_failed(k, (enum stream_rc)k->dial_rc,
                       k->dial_rc == STREAM_NOFILES ? "too many open files" : "cannot make a socket");
        return;
    }
    int64_t patience = k->up_at + SETTINGS_WAIT;
    if (k->pw && (k->settled || clock_mono() >= patience))
        prewarmed(k, true);
    else if (k->pw)
        loop_timer_set(k->c->loop, t, patience);
    if (k->write_rc)
        readable(k);
    else
        settle(k);
}

struct h2conn *h2conn_open(struct hclient *c)
{
    struct h2conn *k = xcalloc(1, sizeof(*k));
    k->c = c;
    k->id = ++c->last_id;
    k->fresh = true;
    k->peer_max = c->peer_max;
    k->later.fire = on_later;
    k->idle_timer.fire = on_idle_timer;
    buf_init(&k->out, OUT_MAX);
    k->next = c->h2conns;
    if (c->h2conns)
        c->h2conns->prev = k;
    c->h2conns = k;
    enum stream_rc rc = STREAM_ERR;
    k->s = dialer_open(c->dialer, &k->dialing, on_stream, k, &rc);
    if (!k->s) {
        k->dial_rc = (signed char)rc;
        loop_timer_set(c->loop, &k->later, 0);
    }
    return k;
}

#include "http/hserver.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "http/hserver_private.h"
#include "proto/h2_server.h"

#define READ_CAP (64 * 1024)
#define PIPELINE_MAX (64 * 1024)   /* reading stops when so much waits behind a request */
#define OUT_HARD_MAX (512UL << 20) /* of the queue's memory */

static void feed(struct hs_link *c, const char *p, size_t n, const struct rx *rx);

size_t hs_link_queued(const struct hs_link *c)
{
    return c->out.n - c->out_done;
}

/* The next request may be taken up. Not while a large answer to the one before still waits for the client. */
static bool can_go_on(const struct hs_link *c)
{
    return c->state == HS_READING && !c->broken && hs_link_queued(c) <= c->srv->o.max_out;
}

void hs_link_update_want(struct hs_link *c)
{
    if (c->state != HS_DEAD)
        stream_want(c->stream, !c->read_off, hs_link_queued(c) > 0);
}

/* Closes at once; the memory goes in the next turn, so whoever is on the stack may still look at the state. */
static void kill_conn(struct hs_link *c)
{
    if (c->state == HS_DEAD)
        return;
    c->state = HS_DEAD;
    stream_close(&c->stream);
    hs_pool_put(c->srv->pool, &c->reader);
    buf_free(&c->out);
    buf_free(&c->ahead);
    c->out_done = 0;
    loop_timer_set(c->srv->loop, &c->timer, 0);
}

static void free_conn(struct hs_link *c)
{
    struct hserver *s = c->srv;
    loop_timer_stop(s->loop, &c->timer);
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        s->all = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    s->stats.open_now--;
    free(c);
}

void hs_link_gone(struct hs_link *c)
{
    if (c->state == HS_DEAD)
        return;
    bool busy = c->state == HS_BUSY;
    void *user = c->x.user;
    kill_conn(c);
    hs2_free(c);
    if (busy)
        c->srv->o.ops->gone(c->srv->o.arg, &c->x, user);
}

/* Everything is written. */
void hs_link_close(struct hs_link *c)
{
    if (!c->unread) {
        kill_conn(c);
        return;
    }
    c->state = HS_LINGER;
    c->read_off = false;
    if (c->srv->o.tls == NULL)
        shutdown(stream_fd(c->stream), SHUT_WR);
    hs_link_update_want(c);
    loop_timer_set(c->srv->loop, &c->timer, clock_mono() + HS_LINGER_NS);
}

/* Within hs_write no callback may happen: the loss is told in the next turn. */
void hs_link_broken(struct hs_link *c)
{
    c->broken = true;
    loop_timer_set(c->srv->loop, &c->timer, 0);
}

static void read_ahead_on(struct hs_link *c)
{
    struct buf b = c->ahead;
    c->ahead = BUF_INIT(PIPELINE_MAX + READ_CAP);
    feed(c, b.p, b.n, &c->ahead_rx);
    buf_free(&b);
    if (c->read_off && c->ahead.n < PIPELINE_MAX) {
        c->read_off = false;
        hs_link_update_want(c);
    }
}

static void on_timer(struct timer *t)
{
    struct hs_link *c = CONTAINER_OF(t, struct hs_link, timer);
    if (c->state == HS_DEAD)
        free_conn(c);
    else if (c->broken || c->state == HS_LINGER)
        hs_link_gone(c);
    else if (c->h2 != NULL && hs2_over(c)) {
        hs2_free(c);
        c->unread = true;
        hs_link_close(c);
    } else if (c->h2 == NULL && can_go_on(c) && c->ahead.n > 0)
        read_ahead_on(c);
    else if (hs_stopping(c->srv))
        hs_stop_link(c);
}

static void flush(struct hs_link *c)
{
    while (hs_link_queued(c) > 0) {
        struct iovec v = {c->out.p + c->out_done, MIN(hs_link_queued(c), 256UL * 1024)};
        ssize_t rc = stream_writev(c->stream, &v, 1);
        if (rc == STREAM_AGAIN)
            return;
        if (rc < 0) {
            hs_link_gone(c);
            return;
        }
        c->out_done += (size_t)rc;
        hs_link_touch(c);
    }
    buf_free(&c->out);
    c->out_done = 0;
    hs_link_update_want(c);
    if (c->h2 != NULL)
        hs2_drained(c);
    else if (c->state == HS_CLOSING)
        hs_link_close(c);
    else if (c->state == HS_READING && (c->ahead.n > 0 || hs_stopping(c->srv)))
        loop_timer_set(c->srv->loop, &c->timer, 0);
    else if (c->state == HS_BUSY && !c->broken && c->srv->o.ops->drained != NULL)
        c->srv->o.ops->drained(c->srv->o.arg, &c->x, c->x.user);
}

int hs_link_enqueue(struct hs_link *c, const char *p, size_t n)
{
    if (c->out_done > c->out.n / 2) {
        buf_drop(&c->out, c->out_done);
        c->out_done = 0;
    }
    return buf_add(&c->out, p, n);
}

static int write_pieces(struct hs_link *c, const struct iovec *v, int n)
{
    size_t taken = 0;
    if (c->broken || c->state == HS_DEAD)
        return -1;
    if (hs_link_queued(c) == 0) {
        ssize_t rc = stream_writev(c->stream, v, n);
        if (rc < 0 && rc != STREAM_AGAIN) {
            hs_link_broken(c);
            return -1;
        }
        taken = rc > 0 ? (size_t)rc : 0;
    } else if (hs_link_queued(c) > c->srv->o.max_out && !c->srv->o.keep_slow) {
        c->srv->stats.dropped++;
        hs_link_broken(c);
        return -1;
    }
    for (int i = 0; i < n; i++) {
        size_t skip = MIN(taken, v[i].iov_len);
        taken -= skip;
        if (skip < v[i].iov_len && hs_link_enqueue(c, (const char *)v[i].iov_base + skip, v[i].iov_len - skip) < 0) {
            hs_link_broken(c);
            return -1;
        }
    }
    if (hs_link_queued(c) > 0)
        hs_link_update_want(c);
    return 0;
}

static void deliver(struct hs_link *c, struct rx rx, int refuse, const char *why)
{
    struct hserver *s = c->srv;
    struct hs_reader *r = c->reader;
    struct hs_request q;
    hs_reader_request(r, &q);
    q.recv_last = MAX(rx.stamp, q.recv); /* one stamp converted twice may differ by the bridge's width */
    q.kernel = q.kernel && rx.kernel;
    q.keep_alive = q.keep_alive && refuse == 0 && !hs_stopping(s);
    q.received = clock_mono();
    c->reader = NULL; /* the views outlive the connection if the callback ends it */
    c->state = HS_BUSY;
    c->keep = q.keep_alive;
    c->unread = refuse != 0;
    c->x.user = NULL;
    s->stats.requests++;
    if (refuse != 0)
        s->o.ops->refused(s->o.arg, &c->x, &q, refuse, why);
    else
        s->o.ops->request(s->o.arg, &c->x, &q);
    hs_pool_put(s->pool, &r);
}

static void put_aside(struct hs_link *c, const char *p, size_t n, const struct rx *rx)
{
    buf_add(&c->ahead, p, n);
    c->ahead_rx = *rx;
    c->read_off = c->ahead.n >= PIPELINE_MAX;
    hs_link_update_want(c);
}

static void feed(struct hs_link *c, const char *p, size_t n, const struct rx *rx)
{
    c->feeding = true;
    while (n > 0 && can_go_on(c)) {
        if (c->reader == NULL) {
            if (*p == '\r' || *p == '\n') { /* RFC 9112, 2.2: empty lines before a request */
                p++;
                n--;
                continue;
            }
            c->reader = hs_pool_get(c->srv->pool, rx);
            hs_link_touch(c);
        }
        size_t used = 0;
        int status = 0;
        const char *why = NULL;
        enum hs_read_rc rc = hs_reader_feed(c->reader, p, n, &used, &status, &why);
        p += used;
        n -= used;
        if (hs_reader_wants_continue(c->reader)) {
            struct iovec v = {(char *)(uintptr_t) "HTTP/1.1 100 Continue\r\n\r\n", 25};
            write_pieces(c, &v, 1);
        }
        if (rc == HS_READ_MORE)
            break;
        deliver(c, *rx, rc == HS_READ_REFUSE ? status : 0, why);
    }
    c->feeding = false;
    if (n > 0 && !c->unread && (c->state == HS_BUSY || c->state == HS_READING))
        put_aside(c, p, n, rx);
}

static void on_request_bytes(struct hs_link *c, const char *p, size_t n, const struct rx *rx)
{
    if (can_go_on(c) && c->ahead.n == 0)
        feed(c, p, n, rx);
    else if (!c->unread && (c->state == HS_READING || c->state == HS_BUSY))
        put_aside(c, p, n, rx);
    /* Otherwise what still comes is of no interest. */
}

/* The first bytes: HTTP/2's preface, or anything else. */
static void sniff(struct hs_link *c, const char *p, size_t n, const struct rx *rx)
{
    size_t have = c->sniffed, k = MIN(n, H2S_PREFACE_LEN - have);
    bool same = memcmp(p, H2S_PREFACE + have, k) == 0;
    struct rx first = have > 0 ? c->ahead_rx : *rx;
    if (same && have + k < H2S_PREFACE_LEN) {
        c->sniffed = (unsigned char)(have + k);
        c->ahead_rx = first;
        return;
    }
    c->sniffed = HS_SNIFFED;
    if (same) {
        hs2_start(c);
        if (have > 0)
            hs2_feed(c, H2S_PREFACE, have, &first);
        hs2_feed(c, p, n, rx);
        return;
    }
    if (have > 0)
        on_request_bytes(c, H2S_PREFACE, have, &first);
    on_request_bytes(c, p, n, rx);
}

void hs_link_readable(struct hs_link *c)
{
    struct rx rx;
    ssize_t n = stream_read(c->stream, c->srv->rdbuf, READ_CAP, &rx);
    if (n == STREAM_AGAIN)
        return;
    if (n < 0)
        hs_link_gone(c);
    else if (c->h2 != NULL)
        hs2_feed(c, c->srv->rdbuf, (size_t)n, &rx);
    else if (c->sniffed != HS_SNIFFED)
        sniff(c, c->srv->rdbuf, (size_t)n, &rx);
    else
        on_request_bytes(c, c->srv->rdbuf, (size_t)n, &rx);
}

/* Which version is spoken, where that is known before a byte came. */
static void on_up(struct hs_link *c)
{
    unsigned http = c->srv->o.http;
    c->state = HS_READING;
    if (!(http & HS_HTTP2))
        c->sniffed = HS_SNIFFED;
    else if (http == HS_HTTP2 || stream_is_h2(c->stream))
        hs2_start(c);
    hs_link_update_want(c);
    if (hs_stopping(c->srv) && c->h2 == NULL)
        loop_timer_set(c->srv->loop, &c->timer, 0);
}

static void on_stream(void *arg, struct stream *st, unsigned what)
{
    struct hs_link *c = arg;
    if (what & STREAM_FAILED) {
        hs_link_gone(c);
        return;
    }
    if (what & STREAM_UP)
        on_up(c);
    if ((what & STREAM_WRITABLE) && c->state != HS_DEAD)
        flush(c);
    if ((what & STREAM_READABLE) && c->state != HS_DEAD)
        hs_link_readable(c);
}

static void on_accept(void *arg, int fd)
{
    struct hserver *s = arg;
    struct hs_link *c = xcalloc(1, sizeof(*c));
    c->srv = s;
    c->x.link = c;
    c->state = HS_OPENING;
    c->timer.fire = on_timer;
    hs_link_touch(c);
    buf_init(&c->ahead, PIPELINE_MAX + READ_CAP);
    buf_init(&c->out, OUT_HARD_MAX);
    c->next = s->all;
    if (s->all != NULL)
        s->all->prev = c;
    s->all = c;
    s->stats.accepted++;
    s->stats.open_now++;
    c->stream = stream_accept(s->loop, fd, s->o.tls, on_stream, c);
}

struct hserver *hserver_new(struct loop *l, const struct addr *a, const struct hserver_opts *o, struct err *e)
{
    struct hserver *s = xcalloc(1, sizeof(*s));
    s->loop = l;
    s->o = *o;
    s->listener = listener_new(l, a, o->reuse_port, true, on_accept, s, e);
    if (s->listener == NULL) {
        free(s);
        return NULL;
    }
    listener_addr(s->listener, &s->addr);
    s->rdbuf = xmalloc(READ_CAP);
    s->pool = hs_pool_new(o->max_body);
    hs_idle_start(s);
    return s;
}

void hserver_free(struct hserver **sp)
{
    struct hserver *s = *sp;
    if (s == NULL)
        return;
    *sp = NULL;
    listener_free(&s->listener);
    loop_timer_stop(s->loop, &s->sweep);
    for (struct hs_link *c = s->all; c != NULL; c = c->next)
        hs_link_gone(c);
    while (s->all != NULL)
        free_conn(s->all);
    hs2_shared_free(s);
    hs_pool_free(&s->pool);
    free(s->rdbuf);
    free(s);
}

void hserver_addr(const struct hserver *s, struct addr *out)
{
    *out = s->addr;
}

struct hserver_stats hserver_get_stats(const struct hserver *s)
{
    return s->stats;
}

void hs_set_user(struct hs_conn *c, void *user)
{
    c->user = user;
}

int hs_write(struct hs_conn *x, const struct iovec *v, int n)
{
    return !x->h2 && x->link->state == HS_BUSY ? write_pieces(x->link, v, n) : -1;
}

int hs_puts(struct hs_conn *c, const void *p, size_t n)
{
    struct iovec v = {(void *)(uintptr_t)p, n};
    return hs_write(c, &v, 1);
}

size_t hs_queued(const struct hs_conn *x)
{
    return x->h2 ? hs2_queued(x) : hs_link_queued(x->link);
}

void hs_end(struct hs_conn *x, bool keep)
{
    struct hs_link *c = x->link;
    if (x->h2) {
        hs2_finish(x);
        return;
    }
    if (c->state != HS_BUSY)
        return;
    x->user = NULL;
    hs_link_touch(c);
    if (c->broken) {
        kill_conn(c);
    } else if (keep && c->keep && !hs_stopping(c->srv)) {
        c->state = HS_READING;
        if (!c->feeding && c->ahead.n > 0)
            loop_timer_set(c->srv->loop, &c->timer, 0);
    } else {
        c->state = HS_CLOSING;
        c->unread |= hs_stopping(c->srv); /* the next request may be on its way already */
        if (hs_link_queued(c) == 0)
            hs_link_close(c);
    }
}

void hs_reset(struct hs_conn *x)
{
    struct hs_link *c = x->link;
    if (x->h2) {
        hs2_reset(x, H2S_INTERNAL_ERROR);
        return;
    }
    if (c->state != HS_BUSY)
        return;
    x->user = NULL;
    stream_reset_on_close(c->stream);
    kill_conn(c);
}

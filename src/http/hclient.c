#include "http/hclient.h"

#include "base/xalloc.h"
#include "http/hclient_private.h"

enum { READ_BYTES = 64 * 1024, PREWARM_AT_ONCE = 256 /* less than a usual backlog */ };

/* ---- idle connections: newest first out, oldest first closed; one timer looks at the oldest */

static void arm_idle_timer(struct hclient *c)
{
    if (c->o.idle_ns > 0 && c->oldest && c->idle_timer.node.at == 0 && !c->prewarms)
        loop_timer_set(c->loop, &c->idle_timer, c->oldest->idle_since + c->o.idle_ns);
}

void pool_put(struct hconn *k)
{
    struct hclient *c = k->c;
    stream_bulk(k->s, false);
    k->idle = true;
    k->idle_since = loop_now(c->loop);
    k->newer = NULL;
    k->older = c->newest;
    if (c->newest)
        c->newest->newer = k;
    else
        c->oldest = k;
    c->newest = k;
    c->stats.idle_now++;
    arm_idle_timer(c);
}

void pool_remove(struct hconn *k)
{
    struct hclient *c = k->c;
    *(k->newer ? &k->newer->older : &c->newest) = k->older;
    *(k->older ? &k->older->newer : &c->oldest) = k->newer;
    k->newer = k->older = NULL;
    k->idle = false;
    c->stats.idle_now--;
}

static void on_idle_timer(struct timer *t)
{
    struct hclient *c = CONTAINER_OF(t, struct hclient, idle_timer);
    int64_t now = loop_now(c->loop);
    while (c->oldest && !c->prewarms && c->oldest->idle_since + c->o.idle_ns <= now) {
        c->stats.idle_closed++;
        hconn_close(c->oldest);
    }
    arm_idle_timer(c);
}

/* ---- the client */

struct hclient *hclient_new(struct loop *l, const struct hclient_opts *o)
{
    struct hclient *c = xcalloc(1, sizeof(*c));
    c->loop = l;
    c->o = *o;
    struct dialer_opts d = {.addrs = o->addrs,
                            .n_addrs = o->n_addrs,
                            .binds = o->binds,
                            .n_binds = o->n_binds,
                            .turn = o->turn,
                            .tls = o->tls,
                            .sni = o->sni,
                            .tunnel = o->tunnel,
                            .no_stamps = o->no_stamps,
                            .no_resume = o->no_tls_resume,
                            .lost = o->lost,
                            .arg = o->lost_arg};
    c->dialer = dialer_new(l, &d);
    c->mux = o->tls ? o->http == HCLIENT_AUTO || o->http == HCLIENT_2 : o->http == HCLIENT_H2C;
    c->expect = o->http == HCLIENT_AUTO ? o->expect : c->mux ? 2 : 1;
    c->peer_max = UINT32_MAX;
    if (o->streams_per_conn == 0)
        c->o.streams_per_conn = STREAMS_PER_CONN;
    if (o->no_keepalive)
        c->o.streams_per_conn = 1;
    c->idle_timer.fire = on_idle_timer;
    if (!c->o.read_buf) {
        c->o.read_buf = c->own_buf = xmalloc(READ_BYTES);
        c->o.read_cap = READ_BYTES;
    }
    return c;
}

void hclient_free(struct hclient **cp)
{
    struct hclient *c = *cp;
    if (!c)
        return;
    *cp = NULL;
    while (c->all)
        hconn_close(c->all);
    while (c->h2conns)
        h2conn_close(c->h2conns);
    if (c->heads) {
        buf_free(&c->heads->text);
        h2_head_free(&c->heads->common);
        h2_head_free(&c->heads->own);
        free(c->heads);
    }
    hconn_free_spare(c);
    dialer_free(&c->dialer);
    loop_timer_stop(c->loop, &c->idle_timer);
    while (c->prewarms) {
        struct prewarm *p = c->prewarms;
        c->prewarms = p->next;
        loop_timer_stop(c->loop, &p->pace);
        free(p);
    }
    free(c->own_buf);
    free(c);
}

struct hclient_stats hclient_get_stats(const struct hclient *c)
{
    return c->stats;
}

/* ---- prewarming */

static void prewarm_ready(struct prewarm *p)
{
    for (struct prewarm **at = &p->c->prewarms; *at; at = &(*at)->next) {
        if (*at == p) {
            *at = p->next;
            break;
        }
    }
    struct hclient *c = p->c;
    if (!c->prewarms) {
        /* Those that were there first have waited for the others: their time begins now. */
        for (struct hconn *k = c->newest; k; k = k->older)
            k->idle_since = loop_now(c->loop);
        arm_idle_timer(c);
    }
    void (*ready)(void *arg) = p->ready;
    void *arg = p->arg;
    loop_timer_stop(p->c->loop, &p->pace);
    free(p);
    if (ready)
        ready(arg);
}

/* Room that is neither there nor to be expected of the connections under way, as far as the server's limit is known. */
static int64_t prewarm_left(const struct prewarm *p)
{
    uint64_t share = p->c->mux ? h2pool_share(p->c) : 1;
    return (int64_t)(p->wanted - p->got - p->pending * share);
}

static void prewarm_open(struct prewarm *p)
{
    for (int64_t left; (left = prewarm_left(p)) > 0 && p->pending < PREWARM_AT_ONCE; p->pending++) {
        int64_t gap = p->c->o.prewarm_gap, now = gap > 0 ? clock_mono() : 0;
        if (p->c->expect == 0 && p->pending > 0) /* the first one will tell how many are needed */
            return;
        if (gap > 0 && p->due > now) {
            loop_timer_set(p->c->loop, &p->pace, p->due);
            return;
        }
        p->due = MAX(p->due, now - PREWARM_AT_ONCE * gap) + gap; /* what was missed is not made up all in one go */
        if (p->c->mux) {
            struct h2conn *k = h2conn_open(p->c);
            k->pw = p;
            k->pw_share = (unsigned)MIN(left, (int64_t)h2pool_share(p->c));
        } else {
            hconn_open(p->c)->pw = p;
        }
    }
}

static void prewarm_go_on(struct prewarm *p)
{
    prewarm_open(p);
    if (p->pending == 0 && prewarm_left(p) <= 0)
        prewarm_ready(p);
}

static void on_pace(struct timer *t)
{
    prewarm_go_on(CONTAINER_OF(t, struct prewarm, pace));
}

void prewarm_step(struct prewarm *p, unsigned room)
{
    p->pending--;
    p->got += room;
    prewarm_go_on(p);
}

void hclient_prewarm(struct hclient *c, unsigned n, void (*ready)(void *arg), void *arg)
{
    struct prewarm *p = xcalloc(1, sizeof(*p));
    *p = (struct prewarm){.next = c->prewarms, .c = c, .wanted = n, .due = clock_mono()};
    p->ready = ready;
    p->arg = arg;
    p->pace.fire = on_pace;
    c->prewarms = p;
    loop_timer_set(c->loop, &p->pace, 0);
}

void hclient_prewarm_stop(struct hclient *c)
{
    for (struct prewarm *p = c->prewarms, *next; p; p = next) {
        next = p->next;
        p->wanted = p->got;
        p->ready = NULL;
        loop_timer_stop(c->loop, &p->pace);
        if (p->pending == 0)
            prewarm_ready(p);
    }
}

void hclient_set_addrs(struct hclient *c, const struct addr *addrs, size_t n)
{
    dialer_set_addrs(c->dialer, addrs, n);
}

/* ---- exchanges */

void hx_clear_attempt(struct hx *x)
{
    x->conn_start = x->conn_end = x->tls_end = 0;
    x->sent_first = x->sent_last = 0;
    x->bytes_out = 0;
    x->out_done = 0;
}

void hx_begin(struct hx *x, struct hconn *k)
{
    k->x = x;
    x->conn = k;
    x->http = 1;
    x->conn_id = k->id;
    if (k->up)
        stream_count_anew(k->s);
    if (x->n_out > 0 && x->out[0].iov_len > 5 && memcmp(x->out[0].iov_base, "HEAD ", 5) == 0)
        h1_head_response(k->h1);
}

void hx_begin_idle(struct hx *x)
{
    struct hconn *k = x->client->newest;
    pool_remove(k);
    k->c->stats.reused++;
    hx_begin(x, k);
    hconn_write(k);
}

void hx_start(struct hclient *c, struct hx *x)
{
    x->client = c;
    x->http = 0;
    x->tries = 0;
    hx_clear_attempt(x);
    x->first_byte = x->headers_at = x->end = 0;
    x->status = 0;
    x->new_conn = x->retried = x->resumed = x->paused = false;
    x->result = HX_OK;
    x->rc = 0;
    x->sys = 0;
    x->detail[0] = 0;
    x->bytes_in = 0;
    if (c->newest) {
        hx_begin_idle(x);
    } else if (c->mux) {
        h2pool_start(c, x, NULL);
    } else {
        x->new_conn = true;
        hx_begin(x, hconn_open(c));
    }
}

void hx_retry(struct hx *x)
{
    struct hclient *c = x->client;
    if (c->mux) {
        h2pool_retry(x, NULL);
        return;
    }
    c->stats.retried++;
    hx_clear_attempt(x);
    x->retried = x->new_conn = true;
    hx_begin(x, hconn_open(c));
}

void hx_finish(struct hx *x, enum hx_result result, int64_t end)
{
    x->conn = NULL;
    x->result = result;
    x->end = end;
    x->ops->done(x);
}

bool hx_get_wire(const struct hx *x, struct hx_wire *out)
{
    const struct stream *s = x->conn ? x->conn->s : x->h2 ? x->h2->s : NULL;
    memset(out, 0, sizeof *out);
    if (!s)
        return false;
    out->peer.len = out->local.len = sizeof out->peer.sa;
    if (getpeername(stream_fd(s), (struct sockaddr *)&out->peer.sa, &out->peer.len) != 0 ||
        getsockname(stream_fd(s), (struct sockaddr *)&out->local.sa, &out->local.len) != 0)
        return false;
    out->tls = stream_get_tls(s, &out->facts);
    return true;
}

static void set_paused(struct hx *x, bool paused)
{
    if ((!x->conn && !x->h2) || x->paused == paused)
        return;
    x->paused = paused;
    if (x->h2)
        h2conn_pause(x);
    else
        hconn_pause(x->conn);
}

void hx_pause(struct hx *x)
{
    set_paused(x, true);
}

void hx_resume(struct hx *x)
{
    set_paused(x, false);
}

void hx_bulk(struct hx *x)
{
    if (x->conn && x->conn->up)
        stream_bulk(x->conn->s, true);
}

void hx_cancel(struct hx *x)
{
    struct hconn *k = x->conn;
    if (!k && !x->h2)
        return;
    x->result = HX_CANCELLED;
    x->end = clock_mono();
    if (x->h2) {
        h2conn_cancel(x);
        return;
    }
    x->conn = NULL;
    k->x = NULL;
    hconn_close(k);
}

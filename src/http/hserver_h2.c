/* hserver_h2.c - HTTP/2 on a link: one hs_conn per stream, received as hserver_request does it, answered through
 * proto/h2_server, written in batches. */
#include "http/hserver_h2.h"

#include "base/clock.h"
#include "base/xalloc.h"

#define HEADERS_MAX (64 * 1024)
#define WINDOW (1024 * 1024) /* that a client may send ahead */
#define MAX_STREAMS 100
#define OUT_MAX (512UL << 20) /* that may wait on one connection */
#define FIELDS_MAX 60
#define BODIES 8 /* of the largest may be under way on one connection */

static struct hs2_exchange *exchange_of(const struct hs_conn *c)
{
    return (struct hs2_exchange *)(uintptr_t)c; /* its first member */
}

void hs2_free_if_over(struct hs2_exchange *x)
{
    if (x->st != NULL || x->state == X_OPEN || x->state == X_ENDING || x->pins > 0 || x->lost)
        return;
    hs2_flow_take(x);
    if (x->prev != NULL)
        x->prev->next = x->next;
    else
        x->h->all = x->next;
    if (x->next != NULL)
        x->next->prev = x->prev;
    free(x);
}

static void drop_reader(struct hs2_exchange *x)
{
    if (x->reader == NULL)
        return;
    x->h->bodies -= hs_reader_body_n(x->reader);
    hs_pool_put(x->x.link->srv->pool, &x->reader);
}

/* ---- what the caller is told of what it still answers */

static void tell_lost(struct hs2_exchange *x)
{
    unsigned char was = x->state;
    void *user = x->x.user;
    x->state = X_DONE;
    x->x.user = NULL;
    if (was == X_OPEN)
        hs2_ops(x)->gone(hs2_arg(x), &x->x, user);
    else if (was == X_ENDING && hs2_ops(x)->ended != NULL)
        hs2_ops(x)->ended(hs2_arg(x), &x->x, user, false);
}

void hs2_tell_lost(struct hs2_shared *sh)
{
    struct hs2_exchange *x;
    while ((x = sh->lost) != NULL) {
        sh->lost = x->queue;
        if (sh->lost == NULL)
            sh->lost_end = &sh->lost;
        tell_lost(x);
        x->lost = false;
        hs2_free_if_over(x);
    }
}

/* The caller is told at the end of the turn: now there may be somebody on the stack who does not expect it. */
void hs2_lose(struct hs2_exchange *x)
{
    struct hs2_shared *sh = x->x.link->srv->h2;
    if (x->lost)
        return;
    x->lost = true;
    x->queue = NULL;
    *sh->lost_end = x;
    sh->lost_end = &x->queue;
}

static void unqueue_ready(struct hs2 *h, struct hs2_exchange *x)
{
    struct hs2_exchange **p = &h->ready;
    while (*p != NULL && *p != x)
        p = &(*p)->queue;
    if (*p == NULL)
        return;
    *p = x->queue;
    if (*p == NULL)
        h->ready_end = p;
}

/* ---- events of h2_server */

static void make_ready(struct hs2_exchange *x)
{
    struct hs2 *h = x->h;
    if (x->state != X_RECEIVING)
        return;
    x->state = X_READY;
    x->last = *h->rx;
    x->queue = NULL;
    *h->ready_end = x;
    h->ready_end = &x->queue;
}

static void refuse(struct hs2_exchange *x, int status, const char *why)
{
    x->refuse = status;
    x->why = why;
    make_ready(x);
}

static void *on_begin(void *arg, struct h2s_stream *st)
{
    struct hs2 *h = arg;
    const struct hserver_opts *o = &h->link->srv->o;
    struct hs2_exchange *x = xcalloc(1, sizeof(*x));
    x->x = (struct hs_conn){.link = h->link, .h2 = true};
    x->h = h;
    x->st = st;
    x->next = h->all;
    if (h->all != NULL)
        h->all->prev = x;
    h->all = x;
    h->requests++;
    hs_link_touch(h->link);
    if (o->goaway_after > 0 && h->requests > o->goaway_after) {
        x->state = X_IGNORED;
        return x;
    }
    if (h->requests == o->goaway_after)
        h2s_goaway(h->h2s, o->goaway_abrupt ? H2S_INTERNAL_ERROR : H2S_NO_ERROR, o->goaway_abrupt);
    x->reader = hs_pool_get(h->link->srv->pool, h->rx);
    return x;
}

static void on_field(void *arg, void *user, struct str name, struct str value)
{
    struct hs2_exchange *x = user;
    const char *why;
    int status;
    if (x->state == X_RECEIVING && x->refuse == 0 && (status = hs_reader_field(x->reader, name, value, &why)) != 0) {
        x->refuse = status;
        x->why = why;
    }
}

static void on_headers(void *arg, void *user, bool too_large, bool end)
{
    struct hs2_exchange *x = user;
    if (too_large)
        refuse(x, 431, "The request's headers are too large.");
    else if (x->refuse != 0)
        make_ready(x);
    else if (!end && x->state == X_RECEIVING && hs_reader_expects(x->reader))
        h2s_continue(x->st);
}

static void on_data(void *arg, void *user, struct str piece)
{
    struct hs2_exchange *x = user;
    struct hs2 *h = arg;
    const char *why;
    if (x->state != X_RECEIVING)
        return;
    size_t before = hs_reader_body_n(x->reader);
    int status = hs_reader_body(x->reader, piece, &why);
    h->bodies += hs_reader_body_n(x->reader) - before;
    if (status != 0) {
        refuse(x, status, why);
    } else if (h->bodies > BODIES * h->link->srv->o.max_body) {
        drop_reader(x);
        x->state = X_DONE;
        h2s_reset(x->st, H2S_ENHANCE_YOUR_CALM);
    }
}

static void on_end(void *arg, void *user)
{
    make_ready(user);
}

static void on_sent(void *arg, void *user, uint32_t tag)
{
    hs2_note(user, false, tag != hs2_tag_now(arg));
}

static void on_finished(void *arg, void *user)
{
    struct hs2_exchange *x = user;
    if (x->state == X_ENDING)
        hs2_note(x, true, false);
}

static void on_closed(void *arg, void *user, uint32_t code)
{
    struct hs2_exchange *x = user;
    struct hs2 *h = arg;
    x->st = NULL;
    if (x->state == X_READY)
        unqueue_ready(h, x);
    drop_reader(x);
    if (x->state == X_OPEN || (x->state == X_ENDING && x->pins == 0))
        hs2_lose(x);
    hs2_free_if_over(x);
}

static const struct h2s_ops events = {on_begin, on_field, on_headers, on_data, on_end, on_sent, on_finished, on_closed};

static void on_turn(void *arg)
{
    hserver_flush(arg);
}

static void on_again(struct timer *t)
{
}

/* ---- for hserver.c */

static struct hs2_shared *shared_of(struct hserver *s)
{
    if (s->h2 == NULL) {
        s->h2 = xcalloc(1, sizeof(*s->h2));
        s->h2->srv = s;
        s->h2->again.fire = on_again;
        s->h2->lost_end = &s->h2->lost;
        loop_on_turn(s->loop, on_turn, s);
    }
    return s->h2;
}

void hs2_shared_free(struct hserver *s)
{
    if (s->h2 != NULL) {
        loop_on_turn(s->loop, NULL, NULL);
        loop_timer_stop(s->loop, &s->h2->again);
    }
    free(s->h2);
    s->h2 = NULL;
}

void hs2_start(struct hs_link *l)
{
    const struct hserver_opts *o = &l->srv->o;
    const struct h2s_opts h2 = {
        .max_streams = o->max_streams > 0 ? o->max_streams : MAX_STREAMS,
        .window = WINDOW,
        .max_headers = HEADERS_MAX,
        .max_out = OUT_MAX,
    };
    struct hs2 *h = xcalloc(1, sizeof(*h));
    shared_of(l->srv);
    h->link = l;
    h->ready_end = &h->ready;
    h->h2s = h2s_new(&h2, &events, h);
    l->h2 = h;
    l->srv->stats.http2++;
    hs2_mark_dirty(h);
    if (hs_stopping(l->srv))
        hs2_shutdown(l);
}

void hs2_shutdown(struct hs_link *l)
{
    h2s_shutdown(l->h2->h2s);
    hs2_mark_dirty(l->h2);
    loop_timer_set(l->srv->loop, &l->timer, clock_mono() + HS_LINGER_NS);
}

void hs2_goaway(struct hs_link *l)
{
    h2s_goaway(l->h2->h2s, H2S_NO_ERROR, false);
    hs2_mark_dirty(l->h2);
}

bool hs2_busy(const struct hs_link *l)
{
    for (const struct hs2_exchange *x = l->h2->all; x != NULL; x = x->next)
        if (x->state == X_READY || x->state == X_OPEN)
            return true;
    return false;
}

void hs2_part(struct hs_link *l)
{
    h2s_goaway(l->h2->h2s, H2S_NO_ERROR, true);
    hs2_mark_dirty(l->h2);
}

bool hs2_over(const struct hs_link *l)
{
    return h2s_done(l->h2->h2s) && hs_link_queued(l) == 0;
}

static void forget_dirty(struct hs2 *h)
{
    struct hs2 **p = &h->link->srv->h2->dirty;
    while (*p != NULL && *p != h)
        p = &(*p)->next_dirty;
    if (*p != NULL)
        *p = h->next_dirty;
}

void hs2_free(struct hs_link *l)
{
    struct hs2 *h = l->h2;
    if (h == NULL)
        return;
    l->h2 = NULL;
    h->inside = true;
    h2s_free(&h->h2s);
    hs2_tell_lost(l->srv->h2);
    forget_dirty(h);
    free(h);
}

void hs2_drained(struct hs_link *l)
{
    hs2_pump(l->h2);
}

static void deliver(struct hs2 *h, struct hs2_exchange *x)
{
    struct hserver *s = h->link->srv;
    struct hs_reader *r = x->reader;
    struct hs_request q;
    hs_reader_request(r, &q);
    q.recv_last = MAX(x->last.stamp, q.recv);
    q.kernel = q.kernel && x->last.kernel;
    q.received = clock_mono();
    h->bodies -= hs_reader_body_n(r);
    x->reader = NULL;
    x->state = X_OPEN;
    s->stats.requests++;
    if (x->refuse != 0)
        s->o.ops->refused(s->o.arg, &x->x, &q, x->refuse, x->why);
    else
        s->o.ops->request(s->o.arg, &x->x, &q);
    hs_pool_put(s->pool, &r);
}

void hs2_feed(struct hs_link *l, const char *p, size_t n, const struct rx *rx)
{
    struct hs2 *h = l->h2;
    struct hs2_exchange *x;
    h->rx = rx;
    h->inside = true;
    h2s_feed(h->h2s, p, n); /* where it fails, what is left to be written says so, and ends it */
    h->inside = false;
    while (!l->broken && (x = h->ready) != NULL) {
        h->ready = x->queue;
        if (h->ready == NULL)
            h->ready_end = &h->ready;
        deliver(h, x);
    }
    hs2_pump(h);
}

/* ---- what the caller does */

static size_t convert(struct h2s_field *out, const struct hs_header *h, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (struct h2s_field){h[i].name, h[i].value};
    return n;
}

int hs2_head(struct hs_conn *c, int status, const struct hs_header *h, size_t n, bool end)
{
    struct hs2_exchange *x = exchange_of(c);
    struct h2s_field f[FIELDS_MAX];
    if (!c->h2 || x->state != X_OPEN || x->st == NULL || n > FIELDS_MAX)
        return -1;
    hs2_mark_dirty(x->h);
    return h2s_head(x->st, status, f, convert(f, h, n), end);
}

int hs2_data(struct hs_conn *c, struct str piece, bool mark)
{
    struct hs2_exchange *x = exchange_of(c);
    if (!c->h2 || x->state != X_OPEN || x->st == NULL || x->lost)
        return -1;
    hs2_mark_dirty(x->h);
    hs2_flow_given(x);
    if ((h2s_queued(x->st) <= c->link->srv->o.max_out || c->link->srv->o.keep_slow) &&
        h2s_data(x->st, piece.p, piece.n, mark ? hs2_tag_now(x->h) : 0) == 0)
        return 0;
    c->link->srv->stats.dropped++;
    h2s_reset(x->st, H2S_ENHANCE_YOUR_CALM);
    hs2_lose(x);
    return -1;
}

void hs2_end(struct hs_conn *c, const struct hs_header *trailers, size_t n)
{
    struct hs2_exchange *x = exchange_of(c);
    struct h2s_field f[FIELDS_MAX];
    if (!c->h2 || x->state != X_OPEN)
        return;
    x->state = X_ENDING;
    if (x->st == NULL || x->lost)
        return; /* `ended` is on its way */
    hs2_mark_dirty(x->h);
    if (n > FIELDS_MAX || h2s_end(x->st, f, convert(f, trailers, n)) < 0) {
        h2s_reset(x->st, H2S_INTERNAL_ERROR);
        hs2_lose(x);
    }
}

static void let_go(struct hs2_exchange *x)
{
    x->state = X_DONE;
    x->x.user = NULL;
    if (x->st != NULL)
        hs2_mark_dirty(x->h);
    hs2_free_if_over(x);
}

void hs2_finish(struct hs_conn *c)
{
    struct hs2_exchange *x = exchange_of(c);
    if (x->state != X_OPEN)
        return;
    if (x->st != NULL && h2s_end(x->st, NULL, 0) < 0)
        h2s_reset(x->st, H2S_INTERNAL_ERROR);
    let_go(x);
}

void hs2_reset(struct hs_conn *c, uint32_t code)
{
    struct hs2_exchange *x = exchange_of(c);
    if (!c->h2 || x->state != X_OPEN)
        return;
    if (x->st != NULL && !x->lost)
        hs2_pump(x->h);
    if (x->st != NULL)
        h2s_reset(x->st, code);
    let_go(x);
}

void hs_flush(struct hs_conn *c)
{
    struct hs2_exchange *x = exchange_of(c);
    if (c->h2 && x->st != NULL)
        hs2_pump(x->h);
}

size_t hs2_queued(const struct hs_conn *c)
{
    const struct hs2_exchange *x = exchange_of(c);
    return x->st != NULL ? h2s_queued(x->st) : 0;
}

/* hserver_h2.c - HTTP/2 on a link: one hs_conn per stream, received as hserver_request does it, answered through
 * proto/h2_server, written in batches.
 *
 * A batch is what one write call takes, so that the instant of each piece is that of its call: whole frames of at most
 * BATCH bytes, unless one frame alone is longer. Nothing is pulled while the kernel has not taken the batch before. */
#include "base/clock.h"
#include "base/xalloc.h"
#include "http/hserver_private.h"
#include "proto/h2_server.h"

#define BATCH (16 * 1024)
#define FRAME_MAX (16 * 1024 + 512) /* what one pull can give: a frame of the least size that all peers take */
#define MARKS_MAX (BATCH / 10 + 2)  /* a frame with a marked piece has at least 10 bytes */
#define HEADERS_MAX (64 * 1024)
#define WINDOW (1024 * 1024) /* that a client may send ahead */
#define MAX_STREAMS 100
#define OUT_MAX (512UL << 20) /* that may wait on one connection */
#define FIELDS_MAX 60
#define BODIES 8 /* of the largest may be under way on one connection */

enum x_state {
    X_RECEIVING,
    X_READY,   /* received, to be given to the caller */
    X_IGNORED, /* came behind a GOAWAY */
    X_OPEN,    /* the caller answers */
    X_ENDING,  /* answered; `ended` is due */
    X_DONE,    /* the caller knows nothing of it any more */
};

struct exchange {
    struct hs_conn x; /* first */
    struct hs2 *h;
    struct exchange *prev, *next;
    struct exchange *queue; /* the next that is ready, or lost */
    struct h2s_stream *st;  /* NULL: closed */
    struct hs_reader *reader;
    const char *why; /* refused: a constant text */
    int refuse;      /* its status */
    unsigned pins;   /* entries of a batch that name it */
    unsigned char state;
    bool lost; /* in the queue of those to be told */
    struct rx last;
};

struct hs2 {
    struct hs_link *link;
    struct h2s *h2s;
    struct exchange *all;
    struct exchange *ready, **ready_end;
    struct hs2 *next_dirty;
    const struct rx *rx; /* of the bytes being fed */
    size_t bodies;       /* bytes of the requests being received */
    uint64_t requests;
    uint32_t flushes;
    bool dirty, inside;
};

struct entry {
    struct exchange *x;
    bool end, waited;
};

struct hs2_shared {
    struct hs2 *dirty;
    struct exchange *lost, **lost_end;
    struct hserver *srv;
    bool pumping;
    size_t n, n_marks; /* of the batch */
    struct entry marks[MARKS_MAX];
    char batch[BATCH + FRAME_MAX];
};

static struct exchange *exchange_of(const struct hs_conn *c)
{
    return (struct exchange *)(uintptr_t)c; /* its first member */
}

static const struct hserver_ops *ops_of(const struct exchange *x)
{
    return x->x.link->srv->o.ops;
}

static void *arg_of(const struct exchange *x)
{
    return x->x.link->srv->o.arg;
}

static void free_if_over(struct exchange *x)
{
    if (x->st != NULL || x->state == X_OPEN || x->state == X_ENDING || x->pins > 0 || x->lost)
        return;
    if (x->prev != NULL)
        x->prev->next = x->next;
    else
        x->h->all = x->next;
    if (x->next != NULL)
        x->next->prev = x->prev;
    free(x);
}

static void drop_reader(struct exchange *x)
{
    if (x->reader == NULL)
        return;
    x->h->bodies -= hs_reader_body_n(x->reader);
    hs_pool_put(x->x.link->srv->pool, &x->reader);
}

static void mark_dirty(struct hs2 *h)
{
    struct hs2_shared *sh = h->link->srv->h2;
    if (h->dirty)
        return;
    h->dirty = true;
    h->next_dirty = sh->dirty;
    sh->dirty = h;
}

/* ---- what the caller is told of what it still answers */

static void tell_lost(struct exchange *x)
{
    unsigned char was = x->state;
    void *user = x->x.user;
    x->state = X_DONE;
    x->x.user = NULL;
    if (was == X_OPEN)
        ops_of(x)->gone(arg_of(x), &x->x, user);
    else if (was == X_ENDING && ops_of(x)->ended != NULL)
        ops_of(x)->ended(arg_of(x), &x->x, user, false);
}

static void tell_all_lost(struct hs2_shared *sh)
{
    struct exchange *x;
    while ((x = sh->lost) != NULL) {
        sh->lost = x->queue;
        if (sh->lost == NULL)
            sh->lost_end = &sh->lost;
        tell_lost(x);
        x->lost = false;
        free_if_over(x);
    }
}

/* The caller is told at the end of the turn: now there may be somebody on the stack who does not expect it. */
static void lose(struct exchange *x)
{
    struct hs2_shared *sh = x->x.link->srv->h2;
    if (x->lost)
        return;
    x->lost = true;
    x->queue = NULL;
    *sh->lost_end = x;
    sh->lost_end = &x->queue;
}

static void unqueue_ready(struct hs2 *h, struct exchange *x)
{
    struct exchange **p = &h->ready;
    while (*p != NULL && *p != x)
        p = &(*p)->queue;
    if (*p == NULL)
        return;
    *p = x->queue;
    if (*p == NULL)
        h->ready_end = p;
}

/* ---- events of h2_server */

static void make_ready(struct exchange *x)
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

static void refuse(struct exchange *x, int status, const char *why)
{
    x->refuse = status;
    x->why = why;
    make_ready(x);
}

static void *on_begin(void *arg, struct h2s_stream *st)
{
    struct hs2 *h = arg;
    const struct hserver_opts *o = &h->link->srv->o;
    struct exchange *x = xcalloc(1, sizeof(*x));
    x->x = (struct hs_conn){.link = h->link, .h2 = true};
    x->h = h;
    x->st = st;
    x->next = h->all;
    if (h->all != NULL)
        h->all->prev = x;
    h->all = x;
    h->requests++;
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
    struct exchange *x = user;
    const char *why;
    int status;
    if (x->state == X_RECEIVING && x->refuse == 0 && (status = hs_reader_field(x->reader, name, value, &why)) != 0) {
        x->refuse = status;
        x->why = why;
    }
}

static void on_headers(void *arg, void *user, bool too_large, bool end)
{
    struct exchange *x = user;
    if (too_large)
        refuse(x, 431, "The request's headers are too large.");
    else if (x->refuse != 0)
        make_ready(x);
    else if (!end && x->state == X_RECEIVING && hs_reader_expects(x->reader))
        h2s_continue(x->st);
}

static void on_data(void *arg, void *user, struct str piece)
{
    struct exchange *x = user;
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

static void note(struct exchange *x, bool end, bool waited)
{
    struct hs2_shared *sh = x->x.link->srv->h2;
    if (sh->n_marks == MARKS_MAX)
        return; /* cannot be: see MARKS_MAX */
    x->pins++;
    sh->marks[sh->n_marks++] = (struct entry){x, end, waited};
}

/* A tag says after how many flushes the piece was given. */
static uint32_t tag_now(const struct hs2 *h)
{
    return h->flushes | 1U << 31;
}

static void on_sent(void *arg, void *user, uint32_t tag)
{
    note(user, false, tag != tag_now(arg));
}

static void on_finished(void *arg, void *user)
{
    struct exchange *x = user;
    if (x->state == X_ENDING)
        note(x, true, false);
}

static void on_closed(void *arg, void *user, uint32_t code)
{
    struct exchange *x = user;
    struct hs2 *h = arg;
    x->st = NULL;
    if (x->state == X_READY)
        unqueue_ready(h, x);
    drop_reader(x);
    if (x->state == X_OPEN || (x->state == X_ENDING && x->pins == 0))
        lose(x);
    free_if_over(x);
}

static const struct h2s_ops events = {on_begin, on_field, on_headers, on_data, on_end, on_sent, on_finished, on_closed};

/* ---- writing */

/* Reports the first n entries, or forgets them. */
static void settle_marks(struct hs2_shared *sh, size_t n, bool written, int64_t at)
{
    for (size_t i = 0; i < n; i++) {
        struct exchange *x = sh->marks[i].x;
        x->pins--;
        if (!written || x->lost) {
            /* told as lost */
        } else if (sh->marks[i].end && x->state == X_ENDING) {
            void *user = x->x.user;
            x->state = X_DONE;
            x->x.user = NULL;
            if (ops_of(x)->ended != NULL)
                ops_of(x)->ended(arg_of(x), &x->x, user, true);
        } else if (!sh->marks[i].end && (x->state == X_OPEN || x->state == X_ENDING) && ops_of(x)->written != NULL) {
            ops_of(x)->written(arg_of(x), &x->x, x->x.user, at, sh->marks[i].waited);
        }
        if (x->state == X_ENDING && x->st == NULL && x->pins == 0)
            lose(x);
        free_if_over(x);
    }
    sh->n_marks -= n;
    memmove(sh->marks, sh->marks + n, sh->n_marks * sizeof(sh->marks[0]));
}

/* The first n bytes of the batch, with the first m entries. */
static void write_batch(struct hs2 *h, struct hs2_shared *sh, size_t n, size_t m)
{
    struct hs_link *l = h->link;
    struct iovec v = {sh->batch, n};
    int64_t at = clock_mono();
    ssize_t rc = stream_writev(l->stream, &v, 1);
    bool lost = rc < 0 && rc != STREAM_AGAIN;
    size_t took = rc > 0 ? (size_t)rc : 0;
    if (!lost && took < n && hs_link_enqueue(l, sh->batch + took, n - took) < 0)
        lost = true;
    sh->n -= n;
    memmove(sh->batch, sh->batch + n, sh->n);
    if (lost)
        hs_link_broken(l);
    settle_marks(sh, m, !lost, at);
}

/* What is left of the batch when no more can be pulled. */
static void write_rest(struct hs2 *h, struct hs2_shared *sh)
{
    struct hs_link *l = h->link;
    if (l->broken) {
        sh->n = 0;
        settle_marks(sh, sh->n_marks, false, 0);
    } else if (hs_link_queued(l) == 0) {
        write_batch(h, sh, sh->n, sh->n_marks);
    } else { /* one frame, pulled before it was known that the kernel is full */
        for (size_t i = 0; i < sh->n_marks; i++)
            sh->marks[i].waited = true;
        bool kept = hs_link_enqueue(l, sh->batch, sh->n) == 0;
        if (!kept)
            hs_link_broken(l);
        sh->n = 0;
        settle_marks(sh, sh->n_marks, kept, clock_mono());
    }
}

static void pull_and_write(struct hs2 *h, struct hs2_shared *sh)
{
    struct hs_link *l = h->link;
    while (!l->broken && hs_link_queued(l) == 0) {
        const char *p;
        size_t marks = sh->n_marks, full = sh->n, n = h2s_pull(h->h2s, &p);
        if (n == 0)
            break;
        if (n > FRAME_MAX) { /* cannot be: no larger frames were agreed on */
            hs_link_broken(l);
            break;
        }
        memcpy(sh->batch + full, p, n);
        sh->n += n;
        if (full > 0 && sh->n > BATCH)
            write_batch(h, sh, full, marks);
        if (sh->n >= BATCH && !l->broken && hs_link_queued(l) == 0)
            write_batch(h, sh, sh->n, sh->n_marks);
    }
    if (sh->n > 0 || sh->n_marks > 0)
        write_rest(h, sh);
}

/* Hands all that can go to the kernel. */
static void pump(struct hs2 *h)
{
    struct hs_link *l = h->link;
    struct hs2_shared *sh = l->srv->h2;
    if (h->inside || sh->pumping) { /* later, at the end of the turn */
        mark_dirty(h);
        return;
    }
    if (l->broken || l->state != HS_READING)
        return;
    h->inside = sh->pumping = true;
    pull_and_write(h, sh);
    h->inside = sh->pumping = false;
    h->flushes++;
    if (l->broken)
        return;
    l->read_off = !h2s_can_read(h->h2s);
    hs_link_update_want(l);
    if (hs2_over(l))
        loop_timer_set(l->srv->loop, &l->timer, 0);
}

void hserver_flush(struct hserver *s)
{
    struct hs2_shared *sh = s->h2;
    while (sh != NULL && (sh->dirty != NULL || sh->lost != NULL)) {
        struct hs2 *h;
        while ((h = sh->dirty) != NULL) {
            sh->dirty = h->next_dirty;
            h->dirty = false;
            pump(h);
        }
        tell_all_lost(sh);
    }
}

static void on_turn(void *arg)
{
    hserver_flush(arg);
}

/* ---- for hserver.c */

static struct hs2_shared *shared_of(struct hserver *s)
{
    if (s->h2 == NULL) {
        s->h2 = xcalloc(1, sizeof(*s->h2));
        s->h2->srv = s;
        s->h2->lost_end = &s->h2->lost;
        loop_on_turn(s->loop, on_turn, s);
    }
    return s->h2;
}

void hs2_shared_free(struct hserver *s)
{
    if (s->h2 != NULL)
        loop_on_turn(s->loop, NULL, NULL);
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
    mark_dirty(h);
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
    tell_all_lost(l->srv->h2);
    forget_dirty(h);
    free(h);
}

void hs2_drained(struct hs_link *l)
{
    pump(l->h2);
}

static void deliver(struct hs2 *h, struct exchange *x)
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
    struct exchange *x;
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
    pump(h);
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
    struct exchange *x = exchange_of(c);
    struct h2s_field f[FIELDS_MAX];
    if (!c->h2 || x->state != X_OPEN || x->st == NULL || n > FIELDS_MAX)
        return -1;
    mark_dirty(x->h);
    return h2s_head(x->st, status, f, convert(f, h, n), end);
}

int hs2_data(struct hs_conn *c, struct str piece, bool mark)
{
    struct exchange *x = exchange_of(c);
    if (!c->h2 || x->state != X_OPEN || x->st == NULL || x->lost)
        return -1;
    mark_dirty(x->h);
    if (h2s_queued(x->st) <= c->link->srv->o.max_out &&
        h2s_data(x->st, piece.p, piece.n, mark ? tag_now(x->h) : 0) == 0)
        return 0;
    c->link->srv->stats.dropped++;
    h2s_reset(x->st, H2S_ENHANCE_YOUR_CALM);
    lose(x);
    return -1;
}

void hs2_end(struct hs_conn *c, const struct hs_header *trailers, size_t n)
{
    struct exchange *x = exchange_of(c);
    struct h2s_field f[FIELDS_MAX];
    if (!c->h2 || x->state != X_OPEN)
        return;
    x->state = X_ENDING;
    if (x->st == NULL || x->lost)
        return; /* `ended` is on its way */
    mark_dirty(x->h);
    if (n > FIELDS_MAX || h2s_end(x->st, f, convert(f, trailers, n)) < 0) {
        h2s_reset(x->st, H2S_INTERNAL_ERROR);
        lose(x);
    }
}

static void let_go(struct exchange *x)
{
    x->state = X_DONE;
    x->x.user = NULL;
    if (x->st != NULL)
        mark_dirty(x->h);
    free_if_over(x);
}

void hs2_finish(struct hs_conn *c)
{
    struct exchange *x = exchange_of(c);
    if (x->state != X_OPEN)
        return;
    if (x->st != NULL && h2s_end(x->st, NULL, 0) < 0)
        h2s_reset(x->st, H2S_INTERNAL_ERROR);
    let_go(x);
}

void hs2_reset(struct hs_conn *c, uint32_t code)
{
    struct exchange *x = exchange_of(c);
    if (!c->h2 || x->state != X_OPEN)
        return;
    if (x->st != NULL && !x->lost)
        pump(x->h);
    if (x->st != NULL)
        h2s_reset(x->st, code);
    let_go(x);
}

void hs_flush(struct hs_conn *c)
{
    struct exchange *x = exchange_of(c);
    if (c->h2 && x->st != NULL)
        pump(x->h);
}

size_t hs2_queued(const struct hs_conn *c)
{
    const struct exchange *x = exchange_of(c);
    return x->st != NULL ? h2s_queued(x->st) : 0;
}

/* hserver_h2_write.c - batches. A batch is what one write call takes, so that the instant of each piece is that of its
 * call: whole frames of at most HS2_BATCH bytes, unless one frame alone is longer. Nothing is pulled while the kernel
 * has not taken the batch before. */
#include "base/clock.h"
#include "http/hserver_h2.h"

void hs2_mark_dirty(struct hs2 *h)
{
    struct hs2_shared *sh = h->link->srv->h2;
    if (h->dirty)
        return;
    h->dirty = true;
    h->next_dirty = sh->dirty;
    sh->dirty = h;
}

/* ---- `drained`: exchanges with data in this flush, and of those before the ones that were not through */

static void flow_put(struct hs2_exchange **list, struct hs2_exchange *x, enum hs2_flow flow)
{
    x->flow = (unsigned char)flow;
    x->flow_next = *list;
    x->flow_at = list;
    if (*list != NULL)
        (*list)->flow_at = &x->flow_next;
    *list = x;
}

void hs2_flow_take(struct hs2_exchange *x)
{
    if (x->flow == FLOW_NONE)
        return;
    *x->flow_at = x->flow_next;
    if (x->flow_next != NULL)
        x->flow_next->flow_at = x->flow_at;
    x->flow = FLOW_NONE;
}

void hs2_flow_given(struct hs2_exchange *x)
{
    if (x->flow == FLOW_NONE && hs2_ops(x)->drained != NULL)
        flow_put(&x->h->given, x, FLOW_GIVEN);
}

static void look_what_is_through(struct hs2 *h)
{
    struct hs2_exchange *next;
    for (struct hs2_exchange *x = hs_link_queued(h->link) > 0 ? NULL : h->given; x != NULL; x = next) {
        next = x->flow_next;
        if (x->state == X_OPEN && x->st != NULL && h2s_queued(x->st) > 0)
            continue;
        hs2_flow_take(x);
        flow_put(&h->link->srv->h2->drained, x, FLOW_DUE);
    }
}

/* Those who give more at once are told in the next turn again: a fast client must not keep us here. */
static void tell_drained(struct hs2_shared *sh)
{
    struct hs2_exchange *x, *due = sh->drained;
    sh->drained = NULL;
    if (due != NULL)
        due->flow_at = &due;
    while ((x = due) != NULL) {
        hs2_flow_take(x);
        if (x->state != X_OPEN || x->st == NULL || x->lost)
            continue;
        if (h2s_queued(x->st) > 0) /* more was given in between */
            flow_put(&x->h->given, x, FLOW_GIVEN);
        else
            hs2_ops(x)->drained(hs2_arg(x), &x->x, x->x.user);
    }
}

/* ---- batches */

void hs2_note(struct hs2_exchange *x, bool end, bool waited)
{
    struct hs2_shared *sh = x->x.link->srv->h2;
    if (sh->n_marks == HS2_MARKS_MAX)
        return; /* cannot be: see HS2_MARKS_MAX */
    x->pins++;
    sh->marks[sh->n_marks++] = (struct hs2_entry){x, end, waited};
}

/* Reports the first n entries, or forgets them. */
static void settle_marks(struct hs2_shared *sh, size_t n, bool written, int64_t at)
{
    for (size_t i = 0; i < n; i++) {
        struct hs2_exchange *x = sh->marks[i].x;
        x->pins--;
        if (!written || x->lost) {
            /* told as lost */
        } else if (sh->marks[i].end && x->state == X_ENDING) {
            void *user = x->x.user;
            x->state = X_DONE;
            x->x.user = NULL;
            if (hs2_ops(x)->ended != NULL)
                hs2_ops(x)->ended(hs2_arg(x), &x->x, user, true);
        } else if (!sh->marks[i].end && (x->state == X_OPEN || x->state == X_ENDING) && hs2_ops(x)->written != NULL) {
            hs2_ops(x)->written(hs2_arg(x), &x->x, x->x.user, at, sh->marks[i].waited);
        }
        if (x->state == X_ENDING && x->st == NULL && x->pins == 0)
            hs2_lose(x);
        hs2_free_if_over(x);
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
    if (took > 0)
        hs_link_touch(l);
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
        if (n > HS2_FRAME_MAX) { /* cannot be: no larger frames were agreed on */
            hs_link_broken(l);
            break;
        }
        memcpy(sh->batch + full, p, n);
        sh->n += n;
        if (full > 0 && sh->n > HS2_BATCH)
            write_batch(h, sh, full, marks);
        if (sh->n >= HS2_BATCH && !l->broken && hs_link_queued(l) == 0)
            write_batch(h, sh, sh->n, sh->n_marks);
    }
    if (sh->n > 0 || sh->n_marks > 0)
        write_rest(h, sh);
}

void hs2_pump(struct hs2 *h)
{
    struct hs_link *l = h->link;
    struct hs2_shared *sh = l->srv->h2;
    if (h->inside || sh->pumping) { /* later, at the end of the turn */
        hs2_mark_dirty(h);
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
    look_what_is_through(h);
    l->read_off = !h2s_can_read(h->h2s);
    hs_link_update_want(l);
    if (hs2_over(l))
        loop_timer_set(l->srv->loop, &l->timer, 0);
}

static void flush_all(struct hs2_shared *sh)
{
    while (sh->dirty != NULL || sh->lost != NULL) {
        struct hs2 *h;
        while ((h = sh->dirty) != NULL) {
            sh->dirty = h->next_dirty;
            h->dirty = false;
            hs2_pump(h);
        }
        hs2_tell_lost(sh);
    }
}

void hserver_flush(struct hserver *s)
{
    struct hs2_shared *sh = s->h2;
    if (sh == NULL)
        return;
    flush_all(sh);
    if (sh->drained == NULL)
        return;
    tell_drained(sh);
    flush_all(sh);
    if (sh->drained != NULL)
        loop_timer_set(s->loop, &sh->again, 0);
}

/* request.c - the life of one request: rendered, started, watched, recorded. */
#include "engine/engine_private.h"

static void on_deadline(struct timer *t);

static struct req *req_new(struct worker *w)
{
    struct req *r = w->free_reqs;
    if (r) {
        w->free_reqs = r->next;
        return r;
    }
    r = xcalloc(1, sizeof *r);
    r->w = w;
    r->deadline.fire = on_deadline;
    buf_init(&r->body.spill, 256u << 20);
    buf_init(&r->own_head, 256u << 10);
    buf_init(&r->signature, 256u << 10);
    buf_init(&r->doc, MAX_DOCUMENT);
    buf_init(&r->head_lines, MAX_ERROR_HEADERS);
    buf_init(&r->redirect, MAX_REDIRECT);
    buf_init(&r->answer, MAX_SAVED_TEXT);
    buf_init(&r->whole, MAX_SAVED_HTTP);
    buf_init(&r->said, MAX_SAVED_TEXT);
    buf_init(&r->page, MAX_PAGE_TOKEN);
    buf_init(&r->next_page, MAX_PAGE_TOKEN);
    for (int k = 0; k < REC_RAW_PROMPT; k++)
        buf_init(&r->raw[k], SIZE_MAX / 4); /* the worker's share of the ceiling bounds it */
    return r;
}

static void req_release(struct req *r)
{
    struct worker *w = r->w;
    /* What one long answer needed is not kept for all the short ones behind it. */
    if (r->doc.cap > READ_BUFFER)
        buf_free(&r->doc);
    if (r->answer.cap > READ_BUFFER)
        buf_free(&r->answer);
    if (r->whole.cap > READ_BUFFER)
        buf_free(&r->whole);
    if (r->said.cap > READ_BUFFER)
        buf_free(&r->said);
    for (int k = 0; k < REC_RAW_PROMPT; k++)
        if (r->raw[k].cap > READ_BUFFER)
            buf_free(&r->raw[k]);
    r->rec = NULL;
    r->next = w->free_reqs;
    w->free_reqs = r;
}

void req_free_all(struct worker *w)
{
    while (w->free_reqs) {
        struct req *r = w->free_reqs;
        w->free_reqs = r->next;
        buf_free(&r->body.spill);
        buf_free(&r->own_head);
        buf_free(&r->signature);
        buf_free(&r->doc);
        buf_free(&r->head_lines);
        buf_free(&r->redirect);
        buf_free(&r->answer);
        buf_free(&r->whole);
        buf_free(&r->said);
        buf_free(&r->page);
        buf_free(&r->next_page);
        for (int k = 0; k < REC_RAW_PROMPT; k++)
            buf_free(&r->raw[k]);
        if (r->stream.cb)
            api_stream_free(&r->stream);
        coding_free(&r->coding);
        api_memo_free(&r->memo);
        free(r);
    }
}

void req_take_back(struct worker *w)
{
    for (struct record *rec; (rec = ring_pop(&w->back));) {
        w->texts -= rec->text_held;
        rec_recycle(&w->slab, rec);
    }
}

static struct record *record_for(struct worker *w, const struct plan_item *it)
{
    req_take_back(w);
    struct record *rec = rec_new(&w->slab);
    rec->level = w->e->o.load->o.level;
    rec->worker = w->id;
    rec->index = it->index;
    rec->sample = it->sample;
    rec->session = it->session;
    rec->turn = it->turn;
    rec->turns = it->turns;
    rec->klass = it->klass;
    rec->model = it->model;
    if (it->warmup)
        rec->flags |= REC_WARMUP;
    if (!w->e->o.api->stream)
        rec->flags |= REC_NO_STREAM_ASKED;
    if (w->e->o.api->ops->lacks & API_NO_TOKENS)
        rec->flags |= REC_NO_TEXT;
    if (w->e->o.api->ops->plain)
        rec->flags |= REC_NO_STREAM_ASKED | (w->e->o.api->counts ? 0 : REC_PLAIN);
    return rec;
}

/* What waits goes first. True: nothing waits any more. */
static bool push_late(struct worker *w)
{
    while (w->late_first) {
        struct record *rec = w->late_first, *next = rec->next;
        if (!ring_push(&w->out, rec)) /* from now on it is the other thread's */
            return false;
        w->late_first = next;
        w->n_late--;
    }
    return true;
}

static void record_out(struct worker *w, struct record *rec)
{
    w->taken++;
    if (push_late(w) && ring_push(&w->out, rec))
        return;
    if (w->n_late < w->e->o.late) {
        rec->next = NULL;
        *(w->late_first ? &w->late_last->next : &w->late_first) = rec;
        w->late_last = rec;
        w->n_late++;
        return;
    }
    w->lost++;
    w->texts -= rec->text_held;
    free(rec->text);
    rec->text = NULL;
    rec_recycle(&w->slab, rec);
}

void req_hand_over(struct worker *w)
{
    const struct timespec nap = {.tv_nsec = 200 * NS_PER_US};
    while (!push_late(w))
        nanosleep(&nap, NULL);
}

/* Of these methods a request without a body says nothing of it (RFC 9110, 8.6). */
static bool has_no_body(const struct plan_item *it)
{
    const struct plan_extra *x = it->what->extra;
    return x && (str_eqz(x->method, "GET") || str_eqz(x->method, "HEAD"));
}

struct req *req_prepare_page(struct worker *w, const struct plan_item *it, struct str page)
{
    static const char length[] = "\r\nContent-Length: ";
    struct req *r = req_new(w);
    r->item = *it;
    r->session = NULL;
    buf_clear(&r->page);
    buf_adds(&r->page, page);
    api_render(w->e->o.api, &r->item, &r->body);
    char *p = mempcpy(r->ids, w->id_line, w->id_line_n);
    p = fmt_u64(p, it->index);
    if (r->body.bytes > 0 || !has_no_body(it)) {
        p = mempcpy(p, length, sizeof length - 1);
        p = fmt_u64(p, r->body.bytes);
    }
    p = mempcpy(p, "\r\n\r\n", 4);
    bool is_signed = w->routes[0].sigv4 != NULL;
    int n_head = is_signed ? 3 : 2;
    r->out[n_head - 1] = (struct iovec){r->ids, (size_t)(p - r->ids)};
    memcpy(r->out + n_head, r->body.v, (size_t)r->body.n * sizeof r->body.v[0]);
    r->rec = record_for(w, it);
    response_reset(r);
    memset(&r->x, 0, sizeof r->x);
    r->x.ops = &response_ops;
    r->x.out = r->out;
    r->x.n_out = r->body.n + n_head;
    r->x.n_head = n_head;
    if (is_signed)
        signing_prepare(r);
    return r;
}

struct req *req_prepare(struct worker *w, const struct plan_item *it)
{
    return req_prepare_page(w, it, STR(""));
}

void req_warmup(struct req *r, bool warmup)
{
    r->item.warmup = warmup;
    r->rec->flags = (r->rec->flags & ~(unsigned)REC_WARMUP) | (warmup ? REC_WARMUP : 0);
}

void req_drop(struct req *r)
{
    rec_recycle(&r->w->slab, r->rec);
    req_release(r);
}

void req_unsent(struct worker *w, const struct plan_item *it, int64_t intended)
{
    struct record *rec = record_for(w, it);
    rec->intended = since_epoch(w, intended);
    rec->outcome = OUT_UNSENT;
    if (w->n_late >= w->e->o.late / 2) /* nothing is started any more: here a worker may wait for the writer */
        req_hand_over(w);
    record_out(w, rec);
}

static int64_t next_deadline(const struct req *r, int64_t start)
{
    const struct engine_opts *o = &r->w->e->o;
    int64_t due = start + o->timeout;
    if (o->connect_timeout > 0 && !r->x.sent_first)
        due = MIN(due, start + o->connect_timeout);
    if (o->first_token_timeout > 0 && !r->rec->first_token)
        due = MIN(due, start + o->first_token_timeout);
    if (o->stall_timeout > 0)
        due = MIN(due, MAX(r->heard, start) + o->stall_timeout);
    return r->item.leave_after >= 0 ? MIN(due, start + r->item.leave_after) : due;
}

static void on_deadline(struct timer *t)
{
    struct req *r = CONTAINER_OF(t, struct req, deadline);
    struct worker *w = r->w;
    const struct engine_opts *o = &w->e->o;
    int64_t start = r->rec->start + o->epoch, now = clock_mono();
    int64_t due = next_deadline(r, start);
    if (due > now) { /* an earlier bound was met meanwhile */
        loop_timer_set(w->loop, t, due);
        return;
    }
    bool connecting = o->connect_timeout > 0 && !r->x.sent_first && now >= start + o->connect_timeout;
    bool leaving = r->item.leave_after >= 0 && due == start + r->item.leave_after;
    bool stalled = o->stall_timeout > 0 && now >= MAX(r->heard, start) + o->stall_timeout;
    enum outcome out = leaving                     ? OUT_CANCELLED
                       : now >= start + o->timeout ? OUT_TIMEOUT_TOTAL
                       : connecting                ? OUT_TIMEOUT_CONNECT
                       : stalled                   ? OUT_TIMEOUT_STALL
                                                   : OUT_TIMEOUT_FIRST_TOKEN;
    if (r->mode == MODE_ERROR) /* the server has said what matters */
        out = OUT_HTTP;
    if (r->error)
        out = OUT_IN_STREAM_ERROR;
    r->left = out == OUT_CANCELLED;
    hx_cancel(&r->x);
    r->x.end = now;
    req_finish(r, out, "");
}

struct str req_head(struct req *r, const struct route *route)
{
    const struct plan_extra *x = r->item.what->extra;
    bool own = target_has_own_head(x);
    if (!own && r->page.n == 0)
        return buf_str(&route->head);
    buf_clear(&r->own_head);
    if (own)
        target_head_of(&r->w->e->o.targets[route - r->w->routes], x, r->body.bytes > 0, &r->own_head);
    else
        buf_adds(&r->own_head, buf_str(&route->head));
    if (r->page.n > 0) { /* the place where the answer goes on */
        buf_addz(&r->own_head, "X-Amzn-SageMaker-Custom-Attributes: x-starting-token=");
        buf_adds(&r->own_head, buf_str(&r->page));
        buf_addz(&r->own_head, "\r\n");
    }
    return buf_str(&r->own_head);
}

void req_start(struct req *r, int64_t intended, int64_t admitted, int64_t now)
{
    struct worker *w = r->w;
    struct record *rec = r->rec;
    r->route = route_foreseen(w, &r->item);
    if (!r->route)
        r->route = route_choose(w, route_turn(&r->item));
    r->route->in_flight++;
    rec->endpoint = (uint32_t)(r->route - w->routes);
    struct str head = req_head(r, r->route);
    r->out[0] = (struct iovec){(void *)(uintptr_t)head.p, head.n};
    if (r->route->sigv4)
        signing_ready(r, r->route, head);
    w->in_flight++;
    r->prev_open = NULL;
    r->next_open = w->open_reqs;
    if (w->open_reqs)
        w->open_reqs->prev_open = r;
    w->open_reqs = r;
    live_add(&w->live.started, 1);
    rec->intended = since_epoch(w, intended);
    rec->admitted = since_epoch(w, admitted);
    rec->start = since_epoch(w, now);
    if (!r->item.warmup) {
        if (!w->first_start)
            w->first_start = rec->start;
        w->last_start = rec->start;
    }
    hx_start(r->route->client, &r->x);
    loop_timer_set(w->loop, &r->deadline, next_deadline(r, now));
}

static void copy_instants(struct req *r)
{
    struct worker *w = r->w;
    struct record *rec = r->rec;
    const struct hx *x = &r->x;
    rec->conn_start = since_epoch(w, x->conn_start);
    rec->conn_end = since_epoch(w, x->conn_end);
    rec->tls_end = since_epoch(w, x->tls_end);
    rec->sent_first = since_epoch(w, x->sent_first);
    rec->sent_last = since_epoch(w, x->sent_last);
    rec->headers = since_epoch(w, x->headers_at);
    rec->end = MAX(since_epoch(w, x->end ? x->end : clock_mono()), rec->last_token);
    rec->conn = x->conn_id;
    rec->bytes_in = x->bytes_in;
    rec->bytes_out = x->bytes_out;
    if (x->new_conn)
        rec->flags |= REC_NEW_CONN;
    if (x->resumed)
        rec->flags |= REC_TLS_RESUMED;
    if (x->retried)
        rec->flags |= REC_RETRIED;
    if (x->http == 2)
        rec->flags |= REC_HTTP2;
    if (r->terminal)
        rec->flags |= REC_TERMINAL;
}

void req_finish(struct req *r, enum outcome outcome, const char *detail)
{
    struct worker *w = r->w;
    struct record *rec = r->rec;
    loop_timer_stop(w->loop, &r->deadline);
    if (UNLIKELY(outcome == OUT_OK && r->next_page.n > 0 && r->item.turn + 1 >= MOST_PAGES)) {
        outcome = OUT_TRUNCATED;
        detail = "exceed 200 pagination requests: the last one names a next page too";
    }
    rec->outcome = outcome;
    if (r->left && outcome == OUT_CANCELLED)
        rec->flags |= REC_LEFT;
    copy_instants(r);
    response_settle(r);
    texts_hand_over(r, detail);
    w->resting = outcome == OUT_REFUSED || outcome == OUT_UNREACHABLE || outcome == OUT_TLS || outcome == OUT_PROXY ||
                 outcome == OUT_NO_FILES || outcome == OUT_NO_PORTS;
    if (!r->item.warmup)
        w->last_end = MAX(w->last_end, rec->end); /* stamps of one turn come in any order */
    live_add(&w->live.completed, 1);
    if (!(rec->flags & REC_LEFT))
        live_add(outcome == OUT_OK ? &w->live.succeeded : &w->live.failed, 1);

    if (r->prev_open)
        r->prev_open->next_open = r->next_open;
    else
        w->open_reqs = r->next_open;
    if (r->next_open)
        r->next_open->prev_open = r->prev_open;
    struct session *s = r->session;
    bool pages = w->e->o.pages, paged = pages && session_turns_page(r), more = s && !pages && session_heard(r);
    int64_t end = rec->end + w->e->o.epoch, pause = s && !pages ? 0 : load_think(w->e->o.load, &r->item);
    record_out(w, rec);
    r->route->in_flight--;
    req_release(r);
    w->in_flight--;
    if (s && pages && !paged)
        session_close(s);
    if (paged)
        session_asks_page(s, end);
    else if (s && !pages)
        session_go_on(s, more, end);
    else if (pause > 0 && !w->no_more)
        slot_pause(w, end + pause);
    else
        pacer_freed(w);
    worker_check_over(w);
}

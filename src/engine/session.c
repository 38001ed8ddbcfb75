/* session.c - users who say several things one after another, and pause in between.
 * A session is a conversation of the dataset: each of its turns is a request that begins when the user has thought
 * about the answer to the one before. The messages of a turn borrow from the dataset, and from the answers that were
 * kept. The next turn is rendered as soon as the answer is there, so that only a connection is chosen at its instant.
 * With --follow-pages each request is a session too, whose turns are the pages of its answer: the same request again,
 * with the place where it is to go on. The slot stays taken meanwhile.
 * A slot of a closed loop that pauses between two requests without being in a session is here too: it has no turn. */
#include "base/xalloc.h"
#include "engine/engine_private.h"
#include "load/ds_util.h"
#include "load/turns.h"

/* What one long conversation needed is not kept for all the short ones behind it. */
enum { KEEP_MSGS = 256 };
#define PAGE_REST_NS (200 * NS_PER_MS)

struct session {
    struct worker *w;
    struct session *next; /* free list */
    struct session *prev_waiting, *next_waiting;
    struct timer think;
    struct req *prepared;  /* the next turn, rendered; NULL: a slot that pauses */
    int64_t due;           /* its instant, monotonic */
    struct plan_item item; /* the turn that was sent last, or is prepared */
    const struct plan_sample *of;
    uint32_t at;             /* how far the sample has been said */
    struct plan_sample what; /* as far as it has: what a request sends */
    struct plan_msg *msgs;   /* of `what` */
    uint32_t cap;
    struct buf said; /* the answers that msgs borrow, one behind the other */
};

static const struct load_opts *opts_of(const struct worker *w)
{
    return &w->e->o.load->o;
}

static bool is_open(const struct worker *w)
{
    return opts_of(w)->mode == LOAD_OPEN;
}

/* ---- memory */

static void on_think(struct timer *t);

static struct session *session_new(struct worker *w)
{
    struct session *s = w->free_sessions;
    if (s) {
        w->free_sessions = s->next;
        return s;
    }
    s = xcalloc(1, sizeof *s);
    s->w = w;
    s->think.fire = on_think;
    s->think.precise = true;
    buf_init(&s->said, SIZE_MAX / 4); /* the worker's share of the ceiling bounds it */
    return s;
}

static void release(struct session *s)
{
    struct worker *w = s->w;
    if (s->said.cap > READ_BUFFER)
        buf_free(&s->said);
    buf_clear(&s->said);
    if (s->cap > KEEP_MSGS) {
        free(s->msgs);
        s->msgs = NULL;
        s->cap = 0;
    }
    s->next = w->free_sessions;
    w->free_sessions = s;
}

void sessions_free(struct worker *w)
{
    while (w->free_sessions) {
        struct session *s = w->free_sessions;
        w->free_sessions = s->next;
        buf_free(&s->said);
        free(s->msgs);
        free(s);
    }
}

void session_close(struct session *s)
{
    s->w->sessions_open--;
    s->w->kept -= s->said.n;
    release(s);
}

/* ---- who waits */

static void wait_until(struct session *s, int64_t due)
{
    struct worker *w = s->w;
    s->due = due;
    s->prev_waiting = NULL;
    s->next_waiting = w->waiting;
    if (w->waiting)
        w->waiting->prev_waiting = s;
    w->waiting = s;
    loop_timer_set(w->loop, &s->think, due);
}

static void wait_no_more(struct session *s)
{
    struct worker *w = s->w;
    loop_timer_stop(w->loop, &s->think);
    if (s->prev_waiting)
        s->prev_waiting->next_waiting = s->next_waiting;
    else
        w->waiting = s->next_waiting;
    if (s->next_waiting)
        s->next_waiting->prev_waiting = s->prev_waiting;
}

/* A turn that will not be sent leaves no record: it was never due. */
static void drop(struct session *s)
{
    wait_no_more(s);
    if (!s->prepared) {
        release(s);
        return;
    }
    req_drop(s->prepared);
    s->prepared = NULL;
    session_close(s);
}

void sessions_drop(struct worker *w)
{
    while (w->waiting)
        drop(w->waiting);
}

/* ---- turns */

static uint64_t words_of(const struct plan_msg *m)
{
    return ds_words(m->raw_json.n ? m->raw_json : m->content);
}

static struct plan_msg *room(struct session *s, uint32_t more)
{
    if (s->cap - s->what.n_msgs < more) {
        s->cap = MAX(s->cap * 2, s->what.n_msgs + more);
        s->msgs = xreallocarray(s->msgs, s->cap, sizeof *s->msgs);
    }
    s->what.msgs = s->msgs;
    return s->msgs + s->what.n_msgs;
}

static void add(struct session *s, uint32_t n)
{
    uint64_t words = s->what.words;
    for (uint32_t i = 0; i < n; i++)
        words += words_of(&s->msgs[s->what.n_msgs++]);
    s->what.words = (uint32_t)MIN(words, (uint64_t)UINT32_MAX);
}

static struct req *render_turn(struct session *s)
{
    struct plan_msg *to = room(s, s->of->n_msgs - s->at);
    add(s, turns_next(s->of, opts_of(s->w)->canned, &s->at, to));
    s->item.what = &s->what;
    struct req *r = req_prepare(s->w, &s->item);
    r->session = s;
    return r;
}

struct req *session_open(struct worker *w, const struct plan_item *first)
{
    struct session *s = session_new(w);
    w->sessions_open++;
    s->item = *first;
    s->of = first->what;
    s->at = 0;
    s->what = *s->of;
    s->what.n_msgs = s->what.words = 0;
    return render_turn(s);
}

/* The answers move when they grow, and what borrows them with them. */
static void keep_answer(struct session *s, struct str text)
{
    uintptr_t old = (uintptr_t)s->said.p, n = s->said.n;
    buf_adds(&s->said, text);
    for (uint32_t i = 0; (uintptr_t)s->said.p != old && i < s->what.n_msgs; i++) {
        struct str *c = &s->msgs[i].content;
        if (c->n > 0 && (uintptr_t)c->p - old < n)
            c->p = s->said.p + ((uintptr_t)c->p - old);
    }
    s->w->kept += text.n;
    *room(s, 1) = (struct plan_msg){
        .role = ROLE_ASSISTANT,
        .content = {text.n ? s->said.p + n : "", text.n},
        .raw_json = STR(""),
    };
    add(s, 1);
}

bool session_heard(struct req *r)
{
    struct session *s = r->session;
    struct worker *w = s->w;
    if (r->rec->outcome != OUT_OK || s->item.turn + 1 >= s->item.turns)
        return false;
    if (opts_of(w)->canned)
        return true;
    if (r->said.failed || w->kept + r->said.n > w->e->o.history_limit / w->e->o.workers) {
        r->rec->flags |= REC_UNKEPT;
        w->unkept++;
        return false;
    }
    keep_answer(s, buf_str(&r->said));
    return true;
}

static void send_turn(struct session *s)
{
    struct worker *w = s->w;
    struct load *l = w->e->o.load;
    int64_t now = clock_mono(), intended = is_open(w) ? s->due : 0;
    if (w->no_more) {
        drop(s);
        return;
    }
    if (!is_open(w) && now - w->e->begin >= load_closed_end(l)) {
        drop(s);
        worker_no_more(w);
        return;
    }
    wait_no_more(s);
    struct req *r = s->prepared;
    s->prepared = NULL;
    req_warmup(r, load_in_warmup(l, (is_open(w) ? s->due : now) - w->e->begin));
    req_start(r, intended, intended, now);
}

void session_go_on(struct session *s, bool more, int64_t end)
{
    struct worker *w = s->w;
    int64_t due = end + load_think(w->e->o.load, &s->item);
    if (!more || w->no_more || (is_open(w) && due - w->e->begin >= w->e->open_end)) {
        session_close(s);
        pacer_freed(w);
        return;
    }
    load_next_turn(w->e->o.load, &s->item);
    s->prepared = render_turn(s);
    wait_until(s, due);
    if (due <= clock_mono())
        send_turn(s);
}

void slot_pause(struct worker *w, int64_t until)
{
    wait_until(session_new(w), until);
}

struct req *session_of_pages(struct worker *w, const struct plan_item *it)
{
    struct session *s = session_new(w);
    w->sessions_open++;
    s->item = *it;
    struct req *r = req_prepare(w, it);
    r->session = s;
    return r;
}

bool session_turns_page(struct req *r)
{
    struct worker *w = r->w;
    if (r->next_page.n == 0 || r->rec->outcome != OUT_OK || w->no_more)
        return false;
    struct session *s = r->session;
    s->item.turn++;
    s->prepared = req_prepare_page(w, &s->item, buf_str(&r->next_page));
    s->prepared->session = s;
    return true;
}

void session_asks_page(struct session *s, int64_t end)
{
    int64_t rest = s->w->e->o.page_rest;
    wait_until(s, end + (rest ? rest : PAGE_REST_NS));
}

static void on_think(struct timer *t)
{
    struct session *s = CONTAINER_OF(t, struct session, think);
    struct worker *w = s->w;
    if (s->prepared) {
        send_turn(s);
    } else {
        wait_no_more(s);
        release(s);
        pacer_freed(w);
    }
    worker_check_over(w);
}

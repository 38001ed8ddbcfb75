/* engine_private.h - shared by engine.c, worker.c, route.c, pacer.c, request.c, signing.c and response.c. */
#ifndef WEIR_ENGINE_ENGINE_PRIVATE_H
#define WEIR_ENGINE_ENGINE_PRIVATE_H

#include <pthread.h>

#include "api/api_memo.h"
#include "api/api_stream.h"
#include "auth/signer.h"
#include "base/ring.h"
#include "engine/engine.h"
#include "engine/procstat.h"
#include "http/hclient.h"
#include "proto/coding.h"
#include "stat/hist.h"

enum {
    READ_BUFFER = 64 << 10,
    MAX_EVENT = 4 << 20,     /* one SSE event, or one line */
    MAX_DOCUMENT = 64 << 20, /* a whole answer that is not streamed */
    MAX_ERROR_BODY = 2 << 10,
    MAX_ERROR_HEADERS = 4 << 10,
    MAX_REDIRECT = 2 << 10,
    MAX_SAVED_TEXT = 1 << 20, /* --save-text, per request */
    MAX_PAGE_TOKEN = 8 << 10,
    MOST_PAGES = 200,          /* of one request */
    MAX_SAVED_HTTP = 32 << 20, /* --save-http, an answer's body */
    MAX_UNPACKED = 64 << 20,   /* a body that came packed (Content-Encoding) */
};

enum req_mode { MODE_NONE, MODE_STREAM, MODE_DOCUMENT, MODE_PLAIN, MODE_COUNTS, MODE_ERROR };

struct worker;

struct route { /* a worker's way to one endpoint */
    struct hclient *client;
    struct buf head;     /* constant part of each request's head */
    struct sigv4 *sigv4; /* NULL: requests are not signed */
    uint32_t in_flight;  /* open requests */
};

/* Token events of one read, and of one piece of the body where pieces are the server's frames: they arrived together.
 */
struct together {
    int64_t at, width; /* instant, and the interval before it in which they lie if something came behind them */
    uint64_t piece;
    unsigned n;
    struct {
        uint32_t bytes;
        int64_t cumulative;
    } ev[16];
};

struct req { /* one request; reused through the worker's free list */
    struct hx x;
    struct worker *w;
    struct route *route; /* from its start on */
    struct req *next;
    struct req *prev_open, *next_open; /* list of open requests */
    struct record *rec;
    struct plan_item item;
    struct timer deadline;
    struct api_body body;
    struct iovec out[API_MAX_PIECES + 3];
    struct buf own_head;  /* of a request whose method, path or type is its own */
    char ids[160];        /* x-request-id, content-length, the empty line */
    struct buf signature; /* signed requests: its lines, between the head and the ids ... */
    struct signing signing;
    char payload[65]; /* ... and the body's hash */
    enum req_mode mode;
    struct api_stream stream; /* of MODE_STREAM */
    struct coding coding;     /* of the body */
    struct api_memo memo;
    struct buf doc;                 /* a document, or the body of an error */
    struct buf head_lines;          /* headers of an error response */
    struct buf redirect;            /* of a 3xx: redirect_text */
    struct buf answer;              /* --save-text */
    struct buf whole;               /* --save-http: the body of the answer */
    struct buf raw[REC_RAW_PROMPT]; /* for a tokenizer: what the answer says, by kind */
    struct buf page, next_page;     /* pagination: the page that is asked for, and what the answer says of the next */
    struct session *session;        /* whose turn it is; NULL: nobody's */
    struct buf said;                /* what the session is to keep of the answer: its content */
    const struct rx *rx;            /* of the read being parsed */
    struct rx last_rx;              /* of JSON lines: the last one, for a line that the end of the body ends */
    struct together together;       /* token events whose width is not yet known */
    int64_t heard;                  /* when the server was last heard of, monotonic ns; the start before */
    uint64_t piece;                 /* of the body, counted */
    uint32_t tokens;                /* token events so far */
    bool terminal, finished, error, bad, too_big, in_word, has_document;
    bool uncounted; /* a tokenizer has nothing to count: its text did not fit */
    bool left;      /* the client has gone away */
    bool plain;     /* what came is no JSON text: `answer` holds it as it travelled */
};

struct worker {
    struct engine *e;
    unsigned id;
    pthread_t thread;
    bool started; /* the thread exists */
    struct loop *loop;
    struct route *routes; /* one per endpoint, in their order */
    unsigned turn;        /* least in flight: where looking for the next begins */
    struct tls_ctx *tls;  /* of all routes that need one */
    unsigned prewarming;  /* routes whose connections are being opened ahead */
    struct timer progress;
    char *read_buf;
    char *unpack_buf; /* NULL: no answer was packed yet */
    char id_line[64]; /* the x-request-id line of each request, up to the index */
    size_t id_line_n;
    struct rec_slab slab;
    struct ring out, back;
    struct record *late_first, *late_last; /* did not fit into `out` yet */
    size_t n_late;
    struct req *free_reqs, *open_reqs;
    uint32_t in_flight;
    /* open loop */
    struct timer pace;
    struct load_walk walk;
    struct req *prepared; /* the next item of ours, rendered */
    int64_t prepared_due; /* monotonic */
    int64_t prepared_go;  /* likewise, when the rate limit lets it go */
    uint32_t cap;         /* 0 = none */
    int64_t freed_at;     /* when the cap last let one go */
    int64_t sent_at;      /* of a burst: when the last one was on its way */
    int64_t allotted;     /* the instant of the next start, asked of the rate limit; 0 = not asked */
    /* closed loop */
    uint32_t slots;          /* free ones; before the level begins, all */
    uint32_t n_slots, fresh; /* all of them, and those whose first request is not due yet */
    struct timer ramp;       /* the next first request */
    int64_t *first;          /* instants of the slots' first requests, in their order; NULL: the ramp says */
    struct timer users;      /* the next change of their number, of a profile */
    uint32_t allowed;        /* of this worker's slots, now, of a profile ... */
    uint32_t leaving;        /* ... and those beyond, which go when their request ends */
    bool resting;            /* the last request found no connection */
    /* sessions, and slots that pause */
    struct session *free_sessions, *waiting;
    uint64_t sessions_open;
    bool all_taken; /* no session begins any more */
    size_t kept;    /* bytes of answers */
    size_t texts;   /* bytes for a tokenizer: of open requests, and of records that are not back */
    uint64_t unkept;
    struct timer watch; /* the level's end, for a worker all of whose slots are waiting */
    /* ends */
    bool begun, no_more, over;
    struct timer grace;
    /* measures */
    struct procstat t0;
    int64_t t0_empty;
    bool measured;
    struct rec_client client_rec;
    int64_t lag_of; /* the read (its `user`) whose lag was counted last */
    int64_t first_start, last_start, last_end;
    uint64_t taken, lost, exhausted, prewarm_failed, prewarm_missing;
    struct live live;
    _Atomic bool ready, ended;
    _Atomic uint64_t connected, connects_failed;
    struct err err;
};

struct engine {
    struct engine_opts o;
    struct worker *w;
    int64_t begin;    /* monotonic; set before workers are woken */
    int64_t open_end; /* open loop: of the window, ns after begin */
    _Atomic int64_t stop_drain;
    _Atomic int64_t stopped_at;
    unsigned next_pop;
    struct record *owed; /* given back, but the worker's ring was full */
    _Atomic bool *lost;  /* per endpoint */
    struct new_addrs *new_addrs;
};

struct new_addrs { /* on their way to a worker; kept until the engine is freed */
    struct new_addrs *next;
    struct worker *w;
    unsigned target;
    size_t n;
    struct addr addrs[];
};

/* Share i of `total` over n, the first ones taking the remainder. */
static inline uint32_t share_of(uint32_t total, unsigned n, unsigned i)
{
    return total / n + (i < total % n);
}

/* Slots with which a closed loop begins. */
static inline uint32_t first_users(const struct load *l)
{
    return l->o.profile ? profile_users(l->o.profile, 0) : l->o.concurrency;
}

/* Whether the level is over when all is sent, whenever that is, and not at an instant of its schedule. */
static inline bool ends_with_last(const struct load *l)
{
    return l->o.mode == LOAD_CLOSED || l->o.arrival == ARRIVAL_BURST || l->o.sessions;
}

static inline int64_t since_epoch(const struct worker *w, int64_t mono)
{
    return mono ? mono - w->e->o.epoch : 0;
}

/* worker.c */
void *worker_main(void *arg);
void worker_begin(struct worker *w); /* from the campaign's thread, like worker_stop */
void worker_stop(struct worker *w);
void worker_check_over(struct worker *w);  /* ends the thread's loop when nothing is left to do */
void worker_measure_end(struct worker *w); /* CPU figures up to now; the first call counts */
void worker_no_more(struct worker *w);     /* nothing will be started any more: the grace begins */

/* route.c */
int routes_open(struct worker *w, struct err *e); /* what may fail; then, in the worker's thread: */
void routes_connect(struct worker *w);            /* a client each; sets w->ready when it may begin */
void routes_settle(struct worker *w);             /* the level begins: no more connections are opened ahead */
void routes_take_addrs(void *new_addrs);          /* for loop_wake */
void routes_disconnect(struct worker *w);
void routes_close(struct worker *w);
struct route *route_choose(struct worker *w, uint64_t index); /* for item `index`, sent now */
/* The same where it is known before: not where it hangs on what is open then. */
struct route *route_foreseen(struct worker *w, const struct plan_item *it);
/* By which a request takes its turn: those of a session go to one endpoint, where a prefix cache may know what was
 * said. */
static inline uint64_t route_turn(const struct plan_item *it)
{
    return it->turns ? it->session : it->index;
}
struct hclient_stats routes_stats(const struct worker *w); /* of all together */

/* pacer.c */
void pacer_begin(struct worker *w);
void pacer_freed(struct worker *w); /* a request has ended: one more may start */
/* Start nothing more. What is due by now and was never sent gets a record as unsent; with whole_schedule, all that is
 * left. */
void pacer_stop(struct worker *w, bool whole_schedule);

/* session.c */
struct req *session_open(struct worker *w, const struct plan_item *first); /* its first turn, rendered */
/* The request has ended and its record is about to go out: keeps the answer. False: the session ends here. */
bool session_heard(struct req *r);
void session_go_on(struct session *s, bool more, int64_t end); /* the next turn, or the end; `end` of the last, mono */
/* --follow-pages: its first page; and of an answer that names another: makes its request ready. */
struct req *session_of_pages(struct worker *w, const struct plan_item *it);
bool session_turns_page(struct req *r);
void session_asks_page(struct session *s, int64_t end); /* that of the last page, mono */
void session_close(struct session *s);                  /* after req_drop of its request */
void sessions_drop(struct worker *w);                   /* who thinks says nothing more */
void sessions_free(struct worker *w);
void slot_pause(struct worker *w, int64_t until); /* then pacer_freed */

/* request.c */
struct req *req_prepare(struct worker *w, const struct plan_item *it);                       /* rendered, not started */
struct req *req_prepare_page(struct worker *w, const struct plan_item *it, struct str page); /* --follow-pages */
void req_warmup(struct req *r, bool warmup); /* prepared, and whether it is of the warm-up known only now */
void req_drop(struct req *r);                /* prepared, never to be sent; leaves no record */
/* Sends it. Monotonic: intended and admitted (0, 0 in a closed loop), and the clock now, which is its start. */
void req_start(struct req *r, int64_t intended, int64_t admitted, int64_t now);
void req_finish(struct req *r, enum outcome outcome, const char *detail);        /* record out, slot free */
void req_unsent(struct worker *w, const struct plan_item *it, int64_t intended); /* a record for what was never sent */
void req_free_all(struct worker *w);
void req_take_back(struct worker *w); /* records that have come back */
void req_hand_over(struct worker *w); /* waits until all finished records are in the ring */

struct str req_head(struct req *r, const struct route *route); /* what is sent first on that way */

/* signing.c; of requests that are signed */
void signing_prepare(struct req *r);                                     /* rendered */
void signing_ready(struct req *r, struct route *route, struct str head); /* about to be sent there */

/* response.c */
extern const struct hx_ops response_ops;
void response_reset(struct req *r);
void response_settle(struct req *r); /* commit what is pending, so that the record is whole */

/* texts.c */
/* A piece of the answer, for a tokenizer: whole answers or none, since a part says nothing. `flag`: API_CONTENT ... */
/* --save-http: a piece of the answer's body. */
void texts_keep_http(struct req *r, struct str piece);
void texts_keep(struct req *r, struct str piece, unsigned char flag);
void texts_forget(struct req *r); /* what was kept, and what comes */
/* Kept texts, and the cause of a failure, into the record. */
void texts_hand_over(struct req *r, const char *detail);

#endif

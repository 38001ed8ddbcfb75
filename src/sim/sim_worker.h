/* sim_worker.h - what the simulator's threads share (struct sim), one thread with its loop (struct sim_worker), and a
 * request being answered (struct sim_task). Private to src/sim.
 * struct sim is constant while the threads run, but for its atomics, the gate and the truth file, which lock or are
 * atomic by themselves. A worker and its tasks belong to the worker's thread. */
#ifndef WEIR_SIM_SIM_WORKER_H
#define WEIR_SIM_SIM_WORKER_H

#include <pthread.h>

#include "base/buf.h"
#include "base/unpack.h"
#include "http/hserver.h"
#include "net/tls.h"
#include "sim/sim.h"
#include "sim/sim_dialect.h"
#include "sim/sim_evs.h"
#include "sim/sim_fault.h"
#include "sim/sim_lambda.h"
#include "sim/sim_metrics.h"
#include "sim/sim_model.h"
#include "sim/sim_sigv4.h"
#include "sim/sim_truth.h"

#define SIM_ID_MAX 128 /* bytes of an x-request-id that is kept; longer ones are replaced */

struct sim_worker;

struct sim {
    struct sim_config cfg;  /* strings borrowed from the caller of sim_run */
    const char *model_name; /* what /v1/models lists */
    struct model_params params;
    struct ask_rules rules;
    struct sim_sigv4 sigv4;
    struct dist output;
    struct fault_plan faults;
    struct pause pause;
    unsigned http; /* HS_* */
    enum unpack_kind packing;
    char packing_line[40]; /* the header that says so, with CRLF */
    uint64_t goaway_after;
    bool goaway_abrupt;
    bool flush_tokens;       /* HTTP/2: each token by a write of its own */
    bool mock;               /* only the paths of sim_flask.c are there */
    enum lambda_kind lambda; /* only that of sim_lambda.h is */
    double scale;            /* of times, above 0 */
    struct gate gate;
    struct sim_metrics metrics;
    struct prefix_cache *prefix; /* NULL: none */
    double power[2];             /* watts, idle and busy */
    int64_t powered_at;
    struct truth *truth; /* NULL: none */
    struct sim_worker *workers;
    unsigned n_workers;
    int64_t listening_at;                   /* set before the workers begin to serve */
    int64_t created;                        /* seconds since 1970 at the start */
    _Atomic uint64_t generations, requests; /* numbers given so far */
    _Atomic bool stopping;
    pthread_mutex_t lock; /* for the start: `cond` tells of changes of the workers' stages and of `go` */
    pthread_cond_t cond;
    bool go;
};

enum sim_stage { SIM_STARTING, SIM_READY, SIM_FAILED };

struct sim_worker {
    struct sim *sim;
    unsigned index;
    pthread_t thread;
    enum sim_stage stage; /* under sim->lock */
    struct err err;       /* when SIM_FAILED */
    struct addr addr;     /* asked for; then the one bound */
    struct loop *loop;
    struct tls_ctx *tls;
    bool own_tls;
    struct hserver *server;
    struct model *model;
    struct timer model_timer, pause_timer;
    struct buf head, body; /* for building answers */
    struct buf packed;     /* --compress: what a piece became */
    struct buf framed;     /* the frames of an event stream, before that */
    char scratch[EVENT_SCRATCH];
};

/* Embedded, at its beginning, in what answers a request later than at once. */
struct sim_task {
    void (*gone)(struct sim_task *t); /* the client went away: forget the connection, free */
    /* HTTP/2, see hserver.h; NULL where hs2_end and marks are not used */
    void (*written)(struct sim_task *t, int64_t at, bool waited);
    void (*ended)(struct sim_task *t, bool whole);
};

/* A request as its handler sees it: identified, and entered into the truth when there is one. */
struct sim_request {
    struct sim_worker *w;
    struct hs_conn *conn;
    const struct hs_request *q;
    const struct sim_dialect *dialect;                             /* of the path; NULL: it has none */
    enum sim_evs evs;                                              /* what its streams are enclosed in; with `aws` */
    bool aws;                                                      /* errors as AWS's front sends them */
    enum { STREAM_AS_ASKED, STREAM_NEVER, STREAM_ALWAYS } streams; /* what the path says of it */
    struct str model; /* of the path, escaped for JSON; "": the body names it */
    char id[SIM_ID_MAX + 2];
    struct truth_rec *truth; /* owned by whoever answers; NULL: none is kept */
};

/* sim.c: a time as --time-scale makes it. */
int64_t sim_scaled(const struct sim *s, int64_t ns);

/* sim_worker.c */
void *sim_worker_main(void *worker);
void sim_worker_poke(struct sim_worker *w); /* after any use of the model: sets its timer anew */
int64_t sim_unix_now(void);
int64_t sim_date(const struct sim *s); /* the clock that its answers show */

/* sim_answer.c: whole answers. Each ends the request, its truth included. */
void sim_answer(struct sim_request *r, int status, const char *type, struct str body, const char *extra_headers);
void sim_answer_error(struct sim_request *r, int status, const char *message, const char *param, const char *code,
                      const char *extra_headers);
/* The same for a request whose hs_request is no longer there. http10 and keep_alive are taken from it beforehand. */
struct sim_late {
    struct sim_worker *w;
    struct hs_conn *conn;
    struct truth_rec *truth;
    char *id; /* owned */
    const struct sim_dialect *dialect;
    bool head_only, http10, http2, keep_alive, aws;
};
void sim_late_init(struct sim_late *l, struct sim_request *r); /* takes the truth over */
/* Status and headers, and with them the first bytes of the body ("": none), to whichever version the client speaks; in
 * the truth too. whole: there is nothing more to come, and hs_end is next. 0, or -1 when the client is lost. */
struct reply_head;
int sim_late_begin(struct sim_late *l, const struct reply_head *h, struct str first, bool whole);
void sim_late_answer(struct sim_late *l, int status, const char *type, struct str body, const char *extra_headers);
void sim_late_error(struct sim_late *l, int status, const char *message, const char *param, const char *code,
                    const char *extra_headers);
void sim_error_body(const struct sim_dialect *d, struct buf *b, int status, const char *message, const char *param,
                    const char *code);
void sim_late_drop(struct sim_late *l); /* no answer: client gone or cut by a fault; writes the truth, frees the id */
/* Give the record to the truth file; the clock is its end. NULL is fine. */
void sim_truth_end(struct sim *s, struct truth_rec **rec, bool complete);

/* sim_routes.c */
extern const struct hserver_ops sim_server_ops; /* arg: the worker */

/* sim_gen.c: a generation request in r->dialect */
void sim_generate(struct sim_request *r);
extern const struct model_ops sim_gen_model_ops; /* arg: the worker */

/* sim_aws.c: POST /endpoints/NAME/..., /model/ID/... */
void sim_sagemaker(struct sim_request *r);
void sim_bedrock(struct sim_request *r);

/* sim_flask.c: GET /tokenizer, /hello, /sleeper; what the mock alone answers to other paths (404) and methods (405) */
void sim_flask(struct sim_request *r);
void sim_flask_refuse(struct sim_request *r, int status);

#endif

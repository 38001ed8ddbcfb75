/* sim_gen_private.h - a generation request in the making, and how its pieces go out: shared by sim_gen.c and
 * sim_gen_put.c. */
#ifndef WEIR_SIM_SIM_GEN_PRIVATE_H
#define WEIR_SIM_SIM_GEN_PRIVATE_H

#include "base/pack.h"
#include "sim/sim_worker.h"

struct gen {
    struct sim_task task;
    struct seq seq;
    struct sim_late late; /* connection, truth and id */
    const struct sim_dialect *dialect;
    struct event_fmt fmt;
    struct pack *pack; /* --compress: of a stream */
    bool chunked;
    bool frames; /* chunks are framed here, not by the dialect: what goes into them is packed, or trailers follow */
    enum sim_evs evs;
    bool spoil;              /* bad_crc: the next frame's checksum */
    uint64_t pieces;         /* of an event stream, for where slices are */
    char trailer[200];       /* --timing-headers, --preset lambda-stream */
    struct lambda_told told; /* of the lambda presets */
    struct timer slow;       /* slow_headers */
    struct fault fault;
    uint64_t strikes_at; /* 0-based token before which the fault strikes; UINT64_MAX: at none */
    int64_t received;
    uint64_t written; /* tokens that went to the kernel */
    uint64_t blocks;  /* of the KV cache that it holds */
    bool stream, headers_out;
    bool buffered;   /* a stream was asked for, but its events come whole */
    bool struck;     /* the fault happened: the truth says so */
    bool from_limit; /* the length came from max_tokens: finish_reason "length" */
    bool lost;       /* a write failed */
    bool admitted;   /* neither 429 nor 503 */
    bool cut;        /* HTTP/2: ended before its end */
};

static inline struct sim *sim_of(const struct gen *g)
{
    return g->late.w->sim;
}

/* sim_gen_put.c. A client that is gone sets g->lost; nothing else fails. */
void gen_put_marked(struct gen *g, struct str s, bool mark); /* bytes as they are; mark: tell when they are written */
/* A piece of the body in frames, packed and chunked as this answer is; borrows from the worker. */
struct str gen_enclose(struct gen *g, struct str s, enum pack_step step);
void gen_put(struct gen *g, struct str s);
void gen_put_last(struct gen *g, struct str s);  /* the last piece of the body */
void gen_put_failure(struct gen *g, bool error); /* a frame that tells of an error, else of an exception; the last */
/* --fault split: byte by byte; the clock before the byte that completes the event. */
int64_t gen_put_split(struct gen *g, struct str s, bool mark);
void gen_token_written(struct gen *g, int64_t at, bool waited); /* to the kernel, by a call that began at `at` */
void gen_put_token(struct gen *g, struct str event);

#endif

/* sim_event.h - the simulator's answers in OpenAI's dialects: events of the stream and whole bodies, framed here byte
 * by byte (SSE within HTTP chunks), so that no mistake is shared with weir's client. An event is built in the caller's
 * scratch memory and is one contiguous piece, its HTTP chunk framing included: one write, and under TLS one record.
 * Cost of a token event: about 250 bytes of memcpy. Thread-safe. */
#ifndef WEIR_SIM_SIM_EVENT_H
#define WEIR_SIM_SIM_EVENT_H

#include "base/buf.h"

#define EVENT_SCRATCH 16384 /* the largest: three events with the longest model name and id */

struct event_fmt { /* an answer in the making, of any dialect (sim_dialect.h) */
    char *base;    /* what all events of the request begin with: "data: {"id":...,"model":"...","; owned */
    uint16_t base_n;
    bool chat;
    bool chunked;     /* false: HTTP/1.0, no chunk framing */
    bool usage_final; /* a usage event before [DONE], "usage":null in the others */
    bool usage_each;  /* running usage in every event instead of null */
    uint64_t prompt_tokens;
    uint64_t cached_tokens; /* of those, found in the prefix cache */
    /* for dialects that say more of the answer than its next word */
    uint64_t n_tokens;                /* of the whole answer */
    uint64_t seed, request;           /* its words are sim_word_json of these */
    const char *finish;               /* "stop" or "length" */
    int64_t received, started, first; /* monotonic: the request, its slot, its first token */
    uint64_t events;                  /* numbers given to events so far */
    struct buf room;                  /* events that hold whole texts */
    struct buf text;                  /* for the dialect's own use: the answer so far, say */
    bool sse;                         /* of a dialect with two framings */
    uint64_t items, dimensions;       /* as asked for, see sim_ask.h */
};

/* `model` is escaped JSON, `id` plain; both are copied. created: seconds since 1970. */
void event_init(struct event_fmt *f, struct str model, struct str id, int64_t created);
void event_free(struct event_fmt *f);

/* All return a view of scratch. */
struct str event_role(struct event_fmt *f, char scratch[EVENT_SCRATCH]);
struct str event_token(struct event_fmt *f, struct str word, uint64_t n_tokens, char scratch[EVENT_SCRATCH]);
/* finish_reason, usage where asked, [DONE] and the end of the body. */
struct str event_end(struct event_fmt *f, const char *finish, uint64_t n_tokens, char scratch[EVENT_SCRATCH]);
/* An error object as vLLM and others send it within a 200 answer, [DONE] and the end of the body. */
struct str event_error(struct event_fmt *f, char scratch[EVENT_SCRATCH]);
struct str event_bad_json(struct event_fmt *f, char scratch[EVENT_SCRATCH]);

/* The whole body of an answer that is not streamed. */
void event_body(struct event_fmt *f, struct buf *out, uint64_t seed, uint64_t request, uint64_t n_tokens,
                const char *finish);

#endif

/* plan.h - the first waist: what to send and the instant it is due. Plain data, versioned with the record format.
 * The text of messages is JSON-escaped when a dataset is loaded, so that a request body is a list of borrowed pieces;
 * names of classes and models stay plain.
 * Everything in a plan item borrows from the dataset (constant for the whole run), but for the nonce, which it holds,
 * and for the later turns of a session: their `what` is the session's own, and its messages borrow from the dataset and
 * from the answers that the session keeps.
 */
#ifndef WEIR_PLAN_PLAN_H
#define WEIR_PLAN_PLAN_H

#include "base/str.h"

enum plan_role { ROLE_SYSTEM, ROLE_USER, ROLE_ASSISTANT, ROLE_TOOL, ROLE_DEVELOPER };
const char *plan_role_name(enum plan_role r);           /* "system", "user", ... */
int plan_role_of(struct str name, enum plan_role *out); /* -1: unknown */

struct plan_msg {
    enum plan_role role;
    struct str content;  /* JSON-escaped, without the quotes; ignored when raw_json is set */
    struct str raw_json; /* a whole message object as the dataset gave it (tool calls, content parts); else "" */
};

enum { PLAN_NAME_MAX = 255 }; /* bytes of a class's or a model's name */

/* What few entries have. Strings equal in all bytes need not be the same memory. */
struct plan_extra {
    int64_t at;              /* of a trace: instant after the trace's begin, ns; -1: none */
    int64_t tokens_in;       /* input tokens as the dataset gives or asks for them; -1: not said */
    struct str klass, model; /* request class, and the model to ask instead of the run's; plain text, "" none */
    uint32_t model_ix;       /* place of `model` among the run's models (load/mix.h), once they are known */
    struct str method, path; /* of a plain HTTP target: "GET", and path with query; "" none */
    struct str origin;       /* of one given with its host: "http://host:8000", which must be the run's; "" none */
    uint32_t endpoint;       /* place of `origin` among the run's endpoints, from 1, once they are known; 0: any */
    struct str body, type;   /* the whole request body, sent as it is, and its Content-Type; "" none */
};

struct plan_sample { /* one dataset entry */
    const struct plan_msg *msgs;
    uint32_t n_msgs;
    uint32_t words;     /* white-space separated words of all contents: the size known without a tokenizer */
    int64_t max_tokens; /* -1: not given by the dataset */
    struct str where;   /* "FILE:LINE" or "--prompt", for messages */
    const struct plan_extra *extra; /* NULL: nothing of that */
};

#define PLAN_NONCE_MAX 40

struct plan_item {
    uint64_t index; /* position in the level's one global schedule, from 0; warm-up items come first */
    int64_t due;    /* open loop: intended instant, ns after the level's start; closed loop: 0 */
    bool warmup;
    uint32_t sample;      /* index in the dataset */
    uint64_t session;     /* the how-manieth of the level, from 0; 0 without sessions */
    uint32_t turn, turns; /* of the session, from 0; and how many it has: 0 without sessions */
    uint64_t key;         /* the item among all levels': for what is drawn for it alone */
    const struct plan_sample *what;
    int64_t leave_after;   /* the client goes away so long after the start, ns; -1: it stays */
    uint32_t leave_tokens; /* ... or with so many token events; 0: it stays */
    struct str klass;      /* of a run with several request classes; else "" */
    struct str model;      /* likewise of several models: the one to ask; else "" */
    uint32_t model_ix;     /* its place among the run's models, 0 the first: which constant part of the body it has */
    char nonce[PLAN_NONCE_MAX]; /* "" or text to put in front of the first message (--unique-prompts), JSON-safe */
};

#endif

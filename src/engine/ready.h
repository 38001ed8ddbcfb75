/* ready.h - questions to an endpoint before a run: is it ready to be measured, and what is it? Cold, bounded in number
 * and time; nothing here is load. */
#ifndef WEIR_ENGINE_READY_H
#define WEIR_ENGINE_READY_H

#include "engine/call.h"
#include "engine/probe.h"

enum ready_state {
    READY_YES,   /* or it will never be, which the probe says better: 401, 404 */
    READY_LATER, /* no connection, no answer, 502, 503, 504, no model listed */
    READY_NEVER, /* TLS or HTTP itself is wrong */
};
struct ready {
    int64_t timeout;  /* in: of the request, ns; of each other question 5 s at most */
    bool ask_request; /* in: also send the sample */
    char why[200];    /* out: of READY_LATER, in few words */
};

/* Health, then the list of models where o names none, then one request of 8 tokens. e: of READY_NEVER. */
enum ready_state ready_ask(const struct target *t, const struct api_ops *ops, const struct api_opts *o,
                           const struct plan_sample *sample, struct ready *r, struct err *e);

/* Ask the well-known paths, one after the other, until one names the program or DETECT_NS are over; fills p->id. Never
 * fails: what does not answer says nothing. */
#define DETECT_NS (5 * NS_PER_S)
void detect_server(const struct target *t, struct probe *p);

#endif

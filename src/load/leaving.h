/* leaving.h - clients that go away: which requests are given up on purpose before their answer is whole, and when
 * (--cancel-rate, --cancel-after). A seeded share of the items, each after a seeded time or number of token events: a
 * function of (seed, key) alone. Thread-safe: read-only after parsing. */
#ifndef WEIR_LOAD_LEAVING_H
#define WEIR_LOAD_LEAVING_H

#include "base/err.h"
#include "plan/plan.h"
#include "stat/dist.h"

struct leaving {
    double share; /* of the items, 0..1 */
    bool tokens;  /* `after` counts token events, else ns */
    struct dist after;
};

int leaving_share_parse(struct str text, double *out, struct err *e); /* "5%" or "0.05": above 0, at most 1 */
/* A distribution of times (stat/dist_time.h), or of numbers with "tokens" behind it: "20tokens", "uniform:1,50 tokens".
 */
int leaving_after_parse(struct leaving *l, struct str text, struct err *e);
/* Fill it->leave_after or it->leave_tokens of the item that `key` stands for. */
void leaving_of(const struct leaving *l, uint64_t seed, uint64_t key, struct plan_item *it);

#endif

/* breaker.h - stops a run whose requests fail (--max-errors): a number of failures, or a share of the last hundred
 * requests that came to an end. Counted per level, warm-up included; cancelled and unsent requests are neither. Fed by
 * the thread that writes; cost: a few ns a request. Not thread-safe. */
#ifndef WEIR_CAMPAIGN_BREAKER_H
#define WEIR_CAMPAIGN_BREAKER_H

#include "base/err.h"
#include "record/record.h"

enum { BREAKER_LAST = 100, BREAKER_LEAST = 20 /* fewer that have ended are no share */ };

struct breaker_rule {
    bool on, by_share;
    double limit; /* failures, or their share; more than it trips */
};
int breaker_parse(struct breaker_rule *b, struct str text, struct err *e); /* "20" or "5%" */

struct breaker {
    struct breaker_rule rule;
    uint64_t ended, failed;  /* of the level */
    bool last[BREAKER_LAST]; /* of the last ones: which failed, a ring */
    unsigned failed_of_last;
};
void breaker_init(struct breaker *b, const struct breaker_rule *rule);
/* True when this record is one failure too many; `why` then says so in a sentence. */
bool breaker_trips(struct breaker *b, const struct record *r, char why[200]);

#endif

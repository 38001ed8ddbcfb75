/* counting.h - the tokenizer's counts of what was asked and answered, into records before they are written. It fills
 * counted_out and counted_in of each, and tokens_out and tokens_in where the server has not said them. Definitions:
 * docs/METRICS.md. A prompt that is an entry of the dataset as it stands is counted once; answers take about 20 ns a
 * token. One thread. */
#ifndef WEIR_CAMPAIGN_COUNTING_H
#define WEIR_CAMPAIGN_COUNTING_H

#include "load/dataset.h"
#include "load/tokenizer.h"
#include "record/record.h"

struct counter;
struct counter_opts {
    const struct tok *tok;    /* borrowed, as is the dataset */
    const struct dataset *ds; /* what records name by `sample` */
    bool completes;           /* the server's prompt is one text, all contents joined; false: a chat, in its template */
    bool unique;              /* prompts have nonces in front */
};
struct counter *counter_new(const struct counter_opts *o);
void counter_free(struct counter **c);
void counter_take(struct counter *c, struct record *r);

#endif

/* workload.h - what a level sends where that is more than one dataset for one model: several with weights (--mix),
 * synthetic prompts (--isl), output lengths (--osl), models with weights (--model-mix). Every mistake is found here,
 * before anything is sent. */
#ifndef WEIR_CAMPAIGN_WORKLOAD_H
#define WEIR_CAMPAIGN_WORKLOAD_H

#include "campaign/campaign_private.h"

bool workload_is_made(const struct run_config *c);                          /* by workload_make */
bool workload_same(const struct run_config *a, const struct run_config *b); /* what is made or drawn is the same */
struct dataset *workload_make(const struct run_config *c, const struct dataset_opts *o, struct err *e);
int workload_lengths(const struct campaign_state *s, struct variant *v, struct err *e); /* of a dataset of its own */
int workload_models(struct variant *v, struct err *e);                                  /* once v->ds is there */
void workload_ask(struct variant *v, const char *model); /* the run's model is known: into the options of its bodies */
void workload_text(const struct variant *v, struct buf *b);             /* for the banner */
void workload_notes(struct campaign_state *s, const struct variant *v); /* into the records, once they are open */
/* Where a level begins in the dataset. */
uint64_t workload_first(const struct campaign_state *s, const struct variant *v, uint32_t level);

#endif

/* sim_bedrock.h - what the last event of every InvokeModel stream has beside the model's own members. */
#ifndef WEIR_SIM_SIM_BEDROCK_H
#define WEIR_SIM_SIM_BEDROCK_H

#include "sim/sim_dialect.h"

void bedrock_metrics(const struct event_fmt *f, struct buf *b, uint64_t n_tokens); /* appends a member */

#endif

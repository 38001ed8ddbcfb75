/* dsx_generate.h - datasets made up: conversations of three kinds as production has them, and a trace. Entry i depends
 * on (seed, i) alone. Cold. */
#ifndef WEIR_LOAD_DSX_GENERATE_H
#define WEIR_LOAD_DSX_GENERATE_H

#include "base/buf.h"
#include "load/dataset.h"
#include "stat/dist.h"

/* Half single questions (1 turn of the user, 40 to 150 words in all), 35 % dialogues (3 to 5 turns, 150 to 400 words),
 * 15 % with a long context (10 to 14 turns, 400 to 1,500 words); each behind one of ten system prompts. */
struct dataset *dsx_generate_conversations(uint64_t n, uint64_t seed);

struct dsx_trace {
    uint64_t n, seed;
    double rate;          /* requests per second, > 0; Poisson arrivals */
    struct dist isl, osl; /* tokens */
    uint64_t prefix;      /* tokens at the beginning that a group shares, in whole blocks of 512 */
    uint64_t groups;      /* at least 1 */
};
/* Lines of Mooncake's form: timestamp (ms), input_length, output_length, hash_ids. */
void dsx_generate_trace(const struct dsx_trace *t, struct buf *out);

#endif

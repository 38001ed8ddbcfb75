/* acc_group.h - the parts of a level by what its requests have in common: request class, model, turn of a session,
 * input length. Private to the accumulator. Each part is counted as an endpoint's is; a request counts in one of each
 * kind that it has. Of each kind the first GROUPS_MAX values have a part of their own, the rest share one. Which kinds
 * there are is for the records to say; input lengths are told apart only where asked, since nearly every run has
 * several. */
#ifndef WEIR_ANALYSIS_ACC_GROUP_H
#define WEIR_ANALYSIS_ACC_GROUP_H

#include "analysis/acc_endpoint.h"

enum { GROUPS_MAX = 64 };

struct acc_group {
    char name[GROUP_NAME_BYTES];
    uint64_t order; /* among those of its kind; equal ones go by name */
    uint64_t hash;  /* of the whole name, where `name` is cut */
    struct acc_endpoint part;
};

struct acc_groups {
    unsigned asked; /* bits of enum group_kind */
    int64_t begin, w0, w1;
    struct acc_group *g[GROUP_KINDS][GROUPS_MAX + 1];
    size_t n[GROUP_KINDS];
};
void acc_groups_init(struct acc_groups *a, int64_t begin, unsigned asked);
void acc_groups_free(struct acc_groups *a);
void acc_groups_window(struct acc_groups *a, int64_t w0, int64_t w1);
/* The parts that the request belongs to, made where they are new; how many. */
size_t acc_groups_of(struct acc_groups *a, const struct record *r, struct acc_endpoint *out[GROUP_KINDS]);
/* The end: kinds of one value only are left out, unless asked for. */
void acc_groups_finish(struct acc_groups *a, const struct summary *s, struct sum_level *out);

#endif

#include "tok/tok_cluster.h"

#include "tok/tok_norm_ucd.h"
#include "tok/tok_utf8.h"

struct state {
    unsigned last;     /* class of the last character */
    bool odd_regional; /* an odd number of regional indicators stand at the end */
    unsigned picture;  /* 1: a pictograph and extenders, 2: and a joiner */
    unsigned conjunct; /* 1: a consonant and extenders, 2: with a linker among them */
};

static void take(struct state *t, unsigned bits)
{
    unsigned k = bits & CLUSTER_CLASS, incb = bits & CLUSTER_JOINING;
    if (bits & CLUSTER_PICTURE)
        t->picture = 1;
    else if (t->picture == 1 && k == CLUSTER_ZWJ)
        t->picture = 2;
    else if (!(t->picture == 1 && k == CLUSTER_EXTEND))
        t->picture = 0;
    if (incb == CLUSTER_CONSONANT)
        t->conjunct = 1;
    else if (incb == CLUSTER_LINKER)
        t->conjunct = t->conjunct ? 2 : 0;
    else if (incb != CLUSTER_JOINING)
        t->conjunct = 0;
    t->odd_regional = k == CLUSTER_REGIONAL && !t->odd_regional;
    t->last = k;
}

static bool hangul_joins(unsigned a, unsigned b)
{
    if (a == CLUSTER_L)
        return b == CLUSTER_L || b == CLUSTER_V || b == CLUSTER_LV || b == CLUSTER_LVT;
    if (a == CLUSTER_LV || a == CLUSTER_V)
        return b == CLUSTER_V || b == CLUSTER_T;
    return (a == CLUSTER_LVT || a == CLUSTER_T) && b == CLUSTER_T;
}

/* Rules GB3 to GB13, in their order. */
static bool joins(const struct state *t, unsigned bits)
{
    unsigned k = bits & CLUSTER_CLASS;
    if (t->last == CLUSTER_CR)
        return k == CLUSTER_LF;
    if (t->last == CLUSTER_LF || t->last == CLUSTER_CONTROL || k == CLUSTER_CR || k == CLUSTER_LF ||
        k == CLUSTER_CONTROL)
        return false;
    if (k == CLUSTER_EXTEND || k == CLUSTER_ZWJ || k == CLUSTER_SPACING || t->last == CLUSTER_PREPEND)
        return true;
    if (t->conjunct == 2 && (bits & CLUSTER_JOINING) == CLUSTER_CONSONANT)
        return true;
    if (t->picture == 2 && bits & CLUSTER_PICTURE)
        return true;
    if (k == CLUSTER_REGIONAL && t->last == CLUSTER_REGIONAL)
        return t->odd_regional;
    return hangul_joins(t->last, k);
}

size_t cluster_next(const char *p, const char *end)
{
    const char *begin = p;
    struct state t = {0};
    unsigned n;
    take(&t, cluster_class_of(utf8_get(p, &n)));
    for (p += n; p < end; p += n) {
        unsigned bits = cluster_class_of(utf8_get(p, &n));
        if (!joins(&t, bits))
            break;
        take(&t, bits);
    }
    return (size_t)(p - begin);
}

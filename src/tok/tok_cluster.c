#include "tok/tok_cluster.h"

#include "tok/tok_uni.h"

struct state {
    unsigned last;     /* class of the last character */
    bool odd_regional; /* an odd number of regional indicators stand at the end */
    unsigned picture;  /* 1: a pictograph and extenders, 2: and a joiner */
    unsigned conjunct; /* 1: a consonant and extenders, 2: with a linker among them */
};

static void take(struct state *t, unsigned bits)
{
    unsigned k = bits & UNI_CLUSTER_BREAK, incb = bits & UNI_CLUSTER_JOINING;
    if (bits & UNI_CLUSTER_PICTURE)
        t->picture = 1;
    else if (t->picture == 1 && k == UNI_CLUSTER_ZWJ)
        t->picture = 2;
    else if (!(t->picture == 1 && k == UNI_CLUSTER_EXTEND))
        t->picture = 0;
    if (incb == UNI_CLUSTER_CONSONANT)
        t->conjunct = 1;
    else if (incb == UNI_CLUSTER_LINKER)
        t->conjunct = t->conjunct ? 2 : 0;
    else if (incb != UNI_CLUSTER_JOINING)
        t->conjunct = 0;
    t->odd_regional = k == UNI_CLUSTER_REGIONAL && !t->odd_regional;
    t->last = k;
}

static bool hangul_joins(unsigned a, unsigned b)
{
    if (a == UNI_CLUSTER_L)
        return b == UNI_CLUSTER_L || b == UNI_CLUSTER_V || b == UNI_CLUSTER_LV || b == UNI_CLUSTER_LVT;
    if (a == UNI_CLUSTER_LV || a == UNI_CLUSTER_V)
        return b == UNI_CLUSTER_V || b == UNI_CLUSTER_T;
    return (a == UNI_CLUSTER_LVT || a == UNI_CLUSTER_T) && b == UNI_CLUSTER_T;
}

/* Rules GB3 to GB13, in their order. */
static bool joins(const struct state *t, unsigned bits)
{
    unsigned k = bits & UNI_CLUSTER_BREAK;
    if (t->last == UNI_CLUSTER_CR)
        return k == UNI_CLUSTER_LF;
    if (t->last == UNI_CLUSTER_LF || t->last == UNI_CLUSTER_CONTROL || k == UNI_CLUSTER_CR || k == UNI_CLUSTER_LF ||
        k == UNI_CLUSTER_CONTROL)
        return false;
    if (k == UNI_CLUSTER_EXTEND || k == UNI_CLUSTER_ZWJ || k == UNI_CLUSTER_SPACING || t->last == UNI_CLUSTER_PREPEND)
        return true;
    if (t->conjunct == 2 && (bits & UNI_CLUSTER_JOINING) == UNI_CLUSTER_CONSONANT)
        return true;
    if (t->picture == 2 && bits & UNI_CLUSTER_PICTURE)
        return true;
    if (k == UNI_CLUSTER_REGIONAL && t->last == UNI_CLUSTER_REGIONAL)
        return t->odd_regional;
    return hangul_joins(t->last, k);
}

size_t cluster_next(const char *p, const char *end)
{
    const char *begin = p;
    struct state t = {0};
    unsigned n;
    take(&t, uni_cluster(utf8_get(p, &n)));
    for (p += n; p < end; p += n) {
        unsigned bits = uni_cluster(utf8_get(p, &n));
        if (!joins(&t, bits))
            break;
        take(&t, bits);
    }
    return (size_t)(p - begin);
}

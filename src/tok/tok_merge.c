#include "tok/tok_merge.h"

#include "base/xalloc.h"

#define KEEP_SYMBOLS 65536 /* scratch for more is freed after use */
#define NOWHERE UINT32_MAX

struct merge_node {
    uint32_t sym, prev, next;
    uint32_t becomes; /* what this symbol and the next one merge into, PAIR_NONE: they do not, or this one is gone */
};
struct merge_entry {
    uint64_t order; /* rank << 32 | position */
    uint32_t becomes;
};

void merge_scratch_free(struct merge_scratch *s)
{
    free(s->nodes);
    free(s->heap);
    *s = (struct merge_scratch){0};
}

/* What stands at a pair: rank << 32 | id, so that the smallest is the next to merge. */
static inline uint64_t pair_at(const struct pairs *t, const uint32_t *sym)
{
    const struct pair_slot *p = pairs_get(t, sym[0], sym[1]);
    return (uint64_t)p->rank << 32 | p->id;
}

#define NO_PAIR ((uint64_t)PAIR_NONE << 32)

static size_t merge_by_scan(const struct pairs *t, uint32_t *sym, size_t n)
{
    uint64_t pair[MERGE_SCAN];
    for (size_t i = 0; i + 1 < n; i++)
        pair[i] = pair_at(t, sym + i);
    while (n > 1) {
        uint64_t best = NO_PAIR;
        size_t at = 0;
        for (size_t i = 0; i + 1 < n; i++) {
            bool less = pair[i] < best; /* equal: the left one stays */
            best = less ? pair[i] : best;
            at = less ? i : at;
        }
        if (best == NO_PAIR)
            break;
        sym[at] = (uint32_t)best;
        n--;
        /* Both new pairs at once, since each waits for memory. */
        if (at > 0)
            pairs_hint(t, sym[at - 1], sym[at]);
        if (at + 1 < n)
            pairs_hint(t, sym[at], sym[at + 2]);
        for (size_t i = at + 1; i < n; i++) {
            sym[i] = sym[i + 1];
            pair[i - 1] = pair[i];
        }
        if (at > 0)
            pair[at - 1] = pair_at(t, sym + at - 1);
        if (at + 1 < n)
            pair[at] = pair_at(t, sym + at);
    }
    return n;
}

/* --- the heap: four children a node, the smallest order on top --- */

static void sift_down(struct merge_entry *h, size_t n, size_t at)
{
    struct merge_entry e = h[at];
    for (;;) {
        size_t child = 4 * at + 1;
        if (child >= n)
            break;
        size_t end = MIN(child + 4, n), least = child;
        for (size_t c = child + 1; c < end; c++)
            least = h[c].order < h[least].order ? c : least;
        if (h[least].order >= e.order)
            break;
        h[at] = h[least];
        at = least;
    }
    h[at] = e;
}

static void push(struct merge_scratch *s, size_t *n, struct merge_entry e)
{
    if (*n == s->heap_cap) {
        s->heap_cap *= 2;
        s->heap = xreallocarray(s->heap, s->heap_cap, sizeof *s->heap);
    }
    size_t at = (*n)++;
    for (; at > 0 && s->heap[(at - 1) / 4].order > e.order; at = (at - 1) / 4)
        s->heap[at] = s->heap[(at - 1) / 4];
    s->heap[at] = e;
}

static void room(struct merge_scratch *s, size_t n)
{
    if (s->nodes_cap < n) {
        merge_scratch_free(s);
        s->nodes_cap = MAX(n, 1024);
        s->heap_cap = s->nodes_cap * 2;
        s->nodes = xreallocarray(NULL, s->nodes_cap, sizeof *s->nodes);
        s->heap = xreallocarray(NULL, s->heap_cap, sizeof *s->heap);
    }
}

/* Looks up the pair that begins at `at` anew; true: it merges and *e is its candidate. */
static bool candidate(const struct pairs *t, struct merge_node *nodes, uint32_t at, struct merge_entry *e)
{
    const struct pair_slot *p = pairs_get(t, nodes[at].sym, nodes[nodes[at].next].sym);
    nodes[at].becomes = p->rank == PAIR_NONE ? PAIR_NONE : p->id;
    *e = (struct merge_entry){(uint64_t)p->rank << 32 | at, p->id};
    return p->rank != PAIR_NONE;
}

static size_t merge_by_heap(const struct pairs *t, struct merge_scratch *s, uint32_t *sym, size_t n)
{
    room(s, n);
    struct merge_node *nodes = s->nodes;
    size_t in_heap = 0;
    for (uint32_t i = 0; i < n; i++)
        nodes[i] = (struct merge_node){sym[i], i ? i - 1 : NOWHERE, i + 1 < n ? i + 1 : NOWHERE, PAIR_NONE};
    for (uint32_t i = 0; i + 1 < n; i++)
        in_heap += candidate(t, nodes, i, &s->heap[in_heap]);
    for (size_t i = in_heap / 4 + 1; i-- > 0;)
        if (i < in_heap)
            sift_down(s->heap, in_heap, i);

    while (in_heap > 0) {
        struct merge_entry top = s->heap[0], e;
        s->heap[0] = s->heap[--in_heap];
        if (in_heap)
            sift_down(s->heap, in_heap, 0);
        uint32_t at = (uint32_t)top.order;
        struct merge_node *x = &nodes[at];
        /* What the pair has become since decides: an entry whose pair changed is out of date. */
        if (x->becomes != top.becomes || x->becomes == PAIR_NONE)
            continue;
        struct merge_node *gone = &nodes[x->next];
        x->sym = top.becomes;
        x->becomes = PAIR_NONE;
        gone->becomes = PAIR_NONE;
        x->next = gone->next;
        if (x->next != NOWHERE)
            nodes[x->next].prev = at;
        if (x->prev != NOWHERE && candidate(t, nodes, x->prev, &e))
            push(s, &in_heap, e);
        if (x->next != NOWHERE && candidate(t, nodes, at, &e))
            push(s, &in_heap, e);
    }
    size_t left = 0;
    for (uint32_t i = 0; i != NOWHERE; i = nodes[i].next)
        sym[left++] = nodes[i].sym;
    if (s->nodes_cap > KEEP_SYMBOLS)
        merge_scratch_free(s);
    return left;
}

size_t merge_symbols(const struct pairs *t, struct merge_scratch *s, bool heap_only, uint32_t *sym, size_t n)
{
    if (n < 2)
        return n;
    return n <= MERGE_SCAN && !heap_only ? merge_by_scan(t, sym, n) : merge_by_heap(t, s, sym, n);
}

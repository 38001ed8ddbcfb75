#include "tok/tok_match.h"

#include "base/xalloc.h"

enum { ROOT = 0, NONE = UINT32_MAX, FEW = 6 };

struct node {
    uint32_t child, sibling; /* while building: first child, next child of the parent; NONE ends */
    uint32_t edges;          /* of its n_edges in edge_byte and edge_to */
    uint32_t fail;           /* the longest proper suffix that begins a string */
    uint32_t out;            /* the longest suffix, itself included, that is a string; NONE */
    uint32_t depth;
    uint32_t which; /* NONE: no string ends here */
    uint16_t n_edges;
    unsigned char byte; /* on the edge that leads here */
};

struct matcher {
    struct node *nodes;
    uint32_t n, cap;
    unsigned char *edge_byte;
    uint32_t *edge_to;
    uint32_t root[256];        /* child of the root, ROOT where there is none */
    bool alone[256];           /* a string of this one byte exists */
    uint64_t pair[65536 / 64]; /* first two bytes of a longer string */
    unsigned n_first;
    unsigned char first[FEW]; /* the first bytes, where they are few */
};

static uint32_t add_node(struct matcher *m, unsigned char byte, uint32_t depth)
{
    if (m->n == m->cap) {
        m->cap = m->cap ? m->cap * 2 : 64;
        m->nodes = xreallocarray(m->nodes, m->cap, sizeof *m->nodes);
    }
    m->nodes[m->n] =
        (struct node){.child = NONE, .sibling = NONE, .out = NONE, .which = NONE, .byte = byte, .depth = depth};
    return m->n++;
}

static void add_string(struct matcher *m, struct str s, uint32_t which)
{
    uint32_t at = ROOT;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char b = (unsigned char)s.p[i];
        uint32_t next = m->nodes[at].child;
        while (next != NONE && m->nodes[next].byte != b)
            next = m->nodes[next].sibling;
        if (next == NONE) {
            next = add_node(m, b, (uint32_t)i + 1);
            m->nodes[next].sibling = m->nodes[at].child;
            m->nodes[at].child = next;
        }
        at = next;
    }
    if (m->nodes[at].which == NONE)
        m->nodes[at].which = which;
}

/* The children of each node side by side, and what the first two bytes can be. */
static void lay_out(struct matcher *m)
{
    uint32_t at = 0;
    m->edge_byte = xmalloc(m->n);
    m->edge_to = xcalloc(m->n, sizeof *m->edge_to);
    for (uint32_t i = 0; i < m->n; i++) {
        struct node *x = &m->nodes[i];
        x->edges = at;
        for (uint32_t c = x->child; c != NONE; c = m->nodes[c].sibling) {
            m->edge_byte[at] = m->nodes[c].byte;
            m->edge_to[at++] = c;
        }
        x->n_edges = (uint16_t)(at - x->edges);
    }
    for (uint32_t c = m->nodes[ROOT].child; c != NONE; c = m->nodes[c].sibling) {
        const struct node *x = &m->nodes[c];
        m->root[x->byte] = c;
        m->alone[x->byte] = x->which != NONE;
        if (m->n_first < FEW)
            m->first[m->n_first] = x->byte;
        m->n_first++;
        for (uint32_t d = x->child; d != NONE; d = m->nodes[d].sibling) {
            unsigned two = (unsigned)x->byte << 8 | m->nodes[d].byte;
            m->pair[two / 64] |= 1ULL << (two % 64);
        }
    }
}

static uint32_t child_of(const struct matcher *m, const struct node *x, unsigned char b)
{
    for (uint32_t i = x->edges; i < x->edges + x->n_edges; i++)
        if (m->edge_byte[i] == b)
            return m->edge_to[i];
    return NONE;
}

static uint32_t step(const struct matcher *m, uint32_t at, unsigned char b)
{
    while (at != ROOT) {
        uint32_t next = child_of(m, &m->nodes[at], b);
        if (next != NONE)
            return next;
        at = m->nodes[at].fail;
    }
    return m->root[b];
}

/* Breadth first, so that the suffix of a node, which is shorter, is known before it. */
static void link_suffixes(struct matcher *m)
{
    uint32_t *queue = xcalloc(m->n, sizeof *queue), head = 0, tail = 0;
    queue[tail++] = ROOT;
    while (head < tail) {
        uint32_t at = queue[head++];
        struct node *x = &m->nodes[at];
        x->out = x->which != NONE ? at : at == ROOT ? NONE : m->nodes[x->fail].out;
        for (uint32_t i = x->edges; i < x->edges + x->n_edges; i++) {
            uint32_t c = m->edge_to[i];
            m->nodes[c].fail = at == ROOT ? ROOT : step(m, x->fail, m->edge_byte[i]);
            queue[tail++] = c;
        }
    }
    free(queue);
}

struct matcher *matcher_new(const struct str *strings, size_t n)
{
    struct matcher *m = xcalloc(1, sizeof *m);
    add_node(m, 0, 0);
    for (size_t i = 0; i < n; i++)
        if (strings[i].n)
            add_string(m, strings[i], (uint32_t)i);
    if (m->n == 1)
        matcher_free(&m);
    if (m) {
        lay_out(m);
        link_suffixes(m);
    }
    return m;
}

void matcher_free(struct matcher **m)
{
    if (!*m)
        return;
    free((*m)->nodes);
    free((*m)->edge_byte);
    free((*m)->edge_to);
    free(*m);
    *m = NULL;
}

typedef unsigned char v16 __attribute__((vector_size(16)));

/* The first byte at p or behind that begins a string. */
static const char *first_byte(const struct matcher *m, const char *p, const char *end)
{
    if (m->n_first == 1) {
        const char *at = memchr(p, m->first[0], (size_t)(end - p));
        return at ? at : end;
    }
    if (m->n_first <= FEW) {
        for (; end - p >= 16; p += 16) {
            v16 x, any = {0};
            uint64_t half[2];
            memcpy(&x, p, sizeof x);
            for (unsigned i = 0; i < m->n_first; i++)
                any |= (v16)(x == (v16){0} + m->first[i]);
            memcpy(half, &any, sizeof half);
            if (half[0] | half[1])
                break;
        }
    }
    while (p < end && m->root[(unsigned char)*p] == ROOT)
        p++;
    return p;
}

static const char *candidate(const struct matcher *m, const char *p, const char *end)
{
    for (;; p++) {
        p = first_byte(m, p, end);
        if (p == end || m->alone[(unsigned char)*p])
            return p;
        if (end - p >= 2) {
            unsigned two = (unsigned)(unsigned char)p[0] << 8 | (unsigned char)p[1];
            if (m->pair[two / 64] >> (two % 64) & 1)
                return p;
        }
    }
}

bool matcher_next(const struct matcher *m, struct str text, size_t from, struct match *found)
{
    const char *begin = text.p, *end = begin + text.n, *p = begin + from;
    uint32_t at = ROOT;
    bool any = false;
    while (p < end) {
        if (at == ROOT) { /* never with a match in hand: that has been given below */
            p = candidate(m, p, end);
            if (p == end)
                break;
        }
        at = step(m, at, (unsigned char)*p++);
        size_t pos = (size_t)(p - begin);
        if (any && pos - m->nodes[at].depth > found->start)
            return true; /* what may still come begins behind it */
        uint32_t out = m->nodes[at].out;
        if (out != NONE && (!any || pos - m->nodes[out].depth <= found->start)) {
            *found = (struct match){pos - m->nodes[out].depth, pos, m->nodes[out].which};
            any = true;
        }
    }
    return any;
}

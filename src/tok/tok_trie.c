#include "tok/tok_trie.h"

#include "base/xalloc.h"

enum { MANY_CHILDREN = 16 };

struct span { /* the keys that go through a node */
    uint32_t from, to;
};

struct builder {
    struct trie *t;
    struct span *span; /* of each node */
    uint32_t cap;
    uint32_t tables, tables_cap;
};

static int by_text(const void *va, const void *vb)
{
    const struct trie_key *a = va, *b = vb;
    size_t n = MIN(a->text.n, b->text.n);
    int c = n ? memcmp(a->text.p, b->text.p, n) : 0;
    if (c == 0)
        c = (a->text.n > b->text.n) - (a->text.n < b->text.n);
    return c ? c : (a->order > b->order) - (a->order < b->order);
}

static void add_node(struct builder *b, uint8_t label, struct span span)
{
    struct trie *t = b->t;
    if (t->n + 2 > b->cap) {
        b->cap = b->cap ? b->cap * 2 : 256;
        t->node = xreallocarray(t->node, b->cap, sizeof *t->node);
        t->label = xreallocarray(t->label, b->cap, sizeof *t->label);
        b->span = xreallocarray(b->span, b->cap, sizeof *b->span);
    }
    t->node[t->n] = (struct trie_node){0, TRIE_NONE, 0};
    t->label[t->n] = label;
    b->span[t->n] = span;
    t->n++;
}

static void add_table(struct builder *b, uint32_t node)
{
    struct trie *t = b->t;
    if (b->tables == b->tables_cap) {
        b->tables_cap = b->tables_cap ? b->tables_cap * 2 : 16;
        t->table = xreallocarray(t->table, b->tables_cap, sizeof *t->table);
    }
    memset(t->table[b->tables], 0, sizeof *t->table);
    for (uint32_t i = t->node[node].first; i < t->n; i++)
        t->table[b->tables][t->label[i]] = i;
    t->node[node].table = ++b->tables;
}

static void add_children(struct builder *b, uint32_t node, const struct trie_key *keys, size_t depth)
{
    struct span s = b->span[node];
    b->t->node[node].first = b->t->n;
    for (; s.from < s.to && keys[s.from].text.n == depth; s.from++)
        b->t->node[node].value = keys[s.from].value;
    while (s.from < s.to) {
        char c = keys[s.from].text.p[depth];
        uint32_t end = s.from + 1;
        while (end < s.to && keys[end].text.p[depth] == c)
            end++;
        add_node(b, (uint8_t)c, (struct span){s.from, end});
        s.from = end;
    }
    if (b->t->n - b->t->node[node].first > MANY_CHILDREN)
        add_table(b, node);
}

void trie_build(struct trie *t, struct trie_key *keys, size_t n)
{
    struct builder b = {.t = t};
    *t = (struct trie){0};
    for (size_t i = 0; i < n; i++)
        keys[i].order = (uint32_t)i;
    if (n)
        qsort(keys, n, sizeof *keys, by_text);
    size_t empty = 0;
    while (empty < n && keys[empty].text.n == 0)
        empty++;
    add_node(&b, 0, (struct span){(uint32_t)empty, (uint32_t)n});
    size_t depth = 0;
    for (uint32_t i = 0, level_end = 1; i < t->n; i++) {
        if (i == level_end) {
            depth++;
            level_end = t->n;
        }
        add_children(&b, i, keys, depth);
    }
    t->node[t->n] = (struct trie_node){t->n, TRIE_NONE, 0};
    free(b.span);
}

void trie_free(struct trie *t)
{
    free(t->node);
    free(t->label);
    free(t->table);
    *t = (struct trie){0};
}

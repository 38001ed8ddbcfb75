#include "tok/tok_private.h"

#define BATCH 64

size_t walk_text(const struct model *m, struct model_scratch *s, pre_scan_fn *scan, struct str text,
                 struct tok_ids *ids)
{
    struct piece v[BATCH];
    struct tok_ids one = {0};
    const char *p = text.p, *end = text.p + text.n;
    size_t total = 0;
    while (p < end) {
        const char *base = p;
        size_t n = 0;
        while (n < BATCH && p < end && p - base < (1 << 30)) {
            size_t k = scan(p, end);
            v[n++] = (struct piece){(uint32_t)(p - base), (uint32_t)k};
            p += k;
        }
        if (LIKELY(m->ops->encode_all != NULL)) {
            total += m->ops->encode_all(m, s, base, end, v, n, ids);
            continue;
        }
        for (size_t i = 0; i < n; i++) {
            struct tok_ids *to = ids ? ids : &one;
            size_t before = to->n;
            m->ops->encode(m, s, (struct str){base + v[i].at, v[i].n}, to);
            total += to->n - before;
            one.n = 0;
        }
    }
    tok_ids_free(&one);
    return total;
}

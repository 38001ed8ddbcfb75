#include "tok/tok_uni.h"

/* The row of a sorted map that holds c, or NULL. */
static const struct uni_map *find_map(const struct uni_map *m, size_t n, uint32_t c)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (c > m[mid].hi)
            lo = mid + 1;
        else if (c < m[mid].lo)
            hi = mid;
        else
            return (c - m[mid].lo) % (uint32_t)m[mid].step == 0 ? &m[mid] : NULL;
    }
    return NULL;
}

unsigned uni_lower(uint32_t c, uint32_t out[2])
{
    if (c < 0x80) {
        out[0] = c - 'A' < 26 ? c + 32 : c;
        return 1;
    }
    if (c == 0x130) { /* the one that SpecialCasing.txt makes longer without a condition */
        out[0] = 'i';
        out[1] = 0x307;
        return 2;
    }
    const struct uni_map *m = find_map(uni_lower_map, ARRAY_LEN(uni_lower_map), c);
    out[0] = m ? c + (uint32_t)m->delta : c;
    return 1;
}

uint32_t uni_fold(uint32_t c)
{
    const struct uni_map *m = find_map(uni_fold_map, ARRAY_LEN(uni_fold_map), c);
    return m ? c + (uint32_t)m->delta : c;
}

unsigned uni_script(uint32_t c)
{
    size_t lo = 0, hi = ARRAY_LEN(uni_scripts);
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (c > uni_scripts[mid].hi)
            lo = mid + 1;
        else if (c < uni_scripts[mid].lo)
            hi = mid;
        else
            return uni_scripts[mid].script;
    }
    return 0;
}

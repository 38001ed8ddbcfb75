/* scan.h - find the next byte of a JSON string that needs attention, 16 bytes a step (8 without SSE2). Header only.
 * Never reads beyond `end`. Thread-safe: no state. */
#ifndef WEIR_BASE_SCAN_H
#define WEIR_BASE_SCAN_H

#include "base/attr.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* What ends a clean run: '"', '\\' and bytes below 0x20; with `high` also bytes from 0x80 on. */
static inline bool scan_stops(unsigned char c, bool high)
{
    return c == '"' || c == '\\' || c < 0x20 || (high && c >= 0x80);
}

#ifdef __SSE2__
static inline unsigned scan_mask(const char *p, bool high)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
    /* Compared as signed bytes, those from 0x80 on are below 0x20 too; unsigned, v <= 0x1F is min(v, 0x1F) == v. */
    __m128i low =
        high ? _mm_cmplt_epi8(v, _mm_set1_epi8(0x20)) : _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1F)), v);
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(hit, low));
}
#else
static inline uint64_t scan_zero_bytes(uint64_t x)
{
    return (x - 0x0101010101010101ULL) & ~x & 0x8080808080808080ULL;
}

/* Not 0 when one of 8 bytes stops; which one is for the caller to find. */
static inline uint64_t scan_word(const char *p, bool high)
{
    uint64_t w;
    memcpy(&w, p, 8);
    uint64_t low = (w - 0x2020202020202020ULL) & ~w & 0x8080808080808080ULL;
    uint64_t hit = scan_zero_bytes(w ^ 0x2222222222222222ULL) | scan_zero_bytes(w ^ 0x5C5C5C5C5C5C5C5CULL);
    return low | hit | (high ? w & 0x8080808080808080ULL : 0);
}
#endif

static inline const char *scan_clean(const char *p, const char *end, bool high)
{
#ifdef __SSE2__
    while (end - p >= 16) {
        unsigned m = scan_mask(p, high);
        if (m)
            return p + __builtin_ctz(m);
        p += 16;
    }
#else
    while (end - p >= 8 && scan_word(p, high) == 0)
        p += 8;
#endif
    while (p < end && !scan_stops((unsigned char)*p, high))
        p++;
    return p;
}

#endif

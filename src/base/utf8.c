#include "base/utf8.h"

/* The length of the valid sequence at p, 0 when there is none; RFC 3629's table of well-formed byte sequences. */
static size_t utf8_len(const unsigned char *p, const unsigned char *end)
{
    unsigned char c = p[0];
    size_t n = c < 0x80 ? 1 : c >= 0xC2 && c <= 0xDF ? 2 : c >= 0xE0 && c <= 0xEF ? 3 : c >= 0xF0 && c <= 0xF4 ? 4 : 0;
    if (n == 0 || (size_t)(end - p) < n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    if ((c == 0xE0 && p[1] < 0xA0) || (c == 0xED && p[1] > 0x9F) || (c == 0xF0 && p[1] < 0x90) ||
        (c == 0xF4 && p[1] > 0x8F))
        return 0;
    return n;
}

const char *utf8_bad(struct str text)
{
    const unsigned char *p = (const unsigned char *)text.p, *end = p + text.n;
    while (p < end) {
        uint64_t w;
        while (end - p >= 8 && (memcpy(&w, p, 8), (w & 0x8080808080808080ULL) == 0))
            p += 8;
        if (p == end)
            break;
        size_t n = utf8_len(p, end);
        if (n == 0)
            return (const char *)p;
        p += n;
    }
    return NULL;
}

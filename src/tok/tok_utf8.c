#include "tok/tok_utf8.h"

/* Length of the sequence at p where it is whole (1 … 4), else minus the length of its maximal well-formed beginning. */
static int sequence(const unsigned char *p, const unsigned char *end)
{
    unsigned char low = 0x80, high = 0xBF;
    int want;
    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xC2 || p[0] > 0xF4)
        return -1;
    want = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (p[0] == 0xE0)
        low = 0xA0; /* no overlong forms */
    else if (p[0] == 0xED)
        high = 0x9F; /* no surrogates */
    else if (p[0] == 0xF0)
        low = 0x90;
    else if (p[0] == 0xF4)
        high = 0x8F; /* U+10FFFF is the last */
    for (int i = 1; i < want; i++) {
        if (end - p <= i || p[i] < low || p[i] > high)
            return -i;
        low = 0x80;
        high = 0xBF;
    }
    return want;
}

size_t utf8_valid(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p, *end = p + s.n;
    while (p < end) {
        while (end - p >= 32) {
            uint64_t w[4];
            memcpy(w, p, sizeof w);
            if ((w[0] | w[1] | w[2] | w[3]) & 0x8080808080808080ULL)
                break;
            p += 32;
        }
        const unsigned char *stop = end - p > 32 ? p + 32 : end;
        while (p < stop) {
            int n = sequence(p, end);
            if (n < 0)
                return (size_t)(p - (const unsigned char *)s.p);
            p += n;
        }
    }
    return s.n;
}

size_t utf8_lossy(struct str s, struct buf *out)
{
    size_t replaced = 0;
    for (;;) {
        size_t good = utf8_valid(s);
        buf_adds(out, str_sub(s, 0, good));
        if (good == s.n)
            return replaced;
        s = str_sub(s, good, s.n);
        int bad = -sequence((const unsigned char *)s.p, (const unsigned char *)s.p + s.n);
        buf_add(out, "\xEF\xBF\xBD", 3);
        replaced++;
        s = str_sub(s, (size_t)bad, s.n);
    }
}

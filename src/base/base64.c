#include "base/base64.h"

void base64_add(struct buf *out, const void *bytes, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = bytes;
    char *to = buf_room(out, (n + 2) / 3 * 4), *at = to;
    if (!to)
        return;
    for (; n >= 3; n -= 3, p += 3) {
        *at++ = digits[p[0] >> 2];
        *at++ = digits[(p[0] & 3) << 4 | p[1] >> 4];
        *at++ = digits[(p[1] & 15) << 2 | p[2] >> 6];
        *at++ = digits[p[2] & 63];
    }
    if (n > 0) {
        unsigned char b = n > 1 ? p[1] : 0;
        *at++ = digits[p[0] >> 2];
        *at++ = digits[(p[0] & 3) << 4 | b >> 4];
        *at++ = n > 1 ? digits[(b & 15) << 2] : '=';
        *at++ = '=';
    }
    buf_wrote(out, (size_t)(at - to));
}

static const signed char *base64_table(void)
{
    static const signed char t[256] = {
        ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
        ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
        ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
        ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
        ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
        ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
        ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
        ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
    };
    return t;
}

int base64_decode(struct str s, char *out)
{
    const signed char *t = base64_table();
    int n = 0;
    uint32_t bits = 0;
    size_t pad = 0, i = 0;
    while (s.n > 0 && pad < 2 && s.p[s.n - 1] == '=') {
        s.n--;
        pad++;
    }
    if ((s.n + pad) % 4 != 0 || s.n % 4 == 1)
        return -1;
    for (; i < s.n; i++) {
        int v = t[(unsigned char)s.p[i]] - 1;
        if (v < 0)
            return -1;
        bits = bits << 6 | (uint32_t)v;
        if (i % 4 == 3) {
            out[n++] = (char)(bits >> 16);
            out[n++] = (char)(bits >> 8);
            out[n++] = (char)bits;
        }
    }
    if (i % 4 == 2)
        out[n++] = (char)(bits >> 4);
    if (i % 4 == 3) {
        out[n++] = (char)(bits >> 10);
        out[n++] = (char)(bits >> 2);
    }
    return n;
}

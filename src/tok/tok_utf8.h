/* tok_utf8.h - which bytes are UTF-8, and what stands in for those that are not: one U+FFFD for each maximal part of an
 * ill-formed sequence (Unicode 15, section 3.9, "U+FFFD Substitution of Maximal Subparts"), which is what Rust's
 * String::from_utf8_lossy does. Cost: a pass at memory speed over ASCII, about 1 GB/s else. Thread-safe. */
#ifndef WEIR_TOK_TOK_UTF8_H
#define WEIR_TOK_TOK_UTF8_H

#include "base/buf.h"

size_t utf8_valid(struct str s);                  /* length of the longest prefix that is UTF-8 */
size_t utf8_lossy(struct str s, struct buf *out); /* appends; returns how many U+FFFD were put in */
/* The code point at p, of `*n` bytes; p < end, valid UTF-8. */
static inline uint32_t utf8_get(const char *p, unsigned *n)
{
    const unsigned char *u = (const unsigned char *)p;
    if (u[0] < 0x80) {
        *n = 1;
        return u[0];
    }
    if (u[0] < 0xE0) {
        *n = 2;
        return (u[0] & 0x1FU) << 6 | (u[1] & 0x3FU);
    }
    if (u[0] < 0xF0) {
        *n = 3;
        return (u[0] & 0x0FU) << 12 | (u[1] & 0x3FU) << 6 | (u[2] & 0x3FU);
    }
    *n = 4;
    return (u[0] & 0x07U) << 18 | (u[1] & 0x3FU) << 12 | (u[2] & 0x3FU) << 6 | (u[3] & 0x3FU);
}
/* Writes the code point as UTF-8, at most 4 bytes; how many. `c` is a scalar value. */
static inline unsigned utf8_put(char *p, uint32_t c)
{
    if (c < 0x80) {
        p[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        p[0] = (char)(0xC0 | c >> 6);
        p[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        p[0] = (char)(0xE0 | c >> 12);
        p[1] = (char)(0x80 | (c >> 6 & 0x3F));
        p[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    p[0] = (char)(0xF0 | c >> 18);
    p[1] = (char)(0x80 | (c >> 12 & 0x3F));
    p[2] = (char)(0x80 | (c >> 6 & 0x3F));
    p[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

#endif

/* digits.h - whole numbers as decimal digits, eight at a time within one register: about 25 instructions for a number
 * below 10^8, 50 below 10^16, and no branch on the number of digits. Header only. Thread-safe: no state. */
#ifndef WEIR_BASE_DIGITS_H
#define WEIR_BASE_DIGITS_H

#include <endian.h>
#include <string.h>

#include "base/attr.h"

enum { DIGITS_ROOM = 28 }; /* bytes that may be written from where a number is put, its sign included */

/* The 8 digits of v < 10^8 as bytes 0-9, the first digit in the lowest byte: halves of 4 digits, then 4 pairs, then 8
 * digits, each by a multiplication with the reciprocal (5243 / 2^19 = 1/100 up to 43698, 103 / 2^10 = 1/10 up to 178).
 */
static inline uint64_t digits_of8(uint32_t v)
{
    uint64_t x = v / 10000 | (uint64_t)(v % 10000) << 32;
    uint64_t high = (x * 5243 >> 19) & 0x0000007f0000007fULL;
    x = high | (x - high * 100) << 16;
    high = (x * 103 >> 10) & 0x000f000f000f000fULL;
    return high | (x - high * 10) << 8;
}

static inline char *digits_all8(char *to, uint32_t v)
{
    uint64_t x = htole64(digits_of8(v) | 0x3030303030303030ULL);
    memcpy(to, &x, 8);
    return to + 8;
}

/* Without zeros in front; 0 < v < 10^8. */
static inline char *digits_lead8(char *to, uint32_t v)
{
    uint64_t x = digits_of8(v);
    unsigned zeros = (unsigned)__builtin_ctzll(x) & 56;
    x = htole64((x | 0x3030303030303030ULL) >> zeros);
    memcpy(to, &x, 8);
    return to + 8 - zeros / 8;
}

/* Puts v at `to`, not 0-ended, and gives where it ends. Up to DIGITS_ROOM bytes from `to` on are overwritten. */
static inline char *digits_u64(char *to, uint64_t v)
{
    const uint64_t unit = 100000000;
    if (v < 10) {
        *to = (char)('0' + v);
        return to + 1;
    }
    if (v < unit)
        return digits_lead8(to, (uint32_t)v);
    uint64_t high = v / unit;
    if (high < unit)
        to = digits_lead8(to, (uint32_t)high);
    else
        to = digits_all8(digits_lead8(to, (uint32_t)(high / unit)), (uint32_t)(high % unit));
    return digits_all8(to, (uint32_t)(v % unit));
}

static inline char *digits_i64(char *to, int64_t v)
{
    if (v >= 0)
        return digits_u64(to, (uint64_t)v);
    *to = '-';
    return digits_u64(to + 1, -(uint64_t)v);
}

#endif

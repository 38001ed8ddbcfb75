#include "tok/tok_score.h"

#include <math.h>

/* Powers of ten that have an exact double end at 22; above, the literals are the nearest ones, as in serde_json's
 * table.
 */
static double power_of_ten(unsigned e)
{
    static const double small[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                   1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (e < ARRAY_LEN(small))
        return small[e];
    char text[16];
    snprintf(text, sizeof text, "1e%u", e);
    return strtod(text, NULL);
}

static int from_parts(uint64_t digits, int64_t exponent, double *v)
{
    double f = (double)digits;
    for (; exponent < -308 && f != 0; exponent += 308)
        f /= 1e308;
    if (exponent > 308 && f != 0)
        return -1;
    if (f != 0)
        f = exponent < 0 ? f / power_of_ten((unsigned)-exponent) : f * power_of_ten((unsigned)exponent);
    *v = f;
    return isinf(f) ? -1 : 0;
}

static bool digit_at(struct str s, size_t i)
{
    return i < s.n && s.p[i] >= '0' && s.p[i] <= '9';
}

static bool add_digit(uint64_t *v, char c)
{
    uint64_t more;
    if (__builtin_mul_overflow(*v, 10, &more) || __builtin_add_overflow(more, (uint64_t)(c - '0'), &more))
        return false;
    *v = more;
    return true;
}

int score_read(struct str s, double *v)
{
    uint64_t digits = 0;
    int64_t exponent = 0;
    size_t i = s.n && s.p[0] == '-';
    bool minus = i == 1, full = false;
    for (; digit_at(s, i); i++) {
        full = full || !add_digit(&digits, s.p[i]);
        exponent += full;
    }
    /* Once the whole part has overflowed, serde_json still tries each digit of the fraction. */
    if (i < s.n && s.p[i] == '.') {
        full = false;
        for (i++; digit_at(s, i); i++) {
            full = full || !add_digit(&digits, s.p[i]);
            exponent -= !full;
        }
    }
    if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
        bool down = ++i < s.n && s.p[i] == '-';
        int64_t e = 0;
        for (i += i < s.n && (s.p[i] == '-' || s.p[i] == '+'); digit_at(s, i); i++)
            e = MIN(e * 10 + (s.p[i] - '0'), INT32_MAX);
        exponent += down ? -e : e;
    }
    if (from_parts(digits, exponent, v) != 0)
        return -1;
    if (minus)
        *v = -*v;
    return 0;
}

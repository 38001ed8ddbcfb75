/* number.c - the part of str.h that reads and prints numbers, durations, sizes and stamps. */
#include <errno.h>
#include <math.h>

#include "base/str.h"
#include "base/xalloc.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

int parse_u64(struct str s, uint64_t *out)
{
    uint64_t v = 0;
    if (s.n == 0)
        return -1;
    for (size_t i = 0; i < s.n; i++) {
        if (!is_digit(s.p[i]) || __builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
            return -1;
    }
    *out = v;
    return 0;
}

int parse_i64(struct str s, int64_t *out)
{
    bool minus = s.n && s.p[0] == '-';
    uint64_t v;
    if (parse_u64(str_sub(s, minus, s.n), &v) != 0 || v > (uint64_t)INT64_MAX + minus)
        return -1;
    *out = (int64_t)(minus ? -v : v);
    return 0;
}

static size_t digits(struct str s, size_t i)
{
    size_t k = i;
    while (k < s.n && is_digit(s.p[k]))
        k++;
    return k - i;
}

/* [+-] digits [. digits] [e [+-] digits], with a digit before or behind the point. */
static bool is_decimal(struct str s)
{
    size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+');
    size_t whole = digits(s, i), part = 0;
    i += whole;
    if (i < s.n && s.p[i] == '.') {
        part = digits(s, ++i);
        i += part;
    }
    if (whole + part == 0)
        return false;
    if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
        i++;
        i += i < s.n && (s.p[i] == '-' || s.p[i] == '+');
        size_t k = digits(s, i);
        if (k == 0)
            return false;
        i += k;
    }
    return i == s.n;
}

int parse_f64(struct str s, double *out)
{
    if (!is_decimal(s)) /* keeps out what strtod would take: hexadecimal, "inf", leading blanks */
        return -1;
    /* The program never calls setlocale(), so strtod's decimal sign is the point. */
    char small[64], *z = s.n < sizeof small ? small : xmalloc(s.n + 1);
    memcpy(z, s.p, s.n);
    z[s.n] = 0;
    double v = strtod(z, NULL);
    if (z != small)
        free(z);
    if (!isfinite(v))
        return -1;
    *out = v;
    return 0;
}

/* Read "12" or "12.5" at *i; whole part and fraction (num/den, at most 18 digits kept). */
struct fixed {
    uint64_t whole, num, den;
};

static int read_fixed(struct str s, size_t *i, struct fixed *f)
{
    size_t k = digits(s, *i);
    *f = (struct fixed){0, 0, 1};
    if (k > 0 && parse_u64(str_sub(s, *i, k), &f->whole) != 0)
        return -1;
    *i += k;
    if (*i < s.n && s.p[*i] == '.') {
        size_t m = digits(s, ++*i);
        if (k + m == 0)
            return -1;
        for (size_t d = 0; d < m && d < 18; d++) {
            f->num = f->num * 10 + (uint64_t)(s.p[*i + d] - '0');
            f->den *= 10;
        }
        *i += m;
        k += m;
    }
    return k ? 0 : -1;
}

/* f * unit, rounded to the nearest; -1 above max. */
static int scale(struct fixed f, uint64_t unit, uint64_t max, uint64_t *out)
{
    unsigned __int128 v = (unsigned __int128)f.whole * unit;
    v += ((unsigned __int128)f.num * unit + f.den / 2) / f.den;
    if (v > max)
        return -1;
    *out = (uint64_t)v;
    return 0;
}

int parse_duration(struct str s, int64_t *ns)
{
    static const struct {
        struct str name;
        uint64_t ns;
    } unit[] = {/* longer names before their beginnings */
                {STR("ns"), 1},
                {STR("us"), NS_PER_US},
                {STR("\u00b5s"), NS_PER_US},
                {STR("ms"), NS_PER_MS},
                {STR("s"), NS_PER_S},
                {STR("m"), 60 * (uint64_t)NS_PER_S},
                {STR("h"), 3600 * (uint64_t)NS_PER_S}};
    uint64_t sum = 0, last = UINT64_MAX;
    size_t i = 0;
    if (s.n == 0)
        return -1;
    while (i < s.n) {
        struct fixed f;
        bool only = i == 0;
        uint64_t part, one = 0;
        if (read_fixed(s, &i, &f) != 0)
            return -1;
        if (i == s.n && only)
            one = NS_PER_S;
        for (size_t k = 0; k < ARRAY_LEN(unit) && one == 0; k++) {
            if (str_starts(str_sub(s, i, s.n), unit[k].name)) {
                one = unit[k].ns;
                i += unit[k].name.n;
            }
        }
        /* Units must fall ("1m30s"): a repeated or rising one is a slip. */
        if (one == 0 || one >= last || scale(f, one, INT64_MAX - sum, &part) != 0)
            return -1;
        sum += part;
        last = one;
    }
    *ns = (int64_t)sum;
    return 0;
}

int parse_size(struct str s, uint64_t *bytes)
{
    struct fixed f;
    size_t i = 0;
    if (read_fixed(s, &i, &f) != 0)
        return -1;
    struct str tail = str_sub(s, i, s.n);
    uint64_t unit = 1;
    if (tail.n) {
        static const char names[] = "kmgt";
        char c = tail.p[0] >= 'A' && tail.p[0] <= 'Z' ? (char)(tail.p[0] + ('a' - 'A')) : tail.p[0];
        const char *at = strchr(names, c);
        if (c && at) {
            unit = 1ULL << (10 * (at - names + 1));
            tail = str_sub(tail, 1, tail.n);
            if (tail.n && !str_ieq(tail, STR("b")) && !str_ieq(tail, STR("ib")))
                return -1;
        } else if (!str_ieq(tail, STR("b"))) {
            return -1;
        }
    }
    return scale(f, unit, UINT64_MAX, bytes);
}

char *fmt_u64(char *p, uint64_t v)
{
    char tmp[20], *at = tmp + sizeof tmp;
    do
        *--at = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    size_t n = (size_t)(tmp + sizeof tmp - at);
    memcpy(p, at, n);
    return p + n;
}

/* Decimals that show 3 significant digits of v in [0, 1000). */
static int decimals(double v)
{
    return v < 9.995 ? 2 : v < 99.95 ? 1 : 0;
}

char *fmt_duration(char out[32], int64_t ns)
{
    static const char *const unit[] = {"us", "ms", "s"};
    const char *sign = ns < 0 ? "-" : "";
    double v = ns < 0 ? -(double)ns : (double)ns;
    if (v < 1000) {
        snprintf(out, 32, "%s%.0f ns", sign, v);
        return out;
    }
    for (size_t k = 0; k < ARRAY_LEN(unit); k++) {
        v /= 1000;
        if (v < (k == 2 ? 59.95 : 999.5)) { /* what would round to the next unit goes there */
            snprintf(out, 32, "%s%.*f %s", sign, decimals(v), v, unit[k]);
            return out;
        }
    }
    int64_t sec = (int64_t)(v + 0.5);
    if (sec < 3600)
        snprintf(out, 32, "%s%dm%02ds", sign, (int)(sec / 60), (int)(sec % 60));
    else
        snprintf(out, 32, "%s%lldh%02dm", sign, (long long)(sec / 3600), (int)(sec / 60 % 60));
    return out;
}

static void drop_zeros(char *z)
{
    size_t n = strlen(z);
    if (!strchr(z, '.'))
        return;
    while (z[n - 1] == '0')
        n--;
    if (z[n - 1] == '.')
        n--;
    z[n] = 0;
}

char *fmt_count(char out[32], double v)
{
    static const char unit[] = " kMGTP";
    char num[24];
    double a = fabs(v);
    size_t k = 0;
    if (!isfinite(v) || a >= 999.5e15) {
        snprintf(out, 32, "%.3g", v);
        return out;
    }
    for (; a >= 999.5; k++)
        a /= 1000;
    if (k == 0 && a < 1)
        snprintf(num, sizeof num, "%.3g", a);
    else
        snprintf(num, sizeof num, "%.*f", decimals(a), a);
    if (!strchr(num, 'e'))
        drop_zeros(num);
    snprintf(out, 32, "%s%s%.1s", v < 0 ? "-" : "", num, k ? unit + k : "");
    return out;
}

static time_t floor_seconds(int64_t ns)
{
    return (time_t)(ns / NS_PER_S - (ns % NS_PER_S < 0));
}

char *fmt_local_stamp(char out[32], int64_t unix_ns)
{
    time_t t = floor_seconds(unix_ns);
    struct tm tm;
    if (!localtime_r(&t, &tm) || strftime(out, 32, "%Y-%m-%d_%H-%M-%S", &tm) == 0)
        out[0] = 0;
    return out;
}

char *fmt_utc_iso(char out[40], int64_t unix_ns)
{
    time_t t = floor_seconds(unix_ns);
    int ms = (int)((unix_ns - (int64_t)t * NS_PER_S) / NS_PER_MS);
    struct tm tm;
    char day[24];
    out[0] = 0;
    if (gmtime_r(&t, &tm) && strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm) != 0)
        snprintf(out, 40, "%s.%03dZ", day, ms);
    return out;
}

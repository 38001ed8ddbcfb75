#include "base/jout.h"

#include <inttypes.h>
#include <math.h>

#include "base/scan.h"

enum { DEPTH_LIMIT = 63 }; /* bits of `has` */

void jo_init(struct jout *j, struct buf *b, int indent)
{
    *j = (struct jout){.b = b, .indent = indent};
}

static void new_line(struct jout *j)
{
    if (j->indent <= 0)
        return;
    size_t n = 1 + (size_t)j->indent * j->depth;
    char *to = buf_room(j->b, n);
    if (!to)
        return;
    to[0] = '\n';
    memset(to + 1, ' ', n - 1);
    buf_wrote(j->b, n);
}

/* Before a member: the comma and the line. Values at depth 0 follow one another without a comma (JSON lines). */
static void separate(struct jout *j)
{
    if (j->after_key) {
        j->after_key = false;
        return;
    }
    if (j->depth == 0)
        return;
    uint64_t bit = 1ULL << j->depth;
    if (j->has & bit)
        buf_addc(j->b, ',');
    j->has |= bit;
    new_line(j);
}

static void begin(struct jout *j, char open)
{
    separate(j);
    buf_addc(j->b, open);
    if (j->depth == DEPTH_LIMIT) {
        j->b->failed = true;
        return;
    }
    j->depth++;
    j->has &= ~(1ULL << j->depth);
}

static void end(struct jout *j, char close)
{
    bool some = j->has >> j->depth & 1;
    if (j->depth > 0)
        j->depth--;
    if (some)
        new_line(j);
    buf_addc(j->b, close);
}

void jo_obj(struct jout *j)
{
    begin(j, '{');
}

void jo_end_obj(struct jout *j)
{
    end(j, '}');
}

void jo_arr(struct jout *j)
{
    begin(j, '[');
}

void jo_end_arr(struct jout *j)
{
    end(j, ']');
}

/* The length of the valid UTF-8 sequence at p (first byte >= 0x80; Unicode 15, table 3-7), or 0; then *bad is the
 * length of what one U+FFFD replaces: the longest beginning of a sequence. */
static size_t utf8_len(const unsigned char *p, size_t n, size_t *bad)
{
    unsigned char c = p[0], low = 0x80, high = 0xBF;
    size_t need = c >= 0xC2 && c <= 0xDF ? 2 : c >= 0xE0 && c <= 0xEF ? 3 : c >= 0xF0 && c <= 0xF4 ? 4 : 0;
    *bad = 1;
    if (need == 0)
        return 0;
    if (c == 0xE0)
        low = 0xA0;
    else if (c == 0xED)
        high = 0x9F;
    else if (c == 0xF0)
        low = 0x90;
    else if (c == 0xF4)
        high = 0x8F;
    for (size_t i = 1; i < need; i++) {
        if (i >= n || p[i] < low || p[i] > high) {
            *bad = i;
            return 0;
        }
        low = 0x80;
        high = 0xBF;
    }
    return need;
}

static void escape_one(struct buf *b, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    char u[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    switch (c) {
    case '"':
    case '\\':
        u[1] = (char)c;
        break;
    case '\b':
        u[1] = 'b';
        break;
    case '\f':
        u[1] = 'f';
        break;
    case '\n':
        u[1] = 'n';
        break;
    case '\r':
        u[1] = 'r';
        break;
    case '\t':
        u[1] = 't';
        break;
    default:
        buf_add(b, u, 6);
        return;
    }
    buf_add(b, u, 2);
}

void json_escape(struct buf *b, struct str s)
{
    const char *p = s.p, *run = s.p, *stop = s.p + s.n;
    while (p < stop) {
        p = scan_clean(p, stop, true);
        if (p == stop)
            break;
        unsigned char c = (unsigned char)*p;
        size_t bad = 1;
        if (c >= 0x80) {
            size_t k = utf8_len((const unsigned char *)p, (size_t)(stop - p), &bad);
            if (k > 0) {
                p += k; /* stays in the run, which is copied in one go */
                continue;
            }
        }
        buf_add(b, run, (size_t)(p - run));
        if (c >= 0x80)
            buf_add(b, "\xEF\xBF\xBD", 3);
        else
            escape_one(b, c);
        p += bad;
        run = p;
    }
    buf_add(b, run, (size_t)(p - run));
}

void jo_key(struct jout *j, const char *key)
{
    separate(j);
    buf_addc(j->b, '"');
    json_escape(j->b, str_of(key));
    if (j->indent > 0)
        buf_add(j->b, "\": ", 3);
    else
        buf_add(j->b, "\":", 2);
    j->after_key = true;
}

void jo_str(struct jout *j, struct str s)
{
    separate(j);
    buf_addc(j->b, '"');
    json_escape(j->b, s);
    buf_addc(j->b, '"');
}

void jo_strz(struct jout *j, const char *z)
{
    if (z)
        jo_str(j, str_of(z));
    else
        jo_null(j);
}

static void add_u64(struct buf *b, uint64_t v, bool minus)
{
    char t[24], *p = t + sizeof t;
    do {
        *--p = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    if (minus)
        *--p = '-';
    buf_add(b, p, (size_t)(t + sizeof t - p));
}

void jo_i64(struct jout *j, int64_t v)
{
    separate(j);
    add_u64(j->b, v < 0 ? -(uint64_t)v : (uint64_t)v, v < 0);
}

void jo_u64(struct jout *j, uint64_t v)
{
    separate(j);
    add_u64(j->b, v, false);
}

/* r / 10^places without trailing zeros. */
static void add_scaled(struct buf *b, uint64_t r, unsigned places, bool minus)
{
    uint64_t unit = 1;
    for (; places > 0 && r % 10 == 0; places--)
        r /= 10;
    for (unsigned i = 0; i < places; i++)
        unit *= 10;
    add_u64(b, r / unit, minus);
    if (places == 0)
        return;
    char t[20];
    uint64_t part = r % unit;
    for (unsigned i = places; i > 0; i--, part /= 10)
        t[i] = (char)('0' + part % 10);
    t[0] = '.';
    buf_add(b, t, places + 1);
}

void jo_f64(struct jout *j, double v)
{
    if (!isfinite(v)) {
        jo_null(j);
        return;
    }
    separate(j);
    /* Most figures have at most 6 decimals and 15 digits. Such a decimal is the shortest of its double, and dividing an
     * exact integer by an exact power of ten rounds as reading the text would, so equality proves it. */
    double a = fabs(v);
    if (a < 1e9 && !(v == 0 && signbit(v))) {
        double r = nearbyint(a * 1e6);
        if (r / 1e6 == a) {
            add_scaled(j->b, (uint64_t)r, 6, v < 0);
            return;
        }
    }
    char t[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(t, sizeof t, "%.*g", digits, v);
        if (strtod(t, NULL) == v)
            break;
    }
    buf_addz(j->b, t);
}

void jo_fixed(struct jout *j, double v, int decimals)
{
    if (!isfinite(v) || fabs(v) >= 1e15) { /* no decimals are left in a double of that size */
        jo_f64(j, v);
        return;
    }
    char t[48];
    int n = snprintf(t, sizeof t, "%.*f", MIN(MAX(decimals, 0), 17), v);
    if (strchr(t, '.')) {
        while (t[n - 1] == '0')
            n--;
        if (t[n - 1] == '.')
            n--;
    }
    separate(j);
    if (n == 2 && t[0] == '-' && t[1] == '0')
        buf_addc(j->b, '0');
    else
        buf_add(j->b, t, (size_t)n);
}

void jo_bool(struct jout *j, bool v)
{
    separate(j);
    buf_addz(j->b, v ? "true" : "false");
}

void jo_null(struct jout *j)
{
    separate(j);
    buf_add(j->b, "null", 4);
}

void jo_raw(struct jout *j, struct str json)
{
    separate(j);
    buf_adds(j->b, json);
}

void jo_kstr(struct jout *j, const char *k, struct str v)
{
    jo_key(j, k);
    jo_str(j, v);
}

void jo_kstrz(struct jout *j, const char *k, const char *v)
{
    jo_key(j, k);
    jo_strz(j, v);
}

void jo_ki64(struct jout *j, const char *k, int64_t v)
{
    jo_key(j, k);
    jo_i64(j, v);
}

void jo_ku64(struct jout *j, const char *k, uint64_t v)
{
    jo_key(j, k);
    jo_u64(j, v);
}

void jo_kf64(struct jout *j, const char *k, double v)
{
    jo_key(j, k);
    jo_f64(j, v);
}

void jo_kfixed(struct jout *j, const char *k, double v, int decimals)
{
    jo_key(j, k);
    jo_fixed(j, v, decimals);
}

void jo_kbool(struct jout *j, const char *k, bool v)
{
    jo_key(j, k);
    jo_bool(j, v);
}

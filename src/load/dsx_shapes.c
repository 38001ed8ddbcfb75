#include "load/dsx_shapes.h"

#include <arpa/inet.h>

#include "base/rng.h"

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool alnum(char c)
{
    return digit(c) || upper(c) || lower(c);
}

static char at(struct str s, size_t i) /* 0 behind the end */
{
    return i < s.n ? s.p[i] : 0;
}

/* How many bytes from `from` on are letters, digits or of `more`; at most `max`. */
static size_t span(struct str s, size_t from, const char *more, size_t max)
{
    size_t i = from;
    while (i < s.n && i - from < max && (alnum(s.p[i]) || (s.p[i] && strchr(more, s.p[i]))))
        i++;
    return i - from;
}

/* Nothing that would make the match the beginning of a longer word. */
static bool ends(struct str s, size_t n)
{
    char c = at(s, n);
    return !alnum(c) && c != '_' && !((unsigned char)c >= 0x80);
}

static uint64_t hash(uint64_t seed, struct str s)
{
    uint64_t h = 14695981039346656037ULL;
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 1099511628211ULL;
    return rng_u64(seed, RNG_DSX, h ^ s.n);
}

static char scrambled(uint64_t h, size_t i, char c)
{
    if (digit(c))
        return (char)('0' + rng_below(h, RNG_DSX, i, 10));
    if (upper(c))
        return (char)('A' + rng_below(h, RNG_DSX, i, 26));
    return lower(c) ? (char)('a' + rng_below(h, RNG_DSX, i, 26)) : c;
}

void put_scrambled(uint64_t seed, struct str s, size_t keep, struct buf *out)
{
    uint64_t h = hash(seed, s);
    buf_adds(out, str_sub(s, 0, keep));
    for (size_t i = keep; i < s.n; i++)
        buf_addc(out, scrambled(h, i, s.p[i]));
}

/* ---- e-mail (RFC 5322's common part) */

size_t shape_email(struct str s, bool *known)
{
    size_t local = span(s, 0, "._%+-", 64);
    if (local == 0 || at(s, local) != '@' || !alnum(s.p[0]))
        return 0;
    size_t n = span(s, local + 1, ".-", 255);
    struct str domain = str_sub(s, local + 1, n);
    while (domain.n > 0 && !alnum(domain.p[domain.n - 1])) /* a full stop behind it ends the sentence */
        domain.n--;
    size_t tld = 0;
    while (tld < domain.n && (upper(domain.p[domain.n - 1 - tld]) || lower(domain.p[domain.n - 1 - tld])))
        tld++;
    if (tld < 2 || tld + 1 >= domain.n || domain.p[domain.n - 1 - tld] != '.')
        return 0;
    struct str name = str_sub(domain, 0, domain.n - tld - 1);
    ptrdiff_t dot = str_chr(name, '.');
    struct str last = dot < 0 ? name : str_sub(name, (size_t)dot + 1, name.n);
    *known = str_ieq(last, STR("example")) || str_ends(domain, STR(".example"));
    return local + 1 + domain.n;
}

void put_email(uint64_t seed, struct str s, struct buf *out)
{
    buf_addf(out, "person-%08llx@example.com", (unsigned long long)(hash(seed, s) >> 32));
}

/* ---- numbers with separators */

struct digits {
    char d[40];
    size_t n;      /* digits */
    size_t length; /* bytes, up to the last digit */
    size_t marks;  /* separators between them */
};

/* Digits with single separators of `marks` between them, at most `max` digits. */
static struct digits read_digits(struct str s, const char *marks, size_t max)
{
    struct digits r = {.n = 0};
    for (size_t i = 0; i < s.n && r.n < max; i++) {
        char c = s.p[i];
        if (digit(c)) {
            r.d[r.n++] = c;
            r.length = i + 1;
        } else if (c && strchr(marks, c) && r.n > 0 && i + 1 < s.n && (digit(s.p[i + 1]) || s.p[i + 1] == '(')) {
            r.marks++;
        } else {
            break;
        }
    }
    return r;
}

static bool luhn(const char *d, size_t n)
{
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned v = (unsigned)(d[n - 1 - i] - '0');
        if (i % 2)
            v = v * 2 > 9 ? v * 2 - 9 : v * 2;
        sum += v;
    }
    return sum % 10 == 0;
}

/* ISO/IEC 7812: 13 to 19 digits, of a bank or of travel and shops (2 to 6). */
size_t shape_card(struct str s, bool *known)
{
    struct digits r = read_digits(s, " -", 20);
    (void)known;
    if (r.n < 13 || r.n > 19 || r.d[0] < '2' || r.d[0] > '6' || !ends(s, r.length) || !luhn(r.d, r.n))
        return 0;
    for (size_t i = 1; i < r.n; i++) /* 0000... would hold too */
        if (r.d[i] != r.d[0])
            return r.length;
    return 0;
}

void put_card(uint64_t seed, struct str s, struct buf *out)
{
    size_t from = out->n;
    put_scrambled(seed, s, 0, out);
    if (out->failed)
        return;
    struct digits r = read_digits(str_sub(buf_str(out), from, s.n), " -", 20);
    if (luhn(r.d, r.n))
        out->p[out->n - 1] = (char)('0' + (out->p[out->n - 1] - '0' + 1) % 10);
}

/* E.164 has at most 15 digits. What has no plus sign must look like a national number: dates, sums and versions have as
 * many digits. */
size_t shape_phone(struct str s, bool *known)
{
    size_t lead = at(s, 0) == '+' ? 1 : 0;
    struct digits r = {.n = 0};
    (void)known;
    if (lead) {
        r = read_digits(str_sub(s, 1, s.n), " -./()", 16);
        return r.n >= 8 && r.n <= 15 && r.d[0] != '0' && ends(s, 1 + r.length) ? 1 + r.length : 0;
    }
    if (at(s, 0) == '(') { /* (555) 555-0100, (030) 1234567 */
        struct digits area = read_digits(str_sub(s, 1, s.n), "", 6);
        size_t close = 1 + area.length;
        if (area.n < 2 || at(s, close) != ')')
            return 0;
        size_t skip = close + 1 + (at(s, close + 1) == ' ');
        r = read_digits(str_sub(s, skip, s.n), " -.", 12);
        return r.n >= 5 && area.n + r.n >= 9 && area.n + r.n <= 13 && ends(s, skip + r.length) ? skip + r.length : 0;
    }
    r = read_digits(s, " -./", 16);
    if (!ends(s, r.length))
        return 0;
    if (r.n >= 9 && r.n <= 15 && r.d[0] == '0' && digit(s.p[1]) && r.marks >= 1) /* 030 1234567, 0049 30 1234567 */
        return r.length;
    bool us = (r.n == 10 || (r.n == 11 && r.d[0] == '1')) && r.length == r.n + r.marks;
    size_t first = r.n == 11 ? 2 : 0;
    return us && r.marks == (r.n == 11 ? 3u : 2u) && !digit(at(s, first + 3)) && !digit(at(s, first + 7)) ? r.length
                                                                                                          : 0;
}

void put_phone(uint64_t seed, struct str s, struct buf *out)
{
    put_scrambled(seed, s, at(s, 0) == '+' ? 3 : 1, out); /* the country, as a rule, stays */
}

/* ISO 13616: the country, two check digits (02 to 98), up to 30 letters and digits; the whole modulo 97 is 1. */
size_t shape_iban(struct str s, bool *known)
{
    char c[40];
    size_t n = 0, i = 0, length = 0;
    (void)known;
    if (!upper(at(s, 0)) || !upper(at(s, 1)) || !digit(at(s, 2)) || !digit(at(s, 3)) ||
        str_starts(str_sub(s, 2, 2), STR("00")))
        return 0;
    for (; i < s.n && n < 34; i++) {
        if (upper(s.p[i]) || digit(s.p[i])) {
            c[n++] = s.p[i];
            length = i + 1;
        } else if (s.p[i] != ' ' || n % 4 != 0) {
            break;
        }
        unsigned rest = 0; /* the longest that holds is taken: what follows may be another word in capitals */
        if (n < 15 || !ends(s, length))
            continue;
        for (size_t k = 4; k < n + 4; k++) {
            char x = c[k < n ? k : k - n];
            rest = digit(x) ? (rest * 10 + (unsigned)(x - '0')) % 97 : (rest * 100 + (unsigned)(x - 'A') + 10) % 97;
        }
        if (rest == 1)
            return length;
    }
    return 0;
}

void put_iban(uint64_t seed, struct str s, struct buf *out)
{
    buf_adds(out, str_sub(s, 0, 2));
    buf_addz(out, "00"); /* no check digits are */
    uint64_t h = hash(seed, s);
    for (size_t i = 4; i < s.n; i++)
        buf_addc(out, scrambled(h, i, s.p[i]));
}

/* ---- addresses */

size_t shape_ipv4(struct str s, bool *known)
{
    unsigned v[4];
    size_t i = 0;
    for (int k = 0; k < 4; k++) {
        size_t from = i;
        v[k] = 0;
        for (; digit(at(s, i)) && i - from < 3; i++)
            v[k] = v[k] * 10 + (unsigned)(s.p[i] - '0');
        if (i == from || v[k] > 255 || (i - from > 1 && s.p[from] == '0') || (k < 3 && at(s, i) != '.'))
            return 0;
        i += k < 3;
    }
    if (!ends(s, i) || (at(s, i) == '.' && digit(at(s, i + 1))))
        return 0;
    bool doc = (v[0] == 192 && v[1] == 0 && v[2] == 2) || (v[0] == 198 && v[1] == 51 && v[2] == 100) ||
               (v[0] == 203 && v[1] == 0 && v[2] == 113);
    *known = doc || v[0] == 127 || v[0] == 0 || (v[0] == 255 && v[3] == 255);
    return i;
}

void put_ipv4(uint64_t seed, struct str s, struct buf *out)
{
    static const char *const nets[] = {"192.0.2", "198.51.100", "203.0.113"}; /* RFC 5737 */
    uint64_t h = hash(seed, s);
    buf_addf(out, "%s.%llu", nets[h % 3], (unsigned long long)(1 + (h >> 8) % 254));
}

/* At least three groups with a digit among them, so that no name of a programming language is one. */
size_t shape_ipv6(struct str s, bool *known)
{
    char text[48];
    size_t n = 0, colons = 0, groups = 0;
    bool any = false;
    struct in6_addr addr;
    while (n < s.n && n < sizeof text - 1 &&
           (digit(s.p[n]) || s.p[n] == ':' || ((s.p[n] | 32) >= 'a' && (s.p[n] | 32) <= 'f'))) {
        colons += s.p[n] == ':';
        groups += s.p[n] != ':' && (n == 0 || s.p[n - 1] == ':');
        any |= digit(s.p[n]);
        text[n] = s.p[n];
        n++;
    }
    while (n > 0 && text[n - 1] == ':' && (n < 2 || text[n - 2] != ':')) /* "address: ..." */
        n--;
    text[n] = 0;
    if (colons < 2 || groups < 3 || !any || !ends(s, n) || inet_pton(AF_INET6, text, &addr) != 1)
        return 0;
    *known = addr.s6_addr[0] == 0x20 && addr.s6_addr[1] == 0x01 && addr.s6_addr[2] == 0x0d && addr.s6_addr[3] == 0xb8;
    return n;
}

void put_ipv6(uint64_t seed, struct str s, struct buf *out)
{
    uint64_t h = hash(seed, s);
    buf_addf(out, "2001:db8::%llx:%llx", (unsigned long long)(h >> 48 | 1),
             (unsigned long long)(h & 0xffff)); /* RFC 3849 */
}

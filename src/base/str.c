#include "base/str.h"

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool str_ieq(struct str a, struct str b)
{
    return a.n == b.n && str_istarts(a, b);
}

bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool str_istarts(struct str s, struct str prefix)
{
    if (s.n < prefix.n)
        return false;
    for (size_t i = 0; i < prefix.n; i++)
        if (lower(s.p[i]) != lower(prefix.p[i]))
            return false;
    return true;
}

bool str_ends(struct str s, struct str suffix)
{
    return s.n >= suffix.n && (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
    while (s.n && is_blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

struct str str_sub(struct str s, size_t from, size_t n)
{
    if (from >= s.n)
        return (struct str){s.p ? s.p + s.n : NULL, 0};
    return (struct str){s.p + from, MIN(n, s.n - from)};
}

ptrdiff_t str_chr(struct str s, char c)
{
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
    return at ? at - s.p : -1;
}

ptrdiff_t str_find(struct str s, struct str needle)
{
    if (needle.n == 0)
        return 0;
    const char *at = s.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
    return at ? at - s.p : -1;
}

bool str_next(struct str_split *it, struct str *part)
{
    if (it->done)
        return false;
    ptrdiff_t at = str_chr(it->rest, it->sep);
    if (at < 0) {
        *part = it->rest;
        it->done = true;
    } else {
        *part = str_sub(it->rest, 0, (size_t)at);
        it->rest = str_sub(it->rest, (size_t)at + 1, it->rest.n);
    }
    return true;
}

unsigned str_distance(struct str a, struct str b)
{
    enum { MAX_LEN = 64 };
    if (a.n > MAX_LEN || b.n > MAX_LEN)
        return MAX_LEN;
    unsigned row[3][MAX_LEN + 1]; /* the current row of the table and the two before it */
    unsigned *two = row[0], *one = row[1], *now = row[2];
    for (size_t j = 0; j <= b.n; j++)
        one[j] = two[j] = (unsigned)j;
    for (size_t i = 1; i <= a.n; i++) {
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b.n; j++) {
            unsigned swap = one[j - 1] + (a.p[i - 1] != b.p[j - 1]);
            unsigned gap = MIN(one[j], now[j - 1]) + 1;
            now[j] = MIN(swap, gap);
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
                now[j] = MIN(now[j], two[j - 2] + 1);
        }
        unsigned *oldest = two;
        two = one;
        one = now;
        now = oldest;
    }
    return one[b.n];
}

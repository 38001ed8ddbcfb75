#include "base/jscan.h"

#include "base/scan.h"

void js_init(struct js *s, struct str text)
{
    s->begin = s->p = text.n ? text.p : "";
    s->end = s->p + text.n;
    s->depth = 0;
    s->bad = s->what = NULL;
}

/* Sticky: the first error stays, and with p at the end nothing more is found. */
static int fail(struct js *s, const char *at, const char *what)
{
    if (!s->bad) {
        s->bad = at;
        s->what = at == s->end ? "unexpected end" : what;
    }
    s->p = s->end;
    return -1;
}

static inline const char *skip_blank(const char *p, const char *end)
{
    while (p < end && (unsigned char)*p <= ' ' && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* The length of the escape at p (which points at the backslash), 0 when it is invalid or cut off. */
static size_t escape_len(const char *p, const char *end)
{
    if (end - p < 2)
        return 0;
    switch (p[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return 2;
    case 'u':
        if (end - p < 6)
            return 0;
        for (int i = 2; i < 6; i++)
            if (hex_value(p[i]) < 0)
                return 0;
        return 6;
    default:
        return 0;
    }
}

/* p points behind the opening quote; gives the closing one, or NULL after fail(). */
static inline const char *scan_string(struct js *s, const char *p)
{
    for (;;) {
        p = scan_clean(p, s->end, false);
        if (UNLIKELY(p == s->end)) {
            fail(s, p, "");
            return NULL;
        }
        if (LIKELY(*p == '"'))
            return p;
        size_t k = *p == '\\' ? escape_len(p, s->end) : 0;
        if (UNLIKELY(k == 0)) {
            fail(s, p, *p == '\\' ? "invalid escape in a string" : "control character in a string");
            return NULL;
        }
        p += k;
    }
}

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* The end of the number at p, or NULL after fail(). *plain: no fraction and no exponent. */
static const char *scan_number(struct js *s, const char *p, bool *plain)
{
    const char *end = s->end;
    *plain = true;
    if (p < end && *p == '-')
        p++;
    if (p == end || !is_digit(*p))
        goto bad;
    if (*p == '0')
        p++;
    else
        while (p < end && is_digit(*p))
            p++;
    if (p < end && *p == '.') {
        *plain = false;
        p++;
        if (p == end || !is_digit(*p))
            goto bad;
        while (p < end && is_digit(*p))
            p++;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        *plain = false;
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        if (p == end || !is_digit(*p))
            goto bad;
        while (p < end && is_digit(*p))
            p++;
    }
    return p;
bad:
    fail(s, p, "invalid number");
    return NULL;
}

static const char *scan_word_of(struct js *s, const char *p, const char *word, size_t n)
{
    if ((size_t)(s->end - p) >= n && memcmp(p, word, n) == 0)
        return p + n;
    size_t k = 0;
    while (p + k < s->end && k < n && p[k] == word[k])
        k++;
    fail(s, p + k, "invalid literal");
    return NULL;
}

static enum js_type type_of(char c)
{
    switch (c) {
    case '{':
        return JS_OBJ;
    case '[':
        return JS_ARR;
    case '"':
        return JS_STR;
    case 't':
        return JS_TRUE;
    case 'f':
        return JS_FALSE;
    case 'n':
        return JS_NULL;
    default:
        return is_digit(c) || c == '-' ? JS_NUM : JS_BAD;
    }
}

enum js_type js_peek(struct js *s)
{
    if (UNLIKELY(s->bad != NULL))
        return JS_BAD;
    s->p = skip_blank(s->p, s->end);
    if (UNLIKELY(s->p == s->end)) {
        if (s->depth == 0)
            return JS_END;
        fail(s, s->p, "");
        return JS_BAD;
    }
    enum js_type t = type_of(*s->p);
    if (UNLIKELY(t == JS_BAD))
        fail(s, s->p, "expected a value");
    return t;
}

/* The first byte of the next value when it is `want`; else an error. */
static const char *expect(struct js *s, enum js_type want, const char *what)
{
    const char *p = s->p = skip_blank(s->p, s->end);
    if (LIKELY(p < s->end && type_of(*p) == want))
        return p;
    fail(s, p, what);
    return NULL;
}

bool js_enter(struct js *s, char open)
{
    const char *p = s->p = skip_blank(s->p, s->end);
    if (UNLIKELY(p == s->end || *p != open)) {
        fail(s, p, open == '{' ? "expected an object" : "expected an array");
        return false;
    }
    if (UNLIKELY(s->depth == JS_MAX_DEPTH)) {
        fail(s, p, "nested too deeply");
        return false;
    }
    s->depth++;
    s->first[s->depth] = true;
    s->close[s->depth] = open == '{' ? '}' : ']';
    s->p = p + 1;
    return true;
}

/* Before a member: the comma, or the end of the container. True: s->p is where the member must begin. */
static inline bool next_member(struct js *s, char close)
{
    const char *p = skip_blank(s->p, s->end);
    if (UNLIKELY(s->depth == 0 || s->close[s->depth] != close)) {
        fail(s, p, "not inside of such a container");
        return false;
    }
    if (UNLIKELY(p == s->end)) {
        fail(s, p, "");
        return false;
    }
    if (*p == close) {
        s->depth--;
        s->p = p + 1;
        return false;
    }
    if (s->first[s->depth]) {
        s->first[s->depth] = false;
    } else {
        if (UNLIKELY(*p != ',')) {
            fail(s, p, close == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
            return false;
        }
        p = skip_blank(p + 1, s->end);
    }
    s->p = p;
    return true;
}

/* At a key's opening quote: the key and its colon. Gives where the value may begin, or NULL after fail(). */
static inline const char *scan_key(struct js *s, const char *p, struct str *key)
{
    if (UNLIKELY(p == s->end || *p != '"')) {
        fail(s, p, "expected a key in quotes");
        return NULL;
    }
    const char *q = scan_string(s, p + 1);
    if (UNLIKELY(!q))
        return NULL;
    *key = (struct str){p + 1, (size_t)(q - p - 1)};
    p = skip_blank(q + 1, s->end);
    if (UNLIKELY(p == s->end || *p != ':')) {
        fail(s, p, "expected ':' behind a key");
        return NULL;
    }
    return p + 1;
}

bool js_key(struct js *s, struct str *key)
{
    if (!next_member(s, '}'))
        return false;
    const char *p = scan_key(s, s->p, key);
    if (UNLIKELY(!p))
        return false;
    s->p = p;
    return true;
}

bool js_elem(struct js *s)
{
    return next_member(s, ']');
}

int js_string(struct js *s, struct str *raw)
{
    const char *p = expect(s, JS_STR, "expected a string");
    const char *q = p ? scan_string(s, p + 1) : NULL;
    if (UNLIKELY(!q))
        return -1;
    *raw = (struct str){p + 1, (size_t)(q - p - 1)};
    s->p = q + 1;
    return 0;
}

int js_bool(struct js *s, bool *v)
{
    const char *p = s->p = skip_blank(s->p, s->end);
    bool yes = p < s->end && *p == 't';
    if (!yes && (p == s->end || *p != 'f'))
        return fail(s, p, "expected true or false");
    p = yes ? scan_word_of(s, p, "true", 4) : scan_word_of(s, p, "false", 5);
    if (!p)
        return -1;
    s->p = p;
    *v = yes;
    return 0;
}

/* An integer written with a fraction or an exponent ("3.0", "12e2"): all digits D and the place of the point give
 * 0.D * 10^point; it is an integer when nothing but zeros stands behind the point. */
static int integer_of_decimal(const char *p, const char *end, bool minus, uint64_t *out)
{
    char dig[24]; /* significant digits; an integer that fits has at most 19 */
    size_t nd = 0, zeros = 0;
    int64_t point = 0, exp = 0;
    bool behind = false;
    for (; p < end && *p != 'e' && *p != 'E'; p++) {
        if (*p == '.') {
            behind = true;
            continue;
        }
        if (nd == 0 && *p == '0') { /* leading zeros count only for the place of the point */
            point -= behind;
            continue;
        }
        point += !behind;
        if (*p == '0') {
            zeros++;
            continue;
        }
        if (nd + zeros >= sizeof dig)
            return -1;
        for (; zeros; zeros--)
            dig[nd++] = '0';
        dig[nd++] = *p;
    }
    if (nd == 0) {
        *out = 0;
        return 0;
    }
    if (p < end) {
        bool down = p[1] == '-';
        for (p += 1 + (p[1] == '-' || p[1] == '+'); p < end; p++)
            exp = exp < 100000000 ? exp * 10 + (*p - '0') : exp;
        point += down ? -exp : exp;
    }
    if (point < (int64_t)nd || point > 19)
        return -1;
    uint64_t v = 0;
    for (int64_t i = 0; i < point; i++)
        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(i < (int64_t)nd ? dig[i] - '0' : 0), &v))
            return -1;
    *out = v;
    return v > (uint64_t)INT64_MAX + minus ? -1 : 0;
}

int js_i64(struct js *s, int64_t *v)
{
    bool plain;
    const char *p = expect(s, JS_NUM, "expected a number");
    const char *q = p ? scan_number(s, p, &plain) : NULL;
    if (!q)
        return -1;
    if (plain) {
        if (parse_i64((struct str){p, (size_t)(q - p)}, v) != 0)
            return fail(s, p, "integer out of range");
    } else {
        bool minus = *p == '-';
        uint64_t u;
        if (integer_of_decimal(p + minus, q, minus, &u) != 0)
            return fail(s, p, "not an integer in range");
        *v = (int64_t)(minus ? -u : u);
    }
    s->p = q;
    return 0;
}

/* Up to 15 digits and a power of ten up to 10^22 are exact doubles, so one division or multiplication rounds right. */
static bool quick_double(const char *p, const char *end, double *out)
{
    static const double ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    bool minus = *p == '-';
    uint64_t m = 0;
    int n = 0, behind = 0;
    bool point = false;
    for (p += minus; p < end; p++) {
        if (*p == '.') {
            point = true;
        } else if (is_digit(*p)) {
            m = m * 10 + (uint64_t)(*p - '0');
            behind += point;
            if (++n > 15)
                return false;
        } else {
            return false; /* an exponent: rare, for strtod */
        }
    }
    double d = (double)m / ten[behind];
    *out = minus ? -d : d;
    return true;
}

int js_f64(struct js *s, double *v)
{
    bool plain;
    const char *p = expect(s, JS_NUM, "expected a number");
    const char *q = p ? scan_number(s, p, &plain) : NULL;
    if (!q)
        return -1;
    if (!quick_double(p, q, v) && parse_f64((struct str){p, (size_t)(q - p)}, v) != 0)
        return fail(s, p, "number out of range");
    s->p = q;
    return 0;
}

/* A value that holds no other. Gives its end. */
static inline const char *skip_scalar(struct js *s, const char *p)
{
    bool plain;
    if (UNLIKELY(p == s->end))
        goto bad;
    switch (*p) {
    case '"': {
        const char *q = scan_string(s, p + 1);
        return q ? q + 1 : NULL;
    }
    case 't':
        return scan_word_of(s, p, "true", 4);
    case 'f':
        return scan_word_of(s, p, "false", 5);
    case 'n':
        return scan_word_of(s, p, "null", 4);
    default:
        if (is_digit(*p) || *p == '-')
            return scan_number(s, p, &plain);
    }
bad:
    fail(s, p, "expected a value");
    return NULL;
}

/* Behind a value inside of the skipped one: close what closes, then stand at the next value; NULL: error.
 * *done: the outermost container closed. */
static const char *skip_between(struct js *s, const char *p, unsigned base, bool *done)
{
    for (;;) {
        p = skip_blank(p, s->end);
        char close = s->close[s->depth];
        if (p < s->end && *p == close) {
            p++;
            if (--s->depth == base) {
                *done = true;
                return p;
            }
            continue;
        }
        if (UNLIKELY(p == s->end || *p != ',')) {
            fail(s, p, close == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
            return NULL;
        }
        p = skip_blank(p + 1, s->end);
        struct str key;
        return close == '}' ? scan_key(s, p, &key) : p;
    }
}

/* At '{' or '[': open it. Gives where its first value must begin, or behind it when it is empty (*empty). */
static const char *skip_open(struct js *s, const char *p, bool *empty)
{
    char close = *p == '{' ? '}' : ']';
    if (UNLIKELY(s->depth == JS_MAX_DEPTH)) {
        fail(s, p, "nested too deeply");
        return NULL;
    }
    p = skip_blank(p + 1, s->end);
    *empty = p < s->end && *p == close;
    if (*empty)
        return p + 1;
    s->close[++s->depth] = close;
    struct str key;
    return close == '}' ? scan_key(s, p, &key) : p;
}

int js_skip(struct js *s, struct str *raw)
{
    const char *p = s->p = skip_blank(s->p, s->end), *start = p;
    unsigned base = s->depth;
    for (bool done = false; !done;) {
        p = skip_blank(p, s->end);
        bool whole = true;
        if (p < s->end && (*p == '{' || *p == '['))
            p = skip_open(s, p, &whole);
        else
            p = skip_scalar(s, p);
        if (p && whole) {
            if (s->depth == base)
                break;
            p = skip_between(s, p, base, &done);
        }
        if (UNLIKELY(!p))
            return -1;
    }
    if (UNLIKELY(!p))
        return -1;
    if (raw)
        *raw = (struct str){start, (size_t)(p - start)};
    s->p = p;
    return 0;
}

bool js_done(struct js *s)
{
    if (s->bad)
        return false;
    s->p = skip_blank(s->p, s->end);
    if (s->depth == 0 && s->p == s->end)
        return true;
    fail(s, s->p, "something behind the end of the value");
    return false;
}

/* jtext.c - the part of jscan.h that decodes strings and looks things up. */
#include "base/jscan.h"

static unsigned hex4(const char *p)
{
    unsigned v = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        unsigned d = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                     : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                            : 16;
        if (d > 15)
            return UINT32_MAX;
        v = v << 4 | d;
    }
    return v;
}

static size_t put_utf8(unsigned c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* One \uXXXX (or a surrogate pair of them) at p. Gives how many bytes were read; *put how many were written. */
static size_t decode_u(const char *p, const char *end, char *out, size_t *put)
{
    unsigned c = end - p >= 6 ? hex4(p + 2) : UINT32_MAX;
    size_t used = 6;
    if (c == UINT32_MAX) { /* not scanned by js_string: kept as it stands */
        out[0] = '\\';
        *put = 1;
        return 1;
    }
    if (c >= 0xD800 && c <= 0xDFFF) {
        unsigned low = c < 0xDC00 && end - p >= 12 && p[6] == '\\' && p[7] == 'u' ? hex4(p + 8) : 0;
        if (low >= 0xDC00 && low <= 0xDFFF) {
            c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
            used = 12;
        } else {
            c = 0xFFFD;
        }
    }
    *put = put_utf8(c, out);
    return used;
}

/* The escape at p (a backslash), into out. Gives how many bytes were read. */
static size_t decode_escape(const char *p, const char *end, char *out, size_t *put)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (end - p >= 2 && p[1] == 'u')
        return decode_u(p, end, out, put);
    const char *at = end - p >= 2 ? memchr(from, p[1], sizeof from - 1) : NULL;
    *put = 1;
    out[0] = at ? to[at - from] : '\\';
    return at ? 2 : 1;
}

size_t js_decode(struct str raw, char *out)
{
    const char *p = raw.p, *end = raw.p + raw.n;
    char *to = out;
    while (p < end) {
        const char *esc = memchr(p, '\\', (size_t)(end - p));
        size_t run = (size_t)((esc ? esc : end) - p);
        memmove(to, p, run); /* decoding in place is allowed: the output never overtakes the input */
        to += run;
        p += run;
        if (esc) {
            size_t put;
            p += decode_escape(p, end, to, &put);
            to += put;
        }
    }
    return (size_t)(to - out);
}

static bool raw_eq(struct str raw, struct str want)
{
    const char *p = raw.p, *end = raw.p + raw.n, *w = want.p, *wend = want.p + want.n;
    if (raw.n == 0 || want.n == 0)
        return raw.n == want.n;
    if (!memchr(p, '\\', raw.n))
        return str_eq(raw, want);
    while (p < end) {
        char c[4];
        size_t put = 1, used = 1;
        c[0] = *p;
        if (*p == '\\')
            used = decode_escape(p, end, c, &put);
        if ((size_t)(wend - w) < put || memcmp(c, w, put) != 0)
            return false;
        p += used;
        w += put;
    }
    return w == wend;
}

bool js_raw_eq(struct str raw, const char *z)
{
    return raw_eq(raw, str_of(z));
}

size_t js_line(const struct js *s, const char *at)
{
    size_t line = 1;
    for (const char *p = s->begin; p < at; line++) {
        p = memchr(p, '\n', (size_t)(at - p));
        if (!p)
            break;
        p++;
    }
    return line;
}

/* Enter the container at s and stop in front of the value that `part` names. */
static int step_into(struct js *s, struct str part)
{
    uint64_t index;
    struct str key;
    switch (js_peek(s)) {
    case JS_OBJ:
        js_enter(s, '{');
        while (js_key(s, &key)) {
            if (raw_eq(key, part))
                return 0;
            if (js_skip(s, NULL) != 0)
                return -1;
        }
        return -1;
    case JS_ARR:
        if (parse_u64(part, &index) != 0)
            return -1;
        js_enter(s, '[');
        while (js_elem(s)) {
            if (index-- == 0)
                return 0;
            if (js_skip(s, NULL) != 0)
                return -1;
        }
        return -1;
    default:
        return -1;
    }
}

int js_path(struct str text, const char *path, struct str *raw)
{
    struct js s;
    struct str_split it = {str_of(path), '.', false};
    struct str part;
    js_init(&s, text);
    while (str_next(&it, &part))
        if (step_into(&s, part) != 0)
            return -1;
    return js_skip(&s, raw);
}

#include "load/ds_util.h"

#include <stdarg.h>

#define HEAD_BYTES (64 * 1024)

static inline bool is_space(unsigned c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* The escape at p (a backslash): whether it stands for white space, and how long it is. */
static bool escaped_space(const char *p, const char *end, size_t *len)
{
    *len = 2;
    if (end - p < 2)
        return false;
    if (p[1] != 'u')
        return p[1] == 'n' || p[1] == 't' || p[1] == 'r' || p[1] == 'f';
    *len = 6;
    if (end - p < 6 || p[2] != '0' || p[3] != '0')
        return false;
    return is_space((unsigned)(hex(p[4]) * 16 + hex(p[5])));
}

/* Eight bytes at once: what is asked about each byte is answered in its highest bit. */
#define EACH(c) (0x0101010101010101ULL * (c))
#define TOP EACH(0x80)

static inline uint64_t load8(const char *p)
{
    uint64_t w;
    memcpy(&w, p, 8);
    return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap64(w) : w;
}

static inline uint64_t equal8(uint64_t w, unsigned char c)
{
    uint64_t z = w ^ EACH(c);
    return ~(((z & ~TOP) + EACH(0x7f)) | z) & TOP;
}

static inline uint64_t space8(uint64_t w)
{
    uint64_t low = w & ~TOP;
    return equal8(w, ' ') | ((low + EACH(0x80 - '\t')) & ~(low + EACH(0x80 - '\r' - 1)) & ~w & TOP);
}

uint32_t ds_words(struct str raw)
{
    uint64_t words = 0;
    bool in_word = false;
    const char *p = raw.p, *end = p + raw.n;
    while (p < end) {
        if (LIKELY(end - p >= 8)) {
            uint64_t w = load8(p), escapes = equal8(w, '\\'), spaces = space8(w);
            unsigned n = escapes ? (unsigned)__builtin_ctzll(escapes) / 8 : 8;
            if (n > 0) { /* a word ends at each space behind something else */
                uint64_t ends = spaces & ~(spaces << 8 | (in_word ? 0 : 0x80));
                words += ((ends << (64 - 8 * n)) >> 7 & EACH(1)) * EACH(1) >> 56;
                in_word = !(spaces >> (8 * n - 1) & 1);
                p += n;
                continue;
            }
        }
        size_t len = 1;
        bool space = *p == '\\' ? escaped_space(p, end, &len) : is_space((unsigned char)*p);
        words += in_word & space;
        in_word = !space;
        p += len;
    }
    words += in_word;
    return words < UINT32_MAX ? (uint32_t)words : UINT32_MAX;
}

void ds_line_init(struct ds_line *l, struct str text)
{
    l->at = text.p;
    l->line = 1;
}

size_t ds_line_of(struct ds_line *l, const char *at)
{
    while (l->at < at) {
        const char *nl = memchr(l->at, '\n', (size_t)(at - l->at));
        if (!nl) {
            l->at = at;
            break;
        }
        l->line++;
        l->at = nl + 1;
    }
    return l->line;
}

int ds_fail(struct err *e, const char *path, struct str text, const char *at, const char *fmt, ...)
{
    if (!e)
        return DS_SAID;
    struct ds_line l;
    char what[600];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    ds_line_init(&l, text);
    size_t line = ds_line_of(&l, at);
    err_set(e, ERR_DATA, "%s:%zu: %s", path, line, what);
    e->line = line;
    return DS_SAID;
}

int ds_fail_json(struct err *e, const char *path, struct str text, const struct js *s)
{
    const char *remedy =
        strcmp(s->what, "unexpected end") == 0 ? "; a quote or bracket is not closed, or the file was cut off" : "";
    return ds_fail(e, path, text, s->bad, "invalid JSON: %s%s", s->what, remedy);
}

int ds_role(struct str raw, enum plan_role *out)
{
    char name[64];
    if (raw.n > sizeof name)
        return -1;
    return plan_role_of((struct str){name, js_decode(raw, name)}, out);
}

bool ds_head_has(struct str text, const char *needle)
{
    return str_find(str_sub(text, 0, HEAD_BYTES), str_of(needle)) >= 0;
}

bool ds_has_ext(const char *path, const char *ext)
{
    size_t n = strlen(path), k = strlen(ext);
    return n >= k && str_ieq((struct str){path + n - k, k}, str_of(ext));
}

char ds_first_char(struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (!is_space((unsigned char)text.p[i]))
            return text.p[i];
    return 0;
}

/* The length of the valid sequence at p, 0 when there is none; RFC 3629's table of well-formed byte sequences. */
static size_t utf8_len(const unsigned char *p, const unsigned char *end)
{
    unsigned char c = p[0];
    size_t n = c < 0x80 ? 1 : c >= 0xC2 && c <= 0xDF ? 2 : c >= 0xE0 && c <= 0xEF ? 3 : c >= 0xF0 && c <= 0xF4 ? 4 : 0;
    if (n == 0 || (size_t)(end - p) < n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    if ((c == 0xE0 && p[1] < 0xA0) || (c == 0xED && p[1] > 0x9F) || (c == 0xF0 && p[1] < 0x90) ||
        (c == 0xF4 && p[1] > 0x8F))
        return 0;
    return n;
}

const char *ds_bad_utf8(struct str text)
{
    const unsigned char *p = (const unsigned char *)text.p, *end = p + text.n;
    while (p < end) {
        uint64_t w;
        while (end - p >= 8 && (memcpy(&w, p, 8), (w & 0x8080808080808080ULL) == 0))
            p += 8;
        if (p == end)
            break;
        size_t n = utf8_len(p, end);
        if (n == 0)
            return (const char *)p;
        p += n;
    }
    return NULL;
}

#include "load/ds_util.h"

#include <stdarg.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/utf8.h"

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

/* What 16 bytes are: bit i of each answer is byte i's. */
struct ds_sixteen {
    unsigned spaces, escapes;
};

#ifdef __SSE2__
static inline struct ds_sixteen look(const char *p)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i controls = _mm_sub_epi8(v, _mm_set1_epi8('\t')); /* white space below ' ' becomes 0 to 4 */
    __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(controls, _mm_set1_epi8('\r' - '\t')), controls);
    __m128i spaces = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(' ')), low);
    return (struct ds_sixteen){(unsigned)_mm_movemask_epi8(spaces),
                               (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8('\\')))};
}
#else
static inline struct ds_sixteen look(const char *p)
{
    struct ds_sixteen s = {0, 0};
    for (unsigned i = 0; i < 16; i++) {
        s.spaces |= (unsigned)is_space((unsigned char)p[i]) << i;
        s.escapes |= (unsigned)(p[i] == '\\') << i;
    }
    return s;
}
#endif

/* Bits that are set, of 16; without a processor's own instruction, which not all of them have. */
static inline unsigned count16(unsigned x)
{
    x -= x >> 1 & 0x5555;
    x = (x & 0x3333) + (x >> 2 & 0x3333);
    x = (x + (x >> 4)) & 0x0f0f;
    return (x + (x >> 8)) & 31;
}

uint32_t ds_words(struct str raw)
{
    uint64_t words = 0;
    unsigned space = 1; /* the byte before is white space */
    const char *p = raw.p, *end = p + raw.n;
    while (p < end) {
        char tail[16];
        size_t left = (size_t)(end - p);
        if (UNLIKELY(left < 16)) {
            memset(tail, 0, sizeof tail);
            memcpy(tail, p, left);
        }
        struct ds_sixteen s = look(left < 16 ? tail : p);
        unsigned n = s.escapes ? (unsigned)__builtin_ctz(s.escapes) : (unsigned)MIN(left, 16u);
        if (n > 0) { /* a word ends at each space behind something else */
            unsigned spaces = s.spaces & ((1u << n) - 1);
            words += count16(spaces & ~(spaces << 1 | space));
            space = spaces >> (n - 1);
            p += n;
            continue;
        }
        size_t len = 1;
        bool white = escaped_space(p, end, &len);
        words += !space && white;
        space = white;
        p += len;
    }
    words += !space;
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
    struct str name = {path, n};
    n -= str_ends(name, STR(".gz")) ? 3 : str_ends(name, STR(".zst")) ? 4 : 0;
    return n >= k && str_ieq((struct str){path + n - k, k}, str_of(ext));
}

char ds_first_char(struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (!is_space((unsigned char)text.p[i]))
            return text.p[i];
    return 0;
}

const char *ds_bad_utf8(struct str text)
{
    return utf8_bad(text);
}

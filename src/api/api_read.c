#include "api/api_read.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

bool api_read_string(struct js *s, struct str *raw)
{
    if (js_peek(s) == JS_STR)
        return js_string(s, raw) == 0;
    js_skip(s, NULL);
    return false;
}

bool api_read_object(struct js *s)
{
    if (js_peek(s) == JS_OBJ)
        return js_enter(s, '{');
    js_skip(s, NULL);
    return false;
}

bool api_read_array(struct js *s)
{
    if (js_peek(s) == JS_ARR)
        return js_enter(s, '[');
    js_skip(s, NULL);
    return false;
}

static void read_inner(struct js *s, const struct api_count_of *row, struct api_event *ev)
{
    struct str key;
    int64_t *v = (int64_t *)(void *)((char *)ev + row->at);
    if (!row->inner) {
        api_event_count(s, ev, v);
        return;
    }
    if (!api_read_object(s))
        return;
    while (js_key(s, &key)) {
        if (str_eqz(key, row->inner))
            api_event_count(s, ev, v);
        else
            js_skip(s, NULL);
    }
}

void api_read_counts(struct js *s, const struct api_count_of *rows, size_t n, struct api_event *ev)
{
    struct str key;
    if (!api_read_object(s))
        return;
    while (js_key(s, &key)) {
        size_t i = 0;
        while (i < n && !str_eqz(key, rows[i].name))
            i++;
        if (i < n)
            read_inner(s, &rows[i], ev);
        else
            js_skip(s, NULL);
    }
}

void api_read_input_usage(struct js *s, struct api_event *ev)
{
    struct str key;
    int64_t total = -1;
    if (!api_read_object(s))
        return;
    while (js_key(s, &key)) {
        if (str_eqz(key, "prompt_tokens"))
            api_event_count(s, ev, &ev->prompt_tokens);
        else if (str_eqz(key, "total_tokens"))
            api_event_count(s, ev, &total);
        else
            js_skip(s, NULL);
    }
    if (ev->prompt_tokens < 0)
        ev->prompt_tokens = total;
}

enum api_rc api_read_named(struct str type, struct str data, enum api_rc rc, struct api_event *ev)
{
    if (!str_eqz(type, "error"))
        return rc;
    if (rc != API_OK || !(ev->flags & API_ERROR))
        api_event_error(ev, data);
    return API_OK;
}

/* '+' ',' '-' '.' and digits are 0x2B to 0x39 but for '/'; beside them only blanks and an exponent's letter. */
static bool of_numbers(unsigned char c)
{
    return (c >= '+' && c <= '9' && c != '/') || (c | 0x20) == 'e' || c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* The first byte that cannot stand within an array of numbers. */
static const char *end_of_numbers(const char *p, const char *end)
{
#ifdef __SSE2__
    while (end - p >= 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i at = _mm_sub_epi8(v, _mm_set1_epi8('+'));
        __m128i fine = _mm_cmpeq_epi8(_mm_min_epu8(at, _mm_set1_epi8('9' - '+')), at);
        fine = _mm_andnot_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('/')), fine);
        fine = _mm_or_si128(fine, _mm_cmpeq_epi8(_mm_or_si128(v, _mm_set1_epi8(0x20)), _mm_set1_epi8('e')));
        fine = _mm_or_si128(fine, _mm_cmpeq_epi8(v, _mm_set1_epi8(' ')));
        unsigned m = (unsigned)_mm_movemask_epi8(fine);
        if (m != 0xFFFF) { /* perhaps a line's end only */
            p += __builtin_ctz(~m);
            if (!of_numbers((unsigned char)*p))
                return p;
            p++;
            continue;
        }
        p += 16;
    }
#endif
    while (p < end && of_numbers((unsigned char)*p))
        p++;
    return p;
}

void api_skip_numbers(struct js *s)
{
    if (js_peek(s) == JS_ARR) {
        const char *to = end_of_numbers(s->p + 1, s->end);
        if (to < s->end && *to == ']') {
            s->p = to + 1;
            return;
        }
    }
    js_skip(s, NULL);
}

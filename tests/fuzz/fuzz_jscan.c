/* fuzz_jscan.c - the JSON scanner: its two ways of reading agree with each
 * other and with Jansson, and decoding never grows. Where both are strict, the
 * same texts are accepted; what only Jansson refuses is listed in
 * `only_jansson`. */
#include "base/jdoc.h"
#include "base/jscan.h"
#include "base/xalloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void check_string(struct str raw)
{
    char *out = xmalloc(raw.n + 1);
    size_t n = js_decode(raw, out);
    must(n <= raw.n);
    out[n] = 0;
    must(js_raw_eq(raw, out) == (strlen(out) == n));
    free(out);
}

static void check_number(struct str raw)
{
    struct js s;
    int64_t i;
    double d;
    js_init(&s, raw);
    bool whole = js_i64(&s, &i) == 0;
    js_init(&s, raw);
    bool real = js_f64(&s, &d) == 0;
    must(real || !whole);
    if (whole)
        must(d == (double)i);
}

static bool walk(struct js *s)
{
    struct str x;
    bool b;
    switch (js_peek(s)) {
    case JS_OBJ:
        must(js_enter(s, '{') || s->bad);
        while (js_key(s, &x)) {
            check_string(x);
            if (!walk(s))
                return false;
        }
        return !s->bad;
    case JS_ARR:
        must(js_enter(s, '[') || s->bad);
        while (js_elem(s))
            if (!walk(s))
                return false;
        return !s->bad;
    case JS_STR:
        if (js_string(s, &x) != 0)
            return false;
        check_string(x);
        return true;
    case JS_NUM:
        if (js_skip(s, &x) != 0)
            return false;
        check_number(x);
        return true;
    case JS_TRUE:
    case JS_FALSE:
        return js_bool(s, &b) == 0;
    case JS_NULL:
        return js_skip(s, &x) == 0;
    default:
        return false;
    }
}

/* Valid by RFC 8259 (which leaves them to the reader's limits), but not for
 * Jansson: UTF-8 that is invalid, numbers out of its range, lone surrogates,
 * NUL in keys. */
static bool only_jansson(const char *why)
{
    static const char *const known[] = {"unable to decode byte", "too big integer", "too big negative integer",
                                        "real number overflow",  "invalid Unicode", "NUL byte in object key"};
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (strstr(why, known[i]))
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str text = {(const char *)data, n}, raw;
    struct js s, w;
    struct err e = {0};
    js_init(&s, text);
    bool skipped = js_skip(&s, &raw) == 0 && js_done(&s);
    must(skipped == !s.bad);
    js_init(&w, text);
    bool walked = walk(&w) && js_done(&w);
    bool too_deep = s.what && strstr(s.what, "too deeply");
    must(skipped == walked);
    if (!skipped) {
        must(s.bad >= s.begin && s.bad <= s.end && s.what);
        must(js_line(&s, s.bad) >= 1);
    }
    struct jdoc *d = jdoc_parse(text, "x", &e);
    if (d)
        must(skipped || too_deep);
    else if (skipped)
        must(only_jansson(e.text));
    jdoc_free(&d);
    (void)js_path(text, "a.0.b", &raw);
    return 0;
}

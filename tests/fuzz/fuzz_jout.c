/* fuzz_jout.c - any bytes, written as a JSON string, are read back by the scanner and by Jansson (which checks UTF-8)
 * as the same text; bytes that are valid UTF-8 come back unchanged. Doubles come back as the same value. */
#include <math.h>

#include "base/jdoc.h"
#include "base/jout.h"
#include "base/jscan.h"
#include "base/xalloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void check_doubles(const uint8_t *data, size_t n, struct jout *j)
{
    for (size_t i = 0; i + sizeof(double) <= n && i < 64; i += sizeof(double)) {
        double v, back;
        struct js s;
        memcpy(&v, data + i, sizeof v);
        buf_clear(j->b);
        jo_f64(j, v);
        js_init(&s, buf_str(j->b));
        if (isfinite(v)) {
            must(js_f64(&s, &back) == 0 && js_done(&s));
            must(memcmp(&v, &back, sizeof v) == 0);
        } else {
            must(js_peek(&s) == JS_NULL);
        }
        buf_clear(j->b);
        jo_fixed(j, v, data[i] % 18);
        js_init(&s, buf_str(j->b));
        must(js_skip(&s, NULL) == 0 && js_done(&s));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str text = {(const char *)data, n}, raw;
    struct buf b = BUF_INIT(n * 6 + 100), again = BUF_INIT(n * 6 + 100);
    struct jout j, k;
    struct js s;
    jo_init(&j, &b, 0);
    jo_str(&j, text);
    must(!b.failed);
    js_init(&s, buf_str(&b));
    must(js_string(&s, &raw) == 0 && js_done(&s));
    char *out = xmalloc(raw.n + 1);
    struct str back = {out, js_decode(raw, out)};
    struct err e;
    struct jdoc *d = jdoc_parse(buf_str(&b), "x", &e);
    must(d && str_eq(jn_str(jdoc_root(d), NULL), back));
    jdoc_free(&d);
    jo_init(&k, &again, 0); /* what came back is valid, so it changes no more */
    jo_str(&k, back);
    must(str_eq(buf_str(&b), buf_str(&again)));
    if (!str_eq(text, back)) /* only invalid bytes are replaced, by U+FFFD */
        must(str_find(back, STR("\xEF\xBF\xBD")) >= 0);
    check_doubles(data, n, &j);
    free(out);
    buf_free(&b);
    buf_free(&again);
    return 0;
}

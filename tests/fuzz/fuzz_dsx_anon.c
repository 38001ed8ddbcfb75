/* fuzz_dsx_anon.c - any bytes: no crash; valid UTF-8 stays valid, the same text gives the same, and JSON stays JSON. */
#include <stdlib.h>

#include "base/jout.h"
#include "base/jscan.h"
#include "load/ds_util.h"
#include "load/dsx_anon.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str text = {(const char *)data, n};
    struct buf once = BUF_INIT(64 << 20), twice = BUF_INIT(64 << 20), json = BUF_INIT(64 << 20);
    struct anon a = {.seed = 1}, b = {.seed = 1};
    anon_text(&a, text, &once);
    anon_text(&b, text, &twice);
    if (!str_eq(buf_str(&once), buf_str(&twice)) || memcmp(&a, &b, sizeof a) != 0)
        abort();
    if (!ds_bad_utf8(text) && ds_bad_utf8(buf_str(&once)))
        abort();
    buf_clear(&once);
    buf_clear(&twice);
    buf_addz(&json, "{\"a\": \"");
    json_escape(&json, text);
    buf_addz(&json, "\"}");
    anon_json(&a, buf_str(&json), &twice, &once);
    struct js s;
    js_init(&s, buf_str(&once));
    if (js_skip(&s, NULL) != 0 || !js_done(&s))
        abort();
    buf_free(&once);
    buf_free(&twice);
    buf_free(&json);
    return 0;
}

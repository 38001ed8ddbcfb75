/* fuzz_gw_lambda_event.c - any event of an invocation: no crash; what is taken has a method and a path, and the answer
 * to it, with its own body, is JSON from which that body can be had back. */
#include <stdlib.h>

#include "base/base64.h"
#include "base/jdoc.h"
#include "gateway/gw_lambda.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_answer(const struct gw_event *ev)
{
    const struct gw_field f[] = {{STR("X-Echo"), ev->api_key}};
    struct buf b = BUF_INIT(64 << 20);
    struct err e = {0};
    gw_event_answer(ev->shape, 200, f, 1, ev->body, &b);
    struct jdoc *d = jdoc_parse(buf_str(&b), "answer", &e);
    if (!d)
        abort();
    struct str body = jn_str(jn_get(jdoc_root(d), "body"), NULL);
    if (jn_bool(jn_get(jdoc_root(d), "isBase64Encoded"), false)) {
        struct buf plain = BUF_INIT(64 << 20);
        char *room = buf_room(&plain, body.n + 1);
        int k = base64_decode(body, room);
        if (k < 0 || !str_eq((struct str){room, (size_t)k}, ev->body))
            abort();
        buf_free(&plain);
    } else if (!str_eq(body, ev->body) && !memchr(ev->body.p, 0, ev->body.n)) { /* jansson has no strings with NUL */
        abort();
    }
    jdoc_free(&d);
    buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct gw_event ev;
    struct err e = {0};
    int rc = gw_event_read(&ev, (struct str){(const char *)data, n}, &e);
    if (rc == 0 && (ev.method.n == 0 || ev.path.n == 0))
        abort();
    if (rc < 0 && e.text[0] == 0)
        abort();
    if (rc == 0)
        check_answer(&ev);
    gw_event_free(&ev);
    return 0;
}

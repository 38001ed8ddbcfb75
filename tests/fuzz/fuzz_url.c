/* fuzz_url.c - any bytes: no crash; every view lies in the text, and what was accepted is harmless in a request line.
 */
#include <stdlib.h>

#include "proto/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_view(struct str v, const char *p, size_t n)
{
    if (v.n > 0 && (v.p < p || v.p + v.n > p + n))
        abort();
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] <= ' ' || v.p[i] >= 0x7f)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str text = {(const char *)data, n};
    struct url u;
    struct err e = {0};
    if (url_parse(&u, text, &e) != 0) {
        if (e.code != ERR_USAGE || !e.text[0])
            abort();
        return 0;
    }
    check_view(u.scheme, text.p, n);
    check_view(u.userinfo, text.p, n);
    check_view(u.host, text.p, n);
    check_view(u.path, text.p, n);
    check_view(u.query, text.p, n);
    if (u.host.n == 0 || u.port == 0 || (u.path.n > 0 && u.path.p[0] != '/'))
        abort();
    return 0;
}

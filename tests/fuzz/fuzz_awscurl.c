/* fuzz_awscurl.c - any answer, by any type and path: texts are counted without a crash, the same however the body is
 * held, and what -o writes of it is not longer than the body and a line feed for each of its bytes. Input: header
 * lines, NUL, path of -j ("" none), NUL, body. */
#include <stdlib.h>

#include "compat/awscurl_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char *next(const char **p, size_t *n)
{
    size_t k = strnlen(*p, *n);
    char *z = malloc(k + 1);
    memcpy(z, *p, k);
    z[k] = 0;
    *p += k < *n ? k + 1 : k;
    *n -= k < *n ? k + 1 : k;
    return z;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *p = (const char *)data;
    char *headers = next(&p, &n), *jq = next(&p, &n);
    struct awscurl_type type = awscurl_type_of(str_of(headers), NULL);
    struct str body = {p, n};
    struct awscurl_texts t = {0};
    struct awscurl_jq q;
    struct buf shown = BUF_INIT(64u << 20);
    if (awscurl_jq_parse(&q, *jq ? jq : NULL, NULL) == 0) {
        awscurl_texts_read(&t, type, body, &q);
        uint64_t once = awscurl_texts_count(&t, NULL, 0);
        awscurl_texts_clear(&t);
        awscurl_texts_read(&t, type, body, &q);
        if (awscurl_texts_count(&t, NULL, 0) != once || once > 2 * n + 1)
            abort();
    }
    awscurl_texts_clear(&t);
    awscurl_texts_inputs(&t, body);
    awscurl_show_body(type, body, &shown);
    if (shown.n > 2 * n)
        abort();
    awscurl_texts_free(&t);
    buf_free(&shown);
    free(headers);
    free(jq);
    return 0;
}

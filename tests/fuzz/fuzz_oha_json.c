/* fuzz_oha_json.c - any bytes as a result file of oha's: refused, or read as figures of which successes are not more
 * than requests. */
#include <stdlib.h>

#include "compat/oha_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct err e = {0};
    struct jdoc *d = jdoc_parse((struct str){(const char *)data, n}, "fuzz", &e);
    for (int original = 0; d && original < 2; original++) {
        struct oha_figures f;
        if (oha_json_read(&f, jdoc_root(d), original, &e) == 0 && f.successful > f.total)
            abort();
    }
    jdoc_free(&d);
    return 0;
}

/* fuzz_async_targets.c - any list: no crash; what was accepted gives requests of one line each that name a host. */
#include <stdlib.h>

#include "compat/async_targets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct async_targets t;
    struct err e = {0};
    if (async_targets_read(&t, (struct str){(const char *)data, n}, "f", &e) != 0) {
        if (e.code != ERR_DATA || !e.text[0])
            abort();
        async_targets_free(&t);
        return 0;
    }
    struct buf b = BUF_INIT(64u << 20);
    async_targets_draw(&t, 3, 20, &b);
    struct str_split it = {.rest = buf_str(&b), .sep = '\n'};
    struct str line;
    size_t lines = 0;
    while (str_next(&it, &line) && line.n > 0) {
        lines++;
        if (!str_starts(line, STR("GET ")) || (!str_istarts(str_sub(line, 4, line.n), STR("http"))))
            abort();
        for (size_t i = 4; i < line.n; i++)
            if ((unsigned char)line.p[i] <= ' ' || (unsigned char)line.p[i] >= 0x7F)
                abort();
    }
    if (lines != 20 || t.n_hosts == 0 || t.n_hosts > t.n)
        abort();
    buf_free(&b);
    async_targets_free(&t);
    return 0;
}

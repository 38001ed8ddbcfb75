/* fuzz_aws_stream_read.c - any bytes as a result of aws_streaming_bench: refused, or a stream whose successes are not
 * more than its requests, and of which a page can be made. */
#include <stdlib.h>

#include "compat/aws_stream_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct err e = {0};
    struct experiment x;
    struct jdoc *d = jdoc_parse((struct str){(const char *)data, n}, "fuzz", &e);
    xp_init(&x);
    if (d && aws_stream_read(&x, "fuzz", jdoc_root(d), &e) == 0) {
        struct buf page = BUF_INIT(64 << 20);
        if (x.n_streams != 1 || x.streams[0].ok > x.streams[0].requests)
            abort();
        x.title = x.command = "";
        x.setup.target_tokens_per_min = 1;
        xp_draw(&x);
        xp_markdown(&page, &x);
        buf_free(&page);
    }
    jdoc_free(&d);
    xp_free(&x);
    return 0;
}

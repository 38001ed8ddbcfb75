/* fuzz_scrapes.c - any bytes as server_metrics.jsonl: no crash, a sentence when it is wrong, and what was read is
 * written and read again as the same. */
#include <stdlib.h>

#include "record/scrapes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void on_source(void *arg, const struct scrape_source *s)
{
    if (s->source >= SCRAPE_SOURCES_MAX)
        abort();
    scrapes_put_source(arg, s);
}

static void on_scrape(void *arg, const struct scrape *s)
{
    if (s->source >= SCRAPE_SOURCES_MAX || s->at < 0)
        abort();
    scrapes_put(arg, s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct scrapes_sink sink = {on_source, on_scrape};
    struct buf once = BUF_INIT(64 << 20), twice = BUF_INIT(64 << 20);
    struct err e = {0};
    if (scrapes_read_text((struct str){(const char *)data, n}, "fuzz", &sink, &once, &e) != 0 && e.text[0] == 0)
        abort();
    if (scrapes_read_text(buf_str(&once), "again", &sink, &twice, &e) != 0 || !str_eq(buf_str(&once), buf_str(&twice)))
        abort();
    buf_free(&once);
    buf_free(&twice);
    return 0;
}

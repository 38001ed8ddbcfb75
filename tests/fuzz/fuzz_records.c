/* fuzz_records.c - any bytes as requests.jsonl: read, or refused with a sentence; every record's events can be walked.
 */
#include <stdint.h>
#include <stdlib.h>

#include "record/recfile.h"
#include "stat/hist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void on_request(void *arg, const struct record *r)
{
    struct rec_iter it;
    struct rec_event ev;
    uint32_t k = 0;
    rec_iter_init(&it, r);
    while (rec_iter_next(&it, &ev))
        k++;
    if (k != r->n_events || (k && ev.at != r->prev_event))
        abort();
    *(uint64_t *)arg += k;
    const struct rec_text *t = r->text;
    for (size_t i = 0; t && i < t->http_at + t->n_request + t->n_whole; i++)
        *(uint64_t *)arg += (unsigned char)t->bytes[i];
}

static void on_client(void *arg, const struct rec_client *c)
{
    *(uint64_t *)arg += hist_n(c->lag) + (hist_mean(c->lag) >= 0) + (hist_quantile(c->lag, 0.5) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct rec_sink sink = {.request = on_request, .client = on_client, .texts = true};
    struct rec_read_stats st;
    struct err e = {0};
    uint64_t sum = 0;
    if (rec_read_text((struct str){(const char *)data, n}, "fuzz", &sink, &sum, &st, &e) != 0 && e.text[0] == 0)
        abort();
    return 0;
}

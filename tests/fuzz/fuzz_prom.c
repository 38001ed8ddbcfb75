/* fuzz_prom.c - any bytes, any cut: no crash, the same samples, none with parts beyond the line. First byte: where to
 * cut. */
#include <stdlib.h>

#include "fetch/prom.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void on_sample(void *arg, const struct prom_sample *s)
{
    struct buf *log = arg;
    if (s->name.n == 0 || s->n_labels > PROM_LABELS_MAX || memchr(s->name.p, '\n', s->name.n))
        abort();
    buf_adds(log, s->name);
    for (size_t i = 0; i < s->n_labels; i++) {
        buf_addc(log, '|');
        buf_adds(log, s->labels[i].name);
        buf_addc(log, '=');
        buf_adds(log, s->labels[i].value);
    }
    buf_addf(log, " %.17g\n", s->value);
}

static void run(struct buf *log, const char *bytes, size_t n, size_t piece)
{
    struct prom p;
    prom_init(&p, on_sample, log);
    for (size_t at = 0; at < n; at += piece)
        prom_feed(&p, bytes + at, MIN(piece, n - at));
    prom_end(&p);
    buf_addf(log, "%llu %llu", (unsigned long long)p.samples, (unsigned long long)p.bad);
    prom_free(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 1)
        return 0;
    const char *p = (const char *)data + 1;
    struct buf whole = BUF_INIT(64 << 20), cut = BUF_INIT(64 << 20), bytes = BUF_INIT(64 << 20);
    run(&whole, p, n - 1, n);
    run(&cut, p, n - 1, data[0] % 64 + 1);
    run(&bytes, p, n - 1, 1);
    if (!str_eq(buf_str(&whole), buf_str(&cut)) || !str_eq(buf_str(&whole), buf_str(&bytes)))
        abort();
    buf_free(&whole);
    buf_free(&cut);
    buf_free(&bytes);
    return 0;
}

/* fuzz_prom.c - any bytes, any cut: no crash, the same samples, none with parts beyond the line. First byte: where to
 * cut. */
#include "fetch/prom.h"
#include "splits.h"

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

static void run(struct buf *log, const char *p, size_t n, size_t piece, unsigned mode)
{
    struct prom r;
    prom_init(&r, on_sample, log);
    for (size_t at = 0; at < n; at += piece)
        prom_feed(&r, p + at, MIN(piece, n - at));
    prom_end(&r);
    buf_addf(log, "%llu %llu", (unsigned long long)r.samples, (unsigned long long)r.bad);
    prom_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n > 0)
        splits_check(run, data, n, data[0] % 64 + 1);
    return 0;
}

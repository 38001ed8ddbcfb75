/* fuzz_sse.c - any bytes, any cut: no crash, the same events, none beyond the ceiling. First byte: where to cut. */
#include "proto/sse.h"
#include "splits.h"

#define MAX_EVENT 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int on_event(void *arg, const struct sse_ev *ev)
{
    if (ev->data.n > MAX_EVENT)
        abort();
    struct buf *log = arg;
    buf_addf(log, "%zu %zu %zu ", ev->type.n, ev->data.n, ev->id.n);
    buf_adds(log, ev->type);
    buf_adds(log, ev->data);
    buf_adds(log, ev->id);
    return 0;
}

static void run(struct buf *log, const char *p, size_t n, size_t piece, unsigned mode)
{
    struct sse s;
    enum sse_rc rc = SSE_OK;
    sse_init(&s, MAX_EVENT, on_event, log);
    for (size_t at = 0; at < n && rc == SSE_OK; at += piece)
        rc = sse_feed(&s, p + at, MIN(piece, n - at));
    buf_addf(log, " %d %lld %llu", (int)rc, (long long)s.retry_ms, (unsigned long long)s.comments);
    sse_free(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n > 0)
        splits_check(run, data, n, data[0] % 64 + 1);
    return 0;
}

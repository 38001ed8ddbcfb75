/* fuzz_sse.c - any bytes, any cut: no crash, the same events, none beyond the ceiling. First byte: where to cut. */
#include <stdlib.h>

#include "base/buf.h"
#include "proto/sse.h"

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

static enum sse_rc run(struct buf *log, const char *p, size_t n, size_t piece)
{
    struct sse s;
    enum sse_rc rc = SSE_OK;
    sse_init(&s, MAX_EVENT, on_event, log);
    for (size_t at = 0; at < n && rc == SSE_OK; at += piece)
        rc = sse_feed(&s, p + at, MIN(piece, n - at));
    buf_addf(log, " %d %lld %llu", (int)rc, (long long)s.retry_ms, (unsigned long long)s.comments);
    sse_free(&s);
    return rc;
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

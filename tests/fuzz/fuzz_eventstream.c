/* fuzz_eventstream.c - any bytes, any cut: no crash, the same messages, and of each message headers that add up. First
 * byte: where to cut; above 128 the frame's checksums are put right first, or nothing would ever get past them. */
#include "base/crc32.h"
#include "base/xalloc.h"
#include "proto/eventstream.h"
#include "splits.h"

#define MAX_MESSAGE 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int on_message(void *arg, const struct evs_msg *m)
{
    struct buf *log = arg;
    struct str rest = m->headers;
    struct evs_header h;
    int rc;
    buf_addf(log, "%zu ", m->payload.n);
    buf_adds(log, m->payload);
    while ((rc = evs_header_next(&rest, &h)) > 0) {
        buf_addf(log, " %d %lld ", h.type, (long long)h.number);
        buf_adds(log, h.name);
        buf_adds(log, h.value);
    }
    if (rc < 0)
        abort();
    return m->payload.n > 0 && m->payload.p[0] == '!';
}

static void run(struct buf *log, const char *p, size_t n, size_t piece, unsigned mode)
{
    struct evs s;
    evs_init(&s, MAX_MESSAGE, on_message, log);
    for (size_t at = 0; at < n && s.rc == EVS_OK; at += piece)
        evs_feed(&s, p + at, MIN(piece, n - at));
    buf_addf(log, " %d %d", s.rc, evs_whole(&s));
    evs_free(&s);
}

static void put_u32(uint8_t *p, uint32_t v)
{
    for (int i = 3; i >= 0; i--, v >>= 8)
        p[i] = (uint8_t)v;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    uint8_t *copy = xmalloc(n);
    memcpy(copy, data, n);
    if (data[0] > 128 && n > 1 + 16) {
        uint32_t total = (uint32_t)(n - 1);
        put_u32(copy + 1, total);
        put_u32(copy + 9, crc32_of(copy + 1, 8));
        put_u32(copy + n - 4, crc32_of(copy + 1, total - 4));
    }
    splits_check(run, copy, n, data[0] % 64 + 1);
    free(copy);
    return 0;
}

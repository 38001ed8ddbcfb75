/* fuzz_ndjson.c - any bytes, any cut: no crash, the same lines, none empty and none beyond the ceiling. First byte:
 * where to cut. */
#include "proto/ndjson.h"
#include "splits.h"

#define MAX_LINE 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int on_line(void *arg, struct str line)
{
    struct buf *log = arg;
    if (line.n == 0 || line.n > MAX_LINE || memchr(line.p, '\n', line.n))
        abort();
    buf_addf(log, "%zu ", line.n);
    buf_adds(log, line);
    return line.p[0] == '!';
}

static void run(struct buf *log, const char *p, size_t n, size_t piece, unsigned mode)
{
    struct ndjson s;
    ndjson_init(&s, MAX_LINE, on_line, log);
    for (size_t at = 0; at < n && s.rc == NDJSON_OK; at += piece)
        ndjson_feed(&s, p + at, MIN(piece, n - at));
    buf_addf(log, "%d", ndjson_end(&s));
    ndjson_free(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n > 0)
        splits_check(run, data, n, data[0] % 64 + 1);
    return 0;
}

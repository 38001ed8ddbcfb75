/* fuzz_h1.c - any bytes as responses or requests, whole and cut: no crash and the same calls.
 * First byte: bit 0 requests, bit 1 answers to HEAD, the rest the size of the pieces. */
#include "proto/h1.h"
#include "splits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int on_start(void *arg, struct str method, struct str target, int status)
{
    buf_addf(arg, "S%d ", status);
    buf_adds(arg, method);
    buf_addc(arg, ' ');
    return buf_adds(arg, target);
}

static int on_header(void *arg, struct str name, struct str value)
{
    if (name.n + value.n > 65536)
        abort();
    buf_addf(arg, "h%zu %zu ", name.n, value.n);
    buf_adds(arg, name);
    return buf_adds(arg, value);
}

static int on_headers_done(void *arg)
{
    return buf_addc(arg, 'H');
}

static int on_body(void *arg, struct str piece)
{
    return buf_adds(arg, piece);
}

static int on_done(void *arg)
{
    return buf_addc(arg, 'D');
}

static void run(struct buf *log, const char *p, size_t n, size_t piece, unsigned mode)
{
    static const struct h1_cb cb = {on_start, on_header, on_headers_done, on_body, on_done};
    struct h1 *h = h1_new(mode & 1 ? H1_REQUEST : H1_RESPONSE, &cb, log);
    enum h1_rc rc = H1_OK;
    if (mode & 2)
        h1_head_response(h);
    for (size_t at = 0; at < n && (rc == H1_OK || rc == H1_DONE);) {
        size_t used, m = MIN(piece - at % piece, n - at);
        rc = h1_feed(h, p + at, m, &used);
        if (used > m || (rc == H1_OK && used != m))
            abort();
        at += used;
        if (rc == H1_DONE || rc == H1_UPGRADE)
            buf_addf(log, "@%zu%d", at, h1_keep_alive(h));
    }
    if (rc == H1_OK || rc == H1_DONE)
        rc = h1_eof(h);
    buf_addf(log, "=%d", rc);
    h1_free(&h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n > 0)
        splits_check(run, data, n, (data[0] >> 2) + 1u);
    return 0;
}

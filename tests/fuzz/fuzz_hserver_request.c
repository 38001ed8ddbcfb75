/* fuzz_hserver_request.c - any bytes as requests of one connection, whole and in pieces: no crash, the same requests.
 * First byte: the size of the pieces. */
#include "http/hserver_request.h"
#include "splits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void describe(struct buf *log, struct hs_reader *r)
{
    struct hs_request q;
    hs_reader_request(r, &q);
    buf_addf(log, STR_FMT " " STR_FMT "?" STR_FMT " %d%d ", STR_ARG(q.method), STR_ARG(q.path), STR_ARG(q.query),
             q.http10, q.keep_alive);
    for (size_t i = 0; i < q.n_headers; i++)
        buf_addf(log, STR_FMT ":" STR_FMT ";", STR_ARG(q.headers[i].name), STR_ARG(q.headers[i].value));
    buf_adds(log, q.body);
}

static void run(struct buf *log, const char *p, size_t n, size_t piece, unsigned mode)
{
    static const struct rx rx = {.stamp = 1, .user = 2, .kernel = true};
    struct hs_pool *pool = hs_pool_new(300);
    struct hs_reader *r = hs_pool_get(pool, &rx);
    for (size_t at = 0; at < n;) {
        size_t used = 0, m = MIN(piece, n - at);
        int status = 0;
        const char *why = NULL;
        enum hs_read_rc rc = hs_reader_feed(r, p + at, m, &used, &status, &why);
        if (used > m || (rc == HS_READ_MORE && used != m) || (rc == HS_READ_REFUSE && (status < 400 || why == NULL)))
            abort();
        at += used;
        hs_reader_wants_continue(r);
        if (rc == HS_READ_REFUSE) {
            buf_addf(log, "refused %d", status);
            break;
        }
        if (rc == HS_READ_DONE) {
            describe(log, r);
            hs_pool_put(pool, &r);
            r = hs_pool_get(pool, &rx);
        }
    }
    hs_pool_put(pool, &r);
    hs_pool_free(&pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n > 0)
        splits_check(run, data, n, data[0] + 1u);
    return 0;
}

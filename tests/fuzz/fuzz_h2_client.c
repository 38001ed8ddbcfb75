/* fuzz_h2_client.c - any bytes as what an HTTP/2 server sends, whole and cut: no crash, bounded, and the same calls for
 * each of four requests. First byte: the size of the pieces; its lowest bit: answer each piece at once. */
#include <stdlib.h>

#include "proto/h2_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { REQUESTS = 4 };

struct ask {
    struct buf log;
    bool over;
};

static int on_status(void *arg, void *owner, int status)
{
    return buf_addf(&((struct ask *)owner)->log, "S%d ", status);
}

static int on_header(void *arg, void *owner, struct str name, struct str value)
{
    struct ask *a = owner;
    if (a->over || name.n + value.n > 65536)
        abort();
    buf_adds(&a->log, name);
    return buf_adds(&a->log, value);
}

static int on_headers_done(void *arg, void *owner)
{
    return buf_addc(&((struct ask *)owner)->log, 'H');
}

static int on_data(void *arg, void *owner, struct str piece)
{
    struct ask *a = owner;
    if (a->over)
        abort();
    return buf_adds(&a->log, piece);
}

static void on_closed(void *arg, void *owner, const struct h2_close *how)
{
    struct ask *a = owner;
    if (a->over)
        abort();
    a->over = true;
    buf_addf(&a->log, "E%d %u", how->end, how->code);
}

static void on_run_end(void *arg, void *owner, bool followed)
{
    if (!owner)
        abort();
}

static void run(struct ask a[REQUESTS], const char *p, size_t n, size_t piece, bool answer)
{
    static const struct h2_client_cb cb = {.status = on_status,
                                           .header = on_header,
                                           .headers_done = on_headers_done,
                                           .data = on_data,
                                           .trailer = on_header,
                                           .run_end = on_run_end,
                                           .closed = on_closed};
    struct h2_client *c = h2_client_new(&cb, NULL, 0);
    struct h2_head h;
    struct buf out = BUF_INIT(4 << 20);
    struct iovec body = {(char[]){"hello"}, 5};
    h2_head_init(&h);
    h2_head_request(&h, STR("POST / HTTP/1.1\r\nHost: h\r\n\r\n"), true);
    for (int i = 0; i < REQUESTS; i++)
        h2_client_request(c, &h, NULL, &body, i & 1, &a[i]);
    h2_client_out(c, &out, 1 << 20);
    for (size_t at = 0; at < n; at += piece) {
        if (h2_client_feed(c, p + at, n - at < piece ? n - at : piece) < 0)
            break;
        buf_clear(&out);
        if (answer && h2_client_out(c, &out, 1 << 20) < 0)
            break;
    }
    h2_client_out(c, &out, 1 << 20);
    h2_head_free(&h);
    buf_free(&out);
    h2_client_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ask a[4][REQUESTS];
    if (n < 2)
        return 0;
    const char *p = (const char *)data + 1;
    const size_t piece[4] = {n, (data[0] >> 1) + 1u, 1, (data[0] >> 1) + 1u};
    for (int k = 0; k < 4; k++) {
        for (int i = 0; i < REQUESTS; i++)
            a[k][i] = (struct ask){.log = BUF_INIT(16 << 20)};
        run(a[k], p, n - 1, piece[k], k == 3 && (data[0] & 1));
    }
    for (int i = 0; i < REQUESTS; i++) {
        if (!str_eq(buf_str(&a[0][i].log), buf_str(&a[1][i].log)) ||
            !str_eq(buf_str(&a[0][i].log), buf_str(&a[2][i].log)))
            abort();
        for (int k = 0; k < 4; k++)
            buf_free(&a[k][i].log);
    }
    return 0;
}

/* fuzz_h2_server.c - any bytes as a client's half of an HTTP/2 connection: no crash; the same events whole and in
 * pieces; and a server that answers while they come. First byte: the size of the pieces. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "proto/h2_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct run {
    struct buf log;
    bool answers;
    uint32_t open;
    bool broken;
};

struct exchange {
    struct h2s_stream *st;
    struct buf body; /* told when whole: how much of a broken one is seen depends on the pieces */
};

static void *on_begin(void *arg, struct h2s_stream *st)
{
    struct run *r = arg;
    struct exchange *x = xcalloc(1, sizeof(*x));
    r->open++;
    buf_addz(&r->log, "begin\n");
    x->st = st;
    buf_init(&x->body, 1 << 20);
    return x;
}

static void on_field(void *arg, void *user, struct str name, struct str value)
{
    struct run *r = arg;
    buf_addf(&r->log, STR_FMT "=" STR_FMT "\n", STR_ARG(name), STR_ARG(value));
}

static void on_headers(void *arg, void *user, bool too_large, bool end)
{
    struct run *r = arg;
    struct exchange *x = user;
    buf_addf(&r->log, "headers %d\n", too_large);
    if (r->answers && too_large)
        h2s_head(x->st, 431, NULL, 0, true);
}

static void on_data(void *arg, void *user, struct str piece)
{
    struct run *r = arg;
    struct exchange *x = user;
    buf_adds(&x->body, piece);
    if (r->answers && piece.n > 0 && piece.p[0] == 'r')
        h2s_reset(x->st, H2S_CANCEL);
}

static void on_end(void *arg, void *user)
{
    struct run *r = arg;
    struct exchange *x = user;
    struct h2s_field f = {STR("x"), STR("y")};
    buf_addz(&r->log, "end ");
    buf_adds(&r->log, buf_str(&x->body));
    if (!r->answers)
        return;
    h2s_head(x->st, 200, &f, 1, false);
    for (uint32_t k = 1; k < 4; k++)
        h2s_data(x->st, "0123456789", k, k);
    h2s_end(x->st, &f, r->open % 2);
}

static void on_sent(void *arg, void *user, uint32_t tag)
{
    if (tag == 0 || tag > 3)
        abort();
}

static void on_finished(void *arg, void *user)
{
}

static void on_closed(void *arg, void *user, uint32_t code)
{
    struct run *r = arg;
    struct exchange *x = user;
    if (r->open-- == 0)
        abort();
    buf_free(&x->body);
    free(x);
}

static void pull(struct h2s *h)
{
    const char *p;
    while (h2s_pull(h, &p) > 0)
        ;
}

static void feed(struct run *r, const char *p, size_t n, size_t piece)
{
    static const struct h2s_ops ops = {on_begin, on_field, on_headers,  on_data,
                                       on_end,   on_sent,  on_finished, on_closed};
    static const struct h2s_opts o = {.max_streams = 5, .window = 1000, .max_headers = 500, .max_out = 10000};
    struct h2s *h = h2s_new(&o, &ops, r);
    for (size_t at = 0; at < n; at += piece) {
        if (h2s_feed(h, p + at, MIN(piece, n - at)) < 0) {
            r->broken = true;
            break;
        }
        if (h2s_open(h) != r->open || r->open > 5)
            abort();
        if (r->answers)
            pull(h);
    }
    pull(h);
    h2s_free(&h);
    if (r->open != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 1)
        return 0;
    struct run whole = {.log = BUF_INIT(64 << 20)}, cut = {.log = BUF_INIT(64 << 20)};
    feed(&whole, (const char *)data + 1, n - 1, n);
    feed(&cut, (const char *)data + 1, n - 1, 1U + data[0]);
    /* How many frames of a flood are borne may depend on the pieces. */
    bool told = !whole.broken && !cut.broken;
    if (told && (whole.log.n != cut.log.n || (whole.log.n > 0 && memcmp(whole.log.p, cut.log.p, whole.log.n) != 0)))
        abort();
    buf_clear(&cut.log);
    cut.answers = true;
    feed(&cut, (const char *)data + 1, n - 1, 1U + data[0]);
    buf_free(&whole.log);
    buf_free(&cut.log);
    return 0;
}

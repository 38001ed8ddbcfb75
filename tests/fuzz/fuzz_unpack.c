/* fuzz_unpack.c - any bytes as packed data: no crash, the ceiling holds, and one byte at a time gives what all at once
 * give. First byte: the kind. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/unpack.h"

#define CEILING ((uint64_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static enum unpack_rc feed(struct unpack *u, struct str in, struct buf *out)
{
    struct str piece;
    enum unpack_rc rc;
    while ((rc = unpack_step(u, &in, &piece)) == UNPACK_PIECE)
        buf_adds(out, piece);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 1 || n > 4096)
        return 0;
    enum unpack_kind kind = data[0] & 3;
    struct str in = {(const char *)data + 1, n - 1};
    struct unpack *a = unpack_new(kind, CEILING), *b = unpack_new(kind, CEILING);
    struct buf all = BUF_INIT(2 << 20), bytes = BUF_INIT(2 << 20);
    enum unpack_rc whole = feed(a, in, &all), part = UNPACK_MORE;
    for (size_t i = 0; i < in.n && part == UNPACK_MORE; i++)
        part = feed(b, str_sub(in, i, 1), &bytes);
    if (all.n > CEILING || bytes.n > CEILING || whole != part || unpack_whole(a) != unpack_whole(b))
        abort();
    if (whole == UNPACK_MORE && !str_eq(buf_str(&all), buf_str(&bytes)))
        abort();
    unpack_free(&a);
    unpack_free(&b);
    buf_free(&all);
    buf_free(&bytes);
    return 0;
}

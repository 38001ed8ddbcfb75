/* fuzz_coding.c - any Content-Encoding and any body behind it: no crash, the ceiling holds, one byte at a time gives
 * what all at once give, and a response before it changes nothing. The field is the first line. */
#include <stdlib.h>

#include "base/buf.h"
#include "proto/coding.h"

#define CEILING ((uint64_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static enum unpack_rc feed(struct coding *c, struct str in, struct buf *out)
{
    struct str piece;
    enum unpack_rc rc;
    while ((rc = coding_step(c, &in, &piece)) == UNPACK_PIECE)
        buf_adds(out, piece);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str all = {(const char *)data, n};
    ptrdiff_t line = str_chr(all, '\n');
    if (line < 0 || n > 4096)
        return 0;
    struct str body = str_sub(all, (size_t)line + 1, n);
    char *piece = NULL;
    struct coding c;
    coding_init(&c, &piece, CEILING);
    struct buf whole = BUF_INIT(2 << 20), bytes = BUF_INIT(2 << 20);
    coding_header(&c, str_sub(all, 0, (size_t)line));
    if (c.kind != UNPACK_NONE) {
        enum unpack_rc rc = feed(&c, body, &whole), part = UNPACK_MORE;
        bool is_whole = coding_whole(&c);
        coding_reset(&c);
        coding_header(&c, str_sub(all, 0, (size_t)line));
        for (size_t i = 0; i < body.n && part == UNPACK_MORE; i++)
            part = feed(&c, str_sub(body, i, 1), &bytes);
        if (body.n > 0 && (rc != part || is_whole != coding_whole(&c)))
            abort();
        if (whole.n > CEILING || bytes.n > CEILING || (rc == UNPACK_MORE && !str_eq(buf_str(&whole), buf_str(&bytes))))
            abort();
        if (rc < 0 && !c.why[0])
            abort();
    } else if (c.refused != (c.why[0] != 0)) {
        abort();
    }
    coding_free(&c);
    free(piece);
    buf_free(&whole);
    buf_free(&bytes);
    return 0;
}

/* unpack.h - unpacks gzip (RFC 1952), zstd (RFC 8878) and brotli (RFC 7932) from pieces of any size: no I/O, and what a
 * piece of input makes possible comes out at once, so that a stream of events is not delayed. Several gzip members or
 * zstd frames one after another are one text; zeros behind the last gzip member are ignored (padding of tapes). The
 * output has a ceiling. Memory: windows up to 128 MiB for zstd (its --long needs 27 bits; of HTTP, RFC 9659, 8 MiB),
 * 16 MiB for brotli, 32 KiB for gzip. Not thread-safe; one per stream. */
#ifndef WEIR_BASE_UNPACK_H
#define WEIR_BASE_UNPACK_H

#include "base/str.h"

enum unpack_kind { UNPACK_NONE, UNPACK_GZIP, UNPACK_ZSTD, UNPACK_BROTLI };

enum unpack_rc {
    UNPACK_MORE = 0,   /* the input is used up */
    UNPACK_PIECE = 1,  /* here is a piece of output; call again */
    UNPACK_BAD = -1,   /* this is not such data */
    UNPACK_LIMIT = -2, /* longer than the ceiling */
};

struct unpack;

enum unpack_kind unpack_kind_of(struct str head); /* by the first bytes; brotli has none that tell */
enum unpack_kind unpack_coding(struct str name);  /* of HTTP: "gzip", "x-gzip", "zstd", "br", whatever the case */
const char *unpack_name(enum unpack_kind kind);   /* "gzip" */

struct unpack *unpack_new(enum unpack_kind kind, uint64_t max_out); /* UNPACK_NONE: passes through */
/* The same for the body of an HTTP response: less memory for the window, and the output stands in `piece`, which others
 * may use when unpack_step has said UNPACK_MORE. */
enum { UNPACK_PIECE_BYTES = 64 * 1024 };
struct unpack *unpack_new_http(enum unpack_kind kind, uint64_t max_out, char *piece /* UNPACK_PIECE_BYTES, borrowed */);
void unpack_reset(struct unpack *u, uint64_t max_out); /* for the next one; of gzip alone, whose memory is small */
void unpack_free(struct unpack **u);
/* Take from the front of *in what is needed for the next piece of output, which is borrowed until the next call. After
 * an error each call gives it again. */
enum unpack_rc unpack_step(struct unpack *u, struct str *in, struct str *out);
bool unpack_whole(const struct unpack *u); /* the input may end here */

#endif

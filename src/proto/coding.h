/* coding.h - undoes the content coding of an HTTP response's body (RFC 9110, 8.4) as its pieces come: gzip, zstd and
 * br, one of them. What a piece makes readable comes out at once, so a server that flushes its compressor behind each
 * event loses nothing. Without I/O; costs nothing and holds no memory while no body is coded. Not thread-safe. */
#ifndef WEIR_PROTO_CODING_H
#define WEIR_PROTO_CODING_H

#include "base/unpack.h"

struct coding {
    enum unpack_kind kind; /* of the body; UNPACK_NONE: it is plain, or `refused` */
    bool refused;          /* coded in a way that cannot be undone here: `why` */
    char why[200];         /* for people, also after an error of coding_step; "" */
    /* private */
    char **piece;
    uint64_t max;
    struct unpack *u; /* kept for the next body of its kind */
    enum unpack_kind made;
    bool begun;
};

/* *piece: shared by all codings of a thread, NULL until one of them makes it (UNPACK_PIECE_BYTES; the owner frees it).
 * max: ceiling of an unpacked body. */
void coding_init(struct coding *c, char **piece, uint64_t max);
void coding_free(struct coding *c);
void coding_reset(struct coding *c); /* the next response */

void coding_header(struct coding *c, struct str value); /* a Content-Encoding field; several are one list */

/* As unpack_step; to be called until it does not say UNPACK_PIECE. Not where nothing is coded. */
enum unpack_rc coding_step(struct coding *c, struct str *in, struct str *out);
/* The body has ended: whether that was its end. An empty one is whole. Sets `why`. */
bool coding_whole(struct coding *c);
struct str coding_name(const struct coding *c); /* "gzip", "zstd", "br"; "": none. Constant. */

#endif

/* pack.h - packs pieces by gzip (RFC 1952), zstd (RFC 8878) or brotli (RFC 7932), as a server does that compresses its
 * answers: a flush lets everything given so far be unpacked. Fast rather than small. Not thread-safe; one per stream.
 */
#ifndef WEIR_BASE_PACK_H
#define WEIR_BASE_PACK_H

#include "base/buf.h"
#include "base/unpack.h"

enum pack_step { PACK_FLUSH, PACK_END };

struct pack;

struct pack *pack_new(enum unpack_kind kind); /* not UNPACK_NONE */
void pack_free(struct pack **p);
/* Appends to out what `in` makes. Nothing may follow PACK_END. */
void pack_add(struct pack *p, struct str in, enum pack_step step, struct buf *out);

#endif

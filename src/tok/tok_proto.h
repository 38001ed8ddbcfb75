/* tok_proto.h - the fields of a Protocol Buffers message, one by one, from bytes in memory. No schema: the caller knows
 * the numbers. Nothing outside the bytes is read, whatever they are. Source: protobuf.dev, "Encoding". */
#ifndef WEIR_TOK_TOK_PROTO_H
#define WEIR_TOK_TOK_PROTO_H

#include "base/str.h"

enum proto_wire { PROTO_VARINT = 0, PROTO_64 = 1, PROTO_BYTES = 2, PROTO_32 = 5 };

struct proto {
    const char *p, *end;
    bool bad; /* set once the bytes are no message */
};

struct proto_field {
    uint32_t number;
    enum proto_wire wire;
    uint64_t value;   /* varint, 64 and 32 bits */
    struct str bytes; /* borrowed: strings, bytes, messages */
};

void proto_init(struct proto *m, struct str bytes);
bool proto_next(struct proto *m, struct proto_field *f); /* false: the end, or `bad` */
float proto_float(const struct proto_field *f);          /* of 32 bits */

#endif

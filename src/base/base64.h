/* base64.h - bytes as base64 text (RFC 4648, 4), with padding, and back. Pure. */
#ifndef WEIR_BASE_BASE64_H
#define WEIR_BASE_BASE64_H

#include "base/buf.h"

void base64_add(struct buf *out, const void *bytes, size_t n); /* appends */
/* Writes at most s.n / 4 * 3 bytes and gives their number; -1: not base64. out may be where s is. */
int base64_decode(struct str s, char *out);

#endif

/* utf8.h - whether bytes are UTF-8 (RFC 3629). Eight bytes a step where they are ASCII. Pure. */
#ifndef WEIR_BASE_UTF8_H
#define WEIR_BASE_UTF8_H

#include "base/str.h"

const char *utf8_bad(struct str text); /* the first byte of what is none, or NULL */

#endif

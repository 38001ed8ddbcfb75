/* promtext.h - lines of Prometheus's text format 0.0.4, appended to a buffer. Pure.
 * Source: Prometheus's "Exposition formats". */
#ifndef WEIR_BASE_PROMTEXT_H
#define WEIR_BASE_PROMTEXT_H

#include "base/buf.h"

void prom_put_head(struct buf *b, const char *name, const char *type, const char *help); /* HELP and TYPE */
/* NAME="value", with backslash, quote and line feed escaped; the braces and commas around it are the caller's. */
void prom_put_label(struct buf *b, const char *name, const char *value);

#endif

/* xalloc.h - allocation that cannot fail: it aborts the program with a message. All results are freed with free().
 * Anything whose size the network or a file decides must have a ceiling before it comes here. Thread-safe. */
#ifndef WEIR_BASE_XALLOC_H
#define WEIR_BASE_XALLOC_H

#include "base/attr.h"

void *xmalloc(size_t n) ATTR_MALLOC;
void *xcalloc(size_t count, size_t size) ATTR_MALLOC; /* zeroed; checks the product */
void *xrealloc(void *p, size_t n);
void *xreallocarray(void *p, size_t count, size_t size); /* checks the product */
char *xstrdup(const char *s) ATTR_MALLOC;
char *xmemdup0(const char *p, size_t n) ATTR_MALLOC; /* n bytes and a closing 0 */
char *xasprintf(const char *fmt, ...) ATTR_PRINTF(1, 2);

#endif

/* xalloc.h - allocation that cannot fail: it aborts the program with a message. All results are freed with free().
 * Anything whose size the network or a file decides must have a ceiling before it comes here. Thread-safe. */
#ifndef WEIR_BASE_XALLOC_H
#define WEIR_BASE_XALLOC_H

#include "base/attr.h"

#define HUGE_BYTES ((size_t)2 << 20) /* a huge page of x86-64 and, mostly, of aarch64 */

void *xmalloc(size_t n) ATTR_MALLOC;
void *xcalloc(size_t count, size_t size) ATTR_MALLOC; /* zeroed; checks the product */
/* Of memory that is used all over, such as a hash table: on a cache line's boundary and, from HUGE_BYTES on, on huge
 * pages where the machine has them, which spares most faults of pages and misses of the TLB. */
void *xmalloc_wide(size_t n) ATTR_MALLOC;
void *xcalloc_wide(size_t count, size_t size) ATTR_MALLOC; /* zeroed; checks the product */
void *xrealloc(void *p, size_t n);
void *xreallocarray(void *p, size_t count, size_t size); /* checks the product */
char *xstrdup(const char *s) ATTR_MALLOC;
char *xmemdup0(const char *p, size_t n) ATTR_MALLOC; /* n bytes and a closing 0 */
char *xasprintf(const char *fmt, ...) ATTR_PRINTF(1, 2);

#endif

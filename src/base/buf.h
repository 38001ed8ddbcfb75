/* buf.h - a growable byte buffer with a ceiling that its creator states.
 * Adding beyond the ceiling changes nothing and marks the buffer as failed, and a failed buffer takes nothing more
 * until buf_clear(); check once at the end (`b->failed`). The bytes are always followed by a 0 that is not counted. Not
 * thread-safe. */
#ifndef WEIR_BASE_BUF_H
#define WEIR_BASE_BUF_H

#include <stdarg.h>

#include "base/str.h"

struct buf {
    char *p; /* NULL until the first byte */
    size_t n, cap, max;
    bool failed; /* something did not fit */
};

#define BUF_INIT(max_bytes) ((struct buf){NULL, 0, 0, (max_bytes), false})

void buf_init(struct buf *b, size_t max);
void buf_free(struct buf *b);                        /* frees, leaves it empty and usable with the same ceiling */
void buf_clear(struct buf *b);                       /* n = 0, failed = false, memory kept */
int buf_add(struct buf *b, const void *p, size_t n); /* 0, or -1: over the ceiling */
int buf_adds(struct buf *b, struct str s);
int buf_addz(struct buf *b, const char *z);
int buf_addc(struct buf *b, char c);
int buf_addf(struct buf *b, const char *fmt, ...) ATTR_PRINTF(2, 3);
int buf_vaddf(struct buf *b, const char *fmt, va_list ap) ATTR_PRINTF(2, 0);
/* Room for n more bytes: where to write them, or NULL over the ceiling. Then buf_wrote(). */
char *buf_room(struct buf *b, size_t n);
void buf_wrote(struct buf *b, size_t n);
void buf_drop(struct buf *b, size_t n);  /* remove n bytes from the front */
struct str buf_str(const struct buf *b); /* borrows until the next change */
char *buf_take(struct buf *b);           /* gives the 0-ended memory to the caller (free()); the buffer is empty */

#endif

/* err.h - the error value of the cold path.
 *
 * A cold function is `int f(..., struct err *e)`: 0 on success, negative on failure. On failure `e` holds a code and
 * one sentence that names the place and the remedy; on success `e` is untouched, so calls can be chained on one value.
 * The value is of fixed size: nothing to free. `e` may be NULL where the caller does not care.
 * The hot path does not use this: it returns negative enums without text. Thread rule: a value belongs to one thread.
 */
#ifndef WEIR_BASE_ERR_H
#define WEIR_BASE_ERR_H

#include "base/attr.h"

enum err_code {
    ERR_NONE = 0,
    ERR_USAGE,    /* the command line or the configuration is wrong: exit 2 */
    ERR_DATA,     /* a file's content is wrong: exit 2 */
    ERR_IO,       /* files: open, read, write, disk full */
    ERR_NET,      /* resolving, connecting, listening */
    ERR_TLS,      /* handshake, certificates */
    ERR_PROTO,    /* the peer broke its protocol, or answered with an error */
    ERR_LIMIT,    /* a resource or a ceiling: files, ports, memory */
    ERR_INTERNAL, /* a defect of weir */
};

struct err {
    enum err_code code;
    int sys;         /* errno where one was the cause, else 0 */
    size_t line;     /* 1-based line in the file concerned, 0 unknown */
    char text[1000]; /* UTF-8, no newline at its end, cut at the end when too long */
};

/* Fill `e` (may be NULL) and return -1. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...) ATTR_PRINTF(3, 4);

/* The same with ": " and the text of `sys` (an errno) behind. */
int err_sys(struct err *e, enum err_code code, int sys, const char *fmt, ...) ATTR_PRINTF(4, 5);

/* Put text in front of what `e` says ("FILE: " + text). Returns -1. */
int err_prefix(struct err *e, const char *fmt, ...) ATTR_PRINTF(2, 3);

#endif

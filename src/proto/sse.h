/* sse.h - incremental parser of text/event-stream by the WHATWG rules (HTML Living Standard, section 9.2):
 * CR, LF and CRLF line ends, one leading BOM, comments, several data lines joined by LF, event, id (ignored with a
 * NUL), retry, fields without colon, one space after the colon dropped, an unfinished event at the end is discarded. An
 * event is given at the first byte of its blank line's end (a CR does not wait for its LF); events without data are not
 * given. Bytes pass as they stand: UTF-8 is not checked here. No I/O. Cost: one memchr each for LF and CR over the
 * bytes; an event that lies whole in the fed piece and has one data line is given without copying. Memory: what an
 * event or line that spans pieces needs, kept for the next. Any split of the input gives the same events. Not
 * thread-safe; one per stream. Ceiling, given at creation: no line and no event's data may be longer than max_event
 * bytes. */
#ifndef WEIR_PROTO_SSE_H
#define WEIR_PROTO_SSE_H

#include "base/buf.h"

enum sse_rc { SSE_OK = 0, SSE_E_TOOBIG = -1, SSE_E_STOPPED = -2 };

struct sse_ev {
    struct str type; /* "" stands for "message" */
    struct str data;
    struct str id; /* the last id seen on the stream */
};
/* Views borrowed until it returns; non-zero stops the parser: SSE_E_STOPPED. It must not touch the parser. */
typedef int sse_cb(void *arg, const struct sse_ev *ev);

/* A comment line's text without its colon and one space behind it; views as above. */
typedef void sse_comment_cb(void *arg, struct str text);

struct sse {
    size_t max_event;
    sse_cb *cb;
    void *arg;
    sse_comment_cb *comment; /* NULL, or set by the owner behind sse_init: called with `arg` */
    uint64_t comments;       /* comment lines seen: keep-alives */
    int64_t retry_ms;        /* the last retry field, -1 none */
    /* private */
    struct buf line; /* the beginning of a line that spans pieces */
    struct buf data; /* data lines of the event, joined */
    struct buf type, id;
    struct str pend;     /* instead of `data`: the only data line so far, within the piece being fed; p NULL: none */
    enum sse_rc rc;      /* errors are sticky until sse_reset */
    unsigned char bom_n; /* bytes of a BOM seen */
    bool bom_done, skip_lf, has_data;
};

void sse_init(struct sse *s, size_t max_event, sse_cb *cb, void *arg);
void sse_reset(struct sse *s); /* for the next stream; keeps memory */
void sse_free(struct sse *s);
enum sse_rc sse_feed(struct sse *s, const char *p, size_t n);

#endif

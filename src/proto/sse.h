/* sse.h - incremental parser of text/event-stream by the WHATWG rules (HTML Living Standard, section 9.2):
 * CR, LF and CRLF line ends, one leading BOM, comments, several data lines joined by LF, event, id (ignored with a NUL),
 * retry, fields without colon, one space after the colon dropped, an unfinished event at the end is discarded.
 * An event is given at its blank line; events without data are not given. No I/O. Cost: one memchr-like pass; an event that
 * lies whole in the fed piece and has one data line is given without copying.
 * Any split of the input gives the same events. Not thread-safe; one per stream. Ceiling per event given at creation. */
#ifndef WEIR_PROTO_SSE_H
#define WEIR_PROTO_SSE_H

#include "base/str.h"

enum sse_rc { SSE_OK = 0, SSE_E_TOOBIG = -1, SSE_E_STOPPED = -2 };

struct sse_ev {
    struct str type; /* "" stands for "message" */
    struct str data;
    struct str id;   /* the last id seen on the stream */
};
/* Views borrowed until it returns; non-zero stops the parser: SSE_E_STOPPED. */
typedef int sse_cb(void *arg, const struct sse_ev *ev);

struct sse {
    size_t max_event;
    sse_cb *cb;
    void *arg;
    char *acc; /* bytes of an event that spans pieces */
    size_t acc_n, acc_cap;
    char *id, *type;
    size_t id_n, id_cap, type_n, type_cap;
    size_t data_n; /* bytes of data collected in acc */
    uint64_t comments; /* comment lines seen: keep-alives */
    int64_t retry_ms;  /* the last retry field, -1 none */
    unsigned state;
    bool has_data, bom_done;
    unsigned char bom_n;
};

void sse_init(struct sse *s, size_t max_event, sse_cb *cb, void *arg);
void sse_reset(struct sse *s); /* for the next stream; keeps memory */
void sse_free(struct sse *s);
enum sse_rc sse_feed(struct sse *s, const char *p, size_t n);

#endif

/* ndjson.h - incremental splitter of JSON lines (NDJSON, https://github.com/ndjson/ndjson-spec): one JSON text per
 * line, a line ended by LF or CRLF. Lines of nothing but white space are dropped: the specification allows it, and
 * servers send them to keep a connection alive. A last line without its end is given by ndjson_end, to be called when
 * the body ended as it should. Bytes pass as they stand: neither JSON nor UTF-8 is checked here. No I/O. Cost: one
 * memchr over the bytes; a line that lies whole in the fed piece is given without copying. Memory: what a line that
 * spans pieces needs, kept for the next. Any split of the input gives the same lines. Not thread-safe; one per stream.
 * Ceiling, given at creation: no line, its LF not counted, may be longer than max_line bytes. */
#ifndef WEIR_PROTO_NDJSON_H
#define WEIR_PROTO_NDJSON_H

#include "base/buf.h"

enum ndjson_rc { NDJSON_OK = 0, NDJSON_E_TOOBIG = -1, NDJSON_E_STOPPED = -2 };

/* A line without its end, not empty; borrowed until it returns. Non-zero stops the parser: NDJSON_E_STOPPED. It must
 * not touch the parser. */
typedef int ndjson_cb(void *arg, struct str line);

struct ndjson {
    size_t max_line;
    ndjson_cb *cb;
    void *arg;
    /* private */
    struct buf line;   /* the beginning of a line that spans pieces */
    enum ndjson_rc rc; /* errors are sticky until ndjson_reset */
};

void ndjson_init(struct ndjson *s, size_t max_line, ndjson_cb *cb, void *arg);
void ndjson_reset(struct ndjson *s); /* for the next stream; keeps memory */
void ndjson_free(struct ndjson *s);
enum ndjson_rc ndjson_feed(struct ndjson *s, const char *p, size_t n);
enum ndjson_rc ndjson_end(struct ndjson *s);

#endif

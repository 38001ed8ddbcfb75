/* eventstream.h - incremental decoder of application/vnd.amazon.eventstream: messages of binary frames, each with
 * headers and a payload, as SageMaker, Bedrock and Transcribe stream them. A frame, big-endian: total length u32,
 * length of the headers u32, CRC-32 of these 8 bytes, headers, payload, CRC-32 of all before. Both checksums are
 * checked, the prelude's before its lengths are believed. A header: length of its name u8, name, type u8, value (types:
 * enum evs_type). No I/O. Cost: a checksum and one pass over the headers; a message that lies whole in the fed piece is
 * given without copying. Memory: what a message that spans pieces needs, kept for the next. Any split of the input
 * gives the same messages. Not thread-safe; one per stream. Ceiling, given at creation: no frame may be longer than
 * max_message. Source: AWS, "Event stream encoding" (Transcribe's developer guide and the SDKs' own implementations).
 */
#ifndef WEIR_PROTO_EVENTSTREAM_H
#define WEIR_PROTO_EVENTSTREAM_H

#include "base/buf.h"

enum evs_rc {
    EVS_OK = 0,
    EVS_E_TOOBIG = -1,
    EVS_E_STOPPED = -2,
    EVS_E_CHECKSUM = -3, /* of the prelude or of the message */
    EVS_E_SYNTAX = -4,   /* lengths or headers that do not fit into each other */
};

enum evs_type {
    EVS_TRUE,
    EVS_FALSE,
    EVS_BYTE,
    EVS_SHORT,
    EVS_INT,
    EVS_LONG,
    EVS_BYTES,
    EVS_STRING,
    EVS_TIME,
    EVS_UUID
};

struct evs_header {
    struct str name;
    enum evs_type type;
    struct str value; /* of bytes, string and uuid */
    int64_t number;   /* of the others; time: ms since 1970; true 1, false 0 */
};

/* The next header at the front of *rest, which is moved on. 1, 0 at the end, -1: broken. */
int evs_header_next(struct str *rest, struct evs_header *h);

struct evs_msg {                                            /* views, borrowed until the callback returns */
    struct str headers;                                     /* all of them, for evs_header_next; not broken */
    struct str kind;                                        /* :message-type: "event" "exception" "error", "" none */
    struct str event, exception, error_code, error_message; /* :event-type, :exception-type, ...; "" none */
    struct str content_type;
    struct str payload;
};
/* Non-zero stops the decoder: EVS_E_STOPPED. It must not touch the decoder. */
typedef int evs_cb(void *arg, const struct evs_msg *m);

struct evs {
    size_t max_message;
    evs_cb *cb;
    void *arg;
    /* private */
    struct buf part; /* the beginning of a message that spans pieces */
    enum evs_rc rc;  /* errors are sticky until evs_reset */
};

void evs_init(struct evs *s, size_t max_message, evs_cb *cb, void *arg);
void evs_reset(struct evs *s); /* for the next stream; keeps memory */
void evs_free(struct evs *s);
enum evs_rc evs_feed(struct evs *s, const char *p, size_t n);
bool evs_whole(const struct evs *s); /* the stream may end here: no error, and no message is begun */

#endif

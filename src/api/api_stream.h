/* api_stream.h - cuts a 2xx answer into the events that a dialect's decoder reads, whatever carries them: Server-Sent
 * Events, JSON lines, bare text, and any of these within AWS's event stream, whose frames hold slices of what the
 * container behind SageMaker sends or, of Bedrock, an event each. Sans-I/O; the same events at every split of the body.
 * Ceiling, given at creation: no event, and no frame, may be longer than max_event bytes. One per request, reused; not
 * thread-safe. */
#ifndef WEIR_API_API_STREAM_H
#define WEIR_API_API_STREAM_H

#include "api/api.h"
#include "proto/eventstream.h"
#include "proto/ndjson.h"
#include "proto/sse.h"

enum api_stream_rc {
    API_STREAM_OK = 0,
    API_STREAM_E_TOOBIG = -1,
    API_STREAM_E_STOPPED = -2, /* by the callback */
    API_STREAM_E_FRAME = -3,   /* a frame is broken: `why` */
    API_STREAM_E_FAILED = -4,  /* a frame tells of an error: `why` */
};

/* One event; type "" where none is told. Views, borrowed until it returns; non-zero stops. */
typedef int api_stream_cb(void *arg, struct str type, struct str data);

struct api_stream {
    enum api_framing
        framing;    /* from api_stream_begin on; API_WHOLE: it is no stream, the others are not to be called */
    bool enveloped; /* in AWS's event stream */
    struct buf why; /* of API_STREAM_E_FRAME and _FAILED: in few words, at most 2 KiB */
    /* private */
    api_stream_cb *cb;
    sse_comment_cb *comment;
    void *arg;
    enum api_stream_rc frame_rc; /* of the last frame */
    const struct api_ops *ops;
    enum api_framing inner; /* what the frames hold, where a header says */
    bool stream, inner_told;
    struct sse sse;
    struct ndjson lines;
    struct evs evs;
    struct buf unwrapped; /* a frame's bytes that came in JSON */
};

/* comment: of Server-Sent Events, called with `arg`; or NULL. */
void api_stream_init(struct api_stream *s, size_t max_event, api_stream_cb *cb, sse_comment_cb *comment, void *arg);
void api_stream_reset(struct api_stream *s, const struct api_ops *ops, bool stream); /* before each answer */
void api_stream_free(struct api_stream *s);

void api_stream_header(struct api_stream *s, struct str name, struct str value); /* each; most do not matter */
void api_stream_headers(struct api_stream *s, struct str lines); /* "Name: value" lines, each ended by LF */
enum api_framing api_stream_begin(struct api_stream *s);         /* all headers are there */
enum api_stream_rc api_stream_feed(struct api_stream *s, struct str piece);
enum api_stream_rc api_stream_end(struct api_stream *s); /* the body ended as it should: its last line */
bool api_stream_whole(const struct api_stream *s);       /* the body may end here */

#endif

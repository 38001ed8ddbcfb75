/* h2_server.h - one HTTP/2 connection as its server sees it (RFC 9113): bytes in, events out; answers in, bytes out.
 * nghttp2 behind it. No I/O, no clock.
 *
 * An answer is a head, then pieces of data, given whenever they exist, then its end. Each piece becomes one DATA frame,
 * unless a window or the frame size (16 KiB) cuts it; pieces of several streams take turns. h2s_pull gives one frame
 * at a time, so whoever writes knows which frame a piece left with. What the client's windows do not let through waits
 * here: h2s_queued.
 * Any split of the input gives the same events, apart from where data pieces are cut, and how many of a body come that
 * is not as long as it said.
 *
 * Ceilings: streams at once (SETTINGS_MAX_CONCURRENT_STREAMS); the size of a header section as RFC 9113, 6.5.2 counts
 * it; bytes waiting per connection; unanswered acknowledgements, settings per frame, CONTINUATION frames per section
 * and streams reset per second, where the library knows how (CVE-2019-9512, -9515, CVE-2023-44487, CVE-2024-28182).
 * What breaks one of them ends the connection by GOAWAY. When h2s_can_read says no, read on only after pulling.
 * Request bodies are not kept here; trailers of requests are read and dropped. Windows are given back as data comes.
 * Costs: about 1 us per frame and three copies of a piece; about 13 KiB per connection (nghttp2's frame buffer), 700
 * bytes per stream and its waiting pieces. Not thread-safe. */
#ifndef WEIR_PROTO_H2_SERVER_H
#define WEIR_PROTO_H2_SERVER_H

#include "base/str.h"

struct h2s;        /* a connection */
struct h2s_stream; /* a request and its answer; gone once `closed` has been called */

/* What a client with prior knowledge begins with (RFC 9113, 3.4): part of what h2s_feed wants. */
#define H2S_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define H2S_PREFACE_LEN 24

enum { /* error codes, RFC 9113, 7 */
       H2S_NO_ERROR = 0,
       H2S_PROTOCOL_ERROR = 1,
       H2S_INTERNAL_ERROR = 2,
       H2S_REFUSED_STREAM = 7,
       H2S_CANCEL = 8,
       H2S_ENHANCE_YOUR_CALM = 11,
};

struct h2s_field {
    struct str name, value; /* names in lower case */
};

/* All are called from h2s_feed, but for `sent`, `finished` and `closed`, which h2s_pull calls too, and `closed`, for
 * what is still open, h2s_free. Answers may be given from inside; h2s_feed and h2s_pull may not be called. Views are
 * borrowed. */
struct h2s_ops {
    void *(*begin)(void *arg, struct h2s_stream *st); /* what it returns is `user` in the other calls */
    void (*field)(void *arg, void *user, struct str name, struct str value); /* ":method" and the like too */
    /* too_large: fields beyond the ceiling were not given; end: no body follows */
    void (*headers)(void *arg, void *user, bool too_large, bool end);
    void (*data)(void *arg, void *user, struct str piece);
    void (*end)(void *arg, void *user);                /* the request is whole */
    void (*sent)(void *arg, void *user, uint32_t tag); /* the frame being pulled ends the piece with this tag */
    void (*finished)(void *arg, void *user);           /* the frame being pulled ends the answer */
    void (*closed)(void *arg, void *user, uint32_t code);
};

struct h2s_opts {
    uint32_t max_streams;
    uint32_t window;      /* bytes that a client may send ahead on one stream; the connection's is eight times it */
    uint32_t max_headers; /* bytes of a header section */
    size_t max_out;       /* bytes that may wait on the connection */
};

struct h2s *h2s_new(const struct h2s_opts *o, const struct h2s_ops *ops, void *arg);
void h2s_free(struct h2s **h);

/* 0, or -1: the connection is beyond use; pull what is left (a GOAWAY), then close it. */
int h2s_feed(struct h2s *h, const char *p, size_t n);
bool h2s_can_read(const struct h2s *h); /* false: too much is waiting to be pulled */
/* The next frame, valid until the next call of anything here; 0 bytes: none now. */
size_t h2s_pull(struct h2s *h, const char **p);
bool h2s_done(const struct h2s *h); /* nothing more will come or go: close the connection */
size_t h2s_open(const struct h2s *h);

/* Answers. Each 0, or -1: the stream is over, or too much waits. `end`: no body follows. */
int h2s_continue(struct h2s_stream *st); /* 100, for a client that waits before it sends its body */
int h2s_head(struct h2s_stream *st, int status, const struct h2s_field *f, size_t n, bool end);
int h2s_data(struct h2s_stream *st, const void *p, size_t n, uint32_t tag); /* tag 0: `sent` is not called */
/* n trailers (may be 0). A client that still sends its request is told to stop (RST_STREAM, NO_ERROR). */
int h2s_end(struct h2s_stream *st, const struct h2s_field *trailers, size_t n);
void h2s_reset(struct h2s_stream *st, uint32_t code); /* what waits is lost */
size_t h2s_queued(const struct h2s_stream *st);       /* bytes of data not pulled yet */
size_t h2s_queued_all(const struct h2s *h);

/* No more requests: those begun are answered, later ones are not processed, and the client learns which (GOAWAY with
 * the last one's id). at_once: the connection is over when this is pulled. */
void h2s_goaway(struct h2s *h, uint32_t code, bool at_once);
/* The same without a race (RFC 9113, 6.8): a GOAWAY that leaves out no stream and a PING go out; requests are still
 * taken until the answer to the PING says that the client knows, then h2s_goaway follows by itself (NO_ERROR). A client
 * that does not answer wants h2s_goaway after a while. */
void h2s_shutdown(struct h2s *h);

#endif

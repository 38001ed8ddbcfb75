/* h1.h - incremental HTTP/1.x message parser (RFC 9112), for responses and requests. llhttp behind it. No I/O.
 * Bodies are de-chunked. Any split of the input gives the same calls, apart from where body pieces are cut.
 * Ceilings: 64 KiB of header bytes per message, 256 headers. One per connection; not thread-safe.
 * Lenient only where the RFC allows it; whether a bare LF ends a line depends on how llhttp was built. An offer to
 * upgrade that is not a 101 is an ordinary message. llhttp 8 takes one chunk extension a chunk. */
#ifndef WEIR_PROTO_H1_H
#define WEIR_PROTO_H1_H

#include "base/str.h"

enum h1_kind { H1_RESPONSE, H1_REQUEST };

enum h1_rc {
    H1_OK = 0,         /* all bytes consumed */
    H1_DONE = 1,       /* a message ended; *used says how many bytes were consumed, the rest belongs to the next one */
    H1_UPGRADE = 2,    /* 101 or CONNECT */
    H1_E_SYNTAX = -1,  /* not HTTP */
    H1_E_TOOBIG = -2,  /* header ceiling */
    H1_E_STOPPED = -3, /* a callback returned non-zero */
};

struct h1;

/* Views are borrowed until the callback returns. Header values are trimmed. Return non-zero to stop. */
struct h1_cb {
    int (*start)(void *arg, struct str method, struct str target, int status); /* method, target: "" for responses */
    int (*header)(void *arg, struct str name, struct str value);
    int (*headers_done)(void *arg); /* called before the body; 1xx responses other than 101 are swallowed whole */
    int (*body)(void *arg, struct str piece);
    int (*done)(void *arg);
    int (*trailer)(void *arg, struct str name, struct str value); /* before done */
};

struct h1 *h1_new(enum h1_kind kind, const struct h1_cb *cb, void *arg);
void h1_free(struct h1 **p);
void h1_reset(struct h1 *p);         /* ready for a new connection; keeps its memory */
void h1_head_response(struct h1 *p); /* the next response answers a HEAD: it has no body */
enum h1_rc h1_feed(struct h1 *p, const char *data, size_t n, size_t *used);
/* The connection ended: H1_DONE when that ends a message properly (a body without length), H1_OK between messages,
 * H1_E_SYNTAX when a message is cut off. */
enum h1_rc h1_eof(struct h1 *p);
/* From the headers' end on: the body comes in chunks, and each piece is of one of them. */
bool h1_chunked(const struct h1 *p);
bool h1_keep_alive(const struct h1 *p);    /* of the message just ended */
const char *h1_reason(const struct h1 *p); /* why the last feed failed: a constant text */

#endif

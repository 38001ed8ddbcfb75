/* call.h - one exchange on a loop and a connection of its own, waited for. Cold: pre-flight, probe, /v1/models. */
#ifndef WEIR_ENGINE_CALL_H
#define WEIR_ENGINE_CALL_H

#include "engine/target.h"
#include "http/hclient.h"

enum { CALL_MAX_PIECES = 65536 };
struct call_piece {
    size_t end; /* the bytes of the reply from the piece before up to here ... */
    int64_t at; /* ... came at this instant */
};

struct call_times { /* monotonic ns, 0 = did not happen; as struct hx */
    int64_t start, conn_start, conn_end, tls_end, sent_first, sent_last, first_byte, headers, end;
};

struct call {
    /* in */
    const char *method, *path;    /* path NULL: the target's own */
    struct str body;              /* "" : none */
    const struct plan_extra *own; /* with a method, path or type: these instead; or NULL */
    int64_t timeout;              /* ns */
    bool keep_pieces;             /* fill `piece` */
    /* out */
    int status;         /* 0 = no response */
    struct buf headers; /* "Name: value" lines, each ended by LF; values of secret headers replaced */
    struct buf reply;   /* the body, at most max_reply bytes of it */
    char packed[8];     /* the coding it came in, undone here ("gzip", "zstd", "br"); "" none */
    char unread[200];   /* why it could not be undone; "" it could */
    char type[96];      /* its content-type, "" none */
    size_t max_reply;   /* ceiling; 0 = 1 MiB */
    enum hx_result result;
    enum stream_rc rc;
    bool timed_out;
    int http;            /* version that was spoken: 1 or 2; 0: none */
    int64_t retry_after; /* ns, -1 = not said */
    char location[512];  /* where a redirect points, raw, "" none */
    uint64_t bytes_in, bytes_out;
    struct call_times at;
    bool has_wire;
    struct hx_wire wire;      /* of the connection, once a response has begun */
    struct call_piece *piece; /* how the reply came, up to CALL_MAX_PIECES of it */
    size_t n_pieces, cap_pieces;
};

/* Signed where the target has a signer, and sent once more when it is refused for the clock.
 * 0 when a response came (of any status); -1 + e says what failed, in terms of the target. call_free in both cases. */
int call_do(const struct target *t, struct call *c, struct err *e);
void call_free(struct call *c);

/* The request's head as call_do sends it, the empty line included. */
void call_head(const struct target *t, const struct call *c, struct buf *out);

#endif

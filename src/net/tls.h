/* tls.h - TLS contexts (OpenSSL 3). One per worker thread: OpenSSL 3.0's contexts contend on locks. TLS 1.2 and 1.3.
 * Client: peers are verified against the system's store unless told otherwise; SNI and host name checks; ALPN (RFC
 * 7301) by TLS_ALPN_*. SSLKEYLOGFILE is honoured (NSS key log format, appended).
 * Resumption: the sessions that one target gave out, the newest TLS_MAX_SESSIONS of them, are kept for its next
 * connections (struct tls_sessions, given to stream_dial). A TLS 1.3 ticket is offered once only (RFC 8446, C.4): each
 * resumed connection brings the next one. Of connections that shake hands together, those for which there is no ticket
 * pay for the whole handshake. About 1.5 KiB per session kept. What came of it: stream_is_resumed. */
#ifndef WEIR_NET_TLS_H
#define WEIR_NET_TLS_H

#include "base/err.h"

struct tls_ctx;

/* Protocols to offer (client) or to take (server); 0 means HTTP/1.1 alone. With both, HTTP/2 is preferred. A peer that
 * does not negotiate speaks HTTP/1.1. What came of it: stream_is_h2. */
enum { TLS_ALPN_HTTP11 = 1, TLS_ALPN_H2 = 2 };

struct tls_client_opts {
    bool insecure;      /* -k: do not verify */
    const char *cacert; /* PEM file instead of the system's store, or NULL */
    const char *cert;   /* client certificate (PEM) and key, or NULL */
    const char *key;
    const char *keylog; /* file, or NULL; the caller passes getenv("SSLKEYLOGFILE") */
    unsigned alpn;      /* TLS_ALPN_* */
};
struct tls_ctx *tls_client_new(const struct tls_client_opts *o, struct err *e);

struct tls_server_opts {
    const char *cert,
        *key; /* PEM files; both NULL: a self-signed P-256 certificate for localhost, 127.0.0.1 and ::1 is made */
    const char *write_cert; /* write the certificate in use to this PEM file (so that clients can trust it), or NULL */
    unsigned alpn;          /* TLS_ALPN_* */
    bool no_tickets;        /* resume nothing */
    const struct tls_ctx *tickets_of; /* another server context, whose tickets this one takes too; or NULL */
};
struct tls_ctx *tls_server_new(const struct tls_server_opts *o, struct err *e);
void tls_free(struct tls_ctx **c); /* after the streams that use it */

enum { TLS_MAX_SESSIONS = 256 };
struct tls_sessions; /* of one target; belongs to one thread, and outlives the streams that were dialled with it */
struct tls_sessions *tls_sessions_new(void);
void tls_sessions_free(struct tls_sessions **s);

#endif

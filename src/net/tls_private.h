/* tls_private.h - what a TLS context holds, for stream_tls.c. */
#ifndef WEIR_NET_TLS_PRIVATE_H
#define WEIR_NET_TLS_PRIVATE_H

#include <openssl/ssl.h>

#include "base/attr.h"
#include "net/tls.h"

struct tls_ctx {
    SSL_CTX *ctx;
    BIO_METHOD *bio; /* stream_tls.c's, kept here because a method is made at run time */
    int keylog_fd;   /* -1 none */
    bool server;
    const unsigned char *alpn; /* in its wire form */
    unsigned alpn_n;
};

struct tls_sessions { /* a stack whose bottom gives way: the newest stands at (n_put - 1) mod its size */
    SSL_SESSION *v[TLS_MAX_SESSIONS];
    unsigned n_put, n;
};

/* stream_tls.c */
BIO_METHOD *stream_tls_bio_method(void); /* NULL: out of memory */

/* tls.c: OpenSSL's first queued reason as a text, the queue emptied. */
const char *tls_reason(void);
/* tls.c: offer a session of a former connection with this one, where there is one, and keep what it brings. */
void tls_use_sessions(SSL *ssl, struct tls_sessions *s);

#endif

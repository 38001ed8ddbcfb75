#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/xalloc.h"
#include "net/stream_private.h"
#include "net/tls_private.h"

/* One recvmsg brings ciphertext into the loop's shared buffer; OpenSSL takes it from there by way of a BIO of our own,
 * so the kernel's stamp stays with the bytes and a stream at rest holds no buffer. What OpenSSL did not take before the
 * shared buffer is needed for another stream moves to memory of this stream (rare: the caller's buffer was full, or
 * data came right behind the handshake). */
struct tls_stream {
    struct stream s; /* first */
    SSL *ssl;
    struct tls_sessions *sessions; /* NULL: none is resumed */
    const char *in;                /* ciphertext not yet taken */
    size_t n_in;
    char *kept;      /* memory behind `in` when it is not the shared buffer */
    struct rx rx;    /* of the last recvmsg */
    signed char end; /* 0, or the stream_rc to give when all data is out */
};

static struct tls_stream *tls_of(struct stream *s)
{
    return (struct tls_stream *)s;
}

void stream_tls_sessions(struct stream *s, struct tls_sessions *of)
{
    tls_of(s)->sessions = of;
}

size_t stream_tls_size(void)
{
    return sizeof(struct tls_stream);
}

/* ---- the BIO */

static int bio_read(BIO *b, char *out, size_t cap, size_t *n)
{
    struct tls_stream *t = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    *n = MIN(cap, t->n_in);
    if (*n == 0) {
        BIO_set_retry_read(b);
        return 0;
    }
    memcpy(out, t->in, *n);
    t->in += *n;
    t->n_in -= *n;
    return 1;
}

static int bio_write(BIO *b, const char *p, size_t len, size_t *n)
{
    struct tls_stream *t = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    ssize_t r = send(t->s.io.fd, p, len, MSG_NOSIGNAL);
    if (r >= 0) {
        *n = (size_t)r;
        return 1;
    }
    *n = 0;
    if (errno == EAGAIN || errno == EINTR)
        BIO_set_retry_write(b);
    else
        t->s.sys = errno;
    return 0;
}

static long bio_ctrl(BIO *b, int cmd, long num, void *ptr)
{
    return cmd == BIO_CTRL_FLUSH || cmd == BIO_CTRL_DUP;
}

BIO_METHOD *stream_tls_bio_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "weir stream");
    if (m && BIO_meth_set_read_ex(m, bio_read) && BIO_meth_set_write_ex(m, bio_write) && BIO_meth_set_ctrl(m, bio_ctrl))
        return m;
    BIO_meth_free(m);
    return NULL;
}

/* ---- ciphertext */

static void drop_kept(struct tls_stream *t)
{
    if (t->n_in == 0 && t->kept) {
        free(t->kept);
        t->kept = NULL;
    }
}

/* Before the shared buffer goes to another stream. */
static void keep_rest(struct tls_stream *t)
{
    if (t->n_in > 0 && !t->kept) {
        t->kept = xmalloc(t->n_in);
        memcpy(t->kept, t->in, t->n_in);
        t->in = t->kept;
    }
    drop_kept(t);
}

/* More ciphertext: > 0, or a stream_rc. Only when all former ciphertext is taken. */
static ssize_t receive(struct tls_stream *t, size_t cap)
{
    struct net_shared *sh = loop_net(t->s.loop);
    if (!sh->rx)
        sh->rx = xmalloc(NET_RX_BYTES);
    ssize_t n = rx_recv(t->s.loop, &t->s.rxs, t->s.io.fd, sh->rx, MIN(cap, (size_t)NET_RX_BYTES), &t->rx);
    if (n > 0) {
        t->in = sh->rx;
        t->n_in = (size_t)n;
        return n;
    }
    if (n == 0)
        return STREAM_EOF;
    enum stream_rc rc = stream_rc_of((int)-n);
    if (rc != STREAM_AGAIN)
        stream_set_error(&t->s, rc, (int)-n, NULL);
    return rc;
}

/* ---- handshake */

static void handshake_text(const struct tls_stream *t, char out[200])
{
    unsigned long code = ERR_peek_error();
    if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        snprintf(out, 200, "certificate verify failed: %s",
                 X509_verify_cert_error_string(SSL_get_verify_result(t->ssl)));
        return;
    }
    bool foreign = ERR_GET_LIB(code) == ERR_LIB_SSL &&
                   (ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER || ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST);
    snprintf(out, 200, "TLS handshake failed: %s%s", tls_reason(), foreign ? " (the peer does not speak TLS?)" : "");
}

static void handshake_failed(struct tls_stream *t)
{
    char text[200];
    if (t->s.sys != 0)
        snprintf(text, sizeof(text), "TLS handshake failed: the peer has reset the connection");
    else
        handshake_text(t, text);
    ERR_clear_error();
    stream_fail(&t->s, STREAM_TLS, t->s.sys, text);
}

static void want_io(struct tls_stream *t, unsigned want)
{
    int rc = loop_io_set(t->s.loop, &t->s.io, want);
    if (rc < 0)
        stream_fail(&t->s, STREAM_ERR, -rc, NULL);
}

static void handshake_done(struct tls_stream *t)
{
    const unsigned char *alpn;
    unsigned n;
    t->s.times.tls_end = clock_mono();
    SSL_get0_alpn_selected(t->ssl, &alpn, &n);
    t->s.resumed = SSL_session_reused(t->ssl);
    t->s.h2 = n == 2 && memcmp(alpn, "h2", 2) == 0;
    keep_rest(t);
    SSL_free_buffers(t->ssl); /* 16 KiB that OpenSSL would keep until the first data have been read */
    /* Data may have come along with the last message. */
    if (t->n_in > 0 || SSL_pending(t->ssl) > 0)
        loop_timer_set(t->s.loop, &t->s.kick, 0);
    stream_is_up(&t->s);
}

static void tls_handshake(struct stream *s)
{
    struct tls_stream *t = tls_of(s);
    for (;;) {
        ERR_clear_error();
        int r = SSL_do_handshake(t->ssl);
        if (r == 1) {
            handshake_done(t);
            return;
        }
        int why = SSL_get_error(t->ssl, r);
        if (why == SSL_ERROR_WANT_WRITE) {
            keep_rest(t);
            want_io(t, IO_WRITE);
            return;
        }
        if (why != SSL_ERROR_WANT_READ) {
            handshake_failed(t);
            return;
        }
        drop_kept(t);
        ssize_t n = receive(t, NET_RX_BYTES);
        if (n == STREAM_AGAIN) {
            want_io(t, IO_READ);
            return;
        }
        if (n < 0) {
            stream_fail(s, STREAM_TLS, s->sys,
                        n == STREAM_EOF ? "TLS handshake failed: the peer has closed the connection"
                                        : "TLS handshake failed: the peer has reset the connection");
            return;
        }
    }
}

/* SNI and the name to verify; an address has no SNI and is looked for among the certificate's addresses. */
static int set_peer_name(SSL *ssl, const char *host)
{
    unsigned char bin[16];
    if (inet_pton(AF_INET, host, bin) == 1 || inet_pton(AF_INET6, host, bin) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
    return SSL_set_tlsext_host_name(ssl, host) && SSL_set1_host(ssl, host);
}

static void tls_connected(struct stream *s)
{
    struct tls_stream *t = tls_of(s);
    t->ssl = SSL_new(s->tls->ctx);
    BIO *b = BIO_new(s->tls->bio);
    if (!t->ssl || !b) {
        BIO_free(b);
        stream_fail(s, STREAM_TLS, 0, tls_reason());
        return;
    }
    BIO_set_data(b, t);
    BIO_set_init(b, 1);
    SSL_set_bio(t->ssl, b, b);
    if (s->accepted) {
        SSL_set_accept_state(t->ssl);
    } else {
        SSL_set_connect_state(t->ssl);
        if (s->sni && s->sni[0] && !set_peer_name(t->ssl, s->sni)) {
            stream_fail(s, STREAM_TLS, 0, tls_reason());
            return;
        }
        tls_use_sessions(t->ssl, t->sessions);
    }
    s->state = ST_HANDSHAKE;
    tls_handshake(s);
}

/* ---- data */

/* Decrypt into p until the ciphertext is used up or p is full. */
static size_t decrypt(struct tls_stream *t, char *p, size_t cap)
{
    size_t got = 0;
    ERR_clear_error();
    while (got < cap && t->end == 0) {
        size_t n = 0;
        int r = SSL_read_ex(t->ssl, p + got, cap - got, &n);
        if (r == 1) {
            got += n;
            if (t->n_in == 0 && SSL_pending(t->ssl) == 0)
                break;
            continue;
        }
        switch (SSL_get_error(t->ssl, r)) {
        case SSL_ERROR_WANT_READ:
            return got;
        case SSL_ERROR_WANT_WRITE: /* an answer of the protocol's own must go out first */
            t->s.also_write = true;
            stream_update_io(&t->s);
            return got;
        case SSL_ERROR_ZERO_RETURN:
            t->end = STREAM_EOF;
            break;
        default: {
            int sys = t->s.sys;
            enum stream_rc rc = sys ? stream_rc_of(sys) : STREAM_TLS;
            stream_set_error(&t->s, rc, sys, sys ? NULL : tls_reason());
            ERR_clear_error();
            t->end = (signed char)rc;
        }
        }
    }
    return got;
}

static bool tls_pending(const struct stream *s)
{
    const struct tls_stream *t = (const struct tls_stream *)s;
    return t->n_in > 0 || t->end != 0 || SSL_pending(t->ssl) > 0;
}

static ssize_t tls_read(struct stream *s, void *p, size_t cap, struct rx *rx)
{
    struct tls_stream *t = tls_of(s);
    if (!tls_pending(s)) {
        ssize_t n = receive(t, cap);
        if (n < 0)
            return n;
    }
    size_t got = decrypt(t, p, cap);
    keep_rest(t);
    if (!tls_pending(s))
        loop_timer_stop(s->loop, &s->kick);
    else if (s->want_read)
        loop_timer_set(s->loop, &s->kick, 0);
    if (got == 0) /* tickets, as a rule; it frees its buffer behind data only */
        SSL_free_buffers(t->ssl);
    if (got == 0)
        return t->end ? t->end : STREAM_AGAIN;
    *rx = t->rx;
    return (ssize_t)got;
}

/* The next record's plaintext: in place when the first piece is large or alone, else gathered. */
static size_t next_record(struct stream *s, const struct iovec **v, int *n, size_t *at, const char **p)
{
    while (*n > 0 && *at >= (*v)->iov_len) {
        *at -= (*v)->iov_len;
        (*v)++;
        (*n)--;
    }
    if (*n == 0)
        return 0;
    *p = (const char *)(*v)->iov_base + *at;
    size_t first = (*v)->iov_len - *at;
    if (*n == 1 || first >= NET_TX_BYTES)
        return MIN(first, (size_t)NET_TX_BYTES);
    struct net_shared *sh = loop_net(s->loop);
    if (!sh->tx)
        sh->tx = xmalloc(NET_TX_BYTES);
    size_t have = 0, skip = *at;
    for (int i = 0; i < *n && have < NET_TX_BYTES; i++, skip = 0) {
        size_t k = MIN((*v)[i].iov_len - skip, NET_TX_BYTES - have);
        memcpy(sh->tx + have, (const char *)(*v)[i].iov_base + skip, k);
        have += k;
    }
    *p = sh->tx;
    return have;
}

static ssize_t tls_writev(struct stream *s, const struct iovec *v, int n)
{
    struct tls_stream *t = tls_of(s);
    size_t sent = 0, at = 0, len;
    const char *p;
    ERR_clear_error();
    while ((len = next_record(s, &v, &n, &at, &p)) > 0) {
        size_t k = 0;
        int r = SSL_write_ex(t->ssl, p, len, &k);
        if (r != 1) {
            int why = SSL_get_error(t->ssl, r);
            if (why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ)
                return sent ? (ssize_t)sent : STREAM_AGAIN;
            int sys = s->sys;
            enum stream_rc rc = sys ? stream_rc_of(sys) : STREAM_TLS;
            stream_set_error(s, rc, sys, sys ? NULL : tls_reason());
            ERR_clear_error();
            return sent ? (ssize_t)sent : rc;
        }
        sent += k;
        at += k;
    }
    return (ssize_t)sent;
}

static void name_text(X509_NAME *name, char *out, size_t cap)
{
    BIO *b = BIO_new(BIO_s_mem());
    if (b && X509_NAME_print_ex(b, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
        int n = BIO_read(b, out, (int)cap - 1);
        out[MAX(n, 0)] = 0;
    }
    BIO_free(b);
}

bool stream_get_tls(const struct stream *s, struct stream_tls *out)
{
    memset(out, 0, sizeof *out);
    if (s->ops != &stream_tls_ops || s->state != ST_UP)
        return false;
    const SSL *ssl = ((const struct tls_stream *)s)->ssl;
    snprintf(out->version, sizeof out->version, "%s", SSL_get_version(ssl));
    snprintf(out->cipher, sizeof out->cipher, "%s", SSL_get_cipher_name(ssl));
    const X509 *cert = SSL_get0_peer_certificate(ssl);
    if (!cert)
        return true;
    name_text(X509_get_subject_name(cert), out->subject, sizeof out->subject);
    name_text(X509_get_issuer_name(cert), out->issuer, sizeof out->issuer);
    struct tm tm;
    if (ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) == 1)
        strftime(out->until, sizeof out->until, "%Y-%m-%d %H:%M:%S UTC", &tm);
    return true;
}

static void tls_destroy(struct stream *s)
{
    struct tls_stream *t = tls_of(s);
    if (t->ssl && s->state == ST_UP && !s->reset_on_close && t->end != STREAM_TLS && s->rc != STREAM_RESET) {
        ERR_clear_error();
        SSL_shutdown(t->ssl);
        ERR_clear_error();
    }
    SSL_free(t->ssl);
    free(t->kept);
}

const struct stream_ops stream_tls_ops = {
    .connected = tls_connected,
    .handshake = tls_handshake,
    .read = tls_read,
    .writev = tls_writev,
    .pending = tls_pending,
    .destroy = tls_destroy,
};

#include "net/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "net/certmaker.h"
#include "net/tls_private.h"

static void set_alpn(struct tls_ctx *c, unsigned which)
{
    static const unsigned char both[] = "\x02h2\x08http/1.1";
    bool h2 = which & TLS_ALPN_H2, h11 = !h2 || (which & TLS_ALPN_HTTP11);
    c->alpn = h2 ? both : both + 3;
    c->alpn_n = (h2 ? 3 : 0) + (h11 ? 9 : 0);
}

const char *tls_reason(void)
{
    unsigned long code = ERR_peek_error();
    const char *t = code == 0                ? "OpenSSL gave no reason"
                    : ERR_SYSTEM_ERROR(code) ? strerrordesc_np(ERR_GET_REASON(code))
                                             : ERR_reason_error_string(code);
    ERR_clear_error();
    return t ? t : "unknown reason";
}

static void on_keylog(const SSL *ssl, const char *line)
{
    const struct tls_ctx *c = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    /* One write: the file is opened for appending and may be shared by several threads. */
    struct iovec v[2] = {{(char *)line, strlen(line)}, {(char[]){'\n'}, 1}};
    ssize_t n = writev(c->keylog_fd, v, 2);
    (void)n;
}

static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n, const unsigned char *in,
                       unsigned in_n, void *arg)
{
    const struct tls_ctx *c = arg;
    unsigned char *chosen;
    if (SSL_select_next_proto(&chosen, out_n, c->alpn, c->alpn_n, in, in_n) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* ---- resumption */

static SSL_SESSION *newest(const struct tls_sessions *s)
{
    return s->n ? s->v[(s->n_put - 1) % TLS_MAX_SESSIONS] : NULL;
}

static void drop_newest(struct tls_sessions *s)
{
    SSL_SESSION_free(newest(s));
    s->n_put--;
    s->n--;
}

static int on_new_session(SSL *ssl, SSL_SESSION *x)
{
    struct tls_sessions *s = SSL_get_app_data(ssl);
    if (!s)
        return 0;
    SSL_SESSION **at = &s->v[s->n_put++ % TLS_MAX_SESSIONS];
    if (s->n == TLS_MAX_SESSIONS)
        SSL_SESSION_free(*at);
    else
        s->n++;
    *at = x;
    return 1; /* kept */
}

void tls_use_sessions(SSL *ssl, struct tls_sessions *s)
{
    SSL_SESSION *x;
    if (!s)
        return;
    SSL_set_app_data(ssl, s);
    while ((x = newest(s)) != NULL && !SSL_SESSION_is_resumable(x)) /* its connection ended badly */
        drop_newest(s);
    if (!x || !SSL_set_session(ssl, x))
        return;
    if (SSL_SESSION_get_protocol_version(x) >= TLS1_3_VERSION) /* one of TLS 1.2 serves many connections */
        drop_newest(s);
}

struct tls_sessions *tls_sessions_new(void)
{
    return xcalloc(1, sizeof(struct tls_sessions));
}

void tls_sessions_free(struct tls_sessions **sp)
{
    struct tls_sessions *s = *sp;
    if (!s)
        return;
    while (s->n > 0)
        drop_newest(s);
    free(s);
    *sp = NULL;
}

/* A key with a passphrase must not make OpenSSL ask on the terminal. */
static int no_passphrase(char *buf, int size, int rwflag, void *arg)
{
    return -1;
}

static struct tls_ctx *new_ctx(bool server, struct err *e)
{
    struct tls_ctx *c = xcalloc(1, sizeof(*c));
    c->server = server;
    c->keylog_fd = -1;
    c->ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    c->bio = stream_tls_bio_method();
    if (!c->ctx || !c->bio) {
        err_set(e, ERR_TLS, "cannot set TLS up: %s", tls_reason());
        tls_free(&c);
        return NULL;
    }
    SSL_CTX_set_app_data(c->ctx, c);
    SSL_CTX_set_min_proto_version(c->ctx, TLS1_2_VERSION);
    SSL_CTX_set_mode(c->ctx,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(c->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(c->ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_default_passwd_cb(c->ctx, no_passphrase);
    return c;
}

static int use_pair(struct tls_ctx *c, const char *cert, const char *key, struct err *e)
{
    if (SSL_CTX_use_certificate_chain_file(c->ctx, cert) != 1)
        return err_set(e, ERR_TLS, "%s: cannot use this certificate (PEM expected): %s", cert, tls_reason());
    if (SSL_CTX_use_PrivateKey_file(c->ctx, key, SSL_FILETYPE_PEM) != 1)
        return err_set(e, ERR_TLS, "%s: cannot use this private key (PEM without passphrase expected): %s", key,
                       tls_reason());
    if (SSL_CTX_check_private_key(c->ctx) != 1)
        return err_set(e, ERR_TLS, "%s: the key does not belong to the certificate %s: %s", key, cert, tls_reason());
    return 0;
}

static int set_trust(struct tls_ctx *c, const struct tls_client_opts *o, struct err *e)
{
    SSL_CTX_set_verify(c->ctx, o->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    if (o->insecure)
        return 0;
    if (o->cacert && SSL_CTX_load_verify_file(c->ctx, o->cacert) != 1)
        return err_set(e, ERR_TLS, "%s: cannot use these authorities' certificates (PEM expected): %s", o->cacert,
                       tls_reason());
    if (!o->cacert && SSL_CTX_set_default_verify_paths(c->ctx) != 1)
        return err_set(e, ERR_TLS, "cannot use the system's authorities: %s", tls_reason());
    return 0;
}

struct tls_ctx *tls_client_new(const struct tls_client_opts *o, struct err *e)
{
    struct tls_ctx *c = new_ctx(false, e);
    if (!c)
        return NULL;
    if (set_trust(c, o, e) < 0)
        goto fail;
    if (o->cert && use_pair(c, o->cert, o->key ? o->key : o->cert, e) < 0)
        goto fail;
    set_alpn(c, o->alpn);
    if (SSL_CTX_set_alpn_protos(c->ctx, c->alpn, c->alpn_n) != 0) {
        err_set(e, ERR_TLS, "cannot offer a protocol by ALPN: %s", tls_reason());
        goto fail;
    }
    SSL_CTX_set_session_cache_mode(c->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(c->ctx, on_new_session);
    if (o->keylog && o->keylog[0]) {
        c->keylog_fd = open(o->keylog, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (c->keylog_fd < 0) {
            err_sys(e, ERR_IO, errno, "%s: cannot write the TLS key log", o->keylog);
            goto fail;
        }
        SSL_CTX_set_keylog_callback(c->ctx, on_keylog);
    }
    return c;
fail:
    tls_free(&c);
    return NULL;
}

static int use_made(struct tls_ctx *c, struct err *e)
{
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    if (cert_make(&key, &cert, e) < 0)
        return -1;
    int ok = SSL_CTX_use_certificate(c->ctx, cert) == 1 && SSL_CTX_use_PrivateKey(c->ctx, key) == 1;
    X509_free(cert);
    EVP_PKEY_free(key);
    return ok ? 0 : err_set(e, ERR_TLS, "cannot use the made certificate: %s", tls_reason());
}

/* All that is needed to resume travels in the ticket: nothing is kept here. */
static void set_tickets(struct tls_ctx *c, const struct tls_server_opts *o)
{
    unsigned char keys[80]; /* name, HMAC and AES key */
    static const unsigned char name[] = "weir";
    if (o->no_tickets) {
        SSL_CTX_set_options(c->ctx, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(c->ctx, 0);
        return;
    }
    SSL_CTX_set_session_id_context(c->ctx, name, sizeof(name) - 1);
    if (o->tickets_of && SSL_CTX_get_tlsext_ticket_keys(o->tickets_of->ctx, keys, sizeof(keys)) == 1)
        SSL_CTX_set_tlsext_ticket_keys(c->ctx, keys, sizeof(keys));
    OPENSSL_cleanse(keys, sizeof(keys));
}

struct tls_ctx *tls_server_new(const struct tls_server_opts *o, struct err *e)
{
    struct tls_ctx *c = new_ctx(true, e);
    if (!c)
        return NULL;
    set_tickets(c, o);
    set_alpn(c, o->alpn);
    SSL_CTX_set_alpn_select_cb(c->ctx, select_alpn, c);
    int rc;
    if (o->cert)
        rc = use_pair(c, o->cert, o->key ? o->key : o->cert, e);
    else if (o->key)
        rc = err_set(e, ERR_USAGE, "%s: a key without a certificate", o->key);
    else
        rc = use_made(c, e);
    if (rc == 0 && o->write_cert)
        rc = cert_write_pem(SSL_CTX_get0_certificate(c->ctx), o->write_cert, e);
    if (rc < 0)
        tls_free(&c);
    return c;
}

void tls_free(struct tls_ctx **cp)
{
    struct tls_ctx *c = *cp;
    if (!c)
        return;
    SSL_CTX_free(c->ctx);
    BIO_meth_free(c->bio);
    if (c->keylog_fd >= 0)
        close(c->keylog_fd);
    free(c);
    *cp = NULL;
}

#include "net/certmaker.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/file.h"

static int add_ext(X509 *c, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, c, c, NULL, NULL, 0);
    X509_EXTENSION *x = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    int ok = x && X509_add_ext(c, x, -1);
    X509_EXTENSION_free(x);
    return ok;
}

static int fill(X509 *c, EVP_PKEY *key)
{
    enum { DAY = 24 * 3600 };
    uint64_t serial = 0;
    if (RAND_bytes((unsigned char *)&serial, sizeof(serial)) != 1)
        return 0;
    X509_NAME *name = X509_get_subject_name(c);
    /* Not an authority: clients trust this very certificate, and it signs nothing else. */
    return X509_set_version(c, X509_VERSION_3) && ASN1_INTEGER_set_uint64(X509_get_serialNumber(c), serial >> 1 | 1) &&
           X509_gmtime_adj(X509_getm_notBefore(c), -DAY) && X509_gmtime_adj(X509_getm_notAfter(c), 30L * DAY) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0) &&
           X509_set_issuer_name(c, name) && X509_set_pubkey(c, key) &&
           add_ext(c, NID_basic_constraints, "critical,CA:FALSE") &&
           add_ext(c, NID_key_usage, "critical,digitalSignature") &&
           add_ext(c, NID_ext_key_usage, "serverAuth,clientAuth") && add_ext(c, NID_subject_key_identifier, "hash") &&
           add_ext(c, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1") && X509_sign(c, key, EVP_sha256());
}

int cert_make(EVP_PKEY **key, X509 **cert, struct err *e)
{
    EVP_PKEY *k = EVP_EC_gen("P-256");
    X509 *c = X509_new();
    if (k && c && fill(c, k)) {
        *key = k;
        *cert = c;
        return 0;
    }
    const char *why = ERR_reason_error_string(ERR_peek_error());
    err_set(e, ERR_TLS, "cannot make a certificate: %s", why ? why : "OpenSSL gave no reason");
    ERR_clear_error();
    EVP_PKEY_free(k);
    X509_free(c);
    return -1;
}

int cert_write_pem(const X509 *cert, const char *path, struct err *e)
{
    BIO *b = BIO_new(BIO_s_mem());
    char *text = NULL;
    int rc = -1;
    if (!b || !PEM_write_bio_X509(b, cert)) {
        err_set(e, ERR_TLS, "cannot put the certificate into PEM form");
    } else {
        long n = BIO_get_mem_data(b, &text);
        rc = file_write(path, (struct str){text, (size_t)n}, e);
    }
    BIO_free(b);
    return rc;
}

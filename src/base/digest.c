#include <openssl/evp.h>

#include "base/file.h"

/* struct sha256 is EVP_MD_CTX by another name: base/file.h names no library. */
static EVP_MD_CTX *ctx_of(struct sha256 *h)
{
    return (EVP_MD_CTX *)(void *)h;
}

/* Only without memory or with a library that lacks SHA-256: no result may be made up. */
static void must(bool ok)
{
    if (!ok)
        abort();
}

struct sha256 *sha256_new(void)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    must(c && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1);
    return (struct sha256 *)(void *)c;
}

void sha256_add(struct sha256 *h, struct str piece)
{
    must(EVP_DigestUpdate(ctx_of(h), piece.n ? piece.p : "", piece.n) == 1);
}

void sha256_end(struct sha256 **h, char out[65])
{
    static const char digit[] = "0123456789abcdef";
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (!*h)
        return;
    must(EVP_DigestFinal_ex(ctx_of(*h), md, &n) == 1 && n == 32);
    EVP_MD_CTX_free(ctx_of(*h));
    *h = NULL;
    for (unsigned i = 0; out && i < n; i++) {
        out[2 * i] = digit[md[i] >> 4];
        out[2 * i + 1] = digit[md[i] & 15];
    }
    if (out)
        out[2 * n] = 0;
}

void sha256_hex(struct str data, char out[65])
{
    struct sha256 *h = sha256_new();
    sha256_add(h, data);
    sha256_end(&h, out);
}

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
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (!*h)
        return;
    must(EVP_DigestFinal_ex(ctx_of(*h), md, &n) == 1 && n == 32);
    EVP_MD_CTX_free(ctx_of(*h));
    *h = NULL;
    if (out)
        digest_hex(md, out);
}

void sha1_hex(struct str data, char out[41])
{
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    must(EVP_Digest(data.n ? data.p : "", data.n, md, &n, EVP_sha1(), NULL) == 1 && n == 20);
    for (unsigned i = 0; i < n; i++)
        snprintf(out + (size_t)2 * i, 3, "%02x", md[i]);
}

void sha256_hex(struct str data, char out[65])
{
    struct sha256 *h = sha256_new();
    sha256_add(h, data);
    sha256_end(&h, out);
}

void sha256_raw(struct sha256 *h, unsigned char out[32])
{
    unsigned n = 0;
    must(EVP_DigestFinal_ex(ctx_of(h), out, &n) == 1 && n == 32);
    must(EVP_DigestInit_ex(ctx_of(h), NULL, NULL) == 1); /* the digest that it has is not looked up again */
}

/* RFC 2104, 2. By hand over one context: OpenSSL's own sets one up per call, which costs more than the hashing. */
void hmac_sha256(struct sha256 *h, struct str key, struct str text, unsigned char out[32])
{
    unsigned char pad[64], digest[32];
    memset(pad, 0, sizeof pad);
    if (key.n > sizeof pad) {
        sha256_add(h, key);
        sha256_raw(h, pad);
    } else if (key.n > 0) {
        memcpy(pad, key.p, key.n);
    }
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36;
    sha256_add(h, (struct str){(char *)pad, sizeof pad});
    sha256_add(h, text);
    sha256_raw(h, digest);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    sha256_add(h, (struct str){(char *)pad, sizeof pad});
    sha256_add(h, (struct str){(char *)digest, sizeof digest});
    sha256_raw(h, out);
    explicit_bzero(pad, sizeof pad);
}

void digest_hex(const unsigned char digest[32], char out[65])
{
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < 32; i++) {
        out[2 * i] = digit[digest[i] >> 4];
        out[2 * i + 1] = digit[digest[i] & 15];
    }
    out[64] = 0;
}

#include <openssl/evp.h>

#include "base/file.h"

void sha256_hex(struct str data, char out[65])
{
    static const char digit[] = "0123456789abcdef";
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (EVP_Digest(data.n ? data.p : "", data.n, md, &n, EVP_sha256(), NULL) != 1 || n != 32)
        abort(); /* only without memory or with a library that lacks SHA-256: no result may be made up */
    for (unsigned i = 0; i < n; i++) {
        out[2 * i] = digit[md[i] >> 4];
        out[2 * i + 1] = digit[md[i] & 15];
    }
    out[2 * n] = 0;
}

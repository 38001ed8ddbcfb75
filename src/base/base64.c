#include "base/base64.h"

void base64_add(struct buf *out, const void *bytes, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = bytes;
    char *to = buf_room(out, (n + 2) / 3 * 4), *at = to;
    if (!to)
        return;
    for (; n >= 3; n -= 3, p += 3) {
        *at++ = digits[p[0] >> 2];
        *at++ = digits[(p[0] & 3) << 4 | p[1] >> 4];
        *at++ = digits[(p[1] & 15) << 2 | p[2] >> 6];
        *at++ = digits[p[2] & 63];
    }
    if (n > 0) {
        unsigned char b = n > 1 ? p[1] : 0;
        *at++ = digits[p[0] >> 2];
        *at++ = digits[(p[0] & 3) << 4 | b >> 4];
        *at++ = n > 1 ? digits[(b & 15) << 2] : '=';
        *at++ = '=';
    }
    buf_wrote(out, (size_t)(at - to));
}

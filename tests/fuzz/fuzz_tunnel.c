/* fuzz_tunnel.c - any bytes as a proxy's answer: no crash, and one byte at a time gives what all at once give. */
#include <stdlib.h>

#include "net/tunnel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str in = {(const char *)data, n};
    struct tunnel a, b;
    size_t used = 0, sum = 0;
    tunnel_init(&a);
    tunnel_init(&b);
    enum tunnel_rc whole = tunnel_feed(&a, in, &used), part = TUNNEL_MORE;
    for (size_t i = 0; i < n && part == TUNNEL_MORE; i++) {
        size_t one = 0;
        part = tunnel_feed(&b, str_sub(in, i, 1), &one);
        sum += one;
    }
    if (whole != part || used != sum || a.status != b.status || strcmp(a.why, b.why) != 0)
        abort();
    return 0;
}

/* resolve.h - names to addresses, before a run (blocking, cold). */
#ifndef WEIR_NET_RESOLVE_H
#define WEIR_NET_RESOLVE_H

#include "base/err.h"
#include "net/stream.h"

/* Up to max addresses of host (name, IPv4 or IPv6 literal) with the port set; returns their number, or -1 with a
 * sentence. Order as getaddrinfo gives it. */
int resolve_host(const char *host, uint16_t port, struct addr *out, int max, struct err *e);
typedef int resolve_fn(const char *host, uint16_t port, struct addr *out, int max, struct err *e); /* resolve_host's */
bool resolve_is_address(const char *host); /* an IPv4 or IPv6 literal: there is nothing to look up */
bool addr_same(const struct addr *a, const struct addr *b);
int resolve_unix(const char *path, struct addr *out, struct err *e); /* path too long is an error */
char *addr_text(const struct addr *a, char out[64]); /* "127.0.0.1:80", "[::1]:80", "unix:/path" (cut) */

#endif

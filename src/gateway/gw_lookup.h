/* gw_lookup.h - the upstream's addresses, looked up again while the gateway runs: AWS moves its endpoints behind their
 * names. A thread of its own asks, so that no worker waits for a name server; workers look at a version when a call
 * begins. What does not resolve for a while stays as it was.
 * Thread rule: gw_lookup_get from any thread. */
#ifndef WEIR_GATEWAY_GW_LOOKUP_H
#define WEIR_GATEWAY_GW_LOOKUP_H

#include "net/resolve.h"

enum { GW_LOOKUP_ADDRS = 16 };

struct gw_lookup;
/* every: ns. The first look-up comes after that. NULL + e: no thread. */
struct gw_lookup *gw_lookup_new(const char *host, uint16_t port, int64_t every, resolve_fn *resolve, struct err *e);
void gw_lookup_free(struct gw_lookup **l); /* does not wait for a name server */
/* True when there are others than those of version *seen (0 at first): copied, and *seen is moved on. Costs an atomic
 * load where there are none. */
bool gw_lookup_get(struct gw_lookup *l, uint64_t *seen, struct addr out[GW_LOOKUP_ADDRS], size_t *n);

#endif

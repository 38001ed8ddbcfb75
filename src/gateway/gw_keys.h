/* gw_keys.h - the keys that clients of the gateway show. Only their SHA-256 is kept, and a key that is shown is
 * compared with all of them in the same time, whichever it is and whatever it begins with. Read-only after
 * gw_keys_load. */
#ifndef WEIR_GATEWAY_GW_KEYS_H
#define WEIR_GATEWAY_GW_KEYS_H

#include "base/err.h"
#include "base/file.h"

enum { GW_KEYS_MAX = 4096 };

struct gw_keys {
    unsigned char (*digest)[32];
    size_t n;
};

/* One key a line; empty lines and those that begin with # are passed over. -1 + e: unreadable, no key in it, a key with
 * blanks or control characters, too many. */
int gw_keys_load(struct gw_keys *k, const char *path, struct err *e);
void gw_keys_free(struct gw_keys *k);

/* authorization: "Bearer KEY"; api_key: KEY; either may be empty. h: this thread's, for its memory. */
bool gw_keys_allow(const struct gw_keys *k, struct sha256 *h, struct str authorization, struct str api_key);

#endif

/* tunnel.h - a proxy's answer to CONNECT (RFC 9110, 9.3.6), without I/O. A 2xx opens the tunnel: what follows its head
 * comes from the other end. Interim answers (1xx) are passed over. Any split of the input gives the same. Ceiling: 16
 * KiB. */
#ifndef WEIR_NET_TUNNEL_H
#define WEIR_NET_TUNNEL_H

#include "base/str.h"

enum tunnel_rc {
    TUNNEL_MORE = 0,
    TUNNEL_OPEN = 1,
    TUNNEL_REFUSED = -1,  /* another status; see why */
    TUNNEL_NOT_HTTP = -2, /* not such an answer */
};

struct tunnel {
    enum tunnel_rc rc;
    int status;
    char why[120]; /* for people, behind "the proxy " */
    /* private */
    size_t n, line_n; /* bytes of the head, and of the line that is being read */
    bool first_line;  /* it is the status line */
    char line[80];    /* its beginning */
};

void tunnel_init(struct tunnel *t);
/* *used of the bytes are the head's; the rest belongs to the other end. The result stays. */
enum tunnel_rc tunnel_feed(struct tunnel *t, struct str in, size_t *used);

#endif

/* h2_head.h - the text of an HTTP/1 request's head as HTTP/2 header fields (RFC 9113, 8.2 and 8.3).
 * The request line gives :method, :scheme and :path, Host gives :authority, names go to lower case. What speaks of one
 * connection is left out: Connection, Keep-Alive, Proxy-Connection, Transfer-Encoding, Upgrade, HTTP2-Settings, and TE
 * unless it says trailers. The text is one that weir made: only its form is checked.
 * No allocation once the memory has grown to the usual size. Not thread-safe. */
#ifndef WEIR_PROTO_H2_HEAD_H
#define WEIR_PROTO_H2_HEAD_H

#include <sys/uio.h>

#include "base/buf.h"

enum { H2_HEAD_FIELDS = 256, H2_HEAD_BYTES = 256 << 10 };

struct h2_field {
    struct str name, value;
};

struct h2_head {
    struct buf text; /* what the fields borrow */
    int n;
    struct h2_field f[H2_HEAD_FIELDS];
};

void h2_head_init(struct h2_head *h);
void h2_head_free(struct h2_head *h);
/* Both replace what was there. -1: not of this form, or more than the ceilings above allow; then it is empty. */
int h2_head_request(struct h2_head *h, struct str text, bool tls);       /* "METHOD TARGET HTTP/1.1" and lines */
int h2_head_lines(struct h2_head *h, const struct iovec *pieces, int n); /* header lines alone; Host is left out */

#endif

/* url.h - URLs of targets (RFC 3986, the http and https schemes). Views borrow the text. Thread-safe. */
#ifndef WEIR_PROTO_URL_H
#define WEIR_PROTO_URL_H

#include "base/err.h"
#include "base/str.h"

struct url {
    bool tls;            /* https */
    struct str scheme;   /* "" when none was written */
    struct str userinfo; /* without @; "" when none */
    struct str host;     /* without brackets; percent-decoding is refused in hosts */
    bool host_is_v6;
    uint16_t port; /* the scheme's default when none was written */
    bool has_port;
    struct str path;  /* "/..." without query; "" when none was written */
    struct str query; /* without ?; "" when none */
    bool has_query;
};

/* "host", "host:port", "[::1]:8000/x", "http://host/path?query#fragment" (the fragment is dropped). Refused with a
 * sentence: empty host, other schemes, control characters and spaces, a port out of 1..65535. */
int url_parse(struct url *u, struct str text, struct err *e);

#endif

/* redirect.h - where a 3xx answer points, in words: weir follows no redirect, since each would be a second request in
 * one figure, and a key must not go where the user did not send it. Nothing secret is shown: credentials and queries of
 * a Location are left out. Cold. */
#ifndef WEIR_ENGINE_REDIRECT_H
#define WEIR_ENGINE_REDIRECT_H

#include "engine/target.h"

/* A Location's value as it may be shown and stored: "https://[redacted]@host/path?[not shown]". Appended. */
void redirect_location(struct buf *out, struct str location);
/* "redirects to https://host/path; weir follows none: the server wants https; write https:// in the URL". `path` is
 * that of the request, with or without its query. Appended. */
void redirect_text(struct buf *out, const struct target *t, struct str path, struct str location);

#endif

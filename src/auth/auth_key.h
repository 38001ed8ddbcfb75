/* auth_key.h - API keys: where they come from, and the header they travel in. Cold.
 * A key is never printed, logged or stored; errors name its source, not its text. */
#ifndef WEIR_AUTH_AUTH_KEY_H
#define WEIR_AUTH_AUTH_KEY_H

#include "base/buf.h"
#include "base/err.h"

enum auth_style { AUTH_BEARER, AUTH_X_API_KEY, AUTH_API_KEY };
int auth_style_parse(struct str name, enum auth_style *out, struct err *e); /* "bearer" "x-api-key" "api-key" */

struct auth_key_source {  /* the first that is given wins, in this order; all NULL: that of `dflt_env`, else no key */
    const char *literal;  /* --api-key */
    const char *file;     /* --api-key-file: the first line, trimmed */
    const char *env_name; /* --api-key-env: it must be set then */
    const char *dflt_env; /* the dialect's own variable, looked at where none is given; NULL: OPENAI_API_KEY */
};
/* *key: malloc'd text, or NULL where there is none at all. -1 + e: unreadable, empty, or with control characters. */
int auth_key_load(const struct auth_key_source *s, char **key, struct err *e);

/* Append "Authorization: Bearer KEY\r\n" or its like. */
void auth_key_header(struct buf *out, enum auth_style style, const char *key);

/* Does this header name carry a secret (authorization, x-api-key, api-key, cookie, ...)? */
bool auth_is_secret_header(struct str name);

/* Stars over each place where a secret of at least 6 bytes stands in p, and over its beginning where the text was cut
 * within it. In place. */
void auth_cover(char *p, size_t n, struct str secret);

#endif

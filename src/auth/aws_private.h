/* aws_private.h - what the files of the credential chain share. A source is `int aws_from_X(chain, ..., out, e)`: 1 and
 * `out` filled; 0: it is not configured, and aws_note() has said so; -1 + e: it is configured, and it failed. */
#ifndef WEIR_AUTH_AWS_PRIVATE_H
#define WEIR_AUTH_AWS_PRIVATE_H

#include "auth/aws_creds.h"
#include "auth/aws_profile.h"
#include "base/jdoc.h"
#include "fetch/ask.h"

enum { AWS_ANSWER_MAX = 256 << 10, AWS_TOKEN_MAX = 64 << 10, AWS_FIELD_MAX = 16 << 10 };

struct aws_chain {
    char *profile, *region, *service, *container_host; /* of the options; NULL */
    aws_env_fn *env;
    void *env_arg;
    const struct clock_src *clock;
    struct asker *asker; /* NULL: nobody was asked yet */
    struct aws_profiles files;
    bool loaded; /* `files` are read; anew before each search */
    struct aws_creds kept;
    int64_t retry_at; /* monotonic: fetching anew failed, and is not tried again before */
    struct buf notes;
    char *host_region;     /* the last one that a host gave; STS of that region is asked */
    char *found_region;    /* what aws_chain_region lent out */
    char *metadata_region; /* of the metadata service; asked once */
    bool metadata_region_asked;
};

/* aws_creds.c */
const char *aws_env(const struct aws_chain *c, const char *name); /* NULL: not set, or empty */
bool aws_env_true(const struct aws_chain *c, const char *name);
int64_t aws_now(const struct aws_chain *c); /* seconds since 1970 */
void aws_note(struct aws_chain *c, const char *fmt, ...) ATTR_PRINTF(2, 3);
const char *aws_profile_name(const struct aws_chain *c); /* asked for, or AWS_PROFILE, or "default" */
bool aws_profile_chosen(const struct aws_chain *c);      /* it was named by someone */
int aws_load_profiles(struct aws_chain *c, struct err *e);

/* aws_take.c */
struct aws_taken {
    struct str key, secret, token, expires; /* empty: none. expires: ISO 8601 */
};
/* Checks (no blanks or control characters, nothing missing) and copies. */
int aws_take(struct aws_creds *out, const struct aws_taken *t, struct err *e);
/* The JSON of container, metadata service and credential_process; token: what its member is called. */
int aws_take_json(struct aws_creds *out, jnode *n, const char *token, struct err *e);
int aws_time_parse(struct str iso, int64_t *unix_s); /* "2026-11-28T14:00:00Z", with a fraction or an offset too */
/* The first AWS_TOKEN_MAX bytes' worth of a file, trimmed; a token that may stand in a header. NULL + e. */
char *aws_token_file(const char *path, struct err *e);
/* Bytes for a URL or a form: all but A-Z a-z 0-9 - . _ ~ as %XX. */
void aws_add_encoded(struct buf *out, const char *text);
/* " (text)" of what a server says of its refusal: printable, at most 300 bytes, nothing where `secret` is in it. */
void aws_add_said(struct buf *out, struct str text, const char *secret);

/* aws_ask.c: with retries where the server is not well. The answer's body is the caller's: wipe and free. */
int aws_ask(struct aws_chain *c, const struct ask *q, unsigned tries, struct ask_answer *a, struct err *e);
void aws_answer_free(struct ask_answer *a);
const char *aws_url_shown(const char *url); /* for messages: without a password in front of the host */
/* The URL of a service: AWS_ENDPOINT_URL_NAME, AWS_ENDPOINT_URL, those of the profile, else `usual`. To be freed. */
char *aws_endpoint(struct aws_chain *c, const char *name, const char *usual);

/* The sources. */
int aws_from_env(struct aws_chain *c, struct aws_creds *out, struct err *e);
int aws_from_env_web_identity(struct aws_chain *c, struct aws_creds *out, struct err *e);
int aws_from_profile(struct aws_chain *c, struct aws_creds *out, struct err *e);
int aws_from_sso(struct aws_chain *c, const struct aws_profile *p, struct aws_creds *out, struct err *e);
int aws_from_process(const char *command, struct aws_creds *out, struct err *e);
int aws_from_process_within(const char *command, int64_t limit, struct aws_creds *out, struct err *e); /* ns */
int aws_from_container(struct aws_chain *c, struct aws_creds *out, struct err *e);
int aws_from_metadata(struct aws_chain *c, struct aws_creds *out, struct err *e);
char *aws_metadata_region(struct aws_chain *c); /* NULL: none; to be freed */
void aws_source_of(struct aws_creds *out, const char *fmt, ...) ATTR_PRINTF(2, 3);

/* aws_sso_token.c */
struct aws_sso {
    const char *profile, *role, *account, *start_url, *region;
    const char *session; /* NULL: the old form, without a session */
};
char *aws_sso_token(struct aws_chain *c, const struct aws_sso *s, struct err *e); /* to be wiped and freed; NULL + e */

/* aws_sts.c */
struct aws_role {
    const char *arn, *session, *external_id; /* NULL: none */
    int64_t duration;                        /* seconds; 0: the service's own choice */
};
int aws_assume_role(struct aws_chain *c, const struct aws_role *r, const struct aws_creds *by, struct aws_creds *out,
                    struct err *e);
int aws_assume_web_identity(struct aws_chain *c, const struct aws_role *r, const char *token_file,
                            struct aws_creds *out, struct err *e);

/* aws_region.c */
bool aws_region_valid(struct str region);
const char *aws_service_region(struct aws_chain *c); /* for STS; NULL: none is known. Asks nobody. */

#endif

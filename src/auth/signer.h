/* signer.h - who signs a run's requests for AWS: the credentials, kept fresh, and the clock that the server has.
 *
 * Credentials are looked up once, before anything is sent, and published to whoever signs by one atomic pointer. Those
 * that expire are looked up again before they do, by a thread of the signer's own, so that no worker waits; what was
 * published stays until the end, since somebody may be reading it.
 * A signature is good for some minutes around the server's clock. One who is refused for that says so in its answer and
 * says its own time in Date: then all further requests are signed by that time (signer_refused).
 * Signing itself is auth/sigv4.h; each thread has a struct sigv4 of its own.
 *
 * Thread rule: signer_sign, signer_stale, signer_refused, signer_skew and signer_redact from any thread; the others
 * from one. */
#ifndef WEIR_AUTH_SIGNER_H
#define WEIR_AUTH_SIGNER_H

#include "auth/aws_creds.h"
#include "auth/sigv4.h"

struct signer;

struct signer_opts {     /* strings are copied; NULL: not given */
    const char *service; /* the signing name: "sagemaker", "bedrock", ... */
    const char *region, *profile;
    const char *(*env)(void *arg, const char *name); /* NULL: getenv */
    void *env_arg;
    const struct clock_src *clock; /* NULL: the real one */
};

/* Looks the credentials up, which may take seconds. NULL + e: there are none, or a name cannot be one. */
struct signer *signer_new(const struct signer_opts *o, struct err *e);
void signer_free(struct signer **s);
const char *signer_source(const struct signer *s); /* where the credentials are from, for people */
const char *signer_service(const struct signer *s);

/* The region that requests to this host are signed for. May ask the metadata service. */
int signer_region(struct signer *s, const char *host, char out[SIGV4_NAME_MAX + 1], struct err *e);

/* From now on credentials that expire are looked up again in time. Nothing happens where they do not. */
int signer_watch(struct signer *s, struct err *e);
void signer_unwatch(struct signer *s);
uint64_t signer_renewed(const struct signer *s); /* how often new ones were found since */

struct sigv4 *signer_sigv4(const struct signer *s, const char *region);

struct signing { /* what a signature was made from; all zero: none was */
    uint64_t version;
    int64_t at; /* seconds since 1970, this machine's */
};
/* Signature lines for a request of this head (sigv4_read_head), appended to out. -1: it cannot be signed. */
int signer_sign(struct signer *s, struct sigv4 *v, struct str head, const char *payload, struct buf *out,
                struct signing *g);
/* Whether that one is to be made anew before it is sent: it is older than SIGNER_FRESH_S, or was made with other
 * credentials or by another clock. */
enum { SIGNER_FRESH_S = 20 };
bool signer_stale(struct signer *s, const struct signing *g);

/* An answer with a status of refusal: header lines ("Name: value\n") and the beginning of its body. True: it was the
 * clock, and further signatures are made by the server's. */
bool signer_refused(struct signer *s, int status, struct str headers, struct str body);
int64_t signer_skew(const struct signer *s); /* seconds that the server's clock is ahead of this one; 0: none known */

/* Stars over secrets and session tokens in p, as target_redact. */
void signer_redact(const struct signer *s, char *p, size_t n);

#endif

/* aws_creds.h - AWS credentials and region, looked for where the AWS SDKs look.
 *
 * Order of the credentials: the environment's keys, a web identity of the environment (EKS), the profile files, a
 * container's endpoint (ECS, EKS), the EC2 metadata service. A profile that is asked for by name is looked up alone.
 * The first place that holds something counts: where that is wrong or refused the search ends with an error, so that
 * nobody is silently somebody else. docs/AWS.md lists every variable and key that is read.
 *
 * Temporary credentials are kept and fetched anew when less than AWS_REFRESH_S are left, by whoever asks then; a run
 * that lasts asks again now and then. No secret is in a message or in the log; what the chain holds of them is wiped.
 * Cold: asking may read files, start the profile's `credential_process` and wait for servers (bounded: see AWS.md).
 * Thread rule: one thread at a time per chain; the first aws_chain_get before other threads start (it may load
 * libcurl). Sources: the AWS SDKs and Tools Reference Guide; botocore, against which tests/interop holds it. */
#ifndef WEIR_AUTH_AWS_CREDS_H
#define WEIR_AUTH_AWS_CREDS_H

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

enum { AWS_REFRESH_S = 300 };

struct aws_creds {
    char *access_key_id, *secret_key;
    char *session_token;  /* NULL: none */
    int64_t expires_unix; /* seconds since 1970; 0: never */
    char source[64];      /* where they are from, for people: "the environment", "profile dev (assumed role)" */
};
void aws_creds_free(struct aws_creds *c); /* wipes, frees and clears the members; all zero is fine */

struct aws_chain_opts {  /* strings are copied; NULL: not given */
    const char *profile; /* --aws-profile: this profile and nothing else */
    const char *region;  /* --aws-region: before all others */
    const char *service; /* the signing name of who is talked to ("sagemaker"), for messages */
    const char *(*env)(void *arg, const char *name); /* NULL: getenv */
    void *env_arg;
    const struct clock_src *clock; /* NULL: the real one */
    const char *container_host;    /* NULL: http://169.254.170.2, before a relative container URI */
};

struct aws_chain;
/* NULL + e (ERR_USAGE): a region or a name of a profile that cannot be one. Nothing is read yet. */
struct aws_chain *aws_chain_new(const struct aws_chain_opts *o, struct err *e);
void aws_chain_free(struct aws_chain **c);

/* Fills `out` with a copy, for aws_creds_free. Where fetching anew fails while the kept ones are still good, a warning
 * is logged and they are given. -1 + e: none; every place is named, with what there is to do. */
int aws_chain_get(struct aws_chain *c, struct aws_creds *out, struct err *e);

/* The region to sign for: that of the options, else the one in `host` (NULL: no host) where it is one of AWS's, else
 * AWS_REGION, AWS_DEFAULT_REGION, the profile's, the metadata service's. Borrowed from the chain until the next call;
 * NULL: none, and aws_chain_region_missing() is the sentence to say. */
const char *aws_chain_region(struct aws_chain *c, const char *host);
const char *aws_chain_region_missing(const struct aws_chain *c);

/* The region in a host of AWS ("runtime.sagemaker.us-east-1.amazonaws.com"), a view into it; empty: none. */
struct str aws_host_region(struct str host);
/* What the names of a region's hosts end with: "amazonaws.com", "amazonaws.com.cn", ... */
const char *aws_dns_suffix(const char *region);

#endif

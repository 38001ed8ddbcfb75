/* sim_sigv4.h - whether a request carries a good signature of AWS (Signature Version 4), in its headers or its query,
 * as a service of AWS would see it. Written for itself, from the specification, so that a mistake of the client's
 * signing cannot be made twice: nothing of src/auth is used.
 * The services' way of counting: the clock may differ by five minutes; Host and all x-amz-* headers that are there must
 * be signed; the payload's hash is that of the body that came, or what X-Amz-Content-Sha256 says where that is
 * UNSIGNED-PAYLOAD. Any region and service are good, as long as the scope is well formed.
 * Cold, allocates by the request's size (which the server bounds); thread-safe. */
#ifndef WEIR_SIM_SIM_SIGV4_H
#define WEIR_SIM_SIM_SIGV4_H

#include "base/buf.h"
#include "base/err.h"
#include "http/hserver.h"

enum { SIM_SIGV4_USERS = 8 };

struct sim_sigv4 {
    struct {                           /* borrowed */
        struct str key, secret, token; /* token empty: permanent credentials */
    } user[SIM_SIGV4_USERS];
    unsigned n; /* 0: nothing is checked */
};

/* "KEY:SECRET" or "KEY:SECRET:TOKEN", several of them, NULL-ended. Secrets are not quoted in e. */
int sim_sigv4_parse(struct sim_sigv4 *v, const char *const *given, struct err *e);

struct sim_sigv4_refusal {
    int status;
    const char *type; /* "InvalidSignatureException": for x-amzn-ErrorType */
    struct buf message;
};
/* 0: a good signature, at this clock (seconds since 1970). -1: *no says why; free its message in either case. */
int sim_sigv4_check(const struct sim_sigv4 *v, const struct hs_request *q, int64_t now, struct sim_sigv4_refusal *no);

#endif

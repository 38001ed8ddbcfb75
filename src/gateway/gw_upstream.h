/* gw_upstream.h - where the gateway's requests go: a SageMaker endpoint by its name, or the URL of an invocations
 * route, and the constant part of each request's head. Cold; read-only after gw_upstream_open, shared by all workers.
 *
 * Of an endpoint (".../endpoints/NAME/invocations") streams are asked for at /invocations-response-stream
 * (InvokeEndpointWithResponseStream); of a container itself ("http://host:8080/invocations") at the same route, which
 * streams when the body says so. Source: Amazon SageMaker AI Runtime API Reference. */
#ifndef WEIR_GATEWAY_GW_UPSTREAM_H
#define WEIR_GATEWAY_GW_UPSTREAM_H

#include "auth/signer.h"
#include "gateway/gateway.h"
#include "net/resolve.h"
#include "net/tls.h"
#include "proto/url.h"

enum { GW_UPSTREAM_ADDRS = 16 };

struct gw_upstream {
    char *url_text; /* url borrows from it */
    struct url url;
    char *host;                      /* for SNI and look-ups */
    char *endpoint;                  /* NAME; of a container its host and port */
    char *path[2];                   /* [1]: of requests that ask for a stream */
    struct buf head[2];              /* "POST PATH HTTP/1.1" and header lines, without the empty line */
    char region[SIGV4_NAME_MAX + 1]; /* "": requests are not signed */
    struct addr addrs[GW_UPSTREAM_ADDRS];
    size_t n_addrs;
    struct tls_client_opts tls; /* used when url.tls */
};

/* signer NULL: requests go out unsigned. -1 + e: neither an endpoint's name nor such a URL (ERR_USAGE), no region, a
 * name that does not resolve. Nothing is sent but a name look-up (the signer may ask for the region). In both cases
 * gw_upstream_close follows. */
int gw_upstream_open(struct gw_upstream *u, const struct gateway_config *c, struct signer *signer, struct err *e);
void gw_upstream_close(struct gw_upstream *u);

/* Whether text names an endpoint ("sagemaker:NAME", or NAME alone), and which. Letters, digits and '-', at most 63. */
bool gw_upstream_is_endpoint(struct str text, struct str *name);

/* The URL of an endpoint's invocations route: at AWS's own host of the region, or below `base`, where the environment
 * names another address (a local twin, a VPC endpoint); NULL: it does not. -1 + e: no region. */
int gw_upstream_url(struct str name, struct signer *signer, const char *base, char *out, size_t cap, struct err *e);

#endif

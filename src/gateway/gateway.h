/* gateway.h - `weir gateway`: OpenAI's API in front of a SageMaker endpoint, as a server and as a Lambda function.
 *
 * Each worker thread has a loop, a server and a pool of upstream connections of its own; they share the configuration,
 * the signer and the counters of gw_metrics.h. A request becomes a struct gw_call (gw_call.h), whose answer goes to a
 * sink: a connection of the server (gw_front.c), or an invocation of the Lambda runtime (gw_lambda.c). */
#ifndef WEIR_GATEWAY_GATEWAY_H
#define WEIR_GATEWAY_GATEWAY_H

#include "base/err.h"

/* Filled by the option table (src/cli/opt_gateway.c). Strings are borrowed. Defaults stand in the option table. */
struct gateway_config {
    const char *upstream;         /* "sagemaker:ENDPOINT", or the URL of an invocations route */
    const char *listen;           /* "127.0.0.1:8080", "[::1]:0", "unix:/path"; not with lambda */
    const char *region, *profile; /* of AWS, or NULL */
    bool no_sigv4;                /* requests go out unsigned; only with a URL */
    const char *ca;               /* PEM file to verify the upstream with, or NULL: the system's */
    bool insecure;                /* do not verify the upstream's certificate */
    double hourly_usd;            /* what an instance costs; NaN: not known, no cost is told */
    uint64_t threads;
    uint64_t max_body, max_head;                                   /* bytes; beyond: 413, 431 */
    uint64_t max_requests;                                         /* at once, beyond: 429; 0: no limit */
    int64_t connect_timeout, first_timeout, idle_timeout, timeout; /* ns; until connected, the answer's beginning,
                                                                     between pieces, in all: 504 */
    int64_t client_timeout;   /* ns for a client to send a request, or to begin with the next; 0: for ever */
    int64_t drain;            /* ns that what is under way has after SIGTERM */
    const char *api_key_file; /* one key a line; NULL: whoever comes is served */
    bool tls;
    const char *cert, *key; /* PEM files of the server, or NULL */
    const char *http;       /* versions served: "auto", "1.1", "2" */
    bool no_emf;            /* no embedded metric format on stdout */
    bool lambda;
    const char *lambda_mode; /* "streaming" or "buffered" */
    bool quiet;
    int ready_fd; /* write "PORT\n" here too, -1 = none */
};

/* Checks the configuration, looks for credentials, prints "weir gateway listening on URL" on stdout and serves until
 * SIGTERM or SIGINT, then takes nothing new and gives what is under way `drain` to end. Returns the exit code: 0 after
 * a signal, 2 for a wrong configuration, 1 when it cannot listen or has no credentials. Once, from the main thread. */
int gateway_run(const struct gateway_config *c);

/* The same as a Lambda function: speaks the runtime API at AWS_LAMBDA_RUNTIME_API until it is ended (gw_lambda.h).
 * Returns 2 where there is no such API, 1 when it cannot start, which the API has been told, or when the API fails. */
int gateway_run_lambda(const struct gateway_config *c);
/* Tells the runtime API, where the environment names one, that the function cannot start; waits for that. */
void gateway_lambda_failed(const char *why);

#endif

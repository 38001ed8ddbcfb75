/* opt_gateway.c - the options of `weir gateway`, into struct gateway_config. */
#include "cli/opts.h"
#include "gateway/gateway.h"

#define C struct gateway_config
#define UP "Upstream"
#define SERVER "Server"
#define LIMIT "Limits and time"
#define TELL "What is told"

static const struct opt rows[] = {
    /* --- upstream --- */
    {"upstream", 'u', NULL, "UPSTREAM", UP, OPT_STR(C, upstream), .env = "ENDPOINT_NAME", .flags = OPT_URL,
     .check = check_not_empty,
     .help =
         "Where requests go: sagemaker:ENDPOINT, an endpoint of SageMaker by its name, or the URL of an invocations "
         "route: http://HOST/endpoints/NAME/invocations, whose streams are at invocations-response-stream, or "
         "http://HOST:8080/invocations of a container itself."},
    {"region", 'r', "aws-region", "REGION", UP, OPT_STR(C, region), .env = "REGION", .check = check_not_empty,
     .help = "Region of the endpoint, and to sign for. Default: the one in the URL's host, else what AWS_REGION, "
             "AWS_DEFAULT_REGION or the profile say."},
    {"profile", 'p', "aws-profile", "NAME", UP, OPT_STR(C, profile), .check = check_not_empty,
     .help = "Take the credentials of this profile and of nothing else."},
    {"no-sigv4", 0, NULL, NULL, UP, OPT_BOOL(C, no_sigv4), .flags = OPT_NEGATABLE,
     .help = "Send requests unsigned, to a container or a server that takes them; only with a URL."},
    {"cacert", 0, "ca-cert", "FILE", UP, OPT_STR(C, ca), .flags = OPT_FILE, .check = check_not_empty,
     .help = "Verify the upstream by the authorities in this PEM file instead of the system's."},
    {"insecure", 'k', NULL, NULL, UP, OPT_BOOL(C, insecure), .help = "Do not verify the upstream's certificate."},
    {"instance-hourly-usd", 0, "hourly-usd", "USD", UP, OPT_F64(C, hourly_usd), .def = "none", .word = "none",
     .env = "INSTANCE_HOURLY_USD", .flags = OPT_POSITIVE, .max = 1e6,
     .help = "What the endpoint's instance costs an hour, of which X-Cost-Per-1K-USD is made. Without it no cost is "
             "told."},

    /* --- server --- */
    {"listen", 'l', NULL, "ADDRESS", SERVER, OPT_STR(C, listen), .def = "127.0.0.1:8080", .check = check_not_empty,
     .help = "Where to listen: HOST:PORT, [IPV6]:PORT or unix:PATH. Port 0: one that is free; it is printed."},
    {"threads", 't', NULL, "N", SERVER, OPT_U64(C, threads), .def = "1", .flags = OPT_POSITIVE, .max = 1024,
     .help = "Threads that serve. One is enough for some hundred streams at once."},
    {"api-key-file", 0, NULL, "FILE", SERVER, OPT_STR(C, api_key_file), .flags = OPT_FILE, .check = check_not_empty,
     .help =
         "Serve only who shows one of the keys in this file, one a line, as Authorization: Bearer KEY or X-Api-Key; "
         "others get 401. /health is open to all."},
    {"tls", 0, NULL, NULL, SERVER, OPT_BOOL(C, tls), .flags = OPT_NEGATABLE,
     .help = "Serve https, with a certificate made at the start unless --cert and --key name one."},
    {"cert", 0, NULL, "FILE", SERVER, OPT_STR(C, cert), .flags = OPT_FILE, .check = check_not_empty,
     .help = "Certificate (PEM), with its chain."},
    {"key", 0, NULL, "FILE", SERVER, OPT_STR(C, key), .flags = OPT_FILE, .check = check_not_empty,
     .help = "Private key of --cert (PEM)."},
    {"http", 0, NULL, "VERSION", SERVER, OPT_CHOICE(C, http), .def = "auto", .choices = "auto 1.1 2",
     .help = "Versions to serve. auto: both, by ALPN over TLS, else HTTP/2 to a client that begins with its preface."},
    {"lambda", 0, NULL, NULL, SERVER, OPT_BOOL(C, lambda), .flags = OPT_NEGATABLE,
     .help = "Run as a function on AWS Lambda: take invocations from the runtime API at AWS_LAMBDA_RUNTIME_API instead "
             "of listening."},
    {"lambda-mode", 0, NULL, "MODE", SERVER, OPT_CHOICE(C, lambda_mode), .def = "streaming",
     .choices = "streaming buffered",
     .help = "With --lambda, what the REST API or the function URL in front is set to: streaming (STREAM, "
             "RESPONSE_STREAM) or buffered. HTTP APIs and load balancers always get whole answers."},

    /* --- limits and time --- */
    {"max-requests", 0, NULL, "N", LIMIT, OPT_U64(C, max_requests), .def = "none", .word = "none",
     .flags = OPT_POSITIVE, .help = "Chat requests under way at once; beyond it 429."},
    {"max-body", 0, NULL, "SIZE", LIMIT, OPT_BYTES(C, max_body), .def = "6M", .flags = OPT_POSITIVE,
     .max = 1073741824.0, .help = "Longer request bodies get 413. SageMaker itself takes 6 MiB."},
    {"max-head", 0, NULL, "SIZE", LIMIT, OPT_BYTES(C, max_head), .def = "32k", .flags = OPT_POSITIVE, .max = 65536,
     .help = "Requests with a longer head, all its lines together, get 431."},
    {"connect-timeout", 0, NULL, "TIME", LIMIT, OPT_NS(C, connect_timeout), .def = "5s", .word = "none",
     .flags = OPT_POSITIVE, .max = 86400, .help = "For a connection to the upstream, TLS included; beyond it 504."},
    {"first-timeout", 0, NULL, "TIME", LIMIT, OPT_NS(C, first_timeout), .def = "120s", .word = "none",
     .flags = OPT_POSITIVE, .max = 86400, .help = "Until the upstream's answer begins; beyond it 504."},
    {"idle-timeout", 0, NULL, "TIME", LIMIT, OPT_NS(C, idle_timeout), .def = "60s", .word = "none",
     .flags = OPT_POSITIVE, .max = 86400,
     .help = "Between two pieces of the upstream's answer; beyond it 504, or an error event in the stream."},
    {"timeout", 0, "request-timeout", "TIME", LIMIT, OPT_NS(C, timeout), .def = "600s", .word = "none",
     .flags = OPT_POSITIVE, .max = 86400, .help = "For a request in all; likewise."},
    {"client-timeout", 0, NULL, "TIME", LIMIT, OPT_NS(C, client_timeout), .def = "75s", .word = "none",
     .flags = OPT_POSITIVE, .max = 86400,
     .help = "For a client to send its request, to begin with the next one, or to take more of an answer; then its "
             "connection is closed."},
    {"drain", 0, NULL, "TIME", LIMIT, OPT_NS(C, drain), .def = "30s", .max = 86400,
     .help = "What answers under way have after SIGTERM or Ctrl-C to end; nothing new is taken meanwhile. A second "
             "signal ends them at once."},

    /* --- what is told --- */
    {"no-emf", 0, NULL, NULL, TELL, OPT_BOOL(C, no_emf), .flags = OPT_NEGATABLE,
     .help = "Write no lines of CloudWatch's embedded metric format to standard output."},
    {"quiet", 'q', NULL, NULL, TELL, OPT_BOOL(C, quiet), .flags = OPT_NEGATABLE,
     .help = "Nothing on standard error but errors."},
    {"ready-fd", 0, NULL, "FD", TELL, OPT_I32(C, ready_fd), .def = "-1", .min = -1, .max = 65535, .flags = OPT_HIDDEN,
     .help = "Write the port there too once it listens."},
};

const struct opt_table opt_gateway = {"gateway", "WEIR_GATEWAY_", rows, ARRAY_LEN(rows), NULL, 0};

int gateway_config_check(const struct gateway_config *c, const struct opt_seen *seen, struct err *e)
{
    if (!c->upstream)
        return err_set(e, ERR_USAGE,
                       "--upstream is missing: say where requests go, by sagemaker:ENDPOINT or the URL of an "
                       "invocations route");
    if (!c->cert != !c->key)
        return err_set(e, ERR_USAGE, "--cert and --key go together");
    if (c->cert && !c->tls)
        return err_set(e, ERR_USAGE, "--cert is for https; it needs --tls");
    if (c->lambda && opt_source_of(&opt_gateway, seen, "listen") == OPT_FROM_FLAG)
        return err_set(e, ERR_USAGE, "--listen and --lambda exclude each other: a function takes invocations");
    return 0;
}

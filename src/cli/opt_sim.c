/* opt_sim.c - the options of `weir sim`, into struct sim_config. */
#include "cli/opts.h"
#include "sim/sim.h"
#include "stat/dist.h"

#define C struct sim_config
#define SERVER "Server"
#define MODEL "Model"
#define FAULT "Faults and truth"

static int check_dist(const char *v, struct err *e)
{
    struct dist d;
    return dist_parse(&d, str_of(v), e);
}

static const struct opt rows[] = {
    /* --- server --- */
    {"listen", 'l', NULL, "ADDRESS", SERVER, OPT_STR(C, listen), .def = "127.0.0.1:0", .check = check_not_empty,
     .help = "Where to listen: HOST:PORT, [IPV6]:PORT or unix:PATH. Port 0: one that is free; it is printed."},
    {"threads", 't', NULL, "N", SERVER, OPT_U64(C, threads), .def = "1", .flags = OPT_POSITIVE, .max = 1024,
     .help = "Threads that serve."},
    {"tls", 0, NULL, NULL, SERVER, OPT_BOOL(C, tls), .flags = OPT_NEGATABLE,
     .help = "Serve https, with a certificate made at the start unless --cert and --key name one."},
    {"cert", 0, NULL, "FILE", SERVER, OPT_STR(C, cert), .flags = OPT_FILE, .check = check_not_empty,
     .help = "Certificate (PEM), with its chain."},
    {"key", 0, NULL, "FILE", SERVER, OPT_STR(C, key), .flags = OPT_FILE, .check = check_not_empty,
     .help = "Private key of --cert (PEM)."},
    {"write-cert", 0, NULL, "FILE", SERVER, OPT_STR(C, write_cert), .flags = OPT_FILE, .check = check_not_empty,
     .help = "Write the certificate made at the start to FILE, for clients to trust."},
    {"no-tls-tickets", 0, NULL, NULL, SERVER, OPT_BOOL(C, no_tls_tickets), .flags = OPT_NEGATABLE,
     .help = "Give out no TLS tickets, so that each connection needs a whole handshake."},
    {"http", 0, NULL, "VERSION", SERVER, OPT_CHOICE(C, http), .def = "auto", .choices = "auto 1.1 2",
     .help = "Versions to serve. auto: both, by ALPN over TLS, else HTTP/2 to a client that begins with its preface."},
    {"h2-max-streams", 0, NULL, "N", SERVER, OPT_U64(C, h2_max_streams), .def = "128", .flags = OPT_POSITIVE,
     .max = 2147483647.0, .help = "HTTP/2: streams at once on one connection (SETTINGS_MAX_CONCURRENT_STREAMS)."},
    {"h2-flush", 0, NULL, "WHEN", SERVER, OPT_CHOICE(C, h2_flush), .def = "turn", .choices = "turn token",
     .help = "HTTP/2: turn puts the tokens that a step gives to the streams of one connection into common writes, as "
             "most servers do; token gives each a write of its own."},
    {"model", 'm', NULL, "NAME", SERVER, OPT_STR(C, model), .check = check_not_empty,
     .help = "The only model served; others get 404. Default: any name is taken and /v1/models lists weir-sim."},
    {"api-key", 0, NULL, "KEY", SERVER, OPT_STR(C, api_key), .flags = OPT_SECRET, .check = check_not_empty,
     .help = "Ask for this key; without it 401."},
    {"preset", 0, NULL, "NAME", SERVER, OPT_CHOICE(C, preset), .choices = "flask-mock lambda-proxy lambda-stream",
     .help =
         "Serve something else. flask-mock: GET /tokenizer?output_tokens=N, which takes 1, 2, 3 or 5 s below 10, 100, "
         "1000 and from there, /sleeper?sleep_length=S and /hello, and nothing besides; where not given, --listen is "
         "127.0.0.1:5000 and --limit 1. `make run` starts it. lambda-proxy: chat at /prod/chat/completions as a Lambda "
         "function behind an API Gateway answers, whole even where a stream was asked for, with X-TTFT-MS, "
         "X-Tokens-Per-Second and X-Cost-Per-1K-USD in its headers; lambda-stream: one that streams, with them in "
         "trailers and comments."},
    {"hourly-usd", 0, NULL, "USD", SERVER, OPT_F64(C, hourly_usd), .def = "1.21", .flags = OPT_POSITIVE, .max = 1e6,
     .help = "With the two lambda presets: what the instance costs an hour, of which X-Cost-Per-1K-USD is made."},
    {"sigv4", 0, NULL, "KEY:SECRET[:TOKEN]", SERVER, OPT_STRS(C, sigv4), .flags = OPT_SECRET, .check = check_not_empty,
     .help =
         "Take only requests that are signed by these credentials (AWS Signature Version 4, in headers or query; any "
         "region and service), but for /metrics; others get 403 with AWS's reasons. May be repeated."},
    {"clock-ahead", 0, NULL, "SECONDS", SERVER, OPT_I64(C, clock_ahead), .def = "0", .min = -1e9, .max = 1e9,
     .help =
         "Show in Date, and check signatures by, a clock that is so far ahead of this machine's (negative: behind)."},
    {"max-body", 0, NULL, "SIZE", SERVER, OPT_BYTES(C, max_body), .def = "16M", .flags = OPT_POSITIVE,
     .max = 1099511627776.0, .help = "Longer request bodies get 413."},
    {"compress", 0, NULL, "CODING", SERVER, OPT_CHOICE(C, compress), .def = "none", .choices = "none gzip zstd br",
     .help = "Pack answers (JSON and streams; not /metrics), whether the client asked for it or not, and flush the "
             "compressor behind each token. --fault split tears what was packed."},
    {"timing-headers", 0, NULL, NULL, SERVER, OPT_BOOL(C, timing_headers), .flags = OPT_NEGATABLE,
     .help = "Tell times in headers: x-sim-queue-ms with each answer; behind a stream a trailer x-sim-total-ms and, of "
             "text/event-stream, a comment ': x-sim-tokens-per-second=...'."},
    {"no-stream-options", 0, NULL, NULL, SERVER, OPT_BOOL(C, no_stream_options), .flags = OPT_NEGATABLE,
     .help = "Reject stream_options with 400, as old servers do."},
    {"quiet", 'q', NULL, NULL, SERVER, OPT_BOOL(C, quiet), .flags = OPT_NEGATABLE,
     .help = "Nothing on standard error but errors."},

    /* --- model --- */
    {"ttft", 0, NULL, "TIME", MODEL, OPT_NS(C, ttft), .def = "50ms", .max = 86400,
     .help = "From a request's start to its first token, without prefill."},
    {"prefill", 0, NULL, "TIME", MODEL, OPT_NS(C, prefill), .def = "20us", .max = 86400,
     .help = "Added to the first token, per prompt token."},
    {"itl", 0, NULL, "TIME", MODEL, OPT_NS(C, itl), .def = "10ms", .max = 86400,
     .help = "Length of a step, which gives one token to each running request."},
    {"itl-per-seq", 0, NULL, "TIME", MODEL, OPT_NS(C, itl_per_seq), .def = "0us", .max = 86400,
     .help = "Added to the step, per running request."},
    {"max-seqs", 0, NULL, "N", MODEL, OPT_U64(C, max_seqs), .def = "256", .flags = OPT_POSITIVE, .max = 1000000,
     .help = "Requests that run at once; the rest wait."},
    {"max-queue", 0, NULL, "N", MODEL, OPT_U64(C, max_queue), .def = "none", .word = "none", .word_value = -1,
     .help = "Requests that may wait; beyond it 503."},
    {"limit", 0, "max-concurrent-requests", "N", MODEL, OPT_U64(C, limit), .def = "none", .word = "none",
     .flags = OPT_POSITIVE, .help = "Requests that may be open at once; beyond it 429."},
    {"time-scale", 0, NULL, "FACTOR", MODEL, OPT_F64(C, time_scale), .def = "1", .flags = OPT_POSITIVE, .max = 1000,
     .help = "Factor on each time of the model, of --fault and --pause, of /tokenizer and /sleeper: with 0.01 a second "
             "lasts 10 ms."},
    {"jitter", 0, NULL, "DIST", MODEL, OPT_STR(C, jitter), .def = "none", .word = "none", .check = check_dist,
     .help = "Distribution of a factor on each duration, such as lognormal:0.1 or uniform:0.8,1.2."},
    {"output-tokens", 0, NULL, "DIST", MODEL, OPT_STR(C, output_tokens), .def = "128", .check = check_dist,
     .help = "Output tokens where the request does not say: 128, uniform:A,B or lognormal:MEDIAN,SIGMA."},
    {"seed", 0, NULL, "N", MODEL, OPT_U64(C, seed), .def = "1", .help = "Seed of text, jitter, lengths and faults."},

    {"prefix-cache", 0, "enable-prefix-caching", NULL, MODEL, OPT_BOOL(C, prefix_cache), .flags = OPT_NEGATABLE,
     .help = "Keep prompts in blocks of 16 tokens: the leading blocks that earlier prompts had need no prefill."},
    {"kv-blocks", 0, "num-gpu-blocks-override", "N", MODEL, OPT_U64(C, kv_blocks), .def = "65536",
     .flags = OPT_POSITIVE, .max = 16777216,
     .help = "Blocks of 16 tokens in the KV cache, of which /metrics shows the share in use. It holds up no request."},
    {"gpu-power", 0, NULL, "IDLE,BUSY", MODEL, OPT_STR(C, gpu_power), .check = check_not_empty,
     .help = "Show a GPU at /metrics, under the DCGM exporter's names, that draws IDLE watts, and up to BUSY in "
             "proportion to the running requests."},

    /* --- faults and truth --- */
    {"fault", 0, NULL, "FAULTS", FAULT, OPT_STR(C, fault), .check = check_not_empty,
     .help =
         "Faults, each with its probability per request, separated by commas: reset:P stall:P:TIME truncate:P "
         "garbage:P bad_json:P httpNNN:P (http500, http429, ...) error_event:P slow_headers:P:TIME split:P (each event "
         "torn into single bytes). Over HTTP/2 they stay within the stream: reset is RST_STREAM, truncate an early "
         "END_STREAM, garbage a malformed trailer, split DATA frames of one byte; and there are refuse:P "
         "(REFUSED_STREAM) and trailers:P, which do nothing over HTTP/1. In an event stream of AWS there are also "
         "exception:P, error_frame:P, bad_crc:P and, of SageMaker, slices:P (events torn over three frames)."},
    {"h2-goaway", 0, NULL, "N[:abrupt]", FAULT, OPT_STR(C, h2_goaway), .check = check_not_empty,
     .help = "HTTP/2: GOAWAY with the Nth request of a connection. Requests up to it are answered, later ones are not "
             "processed; with :abrupt the connection ends at once and nothing is answered any more."},
    {"pause", 0, NULL, "TIME@AT", FAULT, OPT_STR(C, pause), .check = check_not_empty,
     .help = "Stand still once: 2s@5s is for 2 s, 5 s after listening began."},
    {"truth", 0, NULL, "FILE", FAULT, OPT_STR(C, truth), .flags = OPT_FILE, .check = check_not_empty,
     .help = "Write what truly happened, one JSON line per request."},
    {"ready-fd", 0, NULL, "FD", FAULT, OPT_I32(C, ready_fd), .def = "-1", .min = -1, .max = 65535, .flags = OPT_HIDDEN,
     .help = "Write the port there too once it listens."},
};

const struct opt_table opt_sim = {"sim", "WEIR_SIM_", rows, ARRAY_LEN(rows), NULL, 0};

void sim_config_preset(struct sim_config *c, const struct opt_seen *seen)
{
    if (!c->preset || strcmp(c->preset, "flask-mock") != 0)
        return;
    if (opt_source_of(&opt_sim, seen, "listen") == OPT_FROM_DEFAULT)
        c->listen = "127.0.0.1:5000";
    if (opt_source_of(&opt_sim, seen, "limit") == OPT_FROM_DEFAULT)
        c->limit = 1;
}

int sim_config_check(const struct sim_config *c, struct err *e)
{
    if (!c->cert != !c->key)
        return err_set(e, ERR_USAGE, "--cert and --key go together");
    if (c->cert && !c->tls)
        return err_set(e, ERR_USAGE, "--cert is for https; it needs --tls");
    if (c->no_tls_tickets && !c->tls)
        return err_set(e, ERR_USAGE, "--no-tls-tickets is for https; it needs --tls");
    if (c->write_cert && (!c->tls || c->cert))
        return err_set(e, ERR_USAGE, "--write-cert writes the certificate that --tls makes, without --cert");
    return 0;
}

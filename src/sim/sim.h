/* sim.h - the simulator: an LLM server with a known model and a recorded truth. */
#ifndef WEIR_SIM_SIM_H
#define WEIR_SIM_SIM_H

#include "base/err.h"
#include "stat/dist.h"

/* Filled by the option table (src/cli/opt_sim.c). Strings are borrowed. Defaults stand in the option table. */
struct sim_config {
    const char *listen; /* "127.0.0.1:0", "[::1]:0", "unix:/path" */
    uint64_t threads;   /* 0 counts as 1; a unix socket has one */
    bool tls;
    const char *http;        /* "auto", "1.1" or "2"; NULL = "auto" */
    uint64_t h2_max_streams; /* SETTINGS_MAX_CONCURRENT_STREAMS; 0 = the server's default */
    const char *h2_goaway;   /* "100" or "100:abrupt", or NULL */
    const char *h2_flush;    /* "turn" or "token"; NULL = "turn" */
    const char *cert, *key, *write_cert;
    bool no_tls_tickets; /* every connection shakes hands in full */
    const char *model;   /* the only name accepted (others: 404); NULL = any, and /v1/models lists "weir-sim" */
    const char *api_key; /* NULL: no authentication */
    const char *
        *sigv4; /* "KEY:SECRET[:TOKEN]", NULL-ended: who may sign by AWS Signature Version 4; NULL: no signatures */
    int64_t clock_ahead; /* seconds that Date and the checks of signatures are ahead of this machine's clock */
    int64_t ttft, prefill, itl, itl_per_seq; /* ns */
    uint64_t max_seqs;
    uint64_t max_queue; /* waiting requests; beyond it 503; UINT64_MAX = no limit */
    uint64_t limit;     /* concurrent requests, 0 = no limit; beyond it 429 */
    /* "flask-mock": /tokenizer, /sleeper and /hello alone, see sim_flask.c; "lambda-proxy", "lambda-stream": chat
     * behind a Lambda function, see sim_lambda.h; NULL: all but that */
    const char *preset;
    double hourly_usd;         /* of the latter two: what the instance costs */
    double time_scale;         /* factor on the times of model, mock and faults; 0 counts as 1 */
    const char *jitter;        /* distribution of a factor on each duration, or NULL */
    const char *output_tokens; /* distribution */
    uint64_t seed;
    const char *fault;    /* "reset:0.01,stall:0.01:2s,..." or NULL */
    const char *pause;    /* "2s@5s" or NULL */
    const char *truth;    /* file, or NULL */
    uint64_t max_body;    /* bytes; beyond it 413 */
    const char *compress; /* "none", "gzip", "zstd" or "br": of JSON and streams; NULL = "none" */
    bool timing_headers;  /* x-sim-queue-ms and, behind a stream, x-sim-total-ms and x-sim-tokens-per-second */
    bool quiet;
    bool no_stream_options; /* reject stream_options with 400, as old servers do */
    int ready_fd;           /* write "PORT\n" here too, -1 = none */

    bool prefix_cache;
    uint64_t kv_blocks;    /* of 16 tokens: what the KV cache usage is a share of, and what the prefix cache holds */
    const char *gpu_power; /* "IDLE,BUSY" watts, or NULL: no GPU is shown */
};

/* Checks the configuration, prints "weir sim listening on URL" on stdout and serves until SIGTERM or SIGINT; returns
 * the exit code: 0 after a signal, 2 for a wrong configuration, 1 when it cannot listen or write. Raises the soft limit
 * of files. The truth file is complete when it returns. To be called once, from the main thread. */
int sim_run(const struct sim_config *c);

#endif

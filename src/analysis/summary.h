/* summary.h - every figure of a run as plain data: what reports print and summary.json ("weir.summary/1") holds.
 * Made by the accumulator alone (acc.h), which owns all memory here. Definitions: docs/METRICS.md.
 * Units: ns for latencies (double: quantiles are interpolated), shares 0-1, rates per second; NaN = unknown or
 * undefined. */
#ifndef WEIR_ANALYSIS_SUMMARY_H
#define WEIR_ANALYSIS_SUMMARY_H

#include "analysis/slo.h"
#include "record/record.h"
#include "record/scrapes.h"

#define METRIC_MAP(                                                                                                    \
    X) /* id, name in files and options, name in tables; the latencies first, in the order of summary.json */          \
    X(TTFT, "ttft", "TTFT")                                                                                            \
    X(TTFT_RESPONSE, "ttft_response", "TTFT from the intended instant")                                                \
    X(TTFB, "ttfb", "TTFB")                                                                                            \
    X(TTFO, "ttfo", "TTFO")                                                                                            \
    X(ITL, "itl", "ITL")                                                                                               \
    X(TPOT, "tpot", "TPOT")                                                                                            \
    X(NTPOT, "ntpot", "NTPOT")                                                                                         \
    X(E2E, "e2e", "E2E")                                                                                               \
    X(E2E_RESPONSE, "e2e_response", "E2E from the intended instant")                                                   \
    X(TOTAL, "total", "Total")                                                                                         \
    X(CONNECT, "connect", "Connect")                                                                                   \
    X(QUEUE_WAIT, "queue_wait", "Queue wait")                                                                          \
    X(ERROR_RATE, "error_rate", "Error rate")                                                                          \
    X(SUCCESS_RATE, "success_rate", "Success rate")                                                                    \
    X(RATE, "rate", "Rate")                                                                                            \
    X(OUTPUT_TOK_S, "output_tok_s", "Output tokens/s")

enum metric {
#define X(id, name, title) METRIC_##id,
    METRIC_MAP(X)
#undef X
        METRIC_COUNT,
    METRIC_LATENCIES = METRIC_ERROR_RATE /* so many are distributions of latencies */
};
const char *metric_name(enum metric m);
const char *metric_title(enum metric m);

/* Quantiles that every distribution carries: the five of summary.json first, then what --percentiles and --slo ask for.
 */
#define SUMMARY_Q_MAX 32
#define SUMMARY_SHOWN_MAX 8
enum { SUMMARY_Q_JSON = 5 };                        /* p50 p90 p95 p99 p999 */
extern const double summary_q_json[SUMMARY_Q_JSON]; /* 0.5 0.9 0.95 0.99 0.999 */
/* "50,95,99.9" (each 0..100, an optional "p" in front): shares into q[0..max), at most SUMMARY_SHOWN_MAX. -1 + e. */
int percentiles_parse(struct str text, double *q, size_t max, size_t *n, struct err *e);
int percentile_parse(struct str text, double *q); /* one of them */
char *percentile_name(char out[16], double q);    /* 0.5 -> "p50", 0.999 -> "p99.9" */

struct sum_dist {
    bool present;      /* false: the metric does not exist here (a response latency in a closed loop): null in JSON */
    uint64_t n;        /* values observed; mean, std, min and max are theirs */
    uint64_t censored; /* values known only to be at least what was waited: timeouts and cancellations */
    uint64_t requests; /* requests behind n (ITL: n counts gaps) */
    double mean, std, min, max; /* NaN when n = 0 */
    double q[SUMMARY_Q_MAX];    /* by the summary's q[]; NaN when there is no value at all */
    double
        q_upper[SUMMARY_Q_MAX]; /* the largest that censored values allow; INFINITY: no bound. Equal to q without any */
    uint32_t at_least;          /* bit i: q[i] is a lower bound only and prints ">= x" */
    uint32_t small;             /* bit i: fewer requests than a 95 % interval of this quantile needs */
};

struct sum_count {
    char name[32];
    uint64_t n;
};
struct sum_counts { /* by falling count, then by name */
    size_t n;
    struct sum_count *v;
};
struct sum_texts {
    size_t n;
    char **v;
};

enum sum_state { STATE_NONE = 0, STATE_MET, STATE_BROKEN, STATE_UNDECIDED /* cancellations leave it open */ };

struct sum_slo_term {
    const struct slo_term *term;
    double value; /* in the term's unit; NaN: no value */
    bool at_least;
    enum sum_state state;
};
struct sum_slo {
    size_t n; /* 0: none asked */
    struct sum_slo_term t[SLO_MAX];
    enum sum_state state; /* NONE when none was asked */
};

struct sum_goodput {
    const struct slo_set *terms; /* NULL: not asked */
    uint64_t met, open, of;      /* requests that met all, that may have (cancelled, unsent), and all of the cohort */
    double attainment_lo, attainment_hi;
    double rps_lo, rps_hi;
};

/* US dollars: the window's share of what the deployment costs, over what came in the window. What an input token costs
 * and what an output token costs is not told apart: each is the whole cost over the tokens of that kind. NaN: unknown.
 */
struct sum_cost {
    double per_hour; /* 0: not asked */
    double window, per_request /* successful */, per_input_token, per_output_token, per_token;
};

/* What the server said of itself (--metrics-url) in a level's window, over all URLs. NaN: not told. */
struct sum_gauge {
    bool present;
    double mean, max;
};
struct sum_server {
    bool on;                  /* some URL was asked in this run */
    uint64_t scrapes, failed; /* within the window; failed ones are among the former */
    struct sum_gauge running, waiting, kv_usage;
    double prefix_queries, prefix_hits; /* increase over the window, in what the server counts: tokens as a rule */
    double prefix_rate;                 /* hits / queries; of servers that tell a rate alone, its mean */
    double preemptions;
    uint32_t gpus;                    /* of all URLs */
    struct sum_gauge power, gpu_util; /* W over all GPUs; share */
    double energy_j;
    bool by_power;             /* of some URL without a counter energy is mean power times the window */
    double j_per_output_token; /* of the tokens that came in the window */
};
struct sum_source { /* a URL of --metrics-url, over the whole run */
    char url[sizeof((struct scrape_source *)0)->url];
    uint64_t scrapes, failed;
    char error[SCRAPE_WHY]; /* the first one's */
};

struct sum_client {
    struct sum_dist lag;      /* user - kernel stamp, ns */
    struct sum_dist send_lag; /* start - max(intended, admitted), ns; open loop only */
    double busy, busy_mean;   /* of the busiest worker, and of all */
    double kernel_stamped;    /* share of reads that carried a kernel stamp */
    double wide_gaps;         /* share of gaps whose interval is wider than the threshold */
    int64_t wide_threshold;   /* ns */
    double late;              /* share of the scheduled requests that the client started after the window's end */
    double run_delay;         /* share of the time that the worker which waited most waited for a processor */
    double involuntary;       /* context switches a second of the worker that was put aside most */
    double steal;             /* of the processors that the workers may use */
    uint64_t workers, conns_opened, conns_reused, conns_resumed, retried, lost_records, exhausted;
    uint64_t clock_steps, unplaced_stamps; /* of the realtime clock; kernel stamps left aside because of them */
    uint64_t lag_user_n;                   /* events stamped by the clock because the kernel gave no stamp */
    double lag_user_p99;
};

enum counted_how { COUNTED_AGREE, COUNTED_CONSTANT, COUNTED_PROPORTIONAL, COUNTED_UNCLEAR };
const char *counted_how_name(enum counted_how h); /* "agree" "constant" "proportional" "unclear" */
struct sum_counted {                              /* requests that both the server and weir's tokenizer have counted */
    uint64_t requests;                            /* 0: none, and nothing below says anything */
    int64_t server, own;
    double deviation;     /* (own - server) / server; NaN */
    double per_request;   /* server - own, mean */
    enum counted_how how; /* beyond 1 %: how they differ */
};
struct sum_tokenizer {
    bool used; /* a tokenizer counted something */
    struct sum_counted out, in;
    bool in_texts;       /* `in` and what it stood in for are of the messages' texts alone, without a chat template */
    uint64_t in_counted; /* successes whose input tokens are the tokenizer's */
    uint64_t uncounted;  /* successes whose text was not kept (--text-limit) */
};

struct sum_sessions { /* by the requests of the cohort; all 0 without sessions */
    bool on;
    uint64_t begun, completed; /* first turns that were sent; last turns that succeeded */
    uint64_t broken, left;     /* ended before: by a failure or an answer that was not kept; on purpose */
};

struct sum_metric {       /* numbers of one response header, of the successes of the cohort; as the server gave them */
    struct sum_dist dist; /* present where the run asked for it */
    uint64_t bad;         /* values that were no number of 0 to 10^9 */
    uint64_t missing;     /* successes without the header */
};

struct sum_endpoint {                                  /* one of several, in a level */
    const char *url;                                   /* NULL of a group */
    uint64_t attempted, successful, failed, cancelled; /* of the cohort */
    double share;                                      /* of the level's attempted requests */
    double output_tok_s;
    int64_t tokens_in, tokens_out; /* totals of the cohort; -1 unknown */
    struct sum_dist ttft, itl, tpot, e2e, total;
    bool itl_by_token;
    struct sum_counts outcomes;
    struct sum_metric metrics[HEADER_METRICS_MAX];
};

/* What requests can be told apart by, beside their endpoint. */
enum group_kind { GROUP_CLASS, GROUP_MODEL, GROUP_TURN, GROUP_INPUT, GROUP_KINDS };
enum { GROUP_ENDPOINTS = 1 << GROUP_KINDS, GROUP_NAME_BYTES = 64 };
const char *group_kind_name(enum group_kind k); /* "class" "model" "turn" "input" */
/* "class,turn": bits of enum group_kind, and GROUP_ENDPOINTS for "endpoint". -1 + e. */
int groups_parse(struct str text, unsigned *kinds, struct err *e);
struct sum_group { /* the requests of a level that have one value of a kind in common */
    enum group_kind kind;
    char name[GROUP_NAME_BYTES]; /* "chat", "2" (turns count from 1), "128-255" (input tokens), "(others)" */
    struct sum_endpoint part;
};

enum verdict { VERDICT_VALID, VERDICT_DEGRADED, VERDICT_INVALID };
const char *verdict_name(enum verdict v); /* "VALID" ... */

struct sum_row { /* one second of the timeline, all requests of the level, warm-up included */
    uint64_t offered, started, completed, failed, in_flight; /* in flight: at the row's end */
    double ttft_p50, ttft_p95;                               /* ns, of first tokens within the row; NaN none */
    double tok_s;
    uint64_t left; /* begun, and cancelled within the row */
};

struct sum_level {
    /* load, as asked */
    uint32_t level;
    char name[64]; /* "": none */
    bool open;
    char arrival[16];
    double rate; /* NaN: a profile, a trace or a burst (and a closed loop) */
    char profile[256];
    double burstiness, speed, rate_limit; /* 0 = none */
    uint32_t concurrency, max_concurrency;
    uint64_t num_requests;
    int64_t duration_asked; /* ns, 0 = none */
    /* window */
    int64_t begin, w0, w1;
    double window_s;
    bool final; /* false: the records end before the level did */
    bool interrupted;
    char stopped[200]; /* why weir stopped it before its end; "": it did not */
    /* requests of the cohort; attempted = successful + failed + cancelled */
    uint64_t scheduled, attempted, successful, failed, cancelled, unsent;
    bool plain;                   /* plain HTTP: no tokens */
    bool alike;                   /* all answers are the same, as far as their texts or sizes tell: noted */
    uint64_t bytes_in, bytes_out; /* of the cohort, as they travelled: heads included */
    uint64_t left;                /* of the cancelled: on purpose, as one who goes away */
    struct sum_sessions sessions;
    char think[64];  /* think time as asked for; "": none */
    uint64_t warmup; /* requests before the window, in no figure but throughput */
    double success_rate, error_rate;
    /* per second of the window */
    double offered_rps /* open loop */, attempted_rps, completed_rps, successful_rps, input_tok_s, output_tok_s;
    struct sum_dist lat[METRIC_LATENCIES];
    struct sum_metric metrics[HEADER_METRICS_MAX];
    struct sum_dist tokens_per_s;   /* per request; unit: tokens per second */
    bool itl_by_token;              /* false: ITL is per chunk ... */
    double tokens_per_chunk;        /* ... of so many tokens */
    enum token_source token_source; /* of most requests */
    bool token_source_mixed;
    int64_t tokens_in, tokens_out, tokens_cached, tokens_reasoning; /* totals of the cohort; -1 unknown */
    struct sum_tokenizer tokenizer;
    struct sum_counts outcomes, status_codes, finish_reasons;
    struct sum_slo slo;
    struct sum_goodput goodput;
    struct sum_cost cost;
    struct sum_server server;
    struct sum_client client;
    size_t n_endpoints; /* 0 where the run has only one: the level's figures are its own */
    struct sum_endpoint *endpoints;
    size_t n_groups;
    struct sum_group *groups; /* by kind, then in order of their values */
    enum verdict verdict;
    struct sum_texts reasons; /* of the verdict: what, and what to do about it */
    struct sum_texts notes;   /* on the server and the sample */
    size_t n_rows;
    struct sum_row *rows; /* row k covers [begin + k s, begin + (k + 1) s) */
};

/* Where a sweep goes over: levels of one kind of load, judged in rising order (saturation.h). */
enum sat_axis { SAT_NO_SWEEP, SAT_RATE, SAT_CONCURRENCY };
enum { SAT_SUCCESS = 1, SAT_COMPLETED = 2, SAT_TTFT = 4, SAT_TAIL = 8, SAT_THROUGHPUT = 16, SAT_REASONS = 5 };
const char *sat_reason_name(int bit); /* "success" "completed" "ttft" "tail" "throughput": of bits 0 to 4 */
struct sum_saturation {
    enum sat_axis axis; /* SAT_NO_SWEEP: fewer than two levels that can be compared, and nothing below says anything */
    ptrdiff_t first;    /* the first saturated level, -1: not reached */
    ptrdiff_t last;     /* the last below it that holds, -1: none */
    unsigned reasons;   /* SAT_... of the first */
    struct sum_texts why;                /* one each */
    double max;                          /* load of the last: requests per second, or in flight; NaN: none holds */
    double conservative, aggressive;     /* 80 and 90 % of it; whole where they are requests in flight */
    double production_lo, production_hi; /* 70 and 80 % */
};

struct summary {
    char version[32];
    int64_t epoch_unix; /* ns; instants add to it */
    int64_t started;    /* realtime ns of the first level's begin */
    uint64_t seed;
    bool interrupted, no_requests;  /* no_requests: the records were not kept */
    bool cut;                       /* made from records that end before the run did */
    enum verdict verdict;           /* the worst of all levels */
    enum sum_state slo;             /* broken when one level's is */
    bool stopped;                   /* a level of it was, by --max-errors */
    uint64_t successful, attempted; /* of all levels */
    uint64_t left;                  /* of the attempted: cancelled on purpose */
    size_t n_q;
    double q[SUMMARY_Q_MAX];
    unsigned by;    /* kinds of groups that tables print (groups_parse) */
    size_t n_shown; /* what tables print, as --percentiles asked; all are in q[] */
    double shown[SUMMARY_SHOWN_MAX];
    size_t n_endpoints;
    char url[REC_ENDPOINTS_MAX][sizeof((struct rec_endpoint *)0)->url];
    size_t n_metrics; /* response headers that --headers-metric names */
    char metric_name[HEADER_METRICS_MAX][HEADER_METRIC_NAME];
    uint32_t n_sources;
    struct sum_source sources[SCRAPE_SOURCES_MAX];
    struct sum_texts notes; /* on the whole run */
    size_t n_levels;
    struct sum_level *levels;
    struct sum_saturation saturation;
};

ptrdiff_t summary_q_index(const struct summary *s,
                          double q); /* where q stands in the distributions' q[]; -1: nowhere */

#endif

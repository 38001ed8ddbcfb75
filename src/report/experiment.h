/* experiment.h - an experiment on a deployment as plain data: levels of load, streams, what they ran on; and the page
 * of Markdown and the figures that are made of it. Whoever reads the files fills the data (cli/experiment_read.h); here
 * is no I/O. What the data does not hold is NaN or NULL, and the page says "not recorded".
 *
 * Units: ms and s as the names say, shares 0-1, US dollars. The experiment owns its texts (xp_own) and arrays. The same
 * data gives the same page to the byte. Cold, not thread-safe. */
#ifndef WEIR_REPORT_EXPERIMENT_H
#define WEIR_REPORT_EXPERIMENT_H

#include "analysis/summary.h"
#include "base/buf.h"

#define XP_SLO "total:p95<2s,success_rate>=95%" /* unless another one is asked for */
#define XP_NOT_RECORDED "not recorded"
enum { XP_PICTURES = 4 };

struct xp_setup { /* what a person says of the deployment (experiment.yaml); NULL, NaN, 0: nothing */
    const char *title, *summary, *simulated, *instance, *model, *backend, *context, *region, *image, *payload,
        *duration, *warm_up, *date;
    const char **tools, **notes;
    int64_t instances, min_instances, max_instances, max_tokens;
    double hourly_usd; /* of one instance */
    double target_tokens_per_min;
    double expected_tok_s_min, expected_tok_s_max, expected_cost_per_1k;
    int64_t expected_p95; /* ns */
};

struct xp_fact { /* a row of the setup */
    const char *what, *value /* NULL: not recorded */, *from;
};
struct xp_error {
    const char *what, *hint; /* hint: what to do about it, or NULL */
    uint64_t n;
};
struct xp_errors {
    struct xp_error *v;
    size_t n;
};
struct xp_judged { /* of a term of the objective; value in the term's unit, NaN: not recorded */
    double value;
    bool at_least;
    enum sum_state state;
};

struct xp_level {
    const char *label; /* "C=24", "5 requests/s", or its name */
    const char *file;  /* that its figures are from */
    double load;       /* requests in flight, or per second; NaN: neither */
    bool closed;
    double seconds;
    uint64_t total, ok;
    double success_rate, rps, p50_ms, p95_ms, p99_ms;
    unsigned at_least; /* bits 0 to 2: P50, P95, P99 are lower bounds, as requests timed out */
    double tok_s /* counted */, estimated_tok_s /* by the limit of each answer */;
    const char *token_source;                     /* NULL: not recorded */
    double ttft_p50_ms, ttft_p95_ms, ttft_p99_ms; /* of answers that were streamed */
    struct xp_judged judged[SLO_MAX];
    enum sum_state slo;
    struct xp_errors errors;
    const char *verdict; /* weir's on its own measurement; NULL: none */
    const char *reason;  /* of a verdict that is not VALID */
};

struct xp_dist { /* n = 0: none */
    uint64_t n;
    double mean, p50, p95, p99, min, max;
};
struct xp_stream { /* a file of aws_streaming_bench's */
    const char *name;
    uint64_t requests, ok;
    int64_t concurrency, max_tokens;
    const char *http;
    double timestamp;                           /* seconds since 1970 */
    struct xp_dist ttft, total;                 /* s, by the client */
    struct xp_dist told, told_tok_s, told_cost; /* by the answers' headers: TTFT in s, tokens per second, $ per 1k */
    size_t n;                                   /* requests that succeeded ... */
    double *client_s, *told_s;                  /* ... and their TTFT */
    struct xp_errors errors;
};

struct xp_minute { /* of the run's time */
    double tokens, seconds;
    const char *levels; /* whose requests it has */
};
struct xp_file {
    const char *name, *link; /* below the data's folder; from the page */
    uint64_t bytes;
    char sha256[65];
};
struct xp_picture {
    const char *name, *alt, *caption;
    struct plot_figure *figure; /* NULL: there is nothing to draw */
    const char *link;           /* from the page, NULL: was not drawn */
};

struct experiment {
    struct xp_setup setup;
    const char *title, *date, *command; /* command: that makes the page again */
    const char *http, *price_from;
    double max_tokens;
    struct slo_set slo;
    size_t n_facts, n_levels, n_streams, n_minutes, n_files, n_left_out;
    struct xp_fact *facts;
    struct xp_level *levels; /* by rising load */
    struct xp_stream *streams;
    struct xp_minute *minutes;
    struct xp_file *files; /* n_left_out: more than these */
    struct xp_picture picture[XP_PICTURES];
    const char *no_pictures; /* why there are none */
    char **owned;            /* private */
    size_t n_owned, cap_owned;
};

void xp_init(struct experiment *x);
void xp_free(struct experiment *x);
const char *xp_own(struct experiment *x, char *text); /* takes what malloc() gave */
const char *xp_textf(struct experiment *x, const char *fmt, ...) ATTR_PRINTF(2, 3);
void xp_add_fact(struct experiment *x, const char *what, const char *value, const char *from);
void xp_add_error(struct xp_errors *e, const char *what, uint64_t n, const char *hint); /* texts are borrowed */

/* What follows from the data. */
struct xp_findings {
    ptrdiff_t best, compliant; /* levels: most throughput, over all and within the objective; -1: none */
    size_t n_compliant;
    bool by_tokens; /* throughput is tokens per second; false: requests, as some level's tokens are not known */
    bool estimated; /* some tokens are estimates */
    double price;   /* $ per hour of all instances; NaN */
};
struct xp_findings xp_find(const struct experiment *x);
/* Counted, or else estimated (then *estimated is set); NaN: neither. */
double xp_tok_s(const struct xp_level *l, bool *estimated);
double xp_cost_per_1k(double usd_per_hour, double tok_s); /* NaN: unknown */
/* How many instances target tracking asks for where `tokens_per_min` come of all together. At least 1. */
double xp_instances_for(const struct xp_setup *s, double tokens_per_min);
/* The fewest successes of which a percentile says something: 95 % sure that one of them lies beyond it. */
bool xp_too_few(uint64_t n, double share);

void xp_draw(struct experiment *x);                              /* fills x->picture[].figure where there is data */
void xp_markdown(struct buf *out, const struct experiment *x);   /* appends; check out->failed */
void xp_md_text(struct buf *out, const char *text, size_t most); /* as text of a table's cell: escaped, cut */

#endif

/* compat_rows.h - the requests of a run as rows, read back from its requests.jsonl: for outputs that list requests, and
 * for figures whose definition is another program's. Cold; memory grows with the requests. */
#ifndef WEIR_COMPAT_COMPAT_ROWS_H
#define WEIR_COMPAT_COMPAT_ROWS_H

#include "base/err.h"
#include "record/record.h"

struct compat_row {
    uint32_t level, endpoint, sample;
    uint64_t index;    /* in the level's schedule */
    bool warmup, sent; /* sent: it was started, whatever came of it */
    bool streamed;
    bool new_conn, http2; /* a connection was opened for it; HTTP/2 was spoken */
    enum outcome outcome;
    int status; /* HTTP, 0 = none */
    /* monotonic ns since the run's epoch, 0 = did not happen (record.h) */
    int64_t intended, start, conn_start, conn_end, tls_end, sent_last, first_byte, headers, first_token, last_token,
        end;
    int64_t tokens_in, tokens_out; /* -1 unknown */
    enum token_source source;
    uint64_t words, bytes_in, bytes_out;
    char *detail;          /* of a failure, "" none */
    char *prompt, *answer; /* texts: NULL where they were not kept */
    size_t n_events;
    int64_t *events;                   /* events: the token events' instants, n_events of them; else NULL */
    double metric[HEADER_METRICS_MAX]; /* of --headers-metric, in its order; NAN none or no number */
};

struct compat_rows {
    struct compat_row *v; /* by level, then in order of start; those never sent last */
    size_t n;
    int64_t epoch_unix; /* ns: adds to the instants */
};

enum { COMPAT_TEXTS = 1, COMPAT_EVENTS = 2 }; /* what else to keep of each request */

/* path: a requests.jsonl. 0, or -1 + e. compat_rows_free in both cases. */
int compat_rows_read(struct compat_rows *r, const char *path, unsigned what, struct err *e);
void compat_rows_free(struct compat_rows *r);

/* The other programs' ways to a percentile of n sorted values; p 0-100; NAN of none. Source: each program. */
enum compat_quantile {
    COMPAT_Q_FLOOR,     /* v[min(floor(n p / 100), n - 1)]: awscurl, benchmark, oha */
    COMPAT_Q_HALF_EVEN, /* v[round_half_even(p / 100 (n - 1))]: aws_streaming_bench */
    COMPAT_Q_LINEAR,    /* between order statistics, as weir's own figures (docs/METRICS.md) */
};
double compat_quantile(const double *sorted, size_t n, double p, enum compat_quantile how);
void compat_sort(double *v, size_t n);

#endif

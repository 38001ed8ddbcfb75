/* oha_json.h - the result of one level as the load generator oha (1.15) writes it with --output-format json, and what
 * is read back from such a file. Latencies in s. Source: hatoo/oha, src/printer.rs, result_data.rs, histogram.rs.
 *
 * By oha's own formulas whatever has a status is a success, whatever its status, and its latency counts; a percentile p
 * is the floor(p/100 n)-th value. weir's own figures in the same places are of the requests that succeeded: see
 * docs/SEED-PROGRAMS.md. A value that nothing gives is null, as oha's NaN is. Cold. */
#ifndef WEIR_COMPAT_OHA_JSON_H
#define WEIR_COMPAT_OHA_JSON_H

#include "analysis/summary.h"
#include "base/buf.h"
#include "base/jdoc.h"
#include "compat/compat_rows.h"

struct oha_level {
    const struct compat_row *row; /* of one level; those never sent are passed over */
    size_t n;
    int64_t begin, end; /* of the level, ns; end: at least so long it lasted */
    const struct summary *summary;
    const struct sum_level *level; /* whose latencies are written; NULL: oha's formulas over the rows */
};

/* Beside oha's keys there is an object "weir": requests and tokens counted, and which version of HTTP was spoken. */
void oha_json_write(struct buf *out, const struct oha_level *l);

/* The percentiles that oha writes, as --percentiles wants them (p50 is always there). */
#define OHA_PERCENTILES "10,25,75,90,95,99,99.9,99.99"

/* What a file of oha's, or one written here, says; NAN: it does not. */
struct oha_figures {
    double rps; /* of answers with a status of 2xx; original: requestsPerSec */
    double mean_ms, p50_ms, p95_ms, p99_ms, min_ms, max_ms;
    double total_s;
    uint64_t total, successful; /* requests that ended otherwise than by the deadline; statuses of 2xx */
    double success_rate;        /* of the two; original: successRate */
    double tokens_per_s;        /* of output, where weir wrote the file */
};
/* -1 + e: it is not of oha's. */
int oha_json_read(struct oha_figures *f, jnode *root, bool original, struct err *e);

#endif

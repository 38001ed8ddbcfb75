/* aws_stream_report.h - what `weir as aws_streaming_bench` writes and prints of a run: client-side times, and the
 * figures that a Lambda function tells of each answer. Pure, but for the clock in the file. */
#ifndef WEIR_COMPAT_AWS_STREAM_REPORT_H
#define WEIR_COMPAT_AWS_STREAM_REPORT_H

#include "analysis/summary.h"
#include "base/buf.h"
#include "compat/compat_rows.h"

/* The headers, in the order of the run's --headers-metric. */
enum { AWS_TTFT, AWS_TPS, AWS_COST, AWS_COMPLETION, AWS_PROMPT, AWS_HEADERS };
extern const char *const aws_headers[AWS_HEADERS];

struct aws_figures { /* NAN of none */
    size_t n;
    double mean, median, p90, p95, p99, min, max;
};

struct aws_report {
    const char *url, *prompt; /* borrowed */
    int64_t max_tokens;
    uint64_t requests, concurrency;
    bool original; /* its percentiles, and pieces counted as tokens */
    const struct summary *summary;
    const struct compat_rows *rows;
    /* made by aws_report_count */
    uint64_t successful, failed, tokens;
    struct aws_figures ttft, total, tokens_each, told[AWS_HEADERS]; /* s, tokens; told TTFT in s */
    double wall_s;
};

void aws_report_count(struct aws_report *r);
void aws_report_json(const struct aws_report *r, struct buf *out);
void aws_report_text(const struct aws_report *r, struct buf *out);

#endif

/* benchmark.h - what the files of `weir as benchmark` share: its options, the figures of a level under their documented
 * names, and the outputs made of them. Source: benchmark.py of ktenzer/llm-bench and its README. Cold. */
#ifndef WEIR_COMPAT_BENCHMARK_H
#define WEIR_COMPAT_BENCHMARK_H

#include "analysis/summary.h"
#include "base/buf.h"
#include "compat/compat_rows.h"

enum { BM_LEVELS_MAX = 64, BM_P = 4 /* 50 90 95 99 */ };
extern const int bm_percentiles[BM_P];

struct bm_opts {
    /* as given */
    const char *endpoint, *api_key, *model, *dataset, *qps, *percentiles, *output, *plot_output;
    uint64_t max_tokens, num_gpus;
    double duration /* s */, temperature, gpu_rate; /* NAN: not given */
    bool plot, show_tokens, original;
    /* read from those */
    size_t n_rates, n_shown;
    double rate[BM_LEVELS_MAX];
    int shown[BM_P]; /* places in bm_percentiles, in the order given */
};
struct opt_table;
struct opt_seen;
extern const struct opt_table bm_table;
void bm_help(void);
/* Everything but --help, which the caller has looked for. 0, or -1 + e; opt_free(&bm_table, o, seen) in both cases. */
int bm_opts_read(struct bm_opts *o, struct opt_seen *seen, int argc, const char *const *argv, struct err *e);

struct bm_dist { /* of bm_percentiles; NAN: no value */
    double v[BM_P];
    unsigned at_least; /* bit i: v[i] is a lower bound: timeouts hide the value */
};
struct bm_cost { /* --gpu-rate and --num-gpus; tokens -1 unknown */
    int64_t in, out, total;
    double sustained; /* output tokens per second */
    double gpu_cost, per_million;
};
struct bm_level {
    const struct sum_level *l;
    double target, actual, completed; /* per second: asked, sent, ended */
    double duration, whole;           /* s: the window; to the last answer's end */
    uint64_t total, ok, failed, cancelled;
    double success;                /* percent; NAN: nothing was sent */
    struct bm_dist ttft, e2e, tok; /* s, s, tokens per second of a request */
    struct sum_counts errors;      /* by falling count, then by name */
    struct sum_counts codes;       /* by code */
    struct bm_cost cost;
    uint64_t counted; /* successes of which the server said how many tokens they have */
    uint64_t empty;   /* successes without any text */
    uint64_t cut;     /* successes that ended at --max-tokens */
};
/* Fills of each level of the summary one; rows: all requests of the run. `original`: the original's formulas. */
void bm_levels(struct bm_level *out, const struct summary *s, const struct compat_rows *rows, const struct bm_opts *o);
void bm_levels_free(struct bm_level *v, size_t n);

struct bm_advice {
    ptrdiff_t first, last; /* as struct sum_saturation; with `original` by the original's rules */
    double max;            /* queries per second, NAN: none */
    const struct sum_saturation *why;
};
struct bm_run { /* all that outputs are made of */
    const struct bm_opts *o;
    const struct summary *s;
    const struct bm_level *v;
    size_t n;
    struct bm_advice advice;
};
struct bm_advice bm_advise(const struct bm_run *r, const struct sum_saturation *sat);

/* For the console. */
char *bm_rate_text(char out[32], double rate); /* "1.0", and what needs more digits with them */
void bm_rule(struct buf *b);                   /* 80 times '=' and a newline */
void bm_put_begin(struct buf *b, const struct bm_opts *o, double rate);
void bm_put_end(struct buf *b, double rate, uint64_t ok, uint64_t failed);
void bm_put_table(struct buf *b, const struct bm_run *r);
void bm_put_summary(struct buf *b, const struct bm_run *r);
/* Of an error that kept the run from beginning; false: its text is not of a probe's answer, and nothing is put. */
bool bm_put_refusal(struct buf *b, const char *text);
void bm_put_hints(struct buf *b, const struct bm_run *r);

void bm_put_panel(struct buf *b, const struct bm_run *r); /* the drawing's text */

/* Files. started: ns since 1970. */
int bm_plot(const char *path, const struct bm_run *r, int64_t started, struct err *e);
void bm_results_json(struct buf *b, const struct bm_run *r);
/* r->s may be NULL: the run has not ended. */
void bm_metadata_json(struct buf *b, const struct bm_run *r, int64_t started);

#endif

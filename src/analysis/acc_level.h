/* acc_level.h - one level while its records come in, and its end. Private to the accumulator (acc.c). */
#ifndef WEIR_ANALYSIS_ACC_LEVEL_H
#define WEIR_ANALYSIS_ACC_LEVEL_H

#include "analysis/acc.h"
#include "analysis/acc_group.h"
#include "analysis/counted.h"
#include "analysis/measure.h"
#include "analysis/series.h"
#include "analysis/timeline.h"

#define TOKEN_SOURCES (TOKENS_WORDS + 1)

struct acc_level {
    struct rec_level info; /* the last line seen */
    int64_t last_instant;  /* of any request */
    int64_t first_key;     /* of the cohort; 0 none */

    /* cohort */
    struct samples lat[METRIC_LATENCIES]; /* ITL's is not used */
    struct samples tok_rate, send_lag;
    struct header_samples headers[HEADER_METRICS_MAX];
    struct series ttft_series, total_series; /* of successes, in the order of their starts */
    struct gaps gaps;
    struct outcome_counts outcomes;
    uint64_t status[STATUS_MAX], status_other, finish[FINISH_OTHER + 1], sources[TOKEN_SOURCES];
    uint64_t members;         /* all of the cohort */
    uint64_t plain;           /* of those: plain HTTP */
    uint64_t left;            /* of those: cancelled on purpose */
    uint64_t packed;          /* of those: the body came in a content coding ... */
    struct sum_texts codings; /* ... one of these */
    uint64_t redirected;      /* of those: failed by a redirect ... */
    char redirect[400];       /* ... where to: the first of these texts, by their order */
    uint64_t bytes_in, bytes_out;
    struct sum_sessions sessions;
    uint64_t tokens_in, tokens_out, tokens_cached, tokens_reasoning;
    uint64_t known_in, known_out, known_cached, known_reasoning; /* requests that said so */
    struct counted counted_out, counted_in;                      /* of successes */
    uint64_t own_out, own_in, in_texts, in_counted, uncounted;
    uint64_t chunks, chunk_tokens; /* events and tokens of requests that have both */
    bool answers_differ;           /* some success's from the first one's, which is: */
    uint64_t answer_bytes, answer_words, answer_hash, first_sample;
    bool samples_differ;
    uint64_t good, maybe_good;
    struct ivec unsent; /* pairs: intended, end (0: not said) of requests that were never sent */
    uint64_t retried, hidden_reasoning, unknown_tokens, not_streamed, no_text;

    /* all requests of the level */
    uint64_t warmup;
    struct tcount starts, due, late_starts; /* due, late_starts: of the cohort */
    struct tcount ends, ends_ok, tok_in, tok_out;
    struct timeline timeline;
    struct hist *ttft_live;
    struct acc_endpoint *endpoints; /* n_endpoints of them; none where the run has only one */
    size_t n_endpoints;
    struct acc_groups groups;

    /* client, summed over workers */
    struct hist *lag, *lag_user;
    uint64_t clock_steps, unplaced_stamps;
    uint64_t workers, reads, kernel_stamped, events, conns_opened, conns_reused, conns_resumed, conns_retried;
    double busy_max, busy_sum; /* of the busiest worker ... */
    double busy_window;        /* ... how long it was measured, s, ... */
    uint32_t busy_worker;      /* ... and which it is */
    double run_delay;          /* of the worker that waited most, a share */
    double involuntary;        /* a second, of the worker that was put aside most */
    double steal;
    bool steal_known;

    struct sum_texts notes;
};

struct acc_level *acc_level_new(const struct rec_level *info, size_t n_endpoints, unsigned by);
void acc_level_free(struct acc_level **l);
void acc_level_update(struct acc_level *l, const struct rec_level *info);
void acc_level_request(struct acc_level *l, const struct record *r, const struct slo_set *goodput);
void acc_level_client(struct acc_level *l, const struct rec_client *c);
/* What was due and never sent had waited until it was given up, at least until the window's end: without it a cap would
 * make response latencies look better the more it holds back. Once, when the window is known. */
void acc_level_settle_unsent(struct acc_level *l, int64_t w1, const struct slo_set *goodput);

/* The end: everything in *out, which then owns what it points to. `s` gives the quantiles. */
void acc_level_finish(struct acc_level *l, const struct summary *s, const struct acc_opts *o, struct sum_level *out);
void sum_level_free(struct sum_level *out);

void cost_finish(struct sum_level *out, double per_hour);

/* The parts of the end, in this order. */
void outcomes_finish(const struct outcome_counts *c, struct sum_counts *out);
void judge_slo(const struct summary *s, const struct slo_set *set, struct sum_level *out);
void judge_goodput(const struct acc_level *l, const struct slo_set *set, struct sum_level *out);
void judge_client(const struct acc_level *l, struct sum_level *out); /* the verdict */
void write_notes(const struct acc_level *l, const struct summary *s, struct sum_level *out);

void write_endpoint_notes(struct sum_level *out);
void write_token_notes(const struct acc_level *l, struct sum_level *out);

void texts_add(struct sum_texts *t, const char *fmt, ...) ATTR_PRINTF(2, 3);
void texts_free(struct sum_texts *t);

#endif

/* records.h - makes records for the tests of analysis and report: instants in ms, few words. */
#ifndef WEIR_TESTS_UNIT_RECORDS_H
#define WEIR_TESTS_UNIT_RECORDS_H

#include "analysis/acc.h"
#include "stat/hist.h"

#define T(ms) ((int64_t)((double)(ms)*1e6 + 0.5))

static inline struct rec_level level_line(bool open, double w0, double w1, bool final)
{
    struct rec_level l = {.open = open, .begin = 1, .w0 = T(w0), .w1 = T(w1), .final = final};
    if (open) {
        l.rate = 5;
        snprintf(l.arrival, sizeof l.arrival, "constant");
    } else {
        l.concurrency = 4;
    }
    return l;
}

/* A streamed success: `n` token events of 4 bytes, the first at `first`, `gap` apart, the end 1 ms after the last. */
static inline struct record *success(struct rec_slab *s, double due, double start, double first, int n, double gap)
{
    struct record *r = rec_new(s);
    r->flags = REC_STREAMED | REC_TERMINAL;
    r->outcome = OUT_OK;
    r->status = 200;
    r->finish = FINISH_STOP;
    r->token_source = TOKENS_USAGE;
    r->intended = r->admitted = T(due);
    r->start = r->sent_first = r->sent_last = T(start);
    r->headers = r->first_byte = T(first) - 1000;
    r->first_token = r->first_output = T(first);
    for (int i = 0; i < n; i++) {
        struct rec_event ev = {.at = T(first + i * gap), .bytes = 4, .cumulative = -1};
        if (rec_add_event(s, r, &ev) != 0)
            abort();
        r->last_token = ev.at;
        r->text_bytes += ev.bytes;
    }
    r->words = (uint64_t)n;
    r->end = r->last_token + T(1);
    r->tokens_in = 20;
    r->tokens_out = n;
    return r;
}

static inline struct record *failure(struct rec_slab *s, enum outcome o, int status, double due, double start,
                                     double end)
{
    struct record *r = rec_new(s);
    r->outcome = o;
    r->status = status;
    r->intended = r->admitted = T(due);
    r->start = T(start);
    r->end = T(end);
    return r;
}

static inline void feed(struct acc *a, struct rec_slab *s, struct record *r)
{
    acc_sink.request(a, r);
    rec_recycle(s, r);
}

#endif

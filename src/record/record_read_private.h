/* record_read_private.h - what the files of the record reader share: its state, and single values of a line. Each reads
 * one value of the scanner: 0, or -1 when the line is wrong (rr_wrong, or the scanner's own finding). */
#ifndef WEIR_RECORD_RECORD_READ_PRIVATE_H
#define WEIR_RECORD_RECORD_READ_PRIVATE_H

#include "base/jscan.h"
#include "record/recfile.h"
#include "record/record_fields.h"
#include "stat/hist.h"

struct vec {
    int64_t *v;
    size_t n, cap;
};

/* Names that many records share (class, model): each is kept once, until the end of the file. */
struct names {
    struct str *name;
    size_t n, cap;
};

struct reader {
    const struct rec_sink *sink;
    void *arg;
    struct rec_slab slab;
    struct vec dt, len, width, cum;
    struct buf detail, prompt, answer;
    struct buf head, headers, body; /* --save-http */
    bool http, cut;
    struct names names;
    char metric[HEADER_METRICS_MAX][HEADER_METRIC_NAME];
    struct js js;
    const char *wrong; /* what is wrong with the line, beside its JSON */
    char what[128];
};

int rr_wrong(struct reader *r, const char *fmt, const char *name); /* "NAME" FMT; the first cause is kept. -1 */
bool rr_line_ok(const struct reader *r);
int rr_i64(struct reader *r, const char *name, int64_t min, int64_t max, int64_t *out);
int rr_ints(struct reader *r, const char *name, int64_t min, int64_t max, struct vec *out);
/* [[value, count], ...], flat */
int rr_pairs(struct reader *r, const char *name, int64_t max_first, struct vec *out);
int rr_hist(struct reader *r, struct hist *h);
/* 1: the member was one of the table; 0: not in it; -1: wrong. *next is where the search begins: members come in
 * order. */
int rr_fields(struct reader *r, const struct field_table *t, size_t *next, struct str key, void *base);
/* The line's object is entered by the caller and closed here. */
int rr_plain(struct reader *r, const struct field_table *t, void *base);

#endif

/* series.h - latencies in the order of their requests, as sums of batches: what tests for a warm-up and a trend look
 * at. A batch holds 5 neighbours of the schedule; when there would be more than 4,096 batches, two make one. Bounded
 * memory (at most 256 KiB), and free of the order of adding. Not thread-safe. */
#ifndef WEIR_ANALYSIS_SERIES_H
#define WEIR_ANALYSIS_SERIES_H

#include "analysis/summary.h"

enum { SERIES_BATCH = 5, SERIES_MAX = 4096 };

struct series_batch {
    __int128 sum;
    uint64_t n;
    int64_t first; /* earliest instant; INT64_MAX: none */
};
struct series {
    struct series_batch *b;
    size_t n;
    uint64_t width; /* requests of a batch; 0: nothing was added yet */
};
void series_add(struct series *s, uint64_t index, int64_t at, int64_t v);
void series_free(struct series *s);

/* What the series says, for the notes. */
struct settled {
    size_t batches;          /* 0: too few to say anything; then nothing below holds */
    uint64_t warm;           /* requests that look like a warm-up, 0 none ... */
    int64_t warm_end;        /* ... the instant at which the others begin ... */
    double warm_mean, after; /* ... and means of both, ns */
    bool trend;              /* what remains rises or falls */
    double change, p;        /* by so much of its mean, from its beginning to its end */
};
struct settled series_settled(const struct series *s);

#endif

/* scrapes.h - what the server said of itself during a run (--metrics-url), as plain data and as a file of JSON lines:
 * server_metrics.jsonl, "weir.server_metrics/1" (docs/FORMATS.md). Values are of one URL at one instant, over all its
 * engines, models and GPUs. Counters are the increase since the URL was first asked, each series' restarts added up,
 * so they never fall. Doubles are written so that they read back as the same. Not thread-safe. */
#ifndef WEIR_RECORD_SCRAPES_H
#define WEIR_RECORD_SCRAPES_H

#include "base/buf.h"
#include "base/err.h"

enum { SCRAPE_SOURCES_MAX = 8, SCRAPE_WHY = 120 };

enum scrape_how { /* what several series or URLs come to */
                  SCRAPE_SUM,
                  SCRAPE_MEAN,   /* of shares */
                  SCRAPE_COUNTER /* a sum that never falls */
};

#define SCRAPE_MAP(X)                                  /* id, name in files, how */                                    \
    X(RUNNING, "running", SUM)                         /* requests in a batch */                                       \
    X(WAITING, "waiting", SUM)                         /* requests in a queue */                                       \
    X(KV_USAGE, "kv_cache_usage", MEAN)                /* share of the KV cache */                                     \
    X(PREFIX_QUERIES, "prefix_cache_queries", COUNTER) /* tokens (old vLLM: blocks) looked up in the prefix cache */   \
    X(PREFIX_HITS, "prefix_cache_hits", COUNTER)       /* ... and found */                                             \
    X(PREFIX_RATE, "prefix_cache_hit_rate", MEAN)      /* of servers that tell no counters */                          \
    X(PREEMPTIONS, "preemptions", COUNTER)             /* requests thrown out of the batch for want of cache */        \
    X(GPU_POWER, "gpu_power_w", SUM)                   /* of all GPUs */                                               \
    X(GPU_ENERGY, "gpu_energy_j", COUNTER)             /* likewise */                                                  \
    X(GPU_UTIL, "gpu_utilization", MEAN)               /* share of time with some kernel running */

enum scrape_value {
#define X(id, name, how) SCRAPE_##id,
    SCRAPE_MAP(X)
#undef X
        SCRAPE_VALUES
};
const char *scrape_value_name(enum scrape_value k);
enum scrape_how scrape_value_how(enum scrape_value k);

struct scrape_source { /* one of the URLs; lines of them come first */
    uint32_t source;   /* 0, 1, ... */
    char url[256];     /* without secrets, cut where it is longer */
};

struct scrape {
    uint32_t source;
    int64_t at;              /* ns since the run's epoch: halfway between the question and the answer's first byte */
    int64_t took;            /* ns from the question to the answer's end */
    double v[SCRAPE_VALUES]; /* NaN: the URL does not tell */
    uint32_t gpus;           /* whose power or energy is in it */
    bool failed;
    char why[SCRAPE_WHY]; /* it failed */
};
void scrape_clear(struct scrape *s); /* nothing known */

/* Append a line. */
void scrapes_put_head(struct buf *b);
void scrapes_put_source(struct buf *b, const struct scrape_source *s);
void scrapes_put(struct buf *b, const struct scrape *s);

struct scrapes_sink { /* what is given is valid during the call */
    void (*source)(void *arg, const struct scrape_source *s);
    void (*scrape)(void *arg, const struct scrape *s);
};
/* Reads lines in order; the last may be cut. Unknown members and types are skipped. -1 + e: PATH:LINE and what is
 * wrong. */
int scrapes_read_text(struct str text, const char *name, const struct scrapes_sink *sink, void *arg, struct err *e);
int scrapes_read_file(const char *path, const struct scrapes_sink *sink, void *arg, struct err *e);

#endif

/* acc_server.h - the server's own figures (--metrics-url) beside the client's: collected as they were scraped, and cut
 * to each level's window when the levels are known. Definitions: docs/METRICS.md, "The server's view". Gauges: the mean
 * of the scrapes within the window; counters: their increase over the window, straight lines between scrapes. Private
 * to the accumulator. About 110 bytes a scrape. Not thread-safe. */
#ifndef WEIR_ANALYSIS_ACC_SERVER_H
#define WEIR_ANALYSIS_ACC_SERVER_H

#include "analysis/summary.h"

struct server_scrape {
    int64_t at;
    uint32_t source, gpus;
    bool failed;
    double v[SCRAPE_VALUES];
};

struct acc_server {
    struct server_scrape *v;
    size_t n, cap;
    uint32_t n_sources;
};

void acc_server_source(struct acc_server *a, struct summary *s, const struct scrape_source *source);
void acc_server_scrape(struct acc_server *a, struct summary *s, const struct scrape *scrape);
/* Fills the server part of each level, and the notes on it. */
void acc_server_finish(struct acc_server *a, struct summary *s);
void acc_server_free(struct acc_server *a);

/* notes_server.c */
void write_server_notes(struct summary *s);

#endif

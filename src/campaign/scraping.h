/* scraping.h - --metrics-url: the server's Prometheus endpoints, and the DCGM exporter's, asked once before the load
 * and then every --metrics-interval by a thread per URL, each answer boiled down (server_names.h) and appended to
 * server_metrics.jsonl. What fails while the run goes on is counted and stored, and breaks nothing.
 *
 * Thread rule: all functions are called by the campaign's thread. The threads here touch no record, no accumulator and
 * nothing of the engine's. Memory: about 250 bytes an answer, of which SCRAPES_MAX are kept; then the asking ends,
 * which is said. */
#ifndef WEIR_CAMPAIGN_SCRAPING_H
#define WEIR_CAMPAIGN_SCRAPING_H

#include "campaign/campaign_private.h"

enum { SCRAPES_MAX = 200000 };

/* Asks each URL once, in place. -1 + e: one of them cannot be used; "auto" that finds nothing is no error. Before other
 * threads start. Nothing is done where no URL is given. */
int scraping_open(struct campaign_state *s, struct err *e);
int scraping_start(struct campaign_state *s, struct err *e); /* the file and the threads */
void scraping_mark(struct campaign_state *s);                /* a level begins or has ended: ask now as well */
/* Asks a last time, unless the run was interrupted, ends the threads and gives all to the accumulator. A server that
 * does not answer holds this up for 3 s, and for 1 s after an interruption. */
void scraping_stop(struct campaign_state *s);
void scraping_free(struct campaign_state *s);
/* "Metrics: URL (vLLM), every 1.00 s" from line[n] on, each to be freed; returns the new n. */
size_t scraping_lines(const struct campaign_state *s, char **line, size_t n);
/* "URL (vLLM): running, waiting": what URL i told when it was asked first. To be freed; NULL: there is no such URL. */
char *scraping_told(const struct campaign_state *s, unsigned i);

/* What a word of --metrics-url stands for: "http://" and "/metrics" are added where they are missing. To be freed. */
char *scraping_url(const char *word);

#endif

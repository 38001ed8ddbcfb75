/* prom.h - Prometheus's text exposition format 0.0.4 and OpenMetrics 1.0 text, read line by line as the bytes come:
 * name{label="value",...} value [timestamp] [# exemplar]. Comments (HELP, TYPE, UNIT) are skipped, `# EOF` ends
 * OpenMetrics; names in quotes within the braces ({"a.name",x="y"} 1), as Prometheus 3 writes them, are understood. A
 * line that is none of this is counted in `bad` and skipped, and so is one longer than PROM_LINE_MAX bytes or with more
 * than PROM_LABELS_MAX labels. Timestamps and exemplars are checked no further than to tell them from junk.
 * Sans-I/O; the same samples at every split of the input. Memory: one line. About 0.3 us a sample. Not thread-safe.
 * Sources: prometheus.io/docs/instrumenting/exposition_formats, OpenMetrics 1.0 section "Text format". */
#ifndef WEIR_FETCH_PROM_H
#define WEIR_FETCH_PROM_H

#include "base/buf.h"

enum { PROM_LINE_MAX = 64 << 10, PROM_LABELS_MAX = 64 };

struct prom_label {
    struct str name, value; /* the value as it stands between its quotes: escaped */
};
struct prom_sample { /* views that are valid during the call alone */
    struct str name;
    const struct prom_label *labels;
    size_t n_labels;
    double value; /* may be NaN or infinite */
};
typedef void prom_sample_fn(void *arg, const struct prom_sample *s);

struct prom {
    prom_sample_fn *sample;
    void *arg;
    struct buf line; /* one that is not whole yet */
    bool skip;       /* the rest of it is not wanted */
    bool ended;      /* `# EOF` came: nothing behind it counts */
    uint64_t samples, bad;
};

void prom_init(struct prom *p, prom_sample_fn *sample, void *arg);
void prom_feed(struct prom *p, const char *bytes, size_t n);
void prom_end(struct prom *p); /* the last line need not end in a newline */
void prom_free(struct prom *p);

struct str prom_label_of(const struct prom_sample *s, const char *name); /* its value, {NULL, 0}: it has none */

#endif

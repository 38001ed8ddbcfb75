/* serving_report.h - what `weir as benchmark_serving` prints and writes, from the requests' rows. Cold. */
#ifndef WEIR_COMPAT_SERVING_REPORT_H
#define WEIR_COMPAT_SERVING_REPORT_H

#include "base/buf.h"
#include "compat/compat_rows.h"

struct serving_series { /* one value per request, sorted, in s; mean NAN: of none */
    double *v;
    size_t n;
    double mean;
};

struct serving_figures {
    uint64_t asked, sent, successful, failed;  /* asked: --num-prompts */
    double time;                               /* s, from the first request's instant to the last end */
    double prompt_min, prompt_mid, prompt_max; /* tokens; NAN: not known */
    double requests_s, input_s, output_s;      /* per second */
    struct serving_series latency, per_token, first, next;
    enum token_source source; /* of the successful ones' output */
    bool mixed;               /* not all of one source */
    bool original;
};

/* Figures of the successful requests; see docs/SEED-PROGRAMS.md for what `original` makes of them. Requests that an
 * interrupted run cancelled are in no figure. serving_figures_free afterwards. */
void serving_measure(struct serving_figures *f, const struct compat_rows *rows, uint64_t asked, bool original);
void serving_figures_free(struct serving_figures *f);

void serving_console(const struct serving_figures *f, const struct compat_rows *rows, const char *tokenizer,
                     struct buf *out);
void serving_summary(const struct serving_figures *f, const struct compat_rows *rows,
                     struct buf *out); /* JSON, a line */
/* JSON: [prompt, output, prompt_len, output_len, latency, [first, gap, ...]] of each success in the order of their
 * ends; prompt and output null where the rows have no texts, the times where there was no stream. In s. */
void serving_tracking(const struct compat_rows *rows, bool original, struct buf *out);

#endif

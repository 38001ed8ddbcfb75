/* experiment_md.h - pieces of the page that its files share. Private to them: experiment_md.c, experiment_latency.c and
 * experiment_judged.c. */
#ifndef WEIR_REPORT_EXPERIMENT_MD_H
#define WEIR_REPORT_EXPERIMENT_MD_H

#include "report/experiment.h"

#define XP_NONE "–"       /* a cell without a value */
#define XP_SLOW_SHARE .95 /* of the whole answer's time: a first token that late came with the answer */

void xp_num(struct buf *b, double v, int decimals); /* "54,000.0"; XP_NONE of NaN */
void xp_usd(struct buf *b, double v, int decimals); /* "$0.000336" */
void xp_percent(struct buf *b, double share, int decimals);
void xp_label(struct buf *b, const struct xp_level *l);
void xp_table(struct buf *b, const char *head); /* "A|B>": names, those that end in > stand to the right */
void xp_picture_put(struct buf *b, const struct experiment *x, size_t i);
void xp_objective(struct buf *b, const struct experiment *x); /* "P95 latency below 2 s and ..." */
/* "1,043 tokens/s, 16.30 requests/s" of a level. */
void xp_throughput(struct buf *b, const struct experiment *x, const struct xp_findings *f, ptrdiff_t level);

/* The sections behind the load table, in order. */
void xp_put_latency(struct buf *b, const struct experiment *x, const struct xp_findings *f);
void xp_put_streams(struct buf *b, const struct experiment *x);
void xp_put_scaling(struct buf *b, const struct experiment *x, const struct xp_findings *f);
void xp_put_cost(struct buf *b, const struct experiment *x, const struct xp_findings *f);
void xp_put_expected(struct buf *b, const struct experiment *x, const struct xp_findings *f);
void xp_put_errors(struct buf *b, const struct experiment *x);
void xp_put_advice(struct buf *b, const struct experiment *x, const struct xp_findings *f);

#endif

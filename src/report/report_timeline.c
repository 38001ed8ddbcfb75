/* report_timeline.c - timeline.csv: one row a second and level. Described in docs/FORMATS.md. */
#include <math.h>

#include "report/report.h"

static void put_ms(struct buf *out, double ns)
{
    buf_addc(out, ',');
    if (isfinite(ns))
        buf_addf(out, "%.3f", ns / 1e6);
}

static void put_rows(struct buf *out, const struct summary *s, const struct sum_level *l)
{
    char iso[40], load[32];
    if (l->profile[0] || (l->open && !isfinite(l->rate))) /* a word: what changes is in `offered` or `in_flight` */
        snprintf(load, sizeof load, "%s", l->profile[0] ? "profile" : l->arrival);
    else
        snprintf(load, sizeof load, "%.9g", l->open ? l->rate : (double)l->concurrency);
    for (size_t k = 0; k < l->n_rows; k++) {
        const struct sum_row *r = &l->rows[k];
        int64_t from = l->begin + (int64_t)k * NS_PER_S;
        const char *phase = from + NS_PER_S <= l->w0 ? "warmup" : from >= l->w1 ? "drain" : "measure";
        buf_addf(out, "%u,%s,%zu,%s,%s,%llu,%llu,%llu,%llu,%llu", l->level, load, k,
                 fmt_utc_iso(iso, s->epoch_unix + from), phase, (unsigned long long)r->offered,
                 (unsigned long long)r->started, (unsigned long long)r->completed, (unsigned long long)r->failed,
                 (unsigned long long)r->in_flight);
        put_ms(out, r->ttft_p50);
        put_ms(out, r->ttft_p95);
        buf_addf(out, ",%.1f\n", r->tok_s);
    }
}

void report_timeline_csv(struct buf *out, const struct summary *s)
{
    buf_addz(out, "level,load,second,utc,phase,offered,started,completed,failed,in_flight,ttft_p50_ms,ttft_p95_ms,"
                  "output_tok_s\n");
    for (size_t i = 0; i < s->n_levels; i++)
        put_rows(out, s, &s->levels[i]);
}

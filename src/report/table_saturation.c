/* table_saturation.c - two lines below a sweep: where it goes over, and what load that leaves. */
#include <math.h>

#include "report/table_parts.h"

#define LINE_BYTES 2000

static void put_where(struct buf *t, const struct summary *s)
{
    const struct sum_saturation *x = &s->saturation;
    char title[128];
    if (x->first < 0) {
        buf_addf(t, "not reached: %s, the most that was asked, holds", level_title(title, &s->levels[x->last]));
        return;
    }
    buf_addf(t, "at %s", level_title(title, &s->levels[x->first]));
    for (size_t i = 0; i < x->why.n; i++)
        buf_addf(t, "%s%s", i ? "; " : ": ", x->why.v[i]);
}

static void put_range(struct buf *t, double lo, double hi)
{
    buf_addf(t, lo == hi ? "%.4g" : "%.4g to %.4g", lo, hi);
}

static void put_advice(struct buf *t, const struct summary *s)
{
    const struct sum_saturation *x = &s->saturation;
    char title[128];
    if (x->last < 0) {
        buf_addz(t, "that is the lowest level: where it begins is not known; ask for less");
        return;
    }
    if (x->first >= 0)
        buf_addf(t, "%s holds: ", level_title(title, &s->levels[x->last]));
    buf_addz(t, "recommended ");
    put_range(t, x->conservative, x->aggressive);
    buf_addf(t, " %s (80-90 %%), in production ", x->axis == SAT_RATE ? "requests/s" : "in flight");
    put_range(t, x->production_lo, x->production_hi);
    buf_addz(t, " (70-80 %)");
}

void table_saturation(struct buf *out, const struct summary *s, const struct paint *p, int width)
{
    struct buf where = BUF_INIT(LINE_BYTES), advice = BUF_INIT(LINE_BYTES);
    if (s->saturation.axis == SAT_NO_SWEEP)
        return;
    put_where(&where, s);
    put_advice(&advice, s);
    buf_addf(out, "\n %sSaturation%s\n", p->bold, p->off);
    text_wrap(out, "   ", where.n ? where.p : "", width);
    text_wrap(out, "   ", advice.n ? advice.p : "", width);
    buf_free(&where);
    buf_free(&advice);
}

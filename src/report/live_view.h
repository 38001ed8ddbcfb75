/* live_view.h - the one line that tells on a terminal how a run goes: progress, elapsed, in flight, rate, TTFT p50,
 * errors. live_line is a pure function; live_view_draw draws it on stderr (log_live_line). One thread. */
#ifndef WEIR_REPORT_LIVE_VIEW_H
#define WEIR_REPORT_LIVE_VIEW_H

#include "base/buf.h"

struct live_view_in { /* counts are of the current level since its begin */
    uint32_t level, n_levels;
    int64_t elapsed, total;                      /* ns; total 0 = not known */
    uint64_t started, completed, failed, tokens; /* completed: all that ended */
    uint64_t items;                              /* requests wanted, 0 = not known */
    int64_t ttft_p50;                            /* ns, -1 unknown */
    bool warming, draining;
    bool connecting; /* the level has not begun: nothing else is shown */
    uint64_t conns_wanted, conns_open;
};

/* Never wider than `width` characters; the least important is left out first. */
void live_line(struct buf *out, const struct live_view_in *in, int width, bool colour);
void live_view_draw(const struct live_view_in *in, bool colour);

#endif

/* clock.h - the two clocks, and the bridge from kernel stamps (realtime) to the monotonic clock.
 * Unit: ns. clock_mono() is CLOCK_MONOTONIC by vDSO, about 25-30 ns a call. All instants in weir are monotonic;
 * realtime appears only where a person reads it and in the kernel's receive stamps. Thread-safe. */
#ifndef WEIR_BASE_CLOCK_H
#define WEIR_BASE_CLOCK_H

#include "base/attr.h"

int64_t clock_mono(void);
int64_t clock_real(void);
int64_t clock_thread_cpu(void); /* CPU time of the calling thread; about 230 ns a call */

/* A replaceable clock for what must be tested without waiting. clock_system is the real one. */
struct clock_src {
    int64_t (*mono)(void *arg);
    void *arg;
};
extern const struct clock_src clock_system;
static inline int64_t clock_now(const struct clock_src *c)
{
    return c->mono(c->arg);
}

/* mono = real + offset. An anchor is MONO/REAL/MONO; the narrowest of three is taken. Steps of the realtime clock
 * (NTP) show as a change of the offset: `steps` counts anchors that moved by more than 1 ms. One bridge per thread. */
struct clock_bridge {
    int64_t offset;      /* ns to add to a realtime instant */
    int64_t width;       /* ns between the two monotonic reads: the uncertainty */
    int64_t anchored_at; /* monotonic ns, 0 = never */
    uint64_t steps;
};
void clock_bridge_anchor(struct clock_bridge *b);

#endif

/* clock.h - the two clocks, and the bridge from kernel stamps (realtime) to the monotonic clock.
 * Unit: ns. clock_mono() is CLOCK_MONOTONIC by vDSO, about 25-30 ns a call. All instants in weir are monotonic;
 * realtime appears only where a person reads it and in the kernel's receive stamps. Thread-safe. */
#ifndef WEIR_BASE_CLOCK_H
#define WEIR_BASE_CLOCK_H

#include "base/attr.h"

int64_t clock_mono(void);
int64_t clock_real(void);
int64_t clock_thread_cpu(void); /* CPU time of the calling thread; about 230 ns a call */

/* Replaceable clocks for what must be tested without waiting, or without setting the machine's. clock_system: the real
 * ones. */
struct clock_src {
    int64_t (*mono)(void *arg);
    int64_t (*real)(void *arg);
    void *arg;
};
extern const struct clock_src clock_system;
static inline int64_t clock_now(const struct clock_src *c)
{
    return c->mono(c->arg);
}

/* mono = real + offset. An anchor reads MONO/REAL/MONO; the narrowest of three counts. A step of the realtime clock
 * (set by a person, by NTP at its start, by a resumed virtual machine) shows as an offset that has moved by more than
 * 1 ms and 0.2 % of the time since, which is more than any slewing of NTP does. One bridge per thread.
 *
 * Between a step and the anchor that notices it, a stamp may be of either side. So what is known of the instant without
 * the stamp decides: it lies between `since` and `user`. A stamp that fits under one of the two offsets is placed by
 * that one; one that fits under both or none is not placed. */
struct clock_bridge {
    int64_t offset;      /* ns to add to a realtime instant */
    int64_t width;       /* ns between the two monotonic reads: the uncertainty */
    int64_t anchored_at; /* monotonic ns, 0 = never */
    int64_t before;      /* the offset until the last step */
    int64_t stepped_at;  /* monotonic: the last step was noticed here, and happened before; 0 = none was */
    uint64_t steps, unplaced;
};
void clock_bridge_anchor(struct clock_bridge *b, const struct clock_src *c);
/* To be called once per batch of stamps: one bracket, 3 clock reads, when that is good enough. */
void clock_bridge_renew(struct clock_bridge *b, const struct clock_src *c);
/* The monotonic instant of a stamp, at most `user`; 0: it cannot be told (counted in `unplaced`). since <= the instant
 * <= user are monotonic and known for sure, but for what the kernel itself took between stamp and delivery. Costs a
 * comparison as long as the stamp fits and no step is in doubt. */
int64_t clock_bridge_place(struct clock_bridge *b, const struct clock_src *c, int64_t real, int64_t since,
                           int64_t user);

#endif

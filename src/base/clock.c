#include "base/clock.h"

static int64_t read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t clock_mono(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_real(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_thread_cpu(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

static int64_t system_mono(void *arg)
{
    (void)arg;
    return clock_mono();
}

const struct clock_src clock_system = {system_mono, NULL};

void clock_bridge_anchor(struct clock_bridge *b)
{
    int64_t width = INT64_MAX, offset = 0, at = 0;
    for (int i = 0; i < 3; i++) {
        int64_t before = clock_mono();
        int64_t real = clock_real();
        int64_t after = clock_mono();
        if (after - before < width) {
            width = after - before;
            offset = before + width / 2 - real;
            at = after;
        }
    }
    if (b->anchored_at != 0) {
        int64_t moved = offset - b->offset;
        if (moved > NS_PER_MS || moved < -NS_PER_MS)
            b->steps++;
    }
    b->offset = offset;
    b->width = width;
    b->anchored_at = at;
}

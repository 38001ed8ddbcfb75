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

static int64_t system_real(void *arg)
{
    (void)arg;
    return clock_real();
}

const struct clock_src clock_system = {system_mono, system_real, NULL};

enum {
    NARROW = 300,           /* ns of a bracket that needs no second one */
    WIDE = 2 * NS_PER_US,   /* of one in which the thread was interrupted */
    SLACK = 50 * NS_PER_US, /* of both clocks, and of the kernel between stamp and delivery */
    STEP = NS_PER_MS,       /* an offset that moves by less was not set */
    STEP_SHARE = 500,       /* ... nor by less than this part of the time since */
    HELD = 100 * NS_PER_MS, /* that the kernel may have kept a segment back: a processor that was taken away */
};

struct bracket {
    int64_t offset, width, at;
};

static struct bracket bracket(const struct clock_src *c)
{
    int64_t before = c->mono(c->arg), real = c->real(c->arg), after = c->mono(c->arg);
    return (struct bracket){before + (after - before) / 2 - real, after - before, after};
}

static int64_t distance(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

static void settle(struct clock_bridge *b, struct bracket x)
{
    if (b->anchored_at != 0 && distance(x.offset, b->offset) > STEP + x.width + (x.at - b->anchored_at) / STEP_SHARE) {
        b->steps++;
        b->before = b->offset;
        b->stepped_at = x.at;
    } else if (b->anchored_at != 0 && x.width > WIDE) {
        return; /* the former offset is the better one */
    }
    b->offset = x.offset;
    b->width = x.width;
    b->anchored_at = x.at;
}

void clock_bridge_anchor(struct clock_bridge *b, const struct clock_src *c)
{
    struct bracket best = bracket(c);
    for (int i = 0; i < 2; i++) {
        struct bracket x = bracket(c);
        if (x.width < best.width)
            best = x;
    }
    settle(b, best);
}

void clock_bridge_renew(struct clock_bridge *b, const struct clock_src *c)
{
    struct bracket x = bracket(c);
    if (b->anchored_at != 0 && x.width <= NARROW && distance(x.offset, b->offset) < STEP)
        settle(b, x);
    else
        clock_bridge_anchor(b, c);
}

static bool fits(int64_t at, int64_t since, int64_t user)
{
    return at >= since - SLACK && at <= user + SLACK;
}

static int64_t place_doubtful(struct clock_bridge *b, const struct clock_src *c, int64_t real, int64_t since,
                              int64_t user)
{
    if (!fits(real + b->offset, since, user)) /* set since the last anchor? */
        clock_bridge_anchor(b, c);
    const bool in_doubt = since < b->stepped_at;
    int64_t now = real + b->offset, old = real + b->before;
    bool fits_now = fits(now, since, user), fits_old = in_doubt && fits(old, since, user);
    if (fits_now != fits_old)
        return MIN(fits_now ? now : old, user);
    if (!in_doubt && now >= since - HELD && now <= user + STEP) /* the clock is fine: the kernel was late */
        return MIN(now, user);
    b->unplaced++;
    return 0;
}

int64_t clock_bridge_place(struct clock_bridge *b, const struct clock_src *c, int64_t real, int64_t since, int64_t user)
{
    int64_t at = real + b->offset;
    if (fits(at, since, user) && since >= b->stepped_at)
        return MIN(at, user);
    return place_doubtful(b, c, real, since, user);
}

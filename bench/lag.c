/* lag.c - the floor of sending on time: a bare loop that sleeps until each instant of an even schedule, reads the clock
 * and does nothing. `bench_lag RATE SECONDS [SPIN_US]` prints how late it was, in ns: quantiles as JSON. It sleeps by
 * epoll_pwait2 with a timer slack of 1 ns, as weir's loop does (timerfd where the kernel is older than 5.11); with
 * SPIN_US it wakes so much earlier and polls. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NS 1000000000LL

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * NS + t.tv_nsec;
}

static void sleep_until(int ep, int timer, int64_t at)
{
    struct epoll_event ev;
    int64_t left = at - now();
    if (left <= 0)
        return;
#ifdef SYS_epoll_pwait2
    struct timespec ts = {left / NS, left % NS};
    if (syscall(SYS_epoll_pwait2, ep, &ev, 1, &ts, NULL, 0) == 0)
        return;
#endif
    struct itimerspec it = {.it_value = {at / NS, at % NS}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &it, NULL);
    epoll_wait(ep, &ev, 1, -1);
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: bench_lag RATE SECONDS [SPIN_US]\n");
        return 2;
    }
    double rate = atof(argv[1]);
    size_t n = (size_t)(rate * atof(argv[2]));
    int64_t spin = argc > 3 ? (int64_t)(atof(argv[3]) * 1000) : 0, *late = calloc(n + 1, sizeof *late);
    int ep = epoll_create1(EPOLL_CLOEXEC), timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    struct epoll_event ev = {.events = EPOLLIN};
    if (n == 0 || !late || ep < 0 || timer < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, timer, &ev) < 0) {
        perror("bench_lag");
        return 1;
    }
    prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
    int64_t begin = now() + 20 * NS / 1000;
    for (size_t i = 0; i < n; i++) {
        int64_t due = begin + (int64_t)((double)i * 1e9 / rate), t;
        sleep_until(ep, timer, due - spin);
        while ((t = now()) < due)
            epoll_wait(ep, &ev, 1, 0);
        late[i] = t - due;
    }
    qsort(late, n, sizeof *late, by_size);
    printf("{\"n\": %zu, \"p50\": %lld, \"p90\": %lld, \"p99\": %lld, \"max\": %lld}\n", n, (long long)late[n / 2],
           (long long)late[n * 9 / 10], (long long)late[n * 99 / 100], (long long)late[n - 1]);
    free(late);
    return 0;
}

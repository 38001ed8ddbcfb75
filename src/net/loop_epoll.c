#include "net/loop_private.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/xalloc.h"

struct poller {
    int fd;
    bool no_pwait2; /* kernel before 5.11, or a sandbox that forbids it */
    int n, at;      /* events collected, next to give */
    int max;
    struct epoll_event *ev;
};

struct poller *poller_new(unsigned max_events, struct err *e)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0) {
        err_sys(e, ERR_LIMIT, errno, "cannot make an event queue");
        return NULL;
    }
    struct poller *p = xcalloc(1, sizeof(*p));
    p->fd = fd;
    p->max = (int)max_events;
    p->ev = xcalloc(max_events, sizeof(*p->ev));
    return p;
}

void poller_free(struct poller **pp)
{
    struct poller *p = *pp;
    if (!p)
        return;
    close(p->fd);
    free(p->ev);
    free(p);
    *pp = NULL;
}

int poller_set(struct poller *p, struct io *io, unsigned old_want, unsigned want)
{
    /* Errors and hang-ups are reported even when nothing is asked for, so a file without wishes is taken out. */
    int op = want == 0 ? EPOLL_CTL_DEL : old_want == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    struct epoll_event ev = {.data.ptr = io};
    if (want & IO_READ)
        ev.events |= EPOLLIN;
    if (want & IO_WRITE)
        ev.events |= EPOLLOUT;
    return epoll_ctl(p->fd, op, io->fd, &ev) < 0 ? -errno : 0;
}

static int wait_ns(struct poller *p, int64_t timeout)
{
    struct timespec ts = {.tv_sec = timeout / NS_PER_S, .tv_nsec = timeout % NS_PER_S};
#ifdef SYS_epoll_pwait2
    if (!p->no_pwait2) {
        int n = (int)syscall(SYS_epoll_pwait2, p->fd, p->ev, p->max, &ts, NULL, 0);
        if (n >= 0 || (errno != ENOSYS && errno != EPERM))
            return n;
        p->no_pwait2 = true;
    }
#endif
    /* An epoll file can itself be polled, and ppoll counts in ns. */
    struct pollfd pf = {.fd = p->fd, .events = POLLIN};
    int n = ppoll(&pf, 1, &ts, NULL);
    return n <= 0 ? n : epoll_wait(p->fd, p->ev, p->max, 0);
}

int poller_wait(struct poller *p, int64_t timeout)
{
    int n = timeout > 0 ? wait_ns(p, timeout) : epoll_wait(p->fd, p->ev, p->max, timeout == 0 ? 0 : -1);
    p->at = 0;
    p->n = n < 0 ? 0 : n;
    return n < 0 ? -errno : n;
}

/* <linux/eventpoll.h> of Linux 6.9; older headers lack it. */
struct epoll_params_6_9 {
    uint32_t busy_poll_usecs;
    uint16_t busy_poll_budget; /* packets at a time; more than 64 needs CAP_NET_ADMIN */
    uint8_t prefer_busy_poll, pad;
};
#define SET_PARAMS _IOW(0x8A, 0x01, struct epoll_params_6_9) /* EPIOCSPARAMS */

int poller_busy_poll(struct poller *p)
{
    /* A wait that does not block looks into the queue once, whatever the time is, as long as it is not 0. One that
     * blocks would stay there for the time, unseen by our count of empty polls: so it is the shortest. */
    struct epoll_params_6_9 params = {.busy_poll_usecs = 1, .busy_poll_budget = 8};
    return ioctl(p->fd, SET_PARAMS, &params) < 0 ? -errno : 0;
}

bool poller_next(struct poller *p, struct io **io, unsigned *what)
{
    while (p->at < p->n) {
        const struct epoll_event *ev = &p->ev[p->at++];
        if (!ev->data.ptr)
            continue;
        *io = ev->data.ptr;
        *what = (ev->events & EPOLLIN ? IO_READ : 0U) | (ev->events & EPOLLOUT ? IO_WRITE : 0U) |
                (ev->events & (EPOLLERR | EPOLLHUP) ? IO_HANGUP : 0U);
        return true;
    }
    return false;
}

void poller_forget(struct poller *p, const struct io *io)
{
    for (int i = p->at; i < p->n; i++)
        if (p->ev[i].data.ptr == io)
            p->ev[i].data.ptr = NULL;
}

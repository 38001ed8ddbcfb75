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
    /* Bulk files have a queue of their own, which stands in the first one as a file: what is ready in it is asked for,
     * a slice at a time, when the others have been given. */
    int bulk_fd; /* -1: none yet */
    bool bulk_due;
    int bulk_n, bulk_at;
    struct epoll_event bulk[LOOP_BULK_SLICE];
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
    p->bulk_fd = -1;
    p->max = (int)max_events;
    p->ev = xcalloc(max_events, sizeof(*p->ev));
    return p;
}

void poller_free(struct poller **pp)
{
    struct poller *p = *pp;
    if (!p)
        return;
    if (p->bulk_fd >= 0)
        close(p->bulk_fd);
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
    return epoll_ctl(io->bulk ? p->bulk_fd : p->fd, op, io->fd, &ev) < 0 ? -errno : 0;
}

/* The bulk queue's own events bear the poller for their file. */
static int make_bulk(struct poller *p)
{
    if (p->bulk_fd >= 0)
        return 0;
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = p};
    int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0 || epoll_ctl(p->fd, EPOLL_CTL_ADD, fd, &ev) < 0) {
        int rc = -errno;
        if (fd >= 0)
            close(fd);
        return rc;
    }
    p->bulk_fd = fd;
    return 0;
}

int poller_bulk(struct poller *p, struct io *io, unsigned want, bool bulk)
{
    int rc = bulk ? make_bulk(p) : 0;
    if (rc < 0)
        return rc;
    if (want)
        poller_set(p, io, want, 0);
    io->bulk = bulk;
    return want ? poller_set(p, io, 0, want) : 0;
}

bool poller_has_more(const struct poller *p)
{
    return p->bulk_due;
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
    p->at = p->bulk_at = p->bulk_n = 0;
    p->n = n < 0 ? 0 : n;
    p->bulk_due = false;
    for (int i = 0; i < p->n && p->bulk_fd >= 0; i++) {
        if (p->ev[i].data.ptr == p) {
            p->ev[i].data.ptr = NULL;
            p->bulk_due = true;
        }
    }
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

static bool next_of(struct epoll_event *v, int n, int *at, struct io **io, unsigned *what)
{
    while (*at < n) {
        const struct epoll_event *ev = &v[(*at)++];
        if (!ev->data.ptr)
            continue;
        *io = ev->data.ptr;
        *what = (ev->events & EPOLLIN ? IO_READ : 0U) | (ev->events & EPOLLOUT ? IO_WRITE : 0U) |
                (ev->events & (EPOLLERR | EPOLLHUP) ? IO_HANGUP : 0U);
        return true;
    }
    return false;
}

bool poller_next(struct poller *p, struct io **io, unsigned *what)
{
    if (next_of(p->ev, p->n, &p->at, io, what))
        return true;
    if (p->bulk_due) {
        int n = epoll_wait(p->bulk_fd, p->bulk, LOOP_BULK_SLICE, 0);
        p->bulk_n = n < 0 ? 0 : n;
        p->bulk_due = false;
    }
    return next_of(p->bulk, p->bulk_n, &p->bulk_at, io, what);
}

static void forget_in(struct epoll_event *v, int from, int n, const struct io *io)
{
    for (int i = from; i < n; i++)
        if (v[i].data.ptr == io)
            v[i].data.ptr = NULL;
}

void poller_forget(struct poller *p, const struct io *io)
{
    forget_in(p->ev, p->at, p->n, io);
    forget_in(p->bulk, p->bulk_at, p->bulk_n, io);
}

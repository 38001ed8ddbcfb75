#include <errno.h>
#include <linux/net_tstamp.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "net/stream_private.h"

int rx_stamps_on(int fd)
{
    int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)) < 0 ? -errno : 0;
}

void net_shared_init(struct net_shared *n)
{
    /* The kernel switches stamping on for the whole machine when the first socket asks, a moment after it asked, and
     * off with the last. One socket that always asks keeps it on, so that the first bytes of a connection are stamped
     * too. */
    n->stamp_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (n->stamp_fd >= 0)
        rx_stamps_on(n->stamp_fd);
}

void net_shared_free(struct net_shared *n)
{
    if (n->stamp_fd >= 0)
        close(n->stamp_fd);
    free(n->rx);
    free(n->tx);
}

static int64_t stamp_of(struct msghdr *m)
{
    for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
        if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_TIMESTAMPING)
            continue;
        struct timespec ts; /* the first of three: software */
        memcpy(&ts, CMSG_DATA(h), sizeof(ts));
        return ts.tv_sec * NS_PER_S + ts.tv_nsec;
    }
    return 0;
}

static void fill_rx(struct loop *l, struct rx_state *st, int64_t real, int64_t user, struct rx *rx)
{
    int64_t since = st->last;
    int64_t quiet = loop_quiet_since(l);
    st->held = st->late;
    if (!st->left && !st->held && quiet > since && quiet >= st->watched_at)
        since = quiet;
    rx->user = rx->stamp = user;
    rx->kernel = false;
    if (real != 0) {
        struct net_shared *n = loop_net(l);
        if (n->bridge_turn != loop_turn(l)) {
            clock_bridge_renew(&n->bridge, &clock_system);
            n->bridge_turn = loop_turn(l);
        }
        int64_t stamp = clock_bridge_place(&n->bridge, &clock_system, real, since, user);
        if (stamp != 0) {
            rx->kernel = true;
            rx->stamp = stamp;
        }
    }
    rx->since = MIN(since, rx->stamp);
}

ssize_t rx_recv(struct loop *l, struct rx_state *st, int fd, void *p, size_t cap, struct rx *rx)
{
    /* Room for the stamp alone: 3 timespecs. */
    union {
        char bytes[CMSG_SPACE(3 * sizeof(struct timespec))];
        struct cmsghdr align;
    } ctl;
    struct iovec v = {p, cap};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
    if (!st->no_stamps) {
        m.msg_control = &ctl;
        m.msg_controllen = sizeof(ctl);
    }
    /* A moment before the call: what comes while it returns, or while this thread is put aside, is left for the next.
     */
    struct net_shared *sh = loop_net(l);
    const int64_t before = MAX(loop_now(l), sh->read_at);
    ssize_t n = recvmsg(fd, &m, 0);
    if (n <= 0)
        return n < 0 ? -errno : 0;
    int64_t user = sh->read_at = clock_mono();
    fill_rx(l, st, st->no_stamps ? 0 : stamp_of(&m), user, rx);
    st->left = (size_t)n == cap;
    /* What is not read is not acknowledged, for some 40 ms, and with ten small segments on their way (the first
     * congestion window) the peer collects what it has to send. The next read then brings, as one late segment, what
     * would have come while we were late: its interval begins where this one's does. */
    enum { LATE = 3 * NS_PER_MS, TEN_SMALL = 512 };
    st->late = user - rx->stamp > LATE && n >= TEN_SMALL;
    st->last = st->left || st->late ? rx->since : before;
    st->recvs++;
    if (st->left)
        st->segments_base = -1; /* it may have cut a segment: counts say nothing until the next question */
    return n;
}

/* Data segments received so far, all of which have been read; -1: not known, or something waits. */
static int64_t segments_read(int fd)
{
    struct tcp_info info;
    socklen_t len = sizeof(info);
    int unread = 0;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
        len < offsetof(struct tcp_info, tcpi_data_segs_in) + sizeof(info.tcpi_data_segs_in))
        return -1;
    /* In this order: what the count holds has been read when nothing waits now. */
    if (ioctl(fd, FIONREAD, &unread) != 0 || unread > 0)
        return -1;
    return info.tcpi_data_segs_in;
}

bool rx_one_segment(struct rx_state *st, int fd)
{
    if (st->asked == st->recvs)
        return st->one_segment;
    int64_t segments = segments_read(fd);
    st->one_segment = segments >= 0 && st->segments_base >= 0 && !st->left && !st->held &&
                      (uint64_t)(segments - st->segments_base) == st->recvs - st->recvs_base;
    st->segments_base = st->left ? -1 : segments;
    st->recvs_base = st->asked = st->recvs;
    return st->one_segment;
}

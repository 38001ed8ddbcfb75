#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "net/stream_private.h"

/* ---- connecting: the same for plain and TLS streams */

static void drop_socket(struct stream *s)
{
    loop_io_del(s->loop, &s->io);
    close(s->io.fd);
    s->io.fd = -1;
}

static bool make_socket(struct stream *s, const struct addr *a)
{
    int fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        stream_set_error(s, stream_rc_of(errno), errno, NULL);
        return false;
    }
    s->io.fd = fd;
    s->is_unix = a->sa.ss_family == AF_UNIX;
    if (s->is_unix) {
        s->rxs.no_stamps = true;
        return true;
    }
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (!s->rxs.no_stamps)
        rx_stamps_on(fd);
    return true;
}

static void connected(struct stream *s)
{
    s->times.conn_end = clock_mono();
    s->state = ST_CONNECTING;
    stream_set_error(s, STREAM_AGAIN, 0, NULL); /* what other addresses said does not matter any more */
}

/* From the source address whose turn it is. The port is chosen by connect, for this destination: so every source
 * address has all ports for each destination (IP_BIND_ADDRESS_NO_PORT, Linux 4.2). */
static int bind_local(struct stream *s, const struct addr *to)
{
    int one = 1;
    if (s->n_binds == 0 || s->is_unix)
        return 0;
    for (unsigned i = 0; i < s->n_binds; i++) {
        const struct addr *a = &s->binds[(s->bind + i) % s->n_binds];
        if (a->sa.ss_family != to->sa.ss_family)
            continue;
        setsockopt(s->io.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one)); /* of IPv6 sockets too */
        return bind(s->io.fd, (const struct sockaddr *)&a->sa, a->len) == 0 ? 0 : errno;
    }
    return EAFNOSUPPORT;
}

/* One attempt with the open socket: 0 connected or under way, else the errno. */
static int attempt(struct stream *s, const struct addr *a)
{
    int refused = bind_local(s, a);
    if (refused)
        return refused;
    if (connect(s->io.fd, (const struct sockaddr *)&a->sa, a->len) == 0) {
        connected(s);
        loop_timer_set(s->loop, &s->kick, 0);
        return 0;
    }
    int sys = errno;
    if (sys == EAGAIN && s->is_unix) { /* the server's backlog is full; unlike TCP nobody tries again for us */
        loop_timer_set(s->loop, &s->kick, loop_now(s->loop) + NS_PER_MS);
        return 0;
    }
    if (sys != EINPROGRESS && sys != EINTR)
        return sys;
    s->state = ST_CONNECTING;
    int rc = loop_io_set(s->loop, &s->io, IO_WRITE);
    return -rc;
}

bool stream_tcp_dial(struct stream *s)
{
    for (; s->tried < s->n_addrs; s->tried++) {
        const struct addr *a = &s->addrs[(s->first + s->tried) % s->n_addrs];
        if (s->io.fd < 0 && !make_socket(s, a))
            continue;
        int sys = attempt(s, a);
        if (sys == 0)
            return true;
        stream_set_error(s, stream_rc_of(sys), sys, NULL);
        if (s->tried + 1 < s->n_addrs)
            drop_socket(s);
    }
    return false;
}

bool stream_tcp_check(struct stream *s)
{
    int sys = 0;
    socklen_t len = sizeof(sys);
    if (getsockopt(s->io.fd, SOL_SOCKET, SO_ERROR, &sys, &len) < 0)
        sys = errno;
    if (sys == 0) {
        connected(s);
        stream_connected(s);
        return true;
    }
    stream_set_error(s, stream_rc_of(sys), sys, NULL);
    drop_socket(s);
    s->state = ST_NEW;
    s->tried++;
    return stream_tcp_dial(s);
}

/* ---- plain streams */

static void tcp_connected(struct stream *s)
{
    stream_is_up(s);
}

static void tcp_handshake(struct stream *s)
{
}

static ssize_t tcp_read(struct stream *s, void *p, size_t cap, struct rx *rx)
{
    ssize_t n = rx_recv(s->loop, &s->rxs, s->io.fd, p, cap, rx);
    if (n > 0)
        return n;
    if (n == 0)
        return STREAM_EOF;
    enum stream_rc rc = stream_rc_of((int)-n);
    if (rc != STREAM_AGAIN)
        stream_set_error(s, rc, (int)-n, NULL);
    return rc;
}

static ssize_t tcp_writev(struct stream *s, const struct iovec *v, int n)
{
    struct msghdr m = {.msg_iov = (struct iovec *)v, .msg_iovlen = (size_t)n};
    ssize_t r = sendmsg(s->io.fd, &m, MSG_NOSIGNAL);
    if (r >= 0)
        return r;
    int sys = errno;
    enum stream_rc rc = stream_rc_of(sys);
    if (rc != STREAM_AGAIN)
        stream_set_error(s, rc, sys, NULL);
    return rc;
}

static bool tcp_pending(const struct stream *s)
{
    return false;
}

static void tcp_destroy(struct stream *s)
{
}

const struct stream_ops stream_tcp_ops = {
    .connected = tcp_connected,
    .handshake = tcp_handshake,
    .read = tcp_read,
    .writev = tcp_writev,
    .pending = tcp_pending,
    .destroy = tcp_destroy,
};

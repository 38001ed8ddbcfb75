#include "net/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "net/stream_private.h"

enum stream_rc stream_rc_of(int sys)
{
    switch (sys) {
    case EAGAIN:
    case EINTR:
        return STREAM_AGAIN;
    case ECONNRESET:
    case EPIPE:
        return STREAM_RESET;
    case ECONNREFUSED:
        return STREAM_REFUSED;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case ETIMEDOUT:
    case ENOENT: /* of a unix socket */
        return STREAM_UNREACHABLE;
    case EMFILE:
    case ENFILE:
        return STREAM_NOFILES;
    case EADDRNOTAVAIL:
        return STREAM_NOPORTS;
    default:
        return STREAM_ERR;
    }
}

static const char *errno_text(int sys)
{
    switch (sys) {
    case 0:
        return "";
    case ECONNREFUSED:
        return "connection refused";
    case ECONNRESET:
        return "connection reset by the peer";
    case EPIPE:
        return "the peer has closed the connection";
    case ENETUNREACH:
        return "network is unreachable";
    case EHOSTUNREACH:
        return "no route to the host";
    case ETIMEDOUT:
        return "the host did not answer in time";
    case ENOENT:
        return "no such socket";
    case EAFNOSUPPORT:
        return "no source address (--bind) is of the destination's family";
    case EMFILE:
        return "too many open files in this process (ulimit -n)";
    case ENFILE:
        return "too many open files on this machine";
    case EADDRNOTAVAIL:
        return "no local port is left (net.ipv4.ip_local_port_range)";
    default: {
        const char *t = strerrordesc_np(sys);
        return t ? t : "unknown system error";
    }
    }
}

void stream_set_error(struct stream *s, enum stream_rc rc, int sys, const char *text)
{
    s->rc = (signed char)rc;
    s->sys = sys;
    free(s->text);
    s->text = text ? xstrdup(text) : NULL;
}

void stream_report(struct stream *s, unsigned what)
{
    if (s->cb)
        s->cb(s->arg, s, what);
}

void stream_fail(struct stream *s, enum stream_rc rc, int sys, const char *text)
{
    stream_set_error(s, rc, sys, text);
    s->state = ST_FAILED;
    loop_io_del(s->loop, &s->io);
    stream_report(s, STREAM_FAILED);
}

/* The same, but not before the next turn. */
static void fail_later(struct stream *s)
{
    s->state = ST_FAILED;
    loop_io_del(s->loop, &s->io);
    loop_timer_set(s->loop, &s->kick, 0);
}

void stream_update_io(struct stream *s)
{
    if (s->state != ST_UP)
        return;
    unsigned want = (s->want_read ? IO_READ : 0U) | (s->want_write || s->also_write ? IO_WRITE : 0U);
    if (s->want_read && !(s->io.want & IO_READ))
        s->rxs.watched_at = clock_mono();
    else if (!s->want_read)
        s->rxs.watched_at = INT64_MAX;
    int rc = loop_io_set(s->loop, &s->io, want);
    if (rc < 0) {
        stream_set_error(s, STREAM_ERR, -rc, NULL);
        fail_later(s);
    }
}

void stream_bulk(struct stream *s, bool bulk)
{
    if (s->state != ST_UP)
        return;
    int rc = loop_io_bulk(s->loop, &s->io, bulk);
    if (rc < 0) {
        stream_set_error(s, STREAM_ERR, -rc, NULL);
        fail_later(s);
    }
}

void stream_is_up(struct stream *s)
{
    s->state = ST_UP;
    s->addrs = s->binds = NULL;
    s->sni = NULL;
    stream_update_io(s);
    if (s->state == ST_UP)
        stream_report(s, STREAM_UP);
}

void stream_connected(struct stream *s)
{
    if (s->tunnel)
        stream_tunnel(s);
    else
        s->ops->connected(s);
}

static void on_ready_up(struct stream *s, unsigned what)
{
    unsigned ev = 0;
    if (s->want_read && (what & (IO_READ | IO_HANGUP)))
        ev |= STREAM_READABLE;
    if (s->want_write && (what & (IO_WRITE | IO_HANGUP)))
        ev |= STREAM_WRITABLE;
    if (s->also_write && (what & (IO_WRITE | IO_HANGUP))) {
        s->also_write = false;
        stream_update_io(s);
        ev |= s->want_read ? STREAM_READABLE : 0U;
    }
    if (ev)
        stream_report(s, ev);
}

static void on_ready(struct io *io, unsigned what)
{
    struct stream *s = CONTAINER_OF(io, struct stream, io);
    switch ((enum stream_state)s->state) {
    case ST_UP:
        on_ready_up(s, what);
        break;
    case ST_CONNECTING:
        if (!stream_tcp_check(s)) {
            s->state = ST_FAILED;
            stream_report(s, STREAM_FAILED);
        }
        break;
    case ST_TUNNEL:
        stream_tunnel(s);
        break;
    case ST_HANDSHAKE:
        s->ops->handshake(s);
        break;
    case ST_NEW:
    case ST_FAILED:
        break;
    }
}

static void on_kick(struct timer *t)
{
    struct stream *s = CONTAINER_OF(t, struct stream, kick);
    switch ((enum stream_state)s->state) {
    case ST_NEW:
        if (s->accepted) {
            s->ops->connected(s);
        } else if (!stream_tcp_dial(s)) {
            s->state = ST_FAILED;
            stream_report(s, STREAM_FAILED);
        }
        break;
    case ST_CONNECTING: /* connected at once, inside stream_dial */
        stream_connected(s);
        break;
    case ST_TUNNEL:
    case ST_HANDSHAKE:
        break;
    case ST_UP:
        if (!s->want_read || !s->ops->pending(s))
            break;
        loop_timer_set(s->loop, t, 0); /* level-triggered, as files are: told every turn until it is read */
        stream_report(s, STREAM_READABLE);
        break;
    case ST_FAILED:
        stream_report(s, STREAM_FAILED);
        break;
    }
}

struct stream *stream_alloc(struct loop *l, struct tls_ctx *tls, stream_cb *cb, void *arg)
{
    struct stream *s = xcalloc(1, tls ? stream_tls_size() : sizeof(*s));
    s->ops = tls ? &stream_tls_ops : &stream_tcp_ops;
    s->tls = tls;
    s->loop = l;
    s->cb = cb;
    s->arg = arg;
    s->io = (struct io){.fd = -1, .ready = on_ready};
    s->kick.fire = on_kick;
    s->rxs.watched_at = INT64_MAX;
    return s;
}

struct stream *stream_dial(struct loop *l, const struct dial *d, stream_cb *cb, void *arg, enum stream_rc *rc)
{
    struct stream *s = stream_alloc(l, d->tls, cb, arg);
    s->addrs = d->addrs;
    s->n_addrs = (unsigned char)MIN(d->n_addrs, DIAL_MAX_ADDRS);
    s->first = s->n_addrs ? (unsigned char)(d->first % s->n_addrs) : 0;
    s->binds = d->binds;
    s->n_binds = (unsigned char)MIN(d->n_binds, DIAL_MAX_BINDS);
    s->bind = s->n_binds ? (unsigned char)(d->bind % s->n_binds) : 0;
    s->sni = d->sni;
    s->tunnel = d->tunnel;
    if (d->tls)
        stream_tls_sessions(s, d->sessions);
    s->rxs.no_stamps = d->no_stamps;
    s->times.conn_start = s->rxs.last = clock_mono();
    if (stream_tcp_dial(s))
        return s;
    if (s->io.fd < 0) { /* not even a socket */
        *rc = stream_fail_rc(s);
        stream_close(&s);
        return NULL;
    }
    fail_later(s);
    return s;
}

struct stream *stream_accept(struct loop *l, int fd, struct tls_ctx *tls, stream_cb *cb, void *arg)
{
    struct stream *s = stream_alloc(l, tls, cb, arg);
    s->accepted = true;
    s->io.fd = fd;
    struct sockaddr_storage sa;
    socklen_t len = sizeof(sa);
    s->is_unix = getsockname(fd, (struct sockaddr *)&sa, &len) == 0 && sa.ss_family == AF_UNIX;
    s->rxs.no_stamps = s->is_unix;
    s->times.conn_start = s->times.conn_end = clock_mono();
    loop_timer_set(l, &s->kick, 0);
    return s;
}

void stream_close(struct stream **sp)
{
    struct stream *s = *sp;
    if (!s)
        return;
    *sp = NULL;
    loop_timer_stop(s->loop, &s->kick);
    s->ops->destroy(s);
    if (s->io.fd >= 0) {
        loop_io_del(s->loop, &s->io);
        close(s->io.fd);
    }
    stream_tunnel_free(s);
    free(s->text);
    free(s);
}

void stream_set_cb(struct stream *s, stream_cb *cb, void *arg)
{
    s->cb = cb;
    s->arg = arg;
}

void stream_want(struct stream *s, bool read, bool write)
{
    bool more = read && !s->want_read;
    s->want_read = read;
    s->want_write = write;
    stream_update_io(s);
    if (more && s->state == ST_UP && s->ops->pending(s))
        loop_timer_set(s->loop, &s->kick, 0);
}

ssize_t stream_read(struct stream *s, void *p, size_t cap, struct rx *rx)
{
    return s->ops->read(s, p, cap, rx);
}

ssize_t stream_writev(struct stream *s, const struct iovec *v, int n)
{
    return s->ops->writev(s, v, n);
}

const struct stream_times *stream_get_times(const struct stream *s)
{
    return &s->times;
}

int stream_errno(const struct stream *s)
{
    return s->sys;
}

enum stream_rc stream_fail_rc(const struct stream *s)
{
    return (enum stream_rc)s->rc;
}

const char *stream_error(const struct stream *s)
{
    return s->text ? s->text : errno_text(s->sys);
}

int stream_fd(const struct stream *s)
{
    return s->io.fd;
}

bool stream_is_h2(const struct stream *s)
{
    return s->h2;
}

bool stream_is_resumed(const struct stream *s)
{
    return s->resumed;
}

size_t stream_tried(const struct stream *s)
{
    return s->tried;
}

bool stream_is_unix(const struct stream *s)
{
    return s->is_unix;
}

bool stream_one_segment(struct stream *s)
{
    return !s->is_unix && rx_one_segment(&s->rxs, s->io.fd);
}

void stream_count_anew(struct stream *s)
{
    if (s->rxs.asked)
        stream_one_segment(s);
}

void stream_reset_on_close(struct stream *s)
{
    struct linger lg = {.l_onoff = 1, .l_linger = 0};
    setsockopt(s->io.fd, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg));
    s->reset_on_close = true;
}

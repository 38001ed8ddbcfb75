#include "net/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"
#include "base/xalloc.h"
#include "net/resolve.h"
#include "net/stream_private.h"

int listen_address(const char *text, struct addr *a, struct err *e)
{
    struct str s = str_of(text);
    uint64_t port;
    if (str_starts(s, STR("unix:")))
        return resolve_unix(text + 5, a, e);
    ptrdiff_t colon = -1;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == ':')
            colon = (ptrdiff_t)i;
    struct str host = str_sub(s, 0, colon < 0 ? 0 : (size_t)colon);
    if (str_starts(host, STR("[")) && str_ends(host, STR("]")))
        host = str_sub(host, 1, host.n - 2);
    else if (str_chr(host, ':') >= 0)
        colon = -1; /* an IPv6 address without brackets */
    if (colon < 0 || parse_u64(str_sub(s, (size_t)colon + 1, s.n), &port) < 0 || port > 65535)
        return err_set(e, ERR_USAGE, "--listen: \"%s\" is not HOST:PORT, [IPV6]:PORT or unix:PATH", text);
    char *z = xmemdup0(host.n > 0 ? host.p : "0.0.0.0", host.n > 0 ? host.n : 7);
    int n = resolve_host(z, (uint16_t)port, a, 1, e);
    free(z);
    return n > 0 ? 0 : err_prefix(e, "--listen: ");
}

void listen_remove_stale(const struct addr *a)
{
    if (a->sa.ss_family != AF_UNIX)
        return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)&a->sa, a->len) < 0 && errno == ECONNREFUSED)
        unlink(((const struct sockaddr_un *)&a->sa)->sun_path);
    close(fd);
}

struct listener {
    struct loop *loop;
    struct io io;
    struct timer again; /* out of files: try later */
    accept_cb *cb;
    void *arg;
    struct addr addr;
    bool *gone; /* set when freed from inside the callback */
};

static void on_ready(struct io *io, unsigned what)
{
    enum { PER_TURN = 64 }; /* so that a flood of connections does not starve those that exist */
    struct listener *ln = CONTAINER_OF(io, struct listener, io);
    bool gone = false;
    ln->gone = &gone;
    for (int i = 0; i < PER_TURN; i++) {
        int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            ln->cb(ln->arg, fd);
            if (gone)
                return;
            continue;
        }
        if (errno == ECONNABORTED || errno == EINTR)
            continue;
        if (errno != EAGAIN) { /* no files or memory: the queue stays readable, so do not look for a while */
            loop_io_set(ln->loop, io, 0);
            loop_timer_set(ln->loop, &ln->again, loop_now(ln->loop) + 20 * NS_PER_MS);
        }
        break;
    }
    ln->gone = NULL;
}

static void on_again(struct timer *t)
{
    struct listener *ln = CONTAINER_OF(t, struct listener, again);
    loop_io_set(ln->loop, &ln->io, IO_READ);
}

static void set_options(int fd, bool tcp, bool reuse_port, bool stamps)
{
    int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (reuse_port)
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
    if (!tcp)
        return;
    /* Accepted sockets inherit both: no call per connection, and bytes that come before accept are stamped too. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (stamps)
        rx_stamps_on(fd);
}

static int open_socket(const struct addr *a, bool reuse_port, bool stamps, struct addr *bound, struct err *e)
{
    char text[64];
    int fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_sys(e, ERR_NET, errno, "cannot make a socket to listen on %s", addr_text(a, text));
    set_options(fd, a->sa.ss_family != AF_UNIX, reuse_port, stamps);
    if (bind(fd, (const struct sockaddr *)&a->sa, a->len) < 0 || listen(fd, SOMAXCONN) < 0) {
        err_sys(e, ERR_NET, errno, "cannot listen on %s", addr_text(a, text));
        close(fd);
        return -1;
    }
    bound->len = sizeof(bound->sa);
    getsockname(fd, (struct sockaddr *)&bound->sa, &bound->len);
    return fd;
}

struct listener *listener_new(struct loop *l, const struct addr *a, bool reuse_port, bool stamps, accept_cb *cb,
                              void *arg, struct err *e)
{
    struct addr bound = {0};
    int fd = open_socket(a, reuse_port, stamps, &bound, e);
    if (fd < 0)
        return NULL;
    struct listener *ln = xcalloc(1, sizeof(*ln));
    ln->loop = l;
    ln->cb = cb;
    ln->arg = arg;
    ln->addr = bound;
    ln->again.fire = on_again;
    ln->io = (struct io){.fd = fd, .ready = on_ready};
    int rc = loop_io_add(l, &ln->io, IO_READ);
    if (rc < 0) {
        err_sys(e, ERR_LIMIT, -rc, "cannot watch the listening socket");
        listener_free(&ln);
    }
    return ln;
}

void listener_addr(const struct listener *ln, struct addr *out)
{
    *out = ln->addr;
}

void listener_free(struct listener **lp)
{
    struct listener *ln = *lp;
    if (!ln)
        return;
    *lp = NULL;
    if (ln->gone)
        *ln->gone = true;
    loop_timer_stop(ln->loop, &ln->again);
    loop_io_del(ln->loop, &ln->io);
    close(ln->io.fd);
    if (ln->addr.sa.ss_family == AF_UNIX)
        unlink(((const struct sockaddr_un *)&ln->addr.sa)->sun_path);
    free(ln);
}

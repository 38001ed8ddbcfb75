/* stream_tunnel.c - between the connection to a proxy and the stream to the other end: CONNECT is sent and answered.
 * Only the answer's head is taken from the socket, so that what the other end says first is read as ever, with its
 * stamp. */
#include <errno.h>

#include "base/xalloc.h"
#include "net/stream_private.h"
#include "net/tunnel.h"

enum { PEEK = 4096 };

struct tunnelling {
    size_t sent;
    struct tunnel answer;
};

void stream_tunnel_free(struct stream *s)
{
    free(s->tunnelling);
    s->tunnelling = NULL;
}

static void fail(struct stream *s, enum stream_rc rc, int sys, const char *text)
{
    char why[200];
    snprintf(why, sizeof(why), "the proxy %s", text);
    stream_tunnel_free(s);
    stream_fail(s, rc, sys, why);
}

static void want(struct stream *s, unsigned what)
{
    int rc = loop_io_set(s->loop, &s->io, what);
    if (rc < 0)
        fail(s, STREAM_ERR, -rc, "cannot be waited for");
}

static void opened(struct stream *s)
{
    stream_tunnel_free(s);
    s->times.conn_end = clock_mono();
    s->state = ST_CONNECTING;
    s->ops->connected(s);
}

/* True: all of it is out. */
static bool ask(struct stream *s)
{
    struct tunnelling *g = s->tunnelling;
    size_t n = strlen(s->tunnel);
    while (g->sent < n) {
        ssize_t k = send(s->io.fd, s->tunnel + g->sent, n - g->sent, MSG_NOSIGNAL);
        if (k < 0 && (errno == EAGAIN || errno == EINTR)) {
            want(s, IO_WRITE);
            return false;
        }
        if (k < 0) {
            fail(s, STREAM_PROXY, errno, "has closed the connection");
            return false;
        }
        g->sent += (size_t)k;
    }
    return true;
}

void stream_tunnel(struct stream *s)
{
    if (!s->tunnelling) {
        s->tunnelling = xcalloc(1, sizeof(*s->tunnelling));
        tunnel_init(&s->tunnelling->answer);
        s->state = ST_TUNNEL;
    }
    if (!ask(s))
        return;
    for (;;) {
        char bytes[PEEK];
        size_t used = 0;
        ssize_t n = recv(s->io.fd, bytes, sizeof(bytes), MSG_PEEK);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            want(s, IO_READ);
            return;
        }
        if (n <= 0) {
            fail(s, STREAM_PROXY, n < 0 ? errno : 0, "has closed the connection without an answer to CONNECT");
            return;
        }
        enum tunnel_rc rc = tunnel_feed(&s->tunnelling->answer, (struct str){bytes, (size_t)n}, &used);
        if (recv(s->io.fd, bytes, used, 0) != (ssize_t)used) { /* it is there: it was seen */
            fail(s, STREAM_PROXY, errno, "has reset the connection");
            return;
        }
        if (rc == TUNNEL_OPEN) {
            opened(s);
            return;
        }
        if (rc < 0) {
            fail(s, STREAM_PROXY, 0, s->tunnelling->answer.why);
            return;
        }
    }
}

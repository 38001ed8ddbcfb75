/* stream.h - a byte stream over TCP, TLS or a unix socket, with the instant at which the kernel received each read.
 *
 * Family: `const struct stream_ops` per kind (stream_tcp.c, stream_tls.c). TLS keeps the stamp of the ciphertext: one
 * recvmsg into the thread's shared buffer, then SSL_read until it wants more. Kernel stamps: SO_TIMESTAMPING, receive,
 * software, set before connect; about 50-120 ns a read. Unix sockets have none.
 * Nothing blocks. A stream belongs to its loop's thread. */
#ifndef WEIR_NET_STREAM_H
#define WEIR_NET_STREAM_H

#include <sys/socket.h>
#include <sys/uio.h>

#include "base/clock.h"
#include "net/loop.h"

struct stream;
struct tls_ctx;
struct tls_sessions;

enum stream_rc {                      /* negative results of read and writev */
                 STREAM_AGAIN = -1,   /* would block; not an error */
                 STREAM_EOF = -2,     /* closed properly by the peer (TLS: with or without close_notify) */
                 STREAM_RESET = -3,   /* ECONNRESET, EPIPE */
                 STREAM_TLS = -4,     /* TLS failure */
                 STREAM_ERR = -5,     /* any other errno */
                 STREAM_REFUSED = -6, /* while connecting */
                 STREAM_UNREACHABLE = -7,
                 STREAM_NOFILES = -8, /* EMFILE, ENFILE */
                 STREAM_NOPORTS = -9, /* EADDRNOTAVAIL */
                 STREAM_PROXY = -10,  /* a proxy did not open the tunnel */
};

struct rx {        /* when the bytes of one read arrived; monotonic ns */
    int64_t stamp; /* the kernel's stamp of the last segment, or `user` where there is none */
    int64_t user;  /* the clock right after the call */
    int64_t since; /* lower bound: nothing of this read arrived before; <= stamp */
    bool kernel;   /* stamp came from the kernel */
};

struct addr {
    struct sockaddr_storage sa;
    socklen_t len;
};

struct stream_times { /* monotonic ns, 0 = did not happen; conn_end: through a proxy, when it had opened the tunnel */
    int64_t conn_start, conn_end, tls_end;
};

enum { STREAM_UP = 1 /* connected, TLS done */, STREAM_READABLE = 2, STREAM_WRITABLE = 4, STREAM_FAILED = 8 };
typedef void stream_cb(void *arg, struct stream *s, unsigned what);

enum { DIAL_MAX_ADDRS = 64, DIAL_MAX_BINDS = 128 };
struct dial {
    /* Tried in turn until one connects, from `first` on round about; borrowed until STREAM_UP or STREAM_FAILED. */
    const struct addr *addrs;
    size_t n_addrs, first;
    /* Source addresses, port 0: the `bind`-th or the next after it, round about, that has the destination's family.
     * Borrowed likewise; none: the kernel's choice. */
    const struct addr *binds;
    size_t n_binds, bind;
    /* The addresses are a proxy's: what asks it for a tunnel to the other end (CONNECT and its headers), borrowed
     * likewise; NULL: they are the other end's. */
    const char *tunnel;
    struct tls_ctx *tls;           /* NULL: plain */
    const char *sni;               /* host to verify and to name; borrowed likewise */
    struct tls_sessions *sessions; /* of this target, to be resumed; borrowed for the stream's life; NULL: none */
    bool no_stamps;                /* test option: never ask the kernel for stamps */
};

/* Start connecting. The callback comes later, never from inside. NULL only when not even a socket could be made
 * (*rc says why). */
struct stream *stream_dial(struct loop *l, const struct dial *d, stream_cb *cb, void *arg, enum stream_rc *rc);
/* Wrap an accepted socket (non-blocking); tls: server context or NULL. STREAM_UP comes when TLS is done (plain: next
 * turn). */
struct stream *stream_accept(struct loop *l, int fd, struct tls_ctx *tls, stream_cb *cb, void *arg);
void stream_close(struct stream **s); /* at once, from any callback; sends close_notify when it can without blocking */

void stream_set_cb(struct stream *s, stream_cb *cb, void *arg);
void stream_want(struct stream *s, bool read, bool write); /* which callbacks to have */
/* Its events can wait for those of others: loop_io_bulk. For one that is up. */
void stream_bulk(struct stream *s, bool bulk);
/* At most cap bytes (give 64 KiB). > 0, or a stream_rc. TLS may hold more decrypted bytes back: then it reports
 * READABLE again by itself. */
ssize_t stream_read(struct stream *s, void *p, size_t cap, struct rx *rx);
ssize_t stream_writev(struct stream *s, const struct iovec *v,
                      int n); /* > 0 bytes taken (may be partial), or stream_rc */
const struct stream_times *stream_get_times(const struct stream *s);
int stream_errno(const struct stream *s);              /* of the last failure */
enum stream_rc stream_fail_rc(const struct stream *s); /* why STREAM_FAILED came */
const char *stream_error(const struct stream *s);      /* text of the last failure, OpenSSL's reason included */
size_t stream_tried(const struct stream *s);           /* addresses that did not connect, from dial.first on */
int stream_fd(const struct stream *s);
bool stream_is_unix(const struct stream *s);
bool stream_is_h2(const struct stream *s);      /* TLS negotiated HTTP/2 by ALPN; known from STREAM_UP on */
bool stream_is_resumed(const struct stream *s); /* TLS resumed a session (no certificates); known from STREAM_UP on */
struct stream_tls {                             /* texts for people; "" where there is none */
    char version[16], cipher[64];
    char subject[200], issuer[200]; /* of the peer's certificate, which need not have been verified */
    char until[40];                 /* when it expires */
};
bool stream_get_tls(const struct stream *s, struct stream_tls *out); /* cold; false: not TLS, or not up yet */
/* Whether the last read of the socket is known to have been one network segment, so that all of it arrived at its
 * stamp. False when that is not known: some bytes wait unread, a read was cut by its buffer, several segments came
 * since the last question, a unix socket. Between two questions the kernel's count of segments (TCP_INFO) must have
 * grown by as much as the number of reads. The first question costs about 1 us; the same again until the next read,
 * nothing. */
bool stream_one_segment(struct stream *s);
/* Between two exchanges, nothing being due: start the count here, so that the next question can be answered. Costs
 * nothing on a stream that was never asked. */
void stream_count_anew(struct stream *s);
void stream_reset_on_close(struct stream *s); /* SO_LINGER 0: the peer sees a RST (for the simulator's faults) */

#endif

/* stream_private.h - the common part of all streams and what its files share. A stream connects or is accepted
 * (stream.c, stream_tcp.c), may shake hands (stream_tls.c), is up, and then only answers read and writev. */
#ifndef WEIR_NET_STREAM_PRIVATE_H
#define WEIR_NET_STREAM_PRIVATE_H

#include "net/loop_private.h"
#include "net/stream.h"

enum stream_state { ST_NEW, ST_CONNECTING, ST_TUNNEL, ST_HANDSHAKE, ST_UP, ST_FAILED };

struct stream_ops {
    void (*connected)(struct stream *s); /* the socket is: report STREAM_UP or begin the handshake */
    void (*handshake)(struct stream *s); /* the file became ready in ST_HANDSHAKE */
    ssize_t (*read)(struct stream *s, void *p, size_t cap, struct rx *rx);
    ssize_t (*writev)(struct stream *s, const struct iovec *v, int n);
    bool (*pending)(const struct stream *s); /* read would give something without the kernel's help */
    void (*destroy)(struct stream *s);       /* frees what is its own, sends a farewell; not the socket */
};

struct rx_state {       /* of one socket */
    int64_t last;       /* nothing that is still to be read arrived before this instant */
    int64_t watched_at; /* since when the loop has been asked about readability; INT64_MAX: it is not */
    bool no_stamps;     /* unix socket, or switched off */
    bool left;          /* the last read was full: there may be older bytes behind it */
    bool late;          /* the last read was: the peer may have had to wait for our acknowledgement */
    bool held;          /* ... which held back what the current one brought */
    bool one_segment;   /* the answer at `asked` */
    uint64_t recvs, asked, recvs_base;
    int64_t segments_base; /* the kernel's count when there had been recvs_base reads; -1: not known */
};

struct stream {
    const struct stream_ops *ops;
    struct loop *loop;
    stream_cb *cb;
    void *arg;
    struct io io;
    struct timer kick; /* for what must be said without the kernel's help */
    struct rx_state rxs;
    struct stream_times times;
    char *text; /* of the last failure; made when needed */
    int sys;
    signed char rc; /* enum stream_rc */
    unsigned char state;
    bool want_read, want_write;
    bool also_write; /* TLS has something to send before it can read on */
    bool is_unix, reset_on_close;
    bool accepted;
    bool h2; /* by ALPN */
    bool resumed;
    unsigned char n_addrs, first, tried; /* `tried` of them have failed */
    unsigned char n_binds, bind;
    const struct addr *addrs, *binds; /* only until connected */
    const char *sni;                  /* only until the handshake has begun */
    const char *tunnel;               /* NULL: none is needed */
    struct tunnelling *tunnelling;    /* while it is asked for */
    struct tls_ctx *tls;
};

extern const struct stream_ops stream_tcp_ops, stream_tls_ops;
size_t stream_tls_size(void); /* bytes of a TLS stream, its struct stream first */
void stream_tls_sessions(struct stream *s, struct tls_sessions *of); /* of a TLS stream, before it connects */

/* stream.c */
struct stream *stream_alloc(struct loop *l, struct tls_ctx *tls, stream_cb *cb, void *arg);
void stream_report(struct stream *s, unsigned what); /* the stream may be gone afterwards */
void stream_update_io(struct stream *s);
void stream_is_up(struct stream *s);
void stream_connected(struct stream *s); /* the socket is: on to the tunnel or to ops->connected */
/* Remember why. The state stays. */
void stream_set_error(struct stream *s, enum stream_rc rc, int sys, const char *text);
/* An attempt to connect or to shake hands is over: STREAM_FAILED goes out now. */
void stream_fail(struct stream *s, enum stream_rc rc, int sys, const char *text);
enum stream_rc stream_rc_of(int sys);

/* stream_tcp.c: each says whether there is hope left; where there is none, the error is set and nothing is reported */
bool stream_tcp_dial(struct stream *s);  /* in ST_NEW: begin with the first address that was not tried yet */
bool stream_tcp_check(struct stream *s); /* in ST_CONNECTING: the file is ready */

/* stream_tunnel.c */
void stream_tunnel(struct stream *s); /* the socket is connected, or became ready in ST_TUNNEL */
void stream_tunnel_free(struct stream *s);

/* rxstamp.c */
int rx_stamps_on(int fd);
/* recvmsg with its stamp. > 0, 0 at the end of the stream, or -errno. */
ssize_t rx_recv(struct loop *l, struct rx_state *st, int fd, void *p, size_t cap, struct rx *rx);
bool rx_one_segment(struct rx_state *st, int fd); /* stream_one_segment */

#endif

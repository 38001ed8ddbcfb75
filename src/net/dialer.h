/* dialer.h - where a client's next connection goes, and from where. One per pool, so one per worker and target.
 *
 * Connections are spread over the addresses of the family that the resolver put first: each begins at the next one. An
 * address that did not connect is passed over for DIALER_REST_NS; those of the other family are for when none of the
 * first is left. Within one connection all addresses are tried in turn, as ever. Source addresses (--bind) are taken in
 * turn too, so that over time each goes with each destination; a destination for whose family there is none is left
 * out. Addresses may be replaced at any time (the name was looked up again): connections under way keep theirs. Belongs
 * to its loop's thread. No allocation per connection but the stream's own. */
#ifndef WEIR_NET_DIALER_H
#define WEIR_NET_DIALER_H

#include "net/stream.h"

#define DIALER_REST_NS (5 * NS_PER_S)

struct dialer;
struct dial_set; /* addresses, counted by who uses them */

struct dialer_opts {
    const struct addr *addrs; /* copied; at most DIAL_MAX_ADDRS */
    size_t n_addrs;
    const struct addr *binds; /* borrowed for the dialer's life; at most DIAL_MAX_BINDS; none: the kernel's choice */
    size_t n_binds;
    size_t turn;         /* where the first connection begins: several dialers of one run differ */
    struct tls_ctx *tls; /* borrowed, NULL: plain */
    const char *sni;     /* borrowed */
    const char *tunnel;  /* borrowed: struct dial */
    bool no_stamps;
    bool no_resume;          /* TLS: a whole handshake for every connection; else the dialer keeps the sessions */
    void (*lost)(void *arg); /* an address did not connect; may be NULL. Not from inside dialer_open */
    void *arg;
};

struct dialing { /* one per connection, zeroed before the first use */
    struct dial_set *set;
    unsigned char first; /* where it began in the set */
};

struct dialer *dialer_new(struct loop *l, const struct dialer_opts *o);
void dialer_free(struct dialer **d); /* after the streams that it opened have ended their dialing */
void dialer_set_addrs(struct dialer *d, const struct addr *addrs, size_t n); /* copied; none usable: no effect */

/* As stream_dial. dialing_end must follow on STREAM_UP and STREAM_FAILED, and before a stream that is still connecting
 * is closed; `s` is NULL where there was none. Calling it again does nothing. */
struct stream *dialer_open(struct dialer *d, struct dialing *g, stream_cb *cb, void *arg, enum stream_rc *rc);
void dialing_end(struct dialer *d, struct dialing *g, const struct stream *s, bool up);

#endif

/* listen.h - listening sockets. With port 0 the kernel chooses; listener_addr tells which. SO_REUSEPORT lets each
 * thread have a listener of its own on one port. */
#ifndef WEIR_NET_LISTEN_H
#define WEIR_NET_LISTEN_H

#include "net/stream.h"

/* "HOST:PORT", "[IPV6]:PORT", ":PORT" (all of IPv4), "unix:PATH". -1 + e, which begins with "--listen". */
int listen_address(const char *text, struct addr *a, struct err *e);
/* A unix socket's file that nobody listens on is left from a killed server: it goes. Others stay. */
void listen_remove_stale(const struct addr *a);

struct listener;
/* `accepted` gets a non-blocking fd with TCP_NODELAY set (and kernel receive stamps switched on when `stamps`). */
typedef void accept_cb(void *arg, int fd);
struct listener *listener_new(struct loop *l, const struct addr *a, bool reuse_port, bool stamps, accept_cb *cb,
                              void *arg, struct err *e);
void listener_addr(const struct listener *ln, struct addr *out);
void listener_free(struct listener **ln);

#endif

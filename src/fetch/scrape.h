/* scrape.h - asks a Prometheus endpoint for its figures, again and again over one connection that is kept. Cold;
 * blocks. No proxy is used, whatever the environment says. Up to three redirects are followed. Each struct
 * scraper belongs to one thread at a time; different ones are independent. */
#ifndef WEIR_FETCH_SCRAPE_H
#define WEIR_FETCH_SCRAPE_H

#include <stdatomic.h>

#include "base/err.h"
#include "fetch/prom.h"

enum { SCRAPE_BODY_MAX = 16 << 20 }; /* bytes of an answer, unpacked; a longer one has failed */

struct scraper_opts { /* strings are copied */
    const char *url;
    const char *unix_socket, *connect_to; /* as --unix-socket and --connect-to; NULL: none */
    const char *cacert, *cert, *key;      /* PEM files; NULL: none */
    bool insecure;
};

struct scrape_answer {
    int64_t asked, first, end; /* monotonic: before asking, first byte of the body (0: none came), over */
    long status;               /* 0: no answer */
    char why[120];             /* it failed, in few words, without the URL; "": it did not */
};

struct scraper;
/* Loads libcurl: to be called before other threads start. NULL + e. */
struct scraper *scraper_new(const struct scraper_opts *o, struct err *e);
void scraper_free(struct scraper **s);
/* One question; the body of a 200 goes into `to`, prom_end included. What is no such text has failed too. timeout: ns.
 * 0, or -1 with a->why. `stop` (or NULL): given up within a second when it becomes true. */
int scraper_ask(struct scraper *s, struct prom *to, int64_t timeout, const atomic_bool *stop, struct scrape_answer *a);

#endif

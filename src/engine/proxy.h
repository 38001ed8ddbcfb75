/* proxy.h - which proxy leads to a URL, as curl decides it: an explicit one, else http_proxy (for http, in lower case
 * alone: HTTP_PROXY may be set by a request to a CGI program), https_proxy or HTTPS_PROXY, else all_proxy or ALL_PROXY;
 * and none where no_proxy or NO_PROXY names the host. Its URL is "http://[user:password@]host[:port]", without a scheme
 * http, without a port 1080. Sources: curl(1), "ENVIRONMENT" and --proxy; libcurl's lib/noproxy.c for what matches.
 * Cold. */
#ifndef WEIR_ENGINE_PROXY_H
#define WEIR_ENGINE_PROXY_H

#include "base/err.h"
#include "base/str.h"
#include "proto/url.h"

struct proxy {
    char *host; /* owned */
    bool host_is_v6;
    uint16_t port;
    char *text;          /* owned: "http://host:port", for people */
    char *password;      /* owned, decoded, or NULL */
    char *authorization; /* owned: "Basic ...", or NULL */
    char from[24];       /* who named it: "--proxy", "https_proxy" */
};

typedef char *proxy_env_fn(const char *name); /* as getenv(3) */

/* given: "auto" (the environment), "none", a URL; NULL is "none". 1: *p is the proxy for u, to be freed by proxy_free;
 * 0: there is none; -1 + e: what names it is wrong. */
int proxy_choose(struct proxy *p, const char *given, const struct url *u, proxy_env_fn *env, struct err *e);
void proxy_free(struct proxy *p);

int proxy_parse(struct proxy *p, const char *url, const char *from, struct err *e);
/* Whether the list ("*", names, addresses, networks; separated by commas or blanks) names the host. A name also stands
 * for what ends with it behind a dot. */
bool proxy_is_bypassed(struct str host, const char *no_proxy);

#endif

/* url.c - errors never quote the whole URL: its user part may be a secret. */
#include "proto/url.h"

#include <arpa/inet.h>

#define URL_MAX 8192
#define HOST_MAX 253 /* of a DNS name in text */

/* Where the first of the characters in `set` is, or the end. */
static size_t until(struct str s, const char *set)
{
    size_t i = 0;
    while (i < s.n && !strchr(set, s.p[i]))
        i++;
    return i;
}

static int check_bytes(struct str text, struct err *e)
{
    if (text.n > URL_MAX)
        return err_set(e, ERR_USAGE, "the URL is longer than %d bytes", URL_MAX);
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c == ' ')
            return err_set(e, ERR_USAGE, "the URL contains a space at byte %zu; write %%20", i + 1);
        if (c < 0x20 || c == 0x7f)
            return err_set(e, ERR_USAGE, "the URL contains a control character (0x%02x) at byte %zu", c, i + 1);
        if (c >= 0x80)
            return err_set(e, ERR_USAGE, "the URL contains a byte that is not ASCII at %zu; write it percent-encoded",
                           i + 1);
    }
    return 0;
}

static int parse_scheme(struct url *u, struct str *rest, struct err *e)
{
    size_t n = until(*rest, ":/?#");
    if (!str_starts(str_sub(*rest, n, 3), STR("://")))
        return 0;
    u->scheme = str_sub(*rest, 0, n);
    if (str_ieq(u->scheme, STR("https")))
        u->tls = true;
    else if (!str_ieq(u->scheme, STR("http")))
        return err_set(e, ERR_USAGE, "\"" STR_FMT "\" is not a scheme weir speaks; use http or https", (int)MIN(n, 40u),
                       u->scheme.p);
    *rest = str_sub(*rest, n + 3, rest->n);
    return 0;
}

static int check_v6(struct str host, struct err *e)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr addr;
    if (host.n < sizeof text) {
        memcpy(text, host.p, host.n);
        text[host.n] = 0;
        if (inet_pton(AF_INET6, text, &addr) == 1)
            return 0;
    }
    return err_set(e, ERR_USAGE, "\"[" STR_FMT "]\" is not an IPv6 address", (int)MIN(host.n, 60u), host.p);
}

static int check_host(struct str host, struct err *e)
{
    if (host.n == 0)
        return err_set(e, ERR_USAGE, "the URL names no host; write for example http://localhost:8000");
    if (host.n > HOST_MAX)
        return err_set(e, ERR_USAGE, "the host name is longer than %d bytes", HOST_MAX);
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        bool fine = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                    c == '.' || c == '_';
        if (!fine)
            return err_set(e, ERR_USAGE, "\"" STR_FMT "\" is not a host name: \"%c\" cannot be in one", STR_ARG(host),
                           c);
    }
    return 0;
}

static int parse_port(struct url *u, struct str port, struct err *e)
{
    uint64_t v;
    if (port.n == 0) /* "host:" is allowed by RFC 3986, 3.2.3 */
        return 0;
    if (port.p[0] == '+' || parse_u64(port, &v) != 0 || v < 1 || v > 65535)
        return err_set(e, ERR_USAGE, "port \"" STR_FMT "\" is not a number from 1 to 65535", (int)MIN(port.n, 40u),
                       port.p);
    u->port = (uint16_t)v;
    u->has_port = true;
    return 0;
}

static int parse_authority(struct url *u, struct str a, struct err *e)
{
    for (size_t i = a.n; i-- > 0;) { /* the last @: a password may hold others, written carelessly */
        if (a.p[i] == '@') {
            u->userinfo = str_sub(a, 0, i);
            a = str_sub(a, i + 1, a.n);
            break;
        }
    }
    struct str port = STR("");
    if (a.n > 0 && a.p[0] == '[') {
        ptrdiff_t close = str_chr(a, ']');
        if (close < 0)
            return err_set(e, ERR_USAGE, "the bracket of the IPv6 address is not closed");
        u->host = str_sub(a, 1, (size_t)close - 1);
        u->host_is_v6 = true;
        struct str tail = str_sub(a, (size_t)close + 1, a.n);
        if (tail.n > 0 && tail.p[0] != ':')
            return err_set(e, ERR_USAGE, "after the IPv6 address only \":PORT\" or a path can follow");
        port = str_sub(tail, 1, tail.n);
        if (check_v6(u->host, e) != 0)
            return -1;
    } else {
        ptrdiff_t colon = str_chr(a, ':');
        u->host = colon < 0 ? a : str_sub(a, 0, (size_t)colon);
        if (colon >= 0)
            port = str_sub(a, (size_t)colon + 1, a.n);
        if (str_chr(port, ':') >= 0)
            return err_set(e, ERR_USAGE,
                           "more than one colon in the host part; write an IPv6 address in brackets: "
                           "[::1]:8000");
        if (check_host(u->host, e) != 0)
            return -1;
    }
    return parse_port(u, port, e);
}

int url_parse(struct url *u, struct str text, struct err *e)
{
    struct url r = {.scheme = STR(""), .userinfo = STR(""), .path = STR(""), .query = STR("")};
    if (check_bytes(text, e) != 0)
        return -1;
    struct str rest = str_sub(text, 0, until(text, "#"));
    if (parse_scheme(&r, &rest, e) != 0)
        return -1;
    r.port = r.tls ? 443 : 80;
    size_t n = until(rest, "/?");
    if (parse_authority(&r, str_sub(rest, 0, n), e) != 0)
        return -1;
    rest = str_sub(rest, n, rest.n);
    n = until(rest, "?");
    r.path = str_sub(rest, 0, n);
    if (n < rest.n) {
        r.has_query = true;
        r.query = str_sub(rest, n + 1, rest.n);
    }
    *u = r;
    return 0;
}

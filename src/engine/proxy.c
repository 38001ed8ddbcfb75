#include "engine/proxy.h"

#include <arpa/inet.h>

#include "base/base64.h"
#include "base/xalloc.h"

enum { CURL_PORT = 1080 };

void proxy_free(struct proxy *p)
{
    char *secrets[] = {p->password, p->authorization};
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
        if (secrets[i])
            explicit_bzero(secrets[i], strlen(secrets[i]));
        free(secrets[i]);
    }
    free(p->host);
    free(p->text);
    *p = (struct proxy){0};
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static char *percent_decoded(struct str s)
{
    char *out = xmalloc(s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        int hi = s.p[i] == '%' && i + 2 < s.n ? hex(s.p[i + 1]) : -1, lo = hi >= 0 ? hex(s.p[i + 2]) : -1;
        out[n++] = lo >= 0 ? (char)(hi << 4 | lo) : s.p[i];
        i += lo >= 0 ? 2 : 0;
    }
    out[n] = 0;
    return out;
}

static char *basic(const char *user, const char *password)
{
    struct buf b = BUF_INIT(65536);
    char *text = xasprintf("%s:%s", user, password);
    buf_addz(&b, "Basic ");
    base64_add(&b, text, strlen(text));
    explicit_bzero(text, strlen(text));
    free(text);
    return b.p;
}

static void take_user(struct proxy *p, struct str info)
{
    ptrdiff_t colon = str_chr(info, ':');
    char *user = percent_decoded(colon < 0 ? info : str_sub(info, 0, (size_t)colon));
    p->password = percent_decoded(colon < 0 ? STR("") : str_sub(info, (size_t)colon + 1, info.n));
    p->authorization = basic(user, p->password);
    free(user);
}

int proxy_parse(struct proxy *p, const char *url, const char *from, struct err *e)
{
    struct url u;
    struct str text = str_trim(str_of(url));
    *p = (struct proxy){0};
    ptrdiff_t scheme = str_find(text, STR("://"));
    if (scheme >= 0 && !str_ieq(str_sub(text, 0, (size_t)scheme), STR("http")))
        return err_set(e, ERR_USAGE, "%s: weir speaks to proxies by http://; \"%.*s://\" is of another kind", from,
                       (int)MIN(scheme, 20), text.p);
    if (url_parse(&u, text, e) < 0)
        return err_prefix(e, "%s: ", from);
    const char *open = u.host_is_v6 ? "[" : "", *close = u.host_is_v6 ? "]" : "";
    p->host = xmemdup0(u.host.p, u.host.n);
    p->host_is_v6 = u.host_is_v6;
    p->port = u.has_port ? u.port : CURL_PORT;
    p->text = xasprintf("http://%s%s%s:%u", open, p->host, close, p->port);
    snprintf(p->from, sizeof p->from, "%s", from);
    if (u.userinfo.n > 0)
        take_user(p, u.userinfo);
    return 0;
}

/* "10.0.0.0/8", or the address itself. */
static bool same_network(struct str token, int family, const unsigned char *host)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char net[16];
    uint64_t bits = 0, most = family == AF_INET ? 32 : 128;
    ptrdiff_t slash = str_chr(token, '/');
    struct str addr = slash < 0 ? token : str_sub(token, 0, (size_t)slash);
    if (slash >= 0 && (parse_u64(str_sub(token, (size_t)slash + 1, token.n), &bits) < 0 || bits > most))
        return false;
    snprintf(text, sizeof text, STR_FMT, STR_ARG(addr));
    if (addr.n >= sizeof text || inet_pton(family, text, net) != 1)
        return false;
    bits = bits == 0 ? most : bits;
    return memcmp(net, host, bits / 8) == 0 &&
           (bits % 8 == 0 || ((net[bits / 8] ^ host[bits / 8]) & (0xff00 >> (bits % 8) & 0xff)) == 0);
}

static bool same_name(struct str token, struct str host)
{
    if (token.n > 0 && token.p[token.n - 1] == '.')
        token.n--;
    if (token.n > 0 && token.p[0] == '.')
        token = str_sub(token, 1, token.n);
    if (token.n == 0 || token.n > host.n)
        return false;
    struct str tail = str_sub(host, host.n - token.n, token.n);
    return str_ieq(tail, token) && (token.n == host.n || host.p[host.n - token.n - 1] == '.');
}

bool proxy_is_bypassed(struct str host, const char *no_proxy)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char bin[16];
    int family = 0;
    if (!no_proxy || !*no_proxy)
        return false;
    if (strcmp(no_proxy, "*") == 0)
        return true;
    snprintf(text, sizeof text, STR_FMT, STR_ARG(host));
    if (host.n < sizeof text)
        family = inet_pton(AF_INET, text, bin) == 1 ? AF_INET : inet_pton(AF_INET6, text, bin) == 1 ? AF_INET6 : 0;
    if (!family && host.n > 0 && host.p[host.n - 1] == '.')
        host.n--;
    for (const char *at = no_proxy; *at;) {
        at += strspn(at, " \t,");
        struct str token = {at, strcspn(at, " \t,")};
        at += token.n;
        if (token.n > 0 && (family ? same_network(token, family, bin) : same_name(token, host)))
            return true;
    }
    return false;
}

static const char *env_value(proxy_env_fn *env, const char *name)
{
    const char *v = env ? env(name) : NULL;
    return v && *v ? v : NULL;
}

int proxy_choose(struct proxy *p, const char *given, const struct url *u, proxy_env_fn *env, struct err *e)
{
    static const char *const http[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL};
    static const char *const https[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL};
    const char *from = "--proxy", *url = given;
    *p = (struct proxy){0};
    if (!given || strcmp(given, "none") == 0)
        return 0;
    const char *except = env_value(env, "no_proxy");
    if (proxy_is_bypassed(u->host, except ? except : env_value(env, "NO_PROXY")))
        return 0;
    if (strcmp(given, "auto") == 0) {
        url = NULL;
        for (const char *const *name = u->tls ? https : http; *name && !url; name++) {
            url = env_value(env, *name);
            from = *name;
        }
    }
    return !url ? 0 : proxy_parse(p, url, from, e) < 0 ? -1 : 1;
}

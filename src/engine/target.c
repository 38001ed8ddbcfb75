#include "engine/target.h"

#include "base/xalloc.h"
#include "net/resolve.h"

static bool name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c));
}

/* RFC 9110, 5.1 and 5.5: a token, a colon, and a value without control characters. */
static int split_header(const char *line, bool is_signed, struct str *name, struct str *value, struct err *e)
{
    struct str s = str_of(line);
    ptrdiff_t colon = str_chr(s, ':');
    if (colon <= 0)
        return err_set(e, ERR_USAGE, "--header: must be \"Name: value\"");
    *name = str_sub(s, 0, (size_t)colon);
    *value = str_trim(str_sub(s, (size_t)colon + 1, s.n));
    for (size_t i = 0; i < name->n; i++) {
        if (!name_char(name->p[i])) /* not quoted: what stands before a colon need not be a name */
            return err_set(e, ERR_USAGE, "--header: the name has a character that headers cannot have");
    }
    for (size_t i = 0; i < value->n; i++) {
        unsigned char c = (unsigned char)value->p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return err_set(e, ERR_USAGE, "--header \"%.*s\": the value has a control character", STR_ARG(*name));
    }
    if (is_signed && sigv4_own_header(*name))
        return err_set(e, ERR_USAGE, "--header \"%.*s\": --aws-sigv4 sets this header itself", STR_ARG(*name));
    static const char *const ours[] = {"content-length", "transfer-encoding", "connection", "x-request-id"};
    for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
        if (str_ieq(*name, str_of(ours[i])))
            return err_set(e, ERR_USAGE, "--header \"%.*s\": weir sets this header itself", STR_ARG(*name));
    }
    return 0;
}

static bool user_has_name(const struct target_opts *o, struct str name)
{
    for (size_t i = 0; o->headers && o->headers[i]; i++) {
        struct str s = str_of(o->headers[i]);
        ptrdiff_t colon = str_chr(s, ':');
        if (colon > 0 && str_ieq(str_sub(s, 0, (size_t)colon), name))
            return true;
    }
    return false;
}

static bool user_has(const struct target_opts *o, const char *name)
{
    return user_has_name(o, str_of(name));
}

static void dialect_headers(struct buf *b, const struct target_opts *o)
{
    struct str_split it = {.rest = str_of(o->own_headers), .sep = '\n'};
    struct str line;
    while (str_next(&it, &line)) {
        ptrdiff_t colon = str_chr(line, ':');
        if (colon > 0 && !user_has_name(o, str_sub(line, 0, (size_t)colon)))
            buf_addf(b, STR_FMT "\n", STR_ARG(line));
    }
}

static const char *auth_name(enum auth_style s)
{
    return s == AUTH_BEARER ? "authorization" : s == AUTH_X_API_KEY ? "x-api-key" : "api-key";
}

/* Any other header of the user's may carry a key. */
static bool harmless(struct str header)
{
    static const char *const names[] = {"accept", "content-type", "host", "user-agent"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_ieq(header, str_of(names[i])))
            return true;
    }
    return false;
}

static void keep_secret(struct target *t, struct str s)
{
    if (s.n >= 6 && t->n_secrets < TARGET_MAX_SECRETS)
        t->secret[t->n_secrets++] = xmemdup0(s.p, s.n);
}

void target_redact(const struct target *t, char *p, size_t n)
{
    for (int i = 0; i < t->n_secrets && p; i++)
        auth_cover(p, n, str_of(t->secret[i]));
    if (t->signer)
        signer_redact(t->signer, p, n);
}

/* The region, and whether a request of this target can be signed at all. */
static int open_signer(struct target *t, const struct target_opts *o, struct err *e)
{
    if (!o->signer)
        return 0;
    t->signer = o->signer;
    if (signer_region(t->signer, t->host, t->region, e) < 0)
        return -1;
    struct buf head = BUF_INIT(256u << 10), lines = BUF_INIT(256u << 10);
    struct sigv4 *v = signer_sigv4(t->signer, t->region);
    struct signing g;
    char payload[65];
    sigv4_payload(v, NULL, 0, payload);
    target_head(t, "POST", NULL, true, &head);
    int rc = signer_sign(t->signer, v, buf_str(&head), payload, &lines, &g);
    if (rc < 0)
        err_set(e, ERR_USAGE, "a request with more than %d headers cannot be signed (--aws-sigv4)", SIGV4_MAX_HEADERS);
    sigv4_free(&v);
    buf_free(&head);
    buf_free(&lines);
    return rc;
}

/* "host:port", IPv6 in brackets. */
static char *authority_of(const struct target *t)
{
    const struct url *u = &t->url;
    return xasprintf("%s%s%s:%u", u->host_is_v6 ? "[" : "", t->host, u->host_is_v6 ? "]" : "", u->port);
}

/* What goes through the proxy as it is needs a tunnel; plain HTTP is asked of the proxy itself (RFC 9112, 3.2.2). */
static void use_proxy(struct target *t, const struct proxy *p)
{
    char *authority = authority_of(t);
    t->proxy = xstrdup(p->text);
    memcpy(t->proxy_from, p->from, sizeof t->proxy_from);
    if (p->authorization) {
        keep_secret(t, str_of(p->authorization));
        keep_secret(t, str_sub(str_of(p->authorization), 6, SIZE_MAX / 2));
        keep_secret(t, str_of(p->password));
    }
    struct buf credentials = BUF_INIT(65536);
    if (p->authorization)
        buf_addf(&credentials, "Proxy-Authorization: %s\r\n", p->authorization);
    if (t->tls || t->http == HCLIENT_H2C) {
        t->tunnel = xasprintf("CONNECT %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: weir/" WEIR_VERSION "\r\n%s\r\n",
                              authority, authority, credentials.p ? credentials.p : "");
    } else {
        t->absolute = xstrdup(t->origin);
        buf_adds(&t->common, buf_str(&credentials));
    }
    buf_free(&credentials);
    free(authority);
}

static int common_headers(struct target *t, const struct target_opts *o, struct err *e)
{
    struct buf *b = &t->common;
    struct url *u = &t->url;
    if (!user_has(o, "host")) {
        const char *open = u->host_is_v6 ? "[" : "", *close = u->host_is_v6 ? "]" : "";
        buf_addf(b, "Host: %s%s%s", open, t->host, close);
        if (u->port != (u->tls ? 443 : 80))
            buf_addf(b, ":%u", u->port);
        buf_addz(b, "\r\n");
    }
    if (!user_has(o, "user-agent"))
        buf_addz(b, "User-Agent: weir/" WEIR_VERSION "\r\n");
    if (o->key)
        keep_secret(t, str_of(o->key));
    if (o->key && !user_has(o, auth_name(o->auth_style)))
        auth_key_header(b, o->auth_style, o->key);
    dialect_headers(b, o);
    for (size_t i = 0; o->headers && o->headers[i]; i++) {
        struct str name = {0}, value = {0};
        if (split_header(o->headers[i], o->signer != NULL, &name, &value, e) < 0)
            return -1;
        buf_addf(b, "%.*s: %.*s\r\n", STR_ARG(name), STR_ARG(value));
        if (harmless(name))
            continue;
        keep_secret(t, value);
        for (size_t k = value.n; k-- > 0;) { /* "Bearer KEY" */
            if (value.p[k] == ' ') {
                keep_secret(t, str_sub(value, k + 1, value.n));
                break;
            }
        }
    }
    if (o->no_keepalive)
        buf_addz(b, "Connection: close\r\n");
    t->has_content_type = user_has(o, "content-type");
    t->has_accept = user_has(o, "accept");
    if (b->failed)
        return err_set(e, ERR_USAGE, "--header: all headers together are longer than %zu bytes", b->max);
    return 0;
}

static int resolve(struct target *t, const struct target_opts *o, struct err *e)
{
    if (o->unix_socket) {
        t->n_addrs = 1;
        return resolve_unix(o->unix_socket, &t->addrs[0], e);
    }
    const char *host = o->proxy ? o->proxy->host : t->host;
    uint16_t port = o->proxy ? o->proxy->port : t->url.port;
    char *other = NULL;
    if (o->connect_to) {
        struct url u;
        if (url_parse(&u, str_of(o->connect_to), e) < 0)
            return err_prefix(e, "--connect-to: ");
        if (!u.has_port || u.path.n || u.scheme.n || u.userinfo.n || u.has_query)
            return err_set(e, ERR_USAGE, "--connect-to \"%s\": must be HOST:PORT", o->connect_to);
        other = xmemdup0(u.host.p, u.host.n);
        host = other;
        port = u.port;
    }
    t->n_addrs = t->lookup(host, port, t->addrs, TARGET_MAX_ADDRS, e);
    if (t->n_addrs > 0 && !resolve_is_address(host)) {
        t->dial_host = xstrdup(host);
        t->dial_port = port;
    }
    free(other);
    if (t->n_addrs < 0 && o->proxy)
        return err_prefix(e, "the proxy of %s: ", o->proxy->from);
    return t->n_addrs < 0 ? -1 : 0;
}

int target_resolve(const struct target *t, struct addr *out, int max, struct err *e)
{
    return t->lookup(t->dial_host, t->dial_port, out, max, e);
}

static char *origin_of(const struct url *u, const char *host)
{
    const char *scheme = u->tls ? "https" : "http";
    const char *open = u->host_is_v6 ? "[" : "", *close = u->host_is_v6 ? "]" : "";
    if (u->port == (u->tls ? 443 : 80))
        return xasprintf("%s://%s%s%s", scheme, open, host, close);
    return xasprintf("%s://%s%s%s:%u", scheme, open, host, close, u->port);
}

char *target_where(const struct target *t, char *out, size_t cap)
{
    char text[64];
    size_t n = (size_t)snprintf(out, cap, "%s%s%s", t->origin, t->proxy ? " through the proxy " : "",
                                t->proxy ? t->proxy : "");
    const char *dialled = t->proxy ? t->proxy : t->origin;
    for (int i = 0; i < t->n_addrs && n + 80 < cap; i++) {
        addr_text(&t->addrs[i], text);
        if (t->n_addrs == 1 && str_ends(str_of(dialled), str_of(text)))
            break;
        n += (size_t)snprintf(out + n, cap - n, "%s%s%s", i ? ", " : " (", text, i + 1 == t->n_addrs ? ")" : "");
    }
    return out;
}

/* A bare host gets the dialect's own path; so does a base URL as OpenAI's clients take it, which ends with /v1. */
static char *whole_path(struct str given, const char *dflt)
{
    struct str base = given;
    while (base.n > 0 && base.p[base.n - 1] == '/')
        base.n--;
    if (base.n == 0)
        return xstrdup(dflt);
    if (str_ends(base, STR("/v1")) && str_starts(str_of(dflt), STR("/v1/")))
        return xasprintf("%.*s%s", STR_ARG(base), dflt + 3);
    return xmemdup0(given.p, given.n);
}

static char *without_colons(char *path)
{
    struct buf b = BUF_INIT(1U << 30);
    for (const char *p = path; *p; p++) {
        if (*p == ':')
            buf_addz(&b, "%3A");
        else
            buf_addc(&b, *p);
    }
    free(path);
    return buf_take(&b);
}

int target_open(struct target *t, const struct target_opts *o, struct err *e)
{
    memset(t, 0, sizeof *t);
    buf_init(&t->common, 65536);
    t->url_text = xstrdup(o->url);
    t->stream = o->stream;
    t->lines = o->lines;
    t->tls_opts = o->tls;
    t->tls_opts.alpn = o->http == HCLIENT_2      ? TLS_ALPN_H2
                       : o->http == HCLIENT_AUTO ? TLS_ALPN_H2 | TLS_ALPN_HTTP11
                                                 : TLS_ALPN_HTTP11;
    t->http = o->http;
    t->binds = o->binds;
    t->n_binds = o->n_binds;
    t->plain = o->plain;
    t->method = o->method;
    t->lookup = o->lookup ? o->lookup : resolve_host;
    if (url_parse(&t->url, str_of(t->url_text), e) < 0) {
        target_close(t);
        return -1;
    }
    struct url *u = &t->url;
    if (u->userinfo.n > 0) {
        target_close(t);
        return err_set(e, ERR_USAGE,
                       "the URL has credentials before its @, which weir does not send; give a key by "
                       "OPENAI_API_KEY or --api-key-file, or a whole header by --header");
    }
    if (u->tls ? o->http == HCLIENT_H2C : o->http == HCLIENT_2) {
        target_close(t);
        return err_set(
            e, ERR_USAGE, "%s",
            o->http == HCLIENT_2
                ? "--http 2 is agreed on within TLS, but the URL is http; for HTTP/2 without TLS give --http h2c"
                : "--http h2c is HTTP/2 without TLS, but the URL is https; give --http 2");
    }
    t->tls = u->tls;
    t->host = xmemdup0(u->host.p, u->host.n);
    t->origin = origin_of(u, t->host);
    char *path = whole_path(u->path, o->default_path);
    if (o->escape_colons)
        path = without_colons(path);
    t->path = u->has_query ? xasprintf("%s?%.*s", path, STR_ARG(u->query)) : xstrdup(path);
    free(path);
    if (o->proxy)
        use_proxy(t, o->proxy);
    if (common_headers(t, o, e) < 0 || open_signer(t, o, e) < 0 || resolve(t, o, e) < 0) {
        target_close(t);
        return -1;
    }
    return 0;
}

void target_close(struct target *t)
{
    free(t->url_text);
    free(t->host);
    free(t->dial_host);
    free(t->proxy);
    if (t->tunnel)
        explicit_bzero(t->tunnel, strlen(t->tunnel));
    free(t->tunnel);
    free(t->absolute);
    free(t->path);
    free(t->origin);
    for (int i = 0; i < t->n_secrets; i++) {
        explicit_bzero(t->secret[i], strlen(t->secret[i]));
        free(t->secret[i]);
    }
    buf_free(&t->common);
    memset(t, 0, sizeof *t);
}

static void put_head(const struct target *t, struct str method, struct str path, struct str type, struct buf *out)
{
    buf_adds(out, method);
    buf_addc(out, ' ');
    if (t->absolute)
        buf_addz(out, t->absolute);
    buf_adds(out, path);
    buf_addz(out, " HTTP/1.1\r\n");
    buf_adds(out, buf_str(&t->common));
    if (!t->has_accept)
        buf_addz(out, t->plain                    ? "Accept: */*\r\n"
                      : type.n == 0 || !t->stream ? "Accept: application/json\r\n"
                      : t->lines                  ? "Accept: application/x-ndjson, application/json\r\n"
                                                  : "Accept: text/event-stream, application/json\r\n");
    if (type.n > 0 && !t->has_content_type) {
        buf_addz(out, "Content-Type: ");
        buf_adds(out, type);
        buf_addz(out, "\r\n");
    }
}

void target_head(const struct target *t, const char *method, const char *path, bool has_body, struct buf *out)
{
    put_head(t, str_of(method), str_of(path ? path : t->path), has_body ? STR("application/json") : STR(""), out);
}

void target_head_of(const struct target *t, const struct plan_extra *x, bool has_body, struct buf *out)
{
    struct str method = t->method ? str_of(t->method) : has_body || !t->plain ? STR("POST") : STR("GET");
    put_head(t, x->method.n ? x->method : method, x->path.n ? x->path : str_of(t->path),
             !has_body   ? STR("")
             : x->type.n ? x->type
                         : STR("application/json"),
             out);
}

bool target_is_at(const struct target *t, struct str origin)
{
    struct url u;
    return url_parse(&u, origin, NULL) == 0 && u.tls == t->tls && u.port == t->url.port &&
           str_ieq(u.host, str_of(t->host));
}

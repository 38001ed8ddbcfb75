#include "gateway/gw_upstream.h"

#include "base/xalloc.h"

#define HEAD_MAX (16 * 1024)
#define INVOCATIONS "/invocations"

bool gw_upstream_is_endpoint(struct str text, struct str *name)
{
    struct str s = text;
    if (str_starts(s, STR("sagemaker:")))
        s = str_sub(s, 10, s.n);
    if (s.n == 0 || s.n > 63 || s.p[0] == '-')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    *name = s;
    return true;
}

int gw_upstream_url(struct str name, struct signer *signer, const char *base, char *out, size_t cap, struct err *e)
{
    char region[SIGV4_NAME_MAX + 1];
    if (base && base[0]) {
        struct str s = str_of(base);
        while (s.n > 0 && s.p[s.n - 1] == '/')
            s.n--;
        snprintf(out, cap, STR_FMT "/endpoints/" STR_FMT INVOCATIONS, STR_ARG(s), STR_ARG(name));
        return 0;
    }
    if (signer_region(signer, NULL, region, e) < 0)
        return -1;
    snprintf(out, cap, "https://runtime.sagemaker.%s.%s/endpoints/" STR_FMT INVOCATIONS, region, aws_dns_suffix(region),
             STR_ARG(name));
    return 0;
}

/* The SDKs' variables for an address of one's own in place of AWS's: a local twin, a VPC endpoint. */
static const char *own_address(void)
{
    const char *ignore = getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"),
               *own = getenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME");
    if (ignore && str_ieq(str_of(ignore), STR("true")))
        return NULL;
    return own && own[0] ? own : getenv("AWS_ENDPOINT_URL");
}

static int choose_url(struct gw_upstream *u, const char *given, struct signer *signer, struct err *e)
{
    char text[1024];
    struct str name;
    if (!gw_upstream_is_endpoint(str_of(given), &name)) {
        if (str_starts(str_of(given), STR("sagemaker:")))
            return err_set(e, ERR_USAGE, "--upstream %s: an endpoint's name has letters, digits and '-', at most 63",
                           given);
        u->url_text = xstrdup(given);
        return 0;
    }
    if (!signer)
        return err_set(e, ERR_USAGE,
                       "--no-sigv4: a SageMaker endpoint takes signed requests only; give the URL of its route to send "
                       "unsigned ones");
    if (gw_upstream_url(name, signer, own_address(), text, sizeof text, e) < 0)
        return -1;
    u->url_text = xstrdup(text);
    return 0;
}

static int check_url(struct gw_upstream *u, const char *given, struct err *e)
{
    if (url_parse(&u->url, str_of(u->url_text), e) < 0)
        return err_prefix(e, "--upstream: ");
    if (u->url.userinfo.n > 0)
        return err_set(e, ERR_USAGE,
                       "--upstream: the URL has credentials before its @, which the gateway does not send");
    if (u->url.has_query)
        return err_set(e, ERR_USAGE, "--upstream %s: the URL of an invocations route has no query", given);
    if (!str_ends(u->url.path, STR(INVOCATIONS)))
        return err_set(e, ERR_USAGE,
                       "--upstream %s: must be sagemaker:ENDPOINT or the URL of an invocations route, such as "
                       "http://127.0.0.1:8080/invocations",
                       given);
    for (size_t i = 0; i < u->url.path.n; i++) { /* of what is left nothing needs escapes in JSON or a header */
        unsigned char c = (unsigned char)u->url.path.p[i];
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\')
            return err_set(e, ERR_USAGE,
                           "--upstream: the URL's path has a character that must be written as %%XX: byte %zu of it",
                           i + 1);
    }
    return 0;
}

/* NAME of "/endpoints/NAME/invocations". */
static bool endpoint_of(struct str path, struct str *name)
{
    if (!str_starts(path, STR("/endpoints/")))
        return false;
    *name = str_sub(path, 11, path.n - 11 - (sizeof INVOCATIONS - 1));
    return name->n > 0 && str_chr(*name, '/') < 0;
}

static void write_heads(struct gw_upstream *u)
{
    const struct url *l = &u->url;
    for (int i = 0; i < 2; i++) {
        struct buf *b = &u->head[i];
        buf_init(b, HEAD_MAX);
        buf_addf(b, "POST %s HTTP/1.1\r\nHost: %s%s%s", u->path[i], l->host_is_v6 ? "[" : "", u->host,
                 l->host_is_v6 ? "]" : "");
        if (l->port != (l->tls ? 443 : 80))
            buf_addf(b, ":%u", l->port);
        buf_addz(b, "\r\nUser-Agent: weir-gateway/" WEIR_VERSION "\r\nContent-Type: application/json\r\n");
    }
}

int gw_upstream_open(struct gw_upstream *u, const struct gateway_config *c, struct signer *signer, struct err *e)
{
    struct str name;
    memset(u, 0, sizeof *u);
    if (!c->upstream)
        return err_set(e, ERR_USAGE, "--upstream is missing: sagemaker:ENDPOINT, or the URL of an invocations route");
    if (choose_url(u, c->upstream, signer, e) < 0 || check_url(u, c->upstream, e) < 0)
        return -1;
    u->host = xmemdup0(u->url.host.p, u->url.host.n);
    if (endpoint_of(u->url.path, &name)) {
        u->endpoint = xmemdup0(name.p, name.n);
        u->path[1] = xasprintf(STR_FMT "-response-stream", STR_ARG(u->url.path));
    } else {
        u->endpoint = xasprintf("%s:%u", u->host, u->url.port);
        u->path[1] = xmemdup0(u->url.path.p, u->url.path.n);
    }
    u->path[0] = xmemdup0(u->url.path.p, u->url.path.n);
    write_heads(u);
    if (u->head[0].failed || u->head[1].failed)
        return err_set(e, ERR_USAGE, "--upstream: the URL is longer than %d bytes", HEAD_MAX / 2);
    if (signer && u->region[0] == 0 && signer_region(signer, u->host, u->region, e) < 0)
        return -1;
    u->tls = (struct tls_client_opts){.insecure = c->insecure, .cacert = c->ca, .alpn = TLS_ALPN_HTTP11};
    int n = resolve_host(u->host, u->url.port, u->addrs, GW_UPSTREAM_ADDRS, e);
    u->n_addrs = n > 0 ? (size_t)n : 0;
    return n > 0 ? 0 : err_prefix(e, "--upstream: ");
}

void gw_upstream_close(struct gw_upstream *u)
{
    free(u->url_text);
    free(u->host);
    free(u->endpoint);
    for (int i = 0; i < 2; i++) {
        free(u->path[i]);
        buf_free(&u->head[i]);
    }
    memset(u, 0, sizeof *u);
}

/* opening.c - from URLs to endpoints: the dialect they are spoken to in, its key, and what each needs to be reached. */
#include "base/file.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "campaign/workload.h"

/* The template's text: JSON, or a file of it. */
static int template_text(const char *given, struct buf *out, struct err *e)
{
    struct str text = str_trim(str_of(given));
    if (text.n > 0 && (text.p[0] == '{' || text.p[0] == '['))
        return buf_adds(out, text);
    if (file_read(out, given[0] == '@' ? given + 1 : given, e) == 0)
        return 0;
    e->code = ERR_USAGE;
    return err_prefix(e, "--body-template: ");
}

static int make_custom(struct campaign_state *s, struct variant *v, struct err *e)
{
    const struct run_config *c = v->c;
    bool payload = strcmp(s->ops->name, "payload") == 0;
    if ((payload ? !c->json_text : strcmp(s->ops->name, "custom") != 0) || v->custom)
        return 0;
    struct buf text = BUF_INIT(16u << 20);
    int rc = payload ? 0 : template_text(c->body_template, &text, e);
    struct api_custom_opts o = {.body = payload  ? NULL
                                        : text.p ? text.p
                                                 : "",
                                .text = c->json_text,
                                .tokens = c->json_tokens,
                                .input = c->json_input_tokens,
                                .finish = c->json_finish,
                                .stream_end = c->stream_end,
                                .also = payload ? api_find(STR("sagemaker-lmi")) : NULL,
                                .seed = s->seed};
    if (rc == 0)
        v->custom = api_custom_new(&o, e);
    buf_free(&text);
    v->api_opts.custom = v->custom;
    return v->custom ? 0 : -1;
}

/* Of plain HTTP: where the answers tell tokens. */
static int make_counts(const struct campaign_state *s, struct variant *v, struct err *e)
{
    const struct run_config *c = v->c;
    if (!s->ops->plain || v->counts || (!c->json_tokens && !c->json_input_tokens))
        return 0;
    v->api_opts.counts = v->counts = xcalloc(1, sizeof *v->counts);
    if (c->json_tokens && api_paths_add(v->counts, PATH_TOKENS, "--json-tokens", c->json_tokens, e) < 0)
        return -1;
    return c->json_input_tokens
               ? api_paths_add(v->counts, PATH_INPUT_TOKENS, "--json-input-tokens", c->json_input_tokens, e)
               : 0;
}

static int make_media(struct campaign_state *s, struct variant *v, struct err *e)
{
    const struct run_config *c = v->c;
    if ((!c->images && !c->audio) || v->media)
        return 0;
    if (strcmp(s->ops->name, "openai-chat") != 0)
        return err_set(e, ERR_USAGE, "%s: only chat messages have parts; it needs --api openai-chat, and this is %s",
                       c->images ? "--image" : "--audio", s->ops->name);
    if (media_load(c, s->seed, &v->media, e) < 0)
        return -1;
    v->api_opts.media = v->media;
    return 0;
}

static int check_sample(const struct campaign_state *s, const struct variant *v, const struct plan_sample *p,
                        struct err *e)
{
    struct api_opts o = v->api_opts;
    o.model = v->c->model ? v->c->model : v->c->model_mix;
    if (v->custom && api_custom_check(v->custom, &o, p, e) < 0)
        return -1;
    bool own = p->extra && p->extra->body.n > 0; /* a body of its own goes as it is */
    if (!s->ops->as_is && p->n_msgs == 0 && !own)
        return err_set(e, ERR_DATA, "%.*s: has no message and no body for %s; plain requests need --api http",
                       STR_ARG(p->where), s->ops->name);
    return p->n_msgs == 0 && own ? 0 : s->ops->check(p, e);
}

static int check_samples(const struct campaign_state *s, struct err *e)
{
    for (uint32_t k = 0; k < s->n_variants; k++) {
        const struct dataset *ds = s->variant[k].ds;
        for (size_t i = 0; s->variant[k].own_ds && i < dataset_n(ds); i++) {
            if (check_sample(s, &s->variant[k], dataset_at(ds, i), e) < 0)
                return -1;
        }
    }
    return 0;
}

/* The files of TLS are read here once, so that what is wrong with them is told first. */
static int check_tls(const struct target *t, struct err *e)
{
    struct tls_ctx *tls = t->tls ? tls_client_new(&t->tls_opts, e) : NULL;
    if (t->tls && !tls) {
        e->code = ERR_USAGE;
        return -1;
    }
    tls_free(&tls);
    return 0;
}

double run_config_cost(const struct run_config *c)
{
    return c->cost_per_hour > 0 ? c->cost_per_hour : c->gpu_rate > 0 ? c->gpu_rate * (double)c->num_gpus : 0;
}

size_t run_config_urls(const struct run_config *c, struct str *out, size_t max)
{
    size_t n = 0;
    for (const char **u = c->urls; u && *u; u++) {
        struct str_split it = {.rest = str_of(*u), .sep = ' '};
        struct str part;
        while (str_next(&it, &part)) {
            part = str_trim(part);
            if (part.n > 0 && n++ < max)
                out[n - 1] = part;
        }
    }
    return n;
}

/* The dialect that the paths speak; those that say nothing follow the others. */
static int dialect_of_paths(struct campaign_state *s, const struct str *url, unsigned n, struct err *e)
{
    unsigned first = 0;
    for (unsigned i = 0; i < n; i++) {
        struct url u;
        if (url_parse(&u, url[i], e) < 0)
            return n > 1 ? err_prefix(e, "URL %u: ", i + 1) : -1;
        const struct api_ops *ops = api_of_path(u.path);
        if (ops && s->ops && ops != s->ops)
            return err_set(e, ERR_USAGE,
                           "URL %u is %s and URL %u is %s by their paths, but all endpoints of a run are asked in one "
                           "dialect; give URLs of one, or say which by --api",
                           first + 1, s->ops->name, i + 1, ops->name);
        if (ops && !s->ops) {
            s->ops = ops;
            first = i;
        }
    }
    struct url u;
    url_parse(&u, url[0], NULL);
    while (u.path.n > 0 && u.path.p[u.path.n - 1] == '/')
        u.path.n--;
    s->dialect_told = s->ops != NULL;
    s->path_unknown = !s->ops && u.path.n > 0 && !str_ends(u.path, STR("/v1")); /* that one is a base URL, like none */
    if (s->path_unknown && s->c->no_probe)
        log_warn("the URL's path %.*s says nothing of its dialect; taking it for OpenAI chat (see --api)",
                 STR_ARG(u.path));
    if (!s->ops)
        s->ops = api_find(STR("openai-chat"));
    return 0;
}

static int choose_dialect(struct campaign_state *s, const struct str *url, unsigned n, struct err *e)
{
    if (strcmp(s->c->api, "auto") == 0)
        return dialect_of_paths(s, url, n, e);
    s->ops = api_find(str_of(s->c->api));
    s->dialect_told = true;
    return s->ops ? 0 : err_set(e, ERR_USAGE, "--api %s: unknown dialect", s->c->api);
}

/* The dialect says where its key is looked for, and how it is sent, where the user does not. */
static int settle_auth(struct campaign_state *s, struct err *e)
{
    struct auth_key_source source = {.dflt_env = s->ops->key_env};
    if (strcmp(s->c->auth_style, "auto") == 0)
        auth_style_parse(str_of(s->ops->auth_style ? s->ops->auth_style : "bearer"), &s->auth_style, e);
    return s->key || s->signer ? 0 : auth_key_load(&source, &s->key, e);
}

/* What a dialect has no word for is not left out silently. */
static int check_dialect(const struct campaign_state *s, const struct variant *v, struct err *e)
{
    if (v->api_opts.ignore_eos && !s->ops->can_ignore_eos)
        return err_set(e, ERR_USAGE,
                       "--ignore-eos: %s has no such member; give what the server calls it by --extra-body",
                       s->ops->name);
    return 0;
}

/* Whether the URL names the path that the dialect has for the other kind of answers. */
static int check_path(const struct api_ops *ops, bool stream, struct str path, struct err *e)
{
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    if (ops->path_needed && path.n <= 1)
        return err_set(e, ERR_USAGE, "--api %s: the URL needs a path, in which the model stands: .../model/ID%s",
                       ops->name, api_path(ops, stream));
    if (!ops->stream_path || !str_ends(path, str_of(api_path(ops, !stream))))
        return 0;
    return err_set(e, ERR_USAGE, "the URL's path " STR_FMT " is that of %s answers; give %s%s", STR_ARG(path),
                   stream ? "whole" : "streamed", api_path(ops, stream), stream ? ", or --no-stream" : "");
}

static enum hclient_http http_of(const char *version)
{
    if (!version || strcmp(version, "auto") == 0)
        return HCLIENT_AUTO;
    return strcmp(version, "2") == 0 ? HCLIENT_2 : strcmp(version, "h2c") == 0 ? HCLIENT_H2C : HCLIENT_11;
}

static int open_target(struct campaign_state *s, const struct variant *v, struct target *t, struct str url,
                       struct err *e)
{
    const struct run_config *c = v->c;
    struct url u;
    if (url_parse(&u, url, NULL) == 0 && check_path(s->ops, v->api_opts.stream, u.path, e) < 0)
        return -1;
    struct proxy proxy = {0};
    int proxied = url_parse(&u, url, NULL) == 0 ? proxying_choose(s, &u, &proxy, e) : 0;
    if (proxied < 0)
        return -1;
    char *text = xmemdup0(url.p, url.n);
    struct target_opts o = {
        .url = text,
        .default_path = api_path(s->ops, v->api_opts.stream),
        .own_headers = s->ops->headers,
        .lines = s->ops->lines,
        .escape_colons = s->ops->path_needed,
        .plain = s->ops->as_is,
        .method = c->method,
        .unix_socket = c->unix_socket,
        .connect_to = c->connect_to,
        .proxy = proxied ? &proxy : NULL,
        .headers = c->headers,
        .auth_style = s->auth_style,
        .key = s->key,
        .signer = s->signer,
        .no_keepalive = c->no_keepalive,
        .http = http_of(c->http),
        .stream = v->api_opts.stream,
        .binds = s->binds,
        .n_binds = s->n_binds,
        .lookup = c->lookup,
        .tls = {.insecure = c->insecure,
                .cacert = c->cacert,
                .cert = c->cert,
                .key = c->key,
                .keylog = getenv("SSLKEYLOGFILE")},
    };
    int rc = target_open(t, &o, e);
    free(text);
    proxy_free(&proxy);
    if (rc == 0 && sources_check(s, t, e) < 0) {
        target_close(t);
        return -1;
    }
    return rc;
}

static bool same_words(const char *const *a, const char *const *b)
{
    for (; a && b && *a && *b && strcmp(*a, *b) == 0; a++, b++)
        ;
    return !(a && *a) && !(b && *b);
}

/* Whether two levels' requests are alike to a server in all that a probe settles and that stands in the head. */
static bool same_asking(const struct run_config *a, const struct run_config *b)
{
    return same_text(a->model, b->model) && same_text(a->method, b->method) && same_text(a->model_mix, b->model_mix) &&
           same_words(a->headers, b->headers) && a->no_stream == b->no_stream && a->ignore_eos == b->ignore_eos &&
           a->continuous_usage == b->continuous_usage && same_text(a->extra_body, b->extra_body) &&
           same_text(a->http, b->http) && a->no_keepalive == b->no_keepalive;
}

static int open_endpoints(struct campaign_state *s, struct variant *v, const struct str *url, size_t n, struct err *e)
{
    struct endpoints *ep = v->ep = xcalloc(1, sizeof *ep);
    bool tls_checked = false;
    v->own_ep = true;
    ep->target = xcalloc(n, sizeof *ep->target);
    ep->probe = xcalloc(n, sizeof *ep->probe);
    ep->resolving = xcalloc(n, sizeof *ep->resolving);
    for (size_t i = 0; i < n; i++) {
        struct target *t = &ep->target[i];
        if (open_target(s, v, t, url[i], e) < 0)
            return n > 1 ? err_prefix(e, "URL %zu: ", i + 1) : -1;
        ep->n++;
        if (t->tls && !tls_checked && check_tls(t, e) < 0)
            return -1;
        tls_checked |= t->tls;
    }
    return 0;
}

/* The run's URLs, without any the simulator's. */
static size_t take_urls(const struct campaign_state *s, struct str url[RUN_URLS_MAX])
{
    size_t n = run_config_urls(s->c, url, RUN_URLS_MAX);
    if (n > 0)
        return MIN(n, (size_t)RUN_URLS_MAX);
    url[0] = str_of(s->sim.url);
    return 1;
}

/* Targets that are given with their host go to that one of the run's endpoints, of which it must be one. */
static int settle_origins(const struct variant *v, struct err *e)
{
    for (size_t i = 0; v->own_ds && i < dataset_n(v->ds); i++) {
        const struct plan_sample *p = dataset_at(v->ds, i);
        struct plan_extra *x = (struct plan_extra *)(uintptr_t)p->extra;
        if (!x || x->origin.n == 0)
            continue;
        x->endpoint = 0;
        for (unsigned k = v->ep->n; k-- > 0;)
            x->endpoint = target_is_at(&v->ep->target[k], x->origin) ? k + 1 : x->endpoint;
        if (x->endpoint)
            continue;
        if (v->ep->n > 1)
            return err_set(
                e, ERR_DATA,
                "%.*s: %.*s is none of the run's %u endpoints; give it to the run too, or write only the path",
                STR_ARG(p->where), STR_ARG(x->origin), v->ep->n);
        return err_set(e, ERR_DATA,
                       "%.*s: %.*s is not the run's endpoint, %s; write only the path, or give the run both URLs",
                       STR_ARG(p->where), STR_ARG(x->origin), v->ep->target[0].origin);
    }
    return 0;
}

/* What hangs on the dialect. */
static int open_dialect(struct campaign_state *s, const struct str *url, size_t n, struct err *e)
{
    if (settle_auth(s, e) < 0)
        return -1;
    for (uint32_t i = 0; i < s->n_variants; i++) {
        if (make_custom(s, &s->variant[i], e) < 0 || make_counts(s, &s->variant[i], e) < 0 ||
            make_media(s, &s->variant[i], e) < 0)
            return -1;
    }
    if (check_samples(s, e) < 0)
        return -1;
    s->n_targets = (unsigned)n;
    for (uint32_t i = 0; i < s->n_variants; i++) {
        struct variant *v = &s->variant[i];
        v->api_opts.include_usage = s->ops->asks_usage;
        v->api_opts.running_usage = v->c->continuous_usage;
        v->api_opts.stream = !v->c->no_stream && !s->ops->plain;
        if (check_dialect(s, v, e) < 0 || lacking_settle(s, v, e) < 0)
            return variant_fail(s, v, e);
        for (uint32_t k = 0; k < i && !v->ep; k++)
            v->ep = same_asking(v->c, s->variant[k].c) ? s->variant[k].ep : NULL;
        if ((!v->ep && open_endpoints(s, v, url, n, e) < 0) || settle_origins(v, e) < 0)
            return variant_fail(s, v, e);
    }
    return 0;
}

int setup_target(struct campaign_state *s, struct err *e)
{
    struct str url[RUN_URLS_MAX];
    size_t n = take_urls(s, url);
    s->balance =
        s->c->balance && strcmp(s->c->balance, "least-in-flight") == 0 ? BALANCE_LEAST_IN_FLIGHT : BALANCE_ROUND_ROBIN;
    return choose_dialect(s, url, (unsigned)n, e) < 0 ? -1 : open_dialect(s, url, n, e);
}

char *endpoint_text(const struct campaign_state *s, unsigned i, char *out, size_t cap)
{
    struct buf b = BUF_INIT(16384);
    redact_url(&b, str_of(s->variant[0].ep->target[i].url_text));
    snprintf(out, cap, "%s", b.p ? b.p : "");
    buf_free(&b);
    return out;
}

void endpoints_free(struct endpoints *ep)
{
    for (unsigned i = 0; i < ep->n; i++)
        target_close(&ep->target[i]);
    free(ep->target);
    free(ep->probe);
    free(ep->resolving);
    free(ep);
}

int setup_dialect(struct campaign_state *s, const struct api_ops *ops, struct err *e)
{
    struct str url[RUN_URLS_MAX];
    size_t n = take_urls(s, url);
    bool given = s->c->api_key || s->c->api_key_file || s->c->api_key_env;
    s->ops = ops;
    if (s->key && !given) { /* another dialect's */
        explicit_bzero(s->key, strlen(s->key));
        free(s->key);
        s->key = NULL;
    }
    for (uint32_t i = 0; i < s->n_variants; i++) {
        struct variant *v = &s->variant[i];
        if (v->own_ep)
            endpoints_free(v->ep);
        v->own_ep = false;
        v->ep = NULL;
    }
    return open_dialect(s, url, n, e);
}

/* checking.c - --check: what is known of the endpoint, and one request, all of it told. */
#include <stdarg.h>

#include "base/xalloc.h"
#include "campaign/scraping.h"
#include "engine/check.h"
#include "engine/ready.h"

enum { CHECK_TOKENS = 16 /* asked for where the user says nothing */ };

struct teller {
    void (*say)(void *arg, const char *line);
    void *arg;
    struct tok_coder *coder; /* NULL: no tokenizer */
    struct buf *scratch;
};

static void tell(void *arg, const char *line)
{
    const struct teller *k = arg;
    k->say(k->arg, line);
}

static uint64_t count(void *arg, struct str escaped)
{
    const struct teller *k = arg;
    return tokens_of_escaped(k->coder, escaped, 0, k->scratch);
}

static void ATTR_PRINTF(2, 3) say(const struct teller *k, const char *fmt, ...)
{
    char line[2048];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    k->say(k->arg, line);
}

static void say_signer(const struct campaign_state *s, const struct teller *k)
{
    char d[32];
    if (!s->signer)
        return;
    int64_t skew = signer_skew(s->signer);
    say(k, "Signature: AWS Signature Version 4 for %s in %s, by the credentials of %s", signer_service(s->signer),
        s->variant[0].ep->target[0].region, signer_source(s->signer));
    if (skew != 0)
        say(k, "           this clock is %s %s the server's; it is signed by the server's",
            fmt_duration(d, (skew < 0 ? -skew : skew) * NS_PER_S), skew < 0 ? "ahead of" : "behind");
}

static const char *key_text(const struct campaign_state *s)
{
    static const char *const how[] = {[AUTH_BEARER] = "sent as Authorization: Bearer",
                                      [AUTH_X_API_KEY] = "sent as x-api-key",
                                      [AUTH_API_KEY] = "sent as api-key"};
    return s->key ? how[s->auth_style] : "none";
}

static void say_target(const struct campaign_state *s, const struct teller *k)
{
    const struct variant *v = &s->variant[0];
    const struct target *t = &v->ep->target[0];
    char text[512];
    struct buf b = BUF_INIT(4096);
    say(k, "URL:       %s", endpoint_text(s, 0, text, sizeof text));
    if (s->n_targets > 1)
        say(k, "           the first of %u; the others are not asked", s->n_targets);
    for (int i = 0; i < t->n_addrs; i++) {
        char one[64];
        buf_addf(&b, "%s%s", i ? ", " : "", addr_text(&t->addrs[i], one));
    }
    if (t->dial_host)
        buf_addf(&b, " (the name %s)", t->dial_host);
    if (proxying_text(s, text, sizeof text))
        say(k, "Proxy:     %s: what it adds is part of every figure", text);
    say(k, "Address:   %s%s", b.p ? b.p : "none", t->proxy ? ", the proxy's" : "");
    say(k, "Dialect:   %s%s%s", s->ops->name, v->api_opts.stream && !s->ops->plain ? ", streamed" : "",
        strcmp(s->c->api, "auto") != 0 ? " (--api)"
        : s->dialect_told              ? " (from the URL's path)"
                                       : " (the URL's path does not tell)");
    if (!s->ops->plain) {
        char id[256];
        say(k, "Server:    %s", server_id_text(&v->ep->probe[0].id, id));
        say(k, "Model:     %s%s", v->ep->model ? v->ep->model : "not named",
            v->c->model    ? " (--model)"
            : v->ep->model ? " (the first that the server lists)"
                           : "");
    }
    if (s->key || !s->signer)
        say(k, "Key:       %s", key_text(s));
    say_signer(s, k);
    if (v->tokenizer)
        say(k, "Tokenizer: %s", tokenizer_text(v->tokenizer, text, sizeof text));
    buf_free(&b);
}

static int prepare(struct campaign_state *s, struct err *e)
{
    const struct sim_opts sim = {0};
    if (setup_parse(s, e) < 0)
        return -1;
    if (run_config_urls(s->c, NULL, 0) == 0 && simproc_start(&s->sim, &sim, e) < 0)
        return -1;
    return setup_target(s, e);
}

static int say_metrics(struct campaign_state *s, const struct teller *k, struct err *why)
{
    char *told;
    if (scraping_open(s, why) < 0)
        return -1;
    for (unsigned i = 0; (told = scraping_told(s, i)) != NULL; i++) {
        say(k, "Metrics:   %s", told);
        free(told);
    }
    return 0;
}

/* All that is asked of the endpoint. -1 + why: it cannot be measured as things stand. */
static int ask(struct campaign_state *s, struct teller *k, struct err *why)
{
    struct variant *v = &s->variant[0];
    int rc = waiting(s, why);
    if (rc == 0)
        rc = detecting(s, why);
    struct endpoints *ep = v->ep; /* another one, perhaps, from here on */
    bool asks = rc == 0 && !s->ops->plain && !s->c->no_probe;
    for (unsigned i = 0; ep && i < ep->n; i++)
        ep->probe[i].timeout = v->c->timeout;
    if (asks && ep->probe[0].id.kind == SERVER_UNKNOWN)
        detect_server(&ep->target[0], &ep->probe[0]);
    if (rc == 0 && !s->ops->plain)
        rc = probing_model(s, v, why);
    if (asks)
        probe_version(&ep->target[0], &ep->probe[0]);
    if (ep && ep->n > 0)
        say_target(s, k);
    if (rc < 0)
        return -1;
    v->api_opts.model = ep->model;
    if (v->api_opts.max_tokens < 0)
        v->api_opts.max_tokens = CHECK_TOKENS;
    const struct check c = {
        .target = &ep->target[0],
        .ops = s->ops,
        .opts = &v->api_opts,
        .sample = dataset_at(v->ds, 0),
        .timeout = v->c->timeout,
        .insecure = v->c->insecure,
        .say = tell,
        .count = k->coder ? count : NULL,
        .arg = k,
    };
    if (check_ask(&c, &ep->probe[0], why) < 0)
        return -1;
    return say_metrics(s, k, why);
}

int campaign_check(const struct run_config *c, const struct campaign_view *v,
                   void (*say_line)(void *arg, const char *line), void *arg, bool *ok, struct err *e)
{
    struct campaign_state *s = xcalloc(1, sizeof *s);
    struct buf scratch = BUF_INIT(64u << 20);
    struct teller k = {say_line, arg, NULL, &scratch};
    s->c = c;
    s->v = v;
    s->signal_fd = -1;
    s->errors.fd = -1;
    int rc = prepare(s, e);
    if (rc == 0) {
        struct err why = {0};
        if (s->variant[0].tokenizer)
            k.coder = tok_coder_new(s->variant[0].tokenizer->tok);
        *ok = ask(s, &k, &why) == 0;
        say(&k, "%s", "");
        if (*ok)
            say(&k, "OK:        weir can measure this endpoint");
        else
            say(&k, "NOT OK:    %s", why.text);
    }
    scraping_free(s);
    simproc_stop(&s->sim);
    tok_coder_free(&k.coder);
    buf_free(&scratch);
    setup_free(s);
    free(s);
    return rc;
}

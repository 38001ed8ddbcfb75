#include "engine/probe.h"

#include "api/api_stream.h"
#include "base/jdoc.h"
#include "base/xalloc.h"
#include "engine/redirect.h"

enum { TRIES = 3 };
#define SIDE_TIMEOUT (5 * NS_PER_S)

/* The server's own words, short enough for one line. */
static void excerpt(char *out, size_t cap, struct str reply)
{
    struct str text = str_trim(reply), raw;
    struct err ignore;
    struct jdoc *d = jdoc_parse(text, "reply", &ignore);
    if (d) {
        jnode *root = jdoc_root(d);
        raw = jn_str(jn_get(root, "error.message"), NULL);
        if (!raw.p)
            raw = jn_str(jn_get(root, "message"), NULL);
        if (!raw.p)
            raw = jn_str(jn_get(root, "Message"), NULL);
        if (!raw.p)
            raw = jn_str(jn_get(root, "detail"), NULL);
        if (!raw.p)
            raw = jn_str(jn_get(root, "error"), NULL);
        if (raw.p)
            text = raw;
    }
    ptrdiff_t title = str_find(text, STR("<title>")), end = str_find(text, STR("</title>"));
    if (title >= 0 && end > title) /* a proxy's page */
        text = str_trim(str_sub(text, (size_t)title + 7, (size_t)(end - title - 7)));
    size_t n = 0;
    for (size_t i = 0; i < text.n && n + 1 < cap && n < 200; i++)
        out[n++] = (unsigned char)text.p[i] < 0x20 ? ' ' : text.p[i];
    out[n] = 0;
    jdoc_free(&d);
}

char *probe_models_path(const struct target *t, const struct api_ops *ops)
{
    struct str p = {t->path, strcspn(t->path, "?")};
    while (p.n > 1 && p.p[p.n - 1] == '/')
        p.n--;
    for (int stream = 0; stream < 2; stream++) {
        const char *own = api_path(ops, stream);
        size_t same = 0; /* length of the folder that both have */
        for (size_t i = 0; own[i] && own[i] == ops->models_path[i]; i++)
            same = own[i] == '/' ? i : same;
        if (str_ends(p, str_of(own + same)))
            return xasprintf("%.*s%s", (int)(p.n - strlen(own + same)), p.p, ops->models_path + same);
    }
    return xstrdup(ops->models_path);
}

/* A query may hold a key: messages show the path alone. */
static const char *path_alone(const char *path, char out[512])
{
    snprintf(out, 512, "%.*s", (int)strcspn(path, "?"), path);
    return out;
}

static bool is_redirect(const struct call *c)
{
    return c->status >= 300 && c->status < 400 && c->location[0];
}

static int explain_redirect(const struct target *t, const char *target, const char *path, const struct call *c,
                            struct err *e)
{
    struct buf b = BUF_INIT(4096);
    redirect_text(&b, t, str_of(target), str_of(c->location));
    err_set(e, ERR_USAGE, "%s%s: status %d %s", t->origin, path, c->status, b.p ? b.p : "");
    buf_free(&b);
    return -1;
}

static int explain_status(const struct target *t, const struct api_ops *ops, const char *target, const struct call *c,
                          struct err *e)
{
    char said[256], shown[512];
    const char *path = path_alone(target, shown);
    excerpt(said, sizeof said, buf_str(&c->reply));
    const char *quote = said[0] ? said : "nothing more";
    if (t->proxy && c->status == 407)
        return err_set(e, ERR_USAGE,
                       "%s%s: the proxy %s answers 407 (%s); give its credentials in its URL, "
                       "http://user:password@host:port (see --proxy)",
                       t->origin, path, t->proxy, quote);
    if (t->absolute && c->status >= 502 && c->status <= 504)
        return err_set(e, ERR_PROTO,
                       "%s%s: status %d (%s), from the server or from the proxy %s on the way; --proxy none goes "
                       "without it",
                       t->origin, path, c->status, quote, t->proxy);
    switch (c->status) {
    case 401:
    case 403:
        if (t->signer)
            return err_set(
                e, ERR_USAGE,
                "%s%s: status %d (%s); it was signed for %s in %s by the credentials of %s: see --aws-sigv4, "
                "--aws-region and --aws-profile, and what these credentials may do",
                t->origin, path, c->status, quote, signer_service(t->signer), t->region, signer_source(t->signer));
        return err_set(e, ERR_USAGE,
                       "%s%s: status %d (%s); give the key by %s, --api-key-file or --api-key-env, and see "
                       "--auth-style",
                       t->origin, path, c->status, quote,
                       !ops->key_env   ? "OPENAI_API_KEY"
                       : *ops->key_env ? ops->key_env
                                       : "--header");
    case 404:
        return err_set(e, ERR_USAGE, "%s%s: status 404 (%s); check the URL's path and --model", t->origin, path, quote);
    case 405:
        return err_set(e, ERR_USAGE, "%s%s: status 405 (%s); check the URL's path", t->origin, path, quote);
    default:
        if (is_redirect(c))
            return explain_redirect(t, target, path, c, e);
        return err_set(e, c->status >= 500 ? ERR_PROTO : ERR_USAGE,
                       "%s%s: status %d (%s); the server's log may say more", t->origin, path, c->status, quote);
    }
}

/* `prefer` where the list has it, else its first; "" none. Borrowed from the document. */
static struct str pick_model(const struct api_ops *ops, jnode *root, const char *prefer)
{
    if (!ops->models_list)
        return jn_str(jn_get(root, ops->models_id), "");
    jnode *list = jn_get(root, ops->models_list);
    struct str first = jn_str(jn_get(jn_at(list, 0), ops->models_id), "");
    for (size_t i = 1; prefer && !str_eqz(first, prefer) && i < jn_len(list); i++) {
        struct str id = jn_str(jn_get(jn_at(list, i), ops->models_id), "");
        if (str_eqz(id, prefer))
            return id;
    }
    return first;
}

static int read_models(const struct target *t, const struct api_ops *ops, const char *path, const char *prefer,
                       const struct call *c, struct probe *p, struct err *e)
{
    struct err ignore;
    struct jdoc *d = jdoc_parse(buf_str(&c->reply), path, &ignore);
    struct str id = d ? pick_model(ops, jdoc_root(d), prefer) : (struct str){0};
    int rc = 0;
    if (id.n == 0 || id.n >= sizeof p->model)
        rc = err_set(e, ERR_USAGE, "%s%s: names no model; give --model", t->origin, path);
    else
        snprintf(p->model, sizeof p->model, "%.*s", STR_ARG(id));
    jdoc_free(&d);
    return rc;
}

int probe_model(const struct target *t, const struct api_ops *ops, const char *prefer, struct probe *p, struct err *e)
{
    if (!ops->models_path)
        return ops->model_optional
                   ? 0
                   : err_set(e, ERR_USAGE, "%s cannot be asked which models it serves; give --model", t->origin);
    char *path = probe_models_path(t, ops);
    struct call c = {.method = "GET", .path = path, .timeout = MIN(p->timeout, 2 * SIDE_TIMEOUT)};
    int rc = call_do(t, &c, e);
    p->http = c.http;
    if (rc == 0) {
        server_id_headers(&p->id, buf_str(&c.headers));
        if (str_ends(str_of(path), STR("/v1/models")))
            server_id_answer(&p->id, ASK_MODELS, c.status, buf_str(&c.reply));
    }
    bool refused = c.status == 401 || c.status == 403 || (c.status == 407 && t->proxy);
    if (rc == 0 && (refused || (is_redirect(&c) && !ops->model_optional))) {
        rc = explain_status(t, ops, path, &c, e);
    } else if (rc == 0 && c.status != 200 && ops->model_optional) {
        p->model[0] = 0;
    } else if (rc == 0 && c.status != 200) {
        char said[256];
        excerpt(said, sizeof said, buf_str(&c.reply));
        rc = err_set(e, ERR_USAGE, "%s%s: status %d (%s), so the model's name is not known; give --model", t->origin,
                     path, c.status, said[0] ? said : "nothing more");
    } else if (rc == 0) {
        rc = read_models(t, ops, path, prefer, &c, p, e);
        if (rc < 0 && ops->model_optional)
            rc = 0;
    }
    call_free(&c);
    free(path);
    return rc;
}

void probe_version(const struct target *t, struct probe *p)
{
    struct call c = {.method = "GET", .path = "/version", .timeout = MIN(p->timeout, SIDE_TIMEOUT), .max_reply = 4096};
    struct err ignore;
    if (call_do(t, &c, &ignore) == 0 && c.status == 200) {
        server_id_answer(&p->id, ASK_VERSION, c.status, buf_str(&c.reply));
        struct jdoc *d = jdoc_parse(buf_str(&c.reply), "/version", &ignore);
        struct str v = d ? jn_str(jn_get(jdoc_root(d), "version"), NULL) : (struct str){0};
        if (v.n)
            snprintf(p->server_version, sizeof p->server_version, "%.*s", STR_ARG(v));
        jdoc_free(&d);
    }
    call_free(&c);
}

struct answer { /* what a 2xx reply held */
    const struct api_ops *ops;
    const struct api_custom *custom;
    enum api_framing framing;
    unsigned flags;
    bool bad, input; /* input: its tokens were counted */
    char said[256];
    unsigned texts, counted; /* events with text, and those that had a count too */
};

static int on_event(void *arg, struct str type, struct str data)
{
    struct answer *a = arg;
    struct api_event ev;
    if ((a->framing == API_TEXT ? api_event_piece(data, &ev)
         : a->custom            ? api_custom_event(a->custom, type, data, &ev)
                                : a->ops->event(type, data, &ev)) < 0) {
        a->bad = true;
        return -1;
    }
    if ((ev.flags & API_ERROR) && !a->said[0])
        excerpt(a->said, sizeof a->said, ev.error);
    a->flags |= ev.flags;
    a->input |= ev.prompt_tokens >= 0;
    a->texts += (ev.flags & API_TOKEN) != 0;
    a->counted += (ev.flags & API_TOKEN) && ev.completion_tokens > 0;
    return 0;
}

static void decode_stream(struct answer *a, struct api_stream *s, const struct call *c)
{
    enum api_stream_rc rc = api_stream_feed(s, buf_str(&c->reply));
    if (rc == API_STREAM_OK)
        api_stream_end(s);
    if (rc == API_STREAM_E_FRAME || rc == API_STREAM_E_FAILED)
        excerpt(a->said, sizeof a->said, buf_str(&s->why));
    a->bad |= rc == API_STREAM_E_FRAME;
    a->flags |= rc == API_STREAM_E_FAILED ? API_ERROR : 0;
}

static void decode_document(struct answer *a, const struct call *c)
{
    struct api_event ev;
    struct str body = buf_str(&c->reply);
    if ((a->custom ? api_custom_document(a->custom, body, &ev) : a->ops->document(body, &ev)) < 0) {
        a->bad = true;
        return;
    }
    if (ev.flags & API_ERROR)
        excerpt(a->said, sizeof a->said, ev.error);
    a->flags = ev.flags;
    a->input = ev.prompt_tokens >= 0;
}

int probe_judge(const struct target *t, const struct api_ops *ops, const struct api_opts *o, const struct call *c,
                struct probe *p, struct err *e)
{
    struct api_stream s;
    struct answer a = {.ops = ops, .custom = o->custom};
    char path[512];
    path_alone(t->path, path);
    api_stream_init(&s, 4u << 20, on_event, NULL, &a);
    api_stream_reset(&s, ops, o->stream);
    api_stream_headers(&s, buf_str(&c->headers));
    a.framing = api_stream_begin(&s);
    p->streamed = a.framing != API_WHOLE && a.framing != API_BYTES;
    snprintf(p->headers, sizeof p->headers, "%.*s", STR_ARG(buf_str(&c->headers)));
    server_id_headers(&p->id, buf_str(&c->headers));
    if (ops->plain) /* each answer is one */
        return 0;
    if (c->status < 200 || c->status > 299)
        return explain_status(t, ops, t->path, c, e);
    if (c->unread[0])
        return err_set(e, ERR_PROTO, "%s%s: %s", t->origin, path, c->unread);
    if (p->streamed)
        decode_stream(&a, &s, c);
    else if (a.framing == API_WHOLE)
        decode_document(&a, c);
    api_stream_free(&s); /* which owned nothing until here */
    if (a.flags & API_ERROR)
        return err_set(e, ERR_PROTO, "%s%s: status %d with an error inside: %s", t->origin, path, c->status, a.said);
    bool by_status = !a.bad && (a.framing == API_BYTES || (ops->as_is && !o->custom));
    if (!a.bad && !by_status && o->custom && !(a.flags & API_TOKEN))
        return err_set(e, ERR_PROTO,
                       "%s%s: nothing stands in the answer where --json-text looks for text; --check shows the answer",
                       t->origin, path);
    if (a.bad || (!by_status && !(a.flags & (API_TOKEN | API_FINISH | API_TERMINAL | API_USAGE | API_RESULT))))
        return err_set(e, ERR_PROTO, "%s%s: the answer is not %s's JSON; is this path the API's? (see --api)",
                       t->origin, path, ops->name);
    p->usage = (a.flags & API_USAGE) != 0;
    p->usage_input = a.input;
    p->running_usage = a.texts > 0 && a.counted + 1 >= a.texts;
    return 0;
}

int probe_render(const struct api_ops *ops, const struct api_opts *o, const struct plan_sample *sample, struct buf *out,
                 struct err *e)
{
    struct api a;
    if (api_prepare(&a, ops, o, e) < 0)
        return -1;
    struct plan_item it = {.what = sample};
    struct api_body body = {.spill = BUF_INIT(256u << 20)};
    api_render(&a, &it, &body);
    for (int i = 0; i < body.n; i++)
        buf_add(out, body.v[i].iov_base, body.v[i].iov_len);
    buf_free(&body.spill);
    api_free(&a);
    return 0;
}

int probe_send(const struct target *t, const struct api_ops *ops, const struct api_opts *o,
               const struct plan_sample *sample, struct call *c, struct err *e)
{
    struct buf body = BUF_INIT(256u << 20);
    int rc = probe_render(ops, o, sample, &body, e);
    if (rc == 0) {
        c->method = t->method ? t->method : "POST";
        c->own = sample->extra;
        c->max_reply = 4u << 20;
        c->body = buf_str(&body);
        rc = call_do(t, c, e);
        c->body = (struct str){0};
    }
    buf_free(&body);
    return rc;
}

/* Whether the server refused something of ours that the run can do without; then it is asked again without it. */
static bool adapt(const struct api_ops *ops, const struct call *c, struct api_opts *o, struct api_opts *small,
                  struct probe *p)
{
    struct str said = buf_str(&c->reply);
    if (c->status != 400 && c->status != 422)
        return false;
    bool named = str_find(said, STR("stream_options")) >= 0 || str_find(said, STR("include_usage")) >= 0 ||
                 str_find(said, STR("xtra")) >= 0; /* "Extra inputs are not permitted", "extra fields" */
    if (small->stream && small->running_usage &&
        (named || str_find(said, STR("continuous_usage")) >= 0)) { /* first without what fewer know */
        small->running_usage = o->running_usage = false;
        return true;
    }
    if (small->stream && small->include_usage && named) {
        small->include_usage = o->include_usage = false;
        p->stream_options_rejected = true;
        return true;
    }
    if (o->max_tokens < 0 && small->max_tokens >= 0 && ops->limit && str_find(said, api_limit_name(ops)) >= 0) {
        small->max_tokens = -1; /* only the probe asked for it */
        return true;
    }
    return false;
}

static bool worth_retrying(const struct call *c)
{
    return !c->timed_out && (c->result == HX_RESET || c->result == HX_TRUNCATED || c->result == HX_BAD_FRAME);
}

static void wait_for(int64_t ns)
{
    struct timespec ts = {.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
    nanosleep(&ts, NULL);
}

int probe_request(const struct target *t, const struct api_ops *ops, struct api_opts *o,
                  const struct plan_sample *sample, struct probe *p, struct err *e)
{
    struct api_opts small = *o;
    small.max_tokens = probe_tokens(ops, o->max_tokens);
    for (int tries = 1;; tries++) {
        struct call c = {.timeout = p->timeout};
        int rc = probe_send(t, ops, &small, sample, &c, e);
        bool again = rc < 0 && worth_retrying(&c);
        int64_t wait = 0;
        p->status = c.status;
        p->http = c.http ? c.http : p->http;
        p->refused = false;
        if (rc == 0 && ops->plain) {
            rc = probe_judge(t, ops, &small, &c, p, e);
        } else if (rc == 0 && adapt(ops, &c, o, &small, p)) {
            again = true;
            tries--;
        } else if (rc == 0 && (c.status == 429 || c.status == 503)) {
            p->refused = again = true;
            wait = c.retry_after >= 0 ? MIN(c.retry_after, 5 * NS_PER_S) : NS_PER_S;
        } else if (rc == 0) {
            rc = probe_judge(t, ops, &small, &c, p, e);
            again = rc < 0 && (c.status == 500 || c.status == 502 || c.status == 504 ||
                               (c.status >= 200 && c.status < 300)); /* may be a passing fault */
        }
        call_free(&c);
        if (!again || tries == TRIES)
            return rc;
        wait_for(wait);
    }
}

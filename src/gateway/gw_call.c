/* gw_call.c - a request's way: route, key, limits, body; its answer into the sink; its end. */
#include "gateway/gw_call.h"

#include "base/rng.h"
#include "base/xalloc.h"
#include "gateway/gw_private.h"

#define JSON "application/json"
#define PROMETHEUS "text/plain; version=0.0.4; charset=utf-8"
#define TEXT_MAX (4UL << 20)
#define FIELDS_MAX (GW_TOLD + 6)

/* ---- workers */

struct gw_worker *gw_worker_new(struct gw_shared *s, struct loop *l, struct err *e)
{
    const struct gw_upstream *u = &s->up;
    struct gw_worker *w = xcalloc(1, sizeof *w);
    w->s = s;
    w->loop = l;
    w->seed = rng_os_seed();
    w->sha = sha256_new();
    buf_init(&w->text, TEXT_MAX);
    if (u->url.tls && !(w->tls = tls_client_new(&u->tls, e))) {
        gw_worker_free(&w);
        return NULL;
    }
    const struct hclient_opts o = {.addrs = u->addrs,
                                   .n_addrs = u->n_addrs,
                                   .turn = w->seed % GW_UPSTREAM_ADDRS,
                                   .tls = w->tls,
                                   .sni = u->host,
                                   .http = HCLIENT_11,
                                   .no_stamps = true, /* nobody asks when bytes came to the microsecond */
                                   .idle_ns = 20 * NS_PER_S};
    w->client = hclient_new(l, &o);
    if (s->signer)
        w->sigv4 = signer_sigv4(s->signer, u->region);
    return w;
}

static void free_call(struct gw_call *c)
{
    buf_free(&c->body);
    buf_free(&c->lines);
    buf_free(&c->signature);
    buf_free(&c->headers);
    buf_free(&c->refused);
    buf_free(&c->pending);
    gw_answer_free(&c->answer);
    free(c);
}

static void unlink_call(struct gw_call *c)
{
    struct gw_worker *w = c->w;
    *(c->prev ? &c->prev->next : &w->all) = c->next;
    if (c->next)
        c->next->prev = c->prev;
    w->n--;
    atomic_fetch_sub_explicit(&w->s->under_way, 1, memory_order_relaxed);
}

void gw_worker_free(struct gw_worker **wp)
{
    struct gw_worker *w = *wp;
    if (!w)
        return;
    *wp = NULL;
    while (w->all) {
        struct gw_call *c = w->all;
        gw_exchange_stop(c);
        unlink_call(c);
        free_call(c);
    }
    while (w->spare) {
        struct gw_call *c = w->spare;
        w->spare = c->next;
        free_call(c);
    }
    hclient_free(&w->client);
    tls_free(&w->tls);
    sigv4_free(&w->sigv4);
    sha256_end(&w->sha, NULL);
    buf_free(&w->text);
    free(w);
}

size_t gw_worker_calls(const struct gw_worker *w)
{
    return w->n;
}

void gw_worker_drain(struct gw_worker *w)
{
    w->draining = true;
}

void gw_worker_stop(struct gw_worker *w)
{
    w->draining = true;
    while (w->all) {
        struct gw_call *c = w->all;
        struct gw_error e;
        gw_exchange_stop(c);
        gw_error_set(&e, GW_DRAINING, STR("the answer was not complete in time"));
        gw_call_fail(c, &e);
    }
}

/* ---- the memory of calls */

static struct gw_call *get_call(struct gw_worker *w)
{
    struct gw_call *c = w->spare;
    if (c) {
        w->spare = c->next;
        w->n_spare--;
    } else {
        c = xcalloc(1, sizeof *c);
        c->w = w;
        buf_init(&c->body, SIZE_MAX / 4); /* bounded by who receives it, and by --max-body */
        gw_exchange_init(c);
    }
    c->prev = NULL;
    c->next = w->all;
    if (w->all)
        w->all->prev = c;
    w->all = c;
    w->n++;
    return c;
}

static void keep_small(struct buf *b)
{
    if (b->cap > GW_KEEP)
        buf_free(b);
    else
        buf_clear(b);
}

static void release(struct gw_call *c)
{
    struct gw_worker *w = c->w;
    unlink_call(c);
    loop_timer_stop(w->loop, &c->timer);
    if (w->n_spare == GW_SPARE_MAX) {
        free_call(c);
        return;
    }
    keep_small(&c->body);
    keep_small(&c->refused);
    keep_small(&c->pending);
    gw_answer_trim(&c->answer);
    c->next = w->spare;
    w->spare = c;
    w->n_spare++;
}

/* ---- what is told of a call */

static void count(struct gw_worker *w, struct gw_outcome *o, int64_t arrived, bool emf)
{
    o->duration = MAX(clock_mono() - arrived, (int64_t)0);
    o->unix_ms = clock_real() / NS_PER_MS;
    gw_metrics_add(w->s->metrics, o);
    if (!emf || !w->s->emf)
        return;
    buf_clear(&w->text);
    gw_emf_line(o, w->s->up.endpoint, w->s->c->hourly_usd, &w->text);
    gw_emf_put(w->s->emf, buf_str(&w->text));
}

static const char *code_of(const struct gw_error *e)
{
    return e->code ? e->code : e->type;
}

static void count_call(struct gw_call *c, int status, const char *code)
{
    c->o.status = status;
    c->o.code = code;
    c->o.figures = c->answer.figures;
    c->o.overhead = c->x.sent_last > 0 ? MAX(c->x.sent_last - c->arrived, (int64_t)0) : -1;
    count(c->w, &c->o, c->arrived, true);
}

static void answer_error(struct gw_worker *w, const struct gw_error *e, const char *allow,
                         const struct gw_sink_ops *ops, void *arg)
{
    struct gw_field f[FIELDS_MAX];
    size_t n = 0;
    f[n++] = (struct gw_field){STR("Content-Type"), STR(JSON)};
    f[n++] = (struct gw_field){STR("X-Endpoint"), str_of(w->s->up.endpoint)};
    if (e->status == 429 || e->status == 503)
        f[n++] = (struct gw_field){STR("Retry-After"), STR("1")};
    if (e->status == 401)
        f[n++] = (struct gw_field){STR("WWW-Authenticate"), STR("Bearer")};
    if (allow)
        f[n++] = (struct gw_field){STR("Allow"), str_of(allow)};
    buf_clear(&w->text);
    gw_error_json(e, &w->text);
    ops->head(arg, e->status, f, n, (int64_t)w->text.n);
    ops->data(arg, buf_str(&w->text));
    ops->end(arg, true, NULL, 0);
}

/* ---- the answer of a call */

static bool told_before(struct str name, bool ttft)
{
    return str_eq(name, STR("X-Endpoint")) || (ttft && str_eq(name, STR("X-TTFT-MS")));
}

/* Of a stream: with its first text. What is counted by then is not told, for it is not all. */
static void stream_head(struct gw_call *c)
{
    struct gw_worker *w = c->w;
    struct gw_field f[FIELDS_MAX] = {{STR("Content-Type"), STR("text/event-stream; charset=utf-8")},
                                     {STR("Cache-Control"), STR("no-cache")},
                                     {STR("X-Accel-Buffering"), STR("no")}};
    char text[GW_TOLD_TEXT];
    struct gw_outcome so_far = c->o;
    if (c->answer.figures.first)
        c->o.ttft = so_far.ttft = clock_mono() - c->arrived;
    c->ttft_out = so_far.ttft >= 0;
    so_far.figures = (struct gw_figures){-1, -1, false, false};
    so_far.duration = -1;
    size_t n = 3 + gw_told(&so_far, w->s->up.endpoint, w->s->c->hourly_usd, f + 3, text);
    c->head_out = true;
    c->ops->head(c->arg, 200, f, n, -1);
}

void gw_call_deliver(struct gw_call *c)
{
    if (!c->asked.stream)
        return;
    if (!c->head_out) {
        /* An error has a status of its own until then; and who says much without a word of text is let through. */
        if (!c->answer.figures.first && c->pending.n < GW_QUEUE_MAX)
            return;
        stream_head(c);
        hx_bulk(&c->x); /* whoever still waits for a first word goes first */
    }
    if (c->o.ttft < 0 && c->answer.figures.first)
        c->o.ttft = clock_mono() - c->arrived;
    c->ops->data(c->arg, buf_str(&c->pending));
    buf_clear(&c->pending);
    if (!c->paused && c->ops->queued(c->arg) > GW_QUEUE_MAX) {
        c->paused = true;
        hx_pause(&c->x);
    }
}

void gw_resume(struct gw_call *c)
{
    if (!c->paused || c->ops->queued(c->arg) > GW_QUEUE_MAX)
        return;
    c->paused = false;
    c->heard = clock_mono();
    hx_resume(&c->x);
    gw_exchange_arm(c);
}

static size_t told(struct gw_call *c, struct gw_field f[GW_TOLD], char text[GW_TOLD_TEXT])
{
    struct gw_outcome o = c->o;
    o.figures = c->answer.figures;
    o.duration = clock_mono() - c->arrived;
    return gw_told(&o, c->w->s->up.endpoint, c->w->s->c->hourly_usd, f, text);
}

static void whole_stream(struct gw_call *c)
{
    struct gw_field f[GW_TOLD], rest[GW_TOLD];
    char text[GW_TOLD_TEXT];
    size_t n_rest = 0;
    if (!c->head_out)
        stream_head(c);
    size_t n = told(c, f, text);
    for (size_t i = 0; i < n; i++)
        if (!told_before(f[i].name, c->ttft_out))
            rest[n_rest++] = f[i];
    gw_answer_close(rest, n_rest, &c->pending);
    c->ops->data(c->arg, buf_str(&c->pending));
    count_call(c, 200, NULL);
    const struct gw_sink_ops *ops = c->ops;
    void *arg = c->arg;
    release(c);
    ops->end(arg, true, rest, n_rest);
}

static void whole_document(struct gw_call *c)
{
    struct gw_field f[FIELDS_MAX] = {{STR("Content-Type"), STR(JSON)}, {STR("Cache-Control"), STR("no-cache")}};
    char text[GW_TOLD_TEXT];
    size_t n = 2 + told(c, f + 2, text);
    c->ops->head(c->arg, 200, f, n, (int64_t)c->pending.n);
    c->ops->data(c->arg, buf_str(&c->pending));
    count_call(c, 200, NULL);
    const struct gw_sink_ops *ops = c->ops;
    void *arg = c->arg;
    release(c);
    ops->end(arg, true, NULL, 0);
}

void gw_call_whole(struct gw_call *c)
{
    if (c->asked.stream)
        whole_stream(c);
    else
        whole_document(c);
}

void gw_call_fail(struct gw_call *c, const struct gw_error *error)
{
    const struct gw_error e = *error; /* it may be the call's own */
    const struct gw_sink_ops *ops = c->ops;
    struct gw_worker *w = c->w;
    void *arg = c->arg;
    bool head_out = c->head_out;
    count_call(c, head_out ? 200 : e.status, code_of(&e));
    if (head_out) {
        gw_error_event(&e, &c->pending);
        ops->data(arg, buf_str(&c->pending));
    }
    release(c);
    if (head_out)
        ops->end(arg, false, NULL, 0);
    else
        answer_error(w, &e, NULL, ops, arg);
}

void gw_gone(struct gw_call *c)
{
    gw_exchange_stop(c);
    count_call(c, 499, "client_gone");
    release(c);
}

/* ---- requests */

struct refusal {
    const char *allow; /* the methods that the route has; NULL: not told */
    bool emf, stream;  /* stream: it asked for one, as far as is known */
};

static void refuse_by(struct gw_worker *w, const struct gw_error *e, struct refusal how, int64_t arrived,
                      const struct gw_sink_ops *ops, void *arg)
{
    struct gw_outcome o = {.ttft = -1, .overhead = -1, .stream = how.stream, .figures = {-1, -1, false, false}};
    o.status = e->status;
    o.code = code_of(e);
    gw_metrics_begin(w->s->metrics);
    count(w, &o, arrived, how.emf);
    answer_error(w, e, how.allow, ops, arg);
}

void gw_refuse(struct gw_worker *w, const struct gw_error *e, int64_t arrived, const struct gw_sink_ops *ops, void *arg)
{
    refuse_by(w, e, (struct refusal){0}, arrived, ops, arg);
}

/* A request for a route that is there. */
static struct gw_call *refuse(struct gw_worker *w, const struct gw_request *r, const struct gw_sink_ops *ops, void *arg,
                              enum gw_fault fault, const char *detail)
{
    struct gw_error e;
    gw_error_set(&e, fault, str_of(detail));
    refuse_by(w, &e, (struct refusal){.emf = true}, r->arrived, ops, arg);
    return NULL;
}

/* One that never was a call; `allow`: the methods that its route has. */
static struct gw_call *turn_away(struct gw_worker *w, const struct gw_request *r, const struct gw_sink_ops *ops,
                                 void *arg, enum gw_fault fault, const char *allow)
{
    struct gw_error e;
    gw_error_set(&e, fault, STR(""));
    refuse_by(w, &e, (struct refusal){.allow = allow}, r->arrived, ops, arg);
    return NULL;
}

static void answer_text(int status, const char *type, struct str body, const struct gw_sink_ops *ops, void *arg)
{
    const struct gw_field f[] = {{STR("Content-Type"), str_of(type)}, {STR("Cache-Control"), STR("no-store")}};
    ops->head(arg, status, f, 2, (int64_t)body.n);
    ops->data(arg, body);
    ops->end(arg, true, NULL, 0);
}

static bool is_get(const struct gw_request *r)
{
    return str_eq(r->method, STR("GET")) || str_eq(r->method, STR("HEAD"));
}

static void health(struct gw_worker *w, const struct gw_sink_ops *ops, void *arg)
{
    buf_clear(&w->text);
    buf_addf(&w->text, "{\"status\":\"%s\"}", w->draining ? "draining" : "ok");
    answer_text(w->draining ? 503 : 200, JSON, buf_str(&w->text), ops, arg);
}

static void metrics(struct gw_worker *w, const struct gw_sink_ops *ops, void *arg)
{
    buf_clear(&w->text);
    gw_metrics_text(w->s->metrics, &w->text);
    answer_text(200, PROMETHEUS, buf_str(&w->text), ops, arg);
}

/* For clients that choose from a list: the endpoint's name. Endpoints serve one model, whatever a request calls it. */
static void models(struct gw_worker *w, const struct gw_sink_ops *ops, void *arg)
{
    buf_clear(&w->text); /* an endpoint's name needs no escapes */
    buf_addf(&w->text,
             "{\"object\":\"list\",\"data\":[{\"id\":\"%s\",\"object\":\"model\",\"created\":0,"
             "\"owned_by\":\"sagemaker\"}]}",
             w->s->up.endpoint);
    answer_text(200, JSON, buf_str(&w->text), ops, arg);
}

static bool is_chat(struct str path)
{
    return str_eq(path, STR("/v1/chat/completions")) || str_eq(path, STR("/chat/completions")) ||
           str_eq(path, STR("/prod/chat/completions"));
}

static bool has_room(struct gw_shared *s)
{
    uint64_t before = atomic_fetch_add_explicit(&s->under_way, 1, memory_order_relaxed);
    if (s->c->max_requests == 0 || before < s->c->max_requests)
        return true;
    atomic_fetch_sub_explicit(&s->under_way, 1, memory_order_relaxed);
    return false;
}

static void take_new_addresses(struct gw_worker *w)
{
    struct addr a[GW_LOOKUP_ADDRS];
    size_t n;
    if (gw_lookup_get(w->s->lookup, &w->addrs_seen, a, &n))
        hclient_set_addrs(w->client, a, n);
}

static bool is_blank(struct str s)
{
    return str_trim(s).n == 0;
}

/* The body is one that goes upstream, and there is room. */
static struct gw_call *begin(struct gw_worker *w, const struct gw_request *r, const struct gw_sink_ops *ops, void *arg)
{
    struct gw_call *c = get_call(w);
    int64_t total = w->s->c->timeout;
    c->ops = ops;
    c->arg = arg;
    c->arrived = r->arrived;
    c->due = total > 0 ? r->arrived + total : 0;
    if (r->deadline > 0)
        c->due = c->due > 0 ? MIN(c->due, r->deadline) : r->deadline;
    c->head_out = c->ttft_out = c->paused = c->retried = false;
    c->payload[0] = 0;
    c->o = (struct gw_outcome){.ttft = -1, .overhead = -1};
    buf_clear(&c->body);
    buf_adds(&c->body, r->body);
    snprintf(c->id, sizeof c->id, "chatcmpl-%016llx",
             (unsigned long long)rng_mix(w->seed + ++w->made * 0x9e3779b97f4a7c15U));
    return c;
}

static struct gw_call *chat(struct gw_worker *w, const struct gw_request *r, const struct gw_sink_ops *ops, void *arg)
{
    struct gw_asked asked = {0};
    struct err e = {0};
    if (w->draining)
        return refuse(w, r, ops, arg, GW_DRAINING, "");
    if (r->body.n > w->s->c->max_body)
        return refuse(w, r, ops, arg, GW_TOO_BIG, "");
    if (is_blank(r->body))
        return refuse(w, r, ops, arg, GW_MISSING_BODY, "");
    if (gw_asked_read(&asked, r->body, &e) < 0)
        return refuse(w, r, ops, arg, GW_INVALID_JSON, e.text);
    if (!has_room(w->s)) {
        struct gw_error full;
        gw_error_set(&full, GW_TOO_MANY, STR(""));
        refuse_by(w, &full, (struct refusal){.emf = true, .stream = asked.stream}, r->arrived, ops, arg);
        return NULL;
    }
    take_new_addresses(w);
    struct gw_call *c = begin(w, r, ops, arg);
    c->asked = asked;
    if (asked.model.n > 0) /* of the call's own copy */
        c->asked.model.p = c->body.p + (asked.model.p - r->body.p);
    else
        c->asked.model = str_of(w->s->up.endpoint); /* it needs no escapes */
    c->asked.id = str_of(c->id);
    c->asked.created = clock_real() / NS_PER_S;
    c->o.stream = asked.stream;
    gw_metrics_begin(w->s->metrics);
    gw_exchange_start(c);
    return c;
}

struct gw_call *gw_start(struct gw_worker *w, const struct gw_request *r, const struct gw_sink_ops *ops, void *arg)
{
    static const struct {
        const char *path;
        bool open;
        void (*answer)(struct gw_worker *w, const struct gw_sink_ops *ops, void *arg);
    } plain[] = {{"/health", true, health}, {"/metrics", false, metrics}, {"/v1/models", false, models}};
    size_t i = 0;
    while (i < ARRAY_LEN(plain) && !str_eqz(r->path, plain[i].path))
        i++;
    bool is_plain = i < ARRAY_LEN(plain);
    if (!is_plain && !is_chat(r->path))
        return turn_away(w, r, ops, arg, GW_NO_ROUTE, NULL);
    if (!(is_plain && plain[i].open) && !r->trusted &&
        !gw_keys_allow(&w->s->keys, w->sha, r->authorization, r->api_key))
        return turn_away(w, r, ops, arg, GW_NO_KEY, NULL);
    if (is_plain ? !is_get(r) : !str_eq(r->method, STR("POST")))
        return turn_away(w, r, ops, arg, GW_BAD_METHOD, is_plain ? "GET, HEAD" : "POST");
    if (!is_plain)
        return chat(w, r, ops, arg);
    plain[i].answer(w, ops, arg);
    return NULL;
}

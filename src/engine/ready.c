#include "engine/ready.h"

#include "base/jdoc.h"
#include "base/xalloc.h"

#define SIDE_TIMEOUT (5 * NS_PER_S)
#define DETECT_ONE (2 * NS_PER_S)

/* Above what names the API itself: "/proxy" of "/proxy/v1/chat/completions", "" of "/generate". */
static struct str api_root(const struct target *t)
{
    static const char *const begins[] = {"/v1/", "/v2/", "/api/"};
    struct str path = {t->path, strcspn(t->path, "?")};
    for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
        ptrdiff_t at = str_find(path, str_of(begins[i]));
        if (at >= 0)
            return str_sub(path, 0, (size_t)at);
    }
    while (path.n > 0 && path.p[path.n - 1] != '/')
        path.n--;
    while (path.n > 0 && path.p[path.n - 1] == '/')
        path.n--;
    return path;
}

static char *path_of(const struct target *t, enum server_ask a)
{
    return xasprintf(STR_FMT "%s", STR_ARG(api_root(t)), server_ask_path(a));
}

static bool not_yet(int status)
{
    return status == 502 || status == 503 || status == 504;
}

/* What a call says of readiness. */
static enum ready_state judge(const struct call *c, int rc, struct ready *r)
{
    char d[32];
    if (rc == 0 && !not_yet(c->status))
        return READY_YES;
    if (rc == 0)
        snprintf(r->why, sizeof r->why, "status %d", c->status);
    else if (c->timed_out)
        snprintf(r->why, sizeof r->why, "no answer within %s", fmt_duration(d, c->timeout));
    else if (c->result == HX_CONNECT && c->rc == STREAM_TLS)
        return READY_NEVER;
    else if (c->result == HX_CONNECT)
        snprintf(r->why, sizeof r->why, "%s", c->rc == STREAM_REFUSED ? "connection refused" : "cannot connect");
    else if (c->result == HX_RESET || c->result == HX_TRUNCATED)
        snprintf(r->why, sizeof r->why, "the connection was closed without an answer");
    else
        return READY_NEVER;
    return READY_LATER;
}

static enum ready_state ask_health(const struct target *t, struct ready *r, struct err *e)
{
    char *path = path_of(t, ASK_HEALTH);
    struct call c = {.method = "GET", .path = path, .timeout = MIN(r->timeout, SIDE_TIMEOUT), .max_reply = 4096};
    enum ready_state s = judge(&c, call_do(t, &c, e), r);
    call_free(&c);
    free(path);
    return s;
}

/* The first model's name, where o has none. A list without one is not there yet; no list at all is for the probe. */
static enum ready_state ask_models(const struct target *t, const struct api_ops *ops, struct ready *r, char model[256],
                                   struct err *e)
{
    char *path = probe_models_path(t, ops);
    struct call c = {.method = "GET", .path = path, .timeout = MIN(r->timeout, SIDE_TIMEOUT)};
    enum ready_state s = judge(&c, call_do(t, &c, e), r);
    if (s == READY_YES && c.status == 200) {
        struct err ignore;
        struct jdoc *d = jdoc_parse(buf_str(&c.reply), path, &ignore);
        jnode *root = d ? jdoc_root(d) : NULL, *list = ops->models_list ? jn_get(root, ops->models_list) : NULL;
        if (jn_is_arr(list) && jn_len(list) == 0) {
            snprintf(r->why, sizeof r->why, "it lists no model");
            s = READY_LATER;
        }
        snprintf(model, 256, STR_FMT, STR_ARG(jn_str(jn_get(list ? jn_at(list, 0) : root, ops->models_id), "")));
        jdoc_free(&d);
    }
    call_free(&c);
    free(path);
    return s;
}

enum ready_state ready_ask(const struct target *t, const struct api_ops *ops, const struct api_opts *o,
                           const struct plan_sample *sample, struct ready *r, struct err *e)
{
    char model[256] = "";
    enum ready_state s = READY_YES;
    r->why[0] = 0;
    if (!ops->plain)
        s = ask_health(t, r, e);
    if (s == READY_YES && ops->models_path && !o->model)
        s = ask_models(t, ops, r, model, e);
    if (s != READY_YES || !r->ask_request || (!ops->plain && !ops->model_optional && !o->model && !model[0]))
        return s;
    struct api_opts small = *o;
    small.model = o->model ? o->model : model[0] ? model : NULL;
    small.max_tokens = probe_tokens(ops, o->max_tokens);
    struct call c = {.timeout = r->timeout};
    s = judge(&c, probe_send(t, ops, &small, sample, &c, e), r);
    call_free(&c);
    return s;
}

void detect_server(const struct target *t, struct probe *p)
{
    static const enum server_ask order[] = {ASK_MODELS, ASK_VERSION, ASK_MODEL_INFO, ASK_INFO,
                                            ASK_TAGS,   ASK_PROPS,   ASK_V2};
    int64_t end = clock_mono() + DETECT_NS;
    struct server_id *id = &p->id;
    for (size_t i = 0; i < ARRAY_LEN(order) && (id->kind == SERVER_UNKNOWN || i == 0); i++) {
        int64_t left = end - clock_mono();
        if (left <= 0)
            return;
        char *path = path_of(t, order[i]);
        struct call c = {.method = "GET", .path = path, .timeout = MIN(left, DETECT_ONE)};
        struct err ignore;
        int rc = call_do(t, &c, &ignore);
        bool dead = rc < 0 && (c.result == HX_CONNECT || c.result == HX_BAD_FRAME);
        if (rc == 0) {
            server_id_headers(id, buf_str(&c.headers));
            server_id_answer(id, order[i], c.status, buf_str(&c.reply));
        }
        call_free(&c);
        free(path);
        if (dead)
            return;
    }
}

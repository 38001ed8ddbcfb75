/* sim_routes.c - which path does what, who may ask, and the answers that need no model. */
#include "base/clock.h"
#include "base/jout.h"
#include "base/jscan.h"
#include "base/rng.h"
#include "sim/sim_worker.h"

struct route {
    const char *path;   /* "*": any one segment */
    const char *method; /* HEAD is allowed where GET is */
    bool needs_key;
    void (*handle)(struct sim_request *r);
    const struct sim_dialect *dialect; /* of generation requests */
    bool mock;                         /* there with --preset flask-mock too */
};

static void models(struct sim_request *r)
{
    struct buf *b = &r->w->body;
    struct jout j;
    buf_clear(b);
    jo_init(&j, b, 0);
    jo_obj(&j);
    jo_kstrz(&j, "object", "list");
    jo_key(&j, "data");
    jo_arr(&j);
    jo_obj(&j);
    jo_kstrz(&j, "id", r->w->sim->model_name);
    jo_kstrz(&j, "object", "model");
    jo_ki64(&j, "created", r->w->sim->created);
    jo_kstrz(&j, "owned_by", "weir");
    jo_end_obj(&j);
    jo_end_arr(&j);
    jo_end_obj(&j);
    sim_answer(r, 200, "application/json", buf_str(b), NULL);
}

/* Ollama's list. */
static void tags(struct sim_request *r)
{
    struct buf *b = &r->w->body;
    struct jout j;
    buf_clear(b);
    jo_init(&j, b, 0);
    jo_obj(&j);
    jo_key(&j, "models");
    jo_arr(&j);
    jo_obj(&j);
    jo_kstrz(&j, "name", r->w->sim->model_name);
    jo_kstrz(&j, "model", r->w->sim->model_name);
    jo_end_obj(&j);
    jo_end_arr(&j);
    jo_end_obj(&j);
    sim_answer(r, 200, "application/json", buf_str(b), NULL);
}

/* Of Text Generation Inference, as far as it is true here. */
static void info(struct sim_request *r)
{
    struct buf *b = &r->w->body;
    struct jout j;
    buf_clear(b);
    jo_init(&j, b, 0);
    jo_obj(&j);
    jo_kstrz(&j, "model_id", r->w->sim->model_name);
    jo_kstrz(&j, "version", WEIR_VERSION);
    jo_end_obj(&j);
    sim_answer(r, 200, "application/json", buf_str(b), NULL);
}

static void health(struct sim_request *r)
{
    sim_answer(r, 200, NULL, STR(""), NULL);
}

static void version(struct sim_request *r)
{
    sim_answer(r, 200, "application/json", STR("{\"version\":\"" WEIR_VERSION "\",\"server\":\"weir-sim\"}"), NULL);
}

static void metrics(struct sim_request *r)
{
    struct sim *s = r->w->sim;
    struct buf *b = &r->w->body;
    struct gate_counts g = gate_get_counts(&s->gate);
    buf_clear(b);
    const struct metrics_view v = {
        .gate = &g,
        .model = s->model_name,
        .kv_blocks_max = s->cfg.kv_blocks,
        .has_gpu = s->gate.timed,
        .idle = s->power[0],
        .busy = s->power[1],
        .max_seqs = s->cfg.max_seqs,
        .up = clock_mono() - s->powered_at,
    };
    metrics_render(&s->metrics, &v, b);
    sim_answer(r, 200, "text/plain; version=0.0.4; charset=utf-8", buf_str(b), NULL);
}

/* POST /generate is TGI's and SGLang's: the member that holds the prompt tells. */
static void generate(struct sim_request *r)
{
    struct str text;
    if (js_path(r->q->body, "text", &text) == 0)
        r->dialect = &sim_sglang;
    sim_generate(r);
}

/* clang-format off */
static const struct route routes[] = {
    {"/v1/chat/completions", "POST", true, sim_generate, &sim_openai_chat, false},
    {"/v1/completions", "POST", true, sim_generate, &sim_openai_completions, false},
    {"/v1/responses", "POST", true, sim_generate, &sim_responses, false},
    {"/v1/messages", "POST", true, sim_generate, &sim_anthropic, false},
    {"/api/chat", "POST", true, sim_generate, &sim_ollama_chat, false},
    {"/api/generate", "POST", true, sim_generate, &sim_ollama_generate, false},
    {"/generate", "POST", true, generate, &sim_tgi_generate, false},
    {"/generate_stream", "POST", true, sim_generate, &sim_tgi_stream, false},
    {"/v1/embeddings", "POST", true, sim_generate, &sim_embeddings, false},
    {"/v1/rerank", "POST", true, sim_generate, &sim_rerank, false},
    {"/rerank", "POST", true, sim_generate, &sim_rerank, false},
    {"/v2/models/*/generate", "POST", true, sim_generate, &sim_triton, false},
    {"/v2/models/*/generate_stream", "POST", true, sim_generate, &sim_triton_stream, false},
    {"/llm-on-ray", "POST", true, sim_generate, &sim_llm_on_ray, false},
    {"/invocations", "POST", true, sim_generate, &sim_lmi, false},
    {"/sse/invocations", "POST", true, sim_generate, &sim_lmi_sse, false},
    {"/endpoints/*/invocations", "POST", true, sim_sagemaker, NULL, false},
    {"/endpoints/*/invocations-response-stream", "POST", true, sim_sagemaker, NULL, false},
    {"/model/*/converse", "POST", true, sim_bedrock, NULL, false},
    {"/model/*/converse-stream", "POST", true, sim_bedrock, NULL, false},
    {"/model/*/invoke", "POST", true, sim_bedrock, NULL, false},
    {"/model/*/invoke-with-response-stream", "POST", true, sim_bedrock, NULL, false},
    {"/v1/models", "GET", true, models, NULL, false},
    {"/api/tags", "GET", true, tags, NULL, false},
    {"/info", "GET", true, info, NULL, false},
    {"/health", "GET", false, health, NULL, false},
    {"/version", "GET", false, version, NULL, false},
    {"/metrics", "GET", false, metrics, NULL, false},
    {"/tokenizer", "GET", false, sim_flask, NULL, true},
    {"/hello", "GET", false, sim_flask, NULL, true},
    {"/sleeper", "GET", false, sim_flask, NULL, true},
};
/* With the lambda presets, these alone. */
static const struct route lambda_routes[] = {
    {"/prod/chat/completions", "POST", true, sim_generate, &sim_lambda_chat, false},
    {"/v1/chat/completions", "POST", true, sim_generate, &sim_lambda_chat, false},
};
/* clang-format on */

/* Equal in time that does not depend on where they differ. */
static bool same_key(struct str given, const char *key)
{
    size_t n = strlen(key);
    unsigned char diff = given.n != n;
    for (size_t i = 0; i < given.n; i++)
        diff |= (unsigned char)(given.p[i] ^ key[n == 0 ? 0 : i % n]);
    return diff == 0;
}

static bool has_key(const struct hs_request *q, const char *key)
{
    struct str auth = hs_header(q, "authorization");
    if (str_istarts(auth, STR("Bearer ")) && same_key(str_trim(str_sub(auth, 7, auth.n)), key))
        return true;
    struct str x = hs_header(q, "x-api-key"), a = hs_header(q, "api-key");
    return (x.p != NULL && same_key(x, key)) || (a.p != NULL && same_key(a, key));
}

/* A client's id is kept when it can stand in a header and is not too long; else one is made. */
static void identify(struct sim_request *r)
{
    struct sim *s = r->w->sim;
    uint64_t n = atomic_fetch_add_explicit(&s->requests, 1, memory_order_relaxed);
    struct str given = hs_header(r->q, "x-request-id");
    bool ok = given.n > 0 && given.n <= SIM_ID_MAX;
    for (size_t i = 0; ok && i < given.n; i++)
        ok = given.p[i] > ' ' && given.p[i] < 0x7F;
    if (ok) {
        memcpy(r->id, given.p, given.n);
        r->id[given.n] = 0;
    } else {
        snprintf(r->id, sizeof(r->id), "sim-%016llx", (unsigned long long)rng_u64(s->cfg.seed, RNG_UUID, n));
    }
}

static bool matches(struct str path, const char *pattern)
{
    const char *star = strchr(pattern, '*');
    if (star == NULL)
        return str_eqz(path, pattern);
    struct str head = {pattern, (size_t)(star - pattern)}, tail = str_of(star + 1);
    if (path.n <= head.n + tail.n || !str_starts(path, head) || !str_ends(path, tail))
        return false;
    return str_chr(str_sub(path, head.n, path.n - head.n - tail.n), '/') < 0;
}

/* LLM-on-Ray serves each model at its name; here --model is the one that has one. */
static bool is_at(const struct sim *s, const struct route *r, struct str path)
{
    if (s->mock && !r->mock)
        return false;
    bool named = r->dialect == &sim_llm_on_ray && s->cfg.model != NULL && path.n > 0 &&
                 str_eqz(str_sub(path, 1, path.n), s->cfg.model);
    return named || matches(path, r->path);
}

static const struct route *find(const struct sim *s, struct str path, bool *known_path, struct str method)
{
    *known_path = false;
    for (size_t i = 0; s->lambda != LAMBDA_NONE && i < ARRAY_LEN(lambda_routes); i++)
        if (matches(path, lambda_routes[i].path) && str_eqz(method, lambda_routes[i].method))
            return &lambda_routes[i];
    for (size_t i = 0; s->lambda == LAMBDA_NONE && i < ARRAY_LEN(routes); i++) {
        if (!is_at(s, &routes[i], path))
            continue;
        *known_path = true;
        if (str_eqz(method, routes[i].method) || (str_eqz(method, "HEAD") && str_eqz(str_of(routes[i].method), "GET")))
            return &routes[i];
    }
    return NULL;
}

static const char *path_text(const struct sim *s, struct str path)
{
    for (size_t i = 0; i < ARRAY_LEN(routes); i++)
        if (is_at(s, &routes[i], path))
            return routes[i].path;
    return matches(path, lambda_routes[0].path) ? lambda_routes[0].path : "other";
}

static void begin_truth(struct sim_request *r)
{
    const struct hs_request *q = r->q;
    if (r->w->sim->truth == NULL)
        return;
    struct truth_rec *t = truth_rec_new();
    snprintf(t->id, sizeof(t->id), "%s", r->id);
    snprintf(t->method, sizeof(t->method), STR_FMT, (int)MIN(q->method.n, 15), q->method.p);
    t->path = path_text(r->w->sim, q->path);
    t->kernel = q->kernel;
    t->recv = q->recv;
    t->recv_last = q->recv_last;
    t->received = q->received;
    r->truth = t;
}

static void not_allowed(struct sim_request *r)
{
    bool get = false;
    for (size_t i = 0; i < ARRAY_LEN(routes); i++)
        if (is_at(r->w->sim, &routes[i], r->q->path))
            get = str_eqz(str_of(routes[i].method), "GET");
    sim_answer_error(r, 405, "This path does not take this method.", NULL, "method_not_allowed",
                     get ? "Allow: GET, HEAD\r\n" : "Allow: POST\r\n");
}

/* Whether it is not signed as it must be; then it is answered. Whoever scrapes does not sign. */
static bool refuses_signature(struct sim_request *r, const struct route *route)
{
    const struct sim *s = r->w->sim;
    struct sim_sigv4_refusal no;
    struct jout j;
    char type[96];
    if (s->sigv4.n == 0 || (route != NULL && route->handle == metrics))
        return false;
    if (sim_sigv4_check(&s->sigv4, r->q, sim_date(s), &no) == 0) {
        buf_free(&no.message);
        return false;
    }
    struct buf *b = &r->w->body;
    buf_clear(b);
    jo_init(&j, b, 0);
    jo_obj(&j);
    jo_key(&j, "message");
    jo_str(&j, buf_str(&no.message));
    jo_end_obj(&j);
    buf_free(&no.message);
    snprintf(type, sizeof(type), "x-amzn-ErrorType: %s\r\n", no.type);
    sim_answer(r, no.status, "application/json", buf_str(b), type);
    return true;
}

static void on_request(void *arg, struct hs_conn *c, const struct hs_request *q)
{
    struct sim_request r = {.w = arg, .conn = c, .q = q};
    const char *key = r.w->sim->cfg.api_key;
    bool known;
    identify(&r);
    begin_truth(&r);
    const struct route *route = find(r.w->sim, q->path, &known, q->method);
    r.dialect = route != NULL ? route->dialect : NULL;
    r.aws = route != NULL && (route->handle == sim_sagemaker || route->handle == sim_bedrock);
    if (refuses_signature(&r, route))
        return;
    if (route == NULL && r.w->sim->mock)
        sim_flask_refuse(&r, known ? 405 : 404);
    else if (route == NULL && r.w->sim->lambda != LAMBDA_NONE) /* as an API Gateway does, for methods too */
        sim_answer(&r, 404, "application/json", STR("{\"message\":\"Not Found\"}"), NULL);
    else if (route == NULL && known)
        not_allowed(&r);
    else if (route == NULL)
        sim_answer_error(&r, 404, "There is nothing at this path.", NULL, "not_found", NULL);
    else if (route->needs_key && key != NULL && !has_key(q, key))
        sim_answer_error(&r, 401, "The API key is missing or wrong.", NULL, "invalid_api_key",
                         "WWW-Authenticate: Bearer\r\n");
    else if (r.dialect != NULL && r.dialect->needs_header != NULL && hs_header(q, r.dialect->needs_header).p == NULL)
        sim_answer_error(&r, 400, "A header that this API needs is missing.", r.dialect->needs_header, NULL, NULL);
    else
        route->handle(&r);
}

static void on_refused(void *arg, struct hs_conn *c, const struct hs_request *q, int status, const char *why)
{
    struct sim_request r = {.w = arg, .conn = c, .q = q};
    identify(&r);
    begin_truth(&r);
    sim_answer_error(&r, status, why, NULL, status == 413 ? "request_too_large" : NULL, NULL);
}

static void on_gone(void *arg, struct hs_conn *c, void *user)
{
    struct sim_task *t = user;
    if (t != NULL)
        t->gone(t);
}

static void on_written(void *arg, struct hs_conn *c, void *user, int64_t at, bool waited)
{
    struct sim_task *t = user;
    if (t != NULL && t->written != NULL)
        t->written(t, at, waited);
}

static void on_ended(void *arg, struct hs_conn *c, void *user, bool whole)
{
    struct sim_task *t = user;
    if (t != NULL && t->ended != NULL)
        t->ended(t, whole);
}

const struct hserver_ops sim_server_ops = {on_request, on_refused, on_gone, on_written, on_ended};

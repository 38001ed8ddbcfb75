/* setup.c - from the settings as text to plain data; every mistake is found here, before anything is sent. */
#include <math.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/xalloc.h"
#include "campaign/workload.h"
#include "stat/dist_time.h"

static int parse_warmup(struct variant *v, struct err *e)
{
    const char *w = v->c->warmup;
    if (!w || !*w || strcmp(w, "none") == 0)
        return 0;
    if (parse_u64(str_of(w), &v->warmup_requests) == 0)
        return 0;
    v->warmup_requests = 0;
    if (parse_duration(str_of(w), &v->warmup_ns) == 0)
        return 0;
    return err_set(e, ERR_USAGE, "--warmup %s: must be a number of requests (10) or a duration (10s)", w);
}

static int parse_ramp(struct variant *v, struct err *e)
{
    const char *r = v->c->ramp_up;
    v->ramp = 0;
    if (!r || strcmp(r, "none") == 0)
        return 0;
    if (strchr(r, ':') || strchr(r, '*'))
        return dist_time_parse(&v->first, str_of(r), e) < 0 ? err_prefix(e, "--ramp-up: ") : 0;
    if (strcmp(r, "auto") == 0)
        v->ramp = -1;
    else if (parse_duration(str_of(r), &v->ramp) < 0 || v->ramp < 0)
        return err_set(e, ERR_USAGE, "--ramp-up %s: must be a duration (2s), auto or none", r);
    if (v->c->duration > 0 && v->ramp > v->c->duration)
        return err_set(e, ERR_USAGE, "--ramp-up is longer than the level (--duration)");
    return 0;
}

static int parse_connect_rate(struct variant *v, struct err *e)
{
    const char *r = v->c->connect_rate;
    v->connect_rate = -1;
    if (!r || strcmp(r, "auto") == 0)
        return 0;
    v->connect_rate = 0;
    if (strcmp(r, "max") == 0)
        return 0;
    if (parse_f64(str_of(r), &v->connect_rate) < 0 || !(v->connect_rate > 0) || v->connect_rate > 1e7)
        return err_set(e, ERR_USAGE, "--connect-rate %s: must be connections per second (500), auto or max", r);
    return 0;
}

static int parse_judgement(struct campaign_state *s, struct err *e)
{
    if (s->c->stop_below && leaving_share_parse(str_of(s->c->stop_below), &s->stop_below, e) < 0)
        return err_prefix(e, "--stop-below: ");
    if (s->c->slo && slo_parse(&s->slo, str_of(s->c->slo), e) < 0)
        return err_prefix(e, "--slo: ");
    if (s->c->goodput && goodput_parse(&s->goodput, str_of(s->c->goodput), e) < 0)
        return err_prefix(e, "--goodput: ");
    if (s->c->by && groups_parse(str_of(s->c->by), &s->by, e) < 0)
        return err_prefix(e, "--by: ");
    if (s->c->percentiles &&
        percentiles_parse(str_of(s->c->percentiles), s->q, SUMMARY_Q_MAX - SUMMARY_Q_JSON, &s->n_q, e) < 0)
        return err_prefix(e, "--percentiles: ");
    return 0;
}

static double workers_for(const struct level_plan *l)
{
    uint64_t cap = l->v->c->max_concurrency, at_once = cap ? MIN(l->at_once, cap) : l->at_once;
    return l->open ? MAX(l->peak / 20000.0, (double)at_once / 2000.0) : l->concurrency / 2000.0;
}

static unsigned choose_workers(const struct campaign_state *s)
{
    unsigned cores = s->cores.worth;
    double need = 1;
    for (uint32_t i = 0; i < s->n_levels; i++)
        need = MAX(need, workers_for(&s->level[i]));
    double most = cores > 2 ? cores - 1 : 1;
    return (unsigned)MIN(ceil(need), most);
}

/* A cap is divided over the workers: each needs a part of it. */
static unsigned settle_workers(const struct campaign_state *s)
{
    unsigned n = s->c->workers ? (unsigned)s->c->workers : choose_workers(s);
    for (uint32_t i = 0; i < s->n_variants; i++) {
        uint64_t cap = s->variant[i].c->max_concurrency;
        n = cap && cap < n ? (unsigned)cap : n;
    }
    return n;
}

/* Whether two levels send the same texts: one dataset serves both. */
static bool same_texts(const struct run_config *a, const struct run_config *b)
{
    return same_text(a->prompt, b->prompt) && same_text(a->body, b->body) && same_text(a->method, b->method) &&
           same_text(a->dataset, b->dataset) && same_text(a->dataset_format, b->dataset_format) &&
           same_text(a->dataset_fields, b->dataset_fields) && same_text(a->dataset_key, b->dataset_key) &&
           same_text(a->dataset_lengths, b->dataset_lengths) && a->answer_length == b->answer_length &&
           a->skip_bad == b->skip_bad && same_text(a->tokenizer, b->tokenizer) &&
           same_text(a->replay_sha256, b->replay_sha256) && workload_same(a, b);
}

/* --body: the text itself, or with @ the file that holds it. */
static struct dataset *request_of(const struct run_config *c, struct err *e)
{
    struct str method = str_of(c->method ? c->method : ""), body = str_of(c->body ? c->body : "");
    if (body.n == 0 || body.p[0] != '@')
        return dataset_of_request(method, body);
    struct file_map m;
    if (file_open_map(&m, body.p + 1, (size_t)256 << 20, e) != 0) {
        err_prefix(e, "--body: ");
        e->code = ERR_USAGE;
        return NULL;
    }
    struct dataset *ds = NULL;
    if (m.text.n > (size_t)256 << 20)
        err_set(e, ERR_USAGE, "--body: %s is larger than 256 MiB", body.p + 1);
    else
        ds = dataset_of_request(method, m.text);
    file_close_map(&m);
    return ds;
}

static int load_texts(const struct campaign_state *s, struct variant *v, struct err *e)
{
    const struct run_config *c = v->c;
    struct dataset_opts o = {
        .format = c->dataset_format,
        .fields = c->dataset_fields,
        .key = c->dataset_key,
        .lengths = c->dataset_lengths,
        .answer_length = c->answer_length,
        .skip_bad = c->skip_bad,
        .tok = v->tokenizer ? v->tokenizer->tok : NULL,
        .seed = s->seed,
        .progress = !c->quiet && !c->no_live,
    };
    v->own_ds = true;
    if (workload_is_made(c))
        v->ds = workload_make(c, &o, e);
    else if (c->body || (run_config_as_is(c) && !c->dataset && !c->prompt))
        v->ds = request_of(c, e);
    else if (c->prompt)
        v->ds = dataset_of_prompt(c->prompt);
    else if (c->dataset)
        v->ds = dataset_load_with(c->dataset, &o, e);
    else
        v->ds = dataset_builtin();
    if (!v->ds)
        return e->code == ERR_IO && !workload_is_made(c) ? err_prefix(e, "--dataset: ") : -1;
    if (c->replay_sha256 && strcmp(c->replay_sha256, dataset_get_stats(v->ds)->sha256) != 0)
        return err_set(e, ERR_DATA, "--replay: %s is not what the stored run sent (its SHA-256 differs)",
                       c->dataset            ? c->dataset
                       : workload_is_made(c) ? "what is made"
                                             : "the built-in dataset");
    return workload_lengths(s, v, e);
}

/* What a level's options say. */
static int parse_variant(struct campaign_state *s, struct variant *v, struct err *e)
{
    const struct run_config *c = v->c;
    if (shape_parse(s, v, e) < 0 || parse_warmup(v, e) < 0 || parse_ramp(v, e) < 0 || parse_connect_rate(v, e) < 0 ||
        users_parse(v, e) < 0)
        return -1;
    v->order = strcmp(c->order, "shuffle") == 0 ? ORDER_SHUFFLE : ORDER_SEQUENTIAL;
    v->api_opts = (struct api_opts){
        .max_tokens = c->max_tokens,
        .temperature = c->temperature,
        .stream = !c->no_stream,
        .ignore_eos = c->ignore_eos,
        .extra_body = c->extra_body,
    };
    return 0;
}

char *variant_text(const struct campaign_state *s, const struct variant *v, char out[96])
{
    const char *name = v->c->level_name;
    if (name)
        snprintf(out, 96, "level %s", name);
    else
        snprintf(out, 96, "level %u", (unsigned)(v - s->variant) + 1);
    return out;
}

int variant_fail(const struct campaign_state *s, const struct variant *v, struct err *e)
{
    char text[96];
    return s->c->n_levels ? err_prefix(e, "%s: ", variant_text(s, v, text)) : -1;
}

static int parse_variants(struct campaign_state *s, struct err *e)
{
    const struct run_config *c = s->c;
    s->n_variants = c->n_levels ? (uint32_t)c->n_levels : 1;
    s->variant = xcalloc(s->n_variants, sizeof *s->variant);
    for (uint32_t i = 0; i < s->n_variants; i++) {
        struct variant *v = &s->variant[i];
        v->c = c->n_levels ? &c->levels[i] : c;
        if (parse_variant(s, v, e) < 0)
            return variant_fail(s, v, e);
    }
    return 0;
}

/* Plain requests have no tokens: a tokenizer that the environment names for others is no mistake. */
static int open_tokenizer(const struct campaign_state *s, struct variant *v, struct err *e)
{
    const struct run_config *c = v->c;
    if (!c->tokenizer || strcmp(c->api, "http") == 0)
        return 0;
    for (const struct variant *w = s->variant; w < v; w++) {
        if (w->tokenizer && same_text(w->c->tokenizer, c->tokenizer)) {
            v->tokenizer = w->tokenizer;
            return 0;
        }
    }
    v->tokenizer = tokenizer_open(c->tokenizer, !c->quiet && !c->no_live, e);
    v->own_tokenizer = v->tokenizer != NULL;
    return v->tokenizer ? 0 : -1;
}

static int load_all_texts(struct campaign_state *s, struct err *e)
{
    for (uint32_t i = 0; i < s->n_variants; i++) {
        if (open_tokenizer(s, &s->variant[i], e) < 0)
            return variant_fail(s, &s->variant[i], e);
    }
    for (uint32_t i = 0; i < s->n_variants; i++) {
        struct variant *v = &s->variant[i];
        for (uint32_t k = 0; k < i && !v->ds; k++)
            v->ds = same_texts(v->c, s->variant[k].c) ? s->variant[k].ds : NULL;
        if ((!v->ds && load_texts(s, v, e) < 0) || workload_models(v, e) < 0)
            return variant_fail(s, v, e);
    }
    return 0;
}

/* What the user says of the key; the dialect, which may say the rest, is not known yet. */
static int parse_auth(struct campaign_state *s, struct err *e)
{
    const struct run_config *c = s->c;
    struct auth_key_source source = {c->api_key, c->api_key_file, c->api_key_env, NULL};
    if (strcmp(c->auth_style, "auto") != 0 && auth_style_parse(str_of(c->auth_style), &s->auth_style, e) < 0)
        return -1;
    if ((c->api_key || c->api_key_file || c->api_key_env) && auth_key_load(&source, &s->key, e) < 0)
        return -1;
    const struct signer_opts signer = {.service = c->aws_sigv4, .region = c->aws_region, .profile = c->aws_profile};
    if (c->aws_sigv4 && !(s->signer = signer_new(&signer, e)))
        return -1;
    if (c->api_key)
        log_warn(
            "--api-key: others on this machine can read a command line; OPENAI_API_KEY or --api-key-file keep the key "
            "to yourself");
    return 0;
}

static int parse_all(struct campaign_state *s, struct err *e)
{
    const struct run_config *c = s->c;
    if (parse_variants(s, e) < 0 || sources_parse(s, e) < 0 || parse_judgement(s, e) < 0 || parse_auth(s, e) < 0)
        return -1;
    s->seed = c->seed_given ? c->seed : rng_os_seed() >> 32; /* short enough to be typed */
    if (load_all_texts(s, e) < 0 || shape_of_texts(s, e) < 0)
        return -1;
    cores_read(&s->cores, "", NULL);
    s->workers = settle_workers(s);
    if (cores_plan(&s->seats, &s->cores, c->pin, s->workers, run_config_urls(c, NULL, 0) == 0, e) < 0)
        return -1;
    return 0;
}

int setup_parse(struct campaign_state *s, struct err *e)
{
    int rc = parse_all(s, e);
    if (rc < 0 && e->code == ERR_IO) /* a file that the command line names cannot be read */
        e->code = ERR_USAGE;
    return rc;
}

void setup_free(struct campaign_state *s)
{
    for (uint32_t i = 0; i < s->n_variants; i++) {
        struct variant *v = &s->variant[i];
        api_free(&v->api);
        api_custom_free(&v->custom);
        free(v->counts);
        api_media_free(&v->media);
        shape_free(&v->shape);
        models_free(&v->models);
        if (v->own_ep)
            endpoints_free(v->ep);
        if (v->own_ds)
            dataset_free(&v->ds);
        if (v->own_tokenizer)
            tokenizer_free(&v->tokenizer);
    }
    signer_free(&s->signer); /* endpoints borrow it */
    free(s->variant);
    s->variant = NULL;
    s->n_variants = 0;
    if (s->key)
        explicit_bzero(s->key, strlen(s->key));
    free(s->key);
}

#include "campaign/workload.h"

#include "base/rng.h"
#include "base/xalloc.h"
#include "campaign/redact.h"
#include "load/synth.h"

bool workload_is_made(const struct run_config *c)
{
    return c->isl || c->mix;
}

static int read_dist(struct dist *d, const char *name, struct str text, struct err *e)
{
    return dist_parse(d, text, e) < 0 ? err_prefix(e, "%s: ", name) : 0;
}

static struct dataset *synthetic(const struct run_config *c, struct str isl, const char *name, uint64_t seed,
                                 const struct tok *tok, struct err *e)
{
    struct synth_opts o = {
        .prefix = c->prefix_tokens,
        .groups = c->prefix_groups,
        .pool = c->prompt_pool,
        .seed = seed,
        .tok = tok,
    };
    return read_dist(&o.isl, name, isl, e) < 0 ? NULL : dataset_synthetic(&o, e);
}

/* "normal:200,50/128": input and, where it stands, output length. */
static struct dataset *synthetic_class(const struct run_config *c, const struct dataset_opts *o, struct str text,
                                       size_t i, struct err *e)
{
    ptrdiff_t slash = str_chr(text, '/');
    struct dist osl;
    uint64_t seed = rng_u64(o->seed, RNG_CLASS, i); /* of its own, so that classes share no beginnings */
    struct str isl = slash < 0 ? text : str_sub(text, 0, (size_t)slash);
    if (slash >= 0 && read_dist(&osl, "--mix", str_sub(text, (size_t)slash + 1, text.n), e) < 0)
        return NULL;
    struct dataset *ds = synthetic(c, isl, "--mix", seed, o->tok, e);
    if (ds && slash >= 0)
        dataset_draw_lengths(ds, &osl, seed);
    return ds;
}

/* "chat=3:chat.json" */
static int read_class(struct str text, struct str *name, double *weight, struct str *source, struct err *e)
{
    ptrdiff_t eq = str_chr(text, '=');
    struct str rest = eq < 0 ? STR("") : str_sub(text, (size_t)eq + 1, text.n);
    ptrdiff_t colon = str_chr(rest, ':');
    if (eq < 1 || colon < 1 || (size_t)colon + 1 == rest.n)
        return err_set(e, ERR_USAGE, "--mix " STR_FMT ": write NAME=WEIGHT:FILE, such as chat=3:chat.json",
                       STR_ARG(text));
    *source = str_sub(rest, (size_t)colon + 1, rest.n);
    return mix_term(str_sub(text, 0, (size_t)(eq + 1 + colon)), name, weight, "--mix", e);
}

static struct dataset *load_class(const struct run_config *c, const struct dataset_opts *o, struct str source, size_t i,
                                  struct err *e)
{
    static const struct str made = {"synthetic:", 10};
    if (str_starts(source, made))
        return synthetic_class(c, o, str_sub(source, made.n, source.n), i, e);
    char *path = xmemdup0(source.p, source.n);
    struct dataset *ds = dataset_load_with(path, o, e);
    free(path);
    if (!ds)
        err_prefix(e, "--mix: ");
    return ds;
}

static struct dataset *load_mix(const struct run_config *c, const struct dataset_opts *o, struct err *e)
{
    struct mix m = {0};
    struct dataset *part[MIX_MAX] = {NULL}, *ds = NULL;
    int rc = 0;
    for (const char *const *text = (const char *const *)c->mix; *text && rc == 0; text++) {
        struct str name, source;
        double weight;
        rc = read_class(str_of(*text), &name, &weight, &source, e) < 0 || mix_add(&m, name, weight, "--mix", e) < 0 ? -1
                                                                                                                    : 0;
        if (rc == 0 && !(part[m.n - 1] = load_class(c, o, source, m.n - 1, e)))
            rc = -1;
    }
    if (rc == 0)
        ds = dataset_join(part, m.name, m.weight, m.n);
    for (size_t i = 0; i < m.n; i++)
        dataset_free(&part[i]);
    return ds;
}

struct dataset *workload_make(const struct run_config *c, const struct dataset_opts *o, struct err *e)
{
    return c->mix ? load_mix(c, o, e) : synthetic(c, str_of(c->isl), "--isl", o->seed, o->tok, e);
}

int workload_lengths(const struct campaign_state *s, struct variant *v, struct err *e)
{
    struct dist osl;
    if (!v->c->osl)
        return 0;
    if (read_dist(&osl, "--osl", str_of(v->c->osl), e) < 0)
        return -1;
    dataset_draw_lengths(v->ds, &osl, s->seed);
    return 0;
}

/* The run's model stands first, by an empty name until it is known: so a model that entries name has the same place
 * for all levels that share a dataset. */
int workload_models(struct variant *v, struct err *e)
{
    struct models *m = &v->models;
    const char *mix = v->c->model_mix;
    if (mix && mix_parse(&m->mix, str_of(mix), "--model-mix", e) < 0)
        return -1;
    m->n = MAX(m->mix.n, (size_t)1);
    m->name = xcalloc(m->n, sizeof *m->name);
    for (size_t i = 0; i < m->mix.n; i++) {
        m->name[i] = m->mix.name[i];
        if (m->name[i].n >= sizeof v->ep->found)
            return err_set(e, ERR_USAGE, "--model-mix: a name is longer than %zu bytes", sizeof v->ep->found - 1);
    }
    return dataset_settle(v->ds, m, e);
}

void workload_ask(struct variant *v, const char *model)
{
    struct models *m = &v->models;
    v->api_opts.model = model;
    if (m->mix.n == 0)
        m->name[0] = str_of(model);
    v->api_opts.others = m->name + 1;
    v->api_opts.n_others = m->n - 1;
}

bool workload_same(const struct run_config *a, const struct run_config *b)
{
    size_t i = 0;
    while (a->mix && b->mix && a->mix[i] && same_text(a->mix[i], b->mix[i]))
        i++;
    bool same_mix = a->mix && b->mix ? same_text(a->mix[i], b->mix[i]) : a->mix == b->mix;
    return same_mix && same_text(a->isl, b->isl) && same_text(a->osl, b->osl) &&
           same_text(a->model_mix, b->model_mix) && a->prefix_tokens == b->prefix_tokens &&
           a->prefix_groups == b->prefix_groups && a->prompt_pool == b->prompt_pool;
}

/* Of a synthetic pool each level has a part of its own. */
static size_t part_of_level(const struct campaign_state *s, const struct variant *v)
{
    return dataset_n(v->ds) / MAX(s->n_levels, 1u);
}

uint64_t workload_first(const struct campaign_state *s, const struct variant *v, uint32_t level)
{
    return v->c->isl ? level * part_of_level(s, v) : 0;
}

void workload_text(const struct variant *v, struct buf *b)
{
    const struct run_config *c = v->c;
    size_t n = dataset_n(v->ds);
    if (c->isl)
        buf_addf(b, "synthetic, %zu prompts of %s %s", n, c->isl, v->tokenizer ? "tokens" : "words");
    for (size_t i = 0; c->mix && c->mix[i]; i++) {
        buf_addz(b, i ? ", " : "");
        redact_url(b, str_of(c->mix[i]));
    }
    if (c->dataset)
        redact_url(b, str_of(c->dataset));
    else if (!c->isl && !c->mix)
        buf_addz(b, c->body               ? "--body"
                    : c->prompt           ? "--prompt"
                    : run_config_as_is(c) ? "one request without a body"
                                          : "built in");
    if (!c->isl && !c->mix)
        buf_addf(b, ", %zu %s", n, n == 1 ? "sample" : "samples");
    if (c->mix)
        buf_addf(b, " (%zu samples)", n);
    if (c->prefix_tokens)
        buf_addf(b, ", behind %llu shared prefix%s of %llu", (unsigned long long)c->prefix_groups,
                 c->prefix_groups == 1 ? "" : "es", (unsigned long long)c->prefix_tokens);
    if (c->osl)
        buf_addf(b, ", output of %s tokens", c->osl);
}

static void note_repeats(struct campaign_state *s, const struct variant *v)
{
    const struct run_config *c = v->c;
    uint64_t part = part_of_level(s, v), sent = c->num_requests + v->warmup_requests;
    if (c->unique_prompts || c->num_requests == 0 || sent <= part)
        return;
    campaign_note(
        s,
        "%llu requests a level have %llu synthetic prompts: prompts repeat, and a prefix cache can help; raise "
        "--prompt-pool, or see --unique-prompts.",
        (unsigned long long)sent, (unsigned long long)part);
}

void workload_notes(struct campaign_state *s, const struct variant *v)
{
    const struct run_config *c = v->c;
    if (v->own_ds && c->isl) {
        if (!v->tokenizer)
            campaign_note(s,
                          "Lengths of synthetic prompts (--isl %s) are words, of which a tokenizer makes more tokens; "
                          "with --tokenizer they are exact.",
                          c->isl);
        note_repeats(s, v);
    }
    if (v->own_ds && c->model_mix)
        campaign_note(s, "Models are asked for by weight: %s.", c->model_mix);
}

/* probing.c - settles the model and what the server takes, before the load. */
#include "base/log.h"
#include "campaign/workload.h"

/* Of 8 tokens; a run without a probe can wait longer. */
#define LONGEST_PROBE (60 * NS_PER_S)

/* The model that all endpoints serve: the first endpoint's first, where the others list it too. */
int probing_model(struct campaign_state *s, const struct variant *v, struct err *e)
{
    struct endpoints *ep = v->ep;
    if (v->models.mix.n > 0) {
        snprintf(ep->found, sizeof ep->found, STR_FMT, STR_ARG(v->models.name[0]));
        ep->model = ep->found;
        return 0;
    }
    if (v->c->model) {
        ep->model = v->c->model;
        return 0;
    }
    if (s->c->no_probe && s->ops->model_optional)
        return 0;
    if (s->c->no_probe)
        return err_set(e, ERR_USAGE, "--no-probe asks the server nothing, so --model must name the model");
    for (unsigned i = 0; i < s->n_targets; i++) {
        if (probe_model(&ep->target[i], s->ops, i ? ep->probe[0].model : NULL, &ep->probe[i], e) < 0)
            return -1;
        if (strcmp(ep->probe[i].model, ep->probe[0].model) != 0)
            return err_set(e, ERR_USAGE,
                           "%s serves %s, but %s does not list it (its first is %s); give --model with a name that all "
                           "endpoints serve, or measure them one at a time",
                           ep->target[0].origin, ep->probe[0].model, ep->target[i].origin, ep->probe[i].model);
    }
    snprintf(ep->found, sizeof ep->found, "%s", ep->probe[0].model);
    ep->model = ep->found[0] ? ep->found : NULL;
    return 0;
}

/* Every endpoint once. What one does not take is asked of none, so that their figures stay comparable; those that were
 * probed with it are probed again then. */
static int probe_all(struct campaign_state *s, const struct variant *v, struct err *e)
{
    struct endpoints *ep = v->ep;
    struct api_opts o = v->api_opts;
    bool asked_usage, asked_running;
    o.model = ep->model;
    do {
        asked_usage = o.include_usage;
        asked_running = o.running_usage;
        for (unsigned i = 0; i < s->n_targets; i++) {
            if (probe_request(&ep->target[i], s->ops, &o, dataset_at(v->ds, 0), &ep->probe[i], e) < 0)
                return err_prefix(e, "probe: ");
        }
    } while ((asked_usage != o.include_usage || asked_running != o.running_usage) && s->n_targets > 1);
    ep->include_usage = o.include_usage;
    ep->running_usage = o.running_usage;
    for (unsigned i = 0; i < s->n_targets && !s->ops->plain; i++)
        probe_version(&ep->target[i], &ep->probe[i]);
    for (unsigned i = 0; i < s->n_targets; i++)
        ep->target[i].http_seen = ep->probe[i].http;
    return 0;
}

static int probe_endpoints(struct campaign_state *s, const struct variant *v, struct err *e)
{
    for (unsigned i = 0; i < s->n_targets; i++)
        v->ep->probe[i].timeout = MIN(v->c->timeout, LONGEST_PROBE);
    v->ep->include_usage = v->api_opts.include_usage;
    v->ep->running_usage = v->api_opts.running_usage;
    return probing_model(s, v, e) < 0 || (!s->c->no_probe && probe_all(s, v, e) < 0) ? -1 : 0;
}

int probing(struct campaign_state *s, struct err *e)
{
    for (uint32_t i = 0; i < s->n_variants; i++) {
        struct variant *v = &s->variant[i];
        if (v->own_ep && probe_endpoints(s, v, e) < 0)
            return -1;
        workload_ask(v, v->ep->model);
        v->api_opts.include_usage = v->ep->include_usage;
        v->api_opts.running_usage = v->ep->running_usage;
        if (api_prepare(&v->api, s->ops, &v->api_opts, e) < 0)
            return -1;
    }
    return 0;
}

typedef bool finding_fn(const struct campaign_state *s, const struct variant *v, const struct probe *p);

static bool was_refused(const struct campaign_state *s, const struct variant *v, const struct probe *p)
{
    (void)s, (void)v;
    return p->refused;
}

static bool rejected_options(const struct campaign_state *s, const struct variant *v, const struct probe *p)
{
    (void)s, (void)v;
    return !p->refused && p->stream_options_rejected;
}

static bool gave_no_usage(const struct campaign_state *s, const struct variant *v, const struct probe *p)
{
    bool asked = v->api_opts.include_usage || !s->ops->asks_usage || !v->api_opts.stream;
    return !s->ops->plain && !p->refused && !p->usage && asked;
}

static bool gave_no_input(const struct campaign_state *s, const struct variant *v, const struct probe *p)
{
    (void)s, (void)v;
    return !p->refused && p->usage && !p->usage_input;
}

static bool gave_no_running_usage(const struct campaign_state *s, const struct variant *v, const struct probe *p)
{
    (void)s;
    return !p->refused && v->c->continuous_usage && p->streamed && !p->running_usage;
}

static bool did_not_stream(const struct campaign_state *s, const struct variant *v, const struct probe *p)
{
    (void)s;
    return !p->refused && v->api_opts.stream && !p->streamed;
}

static unsigned count_of(const struct campaign_state *s, const struct variant *v, finding_fn *is)
{
    unsigned n = 0;
    for (unsigned i = 0; i < v->ep->n; i++)
        n += is(s, v, &v->ep->probe[i]);
    return n;
}

/* Once for all endpoints of which it is true; they are named where it is not true of all. Of levels that ask in another
 * way, what was true of the first is not said again. */
static void note_of(struct campaign_state *s, const struct variant *v, finding_fn *is, const char *text)
{
    char names[160] = "", one[64], level[96] = "";
    unsigned n = 0;
    size_t at = 0;
    if (v != s->variant && count_of(s, s->variant, is) == count_of(s, v, is))
        return;
    if (v != s->variant) {
        variant_text(s, v, level);
        snprintf(level + strlen(level), sizeof level - strlen(level), ": ");
    }
    for (unsigned i = 0; i < s->n_targets; i++) {
        if (!is(s, v, &v->ep->probe[i]))
            continue;
        n++;
        if (at + sizeof one + 4 < sizeof names)
            at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", at ? ", " : "",
                                   endpoint_text(s, i, one, sizeof one));
        else if (at + 4 < sizeof names && names[at - 1] != '.')
            at += (size_t)snprintf(names + at, sizeof names - at, " ...");
    }
    if (n == s->n_targets)
        campaign_note(s, "%s%s", level, text);
    else if (n > 0)
        campaign_note(s, "%s%s: %s", level, names, text);
}

static void say_what_was_found(struct campaign_state *s, const struct variant *v)
{
    bool usage = true;
    for (unsigned i = 0; i < s->n_targets; i++) {
        const struct probe *p = &v->ep->probe[i];
        if (p->refused)
            log_warn("the probe of %s was refused three times (status %d); the run begins without it",
                     v->ep->target[i].origin, p->status);
        usage &= p->usage || p->refused;
    }
    note_of(s, v, was_refused,
            "The probe was refused three times with status 429 or 503, so what the server supports is not known: the "
            "endpoint was already overloaded, or limits its clients.");
    char text[256];
    snprintf(text, sizeof text,
             "The server rejected stream_options, so it was asked without them%s: streamed token counts come from %s.",
             s->n_targets > 1 ? ", and so were all endpoints" : "",
             usage ? "usage that it reports all the same" : "words");
    note_of(s, v, rejected_options, text);
    note_of(
        s, v, gave_no_usage,
        s->ops->lacks & API_NO_TOKENS
            ? "The server reports no usage; input tokens are counted as words of the texts sent, which a tokenizer "
              "would count differently."
            : "The server reports no usage; output tokens are counted as words of the text, which a tokenizer would "
              "count differently.");
    note_of(s, v, gave_no_input, "The server counts its output alone: how many tokens the input has is unknown.");
    note_of(s, v, gave_no_running_usage,
            "The server gave no counts in each event, which --continuous-usage asked for: ITL is per chunk, not per "
            "token.");
    note_of(s, v, did_not_stream,
            "The server answered a request for a stream in one piece: there is no TTFT and no ITL.");
}

/* A chat message that is given whole (content parts, tool calls) takes no nonce. */
static void say_what_is_not_unique(struct campaign_state *s, const struct dataset *ds)
{
    size_t n = 0;
    for (size_t i = 0; i < dataset_n(ds); i++) {
        const struct plan_sample *p = dataset_at(ds, i);
        uint32_t plain = 0;
        for (uint32_t k = 0; k < p->n_msgs; k++)
            plain += p->msgs[k].raw_json.n == 0;
        n += plain == 0;
    }
    if (n > 0)
        campaign_note(s, "%zu of %zu samples have no message of plain text, so --unique-prompts left them as they are.",
                      n, dataset_n(ds));
}

/* The API insists on a limit, and for some requests nobody gave one. */
static void say_what_was_set(struct campaign_state *s, const struct variant *v)
{
    size_t n = 0;
    if (s->ops->limit_needed <= 0 || v->api.max_tokens_fixed)
        return;
    for (size_t i = 0; i < dataset_n(v->ds); i++)
        n += dataset_at(v->ds, i)->max_tokens < 0;
    if (n > 0)
        campaign_note(s,
                      "%s requires %s of each request: %zu of %zu samples give none and were sent with %lld (see "
                      "--max-tokens).",
                      s->ops->name, s->ops->limit, n, dataset_n(v->ds), (long long)s->ops->limit_needed);
}

void probing_notes(struct campaign_state *s)
{
    proxying_note(s);
    for (uint32_t i = 0; i < s->n_variants; i++) {
        const struct variant *v = &s->variant[i];
        workload_notes(s, v);
        if (v->own_ds)
            say_what_was_set(s, v);
        if (v->c->unique_prompts && v->own_ds)
            say_what_is_not_unique(s, v->ds);
        if (!s->c->no_probe && v->own_ep)
            say_what_was_found(s, v);
    }
}

/* probing.c - settles the model and what the server takes, before the load. */
#include "base/log.h"
#include "campaign/campaign_private.h"

/* Of 8 tokens; a run without a probe can wait longer. */
#define LONGEST_PROBE (60 * NS_PER_S)

/* The model that all endpoints serve: the first endpoint's first, where the others list it too. */
static int settle_model(struct campaign_state *s, struct err *e)
{
    if (s->c->model) {
        s->api_opts.model = s->c->model;
        return 0;
    }
    if (s->c->no_probe)
        return err_set(e, ERR_USAGE, "--no-probe asks the server nothing, so --model must name the model");
    for (unsigned i = 0; i < s->n_targets; i++) {
        if (probe_model(&s->target[i], i ? s->probe[0].model : NULL, &s->probe[i], e) < 0)
            return -1;
        if (strcmp(s->probe[i].model, s->probe[0].model) != 0)
            return err_set(e, ERR_USAGE,
                           "%s serves %s, but %s does not list it (its first is %s); give --model with a name that all "
                           "endpoints serve, or measure them one at a time",
                           s->target[0].origin, s->probe[0].model, s->target[i].origin, s->probe[i].model);
    }
    snprintf(s->model, sizeof s->model, "%s", s->probe[0].model);
    s->api_opts.model = s->model;
    return 0;
}

/* Every endpoint once. What one does not take is asked of none, so that their figures stay comparable; those that were
 * probed with it are probed again then. */
static int probe_all(struct campaign_state *s, struct err *e)
{
    bool asked_usage;
    do {
        asked_usage = s->api_opts.include_usage;
        for (unsigned i = 0; i < s->n_targets; i++) {
            if (probe_request(&s->target[i], s->ops, &s->api_opts, dataset_at(s->ds, 0), &s->probe[i], e) < 0)
                return err_prefix(e, "probe: ");
        }
    } while (asked_usage && !s->api_opts.include_usage && s->n_targets > 1);
    for (unsigned i = 0; i < s->n_targets; i++)
        probe_version(&s->target[i], &s->probe[i]);
    for (unsigned i = 0; i < s->n_targets; i++)
        s->target[i].http_seen = s->probe[i].http;
    return 0;
}

int probing(struct campaign_state *s, struct err *e)
{
    for (unsigned i = 0; i < s->n_targets; i++)
        s->probe[i].timeout = MIN(s->c->timeout, LONGEST_PROBE);
    if (settle_model(s, e) < 0 || (!s->c->no_probe && probe_all(s, e) < 0))
        return -1;
    return api_prepare(&s->api, s->ops, &s->api_opts, e);
}

static bool was_refused(const struct campaign_state *s, const struct probe *p)
{
    (void)s;
    return p->refused;
}

static bool rejected_options(const struct campaign_state *s, const struct probe *p)
{
    (void)s;
    return !p->refused && p->stream_options_rejected;
}

static bool gave_no_usage(const struct campaign_state *s, const struct probe *p)
{
    return !p->refused && !p->usage && (s->api_opts.include_usage || !s->api_opts.stream);
}

static bool did_not_stream(const struct campaign_state *s, const struct probe *p)
{
    return !p->refused && s->api_opts.stream && !p->streamed;
}

/* Once for all endpoints of which it is true; they are named where it is not true of all. */
static void note_of(struct campaign_state *s, bool (*is)(const struct campaign_state *s, const struct probe *p),
                    const char *text)
{
    char names[160] = "", one[64];
    unsigned n = 0;
    size_t at = 0;
    for (unsigned i = 0; i < s->n_targets; i++) {
        if (!is(s, &s->probe[i]))
            continue;
        n++;
        if (at + sizeof one + 4 < sizeof names)
            at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", at ? ", " : "",
                                   endpoint_text(s, i, one, sizeof one));
        else if (at + 4 < sizeof names && names[at - 1] != '.')
            at += (size_t)snprintf(names + at, sizeof names - at, " ...");
    }
    if (n == s->n_targets)
        campaign_note(s, "%s", text);
    else if (n > 0)
        campaign_note(s, "%s: %s", names, text);
}

static void say_what_was_found(struct campaign_state *s)
{
    bool usage = true;
    for (unsigned i = 0; i < s->n_targets; i++) {
        if (s->probe[i].refused)
            log_warn("the probe of %s was refused three times (status %d); the run begins without it",
                     s->target[i].origin, s->probe[i].status);
        usage &= s->probe[i].usage || s->probe[i].refused;
    }
    note_of(s, was_refused,
            "The probe was refused three times with status 429 or 503, so what the server supports is not known: the "
            "endpoint was already overloaded, or limits its clients.");
    char text[256];
    snprintf(text, sizeof text,
             "The server rejected stream_options, so it was asked without them%s: streamed token counts come from %s.",
             s->n_targets > 1 ? ", and so were all endpoints" : "",
             usage ? "usage that it reports all the same" : "words");
    note_of(s, rejected_options, text);
    note_of(s, gave_no_usage,
            "The server reports no usage; output tokens are counted as words of the text, which a tokenizer would "
            "count differently.");
    note_of(s, did_not_stream, "The server answered a request for a stream in one piece: there is no TTFT and no ITL.");
}

/* A chat message that is given whole (content parts, tool calls) takes no nonce. */
static void say_what_is_not_unique(struct campaign_state *s)
{
    size_t n = 0;
    for (size_t i = 0; i < dataset_n(s->ds); i++) {
        const struct plan_sample *p = dataset_at(s->ds, i);
        uint32_t plain = 0;
        for (uint32_t k = 0; k < p->n_msgs; k++)
            plain += p->msgs[k].raw_json.n == 0;
        n += plain == 0;
    }
    if (n > 0)
        campaign_note(s, "%zu of %zu samples have no message of plain text, so --unique-prompts left them as they are.",
                      n, dataset_n(s->ds));
}

void probing_notes(struct campaign_state *s)
{
    if (s->c->unique_prompts)
        say_what_is_not_unique(s);
    if (!s->c->no_probe)
        say_what_was_found(s);
}

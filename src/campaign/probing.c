/* probing.c - settles the model and what the server takes, before the load. */
#include "base/log.h"
#include "campaign/campaign_private.h"

/* Of 8 tokens; a run without a probe can wait longer. */
#define LONGEST_PROBE (60 * NS_PER_S)

static int settle_model(struct campaign_state *s, struct err *e)
{
    if (s->c->model) {
        s->api_opts.model = s->c->model;
        return 0;
    }
    if (s->c->no_probe)
        return err_set(e, ERR_USAGE, "--no-probe asks the server nothing, so --model must name the model");
    if (probe_model(&s->target, &s->probe, e) < 0)
        return -1;
    snprintf(s->model, sizeof s->model, "%s", s->probe.model);
    s->api_opts.model = s->model;
    return 0;
}

static void say_what_was_found(struct campaign_state *s)
{
    const struct probe *p = &s->probe;
    if (p->refused) {
        log_warn("the probe was refused three times (status %d); the run begins without it", p->status);
        campaign_note(s,
                      "The probe was refused three times with status %d, so what the server supports is not known: the "
                      "endpoint was already overloaded, or limits its clients.",
                      p->status);
        return;
    }
    if (p->stream_options_rejected)
        campaign_note(
            s,
            "The server rejected stream_options, so it was asked without them: streamed token counts come from "
            "%s.",
            p->usage ? "usage that it reports all the same" : "words");
    else if (!p->usage)
        campaign_note(s,
                      "The server reports no usage; output tokens are counted as words of the text, which a tokenizer "
                      "would count differently.");
    if (s->api_opts.stream && !p->streamed)
        campaign_note(s, "The server answered a request for a stream in one piece: there is no TTFT and no ITL.");
}

int probing(struct campaign_state *s, struct err *e)
{
    s->probe.timeout = MIN(s->c->timeout, LONGEST_PROBE);
    if (settle_model(s, e) < 0)
        return -1;
    if (!s->c->no_probe) {
        if (probe_request(&s->target, s->ops, &s->api_opts, dataset_at(s->ds, 0), &s->probe, e) < 0)
            return err_prefix(e, "probe: ");
        probe_version(&s->target, &s->probe);
    }
    return api_prepare(&s->api, s->ops, &s->api_opts, e);
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

/* lacking.c - what the dialect does not have: an option that asks for it is refused before anything is sent. */
#include "campaign/campaign_private.h"

#include <math.h>

/* A term of --slo or --goodput that can never have a value; NULL: none. */
static const char *term_without_value(const struct slo_set *set, unsigned lacks)
{
    static const int of_streams[] = {METRIC_TTFT, METRIC_TTFT_RESPONSE, METRIC_TTFO, METRIC_ITL, METRIC_TPOT};
    static const int of_tokens[] = {METRIC_NTPOT, METRIC_OUTPUT_TOK_S};
    for (size_t i = 0; i < set->n; i++) {
        for (size_t k = 0; (lacks & API_NO_STREAM) && k < ARRAY_LEN(of_streams); k++)
            if (set->t[i].metric == of_streams[k])
                return set->t[i].text;
        for (size_t k = 0; (lacks & API_NO_TOKENS) && k < ARRAY_LEN(of_tokens); k++)
            if (set->t[i].metric == of_tokens[k])
                return set->t[i].text;
    }
    return NULL;
}

int lacking_settle(const struct campaign_state *s, struct variant *v, struct err *e)
{
    const char *name = s->ops->name;
    unsigned lacks = s->ops->lacks;
    v->api_opts.stream = !v->c->no_stream && !(lacks & API_NO_STREAM);
    if ((lacks & API_NO_STREAM) && v->c->first_token_timeout > 0)
        return err_set(e, ERR_USAGE, "--first-token-timeout needs a stream, which %s does not have", name);
    if ((lacks & API_NO_TOKENS) && v->c->max_tokens >= 0)
        return err_set(e, ERR_USAGE, "--max-tokens bounds a text, and %s generates none; leave it out", name);
    if ((lacks & API_NO_TEMPERATURE) && !isnan(v->c->temperature))
        return err_set(e, ERR_USAGE, "--temperature: %s samples nothing; leave it out", name);
    if (v->c->continuous_usage && !s->ops->asks_usage)
        return err_set(e, ERR_USAGE, "--continuous-usage: %s has no stream_options; leave it out", name);
    const char *slo = term_without_value(&s->slo, lacks), *goodput = term_without_value(&s->goodput, lacks);
    if (slo || goodput)
        return err_set(e, ERR_USAGE, "%s %s: %s has no %s, so there is never a value; judge e2e or total instead",
                       slo ? "--slo" : "--goodput", slo ? slo : goodput, name,
                       lacks & API_NO_TOKENS ? "output tokens" : "stream");
    return 0;
}

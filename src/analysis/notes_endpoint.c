/* notes_endpoint.c - what the reader should know where a run has several endpoints and one is unlike the others. */
#include <math.h>

#include "analysis/acc_level.h"

#define FAILS_MORE 2.0   /* times the others' error rate */
#define FAILS_SHARE 0.01 /* of its requests: fewer say nothing */
#define LESS 0.5         /* of an even share */
#define TTFT_RATIO 2.0   /* of two medians */
#define ENOUGH 10        /* requests of each, before shares and medians are compared */

static double rate_of(uint64_t failed, uint64_t ok)
{
    return failed + ok ? (double)failed / (double)(failed + ok) : 0;
}

static void note_failing(const struct sum_endpoint *p, struct sum_level *out)
{
    uint64_t failed = out->failed - p->failed, ok = out->successful - p->successful;
    double own = rate_of(p->failed, p->successful);
    if (p->failed == 0 || own < FAILS_SHARE || own < FAILS_MORE * rate_of(failed, ok))
        return;
    const char *kind = "";
    for (size_t i = 0; i < p->outcomes.n && !*kind; i++) /* the most frequent stands first */
        if (strcmp(p->outcomes.v[i].name, outcome_name(OUT_OK)) != 0 &&
            strcmp(p->outcomes.v[i].name, outcome_name(OUT_CANCELLED)) != 0)
            kind = p->outcomes.v[i].name;
    texts_add(
        &out->notes,
        "endpoint %s: %llu of its %llu requests failed (%s), against %llu of %llu elsewhere; what it did not serve is "
        "missing in the throughput of all",
        p->url, (unsigned long long)p->failed, (unsigned long long)p->attempted, kind, (unsigned long long)failed,
        (unsigned long long)(out->attempted - p->attempted));
}

static void note_share(const struct sum_endpoint *p, struct sum_level *out)
{
    double even = 1.0 / (double)out->n_endpoints;
    if (out->attempted < ENOUGH * out->n_endpoints || !(p->share < LESS * even))
        return;
    texts_add(
        &out->notes,
        "endpoint %s got %.1f %% of the requests, where an even share is %.1f %%: it held those it had for longer "
        "than the others; the figures of all are mostly theirs",
        p->url, p->share * 100, even * 100);
}

static double median_ttft(const struct sum_endpoint *p)
{
    return p->ttft.present && p->ttft.requests >= ENOUGH ? p->ttft.q[0] : NAN; /* q[0] is p50 */
}

static void note_ttft(struct sum_level *out)
{
    const struct sum_endpoint *fast = NULL, *slow = NULL;
    char a[32], b[32];
    for (size_t i = 0; i < out->n_endpoints; i++) {
        const struct sum_endpoint *p = &out->endpoints[i];
        if (isnan(median_ttft(p)))
            continue;
        fast = !fast || median_ttft(p) < median_ttft(fast) ? p : fast;
        slow = !slow || median_ttft(p) > median_ttft(slow) ? p : slow;
    }
    if (!fast || !(median_ttft(slow) > TTFT_RATIO * median_ttft(fast)))
        return;
    texts_add(&out->notes,
              "the endpoints are unlike: TTFT p50 is %s at %s and %s at %s; percentiles of all mix the two, so read "
              "those of each",
              fmt_duration(a, llround(median_ttft(slow))), slow->url, fmt_duration(b, llround(median_ttft(fast))),
              fast->url);
}

void write_endpoint_notes(struct sum_level *out)
{
    for (size_t i = 0; i < out->n_endpoints; i++) {
        note_failing(&out->endpoints[i], out);
        note_share(&out->endpoints[i], out);
    }
    note_ttft(out);
}

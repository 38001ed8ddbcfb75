/* notes.c - what the reader of a report should know about the server and the sample, each with what to do about it. */
#include <math.h>

#include "analysis/acc_level.h"
#include "analysis/saturation.h"

#define SHORT_ANSWER 8.0 /* tokens */
#define CACHED_SHARE 0.1 /* of the prompt tokens */
#define SAME_MIN 8       /* answers that must be alike before it is said */

static void note_sample(const struct summary *s, struct sum_level *out)
{
    const struct sum_dist *d = &out->lat[METRIC_TOTAL];
    uint64_t n = d->n + d->censored;
    double worst = 0;
    char name[16];
    for (size_t i = 0; i < s->n_shown; i++)
        if (s->shown[i] > worst && s->shown[i] < 1 && n < quant_min_n(s->shown[i]))
            worst = s->shown[i];
    if (worst > 0 && n > 0)
        texts_add(&out->notes,
                  "%s needs %llu requests, this level has %llu: figures marked * have no 95 %% interval; ask for more "
                  "with --num-requests or --duration",
                  percentile_name(name, worst), (unsigned long long)quant_min_n(worst), (unsigned long long)n);
}

/* An overloaded server falls further behind with each second. */
static bool note_overload(struct sum_level *out)
{
    struct backlog b = level_backlog(out);
    if (!b.grows)
        return false;
    texts_add(
        &out->notes,
        "the server answered %.3g of %.3g requests per second in the second half of the window, and what waits for it "
        "grew from %lld to %lld: it was overloaded, and latencies grow with the length of the run; lower --rate",
        b.answered_rps, b.offered_rps, (long long)b.mid, (long long)b.end);
    return true;
}

/* A first part that differs from the rest, and latencies that still rise or fall behind it. A server that falls behind
 * has been told of already. */
static void note_steady(const struct acc_level *l, bool overloaded, struct sum_level *out)
{
    bool streams = out->lat[METRIC_TTFT].present && out->lat[METRIC_TTFT].n > 0;
    struct settled s = series_settled(streams ? &l->ttft_series : &l->total_series);
    const char *what = streams ? "TTFT" : "total";
    char a[32], b[32];
    if (s.warm) {
        double until = (double)(s.warm_end - out->begin) / (double)NS_PER_S;
        texts_add(&out->notes,
                  "the first %llu requests look like a warm-up (MSER-5): their %s averages %s, that of the others %s; "
                  "--warmup %.1fs leaves them out",
                  (unsigned long long)s.warm, what, fmt_duration(a, llround(s.warm_mean)),
                  fmt_duration(b, llround(s.after)), ceil(until * 10) / 10);
    }
    if (s.trend && !overloaded)
        texts_add(
            &out->notes,
            "%s %s by %.0f %% in the course of the window (Mann-Kendall, p = %.1g): the server was not in a steady "
            "state, and percentiles mix what came before with what came after; use a longer --warmup, or a lower "
            "load if it rises",
            what, s.change > 0 ? "rose" : "fell", fabs(s.change) * 100, s.p);
}

static void note_load(const struct acc_level *l, struct sum_level *out)
{
    if (!out->open)
        texts_add(&out->notes,
                  "a closed loop waits for its answers: while the server stalls, no more requests than are in flight "
                  "show it, and none is sent that should have been; --rate shows what users would have waited");
    if (out->open && out->sessions.on)
        texts_add(&out->notes,
                  "sessions arrive whatever the server does, but a turn waits for the answer before it: a slow server "
                  "puts off the turns that follow; their response latencies count from the end of that answer and the "
                  "think time");
    if (out->unsent && (out->max_concurrency || out->rate_limit > 0) && !out->interrupted)
        texts_add(&out->notes,
                  "%llu requests were due but never sent: %s held them back until the grace was over; in response "
                  "percentiles they count as at least what they had waited",
                  (unsigned long long)out->unsent, out->max_concurrency ? "--max-concurrency" : "--rate-limit");
    if (out->stopped[0])
        texts_add(&out->notes, "stopped before its end: %s; the figures cover what was sent until then", out->stopped);
    if (out->left)
        texts_add(
            &out->notes,
            "%llu requests were cancelled on purpose (--cancel-rate): they are neither successes nor failures, and "
            "percentiles count them as at least what they had waited",
            (unsigned long long)out->left);
    if (out->interrupted)
        texts_add(&out->notes, "interrupted: the figures cover what was sent until then");
    if (!out->final)
        texts_add(&out->notes, "the records end before this level did: the figures cover what was stored");
    /* Where the load itself changes, latencies that change with it tell of no warm-up and no trend. */
    if (out->profile[0] == 0 && (!out->open || isfinite(out->rate)))
        note_steady(l, note_overload(out), out);
    if (l->conns_retried || l->retried)
        texts_add(&out->notes,
                  "%llu requests were sent again on a new connection, because the server had closed the idle one; "
                  "--idle-timeout below the server's avoids it",
                  (unsigned long long)MAX(l->conns_retried, l->retried));
    if (out->client.clock_steps)
        texts_add(
            &out->notes,
            "this machine's clock was set %llu time%s meanwhile (NTP, a person, a resumed machine); kernel stamps "
            "are of that clock: each was placed by what was known besides, and %llu read%s that could not be "
            "told took the instant of reading",
            (unsigned long long)out->client.clock_steps, out->client.clock_steps == 1 ? "" : "s",
            (unsigned long long)out->client.unplaced_stamps, out->client.unplaced_stamps == 1 ? "" : "s");
    if (out->client.kernel_stamped < 0.99)
        texts_add(&out->notes, "%.1f %% of the reads had no kernel stamp: their instants are those of reading",
                  (1 - out->client.kernel_stamped) * 100);
}

static void note_answers(const struct acc_level *l, struct sum_level *out)
{
    out->alike = out->successful >= SAME_MIN && !l->answers_differ && l->answer_bytes;
    if (out->alike)
        texts_add(
            &out->notes,
            "all %llu answers %s (%llu bytes, %llu words)%s: probably one cached or canned answer; --unique-prompts "
            "tells",
            (unsigned long long)out->successful, l->answer_hash ? "are the same" : "have the same size",
            (unsigned long long)l->answer_bytes, (unsigned long long)l->answer_words,
            l->samples_differ ? " though the prompts differ" : "");
    if (l->known_out && out->successful) {
        double mean = (double)l->tokens_out / (double)l->known_out;
        if (mean < SHORT_ANSWER)
            texts_add(&out->notes,
                      "answers average %.1f tokens: ITL, TPOT and tokens/s say little; raise --max-tokens or use "
                      "--ignore-eos",
                      mean);
    }
    if (l->tokens_in && (double)l->tokens_cached > CACHED_SHARE * (double)l->tokens_in)
        texts_add(&out->notes,
                  "%.0f %% of the prompt tokens came from the server's prefix cache: TTFT is that of cached prompts; "
                  "--unique-prompts avoids it",
                  100.0 * (double)l->tokens_cached / (double)l->tokens_in);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A compressor may wait for more before it lets go of a token. */
static void note_packed(const struct acc_level *l, struct sum_level *out)
{
    char names[64] = "";
    if (l->packed == 0)
        return;
    qsort(l->codings.v, l->codings.n, sizeof *l->codings.v, by_name);
    for (size_t i = 0, at = 0; i < l->codings.n && at + 16 < sizeof names; i++)
        at += (size_t)snprintf(names + at, sizeof names - at, "%s%.8s", i ? ", " : "", l->codings.v[i]);
    texts_add(&out->notes,
              "%llu of %llu answers came packed (Content-Encoding: %s): what the server's compressor held back of a "
              "stream is in the latencies, and tokens that it let go together came together; --header "
              "'Accept-Encoding: identity' asks for plain answers",
              (unsigned long long)l->packed, (unsigned long long)out->attempted, names);
}

static void note_redirects(const struct acc_level *l, struct sum_level *out)
{
    if (l->redirected)
        texts_add(&out->notes, "%llu of %llu requests failed by a redirect: the server %s",
                  (unsigned long long)l->redirected, (unsigned long long)out->attempted, l->redirect);
}

static void note_headers(const struct summary *s, struct sum_level *out)
{
    for (size_t i = 0; i < s->n_metrics; i++) {
        const struct sum_metric *m = &out->metrics[i];
        if (out->successful && m->missing == out->successful)
            texts_add(&out->notes,
                      "no successful answer had a header %s (--headers-metric); --check shows the headers that come",
                      s->metric_name[i]);
        else if (m->missing)
            texts_add(&out->notes, "%llu of %llu successful answers had no header %s (--headers-metric)",
                      (unsigned long long)m->missing, (unsigned long long)out->successful, s->metric_name[i]);
        if (m->bad)
            texts_add(&out->notes,
                      "%llu values of the header %s were no numbers of 0 to 1e9 and are in no figure; in "
                      "requests.jsonl they are false",
                      (unsigned long long)m->bad, s->metric_name[i]);
    }
}

void write_notes(const struct acc_level *l, const struct summary *s, struct sum_level *out)
{
    note_load(l, out);
    note_answers(l, out);
    note_redirects(l, out);
    note_packed(l, out);
    note_headers(s, out);
    write_token_notes(l, out);
    note_sample(s, out);
}

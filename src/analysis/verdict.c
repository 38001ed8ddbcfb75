/* verdict.c - how far the client's own part in the figures can be trusted. It judges the client only.
 * What it did late or blurred, by the share of requests, reads or gaps concerned: a threshold crossed is DEGRADED, ten
 * times crossed INVALID. Then what explains it (a busy or crowded processor, steal), and what it lacked. Each reason
 * says what to do about it; docs/METRICS.md holds the table. */
#include <math.h>

#include "analysis/acc_level.h"

#define LAG_MIN (1.0 * (double)NS_PER_MS)
#define LAG_SHARE 0.01 /* of TTFT p50 */
#define WIDE_MIN (1.0 * (double)NS_PER_MS)
#define WIDE_SHARE 0.1 /* of ITL p50 */
#define SHARE_MAX 0.01 /* of what may be late, wide or missing */
#define TEN 10.0
#define INVALID_SHARE 0.5  /* half of all is too much in a window of any length */
#define ALLOWANCE_S 0.05   /* one or two interruptions: all that happens meanwhile may be late */
#define DOUBT 0.025        /* a share counts as above its threshold when chance explains it in fewer cases */
#define UNSTAMPED_MIN 0.01 /* of the reads: fewer without a kernel stamp cannot move a p99 */
#define BUSY_MAX 0.85      /* a share cannot be ten times crossed ... */
#define BUSY_INVALID 0.98  /* ... but from here on the worker never slept: the pace is its own */
#define BUSY_WINDOW 0.2    /* s; below, starting and ending is much of what a worker does */
#define BUSY_SUSTAINED 1.0 /* s, for INVALID */
/* Causes, told where what is measured was out of order: */
#define RUN_DELAY_MAX 0.01 /* of the window spent waiting for a processor */
#define RUN_DELAY_SOME 0.002
#define INVOLUNTARY_MAX 10. /* context switches a second */
#define STEAL_CAUSE 0.02    /* of the processors ... */
#define STEAL_MAX 0.1       /* ... and where nothing but late reads tells */
#define MUCH 0.1            /* of the requests */

enum { P99 = 3 }; /* in summary_q_json */

struct bounds {
    double limit;   /* ns, of lags */
    double share;   /* of what may lie beyond a limit */
    double tenfold; /* ten times that */
};

static void lower(struct sum_level *out, enum verdict to)
{
    out->verdict = MAX(out->verdict, to);
}

static struct bounds bounds_of(const struct sum_level *l)
{
    struct bounds b = {.share = SHARE_MAX};
    double base = l->lat[METRIC_TTFT].q[0];
    if (!l->lat[METRIC_TTFT].present || isnan(base))
        base = l->lat[METRIC_TOTAL].q[0];
    b.limit = isnan(base) ? LAG_MIN : MAX(LAG_MIN, LAG_SHARE * base);
    /* In a short window a single interruption is a larger share: it is no worse for that. */
    if (l->window_s > 0)
        b.share = MAX(b.share, MIN(ALLOWANCE_S / l->window_s, INVALID_SHARE));
    b.tenfold = MIN(TEN * b.share, INVALID_SHARE);
    return b;
}

/* k of n are more than the share `max` of them, and not by the chance of few. */
static bool above(uint64_t k, uint64_t n, double max)
{
    return n > 0 && (double)k > max * (double)n && binom_tail(k, n, max) < DOUBT;
}

static char *ms(char out[32], double ns)
{
    return fmt_duration(out, (int64_t)llround(ns));
}

static void judge_send_lag(const struct acc_level *l, const struct bounds *b, struct sum_level *out)
{
    char p[32], q[32];
    uint64_t n = out->client.send_lag.n, late = samples_above(&l->send_lag, (int64_t)b->limit);
    if (!out->open || !above(late, n, b->share))
        return;
    bool far = above(samples_above(&l->send_lag, (int64_t)(TEN * b->limit)), n, b->share);
    lower(out, far ? VERDICT_INVALID : VERDICT_DEGRADED);
    texts_add(&out->reasons,
              "send lag p99 is %s, above %s: %llu of %llu requests left later than scheduled; use --workers, another "
              "machine, or a lower rate",
              ms(p, out->client.send_lag.q[P99]), ms(q, b->limit), (unsigned long long)late, (unsigned long long)n);
}

/* Where the kernel gave no stamp, the time until weir read the bytes is part of the figure. */
static void judge_user_lag(const struct acc_level *l, const struct bounds *b, struct sum_level *out)
{
    const struct sum_client *c = &out->client;
    char p[32], q[32];
    if ((double)c->lag_user_n < UNSTAMPED_MIN * (double)l->reads ||
        !above(hist_above(l->lag_user, (int64_t)b->limit), c->lag_user_n, b->share))
        return;
    bool far = above(hist_above(l->lag_user, (int64_t)(TEN * b->limit)), c->lag_user_n, b->share);
    lower(out, far ? VERDICT_INVALID : VERDICT_DEGRADED);
    texts_add(&out->reasons,
              "client lag p99 is %s, above %s, for %llu events without a kernel stamp: they were read late; use "
              "--workers, or fewer streams",
              ms(p, c->lag_user_p99), ms(q, b->limit), (unsigned long long)c->lag_user_n);
}

static void judge_gaps(const struct acc_level *l, const struct bounds *b, struct sum_level *out)
{
    struct sum_client *c = &out->client;
    double p50 = out->lat[METRIC_ITL].q[0];
    char a[32];
    c->wide_threshold = (int64_t)llround(isnan(p50) ? WIDE_MIN : MAX(WIDE_MIN, WIDE_SHARE * p50));
    uint64_t n = hist_n(l->gaps.width), wide = hist_above(l->gaps.width, c->wide_threshold);
    c->wide_gaps = n ? (double)wide / (double)n : NAN;
    if (!above(wide, n, b->share))
        return;
    lower(out, above(wide, n, b->tenfold) ? VERDICT_INVALID : VERDICT_DEGRADED);
    texts_add(&out->reasons,
              "%.1f %% of the gaps between tokens are known only to within more than %s: several events came in one "
              "read; use --workers or fewer --streams-per-conn, or look for a proxy that buffers",
              c->wide_gaps * 100, ms(a, (double)c->wide_threshold));
}

/* Requests that were free to go within the window, but began after it or never, though nobody stopped the run. */
static void judge_rate(const struct acc_level *l, const struct bounds *b, struct sum_level *out)
{
    struct sum_client *c = &out->client;
    c->late = NAN;
    if (!out->open || out->scheduled == 0)
        return;
    double due = tcount_between(&l->due, 0, out->w1), started = tcount_between(&l->late_starts, 0, out->w1);
    double missing = MAX(due - started, 0.0);
    bool held = out->max_concurrency > 0 || out->rate_limit > 0;
    if (!out->interrupted && !out->stopped[0] && out->final && !held)
        missing += (double)out->unsent;
    missing = MIN(missing, (double)out->scheduled);
    c->late = missing / (double)out->scheduled;
    uint64_t k = (uint64_t)llround(missing);
    if (!above(k, out->scheduled, b->share))
        return;
    lower(out, above(k, out->scheduled, b->tenfold) ? VERDICT_INVALID : VERDICT_DEGRADED);
    texts_add(&out->reasons,
              "only %.1f %% of the asked rate was sent in time: the client could not keep up; use --workers, another "
              "machine, or a lower rate",
              (1 - c->late) * 100);
}

static void judge_busy(const struct acc_level *l, struct sum_level *out)
{
    double busy = out->client.busy;
    if (!(busy > BUSY_MAX) || l->busy_window < BUSY_WINDOW)
        return;
    bool never_slept = busy >= BUSY_INVALID && l->busy_window >= BUSY_SUSTAINED;
    lower(out, never_slept ? VERDICT_INVALID : VERDICT_DEGRADED);
    texts_add(&out->reasons, "worker %u was %.0f %% busy, above %.0f %%%s: use --workers, or a machine with more cores",
              l->busy_worker, busy * 100, BUSY_MAX * 100,
              never_slept ? ", and never slept, so that the pace is its own" : "");
}

/* A processor that others use too spoils nothing as long as what is measured stays in order; where it did not, this is
 * why. */
static void judge_crowd(bool harmed, struct sum_level *out)
{
    const struct sum_client *c = &out->client;
    bool waited = c->run_delay > RUN_DELAY_MAX;
    /* Without schedstat in the kernel the run delay is 0. Switches that cost nothing (to the kernel's own threads) are
     * no crowd. */
    bool switched = c->involuntary > INVOLUNTARY_MAX && (c->run_delay > RUN_DELAY_SOME || c->run_delay == 0);
    if (!harmed || (!waited && !switched))
        return;
    lower(out, VERDICT_DEGRADED);
    texts_add(&out->reasons,
              "a worker waited %.1f %% of the time for a processor and was put aside %.0f times a second: other "
              "programs use its cores; stop them, or leave cores to weir",
              c->run_delay * 100, c->involuntary);
}

/* The same holds for steal; with one difference: a processor that is away also delays the kernel's stamps, which no lag
 * shows. Reads that were late tell then that it was away when it mattered. */
static void judge_steal(const struct acc_level *l, const struct bounds *b, bool harmed, struct sum_level *out)
{
    const struct sum_client *c = &out->client;
    if (!(c->steal > (harmed ? STEAL_CAUSE : STEAL_MAX)))
        return;
    if (!harmed && !above(hist_above(l->lag, (int64_t)b->limit), hist_n(l->lag), b->share)) {
        texts_add(&out->notes,
                  "the hypervisor took %.0f %% of the processors away (steal), but neither sending nor reading was "
                  "late for it; a machine that is not shared is steadier",
                  c->steal * 100);
        return;
    }
    lower(out, VERDICT_DEGRADED);
    texts_add(&out->reasons,
              "the hypervisor took %.0f %% of the processors away (steal), and what the client did came late: use a "
              "machine that is not shared, or measure again when it is quiet",
              c->steal * 100);
}

static void judge_lacks(const struct acc_level *l, struct sum_level *out)
{
    struct sum_client *c = &out->client;
    uint64_t files = l->outcomes.n[OUT_NO_FILES], ports = l->outcomes.n[OUT_NO_PORTS];
    c->lost_records = l->info.lost_records;
    c->exhausted = MAX(l->info.exhausted, files + ports);
    if (c->exhausted) {
        lower(out, (double)c->exhausted > MUCH * (double)out->attempted ? VERDICT_INVALID : VERDICT_DEGRADED);
        const char *what = ports == 0 ? "files" : files == 0 ? "local ports" : "files or local ports";
        texts_add(&out->reasons, "%s ran out %llu times: %s%s%suse fewer connections (--max-concurrency)", what,
                  (unsigned long long)c->exhausted, files || !ports ? "raise `ulimit -n`, " : "",
                  ports ? "widen net.ipv4.ip_local_port_range, " : "", "or ");
    }
    if (c->lost_records) {
        lower(out, VERDICT_INVALID);
        texts_add(&out->reasons,
                  "%llu records were lost because they could not be stored as quickly as they came: use a faster disk, "
                  "or a lower rate",
                  (unsigned long long)c->lost_records);
    }
}

static void take_figures(const struct acc_level *l, struct sum_client *c)
{
    c->workers = l->workers;
    c->conns_opened = l->conns_opened;
    c->conns_reused = l->conns_reused;
    c->conns_resumed = l->conns_resumed;
    c->retried = l->conns_retried;
    c->busy = l->workers ? l->busy_max : NAN;
    c->busy_mean = l->workers ? l->busy_sum / (double)l->workers : NAN;
    c->run_delay = l->workers ? l->run_delay : NAN;
    c->involuntary = l->workers ? l->involuntary : NAN;
    c->steal = l->steal_known ? l->steal : NAN;
    c->kernel_stamped = l->reads ? (double)l->kernel_stamped / (double)l->reads : NAN;
    c->clock_steps = l->clock_steps;
    c->unplaced_stamps = l->unplaced_stamps;
    c->lag_user_n = hist_n(l->lag_user);
    c->lag_user_p99 = hist_quantile(l->lag_user, 0.99);
}

void judge_client(const struct acc_level *l, struct sum_level *out)
{
    const struct bounds b = bounds_of(out);
    take_figures(l, &out->client);
    judge_send_lag(l, &b, out);
    judge_user_lag(l, &b, out);
    judge_gaps(l, &b, out);
    judge_rate(l, &b, out);
    bool harmed = out->reasons.n > 0;
    judge_busy(l, out);
    judge_crowd(harmed, out);
    judge_steal(l, &b, harmed, out);
    judge_lacks(l, out);
}

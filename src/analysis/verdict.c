/* verdict.c - how far the client's own part in the figures can be trusted. It judges the client only.
 * A threshold crossed is DEGRADED, ten times crossed or a record lost INVALID; each reason says what to do. */
#include <math.h>

#include "analysis/acc_level.h"

#define LAG_MIN (1.0 * (double)NS_PER_MS)
#define LAG_SHARE 0.01 /* of TTFT p50 */
#define WIDE_MIN (1.0 * (double)NS_PER_MS)
#define WIDE_SHARE 0.1 /* of ITL p50 */
#define WIDE_GAPS_MAX 0.01
#define BUSY_MAX 0.85
#define LATE_MAX 0.01
#define STEAL_MAX 0.1 /* of one processor */
#define TEN 10.0

enum { P50 = 0, P99 = 3 }; /* in summary_q_json */

static void lower(struct sum_level *out, enum verdict to)
{
    out->verdict = MAX(out->verdict, to);
}

static double client_threshold(const struct sum_level *l)
{
    double base = l->lat[METRIC_TTFT].q[P50];
    if (!l->lat[METRIC_TTFT].present || isnan(base))
        base = l->lat[METRIC_TOTAL].q[P50];
    return isnan(base) ? LAG_MIN : MAX(LAG_MIN, LAG_SHARE * base);
}

static char *ms(char out[32], double ns)
{
    return fmt_duration(out, (int64_t)llround(ns));
}

static void judge_send_lag(struct sum_level *out, double limit)
{
    const struct sum_dist *d = &out->client.send_lag;
    char a[32], b[32];
    if (!d->present || d->n == 0 || !(d->q[P99] > limit))
        return;
    lower(out, d->q[P99] > TEN * limit ? VERDICT_INVALID : VERDICT_DEGRADED);
    texts_add(&out->reasons,
              "send lag p99 is %s, above %s: requests left later than scheduled; use --workers, another machine, or a "
              "lower rate",
              ms(a, d->q[P99]), ms(b, limit));
}

/* Where the kernel gave no stamp, the time until weir read the bytes is part of the figure. A few in a hundred reads
 * cannot move a p99. */
static void judge_user_lag(struct sum_level *out, double limit, uint64_t reads)
{
    const struct sum_client *c = &out->client;
    char a[32], b[32];
    if (c->lag_user_n == 0 || (double)c->lag_user_n < 0.01 * (double)reads || !(c->lag_user_p99 > limit))
        return;
    lower(out, c->lag_user_p99 > TEN * limit ? VERDICT_INVALID : VERDICT_DEGRADED);
    texts_add(&out->reasons,
              "client lag p99 is %s, above %s, for %llu events without a kernel stamp: they were read late; use "
              "--workers, or fewer streams",
              ms(a, c->lag_user_p99), ms(b, limit), (unsigned long long)c->lag_user_n);
}

static void judge_gaps(const struct acc_level *l, struct sum_level *out)
{
    struct sum_client *c = &out->client;
    double p50 = out->lat[METRIC_ITL].q[P50];
    char a[32];
    c->wide_threshold = (int64_t)llround(isnan(p50) ? WIDE_MIN : MAX(WIDE_MIN, WIDE_SHARE * p50));
    uint64_t n = hist_n(l->gap_width);
    c->wide_gaps = n ? (double)hist_above(l->gap_width, c->wide_threshold) / (double)n : NAN;
    if (!(c->wide_gaps > WIDE_GAPS_MAX))
        return;
    lower(out, c->wide_gaps > TEN * WIDE_GAPS_MAX ? VERDICT_INVALID : VERDICT_DEGRADED);
    texts_add(&out->reasons,
              "%.1f %% of the gaps between tokens are known only to within more than %s: several events came in one "
              "read; use --workers, or look for a proxy that buffers",
              c->wide_gaps * 100, ms(a, (double)c->wide_threshold));
}

/* Requests that were free to go within the window, but began after it or never, though nobody stopped the run. */
static void judge_rate(const struct acc_level *l, struct sum_level *out)
{
    struct sum_client *c = &out->client;
    c->late = NAN;
    if (!out->open || out->scheduled == 0)
        return;
    double due = tcount_between(&l->due, 0, out->w1), started = tcount_between(&l->late_starts, 0, out->w1);
    double missing = MAX(due - started, 0.0);
    if (!out->interrupted && out->final && out->max_concurrency == 0)
        missing += (double)out->unsent;
    c->late = missing / (double)out->scheduled;
    if (!(c->late > LATE_MAX))
        return;
    lower(out, c->late > TEN * LATE_MAX ? VERDICT_INVALID : VERDICT_DEGRADED);
    texts_add(&out->reasons,
              "only %.1f %% of the asked rate was sent in time: the client could not keep up; use --workers, another "
              "machine, or a lower rate",
              (1 - MIN(c->late, 1.0)) * 100);
}

static void judge_resources(const struct acc_level *l, struct sum_level *out)
{
    struct sum_client *c = &out->client;
    c->lost_records = l->info.lost_records;
    c->exhausted = MAX(l->info.exhausted, l->outcomes[OUT_NO_FILES] + l->outcomes[OUT_NO_PORTS]);
    if (c->busy > BUSY_MAX) {
        lower(out, VERDICT_DEGRADED);
        texts_add(&out->reasons,
                  "a worker was %.0f %% busy, above %.0f %%: use --workers, or a machine with more cores",
                  c->busy * 100, BUSY_MAX * 100);
    }
    if (c->exhausted) {
        bool much = (double)c->exhausted > 0.1 * (double)out->attempted;
        lower(out, much ? VERDICT_INVALID : VERDICT_DEGRADED);
        texts_add(&out->reasons,
                  "files or ports ran out %llu times: raise `ulimit -n`, widen net.ipv4.ip_local_port_range, or use "
                  "fewer connections",
                  (unsigned long long)c->exhausted);
    }
    if (c->lost_records) {
        lower(out, VERDICT_INVALID);
        texts_add(&out->reasons,
                  "%llu records were lost because they could not be stored as quickly as they came: use a faster disk, "
                  "or a lower rate",
                  (unsigned long long)c->lost_records);
    }
    if (c->steal > STEAL_MAX) {
        lower(out, VERDICT_DEGRADED);
        texts_add(&out->reasons,
                  "the hypervisor took %.0f %% of a processor away (steal): use a machine that is not shared",
                  c->steal * 100);
    }
}

void judge_client(const struct acc_level *l, struct sum_level *out)
{
    struct sum_client *c = &out->client;
    c->workers = l->workers;
    c->conns_opened = l->conns_opened;
    c->conns_reused = l->conns_reused;
    c->retried = l->conns_retried;
    c->busy = l->workers ? l->busy_max : NAN;
    c->busy_mean = l->workers ? l->busy_sum / (double)l->workers : NAN;
    c->steal = l->steal_known ? l->steal : NAN;
    c->kernel_stamped = l->reads ? (double)l->kernel_stamped / (double)l->reads : NAN;
    c->lag_user_n = hist_n(l->lag_user);
    c->lag_user_p99 = hist_quantile(l->lag_user, 0.99);
    double limit = client_threshold(out);
    judge_send_lag(out, limit);
    judge_user_lag(out, limit, l->reads);
    judge_gaps(l, out);
    judge_rate(l, out);
    judge_resources(l, out);
}

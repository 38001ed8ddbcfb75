/* experiment_judged.c - the sections of the page that weigh the figures: autoscaling, cost, expectations,
 * errors, advice. */
#include <math.h>

#include "report/experiment_md.h"

#define MINUTES_SHOWN 60
#define SHORT_LEVEL 60.0  /* s; CloudWatch sums minutes */
#define WHOLE_MINUTE 59.5 /* s, of those that are whole but for a second's cut */
#define IN_A_ROW 3        /* minutes above the target before target tracking adds instances */
#define SAFE .8           /* of a level's rate, as a target that leaves room */
#define SCALES_WELL .7    /* of the growth of load */

/* ---- autoscaling */

static void put_asked(struct buf *b, const struct xp_setup *s, double per_min)
{
    double n = (double)MAX(s->instances, 1);
    xp_num(b, per_min, 0);
    buf_addz(b, " | ");
    xp_percent(b, per_min / n / s->target_tokens_per_min, 0);
    buf_addz(b, " | ");
    double asked = isfinite(per_min) ? xp_instances_for(s, per_min) : NAN;
    xp_num(b, asked, 0);
    buf_addz(b, per_min / s->target_tokens_per_min > asked ? " (the most)" : "");
    buf_addz(b, " |\n");
}

/* Of the whole minutes; Application Auto Scaling makes an alarm for target tracking that wants some in a row. */
static void put_verdict(struct buf *b, const struct experiment *x)
{
    double target = x->setup.target_tokens_per_min * (double)MAX(x->setup.instances, 1);
    size_t whole = 0, above = 0, row = 0, acts = 0;
    for (size_t i = 0; i < x->n_minutes; i++) {
        bool over = x->minutes[i].seconds >= WHOLE_MINUTE && x->minutes[i].tokens > target;
        whole += x->minutes[i].seconds >= WHOLE_MINUTE;
        above += over;
        row = over ? row + 1 : 0;
        if (row == IN_A_ROW && acts == 0)
            acts = i + 1;
    }
    buf_addf(b, "%zu of %zu whole minutes are above the target. Target tracking usually wants %d in a row: ", above,
             whole, IN_A_ROW);
    if (acts > 0)
        buf_addf(b, "it would have asked for more instances at the end of minute %zu.\n\n", acts);
    else
        buf_addz(b, "it would have added no instance in this time.\n\n");
}

static void put_minutes(struct buf *b, const struct experiment *x)
{
    buf_addz(b, "Minute by minute, as CloudWatch would sum them, pauses between levels included:\n\n");
    xp_table(b, "Minute>|Levels|Tokens/min>|Of the target>|Instances asked for>");
    for (size_t i = 0; i < x->n_minutes && i < MINUTES_SHOWN; i++) {
        const struct xp_minute *m = &x->minutes[i];
        buf_addf(b, "| %zu%s | ", i + 1, m->seconds < WHOLE_MINUTE ? " (partial)" : "");
        xp_md_text(b, m->levels, 200);
        buf_addz(b, " | ");
        put_asked(b, &x->setup, m->tokens);
    }
    buf_addc(b, '\n');
    if (x->n_minutes > MINUTES_SHOWN)
        buf_addf(b, "%zu more minutes are in the records.\n\n", x->n_minutes - MINUTES_SHOWN);
    put_verdict(b, x);
}

void xp_put_scaling(struct buf *b, const struct experiment *x, const struct xp_findings *f)
{
    const struct xp_setup *s = &x->setup;
    bool estimated = false, brief = false;
    buf_addz(b, "## Autoscaling\n\nTarget: ");
    xp_num(b, s->target_tokens_per_min, 0);
    buf_addz(b, " completion tokens per minute and instance (");
    xp_num(b, s->target_tokens_per_min / 60, 0);
    buf_addf(b, " tokens/s), target tracking, one-minute periods; %lld instance%s during the measurement.\n\n",
             (long long)MAX(s->instances, 1), s->instances > 1 ? "s" : "");
    if (x->n_levels == 0 || !f->by_tokens) {
        buf_addz(b, "What the policy would have done cannot be told: tokens are " XP_NOT_RECORDED ".\n\n");
        return;
    }
    xp_table(b, "Load|Tokens/min>|Of the target>|Instances asked for>");
    for (size_t i = 0; i < x->n_levels; i++) {
        const struct xp_level *l = &x->levels[i];
        buf_addz(b, "| ");
        xp_label(b, l);
        buf_addz(b, " | ");
        put_asked(b, s, xp_tok_s(l, &estimated) * 60);
        brief |= l->seconds < SHORT_LEVEL;
    }
    buf_addz(
        b,
        "\nThis is arithmetic on measured rates, not a measurement of scaling: the policy asks for as many instances "
        "as keep each at or below the target (tokens per minute / target, rounded up");
    if (s->max_instances > 0)
        buf_addf(b, ", within %lld to %lld", (long long)MAX(s->min_instances, 1), (long long)s->max_instances);
    buf_addz(b, "). What more instances would then have delivered was not measured.");
    buf_addz(
        b, brief ? " Levels here are shorter than a minute, so their rates are extrapolated: such a level alone would "
                   "not fill a period, and target tracking acts on several periods in a row.\n\n"
                 : " Target tracking acts on several periods in a row, so a single minute above the target starts "
                   "nothing.\n\n");
    if (f->estimated)
        buf_addz(b, "Some rates are estimated (see Methodology).\n\n");
    if (x->n_minutes > 0)
        put_minutes(b, x);
    else
        buf_addz(b, "A timeline by the minute: " XP_NOT_RECORDED
                    " (it needs requests.jsonl or timeline.csv of weir run).\n\n");
}

/* ---- cost */

void xp_put_cost(struct buf *b, const struct experiment *x, const struct xp_findings *f)
{
    bool estimated = false, any = false;
    buf_addz(b, "## Cost\n\nHourly price: ");
    if (!isfinite(f->price)) {
        buf_addz(b, XP_NOT_RECORDED ". Give it as `hourly-usd` in `experiment.yaml` or by `--cost-per-hour`.\n\n");
        return;
    }
    xp_usd(b, f->price, fabs(f->price * 100 - round(f->price * 100)) < 1e-9 ? 2 : 4);
    if (x->setup.instances > 1)
        buf_addf(b, " (%lld instances)", (long long)x->setup.instances);
    buf_addz(
        b,
        ". Cost per 1,000 output tokens = price per hour × 1,000 / (tokens/s × 3,600): the whole deployment, over the "
        "tokens of all requests together, as if the load lasted. An instance that waits costs as much.\n\n");
    xp_table(b, "Load|Tokens/s>|Per 1,000 tokens>|Per million tokens>|Per 1,000 requests>");
    for (size_t i = 0; i < x->n_levels; i++) {
        const struct xp_level *l = &x->levels[i];
        double tok_s = xp_tok_s(l, &estimated), cost = xp_cost_per_1k(f->price, tok_s);
        any |= estimated;
        buf_addz(b, "| ");
        xp_label(b, l);
        buf_addz(b, " | ");
        xp_num(b, tok_s, 0);
        buf_addz(b, estimated ? " (estimated) | " : " | ");
        xp_usd(b, cost, 6);
        buf_addz(b, " | ");
        xp_usd(b, cost * 1000, 2);
        buf_addz(b, " | ");
        xp_usd(b, xp_cost_per_1k(f->price, l->rps), 4);
        buf_addz(b, " |\n");
    }
    buf_addc(b, '\n');
    if (any)
        buf_addz(
            b, "Where tokens are estimated, the true cost per token is higher if answers are shorter than their limit."
               "\n\n");
    buf_addz(b, "Only the instances are counted: API, functions, logs and transfer come on top.\n\n");
    xp_picture_put(b, x, 3);
}

/* ---- expectations */

static void expected_rate(struct buf *b, const struct experiment *x, const struct xp_findings *f)
{
    const struct xp_setup *s = &x->setup;
    bool estimated = false;
    double v = f->best >= 0 ? xp_tok_s(&x->levels[f->best], &estimated) / (double)MAX(s->instances, 1) : NAN;
    buf_addz(b, "| Throughput of one instance | ");
    xp_num(b, s->expected_tok_s_min, 0);
    buf_addz(b, " to ");
    xp_num(b, s->expected_tok_s_max, 0);
    buf_addz(b, " tokens/s | ");
    if (!isfinite(v)) {
        buf_addz(b, XP_NOT_RECORDED " | cannot be told |\n");
        return;
    }
    xp_num(b, v, 0);
    buf_addf(b, " tokens/s%s at ", estimated ? " (estimated)" : "");
    xp_label(b, &x->levels[f->best]);
    buf_addf(b, " | %s |\n",
             v < s->expected_tok_s_min   ? "**not met**"
             : v > s->expected_tok_s_max ? "met, above the range"
                                         : "met");
}

static void expected_latency(struct buf *b, const struct experiment *x)
{
    double limit = (double)x->setup.expected_p95 / 1e6;
    size_t met = 0, known = 0;
    buf_addz(b, "| P95 latency | below ");
    xp_num(b, limit, 0);
    buf_addz(b, " ms | ");
    for (size_t i = 0; i < x->n_levels; i++) {
        known += isfinite(x->levels[i].p95_ms) != 0;
        met += x->levels[i].p95_ms < limit;
    }
    if (known == 0) {
        buf_addz(b, XP_NOT_RECORDED " | cannot be told |\n");
        return;
    }
    buf_addf(b, "%zu of %zu levels", met, known);
    for (size_t i = 0, n = 0; i < x->n_levels && met > 0 && met < known; i++) {
        if (!(x->levels[i].p95_ms < limit))
            continue;
        buf_addz(b, n++ ? ", " : ": ");
        xp_label(b, &x->levels[i]);
    }
    buf_addf(b, " | %s |\n", met == known ? "met" : met == 0 ? "**not met**" : "**met in part**");
}

static void expected_cost(struct buf *b, const struct experiment *x, const struct xp_findings *f)
{
    ptrdiff_t at = f->compliant >= 0 ? f->compliant : f->best;
    bool estimated = false;
    double v = at >= 0 ? xp_cost_per_1k(f->price, xp_tok_s(&x->levels[at], &estimated)) : NAN;
    buf_addz(b, "| Cost per 1,000 tokens at good utilization | below ");
    xp_usd(b, x->setup.expected_cost_per_1k, 2);
    buf_addz(b, " | ");
    if (!isfinite(v)) {
        buf_addz(b, XP_NOT_RECORDED " | cannot be told |\n");
        return;
    }
    xp_usd(b, v, 6);
    buf_addf(b, "%s at ", estimated ? " (estimated)" : "");
    xp_label(b, &x->levels[at]);
    buf_addf(b, " | %s |\n", v < x->setup.expected_cost_per_1k ? "met" : "**not met**");
}

void xp_put_expected(struct buf *b, const struct experiment *x, const struct xp_findings *f)
{
    buf_addz(b, "## Comparison with expectations\n\n");
    if (x->setup.simulated)
        buf_addz(b,
                 "The endpoint was simulated, so \"met\" says here only that its settings meet the expectation.\n\n");
    xp_table(b, "What|Expected|Measured|State");
    expected_rate(b, x, f);
    expected_latency(b, x);
    expected_cost(b, x, f);
    buf_addc(b, '\n');
}

/* ---- errors */

static size_t put_errors_of(struct buf *b, const char *where, const struct xp_errors *e, uint64_t of)
{
    for (size_t i = 0; i < e->n; i++) {
        buf_addz(b, "| ");
        xp_md_text(b, where, 80);
        buf_addz(b, " | ");
        xp_md_text(b, e->v[i].what, 160);
        buf_addz(b, " | ");
        xp_num(b, (double)e->v[i].n, 0);
        buf_addz(b, " | ");
        xp_percent(b, of ? (double)e->v[i].n / (double)of : NAN, 2);
        buf_addz(b, " | ");
        if (e->v[i].hint)
            xp_md_text(b, e->v[i].hint, 400);
        else
            buf_addz(b, XP_NONE);
        buf_addz(b, " |\n");
    }
    return e->n;
}

void xp_put_errors(struct buf *b, const struct experiment *x)
{
    uint64_t failed = 0, total = 0;
    size_t kinds = 0;
    for (size_t i = 0; i < x->n_levels; i++) {
        total += x->levels[i].total;
        failed += x->levels[i].total - MIN(x->levels[i].ok, x->levels[i].total);
        kinds += x->levels[i].errors.n;
    }
    for (size_t i = 0; i < x->n_streams; i++) {
        total += x->streams[i].requests;
        failed += x->streams[i].requests - MIN(x->streams[i].ok, x->streams[i].requests);
        kinds += x->streams[i].errors.n;
    }
    buf_addz(b, "## Errors\n\n");
    xp_num(b, (double)failed, 0);
    buf_addz(b, " of ");
    xp_num(b, (double)total, 0);
    buf_addz(b, " requests failed. Failed requests are in no latency and no token rate above.\n\n");
    if (kinds == 0)
        return;
    xp_table(b, "Where|Error|Requests>|Share>|What it may mean");
    for (size_t i = 0; i < x->n_levels; i++)
        put_errors_of(b, x->levels[i].label, &x->levels[i].errors, x->levels[i].total);
    for (size_t i = 0; i < x->n_streams; i++)
        put_errors_of(b, x->streams[i].name, &x->streams[i].errors, x->streams[i].requests);
    buf_addc(b, '\n');
}

/* ---- advice */

/* The broken level with the fewest tokens a minute and instance, -1: none is broken. */
static ptrdiff_t first_broken(const struct experiment *x, double *per_min)
{
    ptrdiff_t found = -1;
    for (size_t i = 0; i < x->n_levels; i++) {
        bool estimated;
        double v = xp_tok_s(&x->levels[i], &estimated) * 60 / (double)MAX(x->setup.instances, 1);
        if (x->levels[i].slo == STATE_BROKEN && isfinite(v) && (found < 0 || v < *per_min)) {
            found = (ptrdiff_t)i;
            *per_min = v;
        }
    }
    return found;
}

static void advise_target(struct buf *b, const struct experiment *x, const struct xp_findings *f)
{
    bool estimated = false;
    double per_min = xp_tok_s(&x->levels[f->compliant], &estimated) * 60 / (double)MAX(x->setup.instances, 1);
    double broken_at = NAN, target = x->setup.target_tokens_per_min;
    if (!isfinite(per_min))
        return;
    ptrdiff_t broken = first_broken(x, &broken_at);
    buf_addz(b, "- **Autoscaling target**: an instance within the objective carried ");
    xp_num(b, per_min, 0);
    buf_addf(b, " tokens per minute%s. ", estimated ? " (estimated)" : "");
    if (broken >= 0 && broken_at <= target) {
        buf_addz(b, "At ");
        xp_label(b, &x->levels[broken]);
        buf_addz(b, " the objective is broken with ");
        xp_num(b, broken_at, 0);
        buf_addz(b, ", which is not above the present target: no instance would be added there. ");
    } else if (broken >= 0 && per_min < target) {
        buf_addz(b,
                 "The present target lies between that and the first level that breaks the objective, so it may break "
                 "before an instance is added. ");
    }
    buf_addz(b, "With 20 % to spare: ");
    xp_num(b, per_min * SAFE, 0);
    buf_addz(b, broken < 0 ? "; no level broke the objective, so an instance may carry more than was tried.\n" : ".\n");
}

static void advise_growth(struct buf *b, const struct experiment *x)
{
    const struct xp_level *low = &x->levels[0], *high = &x->levels[x->n_levels - 1];
    double load = high->load / low->load, rate = high->rps / low->rps;
    if (x->n_levels < 2 || !low->closed || !high->closed || !(load > 1) || !isfinite(rate))
        return;
    buf_addz(b, "- **Scaling**: from ");
    xp_label(b, low);
    buf_addz(b, " to ");
    xp_label(b, high);
    buf_addz(b, " the load grows × ");
    xp_num(b, load, 2);
    buf_addz(b, " and the throughput × ");
    xp_num(b, rate, 2);
    buf_addz(b, rate > SCALES_WELL * load ? ": the instance was not full yet; higher levels would show its limit.\n"
                                          : ": more load mostly makes requests wait.\n");
}

static void advise_data(struct buf *b, const struct experiment *x)
{
    bool brief = false;
    for (size_t i = 0; i < x->n_levels; i++)
        brief |= x->levels[i].seconds < SHORT_LEVEL;
    if (brief)
        buf_addz(
            b,
            "- **Measure longer**: some level is shorter than a minute. Warm caches, autoscaling and rare slow answers "
            "show only over minutes.\n");
    for (size_t i = 0; i < x->n_levels; i++) {
        const struct xp_level *l = &x->levels[i];
        if (!(l->success_rate < .95))
            continue;
        buf_addz(b, "- **Failures at ");
        xp_label(b, l);
        buf_addz(b, "**: ");
        xp_percent(b, 1 - l->success_rate, 1);
        buf_addz(b, " of the requests failed; see Errors before its other figures are used.\n");
    }
    for (size_t i = 0; i < x->n_streams; i++) {
        if (!(x->streams[i].ttft.n > 0 && x->streams[i].ttft.p50 > XP_SLOW_SHARE * x->streams[i].total.p50))
            continue;
        buf_addz(b, "- **Stream**: in ");
        xp_md_text(b, x->streams[i].name, 100);
        buf_addz(
            b, " users see nothing until the answer is complete. A REST API or function URL that streams its response "
               "passes tokens on as they come.\n");
    }
    if (x->setup.simulated)
        buf_addz(
            b,
            "- **Repeat on hardware**: a simulated endpoint shows that the tools and this page work, not what a model "
            "on an instance does.\n");
}

void xp_put_advice(struct buf *b, const struct experiment *x, const struct xp_findings *f)
{
    buf_addz(b, "## Recommendations\n\n");
    if (f->compliant >= 0) {
        buf_addz(b, "- **Run at ");
        xp_label(b, &x->levels[f->compliant]);
        buf_addz(b, "**: of the levels within the objective it has the most throughput (");
        xp_throughput(b, x, f, f->compliant);
        buf_addz(b, ").\n");
        advise_target(b, x, f);
    } else if (x->n_levels > 0) {
        buf_addz(
            b, "- **No level is known to be within the objective**: try fewer requests in flight, shorter answers or a "
               "larger instance; there is no autoscaling target that would keep it.\n");
    }
    if (x->n_levels > 0)
        advise_growth(b, x);
    advise_data(b, x);
    if (x->n_levels == 0)
        buf_addz(b,
                 "- **Measure load**: without levels of load there is nothing to recommend on throughput or cost.\n");
    buf_addc(b, '\n');
}

/* experiment_md.c - the page: its beginning, the levels and the files. What weighs them is in experiment_latency.c and
 * experiment_judged.c. */
#include "report/experiment_md.h"

#include <math.h>

/* ---- pieces */

static bool is_word(char c) /* between two of them an underscore is one */
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void xp_md_text(struct buf *out, const char *text, size_t most)
{
    size_t n = strlen(text), end = MIN(n, most);
    while (end < n && end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80)
        end--;
    for (size_t i = 0; i < end; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c == 0x7F) {
            buf_addc(out, ' ');
            continue;
        }
        bool within = c == '_' && i > 0 && i + 1 < end && is_word(text[i - 1]) && is_word(text[i + 1]);
        if (c && strchr("\\`*_[]<>|#&~$", c) && !within)
            buf_addc(out, '\\');
        buf_addc(out, (char)c);
    }
    if (end < n)
        buf_addz(out, "…");
}

void xp_num(struct buf *b, double v, int decimals)
{
    char text[64];
    if (!isfinite(v)) {
        buf_addz(b, XP_NONE);
        return;
    }
    int n = snprintf(text, sizeof text, "%.*f", decimals, v);
    int whole = (int)strcspn(text, ".");
    for (int i = 0; i < n && n < (int)sizeof text; i++) {
        if (i > 0 && i < whole && (whole - i) % 3 == 0 && text[i - 1] != '-')
            buf_addc(b, ',');
        buf_addc(b, text[i]);
    }
}

void xp_usd(struct buf *b, double v, int decimals)
{
    if (isfinite(v))
        buf_addz(b, "\\$"); /* two of them bare are a formula to some programs that show Markdown */
    xp_num(b, v, decimals);
}

void xp_percent(struct buf *b, double share, int decimals)
{
    xp_num(b, share * 100, decimals);
    if (isfinite(share))
        buf_addz(b, " %");
}

void xp_label(struct buf *b, const struct xp_level *l)
{
    xp_md_text(b, l->label, 80);
}

void xp_table(struct buf *b, const char *head)
{
    struct str_split it = {str_of(head), '|', false};
    struct str name;
    buf_addc(b, '|');
    while (str_next(&it, &name))
        buf_addf(b, " " STR_FMT " |", STR_ARG(str_sub(name, 0, name.n - str_ends(name, STR(">")))));
    buf_addz(b, "\n|");
    it = (struct str_split){str_of(head), '|', false};
    while (str_next(&it, &name))
        buf_addz(b, str_ends(name, STR(">")) ? "---:|" : "---|");
    buf_addc(b, '\n');
}

void xp_picture_put(struct buf *b, const struct experiment *x, size_t i)
{
    const struct xp_picture *p = &x->picture[i];
    if (p->link)
        buf_addf(b, "![%s](%s)\n\n*%s*\n\n", p->alt, p->link, p->caption);
}

static const char *metric_words(int metric)
{
    switch (metric) {
    case METRIC_TOTAL:
        return "latency";
    case METRIC_SUCCESS_RATE:
        return "success rate";
    case METRIC_ERROR_RATE:
        return "error rate";
    case METRIC_RATE:
        return "successful requests/s";
    case METRIC_OUTPUT_TOK_S:
        return "output tokens/s";
    default:
        return metric_title((enum metric)metric);
    }
}

static void put_term(struct buf *b, const struct slo_term *t)
{
    const char *relation = t->upper ? (t->inclusive ? "at most" : "below") : t->inclusive ? "at least" : "above";
    char name[16];
    if (t->metric >= (int)METRIC_LATENCIES) {
        bool share = t->metric == METRIC_ERROR_RATE || t->metric == METRIC_SUCCESS_RATE;
        buf_addf(b, "%s %s %.6g%s", metric_words(t->metric), relation, t->limit * (share ? 100 : 1), share ? " %" : "");
        return;
    }
    if (t->quantile < 0)
        buf_addz(b, "mean");
    else if (t->quantile <= 0 || t->quantile >= 1)
        buf_addz(b, t->quantile <= 0 ? "least" : "largest");
    else
        buf_addf(b, "P%s", percentile_name(name, t->quantile) + 1);
    buf_addf(b, " %s %s ", metric_words(t->metric), relation);
    buf_addf(b, t->limit >= 1e9 ? "%.6g s" : "%.6g ms", t->limit / (t->limit >= 1e9 ? 1e9 : 1e6));
}

void xp_objective(struct buf *b, const struct experiment *x)
{
    for (size_t i = 0; i < x->slo.n; i++) {
        buf_addz(b, i == 0 ? "" : i + 1 == x->slo.n ? " and " : ", ");
        put_term(b, &x->slo.t[i]);
    }
}

void xp_throughput(struct buf *b, const struct experiment *x, const struct xp_findings *f, ptrdiff_t level)
{
    const struct xp_level *l = &x->levels[level];
    bool estimated;
    double tok_s = xp_tok_s(l, &estimated);
    if (f->by_tokens) {
        xp_num(b, tok_s, 0);
        buf_addf(b, " tokens/s%s, ", estimated ? " (estimated)" : "");
    }
    xp_num(b, l->rps, 2);
    buf_addz(b, " requests/s");
}

/* ---- head */

static void put_summary(struct buf *b, const struct experiment *x, const struct xp_findings *f)
{
    bool estimated = false;
    buf_addz(b, "## Executive summary\n\n");
    if (x->setup.summary)
        buf_addf(b, "%s\n\n", x->setup.summary);
    if (x->n_levels == 0)
        buf_addz(b, "- **Load**: no level of load is among the data.\n");
    if (f->best >= 0) {
        buf_addf(b, "- **Best throughput**: ");
        xp_throughput(b, x, f, f->best);
        buf_addz(b, " at ");
        xp_label(b, &x->levels[f->best]);
        buf_addz(b, ".\n");
    }
    if (f->compliant >= 0) {
        buf_addz(b, "- **Best load within the objective** (");
        xp_objective(b, x);
        buf_addz(b, "): ");
        xp_label(b, &x->levels[f->compliant]);
        buf_addz(b, ", with ");
        xp_throughput(b, x, f, f->compliant);
        buf_addz(b, " and a P95 latency of ");
        xp_num(b, x->levels[f->compliant].p95_ms, 0);
        buf_addf(b, " ms. %zu of %zu levels are within it.\n", f->n_compliant, x->n_levels);
    } else if (x->n_levels > 0) {
        buf_addz(b, "- **Best load within the objective** (");
        xp_objective(b, x);
        buf_addf(b, "): none of %zu levels is known to be within it.\n", x->n_levels);
    }
    ptrdiff_t at = f->compliant >= 0 ? f->compliant : f->best;
    double cost = at >= 0 ? xp_cost_per_1k(f->price, xp_tok_s(&x->levels[at], &estimated)) : NAN;
    buf_addz(b, "- **Cost**: ");
    if (isfinite(cost)) {
        xp_usd(b, cost, 6);
        buf_addz(b, " per 1,000 output tokens at ");
        xp_label(b, &x->levels[at]);
        buf_addz(b, estimated ? " (estimated).\n" : ".\n");
    } else {
        buf_addf(b, XP_NOT_RECORDED " (%s).\n",
                 isfinite(f->price) ? "no token rate is known" : "the hourly price is not known");
    }
    for (size_t i = 0; i < x->n_streams; i++) {
        const struct xp_stream *s = &x->streams[i];
        if (s->ttft.n == 0)
            continue;
        buf_addf(b, "- **First token** (streaming, %lld at a time): median ", (long long)s->concurrency);
        xp_num(b, s->ttft.p50 * 1e3, 0);
        buf_addz(b, " ms, P95 ");
        xp_num(b, s->ttft.p95 * 1e3, 0);
        buf_addz(b, " ms at the client.\n");
    }
    buf_addc(b, '\n');
}

static void put_head(struct buf *b, const struct experiment *x, const struct xp_findings *f)
{
    buf_addz(b, "# ");
    xp_md_text(b, x->title, 200);
    buf_addz(b, "\n\n");
    if (x->setup.simulated)
        buf_addf(b, "> **Simulated.** %s\n\n", x->setup.simulated);
    buf_addf(b, "Measured: %s.\n\n", x->date ? x->date : XP_NOT_RECORDED);
    put_summary(b, x, f);
}

static void put_setup(struct buf *b, const struct experiment *x)
{
    buf_addz(b, "## Setup\n\n");
    xp_table(b, "What|Value|From");
    for (size_t i = 0; i < x->n_facts; i++) {
        const struct xp_fact *t = &x->facts[i];
        buf_addf(b, "| %s | ", t->what);
        if (t->value)
            xp_md_text(b, t->value, 600);
        else
            buf_addz(b, XP_NOT_RECORDED);
        buf_addf(b, " | %s |\n", t->value && t->from ? t->from : XP_NONE);
    }
    buf_addc(b, '\n');
    for (size_t i = 0; x->setup.notes && x->setup.notes[i]; i++)
        buf_addf(b, "- %s\n%s", x->setup.notes[i], x->setup.notes[i + 1] ? "" : "\n");
}

/* ---- how it was measured */

static const char *profile_of(const struct xp_level *l)
{
    static const struct {
        double load;
        const char *what;
    } known[] = {{6, "baseline: light load"},
                 {12, "whether throughput grows with load"},
                 {24, "about the best load for one instance"},
                 {32, "beyond one instance: what autoscaling is to answer"}};
    for (size_t i = 0; l->closed && i < ARRAY_LEN(known); i++)
        if (l->load == known[i].load)
            return known[i].what;
    return XP_NONE;
}

static void put_profiles(struct buf *b, const struct experiment *x)
{
    xp_table(b, "Level|What it is for|Measured for>|Requests>|Figures from");
    for (size_t i = 0; i < x->n_levels; i++) {
        const struct xp_level *l = &x->levels[i];
        buf_addz(b, "| ");
        xp_label(b, l);
        buf_addf(b, " | %s | ", profile_of(l));
        xp_num(b, l->seconds, 1);
        buf_addf(b, "%s | ", isfinite(l->seconds) ? " s" : "");
        xp_num(b, (double)l->total, 0);
        buf_addf(b, " | `%s` |\n", l->file);
    }
    buf_addc(b, '\n');
}

static void put_quality(struct buf *b, const struct experiment *x)
{
    size_t valid = 0, judged = 0;
    for (size_t i = 0; i < x->n_levels; i++) {
        judged += x->levels[i].verdict != NULL;
        valid += x->levels[i].verdict && !x->levels[i].reason;
    }
    if (judged == 0) {
        buf_addz(b, "Whether the load generator itself was a bottleneck: " XP_NOT_RECORDED ".\n\n");
        return;
    }
    buf_addf(b,
             "The load generator judged its own measurement (was it fast enough, did it keep to the plan): %zu of %zu "
             "levels are VALID.\n\n",
             valid, judged);
    for (size_t i = 0; i < x->n_levels; i++) {
        const struct xp_level *l = &x->levels[i];
        if (!l->reason)
            continue;
        buf_addz(b, "- ");
        xp_label(b, l);
        buf_addf(b, " is %s: ", l->verdict);
        xp_md_text(b, l->reason, 400);
        buf_addc(b, '\n');
    }
    if (valid < judged)
        buf_addc(b, '\n');
}

static void put_method(struct buf *b, const struct experiment *x)
{
    bool closed = x->n_levels > 0;
    for (size_t i = 0; i < x->n_levels; i++)
        closed &= x->levels[i].closed;
    buf_addz(b, "## Methodology\n\n");
    if (closed)
        buf_addz(
            b, "Each level keeps a fixed number of requests in flight (C): C clients that each send their next request "
               "when the answer to the last one is complete. Load thus follows the endpoint: a slower one gets fewer "
               "requests.\n\n");
    else if (x->n_levels > 0)
        buf_addz(b,
                 "Levels named by a rate send requests at that rate, however fast answers come; levels named C=N keep "
                 "N requests in flight, each client sending its next when its answer is complete.\n\n");
    if (x->n_levels > 0)
        put_profiles(b, x);
    buf_addf(b, "- **HTTP version**: %s.\n", x->http ? x->http : XP_NOT_RECORDED);
    buf_addf(b, "- **Warm-up**: %s.\n", x->setup.warm_up ? x->setup.warm_up : XP_NOT_RECORDED);
    buf_addz(
        b, "- **Latency** is from a request's sending to the end of its answer, at the client. **P95** is the latency "
           "that 95 % of the successful requests stay below; P50 is the median.\n"
           "- **Tokens/s** are output tokens of all successful requests together per second. *Counted*: what the "
           "endpoint reported in each answer. *Estimated*: requests/s × the limit of tokens per answer (");
    if (isfinite(x->max_tokens))
        xp_num(b, x->max_tokens, 0);
    else
        buf_addz(b, XP_NOT_RECORDED);
    buf_addf(b,
             "), which is too high where answers are shorter.\n"
             "- **SLO** (service level objective): a level is within it when %s",
             x->slo.n > 1 ? "all of these hold: " : "this holds: ");
    xp_objective(b, x);
    buf_addz(b, ".\n\n");
    if (x->n_levels > 0)
        put_quality(b, x);
}

/* ---- the levels */

static void put_few(struct buf *b, const struct xp_level *l, int which, bool *few)
{
    static const double shares[] = {.5, .95, .99};
    const double values[] = {l->p50_ms, l->p95_ms, l->p99_ms};
    double v = values[which], share = shares[which];
    buf_addz(b, isfinite(v) && (l->at_least >> which & 1) ? "≥ " : "");
    bool mark = isfinite(v) && xp_too_few(l->ok, share);
    xp_num(b, v, 0);
    buf_addz(b, mark ? " †" : "");
    *few |= mark;
}

static void put_load(struct buf *b, const struct experiment *x)
{
    bool few = false, least = false;
    buf_addz(b, "## Load results\n\n");
    if (x->n_levels == 0) {
        buf_addz(b, "No level of load is among the data: " XP_NOT_RECORDED ".\n\n");
        return;
    }
    xp_table(b, "Load|Requests/s>|P50 (ms)>|P95 (ms)>|P99 (ms)>|Success rate>|Tokens/s, counted>|Tokens/s, estimated>");
    for (size_t i = 0; i < x->n_levels; i++) {
        const struct xp_level *l = &x->levels[i];
        least |= l->at_least != 0;
        buf_addz(b, "| ");
        xp_label(b, l);
        buf_addz(b, " | ");
        xp_num(b, l->rps, 2);
        buf_addz(b, " | ");
        put_few(b, l, 0, &few);
        buf_addz(b, " | ");
        put_few(b, l, 1, &few);
        buf_addz(b, " | ");
        put_few(b, l, 2, &few);
        buf_addz(b, " | ");
        xp_percent(b, l->success_rate, 1);
        buf_addz(b, " | ");
        xp_num(b, l->tok_s, 0);
        buf_addz(b, " | ");
        xp_num(b, l->estimated_tok_s, 0);
        buf_addz(b, " |\n");
    }
    buf_addc(b, '\n');
    if (few)
        buf_addz(b, "† Of too few requests to be more than a hint: other requests might have given a quite different "
                    "one.\n\n");
    if (least)
        buf_addz(b, "≥ At least so much: requests that timed out would have taken longer.\n\n");
    const char *source = x->levels[0].token_source;
    if (source)
        buf_addf(b, "Where the counted tokens are from: `%s`.\n\n", source);
    xp_picture_put(b, x, 0);
}

/* ---- the files */

static void put_size(struct buf *b, uint64_t bytes)
{
    xp_num(b, (double)bytes, 0);
}

static void put_files(struct buf *b, const struct experiment *x)
{
    buf_addz(b, "## Raw data\n\n");
    if (x->n_files == 0) {
        buf_addz(b, "No files.\n\n");
    } else {
        buf_addz(b, "Every figure above is made from these files. A changed file has another SHA-256.\n\n");
        xp_table(b, "File|Bytes>|SHA-256");
        for (size_t i = 0; i < x->n_files; i++) {
            const struct xp_file *f = &x->files[i];
            buf_addz(b, "| [");
            xp_md_text(b, f->name, 300);
            buf_addf(b, "](%s) | ", f->link);
            put_size(b, f->bytes);
            buf_addf(b, " | `%s` |\n", f->sha256);
        }
        buf_addc(b, '\n');
    }
    if (x->n_left_out > 0)
        buf_addf(b, "%zu more files are not listed.\n\n", x->n_left_out);
    if (x->no_pictures)
        buf_addf(b, "There are no plots: %s.\n\n", x->no_pictures);
    buf_addf(b, "This page was made by weir " WEIR_VERSION " and can be made again:\n\n```bash\n%s\n```\n", x->command);
}

void xp_markdown(struct buf *out, const struct experiment *x)
{
    struct xp_findings f = xp_find(x);
    put_head(out, x, &f);
    put_setup(out, x);
    put_method(out, x);
    put_load(out, x);
    xp_put_latency(out, x, &f);
    xp_put_streams(out, x);
    xp_put_scaling(out, x, &f);
    xp_put_cost(out, x, &f);
    xp_put_expected(out, x, &f);
    xp_put_errors(out, x);
    xp_put_advice(out, x, &f);
    put_files(out, x);
}

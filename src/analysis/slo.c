#include "analysis/slo.h"

#include "analysis/summary.h"

#define MEAN (-1.0)
#define NO_STATISTIC (-2.0)

static const enum metric latencies[] = {METRIC_TTFT,  METRIC_TTFO, METRIC_TTFB,  METRIC_ITL,       METRIC_TPOT,
                                        METRIC_NTPOT, METRIC_E2E,  METRIC_TOTAL, METRIC_QUEUE_WAIT};
static const enum metric rates[] = {METRIC_ERROR_RATE, METRIC_SUCCESS_RATE, METRIC_RATE, METRIC_OUTPUT_TOK_S};

static int find_metric(struct str name, bool with_rates, int *out, struct err *e)
{
    char list[256] = "", near[64] = "";
    size_t at = 0;
    unsigned best = 3;
    for (size_t i = 0; i < ARRAY_LEN(latencies) + (with_rates ? ARRAY_LEN(rates) : 0); i++) {
        enum metric m = i < ARRAY_LEN(latencies) ? latencies[i] : rates[i - ARRAY_LEN(latencies)];
        const char *z = metric_name(m);
        if (str_eqz(name, z)) {
            *out = (int)m;
            return 0;
        }
        unsigned d = str_distance(name, str_of(z));
        if (d < best) {
            best = d;
            snprintf(near, sizeof near, "; did you mean %s?", z);
        }
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i ? " " : "", z);
    }
    return err_set(e, ERR_USAGE, "unknown metric \"" STR_FMT "\"%s (metrics: %s)", STR_ARG(str_sub(name, 0, 40)), near,
                   list);
}

static bool is_latency(int m)
{
    return m < (int)METRIC_LATENCIES;
}

static int parse_statistic(struct str text, struct slo_term *t, struct err *e)
{
    if (str_eqz(text, "mean"))
        t->quantile = MEAN;
    else if (str_eqz(text, "min"))
        t->quantile = 0;
    else if (str_eqz(text, "max"))
        t->quantile = 1;
    else if (text.n < 2 || text.p[0] != 'p' || percentile_parse(text, &t->quantile) != 0)
        return err_set(e, ERR_USAGE,
                       "unknown statistic \"" STR_FMT "\"; write p0 to p100 (p95, p99.9), mean, min or max",
                       STR_ARG(str_sub(text, 0, 40)));
    return 0;
}

static int parse_limit(struct str text, struct slo_term *t, struct err *e)
{
    double v;
    int64_t ns;
    if (is_latency(t->metric)) {
        /* A bare number is seconds elsewhere and milliseconds in other tools: here it must say. */
        if (parse_f64(text, &v) == 0)
            return err_set(e, ERR_USAGE, "\"" STR_FMT "\" has no unit; write " STR_FMT "ms or " STR_FMT "s",
                           STR_ARG(text), STR_ARG(text), STR_ARG(text));
        if (parse_duration(text, &ns) != 0)
            return err_set(e, ERR_USAGE, "\"" STR_FMT "\" is not a duration; write 500ms or 2s",
                           STR_ARG(str_sub(text, 0, 40)));
        t->limit = (double)ns;
        return 0;
    }
    bool share = t->metric == (int)METRIC_ERROR_RATE || t->metric == (int)METRIC_SUCCESS_RATE;
    bool percent = share && str_ends(text, STR("%"));
    if (parse_f64(percent ? str_trim(str_sub(text, 0, text.n - 1)) : text, &v) != 0 || v < 0)
        return err_set(e, ERR_USAGE, "\"" STR_FMT "\" is not a %s", STR_ARG(str_sub(text, 0, 40)),
                       share ? "share; write 1% or 0.01" : "number");
    t->limit = percent ? v / 100 : v;
    if (share && t->limit > 1)
        return err_set(e, ERR_USAGE, "\"" STR_FMT "\" is more than all; write " STR_FMT "%%", STR_ARG(text),
                       STR_ARG(text));
    return 0;
}

/* metric[:statistic] (< | <= | > | >=) limit */
static int parse_slo_term(struct slo_term *t, struct str text, struct err *e)
{
    ptrdiff_t lt = str_chr(text, '<'), gt = str_chr(text, '>');
    ptrdiff_t op = lt >= 0 ? lt : gt;
    if (op < 0 || (lt >= 0 && gt >= 0))
        return err_set(e, ERR_USAGE,
                       "\"" STR_FMT "\" is no objective; write metric:statistic<limit, as in ttft:p95<500ms",
                       STR_ARG(str_sub(text, 0, 60)));
    struct str left = str_trim(str_sub(text, 0, (size_t)op)), right = str_sub(text, (size_t)op + 1, text.n);
    t->upper = lt >= 0;
    t->inclusive = str_starts(right, STR("="));
    right = str_trim(t->inclusive ? str_sub(right, 1, right.n) : right);
    ptrdiff_t colon = str_chr(left, ':');
    struct str name = str_trim(colon >= 0 ? str_sub(left, 0, (size_t)colon) : left);
    if (find_metric(name, true, &t->metric, e) != 0)
        return -1;
    t->quantile = NO_STATISTIC;
    if (is_latency(t->metric)) {
        if (colon < 0)
            return err_set(e, ERR_USAGE, "\"" STR_FMT "\" needs a statistic: " STR_FMT ":p95<...",
                           STR_ARG(str_sub(text, 0, 60)), STR_ARG(name));
        if (parse_statistic(str_trim(str_sub(left, (size_t)colon + 1, left.n)), t, e) != 0)
            return -1;
    } else if (colon >= 0) {
        return err_set(e, ERR_USAGE, STR_FMT " has no statistics; write " STR_FMT "%c...", STR_ARG(name), STR_ARG(name),
                       t->upper ? '<' : '>');
    }
    return parse_limit(right, t, e);
}

/* metric:limit */
static int parse_goodput_term(struct slo_term *t, struct str text, struct err *e)
{
    ptrdiff_t colon = str_chr(text, ':');
    if (colon < 0)
        return err_set(e, ERR_USAGE,
                       "\"" STR_FMT "\" is no objective of a request; write metric:limit, as in ttft:500ms",
                       STR_ARG(str_sub(text, 0, 60)));
    t->upper = t->inclusive = true;
    t->quantile = NO_STATISTIC;
    if (find_metric(str_trim(str_sub(text, 0, (size_t)colon)), false, &t->metric, e) != 0)
        return -1;
    return parse_limit(str_trim(str_sub(text, (size_t)colon + 1, text.n)), t, e);
}

static int parse_all(struct slo_set *s, struct str text, int (*one)(struct slo_term *, struct str, struct err *),
                     struct err *e)
{
    struct slo_set got = {0};
    struct str_split it = {text, ',', false};
    struct str part;
    while (str_next(&it, &part)) {
        part = str_trim(part);
        if (part.n == 0)
            return err_set(e, ERR_USAGE, "an empty objective; separate objectives by one comma");
        if (got.n == SLO_MAX)
            return err_set(e, ERR_USAGE, "more than %d objectives", SLO_MAX);
        struct slo_term *t = &got.t[got.n];
        if (one(t, part, e) != 0)
            return -1;
        snprintf(t->text, sizeof t->text, STR_FMT, STR_ARG(str_sub(part, 0, sizeof t->text - 1)));
        got.n++;
    }
    *s = got;
    return 0;
}

int slo_parse(struct slo_set *s, struct str text, struct err *e)
{
    return parse_all(s, text, parse_slo_term, e);
}

int goodput_parse(struct slo_set *s, struct str text, struct err *e)
{
    return parse_all(s, text, parse_goodput_term, e);
}

#include "analysis/summary.h"

#include <math.h>

static const char *const names[METRIC_COUNT] = {
#define X(id, name, title) name,
    METRIC_MAP(X)
#undef X
};

static const char *const titles[METRIC_COUNT] = {
#define X(id, name, title) title,
    METRIC_MAP(X)
#undef X
};

const double summary_q_json[SUMMARY_Q_JSON] = {0.5, 0.9, 0.95, 0.99, 0.999};

const char *metric_name(enum metric m)
{
    return (unsigned)m < METRIC_COUNT ? names[m] : "?";
}

const char *metric_title(enum metric m)
{
    return (unsigned)m < METRIC_COUNT ? titles[m] : "?";
}

const char *counted_how_name(enum counted_how h)
{
    static const char *const how[] = {"agree", "constant", "proportional", "unclear"};
    return (unsigned)h < ARRAY_LEN(how) ? how[h] : "unclear";
}

const char *verdict_name(enum verdict v)
{
    return v == VERDICT_VALID ? "VALID" : v == VERDICT_DEGRADED ? "DEGRADED" : "INVALID";
}

int percentile_parse(struct str text, double *q)
{
    double v;
    text = str_trim(text);
    if (str_istarts(text, STR("p")))
        text = str_sub(text, 1, text.n);
    if (parse_f64(text, &v) != 0 || !(v >= 0 && v <= 100))
        return -1;
    *q = v / 100;
    return 0;
}

int percentiles_parse(struct str text, double *q, size_t max, size_t *n, struct err *e)
{
    struct str_split it = {text, ',', false};
    struct str part;
    size_t k = 0;
    max = MIN(max, SUMMARY_SHOWN_MAX);
    while (str_next(&it, &part)) {
        if (k == max)
            return err_set(e, ERR_USAGE, "more than %zu percentiles", max);
        if (percentile_parse(part, &q[k]) != 0)
            return err_set(e, ERR_USAGE, "\"" STR_FMT "\" is not a percentile; write numbers from 0 to 100: 50,95,99.9",
                           STR_ARG(str_trim(part)));
        k++;
    }
    *n = k;
    return 0;
}

char *percentile_name(char out[16], double q)
{
    /* 0.999 * 100 is 99.9 only after rounding. */
    snprintf(out, 16, "p%.6g", q * 100);
    return out;
}

ptrdiff_t summary_q_index(const struct summary *s, double q)
{
    for (size_t i = 0; i < s->n_q; i++)
        if (fabs(s->q[i] - q) < 1e-12)
            return (ptrdiff_t)i;
    return -1;
}

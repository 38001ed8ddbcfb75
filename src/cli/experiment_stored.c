/* experiment_stored.c - levels of a run of which no records are left: from its summary.json and timeline.csv. */
#include <math.h>
#include <unistd.h>

#include "base/file.h"
#include "base/xalloc.h"
#include "cli/experiment_parts.h"
#include "compat/aws_http.h"

#define SUMMARY "summary.json"
#define TIMELINE "timeline.csv"
#define TIMELINE_MAX ((size_t)256 << 20)

static const char *text_of(struct experiment *x, jnode *n)
{
    struct str s = jn_str(n, NULL);
    return s.p && s.n > 0 ? xp_own(x, xmemdup0(s.p, s.n)) : NULL;
}

static double number(jnode *n, const char *path)
{
    return jn_f64(jn_get(n, path), NAN);
}

static const char *label_of(struct experiment *x, jnode *load, const char *name)
{
    double rate = number(load, "rate"), c = number(load, "concurrency");
    if (str_eqz(jn_str(jn_get(load, "mode"), ""), "closed") && jn_is_null(jn_get(load, "profile")))
        return name ? xp_textf(x, "C=%.0f (%s)", c, name) : xp_textf(x, "C=%.0f", c);
    if (name)
        return name;
    if (isfinite(rate))
        return xp_textf(x, "%.9g requests/s", rate);
    name = text_of(x, jn_get(load, "profile"));
    return name ? name : "load";
}

/* A statistic of a distribution, as the file names it: p95, p999 of 99.9. */
static double statistic(jnode *dist, double quantile, bool *at_least)
{
    char name[24] = "mean";
    if (quantile >= 0) {
        char digits[16];
        size_t n = 1;
        percentile_name(digits, quantile); /* "p99.9" */
        name[0] = 'p';
        for (const char *c = digits + 1; *c && n + 1 < sizeof name; c++)
            if (*c != '.')
                name[n++] = *c;
        name[n] = 0;
    }
    if (quantile == 0)
        snprintf(name, sizeof name, "min");
    else if (quantile >= 1)
        snprintf(name, sizeof name, "max");
    jnode *bounds = jn_get(dist, "at_least");
    *at_least = false;
    for (size_t i = 0; i < jn_len(bounds); i++)
        *at_least |= str_eqz(jn_str(jn_at(bounds, i), NULL), name);
    return number(dist, name);
}

static struct xp_judged judge(jnode *level, const struct slo_term *t, bool open)
{
    struct xp_judged j = {.value = NAN};
    jnode *rates = jn_get(level, "rates");
    char path[64];
    switch (t->metric) {
    case METRIC_SUCCESS_RATE:
        j.value = number(rates, "success_rate");
        break;
    case METRIC_ERROR_RATE:
        j.value = 1 - number(rates, "success_rate");
        break;
    case METRIC_RATE:
        j.value = number(rates, "successful_rps");
        break;
    case METRIC_OUTPUT_TOK_S:
        j.value = number(rates, "output_tok_s");
        break;
    default:
        snprintf(path, sizeof path, "latency_ms.%s%s", metric_name((enum metric)t->metric),
                 open && (t->metric == METRIC_TTFT || t->metric == METRIC_E2E) ? "_response" : "");
        j.value = statistic(jn_get(level, path), t->quantile, &j.at_least) * 1e6;
    }
    bool met = t->upper ? (t->inclusive ? j.value <= t->limit : j.value < t->limit)
                        : (t->inclusive ? j.value >= t->limit : j.value > t->limit);
    /* A lower bound within an upper limit leaves it open. */
    j.state = met && j.at_least && t->upper ? STATE_UNDECIDED : met ? STATE_MET : STATE_BROKEN;
    return j;
}

static void add_outcomes(struct experiment *x, struct xp_level *v, jnode *outcomes)
{
    void *it = NULL;
    const char *name;
    jnode *n;
    while (jn_next(outcomes, &it, &name, &n)) {
        int64_t status = 0;
        bool http = strncmp(name, "http_", 5) == 0 && parse_i64(str_of(name + 5), &status) == 0;
        if (strcmp(name, "ok") != 0 && jn_i64(n, 0) > 0)
            xp_add_error(&v->errors, xp_textf(x, "%.160s", name), (uint64_t)jn_i64(n, 0),
                         http ? aws_hint((int)status) : NULL);
    }
}

/* What oha's files do not have. */
static void add_own(struct experiment *x, struct xp_level *v, jnode *level, bool open)
{
    static const double shown[] = {.5, .95, .99};
    struct str source = jn_str(jn_get(level, "tokens.source"), "none");
    const char *verdict = text_of(x, jn_get(level, "verdict.status"));
    v->ttft_p50_ms = number(level, "latency_ms.ttft.p50");
    v->ttft_p95_ms = number(level, "latency_ms.ttft.p95");
    v->ttft_p99_ms = number(level, "latency_ms.ttft.p99");
    if (!isfinite(v->tok_s) && !str_eqz(source, "none") && !jn_bool(jn_get(level, "plain"), false))
        v->tok_s = number(level, "rates.output_tok_s");
    if (!v->token_source && !str_eqz(source, "none"))
        v->token_source = text_of(x, jn_get(level, "tokens.source"));
    for (unsigned i = 0; i < ARRAY_LEN(shown); i++) {
        bool bound;
        statistic(jn_get(level, "latency_ms.total"), shown[i], &bound);
        v->at_least |= bound ? 1u << i : 0;
    }
    v->verdict = verdict;
    if (verdict && strcmp(verdict, "VALID") != 0) {
        v->reason = text_of(x, jn_at(jn_get(level, "verdict.reasons"), 0));
        v->reason = v->reason ? v->reason : "no reason said";
    }
    for (size_t k = 0; k < x->slo.n; k++)
        if (!isfinite(v->judged[k].value))
            v->judged[k] = judge(level, &x->slo.t[k], open);
}

static void whole_level(struct experiment *x, struct xp_level *v, jnode *level, bool open)
{
    jnode *load = jn_get(level, "load"), *total = jn_get(level, "latency_ms.total"), *rates = jn_get(level, "rates");
    double rps = number(rates, "attempted_rps"), n = number(level, "requests.attempted");
    *v = (struct xp_level){
        .label = label_of(x, load, text_of(x, jn_get(level, "name"))),
        .file = SUMMARY,
        .load = number(load, open ? "rate" : "concurrency"),
        .closed = !open,
        .seconds = rps > 0 ? n / rps : number(load, "duration_s"),
        .total = (uint64_t)MAX(jn_i64(jn_get(level, "requests.attempted"), 0), 0),
        .ok = (uint64_t)MAX(jn_i64(jn_get(level, "requests.successful"), 0), 0),
        .success_rate = number(rates, "success_rate"),
        .rps = number(rates, "successful_rps"),
        .p50_ms = number(total, "p50"),
        .p95_ms = number(total, "p95"),
        .p99_ms = number(total, "p99"),
        .tok_s = NAN,
        .estimated_tok_s = number(rates, "successful_rps") * x->max_tokens,
    };
    for (size_t k = 0; k < SLO_MAX; k++)
        v->judged[k].value = NAN;
    add_outcomes(x, v, jn_get(level, "outcomes"));
}

/* ---- timeline.csv */

enum { LEVEL, UTC, TOK_S, COLUMNS };
struct xp_second {
    int64_t at; /* ns since 1970 */
    size_t level;
    double tokens;
};

static bool find_columns(struct str head, size_t at[COLUMNS])
{
    static const char *const names[COLUMNS] = {"level", "utc", "output_tok_s"};
    struct str_split it = {.rest = head, .sep = ','};
    struct str name;
    unsigned found = 0;
    for (size_t i = 0; str_next(&it, &name); i++)
        for (size_t k = 0; k < COLUMNS; k++)
            if (str_eqz(str_trim(name), names[k])) {
                at[k] = i;
                found |= 1u << k;
            }
    return found == (1u << COLUMNS) - 1;
}

/* "2026-11-28T17:37:39.540Z" -> ns since 1970; -1: none. */
static int64_t instant(struct str s)
{
    char text[32];
    struct tm tm = {0};
    int64_t ms = 0;
    snprintf(text, sizeof text, STR_FMT, STR_ARG(str_sub(s, 0, 31)));
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (!end || (*end == '.' && parse_i64(str_sub(str_of(end), 1, 3), &ms) < 0))
        return -1;
    return (int64_t)timegm(&tm) * NS_PER_S + ms * (NS_PER_S / 1000);
}

static bool take_row(struct str row, const size_t at[COLUMNS], struct xp_second *out)
{
    struct str_split it = {.rest = row, .sep = ','};
    struct str cell, of[COLUMNS] = {0};
    for (size_t i = 0; str_next(&it, &cell); i++)
        for (size_t k = 0; k < COLUMNS; k++)
            if (at[k] == i)
                of[k] = str_trim(cell);
    uint64_t level;
    out->at = instant(of[UTC]);
    if (parse_u64(of[LEVEL], &level) < 0 || out->at < 0 || parse_f64(of[TOK_S], &out->tokens) < 0)
        return false;
    out->level = (size_t)level;
    return true;
}

static void read_timeline(struct experiment *x, const char *dir, const char *const *labels, size_t n_labels)
{
    struct buf b = BUF_INIT(TIMELINE_MAX);
    struct err ignored = {0};
    char *path = xasprintf("%s/" TIMELINE, dir);
    size_t at[COLUMNS] = {0};
    int64_t first = -1;
    if (access(path, R_OK) == 0 && file_read(&b, path, &ignored) == 0) {
        struct str_split it = {.rest = buf_str(&b), .sep = '\n'};
        struct str row;
        bool known = str_next(&it, &row) && find_columns(row, at);
        while (known && str_next(&it, &row)) {
            struct xp_second s;
            if (!take_row(row, at, &s) || s.level >= n_labels)
                continue;
            first = first < 0 ? s.at : first;
            xp_add_second(x, s.at - first, labels[s.level], s.tokens);
        }
    }
    buf_free(&b);
    free(path);
}

/* ---- the whole */

static struct xp_level *of_load(struct experiment *x, jnode *load)
{
    for (size_t i = 0; i < x->n_levels; i++)
        if (x->levels[i].closed && x->levels[i].load == number(load, "concurrency"))
            return &x->levels[i];
    return NULL;
}

int xp_read_stored(struct experiment *x, const char *dir, struct err *e)
{
    char *path = xasprintf("%s/" SUMMARY, dir);
    struct jdoc *d = jdoc_load(path, XP_JSON_MAX, e);
    bool from_files = x->n_levels > 0, tokens = false;
    int rc = d ? 0 : -1;
    if (d && !str_starts(jn_str(jn_get(jdoc_root(d), "schema"), ""), STR("weir.summary/1")))
        rc = err_set(e, ERR_DATA, "%s is no summary of weir run", path);
    jnode *levels = rc == 0 ? jn_get(jdoc_root(d), "levels") : NULL;
    size_t n = jn_len(levels);
    const char **labels = xcalloc(n + 1, sizeof *labels);
    if (!from_files && n > 0)
        x->levels = xcalloc(n, sizeof *x->levels);
    for (size_t i = 0; i < n; i++) {
        jnode *level = jn_at(levels, i), *load = jn_get(level, "load");
        bool open = !str_eqz(jn_str(jn_get(load, "mode"), "closed"), "closed");
        struct xp_level *v = !from_files ? &x->levels[x->n_levels++] : open ? NULL : of_load(x, load);
        labels[i] = label_of(x, load, text_of(x, jn_get(level, "name")));
        tokens |= !str_eqz(jn_str(jn_get(level, "tokens.source"), "none"), "none");
        if (!v)
            continue;
        if (!from_files)
            whole_level(x, v, level, open);
        add_own(x, v, level, open);
    }
    if (rc == 0 && tokens)
        read_timeline(x, dir, labels, n);
    free(labels);
    jdoc_free(&d);
    free(path);
    return rc;
}

/* experiment_read.c - the figures of an experiment: levels from cN.json or from records, minutes, streams. */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <unistd.h>

#include "analysis/acc.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "cli/experiment_parts.h"
#include "compat/aws_http.h"
#include "compat/aws_stream_read.h"
#include "compat/oha_folder.h"

#define MINUTES_MAX 100000
#define DEADLINE "aborted due to deadline" /* oha's word for what the level's end cut off: no error */

/* ---- of records */

static double ms(double ns)
{
    return ns / 1e6;
}

static double quantile_ms(const struct summary *s, const struct sum_dist *d, double q)
{
    ptrdiff_t i = summary_q_index(s, q);
    return d->present && i >= 0 ? ms(d->q[i]) : NAN;
}

static const char *label_of(struct experiment *x, const struct sum_level *l)
{
    if (!l->open && !l->profile[0])
        return l->name[0] ? xp_textf(x, "C=%u (%s)", l->concurrency, l->name) : xp_textf(x, "C=%u", l->concurrency);
    if (l->name[0])
        return xp_textf(x, "%s", l->name);
    if (isfinite(l->rate))
        return xp_textf(x, "%.9g requests/s", l->rate);
    return xp_textf(x, "%s", l->profile[0] ? l->profile : l->arrival);
}

static void judge_records(struct xp_level *v, const struct sum_level *l)
{
    for (size_t k = 0; k < l->slo.n; k++)
        if (!isfinite(v->judged[k].value))
            v->judged[k] = (struct xp_judged){l->slo.t[k].value, l->slo.t[k].at_least, l->slo.t[k].state};
}

/* Broken where one is, met where all are. */
static enum sum_state all_of(const struct xp_level *v, size_t n)
{
    enum sum_state state = n ? STATE_MET : STATE_NONE;
    for (size_t k = 0; k < n; k++) {
        if (isfinite(v->judged[k].value) && v->judged[k].state == STATE_BROKEN)
            return STATE_BROKEN;
        if (!isfinite(v->judged[k].value) || v->judged[k].state != STATE_MET)
            state = STATE_UNDECIDED;
    }
    return state;
}

/* What only the records know of a level. */
static void add_records(struct experiment *x, struct xp_level *v, const struct summary *s, const struct sum_level *l)
{
    static const double shown[] = {.5, .95, .99};
    const struct sum_dist *ttft = &l->lat[METRIC_TTFT], *total = &l->lat[METRIC_TOTAL];
    bool known = !l->plain && l->token_source != TOKENS_NONE;
    v->ttft_p50_ms = quantile_ms(s, ttft, .5);
    v->ttft_p95_ms = quantile_ms(s, ttft, .95);
    v->ttft_p99_ms = quantile_ms(s, ttft, .99);
    if (!isfinite(v->tok_s) && known)
        v->tok_s = l->output_tok_s;
    if (!v->token_source && known)
        v->token_source = token_source_name(l->token_source);
    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        ptrdiff_t at = summary_q_index(s, shown[i]);
        if (at >= 0 && total->present && (total->at_least >> at & 1))
            v->at_least |= 1u << i;
    }
    v->verdict = verdict_name(l->verdict);
    v->reason =
        l->verdict == VERDICT_VALID ? NULL : xp_textf(x, "%s", l->reasons.n ? l->reasons.v[0] : "no reason said");
    judge_records(v, l);
}

static void level_of_records(struct experiment *x, struct xp_level *v, const struct summary *s,
                             const struct sum_level *l)
{
    const struct sum_dist *d = &l->lat[METRIC_TOTAL];
    *v = (struct xp_level){
        .label = label_of(x, l),
        .file = "requests.jsonl",
        .load = l->open ? l->rate : l->concurrency,
        .closed = !l->open,
        .seconds = l->window_s,
        .total = l->attempted,
        .ok = l->successful,
        .success_rate = l->success_rate,
        .rps = l->successful_rps,
        .p50_ms = quantile_ms(s, d, .5),
        .p95_ms = quantile_ms(s, d, .95),
        .p99_ms = quantile_ms(s, d, .99),
        .tok_s = NAN,
        .estimated_tok_s = l->successful_rps * x->max_tokens,
    };
    for (size_t k = 0; k < SLO_MAX; k++)
        v->judged[k].value = NAN;
    for (size_t k = 0; k < l->outcomes.n; k++) {
        int64_t status;
        struct str name = str_of(l->outcomes.v[k].name);
        bool http = str_starts(name, STR("http_")) && parse_i64(str_sub(name, 5, name.n), &status) == 0;
        if (!str_eqz(name, "ok"))
            xp_add_error(&v->errors, xp_textf(x, STR_FMT, STR_ARG(name)), l->outcomes.v[k].n,
                         http ? aws_hint((int)status) : NULL);
    }
}

static struct xp_level *of_concurrency(struct experiment *x, const struct sum_level *l)
{
    for (size_t i = 0; i < x->n_levels; i++)
        if (!l->open && x->levels[i].closed && x->levels[i].load == (double)l->concurrency)
            return &x->levels[i];
    return NULL;
}

void xp_add_second(struct experiment *x, int64_t since, const char *label, double tokens)
{
    size_t minute = since > 0 ? (size_t)(since / (60 * NS_PER_S)) : 0;
    if (minute >= MINUTES_MAX)
        return;
    if (minute >= x->n_minutes) {
        x->minutes = xreallocarray(x->minutes, minute + 1, sizeof *x->minutes);
        for (size_t i = x->n_minutes; i > 0 && i <= minute; i++)
            x->minutes[i - 1].seconds = 60; /* something came later */
        while (x->n_minutes <= minute)
            x->minutes[x->n_minutes++] = (struct xp_minute){.levels = "", .seconds = 60};
        x->minutes[minute].seconds = 0;
    }
    struct xp_minute *m = &x->minutes[minute];
    size_t n = strlen(m->levels), k = strlen(label); /* the last one there, as a whole */
    if (n < k || strcmp(m->levels + n - k, label) != 0 || (n > k && (n < k + 2 || m->levels[n - k - 2] != ',')))
        m->levels = xp_textf(x, "%s%s%s", m->levels, *m->levels ? ", " : "", label);
    m->tokens += isfinite(tokens) ? tokens : 0;
    if (minute + 1 == x->n_minutes)
        m->seconds = fmin(60, fmax(m->seconds, (double)(since % (60 * NS_PER_S)) / NS_PER_S + 1));
}

static void take_minutes(struct experiment *x, const struct summary *s)
{
    for (size_t i = 0; i < s->n_levels; i++) {
        const struct sum_level *l = &s->levels[i];
        const char *label = label_of(x, l);
        for (size_t k = 0; !l->plain && l->token_source != TOKENS_NONE && k < l->n_rows; k++)
            xp_add_second(x, l->begin - s->levels[0].begin + (int64_t)k * NS_PER_S, label, l->rows[k].tok_s);
    }
}

static void take_records(struct experiment *x, const struct summary *s)
{
    bool from_files = x->n_levels > 0;
    if (!from_files)
        x->levels = xcalloc(s->n_levels + 1, sizeof *x->levels);
    for (size_t i = 0; i < s->n_levels; i++) {
        const struct sum_level *l = &s->levels[i];
        struct xp_level *v = from_files ? of_concurrency(x, l) : &x->levels[x->n_levels++];
        if (!v)
            continue;
        if (!from_files)
            level_of_records(x, v, s, l);
        add_records(x, v, s, l);
    }
    take_minutes(x, s);
}

static int read_records(struct experiment *x, const char *dir, struct err *e)
{
    struct acc *a = acc_new(&(struct acc_opts){.slo = &x->slo});
    struct rec_read_stats st;
    char *path = xasprintf("%s/requests.jsonl", dir);
    int rc = rec_read_file(path, &acc_sink, a, &st, e);
    const struct summary *s = rc == 0 ? acc_finish(a) : NULL;
    if (s && s->no_requests)
        rc = xp_read_stored(x, dir, e);
    else if (s)
        take_records(x, s);
    free(path);
    acc_free(&a);
    return rc;
}

/* ---- of oha's files */

/* What the file says of one term, in the term's unit. */
static double value_of(const struct oha_figures *f, jnode *root, const struct slo_term *t)
{
    char key[48];
    if (t->metric == (int)METRIC_SUCCESS_RATE)
        return f->success_rate;
    if (t->metric == (int)METRIC_ERROR_RATE)
        return 1 - f->success_rate;
    if (t->metric == (int)METRIC_RATE)
        return f->rps;
    if (t->metric == (int)METRIC_OUTPUT_TOK_S)
        return f->tokens_per_s;
    if (t->metric != (int)METRIC_TOTAL || f->successful == 0)
        return NAN;
    if (t->quantile < 0)
        return f->mean_ms * 1e6;
    if (t->quantile <= 0 || t->quantile >= 1)
        return (t->quantile <= 0 ? f->min_ms : f->max_ms) * 1e6;
    snprintf(key, sizeof key, "p%.10g", t->quantile * 100); /* a member of its own: "p99.9" is no path */
    void *it = NULL;
    const char *name;
    jnode *value;
    while (jn_next(jn_get(root, "latencyPercentiles"), &it, &name, &value))
        if (strcmp(name, key) == 0)
            return jn_f64(value, NAN) * NS_PER_S;
    return NAN;
}

static bool holds(const struct slo_term *t, double v)
{
    return t->upper ? (t->inclusive ? v <= t->limit : v < t->limit) : t->inclusive ? v >= t->limit : v > t->limit;
}

static void take_counts(struct experiment *x, struct xp_level *v, jnode *counts, bool statuses)
{
    void *it = NULL;
    const char *name;
    jnode *n;
    while (jn_next(counts, &it, &name, &n)) {
        int64_t status = 0, count = jn_i64(n, 0);
        if (count <= 0 || strcmp(name, DEADLINE) == 0 || (statuses && *name == '2'))
            continue;
        if (statuses)
            parse_i64(str_of(name), &status);
        xp_add_error(&v->errors, xp_textf(x, "%s%.160s", statuses ? "HTTP " : "", name), (uint64_t)count,
                     statuses ? aws_hint((int)status) : NULL);
    }
}

static void level_of_file(struct experiment *x, struct xp_level *v, const struct oha_file *o)
{
    struct err ignored = {0};
    struct jdoc *d = jdoc_parse(buf_str(&o->raw), o->name, &ignored); /* it could be read before */
    *v = (struct xp_level){
        .label = xp_textf(x, "C=%llu", (unsigned long long)o->concurrency),
        .file = xp_textf(x, "%s", o->name),
        .load = (double)o->concurrency,
        .closed = true,
        .seconds = o->f.total_s,
        .total = o->f.total,
        .ok = o->f.successful,
        .success_rate = o->f.success_rate,
        .rps = o->f.rps,
        .p50_ms = o->f.p50_ms,
        .p95_ms = o->f.p95_ms,
        .p99_ms = o->f.p99_ms,
        .tok_s = o->f.tokens_per_s,
        .estimated_tok_s = o->f.rps * x->max_tokens,
        .ttft_p50_ms = NAN,
        .ttft_p95_ms = NAN,
        .ttft_p99_ms = NAN,
    };
    for (size_t k = 0; k < x->slo.n; k++) {
        double value = value_of(&o->f, jdoc_root(d), &x->slo.t[k]);
        v->judged[k] = (struct xp_judged){value, false, holds(&x->slo.t[k], value) ? STATE_MET : STATE_BROKEN};
    }
    take_counts(x, v, jn_get(jdoc_root(d), "statusCodeDistribution"), true);
    take_counts(x, v, jn_get(jdoc_root(d), "errorDistribution"), false);
    jdoc_free(&d);
}

static void say_bad(void *dir, const char *name, const struct err *why)
{
    log_warn("%s/%s is left out: %s", (const char *)dir, name, why->text);
}

static int read_files(struct experiment *x, const char *dir, struct err *e)
{
    struct oha_folder files = {0};
    int rc = oha_folder_read(&files, dir, false, say_bad, (void *)(uintptr_t)dir, e);
    if (rc == 0 && files.n > 0)
        x->levels = xcalloc(files.n, sizeof *x->levels);
    for (size_t i = 0; rc == 0 && i < files.n; i++)
        level_of_file(x, &x->levels[x->n_levels++], &files.v[i]);
    oha_folder_free(&files);
    return rc;
}

/* Levels of one kind by their load; others as they came. */
static void put_in_order(struct experiment *x)
{
    for (size_t i = 0; i < x->n_levels; i++)
        if (!isfinite(x->levels[i].load) || x->levels[i].closed != x->levels[0].closed)
            return;
    for (size_t i = 1; i < x->n_levels; i++) {
        struct xp_level l = x->levels[i];
        size_t at = i;
        while (at > 0 && x->levels[at - 1].load > l.load) {
            x->levels[at] = x->levels[at - 1];
            at--;
        }
        x->levels[at] = l;
    }
}

int xp_read_levels(struct experiment *x, const struct xp_place *p, struct err *e)
{
    if (p->run && read_files(x, p->run, e) < 0)
        return -1;
    struct err why = {0};
    int rc = p->records ? read_records(x, p->records, &why) : p->stored ? xp_read_stored(x, p->stored, &why) : 0;
    if (rc < 0 && x->n_levels == 0)
        return err_set(e, why.code, "%s", why.text);
    if (rc < 0) /* of what the files cN.json do not have */
        log_warn("left out: %s", why.text);
    for (size_t i = 0; i < x->n_levels; i++)
        x->levels[i].slo = all_of(&x->levels[i], x->slo.n);
    put_in_order(x);
    return 0;
}

/* ---- streams */

static int read_stream(struct experiment *x, const char *path, bool named, struct err *e)
{
    const char *slash = strrchr(path, '/');
    struct jdoc *d = jdoc_load(path, XP_JSON_MAX, e);
    if (!d)
        return -1;
    int rc = 0;
    if (named || aws_stream_is(jdoc_root(d)))
        rc = aws_stream_read(x, slash ? slash + 1 : path, jdoc_root(d), e);
    jdoc_free(&d);
    return rc < 0 ? err_prefix(e, "%s: ", path) : 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_named(const char *path, const char *const *named)
{
    char *mine = realpath(path, NULL);
    bool is = false;
    for (size_t i = 0; mine && named && named[i] && !is; i++) {
        char *other = realpath(named[i], NULL);
        is = other && strcmp(mine, other) == 0;
        free(other);
    }
    free(mine);
    return is;
}

/* Files of the folder whose names have "streaming" in them, in the order of their names. */
static int read_folder(struct experiment *x, const char *dir, const char *const *named, struct err *e)
{
    char **paths = NULL;
    size_t n = 0;
    struct dirent *entry;
    DIR *d = opendir(dir);
    if (!d)
        return err_sys(e, ERR_USAGE, errno, "cannot read the folder %s", dir);
    while ((entry = readdir(d)) != NULL && n < 1000) {
        if (entry->d_name[0] == '.' || !strstr(entry->d_name, "streaming") ||
            !str_ends(str_of(entry->d_name), STR(".json")))
            continue;
        paths = xreallocarray(paths, n + 1, sizeof *paths);
        paths[n++] = xasprintf("%s/%s", dir, entry->d_name);
    }
    closedir(d);
    if (n > 1)
        qsort(paths, n, sizeof *paths, by_name);
    for (size_t i = 0; i < n; i++) {
        struct err why = {0};
        if (!is_named(paths[i], named) && read_stream(x, paths[i], false, &why) < 0)
            log_warn("%s is left out: %s", paths[i], why.text);
        free(paths[i]);
    }
    free(paths);
    return 0;
}

int xp_read_streams(struct experiment *x, const struct xp_place *p, const char *const *named, struct err *e)
{
    for (size_t i = 0; named && named[i]; i++)
        if (read_stream(x, named[i], true, e) < 0)
            return -1;
    if (strcmp(p->root, p->data) != 0 && read_folder(x, p->root, named, e) < 0)
        return -1;
    if (read_folder(x, p->data, named, e) < 0)
        return -1;
    if (p->run && strcmp(p->run, p->data) != 0 && read_folder(x, p->run, named, e) < 0)
        return -1;
    for (size_t i = 1; i < x->n_streams; i++) { /* by rising load */
        struct xp_stream s = x->streams[i];
        size_t at = i;
        for (; at > 0 && x->streams[at - 1].concurrency > s.concurrency; at--)
            x->streams[at] = x->streams[at - 1];
        x->streams[at] = s;
    }
    return 0;
}

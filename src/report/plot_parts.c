#include "report/plot_parts.h"

#include <math.h>

#include "report/table_parts.h"

#define WIDE 16.0
#define ROW 3.7    /* inches */
#define TITLES 1.0 /* inches */

struct plot_look plot_look_of(double q, size_t k)
{
    static const struct {
        double q;
        struct plot_look look;
    } known[] = {{0.5, {PLOT_GREEN, PLOT_CIRCLE}},
                 {0.9, {PLOT_BLUE, PLOT_DIAMOND}},
                 {0.95, {PLOT_ORANGE, PLOT_SQUARE}},
                 {0.99, {PLOT_RED, PLOT_TRIANGLE}}};
    static const struct plot_look others[] = {
        {0x8B008B, PLOT_DIAMOND}, {0x4B5563, PLOT_CIRCLE}, {0x9A6700, PLOT_SQUARE},  {0x1F4E9C, PLOT_TRIANGLE},
        {0x7A3E9D, PLOT_CIRCLE},  {0x2F6F4F, PLOT_SQUARE}, {0xB0356B, PLOT_DIAMOND}, {0x5B6770, PLOT_TRIANGLE}};
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (fabs(known[i].q - q) < 1e-9)
            return known[i].look;
    return others[k % ARRAY_LEN(others)];
}

struct plot_figure *plot_for(const struct summary *s, const char *what, size_t n)
{
    unsigned rows = (unsigned)MAX((n + 1) / 2, 1u);
    struct plot_figure *f = plot_new(rows, 2, WIDE, TITLES + ROW * rows, 150, 10.5);
    char iso[40];
    fmt_utc_iso(iso, s->started);
    f->made = s->started / NS_PER_S;
    f->title = s->n_endpoints == 1  ? plot_textf(f, "%s of %s", what, s->url[0])
               : s->n_endpoints > 1 ? plot_textf(f, "%s of %zu endpoints", what, s->n_endpoints)
                                    : plot_textf(f, "%s", what);
    f->subtitle = plot_textf(f, "%.10s %.8s UTC  ·  %llu of %llu requests successful  ·  verdict %s%s", iso, iso + 11,
                             (unsigned long long)s->successful, (unsigned long long)s->attempted,
                             verdict_name(s->verdict), s->interrupted ? "  ·  interrupted" : "");
    return f;
}

struct plot_panel *plot_next(struct plot_figure *f, const char *title)
{
    unsigned k = 0;
    while (k + 1 < f->rows * f->cols && f->panel[k].used)
        k++;
    return plot_panel_at(f, k / f->cols, k % f->cols, title);
}

void plot_shrink(struct plot_figure *f)
{
    while (f->rows > 1 && !f->panel[(f->rows - 1) * f->cols].used) {
        f->rows--;
        f->height -= ROW * 72;
    }
}

void plot_limits(struct plot_figure *f, struct plot_panel *p, const struct summary *s, enum metric m, double size)
{
    const struct sum_slo *slo = s->n_levels ? &s->levels[0].slo : NULL;
    for (size_t i = 0; slo && i < slo->n; i++) {
        const struct slo_term *t = slo->t[i].term;
        if (t->metric != (int)m || !isfinite(t->limit))
            continue;
        struct plot_rule r = {plot_textf(f, "%s", t->text), PLOT_RED, PLOT_DOTTED, PLOT_LEFT, false, t->limit / size};
        plot_add_rule(p, &r);
    }
}

const char *plot_unit_name(const char *name)
{
    return strcmp(name, "us") == 0 ? "µs" : name;
}

static void put_failures(struct buf *b, const struct sum_level *l, const char *indent)
{
    for (size_t k = 0; k < l->outcomes.n; k++)
        if (strcmp(l->outcomes.v[k].name, "ok") != 0)
            buf_addf(b, "%s%s: %llu\n", indent, l->outcomes.v[k].name, (unsigned long long)l->outcomes.v[k].n);
}

static void put_levels(struct buf *b, const struct summary *s)
{
    int width = 0, digits = 1;
    char title[128];
    for (size_t i = 0; i < s->n_levels; i++) {
        width = MAX(width, (int)text_width(level_title(title, &s->levels[i])));
        digits = MAX(digits, snprintf(NULL, 0, "%llu", (unsigned long long)s->levels[i].attempted));
    }
    for (size_t i = 0; i < s->n_levels; i++) {
        const struct sum_level *l = &s->levels[i];
        level_title(title, l);
        buf_addf(b, "%s%*s  %*llu ok  %*llu failed  %s\n", title, width - (int)text_width(title), "", digits,
                 (unsigned long long)l->successful, digits, (unsigned long long)l->failed, verdict_name(l->verdict));
        put_failures(b, l, "    ");
    }
}

/* A line of percentiles as the table has them. */
static void put_latency(struct buf *b, const struct summary *s, const struct sum_dist *d, const char *name)
{
    double max = 0;
    for (size_t k = 0; k < s->n_shown; k++) {
        ptrdiff_t q = summary_q_index(s, s->shown[k]);
        if (q >= 0 && isfinite(d->q[q]))
            max = MAX(max, d->q[q]);
    }
    struct unit u = unit_for(max);
    buf_addf(b, "  %-15s", name);
    for (size_t k = 0; k < s->n_shown; k++) {
        ptrdiff_t q = summary_q_index(s, s->shown[k]);
        char cell[GRID_CELL] = "-";
        struct legend unused = {0};
        const bool marks[2] = {q >= 0 && (d->at_least >> q & 1), false};
        if (q >= 0 && isfinite(d->q[q]))
            cell_quantile(cell, d->q[q], u, marks, &unused);
        buf_addf(b, " %*s", (int)(8 + strlen(cell) - text_width(cell)), cell);
    }
    buf_addf(b, " %s\n", plot_unit_name(u.name));
}

static void put_slo(struct buf *b, const struct sum_level *l)
{
    if (l->slo.n)
        buf_addz(b, "\nObjectives:\n");
    for (size_t k = 0; k < l->slo.n; k++)
        buf_addf(b, "  %s: %s\n", l->slo.t[k].term->text,
                 l->slo.t[k].state == STATE_MET      ? "met"
                 : l->slo.t[k].state == STATE_BROKEN ? "BROKEN"
                                                     : "undecided");
    if (l->goodput.terms)
        buf_addf(b, "  goodput: %.4g/s, %.1f %%\n", l->goodput.rps_lo, l->goodput.attainment_lo * 100);
}

static bool has(const struct sum_dist *d)
{
    return d->present && (d->n > 0 || d->censored > 0);
}

static void put_latencies(struct buf *b, const struct summary *s, const struct sum_level *l)
{
    static const struct {
        enum metric m;
        const char *name;
    } shown[] = {
        {METRIC_TTFB, "TTFB"}, {METRIC_TTFT, "TTFT"}, {METRIC_TTFT_RESPONSE, "TTFT response"}, {METRIC_ITL, "ITL"},
        {METRIC_TPOT, "TPOT"}, {METRIC_E2E, "E2E"},   {METRIC_E2E_RESPONSE, "E2E response"},   {METRIC_TOTAL, "Total"}};
    bool tokens = has(&l->lat[METRIC_TTFT]);
    if (!has(&l->lat[METRIC_TOTAL]) && !tokens)
        return;
    buf_addf(b, "\nLatencies:\n  %-15s", "");
    for (size_t k = 0; k < s->n_shown; k++) {
        char name[16];
        buf_addf(b, " %8s", percentile_name(name, s->shown[k]));
    }
    buf_addc(b, '\n');
    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        bool whole = shown[i].m == METRIC_TTFB || shown[i].m == METRIC_TOTAL; /* tell nothing more of a stream */
        if (whole != tokens && has(&l->lat[shown[i].m]))
            put_latency(b, s, &l->lat[shown[i].m], shown[i].name);
    }
}

static void put_one(struct buf *b, const struct summary *s, const struct sum_level *l)
{
    buf_addf(b, "Requests:\n  %llu ok, %llu failed, %llu cancelled in %.4g s\n  %.4g/s attempted, %.4g/s successful\n",
             (unsigned long long)l->successful, (unsigned long long)l->failed, (unsigned long long)l->cancelled,
             l->window_s, l->attempted_rps, l->successful_rps);
    put_failures(b, l, "  ");
    if (isfinite(l->output_tok_s))
        buf_addf(b, "  %.5g input and %.5g output tokens/s\n", l->input_tok_s, l->output_tok_s);
    buf_addf(b, "  verdict %s\n", verdict_name(l->verdict));
    put_latencies(b, s, l);
    put_slo(b, l);
}

void plot_result(struct plot_figure *f, const struct summary *s)
{
    struct plot_panel *p = plot_next(f, "Result");
    struct buf b = BUF_INIT(1u << 20);
    if (s->n_levels == 1)
        put_one(&b, s, &s->levels[0]);
    else
        put_levels(&b, s);
    p->text = plot_textf(f, "%s", b.p ? b.p : "");
    p->ground = PLOT_PAPER;
    if ((p - f->panel) % 2 == 0)
        p->cols = 2; /* nothing comes behind it */
    buf_free(&b);
}

void plot_foot(struct plot_figure *f, bool response, bool at_least, bool small)
{
    const char *texts[] = {
        response ? "Dashed: from the instant at which a request was due (response)." : NULL,
        at_least ? "Hollow: at least so much, since requests timed out or were cancelled." : NULL,
        small ? "Some percentiles rest on fewer requests than a 95 % interval needs (* in the table)." : NULL};
    struct buf b = BUF_INIT(4096);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (texts[i])
            buf_addf(&b, "%s%s", b.n ? "  " : "", texts[i]);
    f->footnote = b.n ? plot_textf(f, "%s", b.p) : NULL;
    buf_free(&b);
}

/* table.c - the table for people: what was asked and came of it, one row per level. */
#include <math.h>

#include "report/report.h"
#include "report/table_parts.h"

struct unit unit_for(double max)
{
    if (max < 1e6)
        return (struct unit){"us", 1e3, max < 1e5 ? 1 : 0};
    if (max < 1e9)
        return (struct unit){"ms", 1e6, max < 1e8 ? 2 : 1};
    return (struct unit){"s", 1e9, max < 1e11 ? 3 : 1};
}

struct unit unit_plain(double max)
{
    return (struct unit){"", 1, max < 10 ? 3 : max < 100 ? 2 : max < 1000 ? 1 : 0};
}

static double largest(const struct summary *s, size_t (*get)(const struct summary *, size_t, size_t, double *, bool *),
                      size_t what)
{
    double max = 0, v;
    bool marks[2];
    for (size_t i = 0; i < s->n_levels; i++)
        for (size_t k = 0; k < s->n_shown; k++)
            if (get(s, i, what << 8 | k, &v, marks) && isfinite(v))
                max = MAX(max, v);
    return max;
}

/* The value of shown percentile (at & 255) of metric (at >> 8) in level i; false: none. marks: at least, few requests.
 */
static size_t metric_at(const struct summary *s, size_t i, size_t at, double *v, bool *marks)
{
    size_t m = at >> 8;
    const struct sum_level *l = &s->levels[i];
    const struct sum_dist *d = m < METRIC_LATENCIES    ? &l->lat[m]
                               : m == METRIC_LATENCIES ? &l->tokens_per_s
                                                       : &l->metrics[m - METRIC_LATENCIES - 1].dist;
    ptrdiff_t q = summary_q_index(s, s->shown[at & 255]);
    if (!d->present || q < 0 || isnan(d->q[q]))
        return 0;
    *v = d->q[q];
    marks[0] = d->at_least >> q & 1;
    marks[1] = d->small >> q & 1;
    return 1;
}

static bool any_present(const struct summary *s, size_t m)
{
    double v;
    bool marks[2];
    for (size_t i = 0; i < s->n_levels; i++)
        for (size_t k = 0; k < s->n_shown; k++)
            if (metric_at(s, i, m << 8 | k, &v, marks))
                return true;
    return false;
}

void cell_quantile(char cell[GRID_CELL], double v, struct unit u, const bool marks[2], struct legend *legend)
{
    snprintf(cell, GRID_CELL, "%s%.*f%s", marks[0] ? "≥" : "", u.decimals, v / u.size, marks[1] ? "*" : "");
    legend->at_least |= marks[0];
    legend->small |= marks[1];
}

static void percentile_columns(struct grid *g, const struct summary *s, size_t m, struct unit u, struct legend *legend)
{
    char name[16];
    for (size_t k = 0; k < s->n_shown; k++) {
        char(*cell)[GRID_CELL] = grid_col(g, percentile_name(name, s->shown[k]));
        for (size_t i = 0; cell && i < s->n_levels; i++) {
            double v;
            bool marks[2];
            if (!metric_at(s, i, m << 8 | k, &v, marks)) {
                snprintf(cell[i], GRID_CELL, "-");
                continue;
            }
            cell_quantile(cell[i], v, u, marks, legend);
        }
    }
}

static void latency_group(struct grid *g, const struct summary *s, enum metric m, const char *title,
                          struct legend *legend)
{
    char text[48];
    if (!any_present(s, m))
        return;
    struct unit u = unit_for(largest(s, metric_at, m));
    snprintf(text, sizeof text, "%s, %s", title, u.name);
    grid_group(g, text);
    percentile_columns(g, s, m, u, legend);
}

char *level_target(char out[GRID_CELL], const struct sum_level *l)
{
    enum { SHORT = 16 }; /* a longer profile makes the table too wide */
    if (l->profile[0])
        snprintf(out, GRID_CELL, "%.*s", SHORT, text_width(l->profile) > SHORT ? "profile" : l->profile);
    else if (l->open && isfinite(l->rate))
        snprintf(out, GRID_CELL, "%.5g%s/s", l->rate, l->sessions.on ? " sessions" : "");
    else if (l->open && l->speed > 0 && l->speed != 1)
        snprintf(out, GRID_CELL, "%s x %.5g", l->arrival, l->speed);
    else if (l->open)
        snprintf(out, GRID_CELL, "%s", l->arrival);
    else
        snprintf(out, GRID_CELL, "%u", l->concurrency);
    return out;
}

char *level_cell(char out[GRID_CELL], const struct sum_level *l)
{
    if (l->name[0])
        snprintf(out, GRID_CELL, "%.*s", GRID_CELL - 1, l->name);
    else
        level_target(out, l);
    return out;
}

static bool any_named(const struct summary *s)
{
    bool any = false;
    for (size_t i = 0; i < s->n_levels; i++)
        any |= s->levels[i].name[0] != 0;
    return any;
}

static const char *target_heading(const struct summary *s)
{
    bool open = false, closed = false;
    for (size_t i = 0; i < s->n_levels; i++)
        *(s->levels[i].open ? &open : &closed) = true;
    return open && closed ? "load" : open ? "rate" : "in flight";
}

const char *level_heading(const struct summary *s)
{
    return any_named(s) ? "level" : target_heading(s);
}

char *level_title(char out[128], const struct sum_level *l)
{
    char target[GRID_CELL];
    snprintf(out, 128, "%s%s%s%s", l->name, l->name[0] ? ", " : "", level_target(target, l),
             l->open ? "" : " in flight");
    return out;
}

void cell_number(char cell[GRID_CELL], double v, int decimals, const char *suffix)
{
    if (isfinite(v))
        snprintf(cell, GRID_CELL, "%.*f%s", decimals, v, suffix);
    else
        snprintf(cell, GRID_CELL, "-");
}

/* Never rounded up to all. */
void cell_percent(char cell[GRID_CELL], double share)
{
    cell_number(cell, share * 100, 1, " %");
    if (share < 1 && strcmp(cell, "100.0 %") == 0)
        snprintf(cell, GRID_CELL, ">99.9 %%");
}

int cell_decimals(double v)
{
    return !isfinite(v) || v >= 1000 ? 0 : v >= 100 ? 1 : 2;
}

static void load_columns(struct grid *g, const struct summary *s)
{
    grid_group(g, "");
    char(*name)[GRID_CELL] = any_named(s) ? grid_col(g, level_heading(s)) : NULL;
    char(*target)[GRID_CELL] = grid_col(g, target_heading(s));
    grid_group(g, "requests");
    char(*actual)[GRID_CELL] = grid_col(g, "actual/s");
    char(*ok)[GRID_CELL] = grid_col(g, "ok");
    char(*sent)[GRID_CELL] = grid_col(g, "sent");
    for (size_t i = 0; i < s->n_levels; i++) {
        const struct sum_level *l = &s->levels[i];
        level_target(target[i], l);
        if (name)
            level_cell(name[i], l);
        cell_number(actual[i], l->attempted_rps, cell_decimals(l->attempted_rps), "");
        cell_percent(ok[i], l->success_rate);
        snprintf(sent[i], GRID_CELL, "%llu", (unsigned long long)l->attempted);
    }
}

static void token_columns(struct grid *g, const struct summary *s, struct legend *legend)
{
    bool in_known = false, out_known = false; /* embeddings and rankings have an input alone */
    for (size_t i = 0; i < s->n_levels; i++) {
        in_known |= isfinite(s->levels[i].input_tok_s);
        out_known |= isfinite(s->levels[i].output_tok_s);
    }
    if (!in_known && !out_known)
        return;
    if (any_present(s, METRIC_LATENCIES)) {
        double max = largest(s, metric_at, METRIC_LATENCIES);
        grid_group(g, "tokens/s per request");
        percentile_columns(g, s, METRIC_LATENCIES, (struct unit){"", 1, max < 1000 ? 1 : 0}, legend);
    }
    grid_group(g, "tokens/s in total");
    char(*in)[GRID_CELL] = grid_col(g, "input");
    char(*out)[GRID_CELL] = out_known ? grid_col(g, "output") : NULL;
    for (size_t i = 0; i < s->n_levels; i++) {
        cell_number(in[i], s->levels[i].input_tok_s, 1, "");
        if (out)
            cell_number(out[i], s->levels[i].output_tok_s, 1, "");
    }
}

/* Numbers of response headers, which have the unit that their name may tell. */
static void header_groups(struct grid *g, const struct summary *s, struct legend *legend)
{
    for (size_t i = 0; i < s->n_metrics; i++) {
        size_t m = METRIC_LATENCIES + 1 + i;
        if (!any_present(s, m))
            continue;
        char title[HEADER_METRIC_NAME + 16];
        snprintf(title, sizeof title, "header %s", s->metric_name[i]);
        grid_group(g, title);
        percentile_columns(g, s, m, unit_plain(largest(s, metric_at, m)), legend);
    }
}

void report_table(struct buf *out, const struct summary *s, const struct table_opts *o)
{
    struct grid g;
    struct legend legend = {0};
    struct paint p = paint_of(o->colour);
    int width = o->width > 0 ? MAX(o->width, 40) : 120;
    bool open = false;
    for (size_t i = 0; i < s->n_levels; i++)
        open |= s->levels[i].open;
    if (s->n_levels == 0) {
        buf_addz(out, "No level was run.\n");
        return;
    }
    grid_init(&g, s->n_levels);
    load_columns(&g, s);
    if (open) {
        latency_group(&g, s, METRIC_TTFT, "TTFT service", &legend);
        latency_group(&g, s, METRIC_TTFT_RESPONSE, "TTFT response", &legend);
    } else {
        latency_group(&g, s, METRIC_TTFT, "TTFT", &legend);
    }
    bool plain = true;
    for (size_t i = 0; i < s->n_levels; i++)
        plain &= s->levels[i].plain;
    if (plain)
        latency_group(&g, s, METRIC_TTFB, "TTFB", &legend);
    bool by_token = true;
    for (size_t i = 0; i < s->n_levels; i++)
        by_token &= s->levels[i].itl_by_token || s->levels[i].lat[METRIC_ITL].n == 0;
    latency_group(&g, s, METRIC_ITL, by_token ? "ITL" : "ITL (chunk)", &legend);
    if (open) {
        latency_group(&g, s, METRIC_E2E, "E2E service", &legend);
        latency_group(&g, s, METRIC_E2E_RESPONSE, "E2E response", &legend);
    } else {
        latency_group(&g, s, METRIC_E2E, "E2E", &legend);
    }
    token_columns(&g, s, &legend);
    header_groups(&g, s, &legend);
    table_server_columns(&g, s);
    grid_print(out, &g, width, o->colour);
    grid_free(&g);
    table_endpoints(out, s, &legend, width, o->colour);
    table_groups(out, s, s->by, &legend, width, o->colour);

    legend.open = open;
    table_legend(out, &legend, &p, width);
    for (size_t i = 0; i < s->n_levels; i++)
        table_level(out, s, &s->levels[i], &p, width);
    table_saturation(out, s, &p, width);
    table_notes(out, s, &p, width);
}

/* table_endpoints.c - the endpoints of each level side by side, and the groups of its requests. */
#include <math.h>

#include "base/xalloc.h"
#include "report/table_parts.h"

#define NAME_CHARS 40 /* of a URL; the middle of a longer one is left out */

struct row {
    const struct sum_level *level;
    const char *name;
    const struct sum_endpoint *p;
};

enum { TTFT, ITL, E2E, HEADERS /* from here on, one each */ };

static const struct sum_dist *dist_of(const struct sum_endpoint *p, size_t k)
{
    if (k >= HEADERS)
        return &p->metrics[k - HEADERS].dist;
    return k == TTFT ? &p->ttft : k == ITL ? &p->itl : &p->e2e;
}

/* Without the scheme where it is the usual one. Bytes are cut between characters. */
static void short_name(char cell[GRID_CELL], const char *url)
{
    struct str s = str_of(url);
    if (str_starts(s, STR("http://")))
        s = str_sub(s, 7, s.n);
    if (s.n <= NAME_CHARS) {
        snprintf(cell, GRID_CELL, STR_FMT, STR_ARG(s));
        return;
    }
    size_t head = 24, tail = s.n - (NAME_CHARS - 25);
    while (head > 0 && ((unsigned char)s.p[head] & 0xc0) == 0x80)
        head--;
    while (tail < s.n && ((unsigned char)s.p[tail] & 0xc0) == 0x80)
        tail++;
    snprintf(cell, GRID_CELL, "%.*s…%.*s", (int)head, s.p, (int)(s.n - tail), s.p + tail);
}

static void load_columns(struct grid *g, const struct summary *s, const struct row *row, const char *heading)
{
    grid_group(g, "");
    char(*target)[GRID_CELL] = s->n_levels > 1 ? grid_col(g, level_heading(s)) : NULL;
    char(*name)[GRID_CELL] = grid_col(g, heading);
    grid_group(g, "requests");
    char(*share)[GRID_CELL] = grid_col(g, "share");
    char(*ok)[GRID_CELL] = grid_col(g, "ok");
    char(*sent)[GRID_CELL] = grid_col(g, "sent");
    for (size_t i = 0; i < g->n_rows; i++) {
        const struct sum_endpoint *p = row[i].p;
        uint64_t done = p->successful + p->failed;
        if (target)
            level_cell(target[i], row[i].level);
        short_name(name[i], row[i].name);
        cell_percent(share[i], p->share);
        cell_percent(ok[i], done ? (double)p->successful / (double)done : NAN);
        snprintf(sent[i], GRID_CELL, "%llu", (unsigned long long)p->attempted);
    }
}

static void quantile_columns(struct grid *g, const struct summary *s, const struct row *row, size_t k,
                             const char *title, struct legend *legend)
{
    double max = 0;
    bool any = false;
    for (size_t i = 0; i < g->n_rows; i++) {
        const struct sum_dist *d = dist_of(row[i].p, k);
        for (size_t n = 0; d->present && n < s->n_shown; n++) {
            double v = d->q[summary_q_index(s, s->shown[n])];
            any |= isfinite(v);
            max = isfinite(v) ? MAX(max, v) : max;
        }
    }
    if (!any)
        return;
    char text[48], name[16];
    struct unit u = k < HEADERS ? unit_for(max) : unit_plain(max);
    snprintf(text, sizeof text, "%s%s%s%.8s", k < HEADERS ? "" : "header ", title, u.name[0] ? ", " : "", u.name);
    grid_group(g, text);
    for (size_t n = 0; n < s->n_shown; n++) {
        ptrdiff_t q = summary_q_index(s, s->shown[n]);
        char(*cell)[GRID_CELL] = grid_col(g, percentile_name(name, s->shown[n]));
        for (size_t i = 0; cell && q >= 0 && i < g->n_rows; i++) {
            const struct sum_dist *d = dist_of(row[i].p, k);
            const bool marks[] = {d->at_least >> q & 1, d->small >> q & 1};
            if (!d->present || isnan(d->q[q]))
                snprintf(cell[i], GRID_CELL, "-");
            else
                cell_quantile(cell[i], d->q[q], u, marks, legend);
        }
    }
}

static void print_rows(struct buf *out, const struct summary *s, const struct row *row, size_t n, const char *heading,
                       struct legend *legend, int width, bool colour)
{
    bool open = false, by_token = true;
    for (size_t i = 0; i < n; i++) {
        open |= row[i].level->open;
        by_token &= row[i].p->itl_by_token || row[i].p->itl.n == 0;
    }
    struct grid g;
    grid_init(&g, n);
    load_columns(&g, s, row, heading);
    grid_group(&g, "tokens/s");
    char(*rate)[GRID_CELL] = grid_col(&g, "output");
    for (size_t i = 0; rate && i < n; i++)
        cell_number(rate[i], row[i].p->output_tok_s, 1, "");
    quantile_columns(&g, s, row, TTFT, open ? "TTFT service" : "TTFT", legend);
    quantile_columns(&g, s, row, ITL, by_token ? "ITL" : "ITL (chunk)", legend);
    quantile_columns(&g, s, row, E2E, open ? "E2E service" : "E2E", legend);
    for (size_t i = 0; i < s->n_metrics; i++)
        quantile_columns(&g, s, row, HEADERS + i, s->metric_name[i], legend);
    buf_addc(out, '\n');
    grid_print(out, &g, width, colour);
    grid_free(&g);
}

void table_endpoints(struct buf *out, const struct summary *s, struct legend *legend, int width, bool colour)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_levels; i++)
        n += s->levels[i].n_endpoints;
    struct row *row = xcalloc(n + 1, sizeof *row);
    n = 0;
    for (size_t i = 0; i < s->n_levels; i++) {
        const struct sum_level *l = &s->levels[i];
        for (size_t k = 0; k < l->n_endpoints; k++)
            row[n++] = (struct row){l, l->endpoints[k].url, &l->endpoints[k]};
    }
    if (n > 0)
        print_rows(out, s, row, n, "endpoint", legend, width, colour);
    free(row);
}

static const char *kind_heading(enum group_kind k)
{
    return k == GROUP_INPUT ? "input tokens" : group_kind_name(k);
}

void table_groups(struct buf *out, const struct summary *s, unsigned kinds, struct legend *legend, int width,
                  bool colour)
{
    size_t most = 0;
    for (size_t i = 0; i < s->n_levels; i++)
        most += s->levels[i].n_groups;
    struct row *row = xcalloc(most + 1, sizeof *row);
    for (unsigned k = 0; k < GROUP_KINDS; k++) {
        size_t n = 0;
        for (size_t i = 0; i < s->n_levels && (kinds >> k & 1); i++) {
            const struct sum_level *l = &s->levels[i];
            for (size_t m = 0; m < l->n_groups; m++)
                if ((unsigned)l->groups[m].kind == k)
                    row[n++] = (struct row){l, l->groups[m].name, &l->groups[m].part};
        }
        if (n > 0)
            print_rows(out, s, row, n, kind_heading((enum group_kind)k), legend, width, colour);
    }
    free(row);
}

/* table_server.c - the server's own figures (--metrics-url) in the table: columns beside the client's, and lines below.
 */
#include <math.h>

#include "report/table_parts.h"

#define LINE_BYTES 2000

static void put_part(struct buf *t, const char *fmt, ...) ATTR_PRINTF(2, 3);
static void put_part(struct buf *t, const char *fmt, ...)
{
    va_list ap;
    if (t->n)
        buf_addz(t, " · ");
    va_start(ap, fmt);
    buf_vaddf(t, fmt, ap);
    va_end(ap);
}

struct column {
    const char *group, *title; /* group NULL: that of the column before */
    double (*of)(const struct sum_server *v);
    double scale;
    const char *suffix;
};

static double mean_of(const struct sum_gauge *v)
{
    return v->present ? v->mean : NAN;
}

static double running_of(const struct sum_server *v)
{
    return mean_of(&v->running);
}

static double waiting_of(const struct sum_server *v)
{
    return mean_of(&v->waiting);
}

static double kv_of(const struct sum_server *v)
{
    return mean_of(&v->kv_usage);
}

static double hits_of(const struct sum_server *v)
{
    return v->on ? v->prefix_rate : NAN;
}

static double power_of(const struct sum_server *v)
{
    return mean_of(&v->power);
}

static double token_of(const struct sum_server *v)
{
    return v->on && v->gpus ? v->j_per_output_token : NAN;
}

static const struct column columns[] = {
    {"server, mean", "running", running_of, 1, ""},
    {NULL, "waiting", waiting_of, 1, ""},
    {NULL, "KV cache", kv_of, 100, " %"},
    {NULL, "prefix hits", hits_of, 100, " %"},
    {"GPU", "W", power_of, 1, ""},
    {NULL, "J/token", token_of, 1, ""},
};

void table_server_columns(struct grid *g, const struct summary *s)
{
    const char *group = NULL; /* not begun yet: none of its columns has a value so far */
    for (size_t k = 0; k < ARRAY_LEN(columns); k++) {
        const struct column *c = &columns[k];
        bool any = false;
        group = c->group ? c->group : group;
        for (size_t i = 0; i < s->n_levels; i++)
            any |= isfinite(c->of(&s->levels[i].server));
        if (!any)
            continue;
        if (group)
            grid_group(g, group);
        group = NULL;
        char(*cell)[GRID_CELL] = grid_col(g, c->title);
        for (size_t i = 0; cell && i < s->n_levels; i++) {
            double v = c->of(&s->levels[i].server) * c->scale;
            cell_number(cell[i], v, v < 10 ? 2 : 1, c->suffix);
        }
    }
}

static void put_gauge(struct buf *t, const char *name, const struct sum_gauge *v, double scale, const char *unit)
{
    if (v->present)
        put_part(t, "%s %.3g%s (most %.3g%s)", name, v->mean * scale, unit, v->max * scale, unit);
}

void table_server_lines(struct buf *out, const struct sum_level *l, int width)
{
    const struct sum_server *v = &l->server;
    struct buf t = BUF_INIT(LINE_BYTES);
    if (!v->on)
        return;
    put_gauge(&t, "running", &v->running, 1, "");
    put_gauge(&t, "waiting", &v->waiting, 1, "");
    put_gauge(&t, "KV cache", &v->kv_usage, 100, " %");
    if (isfinite(v->prefix_rate))
        put_part(&t, "prefix cache hits %.3g %%", v->prefix_rate * 100);
    if (isfinite(v->preemptions))
        put_part(&t, "preemptions %.0f", v->preemptions);
    if (t.n)
        text_wrap(out, "   server   ", t.p, width);
    buf_clear(&t);
    if (v->gpus) {
        put_gauge(&t, "power", &v->power, 1, " W");
        put_gauge(&t, "busy", &v->gpu_util, 100, " %");
        if (isfinite(v->energy_j))
            put_part(&t, "energy %.4g J%s", v->energy_j, v->by_power ? " (power x time)" : "");
        if (isfinite(v->j_per_output_token))
            put_part(&t, "%.3g J per output token", v->j_per_output_token);
        put_part(&t, "%u GPU%s", v->gpus, v->gpus == 1 ? "" : "s");
        text_wrap(out, "   gpu      ", t.p, width);
    }
    buf_free(&t);
}

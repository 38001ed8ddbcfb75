/* report_calibration.c - what `weir calibrate` found, for people and as calibration.json ("weir.calibration/1",
 * docs/FORMATS.md). */
#include <math.h>

#include "base/jout.h"
#include "report/grid.h"
#include "report/report.h"

#define MS 1e6 /* ns in one */
#define US 1e3

static void put_dist(struct jout *j, const char *key, const struct cal_dist *d, double unit, int decimals)
{
    jo_key(j, key);
    jo_obj(j);
    jo_ku64(j, "n", d->n);
    jo_kfixed(j, "p50", d->p50 / unit, decimals);
    jo_kfixed(j, "p99", d->p99 / unit, decimals);
    jo_kfixed(j, "max", d->max / unit, decimals);
    jo_end_obj(j);
}

static void put_rows(struct jout *j, const char *key, const struct cal_row *rows, size_t n)
{
    jo_key(j, key);
    jo_arr(j);
    for (size_t i = 0; i < n; i++) {
        const struct cal_row *r = &rows[i];
        jo_obj(j);
        jo_ku64(j, "streams", r->streams);
        jo_kfixed(j, "asked_per_s", r->asked_per_s, 1);
        jo_kfixed(j, "events_per_s", r->events_per_s, 1);
        put_dist(j, "ttft_error_ms", &r->ttft_error, MS, 6);
        put_dist(j, "itl_error_ms", &r->itl_error, MS, 6);
        put_dist(j, "client_lag_us", &r->lag, US, 3);
        jo_kfixed(j, "busy", r->busy, 4);
        jo_kfixed(j, "server_busy", r->server_busy, 4);
        jo_kfixed(j, "events_per_cpu_s", r->events_per_cpu_s, 1);
        jo_ku64(j, "requests", r->requests);
        jo_ku64(j, "failed", r->failed);
        jo_ku64(j, "unmatched", r->unmatched);
        jo_kstrz(j, "verdict", verdict_name(r->verdict));
        jo_kstrz(j, "limit", cal_limit_name(r->limit));
        jo_end_obj(j);
    }
    jo_end_arr(j);
}

void report_calibration_json(struct buf *out, const struct calibration *c)
{
    struct jout j;
    char iso[40];
    jo_init(&j, out, 2);
    jo_obj(&j);
    jo_kstrz(&j, "schema", "weir.calibration/1");
    jo_kstrz(&j, "weir", c->version);
    jo_kstrz(&j, "date", fmt_utc_iso(iso, c->started));
    jo_key(&j, "machine");
    jo_obj(&j);
    jo_kstrz(&j, "cpu", c->cpu[0] ? c->cpu : NULL);
    jo_ku64(&j, "cores", c->cores);
    jo_kstrz(&j, "kernel", c->kernel[0] ? c->kernel : NULL);
    jo_ku64(&j, "client_cores", c->client_cores);
    jo_ku64(&j, "server_cores", c->server_cores);
    jo_end_obj(&j);
    jo_kbool(&j, "quick", c->quick);
    jo_kbool(&j, "interrupted", c->interrupted);
    jo_kbool(&j, "other_server", c->other_server);
    put_rows(&j, "levels", c->levels, c->n_levels);
    put_rows(&j, "rates", c->rates, c->n_rates);
    jo_kfixed(&j, "ceiling_events_per_s", c->ceiling, 1);
    jo_kstrz(&j, "stopped", c->stopped[0] ? c->stopped : NULL);
    jo_end_obj(&j);
    buf_addc(out, '\n');
}

/* --- the table --- */

static const struct cal_row *row_at(const struct calibration *c, size_t i)
{
    return i < c->n_levels ? &c->levels[i] : &c->rates[i - c->n_levels];
}

static void cell(char out[GRID_CELL], double v, int decimals)
{
    if (isfinite(v))
        snprintf(out, GRID_CELL, "%.*f", decimals, v);
    else
        snprintf(out, GRID_CELL, "-");
}

static void dist_group(struct grid *g, const struct calibration *c, const char *title, size_t at, double unit,
                       int decimals)
{
    grid_group(g, title);
    char(*p50)[GRID_CELL] = grid_col(g, "p50");
    char(*p99)[GRID_CELL] = grid_col(g, "p99");
    char(*max)[GRID_CELL] = grid_col(g, "max");
    for (size_t i = 0; i < g->n_rows; i++) {
        const struct cal_dist *d = (const struct cal_dist *)(const void *)((const char *)row_at(c, i) + at);
        cell(p50[i], d->p50 / unit, decimals);
        cell(p99[i], d->p99 / unit, decimals);
        cell(max[i], d->max / unit, decimals);
    }
}

static void load_columns(struct grid *g, const struct calibration *c)
{
    grid_group(g, "");
    char(*streams)[GRID_CELL] = grid_col(g, "streams");
    grid_group(g, "events/s");
    char(*asked)[GRID_CELL] = c->other_server ? NULL : grid_col(g, "asked");
    char(*came)[GRID_CELL] = grid_col(g, "came");
    for (size_t i = 0; i < g->n_rows; i++) {
        const struct cal_row *r = row_at(c, i);
        snprintf(streams[i], GRID_CELL, "%u", r->streams);
        if (asked)
            cell(asked[i], r->asked_per_s, 0);
        cell(came[i], r->events_per_s, 0);
    }
}

static void cost_columns(struct grid *g, const struct calibration *c)
{
    grid_group(g, "busy, %");
    char(*client)[GRID_CELL] = grid_col(g, "client");
    char(*server)[GRID_CELL] = c->other_server ? NULL : grid_col(g, "sim");
    grid_group(g, "events per");
    char(*per)[GRID_CELL] = grid_col(g, "CPU-s");
    for (size_t i = 0; i < g->n_rows; i++) {
        const struct cal_row *r = row_at(c, i);
        cell(client[i], r->busy * 100, 0);
        if (server)
            cell(server[i], r->server_busy * 100, 0);
        cell(per[i], r->events_per_cpu_s, 0);
    }
}

static void say_ceiling(struct buf *out, const struct calibration *c, int width, const struct paint *p)
{
    char text[700];
    buf_addf(out, "\n%s", p->bold);
    if (isfinite(c->ceiling))
        snprintf(text, sizeof text, "%.0f events/s with p99 of both errors at most 1 ms", c->ceiling);
    else
        snprintf(text, sizeof text, "none: no load kept p99 of both errors at most 1 ms");
    text_wrap(out, "ceiling  ", text, width);
    buf_addz(out, p->off);
    if (c->client_cores)
        snprintf(text, sizeof text, "%s, %u cores: %u for the client, %u for the simulator; %s", c->cpu, c->cores,
                 c->client_cores, c->server_cores, c->kernel);
    else
        snprintf(text, sizeof text, "%s, %u %s; %s", c->cpu, c->cores, c->cores == 1 ? "core" : "cores", c->kernel);
    text_wrap(out, "machine  ", text, width);
    if (c->interrupted)
        text_wrap(out, "stopped  ", "interrupted", width);
    else if (c->stopped[0])
        text_wrap(out, "stopped  ", c->stopped, width);
}

void report_calibration_table(struct buf *out, const struct calibration *c, const struct table_opts *o)
{
    struct grid g;
    struct paint p = paint_of(o->colour);
    int width = o->width > 0 ? MAX(o->width, 40) : 120;
    if (c->n_levels + c->n_rates == 0) {
        buf_addz(out, "Nothing was measured.\n");
        return;
    }
    grid_init(&g, c->n_levels + c->n_rates);
    load_columns(&g, c);
    dist_group(&g, c, "TTFT error, ms", offsetof(struct cal_row, ttft_error), MS, 3);
    dist_group(&g, c, "ITL error, ms", offsetof(struct cal_row, itl_error), MS, 3);
    dist_group(&g, c, "client lag, us", offsetof(struct cal_row, lag), US, 1);
    cost_columns(&g, c);
    grid_print(out, &g, width, o->colour);
    grid_free(&g);
    say_ceiling(out, c, width, &p);
}

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/plot_qps.h"

static const struct plot_qps_level levels[] = {
    {20, 19.82, 85.2, {.4, .9, 1.2, 2.5}, {5.5, 7, 8, 12}, {55, 60, 62, 70}, NAN, NAN},
    {1, 1.0, 100, {.12, .14, .15, .18}, {2.5, 2.7, 2.8, 3}, {85.3, 90, 92.1, 98.5}, NAN, NAN},
    {10, 9.95, 98.5, {.25, .35, .4, .5}, {4.1, 4.5, 4.8, 5.2}, {68.5, 72.1, 75.3, 80.2}, NAN, NAN}};

static const struct plot_series *series(const struct plot_panel *p, const char *label)
{
    for (size_t i = 0; i < p->n_series; i++)
        if (p->series[i].label && strcmp(p->series[i].label, label) == 0)
            return &p->series[i];
    fail_msg("no series %s", label);
    return NULL;
}

/* Titles, colours, markers and lines of the seed's document; levels by rising target. */
static void as_documented(void **state)
{
    (void)state;
    static const struct {
        unsigned cell;
        const char *title;
        double first, last; /* of P95 */
    } quantiles[] = {{1, "Time to First Token (TTFT)", .15, 1.2},
                     {2, "End-to-End Request Latency", 2.8, 8},
                     {4, "Generation Speed (Tokens/sec)", 92.1, 62}};
    static const struct {
        const char *label;
        uint32_t colour;
        enum plot_marker marker;
    } looks[] = {{"P50", 0x06A77D, PLOT_CIRCLE},
                 {"P90", 0x2E86AB, PLOT_DIAMOND},
                 {"P95", 0xF18F01, PLOT_SQUARE},
                 {"P99", 0xC73E1D, PLOT_TRIANGLE}};
    struct plot_qps q = {3, levels, "words", 5};
    struct plot_figure *f = plot_qps_figure(&q);
    assert_string_equal(f->title, "QPS Benchmark Results");
    assert_true(f->width * f->dpi / 72 == 4800 && f->height * f->dpi / 72 == 1800);
    assert_int_equal(f->rows * 10 + f->cols, 32);

    const struct plot_panel *p = &f->panel[0];
    const struct plot_series *s = series(p, "Actual QPS");
    assert_string_equal(p->title, "Throughput and Success Rate");
    assert_true(s->colour == 0x2E86AB && s->marker == PLOT_CIRCLE && s->side == PLOT_LEFT);
    assert_true(s->x[0] == 1 && s->x[2] == 20 && s->y[0] == 1.0 && s->y[1] == 9.95 && s->y[2] == 19.82);
    s = series(p, "Success Rate");
    assert_true(s->colour == 0xA23B72 && s->marker == PLOT_SQUARE && s->side == PLOT_RIGHT && s->y[2] == 85.2);
    assert_true(p->right.lo == 0 && p->right.hi == 105);
    s = series(p, "Target QPS");
    assert_true(s->line == PLOT_DASHED && s->y[1] == s->x[1]);
    assert_int_equal(p->n_rules, 1);
    assert_string_equal(p->rule[0].label, "95% threshold");
    assert_true(p->rule[0].at == 95 && p->rule[0].line == PLOT_DOTTED && p->rule[0].side == PLOT_RIGHT);

    for (size_t i = 0; i < ARRAY_LEN(quantiles); i++) {
        p = &f->panel[quantiles[i].cell];
        assert_string_equal(p->title, quantiles[i].title);
        for (size_t k = 0; k < ARRAY_LEN(looks); k++) {
            s = series(p, looks[k].label);
            assert_int_equal(s->colour, looks[k].colour);
            assert_int_equal(s->marker, looks[k].marker);
        }
        s = series(p, "P95");
        assert_true(s->n == 3 && s->y[0] == quantiles[i].first && s->y[2] == quantiles[i].last);
    }
    p = &f->panel[1];
    assert_true(p->n_rules == 1 && p->rule[0].at == 1 && p->rule[0].line == PLOT_DOTTED);
    assert_string_equal(p->rule[0].label, "1s threshold");
    assert_string_equal(f->panel[3].title, "Summary & Recommendations");
    assert_string_equal(f->panel[3].text, "words");
    assert_true(f->panel[3].ground == 0xF5DEB3 && f->panel[3].rows == 2 && !f->panel[5].used);
    plot_free(&f);
}

static void cost_and_aggregate(void **state)
{
    (void)state;
    struct plot_qps_level l[3];
    memcpy(l, levels, sizeof l);
    l[0].cost_per_million = 3;
    l[2].cost_per_million = 4;
    l[1].output_tok_s = 500;
    struct plot_qps q = {3, l, NULL, 5};
    struct plot_figure *f = plot_qps_figure(&q);
    assert_true(f->panel[3].rows == 1 && f->panel[5].used);
    assert_string_equal(f->panel[5].title, "Cost per Million Tokens");
    const struct plot_series *s = series(&f->panel[5], "Cost");
    assert_true(isnan(s->y[0]) && s->y[1] == 4 && s->y[2] == 3);
    s = series(&f->panel[5], "Success below 95%");
    assert_true(s->marker == PLOT_CROSS && s->line == PLOT_NO_LINE && isnan(s->y[1]) && s->y[2] == 3);
    s = series(&f->panel[4], "All requests (right)");
    assert_true(s->side == PLOT_RIGHT && s->colour == 0x8B008B && s->y[0] == 500);
    plot_free(&f);
}

static void none(void **state)
{
    (void)state;
    struct plot_qps q = {0};
    struct plot_figure *f = plot_qps_figure(&q);
    assert_int_equal(series(&f->panel[0], "Actual QPS")->n, 0);
    plot_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_documented),
        cmocka_unit_test(cost_and_aggregate),
        cmocka_unit_test(none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

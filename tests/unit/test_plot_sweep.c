#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "plot_recorder.h"
#include "records.h"
#include "report/plot.h"

struct shape {
    bool open;
    size_t n;
    double first, factor; /* of the load */
    int failing;          /* of ten requests, in the last level */
    const char *name;     /* of each level; NULL: none */
    bool falling;
    const char *slo, *goodput;
};

static double load_of(const struct shape *w, size_t k)
{
    return round(w->first * pow(w->factor, (double)(w->falling ? w->n - 1 - k : k)));
}

/* Ten requests in each level, the answers the slower the greater the load. */
static struct acc *run_of(const struct shape *w, struct slo_set *slo, struct slo_set *goodput)
{
    struct acc_opts o = {0};
    struct err e = {0};
    if (w->slo) {
        assert_int_equal(slo_parse(slo, str_of(w->slo), &e), 0);
        o.slo = slo;
    }
    if (w->goodput) {
        assert_int_equal(goodput_parse(goodput, str_of(w->goodput), &e), 0);
        o.goodput = goodput;
    }
    struct acc *a = acc_new(&o);
    struct rec_slab s;
    rec_slab_init(&s, 1000);
    acc_sink.run(a, &(struct rec_run){.version = "1", .epoch_unix = 1700000000LL * NS_PER_S});
    for (uint32_t k = 0; k < w->n; k++) {
        struct rec_level line = level_line(w->open, 1000, 3000, false);
        double load = load_of(w, k);
        line.level = k;
        line.begin = T(1000);
        line.rate = w->open ? load : 0;
        line.concurrency = w->open ? 0 : (uint32_t)load;
        if (w->name)
            snprintf(line.name, sizeof line.name, "%s %u", w->name, k);
        acc_sink.level(a, &line);
        for (int i = 0; i < 10; i++) {
            double due = 1000 + i * 200;
            struct record *r = success(&s, due, due + 0.01, due + 20 + load, 5, 4 + load / 10);
            if (k + 1 == w->n && i < w->failing) {
                rec_recycle(&s, r);
                r = failure(&s, OUT_HTTP, 503, due, due + 0.01, due + 5);
            }
            r->level = k;
            feed(a, &s, r);
        }
        line.final = true;
        line.scheduled = 10;
        acc_sink.level(a, &line);
    }
    rec_slab_free(&s);
    return a;
}

static const struct plot_panel *panel(const struct plot_figure *f, const char *title)
{
    for (size_t i = 0; i < PLOT_CELLS_MAX; i++)
        if (f->panel[i].used && strcmp(f->panel[i].title, title) == 0)
            return &f->panel[i];
    return NULL;
}

static const struct plot_series *series(const struct plot_panel *p, const char *label)
{
    for (size_t i = 0; p && i < p->n_series; i++)
        if (p->series[i].label && strcmp(p->series[i].label, label) == 0)
            return &p->series[i];
    fail_msg("no series %s", label);
    return NULL;
}

/* Every latency series holds the summary's own percentile in the axis's unit, at its level's load. */
static void values_are_the_summarys(void **state)
{
    (void)state;
    static const struct {
        const char *title, *axis;
        enum metric m;
    } latencies[] = {{"Time to first token (TTFT)", "TTFT (ms)", METRIC_TTFT},
                     {"End-to-end latency (E2E)", "E2E (ms)", METRIC_E2E},
                     {"Gaps between chunks (ITL)", "ITL (ms)", METRIC_ITL},
                     {"Time per output token (TPOT)", "TPOT (ms)", METRIC_TPOT}};
    for (int falling = 0; falling < 2; falling++) {
        struct shape w = {.open = true, .n = 4, .first = 2, .factor = 3, .failing = 4, .falling = falling};
        struct acc *a = run_of(&w, NULL, NULL);
        const struct summary *s = acc_finish(a);
        struct plot_figure *f = plot_summary(s);
        for (size_t k = 0; k < ARRAY_LEN(latencies); k++) {
            const struct plot_panel *p = panel(f, latencies[k].title);
            assert_non_null(p);
            assert_string_equal(p->left.label, latencies[k].axis);
            const struct plot_series *p95 = series(p, "p95");
            assert_int_equal(p95->n, 4);
            for (size_t i = 0; i < 4; i++) {
                size_t level = falling ? 3 - i : i; /* always by rising load */
                assert_true(p95->x[i] == load_of(&w, level));
                assert_true(fabs(p95->y[i] - s->levels[level].lat[latencies[k].m].q[2] / 1e6) < 1e-9);
            }
        }
        const struct plot_panel *p = panel(f, "Throughput and success rate");
        assert_string_equal(p->x.label, "Rate (requests/s)");
        size_t last = falling ? 0 : 3; /* the level that fails */
        assert_true(fabs(series(p, "success rate (right)")->y[last] - 60) < 1e-9);
        assert_true(fabs(series(p, "successful")->y[last] - 3) < 1e-9); /* 6 in 2 s */
        assert_non_null(series(panel(f, "Time to first token (TTFT)"), "response"));
        assert_non_null(strstr(f->footnote, "Dashed"));
        assert_non_null(strstr(f->subtitle, "2023-11-14 22:13:"));
        assert_non_null(strstr(f->subtitle, "36 of 40 requests successful"));
        plot_free(&f);
        acc_free(&a);
    }
}

static void closed_loop_and_objectives(void **state)
{
    (void)state;
    struct slo_set slo = {0}, goodput = {0};
    struct shape w = {.n = 3,
                      .first = 4,
                      .factor = 2,
                      .slo = "ttft:p95<50ms,e2e:p99<1s,error_rate<1%,success_rate>90%",
                      .goodput = "ttft:30ms"};
    struct acc *a = run_of(&w, &slo, &goodput);
    const struct summary *sum = acc_finish(a);
    struct plot_figure *f = plot_summary(sum);
    const struct plot_panel *p = panel(f, "Time to first token (TTFT)");
    assert_string_equal(p->x.label, "Requests in flight");
    assert_int_equal(p->n_rules, 1);
    assert_string_equal(p->rule[0].label, "ttft:p95<50ms");
    assert_true(p->rule[0].at == 50);
    for (size_t i = 0; i < p->n_series; i++)
        assert_int_equal(p->series[i].line, PLOT_SOLID); /* no response in a closed loop */
    p = panel(f, "Throughput and success rate");
    assert_int_equal(p->n_rules, 3);
    assert_true(sum->saturation.first >= 0); /* ten requests in each level: their rate cannot grow */
    assert_string_equal(p->rule[2].label, "saturated");
    assert_true(p->rule[2].upright && p->rule[2].at == sum->levels[sum->saturation.first].concurrency);
    assert_string_equal(p->rule[0].label, "error_rate<1%");
    assert_true(fabs(p->rule[0].at - 99) < 1e-9 && p->rule[0].side == PLOT_RIGHT);
    assert_true(fabs(p->rule[1].at - 90) < 1e-9);
    p = panel(f, "Goodput: ttft:30ms");
    assert_non_null(p);
    const struct plot_series *met = series(p, "met every objective");
    assert_true(met->y[0] == 5 && met->y[1] == 5 && met->y[2] == 0); /* TTFT is 20 ms + load */
    assert_true(series(p, "attainment (right)")->y[0] == 100);
    plot_free(&f);
    acc_free(&a);
}

static void names_and_one_level(void **state)
{
    (void)state;
    struct shape w = {.open = true, .n = 3, .first = 5, .factor = 1, .name = "a level"};
    struct acc *a = run_of(&w, NULL, NULL);
    struct plot_figure *f = plot_summary(acc_finish(a));
    const struct plot_panel *p = panel(f, "Output tokens");
    assert_string_equal(p->x.label, "Level");
    assert_string_equal(p->x.names[2], "a level 2");
    assert_true(series(p, "all requests")->x[2] == 2);
    plot_free(&f);
    acc_free(&a);

    w = (struct shape){.open = true, .n = 1, .first = 5, .factor = 1, .failing = 3};
    a = run_of(&w, NULL, NULL);
    const struct summary *s = acc_finish(a);
    f = plot_summary(s);
    p = panel(f, "Requests");
    assert_non_null(strstr(f->title, "Timeline at 5/s"));
    double started = 0, failed = 0;
    for (size_t i = 0; i < s->levels[0].n_rows; i++) {
        started += series(p, "started")->y[i];
        failed += series(p, "failed")->y[i];
    }
    assert_true(started == 10 && failed == 3);
    p = panel(f, "Latencies by percentile");
    assert_string_equal(p->x.names[4], "p99.9");
    assert_true(fabs(series(p, "E2E")->y[0] - s->levels[0].lat[METRIC_E2E].q[0] / 1e6) < 1e-9);
    assert_non_null(strstr(panel(f, "Result")->text, "7 ok, 3 failed, 0 cancelled"));
    assert_non_null(strstr(panel(f, "Result")->text, "http_503: 3"));
    plot_free(&f);
    acc_free(&a);
}

/* All texts on the canvas and none on another, for many shapes of runs; nothing ever succeeded in some. */
static void texts_keep_apart(void **state)
{
    (void)state;
    static const size_t counts[] = {1, 2, 4, 12, 30};
    struct recorder *r = xcalloc(1, sizeof *r);
    for (size_t c = 0; c < ARRAY_LEN(counts) * 16; c++) {
        struct slo_set slo = {0}, goodput = {0};
        struct shape w = {.open = c & 1,
                          .n = counts[c / 16],
                          .first = 3,
                          .factor = c & 2 ? 1.4 : 1,
                          .failing = c & 4 ? 10 : 0,
                          .name = c & 8 ? "a rather long name of level" : NULL,
                          .slo = c & 4 ? "ttft:p50<300ms,ttft:p95<500ms,ttft:p99<2s,error_rate<1%" : NULL,
                          .goodput = c & 2 ? "ttft:300ms,e2e:5s,tpot:50ms" : NULL};
        struct acc *a = run_of(&w, &slo, &goodput);
        struct plot_figure *f = plot_summary(acc_finish(a));
        recorder_init(r);
        plot_draw(&r->canvas, f);
        recorder_check_texts(r, f);
        plot_free(&f);
        acc_free(&a);
    }
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_the_summarys),
        cmocka_unit_test(closed_loop_and_objectives),
        cmocka_unit_test(names_and_one_level),
        cmocka_unit_test(texts_keep_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

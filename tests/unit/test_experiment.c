#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/xalloc.h"
#include "report/experiment.h"
#include "report/plot.h"

static void near(double got, double want, double off)
{
    if (!(fabs(got - want) <= off))
        fail_msg("%.17g is not %.17g", got, want);
}

/* Three levels: 8 in flight at 10 requests/s, 16 at 15, 32 at 12 and late. 60, 90 and 72 tokens a second were counted,
 * or 100 a request are estimated. */
static void fill(struct experiment *x, bool counted)
{
    static const double rps[] = {10, 15, 12}, p95[] = {900, 1900, 2600};
    struct err e = {0};
    xp_init(x);
    x->title = "T";
    x->command = "c";
    x->max_tokens = 100;
    x->setup = (struct xp_setup){.instances = 2,
                                 .min_instances = 1,
                                 .max_instances = 3,
                                 .hourly_usd = 1.8,
                                 .target_tokens_per_min = 2700,
                                 .expected_tok_s_min = 40,
                                 .expected_tok_s_max = 44,
                                 .expected_cost_per_1k = 0.01,
                                 .expected_p95 = 2 * NS_PER_S};
    assert_int_equal(slo_parse(&x->slo, STR(XP_SLO), &e), 0);
    x->n_levels = 3;
    x->levels = xcalloc(3, sizeof *x->levels);
    for (int i = 0; i < 3; i++) {
        double c = 8 << i;
        x->levels[i] = (struct xp_level){
            .label = xp_textf(x, "C=%.0f", c),
            .file = "f",
            .load = c,
            .closed = true,
            .seconds = 60,
            .total = 600,
            .ok = 600,
            .success_rate = 1,
            .rps = rps[i],
            .p50_ms = p95[i] / 2,
            .p95_ms = p95[i],
            .p99_ms = p95[i] + 1,
            .tok_s = counted ? 6 * rps[i] : NAN,
            .estimated_tok_s = 100 * rps[i],
            .ttft_p50_ms = NAN,
            .ttft_p95_ms = NAN,
            .ttft_p99_ms = NAN,
            .slo = i < 2 ? STATE_MET : STATE_BROKEN,
            .judged = {{p95[i] * 1e6, false, i < 2 ? STATE_MET : STATE_BROKEN}, {1, false, STATE_MET}},
        };
    }
}

static void findings(void **state)
{
    struct experiment x;
    bool estimated;
    (void)state;
    fill(&x, true);
    struct xp_findings f = xp_find(&x);
    assert_int_equal(f.best, 1);
    assert_int_equal(f.compliant, 1);
    assert_int_equal(f.n_compliant, 2);
    assert_true(f.by_tokens && !f.estimated);
    near(f.price, 3.6, 1e-12); /* of both instances */
    near(xp_tok_s(&x.levels[0], &estimated), 60, 0);
    assert_false(estimated);
    x.levels[0].tok_s = NAN;
    near(xp_tok_s(&x.levels[0], &estimated), 1000, 0);
    assert_true(estimated);
    assert_int_equal(xp_find(&x).best, 0); /* by the estimate */
    x.levels[0].estimated_tok_s = NAN;
    f = xp_find(&x); /* tokens of one level are not known: by requests */
    assert_false(f.by_tokens);
    assert_int_equal(f.best, 1);
    for (int i = 0; i < 3; i++)
        x.levels[i].slo = STATE_UNDECIDED;
    assert_int_equal(xp_find(&x).compliant, -1);
    x.n_levels = 0;
    assert_int_equal(xp_find(&x).best, -1);
    x.n_levels = 3;
    xp_free(&x);
}

static void formulas(void **state)
{
    struct xp_setup s = {.target_tokens_per_min = 54000, .max_instances = 8};
    (void)state;
    near(xp_cost_per_1k(1.21, 1000), 1.21 / 3600, 1e-12); /* 3.6 million tokens an hour */
    assert_true(isnan(xp_cost_per_1k(NAN, 1000)) && isnan(xp_cost_per_1k(1, 0)) && isnan(xp_cost_per_1k(1, NAN)));
    near(xp_instances_for(&s, 0), 1, 0);
    near(xp_instances_for(&s, 54000), 1, 0);
    near(xp_instances_for(&s, 54001), 2, 0);
    near(xp_instances_for(&s, 1e9), 8, 0);
    s.min_instances = 3;
    near(xp_instances_for(&s, 10), 3, 0);
    assert_true(xp_too_few(71, .95) && !xp_too_few(72, .95)); /* see stat/quant.h */
    assert_true(xp_too_few(367, .99) && !xp_too_few(368, .99));
}

static void has(const struct buf *b, const char *text)
{
    if (!strstr(b->p, text))
        fail_msg("the page lacks \"%s\":\n%s", text, b->p);
}

static void page(void **state)
{
    struct experiment x;
    struct buf b = BUF_INIT(1 << 20);
    (void)state;
    fill(&x, true);
    xp_add_fact(&x, "Model", NULL, "nobody");
    xp_add_error(&x.levels[2].errors, "HTTP 503", 6, "wait | longer");
    x.levels[2].at_least = 2;
    xp_markdown(&b, &x);
    assert_false(b.failed);
    has(&b, "requests that timed out would have taken longer");
    has(&b, "# T\n");
    has(&b, "- **Best throughput**: 90 tokens/s, 15.00 requests/s at C=16.");
    has(&b, "(P95 latency below 2 s and success rate at least 95 %)");
    has(&b, "| Model | not recorded | – |");
    has(&b, "| C=32 | 12.00 | 1,300 | ≥ 2,600 | 2,601 | 100.0 % | 72 | 1,200 |");
    has(&b, "| C=32 | 2,600.0 ms: broken | 100.0 %: met | outside |");
    has(&b, "| C=16 | 5,400 | 100 % | 2 |"); /* 2,700 for each of two */
    has(&b, "| C=16 | 90 | \\$0.011111 | \\$11.11 | \\$0.0667 |");
    has(&b, "| Throughput of one instance | 40 to 44 tokens/s | 45 tokens/s at C=16 | met, above the range |");
    has(&b, "| P95 latency | below 2,000 ms | 2 of 3 levels: C=8, C=16 | **met in part** |");
    has(&b, "| below \\$0.01 | \\$0.011111 at C=16 | **not met** |");
    has(&b, "| C=32 | HTTP 503 | 6 | 1.00 % | wait \\| longer |");
    has(&b,
        "an instance within the objective carried 2,700 tokens per minute. At C=32 the objective is broken with "
        "2,160, which is not above the present target: no instance would be added there. With 20 % to spare: 2,160.\n");
    has(&b, "the load grows × 4.00 and the throughput × 1.20: more load mostly makes requests wait.");
    assert_null(strstr(b.p, "nan"));
    assert_null(strstr(b.p, "Simulated"));
    buf_clear(&b);
    x.levels[2].tok_s = 200;
    x.setup.target_tokens_per_min = 5000; /* 6,000 an instance there */
    xp_markdown(&b, &x);
    has(&b, "The present target lies between that and the first level that breaks the objective");
    buf_clear(&b);
    x.levels[2].slo = STATE_UNDECIDED;
    xp_markdown(&b, &x);
    has(&b, "2,700 tokens per minute. With 20 % to spare: 2,160; no level broke the objective");
    xp_free(&x);
    buf_free(&b);
}

/* Nothing at all, and nothing but a name. */
static void bare(void **state)
{
    struct experiment x;
    struct buf b = BUF_INIT(1 << 20);
    (void)state;
    xp_init(&x);
    x.title = "x";
    x.command = "c";
    x.setup.target_tokens_per_min = 54000;
    x.setup.simulated = "All of it.";
    xp_draw(&x);
    xp_markdown(&b, &x);
    has(&b, "> **Simulated.** All of it.");
    has(&b, "Measured: not recorded.");
    has(&b, "No level of load is among the data");
    assert_null(strstr(b.p, "nan"));
    for (int i = 0; i < XP_PICTURES; i++)
        assert_null(x.picture[i].figure);
    xp_free(&x);
    buf_free(&b);
}

static void text(void **state)
{
    struct buf b = BUF_INIT(1000);
    (void)state;
    xp_md_text(&b, "a|b\n<i>*_x_* a_b `$1`\x01 [l](m)", 100);
    assert_string_equal(b.p, "a\\|b \\<i\\>\\*\\_x\\_\\* a_b \\`\\$1\\`  \\[l\\](m)");
    buf_clear(&b);
    xp_md_text(&b, "ab\xc3\xa4", 3); /* not within a letter */
    assert_string_equal(b.p, "ab…");
    buf_free(&b);
}

static void figures(void **state)
{
    struct experiment x;
    (void)state;
    fill(&x, true);
    x.n_streams = 1;
    x.streams = xcalloc(1, sizeof *x.streams);
    x.streams[0] = (struct xp_stream){.name = "s", .concurrency = 1, .n = 3};
    x.streams[0].client_s = xcalloc(3, sizeof(double));
    x.streams[0].told_s = xcalloc(3, sizeof(double));
    for (int i = 0; i < 3; i++) {
        x.streams[0].client_s[i] = 0.3 - 0.1 * i;
        x.streams[0].told_s[i] = NAN;
    }
    xp_draw(&x);
    const struct plot_panel *p = &x.picture[0].figure->panel[0];
    assert_int_equal(p->n_series, 2);
    near(p->series[0].y[1], 15, 0);
    near(p->series[1].y[2], 72, 0);
    p = &x.picture[1].figure->panel[0];
    assert_int_equal(p->n_series, 3);
    near(p->series[1].y[2], 2600, 0);
    assert_int_equal(p->n_rules, 1);
    near(p->rule[0].at, 2000, 0);
    p = &x.picture[3].figure->panel[0]; /* per million */
    near(p->series[0].y[0], 3.6 / (60 * 3600) * 1e6, 1e-9);
    p = &x.picture[2].figure->panel[0]; /* of the client alone: steps at 100, 200 and 300 ms */
    assert_int_equal(p->n_series, 1);
    assert_int_equal(p->series[0].n, 6);
    near(p->series[0].x[2], 200, 1e-9);
    near(p->series[0].y[2], 100.0 / 3, 1e-9);
    near(p->series[0].y[5], 100, 1e-9);
    xp_free(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(findings), cmocka_unit_test(formulas),
                                       cmocka_unit_test(page),     cmocka_unit_test(bare),
                                       cmocka_unit_test(text),     cmocka_unit_test(figures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/opt.h"
#include "compat/benchmark.h"

#define NEEDED "benchmark", "--endpoint", "http://h/v1", "--api-key", "k", "--model", "m", "--dataset", "d.json"
#define READ(o, e, ...) read_words(o, e, (const char *const[]){NEEDED, __VA_ARGS__, NULL})

static int read_words(struct bm_opts *o, struct err *e, const char *const *argv)
{
    struct opt_seen seen = {0};
    int argc = 0;
    while (argv[argc])
        argc++;
    *o = (struct bm_opts){0};
    *e = (struct err){0};
    int rc = bm_opts_read(o, &seen, argc, argv, e);
    opt_free(&bm_table, o, &seen);
    return rc;
}

static void documented_defaults(void **state)
{
    struct bm_opts o;
    struct err e;
    assert_int_equal(READ(&o, &e, "--plot"), 0);
    assert_int_equal(o.n_rates, 4);
    assert_true(o.rate[0] == 1 && o.rate[1] == 5 && o.rate[2] == 10 && o.rate[3] == 20);
    assert_true(o.duration == 60 && o.max_tokens == 512 && o.temperature == 0.7);
    assert_int_equal(o.n_shown, 3);
    assert_int_equal(bm_percentiles[o.shown[0]], 50);
    assert_int_equal(bm_percentiles[o.shown[1]], 95);
    assert_int_equal(bm_percentiles[o.shown[2]], 99);
    assert_string_equal(o.output, "benchmark_qps_results.json");
    assert_string_equal(o.plot_output, "benchmark_qps.png");
    assert_true(o.plot && isnan(o.gpu_rate) && o.num_gpus == 0 && !o.original);
}

static void both_spellings(void **state)
{
    struct bm_opts o;
    struct err e;
    assert_int_equal(READ(&o, &e, "--max_tokens", "7", "--gpu_rate=2.5", "--num_gpus", "8", "--qps", " 0.1 ,2",
                          "--percentiles", "99, 90", "--output", "a/b.json", "--plot_output", "/c.svg"),
                     0);
    assert_true(o.max_tokens == 7 && o.gpu_rate == 2.5 && o.num_gpus == 8);
    assert_int_equal(o.n_rates, 2);
    assert_true(o.rate[0] == 0.1);
    assert_int_equal(o.n_shown, 2);
    assert_int_equal(bm_percentiles[o.shown[0]], 99);
    assert_int_equal(bm_percentiles[o.shown[1]], 90);
    assert_string_equal(o.output, "b.json");
    assert_string_equal(o.plot_output, "c.svg");
}

static void wrong(void **state)
{
    static const struct {
        const char *option, *value, *says;
    } cases[] = {
        {"--qps", "1,,2", "'' is no rate"},
        {"--qps", "inf", "'inf' is no rate"},
        {"--percentiles", "50,75", "Invalid percentile 75. Must be one of: [50, 90, 95, 99]"},
        {"--percentiles", "50,50,50,50,50", "twice"},
        {"--duration", "0", "--duration"},
        {"--num-gpus", "1", "both are needed"},
        {"--output", "results/", "is no file's name"},
        {"--output", "x/weir", "something else"},
        {"--temperature", "hot", "--temperature"},
        {"--model", "", "--model"},
    };
    struct bm_opts o;
    struct err e;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(READ(&o, &e, cases[i].option, cases[i].value), -1);
        assert_int_equal(e.code, ERR_USAGE);
        if (!strstr(e.text, cases[i].says))
            fail_msg("%s %s: %s", cases[i].option, cases[i].value, e.text);
    }
    assert_int_equal(READ(&o, &e, "--plot", "--output", "same.png", "--plot-output", "x/same.png"), -1);
    assert_non_null(strstr(e.text, "same file"));
    assert_int_equal(READ(&o, &e, "--plot", "--plot-output", "x.gif"), -1);
    assert_non_null(strstr(e.text, "--plot-output: "));
    assert_int_equal(read_words(&o, &e, (const char *const[]){"benchmark", "--endpoint", "u", NULL}), -1);
    assert_non_null(strstr(e.text, "Missing --api-key"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(documented_defaults), cmocka_unit_test(both_spellings),
                                       cmocka_unit_test(wrong)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_mix.c - weighted names: their syntax and their shares. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/rng.h"
#include "load/mix.h"

static void assert_name(const struct mix *m, size_t i, const char *name, double weight)
{
    assert_true(str_eqz(m->name[i], name));
    assert_true(m->weight[i] == weight);
}

/* Names of models hold colons, slashes and sometimes an equals sign. */
static void test_names_and_weights(void **state)
{
    struct mix m;
    struct err e = {0};
    assert_int_equal(mix_parse(&m, STR("llama3:8b=3, org/model-7b ,lora=v2=0.5"), "--x", &e), 0);
    assert_int_equal(m.n, 3);
    assert_name(&m, 0, "llama3:8b", 3);
    assert_name(&m, 1, "org/model-7b", 1);
    assert_name(&m, 2, "lora=v2", 0.5);
    assert_true(fabs(m.upto[0] - 3 / 4.5) < 1e-12 && fabs(m.upto[1] - 4 / 4.5) < 1e-12 && m.upto[2] == 1);
}

static void test_errors(void **state)
{
    static const struct {
        const char *text, *says;
    } t[] = {{"", "a name is missing"},  {"a=3,", "a name is missing"},     {"=3", "a name is missing"},
             {"a=0", "the weight of a"}, {"a=-1", "the weight of a"},       {"a=x", "the weight of a"},
             {"a=", "the weight of a"},  {"a=1,b,a=2", "a is named twice"}, {"a=1e10", "the weight of a"}};
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct mix m;
        struct err e = {0};
        assert_int_equal(mix_parse(&m, str_of(t[i].text), "--model-mix", &e), -1);
        assert_int_equal(e.code, ERR_USAGE);
        assert_non_null(strstr(e.text, "--model-mix"));
        assert_non_null(strstr(e.text, t[i].says));
    }
}

static void test_too_many(void **state)
{
    struct mix m = {0};
    char names[MIX_MAX + 1][8];
    for (int i = 0; i <= MIX_MAX; i++) {
        snprintf(names[i], sizeof names[i], "m%d", i);
        assert_int_equal(mix_add(&m, str_of(names[i]), 1, "--x", NULL), i < MIX_MAX ? 0 : -1);
    }
}

/* Counts of seeded draws lie within five standard deviations of the binomial distribution. */
static void test_shares(void **state)
{
    enum { N = 50000 };
    static const double share[] = {0.7, 0.2, 0.1};
    struct mix m;
    int count[3] = {0};
    assert_int_equal(mix_parse(&m, STR("a=7,b=2,c=1"), "--x", NULL), 0);
    for (uint64_t i = 0; i < N; i++)
        count[mix_pick(&m, rng_unit(5, RNG_TEST, i))]++;
    for (int i = 0; i < 3; i++)
        assert_true(fabs(count[i] - N * share[i]) < 5 * sqrt(N * share[i] * (1 - share[i])));
    assert_int_equal(mix_pick(&m, 0x1p-60), 0);
    assert_int_equal(mix_pick(&m, 1 - 0x1p-53), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_and_weights),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_arrival.c - the processes against their moments and distributions. The seeds are fixed, so nothing is left to
 * chance; the bounds are those that a random seed would break less than once in ten thousand times. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/xalloc.h"
#include "load/arrival.h"

#define N 200000

static void test_constant(void **state)
{
    static const struct {
        double rate;
        uint64_t i;
        int64_t due;
    } cases[] = {
        {3, 0, 0},
        {3, 1, 333333333},
        {3, 2, 666666667},
        {3, 3, 1000000000},
        {3, 3000000001, 1000000000333333333},
        {7, 1, 142857143},
        {7, 7000000000, 1000000000000000000},
        {1000, 123456789, 123456789000000},
        {1e9, 987654321012, 987654321012},
        {2e9, 1, 1}, /* half a nanosecond */
        {2.5, 1, 400000000},
        {2.5, 10000000001, 4000000000400000000},
        {0.5, 3, 6000000000},
        {0.001, 7, 7000000000000},
        {1e-9, 5, 4611686018427387904}, /* beyond the horizon */
        {1, 1ull << 40, 4611686018427387904},
    };
    for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
        struct arrival a;
        arrival_init(&a, ARRIVAL_CONSTANT, cases[c].rate, 1, 0);
        a.next = cases[c].i;
        assert_int_equal(arrival_next(&a), cases[c].due);
        assert_int_equal(a.next, cases[c].i + 1);
    }
}

static int64_t *draw(enum arrival_kind k, double rate, uint64_t seed, uint32_t level, size_t n)
{
    int64_t *due = xcalloc(n, sizeof *due);
    struct arrival a;
    arrival_init(&a, k, rate, seed, level);
    for (size_t i = 0; i < n; i++)
        due[i] = arrival_next(&a);
    return due;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Gaps in units of their mean: mean 1, variance 1, no correlation, and the exponential's shape. */
static void check_exponential(double rate, uint64_t seed)
{
    int64_t *due = draw(ARRIVAL_POISSON, rate, seed, 0, N);
    double *gap = xcalloc(N, sizeof *gap), mean = 0, var = 0, lag1 = 0, worst = 0;
    for (size_t i = 0; i < N; i++) {
        int64_t d = due[i] - (i ? due[i - 1] : 0);
        assert_true(d >= 0);
        gap[i] = (double)d * 1e-9 * rate;
        mean += gap[i] / N;
    }
    for (size_t i = 0; i < N; i++) {
        var += (gap[i] - mean) * (gap[i] - mean) / (N - 1);
        if (i > 0)
            lag1 += (gap[i] - mean) * (gap[i - 1] - mean) / N;
    }
    assert_true(fabs(mean - 1) < 4 / sqrt(N));
    assert_true(fabs(var - 1) < 4 * sqrt(8.0 / N)); /* an exponential's kurtosis is 9 */
    assert_true(fabs(lag1 / var) < 4 / sqrt(N));
    qsort(gap, N, sizeof *gap, by_value);
    for (size_t i = 0; i < N; i++) {
        double f = 1 - exp(-gap[i]);
        worst = fmax(worst, fmax(fabs(f - (double)i / N), fabs(f - (double)(i + 1) / N)));
    }
    assert_true(worst < 2.225 / sqrt(N)); /* Kolmogorov-Smirnov, level 0.0001 */
    free(gap);
    free(due);
}

static void test_poisson_gaps(void **state)
{
    check_exponential(1000, 1);
    check_exponential(1000, 2);
    check_exponential(0.37, 3);
    check_exponential(50000, 12345678901234567890ull);
}

/* Variance over mean of the counts per bin. */
static double dispersion(const int64_t *due, size_t n, int64_t bin)
{
    size_t bins = (size_t)(due[n - 1] / bin), at = 0;
    double sum = 0, squares = 0;
    for (size_t b = 0; b < bins; b++) {
        size_t from = at;
        while (at < n && due[at] < (int64_t)(b + 1) * bin)
            at++;
        sum += (double)(at - from);
        squares += (double)(at - from) * (double)(at - from);
    }
    double mean = sum / (double)bins;
    return (squares / (double)bins - mean * mean) / mean;
}

static void test_dispersion(void **state)
{
    static const int64_t bins[] = {NS_PER_MS, 10 * NS_PER_MS, 100 * NS_PER_MS};
    int64_t *poisson = draw(ARRIVAL_POISSON, 1000, 7, 0, N), *even = draw(ARRIVAL_CONSTANT, 1000, 7, 0, N);
    for (size_t i = 0; i < ARRAY_LEN(bins); i++) {
        double count = (double)poisson[N - 1] / (double)bins[i];
        assert_true(fabs(dispersion(poisson, N, bins[i]) - 1) < 4 * sqrt(2 / count + 1e-9));
        assert_true(dispersion(even, N, bins[i]) < 1e-9);
    }
    free(poisson);
    free(even);
}

static void test_same_for_any_number_of_workers(void **state)
{
    for (int kind = 0; kind < 2; kind++) {
        int64_t *one = draw((enum arrival_kind)kind, 123.4, 99, 3, 5000);
        for (unsigned workers = 2; workers <= 8; workers *= 2) {
            for (unsigned w = 0; w < workers; w++) {
                struct arrival a;
                arrival_init(&a, (enum arrival_kind)kind, 123.4, 99, 3);
                while (a.next < 5000) {
                    uint64_t i = a.next;
                    int64_t due = arrival_next(&a);
                    if (i % workers == w)
                        assert_int_equal(due, one[i]);
                }
            }
        }
        free(one);
    }
}

static size_t common(const int64_t *a, const int64_t *b, size_t n)
{
    size_t same = 0;
    for (size_t i = 0; i < n; i++)
        same += a[i] == b[i];
    return same;
}

static void test_keyed_by_seed_and_level(void **state)
{
    int64_t *a = draw(ARRIVAL_POISSON, 10, 1, 0, 1000), *again = draw(ARRIVAL_POISSON, 10, 1, 0, 1000);
    int64_t *seed = draw(ARRIVAL_POISSON, 10, 2, 0, 1000), *level = draw(ARRIVAL_POISSON, 10, 1, 1, 1000);
    assert_int_equal(common(a, again, 1000), 1000);
    assert_true(common(a, seed, 1000) < 2 && common(a, level, 1000) < 2);
    assert_true(a[0] > 0);
    free(a);
    free(again);
    free(seed);
    free(level);
}

/* A million gaps added up: the same as their sum in a wider format, to the nanosecond. */
static void test_no_drift(void **state)
{
    struct arrival a;
    long double sum = 0;
    int64_t due = 0;
    arrival_init(&a, ARRIVAL_POISSON, 3, 5, 2);
    for (uint64_t i = 0; i < 1000000; i++) {
        sum += (long double)(-log(rng_unit(5, RNG_ARRIVAL, arrival_key(2, i))) / 3);
        due = arrival_next(&a);
    }
    assert_true(fabsl((long double)due - sum * 1e9L) <= 1);
}

static void test_seek(void **state)
{
    for (int kind = 0; kind < 2; kind++) {
        int64_t *due = draw((enum arrival_kind)kind, 777, 4, 0, 3000);
        static const int64_t times[] = {0, 1, 1287001, 1287002, 500000000, 3000000000};
        for (size_t t = 0; t < ARRAY_LEN(times); t++) {
            struct arrival a;
            uint64_t want = 0;
            while (due[want] < times[t])
                want++;
            arrival_init(&a, (enum arrival_kind)kind, 777, 4, 0);
            assert_int_equal(arrival_seek_time(&a, times[t]), due[want]);
            assert_int_equal(a.next, want);
            assert_int_equal(arrival_next(&a), due[want]);
        }
        for (uint64_t i = 0; i < 2000; i += 499) {
            struct arrival a;
            arrival_init(&a, (enum arrival_kind)kind, 777, 4, 0);
            assert_int_equal(arrival_seek_item(&a, i), due[i]);
            assert_int_equal(a.next, i);
            assert_int_equal(arrival_next(&a), due[i]);
            assert_int_equal(arrival_next(&a), due[i + 1]);
        }
        free(due);
    }
}

static void test_horizon(void **state)
{
    for (int kind = 0; kind < 2; kind++) {
        struct arrival a;
        arrival_init(&a, (enum arrival_kind)kind, 1e-12, 1, 0);
        int64_t before = 0;
        for (int i = 0; i < 100; i++) {
            int64_t due = arrival_next(&a);
            assert_true(due >= before);
            before = due;
        }
        assert_int_equal(before, (int64_t)1 << 62);
        assert_int_equal(arrival_seek_time(&a, INT64_MAX), (int64_t)1 << 62); /* and it ends */
    }
}

static void test_names(void **state)
{
    enum arrival_kind k;
    struct err e = {0};
    assert_int_equal(arrival_parse(STR("poisson"), &k, &e), 0);
    assert_int_equal(k, ARRIVAL_POISSON);
    assert_int_equal(arrival_parse(STR("constant"), &k, &e), 0);
    assert_int_equal(k, ARRIVAL_CONSTANT);
    assert_string_equal(arrival_name(ARRIVAL_CONSTANT), "constant");
    assert_string_equal(arrival_name(ARRIVAL_POISSON), "poisson");
    assert_int_equal(arrival_parse(STR("gamma"), &k, &e), -1);
    assert_int_equal(e.code, ERR_USAGE);
    assert_string_equal(e.text, "\"gamma\" is not an arrival process; use constant or poisson");
    assert_int_equal(arrival_parse(STR(""), &k, NULL), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constant),
        cmocka_unit_test(test_poisson_gaps),
        cmocka_unit_test(test_dispersion),
        cmocka_unit_test(test_same_for_any_number_of_workers),
        cmocka_unit_test(test_keyed_by_seed_and_level),
        cmocka_unit_test(test_no_drift),
        cmocka_unit_test(test_seek),
        cmocka_unit_test(test_horizon),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

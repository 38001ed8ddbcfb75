/* test_rng.c - reference values, uniformity, independence and permutations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/rng.h"

/* From an independent implementation in Python, whose finalizer was checked against SplitMix64's published output. */
static void test_reference_values(void **state)
{
    assert_true(rng_u64(0, RNG_ARRIVAL, 0) == 0x5a6900725415c43e);
    assert_true(rng_u64(0, RNG_ARRIVAL, 1) == 0xc659d03214e1b2d3);
    assert_true(rng_u64(42, RNG_ORDER, 7) == 0xda5b83ce7ac9091c);
    assert_true(rng_u64(UINT64_MAX, RNG_TEST, UINT64_MAX) == 0xdf821dc0a38e6f4e);
    assert_true(rng_u64(1234567, RNG_UUID, 1000000000000) == 0x42399fb3e958a06c);
    assert_true(rng_unit(42, RNG_ORDER, 7) == 0.8529589060879382);
    static const uint64_t ten[] = {8, 5, 2, 9, 0, 7, 6, 4, 1, 3};
    for (uint64_t i = 0; i < 10; i++)
        assert_int_equal(rng_permute(42, RNG_ORDER, i, 10), ten[i]);
    assert_int_equal(rng_permute(42, RNG_ORDER, 0, 1000003), 267659);
    assert_int_equal(rng_permute(42, RNG_ORDER, 3, 1000003), 461149);
}

static double chi_square(const uint64_t *count, size_t cells, double expected)
{
    double x = 0;
    for (size_t i = 0; i < cells; i++)
        x += ((double)count[i] - expected) * ((double)count[i] - expected) / expected;
    return x;
}

/* Chi-square of k cells has mean k - 1 and standard deviation sqrt(2 (k - 1)): 5 of them is far beyond chance. */
static void check_even(const uint64_t *count, size_t cells, double expected)
{
    double x = chi_square(count, cells, expected), mean = (double)cells - 1, sd = sqrt(2 * mean);
    assert_true(x < mean + 5 * sd);
    assert_true(x > mean - 5 * sd); /* too even is not random either */
}

static void test_every_byte_is_uniform(void **state)
{
    enum { N = 1 << 16 };
    for (unsigned shift = 0; shift < 64; shift += 8) {
        uint64_t count[256] = {0};
        for (uint64_t i = 0; i < N; i++)
            count[rng_u64(1, RNG_TEST, i) >> shift & 255]++;
        check_even(count, 256, N / 256.0);
    }
}

/* Neighbours along the counter, across seeds and across purposes are independent. */
static void test_pairs_are_uniform(void **state)
{
    enum { N = 1 << 16 };
    uint64_t by_i[256] = {0}, by_seed[256] = {0}, by_purpose[256] = {0};
    for (uint64_t i = 0; i < N; i++) {
        uint64_t a = rng_u64(i, RNG_TEST, 0) >> 60, b = rng_u64(i + 1, RNG_TEST, 0) >> 60;
        by_seed[a << 4 | b]++;
        a = rng_u64(9, RNG_TEST, 2 * i) >> 60;
        b = rng_u64(9, RNG_TEST, 2 * i + 1) >> 60;
        by_i[a << 4 | b]++;
        a = rng_u64(9, RNG_SIM_JITTER, i) >> 60;
        b = rng_u64(9, RNG_SIM_FAULT, i) >> 60;
        by_purpose[a << 4 | b]++;
    }
    check_even(by_i, 256, N / 256.0);
    check_even(by_seed, 256, N / 256.0);
    check_even(by_purpose, 256, N / 256.0);
}

static void test_one_bit_changes_half_of_the_bits(void **state)
{
    double seed_bits = 0, i_bits = 0;
    for (uint64_t t = 0; t < 64 * 50; t++) {
        uint64_t bit = 1ULL << t % 64, x = rng_u64(t, RNG_TEST, t);
        seed_bits += __builtin_popcountll(x ^ rng_u64(t ^ bit, RNG_TEST, t));
        i_bits += __builtin_popcountll(x ^ rng_u64(t, RNG_TEST, t ^ bit));
    }
    /* 3200 flips, each Binomial(64, 1/2): the mean of the means has a standard deviation of 0.07. */
    assert_true(fabs(seed_bits / 3200 - 32) < 0.4);
    assert_true(fabs(i_bits / 3200 - 32) < 0.4);
}

static void test_unit_interval(void **state)
{
    enum { N = 100000 };
    double sum = 0, sq = 0;
    for (uint64_t i = 0; i < N; i++) {
        double u = rng_unit(5, RNG_TEST, i);
        assert_true(u > 0 && u < 1);
        sum += u;
        sq += u * u;
    }
    assert_true(fabs(sum / N - 0.5) < 5 / sqrt(12.0 * N));
    assert_true(fabs(sq / N - 1.0 / 3) < 0.005);
}

static void test_below(void **state)
{
    enum { N = 60000 };
    for (uint64_t n = 1; n <= 13; n += 3) {
        uint64_t count[16] = {0};
        for (uint64_t i = 0; i < N; i++) {
            uint64_t k = rng_below(7, RNG_TEST, i, n);
            assert_true(k < n);
            count[k]++;
        }
        if (n > 1)
            check_even(count, n, (double)N / (double)n);
    }
    /* For 3/4 of 2^64, plain multiply-and-shift would give one of three neighbours twice as often. */
    uint64_t n = 3ULL << 62, count[3] = {0};
    for (uint64_t i = 0; i < N; i++) {
        uint64_t k = rng_below(7, RNG_TEST, i, n);
        assert_true(k < n);
        count[k % 3]++;
    }
    check_even(count, 3, N / 3.0);
    assert_true(rng_below(7, RNG_TEST, 1, UINT64_MAX) < UINT64_MAX);
}

static void check_bijective(uint64_t seed, uint64_t n)
{
    unsigned char *seen = calloc(n, 1);
    assert_non_null(seen);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t k = rng_permute(seed, RNG_ORDER, i, n);
        assert_true(k < n);
        assert_false(seen[k]);
        seen[k] = 1;
    }
    free(seen);
}

static void test_permutations_are_bijective(void **state)
{
    for (uint64_t n = 1; n <= 130; n++)
        for (uint64_t seed = 0; seed < 3; seed++)
            check_bijective(seed, n);
    static const uint64_t sizes[] = {255, 256, 257, 1000, 1023, 1024, 1025, 65535, 65536, 65537};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        check_bijective(99, sizes[i]);
    uint64_t huge = 1ULL << 62, a = rng_permute(1, RNG_ORDER, 0, huge), b = rng_permute(1, RNG_ORDER, 1, huge);
    assert_true(a < huge && b < huge && a != b);
}

/* All orders of a few things come up equally often over the seeds. */
static void test_permutations_of_four_are_even(void **state)
{
    enum { N = 24000 };
    uint64_t count[256] = {0}, even[24];
    for (uint64_t seed = 0; seed < N; seed++) {
        unsigned code = 0;
        for (uint64_t i = 0; i < 4; i++)
            code = code << 2 | (unsigned)rng_permute(seed, RNG_ORDER, i, 4);
        count[code]++;
    }
    size_t k = 0;
    for (size_t i = 0; i < 256; i++) {
        if (count[i] > 0) {
            assert_true(k < 24);
            even[k++] = count[i];
        }
    }
    assert_int_equal(k, 24);
    check_even(even, 24, N / 24.0);
}

/* In a large permutation an element goes to each tenth of the range alike. */
static void test_large_permutation_spreads(void **state)
{
    enum { N = 100000 };
    uint64_t count[100] = {0};
    for (uint64_t i = 0; i < N; i++)
        count[i / (N / 10) * 10 + rng_permute(4, RNG_ORDER, i, N) / (N / 10)]++;
    double x = chi_square(count, 100, N / 100.0); /* rows and columns are fixed: 81 degrees of freedom */
    assert_true(x > 81 - 5 * sqrt(162) && x < 81 + 5 * sqrt(162));
}

static void test_os_seed_differs(void **state)
{
    assert_true(rng_os_seed() != rng_os_seed());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_values),
        cmocka_unit_test(test_every_byte_is_uniform),
        cmocka_unit_test(test_pairs_are_uniform),
        cmocka_unit_test(test_one_bit_changes_half_of_the_bits),
        cmocka_unit_test(test_unit_interval),
        cmocka_unit_test(test_below),
        cmocka_unit_test(test_permutations_are_bijective),
        cmocka_unit_test(test_permutations_of_four_are_even),
        cmocka_unit_test(test_large_permutation_spreads),
        cmocka_unit_test(test_os_seed_differs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

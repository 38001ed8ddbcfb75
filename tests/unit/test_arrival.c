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

static void begin(struct arrival *a, enum arrival_kind k, double rate, uint64_t seed, uint32_t level)
{
    arrival_init(a, &(struct arrival_opts){.kind = k, .rate = rate, .burstiness = 3, .seed = seed, .level = level});
}

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
        begin(&a, ARRIVAL_CONSTANT, cases[c].rate, 1, 0);
        a.next = cases[c].i;
        assert_int_equal(arrival_next(&a), cases[c].due);
        assert_int_equal(a.next, cases[c].i + 1);
    }
}

static int64_t *draw(enum arrival_kind k, double rate, uint64_t seed, uint32_t level, size_t n)
{
    int64_t *due = xcalloc(n, sizeof *due);
    struct arrival a;
    begin(&a, k, rate, seed, level);
    for (size_t i = 0; i < n; i++)
        due[i] = arrival_next(&a);
    return due;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct moments {
    double mean, var, lag1; /* lag1: the autocorrelation of neighbours */
};

static struct moments moments_of(const double *v, size_t n)
{
    struct moments m = {0};
    for (size_t i = 0; i < n; i++)
        m.mean += v[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        m.var += (v[i] - m.mean) * (v[i] - m.mean) / (double)(n - 1);
        if (i > 0)
            m.lag1 += (v[i] - m.mean) * (v[i - 1] - m.mean) / (double)n;
    }
    m.lag1 /= m.var;
    return m;
}

/* Kolmogorov and Smirnov's distance; v is sorted. */
static double distance(double *v, size_t n, double (*cdf)(double x, double shape), double shape)
{
    double worst = 0;
    qsort(v, n, sizeof *v, by_value);
    for (size_t i = 0; i < n; i++) {
        double f = cdf(v[i], shape);
        worst = fmax(worst, fmax(fabs(f - (double)i / (double)n), fabs(f - (double)(i + 1) / (double)n)));
    }
    return worst;
}
#define KS_LEVEL (2.225 / sqrt(N)) /* level 0.0001 */

/* The regularized incomplete gamma function P(shape, shape x): its power series, and beyond its use the continued
 * fraction (Abramowitz and Stegun 6.5.29 and 6.5.31). */
static double gamma_cdf(double x, double shape)
{
    double z = shape * x, front = exp(shape * log(z) - z - lgamma(shape));
    if (z <= 0)
        return 0;
    if (z < shape + 1) {
        double term = 1 / shape, sum = term;
        for (int k = 1; k < 2000 && term > sum * 1e-15; k++)
            sum += term *= z / (shape + k);
        return front * sum;
    }
    double b = z + 1 - shape, c = 1e300, d = 1 / b, h = d;
    for (int k = 1; k < 2000; k++) {
        double an = -k * (k - shape);
        b += 2;
        d = 1 / (an * d + b);
        c = b + an / c;
        h *= d * c;
        if (fabs(d * c - 1) < 1e-15)
            break;
    }
    return 1 - front * h;
}

/* Gaps in units of their mean: mean 1, variance 1/shape, no correlation, and the distribution's shape. */
static void check_gaps(enum arrival_kind kind, double shape, double rate, uint64_t seed)
{
    struct arrival a;
    arrival_init(&a, &(struct arrival_opts){.kind = kind, .rate = rate, .burstiness = shape, .seed = seed});
    double *gap = xcalloc(N, sizeof *gap);
    int64_t before = 0;
    for (size_t i = 0; i < N; i++) {
        int64_t due = arrival_next(&a);
        assert_true(due >= before);
        gap[i] = (double)(due - before) * 1e-9 * rate;
        before = due;
    }
    struct moments m = moments_of(gap, N);
    double kurtosis = 3 + 6 / shape; /* of a gamma distribution */
    assert_true(fabs(m.mean - 1) < 4 / sqrt(shape * N));
    assert_true(fabs(m.var - 1 / shape) < 4 / shape * sqrt((kurtosis - 1) / N));
    assert_true(fabs(m.lag1) < 4 / sqrt(N));
    assert_true(distance(gap, N, gamma_cdf, shape) < KS_LEVEL);
    free(gap);
}

static void test_poisson_gaps(void **state)
{
    check_gaps(ARRIVAL_POISSON, 1, 1000, 1);
    check_gaps(ARRIVAL_POISSON, 1, 1000, 2);
    check_gaps(ARRIVAL_POISSON, 1, 0.37, 3);
    check_gaps(ARRIVAL_POISSON, 1, 50000, 12345678901234567890ull);
}

static void test_gamma_gaps(void **state)
{
    static const double shapes[] = {0.25, 0.5, 0.9, 1, 1.5, 4, 50};
    assert_true(fabs(gamma_cdf(2, 1) - (1 - exp(-2))) < 1e-12); /* the test's own function: an exponential, */
    assert_true(fabs(gamma_cdf(0.5, 1) - (1 - exp(-0.5))) < 1e-12);
    assert_true(fabs(gamma_cdf(1.3, 0.5) - erf(sqrt(0.65))) < 1e-12); /* a chi squared */
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        /* So slowly that a nanosecond is none of the small gaps of a small shape. */
        check_gaps(ARRIVAL_GAMMA, shapes[i], 0.001, 11 + i);
        check_gaps(ARRIVAL_GAMMA, shapes[i], 0.001, 1000 + i);
    }
}

/* Shape 1 is Poisson, to the instant. */
static void test_gamma_of_shape_1(void **state)
{
    struct arrival a, b;
    arrival_init(&a, &(struct arrival_opts){.kind = ARRIVAL_GAMMA, .burstiness = 1, .rate = 9, .seed = 3});
    arrival_init(&b, &(struct arrival_opts){.kind = ARRIVAL_POISSON, .rate = 9, .seed = 3});
    for (int i = 0; i < 1000; i++)
        assert_int_equal(arrival_next(&a), arrival_next(&b));
}

static double even_cdf(double x, double unused)
{
    return x;
}

/* One item in each even space, uniformly; so gaps are triangular on (0, 2): variance 1/6, and neighbours correlated by
 * -1/2. */
static void test_uniform(void **state)
{
    struct arrival a;
    double *place = xcalloc(N, sizeof *place), *gap = xcalloc(N, sizeof *gap);
    begin(&a, ARRIVAL_UNIFORM, 250, 8, 1);
    for (size_t i = 0; i < N; i++) {
        int64_t due = arrival_next(&a);
        place[i] = (double)due * 250 / 1e9 - (double)i;
        assert_true(place[i] >= 0 && place[i] <= 1);
        gap[i] = i ? place[i] - place[i - 1] + 1 : 1;
    }
    struct moments p = moments_of(place, N), g = moments_of(gap, N);
    assert_true(fabs(p.mean - 0.5) < 4 * sqrt(1.0 / 12 / N));
    assert_true(fabs(p.var - 1.0 / 12) < 4 * sqrt(1.0 / 180 / N));
    assert_true(fabs(p.lag1) < 4 / sqrt(N));
    assert_true(fabs(g.var - 1.0 / 6) < 4.0 / 6 * sqrt(3.0 / N) && fabs(g.lag1 + 0.5) < 6 / sqrt(N));
    assert_true(distance(place, N, even_cdf, 0) < KS_LEVEL);
    free(place);
    free(gap);
}

static const char *const profiles[] = {
    "3s@50,2s@0,4s@200",
    "10s@10..200",
    "5s@exp:300..2",
    "7s@sine:0..80/4s",
    "1s@7,3s@0..100,4s@exp:100..10,9s@sine:3..400/2500ms",
};

/* Back through the profile's integral, which test_profile.c holds against numbers of its own, each process is what it
 * is at one request per second. */
static void test_change_of_time(void **state)
{
    static const struct {
        enum arrival_kind kind;
        double shape;
    } processes[] = {{ARRIVAL_POISSON, 1}, {ARRIVAL_GAMMA, 0.5}, {ARRIVAL_GAMMA, 6}, {ARRIVAL_CONSTANT, 0}};
    double *gap = xcalloc(N, sizeof *gap);
    for (size_t i = 0; i < ARRAY_LEN(profiles) * ARRAY_LEN(processes); i++) {
        struct profile p;
        struct arrival a;
        double shape = processes[i % ARRAY_LEN(processes)].shape, before = 0;
        assert_int_equal(profile_parse(&p, str_of(profiles[i / ARRAY_LEN(processes)]), 1e6, NULL), 0);
        arrival_init(
            &a, &(struct arrival_opts){
                    .kind = processes[i % ARRAY_LEN(processes)].kind, .profile = &p, .burstiness = shape, .seed = i});
        for (size_t k = 0; k < N; k++) {
            double area = profile_area(&p, arrival_next(&a));
            gap[k] = area - before;
            before = area;
            if (shape == 0 && fabs(area - (double)k) > 1e-6 + p.most * 1e-9) /* where k requests have come together */
                fail_msg("%s: item %zu at %.9f", profiles[i / ARRAY_LEN(processes)], k, area);
        }
        if (shape == 0)
            continue;
        struct moments m = moments_of(gap, N);
        assert_true(fabs(m.mean - 1) < 4 / sqrt(shape * N));
        assert_true(fabs(m.var - 1 / shape) < 4 / shape * sqrt((2 + 6 / shape) / N));
        assert_true(fabs(m.lag1) < 4 / sqrt(N));
        for (size_t k = 0; k < N; k++)
            gap[k] = fmax(gap[k], 1e-12);
        assert_true(distance(gap, N, gamma_cdf, shape) < KS_LEVEL);
    }
    free(gap);
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

/* Of counts in bins of many gaps: 0 of constant and uniform arrivals, 1 of Poisson's, 1/shape of gamma's. */
static void test_dispersion(void **state)
{
    static const struct {
        enum arrival_kind kind;
        double shape, index;
    } cases[] = {{ARRIVAL_CONSTANT, 1, 0},
                 {ARRIVAL_UNIFORM, 1, 0},
                 {ARRIVAL_POISSON, 1, 1},
                 {ARRIVAL_GAMMA, 0.25, 4},
                 {ARRIVAL_GAMMA, 5, 0.2}};
    int64_t *due = xcalloc(N, sizeof *due);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arrival a;
        arrival_init(
            &a, &(struct arrival_opts){.kind = cases[i].kind, .rate = 1000, .burstiness = cases[i].shape, .seed = 7});
        for (size_t k = 0; k < N; k++)
            due[k] = arrival_next(&a);
        double bins = (double)due[N - 1] / (100.0 * NS_PER_MS), want = cases[i].index;
        /* A bin of 100: what is lost or gained at its two ends is a third of a request or less (renewal theory). */
        double bound = want * 4 * sqrt(2 / bins) + 0.01;
        assert_true(fabs(dispersion(due, N, 100 * NS_PER_MS) - want) < bound);
    }
    int64_t *poisson = draw(ARRIVAL_POISSON, 1000, 7, 0, N), *even = draw(ARRIVAL_CONSTANT, 1000, 7, 0, N);
    for (int64_t bin = NS_PER_MS; bin <= 100 * NS_PER_MS; bin *= 10) {
        double count = (double)poisson[N - 1] / (double)bin;
        assert_true(fabs(dispersion(poisson, N, bin) - 1) < 4 * sqrt(2 / count + 1e-9));
        assert_true(dispersion(even, N, bin) < 1e-9);
    }
    free(poisson);
    free(even);
    free(due);
}

static void test_same_for_any_number_of_workers(void **state)
{
    for (int kind = 0; kind < ARRIVAL_TRACE; kind++) { /* those that have a rate */
        int64_t *one = draw((enum arrival_kind)kind, 123.4, 99, 3, 5000);
        for (unsigned workers = 2; workers <= 8; workers *= 2) {
            for (unsigned w = 0; w < workers; w++) {
                struct arrival a;
                begin(&a, (enum arrival_kind)kind, 123.4, 99, 3);
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
    begin(&a, ARRIVAL_POISSON, 3, 5, 2);
    for (uint64_t i = 0; i < 1000000; i++) {
        sum += (long double)(-log(rng_unit(5, RNG_ARRIVAL, arrival_key(2, i))) / 3);
        due = arrival_next(&a);
    }
    assert_true(fabsl((long double)due - sum * 1e9L) <= 1);
}

static void test_seek(void **state)
{
    for (int kind = 0; kind < ARRIVAL_TRACE; kind++) { /* those that have a rate */
        int64_t *due = draw((enum arrival_kind)kind, 777, 4, 0, 3000);
        static const int64_t times[] = {0, 1, 1287001, 1287002, 500000000, 3000000000};
        for (size_t t = 0; t < ARRAY_LEN(times); t++) {
            struct arrival a;
            uint64_t want = 0;
            while (due[want] < times[t])
                want++;
            begin(&a, (enum arrival_kind)kind, 777, 4, 0);
            assert_int_equal(arrival_seek_time(&a, times[t]), due[want]);
            assert_int_equal(a.next, want);
            assert_int_equal(arrival_next(&a), due[want]);
        }
        for (uint64_t i = 0; i < 2000; i += 499) {
            struct arrival a;
            begin(&a, (enum arrival_kind)kind, 777, 4, 0);
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
    for (int kind = 0; kind < ARRIVAL_TRACE; kind++) { /* those that have a rate */
        struct arrival a;
        begin(&a, (enum arrival_kind)kind, 1e-12, 1, 0);
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

static void test_burst(void **state)
{
    struct arrival a;
    begin(&a, ARRIVAL_BURST, 0, 1, 0);
    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(a.next, i);
        assert_int_equal(arrival_next(&a), 0);
    }
    assert_int_equal(arrival_seek_item(&a, 1000000), 0);
    assert_int_equal(arrival_seek_time(&a, 0), 0);
    assert_int_equal(arrival_seek_time(&a, 1), (int64_t)1 << 62);
}

/* Samples with the instants of `at` (ms), -1 ends; -2: none. */
static struct dataset *trace_of(const int *at)
{
    struct dataset *made = dataset_load_text(STR("1\n2\n3\n4\n5\n6\n7\n8\n"), "t.txt", "text", NULL);
    size_t n = 0;
    for (; at[n] != -1; n++) {
        struct plan_extra *x = xcalloc(1, sizeof *x);
        x->at = at[n] == -2 ? -1 : at[n] * NS_PER_MS;
        ((struct plan_sample *)(uintptr_t)dataset_at(made, n))->extra = x;
    }
    assert_int_equal(n, dataset_n(made));
    return made;
}

static void free_trace(struct dataset *ds)
{
    for (size_t i = 0; i < dataset_n(ds); i++)
        free((void *)(uintptr_t)dataset_at(ds, i)->extra);
    dataset_free(&ds);
}

static void test_trace(void **state)
{
    static const int at[] = {500, 500, 750, 1500, 1501, 1501, 4500, 9000, -1};
    struct dataset *ds = trace_of(at);
    struct arrival a;
    assert_int_equal(arrival_check_trace(ds, NULL), 0);
    for (double speed = 0.5; speed <= 4; speed *= 2) {
        arrival_init(&a, &(struct arrival_opts){.kind = ARRIVAL_TRACE, .trace = ds, .speed = speed});
        for (int i = 0; i < 8; i++)
            assert_int_equal(arrival_next(&a), (int64_t)((at[i] - 500) * NS_PER_MS / speed));
        assert_int_equal(arrival_next(&a), (int64_t)1 << 62);
        arrival_init(&a, &(struct arrival_opts){.kind = ARRIVAL_TRACE, .trace = ds, .speed = speed});
        assert_int_equal(arrival_seek_item(&a, 6), (int64_t)(4000 * NS_PER_MS / speed));
        assert_int_equal(arrival_seek_time(&a, INT64_MAX), (int64_t)1 << 62);
    }
    free_trace(ds);
}

static void test_bad_traces(void **state)
{
    static const int none[] = {0, 1, -2, 3, 4, 5, 6, 7, -1}, back[] = {0, 1, 2, 3, 9, 5, 6, 7, -1};
    struct err e = {0};
    struct dataset *ds = trace_of(none);
    assert_int_equal(arrival_check_trace(ds, &e), -1);
    assert_string_equal(e.text, "t.txt:3: has no instant; --arrival trace needs a dataset with timestamps");
    free_trace(ds);
    ds = trace_of(back);
    assert_int_equal(arrival_check_trace(ds, &e), -1);
    assert_string_equal(e.text, "t.txt:6: is 0.004000 s earlier than the entry before it; sort the trace by its "
                                "timestamps");
    free_trace(ds);
    ds = dataset_load_text(STR("{\"prompt\":\"a\",\"class\":\"x\"}\n{\"prompt\":\"b\",\"class\":\"y\",\"at\":5}\n"),
                           "t.jsonl", "jsonl", NULL);
    assert_non_null(ds);
    assert_int_equal(arrival_check_trace(ds, &e), -1);
    assert_string_equal(e.text, "t.jsonl:1: has no instant; --arrival trace needs a dataset with timestamps");
    dataset_free(&ds);
    ds = dataset_builtin();
    assert_int_equal(arrival_check_trace(ds, &e), -1);
    dataset_free(&ds);
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
    for (enum arrival_kind each = ARRIVAL_CONSTANT; each < ARRIVAL_BURST; each++) {
        assert_int_equal(arrival_parse(str_of(arrival_name(each)), &k, &e), 0);
        assert_int_equal(k, each);
    }
    assert_string_equal(arrival_name(ARRIVAL_BURST), "burst");
    assert_int_equal(arrival_parse(STR("burst"), &k, &e), -1); /* that is --rate inf */
    assert_int_equal(e.code, ERR_USAGE);
    assert_string_equal(e.text, "\"burst\" is not an arrival process; use constant, poisson, gamma, uniform or trace");
    assert_int_equal(arrival_parse(STR(""), &k, NULL), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constant),
        cmocka_unit_test(test_poisson_gaps),
        cmocka_unit_test(test_gamma_gaps),
        cmocka_unit_test(test_gamma_of_shape_1),
        cmocka_unit_test(test_uniform),
        cmocka_unit_test(test_change_of_time),
        cmocka_unit_test(test_dispersion),
        cmocka_unit_test(test_same_for_any_number_of_workers),
        cmocka_unit_test(test_keyed_by_seed_and_level),
        cmocka_unit_test(test_no_drift),
        cmocka_unit_test(test_seek),
        cmocka_unit_test(test_horizon),
        cmocka_unit_test(test_burst),
        cmocka_unit_test(test_trace),
        cmocka_unit_test(test_bad_traces),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

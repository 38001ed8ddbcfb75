/* test_profile.c - the pieces' levels against their formulas, the areas against sums by Simpson's rule, the instants
 * against the areas. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "load/profile.h"

#define SEC NS_PER_S

static struct profile made(const char *text)
{
    struct profile p;
    struct err e = {0};
    if (profile_parse(&p, str_of(text), 1e7, &e) < 0)
        fail_msg("%s: %s", text, e.text);
    return p;
}

static void near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%.12g is not within %g of %.12g", a, tolerance, b);
}

static void each_form_has_its_level(void **state)
{
    static const struct {
        const char *text;
        double s, level;
    } cases[] = {
        {"30s@50", 0, 50},
        {"30s@50", 29.9, 50},
        {"30s@50,1m@200", 29.999, 50},
        {"30s@50,1m@200", 30, 200},
        {"30s@50,1m@200", 90, 50}, /* and again */
        {"30s@50,1m@200", 30 + 900, 200},
        {"10s@10..30", 0, 10},
        {"10s@10..30", 2.5, 15},
        {"10s@30..10", 2.5, 25},
        {" 10s@0..30 , 5@1e3 ", 12, 1000},
        {"10s@exp:1..1024", 5, 32},
        {"10s@exp:1024..1", 7, 8},
        {"1m@sine:20..80/20s", 0, 50},
        {"1m@sine:20..80/20s", 5, 80},
        {"1m@sine:20..80/20s", 15, 20},
        {"1m@sine:20..80/20s", 20 + 20.0 / 12, 65},
        {"1m@sine:20..20/20s", 7, 20},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct profile p = made(cases[i].text);
        near(profile_at(&p, llround(cases[i].s * 1e9)), cases[i].level, 1e-6 * cases[i].level);
    }
}

static void what_is_no_profile_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "30s",
        "30s@",
        "@50",
        "0s@50",
        "30s@-1",
        "30s@5,",
        "30s@5..",
        "30s@..5",
        "30s@exp:0..5",
        "30s@exp:5",
        "30s@sine:5/1",
        "30s@sine:1..5",
        "30s@0",
        "30s@0,1m@0",
        "30s@sine:5..1/1s",
        "30s@x",
        "30x@5",
        "30s@2e7",
        "500d@1",
        "9000h@1",
        "30s@nan",
        "30s@inf",
        "30s@1..2..3",
        "30s@sine:1..2/0",
        "8000h@1,8000h@1",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct profile p;
        struct err e = {0};
        if (profile_parse(&p, str_of(bad[i]), 1e7, &e) == 0)
            fail_msg("\"%s\" was taken", bad[i]);
        assert_int_equal(e.code, ERR_USAGE);
        assert_true(e.text[0] != 0);
    }
    char many[65 * 5 + 1]; /* as many pieces, and 64 */
    for (int i = 0; i < 65; i++)
        memcpy(many + 5 * i, "1s@1,", 6);
    struct profile p;
    assert_int_equal(profile_parse(&p, (struct str){many, 65 * 5 - 1}, 10, NULL), -1);
    assert_int_equal(profile_parse(&p, (struct str){many, 64 * 5 - 1}, 10, NULL), 0);
    assert_int_equal(p.length, 64 * SEC);
}

static const char *const shapes[] = {
    "7s@50",
    "3s@50,2s@0,4s@200",
    "10s@10..200",
    "10s@200..0",
    "10s@0..200",
    "5s@exp:1..500",
    "5s@exp:300..2",
    "30s@sine:20..80/4s",
    "11s@sine:0..80/4s",
    "0.5s@0,2s@7,3s@0..100,4s@exp:100..10,9s@sine:3..4000/2500ms,1s@0",
};

static void areas_are_integrals(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        struct profile p = made(shapes[i]);
        double total = 0;
        for (unsigned k = 0; k < p.n; k++) { /* Simpson's rule on 4,000 parts of each piece */
            enum { N = 4000 };
            const struct profile_piece *q = &p.piece[k];
            double sum = 0;
            for (int j = 0; j <= N; j++) {
                /* Beside the ends, where the next piece begins. */
                int64_t t = q->begin + MIN(q->length * j / N, q->length - 1);
                sum += profile_at(&p, t) * (j == 0 || j == N ? 1 : j % 2 ? 4 : 2);
            }
            near(profile_area(&p, q->begin), total, 1e-6 * p.area);
            total += sum / 3 / N * (double)q->length * 1e-9;
        }
        near(p.area, total, 1e-6 * p.area);
        near(profile_area(&p, 3 * p.length), 3 * total, 3e-6 * p.area);
    }
}

/* The instant of each area is where that area has come together, to the ns that it is rounded to. */
static void instants_are_the_inverse(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        struct profile p = made(shapes[i]);
        unsigned hint = 0, cold = 0;
        int64_t before = 0;
        for (int k = 0; k < 20000; k++) {
            double area = k * p.area * 2.5 / 20000 + 0.123;
            int64_t t = profile_when(&p, area, &hint);
            assert_true(t >= before);
            /* Half a nanosecond of the highest level, and the sum's own rounding. */
            near(profile_area(&p, t), area, p.most * 1e-9 + 1e-10 * p.area);
            assert_int_equal(profile_when(&p, area, &cold), t); /* whatever was found before */
            cold = (unsigned)(k % 7);
            before = t;
        }
    }
}

static void silence_is_left_at_its_end(void **state)
{
    struct profile p = made("3s@50,2s@0,4s@200,1s@0");
    unsigned hint = 0;
    assert_int_equal(profile_when(&p, 0, &hint), 0);
    assert_int_equal(profile_when(&p, 149, &hint), 2980 * NS_PER_MS);
    assert_int_equal(profile_when(&p, 150, &hint), 5 * SEC); /* not at 3 s, where nothing comes */
    assert_int_equal(profile_when(&p, 949, &hint), 8995 * NS_PER_MS);
    assert_int_equal(profile_when(&p, 950, &hint), 10 * SEC); /* the next time through */
    assert_int_equal(profile_when(&p, 0, &hint), 0);
    assert_int_equal(profile_when(&p, 1e300, &hint), INT64_MAX);
}

/* Walks from change to change, and looks between them. */
static void users_change_when_they_say(void **state)
{
    static const struct {
        const char *text;
        int changes; /* of one time through */
    } cases[] = {
        {"1s@3,1s@5", 1},         {"2s@1..11", 10}, {"2s@11..1,1s@11", 11},     {"1s@exp:1..100", 99},
        {"4s@sine:0..10/2s", 40}, {"1s@0,1s@1", 1}, {"3s@sine:4.6..5.4/1s", 0}, {"1s@7", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct profile p = made(cases[i].text);
        int64_t t = 0;
        int n = 0;
        for (;;) {
            uint32_t users = profile_users(&p, t);
            int64_t next = profile_users_change(&p, t);
            if (next >= p.length) {
                assert_true(cases[i].changes > 0 || next == INT64_MAX);
                break;
            }
            assert_true(next > t);
            for (int k = 0; k <= 10; k++)
                assert_int_equal(profile_users(&p, t + (next - 1 - t) / 10 * k), users);
            assert_int_equal(profile_users(&p, next - 1), users);
            assert_int_not_equal(profile_users(&p, next), users);
            t = next;
            n++;
        }
        assert_int_equal(n, cases[i].changes);
    }
    struct profile long_one = made("8000h@sine:4.6..5.4/1ms,1h@6"); /* not looked through wave by wave */
    assert_int_equal(profile_users_change(&long_one, 12345), 8000 * 3600 * SEC);
    struct profile p = made("2s@1..11"); /* 0.5, 1.5, ... users more */
    assert_int_equal(profile_users_change(&p, 0), SEC / 10);
    assert_int_equal(profile_users_change(&p, SEC / 10), 3 * SEC / 10);
    assert_int_equal(profile_users_change(&p, 19 * SEC / 10), 2 * SEC); /* back to 1 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_has_its_level),    cmocka_unit_test(what_is_no_profile_is_refused),
        cmocka_unit_test(areas_are_integrals),        cmocka_unit_test(instants_are_the_inverse),
        cmocka_unit_test(silence_is_left_at_its_end), cmocka_unit_test(users_change_when_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

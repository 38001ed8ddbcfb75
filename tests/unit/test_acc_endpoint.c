/* test_acc_endpoint.c - what a level says of each of several endpoints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "analysis/acc_endpoint.h"
#include "records.h"

#define near(a, b) assert_true(fabs((double)(a) - (double)(b)) <= 1e-9 * fabs((double)(b)))

static struct acc *begin(unsigned n_endpoints)
{
    struct acc *a = acc_new(&(struct acc_opts){0});
    struct rec_run run = {.version = "1"};
    acc_sink.run(a, &run);
    for (unsigned i = 0; i < n_endpoints; i++) {
        struct rec_endpoint p = {.endpoint = i};
        snprintf(p.url, sizeof p.url, "http://host%u", i);
        acc_sink.endpoint(a, &p);
    }
    struct rec_level line = level_line(true, 1000, 3000, false);
    acc_sink.level(a, &line);
    return a;
}

/* Item i of an open loop to endpoint i mod 3, every 50 ms: TTFT 10, 20 or 30 ms and i/100 ms; 5 tokens 2, 4 or 6 ms
 * apart. Of endpoint 1 items 4 and 10 fail; item 7 is cancelled; item 13 was never sent; item 0 is warm-up. */
static struct record *item(struct rec_slab *s, int i)
{
    int k = i % 3;
    double due = 1000 + 50 * i;
    struct record *r;
    if (i == 4 || i == 10) {
        r = failure(s, OUT_HTTP, i == 4 ? 500 : 429, due, due, due + 3);
    } else if (i == 7) {
        r = failure(s, OUT_CANCELLED, 0, due, due, due + 500);
    } else if (i == 13) {
        r = failure(s, OUT_UNSENT, 0, due, 0, 0);
        r->start = r->end = r->admitted = 0;
        return r;
    } else {
        r = success(s, due, due, due + 10 * (k + 1) + i / 100.0, 5, 2 * (k + 1));
    }
    r->endpoint = (uint32_t)k;
    r->index = (uint64_t)i;
    if (i == 0)
        r->flags |= REC_WARMUP;
    return r;
}

static const struct sum_level *fed(struct acc *a, bool backwards)
{
    struct rec_slab s;
    rec_slab_init(&s, 1000);
    for (int i = 0; i < 15; i++)
        feed(a, &s, item(&s, backwards ? 14 - i : i));
    struct rec_level end = level_line(true, 1000, 3000, true);
    end.scheduled = 14;
    end.unsent = 1;
    acc_sink.level(a, &end);
    rec_slab_free(&s);
    const struct summary *sum = acc_finish(a);
    assert_int_equal(sum->n_levels, 1);
    return &sum->levels[0];
}

static uint64_t count_of(const struct sum_counts *c, const char *name)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->v[i].name, name) == 0)
            return c->v[i].n;
    return 0;
}

static void each_has_its_own(void **state)
{
    (void)state;
    for (int way = 0; way < 2; way++) {
        struct acc *a = begin(3);
        const struct sum_level *l = fed(a, way == 1);
        assert_int_equal(l->n_endpoints, 3);
        const struct sum_endpoint *p = l->endpoints;
        assert_string_equal(p[2].url, "http://host2");
        /* 1..14 without the unsent 13: endpoint 0 has 3 6 9 12, endpoint 1 has 1 4 7 10, endpoint 2 has 2 5 8 11 14. */
        assert_int_equal(p[0].attempted, 4);
        assert_int_equal(p[1].attempted, 4);
        assert_int_equal(p[2].attempted, 5);
        assert_int_equal(l->attempted, 13);
        near(p[2].share, 5.0 / 13);
        assert_int_equal(p[0].successful, 4);
        assert_int_equal(p[1].successful, 1);
        assert_int_equal(p[1].failed, 2);
        assert_int_equal(p[1].cancelled, 1);
        assert_int_equal(p[2].failed, 0);
        assert_int_equal(count_of(&p[1].outcomes, "http_500"), 1);
        assert_int_equal(count_of(&p[1].outcomes, "http_429"), 1);
        assert_int_equal(count_of(&p[0].outcomes, "ok"), 4);
        assert_int_equal(p[0].outcomes.n, 1);
        near(p[0].ttft.q[0], 10.075e6); /* the median of 10.03 10.06 10.09 10.12 */
        assert_int_equal(p[1].ttft.n, 1);
        assert_int_equal(p[1].ttft.censored, 1); /* the cancelled one */
        near(p[2].ttft.max, 30.14e6);
        near(p[2].ttft.q[0], 30.08e6);
        near(p[0].e2e.q[0], 18.075e6);
        near(p[0].total.min, 19.03e6);
        assert_int_equal(p[2].itl.n, 20);
        assert_int_equal(p[2].itl.requests, 5);
        near(p[2].itl.min, 6e6);
        near(p[2].itl.max, 6e6);
        /* In the window of 2 s, that of the warm-up counts too. */
        near(p[0].output_tok_s, 25.0 / 2);
        near(p[1].output_tok_s, 5.0 / 2);
        near(p[2].output_tok_s, 25.0 / 2);
        near(l->output_tok_s, 55.0 / 2);
        assert_int_equal(l->unsent, 1);
        acc_free(&a);
    }
}

static void one_alone_is_the_level(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 2; n++) { /* records of an earlier version name none */
        struct acc *a = begin(n);
        const struct sum_level *l = fed(a, false);
        assert_int_equal(l->n_endpoints, 0);
        assert_int_equal(l->attempted, 13);
        acc_free(&a);
    }
}

static void numbers_beyond_the_urls_stay_out(void **state)
{
    (void)state;
    struct acc *a = begin(2); /* endpoint 2 is not named: its requests count in the whole alone */
    struct rec_endpoint late = {.endpoint = 5, .url = "late"}, wild = {.endpoint = UINT32_MAX, .url = "wild"};
    acc_sink.endpoint(a, &late);
    acc_sink.endpoint(a, &wild);
    const struct sum_level *l = fed(a, false);
    assert_int_equal(l->n_endpoints, 2);
    assert_int_equal(l->endpoints[0].attempted + l->endpoints[1].attempted, 8);
    assert_int_equal(l->attempted, 13);
    acc_free(&a);
}

static void many_become_a_histogram(void **state)
{
    (void)state;
    struct acc_endpoint p;
    struct summary s = {.n_q = 1, .q = {0.5}};
    struct sum_level level = {.window_s = 1, .w1 = 1000, .attempted = ENDPOINT_EXACT + 11};
    struct sum_endpoint out;
    acc_endpoint_init(&p, 0);
    struct record r = {.outcome = OUT_OK};
    for (int i = 0; i < ENDPOINT_EXACT + 11; i++) {
        struct measured m;
        for (int k = 0; k < METRIC_LATENCIES; k++)
            m.v[k] = NOT_MEASURED;
        m.censored = 0;
        m.v[METRIC_TTFT] = 1000000 + i;
        acc_endpoint_member(&p, &r, &m);
    }
    assert_int_equal(p.ttft.seen.n, 0); /* the vectors are gone */
    acc_endpoint_finish(&p, &s, &level, &out);
    assert_int_equal(out.attempted, ENDPOINT_EXACT + 11);
    assert_int_equal(out.ttft.n, ENDPOINT_EXACT + 11);
    assert_true(fabs(out.ttft.q[0] - 1050005) < 1050005 * 1e-3);
    near(out.ttft.mean, 1050005);
    assert_int_equal(out.e2e.n, 0);
    free(out.outcomes.v);
    acc_endpoint_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_its_own),
        cmocka_unit_test(one_alone_is_the_level),
        cmocka_unit_test(numbers_beyond_the_urls_stay_out),
        cmocka_unit_test(many_become_a_histogram),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

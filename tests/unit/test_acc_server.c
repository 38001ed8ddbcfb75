/* test_acc_server.c - the server's figures of a level's window, by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/acc_level.h"
#include "analysis/acc_server.h"
#include "base/xalloc.h"

static void near(double a, double b)
{
    if (!(fabs(a - b) <= 1e-9 * fmax(1, fabs(b))))
        fail_msg("%.17g is not %.17g", a, b);
}

struct rig {
    struct summary s;
    struct acc_server a;
    struct sum_level level[3];
};

/* Levels of 10 s each: [10, 20), [30, 40), [50, 60). */
static void begin(struct rig *r, size_t levels, unsigned sources)
{
    memset(r, 0, sizeof *r);
    r->s.levels = r->level;
    r->s.n_levels = levels;
    for (size_t i = 0; i < levels; i++)
        r->level[i] = (struct sum_level){.level = (uint32_t)i,
                                         .w0 = (10 + 20 * (int64_t)i) * NS_PER_S,
                                         .w1 = (20 + 20 * (int64_t)i) * NS_PER_S,
                                         .window_s = 10,
                                         .attempted = 5,
                                         .concurrency = 4 << i,
                                         .output_tok_s = 50};
    for (uint32_t i = 0; i < sources; i++) {
        struct scrape_source x = {.source = i};
        snprintf(x.url, sizeof x.url, "http://s%u", i);
        acc_server_source(&r->a, &r->s, &x);
    }
}

static void end(struct rig *r)
{
    for (size_t i = 0; i < r->s.n_levels; i++)
        texts_free(&r->level[i].notes);
    texts_free(&r->s.notes);
    acc_server_free(&r->a);
}

static void put(struct rig *r, uint32_t source, double at_s, enum scrape_value k, double v, enum scrape_value k2,
                double v2)
{
    struct scrape s;
    scrape_clear(&s);
    s.source = source;
    s.at = llround(at_s * 1e9);
    s.v[k] = v;
    s.v[k2] = v2;
    s.gpus = k == SCRAPE_GPU_POWER ? 2 : 0;
    acc_server_scrape(&r->a, &r->s, &s);
}

static bool noted(const struct sum_texts *t, const char *says)
{
    for (size_t i = 0; i < t->n; i++) {
        if (strstr(t->v[i], says))
            return true;
    }
    return false;
}

/* Scrapes outside of the window count for no gauge; two URLs add up, and the most is that of both at once. */
static void gauges(void **state)
{
    struct rig r;
    begin(&r, 1, 2);
    put(&r, 0, 9.9, SCRAPE_RUNNING, 99, SCRAPE_KV_USAGE, 0.99);
    put(&r, 1, 16, SCRAPE_RUNNING, 10, SCRAPE_KV_USAGE, 0.4); /* not in order */
    put(&r, 0, 10, SCRAPE_RUNNING, 2, SCRAPE_KV_USAGE, 0.1);
    put(&r, 0, 15, SCRAPE_RUNNING, 6, SCRAPE_KV_USAGE, 0.3);
    put(&r, 0, 18, SCRAPE_RUNNING, 1, SCRAPE_KV_USAGE, 0.2);
    put(&r, 1, 20, SCRAPE_RUNNING, 99, SCRAPE_KV_USAGE, 0.99);
    put(&r, 7, 15, SCRAPE_RUNNING, 1000, SCRAPE_KV_USAGE, 1); /* of no URL that is known */
    acc_server_finish(&r.a, &r.s);
    const struct sum_server *v = &r.level[0].server;
    assert_true(v->on);
    assert_int_equal(v->scrapes, 4);
    assert_true(v->running.present);
    near(v->running.mean, 3 + 10);
    near(v->running.max, 6 + 10);
    near(v->kv_usage.mean, (0.2 + 0.4) / 2);
    near(v->kv_usage.max, 0.4);
    assert_false(v->waiting.present);
    assert_true(isnan(v->prefix_rate) && isnan(v->preemptions) && isnan(v->energy_j));
    end(&r);
}

/* A counter at 8 s, 12 s and 22 s: straight lines between. */
static void counters(void **state)
{
    struct rig r;
    begin(&r, 2, 1);
    put(&r, 0, 8, SCRAPE_PREFIX_QUERIES, 0, SCRAPE_PREFIX_HITS, 0);
    put(&r, 0, 12, SCRAPE_PREFIX_QUERIES, 400, SCRAPE_PREFIX_HITS, 40);
    put(&r, 0, 22, SCRAPE_PREFIX_QUERIES, 1400, SCRAPE_PREFIX_HITS, 540);
    acc_server_finish(&r.a, &r.s);
    near(r.level[0].server.prefix_queries, 1200 - 200);
    near(r.level[0].server.prefix_hits, 440 - 20);
    near(r.level[0].server.prefix_rate, 0.42);
    assert_true(isnan(r.level[1].server.prefix_queries)); /* nothing was asked any more */
    assert_true(noted(&r.level[1].notes, "--metrics-interval"));
    end(&r);
}

/* 3 J/s by the counter; then by power alone, 250 W of two GPUs; 500 tokens in the window. */
static void energy(void **state)
{
    struct rig r;
    begin(&r, 1, 1);
    put(&r, 0, 5, SCRAPE_GPU_POWER, 1, SCRAPE_GPU_ENERGY, 0);
    put(&r, 0, 15, SCRAPE_GPU_POWER, 2, SCRAPE_GPU_ENERGY, 30);
    put(&r, 0, 25, SCRAPE_GPU_POWER, 4, SCRAPE_GPU_ENERGY, 60);
    acc_server_finish(&r.a, &r.s);
    near(r.level[0].server.energy_j, 30);
    near(r.level[0].server.j_per_output_token, 30.0 / 500);
    assert_false(r.level[0].server.by_power);
    assert_int_equal(r.level[0].server.gpus, 2);
    end(&r);
    begin(&r, 1, 1);
    put(&r, 0, 12, SCRAPE_GPU_POWER, 200, SCRAPE_GPU_UTIL, 0.5);
    put(&r, 0, 18, SCRAPE_GPU_POWER, 300, SCRAPE_GPU_UTIL, 1);
    r.level[0].output_tok_s = NAN;
    acc_server_finish(&r.a, &r.s);
    near(r.level[0].server.energy_j, 2500);
    assert_true(r.level[0].server.by_power && isnan(r.level[0].server.j_per_output_token));
    near(r.level[0].server.gpu_util.mean, 0.75);
    near(r.level[0].server.power.max, 300);
    end(&r);
}

/* One URL counts 30 J, another tells 20 W alone; each has two GPUs. */
static void energy_of_two(void **state)
{
    struct rig r;
    begin(&r, 1, 2);
    put(&r, 0, 10, SCRAPE_GPU_POWER, 3, SCRAPE_GPU_ENERGY, 0);
    put(&r, 1, 15, SCRAPE_GPU_POWER, 20, SCRAPE_GPU_UTIL, 1);
    put(&r, 0, 20, SCRAPE_GPU_POWER, 3, SCRAPE_GPU_ENERGY, 30);
    acc_server_finish(&r.a, &r.s);
    near(r.level[0].server.energy_j, 30 + 20 * 10);
    near(r.level[0].server.power.mean, 3 + 20);
    assert_true(r.level[0].server.by_power);
    assert_int_equal(r.level[0].server.gpus, 2 + 2);
    end(&r);
}

/* Each level's hit rate is told by a gauge here. */
static void a_rate_that_rises(void **state)
{
    struct rig r;
    begin(&r, 3, 1);
    put(&r, 0, 15, SCRAPE_PREFIX_RATE, 0.10, SCRAPE_RUNNING, 1);
    put(&r, 0, 35, SCRAPE_PREFIX_RATE, 0.14, SCRAPE_RUNNING, 1);
    put(&r, 0, 55, SCRAPE_PREFIX_RATE, 0.62, SCRAPE_RUNNING, 1);
    acc_server_finish(&r.a, &r.s);
    assert_int_equal(r.level[0].notes.n, 0);
    assert_int_equal(r.level[1].notes.n, 0); /* by less than 5 points */
    assert_int_equal(r.level[2].notes.n, 1);
    assert_true(noted(&r.level[2].notes, "rose from 10 % (4 in flight) to 62 % here: cached prompts flatter"));
    end(&r);
}

static void notes(void **state)
{
    struct rig r;
    struct scrape failed;
    begin(&r, 2, 1);
    scrape_clear(&failed);
    failed.failed = true;
    failed.at = 11 * NS_PER_S;
    snprintf(failed.why, sizeof failed.why, "no answer in time");
    put(&r, 0, 9, SCRAPE_PREEMPTIONS, 0, SCRAPE_WAITING, 0);
    acc_server_scrape(&r.a, &r.s, &failed);
    failed.at = 35 * NS_PER_S;
    acc_server_scrape(&r.a, &r.s, &failed);
    put(&r, 0, 15, SCRAPE_PREEMPTIONS, 4, SCRAPE_WAITING, 3);
    put(&r, 0, 21, SCRAPE_PREEMPTIONS, 4, SCRAPE_WAITING, 0);
    acc_server_finish(&r.a, &r.s);
    assert_true(noted(&r.level[0].notes, "the server preempted 3 requests"));
    assert_true(noted(&r.level[0].notes, "3 requests waited in the server's queue on average: TTFT"));
    assert_true(noted(&r.level[1].notes, "no answer of --metrics-url came within the window"));
    assert_true(noted(&r.s.notes, "2 of 5 questions to http://s0 failed (the first: no answer in time)"));
    assert_int_equal(r.level[0].server.failed, 1);
    end(&r);
}

static void without_urls(void **state)
{
    struct rig r;
    begin(&r, 1, 0);
    acc_server_finish(&r.a, &r.s);
    assert_false(r.level[0].server.on);
    assert_int_equal(r.level[0].notes.n, 0);
    end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gauges),        cmocka_unit_test(counters),          cmocka_unit_test(energy),
        cmocka_unit_test(energy_of_two), cmocka_unit_test(a_rate_that_rises), cmocka_unit_test(notes),
        cmocka_unit_test(without_urls)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What is written is read back as it was, and what is not whole, not known or wrong. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record/scrapes.h"

struct got {
    struct scrape_source source[SCRAPE_SOURCES_MAX];
    struct scrape scrape[8];
    size_t n_sources, n;
};

static void on_source(void *arg, const struct scrape_source *s)
{
    struct got *g = arg;
    g->source[g->n_sources++] = *s;
}

static void on_scrape(void *arg, const struct scrape *s)
{
    struct got *g = arg;
    g->scrape[g->n++] = *s;
}

static const struct scrapes_sink sink = {on_source, on_scrape};

static void test_round_trip(void **state)
{
    struct buf b = BUF_INIT(1 << 20);
    struct scrape_source from = {1, "http://[redacted]@h:1/\"x\"?token=[redacted]"};
    struct scrape s, failed;
    struct got g = {0};
    struct err e = {0};
    scrape_clear(&s);
    s.source = 1;
    s.at = 123456789012345;
    s.took = 678;
    s.gpus = 4;
    for (int k = 0; k < SCRAPE_VALUES; k += 2)
        s.v[k] = (k + 1) / 3.0;
    scrape_clear(&failed);
    failed.at = 7;
    failed.failed = true;
    snprintf(failed.why, sizeof failed.why, "no answer\n in time");
    scrapes_put_head(&b);
    scrapes_put_source(&b, &from);
    scrapes_put(&b, &s);
    scrapes_put(&b, &failed);
    if (scrapes_read_text(buf_str(&b), "x", &sink, &g, &e) != 0)
        fail_msg("%s", e.text);
    assert_int_equal(g.n_sources, 1);
    assert_int_equal(g.source[0].source, 1);
    assert_string_equal(g.source[0].url, from.url);
    assert_int_equal(g.n, 2);
    assert_int_equal(g.scrape[0].at, s.at);
    assert_int_equal(g.scrape[0].took, 678);
    assert_int_equal(g.scrape[0].gpus, 4);
    assert_false(g.scrape[0].failed);
    for (int k = 0; k < SCRAPE_VALUES; k++) {
        if (k % 2)
            assert_true(isnan(g.scrape[0].v[k]));
        else
            assert_memory_equal(&g.scrape[0].v[k], &s.v[k], sizeof s.v[k]);
    }
    assert_true(g.scrape[1].failed);
    assert_string_equal(g.scrape[1].why, failed.why);
    buf_free(&b);
}

static void test_of_later_versions(void **state)
{
    struct got g = {0};
    struct err e = {0};
    const char *text = "{\"type\":\"head\"}\n\n{\"type\":\"weather\",\"rain\":[1,{}]}\n"
                       "{\"running\":3,\"type\":\"scrape\",\"new\":\"x\",\"at\":5,\"source\":0}\n{\"type\":\"scra";
    assert_int_equal(scrapes_read_text(str_of(text), "x", &sink, &g, &e), 0);
    assert_int_equal(g.n, 1);
    assert_true(g.scrape[0].v[SCRAPE_RUNNING] == 3);
}

static void refused(const char *text, const char *says)
{
    struct got g = {0};
    struct err e = {0};
    assert_int_equal(scrapes_read_text(str_of(text), "f", &sink, &g, &e), -1);
    if (!strstr(e.text, says))
        fail_msg("\"%s\" is not in \"%s\"", says, e.text);
}

static void test_wrong(void **state)
{
    refused("{\"type\":\"head\"}\n[1]\n", "f:2: ");
    refused("{\"source\":8}\n", "f:1: a number is out of range");
    refused("{\"source\":-1}\n", "out of range");
    refused("{\"at\":-5}\n", "out of range");
    refused("{\"running\":\"3\"}\n", "f:1: ");
    refused("{\"type\":\"scrape\"} x\n", "f:1: ");
}

static void test_names(void **state)
{
    assert_string_equal(scrape_value_name(SCRAPE_KV_USAGE), "kv_cache_usage");
    assert_int_equal(scrape_value_how(SCRAPE_GPU_ENERGY), SCRAPE_COUNTER);
    assert_int_equal(scrape_value_how(SCRAPE_GPU_POWER), SCRAPE_SUM);
    assert_int_equal(scrape_value_how(SCRAPE_GPU_UTIL), SCRAPE_MEAN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip), cmocka_unit_test(test_of_later_versions),
                                       cmocka_unit_test(test_wrong), cmocka_unit_test(test_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

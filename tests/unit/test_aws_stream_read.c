#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "compat/aws_stream_read.h"

static void near(double got, double want, double off)
{
    if (!(fabs(got - want) <= off))
        fail_msg("%.17g is not %.17g", got, want);
}

static int take(struct experiment *x, const char *json, struct err *e)
{
    struct jdoc *d = jdoc_parse(str_of(json), "test", e);
    assert_non_null(d);
    xp_init(x);
    int rc = aws_stream_read(x, "name", jdoc_root(d), e);
    jdoc_free(&d);
    return rc;
}

/* As the original writes it: no statistics of headers, names in lower case or not, text or numbers. */
static void of_the_original(void **state)
{
    struct experiment x;
    struct err e = {0};
    (void)state;
    assert_int_equal(
        take(&x,
             "{\"benchmark_config\":{\"concurrency\":4,\"max_tokens\":64,\"timestamp\":5.5},"
             "\"statistics\":{\"total_requests\":5,\"successful_requests\":3,"
             "\"ttft_stats\":{\"count\":3,\"mean\":2,\"median\":1.5,\"p95\":3,\"p99\":4,\"min\":1,\"max\":5},"
             "\"total_latency_stats\":{\"count\":3,\"median\":9},\"aws_ttft_stats\":null},"
             "\"raw_results\":[{\"ok\":true,\"ttft_s\":0.25,\"aws_headers\":{\"x-ttft-ms\":\"200\"}},"
             "{\"ok\":true,\"ttft_s\":0.5,\"aws_headers\":{\"X-TTFT-MS\":400,\"x-other\":\"1\"}},"
             "{\"ok\":true,\"ttft_s\":null,\"aws_headers\":{\"x-ttft-ms\":\"much\"}},{\"ok\":false,\"ttft_s\":9}],"
             "\"failures\":[{\"error\":\"HTTP 503: no\"},{\"error\":\"HTTP 503: no\"},{\"request_id\":1}]}",
             &e),
        0);
    assert_int_equal(x.n_streams, 1);
    const struct xp_stream *s = &x.streams[0];
    assert_string_equal(s->name, "name");
    assert_true(s->requests == 5 && s->ok == 3 && s->concurrency == 4 && s->max_tokens == 64 && !s->http);
    assert_true(s->ttft.n == 3 && s->ttft.p50 == 1.5 && s->ttft.p95 == 3 && s->ttft.max == 5 && s->total.p50 == 9);
    assert_int_equal(s->told.n, 2); /* of the rows, in s */
    near(s->told.mean, 0.3, 1e-12);
    near(s->told.p50, 0.3, 1e-12);
    near(s->told.max, 0.4, 1e-12);
    assert_int_equal(s->told_cost.n, 0);
    assert_int_equal(s->n, 3);
    near(s->client_s[0] - s->told_s[0], 0.05, 1e-12);
    assert_true(isnan(s->client_s[2]) && isnan(s->told_s[2]));
    assert_int_equal(s->errors.n, 2);
    assert_string_equal(s->errors.v[0].what, "HTTP 503: no");
    assert_int_equal(s->errors.v[0].n, 2);
    assert_non_null(s->errors.v[0].hint);
    assert_string_equal(s->errors.v[1].what, "(no text)");
    xp_free(&x);
}

/* Statistics that are there count; what they lack comes of the rows. */
static void of_weir(void **state)
{
    struct experiment x;
    struct err e = {0};
    (void)state;
    assert_int_equal(take(&x,
                          "{\"benchmark_config\":{\"http_version\":\"2\"},\"statistics\":{\"total_requests\":1,"
                          "\"successful_requests\":7,\"aws_ttft_stats\":{\"count\":1,\"mean\":0.1,\"median\":0.1,"
                          "\"p95\":0.1,\"p99\":0.1},\"aws_cost_per_1k_stats\":{\"count\":1,\"median\":0.5}},"
                          "\"raw_results\":[{\"aws_headers\":{\"x-ttft-ms\":\"300\"}}]}",
                          &e),
                     0);
    const struct xp_stream *s = &x.streams[0];
    assert_true(s->told.n == 1 && s->told.p50 == 0.1 && s->told.max == 0.3);
    assert_true(s->told_cost.n == 1 && s->told_cost.p50 == 0.5);
    assert_string_equal(s->http, "2");
    assert_int_equal(s->ok, 1); /* not more than there were */
    assert_int_equal(s->errors.n, 0);
    xp_free(&x);
}

static void no_such_file(void **state)
{
    static const char *const texts[] = {"{}", "[]", "{\"benchmark_config\":{},\"statistics\":{}}",
                                        "{\"benchmark_config\":{},\"statistics\":[],\"raw_results\":[]}"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct experiment x;
        struct err e = {0};
        assert_int_equal(take(&x, texts[i], &e), -1);
        assert_int_equal(e.code, ERR_DATA);
        assert_int_equal(x.n_streams, 0);
        xp_free(&x);
    }
}

/* Twenty kinds of errors are told apart, the rest is counted together. */
static void many_errors(void **state)
{
    struct experiment x;
    struct err e = {0};
    struct buf b = BUF_INIT(1 << 20);
    (void)state;
    buf_addz(&b, "{\"benchmark_config\":{},\"statistics\":{},\"raw_results\":[],\"failures\":[");
    for (int i = 0; i < 25; i++)
        buf_addf(&b, "%s{\"error\":\"e%d\"}", i ? "," : "", i);
    buf_addz(&b, ",{\"error\":\"e3\"}]}");
    assert_int_equal(take(&x, b.p, &e), 0);
    const struct xp_errors *all = &x.streams[0].errors;
    assert_int_equal(all->n, 21);
    assert_string_equal(all->v[20].what, "(others)");
    assert_int_equal(all->v[20].n, 5);
    assert_int_equal(all->v[3].n, 2);
    xp_free(&x);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(of_the_original), cmocka_unit_test(of_weir),
                                       cmocka_unit_test(no_such_file), cmocka_unit_test(many_errors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

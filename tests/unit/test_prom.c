/* The examples of the format's specifications, and every way to cut the bytes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "fetch/prom.h"

static void on_sample(void *arg, const struct prom_sample *s)
{
    struct buf *log = arg;
    buf_adds(log, s->name);
    for (size_t i = 0; i < s->n_labels; i++)
        buf_addf(log, "|" STR_FMT "=" STR_FMT, STR_ARG(s->labels[i].name), STR_ARG(s->labels[i].value));
    buf_addf(log, " %g\n", s->value);
}

/* From memory of exactly its length, freed right afterwards. */
static void feed(struct prom *p, const char *text, size_t n)
{
    char *copy = xmalloc(n ? n : 1);
    if (n)
        memcpy(copy, text, n);
    prom_feed(p, copy, n);
    free(copy);
}

static void check(const char *text, const char *want, uint64_t bad)
{
    size_t n = strlen(text);
    for (size_t cut = 0; cut <= n; cut++) {
        struct buf log = BUF_INIT(1 << 20);
        struct prom p;
        prom_init(&p, on_sample, &log);
        feed(&p, text, cut);
        feed(&p, text + cut, n - cut);
        prom_end(&p);
        if (!str_eqz(buf_str(&log), want) || p.bad != bad)
            fail_msg("cut at %zu: got \"" STR_FMT "\", %llu bad, want \"%s\", %llu", cut, STR_ARG(buf_str(&log)),
                     (unsigned long long)p.bad, want, (unsigned long long)bad);
        prom_free(&p);
        buf_free(&log);
    }
}

/* prometheus.io/docs/instrumenting/exposition_formats, "Text format example". */
static void test_example(void **state)
{
    check(
        "# HELP http_requests_total The total number of HTTP requests.\n"
        "# TYPE http_requests_total counter\n"
        "http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n"
        "http_requests_total{method=\"post\",code=\"400\"}    3 1395066363000\n"
        "\n"
        "# Escaping in label values:\n"
        "msdos_file_access_time_seconds{path=\"C:\\\\DIR\\\\FILE.TXT\",error=\"Cannot find file:\\n\\\"FILE.TXT\\\"\"} "
        "1.458255915e9\n"
        "\n"
        "# Minimalistic line:\n"
        "metric_without_timestamp_and_labels 12.47\n"
        "\n"
        "# A weird metric from before the epoch:\n"
        "something_weird{problem=\"division by zero\"} +Inf -3982045\n"
        "\n"
        "http_request_duration_seconds_bucket{le=\"0.05\"} 24054\n"
        "http_request_duration_seconds_bucket{le=\"+Inf\"} 144320\n"
        "http_request_duration_seconds_sum 53423\n"
        "rpc_duration_seconds{quantile=\"0.01\"} 3102\n",
        "http_requests_total|method=post|code=200 1027\n"
        "http_requests_total|method=post|code=400 3\n"
        "msdos_file_access_time_seconds|path=C:\\\\DIR\\\\FILE.TXT|error=Cannot find file:\\n\\\"FILE.TXT\\\" "
        "1.45826e+09\n"
        "metric_without_timestamp_and_labels 12.47\n"
        "something_weird|problem=division by zero inf\n"
        "http_request_duration_seconds_bucket|le=0.05 24054\n"
        "http_request_duration_seconds_bucket|le=+Inf 144320\n"
        "http_request_duration_seconds_sum 53423\n"
        "rpc_duration_seconds|quantile=0.01 3102\n",
        0);
}

/* OpenMetrics 1.0: "Overall structure" and "Exemplars". */
static void test_openmetrics(void **state)
{
    check("# TYPE acme_http_router_request_seconds summary\n"
          "# UNIT acme_http_router_request_seconds seconds\n"
          "acme_http_router_request_seconds_sum{path=\"/api/v1\",method=\"GET\"} 9036.32\n"
          "acme_http_router_request_seconds_created{path=\"/api/v1\",method=\"GET\"} 1605281325.0\n"
          "process_cpu_seconds_total 4.20072246e+06\n"
          "foo_bucket{le=\"0.1\"} 8 # {} 0.054\n"
          "foo_bucket{le=\"1\"} 11 1520879607.789 # {trace_id=\"KOO5S4vxi0o\"} 0.67\n"
          "foo_bucket{le=\"10\"} 17 # {trace_id=\"oHg5SJYRHA0\"} 9.8 1520879607.789\n"
          "# EOF\n"
          "behind 1\n",
          "acme_http_router_request_seconds_sum|path=/api/v1|method=GET 9036.32\n"
          "acme_http_router_request_seconds_created|path=/api/v1|method=GET 1.60528e+09\n"
          "process_cpu_seconds_total 4.20072e+06\n"
          "foo_bucket|le=0.1 8\n"
          "foo_bucket|le=1 11\n"
          "foo_bucket|le=10 17\n",
          0);
}

static void test_odd_but_right(void **state)
{
    check("a 1\r\nb{} 2\nc{x=\"1\",} 3\nd { x = \"y\" , z=\"\" } -4e-1\ne NaN\nf -Inf\n\t g\t5 \nh_:i 6",
          "a 1\nb 2\nc|x=1 3\nd|x=y|z= -0.4\ne nan\nf -inf\ng 5\nh_:i 6\n", 0);
    check("{\"a.name\"} 1\n{\"a.name\",x=\"y\"} 2\nplain{\"a label\"=\"y\"} 3\n",
          "a.name 1\na.name|x=y 2\nplain|a label=y 3\n", 0);
    check("a{x=\"} 9\"} 1\na{x=\"# y\"} 2\n", "a|x=} 9 1\na|x=# y 2\n", 0);
}

static void test_bad_lines(void **state)
{
    check("<html>\na\na b\na{x=\"1\" 2\na{x=1} 2\na{x=\"1\"y=\"2\"} 3\n1a 2\na 1 2 3\na 0x1\n{} 1\n{x=\"y\"} "
          "1\na{\"b\"} 1\n"
          "a{x=\"1\n[{\"iter\":1}]\nok 1\n",
          "ok 1\n", 14);
    check("", "", 0);
    check("\n\n", "", 0);
    check("a 1e999\na 1_0\n", "", 2);
}

static void test_bounds(void **state)
{
    struct buf text = BUF_INIT(1 << 20), log = BUF_INIT(1 << 20);
    struct prom p;
    buf_addz(&text, "long{x=\"");
    for (size_t i = 0; i < PROM_LINE_MAX; i++)
        buf_addc(&text, 'y');
    buf_addz(&text, "\"} 1\nmany{");
    for (size_t i = 0; i <= PROM_LABELS_MAX; i++)
        buf_addf(&text, "l%zu=\"\",", i);
    buf_addz(&text, "} 1\nok 1\n");
    for (size_t piece = 1; piece < text.n; piece = piece * 7 + 1) {
        prom_init(&p, on_sample, &log);
        for (size_t at = 0; at < text.n; at += piece)
            feed(&p, text.p + at, MIN(piece, text.n - at));
        prom_end(&p);
        assert_string_equal(log.p, "ok 1\n");
        assert_int_equal(p.bad, 2);
        assert_int_equal(p.samples, 1);
        assert_true(p.line.cap <= PROM_LINE_MAX + 1);
        prom_free(&p);
        buf_clear(&log);
    }
    buf_free(&text);
    buf_free(&log);
}

static void on_label(void *arg, const struct prom_sample *s)
{
    struct str *out = arg;
    *out = prom_label_of(s, "b");
    assert_true(str_eqz(*out, "2"));
    assert_null(prom_label_of(s, "c").p);
}

static void test_label_of(void **state)
{
    struct str out = {0};
    struct prom p;
    prom_init(&p, on_label, &out);
    prom_feed(&p, "x{a=\"1\",b=\"2\"} 1\n", 18);
    assert_int_equal(p.samples, 1);
    prom_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example),   cmocka_unit_test(test_openmetrics), cmocka_unit_test(test_odd_but_right),
        cmocka_unit_test(test_bad_lines), cmocka_unit_test(test_bounds),      cmocka_unit_test(test_label_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

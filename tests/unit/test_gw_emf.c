#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/jscan.h"
#include "base/xalloc.h"
#include "gateway/gw_metrics.h"

static const struct gw_outcome streamed = {.status = 200,
                                           .stream = true,
                                           .ttft = 250500 * NS_PER_US,
                                           .duration = 2 * NS_PER_S,
                                           .overhead = 1,
                                           .figures = {11, 40, true, true},
                                           .unix_ms = 1700000000123};

#define METRIC(name, unit) "{\"Name\":\"" name "\",\"Unit\":\"" unit "\"}"
#define BEGIN                                                                                                          \
    "{\"_aws\":{\"Timestamp\":1700000000123,\"CloudWatchMetrics\":[{\"Namespace\":\"LLM/Serving\",\"Dimensions\":"     \
    "[[\"EndpointName\"]],\"Metrics\":[" METRIC("RequestCount", "Count") "," METRIC("Errors", "Count")

static void line(const struct gw_outcome *o, double usd, const char *want)
{
    struct buf b = BUF_INIT(8192);
    gw_emf_line(o, "w", usd, &b);
    if (!str_eqz(buf_str(&b), want))
        fail_msg("%s\nis not\n%s", b.p, want);
    buf_free(&b);
}

#define TOKENS                                                                                                         \
    "," METRIC("TTFT", "Milliseconds") "," METRIC("PromptTokens", "Count") "," METRIC(                                 \
        "CompletionTokens", "Count") "," METRIC("TokensGenerated", "Count")
#define SPEED                                                                                                          \
    "," METRIC("TokensPerSecond", "Count/Second") "," METRIC("CompletionTimeSeconds",                                  \
                                                             "Seconds") "," METRIC("CostPer1kTokensUSD", "None")
#define VALUES "\"TTFT\":250.5,\"PromptTokens\":11,\"CompletionTokens\":40,\"TokensGenerated\":40,"

static void lines(void **state)
{
    (void)state;
    line(&streamed, 1.21,
         BEGIN TOKENS SPEED "]}]},\"EndpointName\":\"w\",\"RequestCount\":1,\"Errors\":0," VALUES
                            "\"TokensPerSecond\":20,\"CompletionTimeSeconds\":2,\"CostPer1kTokensUSD\":0.016805556,"
                            "\"Status\":200,\"Stream\":true}\n");
    struct gw_outcome o = {.status = 504,
                           .code = "upstream_timeout",
                           .ttft = -1,
                           .duration = NS_PER_S,
                           .overhead = -1,
                           .figures = {-1, -1, false, false},
                           .unix_ms = 1700000000123};
    line(&o, 1.21,
         BEGIN "]}]},\"EndpointName\":\"w\",\"RequestCount\":1,\"Errors\":1,\"Status\":504,\"Stream\":false,"
               "\"ErrorCode\":\"upstream_timeout\"}\n");
    /* The client went in the middle: nobody's error, and no speed. */
    o = streamed;
    o.status = 499;
    line(&o, NAN,
         BEGIN TOKENS "]}]},\"EndpointName\":\"w\",\"RequestCount\":1,\"Errors\":0," VALUES
                      "\"Status\":499,\"Stream\":true}\n");
}

/* What each metric is called in the directive stands beside it as a number: the specification's "target member". */
static void targets(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(8192);
    gw_emf_line(&streamed, "a\"b", 1.21, &b);
    struct str text = buf_str(&b), raw;
    unsigned n = 0;
    for (; n < 100; n++) {
        char path[80];
        snprintf(path, sizeof path, "_aws.CloudWatchMetrics.0.Metrics.%u.Name", n);
        if (js_path(text, path, &raw) < 0)
            break;
        char *name = xmemdup0(raw.p + 1, raw.n - 2);
        double v;
        assert_int_equal(js_path(text, name, &raw), 0);
        assert_int_equal(parse_f64(raw, &v), 0);
        free(name);
    }
    assert_int_equal(n, 9);
    assert_int_equal(js_path(text, "EndpointName", &raw), 0);
    assert_true(str_eqz(raw, "\"a\\\"b\""));
    buf_free(&b);
}

struct reader {
    int fd;
    struct buf got;
    pthread_t thread;
};

static void *read_all(void *arg)
{
    struct reader *r = arg;
    char bytes[4096];
    ssize_t n;
    while ((n = read(r->fd, bytes, sizeof bytes)) > 0)
        buf_add(&r->got, bytes, (size_t)n);
    return NULL;
}

static void *put_many(void *arg)
{
    char text[200];
    for (int i = 0; i < 2000; i++) {
        int n = snprintf(text, sizeof text, "<%d%0*d>\n", i % 10, i % 150, 0);
        gw_emf_put(arg, (struct str){text, (size_t)n});
    }
    return NULL;
}

/* Every line arrives whole, whoever puts it. */
static void through_a_pipe(bool direct)
{
    struct reader r = {.got = BUF_INIT(4 << 20)};
    struct err e = {0};
    pthread_t t[3];
    int p[2];
    assert_int_equal(pipe(p), 0);
    r.fd = p[0];
    pthread_create(&r.thread, NULL, read_all, &r);
    struct gw_emf *m = gw_emf_new(p[1], direct, &e);
    assert_non_null(m);
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        pthread_create(&t[i], NULL, put_many, m);
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        pthread_join(t[i], NULL);
    uint64_t dropped = gw_emf_dropped(m);
    gw_emf_free(&m);
    assert_null(m);
    close(p[1]);
    pthread_join(r.thread, NULL);
    struct str_split it = {.rest = buf_str(&r.got), .sep = '\n'};
    struct str one;
    size_t n = 0;
    while (str_next(&it, &one) && one.n > 0) {
        assert_true(one.p[0] == '<' && one.p[one.n - 1] == '>');
        assert_int_equal(str_chr(str_sub(one, 1, one.n), '<'), -1);
        n++;
    }
    assert_int_equal(n, 6000);
    assert_int_equal(dropped, 0);
    buf_free(&r.got);
    close(p[0]);
}

static void threads(void **state)
{
    (void)state;
    through_a_pipe(false);
    through_a_pipe(true);
}

/* Nobody reads: no put waits, what does not fit is counted, and the end comes in a second. */
static void nobody_reads(void **state)
{
    (void)state;
    enum { LINES = 40000, LINE = 100 };
    struct err e = {0};
    char text[LINE];
    int p[2];
    memset(text, 'x', LINE);
    text[LINE - 1] = '\n';
    assert_int_equal(pipe(p), 0);
    struct gw_emf *m = gw_emf_new(p[1], false, &e);
    assert_non_null(m);
    for (int i = 0; i < LINES; i++)
        gw_emf_put(m, (struct str){text, LINE});
    uint64_t dropped = gw_emf_dropped(m);
    /* 4 MB: of them the pipe takes 64 KiB, and two buffers of a MiB each the rest that is kept. */
    assert_in_range(dropped, LINES - (2 * (1 << 20) + (64 << 10)) / LINE - 50, LINES - (1 << 20) / LINE);
    int64_t from = clock_mono();
    gw_emf_free(&m);
    assert_in_range(clock_mono() - from, 900 * NS_PER_MS, 1900 * NS_PER_MS);
    close(p[1]);
    struct reader r = {.fd = p[0], .got = BUF_INIT(4 << 20)};
    read_all(&r);
    assert_true(r.got.n > 0 && r.got.n % LINE == 0); /* whole lines */
    buf_free(&r.got);
    close(p[0]);
}

/* Written before put returns: a Lambda function may stand still right afterwards. */
static void direct(void **state)
{
    (void)state;
    struct err e = {0};
    char bytes[10];
    int p[2];
    assert_int_equal(pipe2(p, O_NONBLOCK), 0);
    struct gw_emf *m = gw_emf_new(p[1], true, &e);
    gw_emf_put(m, STR("{}\n"));
    assert_int_equal(read(p[0], bytes, sizeof bytes), 3);
    gw_emf_free(&m);
    close(p[0]);
    close(p[1]);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),        cmocka_unit_test(targets), cmocka_unit_test(threads),
        cmocka_unit_test(nobody_reads), cmocka_unit_test(direct),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

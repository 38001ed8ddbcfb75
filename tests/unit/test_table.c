#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "records.h"
#include "report/report.h"
#include "report/table_parts.h"

/* Two levels of an open loop: all is well in the first; in the second one request in ten gets a 503 and one times out.
 */
static void two_levels(struct acc *a)
{
    struct rec_slab s;
    rec_slab_init(&s, 1000);
    struct rec_run run = {.version = "1"};
    acc_sink.run(a, &run);
    for (uint32_t k = 0; k < 2; k++) {
        struct rec_level line = level_line(true, 1000, 21000, false);
        line.level = k;
        line.rate = k ? 20 : 5;
        acc_sink.level(a, &line);
        int n = k ? 400 : 100;
        for (int i = 0; i < n; i++) {
            double due = 1000 + i * 20000.0 / n;
            struct record *r = success(&s, due, due + 0.01, due + 50.01 + (k ? i : 0), 11, 10);
            r->text_bytes += (uint64_t)i;
            if (k && i % 10 == 3) {
                rec_recycle(&s, r);
                r = failure(&s, OUT_HTTP, 503, due, due + 0.01, due + 5);
            } else if (k && i == 200) {
                rec_recycle(&s, r);
                r = failure(&s, OUT_TIMEOUT_FIRST_TOKEN, 200, due, due + 0.01, due + 2000.01);
            }
            r->level = k;
            feed(a, &s, r);
        }
        struct hist *lag = hist_new();
        hist_add(lag, 12345, 100);
        struct rec_client c = {.level = k,
                               .window = 20 * NS_PER_S,
                               .cpu = NS_PER_S / 100 * (k ? 1800 : 246),
                               .steal = -1,
                               .reads = 100,
                               .kernel_stamped = 100,
                               .lag = lag};
        acc_sink.client(a, &c);
        hist_free(&lag);
        line.final = true;
        line.scheduled = (uint64_t)n;
        acc_sink.level(a, &line);
    }
    rec_slab_free(&s);
}

static void saturation_line(const struct sum_saturation *x, const char *want)
{
    struct sum_level levels[2] = {{.concurrency = 4}, {.concurrency = 8}};
    struct summary s = {.n_levels = 2, .levels = levels, .saturation = *x};
    struct buf b = BUF_INIT(4096);
    struct paint p = paint_of(false);
    table_saturation(&b, &s, &p, 120);
    assert_string_equal(b.n ? b.p : "", want);
    buf_free(&b);
}

static void saturation_in_words(void **state)
{
    char one[] = "one", two[] = "two", *why[] = {one, two};
    saturation_line(&(struct sum_saturation){.axis = SAT_NO_SWEEP}, "");
    saturation_line(&(struct sum_saturation){.axis = SAT_CONCURRENCY,
                                             .first = -1,
                                             .last = 1,
                                             .max = 8,
                                             .conservative = 6,
                                             .aggressive = 7,
                                             .production_lo = 5,
                                             .production_hi = 6},
                    "\n Saturation\n   not reached: 8 in flight, the most that was asked, holds\n"
                    "   recommended 6 to 7 in flight (80-90 %), in production 5 to 6 (70-80 %)\n");
    saturation_line(&(struct sum_saturation){.axis = SAT_RATE, .first = 0, .last = -1, .why = {2, why}},
                    "\n Saturation\n   at 4 in flight: one; two\n"
                    "   that is the lowest level: where it begins is not known; ask for less\n");
}

/* clang-format off */
static const char open_100[] =
    "               requests           TTFT service, ms   TTFT response, ms   ITL (chunk), ms\n"
    " rate   actual/s       ok  sent        p50     p99         p50     p99       p50     p99\n"
    " ────   ───────────────────────   ────────────────   ─────────────────   ───────────────\n"
    "  5/s       5.00  100.0 %   100       50.0   50.0*        50.0   50.0*     10.00  10.00*\n"
    " 20/s      20.00   89.8 %   400      250.0  446.4*       250.0  446.4*     10.00  10.00*\n"
    "\n"
    "        E2E service, ms   E2E response, ms   tokens/s per request   tokens/s in total\n"
    " rate       p50     p99        p50     p99             p50    p99       input  output\n"
    " ────   ───────────────   ────────────────   ────────────────────   ─────────────────\n"
    "  5/s     150.0  150.0*      150.0  150.0*            72.8  72.8*       100.0    55.0\n"
    " 20/s     350.0  546.4*      350.0  546.4*            31.4  70.7*       352.0   192.8\n"
    "\n"
    "   service counts from the request's start, response from when it was due\n"
    "   * fewer requests than a 95 % interval of this percentile needs\n"
    "\n"
    " 5/s: 100 ok, 0 failed in 20 s\n"
    "   tokens   input 2000, output 1100 (source: usage) · 1 token per chunk\n"
    "   slo      ttft:p95<100ms           met (50.0 ms)\n"
    "            error_rate<1%            met (0 %)\n"
    "   goodput  ttft:100ms: 5 good requests/s, attainment 100 %\n"
    "   client   client lag p50 12.3 us, p99 12.3 us · send lag p50 10.0 us, p99 10.0 us · busy 12 % ·\n"
    "            kernel stamps 100 % · wide gaps 0 %\n"
    "   verdict  VALID\n"
    "\n"
    " 20/s: 359 ok, 41 failed in 20 s\n"
    "   errors   http_503 40 · timeout_first_token 1\n"
    "   tokens   input 7180, output 3949 (source: usage) · 1 token per chunk\n"
    "   slo      ttft:p95<100ms           BROKEN (430 ms)\n"
    "            error_rate<1%            BROKEN (10.25 %)\n"
    "   goodput  ttft:100ms: 2.25 good requests/s, attainment 11.25 %\n"
    "   client   client lag p50 12.3 us, p99 12.3 us · send lag p50 10.0 us, p99 10.0 us · busy 90 % ·\n"
    "            kernel stamps 100 % · wide gaps 0 %\n"
    "   verdict  DEGRADED\n"
    "            - worker 0 was 90 % busy, above 85 %: use --workers, or a machine with more cores\n"
    "\n"
    " Saturation\n"
    "   at 20/s: 89.8 % of the requests succeeded, fewer than 95 %\n"
    "   5/s holds: recommended 4 to 4.5 requests/s (80-90 %), in production 3.5 to 4 (70-80 %)\n"
    "\n"
    " Notes\n"
    "   5/s: p99 needs 368 requests, this level has 100: figures marked * have no 95 % interval; ask for\n"
    "   more with --num-requests or --duration\n"
    "   20/s: p99 needs 368 requests, this level has 360: figures marked * have no 95 % interval; ask for\n"
    "   more with --num-requests or --duration\n";

static const char closed_80[] =
    "                    requests                   TTFT, s\n"
    " in flight   actual/s       ok  sent      p50      p95      p99\n"
    " ─────────   ───────────────────────   ────────────────────────\n"
    "         4       2.50  100.0 %     5   1.500*  ≥1.500*  ≥1.500*\n"
    "\n"
    "                ITL (chunk), ms                E2E, s\n"
    " in flight      p50     p95     p99      p50      p95      p99\n"
    " ─────────   ──────────────────────   ────────────────────────\n"
    "         4   250.0*  250.0*  250.0*   2.000*  ≥2.000*  ≥2.000*\n"
    "\n"
    "             tokens/s per request   tokens/s in total\n"
    " in flight        p50   p95   p99       input  output\n"
    " ─────────   ────────────────────   ─────────────────\n"
    "         4       1.5*  1.5*  1.5*        40.0     4.0\n"
    "\n"
    "   * fewer requests than a 95 % interval of this percentile needs\n"
    "   ≥ at least: timeouts, cancellations or requests never sent hide the value\n"
    "\n"
    " 4 in flight: 4 ok, 0 failed, 1 cancelled in 2 s\n"
    "   tokens   input 80, output 12 (source: usage) · 1 token per chunk\n"
    "   client   wide gaps 0 %\n"
    "   verdict  VALID\n"
    "\n"
    " Notes\n"
    "   the server rejected stream_options\n"
    "   a closed loop waits for its answers: while the server stalls, no more\n"
    "   requests than are in flight show it, and none is sent that should have been;\n"
    "   --rate shows what users would have waited\n"
    "   interrupted: the figures cover what was sent until then\n"
    "   answers average 3.0 tokens: ITL, TPOT and tokens/s say little; raise\n"
    "   --max-tokens or use --ignore-eos\n"
    "   p99 needs 368 requests, this level has 5: figures marked * have no 95 %\n"
    "   interval; ask for more with --num-requests or --duration\n";
/* clang-format on */

static void test_open(void **state)
{
    struct slo_set slo, good;
    struct err e;
    assert_int_equal(slo_parse(&slo, STR("ttft:p95<100ms,error_rate<1%"), &e), 0);
    assert_int_equal(goodput_parse(&good, STR("ttft:100ms"), &e), 0);
    const double shown[] = {0.5, 0.99};
    struct acc_opts o = {&slo, &good, shown, 2};
    struct acc *a = acc_new(&o);
    two_levels(a);
    struct buf b = BUF_INIT(1 << 20);
    report_table(&b, acc_finish(a), &(struct table_opts){.width = 100});
    assert_string_equal(b.p, open_100);
    for (size_t at = 0; at < b.n;) { /* no line is wider than asked */
        const char *nl = strchr(b.p + at, '\n');
        char line[1000];
        snprintf(line, sizeof line, "%.*s", (int)(nl - b.p - (ptrdiff_t)at), b.p + at);
        assert_true(text_width(line) <= 100);
        at = (size_t)(nl - b.p) + 1;
    }
    buf_free(&b);
    acc_free(&a);
}

static void test_closed(void **state)
{
    struct acc *a = acc_new(&(struct acc_opts){0});
    struct rec_slab s;
    rec_slab_init(&s, 100);
    struct rec_level line = level_line(false, 1000, 3000, false);
    acc_sink.level(a, &line);
    for (int i = 0; i < 4; i++)
        feed(a, &s, success(&s, 0, 1000 + i, 2500 + i, 3, 250));
    feed(a, &s, failure(&s, OUT_CANCELLED, 0, 0, 2900, 3900));
    line.final = line.interrupted = true;
    acc_sink.level(a, &line);
    struct rec_note note = {.whole_run = true, .text = "the server rejected stream_options"};
    acc_sink.note(a, &note);
    struct buf b = BUF_INIT(1 << 20);
    report_table(&b, acc_finish(a), &(struct table_opts){.width = 80});
    assert_string_equal(b.p, closed_80);
    rec_slab_free(&s);
    buf_free(&b);
    acc_free(&a);
}

/* One is one, also when it is rounded; a note of one level of several names it as the heading does. */
static void test_wording(void **state)
{
    struct acc *a = acc_new(&(struct acc_opts){0});
    struct rec_slab s;
    rec_slab_init(&s, 100);
    for (uint32_t k = 0; k < 2; k++) {
        struct rec_level line = level_line(false, 1000, 3000, false);
        line.level = k;
        line.concurrency = 4 + 4 * k;
        acc_sink.level(a, &line);
        for (int i = 0; i <= (k ? 400 : 2); i++) {
            struct record *r = success(&s, 0, 1000 + i, 1500 + i, 10 + i % 2, 10);
            r->level = k;
            r->flags |= i == 0 ? REC_WARMUP : 0;
            r->tokens_out += k && i == 2;
            feed(a, &s, r);
        }
        line.final = true;
        acc_sink.level(a, &line);
    }
    struct buf b = BUF_INIT(1 << 20);
    report_table(&b, acc_finish(a), &(struct table_opts){.width = 200});
    assert_non_null(strstr(b.p, "\n 4 in flight: 2 ok, 0 failed in 2 s, after 1 warm-up request\n"));
    assert_non_null(strstr(b.p, "output 4201 (source: usage) · 1 token per chunk\n"));
    assert_non_null(strstr(b.p, "\n   4 in flight: p99 needs 368 requests, this level has 2:"));
    rec_slab_free(&s);
    buf_free(&b);
    acc_free(&a);
}

/* Colours change nothing but colours; without a level there is a sentence. */
static void test_colour_and_none(void **state)
{
    struct acc *a = acc_new(&(struct acc_opts){0});
    two_levels(a);
    struct buf plain = BUF_INIT(1 << 20), painted = BUF_INIT(1 << 20), stripped = BUF_INIT(1 << 20);
    report_table(&plain, acc_finish(a), &(struct table_opts){.width = 90});
    report_table(&painted, acc_finish(a), &(struct table_opts){.width = 90, .colour = true});
    assert_null(strchr(plain.p, '\033'));
    for (size_t i = 0; i < painted.n; i++) {
        if (painted.p[i] == '\033')
            while (painted.p[i] != 'm')
                i++;
        else
            buf_addc(&stripped, painted.p[i]);
    }
    assert_string_equal(stripped.p, plain.p);
    assert_true(painted.n > plain.n);
    buf_clear(&plain);
    report_table(&plain, &(struct summary){0}, &(struct table_opts){0});
    assert_string_equal(plain.p, "No level was run.\n");
    buf_free(&plain);
    buf_free(&painted);
    buf_free(&stripped);
    acc_free(&a);
}

static void levels_with_names_stand_under_them(void **state)
{
    (void)state;
    struct acc *a = acc_new(&(struct acc_opts){0});
    struct rec_run run = {.version = "1"};
    struct rec_slab s;
    struct buf b = BUF_INIT(1 << 20);
    rec_slab_init(&s, 10);
    acc_sink.run(a, &run);
    for (uint32_t k = 0; k < 2; k++) {
        struct rec_level line = level_line(k == 0, 1000, 2000, true);
        line.level = k;
        line.rate = 5;
        line.concurrency = 8;
        snprintf(line.name, sizeof line.name, "%s", k ? "" : "calm");
        acc_sink.level(a, &line);
        struct record *r = success(&s, 1000, 1000.01, 1050, 3, 10);
        r->level = k;
        feed(a, &s, r);
    }
    report_table(&b, acc_finish(a), &(struct table_opts){.width = 120});
    puts(b.p);
    assert_non_null(strstr(b.p, "\n level  load   "));
    assert_non_null(strstr(b.p, "\n  calm   5/s   "));
    assert_non_null(strstr(b.p, "\n     8     8   ")); /* without a name, by its load */
    assert_non_null(strstr(b.p, "\n calm, 5/s: 1 ok"));
    assert_non_null(strstr(b.p, "\n 8 in flight: 1 ok"));
    buf_free(&b);
    rec_slab_free(&s);
    acc_free(&a);
}

/* Two levels of 1 s; the server told of both, its GPU of the second one alone. */
static void the_servers_view_stands_beside(void **state)
{
    struct acc *a = acc_new(&(struct acc_opts){0});
    struct rec_run run = {.version = "1"};
    struct rec_slab s;
    struct buf b = BUF_INIT(1 << 20), json = BUF_INIT(1 << 20);
    rec_slab_init(&s, 10);
    acc_sink.run(a, &run);
    for (uint32_t k = 0; k < 2; k++) {
        struct rec_level line = level_line(false, 1000 + 2000 * k, 2000 + 2000 * k, true);
        line.level = k;
        acc_sink.level(a, &line);
        struct record *r = success(&s, 1000 + 2000 * k, 1000.01 + 2000 * k, 1050 + 2000 * k, 5, 10);
        r->level = k;
        feed(a, &s, r);
    }
    acc_source(a, &(struct scrape_source){0, "http://h/metrics"});
    for (int i = 0; i < 9; i++) {
        struct scrape x;
        scrape_clear(&x);
        x.at = T(500.0 * i + 250);
        x.v[SCRAPE_RUNNING] = 3 + i % 2;
        x.v[SCRAPE_WAITING] = 0;
        x.v[SCRAPE_KV_USAGE] = 0.25;
        x.v[SCRAPE_PREFIX_QUERIES] = 100 * i;
        x.v[SCRAPE_PREFIX_HITS] = 50 * i;
        x.v[SCRAPE_PREEMPTIONS] = 0;
        if (i >= 6) {
            x.gpus = 2;
            x.v[SCRAPE_GPU_POWER] = 600;
            x.v[SCRAPE_GPU_UTIL] = 0.9;
        }
        acc_scrape(a, &x);
    }
    report_table(&b, acc_finish(a), &(struct table_opts){.width = 160});
    report_json(&json, acc_finish(a));
    puts(b.p);
    assert_non_null(strstr(b.p, "server, mean                      GPU\n"));
    assert_non_null(strstr(b.p, "running  waiting  KV cache  prefix hits       W  J/token\n"));
    assert_non_null(strstr(b.p, "   3.50     0.00    25.0 %       50.0 %       -        -\n"));
    assert_non_null(strstr(b.p, "   3.50     0.00    25.0 %       50.0 %   600.0    120.0\n"));
    assert_non_null(strstr(b.p,
                           "   server   running 3.5 (most 4) · waiting 0 (most 0) · KV cache 25 % (most 25 %) · prefix "
                           "cache hits 50 % · preemptions 0\n"));
    assert_non_null(
        strstr(b.p, "   gpu      power 600 W (most 600 W) · busy 90 % (most 90 %) · energy 600 J (power x time) · "
                    "120 J per output token · 2 GPUs\n"));
    assert_non_null(strstr(json.p, "\"server_metrics\": [\n    {\n      \"url\": \"http://h/metrics\",\n"
                                   "      \"scrapes\": 9,\n      \"failed\": 0,\n      \"error\": null\n"));
    assert_non_null(
        strstr(json.p, "\"prefix_cache_hit_rate\": 0.5,\n        \"preemptions\": 0,\n        \"gpu\": null\n"));
    assert_non_null(strstr(json.p, "\"energy_source\": \"power\",\n          \"j_per_output_token\": 120\n"));
    buf_free(&b);
    buf_free(&json);
    rec_slab_free(&s);
    acc_free(&a);
}

/* Of three answers of 5 tokens one has no header and one no number in it; the tokenizer counts `own` of each. */
static void show_counts(int64_t own, struct buf *text, struct buf *json)
{
    struct acc *a = acc_new(&(struct acc_opts){0});
    struct rec_slab s;
    rec_slab_init(&s, 10);
    acc_sink.run(a, &(struct rec_run){.version = "1"});
    acc_sink.metric(a, &(struct rec_metric){.metric = 0, .name = "X-T"});
    struct rec_level line = level_line(false, 1000, 2000, true);
    acc_sink.level(a, &line);
    for (int i = 0; i < 3; i++) {
        struct record *r = success(&s, 1000 + i, 1000 + i, 1050 + i, 5, 10);
        r->counted_out = own;
        r->metrics = i < 2;
        r->metric[0] = i ? HEADER_METRIC_BAD : header_metric_of(12.5);
        feed(a, &s, r);
    }
    report_table(text, acc_finish(a), &(struct table_opts){.width = 160});
    report_json(json, acc_finish(a));
    rec_slab_free(&s);
    acc_free(&a);
}

static void counts_and_headers_are_told(void **state)
{
    struct buf b = BUF_INIT(1 << 20), json = BUF_INIT(1 << 20);
    show_counts(5, &b, &json);
    assert_non_null(strstr(b.p, "header X-T"));
    assert_non_null(strstr(b.p, " 12.50"));
    assert_non_null(strstr(b.p, "(source: usage; the tokenizer counts the same output)"));
    const char *metric = strstr(json.p, "\"X-T\": {");
    assert_non_null(metric);
    assert_non_null(strstr(metric, "\"n\": 1,"));
    assert_non_null(strstr(metric, "\"unparsable\": 1,\n"));
    assert_non_null(strstr(metric, "\"missing\": 1\n"));
    buf_clear(&b);
    buf_clear(&json);
    show_counts(4, &b, &json);
    assert_non_null(strstr(b.p, "(source: usage; the tokenizer counts 12 of 15 output, -20.0 %)"));
    assert_non_null(strstr(json.p, "\"tokenizer\": 12,\n"));
    assert_non_null(strstr(json.p, "\"server\": 15,\n"));
    assert_non_null(strstr(json.p, "\"deviation\": -0.2,\n"));
    buf_free(&b);
    buf_free(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saturation_in_words),
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_closed),
        cmocka_unit_test(test_wording),
        cmocka_unit_test(test_colour_and_none),
        cmocka_unit_test(levels_with_names_stand_under_them),
        cmocka_unit_test(the_servers_view_stands_beside),
        cmocka_unit_test(counts_and_headers_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

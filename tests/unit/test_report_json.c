#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

#include "base/file.h"
#include "base/jdoc.h"
#include "base/rng.h"
#include "records.h"
#include "report/report.h"

#define N 400

/* A random request: any outcome, any number of events with widths and counts, texts that need escapes. */
static struct record *random_request(struct rec_slab *s, uint32_t level, uint64_t i)
{
    uint64_t u = rng_u64(11, RNG_TEST, level * 1000003ULL + i);
    double due = 1000 + (double)i * 7, start = due + (double)(u & 255) / 100;
    struct record *r = success(s, due, start, start + 20 + (double)(u >> 8 & 1023) / 7, 0, 0);
    int64_t at = r->first_token;
    for (uint64_t k = 0; k < (u >> 18 & 31); k++) {
        uint64_t w = rng_u64(12, RNG_TEST, i * 100 + k);
        struct rec_event ev = {at, w & 3 ? 0 : (int64_t)(w >> 40), (uint32_t)(w >> 20 & 15),
                               u >> 30 & 1 ? (int64_t)k * 3 : -1};
        assert_int_equal(rec_add_event(s, r, &ev), 0);
        at += (int64_t)(w >> 38);
        r->last_token = ev.at;
        r->text_bytes += ev.bytes;
    }
    r->level = level;
    r->index = i;
    r->end = at + 1000;
    r->tokens_out = u >> 31 & 7 ? (int64_t)(u >> 34 & 127) : -1;
    r->tokens_cached = (int64_t)(u >> 41 & 3);
    r->outcome = u >> 43 & 3 ? OUT_OK : (enum outcome)((u >> 45) % OUT_COUNT);
    r->status = r->outcome == OUT_HTTP ? 503 : 200;
    r->flags |= (u >> 52 & 7 ? 0 : REC_WARMUP) | (u >> 55 & 1 ? REC_NEW_CONN : 0);
    r->conn_start = r->start;
    r->conn_end = r->start + (int64_t)(u >> 56);
    r->detail = STR("\"quoted\"");
    if (r->outcome == OUT_UNSENT)
        r->start = 0;
    return r;
}

struct both {
    struct acc *a;
    struct rec_writer *w;
};

/* The run as the engine would tell it, `order` being the requests' order; into the accumulator, the writer, or both. */
static void play(const struct both *to, bool backward)
{
    struct rec_slab s;
    rec_slab_init(&s, 1000);
    struct rec_run run = {
        .epoch_mono = 5, .epoch_unix = 1700000000000000000, .seed = 1234567890123456789, .version = "x"};
    if (to->a)
        acc_sink.run(to->a, &run);
    if (to->w)
        rec_write_run(to->w, &run);
    for (uint32_t level = 0; level < 3; level++) {
        struct rec_level line = level_line(level < 2, 1000, level ? 0 : 3000, false);
        line.level = level;
        line.rate = 0.1;
        for (int final = 0; final < 2 - (level == 2); final++) { /* the last level is cut */
            if (final) {
                line.final = true;
                line.w1 = T(3300);
                line.scheduled = 300;
            }
            if (to->a)
                acc_sink.level(to->a, &line);
            if (to->w)
                rec_write_level(to->w, &line);
            for (uint64_t i = 0; !final && i < N; i++) {
                struct record *r = random_request(&s, level, backward ? N - 1 - i : i);
                if (to->a)
                    acc_sink.request(to->a, r);
                if (to->w)
                    rec_write_request(to->w, r);
                rec_recycle(&s, r);
            }
        }
        struct hist *lag = hist_new(), *user = hist_new();
        for (uint64_t i = 0; i < 500; i++)
            hist_add(i % 9 ? lag : user, (int64_t)(rng_u64(13, RNG_TEST, i) >> 44), 1);
        struct rec_client c = {.level = level,
                               .window = 1000,
                               .cpu = 333,
                               .steal = 1,
                               .reads = 500,
                               .kernel_stamped = 444,
                               .lag = lag,
                               .lag_user = user};
        struct rec_note note = {.level = level, .text = "a \"note\""};
        if (to->a) {
            acc_sink.client(to->a, &c);
            acc_sink.note(to->a, &note);
        }
        if (to->w) {
            rec_write_client(to->w, &c);
            rec_write_note(to->w, &note);
        }
        hist_free(&lag);
        hist_free(&user);
    }
    rec_slab_free(&s);
}

static void everything(struct buf *out, const struct summary *s)
{
    report_json(out, s);
    report_timeline_csv(out, s);
    report_table(out, s, &(struct table_opts){.width = 110});
}

/* The heart of `weir report`: live, from the file, and in another order, to the last byte of every report. */
static void test_live_equals_stored(void **state)
{
    struct slo_set slo, good;
    struct err e;
    char path[64];
    snprintf(path, sizeof path, "/tmp/weir_test_report_%d.jsonl", (int)getpid());
    unlink(path);
    assert_int_equal(slo_parse(&slo, STR("ttft:p93<100ms,rate>1,itl:mean<1s"), &e), 0);
    assert_int_equal(goodput_parse(&good, STR("e2e:900ms"), &e), 0);
    const double shown[] = {0.5, 0.75, 0.999};
    struct acc_opts o = {&slo, &good, shown, 3};
    struct buf text[3];
    for (int k = 0; k < 3; k++) {
        struct both to = {.a = acc_new(&o), .w = k == 0 ? rec_writer_open(path, &e) : NULL};
        struct rec_read_stats st;
        if (k < 2)
            play(&to, k == 1);
        else
            assert_int_equal(rec_read_file(path, &acc_sink, to.a, &st, &e), 0);
        if (to.w)
            assert_int_equal(rec_writer_close(&to.w, &e), 0);
        buf_init(&text[k], 1 << 20);
        everything(&text[k], acc_finish(to.a));
        assert_false(text[k].failed);
        acc_free(&to.a);
    }
    assert_true(text[0].n > 10000);
    assert_string_equal(text[0].p, text[1].p);
    assert_string_equal(text[0].p, text[2].p);
    for (int k = 0; k < 3; k++)
        buf_free(&text[k]);
    unlink(path);
}

/* Every member that the format promises, at its place and with its value. */
static void test_members(void **state)
{
    struct slo_set slo, good;
    struct err e;
    assert_int_equal(slo_parse(&slo, STR("ttft:p95<60ms"), &e), 0);
    assert_int_equal(goodput_parse(&good, STR("e2e:75ms"), &e), 0);
    struct acc_opts o = {.slo = &slo, .goodput = &good};
    struct acc *a = acc_new(&o);
    struct rec_slab s;
    rec_slab_init(&s, 100);
    struct rec_run run = {.epoch_unix = 1700000000000000000, .seed = 7, .version = "1.2.3"};
    acc_sink.run(a, &run);
    struct rec_level line = level_line(true, 1000, 2000, false);
    acc_sink.level(a, &line);
    feed(a, &s, success(&s, 1000, 1001, 1051, 3, 10));
    feed(a, &s, success(&s, 1100, 1100, 1160, 3, 10));
    feed(a, &s, failure(&s, OUT_TIMEOUT_TOTAL, 200, 1200, 1200, 1300));
    line.final = true;
    line.scheduled = 3;
    acc_sink.level(a, &line);
    struct buf b = BUF_INIT(1 << 20);
    report_json(&b, acc_finish(a));
    struct jdoc *d = jdoc_parse(buf_str(&b), "summary", &e);
    assert_non_null(d);
    jnode *root = jdoc_root(d), *l = jn_at(jn_get(root, "levels"), 0);
    assert_true(str_eqz(jn_str(jn_get(root, "schema"), ""), "weir.summary/1"));
    assert_true(str_eqz(jn_str(jn_get(root, "weir"), ""), "1.2.3"));
    assert_true(str_eqz(jn_str(jn_get(root, "started"), ""), "2023-11-14T22:13:20.000Z"));
    assert_int_equal(jn_i64(jn_get(root, "seed"), 0), 7);
    assert_false(jn_bool(jn_get(root, "interrupted"), true));
    static const struct {
        const char *path;
        double value;
    } want[] = {
        {"load.rate", 5},
        {"load.duration_s", 1},
        {"requests.attempted", 3},
        {"requests.successful", 2},
        {"requests.failed", 1},
        {"requests.cancelled", 0},
        {"requests.unsent", 0},
        {"rates.offered_rps", 3},
        {"rates.attempted_rps", 3},
        {"rates.successful_rps", 2},
        {"rates.input_tok_s", 40},
        {"rates.output_tok_s", 6},
        {"latency_ms.ttft.n", 2},
        {"latency_ms.ttft.mean", 55},
        {"latency_ms.ttft.std", 7.071068},
        {"latency_ms.ttft.min", 50},
        {"latency_ms.ttft.max", 60},
        {"latency_ms.ttft.p50", 60},
        {"latency_ms.ttft.censored", 1},
        {"latency_ms.ttft_response.min", 51},
        {"latency_ms.ttfb.n", 2},
        {"latency_ms.ttfo.n", 2},
        {"latency_ms.itl.mean", 10},
        {"latency_ms.tpot.p999", 10},
        {"latency_ms.ntpot.n", 2},
        {"latency_ms.e2e.p50", 80},
        {"latency_ms.e2e_response.n", 2},
        {"latency_ms.total.min", 71},
        {"latency_ms.connect.n", 0},
        {"latency_ms.queue_wait.max", 0},
        {"tokens_per_s.n", 2},
        {"tokens.input", 40},
        {"tokens.output", 6},
        {"outcomes.ok", 2},
        {"outcomes.timeout_total", 1},
        {"status_codes.200", 3},
        {"finish_reasons.stop", 2},
        {"goodput.met", 1},
        {"goodput.rps", 1},
        {"goodput.attainment", 0.333333},
        {"client.send_lag_us.max", 1000},
        {"client.wide_gaps", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        double v = jn_f64(jn_get(l, want[i].path), -1);
        if (v - want[i].value > 1e-6 || want[i].value - v > 1e-6)
            fail_msg("%s is %.9g, not %.9g", want[i].path, v, want[i].value);
    }
    static const char *const nulls[] = {"load.concurrency", "tokens.cached", "latency_ms.connect.mean", "client.busy"};
    for (size_t i = 0; i < ARRAY_LEN(nulls); i++)
        assert_true(jn_is_null(jn_get(l, nulls[i])));
    assert_true(str_eqz(jn_str(jn_get(l, "load.mode"), ""), "open"));
    assert_true(str_eqz(jn_str(jn_get(l, "tokens.source"), ""), "usage"));
    assert_true(str_eqz(jn_str(jn_get(l, "verdict.status"), ""), "VALID"));
    assert_true(str_eqz(jn_str(jn_get(l, "slo.state"), ""), "broken"));
    assert_true(jn_is_arr(jn_get(l, "verdict.reasons")) && jn_is_arr(jn_get(l, "notes")));
    assert_int_equal(jn_len(jn_get(l, "latency_ms.ttft.at_least")),
                     4); /* of 50, 60 and 100 or more the median is known */
    assert_null(jn_get(l, "latency_ms.tpot.at_least"));
    jdoc_free(&d);
    buf_free(&b);
    rec_slab_free(&s);
    acc_free(&a);
}

/* null without a sweep, levels by their numbers, and only the reasons that there are. */
static void test_saturation(void **state)
{
    char one[] = "one", two[] = "two", *why[] = {one, two};
    struct sum_level levels[3] = {{.level = 0}, {.level = 1}, {.level = 2}};
    struct summary s = {.n_levels = 3, .levels = levels};
    for (int k = 0; k < 3; k++) {
        struct buf b = BUF_INIT(1 << 20);
        struct err e;
        s.saturation = (struct sum_saturation){.axis = k ? SAT_RATE : SAT_NO_SWEEP,
                                               .first = k == 1 ? 2 : -1,
                                               .last = 1,
                                               .reasons = k == 1 ? SAT_SUCCESS | SAT_TAIL : 0,
                                               .why = {k == 1 ? 2 : 0, why},
                                               .max = 10,
                                               .conservative = 8,
                                               .aggressive = 9,
                                               .production_lo = 7,
                                               .production_hi = 8};
        report_json(&b, &s);
        struct jdoc *d = jdoc_parse(buf_str(&b), "summary", &e);
        jnode *x = jn_get(jdoc_root(d), "saturation");
        assert_true(str_eqz(jn_str(jn_get(x, "axis"), "none"), k ? "rate" : "none"));
        assert_true(jn_bool(jn_get(x, "reached"), k == 2) == (k == 1));
        assert_int_equal(jn_i64(jn_get(x, "level"), -1), k == 1 ? 2 : -1);
        assert_int_equal(jn_i64(jn_get(x, "holds"), -1), k ? 1 : -1);
        assert_int_equal(jn_len(jn_get(x, "reasons")), k == 1 ? 2 : 0);
        assert_int_equal(jn_len(jn_get(x, "why")), k == 1 ? 2 : 0);
        if (k == 1)
            assert_true(str_eqz(jn_str(jn_at(jn_get(x, "reasons"), 1), ""), "tail"));
        if (k)
            assert_true(jn_f64(jn_get(x, "max"), 0) == 10 && jn_f64(jn_get(x, "conservative"), 0) == 8 &&
                        jn_f64(jn_get(x, "aggressive"), 0) == 9 && jn_f64(jn_get(x, "production_from"), 0) == 7 &&
                        jn_f64(jn_get(x, "production_to"), 0) == 8);
        jdoc_free(&d);
        buf_free(&b);
    }
}

static void test_files(void **state)
{
    char dir[64], path[128];
    struct err e = {0};
    snprintf(dir, sizeof dir, "/tmp/weir_test_files_%d", (int)getpid());
    assert_int_equal(dir_make(dir, &e), 0);
    struct summary s = {.n_q = 0};
    assert_int_equal(report_write_files(dir, &s, &e), 0);
    for (const struct reporter *r = reporters; r->name; r++) {
        snprintf(path, sizeof path, "%s/%s", dir, r->file);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(dir), 0);
    assert_int_equal(report_write_files(dir, &s, &e), -1);
    assert_non_null(strstr(e.text, "summary.json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_live_equals_stored),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_saturation),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

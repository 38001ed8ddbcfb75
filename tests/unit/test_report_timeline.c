#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "records.h"
#include "report/report.h"

/* A second of warm-up, two measured, one of drain. */
static void test_csv(void **state)
{
    struct acc *a = acc_new(&(struct acc_opts){0});
    struct rec_slab s;
    rec_slab_init(&s, 100);
    struct rec_run run = {.epoch_unix = 1700000000000000000, .version = "1"};
    acc_sink.run(a, &run);
    struct rec_level line = level_line(true, 1200, 3200, false);
    line.begin = T(200);
    line.rate = 2.5;
    acc_sink.level(a, &line);
    struct record *r = success(&s, 300, 300, 350, 5, 10);
    r->flags |= REC_WARMUP;
    feed(a, &s, r);
    feed(a, &s, success(&s, 1300, 1300, 1350, 5, 10));
    feed(a, &s, success(&s, 1400, 1400, 1550, 5, 500)); /* its last token at 3550 ms */
    feed(a, &s, failure(&s, OUT_REFUSED, 0, 2300, 2300, 2301));
    line.final = true;
    line.scheduled = 3;
    acc_sink.level(a, &line);
    struct buf b = BUF_INIT(10000);
    report_timeline_csv(&b, acc_finish(a));
    assert_string_equal(
        b.p, "level,load,second,utc,phase,offered,started,completed,failed,in_flight,ttft_p50_ms,ttft_p95_ms,"
             "output_tok_s\n"
             "0,2.5,0,2023-11-14T22:13:20.200Z,warmup,1,1,1,0,0,50.000,50.000,5.0\n"
             "0,2.5,1,2023-11-14T22:13:21.200Z,measure,2,2,1,0,1,100.000,145.000,7.0\n"
             "0,2.5,2,2023-11-14T22:13:22.200Z,measure,1,1,0,1,1,,,2.0\n"
             "0,2.5,3,2023-11-14T22:13:23.200Z,drain,0,0,1,0,0,,,1.0\n");
    buf_free(&b);
    rec_slab_free(&s);
    acc_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

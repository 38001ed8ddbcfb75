#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/sim_fault.h"

static int parse(struct fault_plan *p, const char *text, struct err *e)
{
    return fault_parse(p, str_of(text), 1, e);
}

static void test_all_kinds(void **state)
{
    struct fault_plan p;
    struct err e;
    assert_int_equal(parse(&p,
                           "reset:0.01, stall:0.02:2s,truncate:0.03,garbage:0.04,http500:0.05,error_event:0.06,"
                           "slow_headers:0.07:150ms,split:0.08,bad_json:0.09,http429:0.1",
                           &e),
                     0);
    const enum fault_kind kinds[] = {FAULT_RESET,       FAULT_STALL,        FAULT_TRUNCATE, FAULT_GARBAGE,  FAULT_HTTP,
                                     FAULT_ERROR_EVENT, FAULT_SLOW_HEADERS, FAULT_SPLIT,    FAULT_BAD_JSON, FAULT_HTTP};
    const char *names[] = {"reset",       "stall",        "truncate", "garbage",  "http500",
                           "error_event", "slow_headers", "split",    "bad_json", "http429"};
    char name[16];
    assert_int_equal(p.n, 10);
    for (size_t i = 0; i < p.n; i++) {
        assert_int_equal(p.v[i].kind, kinds[i]);
        assert_true(p.v[i].probability == (double)(i + 1) / 100);
        assert_string_equal(fault_name(&p.v[i], name), names[i]);
    }
    assert_int_equal(p.v[1].ns, 2 * NS_PER_S);
    assert_int_equal(p.v[6].ns, 150 * NS_PER_MS);
    assert_int_equal(p.v[9].status, 429);
    assert_string_equal(fault_name(&(struct fault){0}, name), "");
}

static void refused(const char *text, const char *says)
{
    struct fault_plan p = {.n = 77};
    struct err e = {0};
    assert_int_equal(parse(&p, text, &e), -1);
    assert_int_equal(e.code, ERR_USAGE);
    if (strstr(e.text, says) == NULL)
        fail_msg("\"%s\": \"%s\" does not say \"%s\"", text, e.text, says);
    assert_int_equal(p.n, 77); /* untouched */
}

static void test_of_http2(void **state)
{
    struct fault_plan p;
    char name[16];
    assert_int_equal(fault_parse(&p, STR("reset:0.5,trailers:0.2,refuse:0.3"), 1, NULL), 0);
    assert_string_equal(faults_of_http2(&p), "trailers");
    assert_string_equal(fault_name(&p.v[1], name), "trailers");
    assert_string_equal(fault_name(&p.v[2], name), "refuse");
    assert_int_equal(fault_parse(&p, STR("exception:0.1,error_frame:0.1,bad_crc:0.1,slices:0.1"), 1, NULL), 0);
    const enum fault_kind framed[] = {FAULT_EXCEPTION, FAULT_ERROR_FRAME, FAULT_BAD_CRC, FAULT_SLICES};
    const char *names[] = {"exception", "error_frame", "bad_crc", "slices"};
    for (size_t i = 0; i < p.n; i++) {
        assert_int_equal(p.v[i].kind, framed[i]);
        assert_string_equal(fault_name(&p.v[i], name), names[i]);
    }
    assert_null(faults_of_http2(&p));
    assert_int_equal(fault_parse(&p, STR("reset:0.5,split:0.1"), 1, NULL), 0);
    assert_null(faults_of_http2(&p));
}

static void test_refused(void **state)
{
    refused("", "\"\" is unknown");
    refused("explode:0.1", "\"explode\" is unknown");
    refused("reset", "needs a probability");
    refused("reset:2", "needs a probability");
    refused("reset:-0.1", "needs a probability");
    refused("reset:x", "needs a probability");
    refused("reset:nan", "needs a probability");
    refused("reset:0.1:2s", "too many parts");
    refused("stall:0.1", "needs a duration");
    refused("stall:0.1:x", "needs a duration");
    refused("stall:0.1:2s:3s", "too many parts");
    refused("http200:0.1", "400 to 599");
    refused("http600:0.1", "400 to 599");
    refused("http:0.1", "unknown");
    refused("reset:0.6,split:0.6", "add up to 1.2");
    refused("reset:0.1,", "unknown");
}

static void test_pause(void **state)
{
    struct pause p;
    struct err e;
    assert_int_equal(pause_parse(&p, STR("2s@5s"), &e), 0);
    assert_int_equal(p.ns, 2 * NS_PER_S);
    assert_int_equal(p.at, 5 * NS_PER_S);
    assert_int_equal(pause_parse(&p, STR("500ms@0"), &e), 0);
    assert_int_equal(p.ns, 500 * NS_PER_MS);
    assert_int_equal(p.at, 0);
    assert_int_equal(pause_parse(&p, STR("2s"), &e), -1);
    assert_int_equal(pause_parse(&p, STR("@5s"), &e), -1);
    assert_int_equal(pause_parse(&p, STR("2s@"), &e), -1);
    assert_non_null(strstr(e.text, "2s@5s"));
}

/* Shares of 100,000 requests lie within 5 standard deviations of the probabilities; at most one fault each; the same
 * again for the same seed, others for another. */
static void test_shares(void **state)
{
    struct fault_plan p, q;
    enum { N = 100000 };
    unsigned seen[16] = {0}, same = 0;
    fault_parse(&p, STR("reset:0.01,stall:0.2:1s,http500:0.3"), 1, NULL);
    fault_parse(&q, STR("reset:0.01,stall:0.2:1s,http500:0.3"), 2, NULL);
    for (uint64_t i = 0; i < N; i++) {
        struct fault f = fault_of(&p, i);
        seen[f.kind]++;
        assert_int_equal(f.kind, fault_of(&p, i).kind);
        same += f.kind == fault_of(&q, i).kind;
    }
    assert_in_range(seen[FAULT_RESET], 1000 - 157, 1000 + 157);   /* sd 31.5 */
    assert_in_range(seen[FAULT_STALL], 20000 - 632, 20000 + 632); /* sd 126 */
    assert_in_range(seen[FAULT_HTTP], 30000 - 725, 30000 + 725);  /* sd 145 */
    assert_int_equal(seen[FAULT_NONE] + seen[FAULT_RESET] + seen[FAULT_STALL] + seen[FAULT_HTTP], N);
    /* Two independent draws agree in 0.01^2 + 0.2^2 + 0.3^2 + 0.49^2 = 37.02 % of the cases; sd 153. */
    assert_in_range(same, 37020 - 765, 37020 + 765);
    struct fault_plan none = {0};
    assert_int_equal(fault_of(&none, 3).kind, FAULT_NONE);
    fault_parse(&p, STR("split:1"), 1, NULL);
    for (uint64_t i = 0; i < 1000; i++)
        assert_int_equal(fault_of(&p, i).kind, FAULT_SPLIT);
}

static void test_position(void **state)
{
    struct fault_plan p = {.seed = 3};
    unsigned seen[8] = {0};
    for (uint64_t i = 0; i < 8000; i++) {
        uint64_t k = fault_position(&p, i, 8);
        assert_true(k < 8);
        seen[k]++;
    }
    for (int k = 0; k < 8; k++)
        assert_in_range(seen[k], 1000 - 150, 1000 + 150); /* sd 29.6 */
    assert_int_equal(fault_position(&p, 1, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_http2), cmocka_unit_test(test_all_kinds), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_pause),    cmocka_unit_test(test_shares),    cmocka_unit_test(test_position),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

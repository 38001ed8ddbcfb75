#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "record/record.h"

static void test_outcome_names(void **state)
{
    char t[32];
    assert_string_equal(outcome_text(t, OUT_OK, 200), "ok");
    assert_string_equal(outcome_text(t, OUT_HTTP, 503), "http_503");
    assert_string_equal(outcome_text(t, OUT_TIMEOUT_FIRST_TOKEN, 200), "timeout_first_token");
    for (int i = 0; i < OUT_COUNT; i++) {
        enum outcome o = OUT_COUNT;
        int status = -1;
        assert_int_equal(outcome_parse(str_of(outcome_name((enum outcome)i)), &o, &status), 0);
        assert_int_equal(o, i);
        assert_int_equal(status, 0);
        assert_true(outcome_help((enum outcome)i)[0] != 0);
    }
    enum outcome o;
    int status;
    assert_int_equal(outcome_parse(STR("http_429"), &o, &status), 0);
    assert_int_equal(o, OUT_HTTP);
    assert_int_equal(status, 429);
    static const char *const bad[] = {"", "http_", "http_x", "http_-1", "http_5000000000", "okay", "OK"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(outcome_parse(str_of(bad[i]), &o, &status), -1);
}

static void test_names_out_of_range(void **state)
{
    assert_string_equal(token_source_name((enum token_source)99), "none");
    assert_string_equal(finish_reason_name((enum finish_reason)99), "other");
    assert_string_equal(outcome_name((enum outcome)99), "unknown");
    assert_string_equal(token_source_name(TOKENS_WORDS), "words");
    assert_string_equal(finish_reason_name(FINISH_TOOL), "tool_calls");
}

static struct rec_event event_of(uint64_t i, int64_t at)
{
    uint64_t u = rng_u64(7, RNG_TEST, i);
    return (struct rec_event){
        .at = at,
        .width = (u & 3) == 0 ? (int64_t)(u >> 34) : 0,
        .bytes = (uint32_t)(u >> 50),
        .cumulative = (u & 12) == 0 ? -1 : (int64_t)(i * 3),
    };
}

/* What was added comes out again, over many blocks, with gaps from 0 to hours. */
static void test_round_trip(void **state)
{
    struct rec_slab s;
    rec_slab_init(&s, 10000);
    for (int round = 0; round < 2; round++) {
        struct record *r = rec_new(&s);
        assert_int_equal(r->tokens_in, -1);
        assert_int_equal(r->tokens_out, -1);
        assert_int_equal(r->n_events, 0);
        int64_t at = 1000000007;
        for (uint64_t i = 0; i < 5000; i++) {
            struct rec_event ev = event_of(i, at);
            assert_int_equal(rec_add_event(&s, r, &ev), 0);
            at += (int64_t)(rng_u64(8, RNG_TEST, i) >> (20 + i % 44));
        }
        assert_int_equal(r->first_token, 1000000007);
        struct rec_iter it;
        rec_iter_init(&it, r);
        at = 1000000007;
        struct rec_event got;
        for (uint64_t i = 0; i < 5000; i++) {
            struct rec_event want = event_of(i, at);
            assert_true(rec_iter_next(&it, &got));
            assert_int_equal(got.at, want.at);
            assert_int_equal(got.width, want.width);
            assert_int_equal(got.bytes, want.bytes);
            assert_int_equal(got.cumulative, want.cumulative);
            at += (int64_t)(rng_u64(8, RNG_TEST, i) >> (20 + i % 44));
        }
        assert_false(rec_iter_next(&it, &got));
        rec_recycle(&s, r);
    }
    assert_int_equal(s.n_records, 1); /* the second round lived on what the first gave back */
    size_t blocks = s.n_blocks;
    struct record *r = rec_new(&s);
    struct rec_event ev = {.at = 5, .cumulative = -1};
    assert_int_equal(rec_add_event(&s, r, &ev), 0);
    assert_int_equal(s.n_blocks, blocks);
    assert_int_equal(r->n_events, 1);
    rec_recycle(&s, r);
    rec_slab_free(&s);
}

/* A stepped clock must not corrupt what follows. */
static void test_backward_gap(void **state)
{
    struct rec_slab s;
    rec_slab_init(&s, 4);
    struct record *r = rec_new(&s);
    const int64_t at[] = {100, 90, 200};
    for (size_t i = 0; i < 3; i++) {
        struct rec_event ev = {.at = at[i], .bytes = 1, .cumulative = -1};
        assert_int_equal(rec_add_event(&s, r, &ev), 0);
    }
    struct rec_iter it;
    rec_iter_init(&it, r);
    struct rec_event got;
    for (size_t i = 0; i < 3; i++) {
        assert_true(rec_iter_next(&it, &got));
        assert_int_equal(got.at, at[i]);
        assert_int_equal(got.cumulative, -1);
    }
    rec_recycle(&s, r);
    rec_slab_free(&s);
}

static void test_ceiling(void **state)
{
    struct rec_slab s;
    rec_slab_init(&s, 2);
    struct record *r = rec_new(&s), *q = rec_new(&s);
    struct rec_event ev = {.at = 1, .cumulative = -1};
    uint32_t n = 0;
    while (rec_add_event(&s, r, &ev) == 0)
        n++;
    assert_int_equal(n, 2 * (REC_BLOCK_BYTES / 4)); /* four one-byte varints each */
    assert_int_equal(r->n_events, n);
    assert_int_equal(rec_add_event(&s, q, &ev), -1);
    assert_int_equal(q->n_events, 0);
    struct rec_iter it;
    rec_iter_init(&it, r);
    uint32_t k = 0;
    while (rec_iter_next(&it, &ev))
        k++;
    assert_int_equal(k, n);
    rec_recycle(&s, r);
    ev.at = 9;
    assert_int_equal(rec_add_event(&s, q, &ev), 0); /* blocks have come back */
    rec_recycle(&s, q);
    rec_slab_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcome_names), cmocka_unit_test(test_names_out_of_range),
        cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_backward_gap),
        cmocka_unit_test(test_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

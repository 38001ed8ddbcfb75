/* test_api_memo.c - with a memory of the last event or without: the same result, in less work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/api_memo.h"
#include "base/xalloc.h"

static unsigned calls; /* of the dialect's own decoder */
static const struct api_ops *real;

static enum api_rc counting(struct str type, struct str data, struct api_event *ev)
{
    calls++;
    return real->event(type, data, ev);
}

#define A "{\"id\":\"c-1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\""
#define B "\"},\"logprobs\":null,\"finish_reason\":null}]}"
#define R "{\"id\":\"c-1\",\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\""

/* Decode the events of one stream in both ways; gives how often the decoder was asked. */
static unsigned run(const char *dialect, const char *const *events, size_t n)
{
    struct api_memo m = {0};
    real = api_find(str_of(dialect));
    struct api_ops ops = *real;
    ops.event = counting;
    calls = 0;
    for (size_t i = 0; i < n; i++) {
        struct api_event got, want;
        char *copy = xmemdup0(events[i], strlen(events[i])); /* so that nothing may lean on former bytes */
        struct str data = str_of(copy);
        enum api_rc rc = real->event(STR(""), data, &want);
        assert_int_equal(api_memo_event(&ops, &m, STR(""), data, &got), rc);
        if (rc == API_OK) {
            assert_int_equal(got.flags, want.flags);
            assert_int_equal(got.n_texts, want.n_texts);
            assert_int_equal(got.text_bytes, want.text_bytes);
            assert_int_equal(got.finish, want.finish);
            assert_int_equal(got.completion_tokens, want.completion_tokens);
            assert_ptr_equal(got.error.p, want.error.p);
            for (unsigned k = 0; k < got.n_texts; k++) {
                assert_ptr_equal(got.text[k].p, want.text[k].p);
                assert_int_equal(got.text[k].n, want.text[k].n);
            }
        }
        free(copy);
    }
    api_memo_free(&m);
    return calls;
}

static void alike_events_are_decoded_once(void **state)
{
    static const char *const events[] = {A "one" B, A " two" B, A " three, and a long one of many bytes" B, A "4" B};
    assert_int_equal(run("openai-chat", events, ARRAY_LEN(events)), 1);
}

static void what_differs_is_decoded_anew(void **state)
{
    static const char *const events[] = {
        A "one" B,                                                   /* asked */
        A "" B,                                                      /* empty: no token */
        A "a\\\"b" B,                                                /* an escape */
        A "x" B,                                                     /* alike: the one above was remembered */
        A "a\"},\"delta\":{\"content\":\"b" B,                       /* a quote within: two members */
        A "\x01" B,                                                  /* not JSON */
        "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}", /* the end */
        A "x\"},\"finish_reason\":\"stop\"}],\"usage\":{\"completion_tokens\":3,\"a\":\"" B, /* a longer middle */
        R "hm" B,
        R "hm hm" B, /* alike */
        A "x" B,
        "[DONE]",
        A,
        "",
    };
    assert_int_equal(run("openai-chat", events, ARRAY_LEN(events)), ARRAY_LEN(events) - 2);
}

static void the_other_dialect_too(void **state)
{
    static const char *const events[] = {"{\"choices\":[{\"text\":\" a\",\"index\":0}]}",
                                         "{\"choices\":[{\"text\":\" b\",\"index\":0}]}",
                                         "{\"choices\":[{\"text\":\" b\",\"index\":1}]}"};
    assert_int_equal(run("openai-completions", events, ARRAY_LEN(events)), 2);
}

/* A server may say an error in an event that looks like the others, by its type. */
static void a_typed_event_is_never_taken_for_alike(void **state)
{
    struct api_memo m = {0};
    struct api_event ev;
    const struct api_ops *ops = api_find(STR("openai-chat"));
    for (int i = 0; i < 2; i++)
        assert_int_equal(api_memo_event(ops, &m, STR(""), STR(A "one" B), &ev), API_OK);
    assert_int_equal(ev.flags, API_CONTENT);
    assert_int_equal(api_memo_event(ops, &m, STR("error"), STR(A "one" B), &ev), API_OK);
    assert_true(ev.flags & API_ERROR);
    api_memo_free(&m);
}

/* Dialects that name each event: alike events are of one name. */
static void the_type_belongs_to_what_is_alike(void **state)
{
    struct api_memo m = {0};
    struct api_event ev;
    real = api_find(STR("openai-chat"));
    struct api_ops ops = *real;
    ops.event = counting;
    calls = 0;
    static const char *const types[] = {"delta", "delta", "delta", "other", "other", "delt", "delta"};
    static const int want[] = {1, 1, 1, 2, 2, 3, 4};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        assert_int_equal(api_memo_event(&ops, &m, str_of(types[i]), STR(A "one" B), &ev), API_OK);
        assert_true(str_eqz(ev.text[0], "one"));
        assert_int_equal(calls, want[i]);
    }
    char longer[64];
    memset(longer, 't', sizeof longer);
    for (int i = 0; i < 2; i++)
        api_memo_event(&ops, &m, (struct str){longer, sizeof longer}, STR(A "one" B), &ev);
    assert_int_equal(calls, 6);
    api_memo_free(&m);
}

static void a_reset_forgets(void **state)
{
    struct api_memo m = {0};
    struct api_event ev;
    real = api_find(STR("openai-chat"));
    struct api_ops ops = *real;
    ops.event = counting;
    calls = 0;
    for (int i = 0; i < 3; i++) {
        api_memo_event(&ops, &m, STR(""), STR(A "one" B), &ev);
        api_memo_reset(&m);
    }
    assert_int_equal(calls, 3);
    api_memo_free(&m);
}

static void a_stream_of_unlike_events_is_given_up_and_stays_right(void **state)
{
    static char text[40][160];
    const char *events[40];
    for (int i = 0; i < 40; i++) {
        snprintf(text[i], sizeof text[i], "{\"n\":%d,\"choices\":[{\"delta\":{\"content\":\"w\"}}]}", i);
        events[i] = text[i];
    }
    assert_int_equal(run("openai-chat", events, 40), 40);
}

static void an_event_beyond_the_ceiling_is_not_remembered(void **state)
{
    char *big = xmalloc(API_MEMO_MAX + 200);
    snprintf(big, API_MEMO_MAX + 200, "{\"pad\":\"%0*d\",\"choices\":[{\"delta\":{\"content\":\"w\"}}]}", API_MEMO_MAX,
             0);
    const char *events[] = {big, big};
    assert_int_equal(run("openai-chat", events, 2), 2);
    free(big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alike_events_are_decoded_once),
        cmocka_unit_test(what_differs_is_decoded_anew),
        cmocka_unit_test(the_other_dialect_too),
        cmocka_unit_test(a_typed_event_is_never_taken_for_alike),
        cmocka_unit_test(the_type_belongs_to_what_is_alike),
        cmocka_unit_test(a_reset_forgets),
        cmocka_unit_test(a_stream_of_unlike_events_is_given_up_and_stays_right),
        cmocka_unit_test(an_event_beyond_the_ceiling_is_not_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

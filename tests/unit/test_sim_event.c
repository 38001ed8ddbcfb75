/* What the simulator frames, byte for byte: chunk sizes by hand, JSON by Jansson. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/sim_event.h"

#include "base/jdoc.h"
#include "sim/sim_text.h"

static char scratch[EVENT_SCRATCH];

static struct event_fmt make(bool chat, bool chunked, bool final, bool each)
{
    struct event_fmt f = {
        .chat = chat, .chunked = chunked, .usage_final = final, .usage_each = each, .prompt_tokens = 3};
    event_init(&f, STR("m\\\"x"), STR("id-1"), 1700000000);
    return f;
}

/* Takes one chunk off the front: its payload. */
static struct str take_chunk(struct str *s)
{
    char size[20];
    ptrdiff_t crlf = str_find(*s, STR("\r\n"));
    assert_true(crlf > 0 && crlf < 10);
    snprintf(size, sizeof(size), STR_FMT, (int)crlf, s->p);
    size_t n = strtoul(size, NULL, 16);
    struct str payload = str_sub(*s, (size_t)crlf + 2, n);
    assert_int_equal(payload.n, n);
    *s = str_sub(*s, (size_t)crlf + 2 + n, s->n);
    assert_true(str_starts(*s, STR("\r\n")));
    *s = str_sub(*s, 2, s->n);
    return payload;
}

static struct jdoc *event_json(struct str payload)
{
    assert_true(str_starts(payload, STR("data: ")) && str_ends(payload, STR("\n\n")));
    struct err e = {0};
    struct jdoc *d = jdoc_parse(str_sub(payload, 6, payload.n - 8), "event", &e);
    if (d == NULL)
        fail_msg("%s: " STR_FMT, e.text, STR_ARG(payload));
    return d;
}

static void test_token_exact(void **state)
{
    struct event_fmt f = make(true, true, false, false);
    struct str s = event_token(&f, STR(" w\\\"o"), 1, scratch);
    const char *want =
        "bc\r\ndata: {\"id\":\"chatcmpl-id-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,"
        "\"model\":\"m\\\"x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" w\\\"o\"},"
        "\"logprobs\":null,\"finish_reason\":null}]}\n\n\r\n";
    assert_int_equal(s.n, strlen(want));
    assert_memory_equal(s.p, want, s.n);
    assert_int_equal(strlen(want), 0xbc + 6);
    event_free(&f);
    f = make(false, false, true, false);
    s = event_token(&f, STR("w"), 1, scratch);
    want = "data: {\"id\":\"cmpl-id-1\",\"object\":\"text_completion\",\"created\":1700000000,\"model\":\"m\\\"x\","
           "\"choices\":[{\"index\":0,\"text\":\"w\",\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n";
    assert_int_equal(s.n, strlen(want));
    assert_memory_equal(s.p, want, s.n);
    event_free(&f);
}

static void test_role(void **state)
{
    struct event_fmt f = make(true, true, true, true);
    struct str s = event_role(&f, scratch);
    struct jdoc *d = event_json(take_chunk(&s));
    assert_int_equal(s.n, 0);
    jnode *delta = jn_get(jn_at(jn_get(jdoc_root(d), "choices"), 0), "delta");
    assert_true(str_eqz(jn_str(jn_get(delta, "role"), NULL), "assistant"));
    assert_true(str_eqz(jn_str(jn_get(delta, "content"), NULL), ""));
    assert_true(str_eqz(jn_str(jn_get(jdoc_root(d), "model"), NULL), "m\"x"));
    assert_int_equal(jn_i64(jn_get(jdoc_root(d), "usage.prompt_tokens"), -1), 3);
    assert_int_equal(jn_i64(jn_get(jdoc_root(d), "usage.completion_tokens"), -1), 0);
    jdoc_free(&d);
    event_free(&f);
}

static void test_end(void **state)
{
    for (int chat = 0; chat < 2; chat++) {
        struct event_fmt f = make(chat, true, true, false);
        struct str s = event_end(&f, "length", 7, scratch);
        struct jdoc *d = event_json(take_chunk(&s));
        jnode *choice = jn_at(jn_get(jdoc_root(d), "choices"), 0);
        assert_true(str_eqz(jn_str(jn_get(choice, "finish_reason"), NULL), "length"));
        assert_true(jn_is_null(jn_get(jdoc_root(d), "usage")));
        jdoc_free(&d);
        d = event_json(take_chunk(&s));
        assert_int_equal(jn_len(jn_get(jdoc_root(d), "choices")), 0);
        assert_true(jn_is_arr(jn_get(jdoc_root(d), "choices")));
        assert_int_equal(jn_i64(jn_get(jdoc_root(d), "usage.prompt_tokens"), -1), 3);
        assert_int_equal(jn_i64(jn_get(jdoc_root(d), "usage.completion_tokens"), -1), 7);
        assert_int_equal(jn_i64(jn_get(jdoc_root(d), "usage.total_tokens"), -1), 10);
        jdoc_free(&d);
        assert_true(str_eqz(take_chunk(&s), "data: [DONE]\n\n"));
        assert_true(str_eqz(s, "0\r\n\r\n"));
        event_free(&f);
    }
    struct event_fmt f = make(true, false, false, false); /* HTTP/1.0: no framing */
    struct str s = event_end(&f, "stop", 7, scratch);
    assert_true(str_starts(s, STR("data: {")));
    assert_true(str_ends(s, STR("}\n\ndata: [DONE]\n\n")));
    assert_int_equal(str_find(s, STR("usage")), -1);
    event_free(&f);
}

static void test_running_usage(void **state)
{
    struct event_fmt f = make(true, true, true, true);
    for (uint64_t k = 1; k <= 1000; k *= 10) {
        struct str s = event_token(&f, STR("x"), k, scratch);
        struct jdoc *d = event_json(take_chunk(&s));
        assert_int_equal(jn_i64(jn_get(jdoc_root(d), "usage.completion_tokens"), -1), k);
        assert_int_equal(jn_i64(jn_get(jdoc_root(d), "usage.total_tokens"), -1), k + 3);
        jdoc_free(&d);
    }
    event_free(&f);
}

static void test_faults(void **state)
{
    struct event_fmt f = make(true, true, false, false);
    struct str s = event_error(&f, scratch);
    struct jdoc *d = event_json(take_chunk(&s));
    assert_true(jn_is_obj(jn_get(jdoc_root(d), "error")));
    jdoc_free(&d);
    assert_true(str_eqz(s, "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"));
    s = event_bad_json(&f, scratch);
    struct str payload = take_chunk(&s);
    assert_null(jdoc_parse(str_sub(payload, 6, payload.n - 8), "x", NULL));
    event_free(&f);
}

/* The text of a body that is not streamed is the words of the stream. */
static void test_body(void **state)
{
    struct buf b = BUF_INIT(1 << 20);
    for (int chat = 0; chat < 2; chat++) {
        struct event_fmt f = make(chat, true, false, false);
        buf_clear(&b);
        event_body(&f, &b, 5, 9, 20, "stop");
        struct err e = {0};
        struct jdoc *d = jdoc_parse(buf_str(&b), "body", &e);
        if (d == NULL)
            fail_msg("%s: %s", e.text, b.p);
        jnode *root = jdoc_root(d), *choice = jn_at(jn_get(root, "choices"), 0);
        struct str text = jn_str(jn_get(choice, chat ? "message.content" : "text"), "");
        assert_int_equal(sim_count_words(text), 20);
        assert_true(str_eqz(jn_str(jn_get(root, "object"), ""), chat ? "chat.completion" : "text_completion"));
        assert_true(str_eqz(jn_str(jn_get(root, "id"), ""), chat ? "chatcmpl-id-1" : "cmpl-id-1"));
        assert_true(str_eqz(jn_str(jn_get(choice, "finish_reason"), ""), "stop"));
        assert_int_equal(jn_i64(jn_get(root, "usage.total_tokens"), 0), 23);
        for (uint64_t k = 0; k < 20; k++) {
            struct sim_word w = sim_word_at(5, 9, k);
            text = str_sub(text, k > 0 ? 1 : 0, text.n);
            assert_true(str_starts(text, w.text));
            text = str_sub(text, w.text.n, text.n);
        }
        assert_int_equal(text.n, 0);
        jdoc_free(&d);
        event_free(&f);
    }
    buf_free(&b);
}

/* The longest names and ids fit into the scratch memory, and nothing of an id reaches into the structure. */
static void test_largest(void **state)
{
    char model[1001], id[129];
    memset(model, 'm', 1000);
    memset(id, '"', 128);
    model[1000] = id[128] = 0;
    struct event_fmt f = {.chat = true, .chunked = true, .usage_final = true, .usage_each = true};
    f.prompt_tokens = INT64_MAX / 2;
    event_init(&f, str_of(model), str_of(id), INT64_MAX);
    struct str s = event_end(&f, "length", INT64_MAX / 2, scratch);
    assert_true(s.p >= scratch && s.p + s.n <= scratch + EVENT_SCRATCH);
    struct jdoc *d = event_json(take_chunk(&s));
    assert_int_equal(jn_str(jn_get(jdoc_root(d), "id"), "").n, 9 + 128);
    jdoc_free(&d);
    event_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token_exact),   cmocka_unit_test(test_role),   cmocka_unit_test(test_end),
        cmocka_unit_test(test_running_usage), cmocka_unit_test(test_faults), cmocka_unit_test(test_body),
        cmocka_unit_test(test_largest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

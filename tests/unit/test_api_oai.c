/* The chunks are written by hand in the form that the named servers send them (OpenAI API reference; vLLM, SGLang,
 * llama.cpp). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "api/api.h"
#include "base/jdoc.h"
#include "base/xalloc.h"

static struct api prepared(const char *dialect, struct api_opts o)
{
    struct api a;
    struct err e = {0};
    if (api_prepare(&a, api_find(str_of(dialect)), &o, &e) < 0)
        fail_msg("%s", e.text);
    return a;
}

static const struct api_opts plain = {.max_tokens = -1, .temperature = NAN, .stream = true, .include_usage = true};

/* Render and parse back with an independent JSON reader. */
static struct jdoc *rendered(const struct api *a, const struct plan_sample *s, const char *nonce)
{
    struct plan_item it = {.what = s};
    snprintf(it.nonce, sizeof it.nonce, "%s", nonce);
    struct api_body b = {.spill = BUF_INIT(1 << 24)};
    struct buf flat = BUF_INIT(1 << 24);
    api_render(a, &it, &b);
    assert_true(b.n <= API_MAX_PIECES);
    for (int i = 0; i < b.n; i++)
        buf_add(&flat, b.v[i].iov_base, b.v[i].iov_len);
    assert_int_equal(flat.n, b.bytes);
    struct err e = {0};
    struct jdoc *d = jdoc_parse(buf_str(&flat), "body", &e);
    if (!d)
        fail_msg("%s: %s", e.text, flat.p);
    buf_free(&flat);
    buf_free(&b.spill);
    return d;
}

static void assert_text(jnode *n, const char *want)
{
    struct str s = jn_str(n, "(none)");
    assert_int_equal(s.n, strlen(want));
    assert_memory_equal(s.p, want, s.n);
}

static void chat_body_says_what_was_asked(void **state)
{
    (void)state;
    struct api_opts o = plain;
    o.model = "m\"1";
    o.max_tokens = 128;
    o.temperature = 0.7;
    o.ignore_eos = true;
    o.extra_body = "{\"top_p\":0.9,\"stream_options\":{\"x\":1},\"max_tokens\":7}";
    struct api a = prepared("openai-chat", o);
    struct plan_msg msgs[] = {
        {ROLE_SYSTEM, STR("Be \\\"kind\\\".\\n"), {0}},
        {ROLE_USER, STR("Hi"), {0}},
        {ROLE_USER, {0}, STR("{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}")},
        {ROLE_ASSISTANT, STR(""), {0}}};
    struct plan_sample s = {.msgs = msgs, .n_msgs = 4, .max_tokens = 9};
    struct jdoc *d = rendered(&a, &s, "[n] ");
    jnode *r = jdoc_root(d), *m = jn_get(r, "messages");
    assert_int_equal(jn_len(m), 4);
    assert_text(jn_get(jn_at(m, 0), "role"), "system");
    assert_text(jn_get(jn_at(m, 0), "content"), "[n] Be \"kind\".\n");
    assert_text(jn_get(jn_at(m, 1), "content"), "Hi");
    assert_text(jn_get(jn_at(jn_get(jn_at(m, 2), "content"), 0), "text"), "x");
    assert_text(jn_get(jn_at(m, 3), "content"), "");
    assert_text(jn_get(r, "model"), "m\"1");
    assert_int_equal(jn_i64(jn_get(r, "max_tokens"), 0), 7); /* extra-body goes over our own */
    assert_float_equal(jn_f64(jn_get(r, "temperature"), 0), 0.7, 1e-12);
    assert_true(jn_bool(jn_get(r, "ignore_eos"), false));
    assert_true(jn_bool(jn_get(r, "stream"), false));
    assert_true(jn_bool(jn_get(r, "stream_options.include_usage"), false)); /* merged deeply */
    assert_int_equal(jn_i64(jn_get(r, "stream_options.x"), 0), 1);
    assert_float_equal(jn_f64(jn_get(r, "top_p"), 0), 0.9, 1e-12);
    jdoc_free(&d);
    api_free(&a);
}

static void what_was_not_asked_is_not_sent(void **state)
{
    (void)state;
    struct api_opts o = plain;
    o.stream = false;
    struct api a = prepared("openai-chat", o);
    struct plan_msg msg = {ROLE_USER, STR("Hi"), {0}};
    struct plan_sample s = {.msgs = &msg, .n_msgs = 1, .max_tokens = 33};
    struct jdoc *d = rendered(&a, &s, "");
    jnode *r = jdoc_root(d);
    assert_int_equal(jn_len(r), 3); /* messages, stream, the sample's max_tokens */
    assert_int_equal(jn_i64(jn_get(r, "max_tokens"), 0), 33);
    assert_false(jn_bool(jn_get(r, "stream"), true));
    jdoc_free(&d);
    api_free(&a);
}

static void many_messages_are_copied_alike(void **state)
{
    (void)state;
    struct api chat = prepared("openai-chat", plain), text = prepared("openai-completions", plain);
    enum { N = 400 };
    struct plan_msg *msgs = xcalloc(N, sizeof *msgs);
    for (int i = 0; i < N; i++)
        msgs[i] = (struct plan_msg){i % 2 ? ROLE_ASSISTANT : ROLE_USER, STR("word"), {0}};
    for (uint32_t n = 1; n <= N; n = n < 20 ? n + 1 : n * 2 + 1) {
        struct plan_sample s = {.msgs = msgs, .n_msgs = n, .max_tokens = -1};
        struct jdoc *d = rendered(&chat, &s, "N ");
        jnode *m = jn_get(jdoc_root(d), "messages");
        assert_int_equal(jn_len(m), n);
        assert_text(jn_get(jn_at(m, 0), "content"), "N word");
        assert_text(jn_get(jn_at(m, n - 1), "role"), n % 2 ? "user" : "assistant");
        jdoc_free(&d);
        d = rendered(&text, &s, "N ");
        assert_int_equal(jn_str(jn_get(jdoc_root(d), "prompt"), "").n, 2 + n * 5 - 1);
        jdoc_free(&d);
    }
    free(msgs);
    api_free(&chat);
    api_free(&text);
}

static void extra_body_must_be_a_harmless_object(void **state)
{
    (void)state;
    static const char *const bad[] = {"[1]", "{\"messages\":[]}", "{\"stream\":false}", "{\"prompt\":\"x\"}", "{", "3"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct api a;
        struct api_opts o = plain;
        struct err e = {0};
        o.extra_body = bad[i];
        assert_int_equal(api_prepare(&a, api_find(STR("openai-chat")), &o, &e), -1);
        assert_non_null(strstr(e.text, "--extra-body"));
        api_free(&a);
    }
}

struct chunk {
    const char *dialect, *data;
    unsigned flags;
    const char *text; /* all texts, joined by | */
    int64_t prompt, completion;
};

static const struct chunk chunks[] = {
    {"openai-chat",
     "{\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":"
     "null}]}",
     0, "", -1, -1},
    {"openai-chat",
     "{\"choices\":[{\"delta\":{\"content\":\"Hel\\\"lo\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}",
     API_CONTENT, "Hel\\\"lo", -1, -1},
    {"openai-chat", "{\"choices\":[{\"delta\":{\"reasoning_content\":\"Hm\",\"content\":null}}]}", API_REASONING, "Hm",
     -1, -1},
    {"openai-chat", "{\"choices\":[{\"delta\":{\"reasoning\":\"Hm\"}}]}", API_REASONING, "Hm", -1, -1},
    {"openai-chat",
     "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":"
     "\"f\",\"arguments\":\"\"}}]}}]}",
     API_TOOL, "f", -1, -1},
    {"openai-chat",
     "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"a\\\"\"}}]}}]}",
     API_TOOL, "{\\\"a\\\"", -1, -1},
    {"openai-chat", "{\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}", API_FINISH, "", -1, -1},
    {"openai-chat",
     "{\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7,\"total_tokens\":18,\"prompt_tokens_"
     "details\":null}}",
     API_USAGE, "", 11, 7},
    {"openai-chat",
     "{\"choices\":[{\"delta\":{\"content\":\"x\"}}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}",
     API_CONTENT | API_USAGE, "x", 3, 2},
    {"openai-chat", "[DONE]", API_TERMINAL, "", -1, -1},
    {"openai-chat", "{\"error\":{\"message\":\"boom\",\"code\":500}}", API_ERROR, "", -1, -1},
    {"openai-chat", "{\"object\":\"error\",\"message\":\"boom\"}", API_ERROR, "", -1, -1},
    {"openai-chat", "{\"error\":null,\"choices\":[{\"delta\":{\"content\":\"ok\"}}]}", API_CONTENT, "ok", -1, -1},
    {"openai-chat",
     "{\"unknown\":{\"choices\":[{\"delta\":{\"content\":\"no\"}}]},\"choices\":[{\"delta\":{\"content\":\"yes\"}}]}",
     API_CONTENT, "yes", -1, -1},
    {"openai-chat", "{\"choices\":[{\"delta\":{\"reasoning\":\"why\",\"reasoning_content\":\"why\"}}]}", API_REASONING,
     "why", -1, -1},
    {"openai-chat", "{\"choices\":[{\"delta\":{\"reasoning\":\"\",\"reasoning_content\":\"why\"}}]}", API_REASONING,
     "why", -1, -1},
    {"openai-chat", "{\"choices\":[],\"usage\":{}}", 0, "", -1, -1},
    {"openai-chat", "{\"usage\":{\"prompt_tokens\":3.0,\"completion_tokens\":2e1}}", API_USAGE, "", 3, 20},
    {"openai-chat", "{\"usage\":{\"prompt_tokens\":-1,\"completion_tokens\":99999999999999999999}}", 0, "", -1, -1},
    {"openai-chat", "{\"usage\":{\"prompt_tokens\":null,\"completion_tokens\":\"5\"}}", 0, "", -1, -1},
    {"openai-chat", " [DONE] ", API_TERMINAL, "", -1, -1},
    {"openai-completions", "{\"choices\":[{\"text\":\" word\",\"index\":0,\"finish_reason\":null}]}", API_CONTENT,
     " word", -1, -1},
    {"openai-completions", "{\"choices\":[{\"text\":\"\",\"finish_reason\":\"stop\"}]}", API_FINISH, "", -1, -1},
};

static void chunks_hold_what_they_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(chunks); i++) {
        const struct chunk *c = &chunks[i];
        struct api_event ev;
        if (api_find(str_of(c->dialect))->event(STR(""), str_of(c->data), &ev) != API_OK)
            fail_msg("refused: %s", c->data);
        struct buf all = BUF_INIT(1000);
        for (unsigned k = 0; k < ev.n_texts; k++)
            buf_addf(&all, "%s%.*s", k ? "|" : "", STR_ARG(ev.text[k]));
        if (ev.flags != c->flags || strcmp(all.p ? all.p : "", c->text) != 0 || ev.prompt_tokens != c->prompt ||
            ev.completion_tokens != c->completion)
            fail_msg("%s: flags %u, text \"%s\", tokens %lld %lld", c->data, ev.flags, all.p ? all.p : "",
                     (long long)ev.prompt_tokens, (long long)ev.completion_tokens);
        buf_free(&all);
    }
}

static void cut_chunks_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(chunks); i++) {
        if (chunks[i].data[0] != '{')
            continue;
        for (size_t n = 0; n < strlen(chunks[i].data); n++) {
            struct api_event ev;
            assert_int_equal(api_find(str_of(chunks[i].dialect))->event(STR(""), (struct str){chunks[i].data, n}, &ev),
                             API_E_SYNTAX);
        }
    }
}

static void documents_carry_text_usage_and_details(void **state)
{
    (void)state;
    struct api_event ev;
    const char *body =
        "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"two words\"},\"finish_reason\":\"stop\"}],"
        "\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,\"prompt_tokens_details\":{\"cached_tokens\":4},"
        "\"completion_tokens_details\":{\"reasoning_tokens\":1}}}";
    assert_int_equal(api_find(STR("openai-chat"))->document(str_of(body), &ev), API_OK);
    assert_int_equal(ev.flags, API_CONTENT | API_FINISH | API_USAGE);
    assert_int_equal(ev.finish, API_FIN_STOP);
    assert_int_equal(ev.cached_tokens, 4);
    assert_int_equal(ev.reasoning_tokens, 1);
}

static void events_of_type_error_are_errors_whatever_they_hold(void **state)
{
    (void)state;
    static const char *const data[][2] = {{"{\"error\":{\"a\":1}}", "{\"a\":1}"},
                                          {"{\"detail\":\"x\"}", "{\"detail\":\"x\"}"},
                                          {"no JSON", "no JSON"},
                                          {"{\"error\":{\"a\"", "{\"error\":{\"a\""}};
    for (size_t i = 0; i < ARRAY_LEN(data); i++) {
        struct api_event ev;
        assert_int_equal(api_find(STR("openai-chat"))->event(STR("error"), str_of(data[i][0]), &ev), API_OK);
        assert_true(ev.flags & API_ERROR);
        assert_true(str_eqz(ev.error, data[i][1]));
    }
}

static void a_limit_is_said_once(void **state)
{
    (void)state;
    static const struct {
        const char *extra;
        int64_t user, sample;
        const char *want; /* what stands in the body once, and nothing else like it */
    } cases[] = {{NULL, -1, 50, "\"max_tokens\":50"},
                 {NULL, 9, 50, "\"max_tokens\":9"},
                 {"{\"max_tokens\":7}", -1, 50, "\"max_tokens\":7"},
                 {"{\"max_tokens\":7}", 9, 50, "\"max_tokens\":7"},
                 {"{\"max_completion_tokens\":7}", -1, 50, "\"max_completion_tokens\":7"}};
    const struct plan_msg msg = {.role = ROLE_USER, .content = STR("hi")};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct plan_sample sample = {.msgs = &msg, .n_msgs = 1, .max_tokens = cases[i].sample};
        struct plan_item item = {.what = &sample};
        struct api_opts o = {.max_tokens = cases[i].user, .temperature = (double)NAN, .extra_body = cases[i].extra};
        struct api a;
        struct api_body b = {.spill = BUF_INIT(1000)};
        struct buf all = BUF_INIT(1000);
        assert_int_equal(api_prepare(&a, api_find(STR("openai-chat")), &o, NULL), 0);
        api_render(&a, &item, &b);
        for (int k = 0; k < b.n; k++)
            buf_add(&all, b.v[k].iov_base, b.v[k].iov_len);
        assert_non_null(strstr(all.p, cases[i].want));
        char *first = strstr(all.p, "_tokens\":");
        assert_null(strstr(first + 1, "_tokens\":"));
        buf_free(&all);
        buf_free(&b.spill);
        api_free(&a);
    }
}

static void words_do_not_depend_on_the_split(void **state)
{
    (void)state;
    const struct str text = STR("one two\\nthree\\t four\\u00e9five  \\\"six\\\" ");
    bool in = false;
    uint64_t whole = api_count_words(text, &in);
    assert_int_equal(whole, 5); /* one, two, three, four-e-five, "six" */
    static const size_t cuts[] = {1, 3, 4, 7, 9, 14, 20, 33};
    for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
        in = false;
        uint64_t n = api_count_words(str_sub(text, 0, cuts[i]), &in);
        n += api_count_words(str_sub(text, cuts[i], text.n), &in);
        assert_int_equal(n, whole);
    }
}

/* Each item's body asks for its own model; all else is the same. */
static void a_body_asks_for_its_items_model(void **state)
{
    (void)state;
    static const struct plan_msg msgs[] = {{ROLE_USER, {"hi", 2}, {"", 0}}};
    static const struct plan_sample s = {.msgs = msgs, .n_msgs = 1, .max_tokens = -1};
    static const char *const names[] = {"base", "lora:a\"b", "org/c"};
    const struct str others[] = {{names[1], strlen(names[1])}, {names[2], strlen(names[2])}};
    static const char *const dialects[] = {"openai-chat", "openai-completions"};
    for (size_t k = 0; k < ARRAY_LEN(dialects); k++) {
        struct api_opts o = plain;
        o.model = names[0];
        o.others = others;
        o.n_others = ARRAY_LEN(others);
        o.extra_body = "{\"top_p\":0.5}";
        struct api a = prepared(dialects[k], o);
        for (uint32_t i = 0; i < 4; i++) { /* what is no place in the list is the run's */
            struct plan_item it = {.what = &s, .model_ix = i};
            struct api_body b = {.spill = BUF_INIT(1 << 20)};
            struct buf flat = BUF_INIT(1 << 20);
            api_render(&a, &it, &b);
            for (int v = 0; v < b.n; v++)
                buf_add(&flat, b.v[v].iov_base, b.v[v].iov_len);
            struct jdoc *d = jdoc_parse(buf_str(&flat), "body", NULL);
            assert_non_null(d);
            assert_text(jn_get(jdoc_root(d), "model"), names[i % 3]);
            assert_true(jn_f64(jn_get(jdoc_root(d), "top_p"), 0) == 0.5);
            jdoc_free(&d);
            buf_free(&flat);
            buf_free(&b.spill);
        }
        api_free(&a);
    }
}

static void paths_name_their_dialect(void **state)
{
    (void)state;
    assert_string_equal(api_of_path(STR("/v1/chat/completions"))->name, "openai-chat");
    assert_string_equal(api_of_path(STR("/openai/v1/chat/completions/"))->name, "openai-chat");
    assert_string_equal(api_of_path(STR("/v1/completions"))->name, "openai-completions");
    assert_null(api_of_path(STR("/")));
    assert_string_equal(api_of_path(STR("/v1/responses"))->name, "openai-responses");
    assert_string_equal(api_of_path(STR("/anthropic/v1/messages"))->name, "anthropic-messages");
    assert_string_equal(api_of_path(STR("/api/chat"))->name, "ollama-chat");
    assert_string_equal(api_of_path(STR("/api/generate/"))->name, "ollama-generate");
    assert_string_equal(api_of_path(STR("/generate_stream"))->name, "tgi");
    assert_null(api_of_path(STR("/generate"))); /* several servers have it, each in its own way */
    assert_null(api_of_path(STR("/elsewhere")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chat_body_says_what_was_asked),
        cmocka_unit_test(what_was_not_asked_is_not_sent),
        cmocka_unit_test(many_messages_are_copied_alike),
        cmocka_unit_test(extra_body_must_be_a_harmless_object),
        cmocka_unit_test(chunks_hold_what_they_say),
        cmocka_unit_test(cut_chunks_are_refused),
        cmocka_unit_test(documents_carry_text_usage_and_details),
        cmocka_unit_test(events_of_type_error_are_errors_whatever_they_hold),
        cmocka_unit_test(a_limit_is_said_once),
        cmocka_unit_test(words_do_not_depend_on_the_split),
        cmocka_unit_test(a_body_asks_for_its_items_model),
        cmocka_unit_test(paths_name_their_dialect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_texts.c - what of texts goes along with a record for a tokenizer, and what does not fit. */
#include "engine_rig.h"

#define THINK(text) "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"" text "\"}}]}\n\n"
#define DOC "{\"choices\":[{\"message\":{\"content\":\"one \\u00fc\"},\"finish_reason\":\"stop\"}]}"

static const struct load_opts one = {.mode = LOAD_CLOSED, .concurrency = 1, .num_requests = 1};

/* The record's raw texts behind one another, each kind behind a |, NUL as #. */
static void raw_text(const struct record *r, char out[400])
{
    char *p = out;
    const char *raw = r->text ? r->text->bytes + r->text->raw_at : "";
    for (int k = 0; r->text && k < REC_RAWS; k++) {
        *p++ = '|';
        for (size_t i = 0; i < r->text->n_raw[k]; i++, raw++)
            *p++ = *raw ? *raw : '#';
    }
    *p = 0;
}

static void expect(struct level_rig *x, size_t n, const char *const *want)
{
    struct err e = {0};
    char text[400];
    struct engine *en = engine_start(&x->o, &e);
    size_t i = 0;
    assert_non_null(en);
    while (!engine_ready(en))
        usleep(1000);
    engine_begin(en, clock_mono() + NS_PER_MS);
    for (bool last = false; !last || i < n;) {
        last = engine_finished(en);
        for (struct record *r; (r = engine_pop(en)); i++) {
            assert_true(i < n);
            raw_text(r, text);
            assert_string_equal(text, want[i]);
            keep(x, r);
            engine_give_back(en, r);
        }
        usleep(500);
    }
    engine_end(en, &x->totals, x->clients);
    engine_free(&en);
}

/* --save-http: what travelled, in all framings and of failures too; the user's key is in none of it. */
static void test_http(void **state)
{
    static const struct reply script[] = {
        {"200 OK", SSE_TYPE, DELTA("one ") FINISH DONE},
        {"200 OK", JSON_TYPE, DOC},
        {"503 Busy", "X-Why: load\r\n", "no"},
    };
    static const char *const bodies[] = {DELTA("one ") FINISH DONE, DOC, "no"};
    struct level_rig x;
    struct err e = {0};
    struct load_opts lo = one;
    size_t i = 0;
    (void)state;
    lo.num_requests = ARRAY_LEN(script);
    level_open(&x, script, ARRAY_LEN(script), lo);
    x.o.save_http = true;
    struct engine *en = engine_start(&x.o, &e);
    assert_non_null(en);
    while (!engine_ready(en))
        usleep(1000);
    engine_begin(en, clock_mono() + NS_PER_MS);
    for (bool last = false; !last || i < ARRAY_LEN(script);) {
        last = engine_finished(en);
        for (struct record *r; (r = engine_pop(en)); i++) {
            const struct rec_text *t = r->text;
            assert_true(i < ARRAY_LEN(script) && t && t->http && !t->cut);
            struct str head = {t->bytes + t->http_at, t->n_request};
            struct str body = {head.p + head.n, t->n_whole};
            struct str headers = {t->bytes + t->n_prompt + t->n_answer, t->n_headers};
            assert_true(str_starts(head, STR("POST /v1/chat/completions HTTP/1.1\r\nHost: ")));
            assert_true(str_find(head, STR("\r\nContent-Length: ")) > 0 && head.p[head.n - 1] != '\n');
            assert_true(str_find(head, STR("sk-rig-key")) < 0);
            assert_true(str_eqz(body, bodies[i]));
            assert_true((str_find(headers, STR("X-Why: load\n")) >= 0) == (i == 2));
            keep(&x, r);
            engine_give_back(en, r);
        }
        usleep(500);
    }
    engine_end(en, &x.totals, x.clients);
    engine_free(&en);
    level_close(&x);
}

static void test_kinds(void **state)
{
    static const struct reply script[] = {
        {"200 OK", SSE_TYPE, THINK("let \\\"me") THINK(" see") DELTA("one ") DELTA("two\\n") FINISH USAGE DONE},
        {"200 OK", JSON_TYPE, DOC},
        {"200 OK", SSE_TYPE, DELTA("cut")},
        {"503 Busy", "", "no"},
    };
    static const char *const want[] = {"|one two\\n|let \\\"me see||", "|one \\u00fc|||", "|cut|||", "||||"};
    struct level_rig x;
    struct load_opts lo = one;
    lo.num_requests = 4;
    level_open(&x, script, 4, lo);
    x.o.count_text = true;
    expect(&x, 4, want);
    assert_int_equal(x.kept[0].r.tokens_out, 2); /* as the server says */
    assert_int_equal(x.kept[0].r.token_source, TOKENS_USAGE);
    for (int i = 1; i < 4; i++) { /* no words: whoever has the tokenizer counts */
        assert_int_equal(x.kept[i].r.tokens_out, -1);
        assert_int_equal(x.kept[i].r.tokens_in, -1);
        assert_int_equal(x.kept[i].r.token_source, TOKENS_NONE);
        assert_int_equal(x.kept[i].r.flags & REC_UNCOUNTED, 0);
    }
    assert_string_equal(x.kept[3].body, "no");
    level_close(&x);
}

/* Together with --save-text and the body of an error each has its place. */
static void test_saved_too(void **state)
{
    static const struct reply script[] = {
        {"200 OK", SSE_TYPE, DELTA("one ") DELTA("two") "data: {\"error\":{\"c\":1}}\n\n" DONE}};
    static const char *const want[] = {"|one two|||"};
    struct level_rig x;
    level_open(&x, script, 1, one);
    x.o.count_text = x.o.save_text = true;
    expect(&x, 1, want);
    assert_string_equal(x.kept[0].answer, "one two");
    assert_string_equal(x.kept[0].prompt, "user: say two words\n");
    assert_string_equal(x.kept[0].body, "{\"c\":1}");
    level_close(&x);
}

/* A prompt that is no entry of the dataset as it stands goes along where the server does not count it. */
static void test_prompts(void **state)
{
    static const struct reply script[] = {
        {"200 OK", SSE_TYPE, DELTA("hi ") DELTA("you") FINISH DONE},
        {"200 OK", SSE_TYPE, STREAM},
        {"200 OK", SSE_TYPE, DELTA("bye") FINISH DONE},
    };
    static const char talk[] =
        "[{\"prompt_content\":\"be\",\"cut_chat_history\":[{\"role\":\"user\",\"content\":\"one\"},"
        "{\"role\":\"assistant\",\"content\":\"canned\"},{\"role\":\"user\",\"content\":\"two\"},"
        "{\"role\":\"assistant\",\"content\":\"canned\"},{\"role\":\"user\",\"content\":\"three\"}]}]";
    static const char *const want[] = {"|hi you|||cbe#cone#", "|one two|||",
                                       "|bye|||cbe#cone#chi you#ctwo#cone two#cthree#"};
    struct level_rig x;
    struct load_opts lo = one;
    lo.sessions = true;
    lo.num_requests = 3;
    level_open(&x, script, 3, lo);
    dataset_free(&x.ds);
    x.ds = dataset_load_text(str_of(talk), "talk.json", "conversations", NULL);
    assert_non_null(x.ds);
    load_init(&x.load, &lo, x.ds);
    x.o.count_text = true;
    expect(&x, 3, want);
    level_close(&x);
}

static void test_nonce(void **state)
{
    static const struct reply script[] = {{"200 OK", SSE_TYPE, DELTA("hi") FINISH DONE}};
    struct level_rig x;
    struct load_opts lo = one;
    struct plan_item it;
    char want[400];
    const char *const wants[] = {want};
    lo.unique_prompts = true;
    level_open(&x, script, 1, lo);
    load_item(&x.load, 0, 0, &it);
    snprintf(want, sizeof want, "|hi|||c%ssay two words#", it.nonce);
    x.o.count_text = true;
    expect(&x, 1, wants);
    level_close(&x);
}

/* 40 bytes: the second answer, and with it the third, come when the first has not been given back. */
static void test_ceiling(void **state)
{
    static const struct reply script[] = {
        {"200 OK", SSE_TYPE, DELTA("0123456789") DELTA("0123456789") FINISH DONE},
        {"200 OK", SSE_TYPE, DELTA("0123456789") DELTA("0123456789012345678901234567890") FINISH DONE},
        {"200 OK", SSE_TYPE,
         DELTA("0123456789") DELTA("0123456789") DELTA("0123456789") DELTA("0123456789") FINISH DONE},
        {"200 OK", SSE_TYPE,
         DELTA("0123456789") DELTA("0123456789") DELTA("0123456789") DELTA("0123456789") DELTA("0") FINISH DONE},
    };
    static const char *const want[] = {"|01234567890123456789|||", "", "|0123456789012345678901234567890123456789|||",
                                       ""};
    struct level_rig x;
    struct load_opts lo = one;
    lo.num_requests = 4;
    lo.concurrency = 1;
    lo.think = (struct dist){.kind = DIST_FIXED, .a = 50e6}; /* records come back meanwhile */
    level_open(&x, script, 4, lo);
    x.o.count_text = true;
    x.o.text_limit = 40;
    expect(&x, 4, want);
    for (int i = 0; i < 4; i++)
        assert_int_equal(x.kept[i].r.flags & REC_UNCOUNTED, i % 2 ? REC_UNCOUNTED : 0);
    assert_int_equal(x.kept[1].r.tokens_out, -1);
    level_close(&x);
}

/* Prompts share the ceiling: one that does not fit beside its answer stays behind, and is said; what came back makes
 * room for the next. */
static void test_ceiling_of_prompts(void **state)
{
    enum { N = 3 };
    static const struct reply hi = {"200 OK", SSE_TYPE, DELTA("hi") FINISH DONE};
    const struct reply script[N] = {hi, hi, hi};
    for (int fits = 0; fits < 2; fits++) {
        struct level_rig x;
        struct load_opts lo = one;
        struct plan_item it;
        char text[N][400];
        const char *const want[N] = {text[0], text[1], text[2]};
        lo.num_requests = N;
        lo.unique_prompts = true;
        lo.think = (struct dist){.kind = DIST_FIXED, .a = 50e6};
        level_open(&x, script, N, lo);
        for (uint64_t i = 0; i < N; i++) {
            load_item(&x.load, i, 0, &it);
            snprintf(text[i], sizeof text[i], fits ? "|hi|||c%ssay two words#" : "|hi|||", it.nonce);
        }
        x.o.count_text = true;
        x.o.text_limit = strlen("hi") + strlen("c") + strlen(it.nonce) + strlen("say two words") + (fits ? 1 : 0);
        expect(&x, N, want);
        for (int i = 0; i < N; i++)
            assert_int_equal(x.kept[i].r.flags & REC_UNCOUNTED, fits ? 0 : REC_UNCOUNTED);
        level_close(&x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_saved_too),
        cmocka_unit_test(test_prompts),
        cmocka_unit_test(test_nonce),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_ceiling_of_prompts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

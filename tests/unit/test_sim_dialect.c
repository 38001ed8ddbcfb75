/* What the simulator reads and frames in the dialects other than OpenAI's first two: chunks by hand, JSON by Jansson,
 * held against the APIs' references. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/jdoc.h"
#include "sim/sim_dialect.h"
#include "sim/sim_text.h"

enum { PROMPT = 20, SEED = 5, REQUEST = 9 };

static char scratch[EVENT_SCRATCH];

static struct event_fmt make(const struct sim_dialect *d, uint64_t n, const char *finish)
{
    struct event_fmt f = {.chunked = true,
                          .usage_final = true,
                          .prompt_tokens = PROMPT,
                          .n_tokens = n,
                          .seed = SEED,
                          .request = REQUEST,
                          .finish = finish,
                          .received = 1,
                          .started = 2,
                          .first = 3,
                          .room = BUF_INIT(1 << 24)};
    d->init(&f, STR("m\\\"x"), STR("id-1"), 1700000000);
    return f;
}

/* The payloads of the chunks of s; the last one must be the end of the body where `end` says so. */
static void unchunk(struct buf *out, struct str s, bool end)
{
    bool over = false;
    while (s.n > 0) {
        ptrdiff_t crlf = str_find(s, STR("\r\n"));
        char size[20];
        assert_true(crlf > 0 && crlf < 10 && !over);
        snprintf(size, sizeof(size), STR_FMT, (int)crlf, s.p);
        size_t n = strtoul(size, NULL, 16);
        s = str_sub(s, (size_t)crlf + 2, s.n);
        buf_adds(out, str_sub(s, 0, n));
        over = n == 0;
        s = str_sub(s, n, s.n);
        assert_true(str_starts(s, STR("\r\n")));
        s = str_sub(s, 2, s.n);
    }
    assert_int_equal(over, end);
}

/* A whole stream of n words, each token's piece checked to hold its word and to end where the client may act on it. */
static void stream(const struct sim_dialect *d, uint64_t n, const char *finish, struct buf *out)
{
    struct event_fmt f = make(d, n, finish);
    char word[SIM_WORD_MAX];
    unchunk(out, d->begin(&f, scratch), false);
    for (uint64_t k = 0; k < n; k++) {
        struct str w = {word, sim_word_json(SEED, REQUEST, k, word)}, piece = d->token(&f, w, k + 1, scratch);
        assert_true(str_find(piece, w) > 0);
        assert_true(str_ends(piece, STR("\n\r\n")));
        unchunk(out, piece, false);
    }
    unchunk(out, d->end(&f, finish, n, scratch), true);
    event_free(&f);
}

/* The JSON of the next event of an SSE stream, its name in *type ("" none); NULL at the end. */
static struct jdoc *next_sse(struct str *s, struct str *type)
{
    struct err e = {0};
    *type = STR("");
    if (s->n == 0)
        return NULL;
    if (str_starts(*s, STR("event: "))) {
        ptrdiff_t lf = str_chr(*s, '\n');
        *type = str_sub(*s, 7, (size_t)lf - 7);
        *s = str_sub(*s, (size_t)lf + 1, s->n);
    }
    ptrdiff_t end = str_find(*s, STR("\n\n"));
    assert_true(end > 0 && str_starts(*s, STR("data:")));
    struct jdoc *doc = jdoc_parse(str_trim(str_sub(*s, 5, (size_t)end - 5)), "event", &e);
    if (!doc)
        fail_msg("%s: " STR_FMT, e.text, (int)end, s->p);
    *s = str_sub(*s, (size_t)end + 2, s->n);
    if (type->n)
        assert_true(str_eq(*type, jn_str(jn_get(jdoc_root(doc), "type"), "")));
    return doc;
}

static void assert_words(struct str text, uint64_t n)
{
    assert_int_equal(sim_count_words(text), n);
    assert_true(str_starts(text, sim_word_at(SEED, REQUEST, 0).text));
}

static void assert_is(jnode *n, const char *want)
{
    if (!str_eqz(jn_str(n, "(none)"), want))
        fail_msg("got \"" STR_FMT "\", want \"%s\"", STR_ARG(jn_str(n, "(none)")), want);
}

static void anthropic(void **state)
{
    static const char *const want[] = {"message_start",       "content_block_start", "ping",
                                       "content_block_delta", "content_block_delta", "content_block_delta",
                                       "content_block_stop",  "message_delta",       "message_stop"};
    struct buf b = BUF_INIT(1 << 20);
    stream(&sim_anthropic, 3, "length", &b);
    struct str s = buf_str(&b), type;
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        struct jdoc *d = next_sse(&s, &type);
        jnode *r = jdoc_root(d);
        assert_true(str_eqz(type, want[i]));
        if (i == 0) { /* what the cache gave is not among the input tokens */
            assert_is(jn_get(r, "message.model"), "m\"x");
            assert_int_equal(jn_i64(jn_get(r, "message.usage.input_tokens"), 0), 18);
            assert_int_equal(jn_i64(jn_get(r, "message.usage.cache_read_input_tokens"), 0), 2);
        }
        if (i == 7) {
            assert_is(jn_get(r, "delta.stop_reason"), "max_tokens");
            assert_int_equal(jn_i64(jn_get(r, "usage.output_tokens"), 0), 3);
        }
        jdoc_free(&d);
    }
    assert_int_equal(s.n, 0);
    buf_free(&b);
}

static void responses(void **state)
{
    static const char *const want[] = {"response.created",           "response.in_progress",
                                       "response.output_item.added", "response.content_part.added",
                                       "response.output_text.delta", "response.output_text.delta",
                                       "response.output_text.done",  "response.content_part.done",
                                       "response.output_item.done",  "response.completed"};
    struct buf b = BUF_INIT(1 << 20);
    stream(&sim_responses, 2, "stop", &b);
    struct str s = buf_str(&b), type;
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        struct jdoc *d = next_sse(&s, &type);
        jnode *r = jdoc_root(d);
        assert_true(str_eqz(type, want[i]));
        assert_int_equal(jn_i64(jn_get(r, "sequence_number"), -1), i);
        if (i == 6)
            assert_words(jn_str(jn_get(r, "text"), ""), 2);
        if (i == 9) {
            assert_is(jn_get(r, "response.status"), "completed");
            assert_int_equal(jn_i64(jn_get(r, "response.usage.output_tokens"), 0), 2);
            assert_int_equal(jn_i64(jn_get(r, "response.usage.total_tokens"), 0), PROMPT + 2);
        }
        jdoc_free(&d);
    }
    assert_int_equal(s.n, 0);
    buf_free(&b);
}

static void tgi(void **state)
{
    struct buf b = BUF_INIT(1 << 20);
    stream(&sim_tgi_stream, 3, "length", &b);
    struct str s = buf_str(&b), type;
    for (int64_t i = 1; i <= 3; i++) {
        struct jdoc *d = next_sse(&s, &type);
        jnode *r = jdoc_root(d);
        assert_int_equal(jn_i64(jn_get(r, "index"), 0), i);
        assert_false(jn_bool(jn_get(r, "token.special"), true));
        assert_int_equal(jn_is_null(jn_get(r, "generated_text")), i < 3);
        if (i == 3) {
            assert_words(jn_str(jn_get(r, "generated_text"), ""), 3);
            assert_is(jn_get(r, "details.finish_reason"), "length");
            assert_int_equal(jn_i64(jn_get(r, "details.generated_tokens"), 0), 3);
        }
        jdoc_free(&d);
    }
    assert_int_equal(s.n, 0);
    buf_free(&b);
}

static void ollama(void **state)
{
    for (int chat = 0; chat < 2; chat++) {
        struct buf b = BUF_INIT(1 << 20);
        stream(chat ? &sim_ollama_chat : &sim_ollama_generate, 3, "stop", &b);
        struct str_split it = {.rest = str_trim(buf_str(&b)), .sep = '\n'};
        struct str line;
        uint64_t n = 0;
        while (str_next(&it, &line)) {
            struct err e = {0};
            struct jdoc *d = jdoc_parse(line, "line", &e);
            if (!d)
                fail_msg("%s: " STR_FMT, e.text, STR_ARG(line));
            jnode *r = jdoc_root(d), *text = jn_get(r, chat ? "message.content" : "response");
            assert_is(jn_get(r, "model"), "m\"x");
            assert_int_equal(jn_str(jn_get(r, "created_at"), "").n, strlen("2026-01-02T03:04:05.678901Z"));
            assert_int_equal(jn_bool(jn_get(r, "done"), false), n == 3);
            assert_int_equal(jn_str(text, "?").n > 0, n < 3);
            if (n == 3) {
                assert_is(jn_get(r, "done_reason"), "stop");
                assert_int_equal(jn_i64(jn_get(r, "eval_count"), 0), 3);
                assert_int_equal(jn_i64(jn_get(r, "prompt_eval_count"), 0), PROMPT);
                assert_int_equal(jn_i64(jn_get(r, "prompt_eval_duration"), 0), 1);
                assert_true(jn_i64(jn_get(r, "total_duration"), 0) >= jn_i64(jn_get(r, "eval_duration"), 0));
            }
            jdoc_free(&d);
            n++;
        }
        assert_int_equal(n, 4);
        buf_free(&b);
    }
}

/* The text of a whole answer is that of the stream. */
static void whole_answers(void **state)
{
    static const struct {
        const struct sim_dialect *d;
        const char *finish, *text, *reason, *says;
    } cases[] = {
        {&sim_anthropic, "stop", NULL, "stop_reason", "end_turn"},
        {&sim_responses, "length", NULL, "status", "incomplete"},
        {&sim_ollama_chat, "length", "message.content", "done_reason", "length"},
        {&sim_ollama_generate, "stop", "response", "done_reason", "stop"},
        {&sim_tgi_generate, "stop", "generated_text", "details.finish_reason", "stop_sequence"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct event_fmt f = make(cases[i].d, 30, cases[i].finish);
        struct buf b = BUF_INIT(1 << 20);
        struct err e = {0};
        cases[i].d->body(&f, &b, SEED, REQUEST, 30, cases[i].finish);
        struct jdoc *d = jdoc_parse(buf_str(&b), "body", &e);
        if (!d)
            fail_msg("%s: %s", e.text, b.p);
        jnode *r = jdoc_root(d);
        assert_is(jn_get(r, cases[i].reason), cases[i].says);
        jnode *text =
            cases[i].text
                ? jn_get(r, cases[i].text)
                : jn_get(jn_at(jn_get(cases[i].d == &sim_anthropic ? r : jn_at(jn_get(r, "output"), 0), "content"), 0),
                         "text");
        assert_words(jn_str(text, ""), 30);
        jdoc_free(&d);
        buf_free(&b);
        event_free(&f);
    }
}

static const struct sim_dialect *const all[] = {&sim_anthropic, &sim_responses, &sim_ollama_chat, &sim_ollama_generate,
                                                &sim_tgi_stream};

static void faults(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct event_fmt f = make(all[i], 3, "stop");
        struct buf b = BUF_INIT(1 << 20);
        unchunk(&b, all[i]->error(&f, scratch), true);
        assert_true(str_find(buf_str(&b), STR("\"error\"")) >= 0);
        buf_clear(&b);
        unchunk(&b, all[i]->bad_json(&f, scratch), false);
        struct str s = buf_str(&b);
        ptrdiff_t brace = str_chr(s, '{');
        assert_null(jdoc_parse(str_trim(str_sub(s, (size_t)brace, s.n)), "x", NULL));
        buf_free(&b);
        event_free(&f);
    }
}

static struct ask good(const struct sim_dialect *d, const char *body)
{
    static const struct ask_rules any = {0};
    struct ask a;
    struct ask_error x = {0};
    if (d->ask(&a, str_of(body), &any, &x) < 0)
        fail_msg("%s: %s", body, x.message);
    return a;
}

static void bad(const struct sim_dialect *d, const char *body, int status, const char *says)
{
    static const struct ask_rules only = {.model = "m"};
    struct ask a;
    struct ask_error x = {0};
    if (d->ask(&a, str_of(body), &only, &x) == 0)
        fail_msg("accepted: %s", body);
    assert_int_equal(x.status, status);
    if (!strstr(x.message, says))
        fail_msg("%s: \"%s\" does not say \"%s\"", body, x.message, says);
}

#define TALK "\"messages\":[{\"role\":\"user\",\"content\":\"a b\"}]"

static void requests(void **state)
{
    struct ask a =
        good(&sim_anthropic, "{\"model\":\"m\",\"max_tokens\":7,\"system\":[{\"type\":\"text\",\"text\":\"be brief\"}],"
                             "\"stream\":true," TALK "}");
    assert_true(a.stream && a.max_tokens == 7 && a.prompt_tokens == 4);
    bad(&sim_anthropic, "{\"model\":\"m\"," TALK "}", 400, "max_tokens: Field required");
    bad(&sim_anthropic, "{\"model\":\"m\",\"max_tokens\":7}", 400, "messages: Field required");
    bad(&sim_anthropic, "{\"model\":\"n\",\"max_tokens\":7," TALK "}", 404, "does not exist");

    a = good(&sim_responses,
             "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":"
             "\"a b c\"}]}],\"instructions\":\"d\",\"max_output_tokens\":5}");
    assert_true(!a.stream && a.max_tokens == 5 && a.prompt_tokens == 4);
    assert_int_equal(good(&sim_responses, "{\"model\":\"m\",\"input\":\"a b\"}").prompt_tokens, 2);
    bad(&sim_responses, "{\"model\":\"m\"}", 400, "'input'");
    bad(&sim_responses, "{\"model\":\"m\",\"input\":3}", 400, "'input' must be");

    a = good(&sim_ollama_chat, "{\"model\":\"m\"," TALK ",\"options\":{\"num_predict\":3,\"top_k\":1}}");
    assert_true(a.stream && a.max_tokens == 3 && a.prompt_tokens == 2); /* it streams unless told otherwise */
    assert_false(good(&sim_ollama_chat, "{\"model\":\"m\",\"stream\":false," TALK "}").stream);
    a = good(&sim_ollama_generate, "{\"model\":\"m\",\"system\":\"x\",\"prompt\":\"a b\"}");
    assert_int_equal(a.prompt_tokens, 3);
    bad(&sim_ollama_generate, "{\"model\":\"m\",\"options\":3,\"prompt\":\"a\"}", 400, "'options' must be");
    bad(&sim_ollama_chat, "{" TALK "}", 400, "'model'");

    a = good(&sim_tgi_stream,
             "{\"inputs\":\"a b\",\"parameters\":{\"max_new_tokens\":4,\"details\":true,\"temperature\":0.5}}");
    assert_true(a.stream && a.include_usage && a.max_tokens == 4 && a.prompt_tokens == 2);
    assert_false(good(&sim_tgi_generate, "{\"inputs\":\"a\"}").stream);
    bad(&sim_tgi_generate, "{\"inputs\":\"a\",\"parameters\":{\"temperature\":0}}", 400, "strictly positive");
    bad(&sim_tgi_generate, "{}", 400, "inputs");
}

static void refusals(void **state)
{
    struct buf b = BUF_INIT(4096);
    sim_anthropic.refusal(&b, 429, "Slow");
    assert_string_equal(buf_str(&b).p,
                        "{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"Slow\"}}");
    buf_clear(&b);
    sim_ollama_chat.refusal(&b, 404, "No");
    assert_string_equal(buf_str(&b).p, "{\"error\":\"No\"}");
    buf_clear(&b);
    sim_tgi_generate.refusal(&b, 422, "Bad");
    assert_string_equal(buf_str(&b).p, "{\"error\":\"Bad\",\"error_type\":\"validation\"}");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(anthropic), cmocka_unit_test(responses),     cmocka_unit_test(tgi),
        cmocka_unit_test(ollama),    cmocka_unit_test(whole_answers), cmocka_unit_test(faults),
        cmocka_unit_test(requests),  cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

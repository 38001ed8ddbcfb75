/* test_response.c - each kind of response gives its outcome and nothing else. */
#include "api/api_paths.h"
#include "base/pack.h"
#include "engine_rig.h"

#define DOC "{\"choices\":[{\"message\":{\"content\":\"one two three\"},\"finish_reason\":\"length\"}]"

struct want {
    struct reply r;
    enum outcome outcome;
    int status;
    uint32_t events;
    int64_t tokens_out;
    enum token_source source;
    const char *body; /* what is kept of a failure, NULL: nothing */
};

static void run_one(const struct want *w, struct level_rig *x)
{
    level_open(x, &w->r, 1, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 1, .num_requests = 1});
    level_go(x);
    assert_int_equal(x->n, 1);
    assert_int_equal(x->totals.taken, 1);
    const struct record *r = &x->kept[0].r;
    if (r->outcome != w->outcome || r->n_events != w->events || r->tokens_out != w->tokens_out)
        fail_msg("%s: %s, %u events, %lld tokens", w->r.body ? w->r.body : "", outcome_name(r->outcome), r->n_events,
                 (long long)r->tokens_out);
    assert_int_equal(r->status, w->status);
    assert_int_equal(r->token_source, w->source);
    assert_string_equal(x->kept[0].body, w->body ? w->body : "");
}

static void streams(void **state)
{
    (void)state;
    static const struct want cases[] = {
        {{"200 OK", SSE_TYPE, STREAM}, OUT_OK, 200, 2, 2, TOKENS_USAGE, NULL},
        {{"200 OK", "content-TYPE: Text/Event-Stream; charset=UTF-8\r\n", STREAM},
         OUT_OK,
         200,
         2,
         2,
         TOKENS_USAGE,
         NULL},
        {{"200 OK", SSE_TYPE, STREAM, .close = true}, OUT_OK, 200, 2, 2, TOKENS_USAGE, NULL},
        {{"201 Created", SSE_TYPE, DELTA("a b ") DELTA("c") DONE}, OUT_OK, 201, 2, 3, TOKENS_WORDS, NULL},
        {{"200 OK", SSE_TYPE, DELTA("a") FINISH}, OUT_OK, 200, 1, 1, TOKENS_WORDS, NULL},
        {{"200 OK", SSE_TYPE, DELTA("a") DONE "data: junk\n\n"}, OUT_OK, 200, 1, 1, TOKENS_WORDS, NULL},
        {{"200 OK", SSE_TYPE, DONE}, OUT_OK, 200, 0, -1, TOKENS_NONE, NULL},
        {{"200 OK", SSE_TYPE, DELTA("a") DELTA("b")}, OUT_TRUNCATED, 200, 2, 1, TOKENS_WORDS, NULL},
        {{"200 OK", SSE_TYPE, STREAM, .cut = 100}, OUT_TRUNCATED, 200, 1, 1, TOKENS_WORDS, NULL},
        {{"200 OK", SSE_TYPE, STREAM "  ", .cut = sizeof(STREAM) - 1}, OUT_OK, 200, 2, 2, TOKENS_USAGE, NULL},
        {{"200 OK", SSE_TYPE, DELTA("a") "data: {cut\n\n" DONE}, OUT_BAD_FRAME, 200, 1, 1, TOKENS_WORDS, "{cut"},
        {{"200 OK", SSE_TYPE, DELTA("a") "data: {\"error\":{\"code\":1}}\n\n" DONE},
         OUT_IN_STREAM_ERROR,
         200,
         1,
         1,
         TOKENS_WORDS,
         "{\"code\":1}"},
        {{"200 OK", SSE_TYPE, "event: error\ndata: {\"a\":2}\n\n"},
         OUT_IN_STREAM_ERROR,
         200,
         0,
         -1,
         TOKENS_NONE,
         "{\"a\":2}"},
        {{"200 OK", SSE_TYPE, "data: {\"error\":3}\n\ndata: junk\n\n"},
         OUT_IN_STREAM_ERROR,
         200,
         0,
         -1,
         TOKENS_NONE,
         NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct level_rig x;
        struct want w = cases[i];
        if (w.outcome == OUT_IN_STREAM_ERROR && !w.body)
            w.body = "junk"; /* the last that was said */
        run_one(&w, &x);
        assert_true(x.kept[0].r.flags & REC_STREAMED);
        level_close(&x);
    }
}

#define LINES_TYPE "Content-Type: application/x-ndjson; charset=utf-8\r\n"
#define LINE(text) "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text "\"}}]}\n"
#define END_LINE "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}"

/* The same decoder behind the other framing. */
static void json_lines(void **state)
{
    (void)state;
    static const struct want cases[] = {
        {{"200 OK", LINES_TYPE, LINE("one ") LINE("two") END_LINE "\n"}, OUT_OK, 200, 2, 2, TOKENS_WORDS, NULL},
        {{"200 OK", "content-type: application/jsonlines\r\n", LINE("one ") "\r\n" LINE("two") END_LINE},
         OUT_OK,
         200,
         2,
         2,
         TOKENS_WORDS,
         NULL},
        /* the last line has no end: that of the body counts, however that is told */
        {{"200 OK", LINES_TYPE, LINE("one ") LINE("two") END_LINE, .close = true},
         OUT_OK,
         200,
         2,
         2,
         TOKENS_WORDS,
         NULL},
        {{"200 OK", LINES_TYPE, LINE("a") "{\"choices\":[{\"delta\":{\"content\":\"b\"},\"finish_reason\":\"stop\"}]}"},
         OUT_OK,
         200,
         2,
         1,
         TOKENS_WORDS,
         NULL},
        {{"200 OK", LINES_TYPE, LINE("one ") LINE("two")}, OUT_TRUNCATED, 200, 2, 2, TOKENS_WORDS, NULL},
        {{"200 OK", LINES_TYPE, LINE("a") "{cut\n" END_LINE}, OUT_BAD_FRAME, 200, 1, 1, TOKENS_WORDS, "{cut"},
        {{"200 OK", LINES_TYPE, LINE("a") "{cut"}, OUT_BAD_FRAME, 200, 1, 1, TOKENS_WORDS, "{cut"},
        {{"200 OK", LINES_TYPE, LINE("a") LINE("b") END_LINE, .cut = 80}, OUT_TRUNCATED, 200, 1, 1, TOKENS_WORDS, NULL},
        {{"200 OK", LINES_TYPE, LINE("a") "{\"error\":\"out of memory\"}\n"},
         OUT_IN_STREAM_ERROR,
         200,
         1,
         1,
         TOKENS_WORDS,
         "\"out of memory\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct level_rig x;
        run_one(&cases[i], &x);
        assert_true(x.kept[0].r.flags & REC_STREAMED);
        assert_true(x.kept[0].r.first_token >= x.kept[0].r.first_byte);
        level_close(&x);
    }
}

static void documents(void **state)
{
    (void)state;
    static const struct want cases[] = {
        {{"200 OK", JSON_TYPE, DOC ",\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":9}}"},
         OUT_OK,
         200,
         0,
         9,
         TOKENS_USAGE,
         NULL},
        {{"200 OK", JSON_TYPE, DOC "}"}, OUT_OK, 200, 0, 3, TOKENS_WORDS, NULL},
        {{"200 OK", "", DOC "}", .close = true}, OUT_OK, 200, 0, 3, TOKENS_WORDS, NULL},
        {{"200 OK", JSON_TYPE, DOC}, OUT_BAD_FRAME, 200, 0, -1, TOKENS_NONE, DOC},
        {{"200 OK", JSON_TYPE, ""}, OUT_BAD_FRAME, 200, 0, -1, TOKENS_NONE, NULL},
        {{"204 No Content", "", ""}, OUT_BAD_FRAME, 204, 0, -1, TOKENS_NONE, NULL},
        {{"200 OK", JSON_TYPE, DOC ",\"error\":{\"why\":\"late\"}}"},
         OUT_IN_STREAM_ERROR,
         200,
         0,
         3,
         TOKENS_WORDS,
         "{\"why\":\"late\"}"},
        {{"200 OK", JSON_TYPE, DOC "}", .cut = 20}, OUT_TRUNCATED, 200, 0, -1, TOKENS_NONE, "{\"choices\":[{\"messag"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct level_rig x;
        run_one(&cases[i], &x);
        assert_false(x.kept[0].r.flags & REC_STREAMED);
        assert_int_equal(x.kept[0].r.first_token, 0);
        if (cases[i].outcome == OUT_OK)
            assert_true(x.kept[0].r.last_token > 0 && x.kept[0].r.last_token <= x.kept[0].r.end);
        level_close(&x);
    }
}

static void statuses(void **state)
{
    (void)state;
    char *huge = malloc(5u << 20);
    memset(huge, 'e', (5u << 20) - 1);
    huge[(5u << 20) - 1] = 0;
    char *kept = malloc(2049);
    memset(kept, 'e', 2048);
    kept[2048] = 0;
    const struct want cases[] = {
        {{"500 Oops", JSON_TYPE, "why"}, OUT_HTTP, 500, 0, -1, TOKENS_NONE, "why"},
        {{"429 Slow", SSE_TYPE, STREAM}, OUT_HTTP, 429, 0, -1, TOKENS_NONE, STREAM},
        {{"302 Found", "Location: /x\r\n", ""}, OUT_HTTP, 302, 0, -1, TOKENS_NONE, NULL},
        {{"503 Busy", "", huge}, OUT_HTTP, 503, 0, -1, TOKENS_NONE, kept},
        {{"503 Busy", "", "0123456789", .cut = 4}, OUT_HTTP, 503, 0, -1, TOKENS_NONE, "0123"},
        {{"100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK", SSE_TYPE, STREAM},
         OUT_OK,
         200,
         2,
         2,
         TOKENS_USAGE,
         NULL},
        {{.reset = true}, OUT_RESET, 0, 0, -1, TOKENS_NONE, NULL},
        {{.close = true}, OUT_RESET, 0, 0, -1, TOKENS_NONE, NULL},
        {{"junk", "", ""}, OUT_BAD_FRAME, 0, 0, -1, TOKENS_NONE, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct level_rig x;
        run_one(&cases[i], &x);
        level_close(&x);
    }
    free(huge);
    free(kept);
}

/* Packed, whole or with its end missing, and with whatever stands behind it. */
static void packed_answers(void **state)
{
    (void)state;
    enum { HUGE_BODY = (64 << 20) + 1 };
    struct buf stream = BUF_INIT(1 << 20), doc = BUF_INIT(1 << 20), huge = BUF_INIT(1 << 24);
    char *lines = xmalloc(HUGE_BODY);
    struct pack *p = pack_new(UNPACK_GZIP);
    pack_add(p, STR(DELTA("one ")), PACK_FLUSH, &stream);
    size_t first = stream.n;
    pack_add(p, STR(DELTA("two") FINISH USAGE DONE), PACK_END, &stream);
    pack_free(&p);
    p = pack_new(UNPACK_GZIP);
    pack_add(p, STR(DOC "}"), PACK_END, &doc);
    pack_free(&p);
    p = pack_new(UNPACK_GZIP);
    pack_add(p, (struct str){memset(lines, '\n', HUGE_BODY), HUGE_BODY}, PACK_END, &huge);
    pack_free(&p);
    free(lines);
#define GZIP_SSE SSE_TYPE "Content-Encoding: gzip\r\n"
#define GZIP_DOC JSON_TYPE "Content-Encoding: gzip\r\n"
    const struct {
        struct want w;
        const char *detail, *coding;
    } cases[] = {
        {{{"200 OK", GZIP_SSE, stream.p, .n = stream.n}, OUT_OK, 200, 2, 2, TOKENS_USAGE, NULL}, "", "gzip"},
        {{{"200 OK", GZIP_SSE, stream.p, .n = stream.n, .split = first}, OUT_OK, 200, 2, 2, TOKENS_USAGE, NULL},
         "",
         "gzip"},
        {{{"200 OK", GZIP_SSE, stream.p, .n = first}, OUT_TRUNCATED, 200, 1, 1, TOKENS_WORDS, NULL},
         "ends before its packed data do",
         "gzip"},
        {{{"200 OK", GZIP_SSE, STREAM}, OUT_BAD_FRAME, 200, 0, -1, TOKENS_NONE, NULL}, "is not such data", "gzip"},
        {{{"200 OK", GZIP_SSE, huge.p, .n = huge.n}, OUT_TOO_BIG, 200, 0, -1, TOKENS_NONE, NULL},
         "unpacks to more than 64 MiB",
         "gzip"},
        {{{"200 OK", SSE_TYPE "Content-Encoding: compress\r\n", STREAM}, OUT_BAD_FRAME, 200, 0, -1, TOKENS_NONE, NULL},
         "is coded in an unknown way (Content-Encoding: compress)",
         ""},
        {{{"200 OK", GZIP_DOC, doc.p, .n = doc.n}, OUT_OK, 200, 0, 3, TOKENS_WORDS, NULL}, "", "gzip"},
        {{{"200 OK", GZIP_DOC, doc.p, .n = doc.n - 8}, OUT_TRUNCATED, 200, 0, -1, TOKENS_NONE, DOC "}"},
         "ends before its packed data do",
         "gzip"},
        {{{"503 Busy", GZIP_DOC, doc.p, .n = doc.n}, OUT_HTTP, 503, 0, -1, TOKENS_NONE, DOC "}"}, "", "gzip"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct level_rig x;
        run_one(&cases[i].w, &x);
        if (!strstr(x.kept[0].detail, cases[i].detail) || (!cases[i].detail[0] && x.kept[0].detail[0]))
            fail_msg("%zu: \"%s\"", i, x.kept[0].detail);
        assert_true(str_eqz(x.kept[0].r.encoding, cases[i].coding));
        level_close(&x);
    }
    buf_free(&stream);
    buf_free(&doc);
    buf_free(&huge);
}

/* Of a header, a comment and a trailer the last counts, whatever its case; what is no number is known to be none. */
static void headers_become_metrics(void **state)
{
    (void)state;
    static const char *const names[] = {"X-Queue-Ms", "x-rate", "x-none", "x-bad", NULL};
    static const struct reply script[] = {
        {"200 OK", SSE_TYPE "x-queue-ms: 1\r\nx-bad: soon\r\nTransfer-Encoding: chunked\r\n",
         "10\r\n: x-rate=51.25\n\n\r\ne\r\ndata: [DONE]\n\n\r\n0\r\nX-QUEUE-MS: 2.5\r\n\r\n", .framed = true},
    };
    struct level_rig x;
    level_open(&x, script, 1, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 1, .num_requests = 1});
    x.o.header_metrics = names;
    level_go(&x);
    const struct record *r = &x.kept[0].r;
    assert_int_equal(r->outcome, OUT_OK);
    assert_int_equal(r->metrics, 1 << 0 | 1 << 1 | 1 << 3);
    assert_int_equal(header_metric_value(r->metric[0]), 2500000);
    assert_int_equal(header_metric_value(r->metric[1]), 51250000);
    assert_int_equal(r->metric[3], HEADER_METRIC_BAD);
    level_close(&x);
}

/* Ollama's durations are in ns, and told in ms; other numbers are as they are. */
static void figures_become_metrics(void **state)
{
    (void)state;
    static const char *const names[] = {"eval_duration", "eval_count", NULL};
    static const struct reply script[] = {
        {"200 OK", "Content-Type: application/x-ndjson\r\n",
         "{\"message\":{\"role\":\"assistant\",\"content\":\"hi\"},\"done\":false}\n"
         "{\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\"eval_count\":"
         "4,"
         "\"eval_duration\":1500000}\n"},
    };
    struct api_opts o = {.model = "m", .max_tokens = 2, .temperature = NAN, .stream = true};
    struct level_rig x;
    level_open(&x, script, 1, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 1, .num_requests = 1});
    api_free(&x.api);
    assert_int_equal(api_prepare(&x.api, api_find(STR("ollama-chat")), &o, NULL), 0);
    x.o.header_metrics = names;
    level_go(&x);
    const struct record *r = &x.kept[0].r;
    assert_int_equal(r->outcome, OUT_OK);
    assert_int_equal(r->metrics, 3);
    assert_int_equal(header_metric_value(r->metric[0]), 1500000);
    assert_int_equal(header_metric_value(r->metric[1]), 4000000);
    level_close(&x);
}

static void redirects_say_where_to(void **state)
{
    (void)state;
    const struct want w = {{"308 Permanent Redirect", "Location: /v1/chat/completions/?key=sk-there\r\n", ""},
                           OUT_HTTP,
                           308,
                           0,
                           -1,
                           TOKENS_NONE,
                           NULL};
    struct level_rig x;
    run_one(&w, &x);
    assert_non_null(strstr(x.kept[0].headers, "Location: /v1/chat/completions/?[not shown]\n"));
    assert_true(str_starts(str_of(x.kept[0].detail), STR("redirects to http://127.0.0.1:")));
    assert_true(
        str_ends(str_of(x.kept[0].detail), STR("/v1/chat/completions/?[not shown]; weir follows none: the path lacks a "
                                               "slash at its end; give the URL with it")));
    level_close(&x);
}

static void errors_keep_headers_but_no_secret(void **state)
{
    (void)state;
    const struct want w = {
        {"401 No", "X-Request-Id: srv-1\r\nSet-Cookie: id=1\r\nX-Said: Bearer sk-rig-key\r\n", "key sk-rig-key"},
        OUT_HTTP,
        401,
        0,
        -1,
        TOKENS_NONE,
        "key **********"};
    struct level_rig x;
    run_one(&w, &x);
    assert_string_equal(x.kept[0].r.request_id, "srv-1");
    assert_non_null(strstr(x.kept[0].headers, "X-Request-Id: srv-1\n"));
    assert_non_null(strstr(x.kept[0].headers, "Set-Cookie: [redacted]\n"));
    assert_non_null(strstr(x.kept[0].headers, "X-Said: Bearer **********\n"));
    level_close(&x);
}

static void texts_are_kept_when_asked(void **state)
{
    (void)state;
    const struct reply r = {"200 OK", SSE_TYPE, DELTA("\\u00e9 \\ud83d") DELTA("\\ude00\\n") FINISH DONE};
    struct level_rig x;
    level_open(&x, &r, 1, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 1, .num_requests = 1});
    x.o.save_text = true;
    level_go(&x);
    assert_string_equal(x.kept[0].prompt, "user: say two words\n");
    /* Both tokens' text as it travelled: FNV-1a of Python's own over the same bytes, 53 bits. */
    assert_int_equal(x.kept[0].r.text_hash, 3663688772208106);
    assert_string_equal(x.kept[0].answer, "\xc3\xa9 \xf0\x9f\x98\x80\n");
    assert_int_equal(x.kept[0].r.tokens_in, 3); /* words of the prompt */
    level_close(&x);
}

/* Both tokens come in one segment: they arrived together, at the stamp. */
static void events_of_one_segment_have_no_width(void **state)
{
    (void)state;
    const struct reply r = {"200 OK", SSE_TYPE, STREAM};
    struct level_rig x;
    level_open(&x, &r, 1, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 1, .num_requests = 3});
    level_go(&x);
    assert_int_equal(x.n, 3);
    for (int i = 0; i < x.n; i++) {
        const struct kept *k = &x.kept[i];
        assert_int_equal(k->r.n_events, 2);
        assert_true(k->at[0] > 0 && k->at[0] == k->at[1]);
        assert_int_equal(k->width[0], 0);
        assert_int_equal(k->width[1], 0);
    }
    level_close(&x);
}

/* Two segments sent one right behind the other are mostly read as one: then the stamp is the second's, and the first
 * token came at some time since the loop last looked. Read apart, each has its own stamp. */
static void events_of_two_segments_in_one_read_have_a_width(void **state)
{
    (void)state;
    const struct reply r = {"200 OK", SSE_TYPE, STREAM, .split = sizeof(DELTA("one ")) - 1};
    struct level_rig x;
    level_open(&x, &r, 1, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 1, .num_requests = 100});
    level_go(&x);
    assert_int_equal(x.n, 100);
    int together = 0;
    for (int i = 0; i < x.n; i++) {
        const struct kept *k = &x.kept[i];
        assert_int_equal(k->r.n_events, 2);
        assert_int_equal(k->width[1], 0);
        if (k->at[0] == k->at[1]) {
            assert_true(k->width[0] > 0 && k->width[0] <= k->r.end);
            together++;
        } else {
            assert_int_equal(k->width[0], 0);
        }
    }
    assert_true(together > 0);
    level_close(&x);
}

#define FRAMED(n, text) n "\r\n" text "\r\n"
#define TWO_TOKENS FRAMED("77", DELTA("one ") DELTA("two"))

/* A server that writes several tokens in one chunk, and the end in another segment behind it: the tokens came together,
 * whether the end shares their read or not. Tokens in chunks of their own did not. */
static void events_of_one_chunk_have_no_width(void **state)
{
    (void)state;
    const char *end = FRAMED("51", FINISH DONE) "0\r\n\r\n";
    char batch[1000], single[1000];
    snprintf(batch, sizeof batch, "%s%s", TWO_TOKENS, end);
    snprintf(single, sizeof single, "%s%s%s", FRAMED("3c", DELTA("one ")), FRAMED("3b", DELTA("two")), end);
    struct reply r[] = {{"200 OK", SSE_TYPE "Transfer-Encoding: chunked\r\n", batch, .framed = true},
                        {"200 OK", SSE_TYPE "Transfer-Encoding: chunked\r\n", single, .framed = true}};
    r[0].split = sizeof(TWO_TOKENS) - 1;
    r[1].split = strlen(FRAMED("3c", DELTA("one ")));
    int together = 0;
    for (int k = 0; k < 2; k++) {
        struct level_rig x;
        level_open(&x, &r[k], 1, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 1, .num_requests = 100});
        level_go(&x);
        assert_int_equal(x.n, 100);
        for (int i = 0; i < x.n; i++) {
            const struct kept *q = &x.kept[i];
            assert_int_equal(q->r.outcome, OUT_OK);
            assert_int_equal(q->r.n_events, 2);
            assert_int_equal(q->width[1], 0);
            if (k == 0)
                assert_true(q->at[0] == q->at[1] && q->width[0] == 0);
            else if (q->at[0] == q->at[1])
                together += q->width[0] > 0;
        }
        level_close(&x);
    }
    assert_true(together > 0);
}

static void instants_are_in_order(void **state)
{
    (void)state;
    const struct reply r = {"200 OK", SSE_TYPE, STREAM};
    struct level_rig x;
    level_open(&x, &r, 1, (struct load_opts){.mode = LOAD_OPEN, .rate = 1000, .num_requests = 5});
    level_go(&x);
    assert_int_equal(x.n, 5);
    for (int i = 0; i < x.n; i++) {
        const struct record *k = &x.kept[i].r;
        const int64_t t[] = {k->intended, k->admitted,   k->start,       k->sent_first, k->sent_last,
                             k->headers,  k->first_byte, k->first_token, k->last_token, k->end};
        for (size_t n = 0; n + 1 < ARRAY_LEN(t); n++)
            assert_true(t[n] > 0 && t[n] <= t[n + 1] + NS_PER_MS); /* kernel stamps cross a bridge of clocks */
        assert_int_equal(k->first_output, k->first_token);
        assert_int_equal(k->finish, FINISH_STOP);
        assert_true(k->flags & REC_TERMINAL);
        assert_int_equal(k->tokens_in, 7);
    }
    level_close(&x);
}

/* Plain HTTP with paths to counts: the status alone says whether it was good; what JSON tells of tokens is kept. */
static void plain_answers_may_tell_tokens(void **state)
{
    (void)state;
    static const struct {
        struct reply r;
        enum outcome outcome;
        int64_t tokens_out, tokens_in;
    } cases[] = {
        {{"200 OK", JSON_TYPE, "{\"output_tokens\": 30, \"n\": {\"in\": 4}}"}, OUT_OK, 30, 4},
        {{"200 OK", "content-type: application/problem+json; charset=utf-8\r\n", "{\"output_tokens\":0}"},
         OUT_OK,
         0,
         -1},
        {{"200 OK", JSON_TYPE, "{\"error\": \"none of ours\"}"}, OUT_OK, -1, -1},
        {{"200 OK", JSON_TYPE, "{\"output_tokens\": 30"}, OUT_OK, -1, -1},
        {{"200 OK", JSON_TYPE, ""}, OUT_OK, -1, -1},
        {{"200 OK", "Content-Type: text/plain\r\n", "{\"output_tokens\": 30}"}, OUT_OK, -1, -1},
        {{"200 OK", JSON_TYPE, "{\"output_tokens\": 30}      ", .cut = 24}, OUT_TRUNCATED, -1, -1},
        {{"429 Too Many Requests", JSON_TYPE, "{\"output_tokens\": 30}"}, OUT_HTTP, -1, -1},
    };
    struct api_paths *counts = xcalloc(1, sizeof *counts);
    assert_int_equal(api_paths_add(counts, PATH_TOKENS, "--json-tokens", "output_tokens", NULL), 0);
    assert_int_equal(api_paths_add(counts, PATH_INPUT_TOKENS, "--json-input-tokens", "n.in", NULL), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct level_rig x;
        const struct api_opts ao = {.max_tokens = -1, .temperature = NAN, .counts = counts};
        level_open(&x, &cases[i].r, 1, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 1, .num_requests = 1});
        api_free(&x.api);
        assert_int_equal(api_prepare(&x.api, api_find(STR("http")), &ao, NULL), 0);
        level_go(&x);
        const struct record *r = &x.kept[0].r;
        if (x.n != 1 || r->outcome != cases[i].outcome || r->tokens_out != cases[i].tokens_out ||
            r->tokens_in != cases[i].tokens_in)
            fail_msg("%s: %s, %lld and %lld tokens", cases[i].r.body, outcome_name(r->outcome),
                     (long long)r->tokens_out, (long long)r->tokens_in);
        assert_int_equal(r->token_source, r->tokens_out >= 0 ? TOKENS_SERVER : TOKENS_NONE);
        assert_false(r->flags & REC_PLAIN);
        level_close(&x);
    }
    free(counts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams),
        cmocka_unit_test(json_lines),
        cmocka_unit_test(documents),
        cmocka_unit_test(statuses),
        cmocka_unit_test(errors_keep_headers_but_no_secret),
        cmocka_unit_test(packed_answers),
        cmocka_unit_test(headers_become_metrics),
        cmocka_unit_test(figures_become_metrics),
        cmocka_unit_test(redirects_say_where_to),
        cmocka_unit_test(texts_are_kept_when_asked),
        cmocka_unit_test(plain_answers_may_tell_tokens),
        cmocka_unit_test(events_of_one_segment_have_no_width),
        cmocka_unit_test(events_of_two_segments_in_one_read_have_a_width),
        cmocka_unit_test(events_of_one_chunk_have_no_width),
        cmocka_unit_test(instants_are_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

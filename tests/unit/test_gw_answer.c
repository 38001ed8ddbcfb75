/* Examples of DJL's and OpenAI's documentation, and every way to cut them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/crc32.h"
#include "base/xalloc.h"
#include "gateway/gw_answer.h"
#include "gateway/gw_chat.h"

enum { MAX_EVENT = 1500, MAX_WHOLE = 3000 };

#define EVS "application/vnd.amazon.eventstream"

struct want {
    enum gw_answer_rc rc;
    const char *out;
    const char *why; /* of an error: is in it */
    int64_t prompt, completion;
    bool counted;
};

struct given {
    const char *type, *inner; /* Content-Type, X-Amzn-SageMaker-Content-Type; NULL: none */
    bool stream, usage;
    const char *model;
};

static void add_u32(struct buf *b, uint32_t v)
{
    for (int i = 24; i >= 0; i -= 8)
        buf_addc(b, (char)(v >> i));
}

static void add_header(struct buf *b, const char *name, const char *value)
{
    buf_addc(b, (char)strlen(name));
    buf_addz(b, name);
    buf_add(b, "\x07\x00", 2);
    buf_addc(b, (char)strlen(value));
    buf_addz(b, value);
}

static void add_frame(struct buf *b, const char *kind, const char *name, const char *type, struct str payload)
{
    struct buf h = BUF_INIT(4096);
    size_t from = b->n;
    add_header(&h, ":message-type", kind);
    add_header(&h, name, type);
    add_u32(b, (uint32_t)(16 + h.n + payload.n));
    add_u32(b, (uint32_t)h.n);
    add_u32(b, crc32_of(b->p + from, 8));
    buf_adds(b, buf_str(&h));
    buf_adds(b, payload);
    add_u32(b, crc32_of(b->p + from, b->n - from));
    buf_free(&h);
}

/* From memory of exactly its length, freed at once: what is kept must be a copy. */
static void feed(struct gw_answer *a, struct buf *out, const char *p, size_t n)
{
    char *copy = xmalloc(n ? n : 1);
    if (n)
        memcpy(copy, p, n);
    gw_answer_feed(a, (struct str){copy, n}, out);
    memset(copy, '#', n ? n : 1);
    free(copy);
}

static void start(struct gw_answer *a, const struct given *g)
{
    struct gw_asked q = {.stream = g->stream,
                         .usage = g->usage,
                         .model = str_of(g->model ? g->model : "m"),
                         .id = STR("chatcmpl-1"),
                         .created = 1700000000};
    gw_answer_reset(a, &q);
    if (g->type)
        gw_answer_header(a, STR("Content-Type"), str_of(g->type));
    if (g->inner)
        gw_answer_header(a, STR("X-Amzn-SageMaker-Content-Type"), str_of(g->inner));
    gw_answer_begin(a);
}

static void finish(struct gw_answer *a, struct buf *out, const struct want *w, const char *how, size_t cut)
{
    enum gw_answer_rc rc = gw_answer_end(a, out);
    if (rc != w->rc || (w->out && !str_eqz(buf_str(out), w->out)))
        fail_msg("%s at %zu: rc %d (%s), out:\n" STR_FMT "\nnot rc %d:\n%s", how, cut, rc, a->why.p ? a->why.p : "",
                 STR_ARG(buf_str(out)), w->rc, w->out ? w->out : "");
    if (rc == GW_ANSWER_OK) {
        assert_int_equal(a->why.n, 0);
        assert_int_equal(a->figures.prompt_tokens, w->prompt);
        assert_int_equal(a->figures.completion_tokens, w->completion);
        assert_int_equal(a->figures.counted, w->counted);
    } else {
        if (!w->why || str_find(buf_str(&a->why), str_of(w->why)) < 0)
            fail_msg("%s at %zu: why: %s", how, cut, a->why.p ? a->why.p : "");
        size_t n = out->n; /* sticky */
        feed(a, out, "data: {}\n\n", 10);
        assert_int_equal(gw_answer_end(a, out), rc);
        assert_int_equal(out->n, n);
    }
}

static void check_body(const struct given *g, struct str body, const struct want *w)
{
    struct gw_answer a;
    struct buf out = BUF_INIT(1 << 20);
    gw_answer_init(&a, MAX_EVENT, MAX_WHOLE);
    for (size_t cut = 0; cut <= body.n; cut++) {
        start(&a, g);
        feed(&a, &out, body.p, cut);
        feed(&a, &out, body.p + cut, body.n - cut);
        finish(&a, &out, w, "two pieces", cut);
        buf_clear(&out);
    }
    for (size_t size = 1; size < 6; size++) {
        start(&a, g);
        for (size_t at = 0; at < body.n; at += size)
            feed(&a, &out, body.p + at, MIN(size, body.n - at));
        finish(&a, &out, w, "pieces of", size);
        buf_clear(&out);
    }
    gw_answer_free(&a);
    buf_free(&out);
}

static void check(const struct given *g, const char *body, const struct want *w)
{
    check_body(g, str_of(body), w);
}

/* The same in PayloadParts that end anywhere. */
static void check_enveloped(const struct given *g, const char *body, const struct want *w)
{
    static const size_t sizes[] = {1000, 1, 7, 40};
    struct str all = str_of(body);
    struct buf b = BUF_INIT(1 << 20);
    struct given in = *g;
    in.type = EVS;
    in.inner = g->type;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        if (sizes[i] < 10 && all.n > 250)
            continue; /* most of it would be the envelope */
        buf_clear(&b);
        for (size_t at = 0; at < all.n; at += sizes[i])
            add_frame(&b, "event", ":event-type", "PayloadPart", str_sub(all, at, sizes[i]));
        check_body(&in, buf_str(&b), w);
    }
    buf_free(&b);
}

#define HEAD                                                                                                           \
    "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"m\",\"choices\":["
#define FIRST(text)                                                                                                    \
    "data: " HEAD "{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"" text                                 \
    "\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n"
#define NEXT(text)                                                                                                     \
    "data: " HEAD "{\"index\":0,\"delta\":{\"content\":\"" text "\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n"
#define LAST(reason) "data: " HEAD "{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"" reason "\"}]}\n\n"
#define WHOLE(text, reason)                                                                                            \
    "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"m\",\"choices\":["       \
    "{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"" text                                             \
    "\"},\"logprobs\":null,\"finish_reason\":\"" reason "\"}]}"

/* "LMI handlers Inference API Schema", the example of a stream. */
#define LMI_LINES                                                                                                      \
    "{\"token\": {\"id\": 304, \"text\": \"Deep \", \"log_prob\": -0.052432529628276825}}\n"                           \
    "{\"token\": {\"id\": 11157, \"text\": \" Learning\", \"log_prob\": -1.2865009307861328}}\n"                       \
    "{\"token\": {\"id\": 5972, \"text\": \" field.\", \"log_prob\": -0.6950479745864868}, "                           \
    "\"generated_text\": \"Deep Learning is a really cool field.\", "                                                  \
    "\"details\": {\"finish_reason\": \"length\", \"generated_tokens\": 100, \"inputs\": \"What is Deep Learning?\"}}"

static void lmi_lines(void **state)
{
    (void)state;
    const struct given g = {"application/jsonlines", NULL, true, false, NULL};
    const struct want w = {.out = FIRST("Deep ") NEXT(" Learning") NEXT(" field.") LAST("length"),
                           .prompt = -1,
                           .completion = 100,
                           .counted = true};
    check(&g, LMI_LINES, &w);
    check(&g, LMI_LINES "\n", &w);
    check_enveloped(&g, LMI_LINES "\n", &w);
    const struct given bare = {NULL, NULL, true, false, NULL}; /* an endpoint that says no type */
    check_enveloped(&bare, LMI_LINES, &w);
}

/* output_formatter=sse: without the blank behind the colon. */
static void lmi_sse(void **state)
{
    (void)state;
    static const char body[] =
        "data:{\"token\": {\"id\": 304, \"text\": \"Deep \", \"log_prob\": -0.05}}\n\n"
        "data: {\"token\": {\"id\": 2, \"text\": \"\", \"log_prob\": 0, \"special_token\": true}, "
        "\"generated_text\": \"Deep \", \"details\": {\"finish_reason\": \"eos_token\", \"generated_tokens\": 2, "
        "\"inputs\": null}}\n\n";
    const struct want w = {.out = FIRST("Deep ") LAST("stop"), .prompt = -1, .completion = 2, .counted = true};
    const struct given g = {"text/event-stream", NULL, true, false, NULL};
    check(&g, body, &w);
    check_enveloped(&g, body, &w);
    /* Some containers announce JSON lines all the same, or nothing. */
    const struct given lines = {"application/jsonlines", NULL, true, false, NULL};
    check_enveloped(&lines, body, &w);
    const struct given bare = {NULL, NULL, true, false, NULL};
    check_enveloped(&bare, body, &w);
}

static void finish_reasons(void **state)
{
    (void)state;
    static const char *const reasons[][2] = {{"length", "length"},
                                             {"eos_token", "stop"},
                                             {"stop_sequence", "stop"},
                                             {"stop", "stop"},
                                             {"something else", "stop"}};
    const struct given g = {"application/jsonlines", NULL, true, false, NULL};
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        char *body = xasprintf("{\"token\":{\"id\":1,\"text\":\"a\"},\"generated_text\":\"a\",\"details\":"
                               "{\"finish_reason\":\"%s\"}}\n",
                               reasons[i][0]);
        char *out = xasprintf("%sdata: " HEAD "{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":"
                              "\"%s\"}]}\n\n",
                              FIRST("a"), reasons[i][1]);
        const struct want w = {.out = out, .prompt = -1, .completion = 1};
        check(&g, body, &w);
        free(body);
        free(out);
    }
}

/* Escapes and bytes beyond ASCII pass as they stand, the client's own name of the model too. */
static void escapes(void **state)
{
    (void)state;
    const struct given g = {"application/jsonlines", NULL, true, false, "a\\\"b\\u00e9"};
    static const char body[] = "{\"token\":{\"id\":1,\"text\":\"\\n\\\"\\ud83d\\ude00\\u0000\xc3\xa9\\/\"}}\n"
                               "{\"token\":{\"id\":2,\"text\":\"\"},\"generated_text\":\"x\",\"details\":"
                               "{\"finish_reason\":\"stop_sequence\",\"generated_tokens\":2}}\n";
#define M "\"model\":\"a\\\"b\\u00e9\",\"choices\":[{\"index\":0,\"delta\":"
#define H "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,"
    const struct want w = {
        .out = H M "{\"role\":\"assistant\",\"content\":\"\\n\\\"\\ud83d\\ude00\\u0000\xc3\xa9\\/\"},\"logprobs\":null,"
                   "\"finish_reason\":null}]}\n\n" H M "{},\"logprobs\":null,\"finish_reason\":\"stop\"}]}\n\n",
        .prompt = -1,
        .completion = 2,
        .counted = true};
    check(&g, body, &w);
}

#define CHUNK(rest) "{\"id\": \"chatcmpl-0\", \"object\": \"chat.completion.chunk\", \"created\": 1712792433, " rest "}"
#define OH                                                                                                             \
    CHUNK("\"choices\": [{\"index\": 0, \"delta\": {\"content\": \" Oh\", \"role\": \"assistant\"}, \"logprobs\": "    \
          "[], \"finish_reason\": null}]")
#define ASSIST(reason)                                                                                                 \
    CHUNK("\"choices\": [{\"index\": 0, \"delta\": {\"content\": \" assist\"}, \"finish_reason\": \"" reason "\"}]")
#define USAGE                                                                                                          \
    CHUNK("\"choices\": [], \"usage\": {\"prompt_tokens\": 33, \"completion_tokens\": 30, \"total_tokens\": 63}")

/* "Chat Completions API Schema": JSON lines; and as Server-Sent Events. They pass as they are. */
static void chat_chunks(void **state)
{
    (void)state;
    const struct given lines = {"application/jsonlines", NULL, true, false, NULL};
    const struct given sse = {"text/event-stream; charset=utf-8", NULL, true, true, NULL};
    const struct want w = {.out = "data: " OH "\n\ndata: " ASSIST("length") "\n\n", .prompt = -1, .completion = 2};
    check(&lines, OH "\n" ASSIST("length") "\n", &w);
    check_enveloped(&lines, OH "\n" ASSIST("length") "\n", &w);
    check(&sse, "data: " OH "\n\ndata: " ASSIST("length") "\n\ndata: [DONE]\n\n", &w);
    check(&sse, ": ping\r\n\r\ndata: " OH "\r\n\r\ndata: " ASSIST("length") "\r\n\r\n", &w); /* whole without [DONE] */
    check_enveloped(&sse, "data: " OH "\n\ndata: " ASSIST("length") "\n\ndata: [DONE]\n\n", &w);
    const struct want counted = {.out = "data: " OH "\n\ndata: " ASSIST("stop") "\n\ndata: " USAGE "\n\n",
                                 .prompt = 33,
                                 .completion = 30,
                                 .counted = true};
    check(&sse, "data: " OH "\n\ndata: " ASSIST("stop") "\n\ndata: " USAGE "\n\ndata: [DONE]\n\n", &counted);
}

/* What OpenAI's clients would not take is changed, and nothing else. */
static void chat_changes(void **state)
{
    (void)state;
    const struct given sse = {"text/event-stream", NULL, true, false, NULL};
    const struct want eos = {
        .out = "data: {\"id\":\"chatcmpl-0\",\"object\":\"chat.completion.chunk\",\"created\":1712792433,"
               "\"choices\":[{\"index\":0,\"delta\":{\"content\": \" assist\"},"
               "\"finish_reason\":\"stop\"}]}\n\n",
        .prompt = -1,
        .completion = 1};
    check(&sse, "data: " ASSIST("eos_token") "\n\n", &eos);
    check(&sse, "data: " ASSIST("stop_sequence") "\n\n", &eos);
    /* An event of several data lines is JSON with line ends in it. */
    const struct want joined = {
        .out = "data: { \"choices\":  [{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n",
        .prompt = -1,
        .completion = 1};
    check(&sse, "data: {\ndata: \"choices\": \ndata: [{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n",
          &joined);
    /* [DONE] without any finish_reason: it is told. */
    const struct want done = {.out = "data: " OH "\n\n" LAST("stop"), .prompt = -1, .completion = 1};
    check(&sse, "data: " OH "\n\ndata: [DONE]\n\n", &done);
    const struct want tool = {.out =
                                  "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":"
                                  "\"f\",\"arguments\":\"{}\"}}]}}]}\n\n" LAST("tool_calls"),
                              .prompt = -1,
                              .completion = 1};
    check(&sse,
          "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":"
          "\"{}\"}}]}}]}\n\ndata: [DONE]\n\n",
          &tool);
}

#define COMPLETION                                                                                                     \
    "{\n   \"id\":\"chatcmpl-0\",\n   \"object\":\"chat.completion\",\n   \"created\":1711997860,\n   \"choices\":[\n" \
    "      {\n         \"index\":0,\n         \"message\":{\n            \"role\":\"assistant\",\n"                    \
    "            \"content\":\"Hello! I\\\\'m here\"\n         },\n         \"logprobs\":null,\n"                      \
    "         \"finish_reason\":\"length\"\n      }\n   ],\n   \"usage\":{\n      \"prompt_tokens\":33,\n"             \
    "      \"completion_tokens\":30,\n      \"total_tokens\":63\n   }\n}"

static void completion(void **state)
{
    (void)state;
    const struct given g = {"application/json", NULL, false, false, NULL};
    const struct want same = {.out = COMPLETION, .prompt = 33, .completion = 30, .counted = true};
    check(&g, COMPLETION, &same);
    check(&g, "  " COMPLETION "\n", &same);
    const struct given bare = {NULL, NULL, false, false, NULL};
    check(&bare, COMPLETION, &same);
    const struct want mapped = {
        .out = "{\"choices\":[{\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}],\"x\":[1, 2]}",
        .prompt = -1,
        .completion = -1};
    check(&g, "{\"choices\":[{\"message\":{\"content\":\"a\"},\"finish_reason\":\"eos_token\"}],\"x\":[1, 2]}",
          &mapped);
}

/* The stream that was asked for comes as a document: a chunk that says the same, and the counts where asked for. */
static void completion_as_stream(void **state)
{
    (void)state;
    struct given g = {"application/json", NULL, true, false, NULL};
    struct want w = {.out = "data: {\"id\":\"chatcmpl-0\",\"object\":\"chat.completion.chunk\",\"created\":1711997860,"
                            "\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":"
                            "\"Hello! I\\\\'m here\"},\"logprobs\":null,\"finish_reason\":\"length\"}]}\n\n",
                     .prompt = 33,
                     .completion = 30,
                     .counted = true};
    check(&g, COMPLETION, &w);
    g.usage = true;
    w.out = "data: {\"id\":\"chatcmpl-0\",\"object\":\"chat.completion.chunk\",\"created\":1711997860,"
            "\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":"
            "\"Hello! I\\\\'m here\"},\"logprobs\":null,\"finish_reason\":\"length\"}]}\n\n"
            "data: " HEAD "],\"usage\":{\"prompt_tokens\":33,\"completion_tokens\":30,\"total_tokens\":63}}\n\n";
    check(&g, COMPLETION, &w);
    const struct want tool = {
        .out =
            "data: {\"choices\":[{\"delta\":{\"content\":null,\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":"
            "{\"name\":\"f\",\"arguments\":\"{}\"}},{\"index\":7,\"id\":\"b\"},{\"index\":2}]},\"finish_reason\":"
            "\"tool_calls\"}]}\n\n",
        .prompt = -1,
        .completion = -1};
    g.usage = false;
    check(&g,
          "{\"choices\":[{\"message\":{\"content\":null,\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"f\","
          "\"arguments\":\"{}\"}},{\"index\":7,\"id\":\"b\"},{}]},\"finish_reason\":\"tool_calls\"}]}",
          &tool);
}

static void lmi_documents(void **state)
{
    (void)state;
    const struct given g = {"application/json", NULL, false, false, NULL};
    const struct want w = {
        .out = WHOLE("Deep Learning is a really cool field", "length"), .prompt = -1, .completion = 8, .counted = true};
    /* The documentation's own spelling of finish_reason. */
#define DOC                                                                                                            \
    "{\n    \"generated_text\": \"Deep Learning is a really cool field\",\n    \"details\": {\n"                       \
    "        \"finish reason\": \"length\",\n        \"generated_tokens\": 8,\n"                                       \
    "        \"inputs\": \"What is Deep Learning?\",\n        \"tokens\": [{}, {}]\n    }\n}"
    check(&g, DOC, &w);
    check(&g, "[\n" DOC "\n]", &w); /* OPTION_TGI_COMPAT */
    const struct want bare = {
        .out = WHOLE("Deep Learning is a really cool field", "stop"), .prompt = -1, .completion = -1};
    check(&g, "[\n  {\n    \"generated_text\": \"Deep Learning is a really cool field\"\n  }\n]\n", &bare);
    const struct want empty = {.out = WHOLE("", "stop"), .prompt = -1, .completion = 0, .counted = true};
    check(&g, "{\"generated_text\":\"\",\"details\":{\"finish_reason\":\"eos_token\",\"generated_tokens\":0}}", &empty);
    const struct want two = {
        .out =
            "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"m\",\"choices\":["
            "{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"a\"},\"logprobs\":null,\"finish_reason\":"
            "\"stop\"},{\"index\":1,\"message\":{\"role\":\"assistant\",\"content\":\"b\"},\"logprobs\":null,"
            "\"finish_reason\":\"length\"}]}",
        .prompt = -1,
        .completion = 5,
        .counted = true};
    check(&g,
          "[{\"generated_text\":\"a\",\"details\":{\"finish_reason\":\"stop_sequence\",\"generated_tokens\":2}},"
          "{\"generated_text\":\"b\",\"details\":{\"finish_reason\":\"length\",\"generated_tokens\":3}}]",
          &two);
    const struct given streamed = {"application/json", NULL, true, true, NULL};
    static const char *const out =
        "data: " HEAD "{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"hi\"},\"logprobs\":null,"
        "\"finish_reason\":null}],\"usage\":null}\n\n"
        "data: " HEAD "{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"length\"}],\"usage\":null}\n\n";
    const struct want chunks = {.out = out, .prompt = -1, .completion = 8, .counted = true}; /* no half usage */
    check(&streamed, "{\"generated_text\":\"hi\",\"details\":{\"finish_reason\":\"length\",\"generated_tokens\":8}}",
          &chunks);
    check_enveloped(&streamed,
                    "{\"generated_text\":\"hi\",\"details\":{\"finish_reason\":\"length\",\"generated_tokens\":8}}",
                    &chunks);
}

/* The container streams by its configuration, to one who did not ask. */
static void stream_not_asked_for(void **state)
{
    (void)state;
    const struct given g = {"application/jsonlines", NULL, false, false, NULL};
    const struct want w = {
        .out = WHOLE("Deep  Learning field.", "length"), .prompt = -1, .completion = 100, .counted = true};
    check(&g, LMI_LINES, &w);
    const struct want chat = {.out = WHOLE(" Oh assist", "length"), .prompt = 33, .completion = 30, .counted = true};
    const struct given sse = {"text/event-stream", NULL, false, false, NULL};
    /* Counted, so with a usage. */
    struct want counted = chat;
    counted.out =
        "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"m\",\"choices\":["
        "{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\" Oh assist\"},\"logprobs\":null,"
        "\"finish_reason\":\"length\"}],\"usage\":{\"prompt_tokens\":33,\"completion_tokens\":30,"
        "\"total_tokens\":63}}";
    check(&sse, "data: " OH "\n\ndata: " ASSIST("length") "\n\ndata: " USAGE "\n\ndata: [DONE]\n\n", &counted);
    const struct want line = {.out = "{\"choices\":[{\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}",
                              .prompt = -1,
                              .completion = -1};
    check(&g, "{\"choices\":[{\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n", &line);
    const struct want tools = {.rc = GW_ANSWER_E_FRAME, .why = "tool calls"};
    check(&g, "{\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n", &tools);
}

/* Dynamic batching: streams without an end of their own. */
static void outputs(void **state)
{
    (void)state;
    const struct given g = {"application/jsonlines", NULL, true, false, NULL};
    const struct want w = {
        .out = FIRST("This") NEXT(" opportunity") NEXT(" is") LAST("stop"), .prompt = -1, .completion = 3};
    check(&g, "{\"outputs\": [\"This\"]}\n{\"outputs\": [\" opportunity\"]}\n{\"outputs\": \" is\"}\n", &w);
}

static void errors(void **state)
{
    (void)state;
    const struct given lines = {"application/jsonlines", NULL, true, false, NULL};
    const struct given sse = {"text/event-stream", NULL, true, false, NULL};
    const struct given whole = {"application/json", NULL, false, false, NULL};
    struct want w = {.rc = GW_ANSWER_E_MODEL, .out = FIRST("a"), .why = "finish_reason \"error\""};
#define A "{\"token\":{\"id\":1,\"text\":\"a\"}}\n"
#define FAILED                                                                                                         \
    "{\"token\": {\"id\": -1, \"text\": \"\", \"log_prob\": -1, \"special_token\": true}, \"generated_text\": \"\", "  \
    "\"details\": {\"finish_reason\": \"error\", \"generated_tokens\": null, \"inputs\": null}}\n"
    check(&lines, A FAILED A, &w);
    check_enveloped(&lines, A FAILED, &w);
    w.why = "CUDA out of memory";
    check(&lines, A "{\"error\": \"CUDA out of memory\", \"code\": 424}\n", &w);
    check(&lines, A "{\"code\": 424, \"message\": \"invoke handler failure\", \"error\": \"CUDA out of memory\"}\n",
          &w);
    check(&lines,
          A "{\"object\":\"error\",\"message\":\"CUDA out of memory\",\"type\":\"E\",\"param\":null,\"code\":400}\n",
          &w);
    w.why = "no reason";
    check(&lines, A "{\"error\": \"\", \"code\": 424}\n", &w);
    w.why = "CUDA out of memory";
    w.out = "data: " OH "\n\n";
    check(&sse,
          "data: " OH "\n\ndata: {\"error\":{\"message\":\"CUDA out of memory\",\"type\":\"e\",\"code\":500}}\n\ndata: "
          "[DONE]\n\n",
          &w);
    check(&sse, "data: " OH "\n\nevent: error\ndata: CUDA out of memory\n\n", &w);
    w.out = "";
    check(&whole, "{\"error\": \"CUDA out of memory\", \"code\": 424}", &w);
    check(&whole, "[{\"error\": {\"message\":\"CUDA out of memory\"}}]", &w);
    w.why = "finish_reason \"error\"";
    w.out = NULL;
    check(&whole, "{\"generated_text\": \"\", \"details\": {\"finish_reason\": \"error\", \"generated_tokens\": null}}",
          &w);
}

static void exceptions(void **state)
{
    (void)state;
    const struct given g = {EVS, "application/jsonlines", true, false, NULL};
    struct buf b = BUF_INIT(1 << 16);
    add_frame(&b, "event", ":event-type", "PayloadPart", STR(A));
    add_frame(&b, "exception", ":exception-type", "ModelStreamError",
              STR("{\"Message\":\"Received unexpected response\",\"ErrorCode\":\"StreamBroken\"}"));
    struct want w = {
        .rc = GW_ANSWER_E_MODEL, .out = FIRST("a"), .why = "ModelStreamError: Received unexpected response"};
    check_body(&g, buf_str(&b), &w);
    buf_clear(&b);
    add_frame(&b, "exception", ":exception-type", "InternalStreamFailure", STR("{\"Message\":\"no\"}"));
    w.out = "";
    w.why = "InternalStreamFailure: no";
    check_body(&g, buf_str(&b), &w);
    /* A frame whose bytes are not what its checksum says. */
    buf_clear(&b);
    add_frame(&b, "event", ":event-type", "PayloadPart", STR(A));
    b.p[b.n - 5] ^= 1;
    w.rc = GW_ANSWER_E_FRAME;
    w.why = "checksum";
    check_body(&g, buf_str(&b), &w);
    buf_free(&b);
}

static void cut_short(void **state)
{
    (void)state;
    const struct given lines = {"application/jsonlines", NULL, true, false, NULL};
    const struct given sse = {"text/event-stream", NULL, true, false, NULL};
    const struct given whole = {"application/json", NULL, false, false, NULL};
    struct want w = {.rc = GW_ANSWER_E_FRAME, .out = FIRST("a"), .why = "cut short"};
    check(&lines, A, &w);
    check_enveloped(&lines, A, &w);
    w.why = "not JSON";
    check(&lines, A "{\"token\": {\"id\"\n", &w);
    check(&lines, A "{\"token\": {\"id\"", &w);
    w.out = "data: " OH "\n\n";
    w.why = "cut short";
    check(&sse, "data: " OH "\n\n", &w);
    check(&sse, "data: " OH "\n\ndata: [DONE]", &w); /* an event is whole only with its empty line */
    w.out = "";
    w.why = "no answer";
    check(&sse, "", &w);
    check(&sse, "<html>", &w);
    w.why = "empty";
    check(&whole, "", &w);
    w.why = "not JSON";
    check(&whole, "{\"choices\":[", &w);
    check(&whole, "<html>no</html>", &w);
    w.why = "neither";
    check(&whole, "{}", &w);
    check(&whole, "17", &w);
    check(&lines, "{\"hello\":1}\n", &w);

    struct buf b = BUF_INIT(1 << 16); /* within a frame, behind the model's end */
    const struct given g = {EVS, "application/jsonlines", true, false, NULL};
    add_frame(&b, "event", ":event-type", "PayloadPart", STR(LMI_LINES "\n"));
    add_frame(&b, "event", ":event-type", "PayloadPart", STR("\n"));
    b.n -= 3;
    w.out = FIRST("Deep ") NEXT(" Learning") NEXT(" field.") LAST("length");
    w.why = "cut short";
    check_body(&g, buf_str(&b), &w);
    buf_free(&b);
}

static void ceilings(void **state)
{
    (void)state;
    char long_text[MAX_WHOLE + 100];
    memset(long_text, 'x', sizeof long_text);
    long_text[sizeof long_text - 1] = 0;
    const struct given lines = {"application/jsonlines", NULL, true, false, NULL};
    const struct given whole = {"application/json", NULL, false, false, NULL};
    const struct want w = {.rc = GW_ANSWER_E_TOOBIG, .out = "", .why = "too long"};
    check(&lines, long_text, &w);
    check(&whole, long_text, &w);
}

static void nothing_half(void **state)
{
    (void)state;
    const struct given g = {"application/jsonlines", NULL, true, false, NULL};
    struct gw_answer a;
    struct buf out = BUF_INIT(1 << 16);
    gw_answer_init(&a, MAX_EVENT, MAX_WHOLE);
    start(&a, &g); /* the first event goes out with its last byte */
    feed(&a, &out, A, sizeof(A) - 2);
    assert_int_equal(out.n, 0);
    assert_false(a.figures.first);
    assert_int_equal(a.figures.completion_tokens, -1);
    feed(&a, &out, "\n", 1);
    assert_string_equal(out.p, FIRST("a"));
    assert_true(a.figures.first);
    assert_int_equal(a.figures.completion_tokens, 1);
    gw_answer_free(&a);
    buf_free(&out);
}

/* What lies idle between calls is small, whatever the last one was; and it can be used again. */
static void trimming(void **state)
{
    (void)state;
    enum { LONG = 300000 };
    static const struct given kinds[] = {{"application/jsonlines", NULL, true, false, NULL},
                                         {"text/event-stream", NULL, true, false, NULL},
                                         {EVS, NULL, true, false, NULL},
                                         {"application/json", NULL, false, false, NULL}};
    struct buf out = BUF_INIT(1 << 20), text = BUF_INIT(1 << 20);
    struct gw_answer a;
    gw_answer_init(&a, 1 << 20, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        buf_clear(&text);
        if (kinds[i].type[0] == 't')
            buf_addz(&text, "data: ");
        char *x = buf_room(&text, LONG);
        assert_non_null(x);
        memset(x, 'x', LONG);
        buf_wrote(&text, LONG);
        if (strcmp(kinds[i].type, EVS) == 0) {
            char *copy = xmemdup0(text.p, text.n);
            buf_clear(&text);
            add_frame(&text, "event", ":event-type", "PayloadPart", (struct str){copy, LONG});
            free(copy);
            text.n -= 5; /* not whole */
        }
        start(&a, &kinds[i]);
        feed(&a, &out, text.p, text.n);
        assert_int_equal(a.rc, GW_ANSWER_OK);
        gw_answer_trim(&a);
        assert_true(a.whole.cap + a.stream.sse.line.cap + a.stream.sse.data.cap + a.stream.lines.line.cap +
                        a.stream.evs.part.cap <=
                    128 << 10);
        const struct given again = {"application/jsonlines", NULL, true, false, NULL};
        const struct want w = {.out = FIRST("Deep ") NEXT(" Learning") NEXT(" field.") LAST("length"),
                               .prompt = -1,
                               .completion = 100,
                               .counted = true};
        start(&a, &again);
        feed(&a, &out, LMI_LINES, sizeof(LMI_LINES) - 1);
        finish(&a, &out, &w, "after trimming", i);
        buf_clear(&out);
    }
    gw_answer_free(&a);
    buf_free(&out);
    buf_free(&text);
}

static void closing(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(1 << 16);
    const struct gw_field f[] = {{STR("X-TTFT-MS"), STR("12.50")}, {STR("X-Tokens-Per-Second"), STR("9.00")}};
    gw_answer_close(f, 2, &out);
    assert_string_equal(out.p, ": x-ttft-ms=12.50\n\n: x-tokens-per-second=9.00\n\ndata: [DONE]\n\n");
    buf_clear(&out);
    gw_answer_close(NULL, 0, &out);
    assert_string_equal(out.p, "data: [DONE]\n\n");
    buf_free(&out);
}

static void asked(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        bool stream, usage;
        const char *model;
    } good[] = {
        {"{\"model\":\"a\\\"b\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}", true, true, "a\\\"b"},
        {" {\"stream\":false,\"messages\":[{\"stream\":true}]} ", false, false, ""},
        {"{\"stream\":null,\"model\":null,\"stream_options\":null}", false, false, ""},
        {"{\"str\\u0065am\":true}", true, false, ""},
        {"{\"stream\":true,\"stream_options\":{\"include_usage\":false,\"x\":1}}", true, false, ""},
        {"{\"inputs\":\"a\"}", false, false, ""},
        {"[]", false, false, ""},
    };
    static const char *const bad[] = {"",
                                      "{",
                                      "{\"stream\":true",
                                      "{\"stream\":tru}",
                                      "nonsense",
                                      "{} {}",
                                      "{\"stream\":1}",
                                      "{\"stream\":\"true\"}",
                                      "{\"stream\":{}}",
                                      "{\"a\":'b'}"};
    struct gw_asked q = {.id = STR("i"), .created = 7};
    struct err e = {0};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_int_equal(gw_asked_read(&q, str_of(good[i].body), &e), 0);
        assert_int_equal(q.stream, good[i].stream);
        assert_int_equal(q.usage, good[i].usage);
        assert_true(str_eqz(q.model, good[i].model));
    }
    assert_true(str_eqz(q.id, "i") && q.created == 7);
    char named[400]; /* each chunk of an answer would have it */
    for (size_t n = 256; n < 258; n++) {
        snprintf(named, sizeof named, "{\"model\":\"%0*d\",\"stream\":true}", (int)n, 0);
        assert_int_equal(gw_asked_read(&q, str_of(named), &e), 0);
        assert_true(q.stream && q.model.n == (n == 256 ? 256 : 0));
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        e.text[0] = 0;
        if (gw_asked_read(&q, str_of(bad[i]), &e) != -1 || !e.text[0])
            fail_msg("%s passed", bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lmi_lines),      cmocka_unit_test(lmi_sse),
        cmocka_unit_test(finish_reasons), cmocka_unit_test(escapes),
        cmocka_unit_test(chat_chunks),    cmocka_unit_test(chat_changes),
        cmocka_unit_test(completion),     cmocka_unit_test(completion_as_stream),
        cmocka_unit_test(lmi_documents),  cmocka_unit_test(stream_not_asked_for),
        cmocka_unit_test(outputs),        cmocka_unit_test(errors),
        cmocka_unit_test(exceptions),     cmocka_unit_test(cut_short),
        cmocka_unit_test(ceilings),       cmocka_unit_test(nothing_half),
        cmocka_unit_test(trimming),       cmocka_unit_test(closing),
        cmocka_unit_test(asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* sim_responses.c - the simulator as OpenAI's responses: POST /v1/responses, typed and numbered events or one document.
 * The text comes by deltas, and again whole in four events behind them, as the API sends it.
 * Source: OpenAI's API reference (responses, streaming events). */
#include "base/jout.h"
#include "base/xalloc.h"
#include "sim/sim_dialect.h"
#include "sim/sim_frame.h"
#include "sim/sim_read.h"
#include "sim/sim_text.h"

/* ---- what is asked ---- */

/* An item is a message, or something else (a tool's call, its output) whose words do not count here. */
static int read_item(struct reader *r)
{
    struct str key;
    if (js_peek(&r->s) != JS_OBJ)
        return r->s.bad != NULL ? read_bad_json(r) : read_refuse(r, "input", "Each item of 'input' must be an object.");
    js_enter(&r->s, '{');
    while (js_key(&r->s, &key))
        if ((js_raw_eq(key, "content") ? read_content(r) : read_skip(r)) < 0)
            return -1;
    return r->s.bad != NULL ? read_bad_json(r) : 0;
}

static int read_input(struct reader *r)
{
    if (read_null(r))
        return 0;
    r->has_input = true;
    if (js_peek(&r->s) == JS_STR)
        return read_text(r);
    if (js_peek(&r->s) != JS_ARR)
        return r->s.bad != NULL ? read_bad_json(r) : read_refuse(r, "input", "'input' must be a string or an array.");
    js_enter(&r->s, '[');
    while (js_elem(&r->s))
        if (read_item(r) < 0)
            return -1;
    return r->s.bad != NULL ? read_bad_json(r) : 0;
}

static int member(struct reader *r, struct str key)
{
    if (js_raw_eq(key, "model"))
        return read_model(r);
    if (js_raw_eq(key, "input"))
        return read_input(r);
    if (js_raw_eq(key, "instructions"))
        return read_content(r);
    if (js_raw_eq(key, "stream"))
        return read_bool(r, "stream", &r->a->stream);
    if (js_raw_eq(key, "max_output_tokens"))
        return read_count(r, "max_output_tokens", ASK_MAX_TOKENS, &r->a->max_tokens);
    return read_skip(r);
}

static int ask(struct ask *a, struct str body, const struct ask_rules *rules, struct ask_error *x)
{
    struct reader r = {.a = a, .rules = rules, .x = x};
    *a = (struct ask){0};
    if (read_body(&r, body, member) < 0 || read_check_model(&r) < 0)
        return -1;
    return r.has_input ? 0 : read_refuse(&r, "input", "You must provide 'input'.");
}

/* ---- what is answered ---- */

#define ITEM_ID "msg_sim"

static void init(struct event_fmt *f, struct str model, struct str id, int64_t created)
{
    struct buf b = BUF_INIT(EVENT_SCRATCH / 4);
    buf_addz(&b, "{\"id\":\"resp_");
    json_escape(&b, id);
    buf_addf(&b,
             "\",\"object\":\"response\",\"created_at\":%lld,\"model\":\"" STR_FMT
             "\",\"error\":null,\"instructions\":null,\"metadata\":{},\"parallel_tool_calls\":true,"
             "\"temperature\":1.0,\"tool_choice\":\"auto\",\"tools\":[],\"top_p\":1.0,",
             (long long)created, STR_ARG(model));
    f->base_n = (uint16_t)b.n;
    f->base = buf_take(&b);
}

static void add_event(struct event_fmt *f, struct buf *b, const char *type)
{
    buf_addf(b, "event: %s\ndata: {\"type\":\"%s\",\"sequence_number\":%llu,", type, type,
             (unsigned long long)f->events++);
}

static void add_part(struct buf *b, struct str text)
{
    buf_addz(b, "{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":\"");
    buf_adds(b, text);
    buf_addz(b, "\"}");
}

/* text.p NULL: not begun. */
static void add_item(struct buf *b, const char *status, struct str text)
{
    buf_addf(b, "{\"id\":\"" ITEM_ID "\",\"type\":\"message\",\"status\":\"%s\",\"role\":\"assistant\",\"content\":[",
             status);
    if (text.p)
        add_part(b, text);
    buf_addz(b, "]}");
}

/* status "in_progress", "completed" or "incomplete". */
static void add_response(const struct event_fmt *f, struct buf *b, const char *status, struct str text, uint64_t n)
{
    bool whole = strcmp(status, "in_progress") != 0, cut = strcmp(status, "incomplete") == 0;
    buf_add(b, f->base, f->base_n);
    buf_addf(b, "\"status\":\"%s\",\"incomplete_details\":%s,\"output\":[", status,
             cut ? "{\"reason\":\"max_output_tokens\"}" : "null");
    if (whole)
        add_item(b, status, text);
    buf_addz(b, "],\"usage\":");
    if (whole)
        buf_addf(b,
                 "{\"input_tokens\":%llu,\"input_tokens_details\":{\"cached_tokens\":0,\"cache_write_tokens\":0},"
                 "\"output_tokens\":%llu,\"output_tokens_details\":{\"reasoning_tokens\":0},\"total_tokens\":%llu}",
                 (unsigned long long)f->prompt_tokens, (unsigned long long)n,
                 (unsigned long long)(f->prompt_tokens + n));
    else
        buf_addz(b, "null");
    buf_addc(b, '}');
}

static struct str begin(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    static const char *const types[] = {"response.created", "response.in_progress"};
    struct buf b = BUF_INIT(2 * EVENT_SCRATCH);
    (void)scratch;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        add_event(f, &b, types[i]);
        buf_addz(&b, "\"response\":");
        add_response(f, &b, "in_progress", STR(""), 0);
        buf_addz(&b, "}\n\n");
    }
    add_event(f, &b, "response.output_item.added");
    buf_addz(&b, "\"output_index\":0,\"item\":");
    add_item(&b, "in_progress", (struct str){0});
    buf_addz(&b, "}\n\n");
    add_event(f, &b, "response.content_part.added");
    buf_addz(&b, "\"item_id\":\"" ITEM_ID "\",\"output_index\":0,\"content_index\":0,\"part\":");
    add_part(&b, STR(""));
    buf_addz(&b, "}\n\n");
    struct str piece = frame_room(f, buf_str(&b), false);
    buf_free(&b);
    return piece;
}

static struct str token(struct event_fmt *f, struct str word, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    char *body = scratch + FRAME_ROOM;
    struct cursor c = {body};
    (void)n_tokens;
    ADD(&c, "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":");
    frame_u64(&c, f->events++);
    ADD(&c, ",\"item_id\":\"" ITEM_ID "\",\"output_index\":0,\"content_index\":0,\"logprobs\":[],\"delta\":\"");
    frame_str(&c, word);
    ADD(&c, "\"}\n\n");
    return frame_view(frame_chunk(f, &c, body), &c);
}

static void add_words(struct buf *b, uint64_t seed, uint64_t request, uint64_t n_tokens)
{
    char word[SIM_WORD_MAX];
    for (uint64_t k = 0; k < n_tokens; k++)
        buf_add(b, word, sim_word_json(seed, request, k, word));
}

static const char *status_of(const char *finish)
{
    return strcmp(finish, "length") == 0 ? "incomplete" : "completed";
}

static struct str end(struct event_fmt *f, const char *finish, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    struct buf b = BUF_INIT(1u << 30), words = BUF_INIT(1u << 28);
    const char *status = status_of(finish);
    (void)scratch;
    add_words(&words, f->seed, f->request, n_tokens);
    struct str text = words.n > 0 ? buf_str(&words) : STR("");
    add_event(f, &b, "response.output_text.done");
    buf_addz(&b, "\"item_id\":\"" ITEM_ID "\",\"output_index\":0,\"content_index\":0,\"logprobs\":[],\"text\":\"");
    buf_adds(&b, text);
    buf_addz(&b, "\"}\n\n");
    add_event(f, &b, "response.content_part.done");
    buf_addz(&b, "\"item_id\":\"" ITEM_ID "\",\"output_index\":0,\"content_index\":0,\"part\":");
    add_part(&b, text);
    buf_addz(&b, "}\n\n");
    add_event(f, &b, "response.output_item.done");
    buf_addz(&b, "\"output_index\":0,\"item\":");
    add_item(&b, status, text);
    buf_addz(&b, "}\n\n");
    add_event(f, &b, strcmp(status, "incomplete") == 0 ? "response.incomplete" : "response.completed");
    buf_addz(&b, "\"response\":");
    add_response(f, &b, status, text, n_tokens);
    buf_addz(&b, "}\n\n");
    struct str piece = frame_room(f, buf_str(&b), true);
    buf_free(&b);
    buf_free(&words);
    return piece;
}

static struct str error(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    struct buf b = BUF_INIT(EVENT_SCRATCH);
    (void)scratch;
    add_event(f, &b, "error");
    buf_addz(&b, "\"code\":\"server_error\",\"message\":\"The simulated engine failed.\",\"param\":null}\n\n");
    struct str piece = frame_room(f, buf_str(&b), true);
    buf_free(&b);
    return piece;
}

static struct str bad_json(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    char *body = scratch + FRAME_ROOM;
    struct cursor c = {body};
    ADD(&c, "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"cut of\n\n");
    return frame_view(frame_chunk(f, &c, body), &c);
}

static void whole(struct event_fmt *f, struct buf *out, uint64_t seed, uint64_t request, uint64_t n_tokens,
                  const char *finish)
{
    struct buf words = BUF_INIT(1u << 28);
    add_words(&words, seed, request, n_tokens);
    add_response(f, out, status_of(finish), words.n > 0 ? buf_str(&words) : STR(""), n_tokens);
    buf_free(&words);
}

const struct sim_dialect sim_responses = {
    .stream_type = "text/event-stream; charset=utf-8",
    .ask = ask,
    .init = init,
    .begin = begin,
    .token = token,
    .end = end,
    .error = error,
    .bad_json = bad_json,
    .body = whole,
};

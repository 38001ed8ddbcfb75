#include "compat/awscurl_text.h"

#include "api/api_stream.h"
#include "base/xalloc.h"
#include "load/tokenizer.h"

enum { MAX_TEXT = 1 << 30, MAX_TEXTS = 1 << 16 };

static struct str media_of(struct str type)
{
    ptrdiff_t end = str_chr(type, ';');
    return str_trim(end < 0 ? type : str_sub(type, 0, (size_t)end));
}

static enum awscurl_kind kind_of(struct str media)
{
    static const struct {
        const char *type;
        enum awscurl_kind kind;
    } known[] = {
        {"text/plain", AWSCURL_PLAIN},
        {"application/json", AWSCURL_JSON},
        {"application/jsonlines", AWSCURL_LINES},
        {"application/x-ndjson", AWSCURL_LINES},
        {"application/jsonl", AWSCURL_LINES},
        {"text/event-stream", AWSCURL_SSE},
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (str_ieq(media, str_of(known[i].type)))
            return known[i].kind;
    }
    return media.n == 0 ? AWSCURL_PLAIN : AWSCURL_OTHER;
}

struct awscurl_type awscurl_type_of(struct str headers, const char *dflt)
{
    static const char sse[] = "text/event-stream";
    struct str_split it = {.rest = headers, .sep = '\n'};
    struct str line, type = {0}, inner = {0};
    while (str_next(&it, &line)) {
        ptrdiff_t colon = str_chr(line, ':');
        struct str name = str_sub(line, 0, colon < 0 ? 0 : (size_t)colon);
        struct str media = media_of(str_sub(line, (size_t)(colon + 1), line.n));
        if (str_ieq(name, STR("content-type")) && !str_ieq(type, str_of(sse)))
            type = media;
        else if (str_ieq(name, STR("x-amzn-sagemaker-content-type")))
            inner = media;
    }
    if (str_ieq(type, STR("application/vnd.amazon.eventstream")))
        return (struct awscurl_type){str_ieq(inner, str_of(sse)) ? AWSCURL_SSE : AWSCURL_LINES, true};
    return (struct awscurl_type){kind_of(type.n > 0 ? type : media_of(str_of(dflt))), false};
}

int awscurl_jq_parse(struct awscurl_jq *q, const char *expr, struct err *e)
{
    *q = (struct awscurl_jq){.given = expr != NULL};
    if (!expr)
        return 0;
    q->whole = expr[0] == '$';
    if (q->whole)
        return api_paths_add(&q->paths, PATH_TEXT, "-j", expr, e);
    char *path = xasprintf("/%s", expr[0] == '/' ? expr + 1 : expr); /* of one name too */
    int rc = api_paths_add(&q->paths, PATH_TEXT, "-j", path, e);
    free(path);
    return rc;
}

void awscurl_texts_clear(struct awscurl_texts *t)
{
    for (size_t i = 0; i < t->n; i++)
        buf_clear(&t->v[i]);
    t->n = 0;
    t->plain = false;
}

void awscurl_texts_free(struct awscurl_texts *t)
{
    for (size_t i = 0; i < t->cap; i++)
        buf_free(&t->v[i]);
    free(t->v);
    *t = (struct awscurl_texts){0};
}

/* The i-th text. */
static void append(struct awscurl_texts *t, size_t i, struct str s)
{
    if (i >= MAX_TEXTS)
        return;
    if (i >= t->cap) {
        size_t cap = MAX(2 * t->cap, i + 1);
        t->v = xreallocarray(t->v, cap, sizeof *t->v);
        for (size_t k = t->cap; k < cap; k++)
            buf_init(&t->v[k], MAX_TEXT);
        t->cap = cap;
    }
    t->n = MAX(t->n, i + 1);
    buf_adds(&t->v[i], s);
}

/* ---- one JSON value */

struct reader {
    struct awscurl_texts *t;
    const struct awscurl_jq *q;
    size_t at; /* the next text that this value has something for */
};

/* A string, or an array of strings. */
static void take(struct reader *r, struct str raw)
{
    struct js s;
    struct str text;
    js_init(&s, raw);
    if (js_peek(&s) == JS_STR) {
        if (js_string(&s, &text) == 0)
            append(r->t, r->at++, text);
        return;
    }
    if (js_peek(&s) != JS_ARR || !js_enter(&s, '['))
        return;
    while (js_elem(&s)) {
        if (js_peek(&s) != JS_STR)
            js_skip(&s, NULL);
        else if (js_string(&s, &text) == 0)
            append(r->t, r->at++, text);
    }
}

static void on_path(void *arg, enum path_what what, struct str raw, enum js_type type)
{
    (void)what, (void)type;
    take(arg, raw);
}

static void take_object(struct reader *r, struct str json)
{
    struct str raw;
    if (r->q->given)
        api_paths_each(&r->q->paths, json, on_path, r);
    else if (js_path(json, "outputs", &raw) == 0 || js_path(json, "token.text", &raw) == 0)
        take(r, raw);
    else if (js_path(json, "token", &raw) != 0 && js_path(json, "generated_text", &raw) == 0)
        take(r, raw);
}

static void read_value(struct awscurl_texts *t, struct str json, const struct awscurl_jq *q)
{
    struct reader r = {.t = t, .q = q};
    struct str element;
    struct js s;
    js_init(&s, json);
    if (js_peek(&s) != JS_ARR || q->whole) {
        take_object(&r, json);
        return;
    }
    js_enter(&s, '[');
    while (js_elem(&s)) {
        if (js_skip(&s, &element) == 0)
            take_object(&r, element);
    }
}

/* ---- bodies */

struct pieces {
    struct awscurl_texts *t; /* NULL: `out` */
    const struct awscurl_jq *q;
    struct buf *out;
};

static int on_event(void *arg, struct str type, struct str data)
{
    const struct pieces *p = arg;
    (void)type;
    if (p->t) {
        read_value(p->t, data, p->q);
    } else {
        buf_adds(p->out, data);
        buf_addc(p->out, '\n');
    }
    return 0;
}

static void cut(struct pieces *p, struct awscurl_type type, struct str body)
{
    struct str inner = type.kind == AWSCURL_SSE ? STR("text/event-stream") : STR("application/jsonlines");
    struct api_stream s;
    api_stream_init(&s, MAX_TEXT, on_event, NULL, p);
    api_stream_reset(&s, api_find(STR("payload")), true);
    api_stream_header(&s, STR("content-type"), type.framed ? STR("application/vnd.amazon.eventstream") : inner);
    if (type.framed)
        api_stream_header(&s, STR("x-amzn-sagemaker-content-type"), inner);
    api_stream_begin(&s);
    if (api_stream_feed(&s, body) == API_STREAM_OK)
        api_stream_end(&s);
    api_stream_free(&s);
}

void awscurl_texts_read(struct awscurl_texts *t, struct awscurl_type type, struct str body, const struct awscurl_jq *q)
{
    struct pieces p = {.t = t, .q = q};
    if (type.kind == AWSCURL_PLAIN) {
        t->plain = true;
        append(t, 0, body);
    } else if (type.kind == AWSCURL_JSON) {
        read_value(t, body, q);
    } else if (type.kind != AWSCURL_OTHER) {
        cut(&p, type, body);
    }
}

void awscurl_texts_inputs(struct awscurl_texts *t, struct str body)
{
    static const struct awscurl_jq none = {0};
    struct reader r = {.t = t, .q = &none};
    struct str raw;
    if (js_path(body, "inputs", &raw) == 0)
        take(&r, raw);
}

uint64_t awscurl_texts_count(const struct awscurl_texts *t, struct tok_coder *coder, uint64_t max_length)
{
    struct buf scratch = BUF_INIT(MAX_TEXT);
    uint64_t all = 0;
    for (size_t i = 0; i < t->n; i++) {
        struct str s = buf_str(&t->v[i]);
        bool in_word = false;
        uint64_t n;
        if (!coder)
            n = (t->plain ? api_count_plain_words : api_count_words)(s, &in_word);
        else
            n = t->plain ? tok_encode(coder, s, 0, NULL) : tokens_of_escaped(coder, s, 0, &scratch);
        all += max_length && coder ? MIN(n, max_length) : n;
    }
    buf_free(&scratch);
    return all;
}

void awscurl_show_body(struct awscurl_type type, struct str body, struct buf *out)
{
    struct pieces p = {.out = out};
    if (type.kind == AWSCURL_LINES || type.kind == AWSCURL_SSE)
        cut(&p, type, body);
    else
        buf_adds(out, body);
}

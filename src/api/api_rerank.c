/* api_rerank.c - ranking documents by their relevance to a query, as Cohere's POST /v2/rerank and Jina's POST
 * /v1/rerank have it (vLLM, SGLang and llama.cpp serve the same). Text Embeddings Inference's answers are understood.
 *
 * Of a sample the first message is the query, each further one a document; --unique-prompts marks the query. Input
 * tokens are Jina's usage.total_tokens (or prompt_tokens), else Cohere's meta.tokens.input_tokens; billed units are no
 * tokens. There is no stream and no output token. Sources: Cohere API reference, "Rerank"; Jina AI, "Reranker API". */
#include "api/api_read.h"

extern const struct api_ops api_rerank;

static int rerank_check(const struct plan_sample *s, struct err *e)
{
    if (api_check_plain(s, "a ranking is of texts", e) < 0)
        return -1;
    return s->n_msgs >= 2 ? 0
                          : err_set(e, ERR_DATA,
                                    "%.*s: one message makes no rerank request; the first is the query, and each "
                                    "further one a document (--dataset with messages, see docs/WORKLOADS.md)",
                                    STR_ARG(s->where));
}

static void rerank_members(struct jout *j, const struct api_opts *o)
{
    if (o->model)
        jo_kstrz(j, "model", o->model);
}

enum { DIRECT_DOCUMENTS = (API_MAX_PIECES - 8) / 2 };

static void put(struct api_body *b, bool direct, struct str s)
{
    if (direct)
        api_piece(b, s);
    else
        buf_adds(&b->spill, s);
}

static void rerank_body(const struct api *a, const struct plan_item *it, struct api_body *b)
{
    const struct plan_sample *s = it->what;
    bool direct = s->n_msgs <= DIRECT_DOCUMENTS;
    api_piece(b, STR("{\"query\":\""));
    api_piece(b, str_of(it->nonce));
    api_piece(b, s->msgs[0].content);
    api_piece(b, STR("\",\"documents\":[\""));
    for (uint32_t i = 1; i < s->n_msgs; i++) {
        put(b, direct, i > 1 ? STR("\",\"") : STR(""));
        put(b, direct, s->msgs[i].content);
    }
    if (!direct)
        api_piece(b, buf_str(&b->spill));
    api_piece(b, api_rest_empty(a, it) ? STR("\"]") : STR("\"],"));
    api_rest(a, it, b);
}

/* {"billed_units":{"search_units":1},"tokens":{"input_tokens":...}} */
static void decode_meta(struct js *s, struct api_event *ev)
{
    struct str key;
    if (!api_read_object(s))
        return;
    while (js_key(s, &key)) {
        if (!str_eqz(key, "tokens")) {
            js_skip(s, NULL);
            continue;
        }
        if (!api_read_object(s))
            continue;
        while (js_key(s, &key)) {
            if (str_eqz(key, "input_tokens") && ev->prompt_tokens < 0)
                api_event_count(s, ev, &ev->prompt_tokens);
            else
                js_skip(s, NULL);
        }
    }
}

/* Whether one of them has a score. */
static bool decode_results(struct js *s)
{
    struct str key;
    bool scored = false;
    if (!api_read_array(s))
        return false;
    while (js_elem(s)) {
        if (!api_read_object(s))
            continue;
        while (js_key(s, &key)) {
            scored |= (str_eqz(key, "relevance_score") || str_eqz(key, "score")) && js_peek(s) == JS_NUM;
            js_skip(s, NULL);
        }
    }
    return scored;
}

static enum api_rc rerank_document(struct str body, struct api_event *ev)
{
    struct js s;
    struct str key;
    api_event_clear(ev);
    js_init(&s, body);
    if (js_peek(&s) == JS_ARR) { /* Text Embeddings Inference: [{"index":1,"score":0.9}] */
        ev->flags |= decode_results(&s) ? API_RESULT : 0;
        return js_done(&s) ? API_OK : API_E_SYNTAX;
    }
    if (!js_enter(&s, '{'))
        return API_E_SYNTAX;
    while (js_key(&s, &key)) {
        if (str_eqz(key, "results")) {
            ev->flags |= decode_results(&s) ? API_RESULT : 0;
        } else if (str_eqz(key, "usage")) {
            api_read_input_usage(&s, ev);
        } else if (str_eqz(key, "meta")) {
            decode_meta(&s, ev);
        } else if (str_eqz(key, "error") && js_peek(&s) != JS_NULL) {
            ev->flags |= API_ERROR;
            js_skip(&s, &ev->error);
        } else {
            js_skip(&s, NULL);
        }
    }
    return js_done(&s) ? API_OK : API_E_SYNTAX;
}

static enum api_rc rerank_event(struct str type, struct str data, struct api_event *ev)
{
    return api_read_named(type, data, rerank_document(data, ev), ev);
}

static const char *const ours[] = {"query", "documents", "stream", NULL};

const struct api_ops api_rerank = {
    .name = "rerank",
    .help = "ranking of documents, in Cohere's and Jina's form (vLLM, SGLang, llama.cpp)",
    .default_path = "/v1/rerank",
    .models_path = "/v1/models",
    .models_list = "data",
    .models_id = "id",
    .ours = ours,
    .lacks = API_NO_STREAM | API_NO_TOKENS | API_NO_TEMPERATURE,
    .check = rerank_check,
    .members = rerank_members,
    .body = rerank_body,
    .event = rerank_event,
    .document = rerank_document,
};

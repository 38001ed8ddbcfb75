#include "api/api.h"

#include <math.h>

#include "base/jdoc.h"
#include "base/jout.h"
#include "base/jscan.h"

extern const struct api_ops api_oai_chat, api_oai_completions;

static const struct api_ops *const dialects[] = {&api_oai_chat, &api_oai_completions, NULL};

const struct api_ops *const *api_all(void)
{
    return dialects;
}

const struct api_ops *api_find(struct str name)
{
    for (size_t i = 0; dialects[i]; i++) {
        if (str_eqz(name, dialects[i]->name))
            return dialects[i];
    }
    return NULL;
}

const struct api_ops *api_of_path(struct str path)
{
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    if (str_ends(path, STR("/chat/completions")))
        return &api_oai_chat;
    if (str_ends(path, STR("/completions")))
        return &api_oai_completions;
    return NULL;
}

/* What the user merges in must not change what weir decides per request. */
static int check_extra(const char *extra, bool *limits, struct err *e)
{
    static const char *const ours[] = {"messages", "prompt", "stream"};
    struct jdoc *d = jdoc_parse(str_of(extra), "--extra-body", e);
    if (!d)
        return -1;
    int rc = 0;
    if (!jn_is_obj(jdoc_root(d)))
        rc = err_set(e, ERR_USAGE, "--extra-body: must be a JSON object, e.g. '{\"top_p\":0.9}'");
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(ours); i++) {
        if (jn_get(jdoc_root(d), ours[i]))
            rc = err_set(e, ERR_USAGE,
                         "--extra-body: \"%s\" is set by weir itself; use --dataset, --prompt or --no-stream", ours[i]);
    }
    jnode *root = jdoc_root(d);
    *limits = jn_get(root, "max_tokens") || jn_get(root, "max_completion_tokens");
    jdoc_free(&d);
    return rc;
}

int api_prepare(struct api *a, const struct api_ops *ops, const struct api_opts *o, struct err *e)
{
    a->ops = ops;
    a->stream = o->stream;
    bool limits = false;
    buf_init(&a->rest, 16u << 20);
    if (o->extra_body && check_extra(o->extra_body, &limits, e) < 0)
        return -1;
    a->max_tokens_fixed = o->max_tokens >= 0 || limits;

    struct buf own = BUF_INIT(1u << 20), all = BUF_INIT(16u << 20);
    struct jout j;
    jo_init(&j, &own, 0);
    jo_obj(&j);
    if (o->model)
        jo_kstrz(&j, "model", o->model);
    if (o->max_tokens >= 0)
        jo_ki64(&j, "max_tokens", o->max_tokens);
    if (!isnan(o->temperature))
        jo_kf64(&j, "temperature", o->temperature);
    if (o->ignore_eos)
        jo_kbool(&j, "ignore_eos", true);
    jo_kbool(&j, "stream", o->stream);
    if (o->stream && o->include_usage) {
        jo_key(&j, "stream_options");
        jo_obj(&j);
        jo_kbool(&j, "include_usage", true);
        jo_end_obj(&j);
    }
    jo_end_obj(&j);
    int rc = json_merge(&all, buf_str(&own), o->extra_body ? str_of(o->extra_body) : STR("{}"), e);
    if (rc == 0) {
        struct str text = str_trim(buf_str(&all));
        buf_adds(&a->rest, str_sub(text, 1, text.n)); /* without the opening brace: it stands behind the messages */
    }
    buf_free(&own);
    buf_free(&all);
    return rc;
}

void api_free(struct api *a)
{
    buf_free(&a->rest);
}

void api_piece(struct api_body *b, struct str s)
{
    if (s.n == 0)
        return;
    b->v[b->n++] = (struct iovec){.iov_base = (void *)(uintptr_t)s.p, .iov_len = s.n};
    b->bytes += s.n;
}

void api_render(const struct api *a, const struct plan_item *it, struct api_body *b)
{
    b->n = 0;
    b->bytes = 0;
    buf_clear(&b->spill);
    a->ops->body(a, it, b);
}

void api_event_clear(struct api_event *ev)
{
    ev->flags = 0;
    ev->n_texts = 0;
    ev->text_bytes = 0;
    ev->finish = API_FIN_NONE;
    ev->prompt_tokens = ev->completion_tokens = ev->cached_tokens = ev->reasoning_tokens = -1;
    ev->error = (struct str){0};
}

void api_event_text(struct api_event *ev, unsigned flag, struct str raw)
{
    if (raw.n == 0)
        return;
    ev->flags |= flag;
    ev->text_bytes += (uint32_t)MIN(raw.n, (size_t)UINT32_MAX / 2);
    if (ev->n_texts < API_MAX_TEXTS)
        ev->text[ev->n_texts++] = raw;
}

uint64_t api_count_words(struct str raw, bool *in_word)
{
    uint64_t words = 0;
    bool in = *in_word;
    for (size_t i = 0; i < raw.n; i++) {
        char c = raw.p[i];
        bool space = c == ' ';
        if (c == '\\' && i + 1 < raw.n) {
            char x = raw.p[++i];
            space = x == 'n' || x == 't' || x == 'r' || x == 'f';
            if (x == 'u')
                i += MIN((size_t)4, raw.n - i - 1);
        }
        if (space) {
            in = false;
        } else if (!in) {
            in = true;
            words++;
        }
    }
    *in_word = in;
    return words;
}

#include "campaign/counting.h"

#include "base/jscan.h"
#include "base/xalloc.h"

struct counter {
    struct counter_opts o;
    struct tok_coder *coder;
    int64_t *of_sample; /* -1: not counted yet */
    struct buf text;
    struct plan_msg *msgs;
    size_t cap;
};

struct counter *counter_new(const struct counter_opts *o)
{
    struct counter *c = xcalloc(1, sizeof *c);
    size_t n = dataset_n(o->ds);
    c->o = *o;
    c->coder = tok_coder_new(o->tok);
    c->of_sample = xmalloc(MAX(n, (size_t)1) * sizeof *c->of_sample);
    memset(c->of_sample, 0xff, n * sizeof *c->of_sample);
    buf_init(&c->text, SIZE_MAX / 4);
    return c;
}

void counter_free(struct counter **cp)
{
    struct counter *c = *cp;
    if (!c)
        return;
    *cp = NULL;
    tok_coder_free(&c->coder);
    buf_free(&c->text);
    free(c->of_sample);
    free(c->msgs);
    free(c);
}

/* ---- answers */

static struct str raw_of(const struct rec_text *t, int kind)
{
    size_t at = t->raw_at;
    for (int k = 0; k < kind; k++)
        at += t->n_raw[k];
    return (struct str){t->bytes + at, t->n_raw[kind]};
}

static uint64_t count_raw(struct counter *c, const struct rec_text *t, int kind)
{
    struct str raw = raw_of(t, kind);
    return t->raw_plain ? tok_encode(c->coder, raw, 0, NULL) : tokens_of_escaped(c->coder, raw, 0, &c->text);
}

static void count_answer(struct counter *c, struct record *r)
{
    uint64_t all = 0, reasoning = 0;
    if (r->flags & REC_NO_TEXT)
        return;
    if (r->flags & REC_UNCOUNTED) {
        if (r->tokens_out < 0)
            r->token_source = TOKENS_NONE;
        return;
    }
    for (int k = 0; r->text && k < REC_RAW_PROMPT; k++) {
        uint64_t n = r->text->n_raw[k] ? count_raw(c, r->text, k) : 0;
        all += n;
        reasoning += k == REC_RAW_REASONING ? n : 0;
    }
    if (all == 0 && r->outcome != OUT_OK)
        return;
    r->counted_out = (int64_t)all;
    if (r->tokens_out >= 0)
        return;
    r->tokens_out = (int64_t)all;
    r->token_source = TOKENS_TOKENIZER;
    if (reasoning > 0)
        r->tokens_reasoning = (int64_t)reasoning;
}

/* ---- prompts */

static struct plan_msg *one_more(struct counter *c, size_t n)
{
    if (n == c->cap) {
        c->cap = c->cap ? c->cap * 2 : 16;
        c->msgs = xreallocarray(c->msgs, c->cap, sizeof *c->msgs);
    }
    return &c->msgs[n];
}

static uint64_t count_messages(struct counter *c, const struct plan_msg *msgs, size_t n)
{
    return (c->o.completes ? tokens_of_joined : tokens_of_messages)(c->coder, msgs, n, &c->text);
}

/* As struct rec_text has them. */
static uint64_t count_handed(struct counter *c, struct str raw)
{
    size_t n = 0;
    while (raw.n > 1) {
        size_t end = strnlen(raw.p + 1, raw.n - 1);
        struct str text = {raw.p + 1, end};
        *one_more(c, n++) = raw.p[0] == 'j' ? (struct plan_msg){.content = STR(""), .raw_json = text}
                                            : (struct plan_msg){.content = text, .raw_json = STR("")};
        raw = str_sub(raw, end + 2, raw.n);
    }
    return count_messages(c, c->msgs, n);
}

static int64_t prompt_tokens(struct counter *c, const struct record *r)
{
    const struct plan_sample *s = dataset_at(c->o.ds, r->sample);
    if (r->text && r->text->n_raw[REC_RAW_PROMPT] > 0)
        return (int64_t)count_handed(c, raw_of(r->text, REC_RAW_PROMPT));
    if (r->turns > 0 || c->o.unique || s->n_msgs == 0 || (s->extra && s->extra->body.n > 0))
        return -1;
    int64_t *n = &c->of_sample[r->sample];
    if (*n < 0)
        *n = (int64_t)count_messages(c, s->msgs, s->n_msgs);
    return *n;
}

/* Of requests that may have been read: those that were answered. */
static void count_prompt(struct counter *c, struct record *r)
{
    int64_t n = r->outcome == OUT_OK || r->n_events > 0 ? prompt_tokens(c, r) : -1;
    if (n < 0)
        return;
    r->counted_in = n;
    if (!c->o.completes)
        r->flags |= REC_IN_TEXTS;
    if (r->tokens_in >= 0)
        return;
    r->tokens_in = n;
    r->flags |= REC_IN_COUNTED;
    if (r->token_source == TOKENS_NONE && (r->flags & REC_NO_TEXT))
        r->token_source = TOKENS_TOKENIZER;
}

void counter_take(struct counter *c, struct record *r)
{
    if ((r->flags & REC_PLAIN) || r->outcome == OUT_UNSENT)
        return;
    count_answer(c, r);
    count_prompt(c, r);
}

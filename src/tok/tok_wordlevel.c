#include "base/xalloc.h"
#include "tok/tok_private.h"

struct wordlevel {
    struct model model;
    struct vocab *vocab;
    uint32_t unk;
    bool bytes;
};

struct wordlevel_scratch {
    struct buf text;
};

static void wordlevel_free(struct model *m)
{
    struct wordlevel *w = (struct wordlevel *)m;
    vocab_free(&w->vocab);
    free(w);
}

static int wordlevel_load(struct model **m, const struct model_def *def, struct err *e)
{
    struct wordlevel *w = xcalloc(1, sizeof *w);
    w->model.ops = &model_wordlevel;
    w->bytes = def->bytes;
    w->vocab = vocab_new(def->vocab.n / 16);
    struct str unk = jn_str(jn_get(def->head, "unk_token"), NULL);
    int rc = vocab_read(w->vocab, def->vocab, "model.vocab", e);
    if (rc == 0 && !unk.p)
        rc = err_set(e, ERR_DATA, "model.unk_token: is missing; it must be a string");
    if (rc == 0 && !vocab_id(w->vocab, unk, &w->unk))
        rc = err_set(e, ERR_DATA, "model.unk_token: \"" STR_FMT "\" is not in model.vocab, so other words have no id",
                     STR_ARG(unk));
    if (rc != 0) {
        wordlevel_free(&w->model);
        return rc;
    }
    *m = &w->model;
    return 0;
}

static struct model_scratch *wordlevel_scratch(const struct model *m)
{
    (void)m;
    struct wordlevel_scratch *s = xcalloc(1, sizeof *s);
    buf_init(&s->text, SIZE_MAX - 1);
    return (struct model_scratch *)s;
}

static void wordlevel_scratch_free(struct model_scratch *ms)
{
    struct wordlevel_scratch *s = (struct wordlevel_scratch *)ms;
    buf_free(&s->text);
    free(s);
}

static void wordlevel_encode(const struct model *m, struct model_scratch *ms, struct str piece, struct tok_ids *ids)
{
    const struct wordlevel *w = (const struct wordlevel *)m;
    struct wordlevel_scratch *s = (struct wordlevel_scratch *)ms;
    uint32_t id = w->unk;
    if (w->bytes) {
        buf_clear(&s->text);
        bytelevel_text(piece, &s->text);
        piece = buf_str(&s->text);
    }
    vocab_id(w->vocab, piece, &id);
    tok_ids_add(ids, id);
}

static const struct vocab *wordlevel_vocab(const struct model *m)
{
    return ((const struct wordlevel *)m)->vocab;
}

const struct model_ops model_wordlevel = {
    .type = "WordLevel",
    .load = wordlevel_load,
    .free = wordlevel_free,
    .scratch = wordlevel_scratch,
    .scratch_free = wordlevel_scratch_free,
    .encode = wordlevel_encode,
    .vocab = wordlevel_vocab,
};

/* Turns a SentencePiece .model into the parts of a tokenizer. */
#include "tok/tok_spm.h"
#include "base/xalloc.h"
#include "tok/tok_added.h"

static bool control_id(const struct spm_file *f, struct str text, uint32_t *id)
{
    for (size_t i = 0; i < f->n; i++) {
        if (f->pieces[i].type == SPM_CONTROL && str_eq(f->pieces[i].text, text)) {
            *id = (uint32_t)i;
            return true;
        }
    }
    return false;
}

/* What Hugging Face's tokenizers of such files put round a text: the token that begins one (Llama, Gemma), or where
 * there is none the one that ends it (T5). */
static int make_post(struct post **p, const struct spm_file *f)
{
    uint32_t id;
    if (control_id(f, f->bos_piece, &id))
        return post_new_ids(p, &id, 1, NULL, 0);
    if (control_id(f, f->eos_piece, &id))
        return post_new_ids(p, NULL, 0, &id, 1);
    return 0;
}

/* Control pieces are special tokens, which no text contains. */
static int make_added(struct tok_parts *p, const struct spm_file *f, struct err *e)
{
    struct added_def *defs = xcalloc(f->n + 1, sizeof *defs);
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++)
        if (f->pieces[i].type == SPM_CONTROL)
            defs[n++] = (struct added_def){.content = f->pieces[i].text, .id = (uint32_t)i, .special = true};
    int rc = added_new(&p->added, defs, n, true, p->model->ops->vocab(p->model), 0, NULL, e);
    if (rc == 0 && p->added)
        added_hide(p->added);
    free(defs);
    return rc;
}

static int make_decode(struct decode **d, const struct spm_file *f, struct err *e)
{
    static const char with_prefix[] = "{\"type\":\"Sequence\",\"decoders\":["
                                      "{\"type\":\"Replace\",\"pattern\":{\"String\":\"\\u2581\"},\"content\":\" \"},"
                                      "{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"},"
                                      "{\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":0}]}";
    static const char without[] = "{\"type\":\"Sequence\",\"decoders\":["
                                  "{\"type\":\"Replace\",\"pattern\":{\"String\":\"\\u2581\"},\"content\":\" \"},"
                                  "{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"}]}";
    return decode_new_text(d, f->add_dummy_prefix ? with_prefix : without, e);
}

int tok_spm_load(struct tok_parts *p, struct str text, struct err *e)
{
    struct spm_file f;
    if (spm_read(&f, text, e) != 0)
        return -1;
    p->format = "sentencepiece";
    int rc = spm_norm_new(&p->norm, &f, e);
    if (rc == 0) {
        p->model = spm_model_new(&f);
        rc = make_added(p, &f, e);
    }
    if (rc == 0)
        rc = make_post(&p->post, &f);
    if (rc == 0)
        rc = make_decode(&p->decode, &f, e);
    spm_free(&f);
    return rc;
}

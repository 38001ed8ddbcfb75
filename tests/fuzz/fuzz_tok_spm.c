/* fuzz_tok_spm.c - two bytes of length, a SentencePiece model of that length, a text: refused with a reason, or ids
 * that the model has. */
#include "tok/tok_spm.h"
#include "tok/tok_utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void encode(const struct spm_file *f, struct str text)
{
    struct norm *norm = NULL;
    struct err e = {0};
    struct tok_ids ids = {0};
    if (spm_norm_new(&norm, f, &e) != 0) {
        if (e.code != ERR_DATA || !e.text[0])
            abort();
        return;
    }
    struct norm_scratch *ns = norm_scratch_new();
    struct model *m = spm_model_new(f);
    struct model_scratch *s = m->ops->scratch(m);
    struct str t = norm_apply(norm, ns, text);
    if (t.n)
        m->ops->encode(m, s, t, &ids);
    for (size_t i = 0; i < ids.n; i++)
        if (ids.v[i] >= f->n)
            abort();
    tok_ids_free(&ids);
    m->ops->scratch_free(s);
    m->ops->free(m);
    norm_scratch_free(&ns);
    norm_free(&norm);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 2)
        return 0;
    struct str all = {(const char *)data + 2, n - 2}, model = str_sub(all, 0, (size_t)(data[0] | data[1] << 8));
    struct buf text = BUF_INIT(1 << 24);
    struct spm_file f;
    struct err e = {0};
    utf8_lossy(str_sub(all, model.n, SIZE_MAX), &text);
    if (spm_read(&f, model, &e) == 0) {
        encode(&f, buf_str(&text));
        spm_free(&f);
    } else if (e.code != ERR_DATA || !e.text[0]) {
        abort();
    }
    buf_free(&text);
    return 0;
}

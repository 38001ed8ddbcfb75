/* Precompiled: SentencePiece's rules as Hugging Face's crate spm_precompiled applies them, which is not SentencePiece's
 * own way: a grapheme cluster of fewer than 6 bytes is replaced as a whole by what the shortest rule at its begin says;
 * else each character by itself. */
#include "base/base64.h"
#include "base/xalloc.h"
#include "tok/tok_cluster.h"
#include "tok/tok_darts.h"
#include "tok/tok_norm.h"

struct precompiled {
    struct norm norm;
    struct darts rules;
};

enum { WHOLE_CLUSTER = 6 };

static bool one_cluster(const struct darts *d, struct str cluster, struct buf *out)
{
    struct str to;
    bool changed = false;
    if (cluster.n < WHOLE_CLUSTER && darts_shortest(d, cluster, &to)) {
        buf_adds(out, to);
        return true;
    }
    for (size_t i = 0; i < cluster.n;) {
        unsigned n;
        utf8_get(cluster.p + i, &n);
        struct str c = {cluster.p + i, n};
        if (darts_shortest(d, c, &to)) {
            buf_adds(out, to);
            changed = true;
        } else {
            buf_adds(out, c);
        }
        i += n;
    }
    return changed;
}

/* ASCII characters that stand for themselves, each before another ASCII character: one cluster each, but for CR LF. */
static const char *skip_ascii(const struct darts *d, const char *p, const char *end)
{
    while (p + 1 < end && (unsigned char)*p < 0x80 && (unsigned char)p[1] < 0x80 && d->lone_ascii[(unsigned char)*p] &&
           *p != '\r')
        p++;
    return p;
}

static bool precompiled_apply(const struct norm *n, struct norm_scratch *s, struct str in, struct buf *out)
{
    const struct darts *d = &((const struct precompiled *)n)->rules;
    const char *p = in.p, *end = in.p + in.n;
    bool changed = false;
    while (p < end) {
        const char *q = skip_ascii(d, p, end);
        buf_add(out, p, (size_t)(q - p));
        size_t len = cluster_next(q, end);
        changed |= one_cluster(d, (struct str){q, len}, out);
        p = q + len;
    }
    if (!changed)
        norm_cut(out, out->n - in.n);
    return changed;
}

static void precompiled_free(struct norm *n)
{
    struct precompiled *p = (struct precompiled *)n;
    darts_free(&p->rules);
    free(p);
}

int norm_new_precompiled(struct norm **n, jnode *def, const char *path, struct err *e)
{
    static const struct norm_ops ops = {precompiled_apply, precompiled_free};
    struct str text = jn_str(jn_get(def, "precompiled_charsmap"), NULL);
    char *where = xasprintf("%s.precompiled_charsmap", path);
    char *blob = text.p ? xmalloc(text.n / 4 * 3 + 1) : NULL;
    struct precompiled *p = xcalloc(1, sizeof *p);
    p->norm.ops = &ops;
    int n_blob = text.p ? base64_decode(text, blob) : -1, rc = 0;
    if (n_blob < 0)
        rc = err_set(e, ERR_DATA, "%s: must be a string in base64", where);
    if (rc == 0)
        rc = darts_read(&p->rules, (struct str){blob, (size_t)n_blob}, where, e);
    free(blob);
    free(where);
    if (rc != 0)
        free(p);
    else
        *n = &p->norm;
    return rc;
}

/* tok_golden.h - for the tokenizer's tests: files of tests/tok/golden, which tests/tok/golden.py wrote with the
 * libraries that define what is right. */
#ifndef WEIR_TESTS_TOK_GOLDEN_H
#define WEIR_TESTS_TOK_GOLDEN_H

#include "base/file.h"
#include "base/jdoc.h"
#include "base/jscan.h"
#include "tok/tok_private.h"

struct golden {
    struct buf text; /* of the file */
    struct jdoc *doc;
    jnode *cases;
};

static inline void golden_load(struct golden *g, const char *name)
{
    char path[1000];
    struct err e = {0};
    const char *folder = getenv("WEIR_TOK_GOLDEN");
    assert_non_null(folder);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    buf_init(&g->text, 64 << 20);
    if (file_read(&g->text, path, &e) != 0)
        fail_msg("%s", e.text);
    g->doc = jdoc_parse(buf_str(&g->text), name, &e);
    if (!g->doc)
        fail_msg("%s", e.text);
    g->cases = jn_get(jdoc_root(g->doc), "cases");
}

static inline void golden_free(struct golden *g)
{
    jdoc_free(&g->doc);
    buf_free(&g->text);
}

/* The ids of a case as text, for the message of a failure. */
static inline void golden_show(const uint32_t *v, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++)
        buf_addf(out, "%s%u", i ? " " : "", v[i]);
}

static inline void golden_ids(jnode *ids, struct buf *out)
{
    for (size_t i = 0; i < jn_len(ids); i++)
        buf_addf(out, "%s%lld", i ? " " : "", (long long)jn_i64(jn_at(ids, i), -1));
}

/* A model of such a file and all its cases. */
static inline void golden_model(const struct model_ops *ops, const char *name)
{
    struct golden g;
    struct model *m = NULL;
    struct err e = {0};
    struct model_def def = {0};
    golden_load(&g, name);
    def.head = jn_get(jdoc_root(g.doc), "model");
    def.bytes = jn_bool(jn_get(jdoc_root(g.doc), "bytes"), false);
    assert_int_equal(js_path(buf_str(&g.text), "model.vocab", &def.vocab), 0);
    if (ops->load(&m, &def, &e) != 0)
        fail_msg("%s: %s", name, e.text);
    struct model_scratch *s = ops->scratch ? ops->scratch(m) : NULL;
    struct tok_ids ids = {0};
    struct buf got = BUF_INIT(1 << 20), want = BUF_INIT(1 << 20);
    assert_true(jn_len(g.cases) >= 50);
    /* Twice: the second time from the cache of pieces. */
    for (size_t k = 0; k < 2 * jn_len(g.cases); k++) {
        size_t i = k % jn_len(g.cases);
        jnode *c = jn_at(g.cases, i);
        ids.n = 0;
        ops->encode(m, s, jn_str(jn_at(c, 0), NULL), &ids);
        buf_clear(&got);
        buf_clear(&want);
        golden_show(ids.v, ids.n, &got);
        golden_ids(jn_at(c, 1), &want);
        if (!str_eq(buf_str(&got), buf_str(&want)))
            fail_msg("%s, case %zu, \"%s\": %s instead of %s", name, i, jn_str(jn_at(c, 0), "").p, got.p, want.p);
    }
    tok_ids_free(&ids);
    buf_free(&got);
    buf_free(&want);
    if (s)
        ops->scratch_free(s);
    ops->free(m);
    golden_free(&g);
}

/* Loads a model given as JSON and expects an error with this text. */
static inline void golden_refused(const struct model_ops *ops, const char *json, const char *text)
{
    struct err e = {0};
    struct model *m = NULL;
    struct model_def def = {0};
    struct jdoc *doc = jdoc_parse(str_of(json), "test", &e);
    assert_non_null(doc);
    def.head = jdoc_root(doc);
    assert_int_equal(js_path(str_of(json), "vocab", &def.vocab), 0);
    if (ops->load(&m, &def, &e) == 0)
        fail_msg("%s: was taken", json);
    if (!strstr(e.text, text))
        fail_msg("%s: \"%s\" instead of \"%s\"", json, e.text, text);
    jdoc_free(&doc);
}

#endif

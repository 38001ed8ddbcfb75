/* ds_show.h - for the dataset tests: a dataset as text, and checks of what is refused. */
#ifndef WEIR_TESTS_DS_SHOW_H
#define WEIR_TESTS_DS_SHOW_H

#include "base/buf.h"
#include "load/dataset.h"

static inline void ds_show_extra(const struct plan_extra *x, struct buf *b)
{
    if (!x)
        return;
    if (x->at >= 0)
        buf_addf(b, " at %lld", (long long)x->at);
    if (x->tokens_in >= 0)
        buf_addf(b, " in %lld", (long long)x->tokens_in);
    if (x->klass.n)
        buf_addf(b, " class " STR_FMT, STR_ARG(x->klass));
    if (x->model.n)
        buf_addf(b, " model " STR_FMT, STR_ARG(x->model));
}

/* "[WHERE words N max N at NS in N class C model M] role=content; role:{raw}; ..." a line per sample. */
static inline void ds_show(const struct dataset *ds, struct buf *b)
{
    for (size_t i = 0; i < dataset_n(ds); i++) {
        const struct plan_sample *s = dataset_at(ds, i);
        buf_addf(b, "[" STR_FMT " words %u", STR_ARG(s->where), s->words);
        if (s->max_tokens >= 0)
            buf_addf(b, " max %lld", (long long)s->max_tokens);
        ds_show_extra(s->extra, b);
        buf_addz(b, "]");
        for (uint32_t m = 0; m < s->n_msgs; m++) {
            const struct plan_msg *msg = &s->msgs[m];
            buf_addf(b, " %s", plan_role_name(msg->role));
            buf_addc(b, msg->raw_json.n ? ':' : '=');
            buf_adds(b, msg->raw_json.n ? msg->raw_json : msg->content);
            buf_addc(b, ';');
        }
        buf_addc(b, '\n');
    }
}

static inline void ds_expect_with(const char *text, const char *name, const struct dataset_opts *o, const char *want)
{
    struct err e = {0};
    struct buf b = BUF_INIT(1 << 20);
    struct dataset *ds = dataset_load_text_with(str_of(text), name, o, &e);
    if (!ds)
        fail_msg("refused: %s", e.text);
    assert_int_equal(e.code, ERR_NONE);
    ds_show(ds, &b);
    assert_string_equal(b.p, want);
    dataset_free(&ds);
    assert_null(ds);
    buf_free(&b);
}

static inline void ds_expect(const char *text, const char *name, const char *format, const char *want)
{
    struct dataset_opts o = {.format = format};
    ds_expect_with(text, name, &o, want);
}

static inline void ds_refused_with(const char *text, const char *name, const struct dataset_opts *o, enum err_code code,
                                   const char *says)
{
    struct err e = {0};
    struct dataset *ds = dataset_load_text_with(str_of(text), name, o, &e);
    if (ds)
        fail_msg("accepted: %s", text);
    assert_string_equal(e.text, says);
    assert_int_equal(e.code, code);
    assert_null(dataset_load_text_with(str_of(text), name, o, NULL)); /* and without a place for the error */
}

static inline void ds_refused(const char *text, const char *name, const char *format, const char *says)
{
    struct dataset_opts o = {.format = format};
    ds_refused_with(text, name, &o, ERR_DATA, says);
}

#endif

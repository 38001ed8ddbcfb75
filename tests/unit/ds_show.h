/* ds_show.h - for the dataset tests: a dataset as text, and checks of what is refused. */
#ifndef WEIR_TESTS_DS_SHOW_H
#define WEIR_TESTS_DS_SHOW_H

#include "base/buf.h"
#include "load/dataset.h"

/* "[WHERE words N max N] role=content; role:{raw}; ..." a line per sample. */
static inline void ds_show(const struct dataset *ds, struct buf *b)
{
    for (size_t i = 0; i < dataset_n(ds); i++) {
        const struct plan_sample *s = dataset_at(ds, i);
        buf_addf(b, "[" STR_FMT " words %u", STR_ARG(s->where), s->words);
        if (s->max_tokens >= 0)
            buf_addf(b, " max %lld", (long long)s->max_tokens);
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

static inline void ds_expect(const char *text, const char *name, const char *format, const char *want)
{
    struct err e = {0};
    struct buf b = BUF_INIT(1 << 20);
    struct dataset *ds = dataset_load_text(str_of(text), name, format, &e);
    if (!ds)
        fail_msg("refused: %s", e.text);
    assert_int_equal(e.code, ERR_NONE);
    ds_show(ds, &b);
    assert_string_equal(b.p, want);
    dataset_free(&ds);
    assert_null(ds);
    buf_free(&b);
}

static inline void ds_refused(const char *text, const char *name, const char *format, const char *says)
{
    struct err e = {0};
    struct dataset *ds = dataset_load_text(str_of(text), name, format, &e);
    if (ds)
        fail_msg("accepted: %s", text);
    assert_int_equal(e.code, ERR_DATA);
    assert_string_equal(e.text, says);
    assert_null(dataset_load_text(str_of(text), name, format, NULL)); /* and without a place for the error */
}

#endif

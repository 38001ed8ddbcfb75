/* api_show.h - for the tests of dialects: a whole exchange as one line of text, through the parser of its framing. */
#ifndef WEIR_TESTS_API_SHOW_H
#define WEIR_TESTS_API_SHOW_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "api/api_memo.h"
#include "base/jdoc.h"
#include "proto/ndjson.h"
#include "proto/sse.h"

struct show {
    const struct api_ops *ops;
    struct api_memo memo;
    struct buf out;
};

/* "C[text] R[thought] T[tool] U(in,out,cached,reasoning) F3 END E[error]", what is not said left out. */
static inline void show_event(struct buf *out, const struct api_event *ev)
{
    const char *name = ev->flags & API_CONTENT ? "C" : ev->flags & API_REASONING ? "R" : "T";
    if (ev->flags & API_TOKEN) {
        buf_addf(out, " %s[", name);
        for (unsigned i = 0; i < ev->n_texts; i++)
            buf_addf(out, "%s" STR_FMT, i ? "|" : "", STR_ARG(ev->text[i]));
        buf_addz(out, "]");
    }
    if (ev->flags & API_USAGE)
        buf_addf(out, " U(%lld,%lld,%lld,%lld)", (long long)ev->prompt_tokens, (long long)ev->completion_tokens,
                 (long long)ev->cached_tokens, (long long)ev->reasoning_tokens);
    if (ev->flags & API_FINISH)
        buf_addf(out, " F%d", ev->finish);
    if (ev->flags & API_TERMINAL)
        buf_addz(out, " END");
    if (ev->flags & API_ERROR)
        buf_addf(out, " E[" STR_FMT "]", STR_ARG(ev->error));
}

static inline int show_data(struct show *s, struct str type, struct str data)
{
    struct api_event ev;
    if (api_memo_event(s->ops, &s->memo, type, data, &ev) < 0) {
        buf_addz(&s->out, " BAD");
        return -1;
    }
    show_event(&s->out, &ev);
    return 0;
}

static inline int show_sse(void *arg, const struct sse_ev *ev)
{
    return show_data(arg, ev->type, ev->data);
}

static inline int show_line(void *arg, struct str line)
{
    return show_data(arg, STR(""), line);
}

static inline void assert_shown(struct buf *out, const char *want)
{
    if (!str_eqz(str_trim(buf_str(out)), want))
        fail_msg("got  %s\nwant %s", out->p ? out->p : "", want);
    buf_free(out);
}

/* The events of a recorded stream. */
static inline void assert_stream(const char *dialect, const char *text, const char *want)
{
    struct show s = {.ops = api_find(str_of(dialect)), .out = BUF_INIT(1 << 20)};
    if (s.ops->lines) {
        struct ndjson p;
        ndjson_init(&p, 1 << 20, show_line, &s);
        ndjson_feed(&p, text, strlen(text));
        ndjson_end(&p);
        ndjson_free(&p);
    } else {
        struct sse p;
        sse_init(&p, 1 << 20, show_sse, &s);
        sse_feed(&p, text, strlen(text));
        sse_free(&p);
    }
    assert_shown(&s.out, want);
    api_memo_free(&s.memo);
}

static inline void assert_document(const char *dialect, const char *text, const char *want)
{
    struct buf out = BUF_INIT(1 << 20);
    struct api_event ev;
    if (api_find(str_of(dialect))->document(str_of(text), &ev) < 0)
        buf_addz(&out, "BAD");
    else
        show_event(&out, &ev);
    assert_shown(&out, want);
}

/* The body of one request, parsed back by an independent reader; the caller frees it. */
static inline struct jdoc *asked(const char *dialect, const struct api_opts *o, const struct plan_sample *s,
                                 const char *nonce)
{
    struct api a;
    struct err e = {0};
    if (api_prepare(&a, api_find(str_of(dialect)), o, &e) < 0)
        fail_msg("%s", e.text);
    assert_int_equal(a.ops->check(s, &e), 0);
    struct plan_item it = {.what = s};
    snprintf(it.nonce, sizeof it.nonce, "%s", nonce);
    struct api_body b = {.spill = BUF_INIT(1 << 24)};
    struct buf flat = BUF_INIT(1 << 24);
    api_render(&a, &it, &b);
    assert_true(b.n <= API_MAX_PIECES);
    for (int i = 0; i < b.n; i++)
        buf_add(&flat, b.v[i].iov_base, b.v[i].iov_len);
    assert_int_equal(flat.n, b.bytes);
    struct jdoc *d = jdoc_parse(buf_str(&flat), "body", &e);
    if (!d)
        fail_msg("%s: %s", e.text, flat.p);
    buf_free(&flat);
    buf_free(&b.spill);
    api_free(&a);
    return d;
}

static inline void assert_text(jnode *n, const char *want)
{
    struct str s = jn_str(n, "(none)");
    if (!str_eqz(s, want))
        fail_msg("got \"" STR_FMT "\", want \"%s\"", STR_ARG(s), want);
}

/* The dialect refuses the sample, and says so in these words. */
static inline void assert_refused(const char *dialect, const struct plan_sample *s, const char *says)
{
    struct err e = {0};
    assert_int_equal(api_find(str_of(dialect))->check(s, &e), -1);
    if (!strstr(e.text, says))
        fail_msg("\"%s\" does not say \"%s\"", e.text, says);
}

static const struct api_opts plain = {.model = "m", .max_tokens = -1, .temperature = NAN, .stream = true};
static const struct plan_msg talk[] = {{ROLE_SYSTEM, STR("Be \\\"brief\\\"."), {0}},
                                       {ROLE_USER, STR("Hi"), {0}},
                                       {ROLE_ASSISTANT, STR("Hello"), {0}},
                                       {ROLE_USER, STR("Why?\\n"), {0}}};

static inline struct plan_sample sample_of(const struct plan_msg *m, uint32_t n, int64_t max_tokens)
{
    return (struct plan_sample){.msgs = m, .n_msgs = n, .max_tokens = max_tokens, .where = STR("data:7")};
}

#endif

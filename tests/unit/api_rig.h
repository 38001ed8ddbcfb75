/* api_rig.h - what the tests of the dialects share: a rendered request as text, and an answer told event by event.
 *
 * A stream is told as a line per event: the flags' words, each text as C~text~ (R: reasoning, T: tool call), counts as
 * prompt/completion/cached (a dash: not said). Events pass the SSE parser and the memory of the last event, as in the
 * engine. */
#ifndef WEIR_TESTS_API_RIG_H
#define WEIR_TESTS_API_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "api/api_memo.h"
#include "base/jdoc.h"
#include "proto/sse.h"

static const struct api_opts rig_plain = {.max_tokens = -1, .temperature = (double)NAN, .stream = true};

static inline const struct api_ops *rig_ops(const char *dialect)
{
    const struct api_ops *ops = api_find(str_of(dialect));
    assert_non_null(ops);
    return ops;
}

/* The body of one request; valid JSON by another reader's word. Freed by the caller. */
static inline char *rig_body(const char *dialect, const struct api_opts *o, const struct plan_sample *s,
                             const char *nonce)
{
    struct api a;
    struct err e = {0};
    struct plan_item it = {.what = s};
    struct api_body b = {.spill = BUF_INIT(1u << 24)};
    struct buf flat = BUF_INIT(1u << 24);
    if (api_prepare(&a, rig_ops(dialect), o, &e) < 0)
        fail_msg("%s", e.text);
    snprintf(it.nonce, sizeof it.nonce, "%s", nonce);
    api_render(&a, &it, &b);
    assert_true(b.n <= API_MAX_PIECES);
    for (int i = 0; i < b.n; i++)
        buf_add(&flat, b.v[i].iov_base, b.v[i].iov_len);
    assert_int_equal(flat.n, b.bytes);
    struct jdoc *d = jdoc_parse(buf_str(&flat), "body", &e);
    if (!d)
        fail_msg("%s: %s", e.text, flat.p);
    jdoc_free(&d);
    buf_free(&b.spill);
    api_free(&a);
    return flat.p;
}

static inline void rig_assert_body(const char *dialect, const struct api_opts *o, const struct plan_sample *s,
                                   const char *want)
{
    char *got = rig_body(dialect, o, s, "");
    assert_string_equal(got, want);
    free(got);
}

static inline void rig_tell_count(struct buf *b, int64_t v, char before)
{
    buf_addc(b, before);
    if (v < 0)
        buf_addc(b, '-');
    else
        buf_addf(b, "%lld", (long long)v);
}

static inline void rig_tell(struct buf *b, const struct api_ops *ops, const struct api_event *ev)
{
    static const char *const finish[] = {"-", "stop", "length", "tool", "filter", "other"};
    const char *kind = ev->flags & API_TOOL ? "T" : ev->flags & API_REASONING ? "R" : "C";
    for (unsigned i = 0; i < ev->n_texts; i++)
        buf_addf(b, "%s~%.*s~ ", kind, STR_ARG(ev->text[i]));
    if (ev->flags & API_FINISH)
        buf_addf(b, "finish=%s ", finish[ev->finish]);
    if (ev->flags & API_USAGE) {
        buf_addz(b, ops->own_counts || ev->own_counts ? "counts" : "usage");
        rig_tell_count(b, ev->prompt_tokens, '=');
        rig_tell_count(b, ev->completion_tokens, '/');
        rig_tell_count(b, ev->cached_tokens, '/');
        buf_addc(b, ' ');
    }
    if (ev->reasoning_tokens >= 0)
        buf_addf(b, "reasoned=%lld ", (long long)ev->reasoning_tokens);
    if (ev->flags & API_RESULT)
        buf_addz(b, "result ");
    if (ev->flags & API_ERROR)
        buf_addf(b, "error~%.*s~ ", STR_ARG(ev->error));
    if (ev->flags & API_TERMINAL)
        buf_addz(b, "terminal ");
    if (ev->plain)
        buf_addz(b, "plain ");
    if (b->n > 0 && b->p[b->n - 1] == ' ')
        b->n--;
    buf_addc(b, '\n');
}

struct rig_stream {
    const struct api_ops *ops;
    struct api_memo memo;
    struct buf told;
};

static inline int rig_on_event(void *arg, const struct sse_ev *sse)
{
    struct rig_stream *r = (struct rig_stream *)arg;
    struct api_event ev;
    if (api_memo_event(r->ops, &r->memo, sse->type, sse->data, &ev) < 0)
        buf_addz(&r->told, "refused\n");
    else
        rig_tell(&r->told, r->ops, &ev);
    return 0;
}

/* The whole stream at once, and byte by byte: the same. */
static inline void rig_assert_stream(const char *dialect, const char *stream, const char *want)
{
    for (int bytewise = 0; bytewise < 2; bytewise++) {
        struct rig_stream r = {.ops = rig_ops(dialect), .told = BUF_INIT(1u << 20)};
        struct sse s;
        sse_init(&s, 1u << 20, rig_on_event, &r);
        size_t n = strlen(stream), step = bytewise ? 1 : n;
        for (size_t i = 0; i < n; i += step)
            sse_feed(&s, stream + i, step);
        assert_string_equal(r.told.p ? r.told.p : "", want);
        sse_free(&s);
        api_memo_free(&r.memo);
        buf_free(&r.told);
    }
}

/* Lines of a stream that is no SSE. */
static inline void rig_assert_lines(const char *dialect, const char *lines, const char *want)
{
    struct rig_stream r = {.ops = rig_ops(dialect), .told = BUF_INIT(1u << 20)};
    struct str_split it = {.rest = str_of(lines), .sep = '\n'};
    struct str line;
    while (str_next(&it, &line)) {
        struct sse_ev sse = {.data = line};
        if (line.n > 0)
            rig_on_event(&r, &sse);
    }
    assert_string_equal(r.told.p ? r.told.p : "", want);
    api_memo_free(&r.memo);
    buf_free(&r.told);
}

static inline void rig_assert_document(const char *dialect, const char *body, const char *want)
{
    struct api_event ev;
    struct buf told = BUF_INIT(1u << 20);
    if (rig_ops(dialect)->document(str_of(body), &ev) < 0)
        buf_addz(&told, "refused\n");
    else
        rig_tell(&told, rig_ops(dialect), &ev);
    assert_string_equal(told.p, want);
    buf_free(&told);
}

#endif

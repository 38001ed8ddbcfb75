/* sim_rig.h - an answer of one of the simulator's dialects as a client would see it, HTTP's chunks taken off and
 * checked. */
#ifndef WEIR_TESTS_SIM_RIG_H
#define WEIR_TESTS_SIM_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/jdoc.h"
#include "base/xalloc.h"
#include "sim/sim_dialect.h"
#include "sim/sim_text.h"

static const struct ask_rules rig_rules = {0};

static inline struct ask rig_ask(const struct sim_dialect *d, const char *body)
{
    struct ask a;
    struct ask_error x = {0};
    if (d->ask(&a, str_of(body), &rig_rules, &x) < 0)
        fail_msg("%s: %s", body, x.message);
    return a;
}

static inline void rig_refused(const struct sim_dialect *d, const char *body, const char *says)
{
    struct ask a;
    struct ask_error x = {0};
    assert_int_equal(d->ask(&a, str_of(body), &rig_rules, &x), -1);
    assert_int_equal(x.status, 400);
    if (!strstr(x.message, says))
        fail_msg("%s: \"%s\" is not in \"%s\"", body, says, x.message);
}

/* Appends the data of the chunks in `piece`, which are whole. *ended: the last chunk was there. */
static inline void rig_unchunk(struct buf *out, struct str piece, bool *ended)
{
    while (piece.n > 0) {
        char *end;
        assert_false(*ended);
        unsigned long n = strtoul(piece.p, &end, 16);
        size_t head = (size_t)(end - piece.p);
        assert_true(head > 0 && head + 2 + n + 2 <= piece.n && memcmp(end, "\r\n", 2) == 0);
        buf_add(out, end + 2, n);
        assert_memory_equal(end + 2 + n, "\r\n", 2);
        *ended = n == 0;
        piece = str_sub(piece, head + 2 + n + 2, piece.n);
    }
}

enum rig_end { RIG_END, RIG_ERROR, RIG_BAD_JSON };

/* The body of a stream of the given words, with HTTP's chunks or (HTTP/2) without: the same. Freed by the caller. */
static inline char *rig_stream(const struct sim_dialect *d, const char *const *words, uint64_t n, enum rig_end how)
{
    char *got[2];
    for (int chunked = 0; chunked < 2; chunked++) {
        char *scratch = xmalloc(EVENT_SCRATCH);
        struct buf out = BUF_INIT(1u << 20);
        bool ended = false;
        struct event_fmt f = {.chunked = chunked,
                              .prompt_tokens = 3,
                              .n_tokens = n,
                              .seed = 1,
                              .request = 2,
                              .finish = "length",
                              .room = BUF_INIT(1u << 20),
                              .text = BUF_INIT(1u << 20)};
        d->init(&f, STR("m"), STR("id"), 0);
        for (uint64_t i = 0; i < n + 2; i++) {
            struct str piece = i == 0                ? d->begin(&f, scratch)
                               : i <= n              ? d->token(&f, str_of(words[i - 1]), i, scratch)
                               : how == RIG_ERROR    ? d->error(&f, scratch)
                               : how == RIG_BAD_JSON ? d->bad_json(&f, scratch)
                                                     : d->end(&f, "length", n, scratch);
            if (chunked)
                rig_unchunk(&out, piece, &ended);
            else
                buf_adds(&out, piece);
        }
        assert_int_equal(ended, chunked && how != RIG_BAD_JSON);
        buf_addc(&out, 0);
        got[chunked] = out.p;
        event_free(&f);
        free(scratch);
    }
    assert_string_equal(got[0], got[1]);
    free(got[1]);
    return got[0];
}

static inline void rig_streams(const struct sim_dialect *d, const char *const *words, uint64_t n, enum rig_end how,
                               const char *want)
{
    char *got = rig_stream(d, words, n, how);
    assert_string_equal(got, want);
    free(got);
}

/* The whole body of an answer to `ask`, of two tokens. */
static inline struct jdoc *rig_body(const struct sim_dialect *d, const char *ask)
{
    struct ask a = rig_ask(d, ask);
    struct err e = {0};
    struct buf out = BUF_INIT(1u << 24);
    struct event_fmt f = {.prompt_tokens = a.prompt_tokens,
                          .n_tokens = 2,
                          .seed = 1,
                          .request = 2,
                          .finish = "stop",
                          .room = BUF_INIT(1u << 20),
                          .text = BUF_INIT(1u << 20),
                          .items = a.items,
                          .dimensions = a.dimensions};
    d->init(&f, a.model, STR("id"), 0);
    d->body(&f, &out, 1, 2, 2, "stop");
    struct jdoc *doc = jdoc_parse(buf_str(&out), "body", &e);
    if (!doc)
        fail_msg("%s: %s", e.text, out.p);
    event_free(&f);
    buf_free(&out);
    return doc;
}

/* Whether it is the two words that the simulator's second answer has. */
static inline void rig_assert_words(jnode *n)
{
    struct str got = jn_str(n, "");
    char want[2 * SIM_WORD_MAX];
    size_t len = 0;
    for (uint64_t k = 0; k < 2; k++) {
        struct sim_word w = sim_word_at(1, 2, k);
        if (k > 0)
            want[len++] = str_eqz(w.sep, " ") ? ' ' : '\n';
        memcpy(want + len, w.text.p, w.text.n);
        len += w.text.n;
    }
    assert_int_equal(got.n, len);
    assert_memory_equal(got.p, want, len);
}

static inline void rig_assert_i64(const struct jdoc *d, const char *path, int64_t want)
{
    assert_int_equal(jn_i64(jn_get(jdoc_root(d), path), -1), want);
}

#endif

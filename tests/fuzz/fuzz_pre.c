/* fuzz_pre.c - a pre-tokenizer (JSON, or else a pattern) in the first line, a text behind it: no crash; the pieces lie
 * in order in their text, and those of a pattern by itself are the text. */
#include <stdlib.h>

#include "tok/tok_private.h"
#include "tok/tok_regex.h"
#include "tok/tok_utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(const struct pre *p, struct str text, bool whole)
{
    struct pre_scratch *s = pre_scratch_new(p);
    struct pieces v = {0};
    size_t at = 0;
    for (int first = 0; first < 2; first++) {
        pre_split(p, s, text, first, &v);
        at = 0;
        for (size_t i = 0; i < v.n; i++) {
            if (v.v[i].at < at || v.v[i].n == 0 || (whole && v.v[i].at != at))
                abort();
            at = (size_t)v.v[i].at + v.v[i].n;
        }
    }
    if (whole && (at != text.n || (v.n && v.text != text.p)))
        abort();
    pre_scan_fn *scan = pre_scanner(p);
    for (at = 0; scan && at < text.n;) {
        size_t len = scan(text.p + at, text.p + text.n);
        if (len == 0 || len > text.n - at)
            abort();
        at += len;
    }
    free(v.v);
    pre_scratch_free(&s);
}

/* The pattern with its gaps makes the text again. */
static void check_regex(struct str pattern, bool tiktoken, struct str text)
{
    struct regex *r = NULL;
    struct err e = {0};
    if (regex_new(&r, pattern, tiktoken, &e) < 0) {
        if (e.code != ERR_DATA || !e.text[0])
            abort();
        return;
    }
    struct regex_scratch *s = regex_scratch_new();
    struct regex_walk w = {.text = text};
    size_t from, to, last = 0;
    while (regex_next(r, s, &w, &from, &to)) {
        if (from < last || to < from || to > text.n)
            abort();
        last = to;
    }
    regex_scratch_free(&s);
    regex_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const uint8_t *line = memchr(data, '\n', n);
    size_t head = line ? (size_t)(line - data) : n;
    struct buf def = BUF_INIT(4 * n + 16), text = BUF_INIT(4 * n + 16);
    utf8_lossy((struct str){(const char *)data, head}, &def);
    if (line)
        utf8_lossy((struct str){(const char *)line + 1, n - head - 1}, &text);
    struct err e = {0};
    struct pre *p = NULL;
    if (def.n && def.p[0] == '{') {
        struct jdoc *d = jdoc_parse(buf_str(&def), "fuzz", &e);
        if (d && pre_new(&p, jdoc_root(d), "pre_tokenizer", &e) == 0)
            check(p, buf_str(&text), false);
        else if (e.code != ERR_DATA || !e.text[0])
            abort();
        jdoc_free(&d);
    } else {
        check_regex(buf_str(&def), false, buf_str(&text));
        check_regex(buf_str(&def), true, buf_str(&text));
        if (pre_new_pattern(&p, buf_str(&def), &e) == 0)
            check(p, buf_str(&text), pre_scanner(p) != NULL);
    }
    pre_free(&p);
    buf_free(&def);
    buf_free(&text);
    return 0;
}

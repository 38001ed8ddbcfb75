#include "tok/tok_regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "tok/tok_utf8.h"

enum {
    PATTERN_MAX = 64 << 10,
    REWRITTEN_MAX = 8 << 20,
    MATCH_LIMIT = 10000000, /* Oniguruma's own limit of retries */
    HEAP_KIB = 1 << 20,
    STACK_FIRST = 32 << 10,
    STACK_MAX = 64 << 20, /* only what is used takes memory */
};

struct regex {
    pcre2_code *code;
    bool jit;
};
struct regex_scratch {
    pcre2_match_data *match;
    pcre2_jit_stack *stack;
    pcre2_match_context *context; /* with the stack of this thread */
};

int regex_new(struct regex **r, struct str pattern, bool tiktoken, struct err *e)
{
    if (pattern.n > PATTERN_MAX)
        return err_set(e, ERR_DATA, "a pattern of %zu bytes; the limit is %d", pattern.n, PATTERN_MAX);
    struct buf b = BUF_INIT(REWRITTEN_MAX);
    if (regex_rewrite(pattern, tiktoken, &b, e) < 0) {
        buf_free(&b);
        return -1;
    }
    pcre2_compile_context *cc = pcre2_compile_context_create(NULL);
    pcre2_set_newline(cc, PCRE2_NEWLINE_LF);
    int code;
    PCRE2_SIZE at;
    pcre2_code *re = pcre2_compile((PCRE2_SPTR)(b.p ? b.p : ""), b.n,
                                   PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_NEVER_BACKSLASH_C, &code, &at, cc);
    pcre2_compile_context_free(cc);
    if (!re) {
        PCRE2_UCHAR text[256] = "";
        pcre2_get_error_message(code, text, sizeof text);
        buf_free(&b);
        return err_set(e, ERR_DATA, "the pattern cannot be compiled by PCRE2 (%s); weir cannot count with it", text);
    }
    buf_free(&b);
    *r = xcalloc(1, sizeof **r);
    (*r)->code = re;
    (*r)->jit = pcre2_jit_compile(re, PCRE2_JIT_COMPLETE) == 0;
    return 0;
}

void regex_free(struct regex **r)
{
    if (!*r)
        return;
    pcre2_code_free((*r)->code);
    free(*r);
    *r = NULL;
}

struct regex_scratch *regex_scratch_new(void)
{
    struct regex_scratch *s = xcalloc(1, sizeof *s);
    s->match = pcre2_match_data_create(1, NULL);
    s->stack = pcre2_jit_stack_create(STACK_FIRST, STACK_MAX, NULL);
    s->context = pcre2_match_context_create(NULL);
    if (!s->match || !s->context)
        abort();
    pcre2_set_match_limit(s->context, MATCH_LIMIT);
    pcre2_set_heap_limit(s->context, HEAP_KIB);
    if (s->stack)
        pcre2_jit_stack_assign(s->context, NULL, s->stack);
    return s;
}

void regex_scratch_free(struct regex_scratch **s)
{
    if (!*s)
        return;
    pcre2_match_data_free((*s)->match);
    pcre2_jit_stack_free((*s)->stack);
    pcre2_match_context_free((*s)->context);
    free(*s);
    *s = NULL;
}

static bool find(const struct regex *r, struct regex_scratch *s, struct str text, size_t from, size_t *start,
                 size_t *end)
{
    PCRE2_SPTR p = (PCRE2_SPTR)(text.p ? text.p : "");
    int rc = PCRE2_ERROR_JIT_STACKLIMIT;
    if (r->jit)
        rc = pcre2_jit_match(r->code, p, text.n, from, PCRE2_NO_UTF_CHECK, s->match, s->context);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
        rc = pcre2_match(r->code, p, text.n, from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, s->match, s->context);
    if (rc < 0)
        return false;
    const PCRE2_SIZE *v = pcre2_get_ovector_pointer(s->match);
    *start = v[0];
    *end = v[1];
    return true;
}

bool regex_next(const struct regex *r, struct regex_scratch *s, struct regex_walk *w, size_t *start, size_t *end)
{
    while (w->from <= w->text.n) {
        if (!find(r, s, w->text, w->from, start, end)) {
            w->from = w->text.n + 1;
            return false;
        }
        if (*start == *end && w->some && w->last_end == *end) {
            unsigned n = 1;
            if (w->from < w->text.n)
                utf8_get(w->text.p + w->from, &n);
            w->from += n;
            continue;
        }
        w->from = w->last_end = *end;
        w->some = true;
        return true;
    }
    return false;
}

/* NFC, NFD, NFKC and NFKD of Unicode 9, as Hugging Face's library has them.
 *
 * A quick check passes over what cannot change; utf8proc decomposes and composes only the spans between, each from the
 * last character before that stands alone to the next one that does. The marks of a span are sorted here, because
 * utf8proc's own sorting is quadratic. utf8proc is of a newer Unicode: what Unicode 9 did not have never comes to it,
 * as such a character stands alone and is left out of the span that it would begin. */
#include <utf8proc.h>

#include "base/xalloc.h"
#include "tok/tok_norm.h"

struct form {
    struct norm norm;
    unsigned flag;
};

enum {
    LONGEST_DECOMPOSITION = 32, /* 18 code points: U+FDFA */
    FEW_MARKS = 24,
};

static int ccc(int32_t c)
{
    return utf8proc_get_property(c)->combining_class;
}

/* The first character at or behind p that may change or be a mark. */
static const char *next_suspect(unsigned flags, const char *p, const char *end)
{
    while (p < end) {
        unsigned char b = (unsigned char)*p;
        if (b < 0x80) {
            p++;
            continue;
        }
        unsigned n;
        if (uni_form(utf8_get(p, &n)) & flags)
            return p;
        p += n;
    }
    return end;
}

/* The end of the span of suspects at p; *ordered: all of them pass the quick check and the marks stand in order. */
static const char *span_end(unsigned flag, const char *p, const char *end, bool *ordered)
{
    int last = 0;
    *ordered = true;
    while (p < end) {
        unsigned n;
        uint32_t c = utf8_get(p, &n);
        unsigned f = uni_form(c);
        if (!(f & (flag | UNI_MARK)))
            break;
        if (f & flag) {
            *ordered = false;
        } else if (*ordered) {
            int k = ccc((int32_t)c);
            *ordered = k == 0 || k >= last;
            last = k;
        }
        p += n;
    }
    return p;
}

static void need_code_points(struct norm_scratch *s, size_t n)
{
    if (n <= s->cp_cap)
        return;
    s->cp_cap = MAX(n, s->cp_cap * 2);
    s->cp = xreallocarray(s->cp, s->cp_cap, sizeof *s->cp);
    s->cp_sorted = xreallocarray(s->cp_sorted, s->cp_cap, sizeof *s->cp_sorted);
}

static void sort_many(int32_t *v, size_t n, int32_t *to)
{
    size_t at[257] = {0};
    for (size_t i = 0; i < n; i++)
        at[ccc(v[i]) + 1]++;
    for (unsigned k = 1; k < 257; k++)
        at[k] += at[k - 1];
    for (size_t i = 0; i < n; i++)
        to[at[ccc(v[i])]++] = v[i];
    memcpy(v, to, n * sizeof *v);
}

static void sort_few(int32_t *v, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        int32_t c = v[i];
        int k = ccc(c);
        size_t j = i;
        for (; j > 0 && ccc(v[j - 1]) > k; j--)
            v[j] = v[j - 1];
        v[j] = c;
    }
}

/* Each run of marks into the order of their classes; equal ones keep their order. */
static void sort_marks(struct norm_scratch *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t from = i;
        while (i < n && ccc(s->cp[i]) != 0)
            i++;
        if (i - from > FEW_MARKS)
            sort_many(s->cp + from, i - from, s->cp_sorted);
        else if (i - from > 1)
            sort_few(s->cp + from, i - from);
        i += i == from;
    }
}

static void add_span(unsigned flag, struct norm_scratch *s, const char *p, const char *end, struct buf *out)
{
    bool compose = flag & (UNI_NFC | UNI_NFKC);
    utf8proc_option_t how = UTF8PROC_STABLE | (compose ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE);
    if (flag & (UNI_NFKC | UNI_NFKD))
        how |= UTF8PROC_COMPAT;
    size_t n = 0;
    while (p < end) {
        unsigned len;
        int unused = 0;
        need_code_points(s, n + LONGEST_DECOMPOSITION);
        utf8proc_ssize_t k =
            utf8proc_decompose_char((int32_t)utf8_get(p, &len), s->cp + n, LONGEST_DECOMPOSITION, how, &unused);
        n += k > 0 ? (size_t)k : 0;
        p += len;
    }
    sort_marks(s, n);
    if (compose) {
        utf8proc_ssize_t k = utf8proc_normalize_utf32(s->cp, (utf8proc_ssize_t)n, how);
        n = k > 0 ? (size_t)k : 0;
    }
    for (size_t i = 0; i < n; i++)
        norm_put(out, (uint32_t)s->cp[i]);
}

/* Where the character before p begins, if it may compose with what follows; else p. */
static const char *starter_before(unsigned flag, const char *begin, const char *p)
{
    if (p == begin || !(flag & (UNI_NFC | UNI_NFKC)))
        return p;
    const char *q = uni_back(p);
    unsigned n;
    return uni_form(utf8_get(q, &n)) & UNI_SINCE_9 ? p : q;
}

bool norm_form(unsigned flag, struct norm_scratch *s, struct str in, struct buf *out)
{
    const char *end = in.p + in.n, *copied = in.p, *p = in.p;
    size_t begin = out->n;
    bool changed = false;
    while ((p = next_suspect(flag | UNI_MARK, p, end)) < end) {
        bool ordered;
        const char *stop = span_end(flag, p, end, &ordered);
        if (!ordered) {
            const char *start = starter_before(flag, copied, p);
            buf_add(out, copied, (size_t)(start - copied));
            size_t before = out->n;
            add_span(flag, s, start, stop, out);
            size_t n = (size_t)(stop - start);
            changed = changed || out->n - before != n || memcmp(out->p + before, start, n) != 0;
            copied = stop;
        }
        p = stop;
    }
    if (!changed) {
        norm_cut(out, begin);
        return false;
    }
    buf_add(out, copied, (size_t)(end - copied));
    return true;
}

static bool form_apply(const struct norm *n, struct norm_scratch *s, struct str in, struct buf *out)
{
    return norm_form(((const struct form *)n)->flag, s, in, out);
}

static void form_free(struct norm *n)
{
    free(n);
}

struct norm *norm_new_form(unsigned flag)
{
    static const struct norm_ops ops = {form_apply, form_free};
    struct form *f = xcalloc(1, sizeof *f);
    f->norm.ops = &ops;
    f->flag = flag;
    return &f->norm;
}

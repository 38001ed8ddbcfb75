/* Replace: every occurrence of a string, or of a regular expression in Oniguruma's meaning, becomes another string. */
#include "base/xalloc.h"
#include "tok/tok_norm.h"
#include "tok/tok_regex.h"

struct replace {
    struct norm norm;
    struct str pattern, content; /* own */
    struct regex *regex;         /* NULL: a string */
};

/* As the empty regular expression: before each character and at the end. */
static bool everywhere(const struct replace *r, struct str in, struct buf *out)
{
    for (size_t i = 0; i < in.n; i++) {
        if (((unsigned char)in.p[i] & 0xC0) != 0x80)
            buf_adds(out, r->content);
        buf_addc(out, in.p[i]);
    }
    buf_adds(out, r->content);
    return true;
}

static bool string_apply(const struct norm *n, struct norm_scratch *s, struct str in, struct buf *out)
{
    const struct replace *r = (const struct replace *)n;
    const char *p = in.p, *end = in.p + in.n, *found;
    if (r->pattern.n == 0)
        return everywhere(r, in, out);
    while ((found = memmem(p, (size_t)(end - p), r->pattern.p, r->pattern.n))) {
        buf_add(out, p, (size_t)(found - p));
        buf_adds(out, r->content);
        p = found + r->pattern.n;
    }
    if (p == in.p)
        return false;
    buf_add(out, p, (size_t)(end - p));
    return true;
}

static bool regex_apply(const struct norm *n, struct norm_scratch *s, struct str in, struct buf *out)
{
    const struct replace *r = (const struct replace *)n;
    struct regex_walk walk = {.text = in};
    size_t copied = 0, start, end;
    bool found = false;
    while (regex_next(r->regex, s->regex, &walk, &start, &end)) {
        buf_add(out, in.p + copied, start - copied);
        buf_adds(out, r->content);
        copied = end;
        found = true;
    }
    if (found)
        buf_add(out, in.p + copied, in.n - copied);
    return found;
}

static void replace_free(struct norm *n)
{
    struct replace *r = (struct replace *)n;
    free((char *)r->pattern.p);
    free((char *)r->content.p);
    regex_free(&r->regex);
    free(r);
}

int norm_new_replace(struct norm **n, jnode *def, const char *path, struct err *e)
{
    static const struct norm_ops string_ops = {string_apply, replace_free}, regex_ops = {regex_apply, replace_free};
    struct str string = jn_str(jn_get(def, "pattern.String"), NULL), regex = jn_str(jn_get(def, "pattern.Regex"), NULL);
    struct str content = jn_str(jn_get(def, "content"), NULL);
    struct regex *compiled = NULL;
    if (!content.p)
        return err_set(e, ERR_DATA, "%s.content: is missing; it must be a string", path);
    if (!string.p && !regex.p)
        return err_set(e, ERR_DATA, "%s.pattern: must be {\"String\": …} or {\"Regex\": …}", path);
    if (!string.p && regex_new(&compiled, regex, false, e) != 0)
        return err_prefix(e, "%s.pattern.Regex: ", path);
    struct replace *r = xcalloc(1, sizeof *r);
    r->norm.ops = compiled ? &regex_ops : &string_ops;
    r->regex = compiled;
    r->pattern = (struct str){xmemdup0(string.p ? string.p : "", string.n), string.n};
    r->content = (struct str){xmemdup0(content.p, content.n), content.n};
    *n = &r->norm;
    return 0;
}

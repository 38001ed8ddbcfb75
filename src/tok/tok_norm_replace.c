/* Replace: every occurrence of a string, or of a regular expression in Oniguruma's meaning, becomes another string. */
#include "base/xalloc.h"
#include "tok/tok_norm.h"

struct replace {
    struct norm norm;
    struct str pattern, content; /* own */
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

static void replace_free(struct norm *n)
{
    struct replace *r = (struct replace *)n;
    free((char *)r->pattern.p);
    free((char *)r->content.p);
    free(r);
}

int norm_new_replace(struct norm **n, jnode *def, const char *path, struct err *e)
{
    static const struct norm_ops string_ops = {string_apply, replace_free};
    struct str string = jn_str(jn_get(def, "pattern.String"), NULL);
    struct str content = jn_str(jn_get(def, "content"), NULL);
    if (!content.p)
        return err_set(e, ERR_DATA, "%s.content: is missing; it must be a string", path);
    if (!string.p)
        return err_set(e, ERR_DATA, "%s.pattern: must be {\"String\": …} or {\"Regex\": …}", path);
    struct replace *r = xcalloc(1, sizeof *r);
    r->norm.ops = &string_ops;
    r->pattern = (struct str){xmemdup0(string.p, string.n), string.n};
    r->content = (struct str){xmemdup0(content.p, content.n), content.n};
    *n = &r->norm;
    return 0;
}

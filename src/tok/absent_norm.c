/* Stands in until the normalizers are there: then this file goes. */
#include "tok/tok_private.h"

int norm_new(struct norm **n, jnode *def, const char *path, struct err *e)
{
    *n = NULL;
    return jn_is_null(def) ? 0 : err_set(e, ERR_DATA, "%s: this weir has no normalizers", path);
}

void norm_free(struct norm **n)
{
}

struct norm_scratch *norm_scratch_new(void)
{
    return NULL;
}

void norm_scratch_free(struct norm_scratch **s)
{
}

struct str norm_apply(const struct norm *n, struct norm_scratch *s, struct str text)
{
    return text;
}

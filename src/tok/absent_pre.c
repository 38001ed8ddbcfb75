/* Stands in until the pre-tokenizers are there: then this file goes. */
#include "tok/tok_private.h"

int pre_new(struct pre **p, jnode *def, const char *path, struct err *e)
{
    *p = NULL;
    return jn_is_null(def) ? 0 : err_set(e, ERR_DATA, "%s: this weir has no pre-tokenizers", path);
}

int pre_new_pattern(struct pre **p, struct str pattern, struct err *e)
{
    *p = NULL;
    return err_set(e, ERR_DATA, "this weir has no pre-tokenizers");
}

void pre_free(struct pre **p)
{
}

struct pre_scratch *pre_scratch_new(const struct pre *p)
{
    return NULL;
}

void pre_scratch_free(struct pre_scratch **s)
{
}

bool pre_gives_bytes(const struct pre *p)
{
    return false;
}

pre_scan_fn *pre_scanner(const struct pre *p)
{
    return NULL;
}

const char *pre_scanner_name(const struct pre *p)
{
    return "";
}

void pre_split(const struct pre *p, struct pre_scratch *s, struct str text, bool first, struct pieces *out)
{
    out->n = 0;
}

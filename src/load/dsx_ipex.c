#include "load/dsx_ipex.h"

#include "base/jout.h"
#include "load/ds_tokens.h"
#include "load/words.h"

#define LENGTH_MAX ((int64_t)1 << 22)

/* The text of one length; `key` is the family's, so that its prompts begin alike and families do not. */
static int put_prompt(const struct dsx_ipex *x, struct tokwords *s, uint64_t key, uint64_t n, struct jout *j,
                      struct err *e)
{
    struct buf b = BUF_INIT((size_t)n * DS_MADE_MAX_BYTES);
    char name[24];
    int rc = 0;
    if (s) {
        tokwords_fill(s, &b, x->seed, key, n);
        rc = tokwords_fit(s, &b, n, e);
    } else {
        words_fill(&b, x->seed, key, n);
    }
    snprintf(name, sizeof name, "%llu", (unsigned long long)n);
    if (rc == 0)
        jo_kstr(j, name, buf_str(&b));
    buf_free(&b);
    return rc;
}

/* Whether the list has the item, a part of it, further up too; two members of one name no reader could tell apart. */
static bool stood_before(struct str list, struct str item)
{
    struct str_split it = {.rest = list, .sep = ','};
    struct str part;
    while (str_next(&it, &part) && part.p < item.p) {
        if (str_eq(str_trim(part), str_trim(item)))
            return true;
    }
    return false;
}

static int put_family(const struct dsx_ipex *x, struct tokwords *s, uint64_t key, struct jout *j, size_t *prompts,
                      struct err *e)
{
    struct str_split it = {.rest = x->lengths, .sep = ','};
    struct str part;
    jo_obj(j);
    while (str_next(&it, &part)) {
        int64_t n;
        if (parse_i64(str_trim(part), &n) != 0 || str_starts(str_trim(part), STR("0")) || n < 1 || n > LENGTH_MAX)
            return err_set(e, ERR_USAGE,
                           "--lengths: \"%.*s\" is no length; write whole numbers from 1 to %lld, as 32,64",
                           (int)MIN(part.n, 40u), part.p, (long long)LENGTH_MAX);
        if (stood_before(x->lengths, part))
            return err_set(e, ERR_USAGE, "--lengths: %lld stands there twice", (long long)n);
        if (put_prompt(x, s, key, (uint64_t)n, j, e) != 0)
            return -1;
        (*prompts)++;
    }
    jo_end_obj(j);
    return 0;
}

static int put_families(const struct dsx_ipex *x, struct tokwords *s, struct buf *out, size_t *prompts, struct err *e)
{
    struct str_split it = {.rest = x->families, .sep = ','};
    struct str part;
    struct jout j;
    jo_init(&j, out, 2);
    jo_obj(&j);
    for (uint64_t key = 0; str_next(&it, &part); key++) {
        char name[128];
        bool twice = stood_before(x->families, part);
        part = str_trim(part);
        if (part.n == 0 || part.n >= sizeof name)
            return err_set(e, ERR_USAGE, "--families: a name is empty or longer than %zu bytes; write llama,gpt-j",
                           sizeof name - 1);
        if (twice || str_chr(part, '/') >= 0)
            return err_set(e, ERR_USAGE, "--families: \"%.*s\" %s", (int)part.n, part.p,
                           twice ? "stands there twice" : "has a slash, by which --dataset-key ends the family");
        snprintf(name, sizeof name, STR_FMT, STR_ARG(part));
        jo_key(&j, name);
        if (put_family(x, s, key, &j, prompts, e) != 0)
            return -1;
    }
    jo_end_obj(&j);
    return buf_addc(out, '\n') == 0 ? 0
                                    : err_set(e, ERR_LIMIT, "so many prompts of such lengths are too long together");
}

int dsx_generate_ipex(const struct dsx_ipex *x, struct buf *out, size_t *prompts, struct err *e)
{
    struct tokwords *s = x->tokenizer ? tokwords_new(x->tokenizer->tok, e) : NULL;
    *prompts = 0;
    if (x->tokenizer && !s)
        return -1;
    int rc = put_families(x, s, out, prompts, e);
    tokwords_free(&s);
    return rc;
}

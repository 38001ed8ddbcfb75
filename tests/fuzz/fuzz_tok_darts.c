/* fuzz_tok_darts.c - two bytes of length, a normalizer's rules of that length, a text: no read outside the rules, and
 * what comes out is UTF-8. */
#include "tok/tok_darts.h"
#include "tok/tok_norm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void search_everywhere(const struct darts *d, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        struct str to, key = str_sub(text, i, SIZE_MAX);
        size_t length = 0;
        if (darts_shortest(d, key, &to) && utf8_valid(to) != to.n)
            abort();
        if (darts_longest(d, key, &to, &length) && (length == 0 || length > key.n || utf8_valid(to) != to.n))
            abort();
    }
}

static void normalize(struct str rules, struct str text, unsigned flags)
{
    struct norm *norm = NULL;
    struct norm_spm_def def = {.charsmap = rules,
                               .add_dummy_prefix = flags & 1,
                               .remove_extra_whitespaces = flags & 2,
                               .escape_whitespaces = flags & 4,
                               .whitespace_as_suffix = flags & 8};
    if (norm_new_spm(&norm, &def, "rules", NULL) != 0)
        abort();
    struct norm_scratch *s = norm_scratch_new();
    struct str out = norm_apply(norm, s, text);
    if (utf8_valid(out) != out.n)
        abort();
    norm_scratch_free(&s);
    norm_free(&norm);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 2)
        return 0;
    struct str all = {(const char *)data + 2, n - 2}, rules = str_sub(all, 0, (size_t)(data[0] | data[1] << 8));
    struct buf text = BUF_INIT(1 << 24);
    struct darts d;
    struct err e = {0};
    utf8_lossy(str_sub(all, rules.n, SIZE_MAX), &text);
    if (darts_read(&d, rules, "rules", &e) != 0) {
        if (e.code != ERR_DATA || !e.text[0])
            abort();
    } else {
        search_everywhere(&d, buf_str(&text));
        darts_free(&d);
        for (unsigned flags = 0; rules.n && flags < 16; flags++)
            normalize(rules, buf_str(&text), flags);
    }
    buf_free(&text);
    return 0;
}

/* SentencePiece's normalizer: the longest rule at each place, white space made visible, runs of it taken together. */
#include "base/xalloc.h"
#include "tok/tok_darts.h"
#include "tok/tok_norm.h"

#define VISIBLE_SPACE "\xE2\x96\x81"

struct spm_norm {
    struct norm norm;
    struct darts rules;
    struct trie symbols;
    bool has_symbols, prefix, trim, escape, suffix;
};

/* What stands for the begin of `in`, and how many bytes of it. */
static struct str next_part(const struct spm_norm *m, struct str in, size_t *used)
{
    if (m->has_symbols) {
        size_t longest = 0;
        uint32_t node = TRIE_ROOT;
        for (size_t i = 0; i < in.n; i++) {
            node = trie_step(&m->symbols, node, (unsigned char)in.p[i]);
            if (node == TRIE_ROOT)
                break;
            if (m->symbols.node[node].value != TRIE_NONE)
                longest = i + 1;
        }
        if (longest) {
            *used = longest;
            return str_sub(in, 0, longest);
        }
    }
    struct str to;
    if (darts_longest(&m->rules, in, &to, used))
        return to;
    unsigned n;
    utf8_get(in.p, &n);
    *used = n;
    return str_sub(in, 0, n);
}

static void add_space(const struct spm_norm *m, struct buf *out)
{
    buf_addz(out, m->escape ? VISIBLE_SPACE : " ");
}

static void add_part(const struct spm_norm *m, struct str part, struct buf *out)
{
    for (size_t i = 0; i < part.n; i++) {
        if (part.p[i] == ' ')
            add_space(m, out);
        else
            buf_addc(out, part.p[i]);
    }
}

/* ASCII that no rule touches and no symbol begins, up to a space. */
static size_t plain_ascii(const struct spm_norm *m, struct str in)
{
    size_t i = 0;
    while (i + 1 < in.n && (unsigned char)in.p[i] < 0x80 && (unsigned char)in.p[i + 1] < 0x80 && in.p[i] != ' ' &&
           m->rules.lone_ascii[(unsigned char)in.p[i]] &&
           trie_step(&m->symbols, TRIE_ROOT, (unsigned char)in.p[i]) == TRIE_ROOT)
        i++;
    return i;
}

static bool spm_apply(const struct norm *n, struct norm_scratch *s, struct str in, struct buf *out)
{
    const struct spm_norm *m = (const struct spm_norm *)n;
    size_t used = 0;
    while (m->trim && in.n && str_eqz(next_part(m, in, &used), " "))
        in = str_sub(in, used, SIZE_MAX);
    if (in.n == 0)
        return true;
    if (m->prefix && !m->suffix)
        add_space(m, out);
    bool after_space = m->trim;
    while (in.n) {
        size_t plain = plain_ascii(m, in);
        if (plain) {
            buf_add(out, in.p, plain);
            in = str_sub(in, plain, SIZE_MAX);
            after_space = false;
        }
        struct str part = next_part(m, in, &used);
        in = str_sub(in, used, SIZE_MAX);
        while (after_space && part.n && part.p[0] == ' ')
            part = str_sub(part, 1, SIZE_MAX);
        add_part(m, part, out);
        if (part.n)
            after_space = m->trim && part.p[part.n - 1] == ' ';
    }
    struct str space = str_of(m->escape ? VISIBLE_SPACE : " ");
    while (m->trim && str_ends(buf_str(out), space))
        norm_cut(out, out->n - space.n);
    if (m->prefix && m->suffix)
        add_space(m, out);
    return true;
}

static void spm_free(struct norm *n)
{
    struct spm_norm *m = (struct spm_norm *)n;
    darts_free(&m->rules);
    trie_free(&m->symbols);
    free(m);
}

int norm_new_spm(struct norm **n, const struct norm_spm_def *def, const char *path, struct err *e)
{
    static const struct norm_ops ops = {spm_apply, spm_free};
    struct spm_norm *m = xcalloc(1, sizeof *m);
    *m = (struct spm_norm){.norm = {&ops},
                           .has_symbols = def->n_symbols > 0,
                           .prefix = def->add_dummy_prefix,
                           .trim = def->remove_extra_whitespaces,
                           .escape = def->escape_whitespaces,
                           .suffix = def->whitespace_as_suffix};
    if (def->charsmap.n && darts_read(&m->rules, def->charsmap, path, e) != 0) {
        free(m);
        return -1;
    }
    if (!def->charsmap.n)
        memset(m->rules.lone_ascii, 1, sizeof m->rules.lone_ascii);
    trie_build(&m->symbols, def->symbols, def->n_symbols);
    *n = &m->norm;
    return 0;
}

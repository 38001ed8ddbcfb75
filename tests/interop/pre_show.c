/* pre_show.c - what the pre-tokenizers and the tables of Unicode make of texts, for comparison with other programs.
 * usage: pre_show DEF < LINES     DEF: JSON of a pre-tokenizer; LINES: one JSON string each. Prints a JSON list of
 *                                 pieces each, bytes in GPT-2's alphabet where the pre-tokenizer gives bytes
 *        pre_show --tiktoken PATTERN < LINES
 *        pre_show --classes       prints a line "NAME CODE_POINT ..." for each class of tok_uni.h
 *        pre_show --set PATTERN   prints which characters a pattern matches, as LO-HI */
#include <stdio.h>
#include <string.h>

#include "base/jout.h"
#include "base/jscan.h"
#include "base/xalloc.h"
#include "tok/tok_private.h"
#include "tok/tok_regex.h"
#include "tok/tok_uni.h"

static bool in_lib(uint32_t c, unsigned flag)
{
    return (uni_lib(c) & flag) != 0;
}

static void show_classes(void)
{
    static const struct {
        const char *name;
        unsigned flag;
    } libs[] = {{"numeric", UNI_LIB_NUMERIC},
                {"punct", UNI_LIB_PUNCT},
                {"other", UNI_LIB_OTHER},
                {"nonspacing", UNI_LIB_NONSPACING},
                {"word", UNI_LIB_WORD}};
    for (size_t i = 0; i < ARRAY_LEN(libs); i++) {
        fputs(libs[i].name, stdout);
        for (uint32_t c = 0; c < 0x110000; c++)
            if (in_lib(c, libs[i].flag))
                printf(" %u", c);
        putchar('\n');
    }
    fputs("combining", stdout);
    for (uint32_t c = 0; c < 0x110000; c++)
        if (uni_form(c) & UNI_MARK)
            printf(" %u", c);
    fputs("\nspace", stdout);
    for (uint32_t c = 0; c < 0x110000; c++)
        if (uni_is_space(c))
            printf(" %u", c);
    fputs("\nlower", stdout);
    for (uint32_t c = 0; c < 0x110000; c++) {
        uint32_t to[2];
        unsigned n = uni_lower(c, to);
        if (n > 1 || to[0] != c)
            printf(n > 1 ? " %u=%u+%u" : " %u=%u", c, to[0], to[1]);
    }
    fputs("\nscript", stdout);
    for (uint32_t c = 0; c < 0x110000; c++)
        if (uni_script(c))
            printf(" %u=%u", c, uni_script(c));
    putchar('\n');
}

static int show_set(const char *pattern)
{
    struct err e;
    struct regex *r = NULL;
    if (regex_new(&r, str_of(pattern), false, &e) < 0) {
        printf("refused: %s\n", e.text);
        return 0;
    }
    struct regex_scratch *s = regex_scratch_new();
    char *text = xmalloc(4 * 0x110000);
    struct regex_walk w = {.text = {text, 0}};
    for (uint32_t c = 0; c < 0x110000; c++)
        if (c < 0xD800 || c > 0xDFFF)
            w.text.n += utf8_put(text + w.text.n, c);
    size_t from, to;
    uint32_t lo = 1, hi = 0; /* none yet */
    while (regex_next(r, s, &w, &from, &to)) {
        unsigned n;
        uint32_t c = utf8_get(text + from, &n);
        if (to - from != n)
            printf("(a match of %zu bytes)", to - from);
        if (c != hi + 1 || lo > hi) {
            if (lo <= hi)
                printf(" %u-%u", lo, hi);
            lo = c;
        }
        hi = c;
    }
    if (lo <= hi)
        printf(" %u-%u", lo, hi);
    free(text);
    putchar('\n');
    regex_scratch_free(&s);
    regex_free(&r);
    return 0;
}

static void show(const struct pre *p, struct pre_scratch *s, struct str text, struct buf *out)
{
    struct pieces pieces = {0};
    struct jout j;
    struct buf piece = BUF_INIT(SIZE_MAX);
    pre_split(p, s, text, true, &pieces);
    jo_init(&j, out, 0);
    jo_arr(&j);
    for (size_t i = 0; i < pieces.n; i++) {
        struct str one = {pieces.text + pieces.v[i].at, pieces.v[i].n};
        buf_clear(&piece);
        if (pre_gives_bytes(p))
            bytelevel_text(one, &piece);
        else
            buf_adds(&piece, one);
        jo_str(&j, buf_str(&piece));
    }
    jo_end_arr(&j);
    buf_free(&piece);
    free(pieces.v);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--classes") == 0) {
        show_classes();
        return 0;
    }
    if (argc == 3 && strcmp(argv[1], "--set") == 0)
        return show_set(argv[2]);
    bool tiktoken = argc == 3 && strcmp(argv[1], "--tiktoken") == 0;
    if (argc != 2 && !tiktoken)
        return 2;
    struct err e;
    struct pre *p = NULL;
    struct jdoc *d = tiktoken ? NULL : jdoc_parse(str_of(argv[1]), "definition", &e);
    int rc = tiktoken ? pre_new_pattern(&p, str_of(argv[2]), &e)
             : d      ? pre_new(&p, jdoc_root(d), "pre_tokenizer", &e)
                      : -1;
    jdoc_free(&d);
    if (rc < 0) {
        printf("refused: %s\n", e.text);
        return 3;
    }
    struct pre_scratch *s = pre_scratch_new(p);
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    while ((n = getline(&line, &cap, stdin)) > 0) {
        struct js js;
        struct str raw;
        js_init(&js, (struct str){line, (size_t)n});
        if (js_string(&js, &raw) < 0)
            return 2;
        char *text = xmalloc(raw.n + 1);
        struct buf out = BUF_INIT(SIZE_MAX);
        show(p, s, (struct str){text, js_decode(raw, text)}, &out);
        printf(STR_FMT "\n", STR_ARG(buf_str(&out)));
        buf_free(&out);
        free(text);
    }
    free(line);
    pre_scratch_free(&s);
    pre_free(&p);
    return 0;
}

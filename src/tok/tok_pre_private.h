/* tok_pre_private.h - a pre-tokenizer as a row of stages, shared by tok_pre.c, which reads and runs it, and
 * tok_pre_split.c, which cuts. Each stage takes the pieces of the one before. */
#ifndef WEIR_TOK_TOK_PRE_PRIVATE_H
#define WEIR_TOK_TOK_PRE_PRIVATE_H

#include "tok/tok_private.h"
#include "tok/tok_regex.h"
#include "tok/tok_scan.h"

enum stage_kind {
    STAGE_SPLIT,     /* by what `find` says */
    STAGE_PREFIX,    /* a space in front of each piece that begins with none */
    STAGE_ALPHABET,  /* bytes become characters of GPT-2's alphabet */
    STAGE_METASPACE, /* spaces become the replacement, one more in front */
    STAGE_LENGTH,    /* pieces of so many characters */
    STAGE_SCRIPTS,   /* where the script changes */
};
enum find_kind {
    FIND_SCAN,    /* a scanner; all it finds are matches */
    FIND_REGEX,   /* `regex` */
    FIND_LITERAL, /* `literal` */
    FIND_SPACE,   /* each White_Space character */
    FIND_LIB,     /* each character with a bit of `lib` */
    FIND_WORDS,   /* \w+|[^\w\s]+ */
};
enum behavior { REMOVED, ISOLATED, MERGED_WITH_PREVIOUS, MERGED_WITH_NEXT, CONTIGUOUS };
enum prepend { PREPEND_ALWAYS, PREPEND_FIRST, PREPEND_NEVER };

struct stage {
    enum stage_kind kind;
    enum find_kind find;
    enum behavior behavior;
    bool invert;
    char *path;    /* of the pattern, for errors */
    char *literal; /* the pattern, or the replacement of a Metaspace */
    size_t literal_n;
    struct regex *regex;
    const struct scan_entry *scan;
    unsigned lib; /* UNI_LIB_… */
    enum prepend prepend;
    size_t length;
};

struct span {
    uint32_t at, end;
    bool match;
};
struct pre_scratch {
    struct pieces a, b; /* in and out of a stage, in turn */
    struct buf text[2];
    struct span *spans;
    size_t n_spans, cap_spans;
    struct regex_scratch *regex;
};

void pieces_grow(struct pieces *p);
static inline void pieces_add(struct pieces *p, size_t at, size_t end)
{
    if (at == end)
        return;
    if (p->n == p->cap)
        pieces_grow(p);
    p->v[p->n++] = (struct piece){(uint32_t)at, (uint32_t)(end - at)};
}

/* Cuts the piece text[at … end) and appends what comes of it. */
void split_piece(const struct stage *st, struct pre_scratch *s, const char *text, size_t at, size_t end,
                 struct pieces *out);

#endif

#include "tok/tok_scan.h"
#include "tok/tok_uni.h"

/* What the patterns ask of a character. Bits above 8 are not in the tables. */
enum {
    B_L = 1,      /* \p{L} */
    B_N = 2,      /* \p{N} */
    B_S = 4,      /* \s */
    B_NL = 8,     /* [\r\n] */
    B_U = 16,     /* [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}] */
    B_W = 32,     /* [\p{Ll}\p{Lm}\p{Lo}\p{M}] */
    B_M = 64,     /* \p{M} */
    B_PS = 128,   /* [\p{P}\p{S}] */
    B_HIGH = 256, /* not ASCII: look closer */
    B_HAN = 512,  /* \p{Han}; only asked where a pattern names it */
    B_END = 1024, /* no character: the end of the text, or of the part that the pattern sees */
};

#define U (B_L | B_U)
#define W (B_L | B_W)
#define X B_PS
#define H B_HIGH
#define H16 H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H
/* clang-format off */
static const uint16_t ascii[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, B_S, B_S | B_NL, B_S, B_S, B_S | B_NL, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    B_S, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    B_N, B_N, B_N, B_N, B_N, B_N, B_N, B_N, B_N, B_N, X, X, X, X, X, X,
    X, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, X, X, X, X, X,
    X, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, X, X, X, X, 0,
    H16, H16, H16, H16, H16, H16, H16, H16,
};
/* clang-format on */
#undef U
#undef W
#undef X
#undef H
#undef H16

static const uint8_t of_gc[UNI_GC_COUNT] = {
    [UNI_GC_LU] = B_L | B_U,
    [UNI_GC_LL] = B_L | B_W,
    [UNI_GC_LT] = B_L | B_U,
    [UNI_GC_LM] = B_L | B_U | B_W,
    [UNI_GC_LO] = B_L | B_U | B_W,
    [UNI_GC_MN] = B_M | B_U | B_W,
    [UNI_GC_MC] = B_M | B_U | B_W,
    [UNI_GC_ME] = B_M | B_U | B_W,
    [UNI_GC_ND] = B_N,
    [UNI_GC_NL] = B_N,
    [UNI_GC_NO] = B_N,
    [UNI_GC_PC] = B_PS,
    [UNI_GC_PD] = B_PS,
    [UNI_GC_PS] = B_PS,
    [UNI_GC_PE] = B_PS,
    [UNI_GC_PI] = B_PS,
    [UNI_GC_PF] = B_PS,
    [UNI_GC_PO] = B_PS,
    [UNI_GC_SM] = B_PS,
    [UNI_GC_SC] = B_PS,
    [UNI_GC_SK] = B_PS,
    [UNI_GC_SO] = B_PS,
    [UNI_GC_ZS] = B_S,
    [UNI_GC_ZL] = B_S,
    [UNI_GC_ZP] = B_S,
    [UNI_GC_CW] = B_S,
};

/* What tells the patterns apart; a constant in each scanner, so that the compiler leaves out what it lacks. */
enum {
    F_MARKS = 1,         /* words are [\p{L}\p{M}]+ (Qwen3.5) */
    F_ONE_DIGIT = 2,     /* \p{N}, else \p{N}{1,3} */
    F_CASED = 4,         /* words as o200k splits them */
    F_SUFFIX = 8,        /* with a contraction behind */
    F_SLASH = 16,        /* [\r\n/]* after punctuation */
    F_HAN = 32,          /* [\p{Han}]+ first, and no Han in words (Kimi) */
    F_TAIL = 64,         /* \s++$ before \s*[\r\n] (tiktoken's newer cl100k) */
    F_CONTRACTION = 128, /* (?i:'s|'t|'re|'ve|'m|'ll|'d) first */
};
#define INLINE static inline __attribute__((always_inline))

INLINE unsigned high_bits(uint32_t c, unsigned flags)
{
    unsigned k = uni_class(c);
    unsigned b = of_gc[k & UNI_CLASS_GC];
    if ((flags & F_HAN) && (k & UNI_CLASS_HAN))
        return (b & ~(unsigned)(B_U | B_W)) | B_HAN;
    return b;
}
INLINE unsigned bits_at(const char *p, const char *end, unsigned flags, unsigned *n)
{
    if (UNLIKELY(p >= end)) {
        *n = 0;
        return B_END;
    }
    unsigned b = ascii[(unsigned char)*p];
    *n = 1;
    return LIKELY(b != B_HIGH) ? b : high_bits(utf8_get(p, n), flags);
}
/* The end of the run of characters that have one of `mask`, or with `not` none of them. */
INLINE const char *run(const char *p, const char *end, unsigned mask, unsigned flags)
{
    for (;;) {
        while (p < end && (ascii[(unsigned char)*p] & mask))
            p++;
        if (p == end || (unsigned char)*p < 0x80)
            return p;
        unsigned n;
        if (!(high_bits(utf8_get(p, &n), flags) & mask))
            return p;
        p += n;
    }
}
INLINE const char *run_not(const char *p, const char *end, unsigned mask, unsigned flags)
{
    for (;;) {
        while (p < end && !(ascii[(unsigned char)*p] & (mask | B_HIGH)))
            p++;
        if (p == end || (unsigned char)*p < 0x80)
            return p;
        unsigned n;
        if (high_bits(utf8_get(p, &n), flags) & mask)
            return p;
        p += n;
    }
}

/* (?i:'s|'t|'re|'ve|'m|'ll|'d), or without (?i): its length at p, else 0. */
INLINE size_t contraction(const char *p, const char *end, bool any_case)
{
    if (end - p < 2 || *p != '\'')
        return 0;
    unsigned char fold = any_case ? 0x20 : 0;
    unsigned char a = (unsigned char)p[1];
    if (any_case && a == 0xC5 && end - p >= 3 && (unsigned char)p[2] == 0xBF)
        return 3; /* U+017F, which folds to s */
    a |= fold;
    if (a == 's' || a == 't' || a == 'm' || a == 'd')
        return 2;
    if (end - p < 3)
        return 0;
    unsigned char b = (unsigned char)p[2] | fold;
    return ((a == 'r' || a == 'v') && b == 'e') || (a == 'l' && b == 'l') ? 3 : 0;
}

/* \s*[\r\n]+|\s+(?!\S)|\s+ of a text in which p is white space and the run of it ends at q. */
INLINE const char *space(const char *p, const char *q, bool at_end, unsigned flags)
{
    if ((flags & F_TAIL) && at_end)
        return q;
    const char *r = q;
    while (r > p && r[-1] != '\n' && r[-1] != '\r')
        r--;
    if (r > p)
        return r;
    if (at_end)
        return q;
    r = uni_back(q);
    return r > p ? r : q;
}

/* [^\r\n\p{L}\p{N}]?U*W+|[^\r\n\p{L}\p{N}]?U+W* with the words beginning at s: their end, NULL without a match.
 * `only_first`: the first alternative alone. U and W share Lm, Lo and M, so U* gives back what W+ needs. */
INLINE const char *cased(const char *s, const char *end, bool only_first, unsigned flags)
{
    const char *q = run(s, end, B_U, flags);
    unsigned n;
    if (bits_at(q, end, flags, &n) & B_W)
        return run(q + n, end, B_W, flags);
    for (const char *r = q; r > s;) {
        const char *before = uni_back(r);
        if (bits_at(before, end, flags, &n) & B_W)
            return r;
        r = before;
    }
    return only_first || q == s ? NULL : q;
}

INLINE const char *word_cased(const char *p, const char *end, unsigned b, unsigned n, unsigned flags)
{
    const char *q = NULL;
    bool prefix = !(b & (B_NL | B_L | B_N));
    if (b & B_M) { /* a prefix or the word's own beginning */
        q = cased(p + n, end, true, flags);
        if (!q)
            q = cased(p, end, false, flags);
    } else if (prefix) {
        q = cased(p + n, end, false, flags);
    } else if (b & (B_U | B_W)) {
        q = cased(p, end, false, flags);
    }
    return q && (flags & F_SUFFIX) ? q + contraction(q, end, true) : q;
}

INLINE size_t scan(const char *p, const char *end, unsigned flags)
{
    unsigned n, m;
    unsigned b = bits_at(p, end, flags, &n);
    const unsigned word = flags & F_MARKS ? B_L | B_M : B_L;
    if ((flags & F_HAN) && (b & B_HAN))
        return (size_t)(run(p, end, B_HAN, flags) - p);
    if (flags & F_CONTRACTION) {
        size_t k = contraction(p, end, true);
        if (k)
            return k;
    }
    const char *q = p + n;
    if (flags & F_CASED) {
        const char *w = word_cased(p, end, b, n, flags);
        if (w)
            return (size_t)(w - p);
    } else {
        if (b & word) {
            return (size_t)(run(q, end, word, flags) - p);
        }
        if (!(b & (B_NL | B_N)) && (bits_at(q, end, flags, &m) & word))
            return (size_t)(run(q + m, end, word, flags) - p);
    }
    if (b & B_N) {
        if (!(flags & F_ONE_DIGIT))
            for (int i = 0; i < 2 && (bits_at(q, end, flags, &m) & B_N); i++)
                q += m;
        return (size_t)(q - p);
    }
    const unsigned not_mark = B_S | B_N | word;
    if (!(b & not_mark) || (*p == ' ' && !(bits_at(q, end, flags, &m) & (not_mark | B_END)))) {
        q = run_not(q, end, not_mark, flags);
        while (q < end && (*q == '\r' || *q == '\n' || ((flags & F_SLASH) && *q == '/')))
            q++;
        return (size_t)(q - p);
    }
    q = run(q, end, B_S, flags);
    return (size_t)(space(p, q, q == end, flags) - p);
}

#define CL100K F_CONTRACTION
static size_t scan_cl100k(const char *p, const char *end)
{
    return scan(p, end, CL100K);
}
static size_t scan_cl100k_tail(const char *p, const char *end)
{
    return scan(p, end, CL100K | F_TAIL);
}
static size_t scan_qwen2(const char *p, const char *end)
{
    return scan(p, end, CL100K | F_ONE_DIGIT);
}
static size_t scan_qwen35(const char *p, const char *end)
{
    return scan(p, end, CL100K | F_ONE_DIGIT | F_MARKS);
}
static size_t scan_o200k(const char *p, const char *end)
{
    return scan(p, end, F_CASED | F_SUFFIX | F_SLASH);
}
static size_t scan_tekken(const char *p, const char *end)
{
    return scan(p, end, F_CASED | F_ONE_DIGIT | F_SLASH);
}
static size_t scan_kimi(const char *p, const char *end)
{
    return scan(p, end, F_CASED | F_SUFFIX | F_HAN);
}

/* 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
static size_t scan_gpt2_fn(const char *p, const char *end)
{
    unsigned n;
    unsigned b = bits_at(p, end, 0, &n);
    size_t k = contraction(p, end, false);
    if (k)
        return k;
    const char *q = p;
    if (*p == ' ') {
        unsigned after = bits_at(p + 1, end, 0, &n);
        if (!(after & (B_S | B_END))) {
            b = after;
            q = p + 1;
        }
    }
    if (b & B_L)
        return (size_t)(run(q, end, B_L, 0) - p);
    if (b & B_N)
        return (size_t)(run(q, end, B_N, 0) - p);
    if (!(b & B_S))
        return (size_t)(run_not(q, end, B_S | B_L | B_N, 0) - p);
    q = run(p, end, B_S, 0);
    if (q == end)
        return (size_t)(q - p);
    const char *r = uni_back(q);
    return (size_t)((r > p ? r : q) - p);
}

/* --- DeepSeek-V3: numbers, then Chinese and Japanese, then the pattern, each in what the one before left -------------
 */
INLINE bool is_cj(uint32_t c)
{
    return (c >= 0x4E00 && c <= 0x9FA5) || (c >= 0x3040 && c <= 0x30FF);
}
/* B_END where the part of the text ends that the last pattern sees. */
INLINE unsigned part_bits(const char *p, const char *end, bool cj, unsigned *n)
{
    *n = 0;
    if (UNLIKELY(p >= end))
        return B_END;
    unsigned b = ascii[(unsigned char)*p];
    if (LIKELY(b != B_HIGH)) {
        *n = 1;
        return cj || (b & B_N) ? B_END : b;
    }
    uint32_t c = utf8_get(p, n);
    if (is_cj(c) != cj)
        return B_END;
    b = high_bits(c, 0);
    return b & B_N ? B_END : b;
}
INLINE const char *part_run(const char *p, const char *end, bool cj, unsigned mask)
{
    unsigned n;
    for (;;) {
        if (!cj)
            while (p < end && (ascii[(unsigned char)*p] & mask))
                p++;
        if (!(part_bits(p, end, cj, &n) & mask))
            return p;
        p += n;
    }
}

INLINE size_t scan_part(const char *p, const char *end, bool cj)
{
    const unsigned word = B_L | B_M;
    unsigned n, m;
    unsigned b = part_bits(p, end, cj, &n);
    const char *q = p + n;
    if (b == B_PS && (unsigned char)*p < 0x80 && q < end && ((unsigned char)*q | 0x20) - (unsigned)'a' < 26) {
        while (q < end && ((unsigned char)*q | 0x20) - (unsigned)'a' < 26)
            q++;
        return (size_t)(q - p);
    }
    if (b & word)
        return (size_t)(part_run(q, end, cj, word) - p);
    unsigned after = part_bits(q, end, cj, &m);
    if (!(b & (B_NL | B_PS)) && (after & word))
        return (size_t)(part_run(q + m, end, cj, word) - p);
    if ((b & B_PS) || (*p == ' ' && (after & B_PS))) {
        q = part_run(q, end, cj, B_PS);
        if (!cj)
            while (q < end && (*q == '\r' || *q == '\n'))
                q++;
        return (size_t)(q - p);
    }
    if (b & B_S) {
        q = part_run(q, end, cj, B_S);
        return (size_t)(space(p, q, (part_bits(q, end, cj, &m) & B_END) != 0, 0) - p);
    }
    /* Characters that nothing matches, up to the one before a word, which belongs to it. */
    while (after == 0) {
        q += m;
        after = part_bits(q, end, cj, &m);
    }
    return (size_t)((after & word ? uni_back(q) : q) - p);
}

static size_t scan_deepseek3(const char *p, const char *end)
{
    unsigned n;
    unsigned b = bits_at(p, end, 0, &n);
    if (b & B_N) {
        const char *q = p + n;
        for (int i = 0; i < 2 && (bits_at(q, end, 0, &n) & B_N); i++)
            q += n;
        return (size_t)(q - p);
    }
    bool cj = (unsigned char)*p >= 0x80 && is_cj(utf8_get(p, &n));
    return cj ? scan_part(p, end, true) : scan_part(p, end, false);
}

/* --- by their spelling ----------------------------------------------------------------------------------------------
 */
#define CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define SPACES_OF(newlines) "\\s*[" newlines "]+|\\s+(?!\\S)|\\s+"
#define SPACES SPACES_OF("\\r\\n")
#define UPPER "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define LOWER "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define NO_HAN_UPPER "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]"
#define NO_HAN_LOWER "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]"
#define PREFIX "[^\\r\\n\\p{L}\\p{N}]?"
#define CASED(u, l, suffix) PREFIX u "*" l "+" suffix "|" PREFIX u "+" l "*" suffix "|"
#define GPT2_TAIL " ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

enum { HF = 1, TIKTOKEN = 2 };
static const struct {
    const char *pattern;
    unsigned whose; /* by whose reading it is this scanner */
    struct scan_entry entry;
} known[] = {
    {"'s|'t|'re|'ve|'m|'ll|'d|" GPT2_TAIL, HF | TIKTOKEN, {"gpt2", scan_gpt2_fn}}, /* the first: scan_gpt2() */
    {"'(?:[sdmt]|ll|ve|re)|" GPT2_TAIL, HF | TIKTOKEN, {"gpt2", scan_gpt2_fn}},
    {"'(?:[sdmt]|ll|ve|re)| ?\\p{L}++| ?\\p{N}++| ?[^\\s\\p{L}\\p{N}]++|\\s++$|\\s+(?!\\S)|\\s",
     HF | TIKTOKEN,
     {"gpt2", scan_gpt2_fn}},
    {CONTRACTIONS "|" PREFIX "\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" SPACES,
     HF | TIKTOKEN,
     {"cl100k", scan_cl100k}},
    {"'(?i:[sdmt]|ll|ve|re)|" PREFIX
     "+\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+",
     HF | TIKTOKEN,
     {"cl100k", scan_cl100k}},
    {"'(?i:[sdmt]|ll|ve|re)|" PREFIX
     "+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s",
     TIKTOKEN,
     {"cl100k", scan_cl100k_tail}},
    {CONTRACTIONS "|" PREFIX "\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" SPACES,
     HF | TIKTOKEN,
     {"qwen2", scan_qwen2}},
    {CONTRACTIONS "|" PREFIX "[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|" SPACES,
     HF | TIKTOKEN,
     {"qwen3.5", scan_qwen35}},
    {CASED(UPPER, LOWER, CONTRACTIONS "?") "\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" SPACES,
     HF | TIKTOKEN,
     {"o200k", scan_o200k}},
    {CASED(UPPER, LOWER, "") "\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" SPACES, HF | TIKTOKEN, {"tekken", scan_tekken}},
    {"[\\p{Han}]+|" CASED(NO_HAN_UPPER, NO_HAN_LOWER,
                          CONTRACTIONS "?") "\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" SPACES,
     HF | TIKTOKEN,
     {"kimi", scan_kimi}},
};
static const struct scan_entry deepseek3 = {"deepseek3", scan_deepseek3};

const struct scan_entry *scan_find(struct str pattern, bool tiktoken)
{
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if ((known[i].whose & (tiktoken ? TIKTOKEN : HF)) && str_eqz(pattern, known[i].pattern))
            return &known[i].entry;
    return NULL;
}

const struct scan_entry *scan_gpt2(void)
{
    return &known[0].entry;
}

/* DeepSeek's own file holds the line breaks themselves. */
#define DEEPSEEK_WORDS(newlines)                                                                                       \
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^" newlines                                                \
    "\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[" newlines "]*|" SPACES_OF(newlines)

const struct scan_entry *scan_find_3(struct str first, struct str second, struct str third)
{
    bool known_words = str_eqz(third, DEEPSEEK_WORDS("\r\n")) || str_eqz(third, DEEPSEEK_WORDS("\\r\\n"));
    return str_eqz(first, "\\p{N}{1,3}") && str_eqz(second, "[一-龥぀-ゟ゠-ヿ]+") && known_words ? &deepseek3
                                                                                                       : NULL;
}

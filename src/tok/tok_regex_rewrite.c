#include <ctype.h>
#include <inttypes.h>

#include "base/xalloc.h"
#include "tok/tok_cset.h"
#include "tok/tok_regex.h"

enum { DEPTH_MAX = 100, REPEAT_MAX = 65535, REWRITE_MAX = 8 << 20 };

struct rewriter {
    const char *begin, *p, *end;
    struct buf *out;
    struct err *e;
    struct cset_speller *speller;
    bool tiktoken;
    bool icase, dotall, extended; /* (?i), (?m) of Ruby or (?s) of others, (?x) */
    bool named;                   /* a group has a name */
    unsigned depth, groups;       /* groups that capture, so far */
    uint32_t before;              /* the letter before, under (?i); 0: something else */
};

static int refuse(struct rewriter *w, const char *at, const char *what)
{
    size_t n = 1;
    for (const char *p = w->begin; p < at; p++)
        n += ((unsigned char)*p & 0xC0) != 0x80;
    return err_set(w->e, ERR_DATA, "at character %zu of the pattern: %s", n, what);
}

static bool more(const struct rewriter *w)
{
    return w->p < w->end;
}
static bool next_is(struct rewriter *w, const char *z) /* and steps behind it */
{
    size_t n = strlen(z);
    if ((size_t)(w->end - w->p) < n || memcmp(w->p, z, n) != 0)
        return false;
    w->p += n;
    return true;
}

/* --- escapes that stand for one character ---------------------------------------------------------------------------
 */
static int hex(struct rewriter *w, unsigned least, unsigned most, uint32_t *c)
{
    uint32_t v = 0;
    unsigned n = 0;
    while (n < most && more(w) && isxdigit((unsigned char)*w->p)) {
        unsigned char d = (unsigned char)*w->p++;
        v = v * 16 + (uint32_t)(d <= '9' ? d - '0' : (d | 32) - 'a' + 10);
        n++;
    }
    if (n < least)
        return refuse(w, w->p, "hexadecimal digits are missing");
    *c = v;
    return 0;
}

static int checked(struct rewriter *w, const char *at, uint32_t c)
{
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return refuse(w, at, "not a character of Unicode");
    return 0;
}

/* After the backslash, at a letter or digit. 1: a character in *c; 0: something else, nothing read; -1: refused. */
static int escaped_char(struct rewriter *w, uint32_t *c)
{
    static const char from[] = "tnrfvae";
    static const char to[] = "\t\n\r\f\v\a\x1B";
    const char *at = w->p;
    const char *simple = strchr(from, *at);
    if (*at && simple) {
        w->p++;
        *c = (unsigned char)to[simple - from];
        return 1;
    }
    if (next_is(w, "x{")) {
        if (hex(w, 1, 8, c) < 0)
            return -1;
        if (!next_is(w, "}"))
            return refuse(w, w->p, "\"}\" is missing, or several characters in one \\x{}, which is not supported");
        return checked(w, at, *c) < 0 ? -1 : 1;
    }
    if (next_is(w, "x")) {
        if (hex(w, 1, 2, c) < 0)
            return -1;
        if (*c >= 0x80)
            return refuse(w, at, "\\x80 to \\xFF are bytes of UTF-8, which is not supported; write \\x{..}");
        return 1;
    }
    if (next_is(w, "u")) {
        if (hex(w, 4, 4, c) < 0)
            return -1;
        return checked(w, at, *c) < 0 ? -1 : 1;
    }
    if (*at == '0') {
        uint32_t v = 0;
        for (unsigned n = 0; n < 3 && more(w) && *w->p >= '0' && *w->p <= '7'; n++)
            v = v * 8 + (uint32_t)(*w->p++ - '0');
        *c = v;
        return 1;
    }
    return 0;
}

/* --- classes --------------------------------------------------------------------------------------------------------
 */
/* \p{NAME}, \P{NAME}, \p{^NAME} at the p or P. */
static int property(struct rewriter *w, struct cset *into, bool in_class)
{
    const char *at = w->p - 1;
    bool negative = *w->p++ == 'P';
    struct str name;
    if (next_is(w, "{")) {
        if (next_is(w, "^"))
            negative = !negative;
        const char *close = memchr(w->p, '}', (size_t)(w->end - w->p));
        if (!close)
            return refuse(w, at, "\"}\" is missing");
        name = (struct str){w->p, (size_t)(close - w->p)};
        w->p = close + 1;
    } else if (w->tiktoken && more(w)) {
        name = (struct str){w->p++, 1};
    } else {
        return refuse(w, at, "\\p without {NAME} means no property");
    }
    struct cset *s = cset_new();
    if (!cset_add_named(s, name, false, in_class)) {
        cset_free(&s);
        char text[128];
        snprintf(text, sizeof text, "no property \"%.*s\" is known", (int)MIN(name.n, 60), name.p);
        return refuse(w, at, text);
    }
    if (negative)
        cset_not(s);
    cset_or(into, s);
    cset_free(&s);
    return 0;
}

/* \d \w \s \h and their opposites; 1 when it was one. */
static int shorthand(struct rewriter *w, struct cset *into, bool in_class)
{
    char c = *w->p;
    const char *name = NULL;
    switch (c | 32) {
    case 'd':
        name = "digit";
        break;
    case 'w':
        name = "word";
        break;
    case 's':
        name = "space";
        break;
    case 'h':
        name = "xdigit";
        break;
    default:
        return 0;
    }
    if (w->tiktoken && (c | 32) == 'h')
        return refuse(w, w->p, "\\h is not supported");
    w->p++;
    struct cset *s = cset_new();
    cset_add_named(s, str_of(name), false, in_class || w->tiktoken);
    if (!(c & 32))
        cset_not(s);
    cset_or(into, s);
    cset_free(&s);
    return 1;
}

/* What folds to several characters, and so may match where a class or letter alone does not. */
static bool folds_to_several(uint32_t c)
{
    return c == 0xDF || c == 0x130 || c == 0x149 || c == 0x1F0 || c == 0x390 || c == 0x3B0 || c == 0x587 ||
           (c >= 0x1E96 && c <= 0x1E9E) || (c >= 0x1F50 && c <= 0x1FFC) || (c >= 0xFB00 && c <= 0xFB17);
}

static int bracket(struct rewriter *w, struct cset **out);

/* After a class in a bracket: Oniguruma takes a "-" there for a range, which it cannot begin. */
static int no_range(struct rewriter *w)
{
    return w->end - w->p >= 2 && w->p[0] == '-' && w->p[1] != ']' ? refuse(w, w->p, "a range that begins with a class")
                                                                  : 0;
}

/* One item of a bracket into `s`. */
static int item_in_class(struct rewriter *w, struct cset *s)
{
    const char *at = w->p;
    uint32_t lo;
    if (next_is(w, "[:")) {
        bool negative = next_is(w, "^");
        const char *close = w->p;
        while (close < w->end && isalpha((unsigned char)*close))
            close++;
        if (w->end - close < 2 || close[0] != ':' || close[1] != ']')
            return refuse(w, at, "a POSIX bracket that does not end");
        struct cset *p = cset_new();
        if (!cset_add_named(p, (struct str){w->p, (size_t)(close - w->p)}, true, true)) {
            cset_free(&p);
            return refuse(w, at, "no POSIX bracket of this name is known");
        }
        w->p = close + 2;
        if (negative)
            cset_not(p);
        cset_or(s, p);
        cset_free(&p);
        return no_range(w);
    }
    if (*w->p == '[') {
        struct cset *inner = NULL;
        w->p++;
        if (bracket(w, &inner) < 0)
            return -1;
        cset_or(s, inner);
        cset_free(&inner);
        return no_range(w);
    }
    if (next_is(w, "\\")) {
        if (!more(w))
            return refuse(w, at, "a backslash at the end");
        if (*w->p == 'p' || *w->p == 'P')
            return property(w, s, true) < 0 ? -1 : no_range(w);
        int k = shorthand(w, s, true);
        if (k)
            return k < 0 ? -1 : no_range(w);
        k = escaped_char(w, &lo);
        if (k < 0)
            return -1;
        if (k == 0) {
            if (next_is(w, "b")) {
                lo = 8;
            } else if (isalnum((unsigned char)*w->p)) {
                return refuse(w, at, "this escape in brackets is not supported");
            } else {
                lo = uni_next(&w->p);
            }
        }
    } else {
        lo = uni_next(&w->p);
    }
    uint32_t hi = lo;
    if (w->end - w->p >= 2 && w->p[0] == '-' && w->p[1] != ']' &&
        !(w->p[1] == '&' && w->end - w->p > 2 && w->p[2] == '&')) {
        const char *dash = w->p++;
        if (*w->p == '[')
            return refuse(w, dash, "a range that ends in a bracket");
        if (next_is(w, "\\")) {
            int k = more(w) ? escaped_char(w, &hi) : 0;
            if (k < 0)
                return -1;
            if (k == 0) {
                if (!more(w) || isalnum((unsigned char)*w->p))
                    return refuse(w, dash, "a range that ends in a class");
                hi = uni_next(&w->p);
            }
        } else {
            hi = uni_next(&w->p);
        }
        if (hi < lo)
            return refuse(w, dash, "a range whose end comes before its beginning");
    }
    cset_add(s, lo, hi);
    return 0;
}

/* A bracket whose "[" has been read: its set. Intersections bind weaker than everything else in it. */
static int bracket(struct rewriter *w, struct cset **out)
{
    const char *at = w->p - 1;
    if (++w->depth > DEPTH_MAX)
        return refuse(w, at, "nested too deeply");
    bool negative = next_is(w, "^");
    struct cset *all = NULL, *s = cset_new();
    bool first = true;
    for (;; first = false) {
        if (!more(w)) {
            cset_free(&s);
            cset_free(&all);
            return refuse(w, at, "the bracket does not end");
        }
        if (first && w->end - w->p == 1 && *w->p == ']') {
            cset_free(&s);
            return refuse(w, at, "an empty bracket");
        }
        bool close = *w->p == ']' && !(first && memchr(w->p + 1, ']', (size_t)(w->end - w->p - 1)));
        bool both = !close && next_is(w, "&&");
        if (close || both) {
            if (all)
                cset_and(all, s);
            else
                all = s, s = NULL;
            cset_free(&s);
            if (close)
                break;
            s = cset_new();
            continue;
        }
        if (item_in_class(w, s) < 0) {
            cset_free(&s);
            cset_free(&all);
            return -1;
        }
    }
    w->p++;
    if (w->icase) {
        cset_fold(all);
        if (!negative && !w->tiktoken && (cset_has(all, 0xDF) || cset_has(all, 0xFB01))) {
            cset_free(&all);
            return refuse(w, at, "a bracket under (?i) with a character that folds to several");
        }
    }
    if (negative)
        cset_not(all);
    w->depth--;
    *out = all;
    return 0;
}

/* --- atoms ----------------------------------------------------------------------------------------------------------
 */
static void spell(struct rewriter *w, const struct cset *s)
{
    cset_spell(w->speller, s, w->out);
}

static int letter(struct rewriter *w, const char *at, uint32_t c)
{
    struct cset *s = NULL;
    if (w->icase) {
        uint32_t f = uni_fold(c), b = w->before;
        bool pair = (b == 's' && (f == 's' || f == 't')) || (b == 'f' && (f == 'f' || f == 'i' || f == 'l')) ||
                    (b && f >= 0x300 && f < 0x370) || (b && (b >= 0x370 || f >= 0x370) && uni_is(f, UNI_MASK_M)) ||
                    (b == 0x2BC && f == 'n') || (b == 'a' && f == 0x2BE) || (b >= 0x3B1 && b <= 0x3CE && f == 0x3B9) ||
                    (b >= 0x561 && b <= 0x587 && f >= 0x561 && f <= 0x587);
        if (!w->tiktoken && (folds_to_several(c) || pair))
            return refuse(w, at, "letters under (?i) that fold together with one character, which is not supported");
        w->before = f;
        s = cset_new();
        cset_add(s, c, c);
        cset_fold(s);
    }
    if (s && uni_is(c, UNI_MASK_L | UNI_MASK_M | UNI_MASK_N | UNI_MASK_S))
        spell(w, s);
    else
        buf_addf(w->out, "\\x{%" PRIX32 "}", c);
    cset_free(&s);
    return 0;
}

static void word_boundary(struct rewriter *w, bool boundary)
{
    struct cset *s = cset_new();
    cset_add_named(s, str_of("word"), false, w->tiktoken);
    struct buf in = BUF_INIT(1 << 20);
    cset_spell(w->speller, s, &in);
    cset_free(&s);
    const char *format =
        boundary ? "(?:(?<=%.*s)(?!%.*s)|(?<!%.*s)(?=%.*s))" : "(?:(?<=%.*s)(?=%.*s)|(?<!%.*s)(?!%.*s))";
    struct buf *out = w->out;
    const char *p = format;
    for (; *p; p++) {
        if (strncmp(p, "%.*s", 4) == 0) {
            buf_adds(out, buf_str(&in));
            p += 3;
        } else {
            buf_addc(out, *p);
        }
    }
    buf_free(&in);
}

/* After the backslash: an atom. *can_repeat false for what has no width. */
static int escape(struct rewriter *w, const char *at, bool *can_repeat)
{
    if (!more(w))
        return refuse(w, at, "a backslash at the end");
    uint32_t c;
    int k = 0;
    if (isalnum((unsigned char)*w->p)) {
        struct cset *s = cset_new();
        k = *w->p == 'p' || *w->p == 'P' ? (property(w, s, false) < 0 ? -1 : 1) : shorthand(w, s, false);
        if (k > 0) {
            if (w->icase && w->tiktoken) /* Oniguruma folds them in brackets alone */
                cset_fold(s);
            spell(w, s);
        }
        cset_free(&s);
        if (k)
            return k < 0 ? -1 : 0;
        k = escaped_char(w, &c);
        if (k)
            return k < 0 ? -1 : letter(w, at, c);
    } else {
        c = uni_next(&w->p);
        return letter(w, at, c);
    }
    char x = *w->p++;
    *can_repeat = false;
    switch (x) {
    case 'A':
    case 'G':
        buf_addf(w->out, "\\%c", x);
        return 0;
    case 'z':
        buf_addz(w->out, "\\z");
        return 0;
    case 'Z':
        buf_addz(w->out, "\\Z");
        return 0;
    case 'b':
    case 'B':
        word_boundary(w, x == 'b');
        return 0;
    case 'N':
        *can_repeat = true;
        buf_addz(w->out, "[^\\x{A}]");
        return 0;
    case 'O':
        *can_repeat = true;
        buf_addz(w->out, "(?s:.)");
        return 0;
    case 'R':
        *can_repeat = true;
        buf_addz(w->out, "(?>\\x{D}\\x{A}|[\\x{A}-\\x{D}\\x{85}\\x{2028}\\x{2029}])");
        return 0;
    default:
        break;
    }
    if (x >= '1' && x <= '9' && !(more(w) && isdigit((unsigned char)*w->p))) {
        if (w->icase || w->named || (unsigned)(x - '0') > w->groups)
            return refuse(w, at, "this reference to a group is not supported");
        *can_repeat = true;
        buf_addf(w->out, "\\g{%c}", x);
        return 0;
    }
    return refuse(w, at, "this escape is not supported");
}

static int alternatives(struct rewriter *w, bool inner);

/* (?imx-imx) and (?imx-imx: ; w->p behind "(?". 0: (…:, 1: (…), -1 refused. */
static int options(struct rewriter *w, const char *at)
{
    bool on = true;
    for (; more(w); w->p++) {
        switch (*w->p) {
        case '-':
            on = false;
            break;
        case 'i':
            w->icase = on;
            break;
        case 'x':
            w->extended = on;
            break;
        case 'm':
            if (w->tiktoken)
                return refuse(w, at, "the option m is not supported");
            w->dotall = on;
            break;
        case 's':
            if (!w->tiktoken)
                return refuse(w, at, "this option is not supported");
            w->dotall = on;
            break;
        case ':':
            w->p++;
            return 0;
        case ')':
            w->p++;
            return 1;
        default:
            return refuse(w, at, "this kind of group is not supported");
        }
    }
    return refuse(w, at, "the group does not end");
}

static int group(struct rewriter *w, const char *at, bool *can_repeat)
{
    static const char *const plain[] = {"?:", "?=", "?!", "?>", "?<=", "?<!"};
    bool icase = w->icase, dotall = w->dotall, extended = w->extended;
    if (++w->depth > DEPTH_MAX)
        return refuse(w, at, "nested too deeply");
    if (next_is(w, "?#")) {
        const char *close = memchr(w->p, ')', (size_t)(w->end - w->p));
        if (!close)
            return refuse(w, at, "the comment does not end");
        w->p = close + 1;
        w->depth--;
        *can_repeat = false;
        return 1;
    }
    size_t i = 0;
    while (i < ARRAY_LEN(plain) && !next_is(w, plain[i]))
        i++;
    if (i < ARRAY_LEN(plain)) {
        buf_addf(w->out, "(%s", plain[i]);
        *can_repeat = i == 0 || i == 3;
    } else if (next_is(w, "?<") || next_is(w, "?P<")) {
        const char *close = memchr(w->p, '>', (size_t)(w->end - w->p));
        if (!close || close == w->p || !isalpha((unsigned char)*w->p) || (w->p[-2] == 'P' && !w->tiktoken))
            return refuse(w, at, "this kind of group is not supported");
        w->p = close + 1;
        w->groups = 0; /* beside names, Ruby has no numbers, and names are only for what is refused */
        w->named = true;
        buf_addz(w->out, "(?:");
    } else if (next_is(w, "?")) {
        int k = options(w, at);
        if (k < 0)
            return -1;
        buf_addz(w->out, "(?:");
        if (k == 1) {
            /* In Ruby a(?i)b|c is a(?i:b|c); others let the option go on without a group round it. */
            if (w->tiktoken)
                return refuse(w, at, "an option for the rest of a group is not supported");
            if (alternatives(w, true) < 0)
                return -1;
            buf_addc(w->out, ')');
            w->icase = icase, w->dotall = dotall, w->extended = extended;
            w->depth--;
            return 0; /* at the ")" of the group round it, or at the end */
        }
    } else {
        w->groups++;
        buf_addc(w->out, '(');
    }
    if (alternatives(w, true) < 0)
        return -1;
    if (!next_is(w, ")"))
        return refuse(w, at, "the group does not end");
    buf_addc(w->out, ')');
    w->icase = icase, w->dotall = dotall, w->extended = extended;
    w->depth--;
    return 0;
}

/* One atom; 1: nothing was written (a comment, white space under (?x)). */
static int atom(struct rewriter *w, bool *can_repeat)
{
    const char *at = w->p;
    uint32_t before = w->before;
    w->before = 0;
    *can_repeat = true;
    uint32_t c = uni_next(&w->p);
    if (w->extended) {
        if (c == ' ' || (c >= '\t' && c <= '\r')) {
            w->before = before;
            return 1;
        }
        if (c == '#') {
            while (more(w) && *w->p != '\n')
                w->p++;
            return 1;
        }
    }
    struct cset *s = NULL;
    switch (c) {
    case '(':
        return group(w, at, can_repeat);
    case '[':
        if (bracket(w, &s) < 0)
            return -1;
        spell(w, s);
        cset_free(&s);
        return 0;
    case '\\':
        w->before = before;
        return escape(w, at, can_repeat);
    case '.':
        buf_addz(w->out, w->dotall ? "(?s:.)" : "[^\\x{A}]");
        return 0;
    case '^':
        *can_repeat = false;
        buf_addz(w->out, w->tiktoken ? "\\A" : "(?m:^)");
        return 0;
    case '$':
        *can_repeat = false;
        buf_addz(w->out, w->tiktoken ? "\\z" : "(?m:$)");
        return 0;
    case '*':
    case '+':
    case '?':
        return refuse(w, at, "nothing stands before the repetition");
    default:
        w->before = before;
        return letter(w, at, c);
    }
}

/* {n}, {n,}, {n,m}, {,m} at w->p; 0: none, 1: read, -1: refused. *most UINT32_MAX: without end. */
static int interval(struct rewriter *w, uint32_t *least, uint32_t *most)
{
    const char *at = w->p;
    if (!next_is(w, "{"))
        return 0;
    uint64_t n[2] = {0, 0};
    bool given[2] = {false, false}, comma = false;
    for (int i = 0; i < 2; i++) {
        while (more(w) && isdigit((unsigned char)*w->p) && n[i] <= REPEAT_MAX) {
            n[i] = n[i] * 10 + (uint64_t)(*w->p++ - '0');
            given[i] = true;
        }
        if (i == 0 && !(comma = next_is(w, ",")))
            break;
    }
    if ((!given[0] && !given[1]) || (!given[0] && w->tiktoken) || !next_is(w, "}")) {
        if (n[0] > REPEAT_MAX || n[1] > REPEAT_MAX)
            return refuse(w, at, "a repetition of more than 65535 times");
        w->p = at;
        return 0;
    }
    if (n[0] > REPEAT_MAX || n[1] > REPEAT_MAX)
        return refuse(w, at, "a repetition of more than 65535 times");
    *least = (uint32_t)n[0];
    *most = !comma ? *least : given[1] ? (uint32_t)n[1] : UINT32_MAX;
    if (*most < *least)
        return refuse(w, at, "an interval whose end comes before its beginning");
    return 1;
}

/* What stands between an atom and its repetition under (?x). */
static void skip_blank(struct rewriter *w)
{
    while (w->extended && more(w) && (*w->p == ' ' || (*w->p >= '\t' && *w->p <= '\r') || *w->p == '#')) {
        if (*w->p == '#')
            while (more(w) && *w->p != '\n')
                w->p++;
        else
            w->p++;
    }
}

/* The repetitions behind an atom, around which a group is put for each but the first. */
static int repetitions(struct rewriter *w, struct buf *one, bool can_repeat)
{
    for (bool again = false;; again = true) {
        skip_blank(w);
        const char *at = w->p;
        char text[48];
        uint32_t least = 0, most = 0;
        int k = interval(w, &least, &most);
        if (k < 0)
            return -1;
        size_t n = (size_t)(w->p - at);
        if (k == 1) {
            n = (size_t)snprintf(text, sizeof text, "{%" PRIu32, least);
            if (most == UINT32_MAX)
                text[n++] = ',';
            else if (most != least)
                n += (size_t)snprintf(text + n, sizeof text - n, ",%" PRIu32, most);
            text[n++] = '}';
            /* Ruby: X{n}? may be absent, X{n,m}+ is repeated; others: as few as possible, and possessive. */
            if (more(w) && ((*w->p == '?' && (w->tiktoken || most != least)) || (*w->p == '+' && w->tiktoken)))
                text[n++] = *w->p++;
        } else if (more(w) && (*w->p == '*' || *w->p == '+' || *w->p == '?')) {
            n = 0;
            text[n++] = *w->p++;
            if (more(w) && (*w->p == '?' || *w->p == '+'))
                text[n++] = *w->p++;
        } else {
            return 0;
        }
        if (!can_repeat)
            return refuse(w, at, "a repetition of what has no width");
        if (again) {
            struct buf whole = BUF_INIT(REWRITE_MAX);
            buf_addz(&whole, "(?:");
            buf_adds(&whole, buf_str(one));
            buf_addc(&whole, ')');
            buf_free(one);
            *one = whole;
        }
        buf_add(one, text, n);
        w->before = 0;
    }
}

/* Up to the ")" of a group, or to the end of the pattern. */
static int alternatives(struct rewriter *w, bool inner)
{
    w->before = 0;
    while (more(w)) {
        if (*w->p == ')') {
            if (inner)
                return 0;
            return refuse(w, w->p, "a \")\" too many");
        }
        if (next_is(w, "|")) {
            buf_addc(w->out, '|');
            w->before = 0;
            continue;
        }
        struct buf one = BUF_INIT(REWRITE_MAX), *out = w->out;
        bool can_repeat;
        w->out = &one;
        int k = atom(w, &can_repeat);
        if (k == 0)
            k = repetitions(w, &one, can_repeat);
        w->out = out;
        if (one.failed && k >= 0)
            k = refuse(w, w->p, "the pattern becomes too long");
        buf_adds(out, buf_str(&one));
        buf_free(&one);
        if (k < 0)
            return -1;
    }
    return 0;
}

int regex_rewrite(struct str pattern, bool tiktoken, struct buf *out, struct err *e)
{
    struct rewriter w = {.begin = pattern.p,
                         .p = pattern.p,
                         .end = pattern.p + pattern.n,
                         .out = out,
                         .e = e,
                         .tiktoken = tiktoken,
                         .speller = cset_speller_new()};
    int rc = alternatives(&w, false);
    cset_speller_free(&w.speller);
    return rc;
}

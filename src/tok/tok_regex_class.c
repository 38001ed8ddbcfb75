/* What stands for characters in a pattern: escapes, properties, brackets. */
#include <ctype.h>

#include "tok/tok_regex_private.h"

int regex_refuse(struct rewriter *w, const char *at, const char *what)
{
    size_t n = 1;
    for (const char *p = w->begin; p < at; p++)
        n += ((unsigned char)*p & 0xC0) != 0x80;
    return err_set(w->e, ERR_DATA, "at character %zu of the pattern: %s", n, what);
}

/* --- escapes that stand for one character ---------------------------------------------------------------------------
 */
static int hex(struct rewriter *w, unsigned least, unsigned most, uint32_t *c)
{
    uint32_t v = 0;
    unsigned n = 0;
    while (n < most && regex_more(w) && isxdigit((unsigned char)*w->p)) {
        unsigned char d = (unsigned char)*w->p++;
        v = v * 16 + (uint32_t)(d <= '9' ? d - '0' : (d | 32) - 'a' + 10);
        n++;
    }
    if (n < least)
        return regex_refuse(w, w->p, "hexadecimal digits are missing");
    *c = v;
    return 0;
}

static int checked(struct rewriter *w, const char *at, uint32_t c)
{
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return regex_refuse(w, at, "not a character of Unicode");
    return 0;
}

int regex_escaped(struct rewriter *w, uint32_t *c)
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
    if (regex_take(w, "x{")) {
        if (hex(w, 1, 8, c) < 0)
            return -1;
        if (!regex_take(w, "}"))
            return regex_refuse(w, w->p,
                                "\"}\" is missing, or several characters in one \\x{}, which is not supported");
        return checked(w, at, *c) < 0 ? -1 : 1;
    }
    if (regex_take(w, "x")) {
        if (hex(w, 1, 2, c) < 0)
            return -1;
        if (*c >= 0x80)
            return regex_refuse(w, at, "\\x80 to \\xFF are bytes of UTF-8, which is not supported; write \\x{..}");
        return 1;
    }
    if (regex_take(w, "u")) {
        if (hex(w, 4, 4, c) < 0)
            return -1;
        return checked(w, at, *c) < 0 ? -1 : 1;
    }
    if (*at == '0') {
        uint32_t v = 0;
        for (unsigned n = 0; n < 3 && regex_more(w) && *w->p >= '0' && *w->p <= '7'; n++)
            v = v * 8 + (uint32_t)(*w->p++ - '0');
        *c = v;
        return 1;
    }
    return 0;
}

/* --- classes --------------------------------------------------------------------------------------------------------
 */
static void add(struct cset *into, struct cset *s, bool negative)
{
    if (negative)
        cset_not(s);
    cset_or(into, s);
    cset_free(&s);
}

void regex_word(const struct rewriter *w, struct cset *into, bool in_bracket)
{
    cset_add_named(into, STR("word"), false, in_bracket || w->tiktoken);
    if (w->tiktoken)
        cset_add(into, 0x200C, 0x200D); /* Join_Control */
}

/* Names that only Oniguruma has, or that mean something else to others. */
static bool oniguruma_only(struct str name)
{
    static const char *const names[] = {"word", "graph", "print", "xdigit", "posixpunct"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_ieq(name, str_of(names[i])))
            return true;
    return false;
}

/* At the p or P. */
static int property(struct rewriter *w, struct cset *into, bool in_bracket)
{
    const char *at = w->p - 1;
    bool negative = *w->p++ == 'P';
    struct str name;
    if (regex_take(w, "{")) {
        if (regex_take(w, "^"))
            negative = !negative;
        const char *close = memchr(w->p, '}', (size_t)(w->end - w->p));
        if (!close)
            return regex_refuse(w, at, "\"}\" is missing");
        name = (struct str){w->p, (size_t)(close - w->p)};
        w->p = close + 1;
    } else if (w->tiktoken && regex_more(w)) {
        name = (struct str){w->p++, 1};
    } else {
        return regex_refuse(w, at, "\\p without {NAME} means no property");
    }
    struct cset *s = cset_new();
    if ((w->tiktoken && oniguruma_only(name)) || !cset_add_named(s, name, false, in_bracket)) {
        cset_free(&s);
        char text[128];
        snprintf(text, sizeof text, "no property \"%.*s\" is known", (int)MIN(name.n, 60), name.p);
        return regex_refuse(w, at, text);
    }
    add(into, s, negative);
    return 1;
}

int regex_class(struct rewriter *w, struct cset *into, bool in_bracket)
{
    char c = *w->p;
    if ((c | 32) == 'p')
        return property(w, into, in_bracket);
    if (!memchr("dwshDWSH", c, 8))
        return 0;
    if (w->tiktoken && (c | 32) == 'h')
        return regex_refuse(w, w->p, "\\h is not supported");
    w->p++;
    struct cset *s = cset_new();
    if ((c | 32) == 'w')
        regex_word(w, s, in_bracket);
    else
        cset_add_named(s, str_of((c | 32) == 'd' ? "digit" : (c | 32) == 's' ? "space" : "xdigit"), false, true);
    add(into, s, !(c & 32));
    return 1;
}

/* After a class in a bracket: Oniguruma takes a "-" there for a range, which it cannot begin. */
static int no_range(struct rewriter *w)
{
    return w->end - w->p >= 2 && w->p[0] == '-' && w->p[1] != ']'
               ? regex_refuse(w, w->p, "a range that begins with a class")
               : 0;
}

static void only_ascii(struct cset *s)
{
    memset(s->w + 128 / 64, 0, sizeof s->w - 128 / 8);
}

/* One item of a bracket into `s`. */
static int item_in_class(struct rewriter *w, struct cset *s)
{
    const char *at = w->p;
    uint32_t lo;
    if (w->tiktoken && (regex_take(w, "--") || regex_take(w, "~~")))
        return regex_refuse(w, at, "-- and ~~ between sets are not supported");
    if (regex_take(w, "[:")) {
        bool negative = regex_take(w, "^");
        const char *close = w->p;
        while (close < w->end && isalpha((unsigned char)*close))
            close++;
        if (w->end - close < 2 || close[0] != ':' || close[1] != ']')
            return regex_refuse(w, at, "a POSIX bracket that does not end");
        struct cset *p = cset_new();
        if (!cset_add_named(p, (struct str){w->p, (size_t)(close - w->p)}, true, true)) {
            cset_free(&p);
            return regex_refuse(w, at, "no POSIX bracket of this name is known");
        }
        w->p = close + 2;
        if (w->tiktoken)
            only_ascii(p);
        add(s, p, negative);
        return no_range(w);
    }
    if (*w->p == '[') {
        struct cset *inner = NULL;
        w->p++;
        if (regex_bracket(w, &inner) < 0)
            return -1;
        add(s, inner, false);
        return no_range(w);
    }
    if (regex_take(w, "\\")) {
        if (!regex_more(w))
            return regex_refuse(w, at, "a backslash at the end");
        int k = regex_class(w, s, true);
        if (k)
            return k < 0 ? -1 : no_range(w);
        k = regex_escaped(w, &lo);
        if (k < 0)
            return -1;
        if (k == 0) {
            if (regex_take(w, "b")) {
                lo = 8;
            } else if (isalnum((unsigned char)*w->p)) {
                return regex_refuse(w, at, "this escape in brackets is not supported");
            } else {
                lo = uni_next(&w->p);
            }
        }
    } else {
        lo = uni_next(&w->p);
    }
    uint32_t hi = lo;
    if (w->end - w->p >= 2 && w->p[0] == '-' && w->p[1] != ']' && !(w->tiktoken && w->p[1] == '-') &&
        !(w->p[1] == '&' && w->end - w->p > 2 && w->p[2] == '&')) {
        const char *dash = w->p++;
        if (*w->p == '[')
            return regex_refuse(w, dash, "a range that ends in a bracket");
        if (regex_take(w, "\\")) {
            int k = regex_more(w) ? regex_escaped(w, &hi) : 0;
            if (k < 0)
                return -1;
            if (k == 0) {
                if (!regex_more(w) || isalnum((unsigned char)*w->p))
                    return regex_refuse(w, dash, "a range that ends in a class");
                hi = uni_next(&w->p);
            }
        } else {
            hi = uni_next(&w->p);
        }
        if (hi < lo)
            return regex_refuse(w, dash, "a range whose end comes before its beginning");
    }
    cset_add(s, lo, hi);
    return 0;
}

/* Intersections bind weaker than everything else. */
int regex_bracket(struct rewriter *w, struct cset **out)
{
    const char *at = w->p - 1;
    if (++w->depth > REGEX_DEPTH)
        return regex_refuse(w, at, "nested too deeply");
    bool negative = regex_take(w, "^");
    struct cset *all = NULL, *s = cset_new();
    bool first = true;
    for (;; first = false) {
        if (!regex_more(w)) {
            cset_free(&s);
            cset_free(&all);
            return regex_refuse(w, at, "the bracket does not end");
        }
        if (first && w->end - w->p == 1 && *w->p == ']') {
            cset_free(&s);
            return regex_refuse(w, at, "an empty bracket");
        }
        bool close = *w->p == ']' && !(first && memchr(w->p + 1, ']', (size_t)(w->end - w->p - 1)));
        bool both = !close && regex_take(w, "&&");
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
            return regex_refuse(w, at, "a bracket under (?i) with a character that folds to several");
        }
    }
    if (negative)
        cset_not(all);
    w->depth--;
    *out = all;
    return 0;
}

/* What folds to several characters, and so may match where a class or letter alone does not. */
static bool folds_to_several(uint32_t c)
{
    return c == 0xDF || c == 0x130 || c == 0x149 || c == 0x1F0 || c == 0x390 || c == 0x3B0 || c == 0x587 ||
           (c >= 0x1E96 && c <= 0x1E9E) || (c >= 0x1F50 && c <= 0x1FFC) || (c >= 0xFB00 && c <= 0xFB17);
}

bool regex_folds_together(const struct rewriter *w, uint32_t c)
{
    uint32_t f = uni_fold(c), b = w->before;
    return folds_to_several(c) || (b == 's' && (f == 's' || f == 't')) ||
           (b == 'f' && (f == 'f' || f == 'i' || f == 'l')) || (b && f >= 0x300 && f < 0x370) ||
           (b && (b >= 0x370 || f >= 0x370) && uni_is(f, UNI_MASK_M)) || (b == 0x2BC && f == 'n') ||
           (b == 'a' && f == 0x2BE) || (b >= 0x3B1 && b <= 0x3CE && f == 0x3B9) ||
           (b >= 0x561 && b <= 0x587 && f >= 0x561 && f <= 0x587);
}

/* Writes a pattern of Oniguruma, or of fancy-regex, as one of PCRE2 that means the same. */
#include <ctype.h>
#include <inttypes.h>

#include "tok/tok_regex.h"
#include "tok/tok_regex_private.h"

enum {
    REPEAT_MAX = 65535,
    REWRITE_MAX = 8 << 20,
    SETS_MAX = 1000, /* each costs about a millisecond */
    STACKED_MAX = 100,
};

static void spell(struct rewriter *w, const struct cset *s, struct buf *out)
{
    w->sets++;
    cset_spell(w->speller, s, out);
}

static int letter(struct rewriter *w, const char *at, uint32_t c)
{
    struct cset *s = NULL;
    if (w->icase) {
        if (!w->tiktoken && regex_folds_together(w, c))
            return regex_refuse(w, at,
                                "letters under (?i) that fold together with one character, which is not supported");
        w->before = uni_fold(c);
        s = cset_new();
        cset_add(s, c, c);
        cset_fold(s);
    }
    if (s && uni_is(c, UNI_MASK_L | UNI_MASK_M | UNI_MASK_N | UNI_MASK_S))
        spell(w, s, w->out);
    else
        buf_addf(w->out, "\\x{%" PRIX32 "}", c);
    cset_free(&s);
    return 0;
}

static void word_boundary(struct rewriter *w, bool boundary)
{
    struct cset *s = cset_new();
    struct buf word = BUF_INIT(1 << 20);
    regex_word(w, s, false);
    spell(w, s, &word);
    cset_free(&s);
    struct str x = buf_str(&word);
    buf_addf(w->out, "(?:(?<=" STR_FMT ")(?%c" STR_FMT ")|(?<!" STR_FMT ")(?%c" STR_FMT "))", STR_ARG(x),
             boundary ? '!' : '=', STR_ARG(x), STR_ARG(x), boundary ? '=' : '!', STR_ARG(x));
    buf_free(&word);
}

/* After the backslash: an atom. *can_repeat false for what has no width. */
static int escape(struct rewriter *w, const char *at, bool *can_repeat)
{
    if (!regex_more(w))
        return regex_refuse(w, at, "a backslash at the end");
    uint32_t c;
    int k = 0;
    if (isalnum((unsigned char)*w->p)) {
        struct cset *s = cset_new();
        k = regex_class(w, s, false);
        if (k > 0) {
            if (w->icase && w->tiktoken) /* Oniguruma folds them in brackets alone */
                cset_fold(s);
            spell(w, s, w->out);
        }
        cset_free(&s);
        if (k)
            return k < 0 ? -1 : 0;
        k = regex_escaped(w, &c);
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
    if (x >= '1' && x <= '9' && !(regex_more(w) && isdigit((unsigned char)*w->p))) {
        if (w->icase || w->named || (unsigned)(x - '0') > w->groups)
            return regex_refuse(w, at, "this reference to a group is not supported");
        *can_repeat = true;
        buf_addf(w->out, "\\g{%c}", x);
        return 0;
    }
    return regex_refuse(w, at, "this escape is not supported");
}

static int alternatives(struct rewriter *w, bool inner);

/* (?imx-imx) and (?imx-imx: ; w->p behind "(?". 0: (…:, 1: (…), -1 refused. */
static int options(struct rewriter *w, const char *at)
{
    bool on = true;
    for (; regex_more(w); w->p++) {
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
                return regex_refuse(w, at, "the option m is not supported");
            w->dotall = on;
            break;
        case 's':
            if (!w->tiktoken)
                return regex_refuse(w, at, "this option is not supported");
            w->dotall = on;
            break;
        case ':':
            w->p++;
            return 0;
        case ')':
            w->p++;
            return 1;
        default:
            return regex_refuse(w, at, "this kind of group is not supported");
        }
    }
    return regex_refuse(w, at, "the group does not end");
}

static int group(struct rewriter *w, const char *at, bool *can_repeat)
{
    static const char *const plain[] = {"?:", "?=", "?!", "?>", "?<=", "?<!"};
    bool icase = w->icase, dotall = w->dotall, extended = w->extended;
    if (++w->depth > REGEX_DEPTH)
        return regex_refuse(w, at, "nested too deeply");
    if (regex_take(w, "?#")) {
        const char *close = memchr(w->p, ')', (size_t)(w->end - w->p));
        if (!close)
            return regex_refuse(w, at, "the comment does not end");
        w->p = close + 1;
        w->depth--;
        *can_repeat = false;
        return 1;
    }
    size_t i = 0;
    while (i < ARRAY_LEN(plain) && !regex_take(w, plain[i]))
        i++;
    if (i < ARRAY_LEN(plain)) {
        buf_addf(w->out, "(%s", plain[i]);
        *can_repeat = i == 0 || i == 3;
    } else if (regex_take(w, "?<") || regex_take(w, "?P<")) {
        const char *close = memchr(w->p, '>', (size_t)(w->end - w->p));
        if (!close || close == w->p || !isalpha((unsigned char)*w->p) || (w->p[-2] == 'P' && !w->tiktoken))
            return regex_refuse(w, at, "this kind of group is not supported");
        w->p = close + 1;
        w->groups = 0; /* beside names, Ruby has no numbers, and names are only for what is refused */
        w->named = true;
        buf_addz(w->out, "(?:");
    } else if (regex_take(w, "?")) {
        int k = options(w, at);
        if (k < 0)
            return -1;
        buf_addz(w->out, "(?:");
        if (k == 1) {
            /* In Ruby a(?i)b|c is a(?i:b|c); others let the option go on without a group round it. */
            if (w->tiktoken)
                return regex_refuse(w, at, "an option for the rest of a group is not supported");
            if (alternatives(w, true) < 0)
                return -1;
            buf_addc(w->out, ')');
            w->depth--;
            return 0; /* at the ")" of the group round it, which ends the option, or at the end */
        }
    } else {
        w->groups++;
        buf_addc(w->out, '(');
    }
    if (alternatives(w, true) < 0)
        return -1;
    if (!regex_take(w, ")"))
        return regex_refuse(w, at, "the group does not end");
    buf_addc(w->out, ')');
    w->icase = icase, w->dotall = dotall, w->extended = extended;
    w->depth--;
    return 0;
}

/* One atom; 1: nothing was written (a comment). */
static int atom(struct rewriter *w, bool *can_repeat)
{
    const char *at = w->p;
    uint32_t before = w->before;
    w->before = 0;
    *can_repeat = true;
    uint32_t c = uni_next(&w->p);
    struct cset *s = NULL;
    switch (c) {
    case '(':
        return group(w, at, can_repeat);
    case '[':
        if (regex_bracket(w, &s) < 0)
            return -1;
        spell(w, s, w->out);
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
        return regex_refuse(w, at, "nothing stands before the repetition");
    default:
        w->before = before;
        return letter(w, at, c);
    }
}

/* {n}, {n,}, {n,m}, {,m} at w->p; 0: none, 1: read, -1: refused. *most UINT32_MAX: without end. */
static int interval(struct rewriter *w, uint32_t *least, uint32_t *most)
{
    const char *at = w->p;
    if (!regex_take(w, "{"))
        return 0;
    uint64_t n[2] = {0, 0};
    bool given[2] = {false, false}, comma = false;
    for (int i = 0; i < 2; i++) {
        while (regex_more(w) && isdigit((unsigned char)*w->p) && n[i] <= REPEAT_MAX) {
            n[i] = n[i] * 10 + (uint64_t)(*w->p++ - '0');
            given[i] = true;
        }
        if (i == 0 && !(comma = regex_take(w, ",")))
            break;
    }
    if (n[0] > REPEAT_MAX || n[1] > REPEAT_MAX)
        return regex_refuse(w, at, "a repetition of more than 65535 times");
    if ((!given[0] && !given[1]) || (!given[0] && w->tiktoken) || !regex_take(w, "}")) {
        w->p = at;
        return 0;
    }
    *least = (uint32_t)n[0];
    *most = !comma ? *least : given[1] ? (uint32_t)n[1] : UINT32_MAX;
    if (*most < *least)
        return regex_refuse(w, at, "an interval whose end comes before its beginning");
    return 1;
}

/* White space and comments under (?x). */
static void skip_blank(struct rewriter *w)
{
    while (w->extended && regex_more(w) && (*w->p == ' ' || (*w->p >= '\t' && *w->p <= '\r') || *w->p == '#')) {
        if (*w->p == '#')
            while (regex_more(w) && *w->p != '\n')
                w->p++;
        else
            w->p++;
    }
}

/* The repetitions behind an atom, around which a group is put for each but the first. */
static int repetitions(struct rewriter *w, struct buf *one, bool can_repeat)
{
    for (unsigned before = 0;; before++) {
        skip_blank(w);
        const char *at = w->p;
        char text[48];
        uint32_t least = 0, most = 0;
        int k = interval(w, &least, &most);
        if (k < 0)
            return -1;
        size_t n = 0;
        if (k == 1) {
            n = (size_t)snprintf(text, sizeof text, "{%" PRIu32, least);
            if (most == UINT32_MAX)
                text[n++] = ',';
            else if (most != least)
                n += (size_t)snprintf(text + n, sizeof text - n, ",%" PRIu32, most);
            text[n++] = '}';
            /* Ruby: X{n}? may be absent, X{n,m}+ is repeated; others: as few as possible, and possessive. */
            if (regex_more(w) && ((*w->p == '?' && (w->tiktoken || most != least)) || (*w->p == '+' && w->tiktoken)))
                text[n++] = *w->p++;
        } else if (regex_more(w) && (*w->p == '*' || *w->p == '+' || *w->p == '?')) {
            text[n++] = *w->p++;
            if (regex_more(w) && (*w->p == '?' || *w->p == '+'))
                text[n++] = *w->p++;
        } else {
            return 0;
        }
        if (!can_repeat)
            return regex_refuse(w, at, "a repetition of what has no width");
        if (before > STACKED_MAX)
            return regex_refuse(w, at, "too many repetitions behind one another");
        if (before) {
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
    for (;;) {
        skip_blank(w);
        if (!regex_more(w))
            return 0;
        if (*w->p == ')') {
            if (inner)
                return 0;
            return regex_refuse(w, w->p, "a \")\" too many");
        }
        if (regex_take(w, "|")) {
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
        buf_adds(out, buf_str(&one));
        if (k >= 0 && (one.failed || out->failed))
            k = regex_refuse(w, w->p, "the pattern becomes too long");
        if (k >= 0 && w->sets > SETS_MAX)
            k = regex_refuse(w, w->p, "too many brackets and classes");
        buf_free(&one);
        if (k < 0)
            return -1;
    }
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

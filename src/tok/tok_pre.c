#include "base/xalloc.h"
#include "tok/tok_pre_private.h"
#include "tok/tok_uni.h"

struct pre {
    struct stage *v;
    size_t n;
    bool gives_bytes;
};

/* --- running --------------------------------------------------------------------------------------------------------
 */
struct pre_scratch *pre_scratch_new(const struct pre *p)
{
    struct pre_scratch *s = xcalloc(1, sizeof *s);
    buf_init(&s->text[0], SIZE_MAX);
    buf_init(&s->text[1], SIZE_MAX);
    for (size_t i = 0; p && i < p->n; i++)
        if (p->v[i].regex && !s->regex)
            s->regex = regex_scratch_new();
    return s;
}

void pre_scratch_free(struct pre_scratch **s)
{
    if (!*s)
        return;
    free((*s)->a.v);
    free((*s)->b.v);
    buf_free(&(*s)->text[0]);
    buf_free(&(*s)->text[1]);
    free((*s)->spans);
    regex_scratch_free(&(*s)->regex);
    free(*s);
    *s = NULL;
}

static void cut_length(const struct stage *st, const char *text, size_t at, size_t end, struct pieces *out)
{
    const char *p = text + at;
    while (p < text + end) {
        const char *from = p;
        for (size_t i = 0; i < st->length && p < text + end; i++)
            uni_next(&p);
        pieces_add(out, (size_t)(from - text), (size_t)(p - text));
    }
}

/* What stands before the first character of a script is lost, as it is in Hugging Face's. */
static void cut_scripts(const char *text, size_t at, size_t end, struct pieces *out)
{
    size_t from = SIZE_MAX;
    unsigned last = 0;
    for (const char *p = text + at; p < text + end;) {
        size_t here = (size_t)(p - text);
        unsigned script = uni_script(uni_next(&p));
        if (script == 0 || script == last)
            continue;
        if (from != SIZE_MAX)
            pieces_add(out, from, here);
        from = here;
        last = script;
    }
    if (from != SIZE_MAX)
        pieces_add(out, from, end);
}

/* One piece's new text at the end of `to`. */
static void change(const struct stage *st, const char *p, size_t n, bool front, struct buf *to)
{
    const char *end = p + n;
    struct str rep = {st->literal, st->literal_n};
    switch (st->kind) {
    case STAGE_PREFIX:
        if (front)
            buf_addc(to, ' ');
        buf_add(to, p, n);
        break;
    case STAGE_ALPHABET: {
        char *o = buf_room(to, n * 2);
        size_t k = 0;
        for (; p < end; p++)
            k += utf8_put(o + k, bytelevel_char((unsigned char)*p));
        buf_wrote(to, k);
        break;
    }
    default:
        if (front)
            buf_adds(to, rep);
        while (p < end) {
            const char *space = memchr(p, ' ', (size_t)(end - p));
            if (!space)
                space = end;
            buf_add(to, p, (size_t)(space - p));
            if (space < end)
                buf_adds(to, rep);
            p = space < end ? space + 1 : end;
        }
    }
}

static bool begins(const char *p, size_t n, struct str with)
{
    return n >= with.n && memcmp(p, with.p, with.n) == 0;
}

/* `zero`: pieces that begin at most so many bytes into the text begin where the user's text does; < 0: none does. */
static void change_all(const struct stage *st, struct pre_scratch *s, const struct pieces *in, struct pieces *out,
                       struct buf *to, ptrdiff_t *zero)
{
    struct str rep = st->kind == STAGE_METASPACE ? (struct str){st->literal, st->literal_n} : STR(" ");
    ptrdiff_t now = -1;
    buf_clear(to);
    for (size_t i = 0; i < in->n; i++) {
        const char *p = in->text + in->v[i].at;
        size_t n = in->v[i].n, at = to->n;
        bool first = (ptrdiff_t)in->v[i].at <= *zero;
        bool front = st->kind != STAGE_ALPHABET && !begins(p, n, rep) &&
                     !(st->kind == STAGE_METASPACE &&
                       (*p == ' ' || st->prepend == PREPEND_NEVER || (st->prepend == PREPEND_FIRST && !first)));
        change(st, p, n, front, to);
        if (first) { /* what was put in front, and what had been before, counts as the beginning too */
            size_t old = (size_t)(*zero - (ptrdiff_t)in->v[i].at);
            now = (ptrdiff_t)(at + (front ? rep.n : 0));
            if (old) {
                size_t keep = to->n;
                change(st, p, MIN(old, n), false, to);
                now += (ptrdiff_t)(to->n - keep);
                to->n = keep;
            }
        }
        pieces_add(out, at, to->n);
    }
    *zero = now;
    out->text = to->p;
}

static void run_stage(const struct stage *st, struct pre_scratch *s, const struct pieces *in, struct pieces *out,
                      struct buf *to, ptrdiff_t *zero)
{
    out->n = 0;
    out->text = in->text;
    if (st->kind == STAGE_PREFIX || st->kind == STAGE_ALPHABET || st->kind == STAGE_METASPACE) {
        change_all(st, s, in, out, to, zero);
        return;
    }
    for (size_t i = 0; i < in->n; i++) {
        size_t at = in->v[i].at, end = at + in->v[i].n;
        if (st->kind == STAGE_SPLIT)
            split_piece(st, s, in->text, at, end, out);
        else if (st->kind == STAGE_LENGTH)
            cut_length(st, in->text, at, end, out);
        else
            cut_scripts(in->text, at, end, out);
    }
}

void pre_split(const struct pre *p, struct pre_scratch *s, struct str text, bool first, struct pieces *out)
{
    struct pieces *in = &s->a, *next = &s->b;
    unsigned side = 0;
    ptrdiff_t zero = first ? 0 : -1;
    in->n = 0;
    in->text = text.p;
    pieces_add(in, 0, text.n);
    for (size_t i = 0; p && i < p->n; i++) {
        run_stage(&p->v[i], s, in, next, &s->text[side], &zero);
        if (next->text == s->text[side].p)
            side ^= 1;
        struct pieces *t = in;
        in = next;
        next = t;
    }
    /* The caller's array and the scratch's change places, so that nothing is copied. */
    struct pieces t = *out;
    *out = *in;
    *in = t;
}

bool pre_gives_bytes(const struct pre *p)
{
    return p && p->gives_bytes;
}

pre_scan_fn *pre_scanner(const struct pre *p)
{
    return p && p->n == 1 && p->v[0].kind == STAGE_SPLIT && p->v[0].find == FIND_SCAN ? p->v[0].scan->scan : NULL;
}

const char *pre_scanner_name(const struct pre *p)
{
    const char *name = "";
    for (size_t i = 0; p && i < p->n; i++) {
        if (p->v[i].scan)
            return p->v[i].scan->name;
        if (p->v[i].regex)
            name = "pcre2";
    }
    return name;
}

void pre_free(struct pre **p)
{
    if (!*p)
        return;
    for (size_t i = 0; i < (*p)->n; i++) {
        free((*p)->v[i].path);
        free((*p)->v[i].literal);
        regex_free(&(*p)->v[i].regex);
    }
    free((*p)->v);
    free(*p);
    *p = NULL;
}

/* --- reading --------------------------------------------------------------------------------------------------------
 */
enum { STAGES_MAX = 1000, NESTED_MAX = 16 };

static struct stage *add_stage(struct pre *p, enum stage_kind kind)
{
    p->v = xreallocarray(p->v, p->n + 1, sizeof *p->v);
    p->v[p->n] = (struct stage){.kind = kind};
    return &p->v[p->n++];
}

static struct stage *add_split(struct pre *p, enum find_kind find, enum behavior behavior, bool invert)
{
    struct stage *st = add_stage(p, STAGE_SPLIT);
    st->find = find;
    st->behavior = behavior;
    st->invert = invert;
    return st;
}

/* Members beside "type" and these are of a later format, whose meaning is not known. */
static int only_members(jnode *def, const char *path, const char *const *names, struct err *e)
{
    for (size_t i = 0; i < jn_len(def); i++) {
        const char *key;
        jn_member(def, i, &key);
        bool known = str_eqz(str_of(key), "type");
        for (size_t k = 0; names[k]; k++)
            known = known || str_eqz(str_of(key), names[k]);
        if (!known)
            return err_set(e, ERR_DATA, "%s.%s is not known for this type of pre-tokenizer", path, key);
    }
    return 0;
}

/* 0 or 1; `dflt` < 0: must be there. */
static int flag(jnode *def, const char *path, const char *name, int dflt, struct err *e)
{
    jnode *n = jn_get(def, name);
    if (dflt >= 0 && jn_is_null(n))
        return dflt;
    if (jn_bool(n, true) != jn_bool(n, false))
        return err_set(e, ERR_DATA, "%s.%s must be true or false", path, name);
    return jn_bool(n, false);
}

static int read_behavior(jnode *n, const char *path, enum behavior *out, struct err *e)
{
    static const char *const names[] = {"Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"};
    struct str s = jn_str(n, "");
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eqz(s, names[i])) {
            *out = (enum behavior)i;
            return 0;
        }
    return err_set(e, ERR_DATA,
                   "%s.behavior must be Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous", path);
}

static bool one_char(struct str s)
{
    unsigned n = 0;
    if (s.n)
        utf8_get(s.p, &n);
    return s.n && n == s.n;
}

static int read_byte_level(struct pre *p, jnode *def, const char *path, struct err *e)
{
    static const char *const names[] = {"add_prefix_space", "trim_offsets", "use_regex", NULL};
    int prefix = flag(def, path, "add_prefix_space", -1, e);
    int regex = prefix < 0 ? -1 : flag(def, path, "use_regex", 1, e);
    if (regex < 0 || only_members(def, path, names, e) < 0)
        return -1;
    if (prefix)
        add_stage(p, STAGE_PREFIX);
    if (regex)
        add_split(p, FIND_SCAN, ISOLATED, false)->scan = scan_gpt2();
    add_stage(p, STAGE_ALPHABET); /* taken away again where it is the last */
    return 0;
}

static int read_metaspace(struct pre *p, jnode *def, const char *path, struct err *e)
{
    static const char *const names[] = {"replacement", "add_prefix_space", "prepend_scheme", "split", "str_rep", NULL};
    struct str rep = jn_str(jn_get(def, "replacement"), "");
    if (!one_char(rep))
        return err_set(e, ERR_DATA, "%s.replacement must be one character", path);
    bool given = jn_get(def, "prepend_scheme") != NULL;
    struct str scheme = jn_str(jn_get(def, "prepend_scheme"), given ? "" : "always");
    int prefix = flag(def, path, "add_prefix_space", 1, e), split = flag(def, path, "split", 1, e);
    if (prefix < 0 || split < 0 || only_members(def, path, names, e) < 0)
        return -1;
    if (!str_eqz(scheme, "always") && !str_eqz(scheme, "first") && !str_eqz(scheme, "never"))
        return err_set(e, ERR_DATA, "%s.prepend_scheme must be always, first or never", path);
    if (!prefix && given && !str_eqz(scheme, "never"))
        return err_set(e, ERR_DATA, "%s: add_prefix_space is false, but prepend_scheme is " STR_FMT, path,
                       STR_ARG(scheme));
    struct stage *st = add_stage(p, STAGE_METASPACE);
    st->prepend = !prefix || str_eqz(scheme, "never") ? PREPEND_NEVER
                  : str_eqz(scheme, "first")          ? PREPEND_FIRST
                                                      : PREPEND_ALWAYS;
    st->literal = xmemdup0(rep.p, rep.n);
    st->literal_n = rep.n;
    if (split) {
        st = add_split(p, FIND_LITERAL, MERGED_WITH_NEXT, false);
        st->literal = xmemdup0(rep.p, rep.n);
        st->literal_n = rep.n;
    }
    return 0;
}

static int read_split(struct pre *p, jnode *def, const char *path, struct err *e)
{
    static const char *const names[] = {"pattern", "behavior", "invert", NULL};
    jnode *pattern = jn_get(def, "pattern"), *literal = jn_get(pattern, "String"), *regex = jn_get(pattern, "Regex");
    enum behavior behavior = REMOVED;
    if (jn_len(pattern) != 1 || !jn_str(literal ? literal : regex, NULL).p)
        return err_set(e, ERR_DATA, "%s.pattern must be {\"String\": \"...\"} or {\"Regex\": \"...\"}", path);
    int invert = flag(def, path, "invert", -1, e);
    if (invert < 0 || read_behavior(jn_get(def, "behavior"), path, &behavior, e) < 0 ||
        only_members(def, path, names, e) < 0)
        return -1;
    struct str s = jn_str(literal ? literal : regex, "");
    /* An empty string matches everywhere, which the empty pattern does as well. */
    struct stage *st = add_split(p, literal && s.n ? FIND_LITERAL : FIND_REGEX, behavior, invert != 0);
    st->literal = xmemdup0(s.p, s.n);
    st->literal_n = s.n;
    st->path = xasprintf("%s.pattern.%s", path, literal ? "String" : "Regex");
    return 0;
}

static int read_one(struct pre *p, jnode *def, const char *path, unsigned nested, struct err *e);

static int read_sequence(struct pre *p, jnode *def, const char *path, unsigned nested, struct err *e)
{
    static const char *const names[] = {"pretokenizers", NULL};
    jnode *list = jn_get(def, "pretokenizers");
    if (!jn_is_arr(list))
        return err_set(e, ERR_DATA, "%s.pretokenizers must be a list", path);
    if (nested == NESTED_MAX || jn_len(list) > STAGES_MAX)
        return err_set(e, ERR_DATA, "%s.pretokenizers: too many", path);
    if (only_members(def, path, names, e) < 0)
        return -1;
    for (size_t i = 0; i < jn_len(list); i++) {
        char *sub = xasprintf("%s.pretokenizers[%zu]", path, i);
        int rc = read_one(p, jn_at(list, i), sub, nested + 1, e);
        free(sub);
        if (rc < 0)
            return -1;
    }
    return 0;
}

/* Types whose cut is a test of single characters. */
static int read_simple(struct pre *p, struct str type, jnode *def, const char *path, struct err *e)
{
    static const char *const none[] = {NULL}, *const digits[] = {"individual_digits", NULL},
                             *const punct[] = {"behavior", NULL}, *const length[] = {"length", NULL},
                             *const delimiter[] = {"delimiter", NULL};
    if (str_eqz(type, "BertPreTokenizer")) {
        add_split(p, FIND_SPACE, REMOVED, false);
        add_split(p, FIND_LIB, ISOLATED, false)->lib = UNI_LIB_PUNCT;
    } else if (str_eqz(type, "Whitespace")) {
        add_split(p, FIND_WORDS, REMOVED, true);
    } else if (str_eqz(type, "WhitespaceSplit")) {
        add_split(p, FIND_SPACE, REMOVED, false);
    } else if (str_eqz(type, "UnicodeScripts")) {
        add_stage(p, STAGE_SCRIPTS);
    } else if (str_eqz(type, "Digits")) {
        int one = flag(def, path, "individual_digits", -1, e);
        if (one < 0)
            return -1;
        add_split(p, FIND_LIB, one ? ISOLATED : CONTIGUOUS, false)->lib = UNI_LIB_NUMERIC;
        return only_members(def, path, digits, e);
    } else if (str_eqz(type, "Punctuation")) {
        enum behavior b = ISOLATED;
        if (jn_get(def, "behavior") && read_behavior(jn_get(def, "behavior"), path, &b, e) < 0)
            return -1;
        add_split(p, FIND_LIB, b, false)->lib = UNI_LIB_PUNCT;
        return only_members(def, path, punct, e);
    } else if (str_eqz(type, "FixedLength")) {
        int64_t n = jn_i64(jn_get(def, "length"), jn_get(def, "length") ? 0 : 5);
        if (n < 1 || n > UINT32_MAX)
            return err_set(e, ERR_DATA, "%s.length must be a number from 1 on", path);
        add_stage(p, STAGE_LENGTH)->length = (size_t)n;
        return only_members(def, path, length, e);
    } else if (str_eqz(type, "CharDelimiterSplit")) {
        struct str d = jn_str(jn_get(def, "delimiter"), "");
        if (!one_char(d))
            return err_set(e, ERR_DATA, "%s.delimiter must be one character", path);
        struct stage *st = add_split(p, FIND_LITERAL, REMOVED, false);
        st->literal = xmemdup0(d.p, d.n);
        st->literal_n = d.n;
        return only_members(def, path, delimiter, e);
    } else {
        return err_set(e, ERR_DATA, "%s.type: \"" STR_FMT "\" is no pre-tokenizer that is known", path,
                       (int)MIN(type.n, 100), type.p);
    }
    return only_members(def, path, none, e);
}

static int read_one(struct pre *p, jnode *def, const char *path, unsigned nested, struct err *e)
{
    struct str type = jn_str(jn_get(def, "type"), NULL);
    if (!jn_is_obj(def) || !type.p)
        return err_set(e, ERR_DATA, "%s must be an object with a \"type\"", path);
    if (str_eqz(type, "Sequence"))
        return read_sequence(p, def, path, nested, e);
    if (str_eqz(type, "ByteLevel"))
        return read_byte_level(p, def, path, e);
    if (str_eqz(type, "Metaspace"))
        return read_metaspace(p, def, path, e);
    if (str_eqz(type, "Split"))
        return read_split(p, def, path, e);
    return read_simple(p, type, def, path, e);
}

static struct str pattern_of(const struct stage *st)
{
    bool regex = st->kind == STAGE_SPLIT && st->find == FIND_REGEX && st->behavior == ISOLATED;
    return regex ? (struct str){st->literal, st->literal_n} : STR("");
}

/* Patterns that are known go to their scanners, all others to PCRE2. */
static int settle(struct pre *p, bool tiktoken, struct err *e)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        struct stage *st = &p->v[i];
        if (st->kind == STAGE_SPLIT && st->find == FIND_REGEX) {
            const struct scan_entry *three =
                i + 2 < p->n ? scan_find_3(pattern_of(st), pattern_of(st + 1), pattern_of(st + 2)) : NULL;
            /* A known pattern leaves no gaps: the removal of what it does not match changes nothing. */
            bool whole = st->behavior == ISOLATED || (st->behavior == REMOVED && st->invert);
            st->scan = three ? three : whole ? scan_find((struct str){st->literal, st->literal_n}, tiktoken) : NULL;
            if (st->scan) {
                st->find = FIND_SCAN;
                st->behavior = ISOLATED;
                for (size_t k = 1; three && k < 3; k++) {
                    free(st[k].path);
                    free(st[k].literal);
                }
                i += three ? 2 : 0;
            } else if (regex_new(&st->regex, (struct str){st->literal, st->literal_n}, tiktoken, e) < 0) {
                if (st->path)
                    err_prefix(e, "%s: ", st->path);
                for (size_t k = n; k < i; k++) /* moved already, or freed */
                    p->v[k] = (struct stage){0};
                return -1;
            }
        }
        struct stage moved = *st;
        if (st != &p->v[n])
            *st = (struct stage){0};
        p->v[n++] = moved;
    }
    p->n = n;
    return 0;
}

int pre_new(struct pre **out, jnode *def, const char *path, struct err *e)
{
    *out = NULL;
    if (jn_is_null(def))
        return 0;
    struct pre *p = xcalloc(1, sizeof *p);
    if (read_one(p, def, path, 0, e) < 0 || settle(p, false, e) < 0) {
        pre_free(&p);
        return -1;
    }
    if (p->n && p->v[p->n - 1].kind == STAGE_ALPHABET) {
        p->n--;
        p->gives_bytes = true;
    }
    *out = p;
    return 0;
}

int pre_new_pattern(struct pre **out, struct str pattern, struct err *e)
{
    struct pre *p = xcalloc(1, sizeof *p);
    struct stage *st = add_split(p, FIND_REGEX, REMOVED, true); /* tiktoken drops what is not matched */
    st->literal = xmemdup0(pattern.p, pattern.n);
    st->literal_n = pattern.n;
    p->gives_bytes = true;
    *out = NULL;
    if (settle(p, true, e) < 0) {
        pre_free(&p);
        return -1;
    }
    *out = p;
    return 0;
}

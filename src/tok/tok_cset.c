#include "tok/tok_cset.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/xalloc.h"

struct cset *cset_new(void)
{
    return xcalloc(1, sizeof(struct cset));
}

void cset_free(struct cset **s)
{
    free(*s);
    *s = NULL;
}

static void put(struct cset *s, uint32_t c)
{
    s->w[c >> 6] |= 1ULL << (c & 63);
}

static void without_surrogates(struct cset *s)
{
    memset(s->w + (0xD800 >> 6), 0, (0xE000 - 0xD800) / 8);
}

void cset_add(struct cset *s, uint32_t lo, uint32_t hi)
{
    for (uint32_t c = lo; c <= hi; c++) {
        if ((c & 63) == 0 && hi - c >= 63) {
            s->w[c >> 6] = ~0ULL;
            c += 63;
        } else {
            put(s, c);
        }
    }
    without_surrogates(s);
}

void cset_or(struct cset *s, const struct cset *with)
{
    for (size_t i = 0; i < CSET_WORDS; i++)
        s->w[i] |= with->w[i];
}

void cset_and(struct cset *s, const struct cset *with)
{
    for (size_t i = 0; i < CSET_WORDS; i++)
        s->w[i] &= with->w[i];
}

void cset_not(struct cset *s)
{
    for (size_t i = 0; i < CSET_WORDS; i++)
        s->w[i] = ~s->w[i];
    without_surrogates(s);
}

void cset_add_mask(struct cset *s, uint32_t mask)
{
    enum { BLOCK = 1 << UNI_CLASS_SHIFT, WORDS = BLOCK / 64 };
    uint64_t w[WORDS] = {0};
    for (uint32_t at = 0; at < 0x110000; at += BLOCK) {
        uint32_t index = uni_class_index[at >> UNI_CLASS_SHIFT];
        if (at == 0 ||
            index != uni_class_index[(at >> UNI_CLASS_SHIFT) - 1]) { /* most blocks are like the one before */
            memset(w, 0, sizeof w);
            for (uint32_t i = 0; i < BLOCK; i++)
                w[i / 64] |= (uint64_t)(mask >> (uni_class_data[index * BLOCK + i] & UNI_CLASS_GC) & 1) << i % 64;
        }
        for (uint32_t i = 0; i < WORDS; i++)
            s->w[at / 64 + i] |= w[i];
    }
    without_surrogates(s);
}

void cset_fold(struct cset *s)
{
    /* Folding is idempotent: a set's closure holds the fold of each member and
     * whatever folds to one of these. */
    for (size_t i = 0; i < ARRAY_LEN(uni_fold_map); i++) {
        const struct uni_map *m = &uni_fold_map[i];
        for (uint32_t c = m->lo; c <= m->hi; c += (uint32_t)m->step)
            if (cset_has(s, c))
                put(s, c + (uint32_t)m->delta);
    }
    for (size_t i = 0; i < ARRAY_LEN(uni_fold_map); i++) {
        const struct uni_map *m = &uni_fold_map[i];
        for (uint32_t c = m->lo; c <= m->hi; c += (uint32_t)m->step)
            if (cset_has(s, c + (uint32_t)m->delta))
                put(s, c);
    }
}

/* --- names
 * ----------------------------------------------------------------------------------------------------------
 */
#define GRAPH_MASK (0x7FFFFFFFU & ~(UNI_MASK_Z | UNI_MASK_CC | UNI_BIT(CN) | UNI_BIT(CS)))
static const struct {
    const char *name;
    uint32_t mask;
} masks[] = {
    {"any", 0x7FFFFFFF},
    {"assigned", 0x7FFFFFFFU & ~UNI_BIT(CN)},
    {"c", UNI_MASK_C},
    {"casedletter", UNI_BIT(LU) | UNI_BIT(LL) | UNI_BIT(LT)},
    {"cc", UNI_MASK_CC},
    {"cf", UNI_BIT(CF)},
    {"closepunctuation", UNI_BIT(PE)},
    {"cn", UNI_BIT(CN)},
    {"cntrl", UNI_MASK_CC},
    {"co", UNI_BIT(CO)},
    {"connectorpunctuation", UNI_BIT(PC)},
    {"control", UNI_MASK_CC},
    {"cs", UNI_BIT(CS)},
    {"currencysymbol", UNI_BIT(SC)},
    {"dashpunctuation", UNI_BIT(PD)},
    {"decimalnumber", UNI_BIT(ND)},
    {"digit", UNI_BIT(ND)},
    {"enclosingmark", UNI_BIT(ME)},
    {"finalpunctuation", UNI_BIT(PF)},
    {"format", UNI_BIT(CF)},
    {"graph", GRAPH_MASK},
    {"initialpunctuation", UNI_BIT(PI)},
    {"l", UNI_MASK_L},
    {"lc", UNI_BIT(LU) | UNI_BIT(LL) | UNI_BIT(LT)},
    {"letter", UNI_MASK_L},
    {"letternumber", UNI_BIT(NL)},
    {"lineseparator", UNI_BIT(ZL)},
    {"ll", UNI_BIT(LL)},
    {"lm", UNI_BIT(LM)},
    {"lo", UNI_BIT(LO)},
    {"lowercaseletter", UNI_BIT(LL)},
    {"lt", UNI_BIT(LT)},
    {"lu", UNI_BIT(LU)},
    {"m", UNI_MASK_M},
    {"mark", UNI_MASK_M},
    {"mathsymbol", UNI_BIT(SM)},
    {"mc", UNI_BIT(MC)},
    {"me", UNI_BIT(ME)},
    {"mn", UNI_BIT(MN)},
    {"modifierletter", UNI_BIT(LM)},
    {"modifiersymbol", UNI_BIT(SK)},
    {"n", UNI_MASK_N},
    {"nd", UNI_BIT(ND)},
    {"nl", UNI_BIT(NL)},
    {"no", UNI_BIT(NO)},
    {"nonspacingmark", UNI_BIT(MN)},
    {"number", UNI_MASK_N},
    {"openpunctuation", UNI_BIT(PS)},
    {"other", UNI_MASK_C},
    {"otherletter", UNI_BIT(LO)},
    {"othernumber", UNI_BIT(NO)},
    {"otherpunctuation", UNI_BIT(PO)},
    {"othersymbol", UNI_BIT(SO)},
    {"p", UNI_MASK_P},
    {"paragraphseparator", UNI_BIT(ZP)},
    {"pc", UNI_BIT(PC)},
    {"pd", UNI_BIT(PD)},
    {"pe", UNI_BIT(PE)},
    {"pf", UNI_BIT(PF)},
    {"pi", UNI_BIT(PI)},
    {"po", UNI_BIT(PO)},
    {"posixpunct", UNI_MASK_P | UNI_MASK_S},
    {"print", GRAPH_MASK | UNI_BIT(ZS)},
    {"privateuse", UNI_BIT(CO)},
    {"ps", UNI_BIT(PS)},
    {"punct", UNI_MASK_P},
    {"punctuation", UNI_MASK_P},
    {"s", UNI_MASK_S},
    {"sc", UNI_BIT(SC)},
    {"separator", UNI_MASK_Z},
    {"sk", UNI_BIT(SK)},
    {"sm", UNI_BIT(SM)},
    {"so", UNI_BIT(SO)},
    {"space", UNI_MASK_SPACE},
    {"spaceseparator", UNI_BIT(ZS)},
    {"spacingmark", UNI_BIT(MC)},
    {"surrogate", UNI_BIT(CS)},
    {"symbol", UNI_MASK_S},
    {"titlecaseletter", UNI_BIT(LT)},
    {"unassigned", UNI_BIT(CN)},
    {"uppercaseletter", UNI_BIT(LU)},
    {"whitespace", UNI_MASK_SPACE},
    {"z", UNI_MASK_Z},
    {"zl", UNI_BIT(ZL)},
    {"zp", UNI_BIT(ZP)},
    {"zs", UNI_BIT(ZS)},
};

static bool add_property(struct cset *s, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(uni_properties); i++)
        if (str_eqz(str_of(name), uni_properties[i].name)) {
            for (uint32_t k = 0; k < uni_properties[i].n; k++) {
                const struct uni_range *r = &uni_property_ranges[uni_properties[i].first + k];
                cset_add(s, r->lo, r->hi);
            }
            return true;
        }
    return false;
}

/* Those that are neither a category nor a property of one name. */
static bool add_special(struct cset *s, const char *name, bool in_class)
{
    struct str n = str_of(name);
    if (str_eqz(n, "alpha"))
        return add_property(s, "alphabetic");
    if (str_eqz(n, "upper"))
        return add_property(s, "uppercase");
    if (str_eqz(n, "lower"))
        return add_property(s, "lowercase");
    if (str_eqz(n, "alnum") || str_eqz(n, "word")) {
        add_property(s, "alphabetic");
        cset_add_mask(s, UNI_BIT(ND));
        if (str_eqz(n, "alnum"))
            return true;
        cset_add_mask(s, UNI_MASK_M | UNI_BIT(PC));
        if (!in_class) { /* Oniguruma's table of Latin-1 takes these No for parts of
                            words, its ranges do not */
            static const uint32_t more[] = {0xB2, 0xB3, 0xB9, 0xBC, 0xBD, 0xBE};
            for (size_t i = 0; i < ARRAY_LEN(more); i++)
                put(s, more[i]);
        }
        return true;
    }
    if (str_eqz(n, "ascii")) {
        cset_add(s, 0, 0x7F);
        return true;
    }
    if (str_eqz(n, "blank")) {
        cset_add_mask(s, UNI_BIT(ZS));
        put(s, '\t');
        return true;
    }
    if (str_eqz(n, "xdigit")) {
        cset_add(s, '0', '9');
        cset_add(s, 'A', 'F');
        cset_add(s, 'a', 'f');
        return true;
    }
    return false;
}

bool cset_add_named(struct cset *s, struct str name, bool posix, bool in_class)
{
    static const char *const brackets[] = {"alnum", "alpha", "ascii", "blank", "cntrl", "digit",  "graph",
                                           "lower", "print", "punct", "space", "upper", "xdigit", "word"};
    char low[64];
    size_t n = 0;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!posix && (c == ' ' || c == '_' || c == '-'))
            continue;
        if (n == sizeof low - 1)
            return false;
        low[n++] = !posix && c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    low[n] = 0;
    if (posix) {
        bool found = false;
        for (size_t i = 0; i < ARRAY_LEN(brackets); i++)
            found = found || str_eqz(str_of(low), brackets[i]);
        if (!found)
            return false;
        if (str_eqz(str_of(low), "punct")) {
            cset_add_mask(s, UNI_MASK_P | UNI_MASK_S);
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(masks); i++)
        if (str_eqz(str_of(low), masks[i].name)) {
            cset_add_mask(s, masks[i].mask);
            return true;
        }
    return add_special(s, low, in_class) || (!posix && add_property(s, low));
}

/* --- for PCRE2
 * ------------------------------------------------------------------------------------------------------
 */
/* The major version of Unicode that PCRE2 has, 0: one of which the tables do
 * not tell how it differs. */
static unsigned pcre2_unicode(void)
{
    char v[64] = "";
    if (pcre2_config(PCRE2_CONFIG_UNICODE_VERSION, NULL) > (int)sizeof v)
        return 0;
    pcre2_config(PCRE2_CONFIG_UNICODE_VERSION, v);
    return str_eqz(str_of(v), "16.0.0")   ? 16
           : str_eqz(str_of(v), "14.0.0") ? 14
           : str_eqz(str_of(v), "15.0.0") ? 15
           : str_eqz(str_of(v), "17.0.0") ? 17
                                          : 0;
}

static const char gc_names[UNI_GC_COUNT][3] = {"Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl",
                                               "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk",
                                               "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", ""};
static const struct {
    char name;
    uint32_t mask;
} majors[] = {{'L', UNI_MASK_L}, {'M', UNI_MASK_M}, {'N', UNI_MASK_N},
              {'P', UNI_MASK_P}, {'S', UNI_MASK_S}, {'Z', UNI_MASK_Z}};

/* The general category of each character as PCRE2 has it, and of each 64 alike: most are. */
enum { MIXED = 0xFF };
struct cset_speller {
    bool known; /* else properties are not used */
    uint8_t gc[0x110000];
    uint8_t word[CSET_WORDS];
};

struct cset_speller *cset_speller_new(void)
{
    struct cset_speller *sp = xmalloc(sizeof *sp);
    unsigned version = pcre2_unicode();
    sp->known = version != 0;
    for (uint32_t c = 0; c < 0x110000; c++)
        sp->gc[c] = (uint8_t)uni_gc(c);
    for (size_t i = 0; i < ARRAY_LEN(uni_others); i++)
        if (uni_others[i].version == version)
            memset(sp->gc + uni_others[i].lo, (int)uni_others[i].gc, uni_others[i].hi - uni_others[i].lo + 1);
    for (size_t i = 0; i < CSET_WORDS; i++) {
        const uint8_t *g = sp->gc + i * 64;
        sp->word[i] = memcmp(g, g + 1, 63) == 0 ? g[0] : MIXED;
    }
    return sp;
}

void cset_speller_free(struct cset_speller **sp)
{
    free(*sp);
    *sp = NULL;
}

enum { FEW_RANGES = 8 }; /* so few are spelled as they are */

/* A set as a bracket's inside: properties of PCRE2, what they lack, and what must be taken out before. */
struct spelling {
    uint32_t props; /* bits of general categories */
    struct cset add, drop;
    size_t cost;
};

static size_t ranges(const struct cset *s)
{
    size_t n = 0;
    uint64_t last = 0;
    for (size_t i = 0; i < CSET_WORDS; i++) {
        uint64_t w = s->w[i];
        n += (size_t)__builtin_popcountll(w & ~(w << 1 | last));
        last = w >> 63;
    }
    return n;
}

/* The characters of word i that are of one of the categories. */
static uint64_t of_categories(const struct cset_speller *sp, size_t i, uint32_t props)
{
    if (sp->word[i] != MIXED)
        return props >> sp->word[i] & 1 ? ~0ULL : 0;
    uint64_t w = 0;
    for (unsigned k = 0; k < 64; k++)
        w |= (uint64_t)(props >> sp->gc[i * 64 + k] & 1) << k;
    return w;
}

static uint32_t close_categories(const struct cset_speller *sp, const struct cset *s)
{
    uint32_t in[UNI_GC_COUNT] = {0}, all[UNI_GC_COUNT] = {0}, props = 0;
    for (size_t i = 0; i < CSET_WORDS; i++) {
        if (sp->word[i] != MIXED) {
            all[sp->word[i]] += 64;
            in[sp->word[i]] += (unsigned)__builtin_popcountll(s->w[i]);
            continue;
        }
        for (unsigned k = 0; k < 64; k++) {
            all[sp->gc[i * 64 + k]]++;
            in[sp->gc[i * 64 + k]] += s->w[i] >> k & 1;
        }
    }
    for (unsigned g = 0; g < UNI_GC_COUNT; g++)
        if (g != UNI_GC_CC && g != UNI_GC_CW && g != UNI_GC_CS && in[g] > all[g] / 10 * 9)
            props |= 1U << g;
    return props;
}

static void choose(struct spelling *out, const struct cset_speller *sp, const struct cset *s)
{
    out->props = sp->known ? close_categories(sp, s) : 0;
    memset(&out->drop, 0, sizeof out->drop);
    out->add = *s;
    for (size_t i = 0; out->props && i < CSET_WORDS; i++) {
        uint64_t covered = of_categories(sp, i, out->props);
        out->add.w[i] &= ~covered;
        out->drop.w[i] = covered & ~s->w[i];
    }
    without_surrogates(&out->drop);
    out->cost = ranges(&out->add) + 4 * ranges(&out->drop) + 2 * (size_t)__builtin_popcount(out->props);
}

static void spell_ranges(const struct cset *s, struct buf *out)
{
    for (uint32_t c = 0; c < 0x110000; c++) {
        if (s->w[c >> 6] == 0) {
            c |= 63;
            continue;
        }
        if (!cset_has(s, c))
            continue;
        uint32_t lo = c;
        while (c + 1 < 0x110000 && cset_has(s, c + 1))
            c += (c + 1) % 64 == 0 && s->w[(c + 1) / 64] == UINT64_MAX ? 64 : 1;
        if (lo == c)
            buf_addf(out, "\\x{%X}", lo);
        else
            buf_addf(out, "\\x{%X}-\\x{%X}", lo, c);
    }
}

static bool empty(const struct cset *s)
{
    for (size_t i = 0; i < CSET_WORDS; i++)
        if (s->w[i])
            return false;
    return true;
}

static void spell_inside(const struct spelling *sp, struct buf *out)
{
    uint32_t props = sp->props;
    for (size_t i = 0; i < ARRAY_LEN(majors); i++)
        if ((props & majors[i].mask) == majors[i].mask) {
            buf_addf(out, "\\p{%c}", majors[i].name);
            props &= ~majors[i].mask;
        }
    for (unsigned g = 0; g < UNI_GC_COUNT; g++)
        if (props >> g & 1)
            buf_addf(out, "\\p{%s}", gc_names[g]);
    spell_ranges(&sp->add, out);
}

static void spell_many(const struct cset_speller *sp, const struct cset *s, const struct cset *other, struct buf *out)
{
    struct spelling *is = xmalloc(sizeof *is), *isnt = xmalloc(sizeof *isnt);
    choose(is, sp, s);
    choose(isnt, sp, other);
    bool negate = isnt->cost < is->cost;
    const struct spelling *best = negate ? isnt : is;
    bool drop = !empty(&best->drop);
    if (drop) {
        buf_addz(out, negate ? "(?:[" : "(?:(?![");
        spell_ranges(&best->drop, out);
        buf_addz(out, negate ? "]|" : "])");
    }
    buf_addz(out, negate ? "[^" : "[");
    spell_inside(best, out);
    buf_addz(out, drop ? "])" : "]");
    free(is);
    free(isnt);
}

void cset_spell(const struct cset_speller *sp, const struct cset *s, struct buf *out)
{
    struct cset *other = xmalloc(sizeof *other);
    *other = *s;
    cset_not(other);
    size_t n = ranges(s), n_other = ranges(other);
    if (n == 0 || n_other == 0) {
        buf_addz(out, n == 0 ? "(?!)" : "(?s:.)");
    } else if (n <= FEW_RANGES || n_other <= FEW_RANGES) {
        buf_addz(out, n_other < n ? "[^" : "[");
        spell_ranges(n_other < n ? other : s, out);
        buf_addc(out, ']');
    } else {
        spell_many(sp, s, other, out);
    }
    cset_free(&other);
}

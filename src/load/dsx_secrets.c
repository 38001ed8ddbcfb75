/* dsx_secrets.c - the shapes of dsx_shapes.h that are no numbers: URLs, keys, names. */
#include "base/rng.h"
#include "load/dsx_shapes.h"

enum { LONGEST = 4096 /* key or token */ };

static bool alnum(char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

static size_t span(struct str s, size_t from, const char *more)
{
    size_t i = from, end = MIN(s.n, from + LONGEST);
    while (i < end && (alnum(s.p[i]) || (s.p[i] && strchr(more, s.p[i]))))
        i++;
    return i - from;
}

/* ---- URLs */

size_t shape_url(struct str s)
{
    size_t scheme = 0;
    while (scheme < s.n && scheme < 16 && (alnum(s.p[scheme]) || s.p[scheme] == '+' || s.p[scheme] == '.'))
        scheme++;
    if (scheme < 2 || !str_starts(str_sub(s, scheme, 3), STR("://")))
        return 0;
    size_t n = scheme + 3;
    while (n < s.n && (unsigned char)s.p[n] > ' ' && !strchr("\"'<>`\\", s.p[n]))
        n++;
    while (n > scheme + 3 && strchr(".,;:!?)]}", s.p[n - 1])) /* of the sentence around it */
        n--;
    return n > scheme + 3 ? n : 0;
}

struct url_parts url_split(struct str url)
{
    struct url_parts p = {0};
    size_t at = (size_t)str_find(url, STR("://")) + 3, end = at, query = at;
    while (end < url.n && !strchr("/?#", url.p[end]))
        end++;
    while (query < url.n && url.p[query] != '?' && url.p[query] != '#')
        query++;
    p.scheme = str_sub(url, 0, at);
    for (size_t i = end; i-- > at;) {
        if (url.p[i] == '@') {
            p.user = str_sub(url, at, i - at);
            at = i + 1;
            break;
        }
    }
    p.host_and_path = str_sub(url, at, query - at);
    p.query = str_sub(url, query, url.n);
    return p;
}

bool url_next_value(struct str *rest, struct str *name, struct str *value)
{
    static const char *const secret[] = {"token", "key",       "secret", "password",   "passwd",  "pwd",
                                         "sig",   "signature", "auth",   "credential", "session", "code"};
    size_t n = 1, end;
    while (n < rest->n && !strchr("=&#", rest->p[n]))
        n++;
    struct str word = str_sub(*rest, 1, n - 1);
    n += n < rest->n && rest->p[n] == '=';
    for (end = n; end < rest->n && !strchr("&#", rest->p[end]);)
        end++;
    *name = str_sub(*rest, 0, n);
    *value = str_sub(*rest, n, end - n);
    *rest = str_sub(*rest, end, rest->n);
    for (size_t i = 0; i < ARRAY_LEN(secret); i++) { /* at the end of the name: api_key, X-Amz-Signature */
        struct str s = str_of(secret[i]);
        if (word.n >= s.n && str_ieq(str_sub(word, word.n - s.n, s.n), s))
            return true;
    }
    return false;
}

/* ---- keys and tokens, as their makers document them */

static const struct {
    const char *prefix;
    const char *more; /* beside letters and digits */
    unsigned least;   /* bytes behind the prefix */
} KEYS[] = {
    {"sk-", "_-", 20},          {"sk_live_", "", 16}, {"sk_test_", "", 16},     {"rk_live_", "", 16},
    {"pk_live_", "", 16},       {"ghp_", "", 36},     {"gho_", "", 36},         {"ghu_", "", 36},
    {"ghs_", "", 36},           {"ghr_", "", 36},     {"github_pat_", "_", 22}, {"glpat-", "_-", 20},
    {"xoxb-", "-", 20},         {"xoxp-", "-", 20},   {"xoxa-", "-", 20},       {"xoxs-", "-", 20},
    {"AKIA", "", 16},           {"ASIA", "", 16},     {"AIza", "_-", 35},       {"hf_", "", 30},
    {"npm_", "", 36},           {"SG.", "._-", 40},   {"dop_v1_", "", 40},      {"Bearer ", "._~+/=-", 16},
    {"bearer ", "._~+/=-", 16},
};

/* Three parts of base64url between full stops, the first of which begins a JSON object. */
static size_t shape_jwt(struct str s)
{
    size_t n = 0;
    if (!str_starts(s, STR("eyJ")))
        return 0;
    for (int part = 0; part < 3; part++) {
        size_t k = span(s, n, "_-");
        if (k < 8 || (part < 2 && (n + k >= s.n || s.p[n + k] != '.')))
            return 0;
        n += k + (part < 2);
    }
    return n;
}

static size_t shape_private_key(struct str s)
{
    static const struct str begin = {"-----BEGIN ", 11}, mark = {"PRIVATE KEY-----", 16};
    if (!str_starts(s, begin))
        return 0;
    ptrdiff_t head = str_find(str_sub(s, 0, 80), mark);
    if (head < 0)
        return 0;
    size_t from = (size_t)head + mark.n;
    ptrdiff_t end = str_find(str_sub(s, from, 16384), mark);
    return end < 0 ? 0 : from + (size_t)end + mark.n;
}

size_t shape_key(struct str s, bool *known)
{
    (void)known;
    for (size_t i = 0; i < ARRAY_LEN(KEYS); i++) {
        struct str prefix = str_of(KEYS[i].prefix);
        if (!str_starts(s, prefix))
            continue;
        size_t n = span(s, prefix.n, KEYS[i].more);
        return n >= KEYS[i].least ? prefix.n + n : 0;
    }
    size_t n = shape_jwt(s);
    return n ? n : shape_private_key(s);
}

/* The prefix stays: what kind of key it was is no secret, and tells a tokenizer's work alike. */
void put_key(uint64_t seed, struct str s, struct buf *out)
{
    size_t keep = 3;
    for (size_t i = 0; i < ARRAY_LEN(KEYS); i++)
        if (str_starts(s, str_of(KEYS[i].prefix)))
            keep = strlen(KEYS[i].prefix);
    if (s.p[0] == '-') {
        buf_addz(out, "-----BEGIN PRIVATE KEY-----\n(removed)\n-----END PRIVATE KEY-----");
        return;
    }
    put_scrambled(seed, s, keep, out);
}

/* ---- names */

size_t shape_salutation(struct str s)
{
    static const struct str words[] = {STR("Mr."),        STR("Mrs."),      STR("Ms."),   STR("Mr"),    STR("Mrs"),
                                       STR("Ms"),         STR("Dr."),       STR("Prof."), STR("Herr"),  STR("Herrn"),
                                       STR("Frau"),       STR("Dear"),      STR("Mme"),   STR("Señor"), STR("Señora"),
                                       STR("my name is"), STR("My name is")};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_starts(s, words[i]) && s.n > words[i].n && s.p[words[i].n] == ' ')
            return words[i].n + 1;
    return 0;
}

/* Words that follow a salutation and are no names. */
static bool is_common(struct str w)
{
    static const struct str common[] = {
        STR("Sir"),     STR("Madam"),     STR("Customer"), STR("Team"),   STR("All"),   STR("Sirs"), STR("Colleagues"),
        STR("Friends"), STR("Mr"),        STR("Mrs"),      STR("Ms"),     STR("Dr"),    STR("Prof"), STR("Hiring"),
        STR("Support"), STR("Professor"), STR("Doctor"),   STR("Editor"), STR("Reader")};
    for (size_t i = 0; i < ARRAY_LEN(common); i++)
        if (str_eq(w, common[i]))
            return true;
    return false;
}

/* A capital (ASCII, or one of Latin-1 in UTF-8), then letters, hyphens and apostrophes. */
size_t shape_name(struct str s, bool further)
{
    size_t i = further;
    if (s.n < i + 2 || (further && s.p[0] != ' '))
        return 0;
    unsigned char c = (unsigned char)s.p[i], d = (unsigned char)s.p[i + 1];
    bool capital = (c >= 'A' && c <= 'Z') || (c == 0xC3 && d >= 0x80 && d <= 0x9E);
    if (!capital)
        return 0;
    size_t n = i + 1;
    while (n < s.n &&
           (((s.p[n] | 32) >= 'a' && (s.p[n] | 32) <= 'z') ||
            ((unsigned char)s.p[n] >= 0x80 && (unsigned char)s.p[n] != 0xE2) || /* no dash */
            ((s.p[n] == '-' || s.p[n] == '\'') && n + 1 < s.n && (s.p[n + 1] | 32) >= 'a' && (s.p[n + 1] | 32) <= 'z')))
        n++;
    return n - i < 2 || is_common(str_sub(s, i, n - i)) ? 0 : n;
}

void put_name(uint64_t seed, struct str s, struct buf *out)
{
    static const char *const names[] = {"Alder",  "Birch", "Cedar",  "Elm",     "Fern",   "Hazel",  "Ivy",    "Juniper",
                                        "Laurel", "Maple", "Olive",  "Poplar",  "Rowan",  "Sage",   "Sorrel", "Willow",
                                        "Aspen",  "Briar", "Clover", "Heather", "Linden", "Myrtle", "Reed",   "Thorn"};
    uint64_t h = 14695981039346656037ULL;
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 1099511628211ULL;
    buf_addz(out, names[rng_below(seed, RNG_DSX, h, ARRAY_LEN(names))]);
}

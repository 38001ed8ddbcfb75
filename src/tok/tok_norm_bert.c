/* BertNormalizer: control characters out, white space to spaces, spaces round Chinese characters, accents off, lower
 * case; each step by Unicode's version of the crate that Hugging Face's library has for it. The steps go over the text
 * once for each run of ASCII and of other characters: no step looks across that border. */
#include "base/xalloc.h"
#include "tok/tok_norm.h"

struct bert {
    struct norm norm;
    bool clean, chinese, strip, lower;
    unsigned char ascii[128]; /* what becomes of each; 0xFF: nothing */
};

enum { DROPPED = 0xFF };

static bool is_chinese(uint32_t c)
{
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
           (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

static const char *ascii_run(const struct bert *b, const char *p, const char *end, struct buf *out)
{
    const char *from = p;
    while (p < end && (unsigned char)*p < 0x80)
        p++;
    char *room = buf_room(out, (size_t)(p - from) + 1), *to = room;
    for (; from < p; from++) {
        unsigned char c = b->ascii[(unsigned char)*from];
        *to = (char)c;
        to += c != DROPPED;
    }
    buf_wrote(out, (size_t)(to - room));
    return p;
}

static void clean_and_space(const struct bert *b, const char *p, const char *end, struct buf *out)
{
    while (p < end) {
        unsigned n;
        uint32_t c = utf8_get(p, &n);
        p += n;
        if (b->clean && (c == 0xFFFD || uni_lib(c) & UNI_LIB_OTHER))
            continue;
        if (b->clean && uni_is_space(c)) {
            buf_addc(out, ' ');
        } else if (b->chinese && is_chinese(c)) {
            buf_addc(out, ' ');
            norm_put(out, c);
            buf_addc(out, ' ');
        } else {
            norm_put(out, c);
        }
    }
}

static void strip_and_lower(const struct bert *b, struct str in, struct buf *out)
{
    for (const char *p = in.p, *end = in.p + in.n; p < end;) {
        unsigned n;
        uint32_t c = utf8_get(p, &n);
        p += n;
        if (b->strip && uni_lib(c) & UNI_LIB_NONSPACING)
            continue;
        if (b->lower)
            norm_lower_char(c, out);
        else
            norm_put(out, c);
    }
}

static const char *other_run(const struct bert *b, struct norm_scratch *s, const char *p, const char *end,
                             struct buf *out)
{
    const char *from = p;
    /* What is dropped does not part the marks round it. */
    while (p < end && ((unsigned char)*p >= 0x80 || b->ascii[(unsigned char)*p] == DROPPED))
        p++;
    struct str run = {from, (size_t)(p - from)};
    buf_clear(&s->part);
    if (b->clean || b->chinese) {
        clean_and_space(b, from, p, &s->part);
        run = buf_str(&s->part);
    }
    if (b->strip && run.n) {
        size_t before = s->part.n;
        /* The text to read may move when the buffer grows. */
        buf_room(&s->part, run.n * 4 + 64);
        if (before)
            run.p = s->part.p;
        if (norm_form(UNI_NFD, s, run, &s->part))
            run = (struct str){s->part.p + before, s->part.n - before};
    }
    strip_and_lower(b, run, out);
    return p;
}

static bool bert_apply(const struct norm *n, struct norm_scratch *s, struct str in, struct buf *out)
{
    const struct bert *b = (const struct bert *)n;
    const char *p = in.p, *end = in.p + in.n;
    while (p < end) {
        p = ascii_run(b, p, end, out);
        if (p < end)
            p = other_run(b, s, p, end, out);
    }
    return true;
}

static void bert_free(struct norm *n)
{
    free(n);
}

int norm_new_bert(struct norm **n, jnode *def, const char *path, struct err *e)
{
    static const struct norm_ops ops = {bert_apply, bert_free};
    struct bert b = {.norm = {&ops}};
    if (norm_read_bool(def, "clean_text", path, &b.clean, e) != 0 ||
        norm_read_bool(def, "handle_chinese_chars", path, &b.chinese, e) != 0 ||
        norm_read_bool(def, "lowercase", path, &b.lower, e) != 0)
        return -1;
    b.strip = b.lower;
    if (!jn_is_null(jn_get(def, "strip_accents")) && norm_read_bool(def, "strip_accents", path, &b.strip, e) != 0)
        return -1;
    for (unsigned c = 0; c < 128; c++) {
        b.ascii[c] = (unsigned char)(b.lower && c >= 'A' && c <= 'Z' ? c + 32 : c);
        if (b.clean && (c == '\t' || c == '\n' || c == '\r'))
            b.ascii[c] = ' ';
        else if (b.clean && (c < 32 || c == 127))
            b.ascii[c] = DROPPED;
    }
    struct bert *own = xmalloc(sizeof *own);
    *own = b;
    *n = &own->norm;
    return 0;
}

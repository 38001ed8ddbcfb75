/* The normalizers that look at one character at a time: Lowercase, Strip, StripAccents, Nmt, Prepend, ByteLevel. */
#include "base/xalloc.h"
#include "tok/tok_norm.h"

static void plain_free(struct norm *n)
{
    free(n);
}

static struct norm *new_plain(const struct norm_ops *ops)
{
    struct norm *n = xcalloc(1, sizeof *n);
    n->ops = ops;
    return n;
}

/* --- Lowercase: each character by itself, as Rust's char::to_lowercase (no final sigma) ------------------------------
 */

void norm_lower_char(uint32_t c, struct buf *out)
{
    uint32_t to[2];
    unsigned n = uni_lower(c, to);
    for (unsigned i = 0; i < n; i++)
        norm_put(out, to[i]);
}

static bool lower_apply(const struct norm *n, struct norm_scratch *s, struct str in, struct buf *out)
{
    const char *p = in.p, *end = in.p + in.n;
    bool changed = false;
    while (p < end) {
        const char *from = p;
        while (p < end && (unsigned char)*p < 0x80)
            p++;
        size_t k = (size_t)(p - from);
        char *room = buf_room(out, k + 1);
        for (size_t i = 0; i < k; i++) {
            char upper = from[i] >= 'A' && from[i] <= 'Z';
            changed |= upper;
            room[i] = (char)(from[i] | upper << 5);
        }
        buf_wrote(out, k);
        while (p < end && (unsigned char)*p >= 0x80) {
            unsigned len;
            uint32_t c = utf8_get(p, &len);
            size_t before = out->n;
            norm_lower_char(c, out);
            changed |= out->n - before != len || memcmp(out->p + before, p, len) != 0;
            p += len;
        }
    }
    if (!changed)
        norm_cut(out, out->n - in.n);
    return changed;
}

struct norm *norm_new_lowercase(void)
{
    static const struct norm_ops ops = {lower_apply, plain_free};
    return new_plain(&ops);
}

/* --- Strip ----------------------------------------------------------------------------------------------------------
 */

struct strip {
    struct norm norm;
    bool left, right;
};

static bool strip_apply(const struct norm *n, struct norm_scratch *s, struct str in, struct buf *out)
{
    const struct strip *t = (const struct strip *)n;
    const char *p = in.p, *end = in.p + in.n;
    unsigned len;
    while (t->left && p < end && uni_is_space(utf8_get(p, &len)))
        p += len;
    while (t->right && p < end) {
        const char *q = uni_back(end);
        if (!uni_is_space(utf8_get(q, &len)))
            break;
        end = q;
    }
    if ((size_t)(end - p) == in.n)
        return false;
    buf_add(out, p, (size_t)(end - p));
    return true;
}

int norm_new_strip(struct norm **n, jnode *def, const char *path, struct err *e)
{
    static const struct norm_ops ops = {strip_apply, plain_free};
    bool left = false, right = false;
    if (norm_read_bool(def, "strip_left", path, &left, e) != 0 ||
        norm_read_bool(def, "strip_right", path, &right, e) != 0)
        return -1;
    struct strip *t = xcalloc(1, sizeof *t);
    *t = (struct strip){{&ops}, left, right};
    *n = &t->norm;
    return 0;
}

/* --- StripAccents ----------------------------------------------------------------------------------------------------
 */

static bool accents_apply(const struct norm *n, struct norm_scratch *s, struct str in, struct buf *out)
{
    const char *p = in.p, *end = in.p + in.n, *copied = in.p;
    bool changed = false;
    while (p < end) {
        unsigned len = 1;
        if ((unsigned char)*p >= 0xCC && uni_form(utf8_get(p, &len)) & UNI_MARK) {
            buf_add(out, copied, (size_t)(p - copied));
            copied = p + len;
            changed = true;
        }
        p += len;
    }
    if (changed)
        buf_add(out, copied, (size_t)(end - copied));
    return changed;
}

struct norm *norm_new_strip_accents(void)
{
    static const struct norm_ops ops = {accents_apply, plain_free};
    return new_plain(&ops);
}

/* --- Nmt -------------------------------------------------------------------------------------------------------------
 */

enum { NMT_KEEP, NMT_DROP, NMT_SPACE };

static int nmt_of(uint32_t c)
{
    if ((c >= 1 && c <= 8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F)
        return NMT_DROP;
    if (c == 9 || c == 0xA || c == 0xC || c == 0xD || c == 0x1680 || (c >= 0x200B && c <= 0x200F) || c == 0x2028 ||
        c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == 0xFFFD)
        return NMT_SPACE;
    return NMT_KEEP;
}

static bool nmt_apply(const struct norm *n, struct norm_scratch *s, struct str in, struct buf *out)
{
    const char *p = in.p, *end = in.p + in.n, *copied = in.p;
    while (p < end) {
        unsigned len = 1;
        int what = NMT_KEEP;
        if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7F)
            what = nmt_of(utf8_get(p, &len));
        if (what != NMT_KEEP) {
            buf_add(out, copied, (size_t)(p - copied));
            if (what == NMT_SPACE)
                buf_addc(out, ' ');
            copied = p + len;
        }
        p += len;
    }
    if (copied == in.p)
        return false;
    buf_add(out, copied, (size_t)(end - copied));
    return true;
}

struct norm *norm_new_nmt(void)
{
    static const struct norm_ops ops = {nmt_apply, plain_free};
    return new_plain(&ops);
}

/* --- Prepend ---------------------------------------------------------------------------------------------------------
 */

struct prepend {
    struct norm norm;
    struct str text; /* own */
};

static bool prepend_apply(const struct norm *n, struct norm_scratch *s, struct str in, struct buf *out)
{
    buf_adds(out, ((const struct prepend *)n)->text);
    buf_adds(out, in);
    return true;
}

static void prepend_free(struct norm *n)
{
    struct prepend *p = (struct prepend *)n;
    free((char *)p->text.p);
    free(p);
}

int norm_new_prepend(struct norm **n, jnode *def, const char *path, struct err *e)
{
    static const struct norm_ops ops = {prepend_apply, prepend_free};
    struct str text = jn_str(jn_get(def, "prepend"), NULL);
    if (!text.p)
        return err_set(e, ERR_DATA, "%s.prepend: is missing; it must be a string", path);
    struct prepend *p = xcalloc(1, sizeof *p);
    *p = (struct prepend){{&ops}, {xmemdup0(text.p, text.n), text.n}};
    *n = &p->norm;
    return 0;
}

/* --- ByteLevel -------------------------------------------------------------------------------------------------------
 */

static bool bytelevel_apply(const struct norm *n, struct norm_scratch *s, struct str in, struct buf *out)
{
    bytelevel_text(in, out);
    return true;
}

struct norm *norm_new_bytelevel(void)
{
    static const struct norm_ops ops = {bytelevel_apply, plain_free};
    return new_plain(&ops);
}

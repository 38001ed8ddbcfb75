#include "tok/tok_decode_steps.h"

#include "tok/tok_utf8.h"

/* `text` with each `what` replaced, appended. */
static void replace(struct buf *out, struct str text, struct str what, struct str with)
{
    for (;;) {
        ptrdiff_t at = what.n ? str_find(text, what) : -1;
        if (at < 0)
            break;
        buf_adds(out, str_sub(text, 0, (size_t)at));
        buf_adds(out, with);
        text = str_sub(text, (size_t)at + what.n, text.n);
    }
    buf_adds(out, text);
}

static void run_byte_level(const struct decode_step *d, const struct decode_list *from, struct decode_list *to,
                           struct buf *tmp, struct norm_scratch *norm)
{
    buf_clear(tmp);
    for (size_t i = 0; i < from->n; i++)
        if (!bytelevel_raw(decode_list_at(from, i), tmp))
            buf_adds(tmp, decode_list_at(from, i));
    utf8_lossy(buf_str(tmp), &to->text);
    decode_list_end(to);
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* "<0x0A>" -> 10. Rust's from_str_radix takes "+A" too. */
static int byte_of(struct str token)
{
    if (token.n != 6 || !str_starts(token, STR("<0x")) || token.p[5] != '>')
        return -1;
    int high = token.p[3] == '+' ? 0 : hex(token.p[3]), low = hex(token.p[4]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* A run of byte tokens is one token where it is UTF-8, else as many U+FFFD. */
static void flush_bytes(struct buf *bytes, struct decode_list *to)
{
    if (bytes->n && utf8_valid(buf_str(bytes)) == bytes->n) {
        buf_adds(&to->text, buf_str(bytes));
        decode_list_end(to);
    } else {
        for (size_t i = 0; i < bytes->n; i++) {
            buf_addz(&to->text, "\xEF\xBF\xBD");
            decode_list_end(to);
        }
    }
    buf_clear(bytes);
}

static void run_byte_fallback(const struct decode_step *d, const struct decode_list *from, struct decode_list *to,
                              struct buf *tmp, struct norm_scratch *norm)
{
    buf_clear(tmp);
    for (size_t i = 0; i < from->n; i++) {
        struct str token = decode_list_at(from, i);
        int byte = byte_of(token);
        if (byte >= 0) {
            buf_addc(tmp, (char)byte);
            continue;
        }
        flush_bytes(tmp, to);
        buf_adds(&to->text, token);
        decode_list_end(to);
    }
    flush_bytes(tmp, to);
}

static void run_fuse(const struct decode_step *d, const struct decode_list *from, struct decode_list *to,
                     struct buf *tmp, struct norm_scratch *norm)
{
    buf_adds(&to->text, buf_str(&from->text));
    decode_list_end(to);
}

static void run_strip(const struct decode_step *d, const struct decode_list *from, struct decode_list *to,
                      struct buf *tmp, struct norm_scratch *norm)
{
    for (size_t i = 0; i < from->n; i++) {
        struct str t = decode_list_at(from, i), whole = t;
        for (size_t k = 0; k < d->start && str_starts(t, d->a); k++)
            t = str_sub(t, d->a.n, t.n);
        size_t left = whole.n; /* counted from the whole token, whatever the front lost */
        for (size_t k = 0; k < d->stop && str_ends(str_sub(whole, 0, left), d->a); k++)
            left -= d->a.n;
        size_t front = whole.n - t.n;
        if (front < left)
            buf_adds(&to->text, str_sub(whole, front, left - front));
        decode_list_end(to);
    }
}

static void run_replace(const struct decode_step *d, const struct decode_list *from, struct decode_list *to,
                        struct buf *tmp, struct norm_scratch *norm)
{
    for (size_t i = 0; i < from->n; i++) {
        struct str t = decode_list_at(from, i);
        if (d->norm)
            buf_adds(&to->text, norm_apply(d->norm, norm, t));
        else
            replace(&to->text, t, d->a, d->b);
        decode_list_end(to);
    }
}

static void run_metaspace(const struct decode_step *d, const struct decode_list *from, struct decode_list *to,
                          struct buf *tmp, struct norm_scratch *norm)
{
    for (size_t i = 0; i < from->n; i++) {
        replace(&to->text, decode_list_at(from, i), d->a, i == 0 && d->flag ? STR("") : STR(" "));
        decode_list_end(to);
    }
}

static void run_bpe(const struct decode_step *d, const struct decode_list *from, struct decode_list *to,
                    struct buf *tmp, struct norm_scratch *norm)
{
    for (size_t i = 0; i < from->n; i++) {
        replace(&to->text, decode_list_at(from, i), d->a, i + 1 == from->n ? STR("") : STR(" "));
        decode_list_end(to);
    }
}

/* The English artefacts that the original cleans up, in its order; in place. */
static void clean_up(struct buf *text, struct buf *tmp)
{
    static const char *const pairs[][2] = {
        {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},    {" n't", "n't"},
        {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        if (str_find(buf_str(text), str_of(pairs[i][0])) < 0)
            continue;
        buf_clear(tmp);
        replace(tmp, buf_str(text), str_of(pairs[i][0]), str_of(pairs[i][1]));
        buf_clear(text);
        buf_adds(text, buf_str(tmp));
    }
}

static void run_wordpiece(const struct decode_step *d, const struct decode_list *from, struct decode_list *to,
                          struct buf *tmp, struct norm_scratch *norm)
{
    struct buf word = BUF_INIT(SIZE_MAX - 1);
    for (size_t i = 0; i < from->n; i++) {
        struct str t = decode_list_at(from, i);
        buf_clear(&word);
        if (i && str_starts(t, d->a))
            t = str_sub(t, d->a.n, t.n);
        else if (i)
            buf_addc(&word, ' ');
        buf_adds(&word, t);
        if (d->flag)
            clean_up(&word, tmp);
        buf_adds(&to->text, buf_str(&word));
        decode_list_end(to);
    }
    buf_free(&word);
}

static void run_ctc(const struct decode_step *d, const struct decode_list *from, struct decode_list *to,
                    struct buf *tmp, struct norm_scratch *norm)
{
    struct buf word = BUF_INIT(SIZE_MAX - 1), clean = BUF_INIT(SIZE_MAX - 1);
    for (size_t i = 0; i < from->n; i++) {
        struct str t = decode_list_at(from, i);
        if (i && str_eq(t, decode_list_at(from, i - 1)))
            continue;
        buf_clear(&word);
        replace(&word, t, d->a, STR(""));
        if (d->flag) {
            clean_up(&word, tmp);
            buf_clear(&clean);
            replace(&clean, buf_str(&word), d->b, STR(" "));
            buf_clear(&word);
            buf_adds(&word, buf_str(&clean));
        }
        if (!word.n)
            continue;
        buf_adds(&to->text, buf_str(&word));
        decode_list_end(to);
    }
    buf_free(&word);
    buf_free(&clean);
}

/* --- their definitions -----------------------------------------------------------------------------------------------
 */
static int own_str(struct str *out, jnode *def, const char *key, const char *path, struct err *e)
{
    struct str v = jn_str(jn_get(def, key), NULL);
    if (!v.p)
        return err_set(e, ERR_DATA, "%s.%s: must be a string", path, key);
    *out = (struct str){xmemdup0(v.p, v.n), v.n};
    return 0;
}

static int own_char(struct str *out, jnode *def, const char *key, const char *path, struct err *e)
{
    unsigned n = 0;
    if (own_str(out, def, key, path, e) != 0)
        return -1;
    if (out->n)
        utf8_get(out->p, &n);
    if (!out->n || n != out->n)
        return err_set(e, ERR_DATA, "%s.%s: must be a single character", path, key);
    return 0;
}

static int read_flag(bool *out, jnode *def, const char *key, const char *path, struct err *e)
{
    *out = jn_bool(jn_get(def, key), false);
    if (*out != jn_bool(jn_get(def, key), true))
        return err_set(e, ERR_DATA, "%s.%s: must be true or false", path, key);
    return 0;
}

static int read_count(size_t *out, jnode *def, const char *key, const char *path, struct err *e)
{
    int64_t v = jn_i64(jn_get(def, key), -1);
    if (v < 0)
        return err_set(e, ERR_DATA, "%s.%s: must be a whole number, 0 or more", path, key);
    *out = (size_t)v;
    return 0;
}

static int new_byte_level(struct decode_step *d, jnode *def, const char *path, struct err *e)
{
    d->run = run_byte_level;
    return 0;
}

static int new_byte_fallback(struct decode_step *d, jnode *def, const char *path, struct err *e)
{
    d->run = run_byte_fallback;
    return 0;
}

static int new_fuse(struct decode_step *d, jnode *def, const char *path, struct err *e)
{
    d->run = run_fuse;
    return 0;
}

static int new_strip(struct decode_step *d, jnode *def, const char *path, struct err *e)
{
    d->run = run_strip;
    return own_char(&d->a, def, "content", path, e) != 0 || read_count(&d->start, def, "start", path, e) != 0 ||
                   read_count(&d->stop, def, "stop", path, e) != 0
               ? -1
               : 0;
}

static int new_replace(struct decode_step *d, jnode *def, const char *path, struct err *e)
{
    jnode *pattern = jn_get(def, "pattern");
    char where[320];
    d->run = run_replace;
    if (own_str(&d->b, def, "content", path, e) != 0)
        return -1;
    if (jn_str(jn_get(pattern, "Regex"), NULL).p)
        return norm_new(&d->norm, def, path, e);
    snprintf(where, sizeof where, "%s.pattern", path);
    if (own_str(&d->a, pattern, "String", where, e) != 0)
        return -1;
    return d->a.n ? 0 : err_set(e, ERR_DATA, "%s.String: is empty", where);
}

static int new_metaspace(struct decode_step *d, jnode *def, const char *path, struct err *e)
{
    struct str scheme = jn_str(jn_get(def, "prepend_scheme"), "always");
    d->run = run_metaspace;
    if (own_char(&d->a, def, "replacement", path, e) != 0)
        return -1;
    if (!str_eqz(scheme, "always") && !str_eqz(scheme, "first") && !str_eqz(scheme, "never"))
        return err_set(e, ERR_DATA,
                       "%s.prepend_scheme: \"" STR_FMT "\" is not known to weir; it knows always, first and never",
                       path, STR_ARG(str_sub(scheme, 0, 100)));
    d->flag = !str_eqz(scheme, "never") && jn_bool(jn_get(def, "add_prefix_space"), true);
    return 0;
}

static int new_wordpiece(struct decode_step *d, jnode *def, const char *path, struct err *e)
{
    d->run = run_wordpiece;
    return own_str(&d->a, def, "prefix", path, e) != 0 || read_flag(&d->flag, def, "cleanup", path, e) != 0 ? -1 : 0;
}

static int new_bpe(struct decode_step *d, jnode *def, const char *path, struct err *e)
{
    d->run = run_bpe;
    return own_str(&d->a, def, "suffix", path, e);
}

static int new_ctc(struct decode_step *d, jnode *def, const char *path, struct err *e)
{
    d->run = run_ctc;
    return own_str(&d->a, def, "pad_token", path, e) != 0 ||
                   own_str(&d->b, def, "word_delimiter_token", path, e) != 0 ||
                   read_flag(&d->flag, def, "cleanup", path, e) != 0
               ? -1
               : 0;
}

int decode_step_new(struct decode_step *d, jnode *def, const char *path, struct err *e)
{
    static const struct {
        const char *type;
        int (*make)(struct decode_step *d, jnode *def, const char *path, struct err *e);
    } kinds[] = {
        {"ByteLevel", new_byte_level},
        {"ByteFallback", new_byte_fallback},
        {"Fuse", new_fuse},
        {"Strip", new_strip},
        {"Replace", new_replace},
        {"Metaspace", new_metaspace},
        {"WordPiece", new_wordpiece},
        {"BPEDecoder", new_bpe},
        {"CTC", new_ctc},
    };
    struct str type = jn_str(jn_get(def, "type"), "");
    *d = (struct decode_step){0};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (!str_eqz(type, kinds[i].type))
            continue;
        int rc = kinds[i].make(d, def, path, e);
        if (rc != 0)
            decode_step_free(d);
        return rc;
    }
    return err_set(e, ERR_DATA,
                   "%s.type: \"" STR_FMT "\" is not known to weir; it knows ByteLevel, ByteFallback, Fuse, Strip, "
                   "Replace, Metaspace, WordPiece, BPEDecoder, CTC and Sequence",
                   path, STR_ARG(str_sub(type, 0, 100)));
}

void decode_step_free(struct decode_step *d)
{
    free((char *)(uintptr_t)d->a.p);
    free((char *)(uintptr_t)d->b.p);
    if (d->norm)
        norm_free(&d->norm);
    *d = (struct decode_step){0};
}

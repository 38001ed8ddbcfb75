/* Reads a SentencePiece .model and checks it as sentencepiece does. */
#include "tok/tok_spm.h"

#include <math.h>

#include "base/xalloc.h"
#include "tok/tok_norm.h"
#include "tok/tok_proto.h"
#include "tok/tok_utf8.h"

/* Field numbers of sentencepiece_model.proto. */
enum { MODEL_PIECES = 1, MODEL_TRAINER = 2, MODEL_NORMALIZER = 3, MODEL_DENORMALIZER = 5 };
enum { PIECE_TEXT = 1, PIECE_SCORE = 2, PIECE_TYPE = 3 };
enum {
    TRAINER_MODEL_TYPE = 3,
    TRAINER_WHITESPACE_AS_SUFFIX = 24,
    TRAINER_BYTE_FALLBACK = 35,
    TRAINER_BOS_PIECE = 46,
    TRAINER_EOS_PIECE = 47,
};
enum {
    NORMALIZER_CHARSMAP = 2,
    NORMALIZER_ADD_DUMMY_PREFIX = 3,
    NORMALIZER_REMOVE_EXTRA_WHITESPACES = 4,
    NORMALIZER_ESCAPE_WHITESPACES = 5,
};

enum { LONGEST_PIECE = 8000 }; /* sentencepiece's own limit */

static int broken(const char *where, struct err *e)
{
    return err_set(e, ERR_DATA, "%s: is damaged: its fields do not end where it does", where);
}

static int read_piece(struct spm_file *f, struct str bytes, struct err *e)
{
    struct proto m;
    struct proto_field x;
    struct spm_piece p = {.type = SPM_NORMAL};
    char where[32];
    snprintf(where, sizeof where, "pieces[%zu]", f->n);
    proto_init(&m, bytes);
    while (proto_next(&m, &x)) {
        if (x.number == PIECE_TEXT && x.wire == PROTO_BYTES)
            p.text = x.bytes;
        else if (x.number == PIECE_SCORE && x.wire == PROTO_32)
            p.score = proto_float(&x);
        else if (x.number == PIECE_TYPE && x.wire == PROTO_VARINT && x.value - 1 < SPM_BYTE)
            p.type = (uint8_t)x.value;
        else if (x.number == PIECE_TYPE)
            return err_set(e, ERR_DATA, "%s.type: is %llu, which is not known here", where,
                           (unsigned long long)x.value);
    }
    if (m.bad)
        return broken(where, e);
    if (f->n == VOCAB_IDS)
        return err_set(e, ERR_DATA, "pieces: there are more than %u", VOCAB_IDS);
    if (f->n == f->cap) {
        f->cap = f->cap ? f->cap * 2 : 1024;
        f->pieces = xreallocarray(f->pieces, f->cap, sizeof *f->pieces);
    }
    f->pieces[f->n++] = p;
    return 0;
}

static int read_trainer(struct spm_file *f, struct str bytes, struct err *e)
{
    struct proto m;
    struct proto_field x;
    proto_init(&m, bytes);
    while (proto_next(&m, &x)) {
        if (x.number == TRAINER_MODEL_TYPE && (x.wire != PROTO_VARINT || x.value - 1 >= SPM_CHAR))
            return err_set(e, ERR_DATA, "trainer_spec.model_type: is %llu, which is not known here",
                           (unsigned long long)x.value);
        if (x.number == TRAINER_MODEL_TYPE)
            f->kind = (enum spm_kind)x.value;
        else if (x.number == TRAINER_WHITESPACE_AS_SUFFIX)
            f->whitespace_as_suffix = x.value != 0;
        else if (x.number == TRAINER_BYTE_FALLBACK)
            f->byte_fallback = x.value != 0;
        else if (x.number == TRAINER_BOS_PIECE && x.bytes.n)
            f->bos_piece = x.bytes;
        else if (x.number == TRAINER_EOS_PIECE && x.bytes.n)
            f->eos_piece = x.bytes;
    }
    return m.bad ? broken("trainer_spec", e) : 0;
}

static int read_normalizer(struct spm_file *f, struct str bytes, struct err *e)
{
    struct proto m;
    struct proto_field x;
    proto_init(&m, bytes);
    while (proto_next(&m, &x)) {
        if (x.number == NORMALIZER_CHARSMAP && x.wire == PROTO_BYTES)
            f->charsmap = x.bytes;
        else if (x.number == NORMALIZER_ADD_DUMMY_PREFIX)
            f->add_dummy_prefix = x.value != 0;
        else if (x.number == NORMALIZER_REMOVE_EXTRA_WHITESPACES)
            f->remove_extra_whitespaces = x.value != 0;
        else if (x.number == NORMALIZER_ESCAPE_WHITESPACES)
            f->escape_whitespaces = x.value != 0;
    }
    return m.bad ? broken("normalizer_spec", e) : 0;
}

static int read_denormalizer(struct spm_file *f, struct str bytes, struct err *e)
{
    struct proto m;
    struct proto_field x;
    proto_init(&m, bytes);
    while (proto_next(&m, &x))
        f->denormalizer = f->denormalizer || (x.number == NORMALIZER_CHARSMAP && x.bytes.n);
    return m.bad ? broken("denormalizer_spec", e) : 0;
}

static int read_fields(struct spm_file *f, struct str text, struct err *e)
{
    struct proto m;
    struct proto_field x;
    int rc = 0;
    proto_init(&m, text);
    while (rc == 0 && proto_next(&m, &x)) {
        if (x.wire != PROTO_BYTES)
            continue;
        if (x.number == MODEL_PIECES)
            rc = read_piece(f, x.bytes, e);
        else if (x.number == MODEL_TRAINER)
            rc = read_trainer(f, x.bytes, e);
        else if (x.number == MODEL_NORMALIZER)
            rc = read_normalizer(f, x.bytes, e);
        else if (x.number == MODEL_DENORMALIZER)
            rc = read_denormalizer(f, x.bytes, e);
    }
    return rc == 0 && m.bad ? broken("the model", e) : rc;
}

static bool is_plain(unsigned type)
{
    return type == SPM_NORMAL || type == SPM_USER_DEFINED || type == SPM_UNUSED;
}

static int byte_of(struct str s)
{
    static const char digits[] = "0123456789ABCDEF";
    if (s.n != 6 || memcmp(s.p, "<0x", 3) != 0 || s.p[5] != '>')
        return -1;
    const char *hi = memchr(digits, s.p[3], 16), *lo = memchr(digits, s.p[4], 16);
    return hi && lo ? (int)((hi - digits) * 16 + (lo - digits)) : -1;
}

static int check_piece(const struct spm_file *f, size_t i, struct vocab *seen[2], struct err *e)
{
    const struct spm_piece *p = &f->pieces[i];
    uint32_t id;
    unsigned set = f->kind == SPM_BPE || is_plain(p->type);
    if (spm_is_filler(p))
        return 0;
    if (p->text.n == 0 || p->text.n >= LONGEST_PIECE)
        return err_set(e, ERR_DATA, "pieces[%zu].piece: must be of 1 to %d bytes", i, LONGEST_PIECE - 1);
    if (utf8_valid(p->text) != p->text.n || memchr(p->text.p, 0, p->text.n))
        return err_set(e, ERR_DATA, "pieces[%zu].piece: is not UTF-8 without NUL", i);
    if (vocab_id(seen[set], p->text, &id))
        return err_set(e, ERR_DATA, "pieces[%zu].piece: \"" STR_FMT "\" is there already, as pieces[%u]", i,
                       STR_ARG(str_sub(p->text, 0, 100)), id);
    vocab_add(seen[set], p->text, (uint32_t)i);
    if (f->kind == SPM_UNIGRAM && !isfinite(p->score))
        return err_set(e, ERR_DATA, "pieces[%zu].score: is no number", i);
    if (p->type == SPM_BYTE && !f->byte_fallback)
        return err_set(e, ERR_DATA, "pieces[%zu].type: is that of a byte, but trainer_spec.byte_fallback is false", i);
    if (p->type == SPM_BYTE && byte_of(p->text) < 0)
        return err_set(e, ERR_DATA, "pieces[%zu].piece: must be a byte, as <0x1F>", i);
    return 0;
}

static int check(const struct spm_file *f, struct err *e)
{
    struct vocab *seen[2] = {vocab_new(f->n / 2), vocab_new(f->n)};
    size_t unknown = 0, bytes = 0, plain = 0;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < f->n; i++) {
        unknown += f->pieces[i].type == SPM_UNKNOWN;
        bytes += f->pieces[i].type == SPM_BYTE;
        plain += is_plain(f->pieces[i].type) && !spm_is_filler(&f->pieces[i]);
        rc = check_piece(f, i, seen, e);
    }
    if (rc == 0 && unknown != 1 && !(unknown == 0 && f->byte_fallback))
        rc = err_set(e, ERR_DATA, "pieces: %zu of %zu are for what is unknown; one must be", unknown, f->n);
    if (rc == 0 && f->byte_fallback && bytes != 256)
        rc = err_set(e, ERR_DATA, "pieces: %zu are bytes; trainer_spec.byte_fallback needs all 256", bytes);
    if (rc == 0 && f->kind == SPM_UNIGRAM && plain == 0)
        rc = err_set(e, ERR_DATA, "pieces: none is for text");
    vocab_free(&seen[0]);
    vocab_free(&seen[1]);
    return rc;
}

int spm_read(struct spm_file *f, struct str text, struct err *e)
{
    *f = (struct spm_file){
        .kind = SPM_UNIGRAM,
        .bos_piece = STR("<s>"),
        .eos_piece = STR("</s>"),
        .add_dummy_prefix = true,
        .remove_extra_whitespaces = true,
        .escape_whitespaces = true,
    };
    int rc = read_fields(f, text, e);
    if (rc == 0)
        rc = check(f, e);
    if (rc != 0)
        spm_free(f);
    return rc;
}

void spm_free(struct spm_file *f)
{
    free(f->pieces);
    f->pieces = NULL;
    f->n = f->cap = 0;
}

int spm_norm_new(struct norm **n, const struct spm_file *f, struct err *e)
{
    struct norm_spm_def def = {.charsmap = f->charsmap,
                               .add_dummy_prefix = f->add_dummy_prefix,
                               .remove_extra_whitespaces = f->remove_extra_whitespaces,
                               .escape_whitespaces = f->escape_whitespaces,
                               .whitespace_as_suffix = f->whitespace_as_suffix};
    def.symbols = xcalloc(f->n + 1, sizeof *def.symbols);
    for (size_t i = 0; i < f->n; i++)
        if (f->pieces[i].type == SPM_USER_DEFINED)
            def.symbols[def.n_symbols++] = (struct trie_key){f->pieces[i].text, (uint32_t)i, 0};
    int rc = norm_new_spm(n, &def, "normalizer_spec.precompiled_charsmap", e);
    free(def.symbols);
    return rc;
}

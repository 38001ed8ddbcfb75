#include "base/unpack.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include "base/xalloc.h"

#define PIECE_BYTES ((size_t)UNPACK_PIECE_BYTES)
enum { ZSTD_FILE_BITS = 27, ZSTD_HTTP_BITS = 23 };

static const char GZIP_MAGIC[] = {0x1f, (char)0x8b};

struct unpack {
    enum unpack_kind kind;
    uint64_t left; /* of the ceiling */
    enum unpack_rc failed;
    bool whole; /* between two members, or at the end */
    bool full;  /* the last piece filled the space: more may come without input */
    z_stream gzip;
    ZSTD_DStream *zstd;
    BrotliDecoderState *brotli;
    char *piece, *own_piece;
};

enum unpack_kind unpack_kind_of(struct str head)
{
    static const char zstd[] = {0x28, (char)0xb5, 0x2f, (char)0xfd};
    if (str_starts(head, (struct str){GZIP_MAGIC, sizeof GZIP_MAGIC}))
        return UNPACK_GZIP;
    return str_starts(head, (struct str){zstd, sizeof zstd}) ? UNPACK_ZSTD : UNPACK_NONE;
}

enum unpack_kind unpack_coding(struct str name)
{
    name = str_trim(name);
    if (str_ieq(name, STR("gzip")) || str_ieq(name, STR("x-gzip")))
        return UNPACK_GZIP;
    if (str_ieq(name, STR("zstd")))
        return UNPACK_ZSTD;
    return str_ieq(name, STR("br")) ? UNPACK_BROTLI : UNPACK_NONE;
}

const char *unpack_name(enum unpack_kind kind)
{
    static const char *const names[] = {"none", "gzip", "zstd", "brotli"};
    return names[kind];
}

static struct unpack *make(enum unpack_kind kind, uint64_t max_out, int zstd_bits)
{
    struct unpack *u = xcalloc(1, sizeof *u);
    bool ok = true;
    u->kind = kind;
    u->left = max_out;
    u->whole = kind == UNPACK_NONE;
    if (kind == UNPACK_GZIP) {
        ok = inflateInit2(&u->gzip, 15 + 16) == Z_OK;
    } else if (kind == UNPACK_ZSTD) {
        u->zstd = ZSTD_createDStream();
        ok = u->zstd && !ZSTD_isError(ZSTD_DCtx_setParameter(u->zstd, ZSTD_d_windowLogMax, zstd_bits));
    } else if (kind == UNPACK_BROTLI) {
        u->brotli = BrotliDecoderCreateInstance(NULL, NULL, NULL);
        ok = u->brotli != NULL;
    }
    if (!ok)
        abort(); /* out of memory, as xalloc.h does */
    return u;
}

struct unpack *unpack_new(enum unpack_kind kind, uint64_t max_out)
{
    struct unpack *u = make(kind, max_out, ZSTD_FILE_BITS);
    u->piece = u->own_piece = kind == UNPACK_NONE ? NULL : xmalloc(PIECE_BYTES);
    return u;
}

struct unpack *unpack_new_http(enum unpack_kind kind, uint64_t max_out, char *piece)
{
    struct unpack *u = make(kind, max_out, ZSTD_HTTP_BITS);
    u->piece = piece;
    return u;
}

void unpack_reset(struct unpack *u, uint64_t max_out)
{
    u->left = max_out;
    u->failed = 0;
    u->full = u->whole = false;
    inflateReset2(&u->gzip, 15 + 16);
}

void unpack_free(struct unpack **pu)
{
    struct unpack *u = *pu;
    if (!u)
        return;
    if (u->kind == UNPACK_GZIP)
        inflateEnd(&u->gzip);
    ZSTD_freeDStream(u->zstd);
    if (u->brotli)
        BrotliDecoderDestroyInstance(u->brotli);
    free(u->own_piece);
    free(u);
    *pu = NULL;
}

/* Behind a member's end: another one, or zeros to its end. */
static enum unpack_rc next_member(struct unpack *u, struct str *in)
{
    while (in->n > 0 && in->p[0] == 0)
        *in = str_sub(*in, 1, in->n);
    if (in->n == 0)
        return UNPACK_MORE;
    if (in->p[0] != GZIP_MAGIC[0] || inflateReset2(&u->gzip, 15 + 16) != Z_OK)
        return UNPACK_BAD;
    u->whole = false;
    return UNPACK_PIECE;
}

/* Each of these fills the piece as far as the input goes: the number of bytes, or -1. */
static ptrdiff_t step_gzip(struct unpack *u, struct str *in)
{
    unsigned n = (unsigned)MIN(in->n, (size_t)1 << 30);
    u->gzip.next_in = (Bytef *)(uintptr_t)in->p;
    u->gzip.avail_in = n;
    u->gzip.next_out = (Bytef *)u->piece;
    u->gzip.avail_out = (unsigned)PIECE_BYTES;
    int rc = inflate(&u->gzip, Z_SYNC_FLUSH);
    if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
        return -1;
    *in = str_sub(*in, n - u->gzip.avail_in, in->n);
    u->whole = rc == Z_STREAM_END;
    return (ptrdiff_t)(PIECE_BYTES - u->gzip.avail_out);
}

static ptrdiff_t step_zstd(struct unpack *u, struct str *in)
{
    ZSTD_inBuffer from = {in->p, in->n, 0};
    ZSTD_outBuffer to = {u->piece, PIECE_BYTES, 0};
    size_t rc = ZSTD_decompressStream(u->zstd, &to, &from);
    if (ZSTD_isError(rc))
        return -1;
    *in = str_sub(*in, from.pos, in->n);
    if (from.pos > 0 || to.pos > 0)
        u->whole = rc == 0;
    return (ptrdiff_t)to.pos;
}

static ptrdiff_t step_brotli(struct unpack *u, struct str *in)
{
    const uint8_t *from = (const uint8_t *)in->p;
    uint8_t *to = (uint8_t *)u->piece;
    size_t left = in->n, room = PIECE_BYTES;
    BrotliDecoderResult rc = BrotliDecoderDecompressStream(u->brotli, &left, &from, &room, &to, NULL);
    if (rc == BROTLI_DECODER_RESULT_ERROR)
        return -1;
    *in = str_sub(*in, in->n - left, in->n);
    u->whole = rc == BROTLI_DECODER_RESULT_SUCCESS;
    return (ptrdiff_t)(PIECE_BYTES - room);
}

static enum unpack_rc pass(struct unpack *u, struct str *in, struct str *out)
{
    if (in->n == 0)
        return UNPACK_MORE;
    *out = *in;
    *in = STR("");
    return UNPACK_PIECE;
}

static enum unpack_rc step(struct unpack *u, struct str *in, struct str *out)
{
    if (u->kind == UNPACK_NONE)
        return pass(u, in, out);
    while (in->n > 0 || u->full) {
        if (u->kind == UNPACK_BROTLI && u->whole)
            return UNPACK_BAD; /* nothing may follow */
        if (u->kind == UNPACK_GZIP && u->whole) {
            enum unpack_rc rc = next_member(u, in);
            if (rc != UNPACK_PIECE)
                return rc;
        }
        ptrdiff_t k = u->kind == UNPACK_GZIP   ? step_gzip(u, in)
                      : u->kind == UNPACK_ZSTD ? step_zstd(u, in)
                                               : step_brotli(u, in);
        if (k < 0)
            return UNPACK_BAD;
        u->full = (size_t)k == PIECE_BYTES && !u->whole;
        if (k > 0) {
            *out = (struct str){u->piece, (size_t)k};
            return UNPACK_PIECE;
        }
    }
    return UNPACK_MORE;
}

enum unpack_rc unpack_step(struct unpack *u, struct str *in, struct str *out)
{
    *out = STR("");
    if (u->failed < 0)
        return u->failed;
    enum unpack_rc rc = step(u, in, out);
    if (rc == UNPACK_PIECE && out->n > u->left) {
        *out = STR("");
        rc = UNPACK_LIMIT;
    }
    u->left -= out->n;
    u->failed = rc < 0 ? rc : 0;
    return rc;
}

bool unpack_whole(const struct unpack *u)
{
    return u->whole && u->failed == 0;
}

#include "base/pack.h"

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include "base/xalloc.h"

enum { ROOM = 4096, GZIP_LEVEL = 4, ZSTD_LEVEL = 1, BROTLI_LEVEL = 3, BROTLI_WINDOW_BITS = 18 };

struct pack {
    enum unpack_kind kind;
    z_stream gzip;
    ZSTD_CStream *zstd;
    BrotliEncoderState *brotli;
};

struct pack *pack_new(enum unpack_kind kind)
{
    struct pack *p = xcalloc(1, sizeof *p);
    bool ok = true;
    p->kind = kind;
    if (kind == UNPACK_GZIP) {
        ok = deflateInit2(&p->gzip, GZIP_LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK;
    } else if (kind == UNPACK_ZSTD) {
        p->zstd = ZSTD_createCStream();
        ok = p->zstd && !ZSTD_isError(ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL));
    } else {
        p->brotli = BrotliEncoderCreateInstance(NULL, NULL, NULL);
        ok = p->brotli && BrotliEncoderSetParameter(p->brotli, BROTLI_PARAM_QUALITY, BROTLI_LEVEL) &&
             BrotliEncoderSetParameter(p->brotli, BROTLI_PARAM_LGWIN, BROTLI_WINDOW_BITS);
    }
    if (!ok)
        abort(); /* out of memory, as xalloc.h does */
    return p;
}

void pack_free(struct pack **pp)
{
    struct pack *p = *pp;
    if (!p)
        return;
    if (p->kind == UNPACK_GZIP)
        deflateEnd(&p->gzip);
    ZSTD_freeCStream(p->zstd);
    if (p->brotli)
        BrotliEncoderDestroyInstance(p->brotli);
    free(p);
    *pp = NULL;
}

static void add_gzip(struct pack *p, struct str in, enum pack_step step, struct buf *out)
{
    p->gzip.next_in = (Bytef *)(uintptr_t)in.p;
    p->gzip.avail_in = (unsigned)in.n;
    do {
        char *to = buf_room(out, ROOM);
        if (!to)
            return;
        p->gzip.next_out = (Bytef *)to;
        p->gzip.avail_out = ROOM;
        deflate(&p->gzip, step == PACK_END ? Z_FINISH : Z_SYNC_FLUSH);
        buf_wrote(out, ROOM - p->gzip.avail_out);
    } while (p->gzip.avail_out == 0);
}

static void add_zstd(struct pack *p, struct str in, enum pack_step step, struct buf *out)
{
    ZSTD_inBuffer from = {in.p, in.n, 0};
    for (size_t left = 1; left > 0 && !ZSTD_isError(left);) {
        char *room = buf_room(out, ROOM);
        if (!room)
            return;
        ZSTD_outBuffer to = {room, ROOM, 0};
        left = ZSTD_compressStream2(p->zstd, &to, &from, step == PACK_END ? ZSTD_e_end : ZSTD_e_flush);
        buf_wrote(out, to.pos);
    }
}

static void add_brotli(struct pack *p, struct str in, enum pack_step step, struct buf *out)
{
    const uint8_t *from = (const uint8_t *)in.p;
    size_t left = in.n;
    do {
        uint8_t *to = (uint8_t *)buf_room(out, ROOM);
        size_t room = ROOM;
        if (!to ||
            !BrotliEncoderCompressStream(p->brotli, step == PACK_END ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_FLUSH,
                                         &left, &from, &room, &to, NULL))
            return;
        buf_wrote(out, ROOM - room);
    } while (left > 0 || BrotliEncoderHasMoreOutput(p->brotli));
}

void pack_add(struct pack *p, struct str in, enum pack_step step, struct buf *out)
{
    if (p->kind == UNPACK_GZIP)
        add_gzip(p, in, step, out);
    else if (p->kind == UNPACK_ZSTD)
        add_zstd(p, in, step, out);
    else
        add_brotli(p, in, step, out);
}

#include "api/api_media.h"

#include "base/base64.h"
#include "base/rng.h"
#include "base/xalloc.h"

enum { STORED_MAX = 65535, RATE = 16000, WAV_HEAD = 44, WAV_TAIL = 640 };

struct item {
    bool audio;
    char type[32];
    struct buf head;   /* base64 of all but the end; its source is a multiple of 3 bytes */
    size_t end;        /* bytes that are drawn for each request; 0: none */
    uint32_t adler[2]; /* picture: state behind the rows before */
};

struct api_media {
    struct item *v; /* images first, then sounds */
    size_t n_images, n_sounds;
    unsigned images;
    bool same;
    uint64_t seed;
};

/* ---- encodings */

/* ISO 3309, as PNG's annex has it, four bits at a time. */
static uint32_t crc32_of(const char *p, size_t n)
{
    static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
                                       0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                       0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    uint32_t c = 0xffffffff;
    for (size_t i = 0; i < n; i++) {
        c ^= (unsigned char)p[i];
        c = c >> 4 ^ table[c & 15];
        c = c >> 4 ^ table[c & 15];
    }
    return ~c;
}

static void adler_on(uint32_t s[2], const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        s[0] = (s[0] + p[i]) % 65521;
        s[1] = (s[1] + s[0]) % 65521;
    }
}

static void put_be(struct buf *b, uint32_t v)
{
    const char bytes[4] = {(char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v};
    buf_add(b, bytes, 4);
}

static void put_le(struct buf *b, uint32_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_addc(b, (char)(v >> 8 * i));
}

/* A chunk of what was appended to b from `from` on: its length goes in front, and its CRC behind. */
static size_t chunk_begin(struct buf *b, const char *type)
{
    put_be(b, 0);
    buf_add(b, type, 4);
    return b->n;
}

static void chunk_end(struct buf *b, size_t from)
{
    uint32_t n = (uint32_t)(b->n - from);
    const char length[4] = {(char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n};
    memcpy(b->p + from - 8, length, 4);
    put_be(b, crc32_of(b->p + from - 4, n + 4));
}

static void stored(struct buf *b, const unsigned char *p, size_t n, bool last)
{
    buf_addc(b, last ? 1 : 0);
    put_le(b, (uint32_t)n, 2);
    put_le(b, (uint32_t)n ^ 0xffff, 2);
    buf_add(b, p, n);
}

static void noise(unsigned char *p, size_t n, uint64_t seed, uint64_t key)
{
    for (size_t i = 0; i < n; i += 8) {
        uint64_t v = rng_u64(seed, RNG_MEDIA, key + i / 8);
        memcpy(p + i, &v, MIN(n - i, (size_t)8));
    }
}

/* ---- pictures */

/* All rows but the last, and everything before them. */
static void png_head(struct item *it, unsigned w, unsigned h, uint64_t seed, uint64_t key)
{
    struct buf b = BUF_INIT((size_t)1 << 30);
    size_t row = 3 * (size_t)w + 1, n = row * (h - 1);
    unsigned char *rows = xmalloc(n + 8);
    noise(rows, n, seed, key);
    for (size_t y = 0; y + 1 < h; y++)
        rows[y * row] = 0; /* no filter */
    buf_add(&b, "\x89PNG\r\n\x1a\n", 8);
    size_t at = chunk_begin(&b, "IHDR");
    put_be(&b, w);
    put_be(&b, h);
    buf_add(&b, "\x08\x02\0\0\0", 5); /* 8 bits, RGB */
    chunk_end(&b, at);
    /* What is between here and the last chunk is known: a comment brings all of it to a multiple of 3 bytes. */
    size_t blocks = (n + STORED_MAX - 1) / STORED_MAX, whole = b.n + 12 + 8 + 12 + 2 + 5 * blocks + n;
    at = chunk_begin(&b, "tEXt");
    buf_add(&b, "Comment", 8);
    for (size_t pad = (3 - whole % 3) % 3; pad > 0; pad--)
        buf_addc(&b, ' ');
    chunk_end(&b, at);
    at = chunk_begin(&b, "IDAT");
    buf_add(&b, "\x78\x01", 2);
    for (size_t i = 0; i < n; i += STORED_MAX)
        stored(&b, rows + i, MIN(n - i, (size_t)STORED_MAX), false);
    chunk_end(&b, at);
    it->adler[0] = 1;
    adler_on(it->adler, rows, n);
    it->end = row;
    base64_add(&it->head, b.p, b.n);
    free(rows);
    buf_free(&b);
}

static void png_tail(const struct item *it, uint64_t seed, uint64_t key, struct buf *raw)
{
    unsigned char row[3 * MEDIA_MAX_SIDE + 16];
    uint32_t adler[2] = {it->adler[0], it->adler[1]};
    noise(row, it->end, seed, key);
    row[0] = 0;
    adler_on(adler, row, it->end);
    size_t at = chunk_begin(raw, "IDAT");
    stored(raw, row, it->end, true);
    put_be(raw, adler[1] << 16 | adler[0]);
    chunk_end(raw, at);
    at = chunk_begin(raw, "IEND");
    chunk_end(raw, at);
}

/* ---- sound */

static void wav_head(struct item *it, double seconds, uint64_t seed, uint64_t key)
{
    struct buf b = BUF_INIT((size_t)1 << 30);
    uint32_t n = 2 * (uint32_t)(seconds * RATE);
    buf_addz(&b, "RIFF");
    put_le(&b, n + WAV_HEAD - 8, 4);
    buf_addz(&b, "WAVEfmt ");
    put_le(&b, 16, 4);
    put_le(&b, 1, 2); /* PCM */
    put_le(&b, 1, 2); /* mono */
    put_le(&b, RATE, 4);
    put_le(&b, 2 * RATE, 4);
    put_le(&b, 2, 2);
    put_le(&b, 16, 2);
    buf_addz(&b, "data");
    put_le(&b, n, 4);
    size_t keep = (WAV_HEAD + (size_t)n - WAV_TAIL) / 3 * 3;
    unsigned char *samples = xmalloc(n + 8);
    noise(samples, n, seed, key);
    buf_add(&b, samples, n);
    it->end = b.n - keep;
    base64_add(&it->head, b.p, keep);
    free(samples);
    buf_free(&b);
}

/* ---- all together */

static void make(struct item *it, const struct media_source *s, uint64_t seed, uint64_t key)
{
    it->audio = s->audio;
    snprintf(it->type, sizeof it->type, "%s", s->type);
    buf_init(&it->head, (size_t)1 << 30);
    if (s->file.n > 0)
        base64_add(&it->head, s->file.p, s->file.n);
    else if (s->audio)
        wav_head(it, s->seconds, seed, key);
    else
        png_head(it, s->w, s->h, seed, key);
}

struct api_media *api_media_new(const struct media_source *v, size_t n, unsigned images, bool same, uint64_t seed)
{
    struct api_media *m = xcalloc(1, sizeof *m);
    m->v = xcalloc(n + 1, sizeof *m->v);
    m->images = images;
    m->same = same;
    m->seed = seed;
    for (int audio = 0; audio < 2; audio++) {
        for (size_t i = 0; i < n; i++) {
            if (v[i].audio != (audio == 1))
                continue;
            /* keys of the common parts lie above those of any request */
            make(&m->v[m->n_images + m->n_sounds], &v[i], seed, (1ULL << 63) + ((uint64_t)i << 40));
            (*(audio ? &m->n_sounds : &m->n_images))++;
        }
    }
    return m;
}

void api_media_free(struct api_media **pm)
{
    struct api_media *m = *pm;
    if (!m)
        return;
    for (size_t i = 0; i < m->n_images + m->n_sounds; i++)
        buf_free(&m->v[i].head);
    free(m->v);
    free(m);
    *pm = NULL;
}

static const struct item *pick(const struct api_media *m, uint64_t index, unsigned j)
{
    unsigned images = m->n_images ? m->images : 0;
    if (j < images)
        return &m->v[(index * images + j) % m->n_images];
    return j == images && m->n_sounds ? &m->v[m->n_images + index % m->n_sounds] : NULL;
}

bool api_media_part(const struct api_media *m, uint64_t index, uint64_t key, unsigned j, struct media_part *p)
{
    const struct item *it = pick(m, index, j);
    (void)key;
    if (!it)
        return false;
    *p = (struct media_part){it->audio, it->type, buf_str(&it->head)};
    return true;
}

void api_media_tail(const struct api_media *m, uint64_t index, uint64_t key, unsigned j, struct buf *out)
{
    const struct item *it = pick(m, index, j);
    if (!it || it->end == 0)
        return;
    char room[3 * MEDIA_MAX_SIDE + 128];
    struct buf raw = {.p = room, .cap = sizeof room, .max = sizeof room - 1};
    uint64_t own = rng_u64(m->seed, RNG_MEDIA, m->same ? j : key * MEDIA_PER_REQUEST + j + MEDIA_PER_REQUEST) >> 1;
    if (it->audio) {
        noise((unsigned char *)room, it->end, m->seed, own);
        raw.n = it->end;
    } else {
        png_tail(it, m->seed, own, &raw);
    }
    base64_add(out, room, raw.n);
}

/* api_media.h - images and sound for requests, as base64 text: files as they are, and generated PNG (8-bit RGB noise)
 * and WAV (16 kHz, 16-bit, mono noise).
 *
 * A generated one is made once, but for its end: the last row of the picture, the last 20 ms of the sound. That is
 * drawn for each request from the seed, so that no two are the same to a server that keeps what it has decoded, at the
 * cost of a few kilobytes each. The picture's rows lie in stored blocks of deflate (RFC 1951, 3.2.4), the last one in a
 * chunk of its own (PNG, third edition, 11.2.3), so that only that chunk's CRC and the Adler-32 go on. Read-only after
 * api_media_new, shared by all workers. */
#ifndef WEIR_API_API_MEDIA_H
#define WEIR_API_API_MEDIA_H

#include "base/buf.h"
#include "base/err.h"

enum { MEDIA_PER_REQUEST = 16, MEDIA_SOURCES = 256, MEDIA_MAX_SIDE = 8192 };

struct media_source { /* borrowed while api_media_new runs */
    bool audio;
    struct str file; /* its bytes; "" to generate one: */
    char type[32];   /* "image/png"; of sound its format, "wav" */
    unsigned w, h;   /* picture */
    double seconds;  /* sound */
};

struct api_media;
/* Sources in turn; `images` of them in each request, and one sound where there are any. same: all requests have the
 * same generated ones. */
struct api_media *api_media_new(const struct media_source *v, size_t n, unsigned images, bool same, uint64_t seed);
void api_media_free(struct api_media **m);

/* Part j of request `index` (unique by `key`): `type` for the URL or format, and its base64 text in two pieces: `head`,
 * borrowed from m, and the rest, appended to out. False: there is no part j. */
struct media_part {
    bool audio;
    const char *type;
    struct str head;
};
bool api_media_part(const struct api_media *m, uint64_t index, uint64_t key, unsigned j, struct media_part *p);
void api_media_tail(const struct api_media *m, uint64_t index, uint64_t key, unsigned j, struct buf *out);

#endif

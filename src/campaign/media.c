/* media.c - --image and --audio: from what the user writes to pictures and sounds. */
#include <strings.h>

#include "base/file.h"
#include "base/xalloc.h"
#include "campaign/campaign_private.h"

#define MOST_FILE ((size_t)64 << 20)
#define MOST_SECONDS 600

struct loading {
    struct media_source v[MEDIA_SOURCES];
    struct file_map file[MEDIA_SOURCES];
    size_t n;
};

static const char *ending(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : "";
}

/* "512x384" and "512x384:png" */
static bool size_of(const char *spec, struct media_source *s)
{
    struct str text = str_of(spec);
    ptrdiff_t x = str_chr(text, 'x'), colon = str_chr(text, ':');
    uint64_t w, h;
    if (colon >= 0 && !str_ieq(str_sub(text, (size_t)colon + 1, text.n), STR("png")))
        return false;
    if (colon >= 0)
        text = str_sub(text, 0, (size_t)colon);
    if (x <= 0 || parse_u64(str_sub(text, 0, (size_t)x), &w) < 0 ||
        parse_u64(str_sub(text, (size_t)x + 1, text.n), &h) < 0 || w < 1 || h < 1 || w > MEDIA_MAX_SIDE ||
        h > MEDIA_MAX_SIDE)
        return false;
    s->w = (unsigned)w;
    s->h = (unsigned)h;
    snprintf(s->type, sizeof s->type, "image/png");
    return true;
}

static bool seconds_of(const char *spec, struct media_source *s)
{
    int64_t ns;
    if (parse_duration(str_of(spec), &ns) < 0 || ns < NS_PER_S / 10 || ns > MOST_SECONDS * NS_PER_S)
        return false;
    s->seconds = (double)ns / 1e9;
    snprintf(s->type, sizeof s->type, "wav");
    return true;
}

static int file_of(struct loading *l, const char *path, struct media_source *s, struct err *e)
{
    static const struct {
        const char *ending, *image, *audio;
    } types[] = {{"png", "image/png", NULL},   {"jpg", "image/jpeg", NULL}, {"jpeg", "image/jpeg", NULL},
                 {"webp", "image/webp", NULL}, {"gif", "image/gif", NULL},  {"wav", NULL, "wav"},
                 {"mp3", NULL, "mp3"},         {"flac", NULL, "flac"}};
    const char *option = s->audio ? "--audio" : "--image", *type = NULL;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (strcasecmp(ending(path), types[i].ending) == 0)
            type = s->audio ? types[i].audio : types[i].image;
    }
    if (!type)
        return err_set(e, ERR_USAGE, "%s %s: is %s", option, path,
                       s->audio
                           ? "neither a length (5s, from 0.1 s to 600 s) nor a .wav, .mp3 or .flac file"
                           : "neither a size (512x384, each side at most 8192) nor a .png, .jpg, .webp or .gif file");
    struct file_map *m = &l->file[l->n];
    if (file_open_map(m, path, MOST_FILE, e) != 0) {
        e->code = ERR_USAGE;
        return err_prefix(e, "%s: ", option);
    }
    s->file = m->text;
    snprintf(s->type, sizeof s->type, "%s", type);
    if (s->file.n > 0 && s->file.n <= MOST_FILE)
        return 0;
    int rc = err_set(e, ERR_USAGE, "%s %s: is %s", option, path, s->file.n ? "larger than 64 MiB" : "empty");
    file_close_map(m);
    *m = (struct file_map){0};
    return rc;
}

static int add(struct loading *l, const char *spec, bool audio, struct err *e)
{
    struct media_source *s = &l->v[l->n];
    if (l->n == MEDIA_SOURCES)
        return err_set(e, ERR_USAGE, "--image and --audio: more than %d", MEDIA_SOURCES);
    *s = (struct media_source){.audio = audio};
    if (!(audio ? seconds_of(spec, s) : size_of(spec, s)) && file_of(l, spec, s, e) < 0)
        return -1;
    l->n++;
    return 0;
}

int media_load(const struct run_config *c, uint64_t seed, struct api_media **out, struct err *e)
{
    struct loading *l = xcalloc(1, sizeof *l);
    int rc = 0;
    for (const char **p = c->images; p && *p && rc == 0; p++)
        rc = add(l, *p, false, e);
    if (rc == 0 && c->audio)
        rc = add(l, c->audio, true, e);
    if (rc == 0 && l->n > 0)
        *out = api_media_new(l->v, l->n, (unsigned)c->images_per_request, c->same_media, seed);
    for (size_t i = 0; i < l->n; i++) {
        if (l->v[i].file.n > 0)
            file_close_map(&l->file[i]);
    }
    free(l);
    return rc;
}

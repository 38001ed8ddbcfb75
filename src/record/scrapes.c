#include "record/scrapes.h"

#include <math.h>

#include "base/file.h"
#include "base/jout.h"
#include "base/jscan.h"
#include "record/record_fields.h"

#define FILE_MAX ((size_t)1 << 30)
#define TEXT_BYTES 2048 /* of a JSON string that is looked at */

static const struct {
    const char *name;
    enum scrape_how how;
} values[SCRAPE_VALUES] = {
#define X(id, name, how) {name, SCRAPE_##how},
    SCRAPE_MAP(X)
#undef X
};

const char *scrape_value_name(enum scrape_value k)
{
    return values[k].name;
}

enum scrape_how scrape_value_how(enum scrape_value k)
{
    return values[k].how;
}

void scrape_clear(struct scrape *s)
{
    *s = (struct scrape){.source = 0};
    for (int k = 0; k < SCRAPE_VALUES; k++)
        s->v[k] = NAN;
}

void scrapes_put_head(struct buf *b)
{
    buf_addz(b, "{\"type\":\"head\",\"schema\":\"weir.server_metrics/1\"}\n");
}

void scrapes_put_source(struct buf *b, const struct scrape_source *s)
{
    struct jout j;
    jo_init(&j, b, 0);
    jo_obj(&j);
    jo_kstrz(&j, "type", "source");
    jo_ku64(&j, "source", s->source);
    jo_kstrz(&j, "url", s->url);
    jo_end_obj(&j);
    buf_addc(b, '\n');
}

void scrapes_put(struct buf *b, const struct scrape *s)
{
    struct jout j;
    jo_init(&j, b, 0);
    jo_obj(&j);
    jo_kstrz(&j, "type", "scrape");
    jo_ku64(&j, "source", s->source);
    jo_ki64(&j, "at", s->at);
    jo_ki64(&j, "took", s->took);
    if (s->failed)
        jo_kstrz(&j, "error", s->why);
    for (int k = 0; k < SCRAPE_VALUES; k++) {
        if (isfinite(s->v[k]))
            jo_kf64(&j, values[k].name, s->v[k]);
    }
    if (s->gpus)
        jo_ku64(&j, "gpus", s->gpus);
    jo_end_obj(&j);
    buf_addc(b, '\n');
}

struct reader {
    const struct scrapes_sink *sink;
    void *arg;
    struct js js;
    char type[16];
    struct scrape_source source;
    struct scrape scrape;
    const char *wrong;
};

static int get_text(struct reader *r, char *out, size_t cap)
{
    struct str raw;
    char room[TEXT_BYTES];
    if (js_string(&r->js, &raw) != 0)
        return -1;
    size_t n = js_decode(str_sub(raw, 0, sizeof room), room);
    snprintf(out, cap, "%.*s", (int)n, room);
    return 0;
}

static int get_whole(struct reader *r, int64_t max, int64_t *out)
{
    if (js_i64(&r->js, out) != 0)
        return -1;
    if (*out < 0 || *out > max)
        r->wrong = "a number is out of range";
    return r->wrong ? -1 : 0;
}

static int get_value(struct reader *r, struct str key)
{
    for (int k = 0; k < SCRAPE_VALUES; k++) {
        if (js_raw_eq(key, values[k].name))
            return js_f64(&r->js, &r->scrape.v[k]);
    }
    return js_skip(&r->js, NULL);
}

static int get_member(struct reader *r, struct str key)
{
    int64_t v = 0;
    int rc;
    if (js_raw_eq(key, "type"))
        return get_text(r, r->type, sizeof r->type);
    if (js_raw_eq(key, "url"))
        return get_text(r, r->source.url, sizeof r->source.url);
    if (js_raw_eq(key, "at"))
        return get_whole(r, REC_NS_MAX, &r->scrape.at);
    if (js_raw_eq(key, "took"))
        return get_whole(r, REC_NS_MAX, &r->scrape.took);
    if (js_raw_eq(key, "error")) {
        r->scrape.failed = true;
        return get_text(r, r->scrape.why, sizeof r->scrape.why);
    }
    if (js_raw_eq(key, "source")) {
        rc = get_whole(r, SCRAPE_SOURCES_MAX - 1, &v);
        r->source.source = r->scrape.source = (uint32_t)v;
        return rc;
    }
    if (js_raw_eq(key, "gpus")) {
        rc = get_whole(r, UINT32_MAX, &v);
        r->scrape.gpus = (uint32_t)v;
        return rc;
    }
    return get_value(r, key);
}

static int get_line(struct reader *r, struct str line)
{
    struct str key;
    js_init(&r->js, line);
    r->type[0] = 0;
    r->source = (struct scrape_source){0};
    r->wrong = NULL;
    scrape_clear(&r->scrape);
    if (!js_enter(&r->js, '{'))
        return -1;
    while (js_key(&r->js, &key)) {
        if (get_member(r, key) != 0)
            return -1;
    }
    if (!js_done(&r->js))
        return -1;
    if (strcmp(r->type, "source") == 0 && r->sink->source)
        r->sink->source(r->arg, &r->source);
    if (strcmp(r->type, "scrape") == 0 && r->sink->scrape)
        r->sink->scrape(r->arg, &r->scrape);
    return 0;
}

int scrapes_read_text(struct str text, const char *name, const struct scrapes_sink *sink, void *arg, struct err *e)
{
    struct reader r = {.sink = sink, .arg = arg};
    size_t number = 0;
    while (text.n > 0) {
        ptrdiff_t nl = str_chr(text, '\n');
        if (nl < 0) /* the program was killed while it wrote */
            break;
        number++;
        if (nl > 0 && get_line(&r, str_sub(text, 0, (size_t)nl)) != 0)
            return err_set(e, ERR_DATA, "%s:%zu: %s", name, number,
                           r.wrong     ? r.wrong
                           : r.js.what ? r.js.what
                                       : "is not a JSON object");
        text = str_sub(text, (size_t)nl + 1, text.n);
    }
    return 0;
}

int scrapes_read_file(const char *path, const struct scrapes_sink *sink, void *arg, struct err *e)
{
    struct file_map m;
    if (file_open_map(&m, path, FILE_MAX, e) != 0)
        return -1;
    int rc = scrapes_read_text(m.text, path, sink, arg, e);
    file_close_map(&m);
    return rc;
}

#include "proto/eventstream.h"

#include "base/crc32.h"

enum { PRELUDE = 12, CHECKSUM = 4, LEAST = PRELUDE + CHECKSUM };

/* Memory that one exceptional message made is not carried over to the next stream. */
#define KEEP_BYTES (64 * 1024)

static uint64_t number(const char *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | (unsigned char)p[i];
    return v;
}

static uint32_t u32(const char *p)
{
    return (uint32_t)number(p, 4);
}

void evs_init(struct evs *s, size_t max_message, evs_cb *cb, void *arg)
{
    *s = (struct evs){.max_message = max_message, .cb = cb, .arg = arg};
    buf_init(&s->part, max_message);
}

void evs_reset(struct evs *s)
{
    if (s->part.cap > KEEP_BYTES)
        buf_free(&s->part);
    buf_clear(&s->part);
    s->rc = EVS_OK;
}

void evs_free(struct evs *s)
{
    buf_free(&s->part);
}

bool evs_whole(const struct evs *s)
{
    return s->rc == EVS_OK && s->part.n == 0;
}

static struct str take(struct str *rest, size_t n)
{
    struct str s = str_sub(*rest, 0, n);
    *rest = str_sub(*rest, n, rest->n);
    return s;
}

int evs_header_next(struct str *rest, struct evs_header *h)
{
    static const unsigned char sizes[] = {
        [EVS_BYTE] = 1, [EVS_SHORT] = 2, [EVS_INT] = 4, [EVS_LONG] = 8, [EVS_TIME] = 8, [EVS_UUID] = 16};
    *h = (struct evs_header){0};
    if (rest->n == 0)
        return 0;
    size_t name_n = (unsigned char)rest->p[0];
    if (name_n == 0 || rest->n < 1 + name_n + 1)
        return -1;
    take(rest, 1);
    h->name = take(rest, name_n);
    unsigned type = (unsigned char)take(rest, 1).p[0];
    if (type > EVS_UUID)
        return -1;
    h->type = (enum evs_type)type;
    size_t n = sizes[type];
    if (type == EVS_BYTES || type == EVS_STRING) {
        if (rest->n < 2)
            return -1;
        n = (size_t)number(take(rest, 2).p, 2);
    }
    if (rest->n < n)
        return -1;
    struct str value = take(rest, n);
    if (type == EVS_BYTES || type == EVS_STRING || type == EVS_UUID) {
        h->value = value;
    } else if (type == EVS_TRUE || n == 0) {
        h->number = type == EVS_TRUE;
    } else {
        unsigned unused = 64 - 8 * (unsigned)n; /* the sign is that of the highest byte */
        h->number = (int64_t)(number(value.p, n) << unused) >> unused;
    }
    return 1;
}

static int read_headers(struct evs_msg *m)
{
    const struct {
        const char *name;
        struct str *to;
    } known[] = {
        {":message-type", &m->kind},           {":event-type", &m->event},
        {":exception-type", &m->exception},    {":error-code", &m->error_code},
        {":error-message", &m->error_message}, {":content-type", &m->content_type},
    };
    struct str rest = m->headers;
    struct evs_header h;
    int rc;
    while ((rc = evs_header_next(&rest, &h)) > 0) {
        for (size_t i = 0; i < ARRAY_LEN(known); i++) {
            if (h.type == EVS_STRING && str_eqz(h.name, known[i].name))
                *known[i].to = h.value;
        }
    }
    return rc;
}

/* All of a message's bytes. */
static enum evs_rc give(struct evs *s, struct str frame)
{
    size_t headers_n = u32(frame.p + 4), body = frame.n - CHECKSUM;
    if (crc32_of(frame.p, body) != u32(frame.p + body))
        return EVS_E_CHECKSUM;
    struct evs_msg m = {.headers = str_sub(frame, PRELUDE, headers_n),
                        .payload = str_sub(frame, PRELUDE + headers_n, body - PRELUDE - headers_n)};
    if (read_headers(&m) < 0)
        return EVS_E_SYNTAX;
    return s->cb(s->arg, &m) != 0 ? EVS_E_STOPPED : EVS_OK;
}

/* Its length, of a prelude that is all there. */
static enum evs_rc look(const struct evs *s, const char *prelude, size_t *total)
{
    *total = u32(prelude);
    size_t headers_n = u32(prelude + 4);
    if (crc32_of(prelude, 8) != u32(prelude + 8))
        return EVS_E_CHECKSUM;
    if (*total < LEAST || headers_n > *total - LEAST)
        return EVS_E_SYNTAX;
    return *total > s->max_message ? EVS_E_TOOBIG : EVS_OK;
}

/* Moves what is missing of `want` bytes over; whether they are there now. */
static bool gather(struct evs *s, struct str *in, size_t want)
{
    size_t n = MIN(want - MIN(want, s->part.n), in->n);
    buf_adds(&s->part, take(in, n));
    return s->part.n >= want;
}

static enum evs_rc step(struct evs *s, struct str *in)
{
    size_t total;
    enum evs_rc rc;
    if (s->part.n == 0 && in->n >= PRELUDE) {
        if ((rc = look(s, in->p, &total)) != EVS_OK)
            return rc;
        if (in->n >= total)
            return give(s, take(in, total));
    }
    if (!gather(s, in, PRELUDE))
        return EVS_OK;
    if ((rc = look(s, s->part.p, &total)) != EVS_OK || !gather(s, in, total))
        return rc;
    rc = give(s, buf_str(&s->part));
    buf_clear(&s->part);
    return rc;
}

enum evs_rc evs_feed(struct evs *s, const char *p, size_t n)
{
    struct str in = {p, n};
    while (in.n > 0 && s->rc == EVS_OK)
        s->rc = step(s, &in);
    return s->rc;
}

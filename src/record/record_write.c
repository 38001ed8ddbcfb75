#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/digits.h"
#include "base/file.h"
#include "base/jout.h"
#include "base/scan.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "record/recfile.h"
#include "record/record_fields.h"
#include "stat/hist.h"

#define BUF_BYTES ((size_t)256 << 10) /* small enough to be in the cache when the kernel copies it */
#define SPAN_MAX ((size_t)4 << 10)    /* no more than this is written between two calls of room() */
#define TEXT_MAX ((size_t)64 << 20)

struct rec_writer {
    int fd;
    int failed; /* errno of the first failure, 0 = none */
    char *path;
    size_t n;
    struct buf tmp; /* escaped strings, doubles */
    /* Instants begin alike: the digits of the last one but its last eight. */
    uint64_t high;
    size_t n_high;
    char high_text[16];
    char metric[HEADER_METRICS_MAX][HEADER_METRIC_NAME];
    char bytes[BUF_BYTES];
};

struct rec_writer *rec_writer_open(const char *path, struct err *e)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) {
        err_sys(e, ERR_IO, errno, "cannot create %s", path);
        return NULL;
    }
    struct rec_writer *w = xmalloc(sizeof *w);
    w->fd = fd;
    w->failed = 0;
    w->n = 0;
    w->path = xstrdup(path);
    w->high = UINT64_MAX;
    w->n_high = 0;
    memset(w->metric, 0, sizeof w->metric);
    buf_init(&w->tmp, TEXT_MAX);
    return w;
}

int rec_writer_flush(struct rec_writer *w)
{
    if (!w->failed && w->n) {
        int rc = fd_write_all(w->fd, w->bytes, w->n);
        if (rc < 0)
            w->failed = -rc;
    }
    w->n = 0;
    return w->failed ? -1 : 0;
}

int rec_writer_close(struct rec_writer **wp, struct err *e)
{
    struct rec_writer *w = *wp;
    if (!w)
        return 0;
    *wp = NULL;
    rec_writer_flush(w);
    /* EINVAL: a pipe or a device, which cannot be synchronized. */
    if (fsync(w->fd) != 0 && errno != EINVAL && errno != EROFS && !w->failed)
        w->failed = errno;
    if (close(w->fd) != 0 && !w->failed)
        w->failed = errno;
    int failed = w->failed;
    if (failed)
        err_sys(e, ERR_IO, failed, "cannot write %s: the records are not complete", w->path);
    buf_free(&w->tmp);
    free(w->path);
    free(w);
    return failed ? -1 : 0;
}

/* The fast parts below carry the place to write at, `p`, from one to the next: room() gives it, done() takes it back.
 */
static inline char *room(struct rec_writer *w)
{
    if (UNLIKELY(w->n + SPAN_MAX > BUF_BYTES))
        rec_writer_flush(w);
    return w->bytes + w->n;
}

static inline void done(struct rec_writer *w, const char *p)
{
    w->n = (size_t)(p - w->bytes);
}

/* Within an array of any length: room for one more element. */
static inline char *more_room(struct rec_writer *w, char *p)
{
    if (LIKELY(p <= w->bytes + BUF_BYTES - 4 * DIGITS_ROOM))
        return p;
    done(w, p);
    return room(w);
}

static inline char *add_text(char *p, const char *text, size_t n)
{
    memcpy(p, text, n);
    return p + n;
}
#define ADD(p, literal) add_text(p, literal, sizeof(literal) - 1)

static inline char *add_key(char *p, const struct field *f)
{
    memcpy(p, f->key, sizeof f->key); /* all of it: of fixed size that is three moves */
    return p + f->n_key;
}

static void put_bytes(struct rec_writer *w, const char *p, size_t n)
{
    while (n > 0) {
        if (w->n == BUF_BYTES)
            rec_writer_flush(w);
        size_t k = MIN(n, BUF_BYTES - w->n);
        memcpy(w->bytes + w->n, p, k);
        w->n += k;
        p += k;
        n -= k;
    }
}
#define PUT(w, literal) put_bytes(w, literal, sizeof(literal) - 1)

static void put_string(struct rec_writer *w, struct str s)
{
    PUT(w, "\"");
    buf_clear(&w->tmp);
    json_escape(&w->tmp, s);
    put_bytes(w, w->tmp.p, w->tmp.n);
    PUT(w, "\"");
}

/* A short text, which as a rule needs no escapes. */
static inline char *add_string(struct rec_writer *w, char *p, struct str s)
{
    if (LIKELY(s.n < SPAN_MAX / 4 && scan_clean(s.p, s.p + s.n, true) == s.p + s.n)) {
        *p = '"';
        p = add_text(p + 1, s.p, s.n);
        *p = '"';
        return p + 1;
    }
    done(w, p);
    put_string(w, s);
    return room(w);
}

static char *add_f64(struct rec_writer *w, char *p, double v)
{
    struct jout j;
    buf_clear(&w->tmp);
    jo_init(&j, &w->tmp, 0);
    jo_f64(&j, v);
    return add_text(p, w->tmp.p, w->tmp.n);
}

static inline char *add_instant(struct rec_writer *w, char *p, int64_t v)
{
    const uint64_t unit = 100000000;
    uint64_t high = (uint64_t)v / unit;
    if (UNLIKELY(high != w->high)) {
        if (v < (int64_t)unit)
            return digits_i64(p, v);
        char text[DIGITS_ROOM];
        w->high = high;
        w->n_high = (size_t)(digits_u64(text, high) - text);
        memcpy(w->high_text, text, sizeof w->high_text);
    }
    memcpy(p, w->high_text, sizeof w->high_text);
    return digits_all8(p + w->n_high, (uint32_t)((uint64_t)v % unit));
}

/* Inlined where the field is known, so that only its own case is left. */
static inline __attribute__((always_inline)) char *add_member(struct rec_writer *w, char *p, const struct field *f,
                                                              const char *base, bool all)
{
    const void *at = base + f->at;
    int64_t v = 0;
    switch (f->kind) {
    case F_INSTANT:
        v = *(const int64_t *)at;
        return v || all ? add_instant(w, add_key(p, f), v) : p;
    case F_COUNT:
        v = *(const int64_t *)at;
        return v != -1 ? digits_i64(add_key(p, f), v) : p;
    case F_I32:
        v = *(const int *)at;
        return v || all ? digits_i64(add_key(p, f), v) : p;
    case F_U32:
        v = *(const uint32_t *)at;
        return v || all || f->arg == F_EVER ? digits_u64(add_key(p, f), (uint64_t)v) : p;
    case F_U64:
    case F_SEED:
        v = (int64_t) * (const uint64_t *)at;
        return v || all || f->arg == F_EVER ? digits_u64(add_key(p, f), (uint64_t)v) : p;
    case F_FLAG:
        return *(const uint32_t *)at & f->arg ? ADD(add_key(p, f), "true") : p;
    case F_BOOL:
        return *(const bool *)at ? ADD(add_key(p, f), "true") : all ? ADD(add_key(p, f), "false") : p;
    case F_F64:
        return add_f64(w, add_key(p, f), *(const double *)at);
    case F_TEXT:
        return *(const char *)at ? add_string(w, add_key(p, f), (struct str){at, strnlen(at, f->arg)}) : p;
    case F_NAME:
        return ((const struct str *)at)->n ? add_string(w, add_key(p, f), *(const struct str *)at) : p;
    }
    return p;
}

static inline char *add_fields(struct rec_writer *w, char *p, const struct field_table *t, const void *base, bool all)
{
    for (size_t i = 0; i < t->n; i++)
        p = add_member(w, p, &t->f[i], base, all);
    return p;
}

/* A line whose members are those of the table. */
static void put_plain(struct rec_writer *w, const char *type, const struct field_table *t, const void *base)
{
    PUT(w, "{\"type\":");
    put_bytes(w, type, strlen(type));
    done(w, add_fields(w, room(w), t, base, true));
}

static int put_end(struct rec_writer *w)
{
    PUT(w, "}\n");
    return w->failed ? -1 : 0;
}

int rec_write_run(struct rec_writer *w, const struct rec_run *r)
{
    put_plain(w, "\"run\",\"schema\":\"" REC_SCHEMA "\"", &rec_run_fields, r);
    return put_end(w);
}

int rec_write_endpoint(struct rec_writer *w, const struct rec_endpoint *p)
{
    put_plain(w, "\"endpoint\"", &rec_endpoint_fields, p);
    return put_end(w);
}

int rec_write_metric(struct rec_writer *w, const struct rec_metric *m)
{
    if (m->metric < HEADER_METRICS_MAX)
        memcpy(w->metric[m->metric], m->name, sizeof m->name);
    put_plain(w, "\"metric\"", &rec_metric_fields, m);
    return put_end(w);
}

int rec_write_level(struct rec_writer *w, const struct rec_level *l)
{
    put_plain(w, "\"level\"", &rec_level_fields, l);
    return put_end(w);
}

int rec_write_note(struct rec_writer *w, const struct rec_note *n)
{
    put_plain(w, "\"note\"", &rec_note_fields, n);
    return put_end(w);
}

static char *add_hex128(char *p, unsigned __int128 v)
{
    unsigned nibbles = 1;
    while (nibbles < 32 && v >> (4 * nibbles))
        nibbles++;
    *p++ = '"';
    while (nibbles > 0)
        *p++ = "0123456789abcdef"[v >> (4 * --nibbles) & 15];
    *p++ = '"';
    return p;
}

static char *add_pair(char *p, char before, uint64_t a, uint64_t b)
{
    *p++ = before;
    *p++ = '[';
    p = digits_u64(p, a);
    *p++ = ',';
    p = digits_u64(p, b);
    *p++ = ']';
    return p;
}

static void put_hist(struct rec_writer *w, const char *name, const struct hist *h)
{
    if (!h || hist_n(h) == 0)
        return;
    struct hist_exact x = hist_get_exact(h);
    char *p = add_text(room(w), name, strlen(name));
    p = digits_i64(ADD(p, "{\"min\":"), x.min);
    p = digits_i64(ADD(p, ",\"max\":"), x.max);
    p = add_hex128(ADD(p, ",\"sum\":"), x.sum);
    p = add_hex128(ADD(p, ",\"sum_sq\":"), x.sum_sq);
    p = ADD(p, ",\"counts\":");
    size_t it = 0;
    int64_t mid;
    uint64_t count;
    for (char before = '['; hist_next(h, &it, &mid, &count); before = ',')
        p = add_pair(more_room(w, p), before, (uint64_t)mid, count);
    done(w, ADD(p, "]}"));
}

int rec_write_client(struct rec_writer *w, const struct rec_client *c)
{
    put_plain(w, "\"client\"", &rec_client_fields, c);
    put_hist(w, ",\"lag\":", c->lag);
    put_hist(w, ",\"lag_user\":", c->lag_user);
    return put_end(w);
}

/* "dt" (gaps), "len" (bytes of text), "width" (sparse), "cum" (only when the server counted): see docs/FORMATS.md. The
 * chain is decoded once for each of them, so that a record of any length needs no memory. */
static char *add_gaps(struct rec_writer *w, char *p, const struct record *r, bool *wide, bool *counted)
{
    struct rec_iter it;
    struct rec_event ev;
    int64_t prev = r->first_token, widths = 0, counts = -1;
    rec_iter_init(&it, r);
    for (char before = '['; rec_iter_next(&it, &ev); before = ',') {
        p = more_room(w, p);
        *p = before;
        p = digits_i64(p + 1, ev.at - prev);
        prev = ev.at;
        widths |= ev.width;
        counts &= ev.cumulative;
    }
    *wide = widths != 0;
    *counted = counts >= 0;
    return ADD(p, "]");
}

static char *add_lengths(struct rec_writer *w, char *p, const struct record *r)
{
    struct rec_iter it;
    struct rec_event ev;
    rec_iter_init(&it, r);
    for (char before = '['; rec_iter_next(&it, &ev); before = ',') {
        p = more_room(w, p);
        *p = before;
        p = digits_u64(p + 1, ev.bytes);
    }
    return ADD(p, "]");
}

static char *add_widths(struct rec_writer *w, char *p, const struct record *r)
{
    struct rec_iter it;
    struct rec_event ev;
    char before = '[';
    rec_iter_init(&it, r);
    for (uint32_t i = 0; rec_iter_next(&it, &ev); i++) {
        if (ev.width == 0)
            continue;
        p = add_pair(more_room(w, p), before, i, (uint64_t)ev.width);
        before = ',';
    }
    return ADD(p, "]");
}

static char *add_counts(struct rec_writer *w, char *p, const struct record *r)
{
    struct rec_iter it;
    struct rec_event ev;
    rec_iter_init(&it, r);
    for (char before = '['; rec_iter_next(&it, &ev); before = ',') {
        p = more_room(w, p);
        *p = before;
        p = digits_i64(p + 1, ev.cumulative);
    }
    return ADD(p, "]");
}

static char *add_events(struct rec_writer *w, char *p, const struct record *r)
{
    bool wide, counted;
    p = add_gaps(w, ADD(p, ",\"dt\":"), r, &wide, &counted);
    p = add_lengths(w, ADD(p, ",\"len\":"), r);
    if (wide)
        p = add_widths(w, ADD(p, ",\"width\":"), r);
    if (counted)
        p = add_counts(w, ADD(p, ",\"cum\":"), r);
    done(w, p);
    return room(w);
}

/* Names of headers need no escapes. */
static char *add_metrics(struct rec_writer *w, char *p, const struct record *r)
{
    const char *before = ",\"metrics\":{\"";
    for (uint32_t i = 0; i < HEADER_METRICS_MAX; i++) {
        if (!(r->metrics >> i & 1) || !w->metric[i][0])
            continue;
        p = add_text(p, before, strlen(before));
        p = add_text(p, w->metric[i], strlen(w->metric[i]));
        p = ADD(p, "\":");
        before = ",\"";
        if (!header_metric_is(r->metric[i])) {
            p = ADD(p, "false");
            continue;
        }
        struct jout j;
        buf_clear(&w->tmp);
        jo_init(&j, &w->tmp, 0);
        jo_fixed(&j, (double)header_metric_value(r->metric[i]) / HEADER_METRIC_UNIT, 6);
        p = add_text(p, w->tmp.p, w->tmp.n);
    }
    return strcmp(before, ",\"") == 0 ? ADD(p, "}") : p;
}

static void put_long(struct rec_writer *w, const char *key, struct str s)
{
    put_bytes(w, key, strlen(key));
    put_string(w, s);
}

static char *add_request_fields(struct rec_writer *w, char *p, const struct record *r)
{
#define X(kind, name, member, arg)                                                                                     \
    {                                                                                                                  \
        static const struct field f = FIELD(kind, record, name, member, arg);                                          \
        p = add_member(w, p, &f, (const char *)r, false);                                                              \
    }
    REC_REQUEST_MAP(X)
#undef X
    return p;
}

static char *add_word(char *p, const char *word)
{
    p = add_text(p, word, strlen(word));
    *p = '"';
    return p + 1;
}

/* --save-http. A body that is no text goes as base64, so that it can be had back as it was. */
static void put_http(struct rec_writer *w, const struct rec_text *t)
{
    const char *p = t->bytes + t->http_at;
    struct str body = {p + t->n_request, t->n_whole};
    put_long(w, ",\"request_head\":", (struct str){p, t->n_request});
    put_long(w, ",\"response_headers\":", (struct str){t->bytes + t->n_prompt + t->n_answer, t->n_headers});
    if (!utf8_bad(body)) {
        put_long(w, ",\"body\":", body);
    } else {
        struct buf b = BUF_INIT(SIZE_MAX / 2);
        base64_add(&b, body.p, body.n);
        put_long(w, ",\"body_base64\":", buf_str(&b));
        buf_free(&b);
    }
    if (t->cut)
        PUT(w, ",\"body_cut\":true");
}

int rec_write_request(struct rec_writer *w, const struct record *r)
{
    char text[32], *p = room(w);
    p = r->outcome == OUT_OK
            ? ADD(p, "{\"type\":\"request\",\"outcome\":\"ok\"")
            : add_word(ADD(p, "{\"type\":\"request\",\"outcome\":\""), outcome_text(text, r->outcome, r->status));
    p = add_request_fields(w, p, r);
    if (r->finish != FINISH_NONE)
        p = add_word(ADD(p, ",\"finish\":\""), finish_reason_name(r->finish));
    if (r->token_source != TOKENS_NONE)
        p = add_word(ADD(p, ",\"token_source\":\""), token_source_name(r->token_source));
    if (UNLIKELY(r->metrics != 0))
        p = add_metrics(w, p, r);
    if (r->n_events)
        p = add_events(w, p, r);
    done(w, p);
    const struct rec_text *t = r->text;
    if (r->detail.n)
        put_long(w, ",\"detail\":", r->detail);
    if (t && t->n_prompt)
        put_long(w, ",\"prompt\":", (struct str){t->bytes, t->n_prompt});
    if (t && t->n_answer)
        put_long(w, ",\"answer\":", (struct str){t->bytes + t->n_prompt, t->n_answer});
    if (t && t->http)
        put_http(w, t);
    return put_end(w);
}

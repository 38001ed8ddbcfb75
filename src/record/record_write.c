#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/jout.h"
#include "base/xalloc.h"
#include "record/recfile.h"
#include "record/record_fields.h"
#include "stat/hist.h"

#define BUF_BYTES ((size_t)1 << 20)
#define PIECE_MAX 128 /* no single piece written between two put_room calls is longer */
#define TEXT_MAX ((size_t)64 << 20)

struct rec_writer {
    int fd;
    int failed; /* errno of the first failure, 0 = none */
    char *path;
    size_t n;
    struct buf tmp; /* escaped strings, doubles */
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

/* Room for PIECE_MAX bytes. */
static inline char *put_room(struct rec_writer *w)
{
    if (UNLIKELY(w->n + PIECE_MAX > BUF_BYTES))
        rec_writer_flush(w);
    return w->bytes + w->n;
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

static inline void put_c(struct rec_writer *w, char c)
{
    *put_room(w) = c;
    w->n++;
}

static inline void put_u64(struct rec_writer *w, uint64_t v)
{
    char tmp[20];
    size_t i = sizeof tmp;
    do {
        tmp[--i] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    memcpy(put_room(w), tmp + i, sizeof tmp - i);
    w->n += sizeof tmp - i;
}

static inline void put_i64(struct rec_writer *w, int64_t v)
{
    if (v < 0)
        put_c(w, '-');
    put_u64(w, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

/* ,"name": */
static void put_key(struct rec_writer *w, const char *name)
{
    size_t n = strlen(name);
    char *p = put_room(w);
    p[0] = ',';
    p[1] = '"';
    memcpy(p + 2, name, n);
    p[2 + n] = '"';
    p[3 + n] = ':';
    w->n += 4 + n;
}

static void put_string(struct rec_writer *w, struct str s)
{
    put_c(w, '"');
    buf_clear(&w->tmp);
    json_escape(&w->tmp, s);
    put_bytes(w, w->tmp.p, w->tmp.n);
    put_c(w, '"');
}

static void put_f64(struct rec_writer *w, double v)
{
    struct jout j;
    buf_clear(&w->tmp);
    jo_init(&j, &w->tmp, 0);
    jo_f64(&j, v);
    put_bytes(w, w->tmp.p, w->tmp.n);
}

static void put_member(struct rec_writer *w, const struct field *f, const char *base, bool all)
{
    const void *p = base + f->at;
    int64_t v = 0, absent = 0;
    switch (f->kind) {
    case F_COUNT:
        absent = -1;
        /* fall through */
    case F_INSTANT:
        v = *(const int64_t *)p;
        break;
    case F_U32:
        v = *(const uint32_t *)p;
        break;
    case F_I32:
        v = *(const int *)p;
        break;
    case F_FLAG:
        v = (*(const uint32_t *)p & f->arg) != 0;
        break;
    case F_BOOL:
        v = *(const bool *)p;
        break;
    case F_U64:
    case F_SEED:
        if (*(const uint64_t *)p || all || f->arg == F_EVER) {
            put_key(w, f->name);
            put_u64(w, *(const uint64_t *)p);
        }
        return;
    case F_F64:
        put_key(w, f->name);
        put_f64(w, *(const double *)p);
        return;
    case F_TEXT:
        if (*(const char *)p) {
            put_key(w, f->name);
            put_string(w, (struct str){p, strnlen(p, f->arg)});
        }
        return;
    }
    bool ever = all || (f->kind == F_U32 && f->arg == F_EVER);
    if (v == absent && (!ever || f->kind == F_COUNT))
        return;
    put_key(w, f->name);
    if (f->kind == F_BOOL || f->kind == F_FLAG)
        put_bytes(w, v ? "true" : "false", v ? 4 : 5);
    else
        put_i64(w, v);
}

static void put_fields(struct rec_writer *w, const struct field_table *t, const void *base, bool all)
{
    for (size_t i = 0; i < t->n; i++)
        put_member(w, &t->f[i], base, all);
}

static void put_begin(struct rec_writer *w, const char *type)
{
    put_bytes(w, "{\"type\":\"", 9);
    put_bytes(w, type, strlen(type));
    put_c(w, '"');
}

static int put_end(struct rec_writer *w)
{
    put_bytes(w, "}\n", 2);
    return w->failed ? -1 : 0;
}

int rec_write_run(struct rec_writer *w, const struct rec_run *r)
{
    put_begin(w, "run");
    put_key(w, "schema");
    put_string(w, STR(REC_SCHEMA));
    put_fields(w, &rec_run_fields, r, true);
    return put_end(w);
}

int rec_write_level(struct rec_writer *w, const struct rec_level *l)
{
    put_begin(w, "level");
    put_fields(w, &rec_level_fields, l, true);
    return put_end(w);
}

int rec_write_note(struct rec_writer *w, const struct rec_note *n)
{
    put_begin(w, "note");
    put_fields(w, &rec_note_fields, n, true);
    return put_end(w);
}

static void put_hex128(struct rec_writer *w, unsigned __int128 v)
{
    char tmp[64];
    int n = (v >> 64) ? snprintf(tmp, sizeof tmp, "\"%llx%016llx\"", (unsigned long long)(v >> 64),
                                 (unsigned long long)(uint64_t)v)
                      : snprintf(tmp, sizeof tmp, "\"%llx\"", (unsigned long long)(uint64_t)v);
    put_bytes(w, tmp, (size_t)n);
}

static void put_hist(struct rec_writer *w, const char *name, const struct hist *h)
{
    if (!h || hist_n(h) == 0)
        return;
    struct hist_exact x = hist_get_exact(h);
    put_key(w, name);
    put_bytes(w, "{\"min\":", 7);
    put_i64(w, x.min);
    put_key(w, "max");
    put_i64(w, x.max);
    put_key(w, "sum");
    put_hex128(w, x.sum);
    put_key(w, "sum_sq");
    put_hex128(w, x.sum_sq);
    put_key(w, "counts");
    size_t it = 0;
    int64_t mid;
    uint64_t count;
    char before = '[';
    while (hist_next(h, &it, &mid, &count)) {
        put_c(w, before);
        put_c(w, '[');
        put_i64(w, mid);
        put_c(w, ',');
        put_u64(w, count);
        put_c(w, ']');
        before = ',';
    }
    put_bytes(w, "]}", 2);
}

int rec_write_client(struct rec_writer *w, const struct rec_client *c)
{
    put_begin(w, "client");
    put_fields(w, &rec_client_fields, c, true);
    put_hist(w, "lag", c->lag);
    put_hist(w, "lag_user", c->lag_user);
    return put_end(w);
}

/* "dt" (gaps), "len" (bytes of text), "width" (sparse), "cum" (only when the server counted): see docs/FORMATS.md. */
static void put_events(struct rec_writer *w, const struct record *r)
{
    struct rec_iter it;
    struct rec_event ev;
    bool wide = false, counted = false;
    int64_t prev = r->first_token;

    put_key(w, "dt");
    char before = '[';
    rec_iter_init(&it, r);
    for (uint32_t i = 0; rec_iter_next(&it, &ev); i++) {
        put_c(w, before);
        put_i64(w, ev.at - prev);
        before = ',';
        prev = ev.at;
        wide |= ev.width > 0;
        counted |= ev.cumulative >= 0;
    }
    put_bytes(w, "]", 1);

    put_key(w, "len");
    before = '[';
    rec_iter_init(&it, r);
    while (rec_iter_next(&it, &ev)) {
        put_c(w, before);
        put_u64(w, ev.bytes);
        before = ',';
    }
    put_c(w, ']');

    if (wide) {
        put_key(w, "width");
        before = '[';
        rec_iter_init(&it, r);
        for (uint32_t i = 0; rec_iter_next(&it, &ev); i++) {
            if (ev.width <= 0)
                continue;
            put_c(w, before);
            put_c(w, '[');
            put_u64(w, i);
            put_c(w, ',');
            put_i64(w, ev.width);
            put_c(w, ']');
            before = ',';
        }
        put_c(w, ']');
    }
    if (counted) {
        put_key(w, "cum");
        before = '[';
        rec_iter_init(&it, r);
        while (rec_iter_next(&it, &ev)) {
            put_c(w, before);
            put_i64(w, ev.cumulative);
            before = ',';
        }
        put_c(w, ']');
    }
}

int rec_write_request(struct rec_writer *w, const struct record *r)
{
    char text[32];
    put_begin(w, "request");
    put_key(w, "outcome");
    put_string(w, str_of(outcome_text(text, r->outcome, r->status)));
    put_fields(w, &rec_request_fields, r, false);
    if (r->finish != FINISH_NONE) {
        put_key(w, "finish");
        put_string(w, str_of(finish_reason_name(r->finish)));
    }
    if (r->token_source != TOKENS_NONE) {
        put_key(w, "token_source");
        put_string(w, str_of(token_source_name(r->token_source)));
    }
    if (r->n_events)
        put_events(w, r);
    if (r->detail.n) {
        put_key(w, "detail");
        put_string(w, r->detail);
    }
    if (r->text && r->text->n_prompt) {
        put_key(w, "prompt");
        put_string(w, (struct str){r->text->bytes, r->text->n_prompt});
    }
    if (r->text && r->text->n_answer) {
        put_key(w, "answer");
        put_string(w, (struct str){r->text->bytes + r->text->n_prompt, r->text->n_answer});
    }
    return put_end(w);
}

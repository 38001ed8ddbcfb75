/* sse.c - the line is the unit: whole lines inside the fed piece are used where they lie; only what crosses a piece's
 * end is copied. */
#include "proto/sse.h"

/* Memory that one exceptional event made is not carried over to the next stream. */
#define KEEP_BYTES (64 * 1024)

static const unsigned char BOM[3] = {0xEF, 0xBB, 0xBF};

void sse_init(struct sse *s, size_t max_event, sse_cb *cb, void *arg)
{
    *s = (struct sse){.max_event = max_event, .cb = cb, .arg = arg, .retry_ms = -1};
    buf_init(&s->line, max_event);
    buf_init(&s->data, max_event);
    buf_init(&s->type, max_event);
    buf_init(&s->id, max_event);
}

static void empty(struct buf *b)
{
    if (b->cap > KEEP_BYTES)
        buf_free(b);
    buf_clear(b);
}

void sse_reset(struct sse *s)
{
    empty(&s->line);
    empty(&s->data);
    empty(&s->type);
    empty(&s->id);
    s->pend.p = NULL;
    s->rc = SSE_OK;
    s->bom_n = 0;
    s->bom_done = s->skip_lf = s->has_data = false;
    s->comments = 0;
    s->retry_ms = -1;
}

void sse_free(struct sse *s)
{
    buf_free(&s->line);
    buf_free(&s->data);
    buf_free(&s->type);
    buf_free(&s->id);
}

static enum sse_rc dispatch(struct sse *s)
{
    enum sse_rc rc = SSE_OK;
    if (s->has_data) {
        struct sse_ev ev = {buf_str(&s->type), s->pend.p ? s->pend : buf_str(&s->data), buf_str(&s->id)};
        if (s->cb(s->arg, &ev) != 0)
            rc = SSE_E_STOPPED;
        s->has_data = false;
        s->pend.p = NULL;
        buf_clear(&s->data);
    }
    if (s->type.n)
        buf_clear(&s->type);
    return rc;
}

/* Keep the borrowed data line beyond the piece it lies in. */
static enum sse_rc settle(struct sse *s)
{
    if (!s->pend.p)
        return SSE_OK;
    int rc = buf_adds(&s->data, s->pend);
    s->pend.p = NULL;
    return rc ? SSE_E_TOOBIG : SSE_OK;
}

static enum sse_rc add_data(struct sse *s, struct str value, bool borrow)
{
    if (!s->has_data) {
        s->has_data = true;
        if (borrow) {
            s->pend = value;
            return SSE_OK;
        }
        return buf_adds(&s->data, value) ? SSE_E_TOOBIG : SSE_OK;
    }
    if (settle(s) != SSE_OK || buf_addc(&s->data, '\n') || buf_adds(&s->data, value))
        return SSE_E_TOOBIG;
    return SSE_OK;
}

static enum sse_rc set_buf(struct buf *b, struct str value)
{
    buf_clear(b);
    return buf_adds(b, value) ? SSE_E_TOOBIG : SSE_OK;
}

static void set_retry(struct sse *s, struct str value)
{
    int64_t v = 0;
    if (value.n == 0)
        return;
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] < '0' || value.p[i] > '9')
            return;
        v = v > (INT64_MAX - 9) / 10 ? INT64_MAX - 9 : v * 10 + (value.p[i] - '0');
    }
    s->retry_ms = v;
}

static struct str without_space(const char *p, const char *end)
{
    if (p < end && *p == ' ')
        p++;
    return (struct str){p, (size_t)(end - p)};
}

/* One line without its end; `borrow` says that it lies in the fed piece. */
static enum sse_rc take_field(struct sse *s, const char *p, size_t n, bool borrow)
{
    const char *end = p + n;
    if (n >= 5 && memcmp(p, "data:", 5) == 0)
        return add_data(s, without_space(p + 5, end), borrow);
    if (*p == ':') {
        s->comments++;
        if (s->comment)
            s->comment(s->arg, without_space(p + 1, end));
        return SSE_OK;
    }
    const char *colon = memchr(p, ':', n);
    struct str name = {p, colon ? (size_t)(colon - p) : n};
    struct str value = colon ? without_space(colon + 1, end) : (struct str){end, 0};
    if (str_eq(name, STR("data")))
        return add_data(s, value, borrow);
    if (str_eq(name, STR("event")))
        return set_buf(&s->type, value);
    if (str_eq(name, STR("id")))
        return memchr(value.p, 0, value.n) ? SSE_OK : set_buf(&s->id, value);
    if (str_eq(name, STR("retry")))
        set_retry(s, value);
    return SSE_OK;
}

static enum sse_rc add_partial(struct sse *s, const char *p, size_t n)
{
    return buf_add(&s->line, p, n) ? SSE_E_TOOBIG : SSE_OK;
}

static enum sse_rc take_line(struct sse *s, const char *p, size_t n)
{
    if (UNLIKELY(s->line.n > 0)) {
        if (add_partial(s, p, n) != SSE_OK)
            return SSE_E_TOOBIG;
        enum sse_rc rc = take_field(s, s->line.p, s->line.n, false);
        buf_clear(&s->line);
        return rc;
    }
    if (n == 0)
        return dispatch(s);
    return n > s->max_event ? SSE_E_TOOBIG : take_field(s, p, n, true);
}

/* Past the BOM at the beginning of a stream; bytes that only looked like one belong to the first line. */
static const char *skip_bom(struct sse *s, const char *p, const char *end)
{
    while (p < end) {
        if ((unsigned char)*p != BOM[s->bom_n]) {
            s->bom_done = true;
            if (s->bom_n > 0)
                s->rc = add_partial(s, (const char *)BOM, s->bom_n);
            return p;
        }
        p++;
        if (++s->bom_n == sizeof BOM) {
            s->bom_done = true;
            return p;
        }
    }
    return p;
}

static inline const char *find(const char *p, const char *end, char c)
{
    const char *at = p < end ? memchr(p, c, (size_t)(end - p)) : NULL;
    return at ? at : end;
}

enum sse_rc sse_feed(struct sse *s, const char *p, size_t n)
{
    if (n == 0 || s->rc != SSE_OK)
        return s->rc;
    const char *end = p + n;
    if (UNLIKELY(!s->bom_done))
        p = skip_bom(s, p, end);
    if (s->skip_lf && p < end) {
        s->skip_lf = false;
        if (*p == '\n')
            p++;
    }
    /* The next LF and CR at or after p, `end` when there is none: found anew only once passed, so that a stream of one
     * kind of line end is not searched again and again for the other. */
    const char *lf = find(p, end, '\n'), *cr = find(p, end, '\r');
    while (p < end && s->rc == SSE_OK) {
        const char *e = lf < cr ? lf : cr;
        if (e == end) {
            s->rc = add_partial(s, p, (size_t)(end - p));
            break;
        }
        s->rc = take_line(s, p, (size_t)(e - p));
        p = e + 1;
        if (e == cr) {
            cr = find(p, end, '\r');
            if (p == end)
                s->skip_lf = true;
            else if (*p == '\n')
                p++;
        }
        if (lf < p)
            lf = find(p, end, '\n');
    }
    if (s->rc == SSE_OK)
        s->rc = settle(s);
    return s->rc;
}

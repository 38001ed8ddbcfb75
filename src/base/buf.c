#include "base/buf.h"

#include "base/xalloc.h"

void buf_init(struct buf *b, size_t max)
{
    *b = BUF_INIT(max);
}

void buf_free(struct buf *b)
{
    free(b->p);
    *b = BUF_INIT(b->max);
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->failed = false;
    if (b->p)
        b->p[0] = 0;
}

/* Grow to hold n + more bytes and the closing 0. A failed buffer stays failed: what follows a hole is worthless. */
static int reserve(struct buf *b, size_t more)
{
    if (b->failed || more > b->max - b->n) {
        b->failed = true;
        return -1;
    }
    size_t need = b->n + more + 1;
    if (LIKELY(need <= b->cap))
        return 0;
    size_t cap = b->cap ? b->cap : 64;
    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    if (cap > b->max + 1 && b->max < SIZE_MAX)
        cap = b->max + 1;
    b->p = xrealloc(b->p, cap);
    b->cap = cap;
    return 0;
}

int buf_add(struct buf *b, const void *p, size_t n)
{
    if (UNLIKELY(reserve(b, n) != 0))
        return -1;
    if (n)
        memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = 0;
    return 0;
}

int buf_adds(struct buf *b, struct str s)
{
    return buf_add(b, s.p, s.n);
}

int buf_addz(struct buf *b, const char *z)
{
    return buf_add(b, z, strlen(z));
}

int buf_addc(struct buf *b, char c)
{
    if (UNLIKELY(reserve(b, 1) != 0))
        return -1;
    b->p[b->n++] = c;
    b->p[b->n] = 0;
    return 0;
}

int buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int rc = buf_vaddf(b, fmt, ap);
    va_end(ap);
    return rc;
}

int buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
    char small[256];
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    int rc = -1;
    if (n < 0) {
        b->failed = true;
    } else if ((size_t)n < sizeof small) {
        rc = buf_add(b, small, (size_t)n);
    } else if (reserve(b, (size_t)n) == 0) {
        vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
        rc = 0;
    }
    va_end(again);
    return rc;
}

char *buf_room(struct buf *b, size_t n)
{
    if (reserve(b, n) != 0)
        return NULL;
    b->p[b->n] = 0; /* also where nothing will be written */
    return b->p + b->n;
}

void buf_wrote(struct buf *b, size_t n)
{
    b->n += n;
    if (b->p)
        b->p[b->n] = 0;
}

void buf_drop(struct buf *b, size_t n)
{
    if (n == 0)
        return;
    if (n >= b->n) {
        b->n = 0;
    } else {
        memmove(b->p, b->p + n, b->n - n);
        b->n -= n;
    }
    if (b->p)
        b->p[b->n] = 0;
}

struct str buf_str(const struct buf *b)
{
    return (struct str){b->p, b->n};
}

char *buf_take(struct buf *b)
{
    char *p = b->p ? b->p : xcalloc(1, 1);
    *b = BUF_INIT(b->max);
    return p;
}

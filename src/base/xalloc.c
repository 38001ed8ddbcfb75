#include "base/xalloc.h"

#include <stdarg.h>
#include <sys/mman.h>

static ATTR_NORETURN void out_of_memory(size_t n)
{
    fprintf(stderr, "weir: error: out of memory: %zu bytes were refused\n", n);
    abort();
}

static size_t product(size_t a, size_t b)
{
    size_t n;
    if (__builtin_mul_overflow(a, b, &n))
        out_of_memory(SIZE_MAX);
    return n;
}

void *xmalloc(size_t n)
{
    void *p = malloc(n ? n : 1);
    if (!p)
        out_of_memory(n);
    return p;
}

void *xcalloc(size_t count, size_t size)
{
    size_t n = product(count, size);
    void *p = n ? calloc(count, size) : calloc(1, 1);
    if (!p)
        out_of_memory(n);
    return p;
}

void *xmalloc_wide(size_t n)
{
    void *p;
    if (posix_memalign(&p, n < HUGE_BYTES ? 64 : HUGE_BYTES, n ? n : 1) != 0)
        out_of_memory(n);
    if (n >= HUGE_BYTES)
        madvise(p, n & ~(HUGE_BYTES - 1), MADV_HUGEPAGE);
    return p;
}

void *xcalloc_wide(size_t count, size_t size)
{
    size_t n = product(count, size);
    return memset(xmalloc_wide(n), 0, n);
}

void *xrealloc(void *p, size_t n)
{
    void *q = realloc(p, n ? n : 1);
    if (!q)
        out_of_memory(n);
    return q;
}

void *xreallocarray(void *p, size_t count, size_t size)
{
    return xrealloc(p, product(count, size));
}

char *xstrdup(const char *s)
{
    return xmemdup0(s, strlen(s));
}

char *xmemdup0(const char *p, size_t n)
{
    if (n == SIZE_MAX)
        out_of_memory(n);
    char *q = xmalloc(n + 1);
    if (n)
        memcpy(q, p, n);
    q[n] = 0;
    return q;
}

char *xasprintf(const char *fmt, ...)
{
    char *z;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&z, fmt, ap);
    va_end(ap);
    if (n < 0)
        out_of_memory(0);
    return z;
}

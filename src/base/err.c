#include "base/err.h"

#include <stdarg.h>

/* A text that was cut must not end inside a UTF-8 sequence, and one line must stay one line. */
static void tidy_end(char *text, size_t wanted, size_t cap)
{
    size_t n = wanted < cap ? wanted : cap - 1;
    if (wanted >= cap) {
        size_t k = n;
        while (k > 0 && ((unsigned char)text[k - 1] & 0xC0) == 0x80)
            k--;
        if (k > 0 && (unsigned char)text[k - 1] >= 0xC0) {
            unsigned char lead = (unsigned char)text[k - 1];
            size_t need = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
            if (n - (k - 1) < need)
                n = k - 1;
        }
    }
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
        n--;
    text[n] = 0;
}

static void vfill(struct err *e, enum err_code code, int sys, const char *fmt, va_list ap)
{
    char text[sizeof e->text]; /* the arguments may point into e->text */
    int n = vsnprintf(text, sizeof text, fmt, ap);
    tidy_end(text, n < 0 ? 0 : (size_t)n, sizeof text);
    e->code = code;
    e->sys = sys;
    e->line = 0;
    memcpy(e->text, text, strlen(text) + 1);
}

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
    if (!e)
        return -1;
    va_list ap;
    va_start(ap, fmt);
    vfill(e, code, 0, fmt, ap);
    va_end(ap);
    return -1;
}

int err_sys(struct err *e, enum err_code code, int sys, const char *fmt, ...)
{
    if (!e)
        return -1;
    va_list ap;
    va_start(ap, fmt);
    vfill(e, code, sys, fmt, ap);
    va_end(ap);
    char why[128];
    const char *z = strerror_r(sys, why, sizeof why);
    size_t n = strlen(e->text);
    int more = snprintf(e->text + n, sizeof e->text - n, ": %s", z);
    tidy_end(e->text, n + (more < 0 ? 0 : (size_t)more), sizeof e->text);
    return -1;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
    if (!e)
        return -1;
    char front[sizeof e->text], whole[sizeof e->text];
    va_list ap;
    va_start(ap, fmt);
    if (vsnprintf(front, sizeof front, fmt, ap) < 0)
        front[0] = 0;
    va_end(ap);
    int n = snprintf(whole, sizeof whole, "%s%s", front, e->text);
    tidy_end(whole, n < 0 ? 0 : (size_t)n, sizeof whole);
    memcpy(e->text, whole, strlen(whole) + 1);
    return -1;
}

#include "base/log.h"

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/file.h"

#define ERASE "\r\033[K"

enum { MESSAGE_MAX = 4096, LIVE_MAX = 1024 };

static _Atomic int max_level = LOG_INFO;
static pthread_mutex_t live_lock = PTHREAD_MUTEX_INITIALIZER;
static char live[LIVE_MAX]; /* what stands on the terminal's last line, "" = nothing */

void log_set_level(enum log_level l)
{
    atomic_store_explicit(&max_level, (int)l, memory_order_relaxed);
}

enum log_level log_level(void)
{
    return (enum log_level)atomic_load_explicit(&max_level, memory_order_relaxed);
}

/* Texts of servers come here: what could drive the terminal must not reach it. */
static void defuse(char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (((unsigned char)p[i] < 0x20 && p[i] != '\n' && p[i] != '\t') || p[i] == 0x7f)
            p[i] = '?';
}

static ATTR_PRINTF(3, 0) void message(enum log_level l, const char *prefix, const char *fmt, va_list ap)
{
    if (l > log_level())
        return;
    char text[MESSAGE_MAX];
    size_t n = (size_t)snprintf(text, sizeof text, "%s", prefix);
    int more = vsnprintf(text + n, sizeof text - n, fmt, ap);
    if (more > 0)
        n = MIN(n + (size_t)more, sizeof text - 1);
    defuse(text, n);
    char out[sizeof ERASE + MESSAGE_MAX + 1 + LIVE_MAX];
    pthread_mutex_lock(&live_lock);
    int k = snprintf(out, sizeof out, "%s%.*s\n%s", live[0] ? ERASE : "", (int)n, text, live);
    if (k > 0)
        (void)fd_write_all(STDERR_FILENO, out, MIN((size_t)k, sizeof out - 1));
    pthread_mutex_unlock(&live_lock);
}

/* A terminal that was stopped (Ctrl-S, a pager) must stop nobody who draws on it. */
static bool live_can_be_drawn(void)
{
    struct pollfd p = {STDERR_FILENO, POLLOUT, 0};
    return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT);
}

void log_live_line(const char *text)
{
    char out[sizeof ERASE + LIVE_MAX];
    pthread_mutex_lock(&live_lock);
    bool stood = live[0] != 0;
    if (!live_can_be_drawn()) {
        pthread_mutex_unlock(&live_lock);
        return;
    }
    snprintf(live, sizeof live, "%s", text ? text : "");
    /* The new text goes over the old one and the rest is erased behind it, so that the line does not flicker. */
    int k = live[0] ? snprintf(out, sizeof out, "\r%s\033[K", live) : stood ? snprintf(out, sizeof out, ERASE) : 0;
    if (k > 0)
        (void)fd_write_all(STDERR_FILENO, out, MIN((size_t)k, sizeof out - 1));
    pthread_mutex_unlock(&live_lock);
}

void log_error(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    message(LOG_ERROR, "weir: error: ", fmt, ap);
    va_end(ap);
}

void log_warn(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    message(LOG_WARN, "weir: warning: ", fmt, ap);
    va_end(ap);
}

void log_info(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    message(LOG_INFO, "weir: ", fmt, ap);
    va_end(ap);
}

void log_debug(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    message(LOG_DEBUG, "weir: debug: ", fmt, ap);
    va_end(ap);
}

#include "cli/run_view.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "report/live_view.h"
#include "report/report.h"

static void on_banner(void *arg, const char *const *lines, size_t n)
{
    const struct run_view *s = arg;
    if (s->quiet)
        return;
    for (size_t i = 0; i < n; i++) {
        const char *colon = strchr(lines[i], ':');
        int key = (int)(colon - lines[i]);
        fprintf(stderr, "%s%-8.*s%s %s\n", s->colour ? "\033[1m" : "", key, lines[i], s->colour ? "\033[0m" : "",
                colon + 2);
    }
    fputc('\n', stderr);
}

/* On a terminal a line that stays, else at once and then every ten seconds. */
static void on_waiting(void *arg, const struct campaign_wait *w)
{
    struct run_view *s = arg;
    char a[32], b[32], text[512];
    int64_t now = clock_mono();
    if (!w->why) {
        if (s->live)
            log_live_line(NULL);
        log_info("%s is ready after %s", w->endpoint, fmt_duration(a, w->waited));
        s->say_at = 0;
        return;
    }
    snprintf(text, sizeof text, "waiting for %s, %s of %s: %s", w->endpoint, fmt_duration(a, w->waited),
             fmt_duration(b, w->patience), w->why);
    if (s->live) {
        log_live_line(text);
    } else if (!s->quiet && now >= s->say_at) {
        s->say_at = now + 10 * NS_PER_S;
        log_info("%s", text);
    }
}

/* Where no live line tells of it: after a second, then every ten. */
static void say_connecting(struct run_view *s, const struct campaign_tick *t)
{
    int64_t now = clock_mono();
    if (!s->say_at)
        s->say_at = now + NS_PER_S;
    if (s->live || s->quiet || now < s->say_at)
        return;
    s->say_at = now + 10 * NS_PER_S;
    log_info("connecting: %llu of %llu are open", (unsigned long long)t->conns_open,
             (unsigned long long)t->conns_wanted);
}

static void on_tick(void *arg, const struct campaign_tick *t)
{
    struct run_view *s = arg;
    struct live_view_in in = {
        .level = t->level,
        .n_levels = t->n_levels,
        .elapsed = t->elapsed,
        .total = t->total,
        .items = t->items,
        .started = t->started,
        .completed = t->completed,
        .failed = t->failed,
        .tokens = t->tokens,
        .ttft_p50 = t->ttft_p50,
        .warming = t->warming,
        .draining = t->draining,
        .connecting = t->connecting,
        .conns_wanted = t->conns_wanted,
        .conns_open = t->conns_open,
    };
    if (t->connecting)
        say_connecting(s, t);
    if (s->live)
        live_view_draw(&in, s->colour);
}

static void on_level_begin(void *arg, uint32_t level)
{
    struct run_view *s = arg;
    if (s->level_begin)
        s->level_begin(s->arg, level);
}

static void on_level_end(void *arg, const struct campaign_ended *l)
{
    struct run_view *s = arg;
    s->say_at = 0;
    if (s->live)
        log_live_line(NULL);
    if (s->level_end)
        s->level_end(s->arg, l);
}

struct campaign_view run_view_open(struct run_view *s, bool quiet, bool live)
{
    *s = (struct run_view){
        .quiet = quiet, .live = live && !quiet && isatty(STDERR_FILENO), .colour = report_wants_colour(STDERR_FILENO)};
    if (quiet)
        log_set_level(LOG_ERROR);
    return (struct campaign_view){.arg = s,
                                  .banner = on_banner,
                                  .waiting = on_waiting,
                                  .tick = on_tick,
                                  .level_begin = on_level_begin,
                                  .level_end = on_level_end};
}

void run_view_close(struct run_view *s)
{
    if (s->live)
        log_live_line(NULL);
}

#include "report/live_view.h"

#include <unistd.h>

#include "base/log.h"
#include "report/grid.h"
#include "report/report.h"

#define BAR 20
#define LINE_BYTES 1000

static double progress(const struct live_view_in *in)
{
    if (in->connecting)
        return in->conns_wanted ? MIN((double)in->conns_open / (double)in->conns_wanted, 1.0) : -1;
    double by_time = in->total > 0 ? (double)in->elapsed / (double)in->total : -1;
    double by_count = in->items ? (double)in->completed / (double)in->items : -1;
    double p = MAX(by_time, by_count);
    return p < 0 ? -1 : MIN(p, 1.0);
}

static void put_bar(struct buf *out, double share, const struct paint *p)
{
    static const char *const part[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int eighths = (int)(share * BAR * 8 + 0.5), full = eighths / 8, left = BAR - full;
    buf_addz(out, p->green);
    for (int i = 0; i < full; i++)
        buf_addz(out, "█");
    if (full < BAR && eighths % 8) {
        buf_addz(out, part[eighths % 8]);
        left--;
    }
    buf_addz(out, p->off);
    buf_addz(out, p->dim);
    for (int i = 0; i < left; i++)
        buf_addz(out, "·");
    buf_addz(out, p->off);
}

struct piece {
    char text[80];
    const char *hue;
};

/* Of a clock that shows whole seconds: `12 s`, `1m05s`. */
static const char *whole_seconds(char out[32], int64_t ns)
{
    if (ns < 59 * NS_PER_S + NS_PER_S / 2 && ns % NS_PER_S == 0)
        snprintf(out, 32, "%d s", (int)(ns / NS_PER_S));
    else
        fmt_duration(out, ns);
    return out;
}

/* The most important first: from the end they are left out where the terminal is narrow. */
static size_t pieces(struct piece *v, const struct live_view_in *in, const struct paint *p)
{
    size_t n = 0;
    char a[32], b[32];
    double seconds = (double)in->elapsed / (double)NS_PER_S;
    uint64_t in_flight = in->started > in->completed ? in->started - in->completed : 0;
    if (in->connecting) {
        snprintf(v[0].text, sizeof v[0].text, "connecting %llu of %llu", (unsigned long long)in->conns_open,
                 (unsigned long long)in->conns_wanted);
        v[0].hue = p->yellow;
        return 1;
    }
    whole_seconds(a, in->elapsed / NS_PER_S * NS_PER_S);
    if (in->total > 0)
        snprintf(v[n].text, sizeof v[n].text, "%s of %s", a, whole_seconds(b, in->total));
    else
        snprintf(v[n].text, sizeof v[n].text, "%s", a);
    v[n++].hue = "";
    if (in->warming || in->draining) {
        snprintf(v[n].text, sizeof v[n].text, "%s", in->warming ? "warming up" : "draining");
        v[n++].hue = p->yellow;
    }
    snprintf(v[n].text, sizeof v[n].text, "%llu in flight", (unsigned long long)in_flight);
    v[n++].hue = "";
    if (in->failed) {
        snprintf(v[n].text, sizeof v[n].text, "%s error%s", fmt_count(a, (double)in->failed),
                 in->failed == 1 ? "" : "s");
        v[n++].hue = p->red;
    }
    if (in->completed && in->elapsed > 0) {
        snprintf(v[n].text, sizeof v[n].text, "%.1f/s", (double)in->completed / seconds);
        v[n++].hue = "";
    }
    if (in->ttft_p50 >= 0) {
        snprintf(v[n].text, sizeof v[n].text, "TTFT p50 %s", fmt_duration(a, in->ttft_p50));
        v[n++].hue = "";
    }
    if (in->tokens && in->elapsed > 0) {
        snprintf(v[n].text, sizeof v[n].text, "%s tok/s", fmt_count(a, (double)in->tokens / seconds));
        v[n++].hue = p->dim;
    }
    return n;
}

void live_line(struct buf *out, const struct live_view_in *in, int width, bool colour)
{
    struct paint p = paint_of(colour);
    struct piece v[8] = {0};
    size_t n = pieces(v, in, &p);
    double share = progress(in);
    int at = 0;
    char head[48] = "";
    if (in->n_levels > 1)
        snprintf(head, sizeof head, "level %u/%u  ", in->level + 1, in->n_levels);
    if (share >= 0 && width >= (int)text_width(head) + BAR + 30) {
        buf_addz(out, head);
        put_bar(out, share, &p);
        buf_addf(out, " %3d %%", (int)(share * 100));
        at = (int)text_width(head) + BAR + 6;
    }
    for (size_t i = 0; i < n; i++) {
        int w = (int)text_width(v[i].text) + (at ? 2 : 0);
        if (at + w > width)
            break;
        buf_addf(out, "%s%s%s%s", at ? "  " : "", v[i].hue, v[i].text, v[i].hue[0] ? p.off : "");
        at += w;
    }
}

void live_view_draw(const struct live_view_in *in, bool colour)
{
    struct buf b = BUF_INIT(LINE_BYTES);
    live_line(&b, in, report_width(STDERR_FILENO) - 1, colour);
    if (b.p)
        log_live_line(b.p);
    buf_free(&b);
}

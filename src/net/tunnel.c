#include "net/tunnel.h"

enum { HEAD_MAX = 16 * 1024 };

void tunnel_init(struct tunnel *t)
{
    *t = (struct tunnel){.first_line = true};
}

static enum tunnel_rc give_up(struct tunnel *t, enum tunnel_rc rc, const char *why)
{
    if (why)
        snprintf(t->why, sizeof t->why, "%s", why);
    return t->rc = rc;
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "HTTP/1.1 407 Proxy Authentication Required" */
static bool take_status(struct tunnel *t)
{
    const char *p = t->line;
    bool fine = strncmp(p, "HTTP/1.", 7) == 0 && digit(p[7]) && p[8] == ' ' && p[9] >= '1' && p[9] <= '5' &&
                digit(p[10]) && digit(p[11]) && (p[12] == ' ' || p[12] == 0);
    if (!fine)
        return false;
    t->status = (p[9] - '0') * 100 + (p[10] - '0') * 10 + (p[11] - '0');
    size_t n = (size_t)snprintf(t->why, sizeof t->why, "answers %s", p + 9);
    for (size_t i = 0; i < n && i < sizeof t->why - 1; i++)
        t->why[i] = t->why[i] >= 0x20 && t->why[i] < 0x7f ? t->why[i] : '?';
    return true;
}

/* A line has ended; whether that was all, or something is wrong with it. */
static enum tunnel_rc end_line(struct tunnel *t)
{
    bool empty = t->line_n == 0 || (t->line_n == 1 && t->line[0] == '\r');
    if (t->first_line) {
        size_t n = MIN(t->line_n, sizeof t->line - 1);
        if (n > 0 && t->line[n - 1] == '\r')
            n--;
        t->line[n] = 0;
        if (!take_status(t))
            return give_up(t, TUNNEL_NOT_HTTP, "does not answer by HTTP");
        t->first_line = false;
    } else if (empty && t->status / 100 == 1) {
        t->first_line = true;
    } else if (empty) {
        return give_up(t, t->status / 100 == 2 ? TUNNEL_OPEN : TUNNEL_REFUSED, NULL);
    }
    t->line_n = 0;
    return TUNNEL_MORE;
}

enum tunnel_rc tunnel_feed(struct tunnel *t, struct str in, size_t *used)
{
    *used = 0;
    while (t->rc == TUNNEL_MORE && *used < in.n) {
        char c = in.p[(*used)++];
        if (++t->n > HEAD_MAX)
            return give_up(t, TUNNEL_NOT_HTTP, "answers with more than 16 KiB of headers");
        if (c == '\n') {
            end_line(t);
            continue;
        }
        if (t->line_n < sizeof t->line - 1)
            t->line[t->line_n] = c;
        t->line_n++;
    }
    return t->rc;
}

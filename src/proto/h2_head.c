#include "proto/h2_head.h"

void h2_head_init(struct h2_head *h)
{
    h->n = 0;
    buf_init(&h->text, H2_HEAD_BYTES);
}

void h2_head_free(struct h2_head *h)
{
    buf_free(&h->text);
    h->n = 0;
}

static int add(struct h2_head *h, struct str name, struct str value)
{
    if (h->n == H2_HEAD_FIELDS)
        return -1;
    h->f[h->n++] = (struct h2_field){name, value};
    return 0;
}

static bool of_connection(struct str name, struct str value)
{
    static const char *const names[] = {
        "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "http2-settings", "host"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eqz(name, names[i]))
            return true;
    }
    return str_eqz(name, "te") && !str_ieq(value, STR("trailers"));
}

/* Cut off the text up to the next CRLF. False: none is there. */
static bool next_line(struct str *rest, struct str *line)
{
    ptrdiff_t end = str_find(*rest, STR("\r\n"));
    if (end < 0)
        return false;
    *line = str_sub(*rest, 0, (size_t)end);
    *rest = str_sub(*rest, (size_t)end + 2, rest->n);
    return true;
}

static int add_lines(struct h2_head *h, struct str rest, struct str *host)
{
    struct str line;
    while (next_line(&rest, &line) && line.n > 0) {
        ptrdiff_t colon = str_chr(line, ':');
        if (colon <= 0)
            return -1;
        char *p = h->text.p + (line.p - h->text.p);
        for (ptrdiff_t i = 0; i < colon; i++)
            p[i] = (char)(p[i] >= 'A' && p[i] <= 'Z' ? p[i] | 0x20 : p[i]);
        struct str name = str_sub(line, 0, (size_t)colon), value = str_trim(str_sub(line, (size_t)colon + 1, line.n));
        if (str_eqz(name, "host"))
            *host = value;
        if (!of_connection(name, value) && add(h, name, value) < 0)
            return -1;
    }
    return rest.n == 0 ? 0 : -1;
}

static int add_request(struct h2_head *h, struct str rest, bool tls)
{
    struct str line, host = {0};
    if (!next_line(&rest, &line))
        return -1;
    ptrdiff_t a = str_chr(line, ' '), b = a < 0 ? -1 : str_chr(str_sub(line, (size_t)a + 1, line.n), ' ');
    if (a <= 0 || b <= 0)
        return -1;
    add(h, STR(":method"), str_sub(line, 0, (size_t)a));
    add(h, STR(":scheme"), tls ? STR("https") : STR("http"));
    add(h, STR(":path"), str_sub(line, (size_t)a + 1, (size_t)b));
    int at = h->n;
    if (add(h, STR(":authority"), host) < 0 || add_lines(h, rest, &host) < 0)
        return -1;
    h->f[at].value = host;
    if (!host.p) {
        memmove(&h->f[at], &h->f[at + 1], (size_t)(h->n - at - 1) * sizeof h->f[0]);
        h->n--;
    }
    return 0;
}

static int empty(struct h2_head *h)
{
    buf_clear(&h->text);
    h->n = 0;
    return -1;
}

int h2_head_request(struct h2_head *h, struct str text, bool tls)
{
    empty(h);
    if (buf_adds(&h->text, text) < 0 || add_request(h, buf_str(&h->text), tls) < 0)
        return empty(h);
    return 0;
}

int h2_head_lines(struct h2_head *h, const struct iovec *pieces, int n)
{
    struct str host;
    empty(h);
    for (int i = 0; i < n; i++)
        buf_add(&h->text, pieces[i].iov_base, pieces[i].iov_len);
    if (h->text.failed || add_lines(h, buf_str(&h->text), &host) < 0)
        return empty(h);
    return 0;
}

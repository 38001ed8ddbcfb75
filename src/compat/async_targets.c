#include "compat/async_targets.h"

#include "base/rng.h"
#include "base/xalloc.h"
#include "proto/url.h"

static int fail(struct err *e, const char *path, size_t line, struct str url, const char *why)
{
    return err_set(e, ERR_DATA, "%s:%zu: \"" STR_FMT "\" %s", path, line, (int)MIN(url.n, 200u), url.p, why);
}

static int take_host(struct async_targets *t, struct str origin)
{
    for (size_t i = 0; i < t->n_hosts; i++) {
        if (str_ieq(t->host[i], origin))
            return 0;
    }
    if (t->n_hosts == ASYNC_HOSTS_MAX)
        return -1;
    t->host[t->n_hosts++] = origin;
    return 0;
}

static int take_line(struct async_targets *t, struct str url, const char *path, size_t line, struct err *e)
{
    struct url u;
    struct err why = {0};
    if (!str_istarts(url, STR("http://")) && !str_istarts(url, STR("https://")))
        return fail(e, path, line, url, "is not an http or https URL; write http://localhost:5000/path, one to a line");
    for (size_t i = 0; i < url.n; i++) {
        if ((unsigned char)url.p[i] <= ' ' || (unsigned char)url.p[i] >= 0x7F)
            return fail(e, path, line, url,
                        "has a space or a byte that must be percent-encoded; write one URL to a line");
    }
    if (url_parse(&u, url, &why) < 0)
        return err_set(e, ERR_DATA, "%s:%zu: %s", path, line, why.text);
    size_t at = (size_t)str_find(url, STR("://")) + 3;
    while (at < url.n && !strchr("/?#", url.p[at]))
        at++;
    t->v[t->n] = (struct async_target){str_sub(url, 0, at), str_sub(url, at, url.n)};
    if (take_host(t, t->v[t->n++].origin) < 0)
        return err_set(e, ERR_DATA, "%s:%zu: names more than %d different hosts", path, line, ASYNC_HOSTS_MAX);
    return 0;
}

int async_targets_read(struct async_targets *t, struct str text, const char *path, struct err *e)
{
    struct str_split it = {.rest = text, .sep = '\n'};
    struct str line;
    size_t lines = 1;
    *t = (struct async_targets){0};
    for (size_t i = 0; i < text.n; i++)
        lines += text.p[i] == '\n';
    t->v = xcalloc(lines, sizeof *t->v);
    for (size_t n = 1; text.n > 0 && str_next(&it, &line); n++) {
        line = str_trim(line);
        if (line.n > 0 && take_line(t, line, path, n, e) < 0)
            return -1;
    }
    return t->n > 0 ? 0 : err_set(e, ERR_DATA, "%s: has no URL; write one to a line", path);
}

void async_targets_free(struct async_targets *t)
{
    free(t->v);
    *t = (struct async_targets){0};
}

void async_targets_draw(const struct async_targets *t, uint64_t seed, uint64_t n, struct buf *out)
{
    for (uint64_t i = 0; i < n; i++) {
        const struct async_target *one = &t->v[rng_below(seed, RNG_ORDER, i, t->n)];
        buf_addz(out, "GET ");
        buf_adds(out, one->origin);
        if (one->path.n == 0 || one->path.p[0] != '/')
            buf_addc(out, '/');
        buf_adds(out, one->path);
        buf_addc(out, '\n');
    }
}

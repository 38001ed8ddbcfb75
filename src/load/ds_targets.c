/* ds_targets.c - one request per line: "[METHOD] TARGET [BODY]". TARGET is a path with its query, or a whole http or
 * https URL, whose host must then be the run's. Without a method it is GET, or POST where there is a body. Blank lines
 * and lines that begin with # are skipped. The body is the rest of the line as it stands. */
#include "load/ds_formats.h"
#include "load/ds_util.h"

struct line {
    struct str method, origin, path, body;
};

static struct str word(struct str *rest)
{
    size_t n = 0;
    while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t')
        n++;
    struct str w = str_sub(*rest, 0, n);
    *rest = str_trim(str_sub(*rest, n, rest->n));
    return w;
}

static bool is_method(struct str w)
{
    for (size_t i = 0; i < w.n; i++) {
        if (w.p[i] < 'A' || w.p[i] > 'Z')
            return false;
    }
    return w.n > 0 && w.n < 32;
}

static bool is_url(struct str w)
{
    return str_istarts(w, STR("http://")) || str_istarts(w, STR("https://"));
}

static struct line cut(struct str text)
{
    struct line l = {.method = STR("")};
    struct str rest = str_trim(text), w = word(&rest);
    if (is_method(w)) {
        l.method = w;
        w = word(&rest);
    }
    if (is_url(w)) {
        size_t at = (size_t)str_find(w, STR("://")) + 3;
        while (at < w.n && w.p[at] != '/' && w.p[at] != '?')
            at++;
        l.origin = str_sub(w, 0, at);
        w = str_sub(w, at, w.n);
        if (w.n == 0)
            w = STR("/");
    }
    ptrdiff_t hash = str_chr(w, '#'); /* a fragment stays with the client */
    l.path = hash < 0 ? w : str_sub(w, 0, (size_t)hash);
    l.body = rest;
    return l;
}

static int read_line(struct dataset *ds, struct str text, const char *path, struct str line, size_t n, struct err *e)
{
    struct line l = cut(line);
    dataset_begin(ds);
    if (l.path.n == 0 || l.path.p[0] != '/')
        return ds_fail(e, path, text, line.p,
                       "\"" STR_FMT "\" is neither a path (/x?y=z) nor an http URL; write [METHOD] TARGET [BODY]",
                       (int)MIN(l.path.n, 60u), l.path.p ? l.path.p : "");
    for (size_t i = 0; i < l.path.n; i++) {
        unsigned char c = (unsigned char)l.path.p[i];
        if (c <= ' ' || c >= 0x7F)
            return ds_fail(e, path, text, line.p, "the target has a byte 0x%02x, which must be percent-encoded", c);
    }
    struct plan_extra *x = dataset_extra(ds);
    x->method = dataset_keep(ds, l.method.n ? l.method : l.body.n ? STR("POST") : STR("GET"));
    x->origin = dataset_keep(ds, l.origin);
    x->path = dataset_keep(ds, l.path);
    dataset_set_body(ds, l.body);
    dataset_end(ds, n);
    return 0;
}

static enum ds_sure sniff(struct str text, const char *path)
{
    (void)path;
    struct str_split it = {.rest = str_sub(text, 0, 65536), .sep = '\n'};
    struct str line;
    size_t n = 0;
    while (str_next(&it, &line)) {
        line = str_trim(line);
        if (line.n == 0 || line.p[0] == '#')
            continue;
        struct str rest = line, w = word(&rest);
        bool method = is_method(w);
        if (method)
            w = word(&rest);
        if (!is_url(w) && !(method && w.n > 0 && w.p[0] == '/'))
            return DS_NO; /* a path alone is as well a prompt */
        if (++n == 20)
            return DS_BY_CONTENT;
    }
    return n > 0 ? DS_BY_CONTENT : DS_NO;
}

static int load(struct dataset *ds, struct str text, const char *path, struct err *e)
{
    struct str_split it = {.rest = text, .sep = '\n'};
    struct str line;
    for (size_t n = 1; str_next(&it, &line); n++) {
        struct str shown = str_trim(line);
        if (shown.n == 0 || shown.p[0] == '#')
            continue;
        if (read_line(ds, text, path, line, n, dataset_why(ds)) != 0 && !dataset_bad(ds, e))
            return -1;
        dataset_progress(ds, line.p);
    }
    return 0;
}

const struct dataset_ops ds_targets = {
    .name = "targets",
    .help = "one request per line: [METHOD] /PATH [BODY]",
    .sniff = sniff,
    .load = load,
};

#include "compat/oha_folder.h"

#include <dirent.h>
#include <errno.h>

#include "base/file.h"
#include "base/xalloc.h"

uint64_t oha_concurrency_of(const char *name)
{
    struct str s = str_of(name);
    uint64_t n;
    if (!str_starts(s, STR("c")) || !str_ends(s, STR(".json")) || s.n < 7)
        return 0;
    return parse_u64(str_sub(s, 1, s.n - 6), &n) == 0 ? n : 0;
}

static int read_one(const char *dir, bool original, struct oha_file *o, struct err *e)
{
    char *path = xasprintf("%s/%s", dir, o->name);
    o->raw = BUF_INIT(OHA_FILE_MAX);
    int rc = file_read(&o->raw, path, e);
    struct jdoc *d = rc == 0 ? jdoc_parse(buf_str(&o->raw), path, e) : NULL;
    rc = d ? oha_json_read(&o->f, jdoc_root(d), original, e) : -1;
    jdoc_free(&d);
    free(path);
    return rc;
}

static int by_concurrency(const void *a, const void *b)
{
    uint64_t x = ((const struct oha_file *)a)->concurrency, y = ((const struct oha_file *)b)->concurrency;
    return x < y ? -1 : x > y;
}

int oha_folder_read(struct oha_folder *o, const char *dir, bool original, oha_bad_fn *bad, void *arg, struct err *e)
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    if (!d) {
        err_sys(e, ERR_USAGE, errno, "cannot read the folder %s", dir);
        return -1;
    }
    while ((entry = readdir(d)) != NULL) {
        uint64_t n = oha_concurrency_of(entry->d_name);
        struct err why = {0};
        if (n == 0 || strlen(entry->d_name) >= sizeof o->v->name)
            continue;
        if (o->n == o->cap) {
            o->cap = o->cap ? o->cap * 2 : 16;
            o->v = xreallocarray(o->v, o->cap, sizeof *o->v);
        }
        struct oha_file *f = &o->v[o->n];
        *f = (struct oha_file){.concurrency = n};
        snprintf(f->name, sizeof f->name, "%s", entry->d_name);
        if (read_one(dir, original, f, &why) < 0) {
            bad(arg, f->name, &why);
            buf_free(&f->raw);
            continue;
        }
        o->n++;
    }
    closedir(d);
    if (o->n > 1)
        qsort(o->v, o->n, sizeof *o->v, by_concurrency);
    return 0;
}

void oha_folder_free(struct oha_folder *o)
{
    for (size_t i = 0; i < o->n; i++)
        buf_free(&o->v[i].raw);
    free(o->v);
    *o = (struct oha_folder){0};
}

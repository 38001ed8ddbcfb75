/* experiment_files.c - where the data of an experiment is, the list of its files, and links to them. */
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/xalloc.h"
#include "cli/experiment_parts.h"
#include "compat/oha_folder.h"

enum { DEPTH_MAX = 6, FILES_MAX = 500, ENTRIES_MAX = 100000 };

static bool is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_link(const char *path) /* may lead into a circle */
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

static bool has(const char *dir, const char *name)
{
    char *path = xasprintf("%s/%s", dir, name);
    bool is = access(path, R_OK) == 0;
    free(path);
    return is;
}

struct names {
    char **v;
    size_t n;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Without hidden ones, in order. */
static int list(struct names *l, const char *dir, struct err *e)
{
    struct dirent *entry;
    DIR *d = opendir(dir);
    *l = (struct names){0};
    if (!d)
        return err_sys(e, ERR_USAGE, errno, "cannot read the folder %s", dir);
    while ((entry = readdir(d)) != NULL && l->n < ENTRIES_MAX) {
        if (entry->d_name[0] == '.')
            continue;
        l->v = xreallocarray(l->v, l->n + 1, sizeof *l->v);
        l->v[l->n++] = xstrdup(entry->d_name);
    }
    closedir(d);
    if (l->n > 1)
        qsort(l->v, l->n, sizeof *l->v, by_name);
    return 0;
}

static void list_free(struct names *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->v[i]);
    free(l->v);
}

/* ---- where */

static bool is_run(const char *dir)
{
    struct names l;
    bool is = has(dir, "requests.jsonl") || has(dir, "summary.json");
    if (list(&l, dir, NULL) < 0)
        return false;
    for (size_t i = 0; i < l.n; i++)
        is |= oha_concurrency_of(l.v[i]) > 0;
    list_free(&l);
    return is;
}

/* The folder itself, or the one in it that is a run. */
static int find_run(struct xp_place *p, struct err *e)
{
    struct names l;
    int rc = 0;
    if (is_run(p->data)) {
        p->run = xstrdup(p->data);
        return 0;
    }
    if (list(&l, p->data, e) < 0)
        return -1;
    for (size_t i = 0; rc == 0 && i < l.n; i++) {
        char *path = xasprintf("%s/%s", p->data, l.v[i]);
        if (!is_dir(path) || !is_run(path)) {
            free(path);
        } else if (p->run) {
            rc = err_set(e, ERR_USAGE, "%s has several runs, such as %s and %s; name one of them", p->data, p->run,
                         path);
            free(path);
        } else {
            p->run = path;
        }
    }
    list_free(&l);
    return rc;
}

static int find_out(struct xp_place *p, const char *output, struct err *e)
{
    p->out = output ? xstrdup(output) : xasprintf("%s/" XP_PAGE, p->root);
    char *slash = strrchr(p->out, '/');
    char *dir = slash == p->out ? xstrdup("/") : slash ? xmemdup0(p->out, (size_t)(slash - p->out)) : xstrdup(".");
    int rc = is_dir(p->out) ? err_set(e, ERR_USAGE, "--output: %s is a folder; name a file", p->out) : dir_make(dir, e);
    if (rc == 0 && !(p->out_dir = realpath(dir, NULL)))
        rc = err_sys(e, ERR_IO, errno, "%s", dir);
    free(dir);
    return rc;
}

int xp_place_find(struct xp_place *p, const char *dir, const char *output, const char *setup, struct err *e)
{
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/')
        n--;
    p->root = xmemdup0(dir, n);
    if (!is_dir(p->root))
        return err_set(e, ERR_USAGE, "%s is no folder", p->root);
    p->data = xasprintf("%s/raw-results", p->root);
    if (!is_dir(p->data)) {
        free(p->data);
        p->data = xstrdup(p->root);
    }
    if (find_run(p, e) < 0)
        return -1;
    char *inner = p->run ? xasprintf("%s/weir", p->run) : NULL;
    if (p->run && has(p->run, "requests.jsonl"))
        p->records = xstrdup(p->run);
    else if (inner && has(inner, "requests.jsonl"))
        p->records = xstrdup(inner);
    else if (p->run && has(p->run, "summary.json"))
        p->stored = xstrdup(p->run);
    else if (inner && has(inner, "summary.json"))
        p->stored = xstrdup(inner);
    free(inner);
    if (setup)
        p->setup = xstrdup(setup);
    else if (has(p->root, XP_SETUP_FILE))
        p->setup = xasprintf("%s/" XP_SETUP_FILE, p->root);
    else if (has(p->data, XP_SETUP_FILE))
        p->setup = xasprintf("%s/" XP_SETUP_FILE, p->data);
    return find_out(p, output, e);
}

void xp_place_free(struct xp_place *p)
{
    free(p->root);
    free(p->data);
    free(p->run);
    free(p->records);
    free(p->stored);
    free(p->out);
    free(p->out_dir);
    free(p->setup);
    *p = (struct xp_place){0};
}

/* ---- links */

static void put_escaped(struct buf *b, const char *z)
{
    for (; *z; z++) {
        unsigned char c = (unsigned char)*z;
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || strchr("-._~/", c))
            buf_addc(b, (char)c);
        else
            buf_addf(b, "%%%02X", c);
    }
}

char *xp_relative(const char *from, const char *path)
{
    char *to = realpath(path, NULL);
    struct buf b = BUF_INIT(32768);
    size_t at = 0; /* behind the last slash that both have */
    if (!to)
        return NULL;
    size_t n = strcmp(from, "/") == 0 ? 0 : strlen(from);
    for (size_t i = 0; to[i]; i++) {
        bool end = i == n;
        if (to[i] == '/' && (end || (i < n && from[i] == '/')))
            at = i + 1;
        if (end || to[i] != from[i])
            break;
    }
    for (size_t i = at; i < n + 1; i++) /* a folder of `from` that `to` is not in */
        if (i > at && (i == n || from[i] == '/'))
            buf_addz(&b, "../");
    buf_addz(&b, to + at);
    free(to);
    return b.p ? buf_take(&b) : xstrdup("");
}

char *xp_link(const char *from, const char *path)
{
    struct buf b = BUF_INIT(65536);
    char *plain = xp_relative(from, path);
    if (!plain)
        return NULL;
    put_escaped(&b, plain);
    free(plain);
    return b.p ? buf_take(&b) : xstrdup("");
}

/* ---- the list */

struct listing {
    struct experiment *x;
    const struct xp_place *p;
    char *skip_page, *skip_plots; /* real paths; what is made, not measured */
};

static int add_file(struct listing *l, const char *path, const char *name, struct err *e)
{
    struct experiment *x = l->x;
    struct file_map m;
    struct stat st;
    char *link = NULL;
    if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return 0;
    if (x->n_files == FILES_MAX) {
        x->n_left_out++;
        return 0;
    }
    if (file_open_map(&m, path, 0, e) < 0)
        return -1;
    link = xp_link(l->p->out_dir, path);
    x->files = xreallocarray(x->files, x->n_files + 1, sizeof *x->files);
    struct xp_file *f = &x->files[x->n_files++];
    *f = (struct xp_file){
        .name = xp_textf(x, "%s", name), .link = xp_own(x, link ? link : xstrdup("")), .bytes = m.text.n};
    sha256_hex(m.text, f->sha256);
    file_close_map(&m);
    return 0;
}

static bool is_made(const struct listing *l, const char *path)
{
    char *real = realpath(path, NULL);
    bool is = real && (strcmp(real, l->skip_page) == 0 || strcmp(real, l->skip_plots) == 0);
    const char *slash = strrchr(path, '/');
    is |= strcmp(slash ? slash + 1 : path, XP_PAGE) == 0;
    free(real);
    return is;
}

static int walk(struct listing *l, const char *dir, const char *under, int depth, struct err *e)
{
    struct names all;
    int rc = list(&all, dir, e);
    for (size_t i = 0; rc == 0 && i < all.n; i++) {
        char *path = xasprintf("%s/%s", dir, all.v[i]), *name = xasprintf("%s%s", under, all.v[i]);
        if (is_made(l, path)) {
            /* of an earlier page */
        } else if (is_dir(path) && !is_link(path) && depth < DEPTH_MAX) {
            char *deeper = xasprintf("%s/", name);
            rc = walk(l, path, deeper, depth + 1, e);
            free(deeper);
        } else {
            rc = add_file(l, path, name, e);
        }
        free(path);
        free(name);
    }
    list_free(&all);
    return rc;
}

static bool is_listed(const struct listing *l, const char *path)
{
    char *link = xp_link(l->p->out_dir, path);
    bool is = false;
    for (size_t i = 0; link && i < l->x->n_files && !is; i++)
        is = strcmp(l->x->files[i].link, link) == 0;
    free(link);
    return is;
}

/* A file that is read and lies elsewhere. */
static int add_other(struct listing *l, const char *path, struct err *e)
{
    const char *slash = strrchr(path, '/');
    return is_listed(l, path) ? 0 : add_file(l, path, slash ? slash + 1 : path, e);
}

int xp_list_files(struct experiment *x, const struct xp_place *p, const char *const *named, struct err *e)
{
    const char *slash = strrchr(p->out, '/');
    struct listing l = {x, p, xasprintf("%s/%s", p->out_dir, slash ? slash + 1 : p->out),
                        xasprintf("%s/" XP_PLOTS, p->out_dir)};
    int rc = walk(&l, p->data, "", 0, e);
    if (rc == 0 && p->setup)
        rc = add_other(&l, p->setup, e);
    for (size_t i = 0; rc == 0 && named && named[i]; i++)
        rc = add_other(&l, named[i], e);
    free(l.skip_page);
    free(l.skip_plots);
    return rc;
}

/* ds_payload.c - request bodies, sent as they are: a file with one per line, or a folder whose files are one each
 * (those that begin with a point are skipped), in the order of their names. Blank ones are skipped and counted. */
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/xalloc.h"
#include "load/ds_formats.h"
#include "load/ds_util.h"

#define MAX_BODY ((size_t)256 << 20)

/* Never: a line of JSON may be anything else too. */
static enum ds_sure sniff(struct str text, const char *path)
{
    (void)text, (void)path;
    return DS_NO;
}

static void add(struct dataset *ds, struct str body, size_t line)
{
    dataset_begin(ds);
    if (str_trim(body).n > 0)
        dataset_set_body(ds, body);
    dataset_end(ds, line);
}

static int load(struct dataset *ds, struct str text, const char *path, struct err *e)
{
    (void)path, (void)e;
    struct str_split it = {.rest = text, .sep = '\n'};
    struct str line;
    for (size_t n = 1; str_next(&it, &line); n++) {
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        if (line.n > 0 || !it.done) /* not behind the last line feed */
            add(ds, line, n);
        dataset_progress(ds, line.p);
    }
    return 0;
}

static int shown(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

static int load_file(struct dataset *ds, const char *path, struct buf *digests, struct err *e)
{
    struct file_map m;
    char sha256[65];
    if (file_open_map(&m, path, MAX_BODY, e) != 0)
        return -1;
    int rc = 0;
    if (m.text.n > MAX_BODY) {
        rc = err_set(e, ERR_LIMIT, "%s: larger than 256 MiB; no request body may be", path);
    } else {
        dataset_set_name(ds, path);
        add(ds, m.text, 0);
        sha256_hex(m.text, sha256);
        buf_addf(digests, "%s\n", sha256);
    }
    file_close_map(&m);
    return rc;
}

int ds_payload_folder(struct dataset *ds, const char *path, struct buf *digests, struct err *e)
{
    struct dirent **list = NULL;
    int n = scandir(path, &list, shown, alphasort), rc = 0;
    if (n < 0)
        return err_sys(e, ERR_IO, errno, "cannot read the folder %s", path);
    for (int i = 0; i < n; i++) {
        char *name = xasprintf("%s/%s", path, list[i]->d_name);
        struct stat st;
        if (rc == 0 && stat(name, &st) == 0 && S_ISREG(st.st_mode))
            rc = load_file(ds, name, digests, e);
        free(name);
        free(list[i]);
    }
    free(list);
    return rc;
}

const struct dataset_ops ds_payload = {
    .name = "payload",
    .help = "request bodies as they are: one per line, or a folder of files",
    .sniff = sniff,
    .load = load,
};

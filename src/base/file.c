#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"

static int read_fd(struct buf *b, int fd, const char *path, struct err *e)
{
    size_t chunk = 64 * 1024;
    for (;;) {
        size_t want = MIN(chunk, b->max - b->n);
        char spare;
        char *to = want ? buf_room(b, want) : &spare; /* full: is the end reached too? */
        if (!to)
            return err_set(e, ERR_LIMIT, "%s: larger than the limit of %zu bytes", path, b->max);
        ssize_t k = read(fd, to, want ? want : 1);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return err_sys(e, ERR_IO, errno, "cannot read %s", path);
        if (k == 0)
            return 0;
        if (want == 0) {
            b->failed = true;
            return err_set(e, ERR_LIMIT, "%s: larger than the limit of %zu bytes", path, b->max);
        }
        buf_wrote(b, (size_t)k);
        chunk = MIN(chunk * 2, (size_t)4 << 20);
    }
}

static int open_input(const char *path, struct stat *st, struct err *e)
{
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return err_sys(e, ERR_IO, errno, "cannot open %s", path);
    int rc = fstat(fd, st) != 0 ? errno : S_ISDIR(st->st_mode) ? EISDIR : 0;
    if (rc == 0)
        return fd;
    if (!is_stdin)
        close(fd);
    return err_sys(e, ERR_IO, rc, "cannot read %s", path);
}

int file_open_map(struct file_map *m, const char *path, size_t max, struct err *e)
{
    struct stat st;
    int fd = open_input(path, &st, e), rc = 0;
    if (fd < 0)
        return -1;
    *m = (struct file_map){{NULL, 0}, false};
    /* Files of the kernel (/proc) say that they are empty: those are read. */
    if (S_ISREG(st.st_mode) && st.st_size > 0 && lseek(fd, 0, SEEK_CUR) == 0) {
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p != MAP_FAILED) {
            madvise(p, (size_t)st.st_size, MADV_SEQUENTIAL);
            *m = (struct file_map){{p, (size_t)st.st_size}, true};
        } else {
            rc = err_sys(e, ERR_IO, errno, "cannot map %s", path);
        }
    } else {
        struct buf b = BUF_INIT(max);
        rc = read_fd(&b, fd, path, e);
        size_t n = b.n;
        if (rc == 0)
            *m = (struct file_map){{buf_take(&b), n}, false};
        buf_free(&b);
    }
    if (fd != STDIN_FILENO)
        close(fd);
    return rc;
}

void file_close_map(struct file_map *m)
{
    if (m->mapped)
        munmap((void *)(uintptr_t)m->text.p, m->text.n);
    else
        free((void *)(uintptr_t)m->text.p);
    *m = (struct file_map){{NULL, 0}, false};
}

int file_read(struct buf *b, const char *path, struct err *e)
{
    struct stat st;
    int fd = open_input(path, &st, e);
    if (fd < 0)
        return -1;
    int rc = read_fd(b, fd, path, e);
    if (fd != STDIN_FILENO)
        close(fd);
    return rc;
}

int fd_write_all(int fd, const void *p, size_t n)
{
    const char *at = p;
    while (n > 0) {
        ssize_t k = write(fd, at, n);
        if (k >= 0) {
            at += k;
            n -= (size_t)k;
        } else if (errno == EAGAIN) { /* a terminal that another program left in non-blocking mode */
            struct pollfd pf = {fd, POLLOUT, 0};
            if (poll(&pf, 1, -1) < 0 && errno != EINTR)
                return -errno;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

/* Devices and pipes cannot be replaced by a rename (and /dev/null must not be). */
static int write_in_place(const char *path, struct str text, struct err *e)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return err_sys(e, ERR_IO, errno, "cannot write %s", path);
    int rc = fd_write_all(fd, text.p, text.n);
    if (close(fd) != 0 && rc == 0)
        rc = -errno;
    return rc == 0 ? 0 : err_sys(e, ERR_IO, -rc, "cannot write %s", path);
}

int file_write(const char *path, struct str text, struct err *e)
{
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return write_in_place(path, text, e);
    char *tmp = xasprintf("%s.tmp", path);
    int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int rc = 0;
    if (fd < 0) {
        rc = err_sys(e, ERR_IO, errno, "cannot write %s", tmp);
        free(tmp);
        return rc;
    }
    int why = -fd_write_all(fd, text.p, text.n);
    if (why == 0 && fsync(fd) != 0 && errno != EINVAL && errno != EROFS)
        why = errno;
    if (close(fd) != 0 && why == 0)
        why = errno;
    if (why == 0 && rename(tmp, path) != 0)
        why = errno;
    if (why != 0) {
        unlink(tmp);
        rc = err_sys(e, ERR_IO, why, "cannot write %s", path);
    }
    free(tmp);
    return rc;
}

static int make_one(const char *path)
{
    struct stat st;
    if (mkdir(path, 0777) == 0)
        return 0;
    int why = errno;
    if (stat(path, &st) == 0) /* also where mkdir says EROFS or EACCES of a folder that is there */
        return S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
    return why;
}

int dir_make(const char *path, struct err *e)
{
    size_t n = strlen(path);
    if (n == 0 || n >= PATH_MAX)
        return err_sys(e, ERR_IO, n ? ENAMETOOLONG : ENOENT, "cannot make the folder \"%s\"", path);
    char part[PATH_MAX];
    memcpy(part, path, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (part[i] != '/' && part[i] != 0)
            continue;
        if (part[i - 1] == '/')
            continue;
        char keep = part[i];
        part[i] = 0;
        int why = make_one(part);
        if (why != 0)
            return err_sys(e, ERR_IO, why, "cannot make the folder %s", part);
        part[i] = keep;
    }
    return 0;
}

bool dir_is_empty(const char *path)
{
    DIR *d = opendir(path);
    if (!d)
        return errno == ENOENT;
    bool empty = true;
    for (struct dirent *f; empty && (f = readdir(d));)
        empty = strcmp(f->d_name, ".") == 0 || strcmp(f->d_name, "..") == 0;
    closedir(d);
    return empty;
}

uint64_t files_raise_limit(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0)
        return 0;
    if (r.rlim_cur < r.rlim_max) {
        const struct rlimit most = {r.rlim_max, r.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &most) == 0)
            r = most;
    }
    return r.rlim_cur;
}

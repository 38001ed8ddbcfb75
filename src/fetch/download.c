#include "fetch/download.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "fetch/curl_lib.h"

#define TAG_MAX 256
#define CONNECT_S 30L
#define STALL_S 60L
#define DRAW_NS (NS_PER_S / 10)
#define HOPS_MAX 10

/* What the server says of a version of the file: a line each in NAME.tag. */
struct tag {
    char etag[TAG_MAX], modified[TAG_MAX]; /* "" none */
};

struct job {
    const struct download_opts *o;
    struct curl_lib lib;
    char *file, *part, *file_tag, *part_tag;
    struct tag seen; /* of the response that is read */
    struct download_answer answer;
    int fd; /* of the part; -1: not open */
    uint64_t have, had;
    int why; /* errno of a failed write */
    bool too_big;
    int64_t drawn, began;
};

bool download_is_url(const char *path)
{
    return str_istarts(str_of(path), STR("http://")) || str_istarts(str_of(path), STR("https://"));
}

static uint64_t size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void read_tag(const char *path, struct tag *t)
{
    struct buf b = BUF_INIT(4 * TAG_MAX);
    *t = (struct tag){"", ""};
    if (access(path, R_OK) == 0 && file_read(&b, path, NULL) == 0) {
        struct str_split it = {.rest = buf_str(&b), .sep = '\n'};
        struct str line;
        if (str_next(&it, &line) && line.n < TAG_MAX)
            snprintf(t->etag, TAG_MAX, STR_FMT, STR_ARG(line));
        if (str_next(&it, &line) && line.n < TAG_MAX)
            snprintf(t->modified, TAG_MAX, STR_FMT, STR_ARG(line));
    }
    buf_free(&b);
}

static void write_tag(const char *path, const struct tag *t)
{
    char text[2 * TAG_MAX + 4];
    int n = snprintf(text, sizeof text, "%s\n%s\n", t->etag, t->modified);
    if (file_write(path, (struct str){text, (size_t)n}, NULL) != 0)
        unlink(path); /* then the file is loaded anew, which is slow but right */
}

static void take_header(char *to, size_t cap, struct str line, struct str name)
{
    if (!str_istarts(line, name))
        return;
    struct str v = str_trim(str_sub(line, name.n, line.n));
    if (v.n < cap)
        snprintf(to, cap, STR_FMT, STR_ARG(v));
}

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
    struct job *j = arg;
    struct str line = {p, size * n};
    if (str_istarts(line, STR("HTTP/"))) { /* of a redirect's target, after the redirect's own */
        j->seen = (struct tag){"", ""};
        j->answer = (struct download_answer){0};
        ptrdiff_t space = str_chr(line, ' ');
        int64_t status = 0;
        if (space < 0 || parse_i64(str_sub(line, (size_t)space + 1, 3), &status) != 0)
            status = 0;
        j->answer.status = (long)status;
    }
    take_header(j->seen.etag, TAG_MAX, line, STR("ETag:"));
    take_header(j->seen.modified, TAG_MAX, line, STR("Last-Modified:"));
    take_header(j->answer.code, sizeof j->answer.code, line, STR("X-Error-Code:"));
    return line.n;
}

/* The first byte of the file itself: where it goes, and what it is a part of. */
static bool open_part(struct job *j)
{
    bool goes_on = j->answer.status == 206 && j->had > 0;
    j->fd = open(j->part, O_WRONLY | O_CREAT | O_CLOEXEC | (goes_on ? O_APPEND : O_TRUNC), 0666);
    if (j->fd < 0) {
        j->why = errno;
        return false;
    }
    j->have = goes_on ? j->had : 0;
    if (!goes_on)
        write_tag(j->part_tag, &j->seen);
    return true;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    struct job *j = arg;
    n *= size;
    if (j->answer.status != 200 && j->answer.status != 206)
        return n; /* an error's text */
    if (j->fd < 0 && !open_part(j))
        return 0;
    if (n > j->o->max_bytes - j->have) {
        j->too_big = true;
        return 0;
    }
    int rc = fd_write_all(j->fd, p, n);
    if (rc != 0) {
        j->why = -rc;
        return 0;
    }
    j->have += n;
    return n;
}

static int on_progress(void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    struct job *j = arg;
    int64_t t = clock_mono();
    if (!j->o->progress || t - j->drawn < DRAW_NS || (j->answer.status != 200 && j->answer.status != 206))
        return 0;
    double whole = (double)total + (double)(j->answer.status == 206 ? j->had : 0), here = (double)j->have;
    double speed = (double)now * 1e9 / (double)MAX(t - j->began, 1);
    char bar[31] = "", have[32], of[32], rate[32], line[200];
    if (total > 0) {
        size_t full = (size_t)(here / whole * (sizeof bar - 1));
        memset(bar, '.', sizeof bar - 1);
        memset(bar, '#', MIN(full, sizeof bar - 1));
        snprintf(line, sizeof line, "[%s] %3.0f %%  %sB of %sB, %sB/s", bar, here / whole * 100, fmt_count(have, here),
                 fmt_count(of, whole), fmt_count(rate, speed));
    } else {
        snprintf(line, sizeof line, "%sB, %sB/s", fmt_count(have, here), fmt_count(rate, speed));
    }
    log_live_line(line);
    j->drawn = t;
    return 0;
}

static struct curl_slist *add_header(struct job *j, struct curl_slist *list, const char *name, const char *value)
{
    char *line = xasprintf("%s: %s", name, value);
    struct curl_slist *longer = j->lib.slist_append(list, line);
    free(line);
    return longer ? longer : list;
}

/* What is asked: is it still the file that is here, or else where the part that is here goes on. */
static struct curl_slist *conditions(struct job *j)
{
    struct tag t;
    struct curl_slist *list = NULL;
    j->had = 0;
    if (access(j->file, R_OK) == 0) {
        read_tag(j->file_tag, &t);
        if (t.etag[0])
            list = add_header(j, list, "If-None-Match", t.etag);
        else if (t.modified[0])
            list = add_header(j, list, "If-Modified-Since", t.modified);
        return list;
    }
    read_tag(j->part_tag, &t);
    bool strong = t.etag[0] && strncmp(t.etag, "W/", 2) != 0;
    j->had = size_of(j->part);
    if (j->had > 0 && (strong || t.modified[0])) {
        char range[40];
        snprintf(range, sizeof range, "bytes=%llu-", (unsigned long long)j->had);
        list = add_header(j, list, "Range", range);
        list = add_header(j, list, "If-Range", strong ? t.etag : t.modified);
    } else {
        j->had = 0;
    }
    return list;
}

/* Scheme, host and port, as they are written: what is only spelled differently counts as another place. */
static struct str origin_of(const char *url)
{
    ptrdiff_t scheme = str_find(str_of(url), STR("://"));
    size_t host = scheme < 0 ? 0 : (size_t)scheme + 3;
    return (struct str){url, host + strcspn(url + host, "/?#")};
}

static void prepare(struct job *j, CURL *h)
{
    const struct curl_lib *c = &j->lib;
    c->setopt(h, CURLOPT_USERAGENT, "weir/" WEIR_VERSION);
    c->setopt(h, CURLOPT_FOLLOWLOCATION, (long)!j->o->bearer);
    c->setopt(h, CURLOPT_MAXREDIRS, (long)HOPS_MAX);
#if LIBCURL_VERSION_NUM >= 0x075500
    c->setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
    c->setopt(h, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#endif
    c->setopt(h, CURLOPT_NOSIGNAL, 1L);
    c->setopt(h, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
    c->setopt(h, CURLOPT_LOW_SPEED_LIMIT, 1L);
    c->setopt(h, CURLOPT_LOW_SPEED_TIME, STALL_S);
    c->setopt(h, CURLOPT_HEADERFUNCTION, on_header);
    c->setopt(h, CURLOPT_HEADERDATA, j);
    c->setopt(h, CURLOPT_WRITEFUNCTION, on_body);
    c->setopt(h, CURLOPT_WRITEDATA, j);
    c->setopt(h, CURLOPT_XFERINFOFUNCTION, on_progress);
    c->setopt(h, CURLOPT_XFERINFODATA, j);
    c->setopt(h, CURLOPT_NOPROGRESS, 0L);
}

/* One request; *next: where its answer leads, to be freed, NULL: nowhere. With a token redirects are followed here, so
 * that it is seen who gets it; without one by libcurl, which gives a URL's own user and password to its host alone. */
static CURLcode hop(struct job *j, CURL *h, const char *url, bool ours, char **next)
{
    const struct curl_lib *c = &j->lib;
    struct curl_slist *headers = conditions(j);
    const char *to = NULL;
    if (ours && j->o->bearer) {
        char *value = xasprintf("Bearer %s", j->o->bearer);
        headers = add_header(j, headers, "Authorization", value);
        explicit_bzero(value, strlen(value));
        free(value);
    }
    c->setopt(h, CURLOPT_URL, url);
    c->setopt(h, CURLOPT_HTTPHEADER, headers);
    CURLcode rc = c->perform(h);
    c->setopt(h, CURLOPT_HTTPHEADER, NULL);
    c->slist_free_all(headers);
    if (rc == CURLE_OK && c->getinfo(h, CURLINFO_REDIRECT_URL, &to) == CURLE_OK && to && download_is_url(to))
        *next = xstrdup(to);
    return rc;
}

static CURLcode ask(struct job *j, const char *url)
{
    CURL *h = j->lib.init();
    if (!h)
        return CURLE_FAILED_INIT;
    prepare(j, h);
    j->fd = -1;
    j->answer = (struct download_answer){0};
    j->began = clock_mono();
    char *at = xstrdup(url);
    CURLcode rc = CURLE_OK;
    for (int hops = 0; at && rc == CURLE_OK && hops <= HOPS_MAX; hops++) {
        char *next = NULL;
        rc = hop(j, h, at, str_eq(origin_of(at), origin_of(url)), &next);
        free(at);
        at = next;
    }
    free(at);
    if (j->fd >= 0)
        close(j->fd);
    if (j->drawn)
        log_live_line(NULL);
    j->lib.cleanup(h);
    return rc;
}

/* Complete: the part becomes the file. An empty body has made no part. */
static int settle(struct job *j, struct err *e)
{
    if (j->fd < 0 && file_write(j->part, STR(""), e) != 0)
        return -1;
    if (rename(j->part, j->file) != 0)
        return err_sys(e, ERR_IO, errno, "cannot write %s", j->file);
    write_tag(j->file_tag, &j->seen);
    unlink(j->part_tag);
    return 0;
}

static int judge(struct job *j, CURLcode rc, struct err *e)
{
    const char *name = j->o->name;
    char size[32];
    if (j->too_big)
        return err_set(e, ERR_LIMIT, "%s: larger than %sB; load it by other means and take a part of it", name,
                       fmt_count(size, (double)j->o->max_bytes));
    if (j->why)
        return err_sys(e, ERR_IO, j->why, "cannot write %s", j->part);
    if (rc == CURLE_OK && (j->answer.status == 200 || j->answer.status == 206))
        return settle(j, e);
    bool here = access(j->file, R_OK) == 0;
    if (rc == CURLE_OK && j->answer.status == 304 && here)
        return 0;
    if (rc == CURLE_OK && j->answer.status < 500)
        return err_set(e, ERR_IO, "%s: the server answers %ld; is the address right?", name, j->answer.status);
    char status[60];
    snprintf(status, sizeof status, "the server answers %ld", j->answer.status);
    const char *why = rc == CURLE_OK ? status : j->lib.strerror(rc);
    if (here) {
        log_warn("%s: %s; the copy that was loaded before is used", name, why);
        return 0;
    }
    return err_set(e, ERR_IO, "%s: %s; %s", name, why,
                   j->have > 0 ? "the next run goes on where this one stopped"
                               : "is there a network, and does it need a proxy (https_proxy)?");
}

static int load(struct job *j, const char *url, struct err *e)
{
    if (curl_lib_open(&j->lib, e) != 0)
        return -1;
    CURLcode rc = ask(j, url);
    if (rc == CURLE_OK && j->answer.status == 416) { /* what is here is not the beginning of what is there */
        unlink(j->part);
        rc = ask(j, url);
    }
    return judge(j, rc, e);
}

char *download_cache(const char *kind, struct err *e)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && cache[0] == '/')
        return xasprintf("%s/weir/%s", cache, kind);
    if (home && home[0] == '/')
        return xasprintf("%s/.cache/weir/%s", home, kind);
    err_set(e, ERR_IO, "no place for downloads; set XDG_CACHE_HOME or HOME to a folder");
    return NULL;
}

/* The URL's digest, and its path's last part for people and for what goes by a file's name. What stands in front of the
 * path may hold a password. */
static char *cache_name(const char *folder, const char *url)
{
    char digest[65], tail[61];
    struct str path = str_of(url);
    size_t n = 0;
    sha256_hex(path, digest);
    ptrdiff_t scheme = str_find(path, STR("://"));
    path = str_sub(path, scheme < 0 ? 0 : (size_t)scheme + 3, path.n);
    path = str_sub(path, strcspn(path.p, "/?#"), path.n);
    for (size_t i = 0; i < path.n && path.p[i] != '?' && path.p[i] != '#'; i++) {
        char c = path.p[i];
        bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '.' || c == '-' || c == '_';
        if (c == '/')
            n = 0;
        else if (n == sizeof tail - 1) /* the end of a long name tells more than its beginning */
            memmove(tail, tail + 1, --n);
        if (c != '/')
            tail[n++] = plain ? c : '_';
    }
    return xasprintf("%s/%.32s-%.*s", folder, digest, (int)n, tail);
}

static char *place_of(const char *url, const struct download_opts *o, struct err *e)
{
    if (o->file)
        return xstrdup(o->file);
    char *folder = download_cache(o->kind, e);
    char *file = folder && dir_make(folder, e) == 0 ? cache_name(folder, url) : NULL;
    free(folder);
    return file;
}

char *download(const char *url, const struct download_opts *o, struct err *e)
{
    struct job j = {.o = o, .fd = -1, .file = place_of(url, o, e)};
    if (!j.file)
        return NULL;
    char *lock = xasprintf("%s.lock", j.file);
    j.part = xasprintf("%s.part", j.file);
    j.file_tag = xasprintf("%s.tag", j.file);
    j.part_tag = xasprintf("%s.tag", j.part);
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0666), rc = -1;
    if (fd < 0 || flock(fd, LOCK_EX) != 0)
        err_sys(e, ERR_IO, errno, "cannot write %s", lock);
    else
        rc = load(&j, url, e);
    if (fd >= 0)
        close(fd);
    if (o->answer)
        *o->answer = j.answer;
    free(lock);
    free(j.part);
    free(j.file_tag);
    free(j.part_tag);
    if (rc == 0)
        return j.file;
    free(j.file);
    return NULL;
}

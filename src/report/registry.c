#include "report/report.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"

#define FILE_MAX ((size_t)1 << 30)
#define WIDTH_ELSEWHERE 120

const struct reporter reporters[] = {
    {"json", "summary.json", report_json},
    {"timeline", "timeline.csv", report_timeline_csv},
    {NULL, NULL, NULL},
};

int report_write_files(const char *dir, const struct summary *s, struct err *e)
{
    for (const struct reporter *r = reporters; r->name; r++) {
        struct buf b = BUF_INIT(FILE_MAX), path = BUF_INIT(8192);
        r->write(&b, s);
        buf_addf(&path, "%s/%s", dir, r->file);
        int rc = b.failed || path.failed ? err_set(e, ERR_LIMIT, "%s/%s would be larger than 1 GiB", dir, r->file)
                                         : file_write(path.p, buf_str(&b), e);
        buf_free(&b);
        buf_free(&path);
        if (rc != 0)
            return -1;
    }
    return 0;
}

bool report_wants_colour(int fd)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(fd) && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
}

int report_width(int fd)
{
    struct winsize w;
    if (!isatty(fd) || ioctl(fd, TIOCGWINSZ, &w) != 0 || w.ws_col == 0)
        return WIDTH_ELSEWHERE;
    return w.ws_col;
}

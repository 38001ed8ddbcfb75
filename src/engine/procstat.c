#include "engine/procstat.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

static struct str read_some(const char *root, const char *name, char *buf, size_t cap)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", root, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return (struct str){0};
    ssize_t n = read(fd, buf, cap);
    close(fd);
    return (struct str){buf, n > 0 ? (size_t)n : 0};
}

/* Field k (from 0) of a line of numbers parted by spaces. */
static int64_t field(struct str line, unsigned k)
{
    struct str_split it = {.rest = line, .sep = ' '};
    struct str part;
    int64_t v;
    for (unsigned i = 0; str_next(&it, &part);) {
        if (part.n == 0)
            continue;
        if (i++ == k)
            return parse_i64(str_trim(part), &v) == 0 ? v : -1;
    }
    return -1;
}

void procstat_sample(struct procstat *s, const char *proc_root)
{
    const char *root = proc_root ? proc_root : "/proc";
    char buf[1024];
    s->at = clock_mono();
    s->cpu = clock_thread_cpu();
    int64_t delay = field(read_some(root, "thread-self/schedstat", buf, sizeof buf), 1);
    s->run_delay = MAX(delay, 0);
    struct str stat = read_some(root, "stat", buf, sizeof buf);
    ptrdiff_t nl = str_chr(stat, '\n');
    int64_t ticks =
        nl > 0 ? field(str_sub(stat, 0, (size_t)nl), 8) : -1; /* cpu user nice system idle iowait irq softirq steal */
    long hz = sysconf(_SC_CLK_TCK);
    s->steal = ticks < 0 || hz <= 0 ? -1 : ticks * (NS_PER_S / hz);
    struct rusage ru;
    s->involuntary = getrusage(RUSAGE_THREAD, &ru) == 0 ? (uint64_t)ru.ru_nivcsw : 0;
}

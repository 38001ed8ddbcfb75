#include "engine/procstat.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/xalloc.h"

enum { PROCESSORS = 1024 };

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

/* The processors that this thread may run on, a byte each; how many bytes. */
static unsigned allowed(unsigned char may[PROCESSORS])
{
    cpu_set_t set;
    memset(may, 0, PROCESSORS);
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        memset(&set, 0xff, sizeof set);
    for (unsigned i = 0; i < PROCESSORS; i++)
        may[i] = CPU_ISSET(i, &set) != 0;
    return PROCESSORS;
}

/* Lines "cpuN user nice system idle iowait irq softirq steal ..."; the first, without a number, is their sum. */
int64_t procstat_steal(struct str stat, const unsigned char *may, unsigned n, int64_t tick)
{
    int64_t sum = 0, count = 0, cpu;
    for (ptrdiff_t nl; (nl = str_chr(stat, '\n')) > 0; stat = str_sub(stat, (size_t)nl + 1, stat.n)) {
        struct str line = str_sub(stat, 0, (size_t)nl);
        ptrdiff_t space = str_chr(line, ' ');
        if (space < 3 || memcmp(line.p, "cpu", 3) != 0)
            break;
        if (parse_i64(str_sub(line, 3, (size_t)space - 3), &cpu) < 0 || cpu < 0 || cpu >= (int64_t)n || !may[cpu])
            continue;
        int64_t ticks = field(line, 8);
        if (ticks < 0)
            return -1;
        sum += ticks;
        count++;
    }
    return count && tick > 0 ? sum * tick / count : -1;
}

void procstat_sample(struct procstat *s, const char *proc_root)
{
    const char *root = proc_root ? proc_root : "/proc";
    char buf[1024];
    s->at = clock_mono();
    s->cpu = clock_thread_cpu();
    int64_t delay = field(read_some(root, "thread-self/schedstat", buf, sizeof buf), 1);
    s->run_delay = MAX(delay, 0);
    static const size_t most = 256u << 10; /* of some thousand processors; what is behind them is not read */
    char *text = xmalloc(most);
    unsigned char may[PROCESSORS];
    unsigned n = allowed(may);
    long hz = sysconf(_SC_CLK_TCK);
    s->steal = procstat_steal(read_some(root, "stat", text, most), may, n, hz > 0 ? NS_PER_S / hz : 0);
    free(text);
    struct rusage ru;
    s->involuntary = getrusage(RUSAGE_THREAD, &ru) == 0 ? (uint64_t)ru.ru_nivcsw : 0;
}

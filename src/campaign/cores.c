#include "campaign/cores.h"

#include <math.h>

#include "base/file.h"

/* ---- what the machine has */

static struct str read_text(struct buf *b, const char *path)
{
    struct err ignore;
    buf_clear(b);
    if (file_read(b, path, &ignore) < 0)
        buf_clear(b);
    return str_trim(buf_str(b));
}

int cores_parse(struct str list, uint16_t *cpu, size_t max, size_t *n, struct err *e)
{
    struct str_split it = {.rest = list, .sep = ','};
    struct str part;
    while (str_next(&it, &part)) {
        uint64_t from, to;
        part = str_trim(part);
        ptrdiff_t dash = str_chr(part, '-');
        int bad = dash < 0 ? parse_u64(part, &from)
                           : parse_u64(str_sub(part, 0, (size_t)dash), &from) |
                                 parse_u64(str_sub(part, (size_t)dash + 1, part.n), &to);
        if (!bad && dash < 0)
            to = from;
        if (bad || to < from || to >= CORES_MAX)
            return err_set(e, ERR_USAGE, "'%.*s' is not a core or a range of cores; write 1 or 0,2-5", STR_ARG(part));
        for (; from <= to; from++) {
            for (size_t i = 0; i < *n; i++) {
                if (cpu[i] == from)
                    return err_set(e, ERR_USAGE, "names core %llu twice", (unsigned long long)from);
            }
            if (*n == max)
                return err_set(e, ERR_USAGE, "names more than %zu cores", max);
            cpu[(*n)++] = (uint16_t)from;
        }
    }
    return 0;
}

/* The siblings of `cpu` that may be used come before it: how many; and the lowest of all. */
static void place(struct core *c, const char *root, const cpu_set_t *allowed, struct buf *b)
{
    char path[512];
    uint16_t sibling[64];
    size_t n = 0;
    c->physical = c->cpu;
    snprintf(path, sizeof path, "%s/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list", root, c->cpu);
    struct str list = read_text(b, path);
    if (list.n == 0 || cores_parse(list, sibling, ARRAY_LEN(sibling), &n, NULL) < 0)
        return;
    for (size_t i = 0; i < n; i++) {
        c->physical = MIN(c->physical, sibling[i]);
        if (sibling[i] < c->cpu && CPU_ISSET(sibling[i], allowed))
            c->rank++;
    }
}

static unsigned long order_of(const struct core *c)
{
    return ((unsigned long)c->rank << 32) | (c->physical == 0 ? 1ul << 31 : 0) | c->cpu;
}

static int by_order(const void *a, const void *b)
{
    unsigned long x = order_of(a), y = order_of(b);
    return (x > y) - (x < y);
}

/* One folder's limit in cores, INFINITY without one: cpu.max has both numbers, cfs_* one each. */
static double limit_of(const char *folder, bool v2, struct buf *b)
{
    char path[1024];
    double quota, period;
    snprintf(path, sizeof path, "%s/%s", folder, v2 ? "cpu.max" : "cpu.cfs_quota_us");
    struct str_split it = {.rest = read_text(b, path), .sep = v2 ? ' ' : '\n'};
    struct str first, second;
    if (!str_next(&it, &first) || parse_f64(first, &quota) < 0 || quota <= 0) /* "max", -1, or no such file */
        return INFINITY;
    if (v2) {
        if (!str_next(&it, &second))
            return INFINITY;
    } else {
        snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
        second = read_text(b, path);
    }
    return parse_f64(second, &period) < 0 || period <= 0 ? INFINITY : quota / period;
}

/* The tightest of a group's limit and its ancestors'. */
static double limit_up(const char *mount, struct str group, bool v2, struct buf *b)
{
    char folder[900];
    double least = INFINITY;
    size_t top = strlen(mount);
    if (top + group.n + 1 > sizeof folder)
        return least;
    snprintf(folder, sizeof folder, "%s%.*s", mount, STR_ARG(group));
    for (;;) {
        least = MIN(least, limit_of(folder, v2, b));
        char *slash = strrchr(folder + top, '/');
        if (!slash)
            return least;
        *slash = 0;
    }
}

static bool has_word(struct str list, struct str word)
{
    struct str_split it = {.rest = list, .sep = ','};
    struct str part;
    while (str_next(&it, &part)) {
        if (str_eq(part, word))
            return true;
    }
    return false;
}

static double quota_of(const char *root)
{
    static const struct {
        const char *mount;
        bool v2;
    } places[] = {{"/sys/fs/cgroup", true},
                  {"/sys/fs/cgroup/unified", true},
                  {"/sys/fs/cgroup/cpu", false},
                  {"/sys/fs/cgroup/cpu,cpuacct", false}};
    struct buf groups = BUF_INIT(1u << 16), b = BUF_INIT(1u << 16);
    char path[512];
    double least = INFINITY;
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    struct str_split it = {.rest = read_text(&groups, path), .sep = '\n'};
    struct str line;
    while (str_next(&it, &line)) { /* number:controllers:/group */
        ptrdiff_t a = str_chr(line, ':');
        struct str rest = a < 0 ? (struct str){0} : str_sub(line, (size_t)a + 1, line.n);
        ptrdiff_t z = str_chr(rest, ':');
        if (z < 0)
            continue;
        struct str names = str_sub(rest, 0, (size_t)z), group = str_sub(rest, (size_t)z + 1, rest.n);
        bool v2 = names.n == 0;
        if (!v2 && !has_word(names, STR("cpu")))
            continue;
        for (size_t i = 0; i < ARRAY_LEN(places); i++) {
            snprintf(path, sizeof path, "%s%s", root, places[i].mount);
            if (places[i].v2 == v2)
                least = MIN(least, limit_up(path, group, v2, &b));
        }
    }
    buf_free(&groups);
    buf_free(&b);
    return isinf(least) ? 0 : least;
}

void cores_read(struct core_map *m, const char *root, const cpu_set_t *allowed)
{
    cpu_set_t own;
    struct buf b = BUF_INIT(1u << 16);
    memset(m, 0, sizeof *m);
    if (!allowed && sched_getaffinity(0, sizeof own, &own) != 0) {
        CPU_ZERO(&own);
        CPU_SET(0, &own);
    }
    if (!allowed)
        allowed = &own;
    for (unsigned i = 0; i < CORES_MAX; i++) {
        if (!CPU_ISSET(i, allowed))
            continue;
        m->core[m->n] = (struct core){.cpu = (uint16_t)i};
        place(&m->core[m->n++], root, allowed, &b);
    }
    qsort(m->core, m->n, sizeof m->core[0], by_order);
    m->quota = quota_of(root);
    m->worth = m->quota > 0 && ceil(m->quota) < m->n ? (unsigned)ceil(m->quota) : m->n;
    buf_free(&b);
}

/* ---- who sits where */

static bool has_physical(const struct core_map *m, const cpu_set_t *set, uint16_t physical)
{
    for (unsigned i = 0; i < m->n; i++) {
        if (m->core[i].physical == physical && CPU_ISSET(m->core[i].cpu, set))
            return true;
    }
    return false;
}

void cores_halve(const struct core_map *m, struct core_halves *h)
{
    unsigned groups = 0, seen = 0;
    memset(h, 0, sizeof *h);
    if (m->worth < 2)
        return;
    for (unsigned i = 0; i < m->worth; i++)
        groups += m->core[i].rank == 0;
    for (unsigned i = 0; i < m->worth; i++) {
        const struct core *c = &m->core[i];
        bool client;
        if (groups < 2) /* siblings of one */
            client = i < (m->worth + 1) / 2;
        else if (c->rank == 0)
            client = seen++ < (groups + 1) / 2;
        else
            client = has_physical(m, &h->client, c->physical);
        CPU_SET(c->cpu, client ? &h->client : &h->server);
    }
    h->n_client = (unsigned)CPU_COUNT(&h->client);
    h->n_server = (unsigned)CPU_COUNT(&h->server);
}

/* Of the cores of `from`, those that are not `taken`; where there is choice, none whose sibling is. */
static void leftover(const struct core_map *m, const uint16_t *from, unsigned n, const cpu_set_t *taken, cpu_set_t *out)
{
    cpu_set_t free_cores, alone;
    CPU_ZERO(&free_cores);
    CPU_ZERO(&alone);
    for (unsigned i = 0; i < n; i++) {
        if (CPU_ISSET(from[i], taken))
            continue;
        CPU_SET(from[i], &free_cores);
        for (unsigned k = 0; k < m->n; k++) {
            if (m->core[k].cpu == from[i] && !has_physical(m, taken, m->core[k].physical))
                CPU_SET(from[i], &alone);
        }
    }
    *out = CPU_COUNT(&alone) ? alone : free_cores;
}

static void seat_workers(struct core_plan *p, const uint16_t *core, unsigned n)
{
    p->n_cores = MIN(n, p->n_workers);
    for (unsigned i = 0; i < p->n_workers; i++)
        p->worker[i] = core[i % p->n_cores];
}

static void workers_set(const struct core_plan *p, cpu_set_t *set)
{
    CPU_ZERO(set);
    for (unsigned i = 0; i < p->n_cores; i++)
        CPU_SET(p->worker[i], set);
}

static void plan_auto(struct core_plan *p, const struct core_map *m)
{
    struct core_halves h = {0};
    uint16_t core[CORES_MAX];
    unsigned n = 0;
    cpu_set_t taken;
    if (p->has_server)
        cores_halve(m, &h);
    for (unsigned i = 0; i < m->worth; i++) {
        if (h.n_client == 0 || CPU_ISSET(m->core[i].cpu, &h.client))
            core[n++] = m->core[i].cpu;
    }
    seat_workers(p, core, n);
    workers_set(p, &taken);
    leftover(m, core, n, &taken, &p->writer);
    p->server = h.server;
    if (CPU_COUNT(&p->writer) == 0 && h.n_server)
        p->writer = h.server;
    if (CPU_COUNT(&p->writer) == 0) /* with the last worker: the least wanted core */
        CPU_SET(core[n - 1], &p->writer);
    if (CPU_COUNT(&p->server) == 0) /* one core for all */
        p->server = p->writer;
}

static int plan_list(struct core_plan *p, const struct core_map *m, const char *list, struct err *e)
{
    uint16_t core[CORES_MAX], all[CORES_MAX];
    size_t n = 0;
    cpu_set_t allowed, taken;
    CPU_ZERO(&allowed);
    for (unsigned i = 0; i < m->n; i++) {
        all[i] = m->core[i].cpu;
        CPU_SET(all[i], &allowed);
    }
    if (cores_parse(str_of(list), core, CORES_MAX, &n, e) < 0)
        return err_prefix(e, "--pin: ");
    for (size_t i = 0; i < n; i++) {
        if (CPU_ISSET(core[i], &allowed))
            continue;
        struct buf have = BUF_INIT(8192);
        cores_set_text(&allowed, &have);
        err_set(e, ERR_USAGE, "--pin %s: core %u is not one that this process may use; those are %.*s", list, core[i],
                STR_ARG(buf_str(&have)));
        buf_free(&have);
        return -1;
    }
    seat_workers(p, core, (unsigned)n);
    workers_set(p, &taken);
    leftover(m, all, m->n, &taken, &p->writer);
    if (CPU_COUNT(&p->writer) == 0)
        p->writer = allowed;
    p->server = p->writer;
    return 0;
}

int cores_plan(struct core_plan *p, const struct core_map *m, const char *pin, unsigned workers, bool has_server,
               struct err *e)
{
    memset(p, 0, sizeof *p);
    if (strcmp(pin, "none") == 0)
        return 0;
    p->pinned = true;
    p->has_server = has_server;
    p->n_workers = MIN(MAX(workers, 1u), (unsigned)CORES_WORKERS_MAX);
    if (strcmp(pin, "auto") != 0)
        return plan_list(p, m, pin, e);
    plan_auto(p, m);
    return 0;
}

/* ---- in words */

static void add_run(struct buf *out, unsigned from, unsigned to, bool first)
{
    buf_addf(out, "%s%u", first ? "" : ",", from);
    if (to > from)
        buf_addf(out, "%c%u", to == from + 1 ? ',' : '-', to);
}

static void add_cores(const uint16_t *core, unsigned n, struct buf *out)
{
    for (unsigned i = 0, k; i < n; i = k) {
        for (k = i + 1; k < n && core[k] == core[k - 1] + 1; k++)
            ;
        add_run(out, core[i], core[k - 1], i == 0);
    }
}

void cores_set_text(const cpu_set_t *set, struct buf *out)
{
    uint16_t core[CORES_MAX];
    unsigned n = 0;
    for (unsigned i = 0; i < CORES_MAX; i++) {
        if (CPU_ISSET(i, set))
            core[n++] = (uint16_t)i;
    }
    add_cores(core, n, out);
}

void cores_text(const struct core_plan *p, struct buf *out)
{
    cpu_set_t taken, both;
    workers_set(p, &taken);
    if (p->n_workers == 1)
        buf_addz(out, "worker 0 on ");
    else if (p->n_cores < p->n_workers)
        buf_addf(out, "%u workers share ", p->n_workers);
    else
        buf_addf(out, "workers 0-%u on ", p->n_workers - 1);
    add_cores(p->worker, p->n_cores, out);
    buf_addz(out, ", writer on ");
    cores_set_text(&p->writer, out);
    CPU_AND(&both, &taken, &p->writer);
    bool with_workers = CPU_COUNT(&both) > 0, with_server = p->has_server && CPU_EQUAL(&p->writer, &p->server);
    if (with_workers)
        buf_addz(out, p->n_workers == 1 ? " with the worker" : " with workers");
    if (with_server)
        buf_addz(out, with_workers ? " and the simulator" : " with the simulator");
    if (p->has_server && !with_server) {
        buf_addz(out, ", simulator on ");
        cores_set_text(&p->server, out);
    }
}

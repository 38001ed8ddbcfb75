/* cores.h - which cores this process may use, and which of its threads is kept on which.
 *
 * What may be used: the affinity mask, and of it no more cores than the cgroup's CPU quota pays for (rounded up).
 * Order of preference: one hardware thread of each physical core before their SMT siblings, and of equals the core 0
 * last, since interrupts go there by default.
 * A plan keeps each worker on a core of its own where there are enough, the campaign's thread (which writes the
 * records) off them, and the simulator, where the run starts it, on other physical cores than the client. What must
 * share a core is said in the plan's text. Cold; no state. Sources: Linux Documentation/admin-guide/cputopology.rst,
 * cgroup-v2.rst (cpu.max), scheduler/sched-bwc.rst (cpu.cfs_quota_us). */
#ifndef WEIR_CAMPAIGN_CORES_H
#define WEIR_CAMPAIGN_CORES_H

#include <sched.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum { CORES_MAX = CPU_SETSIZE, CORES_WORKERS_MAX = 1024 };

struct core {
    uint16_t cpu;      /* as the kernel numbers them */
    uint16_t physical; /* the lowest number among its SMT siblings */
    uint16_t rank;     /* place among those siblings that may be used: 0 first */
};

struct core_map {
    unsigned n;                  /* cores that may be used, at least 1 */
    unsigned worth;              /* those of them to be counted on under the quota, 1 to n */
    double quota;                /* of the cgroup, in cores; 0: none */
    struct core core[CORES_MAX]; /* n of them, in the order of preference */
};

/* root: put before /proc and /sys, "" for this machine. allowed: the mask; NULL: that of the calling thread. What
 * cannot be read counts as no SMT and no quota. */
void cores_read(struct core_map *m, const char *root, const cpu_set_t *allowed);

/* A list as taskset takes it: "0,2-5". Appended in that order; at most `max`. -1 + e: not such a list, or one core
 * twice. */
int cores_parse(struct str list, uint16_t *cpu, size_t max, size_t *n, struct err *e);

struct core_halves { /* client and simulator on different physical cores, where there are two */
    cpu_set_t client, server;
    unsigned n_client, n_server; /* both 0: there is but one core */
};
void cores_halve(const struct core_map *m, struct core_halves *h);

struct core_plan {
    bool pinned; /* false: nothing below counts */
    bool has_server;
    unsigned n_workers, n_cores; /* of the workers; fewer cores than workers: they share */
    uint16_t worker[CORES_WORKERS_MAX];
    cpu_set_t writer, server;
};

/* pin: "auto", "none" or a list: worker i on its i-th core, beginning again at its end. has_server: the run starts the
 * simulator. -1 + e: a core of the list may not be used. */
int cores_plan(struct core_plan *p, const struct core_map *m, const char *pin, unsigned workers, bool has_server,
               struct err *e);
/* "worker 0 on 1, writer on 0 with the simulator". Appended. */
void cores_text(const struct core_plan *p, struct buf *out);
/* "0,2-5". Appended. */
void cores_set_text(const cpu_set_t *set, struct buf *out);

#endif

/* procstat.h - what the kernel says of this thread and machine: CPU time, time spent runnable but not running, steal.
 * Reads /proc (or another folder, for tests). About 30 us a sample, more with many processors: taken at a level's ends,
 * not between. Steal is the mean of the processors that this thread may run on, so that a share of it means the same on
 * a small machine and a large one. */
#ifndef WEIR_ENGINE_PROCSTAT_H
#define WEIR_ENGINE_PROCSTAT_H

#include "base/str.h"

struct procstat {
    int64_t at;           /* monotonic ns */
    int64_t cpu;          /* of this thread, ns */
    int64_t run_delay;    /* of this thread, ns; 0 where the kernel does not say */
    int64_t steal;        /* ns since boot, mean of the thread's processors; -1 unknown */
    uint64_t involuntary; /* context switches of this thread */
};
/* From the text of /proc/stat: steal of the processors i with may[i], their mean; a tick has `tick` ns. -1: not told.
 */
int64_t procstat_steal(struct str stat, const unsigned char *may, unsigned n, int64_t tick);
void procstat_sample(struct procstat *s, const char *proc_root); /* NULL: "/proc" */

#endif

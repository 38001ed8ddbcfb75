/* procstat.h - what the kernel says of this thread and machine: CPU time, time spent runnable but not running, steal.
 * Reads /proc (or another folder, for tests). About 20 us a sample: taken at a level's ends, not between. */
#ifndef WEIR_ENGINE_PROCSTAT_H
#define WEIR_ENGINE_PROCSTAT_H

#include "base/attr.h"

struct procstat {
    int64_t at;           /* monotonic ns */
    int64_t cpu;          /* of this thread, ns */
    int64_t run_delay;    /* of this thread, ns; 0 where the kernel does not say */
    int64_t steal;        /* of all processors, ns since boot; -1 unknown */
    uint64_t involuntary; /* context switches of this thread */
};
void procstat_sample(struct procstat *s, const char *proc_root); /* NULL: "/proc" */

#endif

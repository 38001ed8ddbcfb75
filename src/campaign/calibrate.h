/* calibrate.h - `weir calibrate`: runs against the simulator, load after load, and holds every token's instant against
 * the simulator's own record of it. Blocking, a minute or so; its files lie in a scratch folder that is removed. */
#ifndef WEIR_CAMPAIGN_CALIBRATE_H
#define WEIR_CAMPAIGN_CALIBRATE_H

#include "analysis/calibration.h"
#include "campaign/campaign.h"

/* Strings are borrowed. Filled by the option table (src/cli/opt_calibrate.c). */
struct calibrate_config {
    const struct run_config *run; /* the defaults of `weir run`; borrowed */
    const char *server, *truth;   /* NULL: a simulator of its own for each step */
    const char *streams;          /* "1,10,100"; NULL: by `quick` */
    int64_t duration;             /* ns of each step's window; 0: by `quick` */
    uint64_t workers;             /* 0 = chosen */
    bool quick, no_rates;
    /* what becomes of the result: the command's own */
    const char *output;
    bool json, quiet;
};

struct calibrate_view { /* either may be NULL */
    void *arg;
    void (*begin)(void *arg, const char *what); /* "1000 streams at 100 tokens/s each" */
};

/* 0 when at least one step was measured: `out` holds it, also after Ctrl-C (interrupted). -1 + e: nothing was. No
 * process and no file is left behind. */
int calibrate(const struct calibrate_config *c, const struct calibrate_view *v, struct calibration *out, struct err *e);

/* Where a calibration is kept unless the user says otherwise; malloc'ed, NULL: there is no home. */
char *calibration_path(void);
/* The ceiling in events per second of the one kept there, if it is of this processor and this version; else NaN. */
double calibration_stored(void);

#endif

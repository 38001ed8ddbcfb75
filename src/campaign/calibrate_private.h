/* calibrate_private.h - shared by calibrate.c, which chooses the steps, and calibrate_step.c, which measures one. */
#ifndef WEIR_CAMPAIGN_CALIBRATE_PRIVATE_H
#define WEIR_CAMPAIGN_CALIBRATE_PRIVATE_H

#include "campaign/calibrate.h"
#include "campaign/cores.h"

struct cal_job {
    const struct calibrate_config *c;
    const char *dir;          /* scratch */
    struct core_halves cores; /* who runs where; n_client 0: nobody is kept anywhere */
    int64_t duration;         /* ns of a step's window */
    int64_t grace;            /* for what is open at its end */
};

struct cal_step {
    uint32_t streams;
    int64_t itl;     /* ns between two tokens of a stream */
    uint32_t tokens; /* of an answer */
};

/* 0: measured into *row, but for its limit; *interrupted: by a signal, the row is not to be used. -1 + e. */
int cal_step_run(const struct cal_job *j, const struct cal_step *s, struct cal_row *row, bool *interrupted,
                 struct err *e);

#endif

/* calibration.h - what `weir calibrate` found out of this machine, as plain data: how far the client's instants are
 * from the simulator's at each load, and how many events it bears. Definitions: docs/METRICS.md; as a file:
 * "weir.calibration/1", docs/FORMATS.md. Units: ns, shares 0-1, rates per second; NaN = unknown. */
#ifndef WEIR_ANALYSIS_CALIBRATION_H
#define WEIR_ANALYSIS_CALIBRATION_H

#include "analysis/summary.h"

enum { CAL_ROWS_MAX = 32 };
#define CAL_ERROR_MAX NS_PER_MS /* p99 of both errors at most: the load still counts for the ceiling */

struct hist;

struct cal_dist {
    uint64_t n;
    double p50, p99, max; /* NaN when n is 0 */
};
struct cal_dist cal_dist_of(const struct hist *h);

/* What kept a load from being carried. OTHER: too few events came although nobody was busy, as when another program or
 * the hypervisor takes the processor; the next step may well be carried. */
enum cal_limit { CAL_CARRIED, CAL_CLIENT, CAL_SERVER, CAL_FAILURES, CAL_OTHER };
const char *cal_limit_name(enum cal_limit l); /* "client", "simulator", "failures", "other"; CAL_CARRIED: NULL */

struct cal_row { /* one load */
    uint32_t streams;
    double asked_per_s;                    /* events that the simulator was to send; NaN: another server's, not known */
    double events_per_s;                   /* that came in the window */
    struct cal_dist ttft_error, itl_error; /* absolute differences from the truth */
    struct cal_dist lag;                   /* client lag */
    double busy;                           /* of the busiest worker */
    double server_busy;                    /* the simulator's CPU over its threads; NaN: another server's */
    double events_per_cpu_s;               /* per second of CPU of the whole client process */
    uint64_t requests, failed, unmatched;  /* unmatched: succeeded, but the truth has no such answer */
    enum verdict verdict;                  /* as of any run */
    enum cal_limit limit;
};

struct calibration {
    char version[32];
    int64_t started; /* realtime ns */
    char cpu[128];   /* model */
    char kernel[160];
    uint32_t cores;
    uint32_t client_cores, server_cores; /* that each was kept on; 0: it ran where it liked */
    bool other_server;                   /* --server */
    bool quick, interrupted;
    size_t n_levels, n_rates;
    struct cal_row levels[CAL_ROWS_MAX], rates[CAL_ROWS_MAX];
    double ceiling;    /* events per second, NaN: none */
    char stopped[512]; /* why the steps ended early, "" when they did not */
};

/* What a row that was measured says of its load. */
enum cal_limit calibration_judge(const struct cal_row *r);
/* The most events per second at which p99 of both errors held, of all rows; NaN: none. */
double calibration_ceiling(const struct calibration *c);

#endif

/* report.h - a summary as bytes. Pure functions of the summary: a report of stored records equals that of the live run.
 *
 * To add a report that becomes a file, do these 3 things:
 *  1. write src/report/report_NAME.c with a function of the shape `report_fn`;
 *  2. declare it here, and add a row to `reporters` in registry.c;
 *  3. describe the file in docs/FORMATS.md. */
#ifndef WEIR_REPORT_REPORT_H
#define WEIR_REPORT_REPORT_H

#include "analysis/calibration.h"
#include "analysis/summary.h"
#include "base/buf.h"

typedef void report_fn(struct buf *out, const struct summary *s); /* appends; check out->failed */

void report_json(struct buf *out, const struct summary *s);         /* summary.json, "weir.summary/1" */
void report_timeline_csv(struct buf *out, const struct summary *s); /* timeline.csv */

struct reporter {
    const char *name; /* "json" */
    const char *file; /* in the run's folder */
    report_fn *write;
};
extern const struct reporter reporters[];                                        /* ended by a NULL name */
int report_write_files(const char *dir, const struct summary *s, struct err *e); /* all of them, each all or nothing */

/* The table for people: one row per level, then what each level has to say. Colours are ANSI escapes. */
struct table_opts {
    bool colour;
    int width; /* columns to fill at most; 0: 120 */
};
void report_table(struct buf *out, const struct summary *s, const struct table_opts *o);

/* What `weir calibrate` found: calibration.json ("weir.calibration/1"), and a table with a row per load. */
void report_calibration_json(struct buf *out, const struct calibration *c);
void report_calibration_table(struct buf *out, const struct calibration *c, const struct table_opts *o);

/* How to print on an open file: colours only for a terminal, and not where NO_COLOR is set or TERM is "dumb"; columns
 * of the terminal, 120 where it is none. */
bool report_wants_colour(int fd);
int report_width(int fd);

#endif

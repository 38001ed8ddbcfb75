/* experiment_parts.h - how the data of an experiment is gathered: the steps of experiment_report(). Each 0, or -1 + e.
 * Cold. */
#ifndef WEIR_CLI_EXPERIMENT_PARTS_H
#define WEIR_CLI_EXPERIMENT_PARTS_H

#include "base/jdoc.h"
#include "cli/opt.h"
#include "report/experiment.h"

#define XP_JSON_MAX ((size_t)64 << 20)
#define XP_PAGE "EXPERIMENT_REPORT.md"
#define XP_SETUP_FILE "experiment.yaml"
#define XP_PLOTS "plots"

/* experiment.yaml: the keys are rows of a table; `name` is for messages. Texts are copied; opt_free(&xp_setup_table,
 * &x->setup, seen) in any case. */
extern const struct opt_table xp_setup_table;
int xp_setup_defaults(struct experiment *x, struct err *e);
int xp_setup_read(struct experiment *x, struct opt_seen *seen, const char *name, struct str text, struct err *e);

struct xp_place {        /* NULL: not there */
    char *root;          /* as named */
    char *data;          /* ROOT/raw-results, or ROOT */
    char *run;           /* the folder with cN.json or requests.jsonl; in data */
    char *records;       /* the folder with requests.jsonl, ... */
    char *stored;        /* or, without that, with summary.json; beside it is metadata.json */
    char *out, *out_dir; /* the page, and the folder that it is in (real path) */
    char *setup;         /* experiment.yaml */
};
int xp_place_find(struct xp_place *p, const char *dir, const char *output, const char *setup, struct err *e);
void xp_place_free(struct xp_place *p);

int xp_read_levels(struct experiment *x, const struct xp_place *p, struct err *e);
int xp_read_stored(struct experiment *x, const char *dir, struct err *e); /* without records */
/* `tokens` that came in the second that begins `since` ns after the run's begin. */
void xp_add_second(struct experiment *x, int64_t since, const char *label, double tokens);
int xp_read_streams(struct experiment *x, const struct xp_place *p, const char *const *named, struct err *e);
/* What the files beside the figures say of the run. */
struct xp_papers {
    struct jdoc *summary, *payload, *metadata; /* benchmark_summary.json, payload.json, metadata.json; NULL: none */
    double price;                              /* of --cost-per-hour, NaN: not given */
};
void xp_papers_read(struct xp_papers *d, const struct xp_place *p);
void xp_papers_free(struct xp_papers *d);
/* `asked`: of --slo, or NULL; else the run's own, else XP_SLO. */
int xp_take_objective(struct experiment *x, const struct xp_papers *d, const char *asked, struct err *e);
void xp_take_limits(struct experiment *x, const struct xp_papers *d); /* tokens per answer, HTTP version, date, title */
void xp_take_facts(struct experiment *x, const struct xp_papers *d);

int xp_list_files(struct experiment *x, const struct xp_place *p, const char *const *named, struct err *e);
/* `path` as seen from the folder `from`, a real path, and the same as a link of a page there. To be freed; NULL: it
 * does not exist. */
char *xp_relative(const char *from, const char *path);
char *xp_link(const char *from, const char *path);

#endif

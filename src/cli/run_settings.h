/* run_settings.h - all options of `weir run` from all sources: command line, environment, files (-f), a stored run
 * (--replay), defaults; with those of each level where a file, or the stored run, lists levels. Cold. */
#ifndef WEIR_CLI_RUN_SETTINGS_H
#define WEIR_CLI_RUN_SETTINGS_H

#include "base/buf.h"
#include "base/jdoc.h"
#include "campaign/campaign.h"
#include "cli/bench.h"
#include "cli/opt.h"

struct level_settings { /* beside its run_config, which stands in run_settings.levels */
    struct opt_seen seen;
    struct buf options; /* its own, as JSON */
    char sha256[65];
};

struct run_settings {
    struct run_config c; /* c.levels is `levels` */
    struct opt_seen seen;
    struct bench *bench; /* NULL: no -f */
    struct jdoc *stored; /* --replay: metadata.json, from which the options borrow */
    struct buf options;  /* as JSON, for the next metadata.json */
    char sha256[65];
    struct run_config *levels;
    struct level_settings *level;
    size_t n_levels;
};

/* 0, or -1 + e; run_settings_free in both cases. argv and the environment are borrowed until then. */
int run_settings_read(struct run_settings *s, int argc, const char *const *argv, opt_env_fn *env, struct err *e);
void run_settings_free(struct run_settings *s);

/* What --show-config prints: YAML that -f reads, each value with its source behind it. Secrets stand as the variables
 * that hold them, or are left out (src/cli/show_config.c). */
void run_settings_show(const struct run_settings *s, struct buf *out);

#endif

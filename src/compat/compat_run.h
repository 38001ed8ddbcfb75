/* compat_run.h - has an ordinary `weir run` done and gives its summary and its requests. Cold. */
#ifndef WEIR_COMPAT_COMPAT_RUN_H
#define WEIR_COMPAT_COMPAT_RUN_H

#include "analysis/summary.h"
#include "campaign/campaign.h"
#include "cli/run_settings.h"
#include "compat/compat_rows.h"
#include "compat/compat_words.h"

struct compat_run_opts {
    const char *dir; /* the program's result folder: the run's own files go to DIR/weir, for `weir report`; NULL: into a
                      * temporary one, which compat_run_free removes */
    unsigned what;   /* COMPAT_TEXTS, COMPAT_EVENTS (compat_rows.h); texts: --save-text is given too */
    bool banner;     /* weir's own banner and live line on stderr; else errors alone */
    void (*level_begin)(void *arg, uint32_t level); /* or NULL */
    void (*level_end)(void *arg, const struct campaign_ended *l);
    void *arg;
};

struct compat_run {
    const struct summary *summary;
    struct compat_rows rows;
    bool interrupted;
    char dir[512]; /* where the run's own files are */
    /* private */
    bool temporary;
    struct campaign_result result;
    struct run_settings set;
    struct compat_words words;
};

/* The words of a `weir run`, without "weir run": URLs and options. WEIR_* variables do not count; a word that is wrong
 * is an error of the program, or of a value that it handed on. 0, or -1 + e: it could not begin or broke; there may be
 * a summary then too. compat_run_free in both cases. SIGINT and SIGTERM are the run's own until then. */
int compat_run(struct compat_run *r, const struct compat_words *words, const struct compat_run_opts *o, struct err *e);
void compat_run_free(struct compat_run *r);

int compat_run_exit(const struct compat_run *r); /* 130 interrupted, 1 nothing succeeded, else 0 */
/* On stderr, where weir's verdict on its own measurement is not VALID: a line for each reason. */
void compat_run_say_verdict(const struct compat_run *r, const char *program);

#endif

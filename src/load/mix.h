/* mix.h - weighted choices: "a=3,b=1" gives a three times out of four. The weight stands behind the last '='; a name
 * alone weighs 1. So names may hold colons and slashes (llama3:8b), but no comma. And the models of a run: those of
 * such a mix, or the run's one, and behind them those that entries of the dataset name themselves.
 * Plain data, thread-safe to read. */
#ifndef WEIR_LOAD_MIX_H
#define WEIR_LOAD_MIX_H

#include "base/err.h"
#include "base/str.h"
#include "plan/plan.h"

enum { MIX_MAX = 64 };
struct mix {
    size_t n;
    struct str name[MIX_MAX]; /* borrowed from the text */
    double weight[MIX_MAX];   /* as given */
    double upto[MIX_MAX];     /* shares, summed up; the last is 1 */
};

/* `what` is named in errors: "--model-mix". Names differ, weights are above 0. */
int mix_parse(struct mix *m, struct str text, const char *what, struct err *e);
int mix_add(struct mix *m, struct str name, double weight, const char *what, struct err *e);
/* Read "NAME=WEIGHT" or "NAME". */
int mix_term(struct str term, struct str *name, double *weight, const char *what, struct err *e);
void mix_settle(struct mix *m);                 /* fills `upto` once all have been added */
size_t mix_pick(const struct mix *m, double u); /* u in (0, 1) */

enum { MODELS_MAX = 1024 };
struct models {
    struct mix mix;   /* n 0: none */
    struct str *name; /* of the mix, or the run's one; then the dataset's own. Owned; names borrowed */
    size_t n;
};
void models_free(struct models *m);

#endif

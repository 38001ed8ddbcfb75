/* Stands in until Unigram, WordPiece and WordLevel are there: then this file goes. */
#include "tok/tok_private.h"

static int no_model(struct model **m, const struct model_def *def, struct err *e)
{
    *m = NULL;
    return err_set(e, ERR_DATA, "model.type: this weir has no such model");
}

const struct model_ops model_unigram = {.type = "Unigram", .load = no_model};
const struct model_ops model_wordpiece = {.type = "WordPiece", .load = no_model};
const struct model_ops model_wordlevel = {.type = "WordLevel", .load = no_model};

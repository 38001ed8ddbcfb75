/* Stands in until BPE is there: then this file goes. */
#include "tok/tok_private.h"

static int no_bpe(struct model **m, const struct model_def *def, struct err *e)
{
    *m = NULL;
    return err_set(e, ERR_DATA, "model.type: this weir has no BPE");
}

const struct model_ops model_bpe = {.type = "BPE", .load = no_bpe};

size_t walk_text(const struct model *m, struct model_scratch *s, pre_scan_fn *scan, struct str text,
                 struct tok_ids *ids)
{
    return 0;
}

bool ranks_looks(struct str text)
{
    return false;
}

int ranks_read(struct rank_file *f, struct str text, const char *path, struct err *e)
{
    return err_set(e, ERR_DATA, "this weir reads no rank files");
}

bool tekken_looks(struct str text)
{
    return false;
}

int tekken_read(struct rank_file *f, struct str text, const char *path, struct err *e)
{
    return err_set(e, ERR_DATA, "this weir reads no tekken.json");
}

void rank_file_free(struct rank_file *f)
{
}

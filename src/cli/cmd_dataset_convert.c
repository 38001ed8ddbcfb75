/* cmd_dataset_convert.c - `weir dataset convert`. */
#include "cli/cmd_dataset.h"

int dataset_convert(const struct dataset_config *c, const struct tokenizer *t, const char *path, struct err *e)
{
    if (!c->to)
        return err_set(e, ERR_USAGE, "which format? give --format conversations, messages, text or csv");
    struct dataset *ds = dataset_read(c, t, path, e);
    int rc = ds ? dataset_write(c, ds, NULL, dataset_n(ds), c->to, e) : -1;
    dataset_free(&ds);
    return rc;
}

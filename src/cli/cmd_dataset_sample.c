/* cmd_dataset_sample.c - `weir dataset sample`. */
#include "campaign/redact.h"
#include "cli/cmd_dataset.h"
#include "load/dsx_sample.h"
#include "load/dsx_write.h"

int dataset_sample(const struct dataset_config *c, const struct tokenizer *t, const char *path, struct err *e)
{
    struct dsx_sample o = {
        .n = c->n, .share = c->share, .min_words = c->min_words, .max_words = c->max_words, .seed = c->seed};
    enum dsx_format ignore;
    size_t n;
    if (c->n > 0 && c->share > 0)
        return err_set(e, ERR_USAGE, "--num-samples and --share both say how many; give one of them");
    if (c->max_words > 0 && c->max_words < c->min_words)
        return err_set(e, ERR_USAGE, "--max-words is below --min-words");
    struct dataset *ds = dataset_read(c, t, path, e);
    if (!ds)
        return -1;
    const char *own = dataset_get_stats(ds)->format;
    size_t *at = dsx_sample(ds, &o, &n);
    struct buf shown = BUF_INIT(1u << 20);
    redact_url(&shown, str_of(path));
    int rc = n > 0 ? dataset_write(c, ds, at, n, dsx_format_of(str_of(own), &ignore) ? own : "messages", e)
                   : err_set(e, ERR_DATA, "%s: no entry has the wanted length; see weir dataset inspect", shown.p);
    buf_free(&shown);
    free(at);
    dataset_free(&ds);
    return rc;
}

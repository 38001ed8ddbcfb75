/* cmd_dataset_inspect.c - `weir dataset inspect`. */
#include "campaign/redact.h"
#include "cli/cmd_dataset.h"
#include "load/dsx_inspect.h"

int dataset_inspect(const struct dataset_config *c, const struct tokenizer *t, const char *path, struct err *e)
{
    struct dataset *ds = dataset_read(c, t, path, e);
    struct buf b = BUF_INIT(16u << 20), shown = BUF_INIT(1u << 20);
    struct dsx_inspect x;
    if (!ds)
        return -1;
    dsx_inspect(&x, ds, (unsigned)c->block_words, t);
    redact_url(&shown, str_of(path));
    if (c->json)
        dsx_inspect_json(&x, shown.p, &b);
    else
        dsx_inspect_text(&x, shown.p, &b);
    fwrite(b.p, 1, b.n, stdout);
    dsx_inspect_free(&x);
    dataset_free(&ds);
    buf_free(&b);
    buf_free(&shown);
    return 0;
}

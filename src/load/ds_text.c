/* ds_text.c - one prompt per line; each becomes one user message. Blank lines are skipped, CRLF is tolerated. */
#include "load/ds_formats.h"
#include "load/ds_util.h"

/* What no other format claims. */
static enum ds_sure sniff(struct str text, const char *path)
{
    return DS_ANYTHING;
}

static int load(struct dataset *ds, struct str text, const char *path, struct err *e)
{
    struct str_split it = {.rest = text, .sep = '\n'};
    struct str line;
    for (size_t n = 1; str_next(&it, &line); n++) {
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        if (str_trim(line).n == 0)
            continue;
        dataset_begin(ds);
        if (memchr(line.p, 0, line.n)) {
            ds_fail(dataset_why(ds), path, text, line.p, "a NUL byte; this is not a text file");
            if (!dataset_bad(ds, e))
                return -1;
            continue;
        }
        dataset_add_plain(ds, ROLE_USER, line);
        dataset_end(ds, n);
        dataset_progress(ds, line.p);
    }
    return 0;
}

const struct dataset_ops ds_text = {
    .name = "text",
    .help = "one prompt per line",
    .sniff = sniff,
    .load = load,
};

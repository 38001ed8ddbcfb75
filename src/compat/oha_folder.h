/* oha_folder.h - the files cN.json of a folder, as `weir as aws_benchmark` and oha write them, one for each number of
 * requests in flight. Cold. */
#ifndef WEIR_COMPAT_OHA_FOLDER_H
#define WEIR_COMPAT_OHA_FOLDER_H

#include "compat/oha_json.h"

#define OHA_FILE_MAX (64u << 20)

struct oha_file {
    uint64_t concurrency;
    char name[32];
    struct oha_figures f;
    struct buf raw; /* the file itself */
};
struct oha_folder { /* by rising concurrency */
    struct oha_file *v;
    size_t n, cap;
};

/* A file that cannot be read is left out, and said to `bad`. 0, or -1 + e when the folder cannot be read;
 * oha_folder_free in both cases. No file is no error. */
typedef void oha_bad_fn(void *arg, const char *name, const struct err *why);
int oha_folder_read(struct oha_folder *o, const char *dir, bool original, oha_bad_fn *bad, void *arg, struct err *e);
void oha_folder_free(struct oha_folder *o);
uint64_t oha_concurrency_of(const char *name); /* "c24.json" -> 24; 0: no such name */

#endif

/* async_targets.h - the list of URLs of `weir as async_benchmarking`, and which of them each request asks. Cold. */
#ifndef WEIR_COMPAT_ASYNC_TARGETS_H
#define WEIR_COMPAT_ASYNC_TARGETS_H

#include "base/buf.h"
#include "base/err.h"

enum { ASYNC_HOSTS_MAX = 64 };

struct async_targets { /* views into the text */
    struct async_target {
        struct str origin; /* "http://localhost:5000" */
        struct str path;   /* "/tokenizer?output_tokens=3", or what of that was written */
    } * v;
    size_t n;
    struct str host[ASYNC_HOSTS_MAX]; /* the origins, each once, in the order of their first line */
    size_t n_hosts;
};

/* One http or https URL per line; white space around it and blank lines do not count. `path` is the file's name, for
 * messages. 0, or -1 + e with the line; async_targets_free in both cases. */
int async_targets_read(struct async_targets *t, struct str text, const char *path, struct err *e);
void async_targets_free(struct async_targets *t);

/* Line i: "GET URL" for request i of n, each of the targets being as likely, whatever was drawn before it. The same
 * seed draws the same. */
void async_targets_draw(const struct async_targets *t, uint64_t seed, uint64_t n, struct buf *out);

#endif

/* awscurl_body.h - what awscurl's requests carry: one body for all (data, a form, a file), or a dataset of bodies.
 * Reads files; nothing is kept open. Cold. */
#ifndef WEIR_COMPAT_AWSCURL_BODY_H
#define WEIR_COMPAT_AWSCURL_BODY_H

#include "compat/awscurl_opts.h"

struct awscurl_bodies { /* awscurl_bodies_free */
    struct buf text;    /* all of them, one behind the other */
    size_t n;
    struct awscurl_span {
        size_t at, n;
    } * v;
    bool folder;      /* each was a file of its own */
    char *type;       /* Content-Type that goes with them; NULL: that of -H, or none */
    struct buf query; /* -G: the data, for the URL */
};

struct str awscurl_body(const struct awscurl_bodies *b, size_t i);

/* The bodies of the command line: exactly one, empty where nothing is sent, or those of --dataset. The order of trust
 * is the original's: --dataset, then forms, then data, then -T. Several -d are joined by '&', as curl joins them. */
int awscurl_bodies_make(struct awscurl_bodies *b, const struct awscurl_opts *o, struct err *e);
void awscurl_bodies_free(struct awscurl_bodies *b);

/* Put them where `weir run --dataset-format payload` reads them: into DIR/bodies, a file with one per line, or, where
 * one of them has a line feed, a folder. `path` is set to it. */
int awscurl_bodies_write(const struct awscurl_bodies *b, const char *dir, struct buf *path, struct err *e);

#endif

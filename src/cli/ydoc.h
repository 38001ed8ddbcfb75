/* ydoc.h - one YAML 1.1 document as a tree of nodes with their places, by libyaml (which resolves aliases), within
 * bounds: bytes, depth, and nodes as they count with every alias followed, so that a few lines cannot stand for
 * billions. Merge keys (<<) are taken apart by ydoc_members. No I/O. Not thread-safe. Source: yaml.org/spec/1.1,
 * yaml.org/type/merge. */
#ifndef WEIR_CLI_YDOC_H
#define WEIR_CLI_YDOC_H

#include <yaml.h>

#include "base/err.h"
#include "base/str.h"

enum { YDOC_MAX_BYTES = 1 << 20, YDOC_MAX_DEPTH = 32, YDOC_MAX_NODES = 20000 };

struct ydoc {
    const char *name; /* of the file, for messages; borrowed */
    yaml_document_t doc;
    const yaml_node_t *root; /* NULL until opened */
};

/* 0, or -1 + "NAME:LINE:COLUMN: what is wrong"; ydoc_close in both cases. Exactly one document. */
int ydoc_open(struct ydoc *d, const char *name, struct str text, struct err *e);
void ydoc_close(struct ydoc *d);

const yaml_node_t *ydoc_node(const struct ydoc *d, int index);
struct str ydoc_text(const yaml_node_t *scalar);
/* Null, true or 5 mean what they mean only without quotes. */
bool ydoc_plain(const yaml_node_t *scalar);
bool ydoc_null(const yaml_node_t *n); /* nothing, ~ or null, without quotes */
/* "NAME:LINE:COLUMN: TEXT"; `right` is added to the column. Returns -1. */
int ydoc_err(const struct ydoc *d, const yaml_node_t *at, size_t right, struct err *e, const char *fmt, ...)
    ATTR_PRINTF(5, 6);

/* The members of a map with what its merge keys bring, the weakest first: own keys are stronger than merged ones, the
 * first map of a merge list is stronger than those behind it. Members of one map have the same rank, of a stronger one
 * a higher. */
struct ydoc_member {
    const yaml_node_t *key, *value;
    unsigned rank;
};
struct ydoc_members {
    struct ydoc_member *v;
    size_t n;
    unsigned rank; /* in: ranks begin behind this; out: the highest */
};
/* 0, or -1 + e; free(m->v) in both cases. All keys are scalars. */
int ydoc_members(const struct ydoc *d, const yaml_node_t *map, struct ydoc_members *m, struct err *e);

#endif

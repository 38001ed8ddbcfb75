/* jdoc.h - cold JSON as a tree: configuration, stored results, merging. Jansson behind it; hot code uses jscan.
 * A `jnode` borrows from its document. Look-ups of what is not there give NULL, and NULL in gives the default out, so
 * they can be nested. Not thread-safe. */
#ifndef WEIR_BASE_JDOC_H
#define WEIR_BASE_JDOC_H

#include "base/buf.h"
#include "base/err.h"

struct jdoc;
typedef const void jnode; /* a json_t, opaque here */

struct jdoc *jdoc_parse(struct str text, const char *name, struct err *e); /* NULL + e: "NAME:LINE: text" */
struct jdoc *jdoc_load(const char *path, size_t max_bytes, struct err *e);
void jdoc_free(struct jdoc **d);
jnode *jdoc_root(const struct jdoc *d);

bool jn_is_obj(jnode *n);
bool jn_is_arr(jnode *n);
jnode *jn_get(jnode *n, const char *key); /* a member; dots go deeper: "load.rate" */
size_t jn_len(jnode *n);                  /* of an array or object, else 0 */
jnode *jn_at(jnode *n, size_t i);
struct str jn_str(jnode *n, const char *dflt); /* dflt may be NULL */
int64_t jn_i64(jnode *n, int64_t dflt);
double jn_f64(jnode *n, double dflt); /* integers too */
bool jn_bool(jnode *n, bool dflt);
bool jn_is_null(jnode *n); /* null or absent */
/* Members of an object in file order: iterate i from 0 to jn_len; *key borrowed. O(i): for objects of some hundreds. */
jnode *jn_member(jnode *n, size_t i, const char **key);
/* The next member of an object, in file order and constant time: *it is NULL at first; false at the end. */
bool jn_next(jnode *n, void **it, const char **key, jnode **value);

/* Text of `base` with the members of `over` set on top, objects merged deeply; both must be objects. Values keep their
 * spelling (numbers are not converted). Time grows with the product of the numbers of members. */
int json_merge(struct buf *out, struct str base, struct str over, struct err *e);

#endif

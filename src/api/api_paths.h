/* api_paths.h - where a text, a count or a finish reason stands in JSON of any shape: paths compiled once, and one pass
 * over a document or event that finds all of them.
 *
 * Of JSONPath (RFC 9535) this much: "a.b", "$.a.b", "a[0]", "a.0", "a[*].b" and "a.*.b" for each element or member,
 * "a['odd.name']", and "a[?(@.k=='v')].b" for the elements whose member k (dots go deeper) is that string, number,
 * true, false or null. A name that is a number is an index where an array stands, and a name where an object does. Or
 * "a/b/c", as awscurl has it ("/a" for one name): of an array on the way the first element that leads to something
 * other than null.
 * No allocation after api_paths_add; read-only then, shared by all workers. */
#ifndef WEIR_API_API_PATHS_H
#define WEIR_API_API_PATHS_H

#include "api/api.h"

enum { PATHS_MAX = 16, PATH_STEPS = 16, PATHS_TEXT = 2048 };

enum path_what { PATH_TEXT, PATH_TOKENS, PATH_INPUT_TOKENS, PATH_FINISH, PATH_ERROR };

struct path_step {
    uint16_t at, n; /* the name, in `text` */
    bool any;       /* each element or member */
    bool through;   /* arrays are stepped through to where the name is */
    int32_t index;  /* the name as an index, -1: it is none */
    /* Of a filter: the name is that of the member, ended by 0, and this its value: a string without its quotes, or
     * JSON.
     */
    bool filter, filter_string;
    uint16_t value_at, value_n;
};
struct api_path {
    enum path_what what;
    bool first; /* only the first value that is not null */
    unsigned n;
    struct path_step step[PATH_STEPS];
};
struct api_paths { /* begin with zeros */
    unsigned n;
    struct api_path path[PATHS_MAX];
    size_t n_text;
    char text[PATHS_TEXT];
};

/* Several, separated by commas. -1 + e: `option` and what is wrong. */
int api_paths_add(struct api_paths *p, enum path_what what, const char *option, const char *list, struct err *e);

/* Each value that stands at a path, in the order of the text: raw JSON, and its type. */
typedef void api_paths_fn(void *arg, enum path_what what, struct str raw, enum js_type type);
enum api_rc api_paths_each(const struct api_paths *p, struct str json, api_paths_fn *fn, void *arg);

/* The same, into ev: texts may be strings or arrays of them. Cleared before. API_E_SYNTAX: not JSON. */
enum api_rc api_paths_find(const struct api_paths *p, struct str json, struct api_event *ev);

#endif

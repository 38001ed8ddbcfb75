/* jscan.h - a pull scanner for JSON (RFC 8259) over bytes in memory: one pass, no tree, no allocation.
 * Used for every streamed event and for datasets (mapped files). Cost: about one pass over the bytes, SSE-friendly
 * loops. Strict: no comments, no trailing commas, numbers per the grammar, nesting at most JS_MAX_DEPTH. Strings are
 * given raw (between the quotes, escapes as they stand) and decoded only where asked; invalid escapes are errors when
 * scanned. UTF-8 is not validated here. Errors are sticky: after one, everything returns false/-1 and `bad` tells
 * where. Not thread-safe; one per use. Borrows the input for as long as its views are used. */
#ifndef WEIR_BASE_JSCAN_H
#define WEIR_BASE_JSCAN_H

#include "base/buf.h"

#define JS_MAX_DEPTH 128

enum js_type { JS_BAD, JS_END, JS_OBJ, JS_ARR, JS_STR, JS_NUM, JS_TRUE, JS_FALSE, JS_NULL };

struct js {
    const char *p, *end, *begin;
    unsigned depth;
    bool first[JS_MAX_DEPTH + 1]; /* no element read yet at this depth */
    char close[JS_MAX_DEPTH + 1]; /* '}' or ']' */
    const char *bad;              /* where it went wrong, NULL = not */
    const char *what;             /* a constant text: what was wrong */
};

void js_init(struct js *s, struct str text);
enum js_type js_peek(struct js *s); /* the type of the next value; JS_END at the end of the input, JS_BAD on error */

/* Objects and arrays: js_enter(s, '{' or '['), then js_key / js_elem until they return false (closing bracket consumed,
 * or an error: check s->bad). After each true exactly one value must be read or skipped. `key` is raw. */
bool js_enter(struct js *s, char open);
bool js_key(struct js *s, struct str *key);
bool js_elem(struct js *s);

/* Each consumes one value; -1 when it is of another type (that is an error of the text: sticky). */
int js_string(struct js *s, struct str *raw); /* raw content, escapes as they stand */
int js_i64(struct js *s, int64_t *v);         /* 3.0 and 3e0 count as 3; fractions and overflow are errors */
int js_f64(struct js *s, double *v);
int js_bool(struct js *s, bool *v);
int js_skip(struct js *s, struct str *raw); /* any value; `raw` (may be NULL) is its text */
bool js_done(struct js *s);                 /* true: only white space is left and no error happened */

/* Decode a raw string; returns the number of bytes written, at most raw.n. Lone surrogates become U+FFFD. */
size_t js_decode(struct str raw, char *out);
bool js_raw_eq(struct str raw, const char *z);      /* compares decoded */
size_t js_line(const struct js *s, const char *at); /* 1-based line of a position; counts newlines: cold */

/* One look-up: the raw text of the value at path ("usage.completion_tokens", "choices.0.delta.content"); -1: not there
 * or bad JSON. Cold; hot code iterates. */
int js_path(struct str text, const char *path, struct str *raw);

#endif

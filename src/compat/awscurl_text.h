/* awscurl_text.h - what awscurl makes of an answer's body, by its Content-Type: the texts to be counted, each whole,
 * and what -o writes. Whole bodies in memory, unpacked where they came packed. Pure.
 *
 *   none, text/plain       the body
 *   application/json       of each element of an array, or of the object: the -j path, else token.text, else, where
 *                          there is no token, generated_text; each string is a text of its own
 *   application/jsonlines  of each line likewise, and "outputs" before them; the i-th string of each line continues the
 *                          i-th text
 *   text/event-stream      of each event's data as of a line
 *   application/vnd.amazon.eventstream  what the frames hold, as events where X-Amzn-SageMaker-Content-Type says
 *                          text/event-stream, else as lines
 *   others                 nothing */
#ifndef WEIR_COMPAT_AWSCURL_TEXT_H
#define WEIR_COMPAT_AWSCURL_TEXT_H

#include "api/api_paths.h"
#include "tok/tok.h"

enum awscurl_kind { AWSCURL_PLAIN, AWSCURL_JSON, AWSCURL_LINES, AWSCURL_SSE, AWSCURL_OTHER };

struct awscurl_type {
    enum awscurl_kind kind;
    bool framed; /* in AWS's event stream */
};
/* By an answer's header lines ("Name: value", each ended by LF); `dflt` (DEFAULT_CONTENT_TYPE, NULL: none) stands for a
 * type that is not there. Of several the last counts, but text/event-stream wherever it stands. */
struct awscurl_type awscurl_type_of(struct str headers, const char *dflt);

/* -j compiled. The original's a/b/c, or JSONPath where it begins with $. */
struct awscurl_jq {
    bool given, whole; /* whole: it begins at the document, an array too */
    struct api_paths paths;
};
int awscurl_jq_parse(struct awscurl_jq *q, const char *expr, struct err *e); /* NULL: none given */

struct awscurl_texts { /* begin with zeros; awscurl_texts_free */
    struct buf *v;     /* insides of JSON strings as they travelled, or, with plain, text */
    size_t n, cap;
    bool plain;
};
void awscurl_texts_clear(struct awscurl_texts *t); /* keeps memory */
void awscurl_texts_free(struct awscurl_texts *t);
/* Appends. Lines and events that are not JSON are passed over: whether an answer is right is the dialect's matter. */
void awscurl_texts_read(struct awscurl_texts *t, struct awscurl_type type, struct str body, const struct awscurl_jq *q);
/* Those of a request: its member `inputs`, a string or an array of strings. */
void awscurl_texts_inputs(struct awscurl_texts *t, struct str body);
/* Tokens of all of them, without special ones, each at most max_length (0: no bound); coder NULL: words. */
uint64_t awscurl_texts_count(const struct awscurl_texts *t, struct tok_coder *coder, uint64_t max_length);

/* What -o writes of it. */
void awscurl_show_body(struct awscurl_type type, struct str body, struct buf *out);

#endif

/* sim_read.h - what the readers of the dialects' request bodies have in common: one pass over the JSON, refusals as
 * OpenAI's API words them, and words counted on the way. Each function consumes one value; null counts as absent. 0, or
 * -1 with *r->x filled. Thread-safe: no state. */
#ifndef WEIR_SIM_SIM_READ_H
#define WEIR_SIM_SIM_READ_H

#include "base/jscan.h"
#include "sim/sim_ask.h"

struct reader {
    struct js s;
    struct ask *a;
    const struct ask_rules *rules;
    struct ask_error *x;
    bool has_model, has_input, has_stream_options;
    uint64_t max_completion_tokens;
};

int read_refuse(struct reader *r, const char *param, const char *fmt, ...) ATTR_PRINTF(3, 4); /* always -1 */
int read_bad_json(struct reader *r);                                                          /* likewise */
bool read_null(struct reader *r); /* true when the value is null, which is then consumed */
int read_bool(struct reader *r, const char *param, bool *out);
int read_count(struct reader *r, const char *param, int64_t max, uint64_t *out); /* at least 1 */
int read_text(struct reader *r);    /* a string: its words are prompt tokens */
int read_content(struct reader *r); /* text, or an array of parts of which those with "text" count */
int read_messages(struct reader *r);
int read_model(struct reader *r);
int read_asked(struct reader *r, const char *param); /* the text to be answered: a string */
/* An object, each member by `member`. */
int read_object(struct reader *r, const char *param, int (*member)(struct reader *r, struct str key));
int read_skip(struct reader *r); /* what has no effect */

/* The whole body: an object, each member by `member`. */
int read_body(struct reader *r, struct str body, int (*member)(struct reader *r, struct str key));
/* Whether the model is served. */
int read_check_model(struct reader *r);

#endif

/* api.h - endpoint dialects: a request body out, token events in. Sans-I/O; one file per dialect.
 *
 * There are 4 things to do to add a dialect: write api/api_NAME.c with one `const struct api_ops`; add it to the array
 * in api.c; list the file in meson.build; add recorded exchanges to tests/unit/test_api_NAME.c (and, for the whole way,
 * serve it from the simulator with code of its own).
 *
 * A body is a list of pieces that borrow the dataset's escaped text, made one item ahead of its instant; a sample of
 * many messages is copied into a buffer of the request instead. Decoding makes one pass over an event and allocates
 * nothing. Thread rule: struct api is constant after api_prepare and shared by all workers; bodies and receivers belong
 * to a request. */
#ifndef WEIR_API_API_H
#define WEIR_API_API_H

#include <sys/uio.h>

#include "base/buf.h"
#include "base/err.h"
#include "plan/plan.h"

struct api_opts {
    const char *model;  /* NULL: no "model" member */
    int64_t max_tokens; /* -1: not sent unless the sample says */
    double temperature; /* NaN: not sent */
    bool stream, ignore_eos;
    bool include_usage;     /* ask for stream_options.include_usage (streams only) */
    const char *extra_body; /* JSON object merged over what we send, or NULL */
};

struct api_ops;
struct api {
    const struct api_ops *ops;
    bool stream;
    bool max_tokens_fixed; /* what the user gives (--max-tokens, --extra-body) wins over the sample's */
    struct buf rest;       /* constant members: `"model":"m",...}` */
};

enum { API_MAX_PIECES = 40 };
struct api_body {
    struct iovec v[API_MAX_PIECES];
    int n;
    size_t bytes;     /* sum of the pieces */
    char glue[64];    /* small text of this request */
    struct buf spill; /* used where the pieces would be too many; buf_free by the owner */
};

enum api_flag { /* what an event or a document holds */
                API_CONTENT = 1,
                API_REASONING = 2,
                API_TOOL = 4,
                API_TOKEN = API_CONTENT | API_REASONING | API_TOOL,
                API_FINISH = 8,
                API_USAGE = 16,
                API_TERMINAL = 32, /* the dialect's last event */
                API_ERROR = 64,    /* an error object in a 2xx response */
};

enum api_finish { API_FIN_NONE, API_FIN_STOP, API_FIN_LENGTH, API_FIN_TOOL, API_FIN_FILTER, API_FIN_OTHER };

#define API_MAX_TEXTS 4
struct api_event { /* views borrow the event's data */
    unsigned flags;
    struct str text[API_MAX_TEXTS]; /* raw JSON strings: content, reasoning, tool-call arguments in the order found */
    unsigned n_texts;
    uint32_t text_bytes; /* raw bytes of all texts, those beyond API_MAX_TEXTS included */
    enum api_finish finish;
    int64_t prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens; /* -1: not said; with API_USAGE */
    struct str error;                                                          /* raw JSON of the error */
};

enum api_rc { API_OK = 0, API_E_SYNTAX = -1 /* not the dialect's JSON */ };

struct api_ops {
    const char *name; /* "openai-chat" */
    const char *help;
    const char *default_path; /* "/v1/chat/completions" */
    bool has_terminal;        /* a stream ends with an event of its own */
    /* Whether the sample can be said in this dialect; the error names its place. */
    int (*check)(const struct plan_sample *s, struct err *e);
    void (*body)(const struct api *a, const struct plan_item *it, struct api_body *b);
    enum api_rc (*event)(struct str type, struct str data, struct api_event *ev); /* one event of a stream */
    enum api_rc (*document)(struct str body, struct api_event *ev);               /* a whole answer */
};

const struct api_ops *const *api_all(void);         /* NULL-ended */
const struct api_ops *api_find(struct str name);    /* NULL: unknown */
const struct api_ops *api_of_path(struct str path); /* for "auto"; NULL: the path says nothing */

/* Make the constant part. -1 + e: extra_body is not an object, or sets what weir must set itself (messages, prompt,
 * stream). */
int api_prepare(struct api *a, const struct api_ops *ops, const struct api_opts *o, struct err *e);
void api_free(struct api *a);

/* Render one request; the pieces borrow the item's sample, `a` and `b` itself. */
void api_render(const struct api *a, const struct plan_item *it, struct api_body *b);

/* Words in raw JSON text, over pieces: *in_word is the state between pieces (start with false). */
uint64_t api_count_words(struct str raw, bool *in_word);

/* For the dialects' files. */
void api_piece(struct api_body *b, struct str s);
void api_event_clear(struct api_event *ev);
void api_event_text(struct api_event *ev, unsigned flag, struct str raw);

#endif

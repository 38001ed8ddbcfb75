/* api.h - endpoint dialects: a request body out, token events in. Sans-I/O; one file per dialect.
 *
 * There are 5 things to do to add a dialect: write api/api_NAME.c with one `const struct api_ops`; add it to the array
 * in api.c, and its path to api_of_path; name it in the choices of --api (cli/opt_run.c); list the file in meson.build;
 * add recorded exchanges to tests/unit/test_api_NAME.c (and, for the whole way, serve it from the simulator with code
 * of its own, see sim/sim_dialect.h).
 *
 * A stream is Server-Sent Events or JSON lines; its Content-Type says which (api_framing_of), and either way each event
 * goes through the same decoder.
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
#include "base/jout.h"
#include "base/jscan.h"
#include "plan/plan.h"

struct api_custom;
struct api_media;
struct api_paths;
struct api_opts {
    const char *model;        /* NULL: no "model" member */
    const struct str *others; /* further models that items may ask for: plan_item.model_ix counts from 1 for them */
    size_t n_others;
    int64_t max_tokens; /* -1: not sent unless the sample says */
    double temperature; /* NaN: not sent */
    bool stream, ignore_eos;
    bool include_usage;              /* ask for stream_options.include_usage (streams only) */
    bool running_usage;              /* and for stream_options.continuous_usage_stats: counts in each event */
    const char *extra_body;          /* JSON object merged over what we send, or NULL */
    const struct api_custom *custom; /* of the dialect custom: template and paths, see api_custom.h; NULL */
    const struct api_media *media;   /* pictures and sound of each request, see api_media.h; NULL */
    const struct api_paths *counts;  /* of plain HTTP: where answers in JSON tell counts of tokens, api_paths.h; NULL */
};

/* Members that are the same in all bodies for one model: `"model":"m",...}` */
struct api_tail {
    struct buf text;
    size_t limit_at;  /* where in it the sample's limit goes */
    bool limit_alone; /* nothing stands behind it in its object */
};

struct api_ops;
struct api {
    const struct api_ops *ops;
    const struct api_custom *custom; /* borrowed; NULL: another dialect */
    const struct api_media *media;   /* borrowed; NULL: none */
    const struct api_paths *counts;  /* borrowed; NULL: none */
    int64_t max_tokens;              /* as the options say */
    bool stream;
    bool max_tokens_fixed;  /* what the user gives (--max-tokens, --extra-body) wins over the sample's */
    struct api_tail *tails; /* of the run's model, then of each further one */
    size_t n_tails;
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
                API_RESULT = 128,  /* an answer that is no text: embeddings, a ranking */
};

enum api_finish { API_FIN_NONE, API_FIN_STOP, API_FIN_LENGTH, API_FIN_TOOL, API_FIN_FILTER, API_FIN_OTHER };

#define API_MAX_TEXTS 4
struct api_event { /* views borrow the event's data */
    unsigned flags;
    struct str text[API_MAX_TEXTS]; /* raw JSON strings: content, reasoning, tool-call arguments in the order found */
    unsigned char text_flag[API_MAX_TEXTS]; /* which each is: API_CONTENT, API_REASONING or API_TOOL */
    unsigned n_texts;
    uint32_t text_bytes; /* raw bytes of all texts, those beyond API_MAX_TEXTS included, and what is no string */
    enum api_finish finish;
    int64_t prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens; /* -1: not said; with API_USAGE */
    struct str error;                                                          /* raw JSON of the error */
    struct str figures; /* raw JSON object in which the server tells more numbers: durations, rates. Empty: none */
    bool figures_ns;    /* those called *_duration are in ns */
    bool own_counts;    /* the counts are fields of the server's own, not the API's usage */
    bool whole;         /* its text is the answer from the beginning: api_memo.h cuts off what was there before */
    bool plain;         /* the texts are bytes as they travelled, not the insides of JSON strings */
};

enum api_rc { API_OK = 0, API_E_SYNTAX = -1 /* not the dialect's JSON */ };

enum api_lack { /* what a dialect does not have: the report says so, and options that ask for it are refused */
                API_NO_STREAM = 1,
                API_NO_TOKENS = 2, /* its answers are no text, so there are no output tokens */
                API_NO_TEMPERATURE = 4,
};

/* How a 2xx answer is cut into events. */
enum api_framing {
    API_WHOLE,
    API_SSE,
    API_LINES,
    API_TEXT, /* bare text: each piece is an event, see api_event_piece */
    API_BYTES /* of no known type: not read */
};

struct api_ops {
    const char *name; /* "openai-chat" */
    const char *help;
    const char *default_path; /* "/v1/chat/completions" */
    const char *stream_path;  /* of streamed requests where they have a path of their own; NULL: the same */
    bool path_needed;         /* the URL must have a path: default_path and stream_path are only its end */
    const char *headers;      /* lines of each request, each with CRLF, but for those that the user gives; NULL: none */
    const char *auth_style;   /* as --auth-style; NULL: "bearer" */
    const char *key_env;      /* where the key is looked for; NULL: OPENAI_API_KEY, "": only where the user says */
    /* GET models_path lists what is served: the members `models_id` of the elements of `models_list`, or of the
     * document itself where that is NULL. */
    const char *models_path, *models_list, *models_id;
    bool model_optional;  /* requests name no model: a run goes on where the list is not to be had */
    const char *limit;    /* the member that bounds the output tokens; with one dot it lies in an object of that name */
    const char *limit_as; /* another spelling of it, for --extra-body; NULL: none */
    int64_t limit_least;  /* servers refuse a smaller one; 0: none is too small */
    int64_t limit_needed; /* the API insists on a limit: this one where nobody gives any; 0: it does not */
    const char *const *ours; /* members that weir decides per request, NULL-ended */
    bool has_terminal;       /* a stream ends with an event of its own */
    bool asks_usage;         /* streamed counts have to be asked for (stream_options) */
    bool own_counts;         /* its counts are fields of the server's own, no usage object */
    bool plain;              /* plain HTTP: bodies mean nothing, each answer counts by its status */
    bool as_is;          /* bodies, methods and types are the user's; the Content-Type of an answer alone decides how
                            it is read */
    bool can_ignore_eos; /* requests have ignore_eos */
    bool completes;      /* the model gets the messages' contents, joined, as they are: no chat template */
    bool text;           /* a stream of text/plain is bare text */
    bool frames;         /* each frame of AWS's event stream is an event; its type is the frame's :event-type */
    unsigned lacks;      /* API_NO_* */
    bool lines;          /* a stream without a Content-Type that says otherwise is JSON lines */
    /* Whether the sample can be said in this dialect; the error names its place. */
    int (*check)(const struct plan_sample *s, struct err *e);
    void (*members)(struct jout *j, const struct api_opts *o); /* the constant members, all but `ours` and "stream" in
                                                                  an object that is open */
    void (*body)(const struct api *a, const struct plan_item *it, struct api_body *b);
    enum api_rc (*event)(struct str type, struct str data, struct api_event *ev); /* one event of a stream */
    enum api_rc (*document)(struct str body, struct api_event *ev);               /* a whole answer */
};

const struct api_ops *const *api_all(void);         /* NULL-ended */
const struct api_ops *api_find(struct str name);    /* NULL: unknown */
const struct api_ops *api_of_path(struct str path); /* for "auto"; NULL: the path says nothing */

/* The path of requests. */
const char *api_path(const struct api_ops *ops, bool stream);
/* From the value of Content-Type, "" none. */
enum api_framing api_framing_of(const struct api_ops *ops, bool stream, struct str content_type);

struct str api_limit_name(const struct api_ops *ops); /* "max_tokens"; of one that lies in an object, its own name */

/* Make the constant part. -1 + e: extra_body is not an object, or sets what weir must set itself (messages, prompt,
 * stream). */
int api_prepare(struct api *a, const struct api_ops *ops, const struct api_opts *o, struct err *e);
void api_free(struct api *a);

/* Render one request (a sample with a body of its own: that body); the pieces borrow the item's sample, `a` and `b`
 * itself. */
void api_render(const struct api *a, const struct plan_item *it, struct api_body *b);

/* Words in raw JSON text, over pieces: *in_word is the state between pieces (start with false). */
uint64_t api_count_words(struct str raw, bool *in_word);
uint64_t api_count_plain_words(struct str text, bool *in_word); /* the same in text as it travelled */

/* For the dialects' files. */
void api_piece(struct api_body *b, struct str s);
/* Whether no constant member follows: then no comma stands before the rest. */
bool api_rest_empty(const struct api *a, const struct plan_item *it);
/* The constant members for the item's model, the sample's limit among them, and the closing brace: at most 3 pieces. */
void api_rest(const struct api *a, const struct plan_item *it, struct api_body *b);
/* All contents joined by line feeds, the nonce in front: at most API_MAX_PIECES - 6 pieces. */
void api_joined(const struct plan_item *it, struct api_body *b);
/* A whole body whose prompt is one text: `opening` is what stands before it, such as {"inputs":" */
void api_prompt_body(const struct api *a, const struct plan_item *it, struct str opening, struct api_body *b);
/* Each message must be plain text; `takes` says what the dialect takes instead, for the error. */
int api_check_plain(const struct plan_sample *s, const char *takes, struct err *e);
/* Messages that the dataset gives whole (raw JSON) must have no member but `members`, and a content that is text or,
 * with `types`, an array of parts of these types. `name` is the dialect's, for the error. */
int api_check_raw(const struct plan_sample *s, const char *const *members, const char *const *types, const char *name,
                  struct err *e);
/* Each message must have a role other than tool. */
int api_check_roles(const struct plan_sample *s, const char *name, struct err *e);
/* The pieces of a body, or its copy in the spill where they would be too many. */
void api_put(struct api_body *b, bool direct, struct str s);
/* An error: `raw` is what is kept of it. */
void api_event_error(struct api_event *ev, struct str raw);
/* Reads one value; the finish reason that `reasons` (ended by a NULL name) has for it. */
struct api_reason {
    const char *name;
    enum api_finish finish;
};
void api_event_finish(struct js *s, const struct api_reason *reasons, struct api_event *ev);
/* Reads one value as a count of tokens; what is none (null, a fraction, more than API_MAX_COUNT) is as good as not
 * said: false. */
#define API_MAX_COUNT 1000000000000
bool api_count(struct js *s, int64_t *v);
/* The same into a count of ev. */
void api_event_count(struct js *s, struct api_event *ev, int64_t *v);
/* What stands between the quotes, of a value as js_skip gave it; false: it is no string. */
bool api_raw_string(struct str raw, struct str *text);
/* Reads one value as text of the answer; what is no string is skipped. */
void api_event_string(struct js *s, unsigned flag, struct api_event *ev);
void api_event_clear(struct api_event *ev);
/* A piece of bare text as an event. API_OK. */
enum api_rc api_event_piece(struct str piece, struct api_event *ev);
void api_event_text(struct api_event *ev, unsigned flag, struct str raw);

#endif

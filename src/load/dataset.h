/* dataset.h - what to send: samples of messages, loaded once, read-only afterwards (so thread-safe to read).
 * To add a format: write load/ds_NAME.c with one `const struct dataset_ops`, add it to the array in dataset_load.c and
 * its name to the choices of --dataset-format, add a fixture with its golden counts to tests/unit/test_ds_NAME.c and
 * seeds to tests/fuzz. Memory: about 1.5 times the text kept; while loading, the file itself is mapped and given back
 * piece by piece. Files must be UTF-8; a BOM is skipped. Files packed by gzip or zstd are known by their first bytes
 * and unpacked in memory; http and https URLs are downloaded into a cache (fetch/download.h).
 */
#ifndef WEIR_LOAD_DATASET_H
#define WEIR_LOAD_DATASET_H

#include "base/err.h"
#include "plan/plan.h"

struct dataset;
struct tok;

struct dataset_opts {      /* zeroed: the defaults; strings are borrowed while loading */
    const char *format;    /* NULL or "auto": sniffed */
    const char *fields;    /* "prompt=question,max_tokens=len", see load/ds_fields.h */
    const char *key;       /* of formats that are an object of objects: which of them, "llama/32" */
    const char *lengths;   /* which entries to keep, see load/ds_lengths.h; NULL or "auto": what the format says */
    bool answer_length;    /* ask for as many output tokens as the entry's own answer has, of words where there
                            * is no tokenizer */
    bool skip_bad;         /* count bad entries instead of refusing the file */
    const struct tok *tok; /* what lengths in tokens are measured by; NULL: there is none */
    uint64_t seed;         /* of texts that are synthesized */
    bool progress;         /* show a download's progress on a terminal */
};

struct dataset_stats {
    size_t samples, messages;
    size_t
        skipped; /* turns not sent (system turns in cut_chat_history, empty ones), and entries that give no message */
    size_t out_of_range; /* entries left out by their lengths */
    size_t bad;          /* with skip_bad: entries that are wrong */
    char first_bad[400]; /* what the first of them is refused for */
    uint64_t text_bytes; /* of all messages, as escaped */
    size_t classes;      /* different request classes, that of entries without one included; 1: none to tell apart */
    char sha256[65];     /* of the file, or of the prompt */
    char format[24];
};

enum ds_sure { DS_NO = 0, DS_ANYTHING, DS_BY_NAME, DS_BY_CONTENT };

struct dataset_ops {
    const char *name; /* "conversations", "messages", "text" */
    const char *help;
    bool by_fields;      /* reads what dataset_opts.fields names */
    const char *lengths; /* what dataset_opts.lengths is by default; NULL: everything */
    /* How sure it is, from the head of the text or else from the file's name (for "auto"): the surest format is taken,
     * and among equals the first. */
    enum ds_sure (*sniff)(struct str text, const char *path);
    /* Fill ds by dataset_add_*; errors name PATH:LINE and the remedy. */
    int (*load)(struct dataset *ds, struct str text, const char *path, struct err *e);
};

/* "-" reads stdin. An empty dataset is an error. o may be NULL. */
struct dataset *dataset_load_with(const char *path, const struct dataset_opts *o, struct err *e);
/* The same of text in memory; `name` stands for the file in messages. */
struct dataset *dataset_load_text_with(struct str text, const char *name, const struct dataset_opts *o, struct err *e);
/* With no more than a format. */
struct dataset *dataset_load(const char *path, const char *format, struct err *e);
struct dataset *dataset_load_text(struct str text, const char *name, const char *format, struct err *e);
struct dataset *dataset_of_prompt(const char *prompt); /* one sample, one user message */
/* One request without messages: method ("" by the body), and the body, "" none. */
struct dataset *dataset_of_request(struct str method, struct str body);
struct dataset *dataset_builtin(void); /* a few conversations, for a run without dataset and prompt */
void dataset_free(struct dataset **ds);

size_t dataset_n(const struct dataset *ds);
const struct plan_sample *dataset_at(const struct dataset *ds, size_t i);
const struct dataset_stats *dataset_get_stats(const struct dataset *ds);
const struct dataset_ops *const *dataset_formats(void); /* NULL-ended */

/* Several datasets as one, each a part with a share of the items and a name for their request class (where the entry
 * has none of its own). Takes the parts over: they are NULL afterwards. Weights above 0; names are copied. */
struct dataset_part {
    struct str name;
    size_t first, n; /* its entries */
};
struct dataset *dataset_join(struct dataset **part, const struct str *name, const double *weight, size_t n);
const struct dataset_part *dataset_parts(const struct dataset *ds, size_t *n); /* none of a dataset that is one */
size_t dataset_pick_part(const struct dataset *ds, double u);                  /* u in (0, 1) */

/* To be called once, before the load: counts the request classes, and adds the models that entries name to the run's,
 * each once, in the order of their first entry; each such entry learns its model's place. -1 + e: too many of either.
 */
struct models;
int dataset_settle(struct dataset *ds, struct models *m, struct err *e);

/* For the formats' files: build one sample. `raw` is JSON-escaped text as in the source, or plain text to escape. */
void dataset_begin(struct dataset *ds);
void dataset_add_escaped(struct dataset *ds, enum plan_role role, struct str raw);
void dataset_add_plain(struct dataset *ds, enum plan_role role, struct str text);
/* A whole message object; `words` of its contents, see ds_words(). */
void dataset_add_raw_message(struct dataset *ds, enum plan_role role, struct str json, uint32_t words);
/* The message added last becomes the sample's first (a system prompt that stands behind its conversation). */
void dataset_last_to_front(struct dataset *ds);
void dataset_set_max_tokens(struct dataset *ds, int64_t n);
/* How long the entry's own answer is, which is not sent: for dataset_opts.lengths and .answer_length. */
void dataset_set_answer(struct dataset *ds, struct str text, bool escaped); /* escaped: as JSON has it */
/* Of a trace: when the entry is due, ns since any epoch, above -DATASET_DAY (the beginning of 1970 in a zone) and up to
 * DATASET_INSTANT_MAX. Samples are put in the order of their instants, those without one first, and plan_extra's `at`
 * counts from the first instant. */
#define DATASET_DAY (86400 * NS_PER_S)
#define DATASET_INSTANT_MAX (INT64_MAX - 2 * DATASET_DAY) /* no difference of two leaves int64_t */
void dataset_set_instant(struct dataset *ds, int64_t ns);
/* What few samples have: with nothing said, to be filled before dataset_end; dataset_keep copies what it borrows. */
struct plan_extra *dataset_extra(struct dataset *ds);
struct str dataset_keep(struct dataset *ds, struct str s);
/* The whole body of the request, sent as it is; its type is told by its form. It needs no message beside it. */
void dataset_set_body(struct dataset *ds, struct str body);
void dataset_skipped(struct dataset *ds); /* count something left out on purpose */
/* The sample is complete. False: left out and counted, since it has no message (and is no request of its own), or its
 * lengths are not wanted. */
bool dataset_end(struct dataset *ds, size_t line);

/* A bad entry: its reader fills *dataset_why() (NULL: no one will read it), then dataset_bad() says whether to go on
 * with the next entry: it was counted, and what was built of it is dropped. False: *e is what why said. */
struct err *dataset_why(struct dataset *ds);
bool dataset_bad(struct dataset *ds, struct err *e);

#endif

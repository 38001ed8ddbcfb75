/* dataset.h - what to send: samples of messages, loaded once, read-only afterwards (so thread-safe to read).
 * To add a format: write load/ds_NAME.c with one `const struct dataset_ops`, add it to the array in dataset.c, add a
 * fixture with its golden counts to tests/unit/test_ds_NAME.c and seeds to tests/fuzz. Memory: about 1.5 times the text
 * kept; while loading, the file itself is mapped and given back piece by piece. Files must be UTF-8; a BOM is skipped.
 */
#ifndef WEIR_LOAD_DATASET_H
#define WEIR_LOAD_DATASET_H

#include "base/err.h"
#include "plan/plan.h"

struct dataset;

struct dataset_stats {
    size_t samples, messages;
    size_t
        skipped; /* turns not sent (system turns in cut_chat_history, empty ones), and entries that give no message */
    uint64_t text_bytes; /* of all messages, as escaped */
    char sha256[65];     /* of the file, or of the prompt */
    char format[24];
};

struct dataset_ops {
    const char *name; /* "conversations", "messages", "text" */
    const char *help;
    /* true when the head of the text looks like this format (for "auto"). */
    bool (*sniff)(struct str text, const char *path);
    /* Fill ds by dataset_add_*; errors name PATH:LINE and the remedy. */
    int (*load)(struct dataset *ds, struct str text, const char *path, struct err *e);
};

/* format NULL or "auto": sniffed. "-" reads stdin. An empty dataset is an error. */
struct dataset *dataset_load(const char *path, const char *format, struct err *e);
/* The same of text in memory; `name` stands for the file in messages. */
struct dataset *dataset_load_text(struct str text, const char *name, const char *format, struct err *e);
struct dataset *dataset_of_prompt(const char *prompt); /* one sample, one user message */
struct dataset *dataset_builtin(void);                 /* a few conversations, for a run without dataset and prompt */
void dataset_free(struct dataset **ds);

size_t dataset_n(const struct dataset *ds);
const struct plan_sample *dataset_at(const struct dataset *ds, size_t i);
const struct dataset_stats *dataset_get_stats(const struct dataset *ds);
const struct dataset_ops *const *dataset_formats(void); /* NULL-ended */

/* For the formats' files: build one sample. `raw` is JSON-escaped text as in the source, or plain text to escape. */
void dataset_begin(struct dataset *ds);
void dataset_add_escaped(struct dataset *ds, enum plan_role role, struct str raw);
void dataset_add_plain(struct dataset *ds, enum plan_role role, struct str text);
/* A whole message object; `words` of its contents, see ds_words(). */
void dataset_add_raw_message(struct dataset *ds, enum plan_role role, struct str json, uint32_t words);
/* The message added last becomes the sample's first (a system prompt that stands behind its conversation). */
void dataset_last_to_front(struct dataset *ds);
void dataset_set_max_tokens(struct dataset *ds, int64_t n);
/* What few samples have: with nothing said, to be filled before dataset_end; dataset_keep copies what it borrows. */
struct plan_extra *dataset_extra(struct dataset *ds);
struct str dataset_keep(struct dataset *ds, struct str s);
void dataset_skipped(struct dataset *ds);          /* count something left out on purpose */
bool dataset_end(struct dataset *ds, size_t line); /* false (and counted as skipped) when it has no message */

#endif

/* ds_formats.h - the formats that dataset_load.c registers, and what they alone call. */
#ifndef WEIR_LOAD_DS_FORMATS_H
#define WEIR_LOAD_DS_FORMATS_H

#include "base/buf.h"
#include "load/dataset.h"

extern const struct dataset_ops ds_conversations; /* seed 2: prompt_content and cut_chat_history */
extern const struct dataset_ops ds_sharegpt;      /* {"conversations": [{"from", "value"}]} */
extern const struct dataset_ops ds_ipex;          /* {"FAMILY": {"LENGTH": "prompt"}} */
extern const struct dataset_ops ds_mooncake;      /* trace: lengths and blocks that prompts share */
extern const struct dataset_ops ds_azure;         /* trace: TIMESTAMP,ContextTokens,GeneratedTokens */
extern const struct dataset_ops ds_burstgpt;      /* trace: Timestamp,Model,Request tokens,Response tokens,... */
extern const struct dataset_ops ds_csv;           /* columns by name */
extern const struct dataset_ops ds_messages;      /* OpenAI messages, one JSON value per line */
extern const struct dataset_ops ds_jsonl;         /* fields by name */
extern const struct dataset_ops ds_targets;       /* a request per line: method, path, body */
extern const struct dataset_ops ds_payload;       /* a request body per line, or per file of a folder */
extern const struct dataset_ops ds_text;          /* one prompt per line */

struct ds_turn {
    enum plan_role role;
    const char *text; /* plain text; NULL ends the table */
};
extern const struct ds_turn ds_builtin[];

struct dataset *dataset_new(const char *name, const char *format, const struct dataset_opts *o);
/* Loading is over: memory that it needed is freed, instants are put in order. */
void dataset_seal(struct dataset *ds);
struct dataset_stats *dataset_stats_mut(struct dataset *ds);
const struct dataset_opts *dataset_opts(const struct dataset *ds); /* while loading */
/* A message made up of n words (tokens, where there is a tokenizer), which dataset_keep has kept. */
void dataset_add_made(struct dataset *ds, enum plan_role role, struct str text, uint32_t n);
/* What counts tokens while loading; NULL: there is no tokenizer. */
struct ds_tokens;
struct ds_tokens *dataset_tokens(struct dataset *ds);
struct buf *dataset_scratch(struct dataset *ds); /* for a text that is made up, until the next dataset_add_plain */
/* Which entries to keep: as load/ds_lengths.h. 0, or -1 + e. */
int dataset_set_lengths(struct dataset *ds, const char *text, struct err *e);

/* All files of a folder; `digests` gets a line for each. */
int ds_payload_folder(struct dataset *ds, const char *path, struct buf *digests, struct err *e);

/* What stands for the file in messages from now on; borrowed while loading. */
void dataset_set_name(struct dataset *ds, const char *name);

/* Behind the readers go the check of UTF-8 and, of a file that is not packed, the digest, while what they read is at
 * hand; of a mapped file what has been read is given back. */
void dataset_follow(struct dataset *ds, struct str whole, bool digest, bool mapped);
/* Everything before `at` has been read. */
void dataset_progress(struct dataset *ds, const char *at);
/* All the rest. The first byte that is not UTF-8, or NULL. */
const char *dataset_follow_end(struct dataset *ds);

#endif

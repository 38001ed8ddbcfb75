/* ds_formats.h - the formats that dataset.c registers, and what they alone call. */
#ifndef WEIR_LOAD_DS_FORMATS_H
#define WEIR_LOAD_DS_FORMATS_H

#include "load/dataset.h"

extern const struct dataset_ops ds_conversations; /* seed 2: prompt_content and cut_chat_history */
extern const struct dataset_ops ds_messages;      /* OpenAI messages, one JSON value per line */
extern const struct dataset_ops ds_text;          /* one prompt per line */

struct ds_turn {
    enum plan_role role;
    const char *text; /* plain text; NULL ends the table */
};
extern const struct ds_turn ds_builtin[];

/* Everything before `at` has been read: its pages may be given back. */
void dataset_progress(struct dataset *ds, const char *at);

#endif

/* gw_chat.h - OpenAI's chat objects, written from raw JSON texts: for gw_answer.c. Pure; appends to `out`. Texts and
 * the model's name are raw: what stands between the quotes of JSON, and goes out as it came. */
#ifndef WEIR_GATEWAY_GW_CHAT_H
#define WEIR_GATEWAY_GW_CHAT_H

#include "gateway/gw_answer.h"

const char *gw_chat_finish_name(enum api_finish f); /* "stop" for whatever OpenAI has no name for */

/* Events of a stream: text; its end; the counts. role: the first of the answer. */
void gw_chat_delta(const struct gw_asked *q, bool role, struct str raw, struct buf *out);
void gw_chat_finish(const struct gw_asked *q, bool role, enum api_finish f, struct buf *out);
void gw_chat_usage(const struct gw_asked *q, const struct gw_figures *f, struct buf *out);

/* A chat.completion: open, one or more choices, close. */
void gw_chat_open(const struct gw_asked *q, struct buf *out);
void gw_chat_choice(unsigned index, struct str raw, enum api_finish f, struct buf *out);
void gw_chat_close(const struct gw_figures *f, struct buf *out);

/* JSON in one line. */
void gw_chat_line(struct str json, struct buf *out);
/* A chunk or completion (valid JSON) in one line, its finish_reason one of OpenAI's; to_chunk: a completion as the
 * chunk that says the same, without its usage. */
void gw_chat_rewrite(struct str json, bool to_chunk, struct buf *out);

#endif

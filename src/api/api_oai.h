/* api_oai.h - what OpenAI's chat and completions dialects share: usage, errors, the shape of a chunk.
 * Source: OpenAI API reference, chat and completions; vLLM's, SGLang's and llama.cpp's servers for what they add
 * (reasoning under "reasoning_content" or "reasoning", usage in every chunk). */
#ifndef WEIR_API_API_OAI_H
#define WEIR_API_API_OAI_H

#include "api/api.h"

/* One chunk or document; `part` names the member of a choice that holds the text ("delta", "message"), NULL: "text" is
 * it. */
enum api_rc oai_decode(struct str json, const char *part, struct api_event *ev);
/* One streamed event: "[DONE]", or a chunk. */
enum api_rc oai_event(struct str type, struct str data, const char *part, struct api_event *ev);
/* The constant members of both, and those that --extra-body may not set. */
void oai_members(struct jout *j, const struct api_opts *o);
extern const char *const oai_ours[];

#endif

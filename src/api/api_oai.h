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
/* `"max_tokens":N,` into the body's glue where the sample sets it; "" otherwise. */
struct str oai_sample_limit(const struct api *a, const struct plan_item *it, struct api_body *b);

#endif

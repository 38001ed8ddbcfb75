/* api_anthropic.h - what Anthropic's messages and Bedrock's dialects share. */
#ifndef WEIR_API_API_ANTHROPIC_H
#define WEIR_API_API_ANTHROPIC_H

#include "api/api.h"

bool anthropic_is_system(const struct plan_msg *m); /* it goes into the member for the system prompt */
/* What stands around the texts of a body: before the system prompt, between its parts, behind it; before a message,
 * with a comma in front, and behind it. */
struct anthropic_shape {
    struct str system, system_between, system_end, user, assistant, end;
};
void anthropic_render(const struct anthropic_shape *h, const struct api *a, const struct plan_item *it,
                      struct api_body *b);
/* As the ops of those names. */
int anthropic_check(const struct plan_sample *s, struct err *e);
void anthropic_body(const struct api *a, const struct plan_item *it, struct api_body *b);
enum api_rc anthropic_event(struct str type, struct str data, struct api_event *ev);
enum api_rc anthropic_document(struct str text, struct api_event *ev);

#endif

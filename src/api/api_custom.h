/* api_custom.h - the dialect that the user writes: a template of the body, and where things stand in the answer.
 *
 * The template is JSON in which {{prompt}} {{messages}} {{max_tokens}} {{model}} {{uuid}} and {{stream}} stand for what
 * differs from request to request, either as a value ("text": {{prompt}}) or within a string ("text": "Say:
 * {{prompt}}"). Texts are escaped once, as JSON; as a value, they bring their quotes. It is compiled once into literal
 * pieces and places; rendering copies into a buffer of the request, which keeps its memory. Read-only after
 * api_custom_new, shared by all workers. */
#ifndef WEIR_API_API_CUSTOM_H
#define WEIR_API_API_CUSTOM_H

#include "api/api_paths.h"

struct api_custom_opts {
    const char *body;                           /* text of the template; NULL: bodies are the samples' own */
    const char *text, *tokens, *input, *finish; /* lists of paths, NULL: none */
    const char *stream_end;     /* data of the event that ends a stream; NULL: "[DONE]", where one comes */
    uint64_t seed;              /* of {{uuid}} */
    const struct api_ops *also; /* a dialect whose errors and counts stand in answers too; NULL: none */
};

struct api_custom;
struct api_custom *api_custom_new(const struct api_custom_opts *o, struct err *e); /* NULL + e */
void api_custom_free(struct api_custom **c);

/* Whether the sample and the options say all that the template asks for. */
int api_custom_check(const struct api_custom *c, const struct api_opts *o, const struct plan_sample *s, struct err *e);

/* Whether a stream that ends without a terminal event and without a finish reason has been cut. */
bool api_must_end(const struct api *a);

void api_custom_body(const struct api *a, const struct plan_item *it, struct api_body *b);
enum api_rc api_custom_event(const struct api_custom *c, struct str type, struct str data, struct api_event *ev);
enum api_rc api_custom_document(const struct api_custom *c, struct str body, struct api_event *ev);

#endif

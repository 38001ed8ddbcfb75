/* api_read.h - for the dialects' decoders: values that may be of another type than the dialect says, and arrays too
 * long to be read. Each consumes exactly one value of the scanner, of whatever type it is. Thread-safe: no state. */
#ifndef WEIR_API_API_READ_H
#define WEIR_API_API_READ_H

#include "api/api.h"

/* A string, raw; false: of another type. */
bool api_read_string(struct js *s, struct str *raw);
/* Into the object that stands there, for js_key(); false: of another type, and passed over. */
bool api_read_object(struct js *s);
bool api_read_array(struct js *s);
/* Members of an object that are counts: {"prompt_tokens":9,"prompt_tokens_details":{"cached_tokens":4}}. */
struct api_count_of {
    const char *name;
    const char *inner; /* the member of the object called `name`; NULL: `name` is the count itself */
    size_t at;         /* place of an int64_t in struct api_event */
};
/* The object that stands there; what the n rows do not name is passed over. */
void api_read_counts(struct js *s, const struct api_count_of *rows, size_t n, struct api_event *ev);
/* {"prompt_tokens":9,"total_tokens":9} where there is no output: all of them are of the input. */
void api_read_input_usage(struct js *s, struct api_event *ev);
/* What an event's decoder gave, for an event of that type: one that is named an error is one, whatever it holds. */
enum api_rc api_read_named(struct str type, struct str data, enum api_rc rc, struct api_event *ev);
/* An array of numbers is passed over at about the speed of memory: its bytes are looked at for what cannot stand in
 * one, not for the grammar of each number. Anything else goes the ordinary way. */
void api_skip_numbers(struct js *s);

#endif

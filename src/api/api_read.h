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
/* What an event's decoder gave, for an event of that type: one that is named an error is one, whatever it holds. */
enum api_rc api_read_named(struct str type, struct str data, enum api_rc rc, struct api_event *ev);
/* An array of numbers is passed over at about the speed of memory: its bytes are looked at for what cannot stand in
 * one, not for the grammar of each number. Anything else goes the ordinary way. */
void api_skip_numbers(struct js *s);

#endif

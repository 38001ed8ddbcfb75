/* dsx_shapes.h - the shapes of personal and secret things, for dsx_anon.c: shape_X says how many bytes of one begin at
 * the front of the text (0: none; *known: it is one of those reserved for examples), put_X appends its replacement, a
 * function of the seed and the original alone. Each looks at a bounded number of bytes. Thread-safe: no state. */
#ifndef WEIR_LOAD_DSX_SHAPES_H
#define WEIR_LOAD_DSX_SHAPES_H

#include "base/buf.h"

size_t shape_email(struct str s, bool *known);
size_t shape_phone(struct str s, bool *known);
size_t shape_iban(struct str s, bool *known);
size_t shape_card(struct str s, bool *known);
size_t shape_ipv4(struct str s, bool *known);
size_t shape_ipv6(struct str s, bool *known);
size_t shape_key(struct str s, bool *known);

void put_email(uint64_t seed, struct str s, struct buf *out);
void put_phone(uint64_t seed, struct str s, struct buf *out);
void put_iban(uint64_t seed, struct str s, struct buf *out);
void put_card(uint64_t seed, struct str s, struct buf *out);
void put_ipv4(uint64_t seed, struct str s, struct buf *out);
void put_ipv6(uint64_t seed, struct str s, struct buf *out);
void put_key(uint64_t seed, struct str s, struct buf *out);
void put_name(uint64_t seed, struct str s, struct buf *out);
/* Letters and digits from `keep` on become others of the same kind. */
void put_scrambled(uint64_t seed, struct str s, size_t keep, struct buf *out);

size_t shape_salutation(struct str s);         /* with the space behind it */
size_t shape_name(struct str s, bool further); /* a capitalized word; further: with one space in front */

size_t shape_url(struct str s); /* "scheme://..." up to white space, a quote or a bracket */
struct url_parts {
    struct str scheme;        /* "https://" */
    struct str user;          /* without the @; "" none */
    struct str host_and_path; /* up to the question mark */
    struct str query;         /* from the question mark on */
};
struct url_parts url_split(struct str url);
/* Cut the next "&name=" and its value off the front of *rest; true: the name says that the value is a secret. */
bool url_next_value(struct str *rest, struct str *name, struct str *value);

#endif

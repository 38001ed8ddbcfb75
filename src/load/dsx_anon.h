/* dsx_anon.h - replaces what looks personal or secret in a text by something of the same kind and about the same
 * length, so that a sample of production traffic can leave its house. The same original has the same replacement (for
 * one seed), whatever stands around it and whichever text it is in, so what repeats goes on repeating.
 *
 * A help, not a guarantee: it knows shapes, not meanings. Looked for: e-mail addresses; telephone numbers (+49 30 ...,
 * (555) 555-0100, 030 1234567); IBANs (ISO 13616, check digits hold); card numbers (Luhn's sum holds); IPv4 and IPv6
 * addresses; user names, passwords and secret query values in URLs; keys and tokens of known shapes (sk-, ghp_, AKIA,
 * JWTs, Bearer ..., private keys); names behind a salutation (Mr., Dr., Frau, Dear, "my name is"). Replacements use
 * what is reserved for documentation where there is such a thing (RFC 2606, 5737, 3849) and fail the checks that the
 * originals passed; what is reserved already is left alone.
 * Cost: about 10 ns a byte. Not thread-safe: one per use. */
#ifndef WEIR_LOAD_DSX_ANON_H
#define WEIR_LOAD_DSX_ANON_H

#include "base/buf.h"

enum anon_kind { ANON_EMAIL, ANON_PHONE, ANON_IBAN, ANON_CARD, ANON_IP, ANON_URL, ANON_KEY, ANON_NAME, ANON_KINDS };
const char *anon_kind_name(enum anon_kind k, bool many); /* "e-mail address", "e-mail addresses" */

struct anon {
    uint64_t seed;
    uint64_t count[ANON_KINDS]; /* replaced so far */
};

/* Appended to `out`; the text is plain UTF-8. */
void anon_text(struct anon *a, struct str text, struct buf *out);
/* The same of the JSON-escaped content of a string, escaped again; `scratch` is used. */
void anon_escaped(struct anon *a, struct str raw, struct buf *scratch, struct buf *out);
/* The same of each string in a JSON value but the names of members and what begins with "data:". */
void anon_json(struct anon *a, struct str json, struct buf *scratch, struct buf *out);

#endif

/* redact.h - keys, headers' values, and what in a URL may be one, replaced by a word: for what is stored or shown.
 * Thread-safe: no state. */
#ifndef WEIR_CAMPAIGN_REDACT_H
#define WEIR_CAMPAIGN_REDACT_H

#include "base/jout.h"

#define REDACTED "[redacted]"

void redact_url(struct buf *out, struct str url); /* appended, without credentials and secret query values */
void redact_command(struct jout *j, const char *const *word, int n); /* an array of its words */

#endif

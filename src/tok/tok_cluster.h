/* tok_cluster.h - extended grapheme clusters of Unicode 17 (UAX 29), as the crate unicode-segmentation cuts them, which
 * Hugging Face's library uses. Cost: two table reads for each character. Thread-safe. */
#ifndef WEIR_TOK_TOK_CLUSTER_H
#define WEIR_TOK_TOK_CLUSTER_H

#include "base/attr.h"

/* The bytes of the cluster that begins at p, where one begins; p < end, valid UTF-8. */
size_t cluster_next(const char *p, const char *end);

#endif

/* tok_norm_ucd.h - what the normalizers ask about a code point; the tables are written by tools/norm-tables, which
 * tells which version of Unicode each property has to be of. Cost: two reads, or a binary search for lower case. */
#ifndef WEIR_TOK_TOK_NORM_UCD_H
#define WEIR_TOK_TOK_NORM_UCD_H

#include "base/attr.h"

enum norm_flag {
    NORM_NFC = 1, /* the quick check of the form does not say yes */
    NORM_NFD = 2,
    NORM_NFKC = 4,
    NORM_NFKD = 8,
    NORM_NEWER = 16,      /* not of Unicode 9: to the four forms a character without properties */
    NORM_MARK = 32,       /* M of Unicode 9; all that have a combining class are of these */
    NORM_NONSPACING = 64, /* Mn of Unicode 8 */
    NORM_OTHER = 128,     /* Cc, Cf and Co of Unicode 8 */
};

enum cluster_class {
    CLUSTER_OTHER,
    CLUSTER_CR,
    CLUSTER_LF,
    CLUSTER_CONTROL,
    CLUSTER_EXTEND,
    CLUSTER_ZWJ,
    CLUSTER_REGIONAL,
    CLUSTER_PREPEND,
    CLUSTER_SPACING,
    CLUSTER_L,
    CLUSTER_V,
    CLUSTER_T,
    CLUSTER_LV,
    CLUSTER_LVT,
    CLUSTER_CLASS = 15,   /* the bits of the above */
    CLUSTER_PICTURE = 16, /* Extended_Pictographic */
    CLUSTER_CONSONANT = 32,
    CLUSTER_LINKER = 64,
    CLUSTER_JOINING = 96, /* Indic_Conjunct_Break Extend, and the bits of all three */
};

struct lower_range {
    uint32_t first, last, step;
    int32_t distance;
};

extern const uint8_t norm_flags_block[8704];
extern const uint8_t norm_flags[][128];
extern const uint8_t cluster_class_block[8704];
extern const uint8_t cluster_class[][128];
extern const struct lower_range lower_ranges[];
extern const unsigned lower_ranges_n;

static inline unsigned norm_flags_of(uint32_t c)
{
    return norm_flags[norm_flags_block[c >> 7]][c & 127];
}

static inline unsigned cluster_class_of(uint32_t c)
{
    return cluster_class[cluster_class_block[c >> 7]][c & 127];
}

#endif

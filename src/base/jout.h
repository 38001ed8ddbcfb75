/* jout.h - writes JSON into a buf: commas, escapes and indentation are its business.
 * Doubles are written with the fewest digits that read back as the same value; NaN and infinities become null.
 * Strings: invalid UTF-8 becomes U+FFFD, so the output is always valid JSON. Not thread-safe. */
#ifndef WEIR_BASE_JOUT_H
#define WEIR_BASE_JOUT_H

#include "base/buf.h"

struct jout {
    struct buf *b; /* borrowed */
    int indent;    /* spaces per level, 0 = one line */
    unsigned depth;
    uint64_t has; /* bit d: a member was written at depth d */
    bool after_key;
};

void jo_init(struct jout *j, struct buf *b, int indent);
void jo_obj(struct jout *j);
void jo_end_obj(struct jout *j);
void jo_arr(struct jout *j);
void jo_end_arr(struct jout *j);
void jo_key(struct jout *j, const char *key);
void jo_str(struct jout *j, struct str s);
void jo_strz(struct jout *j, const char *z); /* NULL gives null */
void jo_i64(struct jout *j, int64_t v);
void jo_u64(struct jout *j, uint64_t v);
void jo_f64(struct jout *j, double v);
void jo_fixed(struct jout *j, double v, int decimals); /* e.g. 3 -> 12.346; trailing zeros dropped */
void jo_bool(struct jout *j, bool v);
void jo_null(struct jout *j);
void jo_raw(struct jout *j, struct str json); /* already JSON */
/* Key and value in one call. */
void jo_kstr(struct jout *j, const char *k, struct str v);
void jo_kstrz(struct jout *j, const char *k, const char *v);
void jo_ki64(struct jout *j, const char *k, int64_t v);
void jo_ku64(struct jout *j, const char *k, uint64_t v);
void jo_kf64(struct jout *j, const char *k, double v);
void jo_kfixed(struct jout *j, const char *k, double v, int decimals);
void jo_kbool(struct jout *j, const char *k, bool v);

/* Only the escaped content of a JSON string, without quotes; invalid UTF-8 replaced. */
void json_escape(struct buf *b, struct str s);

#endif

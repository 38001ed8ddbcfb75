/* str.h - borrowed string views, and reading and printing of numbers, durations and sizes.
 * A view does not own its bytes and need not end in 0. No locale: the decimal sign is always the point.
 * Thread-safe: no state. */
#ifndef WEIR_BASE_STR_H
#define WEIR_BASE_STR_H

#include "base/attr.h"

struct str {
    const char *p; /* may be NULL when n is 0 */
    size_t n;
};

#define STR(lit) ((struct str){(lit), sizeof(lit) - 1})
#define STR_FMT "%.*s"
#define STR_ARG(s) (int)(s).n, (s).p /* for printf with STR_FMT */

static inline struct str str_of(const char *z) /* NULL gives an empty view */
{
    return (struct str){z, z ? strlen(z) : 0};
}
static inline bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
static inline bool str_eqz(struct str a, const char *z)
{
    return str_eq(a, str_of(z));
}
bool str_ieq(struct str a, struct str b); /* ASCII case-insensitive (header names) */
bool str_starts(struct str s, struct str prefix);
bool str_istarts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
struct str str_trim(struct str s);                       /* without spaces, tabs, CR and LF at both ends */
struct str str_sub(struct str s, size_t from, size_t n); /* clamped to s */
ptrdiff_t str_chr(struct str s, char c);                 /* index, or -1 */
ptrdiff_t str_find(struct str s, struct str needle);     /* index, or -1 */

/* Cut off the part of *rest before the next `sep` (or all of it) into *part; false when *rest was exhausted.
 * "a,,b" gives "a", "", "b"; "" gives one empty part. Start with rest = the whole, *done = false. */
struct str_split {
    struct str rest;
    char sep;
    bool done;
};
bool str_next(struct str_split *it, struct str *part);

/* The whole of s must be a number; 0 on success, -1 otherwise (empty, junk, out of range), *out untouched. */
int parse_i64(struct str s, int64_t *out);
int parse_u64(struct str s, uint64_t *out);
int parse_f64(struct str s, double *out); /* finite only */

/* "250ns" "20us" "50ms" "1.5s" "2m" "1h" "1m30s"; a bare number is seconds. Result in ns, >= 0. */
int parse_duration(struct str s, int64_t *ns);
/* "512" "64k" "10M" "1G" (powers of 1024; KiB, MB and the like are accepted as the same). Result in bytes. */
int parse_size(struct str s, uint64_t *bytes);

/* The decimal digits of v at p, not ended by 0; gives their end. At most 20 bytes. */
char *fmt_u64(char *p, uint64_t v);

/* Print for people, 3 significant digits, unit chosen: "850 ns" "12.3 us" "45.6 ms" "1.23 s" "2m05s"
 * "1h02m". Returns out. */
char *fmt_duration(char out[32], int64_t ns);
/* "0" "999" "1.23k" "45.6M" "1.2G" (decimal). */
char *fmt_count(char out[32], double v);

/* Seconds since 1970 as local "YYYY-MM-DD_HH-MM-SS" or UTC "YYYY-MM-DDTHH:MM:SS.mmmZ". */
char *fmt_local_stamp(char out[32], int64_t unix_ns);
char *fmt_utc_iso(char out[40], int64_t unix_ns);

/* Edit distance (Levenshtein with transpositions), for "did you mean"; both views at most 64 bytes, longer gives 64. */
unsigned str_distance(struct str a, struct str b);

#endif

/* aws_ini.h - the INI text of ~/.aws/config and ~/.aws/credentials, as botocore reads it: sections in brackets, `key =
 * value` or `key: value`, keys in any case, comments (# or ;) on lines of their own only, deeper indented lines go on
 * with the value. A value that begins on the next line holds keys of its own: they are kept as "key.inner". A section
 * or key that stands twice is an error. No I/O; cold. Bounds: 10,000 sections, 1,000 keys in each.
 * Errors name file and line and never what stands there, which may be a secret. */
#ifndef WEIR_AUTH_AWS_INI_H
#define WEIR_AUTH_AWS_INI_H

#include "base/err.h"
#include "base/str.h"

struct aws_ini_key {
    char *name, *value; /* the name in lower case */
    uint32_t hash;      /* of the name */
};
struct aws_ini_section {
    char *name; /* what stands between the brackets, trimmed */
    uint32_t hash;
    struct aws_ini_key *keys;
    size_t n, cap;
};
struct aws_ini {
    struct aws_ini_section *sections;
    size_t n, cap;
};

/* `ini` is filled, also up to an error; free it in any case. -1 + e (ERR_DATA, e->line): "NAME:LINE: ...". */
int aws_ini_parse(struct aws_ini *ini, struct str text, const char *name, struct err *e);
void aws_ini_free(struct aws_ini *ini); /* wipes the values */
/* NULL: no such key, or no section (NULL may be given). */
const char *aws_ini_value(const struct aws_ini_section *s, const char *key);

/* Words as a POSIX shell splits them, with quotes and backslashes; nothing is expanded. The words are one block of
 * memory, ended by a NULL, to be freed by one free(). NULL: a quote is open, or nothing follows a backslash. */
char **aws_words(struct str text, size_t *n);

#endif

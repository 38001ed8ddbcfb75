/* ds_util.h - what the dataset formats share: words of escaped text, lines of positions, roles, JSON errors. Cold. */
#ifndef WEIR_LOAD_DS_UTIL_H
#define WEIR_LOAD_DS_UTIL_H

#include "base/err.h"
#include "base/jscan.h"
#include "load/dataset.h"

/* What a reader of entries works on. */
struct ds_reader {
    struct dataset *ds;
    struct str text; /* the whole file */
    const char *path;
    struct err *e; /* for what is wrong with the entry: dataset_why() */
    const void *arg;
};

/* Words (runs of bytes other than ASCII white space) of the text that the escaped `raw` stands for, without decoding.
 */
uint32_t ds_words(struct str raw);

/* Line numbers of positions that only grow: one pass over the text in all. */
struct ds_line {
    const char *at;
    size_t line;
};
void ds_line_init(struct ds_line *l, struct str text);
size_t ds_line_of(struct ds_line *l, const char *at);

/* What the readers return: an error of the JSON text, which its scanner holds, or one that `e` holds already. */
enum ds_rc { DS_OK = 0, DS_BAD_JSON = -1, DS_SAID = -2 };

/* ERR_DATA "PATH:LINE: " + text; returns DS_SAID. `at` is a position in `text`. */
int ds_fail(struct err *e, const char *path, struct str text, const char *at, const char *fmt, ...) ATTR_PRINTF(5, 6);
/* The scanner's own error, with a remedy where there is one. */
int ds_fail_json(struct err *e, const char *path, struct str text, const struct js *s);

int ds_role(struct str raw, enum plan_role *out);      /* of an escaped name; -1: unknown */
bool ds_head_has(struct str text, const char *needle); /* within the first 64 KiB */
bool ds_has_ext(const char *path,
                const char *ext);    /* ".json", whatever the case; .gz and .zst behind it do not count */
char ds_first_char(struct str text); /* the first that is not white space, 0 when there is none */
/* The first byte that is not part of valid UTF-8 (RFC 3629), or NULL. About 4 bytes a cycle on ASCII. */
const char *ds_bad_utf8(struct str text);

#endif

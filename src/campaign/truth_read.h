/* truth_read.h - reads the simulator's truth file (docs/FORMATS.md says what stands in it; sim/ writes it and shares no
 * code with this). The file is mapped; opening scans it once and keeps 32 bytes a line, an answer's tokens are parsed
 * when they are asked for. Members that are not known are skipped; a last line that is not whole is left out. Ids are
 * compared as they stand in the file: the simulator's have nothing to escape. Not thread-safe. */
#ifndef WEIR_CAMPAIGN_TRUTH_READ_H
#define WEIR_CAMPAIGN_TRUTH_READ_H

#include "base/err.h"
#include "base/str.h"

struct truth_file;

/* From byte `from` on: a server that goes on writing has said the rest before. NULL + e: it cannot be read, or a line
 * is not the truth's (PATH:LINE). */
struct truth_file *truth_file_open(const char *path, size_t from, struct err *e);
/* The same from memory, which is borrowed; `name` stands in errors. */
struct truth_file *truth_file_parse(struct str text, const char *name, struct err *e);
void truth_file_free(struct truth_file **t);

size_t truth_file_lines(const struct truth_file *t); /* that have an id */
bool truth_file_cut(const struct truth_file *t);     /* the last line was not whole */
/* Instants of the tokens of the answer with this id, and how many, valid until the next call; NULL: no such line, or
 * one without "tokens". An answer of no token gives n = 0 and not NULL. */
const int64_t *truth_file_tokens(struct truth_file *t, struct str id, size_t *n);

#endif

/* csv.h - records of comma-separated values (RFC 4180) in memory, one by one: fields in quotes may hold separators,
 * line breaks and quotes (doubled); lines end in CRLF or LF. As most writers do and read, and beyond the RFC: a quote
 * within a field that does not begin with one stands for itself, and blank lines are no records. Strict: text behind a
 * closing quote, and a quote that is not closed, are errors. Not thread-safe; one per use. */
#ifndef WEIR_LOAD_CSV_H
#define WEIR_LOAD_CSV_H

#include "base/buf.h"

#define CSV_MAX_FIELDS 1024

struct csv {
    const char *p, *end;
    const char *at; /* where the last record began */
    char sep;
    struct str field[CSV_MAX_FIELDS]; /* of the last record; borrow from the text and from this struct until the next */
    size_t n;
    const char *what;            /* a constant text: what was wrong */
    struct buf plain;            /* fields whose quotes were doubled */
    size_t from[CSV_MAX_FIELDS]; /* where they begin in it; SIZE_MAX: not there */
};

void csv_init(struct csv *c, struct str text, char sep);
void csv_free(struct csv *c);
/* 1: a record; 0: the end; -1: what is wrong with the record at c->at (then it goes on behind that record's first
 * line).
 */
int csv_next(struct csv *c);
/* The separator that the first line has most of: ',', ';' or a tab. */
char csv_guess_sep(struct str text);

#endif

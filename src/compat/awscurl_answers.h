/* awscurl_answers.h - the answers of a run, read back one by one from its requests.jsonl: their tokens counted, written
 * to the clients' files or to standard output, what failed said. Which client a request was of is found from the
 * requests' instants: a client has one at a time, so the next one is whose last has ended. Cold; memory holds one
 * answer. */
#ifndef WEIR_COMPAT_AWSCURL_ANSWERS_H
#define WEIR_COMPAT_AWSCURL_ANSWERS_H

#include "compat/awscurl_body.h"
#include "compat/awscurl_text.h"
#include "compat/compat_rows.h"

/* A request as its user sees it: of several pages, where the answer had them. ns since the run's epoch. */
struct awscurl_request {
    uint64_t index;
    int64_t start, end; /* of the first page's begin and the last one's end */
    int64_t latency;    /* of all pages together, without the rests between them */
    int64_t first;      /* from the start to the first byte or token of the first page; 0: none */
    bool ok;            /* all of them */
};
struct awscurl_requests { /* in order of start; free(v) */
    struct awscurl_request *v;
    size_t n;
};
/* `rows` in order of start. Those never sent, or cancelled by us, are none. first_byte: not the first token, of streams
 * too. */
void awscurl_requests_make(struct awscurl_requests *r, const struct compat_rows *rows, bool first_byte);

struct awscurl_answers { /* zeroed, but for the inputs */
    const struct awscurl_opts *o;
    const struct awscurl_bodies *bodies;
    const struct awscurl_jq *jq;
    const char *type;        /* Content-Type of the requests, or NULL */
    struct tok_coder *coder; /* NULL: words */
    uint64_t *client;        /* by the requests' index */
    size_t n_client;
    int64_t epoch_unix;
    int64_t tokens; /* of the successful, as asked for: input tokens taken off where they are */
    struct err e;   /* the first that could not be written */
    /* private */
    struct awscurl_texts texts;
    int64_t *of_input; /* by sample, -1: not counted yet */
    struct awscurl_failure {
        char text[400];
        uint64_t n;
    } failure[8];
    uint64_t other_failures;
    struct awscurl_error_body { /* of failed answers that were not kept: one of each kind */
        char kind[32], body[300];
    } error_body[8];
};

/* Make the clients' files, empty. -1 + e: one cannot be made. */
int awscurl_outputs_make(const struct awscurl_opts *o, struct err *e);
/* Whose request is whose. */
void awscurl_clients(struct awscurl_answers *a, const struct awscurl_requests *r);
/* All of it, from the run's folder. -1 + e. */
int awscurl_answers_read(struct awscurl_answers *a, const char *dir, struct err *e);
void awscurl_answers_free(struct awscurl_answers *a);
/* The kinds of failures that were seen, a line each. */
void awscurl_failures_text(const struct awscurl_answers *a, struct buf *out);

/* Whether answers have to be kept at all. */
bool awscurl_answers_wanted(const struct awscurl_opts *o);

#endif

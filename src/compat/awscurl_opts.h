/* awscurl_opts.h - the command line of awscurl, curl's manner: options in any order, the URL anywhere, each option one
 * argument at most. Both versions' options are known (documented in docs/SEED-PROGRAMS.md). Values are read here, so
 * that each malformed one is an error that names it before anything is sent. Strings are borrowed from argv and the
 * environment, but for what awscurl_opts_free frees. Cold, no state. */
#ifndef WEIR_COMPAT_AWSCURL_OPTS_H
#define WEIR_COMPAT_AWSCURL_OPTS_H

#include "base/buf.h"
#include "base/err.h"

enum awscurl_data { AWSCURL_DATA, AWSCURL_RAW, AWSCURL_URLENCODE, AWSCURL_FORM, AWSCURL_FORM_STRING };
struct awscurl_piece { /* of a body */
    enum awscurl_data kind;
    const char *text;
};

struct awscurl_opts {
    const char *url; /* NULL: none was given */
    const char *service, *region, *profile;
    const char *dataset, *extra_parameters, *upload;
    const char *method; /* upper case, NULL: by what is sent */
    const char *output, *jq, *json_path;
    uint64_t clients, repeat;
    int64_t connect_timeout; /* s */
    int64_t duration;        /* ns, 0 = none */
    bool delay_given;
    int64_t delay[2]; /* ms: from [0] to below [1]; equal: always that */
    uint64_t seed;
    bool seed_given;
    bool get, include, insecure, verbose, tokens, json, help, no_keepalive, original;
    struct awscurl_piece *pieces; /* in the order given; owned */
    size_t n_pieces, n_forms;     /* n_forms: those of -F and --form-string */
    char **headers;               /* "Name: value", NULL-ended, or NULL; owned */
    size_t n_headers;
    const char *content_type; /* the value among them; NULL: none */
    /* environment */
    const char *tokenizer, *default_type; /* TOKENIZER, DEFAULT_CONTENT_TYPE; NULL: not set */
    uint64_t max_length;                  /* MAX_LENGTH, 0: not set */
    bool exclude_input;                   /* EXCLUDE_INPUT_TOKEN */
};

typedef char *awscurl_env_fn(const char *name); /* as getenv */

/* argv[0] is skipped; `env` may be NULL: nothing is set. Without arguments, or with -h, only `help` is set. 0, or -1 +
 * e; call awscurl_opts_free in both cases. */
int awscurl_opts_parse(struct awscurl_opts *o, int argc, const char *const *argv, awscurl_env_fn *env, struct err *e);
void awscurl_opts_free(struct awscurl_opts *o);
void awscurl_opts_help(struct buf *out, const char *program);

/* GET, POST and so on, by -X, -G and what is sent. Of a dataset POST: the original sends GET without a body. */
const char *awscurl_method(const struct awscurl_opts *o);
/* The URL that is asked: a colon in its path as %3A, as Bedrock's model ids need it; `query` behind its own ("" none).
 */
void awscurl_url(const struct awscurl_opts *o, struct str query, struct buf *out);

#endif

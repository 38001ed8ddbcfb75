/* aws_http.h - what `weir as aws_benchmark` and `weir as aws_streaming_bench` share: where their requests go, advice on
 * answers that an API Gateway gives, and lines on the console. Cold. */
#ifndef WEIR_COMPAT_AWS_HTTP_H
#define WEIR_COMPAT_AWS_HTTP_H

#include "analysis/summary.h"
#include "base/buf.h"
#include "cli/opts.h"
#include "compat/compat_rows.h"
#include "compat/compat_words.h"

#define AWS_MODEL "llama" /* what both programs ask for; the endpoint behind the gateway serves one model */

struct aws_to {
    const char *url;
    const char **headers;
    const char *cacert;
    bool insecure;
};

/* Rows of an option table whose settings C have a struct aws_to `to`. */
#define AWS_TO_ROWS(C)                                                                                                 \
    {"header",                                                                                                         \
     'H',                                                                                                              \
     "headers",                                                                                                        \
     "'NAME: VALUE'",                                                                                                  \
     "Options",                                                                                                        \
     OPT_STRS(C, to.headers),                                                                                          \
     .check = check_header,                                                                                            \
     .help = "Add a header to each request, such as an API's x-api-key; may be repeated."},                            \
        {"insecure",                                                                                                   \
         'k',                                                                                                          \
         NULL,                                                                                                         \
         NULL,                                                                                                         \
         "Options",                                                                                                    \
         OPT_BOOL(C, to.insecure),                                                                                     \
         .help = "Do not verify the server's certificate."},                                                           \
    {                                                                                                                  \
        "cacert", 0, NULL, "FILE", "Options", OPT_STR(C, to.cacert),                                                   \
            .flags = OPT_FILE, .check = check_not_empty,                                                               \
            .help = "Trust the authorities in this PEM file instead of the system's."                                  \
    }

int aws_check_url(const char *url, bool *tls, struct err *e); /* -1 + e: it is none */
char *aws_shown_url(const char *url); /* for files and the console: without secrets; to be freed */
/* URL, dialect, model, headers, TLS; one stream per connection, all of a level at once, as the originals do. No
 * credentials that the environment has for other APIs. */
void aws_run_words(struct compat_words *w, const struct aws_to *to);

/* What to do about answers of this status, for someone who has an API Gateway before a function before a model, or
 * NULL. */
const char *aws_hint(int status);

/* Of a level with failures: the most frequent one and what to do about it, "" of one without. The latter is to be
 * freed. */
char *aws_failures(const struct sum_level *l);
/* What the server said with its failures, out of the run's errors.jsonl (the first 20 of a kind), into the rows'
 * details that are empty. */
void aws_take_errors(struct compat_rows *rows, const char *dir);

enum aws_line { AWS_INFO, AWS_WARNING, AWS_ERROR };
/* "[2026-01-31 12:00:00] WARNING: text" on stdout, coloured on a terminal. */
void aws_log(enum aws_line kind, const char *fmt, ...) ATTR_PRINTF(2, 3);
bool aws_coloured(void);

#endif

/* download.h - http and https files, kept in a cache: asked for again, a file that has not changed (ETag,
 * Last-Modified) is not loaded again, one whose loading was broken off goes on where it stopped, and without a network
 * the copy that is there is used, with a warning. Redirects are followed, proxies of the environment are used. Two
 * programs that want one file wait for each other. Cold; blocks. */
#ifndef WEIR_FETCH_DOWNLOAD_H
#define WEIR_FETCH_DOWNLOAD_H

#include "base/err.h"
#include "base/str.h"

struct download_opts {
    const char *kind;   /* folder in the cache: "datasets" */
    const char *name;   /* what to call it in messages: the URL without secrets */
    uint64_t max_bytes; /* of the file; more is an error */
    bool progress;      /* a bar on stderr, where that is a terminal */
    const char *file;   /* where to keep it, in a folder that is there, instead of the cache; NULL: the cache */
    const char *bearer; /* a token, sent to the URL's own scheme, host and port and to no other that a redirect leads
                         * to; NULL: none */
    struct download_answer *answer; /* filled where it is not NULL, of failures too */
};

struct download_answer {
    long status;   /* of the last response, 0: there was none */
    char code[64]; /* what the server calls the error (X-Error-Code, of the Hugging Face hub); "" nothing */
};

bool download_is_url(const char *path); /* "http://..." or "https://...", whatever the case */
/* $XDG_CACHE_HOME/weir/KIND (or in ~/.cache), to be freed; not made. NULL + e (ERR_IO). */
char *download_cache(const char *kind, struct err *e);
/* The path of the file, in the folder above or as the options say, to be freed; NULL + e (ERR_IO, ERR_LIMIT). */
char *download(const char *url, const struct download_opts *o, struct err *e);

#endif

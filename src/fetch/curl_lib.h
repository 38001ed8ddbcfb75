/* curl_lib.h - libcurl, loaded when it is first needed: with the thirty libraries behind it, linking it would cost each
 * start of the program 3 ms, as much again as all the rest. Only declarations come from its headers; call through the
 * struct. To be opened before other threads start: libcurl's own set-up is not thread-safe. It stays loaded to the end.
 */
#ifndef WEIR_FETCH_CURL_LIB_H
#define WEIR_FETCH_CURL_LIB_H

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "base/err.h"

struct curl_lib {
    CURL *(*init)(void);
    CURLcode (*setopt)(CURL *, CURLoption, ...);
    CURLcode (*perform)(CURL *);
    CURLcode (*getinfo)(CURL *, CURLINFO, ...);
    void (*cleanup)(CURL *);
    const char *(*strerror)(CURLcode);
    struct curl_slist *(*slist_append)(struct curl_slist *, const char *);
    void (*slist_free_all)(struct curl_slist *);
};

int curl_lib_open(struct curl_lib *lib, struct err *e); /* 0, or -1 + e: which package is missing */

#endif

#include "fetch/curl_lib.h"

#include <dlfcn.h>

static const char *const FILES[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.dylib", NULL};

int curl_lib_open(struct curl_lib *lib, struct err *e)
{
    CURLcode (*global_init)(long) = NULL;
    const struct {
        const char *name;
        void *to;
    } functions[] = {
        {"curl_global_init", &global_init},
        {"curl_easy_init", &lib->init},
        {"curl_easy_setopt", &lib->setopt},
        {"curl_easy_perform", &lib->perform},
        {"curl_easy_getinfo", &lib->getinfo},
        {"curl_easy_cleanup", &lib->cleanup},
        {"curl_easy_strerror", &lib->strerror},
        {"curl_slist_append", &lib->slist_append},
        {"curl_slist_free_all", &lib->slist_free_all},
    };
    void *so = NULL;
    for (size_t i = 0; FILES[i] && !so; i++)
        so = dlopen(FILES[i], RTLD_NOW | RTLD_LOCAL);
    if (!so)
        return err_set(e, ERR_IO, "libcurl is not installed, which fetches URLs (Debian's package is libcurl4)");
    for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
        void *f = dlsym(so, functions[i].name);
        if (!f)
            return err_set(e, ERR_IO, "libcurl has no %s; a newer one is needed", functions[i].name);
        memcpy(functions[i].to, &f,
               sizeof f); /* a void * is not a pointer to a function, but POSIX says that it is as one */
    }
    if (global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(e, ERR_INTERNAL, "libcurl could not be set up");
    return 0;
}

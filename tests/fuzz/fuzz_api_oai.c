/* fuzz_api_oai.c - any bytes as an event and as a document of OpenAI's two dialects: what is accepted and what is
 * refused is the same for both, and JSON for Jansson's reader too. (fuzz_api.c holds the events of all dialects to
 * their ranges.)
 */
#include <stdlib.h>

#include "api/api.h"
#include "base/jdoc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(bool fine)
{
    if (!fine)
        abort();
}

/* Jansson refuses more than our scanner (bytes that are no UTF-8, U+0000, huge numbers), never less. */
static bool jansson_reads(struct str text)
{
    struct err e;
    struct jdoc *d = jdoc_parse(text, "fuzz", &e);
    bool fine = d && jn_is_obj(jdoc_root(d));
    jdoc_free(&d);
    return fine;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    /* Exactly as long as it is, so that a sanitizer sees each step beyond. */
    char *copy = malloc(n ? n : 1);
    memcpy(copy, data, n);
    struct str text = {copy, n};
    bool fine = jansson_reads(text);
    static const char *const names[] = {"openai-chat", "openai-completions"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct api_ops *ops = api_find(str_of(names[i]));
        struct api_event ev, failed;
        if (!str_starts(str_of(ops->name), STR("openai-"))) /* others have rules of their own */
            continue;
        enum api_rc document = ops->document(text, &ev);
        enum api_rc event = ops->event(STR(""), text, &ev);
        bool done = str_eqz(str_trim(text), "[DONE]");
        check(done == ((ev.flags & API_TERMINAL) != 0));
        check(done || event == document);
        check(!fine || document == API_OK);
        check(ops->event(STR("error"), text, &failed) == API_OK || done);
        check(done || (failed.flags & API_ERROR));
    }
    free(copy);
    return 0;
}

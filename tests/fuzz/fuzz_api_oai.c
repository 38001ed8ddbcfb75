/* fuzz_api_oai.c - any bytes as an event and as a document of both dialects: no crash, views inside the data, counts in
 * their range, and what is accepted is JSON for Jansson's reader too. */
#include <stdlib.h>

#include "api/api.h"
#include "base/jdoc.h"
#include "base/jscan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(bool fine)
{
    if (!fine)
        abort();
}

static void check_view(struct str v, struct str whole)
{
    check(v.n == 0 || (v.p >= whole.p && v.p + v.n <= whole.p + whole.n));
}

static void check_event(const struct api_event *ev, struct str whole)
{
    const int64_t counts[] = {ev->prompt_tokens, ev->completion_tokens, ev->cached_tokens, ev->reasoning_tokens};
    size_t bytes = 0;
    bool counted = false, in_word = false;
    check(ev->n_texts <= API_MAX_TEXTS);
    for (unsigned i = 0; i < ev->n_texts; i++) {
        char *out = malloc(ev->text[i].n + 1);
        check_view(ev->text[i], whole);
        check(ev->text[i].n > 0);
        bytes += ev->text[i].n;
        check(js_decode(ev->text[i], out) <= ev->text[i].n);
        check(api_count_words(ev->text[i], &in_word) <= ev->text[i].n);
        free(out);
    }
    check(ev->text_bytes >= bytes);
    check((ev->text_bytes > 0) == ((ev->flags & API_TOKEN) != 0));
    check_view(ev->error, whole);
    check(!(ev->flags & API_ERROR) || ev->error.p != NULL);
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        check(counts[i] >= -1 && counts[i] <= 1000000000000);
        counted |= counts[i] >= 0;
    }
    check(counted == ((ev->flags & API_USAGE) != 0));
    check((ev->finish != API_FIN_NONE) == ((ev->flags & API_FINISH) != 0));
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
    for (size_t i = 0; api_all()[i]; i++) {
        const struct api_ops *ops = api_all()[i];
        struct api_event ev, failed;
        enum api_rc document = ops->document(text, &ev);
        if (document == API_OK)
            check_event(&ev, text);
        enum api_rc event = ops->event(STR(""), text, &ev);
        if (event == API_OK)
            check_event(&ev, text);
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

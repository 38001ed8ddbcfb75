/* fuzz_api.c - any bytes as an event and as a document of every dialect: no crash, views inside the data, counts in
 * their range, flags that agree with what was found, and an event that is named an error is one; and as the lines of
 * one stream, what is cut off of an answer that is repeated leaves the rest inside. */
#include <stdlib.h>

#include "api/api_memo.h"
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
        if (!ev->plain)
            check(js_decode(ev->text[i], out) <= ev->text[i].n);
        check((ev->plain ? api_count_plain_words : api_count_words)(ev->text[i], &in_word) <= ev->text[i].n);
        free(out);
    }
    check(ev->text_bytes >= bytes);
    check((ev->text_bytes > 0) == ((ev->flags & API_TOKEN) != 0));
    check_view(ev->error, whole);
    check(!(ev->flags & API_ERROR) || ev->error.p != NULL);
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        check(counts[i] >= -1 && counts[i] <= API_MAX_COUNT);
        counted |= counts[i] >= 0;
    }
    check(counted == ((ev->flags & API_USAGE) != 0));
    check(ev->finish == API_FIN_NONE || (ev->flags & API_FINISH));
}

static void stream(const struct api_ops *ops, struct str text)
{
    struct api_memo m = {0};
    struct str_split it = {.rest = text, .sep = '\n'};
    struct str line;
    while (str_next(&it, &line)) {
        struct api_event ev;
        if (api_memo_event(ops, &m, STR(""), line, &ev) == API_OK)
            check_event(&ev, line);
    }
    api_memo_free(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    /* Exactly as long as it is, so that a sanitizer sees each step beyond. */
    char *copy = malloc(n ? n : 1);
    memcpy(copy, data, n);
    struct str text = {copy, n};
    for (size_t i = 0; api_all()[i]; i++) {
        const struct api_ops *ops = api_all()[i];
        struct api_event ev;
        if (ops->plain) /* nothing is read */
            continue;
        if (ops->document(text, &ev) == API_OK)
            check_event(&ev, text);
        if (ops->event(STR(""), text, &ev) == API_OK)
            check_event(&ev, text);
        stream(ops, text);
        enum api_rc named = ops->event(STR("error"), text, &ev);
        check(named == API_OK && ((ev.flags & API_ERROR) || ev.flags == API_TERMINAL));
    }
    free(copy);
    return 0;
}

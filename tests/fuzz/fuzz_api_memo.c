/* fuzz_api_memo.c - lines of any bytes as the events of one stream: decoded with the memory of the last event and
 * without, the result is the same. A line that begins with '+' repeats the former one with what follows the sign put
 * into its first text, so that alike events come up often. */
#include <stdlib.h>

#include "api/api_memo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(bool fine)
{
    if (!fine)
        abort();
}

static void compare(const struct api_ops *ops, struct api_memo *m, struct str event, struct api_event *want)
{
    struct api_event got;
    enum api_rc rc = ops->event(STR(""), event, want);
    check(api_memo_event(ops, m, STR(""), event, &got) == rc);
    if (rc != API_OK || want->whole) { /* of which only what is new is given */
        want->n_texts = 0;
        return;
    }
    check(got.flags == want->flags && got.n_texts == want->n_texts && got.text_bytes == want->text_bytes);
    check(got.finish == want->finish && got.error.p == want->error.p && got.error.n == want->error.n);
    check(got.prompt_tokens == want->prompt_tokens && got.completion_tokens == want->completion_tokens);
    for (unsigned i = 0; i < got.n_texts; i++)
        check(got.text[i].p == want->text[i].p && got.text[i].n == want->text[i].n);
}

static void stream(const struct api_ops *ops, struct str text)
{
    struct api_memo m = {0};
    struct str_split it = {.rest = text, .sep = '\n'};
    struct str line;
    struct buf former = BUF_INIT(1u << 20);
    size_t at = 0, len = 0; /* of its first text */
    while (str_next(&it, &line)) {
        struct buf event = BUF_INIT(1u << 20);
        if (line.n > 0 && line.p[0] == '+' && len > 0) {
            buf_add(&event, former.p, at);
            buf_add(&event, line.p + 1, line.n - 1);
            buf_add(&event, former.p + at + len, former.n - at - len);
        } else {
            buf_adds(&event, line);
        }
        struct api_event ev;
        compare(ops, &m, buf_str(&event), &ev);
        len = 0;
        if (ev.n_texts > 0) {
            at = (size_t)(ev.text[0].p - event.p);
            len = ev.text[0].n;
        }
        buf_free(&former);
        former = event;
    }
    buf_free(&former);
    api_memo_free(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *copy = malloc(n ? n : 1);
    memcpy(copy, data, n);
    for (size_t i = 0; api_all()[i]; i++)
        stream(api_all()[i], (struct str){copy, n});
    free(copy);
    return 0;
}

/* fuzz_gw_answer.c - any answer of an endpoint, any cut: no crash, the same output, and what goes out as events is
 * valid: lines of `data: ` with JSON in them, each with an empty line behind. First byte: bits 0 and 1 the framing, 2
 * whether a stream and 3 whether its counts are asked for; where to cut. */
#include "gateway/gw_answer.h"
#include "splits.h"

enum { MAX_EVENT = 4096, MAX_WHOLE = 8192 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char *const types[] = {"application/json", "text/event-stream", "application/jsonlines",
                                    "application/vnd.amazon.eventstream"};

static bool is_json(struct str text)
{
    struct js s;
    js_init(&s, text);
    return js_skip(&s, NULL) == 0 && js_done(&s);
}

static void check_events(struct str out)
{
    while (out.n > 0) {
        ptrdiff_t end = str_find(out, STR("\n\n"));
        if (end < 0 || !str_starts(out, STR("data: ")) || !is_json(str_sub(out, 6, (size_t)end - 6)))
            abort();
        if (memchr(out.p, '\n', (size_t)end) || memchr(out.p, '\r', (size_t)end))
            abort();
        out = str_sub(out, (size_t)end + 2, out.n);
    }
}

static void run(struct buf *log, const char *p, size_t n, size_t piece, unsigned mode)
{
    struct gw_asked q = {
        .stream = mode & 4, .usage = mode & 8, .model = STR("m"), .id = STR("chatcmpl-1"), .created = 1};
    struct gw_answer a;
    gw_answer_init(&a, MAX_EVENT, MAX_WHOLE);
    gw_answer_reset(&a, &q);
    gw_answer_header(&a, STR("content-type"), str_of(types[mode & 3]));
    gw_answer_begin(&a);
    for (size_t at = 0; at < n; at += piece)
        gw_answer_feed(&a, (struct str){p + at, MIN(piece, n - at)}, log);
    enum gw_answer_rc rc = gw_answer_end(&a, log);
    if (q.stream)
        check_events(buf_str(log));
    else if (rc == GW_ANSWER_OK && !is_json(buf_str(log)))
        abort();
    if ((rc != GW_ANSWER_OK) != (a.why.n > 0) || a.why.n > 2048)
        abort();
    buf_addf(log, "%d %lld %lld %d ", rc, (long long)a.figures.prompt_tokens, (long long)a.figures.completion_tokens,
             a.figures.counted);
    buf_adds(log, buf_str(&a.why));
    gw_answer_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n > 0)
        splits_check(run, data, n, data[0] / 4 + 1U);
    return 0;
}

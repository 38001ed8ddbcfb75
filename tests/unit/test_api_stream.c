#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/api_stream.h"
#include "base/crc32.h"

struct seen {
    struct buf log;
    int left; /* stop after so many events, -1 never */
    unsigned comments;
};

static int on_event(void *arg, struct str type, struct str data)
{
    struct seen *s = arg;
    buf_addf(&s->log, "(" STR_FMT ":" STR_FMT ")", STR_ARG(type), STR_ARG(data));
    return s->left > 0 && --s->left == 0;
}

static void on_comment(void *arg, struct str text)
{
    struct seen *s = arg;
    s->comments++;
}

static void add_u32(struct buf *b, uint32_t v)
{
    for (int i = 24; i >= 0; i -= 8)
        buf_addc(b, (char)(v >> i));
}

static void add_header(struct buf *b, const char *name, const char *value)
{
    buf_addc(b, (char)strlen(name));
    buf_addz(b, name);
    buf_add(b, "\x07\x00", 2);
    buf_addc(b, (char)strlen(value));
    buf_addz(b, value);
}

static void add_frame(struct buf *b, const char *kind, const char *name, const char *type, const char *payload)
{
    struct buf h = BUF_INIT(4096);
    size_t from = b->n;
    add_header(&h, ":message-type", kind);
    add_header(&h, name, type);
    add_u32(b, (uint32_t)(16 + h.n + strlen(payload)));
    add_u32(b, (uint32_t)h.n);
    add_u32(b, crc32_of(b->p + from, 8));
    buf_adds(b, buf_str(&h));
    buf_addz(b, payload);
    add_u32(b, crc32_of(b->p + from, b->n - from));
    buf_free(&h);
}

static void add_part(struct buf *b, const char *payload)
{
    add_frame(b, "event", ":event-type", "PayloadPart", payload);
}

static const struct api_ops *ops(const char *name)
{
    const struct api_ops *o = api_find(str_of(name));
    assert_non_null(o);
    return o;
}

/* The body at once, in pieces of 1, 2, 3 and 7 bytes. */
static void expect(const char *dialect, const char *headers, struct str body, const char *want, enum api_stream_rc rc)
{
    static const size_t sizes[] = {SIZE_MAX / 2, 1, 2, 3, 7};
    struct api_stream s;
    struct seen seen = {.log = BUF_INIT(1 << 20), .left = -1};
    api_stream_init(&s, 4096, on_event, on_comment, &seen);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        enum api_stream_rc got = API_STREAM_OK;
        buf_clear(&seen.log);
        api_stream_reset(&s, ops(dialect), true);
        api_stream_headers(&s, str_of(headers));
        assert_int_not_equal(api_stream_begin(&s), API_WHOLE);
        for (size_t at = 0; at < body.n && got == API_STREAM_OK; at += MIN(sizes[i], body.n - at))
            got = api_stream_feed(&s, str_sub(body, at, sizes[i]));
        if (got == API_STREAM_OK && api_stream_whole(&s))
            got = api_stream_end(&s);
        if (got != rc || !str_eqz(buf_str(&seen.log), want))
            fail_msg("pieces of %zu: %d, " STR_FMT " instead of %d, %s", sizes[i], got, STR_ARG(buf_str(&seen.log)), rc,
                     want);
        if (rc == API_STREAM_E_FRAME || rc == API_STREAM_E_FAILED)
            assert_true(s.why.n > 0);
    }
    api_stream_free(&s);
    buf_free(&seen.log);
}

static void test_plain_carriers(void **state)
{
    expect("openai-chat", "Content-Type: text/event-stream; charset=utf-8\n",
           STR(": hi\nevent: a\ndata: 1\n\ndata: 2\n\ndata: cut"), "(a:1)(:2)", API_STREAM_OK);
    expect("ollama-chat", "content-type: application/x-ndjson\n", STR("{\"a\":1}\n\n{\"b\":2}"),
           "(:{\"a\":1})(:{\"b\":2})", API_STREAM_OK);
    struct api_stream s;
    struct seen seen = {.log = BUF_INIT(1 << 20), .left = 1};
    api_stream_init(&s, 4096, on_event, on_comment, &seen);
    api_stream_reset(&s, ops("openai-chat"), true);
    api_stream_header(&s, STR("Content-Type"), STR("application/json"));
    assert_int_equal(api_stream_begin(&s), API_WHOLE);
    api_stream_reset(&s, ops("openai-chat"), true);
    api_stream_header(&s, STR("CONTENT-TYPE"), STR("text/event-stream"));
    assert_int_equal(api_stream_begin(&s), API_SSE);
    assert_int_equal(api_stream_feed(&s, STR(": c\ndata: 1\n\ndata: 2\n\n")), API_STREAM_E_STOPPED);
    assert_true(str_eqz(buf_str(&seen.log), "(:1)"));
    assert_int_equal(seen.comments, 1);
    api_stream_free(&s);
    buf_free(&seen.log);
}

#define EVENTSTREAM "Content-Type: application/vnd.amazon.eventstream\n"
#define INNER(type) EVENTSTREAM "X-Amzn-SageMaker-Content-Type: " type "\n"

/* A slice may end anywhere; bytes in JSON are the same slices. */
static void test_slices(void **state)
{
    struct buf b = BUF_INIT(1 << 20);
    add_part(&b, "{\"a\":1}\n{\"b\"");
    add_part(&b, "");
    add_part(&b, ":2}\n{\"c\":3}");
    expect("sagemaker-lmi", EVENTSTREAM, buf_str(&b), "(:{\"a\":1})(:{\"b\":2})(:{\"c\":3})", API_STREAM_OK);
    expect("sagemaker-lmi", INNER("application/jsonlines"), buf_str(&b), "(:{\"a\":1})(:{\"b\":2})(:{\"c\":3})",
           API_STREAM_OK);
    expect("sagemaker-lmi", INNER("application/json"), buf_str(&b), "(:{\"a\":1})(:{\"b\":2})(:{\"c\":3})",
           API_STREAM_OK);
    buf_clear(&b);
    add_part(&b, "data:{\"a\":1}\n");
    add_part(&b, "\ndata: {\"b\":2}\n\n");
    expect("sagemaker-lmi", INNER("text/event-stream;charset=utf-8"), buf_str(&b), "(:{\"a\":1})(:{\"b\":2})",
           API_STREAM_OK);
    expect("openai-chat", EVENTSTREAM, buf_str(&b), "(:{\"a\":1})(:{\"b\":2})", API_STREAM_OK);
    buf_clear(&b);
    add_part(&b, "{\"bytes\":\"eyJhIjox\",\"p\":\"abc\"}");                 /* {"a":1 */
    add_part(&b, "{\"PayloadPart\":{\"Bytes\":\"fQp7ImJ5dGVzIjoxfQ==\"}}"); /* }\n{"bytes":1} */
    expect("sagemaker-lmi", EVENTSTREAM, buf_str(&b), "(:{\"a\":1})(:{\"bytes\":1})", API_STREAM_OK);
    buf_free(&b);
}

static void test_failures(void **state)
{
    struct buf b = BUF_INIT(1 << 20);
    add_part(&b, "{\"a\":1}\n");
    size_t part = b.n;
    add_frame(&b, "exception", ":exception-type", "ModelStreamError", "{\"message\":\"no\"}");
    expect("sagemaker-lmi", EVENTSTREAM, buf_str(&b), "(:{\"a\":1})", API_STREAM_E_FAILED);
    b.n = part;
    add_frame(&b, "error", ":error-code", "InternalFailure", "");
    expect("sagemaker-lmi", EVENTSTREAM, buf_str(&b), "(:{\"a\":1})", API_STREAM_E_FAILED);
    b.p[b.n - 1] ^= 1;
    expect("sagemaker-lmi", EVENTSTREAM, buf_str(&b), "(:{\"a\":1})", API_STREAM_E_FRAME);
    b.n--;
    expect("sagemaker-lmi", EVENTSTREAM, buf_str(&b), "(:{\"a\":1})",
           API_STREAM_OK); /* cut: api_stream_whole says so */
    struct api_stream s;
    struct seen seen = {.log = BUF_INIT(1 << 20), .left = -1};
    api_stream_init(&s, 4096, on_event, NULL, &seen);
    api_stream_reset(&s, ops("sagemaker-lmi"), true);
    api_stream_headers(&s, STR(EVENTSTREAM));
    api_stream_begin(&s);
    assert_int_equal(api_stream_feed(&s, str_sub(buf_str(&b), 0, part)), API_STREAM_OK);
    assert_true(api_stream_whole(&s));
    assert_int_equal(api_stream_feed(&s, str_sub(buf_str(&b), part, b.n)), API_STREAM_OK);
    assert_false(api_stream_whole(&s));
    char big[16] = {0, 0, 0x20, 0};
    uint32_t crc = crc32_of(big, 8);
    for (int i = 0; i < 4; i++)
        big[8 + i] = (char)(crc >> (24 - 8 * i));
    api_stream_reset(&s, ops("sagemaker-lmi"), true);
    api_stream_headers(&s, STR(EVENTSTREAM));
    api_stream_begin(&s);
    assert_int_equal(api_stream_feed(&s, (struct str){big, 12}), API_STREAM_E_TOOBIG);
    api_stream_free(&s);
    buf_free(&seen.log);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_carriers),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

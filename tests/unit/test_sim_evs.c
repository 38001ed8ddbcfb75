#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "sim/sim_evs.h"

static void crc(void **state)
{
    (void)state;
    assert_int_equal(sim_evs_crc(STR("123456789")), 0xCBF43926); /* the check value of its definition */
    assert_int_equal(sim_evs_crc(STR("")), 0);
    assert_int_equal(sim_evs_crc(STR("The quick brown fox jumps over the lazy dog")), 0x414FA339);
}

static void same_bytes(const struct buf *b, const void *want, size_t n)
{
    assert_int_equal(b->n, n);
    assert_memory_equal(b->p, want, n);
}

/* The test vectors that the SDKs of AWS share (empty_message, payload_no_headers). */
static void vectors(void **state)
{
    (void)state;
    static const unsigned char empty[] = {0, 0, 0, 0x10, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff};
    static const unsigned char head[] = {0, 0, 0, 0x1d, 0, 0, 0, 0, 0xfd, 0x52, 0x8c, 0x5a};
    static const unsigned char tail[] = {0xc3, 0x65, 0x39, 0x36};
    struct buf b = BUF_INIT(1000);
    sim_evs_frame(&b, NULL, 0, STR(""));
    same_bytes(&b, empty, sizeof(empty));
    buf_clear(&b);
    sim_evs_frame(&b, NULL, 0, STR("{'foo':'bar'}"));
    assert_int_equal(b.n, 29);
    assert_memory_equal(b.p, head, sizeof(head));
    assert_memory_equal(b.p + 25, tail, sizeof(tail));
    sim_evs_spoil(&b);
    assert_memory_not_equal(b.p + 25, tail, sizeof(tail));
    buf_free(&b);
}

/* Takes the frame at the front off, of which the lengths are believed; its payload. */
static struct str next(struct str *rest, const char *has)
{
    assert_true(rest->n >= 16);
    const unsigned char *p = (const unsigned char *)rest->p;
    size_t total = (size_t)p[2] << 8 | p[3], heads = (size_t)p[6] << 8 | p[7];
    assert_true(p[0] == 0 && p[1] == 0 && total <= rest->n);
    if (memmem(rest->p + 12, heads, has, strlen(has)) == NULL)
        fail_msg("no %s", has);
    struct str payload = str_sub(*rest, 12 + heads, total - 16 - heads);
    *rest = str_sub(*rest, total, rest->n);
    return payload;
}

static void slices(void **state)
{
    (void)state;
    struct str line = STR("{\"token\": {\"id\": 1}}\n");
    for (uint64_t salt = 0; salt < 200; salt++) {
        for (size_t n = 1; n <= line.n; n++) {
            struct buf b = BUF_INIT(10000), whole = BUF_INIT(1000);
            sim_evs_wrap(&b, SIM_EVS_PARTS, str_sub(line, 0, n), 3, salt);
            struct str rest = buf_str(&b);
            size_t frames = 0;
            for (; rest.n > 0; frames++)
                buf_adds(&whole, next(&rest, "PayloadPart"));
            assert_int_equal(frames, MIN(n, 3));
            assert_true(str_eq(buf_str(&whole), str_sub(line, 0, n)));
            buf_free(&b);
            buf_free(&whole);
        }
    }
}

static void events(void **state)
{
    (void)state;
    struct str sse = STR("event: messageStart\ndata: {\"role\":1}\n\n: a comment\n\nevent: ping\ndata: {}\n\n");
    struct buf b = BUF_INIT(10000);
    sim_evs_wrap(&b, SIM_EVS_EVENTS, sse, 1, 0);
    struct str rest = buf_str(&b);
    assert_true(str_eqz(next(&rest, "messageStart"), "{\"role\":1}"));
    assert_true(str_eqz(next(&rest, "ping"), "{}"));
    assert_int_equal(rest.n, 0);
    buf_clear(&b);
    sim_evs_wrap(&b, SIM_EVS_CHUNKS, sse, 1, 0);
    rest = buf_str(&b);
    assert_true(str_starts(next(&rest, "chunk"), STR("{\"bytes\":\"eyJyb2xlIjoxfQ==\",\"p\":\"")));
    assert_true(str_starts(next(&rest, "chunk"), STR("{\"bytes\":\"e30=\"")));
    assert_int_equal(rest.n, 0);
    buf_free(&b);
}

static void failures(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(10000);
    sim_evs_fail(&b, SIM_EVS_PARTS, false);
    sim_evs_fail(&b, SIM_EVS_EVENTS, false);
    sim_evs_fail(&b, SIM_EVS_CHUNKS, true);
    struct str rest = buf_str(&b);
    assert_true(str_starts(next(&rest, "ModelStreamError"), STR("{\"Message\"")));
    assert_true(str_starts(next(&rest, "modelStreamErrorException"), STR("{\"message\"")));
    assert_int_equal(next(&rest, "InternalError").n, 0);
    assert_string_equal(sim_evs_error_type(429), "ThrottlingException");
    assert_string_equal(sim_evs_error_type(500), "InternalServerException");
    assert_string_equal(sim_evs_error_type(418), "ValidationException");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(crc), cmocka_unit_test(vectors), cmocka_unit_test(slices),
                                       cmocka_unit_test(events), cmocka_unit_test(failures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

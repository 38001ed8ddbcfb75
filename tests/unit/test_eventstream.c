/* The frames were made by Python's struct and zlib from AWS's description; the first two are those of AWS's own tests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/crc32.h"
#include "base/xalloc.h"
#include "proto/eventstream.h"

static const char empty[] = "\x00\x00\x00\x10\x00\x00\x00\x00\x05\xc2\x48\xeb\x7d\x98\xc8\xff";
static const char int8[] = "\x00\x00\x00\x17\x00\x00\x00\x07\x29\x86\x01\x58\x04"
                           "byte"
                           "\x02\xff\xc2\xf8\x69\xdc";
/* All ten types, in the order of their numbers, and "pay". */
static const char types[] =
    "\x00\x00\x00\x62\x00\x00\x00\x4f\x60\xb3\xa7\x45\x01\x74\x00\x01\x66\x01\x01\x62\x02\xff\x01"
    "\x73\x03\x80\x01\x01\x69\x04\x00\x01\x02\x03\x01\x6c\x05\xff\xff\xff\xff\xff\xff\xff\xff\x01"
    "\x79\x06\x00\x02\x01\x02\x01\x7a\x07\x00\x04\x74\x65\x78\x74\x01\x77\x08\x00\x00\x01\x8b\xcf"
    "\xe5\x68\x00\x01\x75\x09\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x70"
    "\x61\x79\x82\x3a\xef\xcc";
static const char part[] =
    "\x00\x00\x00\x71\x00\x00\x00\x59\xb3\x27\xff\x46\x0b\x3a\x65\x76\x65\x6e\x74\x2d\x74\x79\x70"
    "\x65\x07\x00\x0b\x50\x61\x79\x6c\x6f\x61\x64\x50\x61\x72\x74\x0d\x3a\x63\x6f\x6e\x74\x65\x6e"
    "\x74\x2d\x74\x79\x70\x65\x07\x00\x18\x61\x70\x70\x6c\x69\x63\x61\x74\x69\x6f\x6e\x2f\x6f\x63"
    "\x74\x65\x74\x2d\x73\x74\x72\x65\x61\x6d\x0d\x3a\x6d\x65\x73\x73\x61\x67\x65\x2d\x74\x79\x70"
    "\x65\x07\x00\x05\x65\x76\x65\x6e\x74\x7b\x22\x61\x22\x3a\x31\x7d\x0a\x29\x96\x96\x31";
static const char exception[] =
    "\x00\x00\x00\x5d\x00\x00\x00\x3d\xfd\xc9\x98\x02\x0f\x3a\x65\x78\x63\x65\x70\x74\x69\x6f\x6e"
    "\x2d\x74\x79\x70\x65\x07\x00\x10\x4d\x6f\x64\x65\x6c\x53\x74\x72\x65\x61\x6d\x45\x72\x72\x6f"
    "\x72\x0d\x3a\x6d\x65\x73\x73\x61\x67\x65\x2d\x74\x79\x70\x65\x07\x00\x09\x65\x78\x63\x65\x70"
    "\x74\x69\x6f\x6e\x7b\x22\x6d\x65\x73\x73\x61\x67\x65\x22\x3a\x22\x6e\x6f\x22\x7d\x3b\x44\x64"
    "\xe0";
static const char error[] =
    "\x00\x00\x00\x4c\x00\x00\x00\x3c\xd7\x4e\x16\xa6\x0d\x3a\x6d\x65\x73\x73\x61\x67\x65\x2d\x74"
    "\x79\x70\x65\x07\x00\x05\x65\x72\x72\x6f\x72\x0b\x3a\x65\x72\x72\x6f\x72\x2d\x63\x6f\x64\x65"
    "\x07\x00\x03\x35\x30\x30\x0e\x3a\x65\x72\x72\x6f\x72\x2d\x6d\x65\x73\x73\x61\x67\x65\x07\x00"
    "\x02\x6e\x6f\xf1\x26\x1c\x77";

#define FRAME(f) ((struct str){(f), sizeof(f) - 1})

static int on_message(void *arg, const struct evs_msg *m)
{
    struct buf *log = arg;
    struct str rest = m->headers;
    struct evs_header h;
    int rc;
    buf_addf(log, "<" STR_FMT "," STR_FMT "," STR_FMT "," STR_FMT "," STR_FMT "|", STR_ARG(m->kind), STR_ARG(m->event),
             STR_ARG(m->exception), STR_ARG(m->error_code), STR_ARG(m->error_message));
    while ((rc = evs_header_next(&rest, &h)) > 0) {
        if (h.name.p[0] == ':')
            continue;
        buf_addf(log, STR_FMT "=%lld", STR_ARG(h.name), (long long)h.number);
        for (size_t i = 0; i < h.value.n; i++)
            buf_addf(log, "%s%02x", i ? "" : "/", (unsigned char)h.value.p[i]);
        buf_addc(log, ' ');
    }
    assert_int_equal(rc, 0);
    buf_addf(log, "|" STR_FMT ">", STR_ARG(m->payload));
    return m->payload.n > 0 && m->payload.p[0] == '!';
}

/* From memory of exactly its length, freed right afterwards. */
static void feed(struct evs *s, struct str piece)
{
    char *copy = xmalloc(piece.n + 1);
    memcpy(copy, piece.p, piece.n);
    evs_feed(s, copy, piece.n);
    memset(copy, '#', piece.n);
    free(copy);
}

/* At every cut into two, and byte by byte. */
static void expect(struct str bytes, const char *want, enum evs_rc rc, bool whole)
{
    struct evs s;
    struct buf log = BUF_INIT(1 << 20);
    evs_init(&s, 4096, on_message, &log);
    for (size_t cut = 0; cut <= bytes.n + 1; cut++) {
        if (cut <= bytes.n) {
            feed(&s, str_sub(bytes, 0, cut));
            feed(&s, str_sub(bytes, cut, bytes.n));
        }
        for (size_t i = 0; cut > bytes.n && i < bytes.n; i++)
            feed(&s, str_sub(bytes, i, 1));
        if (!str_eqz(buf_str(&log), want) || s.rc != rc || evs_whole(&s) != whole)
            fail_msg("cut at %zu: %d, \"" STR_FMT "\" instead of \"%s\"", cut, s.rc, STR_ARG(buf_str(&log)), want);
        evs_reset(&s);
        buf_clear(&log);
    }
    evs_free(&s);
    buf_free(&log);
}

static void test_messages(void **state)
{
    struct buf b = BUF_INIT(1 << 20);
    expect(FRAME(empty), "<,,,,||>", EVS_OK, true);
    expect(FRAME(int8), "<,,,,|byte=-1 |>", EVS_OK, true);
    expect(FRAME(types),
           "<,,,,|t=1 f=0 b=-1 s=-32767 i=66051 l=-1 y=0/0102 z=0/74657874 w=1700000000000 "
           "u=0/000102030405060708090a0b0c0d0e0f |pay>",
           EVS_OK, true);
    buf_adds(&b, FRAME(part));
    buf_adds(&b, FRAME(empty));
    buf_adds(&b, FRAME(exception));
    buf_adds(&b, FRAME(error));
    expect(buf_str(&b),
           "<event,PayloadPart,,,||{\"a\":1}\n><,,,,||><exception,,ModelStreamError,,||{\"message\":\"no\"}>"
           "<error,,,500,no||>",
           EVS_OK, true);
    buf_free(&b);
    for (size_t n = 1; n < sizeof part - 1; n++)
        expect((struct str){part, n}, "", EVS_OK, false);
}

static void put_u32(char *p, uint32_t v)
{
    for (int i = 3; i >= 0; i--, v >>= 8)
        p[i] = (char)v;
}

static void mend(char *p, size_t n)
{
    put_u32(p + 8, crc32_of(p, 8));
    put_u32(p + n - 4, crc32_of(p, n - 4));
}

/* Each bit of a frame turned is found out, wherever it is. */
static void test_checksums(void **state)
{
    char b[sizeof part];
    for (size_t i = 0; i < 8 * (sizeof part - 1); i++) {
        struct evs s;
        struct buf log = BUF_INIT(1 << 16);
        memcpy(b, part, sizeof b);
        b[i / 8] ^= (char)(1 << i % 8);
        evs_init(&s, 1 << 20, on_message, &log);
        assert_int_equal(evs_feed(&s, b, sizeof b - 1), EVS_E_CHECKSUM);
        assert_int_equal(evs_feed(&s, empty, sizeof empty - 1), EVS_E_CHECKSUM); /* sticky */
        assert_int_equal(log.n, 0);
        evs_free(&s);
        buf_free(&log);
    }
}

static void test_lengths(void **state)
{
    char b[64] = {0};
    put_u32(b, 15);
    put_u32(b + 8, crc32_of(b, 8));
    expect((struct str){b, 16}, "", EVS_E_SYNTAX, false); /* shorter than a frame can be */
    put_u32(b, 20);
    put_u32(b + 4, 5);
    mend(b, 20);
    expect((struct str){b, 20}, "", EVS_E_SYNTAX, false); /* headers longer than what there is */
    put_u32(b, 4097);
    put_u32(b + 4, 0);
    put_u32(b + 8, crc32_of(b, 8));
    expect((struct str){b, 12}, "", EVS_E_TOOBIG, false); /* known before it comes */
    static const char *const bad[] = {"\x00",
                                      "\x01"
                                      "a",
                                      "\x05"
                                      "a\x00",
                                      "\x01"
                                      "a\x0a",
                                      "\x01"
                                      "a\x07\x00",
                                      "\x01"
                                      "a\x07\x00\x02x",
                                      "\x01"
                                      "a\x02",
                                      "\x01"
                                      "a\x09"
                                      "123456789012345"};
    static const size_t n[] = {1, 2, 3, 3, 4, 6, 3, 18};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        put_u32(b, (uint32_t)(16 + n[i]));
        put_u32(b + 4, (uint32_t)n[i]);
        memcpy(b + 12, bad[i], n[i]);
        mend(b, 16 + n[i]);
        expect((struct str){b, 16 + n[i]}, "", EVS_E_SYNTAX, false);
    }
}

static void test_stopped(void **state)
{
    char b[32] = {0};
    put_u32(b, 17);
    b[12] = '!';
    mend(b, 17);
    expect((struct str){b, 17}, "<,,,,||!>", EVS_E_STOPPED, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_checksums),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

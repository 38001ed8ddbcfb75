/* test_coding.c - Content-Encoding as it is written (RFC 9110, 8.4), bodies at every split, and what cannot be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/pack.h"
#include "proto/coding.h"

struct rig {
    char *piece;
    struct coding c;
};

static void open_rig(struct rig *g, uint64_t max)
{
    g->piece = NULL;
    coding_init(&g->c, &g->piece, max);
}

static void close_rig(struct rig *g)
{
    coding_free(&g->c);
    free(g->piece);
}

static void names(void **state)
{
    (void)state;
    static const struct {
        const char *field[3];
        const char *name; /* NULL: refused */
        const char *why;
    } cases[] = {
        {{"gzip"}, "gzip", ""},
        {{"x-gzip"}, "gzip", ""},
        {{" GZIP , identity"}, "gzip", ""},
        {{"zstd"}, "zstd", ""},
        {{"br"}, "br", ""},
        {{"identity"}, "", ""},
        {{""}, "", ""},
        {{"identity", "br"}, "br", ""},
        {{"deflate"}, NULL, "in an unknown way (Content-Encoding: deflate); weir reads one of gzip, zstd and br"},
        {{"gzip, br"}, NULL, "several times over (Content-Encoding: gzip, br)"},
        {{"gzip", "gzip"}, NULL, "several times over (Content-Encoding: gzip)"},
        {{"a\033[31m\xff-long-name-that-goes-on-and-on-and-on-for-ever"},
         NULL,
         "a?[31m?-long-name-that-goes-on-and-on-"},
    };
    struct rig g;
    open_rig(&g, 1);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        coding_reset(&g.c);
        for (int k = 0; k < 3 && cases[i].field[k]; k++)
            coding_header(&g.c, str_of(cases[i].field[k]));
        assert_int_equal(g.c.refused, cases[i].name == NULL);
        assert_true(str_eqz(coding_name(&g.c), cases[i].name ? cases[i].name : ""));
        if (!strstr(g.c.why, cases[i].why) || (cases[i].name && g.c.why[0]))
            fail_msg("\"%s\" does not say \"%s\"", g.c.why, cases[i].why);
    }
    assert_null(g.piece); /* no body came */
    close_rig(&g);
}

/* Feeds all of it; whether it was taken. */
static enum unpack_rc feed(struct coding *c, struct str in, struct buf *out)
{
    struct str piece;
    enum unpack_rc rc;
    while ((rc = coding_step(c, &in, &piece)) == UNPACK_PIECE)
        buf_adds(out, piece);
    return rc;
}

#define TEXT "data: {\"a\":1}\n\ndata: {\"a\":2}\n\ndata: [DONE]\n\n"

/* With a flush behind each event; `ends` are where they end in the packed bytes. */
static void pack_events(enum unpack_kind kind, struct buf *packed, size_t ends[3])
{
    struct pack *p = pack_new(kind);
    pack_add(p, STR("data: {\"a\":1}\n\n"), PACK_FLUSH, packed);
    ends[0] = packed->n;
    pack_add(p, STR("data: {\"a\":2}\n\n"), PACK_FLUSH, packed);
    ends[1] = packed->n;
    pack_add(p, STR("data: [DONE]\n\n"), PACK_END, packed);
    ends[2] = packed->n;
    pack_free(&p);
}

static void every_split(void **state)
{
    (void)state;
    static const char *const codings[] = {"gzip", "zstd", "br"};
    struct rig g;
    open_rig(&g, 1000);
    struct buf packed = BUF_INIT(1 << 20), out = BUF_INIT(4096);
    for (size_t k = 0; k < ARRAY_LEN(codings); k++) {
        size_t ends[3];
        buf_clear(&packed);
        pack_events(unpack_coding(str_of(codings[k])), &packed, ends);
        for (size_t a = 0; a <= packed.n; a++) {
            coding_reset(&g.c);
            coding_header(&g.c, str_of(codings[k]));
            buf_clear(&out);
            assert_int_equal(feed(&g.c, str_sub(buf_str(&packed), 0, a), &out), UNPACK_MORE);
            /* what was flushed is out */
            assert_true(out.n >= (a >= ends[2] ? 44U : a >= ends[1] ? 30U : a >= ends[0] ? 15U : 0U));
            assert_int_equal(coding_whole(&g.c), a == 0 || a == packed.n);
            assert_int_equal(g.c.why[0] != 0, a != 0 && a != packed.n);
            assert_int_equal(feed(&g.c, str_sub(buf_str(&packed), a, packed.n), &out), UNPACK_MORE);
            if (!coding_whole(&g.c) || !str_eq(buf_str(&out), STR(TEXT)))
                fail_msg("%s cut at %zu of %zu: whole %d, %zu bytes, \"%s\"", codings[k], a, packed.n,
                         coding_whole(&g.c), out.n, g.c.why);
        }
    }
    buf_free(&packed);
    buf_free(&out);
    close_rig(&g);
}

static void broken_and_too_long(void **state)
{
    (void)state;
    struct rig g;
    open_rig(&g, 1 << 20);
    struct buf packed = BUF_INIT(1 << 20), out = BUF_INIT(4 << 20);
    coding_header(&g.c, STR("gzip"));
    assert_int_equal(feed(&g.c, STR("data: plain\n\n"), &out), UNPACK_BAD);
    assert_string_equal(g.c.why, "the answer says Content-Encoding: gzip, but is not such data");
    assert_false(coding_whole(&g.c));
    char *zeros = calloc(1, 1 << 20);
    static const char *const codings[] = {"gzip", "zstd", "br"};
    for (size_t k = 0; k < ARRAY_LEN(codings); k++) {
        struct pack *p = pack_new(unpack_coding(str_of(codings[k])));
        buf_clear(&packed);
        buf_clear(&out);
        pack_add(p, (struct str){zeros, 1 << 20}, PACK_FLUSH, &packed);
        pack_add(p, STR("0"), PACK_END, &packed);
        pack_free(&p);
        coding_reset(&g.c);
        coding_header(&g.c, str_of(codings[k]));
        assert_int_equal(feed(&g.c, buf_str(&packed), &out), UNPACK_LIMIT);
        assert_true(packed.n < 10000 && out.n <= 1 << 20);
        assert_non_null(strstr(g.c.why, "unpacks to more than 1 MiB"));
    }
    free(zeros);
    buf_free(&packed);
    buf_free(&out);
    close_rig(&g);
}

/* RFC 9659: no window beyond 8 MiB. The first bytes of a frame that asks for 16 MiB (RFC 8878, 3.1.1.1). */
static void large_windows_are_refused(void **state)
{
    (void)state;
    static const char frame[] = {0x28, (char)0xb5, 0x2f, (char)0xfd, 0x00, 14 << 3, 0x01, 0x00, 0x00};
    struct rig g;
    open_rig(&g, 1 << 20);
    struct buf out = BUF_INIT(100);
    coding_header(&g.c, STR("zstd"));
    assert_int_equal(feed(&g.c, (struct str){frame, sizeof frame}, &out), UNPACK_BAD);
    buf_free(&out);
    close_rig(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(every_split),
        cmocka_unit_test(broken_and_too_long),
        cmocka_unit_test(large_windows_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

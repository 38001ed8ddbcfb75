/* The rules of the NDJSON specification, and every way to cut the bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "proto/ndjson.h"

struct log {
    struct buf out;
    int left; /* stop after so many lines, -1 never */
    const char *lo, *hi;
    unsigned borrowed; /* lines that lie in the fed piece */
};

static int on_line(void *arg, struct str line)
{
    struct log *l = arg;
    buf_addc(&l->out, '[');
    buf_adds(&l->out, line);
    buf_addc(&l->out, ']');
    l->borrowed += line.p >= l->lo && line.p < l->hi;
    return l->left > 0 && --l->left == 0;
}

/* From memory of exactly its length, freed right afterwards: what the parser keeps must be its own. */
static void feed(struct ndjson *s, struct log *l, const char *p, size_t n)
{
    char *copy = xmalloc(n ? n : 1);
    if (n)
        memcpy(copy, p, n);
    l->lo = copy;
    l->hi = copy + n;
    ndjson_feed(s, copy, n);
    memset(copy, '#', n ? n : 1);
    free(copy);
}

static void expect(struct ndjson *s, struct log *l, const char *want, enum ndjson_rc want_rc, const char *how)
{
    enum ndjson_rc rc = ndjson_end(s);
    struct str got = buf_str(&l->out);
    if (rc != want_rc || !str_eqz(got, want))
        fail_msg("%s: got %d \"" STR_FMT "\", want %d \"%s\"", how, rc, STR_ARG(got), want_rc, want);
    ndjson_reset(s);
    buf_clear(&l->out);
}

static void check_n(const char *text, const char *want, size_t max, enum ndjson_rc want_rc, int stop)
{
    struct log l = {.out = BUF_INIT(1 << 20)};
    struct ndjson s;
    size_t n = strlen(text);
    ndjson_init(&s, max, on_line, &l);
    for (size_t cut = 0; cut <= n; cut++) {
        l.left = stop;
        feed(&s, &l, text, cut);
        feed(&s, &l, text + cut, n - cut);
        expect(&s, &l, want, want_rc, "two pieces");
    }
    l.left = stop;
    for (size_t i = 0; i < n; i++)
        feed(&s, &l, text + i, 1);
    expect(&s, &l, want, want_rc, "byte by byte");
    ndjson_free(&s);
    buf_free(&l.out);
}

static void test_lines(void **state)
{
    check_n("{\"some\":\"thing\"}\n{\"foo\":17}\n{\"may\":{\"include\":\"nested\"}}\n",
            "[{\"some\":\"thing\"}][{\"foo\":17}][{\"may\":{\"include\":\"nested\"}}]", 100, NDJSON_OK, -1);
    check_n("{\"a\":1}\r\n{\"b\":2}\r\n", "[{\"a\":1}][{\"b\":2}]", 100, NDJSON_OK, -1);
    check_n("\n\n \t\n\r\n1\n\n", "[1]", 100, NDJSON_OK, -1);
    check_n("1\n{\"last\":true}", "[1][{\"last\":true}]", 100, NDJSON_OK, -1); /* the end of the body ends it */
    check_n("1\n  \t", "[1]", 100, NDJSON_OK, -1);
    check_n("", "", 100, NDJSON_OK, -1);
    check_n("{\"a\":\r1}\n", "[{\"a\":\r1}]", 100, NDJSON_OK, -1); /* a CR alone is white space within a line */
}

static void test_ceiling(void **state)
{
    check_n("12345678\n12345678\n", "[12345678][12345678]", 8, NDJSON_OK, -1);
    check_n("123456789\n1\n", "", 8, NDJSON_E_TOOBIG, -1);
    check_n("1\n123456789", "[1]", 8, NDJSON_E_TOOBIG, -1);
}

static void test_stop(void **state)
{
    check_n("1\n2\n3\n", "[1][2]", 8, NDJSON_E_STOPPED, 2);
    check_n("1\n2", "[1][2]", 8, NDJSON_E_STOPPED, 2);
}

static void test_whole_lines_are_not_copied(void **state)
{
    struct log l = {.out = BUF_INIT(1 << 20), .left = -1};
    struct ndjson s;
    ndjson_init(&s, 100, on_line, &l);
    feed(&s, &l, "{\"a\":1}\n{\"b\":2}\n{\"c", 19);
    assert_int_equal(l.borrowed, 2);
    feed(&s, &l, "\":3}\n", 5);
    assert_int_equal(l.borrowed, 2);
    expect(&s, &l, "[{\"a\":1}][{\"b\":2}][{\"c\":3}]", NDJSON_OK, "pieces");
    ndjson_free(&s);
    buf_free(&l.out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_whole_lines_are_not_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

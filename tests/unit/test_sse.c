/* test_sse.c - the examples of the HTML standard, section 9.2, and every way to cut them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "base/xalloc.h"
#include "proto/sse.h"

#define S(lit) STR(lit)

struct log {
    struct buf out; /* one line per event: [type|data|id] */
    int left;       /* stop after so many events, -1 never */
    size_t fed;     /* bytes fed when the last event came */
    size_t last_at;
    const char *lo, *hi; /* the fed piece */
    unsigned borrowed;   /* events whose data lies in it */
};

static int on_event(void *arg, const struct sse_ev *ev)
{
    struct log *l = arg;
    buf_addc(&l->out, '[');
    buf_adds(&l->out, ev->type);
    buf_addc(&l->out, '|');
    buf_adds(&l->out, ev->data);
    buf_addc(&l->out, '|');
    buf_adds(&l->out, ev->id);
    buf_addz(&l->out, "]");
    l->last_at = l->fed;
    if (ev->data.p >= l->lo && ev->data.p < l->hi)
        l->borrowed++;
    return l->left > 0 && --l->left == 0;
}

/* Feed a piece from memory of exactly its length, freed right afterwards: what the parser keeps must be its own. */
static enum sse_rc feed(struct sse *s, struct log *l, const char *p, size_t n)
{
    char *copy = xmalloc(n ? n : 1);
    if (n)
        memcpy(copy, p, n);
    l->lo = copy;
    l->hi = copy + n;
    enum sse_rc rc = sse_feed(s, copy, n);
    memset(copy, '#', n ? n : 1);
    free(copy);
    return rc;
}

static void expect(const struct log *l, const char *want, const char *how)
{
    struct str got = buf_str(&l->out);
    if (!str_eqz(got, want))
        fail_msg("%s: got \"%.*s\", want \"%s\"", how, (int)got.n, got.p ? got.p : "", want);
}

/* Whole, in every two pieces, and byte by byte: always the same events. */
static void check_n(struct str text, const char *want, size_t max, enum sse_rc want_rc)
{
    struct log l = {.out = BUF_INIT(1 << 20), .left = -1};
    struct sse s;
    sse_init(&s, max, on_event, &l);
    for (size_t cut = 0; cut <= text.n; cut++) {
        sse_reset(&s);
        buf_clear(&l.out);
        enum sse_rc rc = feed(&s, &l, text.p, cut);
        if (rc == SSE_OK)
            rc = feed(&s, &l, text.p + cut, text.n - cut);
        assert_int_equal(rc, want_rc);
        expect(&l, want, "two pieces");
    }
    sse_reset(&s);
    buf_clear(&l.out);
    enum sse_rc rc = SSE_OK;
    for (size_t i = 0; i < text.n && rc == SSE_OK; i++)
        rc = feed(&s, &l, text.p + i, 1);
    assert_int_equal(rc, want_rc);
    expect(&l, want, "byte by byte");
    sse_free(&s);
    buf_free(&l.out);
}

static void check(struct str text, const char *want)
{
    check_n(text, want, 4096, SSE_OK);
    /* The same with each of the other two line ends. */
    for (int cr_only = 0; cr_only < 2; cr_only++) {
        struct buf b = BUF_INIT(1 << 16);
        for (size_t i = 0; i < text.n; i++) {
            if (text.p[i] != '\n')
                buf_addc(&b, text.p[i]);
            else
                buf_addz(&b, cr_only ? "\r" : "\r\n");
        }
        if (str_chr(text, '\r') < 0)
            check_n(buf_str(&b), want, 4096, SSE_OK);
        buf_free(&b);
    }
}

static void test_standard_examples(void **state)
{
    check(S("data: This is the first message.\n\n"
            "data: This is the second message, it\ndata: has two lines.\n\n"
            "data: This is the third message.\n\n"),
          "[|This is the first message.|][|This is the second message, it\nhas two lines.|][|This is the third "
          "message.|]");
    check(S("event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\nevent: add\ndata: 113411\n\n"),
          "[add|73857293|][remove|2153|][add|113411|]");
    check(S("data: YHOO\ndata: +2\ndata: 10\n\n"), "[|YHOO\n+2\n10|]");
    check(S(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event"),
          "[|first event|1][|second event|]");
    check(S(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"),
          "[|first event|1][|second event|][| third event|]");
    check(S("data\n\ndata\ndata\n\ndata:"), "[||][|\n|]");
    check(S("data:test\n\ndata: test\n\n"), "[|test|][|test|]");
}

static void test_fields(void **state)
{
    check(S("event: x\n\ndata: a\n\n"), "[|a|]"); /* an event without data takes its type along */
    check(S("event: x\nevent: y\ndata: a\n\n"), "[y|a|]");
    check(S("data: a\nevent\n\n"), "[|a|]");
    check(S("id: 7\n\ndata: a\n\nid: 8\ndata: b\n\ndata: c\n\n"), "[|a|7][|b|8][|c|8]");
    check(S("Data: no\nDATA: no\n data: no\ndata : no\nfoo: no\ndatax: no\nfoo\n\n"), "");
    check(S("data: a\nfoo: bar\n:comment\nx\n\n"), "[|a|]");
    check(S("data: a:b: c\n\n"), "[|a:b: c|]");
    check(S("data:\tt\n\n"), "[|\tt|]");
    check(S("\n\n\ndata: a\n\n\n\n\ndata: b\n\n"), "[|a|][|b|]");
    check(S("data:\ndata:\ndata:\n\n"), "[|\n\n|]");
    check(S("data\ndata: x\n\n"), "[|\nx|]");
    check(S("dat\n\nd: 1\n\n::\n\n"), "");
    check(S(""), "");
    check(S("data: never finished\n"), "");
}

static void test_line_ends_mixed(void **state)
{
    check(S("data: a\r\ndata: b\rdata: c\n\r\ndata: d\r\rdata: e\n\n"), "[|a\nb\nc|][|d|][|e|]");
    /* CR LF CR LF is two ends of line, LF CR too, CR CR LF too. */
    check(S("data: a\r\n\r\ndata: b\n\rdata: c\r\r\ndata: d\n\r\n"), "[|a|][|b|][|c|][|d|]");
    check(S("data: a\r\n\ndata: b\r\n\r"), "[|a|][|b|]");
}

static void test_bytes(void **state)
{
    check(S("\xEF\xBB\xBF"
            "data: a\n\n"),
          "[|a|]");
    check(S("\xEF\xBB\xBF\xEF\xBB\xBF"
            "data: a\n\ndata: b\n\n"),
          "[|b|]"); /* one BOM only: the second is part of a field's name */
    check(S("data: a\n\n\xEF\xBB\xBF"
            "data: b\n\ndata: c\n\n"),
          "[|a|][|c|]"); /* and only at the beginning */
    check(S("\xEF\xBB"
            "data: a\n\ndata: b\n\n"),
          "[|b|]");
    check(S("\xEF\n\ndata: b\n\n"), "[|b|]");
    check(S("data: \xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\n\n"), "[|\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80|]");
    /* An id with a NUL is ignored, a NUL elsewhere is a byte like others. */
    check(S("id: 1\ndata: a\n\nid: 2\0003\ndata: b\n\n"), "[|a|1][|b|1]");
    struct log l = {.out = BUF_INIT(1000), .left = -1};
    struct sse s;
    sse_init(&s, 100, on_event, &l);
    assert_int_equal(feed(&s, &l, "data: x\0y\n\n", 11), SSE_OK);
    assert_true(str_eq(buf_str(&l.out), S("[|x\0y|]")));
    sse_free(&s);
    buf_free(&l.out);
}

static void on_comment(void *arg, struct str text)
{
    struct log *l = arg;
    buf_addc(&l->out, '<');
    buf_adds(&l->out, text);
    buf_addc(&l->out, '>');
}

static void test_comments_given(void **state)
{
    static const char text[] = ":\n: one\r\n:  two = 2\rdata: x\n:three\n\n";
    for (size_t at = 0; at < sizeof text; at++) {
        struct log l = {.out = BUF_INIT(1000), .left = -1};
        struct sse s;
        sse_init(&s, 1000, on_event, &l);
        s.comment = on_comment;
        feed(&s, &l, text, at);
        feed(&s, &l, text + at, sizeof text - 1 - MIN(at, sizeof text - 1));
        expect(&l, "<><one>< two = 2><three>[|x|]", "comments");
        sse_free(&s);
        buf_free(&l.out);
    }
}

static void test_retry_and_comments(void **state)
{
    static const struct {
        const char *text;
        int64_t retry;
    } cases[] = {{"retry: 3000\n", 3000},     {"retry:0\n", 0}, {"retry: -1\n", -1},
                 {"retry: 3s\n", -1},         {"retry\n", -1},  {"retry:  7\n", -1},
                 {"retry: 1\nretry: x\n", 1}, {"retry: 5", -1}, {"retry: 00012\n", 12}};
    struct log l = {.out = BUF_INIT(1000), .left = -1};
    struct sse s;
    sse_init(&s, 100, on_event, &l);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        sse_reset(&s);
        feed(&s, &l, cases[i].text, strlen(cases[i].text));
        assert_int_equal(s.retry_ms, cases[i].retry);
    }
    sse_reset(&s);
    const char huge[] = "retry: 99999999999999999999999999999999\n";
    feed(&s, &l, huge, sizeof huge - 1);
    assert_true(s.retry_ms > INT64_MAX / 2);
    sse_reset(&s);
    feed(&s, &l, ": ping\n\n:\n: x\ndata: a\n\n", 22);
    assert_int_equal(s.comments, 3);
    sse_free(&s);
    buf_free(&l.out);
}

/* The event comes with the first byte of the blank line's end, not later. */
static void test_no_waiting(void **state)
{
    static const struct {
        const char *text;
        size_t at; /* bytes needed */
    } cases[] = {{"data: a\n\n", 9}, {"data: a\r\n\r\n", 10}, {"data: a\r\r", 9}, {"data: a\r\n\n", 10}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct log l = {.out = BUF_INIT(1000), .left = -1};
        struct sse s;
        sse_init(&s, 100, on_event, &l);
        for (size_t k = 0; cases[i].text[k]; k++) {
            l.fed = k + 1;
            feed(&s, &l, cases[i].text + k, 1);
        }
        assert_int_equal(l.last_at, cases[i].at);
        expect(&l, "[|a|]", cases[i].text);
        sse_free(&s);
        buf_free(&l.out);
    }
}

static void test_borrowing(void **state)
{
    struct log l = {.out = BUF_INIT(1000), .left = -1};
    struct sse s;
    sse_init(&s, 100, on_event, &l);
    const char text[] = "data: one\n\nid: 4\ndata: two\n\ndata: three\ndata: lines\n\n";
    feed(&s, &l, text, sizeof text - 1);
    assert_int_equal(l.borrowed, 2);
    assert_int_equal(s.line.cap, 0);
    sse_free(&s);
    buf_free(&l.out);
}

static void test_ceiling(void **state)
{
    check_n(S("data: 3456789\n\n"), "[|3456789|]", 13, SSE_OK);
    check_n(S("data: ok\n\ndata: 34567890\n\n"), "[|ok|]", 13, SSE_E_TOOBIG); /* a line */
}

static void test_ceiling_of_joined_data(void **state)
{
    check_n(S("data: ok\n\ndata: 1234\ndata: 1234\ndata: 56\n\n"), "[|ok|][|1234\n1234\n56|]", 12, SSE_OK);
    check_n(S("data: ok\n\ndata: 1234\ndata: 1234\ndata: 567\n\n"), "[|ok|]", 12, SSE_E_TOOBIG);
    check_n(S("data: ok\n\n: a comment too long\ndata: 1\n\n"), "[|ok|]", 12, SSE_E_TOOBIG);
}

static void test_stop(void **state)
{
    struct log l = {.out = BUF_INIT(1000), .left = 2};
    struct sse s;
    sse_init(&s, 100, on_event, &l);
    assert_int_equal(feed(&s, &l, "data: a\n\ndata: b\n\ndata: c\n\n", 27), SSE_E_STOPPED);
    expect(&l, "[|a|][|b|]", "stopped");
    assert_int_equal(feed(&s, &l, "data: d\n\n", 9), SSE_E_STOPPED); /* until reset */
    expect(&l, "[|a|][|b|]", "still stopped");
    sse_reset(&s);
    l.left = -1;
    assert_int_equal(feed(&s, &l, "data: e\n\n", 9), SSE_OK);
    expect(&l, "[|a|][|b|][|e|]", "again");
    sse_free(&s);
    buf_free(&l.out);
}

/* Reset forgets everything: half a line, half an event, a pending LF, an id. */
static void test_reset(void **state)
{
    static const char *const before[] = {"data: ha",   "data: half\n", "id: 3\n\n",
                                         "event: x\n", "data: a\r",    "\xEF\xBB"};
    for (size_t i = 0; i < ARRAY_LEN(before); i++) {
        struct log l = {.out = BUF_INIT(1000), .left = -1};
        struct sse s;
        sse_init(&s, 100, on_event, &l);
        feed(&s, &l, before[i], strlen(before[i]));
        sse_reset(&s);
        feed(&s, &l, "\ndata: new\n\n", 12);
        expect(&l, "[|new|]", before[i]);
        sse_free(&s);
        buf_free(&l.out);
    }
}

static int on_large(void *arg, const struct sse_ev *ev)
{
    *(size_t *)arg += ev->data.n;
    return 0;
}

/* Processor time, in s, of one event of n bytes that comes byte by byte. */
static double drip(size_t n)
{
    struct sse s;
    size_t got = 0;
    clock_t begin = clock();
    sse_init(&s, n + 10, on_large, &got);
    assert_int_equal(sse_feed(&s, "data: ", 6), SSE_OK);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(sse_feed(&s, "x", 1), SSE_OK);
    assert_int_equal(sse_feed(&s, "\n\n", 2), SSE_OK);
    assert_int_equal(got, n);
    sse_free(&s);
    return (double)(clock() - begin) / CLOCKS_PER_SEC;
}

/* 40 times the bytes cost about 40 times as much; with a search from the line's beginning each time it were 1,600. */
static void test_drip_is_linear(void **state)
{
    double one = MAX(drip(100000), 0.001);
    assert_true(drip(4000000) < 300 * one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_standard_examples),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_line_ends_mixed),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_retry_and_comments),
        cmocka_unit_test(test_comments_given),
        cmocka_unit_test(test_no_waiting),
        cmocka_unit_test(test_borrowing),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_ceiling_of_joined_data),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_drip_is_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compat/async_targets.h"

static void lines_and_hosts(void **state)
{
    (void)state;
    struct async_targets t;
    struct err e = {0};
    struct str text = STR("\n  http://localhost:5000/tokenizer?output_tokens=3 \r\n\t\nhttps://b.example\n"
                          "http://LOCALHOST:5000?x=1\nhttp://c.example:80/p#part");
    assert_int_equal(async_targets_read(&t, text, "f", &e), 0);
    assert_int_equal(t.n, 4);
    assert_int_equal(t.n_hosts, 3);
    assert_true(str_eqz(t.host[0], "http://localhost:5000"));
    assert_true(str_eqz(t.host[1], "https://b.example"));
    assert_true(str_eqz(t.v[0].path, "/tokenizer?output_tokens=3"));
    struct buf b = BUF_INIT(1 << 20);
    async_targets_draw(&t, 1, 200, &b);
    assert_non_null(strstr(b.p, "GET http://localhost:5000/tokenizer?output_tokens=3\n"));
    assert_non_null(strstr(b.p, "GET https://b.example/\n"));
    assert_non_null(strstr(b.p, "GET http://LOCALHOST:5000/?x=1\n"));
    assert_non_null(strstr(b.p, "GET http://c.example:80/p#part\n"));
    buf_free(&b);
    async_targets_free(&t);
}

static void refused(const char *text, const char *says)
{
    struct async_targets t;
    struct err e = {0};
    assert_int_equal(async_targets_read(&t, str_of(text), "f", &e), -1);
    assert_int_equal(e.code, ERR_DATA);
    if (!strstr(e.text, says))
        fail_msg("\"%s\" is not in \"%s\"", says, e.text);
    async_targets_free(&t);
}

static void mistakes_name_their_line(void **state)
{
    (void)state;
    refused("", "f: has no URL");
    refused(" \n\t\r\n", "f: has no URL");
    refused("http://a/\n\nlocalhost:5000/x", "f:3: \"localhost:5000/x\" is not an http or https URL");
    refused("ftp://a/", "f:1: ");
    refused("http://a/b c", "f:1: ");
    refused("http://a/\xc3\xa9", "percent-encoded");
    refused("http://:80/", "f:1: ");
    refused("http://a:99999/", "f:1: ");
    char many[65 * 24], *p = many;
    for (int i = 0; i < 65; i++)
        p += snprintf(p, 24, "http://h%d.example/\n", i);
    refused(many, "f:65: names more than 64 different hosts");
}

/* Which of the five lines each of n draws took. */
static void places(uint64_t seed, unsigned char *at, size_t n)
{
    struct async_targets t;
    struct buf b = BUF_INIT(1 << 20);
    assert_int_equal(
        async_targets_read(&t, STR("http://a/0\nhttp://a/1\nhttp://a/2\nhttp://a/3\nhttp://a/4"), "f", NULL), 0);
    async_targets_draw(&t, seed, n, &b);
    struct str_split it = {.rest = buf_str(&b), .sep = '\n'};
    struct str line;
    for (size_t i = 0; i < n; i++) {
        assert_true(str_next(&it, &line));
        at[i] = (unsigned char)(line.p[line.n - 1] - '0');
    }
    buf_free(&b);
    async_targets_free(&t);
}

/* Chi squared with 4 degrees of freedom for single draws, 24 for pairs of neighbours: beyond 1 in 10^4 by tables. */
static void each_draw_is_even_and_on_its_own(void **state)
{
    (void)state;
    enum { N = 20000 };
    static unsigned char at[N], again[N], other[N];
    double one[5] = {0}, two[25] = {0}, x1 = 0, x2 = 0;
    places(7, at, N);
    for (size_t i = 0; i < N; i++) {
        one[at[i]]++;
        if (i % 2)
            two[at[i - 1] * 5 + at[i]]++;
    }
    for (size_t i = 0; i < 5; i++)
        x1 += (one[i] - N / 5.0) * (one[i] - N / 5.0) / (N / 5.0);
    for (size_t i = 0; i < 25; i++)
        x2 += (two[i] - N / 50.0) * (two[i] - N / 50.0) / (N / 50.0);
    assert_true(x1 < 23.5 && x2 < 58.6);
    places(7, again, N);
    places(8, other, N);
    assert_memory_equal(at, again, N);
    assert_memory_not_equal(at, other, N);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lines_and_hosts), cmocka_unit_test(mistakes_name_their_line),
                                       cmocka_unit_test(each_draw_is_even_and_on_its_own)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

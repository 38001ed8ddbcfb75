#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <unistd.h>

#include "base/file.h"
#include "compat/compat_rows.h"

static const char lines[] =
    "{\"type\":\"run\",\"schema\":\"weir.records/1\",\"version\":\"1\",\"epoch_unix\":5000}\n"
    "{\"type\":\"metric\",\"metric\":0,\"name\":\"X-T\"}\n"
    "{\"type\":\"level\",\"level\":0}\n"
    "{\"type\":\"request\",\"outcome\":\"unsent\",\"index\":0}\n"
    "{\"type\":\"request\",\"outcome\":\"http_503\",\"status\":503,\"index\":2,\"start\":30,\"end\":40,\"detail\":"
    "\"b\\u0075sy\"}\n"
    "{\"type\":\"request\",\"outcome\":\"ok\",\"index\":1,\"start\":10,\"first_token\":15,\"end\":25,\"tokens_out\":3,"
    "\"token_source\":\"usage\",\"metrics\":{\"X-T\":12.5},\"dt\":[0,4,3],\"len\":[1,1,1],"
    "\"prompt\":\"h\\u00e9\",\"answer\":\"a\\nb\"}\n";

static void read_them(struct compat_rows *r, unsigned what)
{
    char path[] = "/tmp/weir-test-rows-XXXXXX";
    struct err e = {0};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, lines, sizeof lines - 1), 0);
    close(fd);
    int rc = compat_rows_read(r, path, what, &e);
    unlink(path);
    if (rc < 0)
        fail_msg("%s", e.text);
}

static void test_rows(void **state)
{
    struct compat_rows r;
    read_them(&r, COMPAT_TEXTS | COMPAT_EVENTS);
    assert_int_equal(r.n, 3);
    assert_int_equal(r.epoch_unix, 5000);
    assert_int_equal(r.v[0].start, 10);
    assert_int_equal(r.v[0].tokens_out, 3);
    assert_int_equal(r.v[0].source, TOKENS_USAGE);
    assert_true(r.v[0].metric[0] == 12.5 && isnan(r.v[0].metric[1]));
    assert_int_equal(r.v[0].n_events, 3);
    assert_int_equal(r.v[0].events[0], 15);
    assert_int_equal(r.v[0].events[2], 22);
    assert_string_equal(r.v[0].prompt, "h\xc3\xa9");
    assert_string_equal(r.v[0].answer, "a\nb");
    assert_int_equal(r.v[1].status, 503);
    assert_string_equal(r.v[1].detail, "busy");
    assert_true(isnan(r.v[1].metric[0]) && !r.v[1].prompt);
    assert_false(r.v[2].sent);
    compat_rows_free(&r);
    read_them(&r, 0);
    assert_null(r.v[0].answer);
    assert_null(r.v[0].events);
    compat_rows_free(&r);
}

/* Of ten values 1 ... 10, by hand from each program's formula. */
static void test_quantiles(void **state)
{
    double v[] = {10, 9, 8, 7, 6, 5, 4, 3, 2, 1};
    compat_sort(v, 10);
    assert_true(v[0] == 1 && v[9] == 10);
    assert_true(compat_quantile(v, 10, 50, COMPAT_Q_FLOOR) == 6);     /* v[5] */
    assert_true(compat_quantile(v, 10, 95, COMPAT_Q_FLOOR) == 10);    /* v[9] */
    assert_true(compat_quantile(v, 10, 100, COMPAT_Q_FLOOR) == 10);   /* v[10] would be beyond */
    assert_true(compat_quantile(v, 10, 50, COMPAT_Q_HALF_EVEN) == 5); /* 4.5 to the even 4 */
    assert_true(compat_quantile(v, 8, 50, COMPAT_Q_HALF_EVEN) == 5);  /* 3.5 to the even 4 */
    assert_true(compat_quantile(v, 10, 95, COMPAT_Q_HALF_EVEN) == 10);
    assert_true(compat_quantile(v, 10, 50, COMPAT_Q_LINEAR) == 5.5);
    assert_true(compat_quantile(v, 1, 99, COMPAT_Q_LINEAR) == 1);
    assert_true(isnan(compat_quantile(v, 0, 50, COMPAT_Q_FLOOR)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_quantiles)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <unistd.h>

#include "sim/sim_truth.h"

#include "base/file.h"
#include "base/jdoc.h"

static char path[] = "/tmp/weir-truth-XXXXXX";

static struct truth_rec *record(uint64_t n, size_t tokens)
{
    struct truth_rec *r = truth_rec_new();
    snprintf(r->id, sizeof(r->id), "id\"%llu", (unsigned long long)n);
    snprintf(r->method, sizeof(r->method), "POST");
    r->path = "/v1/x";
    r->n = n;
    r->status = 200;
    r->recv = 1000;
    r->end = INT64_MAX;
    for (size_t i = 0; i < tokens; i++)
        truth_token(r, (int64_t)(n * 1000 + i));
    r->output_tokens = tokens;
    return r;
}

static size_t lines_of(struct str text, struct str *v, size_t max)
{
    struct str_split it = {.rest = text, .sep = '\n'};
    struct str s;
    size_t n = 0;
    while (str_next(&it, &s))
        if (s.n > 0 && n < max)
            v[n++] = s;
    return n;
}

static void test_lines(void **state)
{
    struct err e = {0};
    struct buf b = BUF_INIT(64 << 20);
    static struct str lines[1000];
    struct truth *t = truth_open(path, &e);
    assert_non_null(t);
    for (uint64_t i = 1; i <= 500; i++) {
        struct truth_rec *r = record(i, i % 70);
        if (i == 2)
            snprintf(r->fault, sizeof(r->fault), "reset");
        truth_put(t, r);
    }
    assert_int_equal(truth_close(&t, &e), 0);
    assert_null(t);
    assert_int_equal(file_read(&b, path, &e), 0);
    assert_int_equal(lines_of(buf_str(&b), lines, 1000), 500);
    for (uint64_t i = 1; i <= 500; i++) {
        struct jdoc *d = jdoc_parse(lines[i - 1], "truth", &e);
        assert_non_null(d);
        jnode *root = jdoc_root(d), *tokens = jn_get(root, "tokens");
        assert_int_equal(jn_i64(jn_get(root, "n"), 0), i); /* in the order of putting */
        assert_int_equal(jn_len(tokens), i % 70);
        for (size_t k = 0; k < i % 70; k++)
            assert_int_equal(jn_i64(jn_at(tokens, k), 0), i * 1000 + k);
        assert_int_equal(jn_i64(jn_get(root, "end"), 0), INT64_MAX);
        if (i == 2)
            assert_true(str_eqz(jn_str(jn_get(root, "fault"), NULL), "reset"));
        else
            assert_true(jn_is_null(jn_get(root, "fault")));
        assert_int_equal(jn_str(jn_get(root, "id"), "").p[2], '"');
        jdoc_free(&d);
    }
    buf_free(&b);
}

/* What was put is in the file within a second, though nothing more happens. */
static void test_flushed_when_idle(void **state)
{
    struct err e = {0};
    struct buf b = BUF_INIT(1 << 20);
    struct truth *t = truth_open(path, &e);
    assert_non_null(t);
    truth_put(t, record(1, 3));
    for (int i = 0; i < 100 && b.n == 0; i++) {
        usleep(10000);
        file_read(&b, path, &e);
    }
    assert_true(b.n > 0 && b.p[b.n - 1] == '\n');
    truth_close(&t, &e);
    buf_free(&b);
}

static void *put_many(void *arg)
{
    for (uint64_t i = 0; i < 2000; i++)
        truth_put(arg, record(i + 1, 1));
    return NULL;
}

static void test_many_threads(void **state)
{
    struct err e = {0};
    struct buf b = BUF_INIT(64 << 20);
    static struct str lines[10000];
    pthread_t th[4];
    struct truth *t = truth_open(path, &e);
    for (int i = 0; i < 4; i++)
        pthread_create(&th[i], NULL, put_many, t);
    for (int i = 0; i < 4; i++)
        pthread_join(th[i], NULL);
    assert_int_equal(truth_close(&t, &e), 0);
    file_read(&b, path, &e);
    assert_int_equal(lines_of(buf_str(&b), lines, 10000), 8000);
    buf_free(&b);
}

static void test_errors(void **state)
{
    struct err e = {0};
    assert_null(truth_open("/nonexistent/dir/truth", &e));
    assert_non_null(strstr(e.text, "/nonexistent/dir/truth"));
    if (access("/dev/full", W_OK) != 0)
        return;
    struct truth *t = truth_open("/dev/full", &e);
    assert_non_null(t);
    truth_put(t, record(1, 1));
    assert_int_equal(truth_close(&t, &e), -1);
    assert_non_null(strstr(e.text, "not complete"));
    assert_int_equal(truth_close(&t, &e), 0); /* none */
}

static int setup(void **state)
{
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_flushed_when_idle),
        cmocka_unit_test(test_many_threads),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

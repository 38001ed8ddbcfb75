#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/jdoc.h"
#include "campaign/campaign_private.h"

static void the_first_twenty_of_each_kind(void **state)
{
    (void)state;
    char dir[] = "/tmp/weir-errlog-XXXXXX", path[64];
    struct error_log l = {.fd = -1};
    struct err e = {0};
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/errors.jsonl", dir);
    assert_int_equal(errlog_open(&l, path, &e), 0);
    struct rec_text *t = calloc(1, sizeof *t + 64);
    memcpy(t->bytes, "PAnswerA: 1\nbody\"\xff", 18);
    t->n_prompt = 1;
    t->n_answer = 6;
    t->n_headers = 5;
    t->n_body = 6;
    for (uint64_t i = 0; i < 50; i++) {
        struct record r = {
            .outcome = OUT_HTTP, .status = i % 2 ? 500 : 429, .index = i, .level = 3, .request_id = "id-7"};
        r.text = t;
        errlog_add(&l, &r);
        struct record fine = {.outcome = i % 2 ? OUT_OK : OUT_UNSENT};
        errlog_add(&l, &fine);
    }
    struct record lost = {.outcome = OUT_RESET, .detail = STR("gone")};
    errlog_add(&l, &lost);
    assert_int_equal(errlog_close(&l, &e), 0);
    assert_int_equal(errlog_close(&l, &e), 0); /* again: nothing */

    struct buf b = BUF_INIT(1u << 20);
    assert_int_equal(file_read(&b, path, &e), 0);
    struct str_split it = {.rest = buf_str(&b), .sep = '\n'};
    struct str line;
    int n500 = 0, n429 = 0, reset = 0;
    while (str_next(&it, &line) && line.n) {
        struct jdoc *d = jdoc_parse(line, "line", &e);
        assert_non_null(d);
        jnode *root = jdoc_root(d);
        struct str kind = jn_str(jn_get(root, "kind"), "");
        n500 += str_eqz(kind, "http_500");
        n429 += str_eqz(kind, "http_429");
        reset += str_eqz(kind, "reset");
        if (str_eqz(kind, "reset")) {
            assert_true(str_eqz(jn_str(jn_get(root, "detail"), ""), "gone"));
            assert_true(jn_is_null(jn_get(root, "body")));
        } else {
            assert_true(str_eqz(jn_str(jn_get(root, "headers"), ""), "A: 1\n"));
            assert_true(str_eqz(jn_str(jn_get(root, "body"), ""), "body\"\xef\xbf\xbd")); /* bytes that are no UTF-8 */
            assert_true(str_eqz(jn_str(jn_get(root, "request_id"), ""), "id-7"));
            assert_int_equal(jn_i64(jn_get(root, "level"), -1), 3);
        }
        jdoc_free(&d);
    }
    assert_int_equal(n500, 20);
    assert_int_equal(n429, 20);
    assert_int_equal(reset, 1);
    assert_int_equal(errlog_open(&l, path, &e), -1); /* never over what is there */
    buf_free(&b);
    free(t);
    unlink(path);
    rmdir(dir);
}

static void a_full_disk_is_told_once(void **state)
{
    (void)state;
    struct error_log l = {.fd = open("/dev/full", O_WRONLY)};
    struct err e = {0};
    if (l.fd < 0)
        skip();
    struct record r = {.outcome = OUT_RESET};
    errlog_add(&l, &r);
    errlog_add(&l, &r);
    assert_int_equal(errlog_close(&l, &e), -1);
    assert_int_equal(e.code, ERR_IO);
    assert_non_null(strstr(e.text, "errors.jsonl"));
}

static void each_endpoint_has_its_own_twenty(void **state)
{
    (void)state;
    char dir[] = "/tmp/weir-errlog-XXXXXX", path[64];
    struct error_log l = {.fd = -1};
    struct err e = {0};
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/errors.jsonl", dir);
    assert_int_equal(errlog_open(&l, path, &e), 0);
    for (uint64_t i = 0; i < 90; i++) {
        struct record r = {.outcome = OUT_REFUSED, .endpoint = i % 3, .index = i};
        errlog_add(&l, &r);
    }
    assert_int_equal(errlog_close(&l, &e), 0);
    struct buf b = BUF_INIT(1u << 20);
    assert_int_equal(file_read(&b, path, &e), 0);
    struct str_split it = {.rest = buf_str(&b), .sep = '\n'};
    struct str line;
    int n[3] = {0};
    while (str_next(&it, &line) && line.n) {
        struct jdoc *d = jdoc_parse(line, "line", &e);
        assert_non_null(d);
        int64_t k = jn_i64(jn_get(jdoc_root(d), "endpoint"), 0); /* the first is not written */
        assert_int_equal(jn_i64(jn_get(jdoc_root(d), "index"), -1) % 3, k);
        n[k]++;
        jdoc_free(&d);
    }
    for (int k = 0; k < 3; k++)
        assert_int_equal(n[k], 20);
    buf_free(&b);
    unlink(path);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_twenty_of_each_kind),
        cmocka_unit_test(each_endpoint_has_its_own_twenty),
        cmocka_unit_test(a_full_disk_is_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

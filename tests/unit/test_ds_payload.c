#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "ds_show.h"

static void body_is(const struct dataset *ds, size_t i, const char *where, const char *body, const char *type)
{
    const struct plan_sample *s = dataset_at(ds, i);
    assert_int_equal(s->n_msgs, 0);
    assert_true(str_ends(s->where, str_of(where)));
    assert_true(str_eqz(s->extra->body, body));
    assert_true(str_eqz(s->extra->type, type));
    assert_int_equal(s->extra->method.n, 0);
}

static void each_line_is_a_body(void **state)
{
    (void)state;
    struct err e = {0};
    struct dataset *ds = dataset_load_text(STR("{\"a\": 1}\r\n\n not json \n[]"), "p", "payload", &e);
    assert_non_null(ds);
    assert_int_equal(dataset_n(ds), 3);
    body_is(ds, 0, "p:1", "{\"a\": 1}", "application/json");
    body_is(ds, 1, "p:3", " not json ", "text/plain; charset=utf-8");
    body_is(ds, 2, "p:4", "[]", "application/json");
    assert_int_equal(dataset_get_stats(ds)->skipped, 1);
    assert_int_equal(dataset_get_stats(ds)->text_bytes, 8 + 10 + 2);
    dataset_free(&ds);
    ds = dataset_load_text(STR("{}\n"), "p", "payload", &e); /* what follows the last line feed is no line */
    assert_int_equal(dataset_get_stats(ds)->skipped, 0);
    dataset_free(&ds);
}

static void each_file_of_a_folder_is_a_body(void **state)
{
    (void)state;
    char dir[] = "/tmp/weir-payload-XXXXXX", path[64], digest[2][65];
    static const struct {
        const char *name, *text;
    } files[] = {
        {"b.txt", "two\nlines\n"}, {"a.json", "{\"x\":\"\xc3\xa9\"}\n"}, {"c", "\xff"}, {".no", "{}"}, {"d", " \n"}};
    assert_non_null(mkdtemp(dir));
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        snprintf(path, sizeof path, "%s/%s", dir, files[i].name);
        assert_int_equal(file_write(path, str_of(files[i].text), NULL), 0);
    }
    snprintf(path, sizeof path, "%s/folder", dir);
    mkdir(path, 0700);
    struct err e = {0};
    for (int turn = 0; turn < 2; turn++) {
        struct dataset *ds = dataset_load(dir, turn ? "payload" : NULL, &e);
        if (!ds)
            fail_msg("%s", e.text);
        assert_int_equal(dataset_n(ds), 3);
        body_is(ds, 0, "/a.json", "{\"x\":\"\xc3\xa9\"}\n", "application/json");
        body_is(ds, 1, "/b.txt", "two\nlines\n", "text/plain; charset=utf-8");
        body_is(ds, 2, "/c", "\xff", "application/octet-stream");
        assert_int_equal(dataset_get_stats(ds)->skipped, 1);
        assert_string_equal(dataset_get_stats(ds)->format, "payload");
        snprintf(digest[turn], 65, "%s", dataset_get_stats(ds)->sha256);
        dataset_free(&ds);
        snprintf(path, sizeof path, "%s/c", dir); /* what a replay must notice */
        if (turn == 0)
            assert_int_equal(file_write(path, STR("\xff"), NULL), 0);
    }
    assert_string_equal(digest[0], digest[1]);
    assert_null(dataset_load(dir, "messages", &e));
    assert_non_null(strstr(e.text, "is a folder, which only the format payload reads"));
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        snprintf(path, sizeof path, "%s/%s", dir, files[i].name);
        unlink(path);
    }
    e = (struct err){0};
    assert_null(dataset_load(dir, NULL, &e));
    assert_int_equal(e.code, ERR_DATA);
    assert_non_null(strstr(e.text, "the dataset is empty"));
    snprintf(path, sizeof path, "%s/folder", dir);
    rmdir(path);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_is_a_body),
        cmocka_unit_test(each_file_of_a_folder_is_a_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

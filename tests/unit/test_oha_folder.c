#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/xalloc.h"
#include "compat/oha_folder.h"

#define FILE_TEXT                                                                                                      \
    "{\"summary\":{\"total\":10},\"latencyPercentiles\":{\"p50\":0.5},\"statusCodeDistribution\":{\"200\":%d}}"

static char folder[] = "/tmp/weir-oha-folder-XXXXXX";

static void put(const char *name, const char *text)
{
    struct err e = {0};
    char *path = xasprintf("%s/%s", folder, name);
    assert_int_equal(file_write(path, str_of(text), &e), 0);
    free(path);
}

static void drop(const char *name)
{
    char *path = xasprintf("%s/%s", folder, name);
    assert_int_equal(unlink(path), 0);
    free(path);
}

static void count(void *arg, const char *name, const struct err *why)
{
    assert_string_equal(name, "c9.json");
    assert_int_not_equal(why->code, ERR_NONE);
    (*(int *)arg)++;
}

static void names(void **state)
{
    (void)state;
    assert_int_equal(oha_concurrency_of("c24.json"), 24);
    assert_int_equal(oha_concurrency_of("c007.json"), 7);
    static const char *const none[] = {"c.json",       "c24.jsonl", "x24.json", "c-1.json",
                                       "cluster.json", "c0.json",   "24.json",  ""};
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        assert_int_equal(oha_concurrency_of(none[i]), 0);
}

static void in_order(void **state)
{
    struct oha_folder o = {0};
    struct err e = {0};
    int bad = 0;
    char *text;
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(oha_folder_read(&o, folder, false, count, &bad, &e), 0);
    assert_int_equal(o.n, 0);
    oha_folder_free(&o);
    static const char *const all[] = {"c12.json", "c6.json", "c100.json"};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        text = xasprintf(FILE_TEXT, (int)(10 * i + 10));
        put(all[i], text);
        free(text);
    }
    put("c9.json", "{");
    put("other.json", "{}");
    assert_int_equal(oha_folder_read(&o, folder, false, count, &bad, &e), 0);
    assert_int_equal(bad, 1);
    assert_int_equal(o.n, 3);
    assert_true(o.v[0].concurrency == 6 && o.v[1].concurrency == 12 && o.v[2].concurrency == 100);
    assert_true(o.v[0].f.rps == 2 && o.v[1].f.rps == 1 && o.v[2].f.rps == 3);
    assert_string_equal(o.v[2].name, "c100.json");
    oha_folder_free(&o);
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        drop(all[i]);
    drop("c9.json");
    drop("other.json");
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(oha_folder_read(&o, folder, false, count, &bad, &e), -1);
    oha_folder_free(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(in_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

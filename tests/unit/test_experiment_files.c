#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/xalloc.h"
#include "cli/experiment_parts.h"

/* R is the folder: "R/a" -> its path. */
static char *in(const char *root, const char *path)
{
    return path[0] == 'R' ? xasprintf("%s%s", root, path + 1) : xstrdup(path);
}

static void links(void **state)
{
    static const struct {
        const char *from, *to, *relative, *link;
    } all[] = {
        {"R", "R/f", "f", "f"},
        {"R", "R/a/f g", "a/f g", "a/f%20g"},
        {"R/a", "R/f", "../f", "../f"},
        {"R/a", "R/a/f g", "f g", "f%20g"},
        {"R/a", "R/ab/f", "../ab/f", "../ab/f"},
        {"R/ab", "R/a/f g", "../a/f g", "../a/f%20g"},
        {"R/a/deep/er", "R/ab/f", "../../../ab/f", "../../../ab/f"},
        {"R/a", "R/a/../ab/./f", "../ab/f", "../ab/f"},
        {"R", "R/nothing", NULL, NULL},
    };
    char place[] = "/tmp/weir-links-XXXXXX";
    struct err e = {0};
    (void)state;
    assert_non_null(mkdtemp(place));
    char *root = realpath(place, NULL), *deep = xasprintf("%s/a/deep/er", place), *ab = xasprintf("%s/ab", place);
    assert_int_equal(dir_make(deep, &e), 0);
    assert_int_equal(dir_make(ab, &e), 0);
    static const char *const files[] = {"f", "a/f g", "ab/f"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char *path = xasprintf("%s/%s", place, files[i]);
        assert_int_equal(file_write(path, STR("x"), &e), 0);
        free(path);
    }
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        char *from = in(root, all[i].from), *to = in(root, all[i].to);
        char *relative = xp_relative(from, to), *link = xp_link(from, to);
        if (!all[i].relative) {
            assert_true(!relative && !link);
        } else {
            assert_string_equal(relative, all[i].relative);
            assert_string_equal(link, all[i].link);
        }
        free(from);
        free(to);
        free(relative);
        free(link);
    }
    static const char *const made[] = {"f", "a/f g", "ab/f", "a/deep/er", "a/deep", "a", "ab", ""};
    for (size_t i = 0; i < ARRAY_LEN(made); i++) {
        char *path = xasprintf("%s/%s", place, made[i]);
        assert_int_equal(remove(path), 0);
        free(path);
    }
    char *top = xp_relative("/", "/tmp");
    assert_string_equal(top, "tmp");
    free(top);
    free(root);
    free(deep);
    free(ab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(links)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_ds_text.c - one prompt per line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ds_show.h"

static void test_lines(void **state)
{
    ds_expect("first prompt\n\n  \t\r\nsecond \"quoted\" \\ one\r\n  third\tspaced  \nlast", "p.txt", "text",
              "[p.txt:1 words 2] user=first prompt;\n"
              "[p.txt:4 words 4] user=second \\\"quoted\\\" \\\\ one;\n"
              "[p.txt:5 words 2] user=  third\\tspaced  ;\n"
              "[p.txt:6 words 1] user=last;\n");
    ds_expect("caf\xC3\xA9 \x01\n", "p.txt", "text", "[p.txt:1 words 2] user=caf\xC3\xA9 \\u0001;\n");
    ds_expect("{\"messages\": []}\n", "p.txt", "text", "[p.txt:1 words 2] user={\\\"messages\\\": []};\n");
}

static void test_bad(void **state)
{
    ds_refused("", "p.txt", "text", "p.txt: the dataset is empty; it needs at least one entry");
    ds_refused("\n \n", "p.txt", "text", "p.txt: the dataset is empty; it needs at least one entry");
    ds_refused("fine\ncaf\xE9\n", "p.txt", "text",
               "p.txt:2: byte 0xe9 is not UTF-8; convert the file, for example with iconv");
    struct err e = {0};
    assert_null(dataset_load_text(STR("a\nb\0c\n"), "p.txt", "text", &e));
    assert_string_equal(e.text, "p.txt:2: a NUL byte; this is not a text file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

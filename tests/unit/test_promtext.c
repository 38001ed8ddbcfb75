#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/promtext.h"

/* The escapes of "Exposition formats", Comments, help text, and type information. */
static void labels_and_heads(void **state)
{
    struct buf b = BUF_INIT(4096);
    (void)state;
    prom_put_head(&b, "a_total", "counter", "What it counts.");
    assert_string_equal(b.p, "# HELP a_total What it counts.\n# TYPE a_total counter\n");
    buf_clear(&b);
    prom_put_label(&b, "path", "C:\\DIR \"x\"\n");
    assert_string_equal(b.p, "path=\"C:\\\\DIR \\\"x\\\"\\n\"");
    buf_clear(&b);
    prom_put_label(&b, "empty", "");
    assert_string_equal(b.p, "empty=\"\"");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(labels_and_heads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What a word of --metrics-url stands for. The rest of scraping.c: tests/cli/metrics.sh and tests/e2e/test_metrics.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "campaign/scraping.h"

static void test_url(void **state)
{
    static const char *const cases[][2] = {
        {"gpu", "http://gpu/metrics"},
        {"gpu:9400", "http://gpu:9400/metrics"},
        {"[::1]:9400", "http://[::1]:9400/metrics"},
        {"https://gpu", "https://gpu/metrics"},
        {"http://u:p@gpu:1", "http://u:p@gpu:1/metrics"},
        {"gpu/", "http://gpu/"},
        {"gpu/prometheus/metrics", "http://gpu/prometheus/metrics"},
        {"http://gpu/federate?match[]=x", "http://gpu/federate?match[]=x"},
        {"gpu?x=1", "http://gpu?x=1"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *url = scraping_url(cases[i][0]);
        assert_string_equal(url, cases[i][1]);
        free(url);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_url)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_crc32.c - the check value of CRC-32/ISO-HDLC, and those of AWS's own empty message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/crc32.h"

static void test_check_values(void **state)
{
    assert_int_equal(crc32_of("123456789", 9), 0xCBF43926u);
    assert_int_equal(crc32_of("", 0), 0);
    assert_int_equal(crc32_of("\0\0\0\x10\0\0\0\0", 8), 0x05C248EBu);
    assert_int_equal(crc32_of("\0\0\0\x10\0\0\0\0\x05\xC2\x48\xEB", 12), 0x7D98C8FFu);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_check_values)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

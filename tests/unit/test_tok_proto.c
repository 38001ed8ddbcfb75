/* test_tok_proto.c - the wire format: examples of protobuf.dev/programming-guides/encoding, and messages cut short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tok/tok_proto.h"

static void test_fields(void **state)
{
    struct proto m;
    struct proto_field f;
    /* 1: 150; 2: "testing"; 3: {1: 150}; 4: 1.5 as 32 bits; 5: 64 bits */
    proto_init(
        &m,
        STR("\x08\x96\x01\x12\x07testing\x1a\x03\x08\x96\x01\x25\x00\x00\xc0\x3f\x29\x01\x00\x00\x00\x00\x00\x00\x80"));
    assert_true(proto_next(&m, &f));
    assert_int_equal(f.number, 1);
    assert_int_equal(f.wire, PROTO_VARINT);
    assert_int_equal(f.value, 150);
    assert_true(proto_next(&m, &f));
    assert_int_equal(f.number, 2);
    assert_true(str_eqz(f.bytes, "testing"));
    assert_true(proto_next(&m, &f));
    struct proto inner;
    proto_init(&inner, f.bytes);
    assert_true(proto_next(&inner, &f));
    assert_int_equal(f.value, 150);
    assert_false(proto_next(&inner, &f));
    assert_false(inner.bad);
    assert_true(proto_next(&m, &f));
    assert_true(proto_float(&f) == 1.5F);
    assert_true(proto_next(&m, &f));
    assert_true(f.value == 0x8000000000000001ULL);
    assert_false(proto_next(&m, &f));
    assert_false(m.bad);
}

static void bad(struct str bytes)
{
    struct proto m;
    struct proto_field f;
    proto_init(&m, bytes);
    while (proto_next(&m, &f))
        ;
    assert_true(m.bad);
}

static void test_bad(void **state)
{
    bad(STR("\x08"));                                         /* no value */
    bad(STR("\x08\x96"));                                     /* a varint that goes on */
    bad(STR("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02")); /* more than 64 bits */
    bad(STR("\x12\x07test"));                                 /* shorter than it says */
    bad(STR("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
            "a"));
    bad(STR("\x25\x00\x00\x00"));
    bad(STR("\x29\x00"));
    bad(STR("\x0b"));     /* a group */
    bad(STR("\x00\x00")); /* field 0 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_dsx_inspect.c - counts of small datasets, reckoned by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/jdoc.h"
#include "load/dsx_inspect.h"

static struct dataset *read_text(const char *text, const char *format)
{
    struct err e = {0};
    struct dataset *ds = dataset_load_text(str_of(text), "t", format, &e);
    if (!ds)
        fail_msg("%s", e.text);
    return ds;
}

static void test_sizes_and_roles(void **state)
{
    struct dataset *ds =
        read_text("{\"messages\":[{\"role\":\"system\",\"content\":\"be brief\"},{\"role\":\"user\",\"content\":\"one "
                  "two three\"}],"
                  "\"max_tokens\":10}\n"
                  "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"b\"},"
                  "{\"role\":\"user\",\"content\":\"c\"}]}\n",
                  "messages");
    struct dsx_inspect x;
    dsx_inspect(&x, ds, 16, NULL);
    assert_int_equal(x.roles[ROLE_SYSTEM], 1);
    assert_int_equal(x.roles[ROLE_USER], 3);
    assert_int_equal(x.roles[ROLE_ASSISTANT], 1);
    assert_int_equal(x.words.n, 2);
    assert_int_equal(x.words.min, 3);
    assert_int_equal(x.words.max, 5);
    assert_true(x.words.mean == 4 && x.words.p50 == 4);
    assert_int_equal(x.turns.max, 2);
    assert_int_equal(x.max_tokens.n, 1);
    assert_int_equal(x.max_tokens.min, 10);
    assert_int_equal(x.duplicates, 0);
    assert_int_equal(x.timed, 0);
    dsx_inspect_free(&x);
    dataset_free(&ds);
}

static void test_duplicates(void **state)
{
    struct dataset *ds = read_text("same\nother\nsame\nsame \nsame\n", "text");
    struct dsx_inspect x;
    dsx_inspect(&x, ds, 16, NULL);
    assert_int_equal(x.duplicates, 2); /* "same " differs */
    dsx_inspect_free(&x);
    dataset_free(&ds);
}

/* Blocks of two words. 1: a b c d, nothing known. 2: a b c e: one block. 3: a b c d e f: two blocks. 4: x b c d: none,
 * though blocks further behind are known. 5: a: no whole block. */
static void test_reuse_counts_whole_blocks_at_the_beginning(void **state)
{
    struct dataset *ds = read_text("a b c d\na b c e\na b c d e f\nx b c d\na\n", "text");
    struct dsx_inspect x;
    dsx_inspect(&x, ds, 2, NULL);
    assert_int_equal(x.all_words, 19);
    assert_int_equal(x.cached_words, 2 + 4);
    dsx_inspect_free(&x);
    dsx_inspect(&x, ds, 1, NULL);
    assert_int_equal(x.cached_words, 3 + 4 + 1);
    dsx_inspect_free(&x);
    dataset_free(&ds);
}

/* The same words in another role are another prompt. */
static void test_reuse_tells_roles_apart(void **state)
{
    struct dataset *ds = read_text("{\"messages\":[{\"role\":\"system\",\"content\":\"a b\"},"
                                   "{\"role\":\"user\",\"content\":\"c d\"}]}\n"
                                   "{\"messages\":[{\"role\":\"user\",\"content\":\"a b\"}]}\n"
                                   "{\"messages\":[{\"role\":\"system\",\"content\":\"a\\nb\"},"
                                   "{\"role\":\"user\",\"content\":\"c e\"}]}\n",
                                   "messages");
    struct dsx_inspect x;
    dsx_inspect(&x, ds, 2, NULL);
    assert_int_equal(x.cached_words, 2);
    dsx_inspect_free(&x);
    dataset_free(&ds);
}

static void test_trace_and_json(void **state)
{
    struct dataset *ds =
        read_text("{\"timestamp\": 0, \"input_length\": 600, \"output_length\": 5, \"hash_ids\": [1, 2]}\n"
                  "{\"timestamp\": 1500, \"input_length\": 700, \"output_length\": 7, \"hash_ids\": [1, 3]}\n"
                  "{\"timestamp\": 4000, \"input_length\": 512, \"output_length\": 9, \"hash_ids\": [1]}\n",
                  "mooncake");
    struct dsx_inspect x;
    struct buf b = BUF_INIT(1 << 20);
    dsx_inspect(&x, ds, 512, NULL);
    assert_int_equal(x.timed, 3);
    assert_true(fabs(x.span - 4) < 1e-9);
    assert_int_equal(x.all_words, 1812);
    assert_int_equal(x.cached_words, 1024);
    dsx_inspect_json(&x, "t\"race", &b);
    struct jdoc *d = jdoc_parse(buf_str(&b), "json", NULL);
    assert_non_null(d);
    assert_true(str_eqz(jn_str(jn_get(jdoc_root(d), "schema"), ""), "weir.dataset/1"));
    assert_true(jn_f64(jn_get(jdoc_root(d), "trace.rate"), 0) == 0.5);
    assert_int_equal(jn_i64(jn_get(jdoc_root(d), "input_tokens.max"), 0), 700);
    assert_true(fabs(jn_f64(jn_get(jdoc_root(d), "prefix_reuse.share"), 0) - 1024.0 / 1812) < 1e-6);
    buf_clear(&b);
    dsx_inspect_text(&x, "trace", &b);
    assert_non_null(strstr(b.p, "3 instants over 4.0 s, 0.5 requests/s"));
    jdoc_free(&d);
    buf_free(&b);
    dsx_inspect_free(&x);
    dataset_free(&ds);
}

/* The document escapes a name once. */
static void test_names_in_json(void **state)
{
    struct dataset *ds = read_text("{\"prompt\":\"a\",\"model\":\"org\\\\x\",\"class\":\"a \\u0022b\"}\n", "jsonl");
    struct dsx_inspect x;
    struct buf b = BUF_INIT(1 << 20);
    dsx_inspect(&x, ds, 512, NULL);
    dsx_inspect_json(&x, "names", &b);
    struct jdoc *d = jdoc_parse(buf_str(&b), "json", NULL);
    assert_non_null(d);
    assert_true(str_eqz(jn_str(jn_get(jn_at(jn_get(jdoc_root(d), "models"), 0), "name"), ""), "org\\x"));
    assert_true(str_eqz(jn_str(jn_get(jn_at(jn_get(jdoc_root(d), "classes"), 0), "name"), ""), "a \"b"));
    jdoc_free(&d);
    buf_free(&b);
    dsx_inspect_free(&x);
    dataset_free(&ds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_and_roles),
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_reuse_counts_whole_blocks_at_the_beginning),
        cmocka_unit_test(test_reuse_tells_roles_apart),
        cmocka_unit_test(test_trace_and_json),
        cmocka_unit_test(test_names_in_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_ds_each.c - entries one by one: bad ones are counted, and nothing of them stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "ds_show.h"

#define C(text) "{\"prompt_content\": \"\", \"cut_chat_history\": [{\"role\": \"user\", \"content\": \"" text "\"}]}"

static void expect_bad(const char *text, const char *name, size_t bad, const char *first, const char *want)
{
    struct dataset_opts o = {.skip_bad = true};
    struct err e = {0};
    struct buf b = BUF_INIT(1 << 20);
    struct dataset *ds = dataset_load_text_with(str_of(text), name, &o, &e);
    if (!ds)
        fail_msg("refused: %s", e.text);
    assert_int_equal(e.code, ERR_NONE);
    ds_show(ds, &b);
    assert_string_equal(b.p, want);
    assert_int_equal(dataset_get_stats(ds)->bad, bad);
    assert_string_equal(dataset_get_stats(ds)->first_bad, first);
    dataset_free(&ds);
    buf_free(&b);
}

static void test_elements(void **state)
{
    expect_bad(
        "[" C("a") ",\n7,\n{\"prompt_content\": \"p\", \"cut_chat_history\": [{\"role\": \"x\", \"content\": \"y\"},"
                   " [[{}]]]},\n" C("b") ", {\"prompt_content\": 4}]",
        "x.json", 3, "x.json:2: an entry is not an object; each conversation needs prompt_content and cut_chat_history",
        "[x.json:1 words 1] user=a;\n[x.json:4 words 1] user=b;\n");
    /* Where it is no JSON any more, there is no next entry to find. */
    struct dataset_opts o = {.skip_bad = true};
    ds_refused_with("[" C("a") ",\n {\"prompt_content\": }]", "x.json", &o, ERR_DATA,
                    "x.json:2: invalid JSON: expected a value");
}

static void test_lines(void **state)
{
    expect_bad("{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}\n"
               "{\"messages\": [{\"role\": \"user\", \"content\": \"b\"}, {]}\n"
               "{\"messages\": [{\"role\": \"user\", \"content\": \"c\"}, 1]}\n"
               "{\"messages\": [{\"role\": \"user\", \"content\": \"d\"}]}\n",
               "x.jsonl", 2, "x.jsonl:2: invalid JSON: expected a key in quotes",
               "[x.jsonl:1 words 1] user=a;\n[x.jsonl:4 words 1] user=d;\n");
}

/* The store gives back what a bad entry took, be it within a block, over several or in blocks of its own. */
static void test_nothing_stays(void **state)
{
    enum { ENTRIES = 400 };
    struct buf b = BUF_INIT(256 << 20);
    size_t kept = 0, bytes = 0;
    for (uint64_t i = 0; i < ENTRIES; i++) {
        bool bad = rng_below(1, RNG_TEST, i, 3) == 0;
        buf_addz(&b, "{\"messages\": [");
        for (uint64_t m = 0; m < 4; m++) {
            size_t n = rng_below(2, RNG_TEST, i * 4 + m, rng_below(3, RNG_TEST, i * 4 + m, 4) ? 9000 : 600000);
            buf_addf(&b, "%s{\"role\": \"user\", \"content\": \"", m ? ", " : "");
            memset(buf_room(&b, n), (int)('a' + (i * 4 + m) % 26), n);
            buf_wrote(&b, n);
            buf_addz(&b, "\"}");
            bytes += bad ? 0 : n;
        }
        buf_addz(&b, bad ? ", 0]}\n" : "]}\n");
        kept += !bad;
    }
    struct dataset_opts o = {.skip_bad = true};
    struct dataset *ds = dataset_load_text_with(buf_str(&b), "x.jsonl", &o, NULL);
    assert_non_null(ds);
    assert_int_equal(dataset_n(ds), kept);
    assert_int_equal(dataset_get_stats(ds)->bad, ENTRIES - kept);
    assert_int_equal(dataset_get_stats(ds)->text_bytes, bytes);
    size_t at = 0;
    for (uint64_t i = 0; i < ENTRIES; i++) {
        if (rng_below(1, RNG_TEST, i, 3) == 0)
            continue;
        const struct plan_sample *s = dataset_at(ds, at++);
        for (uint64_t m = 0; m < 4; m++)
            for (size_t k = 0; k < s->msgs[m].content.n; k++)
                assert_true(s->msgs[m].content.p[k] == (char)('a' + (i * 4 + m) % 26));
    }
    dataset_free(&ds);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elements),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_nothing_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

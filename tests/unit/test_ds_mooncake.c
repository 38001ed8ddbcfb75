/* test_ds_mooncake.c - traces of Mooncake: instants, lengths, and blocks of text that prompts share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ds_show.h"

#define GOOD(text, want) ds_expect(text, "m.jsonl", "mooncake", want)
#define BAD(text, says) ds_refused(text, "m.jsonl", "mooncake", says)

/* Words of a text, and how many of them two texts have in common at their beginning. */
static size_t common_words(struct str a, struct str b)
{
    size_t i = 0, words = 0;
    while (i < a.n && i < b.n && a.p[i] == b.p[i])
        words += a.p[i++] == ' ';
    return words + (i == a.n || i == b.n);
}

static void test_blocks(void **state)
{
    static const char text[] =
        "{\"timestamp\": 27482, \"input_length\": 1300, \"output_length\": 52, \"hash_ids\": [46, 47, 48]}\n"
        "{\"timestamp\": 30535, \"input_length\": 1100, \"output_length\": 26, \"hash_ids\": [46, 47, 2353]}\n"
        "{\"timestamp\": 29000, \"input_length\": 600, \"output_length\": 1, \"hash_ids\": [47]}\n"
        "{\"timestamp\": 31000, \"input_length\": 600, \"output_length\": 1}\n";
    struct dataset_opts o = {.seed = 7};
    struct err e = {0};
    struct dataset *ds = dataset_load_text_with(str_of(text), "m.jsonl", &o, &e);
    if (!ds)
        fail_msg("%s", e.text);
    assert_string_equal(dataset_get_stats(ds)->format, "mooncake");
    static const struct {
        int64_t at, in, out;
        const char *where;
    } want[] = {{0, 1300, 52, "m.jsonl:1"},
                {1518000000, 600, 1, "m.jsonl:3"},
                {3053000000, 1100, 26, "m.jsonl:2"},
                {3518000000, 600, 1, "m.jsonl:4"}};
    struct str prompt[4];
    for (size_t i = 0; i < 4; i++) {
        const struct plan_sample *s = dataset_at(ds, i);
        assert_int_equal(s->extra->at, want[i].at);
        assert_int_equal(s->extra->tokens_in, want[i].in);
        assert_int_equal(s->words, want[i].in);
        assert_int_equal(s->max_tokens, want[i].out);
        assert_true(str_eqz(s->where, want[i].where));
        prompt[i] = s->msgs[0].content;
    }
    assert_int_equal(common_words(prompt[0], prompt[2]),
                     1024); /* two blocks, and the third differs from its first word */
    assert_true(common_words(prompt[0], prompt[1]) < 3);
    assert_true(common_words(prompt[1], prompt[3]) < 3);
    /* The second block of the first prompt is the first of another. */
    size_t i = 0, words = 0;
    for (; words < 512; i++)
        words += prompt[0].p[i] == ' ';
    assert_int_equal(common_words(str_sub(prompt[0], i, prompt[0].n), prompt[1]), 512);
    dataset_free(&ds);
}

static void test_bad(void **state)
{
    BAD("{\"timestamp\": 1, \"input_length\": 2}", "m.jsonl:1: \"output_length\" is missing");
    BAD("{\"timestamp\": \"x\", \"input_length\": 2}", "m.jsonl:1: \"timestamp\" is not a whole number from 0 on");
    BAD("{\"timestamp\": 1, \"input_length\": -2}", "m.jsonl:1: \"input_length\" is not a whole number from 0 on");
    BAD("{\"timestamp\": 1, \"input_length\": 1.5}", "m.jsonl:1: \"input_length\" is not a whole number from 0 on");
    BAD("{\"timestamp\": 1, \"input_length\": 99999999, \"output_length\": 1}",
        "m.jsonl:1: a length above 16000000 or a timestamp beyond all years");
    BAD("{\"timestamp\": 9223372036854, \"input_length\": 1, \"output_length\": 1}",
        "m.jsonl:1: a length above 16000000 or a timestamp beyond all years");
    BAD("{\"hash_ids\": 3}", "m.jsonl:1: \"hash_ids\" is not an array of whole numbers");
    BAD("{\"timestamp\": 1, \"input_length\": 5, \"output_length\": 1, \"hash_ids\": [\"x\"]}",
        "m.jsonl:1: an id of \"hash_ids\" is not a whole number");
    BAD("[]", "m.jsonl:1: not a JSON object; each line of the trace needs its lengths");
    BAD("{\"timestamp\": 1,", "m.jsonl:1: invalid JSON: the line ends within the value; write each entry on one line");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

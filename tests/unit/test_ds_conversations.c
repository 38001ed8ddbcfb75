/* test_ds_conversations.c - the format of the first benchmark tool's document: its samples, its rules, its mistakes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ds_show.h"

#define GOOD(text, want) ds_expect(text, "c.json", "conversations", want)
#define BAD(text, says) ds_refused(text, "conversations.json", "conversations", says)

/* The document's minimal dataset and its sample that begins with the assistant. */
static void test_document(void **state)
{
    GOOD("[\n"
         "  {\n"
         "    \"prompt_content\": \"You are a helpful AI assistant.\",\n"
         "    \"cut_chat_history\": [\n"
         "      {\"role\": \"user\", \"content\": \"Hello\"}\n"
         "    ]\n"
         "  },\n"
         "  {\n"
         "    \"prompt_content\": \"You are a helpful AI assistant.\",\n"
         "    \"cut_chat_history\": [\n"
         "      {\"role\": \"user\", \"content\": \"Hi\"},\n"
         "      {\"role\": \"assistant\", \"content\": \"Hello! How can I help?\"},\n"
         "      {\"role\": \"user\", \"content\": \"What's the weather?\"}\n"
         "    ]\n"
         "  },\n"
         "  {\n"
         "    \"prompt_content\": \"You are a customer service agent. Be professional and helpful.\",\n"
         "    \"cut_chat_history\": [\n"
         "      {\"role\": \"assistant\", \"content\": \"Hello! How can I assist you today?\"},\n"
         "      {\"role\": \"user\", \"content\": \"It's ORD-12345\"}\n"
         "    ]\n"
         "  }\n"
         "]\n",
         "[c.json:2 words 7] system=You are a helpful AI assistant.; user=Hello;\n"
         "[c.json:8 words 15] system=You are a helpful AI assistant.; user=Hi; assistant=Hello! How can I help?; "
         "user=What's the weather?;\n"
         "[c.json:16 words 19] system=You are a customer service agent. Be professional and helpful.; assistant=Hello! "
         "How can I assist you today?; user=It's ORD-12345;\n");
}

static void test_rules(void **state)
{
    /* System turns and empty ones are left out; other fields and their values do not matter; an empty prompt is none.
     */
    GOOD("[{\"id\": [1, {\"role\": 3}], \"prompt_content\": \"\", \"cut_chat_history\": ["
         "{\"role\": \"system\", \"content\": \"no\"},"
         "{\"role\": \"user\", \"content\": \"yes\", \"isAssistantMessage\": false, \"turnXp\": 1.5, \"animation\": "
         "null},"
         "{\"role\": \"\", \"content\": \"no\"}, {\"role\": \"user\", \"content\": \"\"},"
         "{\"role\": null, \"content\": \"no\"}, {\"role\": \"user\", \"content\": null}]}]",
         "[c.json:1 words 1] user=yes;\n");
    /* The prompt comes first, wherever it stands; a prompt alone is a message. */
    GOOD("[{\"cut_chat_history\": [{\"content\": \"b c\", \"role\": \"user\"}], \"prompt_content\": \"a\"},"
         "{\"prompt_content\": \"alone\", \"cut_chat_history\": []}]",
         "[c.json:1 words 3] system=a; user=b c;\n[c.json:1 words 1] system=alone;\n");
    GOOD("[{\"prompt_content\": null, \"cut_chat_history\": [{\"role\": \"tool\", \"content\": \"x\"},"
         "{\"role\": \"developer\", \"content\": \"y\"}]}]",
         "[c.json:1 words 2] tool=x; developer=y;\n");
    /* Escapes stay as they are; names may be escaped too. */
    GOOD("[{\"prompt\\u005fcontent\": \"\", \"cut_chat_history\": [{\"ro\\u006ce\": \"us\\u0065r\", \"content\": "
         "\"say \\\"\\u00e9\\\"\\nnow\\\\ \xC3\xA9\"}]}]",
         "[c.json:1 words 4] user=say \\\"\\u00e9\\\"\\nnow\\\\ \xC3\xA9;\n");
}

static void test_counts(void **state)
{
    struct dataset *ds = dataset_load_text(
        STR("[{\"prompt_content\": \"a\", \"cut_chat_history\": [{\"role\": \"system\", \"content\": \"x\"},"
            "{\"role\": \"user\", \"content\": \"bcd\"}, {\"role\": \"user\", \"content\": \"\"}]},"
            "{\"prompt_content\": \"\", \"cut_chat_history\": [{\"role\": \"system\", \"content\": \"x\"}]},"
            "{\"prompt_content\": \"\", \"cut_chat_history\": []}]"),
        "c.json", NULL, NULL);
    assert_non_null(ds);
    const struct dataset_stats *st = dataset_get_stats(ds);
    assert_int_equal(st->samples, 1);
    assert_int_equal(st->messages, 2);
    assert_int_equal(st->skipped, 5); /* three turns, two entries */
    assert_int_equal(st->text_bytes, 4);
    assert_string_equal(st->format, "conversations");
    dataset_free(&ds);
}

#define TURN(turn) "[\n{\"prompt_content\": \"\", \"cut_chat_history\": [\n" turn "]}]"

static void test_bad_turns(void **state)
{
    BAD(TURN("{\"content\": \"x\"}"), "conversations.json:3: \"role\" is missing; each turn needs role and content");
    BAD(TURN("{\"role\": \"user\",\n\n \"text\": \"x\"}"),
        "conversations.json:3: \"content\" is missing; each turn needs role and content");
    BAD(TURN("{}"), "conversations.json:3: \"role\" is missing; each turn needs role and content");
    BAD(TURN("\"hello\""),
        "conversations.json:3: a turn of \"cut_chat_history\" is not an object; each turn needs role and content");
    BAD(TURN("{\"role\": 7, \"content\": \"x\"}"),
        "conversations.json:3: \"role\" is not a string; write its text in quotes");
    BAD(TURN("{\"role\": \"user\",\n\"content\": [\"x\"]}"),
        "conversations.json:4: \"content\" is not a string; write its text in quotes");
    BAD(TURN("{\"role\": \"human\", \"content\": \"x\"}"),
        "conversations.json:3: \"role\" is \"human\"; use user, assistant or system");
}

static void test_bad_entries(void **state)
{
    BAD("[\n{\"cut_chat_history\": []}]",
        "conversations.json:2: \"prompt_content\" is missing; each conversation needs "
        "prompt_content (\"\" for none) and cut_chat_history");
    BAD("[\n{\"prompt_content\": \"x\"}]", "conversations.json:2: \"cut_chat_history\" is missing; each conversation "
                                           "needs prompt_content and cut_chat_history");
    BAD("[{\"prompt_content\": 1, \"cut_chat_history\": []}]",
        "conversations.json:1: \"prompt_content\" is not a string; write its text in quotes");
    BAD("[{\"prompt_content\": \"\", \"cut_chat_history\": {}}]",
        "conversations.json:1: \"cut_chat_history\" is not an array of turns");
    BAD("[\n\n7]", "conversations.json:3: an entry is not an object; each conversation needs prompt_content and "
                   "cut_chat_history");
    BAD("\n{\"prompt_content\": \"x\", \"cut_chat_history\": []}",
        "conversations.json:2: the file is not a JSON array; put the conversations between [ and ]");
    BAD("[{\"prompt_content\": \"x\", \"cut_chat_history\": []}]\n[]",
        "conversations.json:2: something follows the array of conversations; put all between one [ and ]");
    BAD("[{\"prompt_content\": \"x\", \"cut_chat_history\": []}]\n,",
        "conversations.json:2: something follows the array of conversations; put all between one [ and ]");
    BAD("[]", "conversations.json: the dataset is empty; it needs at least one entry");
    BAD("", "conversations.json: the dataset is empty; it needs at least one entry");
    BAD(" \n", "conversations.json: the dataset is empty; it needs at least one entry");
    BAD("[{\"prompt_content\": \"\", \"cut_chat_history\": [{\"role\": \"system\", \"content\": \"x\"}]}]",
        "conversations.json: no entry gives a message to send (2 turns or entries skipped); each needs at least one "
        "message with content");
}

/* Cut off anywhere, the file is refused, with the line where it ends. */
static void test_cut_off(void **state)
{
    const char text[] = "[{\"prompt_content\": \"a\\n\", \"x\": true,\n\"cut_chat_history\": [{\"role\": \"user\",\n"
                        "\"content\": \"b\", \"n\": -1.5e3}]}]";
    size_t line = 1;
    for (size_t n = 1; n < sizeof text - 1; n++) {
        struct err e = {0};
        line += n > 1 && text[n - 1] == '\n';
        char want[60];
        snprintf(want, sizeof want, "f.json:%zu: invalid JSON: ", line);
        assert_null(dataset_load_text((struct str){text, n}, "f.json", "conversations", &e));
        if (strncmp(e.text, want, strlen(want)) != 0)
            fail_msg("cut at %zu: %s, expected %s", n, e.text, want);
    }
    BAD("[{\"prompt_content\": \"a\"", "conversations.json:1: invalid JSON: unexpected end; a quote or bracket is not "
                                       "closed, or the file was cut off");
    struct err e = {0};
    assert_null(dataset_load_text(STR("[{\"prompt_content\": \"a\",\n}]"), "f.json", NULL, &e));
    assert_int_equal(strncmp(e.text, "f.json:2: invalid JSON: ", 24), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_document),  cmocka_unit_test(test_rules),       cmocka_unit_test(test_counts),
        cmocka_unit_test(test_bad_turns), cmocka_unit_test(test_bad_entries), cmocka_unit_test(test_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_ds_messages.c - OpenAI messages, one JSON value per line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ds_show.h"

#define GOOD(text, want) ds_expect(text, "m.jsonl", "messages", want)
#define BAD(text, says) ds_refused(text, "m.jsonl", "messages", says)

static void test_lines(void **state)
{
    GOOD("{\"messages\": [{\"role\": \"user\", \"content\": \"one\"}]}\n"
         "\n  \r\n"
         "[{\"role\": \"system\", \"content\": \"two\\nx\"}, {\"content\": \"three four\", \"role\": \"user\"}]\r\n"
         "  {\"id\": 7, \"messages\": [{\"role\": \"developer\", \"content\": \"\"}], \"max_tokens\": 16, \"x\": [{}]} "
         " ",
         "[m.jsonl:1 words 1] user=one;\n"
         "[m.jsonl:4 words 4] system=two\\nx; user=three four;\n"
         "[m.jsonl:5 words 0 max 16] developer=;\n");
    GOOD("{\"max_tokens\": null, \"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}\n"
         "{\"messages\": []}\n"
         "[]\n"
         "{\"messages\": [{\"role\": \"user\", \"content\": \"b\"}], \"max_tokens\": 3.0}\n",
         "[m.jsonl:1 words 1] user=a;\n[m.jsonl:4 words 1 max 3] user=b;\n");
}

/* What is more than a role and a text is kept as it stands, byte for byte. */
static void test_raw(void **state)
{
    GOOD(
        "[{\"role\": \"user\",  \"content\": [{\"type\": \"text\", \"text\": \"two words\"}, {\"type\": \"image_url\", "
        "\"image_url\": {\"url\": \"data:, a b c\"}}, 3, {\"text\": 4}, {\"type\": \"text\", \"text\": \"x\\ny z\"}]}]",
        "[m.jsonl:1 words 5] user:{\"role\": \"user\",  \"content\": [{\"type\": \"text\", \"text\": \"two words\"}, "
        "{\"type\": \"image_url\", \"image_url\": {\"url\": \"data:, a b c\"}}, 3, {\"text\": 4}, {\"type\": \"text\", "
        "\"text\": \"x\\ny z\"}]};\n");
    GOOD("[{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c\"}]},"
         "{\"role\":\"assistant\",\"tool_calls\":[]},"
         "{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"it is 7\"}, {\"role\":\"user\",\"content\":null}]",
         "[m.jsonl:1 words 3] assistant:{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c\"}]}; "
         "assistant:{\"role\":\"assistant\",\"tool_calls\":[]}; "
         "tool:{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"it is 7\"}; "
         "user:{\"role\":\"user\",\"content\":null};\n");
}

static void test_bad(void **state)
{
    BAD("\n{\"messages\": [{\"content\": \"x\"}]}",
        "m.jsonl:2: \"role\" is missing; each message needs role and content");
    BAD("[{\"role\": \"user\"}]", "m.jsonl:1: \"content\" is missing; each message needs role and content");
    BAD("[{\"role\": \"human\", \"content\": \"x\"}]",
        "m.jsonl:1: \"role\" is \"human\"; use system, developer, user, assistant or tool");
    BAD("[{\"role\": 1, \"content\": \"x\"}]", "m.jsonl:1: \"role\" is not a string");
    BAD("[{\"role\": \"user\", \"content\": 5}]", "m.jsonl:1: \"content\" is neither a text nor an array of parts");
    BAD("[\"x\"]", "m.jsonl:1: a message is not an object; each needs role and content");
    BAD("{\"messages\": {}}", "m.jsonl:1: \"messages\" is not an array");
    BAD("{\"prompt\": \"x\"}", "m.jsonl:1: \"messages\" is missing; each line needs {\"messages\": [...]}");
    BAD("hello", "m.jsonl:1: not a JSON object or array; each line needs {\"messages\": [...]}");
    BAD("\"hello\"", "m.jsonl:1: not a JSON object or array; each line needs {\"messages\": [...]}");
    BAD("{\"messages\": [], \"max_tokens\": 0}", "m.jsonl:1: \"max_tokens\" is not a whole number above 0");
    BAD("{\"messages\": [], \"max_tokens\": \"9\"}", "m.jsonl:1: \"max_tokens\" is not a whole number above 0");
    BAD("{\"messages\": [], \"max_tokens\": 1.5}", "m.jsonl:1: \"max_tokens\" is not a whole number above 0");
    BAD("[]\n[] []", "m.jsonl:2: something follows the JSON value; write one value per line");
    BAD("[]\n[] x", "m.jsonl:2: something follows the JSON value; write one value per line");
    BAD("[\n{\"role\": \"user\", \"content\": \"x\"}\n]",
        "m.jsonl:1: invalid JSON: the line ends within the value; write each entry on one line");
    BAD("[]\n{\"messages\": [}", "m.jsonl:2: invalid JSON: expected a value");
    BAD("{\"messages\": []}\n", "m.jsonl: no entry gives a message to send (1 turn or entry skipped); each needs at "
                                "least one message with content");
    BAD("\n\n", "m.jsonl: the dataset is empty; it needs at least one entry");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_raw),
        cmocka_unit_test(test_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

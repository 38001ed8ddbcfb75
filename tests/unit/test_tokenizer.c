/* test_tokenizer.c - tokenizers by their names, and counts of prompts as datasets keep them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/file.h"
#include "base/xalloc.h"
#include "load/tokenizer.h"
#include "word_tokenizer.h"

static int setup(void **state)
{
    char *folder = xstrdup("/tmp/weir-test-tokenizer-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(dir_make("hub/models--org--name/snapshots/c0ffee", NULL), 0);
    assert_int_equal(dir_make("hub/models--org--name/refs", NULL), 0);
    assert_int_equal(file_write("hub/models--org--name/refs/main", STR("c0ffee"), NULL), 0);
    assert_int_equal(file_write("hub/models--org--name/snapshots/c0ffee/tokenizer.json", STR(WORD_TOKENIZER), NULL), 0);
    setenv("HF_HUB_CACHE", "hub", 1);
    setenv("HF_HUB_OFFLINE", "1", 1);
    *state = folder;
    return 0;
}

static int teardown(void **state)
{
    char *command = xasprintf("rm -r '%s'", (char *)*state);
    FILE *p = popen(command, "r");
    int rc = p ? pclose(p) : -1;
    free(command);
    free(*state);
    return rc;
}

static void opens(const char *name)
{
    struct err e = {0};
    char text[200], digest[65];
    struct tokenizer *t = tokenizer_open(name, false, &e);
    if (!t)
        fail_msg("%s", e.text);
    char *want = xasprintf("%s (tokenizer.json, WordLevel, 3 tokens)", name);
    assert_string_equal(tokenizer_text(t, text, sizeof text), want);
    sha256_hex(STR(WORD_TOKENIZER), digest);
    assert_string_equal(t->sha256, digest);
    tokenizer_free(&t);
    assert_null(t);
    free(want);
}

static void refuses(const char *name, const char *why)
{
    struct err e = {0};
    assert_null(tokenizer_open(name, false, &e));
    if (!strstr(e.text, why))
        fail_msg("%s", e.text);
    assert_true(e.code == ERR_USAGE || e.code == ERR_DATA);
}

static void test_names(void **state)
{
    opens("org/name");
    opens("org/name@c0ffee");
    opens("hub/models--org--name/snapshots/c0ffee");
    opens("hub/models--org--name/snapshots/c0ffee/tokenizer.json");
    assert_int_equal(dir_make("org/name", NULL), 0); /* what is here wins */
    assert_int_equal(file_write("org/name/tokenizer.json", STR("{}"), NULL), 0);
    refuses("org/name", "--tokenizer: org/name/tokenizer.json: ");
    refuses("a/b.json", "--tokenizer: a/b.json: there is no such file or folder");
    refuses("./none", "--tokenizer: ./none: there is no such file or folder");
    refuses("https://me:SECRET@example.com/tokenizer.json", "--tokenizer: this is a URL; give a model's id");
    refuses("org/other", "--tokenizer: org/other: the hub's cache hub has no tokenizer.json of it");
    refuses("other", "--tokenizer: there is no file or folder other here, and as a model's id: other: the hub's cache");
}

static void test_counts(void **state)
{
    struct tokenizer *t = tokenizer_open("org/name", false, NULL);
    assert_non_null(t);
    struct tok_coder *c = tok_coder_new(t->tok);
    struct buf b = BUF_INIT(10000);
    const struct plan_msg msgs[] = {
        {ROLE_SYSTEM, STR("how deep"), STR("")},
        {ROLE_USER, STR("is\\nthe weir\\u0020here"), STR("")},
        {ROLE_USER, STR(""),
         STR("{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"one two\"},{\"type\":"
             "\"image_url\",\"image_url\":{\"url\":\"a b c\"}},{\"text\":\"three\"},7]}")},
        {ROLE_ASSISTANT, STR(""), STR("{\"content\":\"four\\tfive\",\"tool_calls\":[{\"a\":\"b c\"}]}")},
        {ROLE_ASSISTANT, STR(""), STR("{\"content\":null,\"tool_calls\":[]}")},
        {ROLE_ASSISTANT, STR(""), STR("{\"tool_calls\":[]}")},
    };
    assert_int_equal(tokens_of_escaped(c, STR("a \\\"b\\\" c"), 0, &b), 3);
    assert_int_equal(tokens_of_escaped(c, STR("a \\\"b\\\" c"), TOK_SPECIALS, &b), 4);
    assert_int_equal(tokens_of_escaped(c, STR(""), 0, &b), 0);
    assert_int_equal(tokens_of_messages(c, msgs, 2, &b), 2 + 4);
    assert_int_equal(tokens_of_messages(c, msgs, 6, &b), 2 + 4 + 3 + 2);
    assert_int_equal(tokens_of_joined(c, msgs, 2, &b), 6 + 1);
    assert_int_equal(tokens_of_joined(c, msgs, 1, &b), 2 + 1);
    buf_free(&b);
    tok_coder_free(&c);
    tokenizer_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_counts, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_dataset.c - the store, the choice of the format, files, and what is built in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/jdoc.h"
#include "base/rng.h"
#include "base/xalloc.h"
#include "ds_show.h"

static void test_sniffing(void **state)
{
    static const char conv[] = "[\n {\"id\": 1, \"prompt_content\": \"a\", \"cut_chat_history\": []}]";
    static const char msgs[] = "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}\n";
    static const char bare[] = "[{\"role\": \"user\", \"content\": \"a\"}]\n";
    static const struct {
        const char *text, *name, *format;
    } cases[] = {
        {conv, "x.json", "conversations"},   {conv, "x", "conversations"}, {conv, "x.txt", "conversations"},
        {msgs, "x.jsonl", "messages"},       {msgs, "x", "messages"},      {msgs, "x.json", "messages"},
        {bare, "x.jsonl", "messages"},       {bare, "stdin", "messages"},  {bare, "x.json", "messages"},
        {"hello\n", "x.txt", "text"},        {"hello\n", "x", "text"},     {"[INST] hello\n", "x", "text"},
        {"{hello}\n[\"x\"]\n", "x", "text"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (int bom = 0; bom < 2; bom++) {
            struct buf b = BUF_INIT(10000);
            buf_addz(&b, bom ? "\xEF\xBB\xBF" : "");
            buf_addz(&b, cases[i].text);
            struct err e = {0};
            struct dataset *ds = dataset_load_text(buf_str(&b), cases[i].name, i % 2 ? NULL : "auto", &e);
            if (!ds)
                fail_msg("%zu: %s", i, e.text);
            assert_string_equal(dataset_get_stats(ds)->format, cases[i].format);
            assert_true(dataset_n(ds) >= 1);
            dataset_free(&ds);
            buf_free(&b);
        }
    }
    /* Broken beyond recognition, the extension decides whose error is shown. */
    struct err e = {0};
    assert_null(dataset_load_text(STR("{}"), "x.json", NULL, &e));
    assert_string_equal(e.text, "x.json:1: the file is not a JSON array; put the conversations between [ and ]");
    assert_null(dataset_load_text(STR("{}"), "x.jsonl", NULL, &e));
    assert_string_equal(e.text, "x.jsonl:1: \"messages\" is missing; each line needs {\"messages\": [...]}");
}

static void test_unknown_format(void **state)
{
    struct err e = {0};
    assert_null(dataset_load_text(STR("x"), "x", "yaml", &e));
    assert_int_equal(e.code, ERR_USAGE);
    assert_string_equal(e.text, "\"yaml\" is not a dataset format; use auto, conversations, sharegpt, ipex, "
                                "mooncake, azure, burstgpt, csv, messages, jsonl, targets, payload or text");
    size_t n = 0;
    for (const struct dataset_ops *const *f = dataset_formats(); *f; f++, n++) {
        assert_non_null(strstr(e.text, (*f)->name)); /* the sentence knows them all */
        assert_true(strlen((*f)->help) > 5);
    }
    assert_int_equal(n, 12);
}

/* The digest is that of the file with everything in it, as sha256sum prints it. */
static void test_digest(void **state)
{
    struct dataset *ds = dataset_load_text(STR("abc"), "x", "text", NULL);
    assert_string_equal(dataset_get_stats(ds)->sha256,
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    dataset_free(&ds);
    ds = dataset_load_text(STR("\xEF\xBB\xBF"
                               "abc\n"),
                           "x", "text", NULL);
    assert_string_equal(dataset_get_stats(ds)->sha256,
                        "9ef68ea681c2ef5c2d8033a631582afe66a6e128e656cf32c1c28c3b6962dc3f");
    dataset_free(&ds);
}

static void test_prompt(void **state)
{
    struct dataset *ds = dataset_of_prompt("Say \"hi\"\nto caf\xC3\xA9");
    struct buf b = BUF_INIT(1000);
    ds_show(ds, &b);
    assert_string_equal(b.p, "[--prompt words 4] user=Say \\\"hi\\\"\\nto caf\xC3\xA9;\n");
    assert_string_equal(dataset_get_stats(ds)->format, "prompt");
    assert_int_equal(strlen(dataset_get_stats(ds)->sha256), 64);
    assert_int_equal(dataset_at(ds, 0)->max_tokens, -1);
    dataset_free(&ds);
    ds = dataset_of_prompt("");
    assert_int_equal(dataset_n(ds), 1);
    dataset_free(&ds);
    buf_free(&b);
}

static void test_builtin(void **state)
{
    struct dataset *ds = dataset_builtin();
    assert_int_equal(dataset_n(ds), 8);
    uint32_t least = UINT32_MAX, most = 0;
    size_t messages = 0;
    for (size_t i = 0; i < dataset_n(ds); i++) {
        const struct plan_sample *s = dataset_at(ds, i);
        assert_int_equal(s->msgs[s->n_msgs - 1].role, ROLE_USER); /* there is something to answer */
        least = MIN(least, s->words);
        most = MAX(most, s->words);
        messages += s->n_msgs;
        for (uint32_t m = 0; m < s->n_msgs; m++) { /* each is a JSON string */
            struct buf b = BUF_INIT(1 << 16);
            buf_addz(&b, "[\"");
            buf_adds(&b, s->msgs[m].content);
            buf_addz(&b, "\"]");
            struct jdoc *d = jdoc_parse(buf_str(&b), "built-in", NULL);
            assert_non_null(d);
            jdoc_free(&d);
            buf_free(&b);
        }
    }
    assert_int_equal(messages, dataset_get_stats(ds)->messages);
    assert_true(least < 30 && most > 150); /* varied */
    assert_int_equal(strlen(dataset_get_stats(ds)->sha256), 64);
    assert_true(str_eqz(dataset_at(ds, 7)->where, "built-in:8"));
    dataset_free(&ds);
}

static char *temp_file(struct str text)
{
    char *path = xstrdup("/tmp/weir-test-dataset-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, text.p, text.n), 0);
    close(fd);
    return path;
}

/* A file of tens of megabytes, whose pages are given back while it is read: every text must be as it was written. */
static void test_big_file(void **state)
{
    enum { ENTRIES = 3000 };
    struct buf b = BUF_INIT(128 << 20);
    size_t kept = 0;
    buf_addc(&b, '[');
    for (uint64_t i = 0; i < ENTRIES; i++) {
        buf_addf(&b, "%s{\"prompt_content\": \"p%llu\", \"junk\": \"", i ? ",\n" : "\n", (unsigned long long)i);
        size_t junk = rng_below(1, RNG_TEST, i, 8000), text = rng_below(2, RNG_TEST, i, i % 100 ? 16000 : 700000);
        memset(buf_room(&b, junk), 'j', junk);
        buf_wrote(&b, junk);
        buf_addz(&b, "\", \"cut_chat_history\": [{\"role\": \"user\", \"content\": \"x");
        memset(buf_room(&b, text), (int)('a' + i % 26), text);
        buf_wrote(&b, text);
        buf_addz(&b, "\"}]}");
        kept += text + 1;
    }
    buf_addc(&b, ']');
    assert_false(b.failed);
    assert_true(b.n > (40 << 20));
    char *path = temp_file(buf_str(&b)), digest[65];
    sha256_hex(buf_str(&b), digest);
    buf_free(&b);
    struct err e = {0};
    struct dataset *ds = dataset_load(path, NULL, &e);
    unlink(path);
    if (!ds)
        fail_msg("%s", e.text);
    assert_int_equal(dataset_n(ds), ENTRIES);
    assert_string_equal(dataset_get_stats(ds)->sha256, digest); /* made piece by piece, behind the reader */
    for (uint64_t i = 0; i < ENTRIES; i++) {
        const struct plan_sample *s = dataset_at(ds, i);
        char want[300];
        assert_int_equal(s->n_msgs, 2);
        snprintf(want, sizeof want, "p%llu", (unsigned long long)i);
        assert_true(str_eqz(s->msgs[0].content, want));
        snprintf(want, sizeof want, "%.250s:%llu", path, (unsigned long long)i + 2);
        assert_true(str_eqz(s->where, want));
        struct str c = s->msgs[1].content;
        assert_true(c.p[0] == 'x');
        for (size_t k = 1; k < c.n; k++)
            if (c.p[k] != (char)('a' + i % 26))
                fail_msg("entry %llu byte %zu", (unsigned long long)i, k);
        kept -= c.n;
    }
    assert_int_equal(kept, 0);
    dataset_free(&ds);
    free(path);
}

/* The check of UTF-8 goes behind the reader; what it finds is said, even where the reader stumbled before. */
static void test_not_utf8(void **state)
{
    enum { LINES = 20000 };
    for (int where = 0; where < 3; where++) {
        struct buf b = BUF_INIT(8 << 20);
        struct err e = {0};
        int bad = where == 0 ? 1 : where == 1 ? LINES / 2 : LINES;
        for (int i = 1; i <= LINES; i++)
            buf_addf(&b, "{\"messages\": [{\"role\": \"user\", \"content\": \"r\xC3\xA9sum\xC3%s %d\"}]}\n",
                     i == bad ? "(" : "\xA9", i);
        assert_null(dataset_load_text(buf_str(&b), "x.jsonl", NULL, &e));
        char want[100];
        snprintf(want, sizeof want, "x.jsonl:%d: byte 0xc3 is not UTF-8; convert the file, for example with iconv",
                 bad);
        assert_string_equal(e.text, want);
        b.p[0] = '!'; /* no JSON, in the first line */
        assert_null(dataset_load_text(buf_str(&b), "x.jsonl", "messages", &e));
        assert_string_equal(e.text, want);
        buf_free(&b);
    }
}

static void test_no_file(void **state)
{
    struct err e = {0};
    assert_null(dataset_load("/nonexistent/weir.json", NULL, &e));
    assert_int_equal(e.code, ERR_IO);
    assert_non_null(strstr(e.text, "/nonexistent/weir.json"));
    assert_null(dataset_load("/tmp", "text", &e)); /* a folder has no lines */
    char *path = temp_file(STR(""));
    assert_null(dataset_load(path, NULL, &e));
    assert_non_null(strstr(e.text, "the dataset is empty"));
    unlink(path);
    free(path);
}

static void test_stdin(void **state)
{
    int pipes[2], keep = dup(0);
    struct err e = {0};
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(fd_write_all(pipes[1], "one\ntwo\n", 8), 0);
    close(pipes[1]);
    dup2(pipes[0], 0);
    close(pipes[0]);
    struct dataset *ds = dataset_load("-", NULL, &e);
    dup2(keep, 0);
    close(keep);
    assert_non_null(ds);
    assert_int_equal(dataset_n(ds), 2);
    assert_true(str_eqz(dataset_at(ds, 1)->where, "stdin:2"));
    dataset_free(&ds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sniffing), cmocka_unit_test(test_unknown_format), cmocka_unit_test(test_digest),
        cmocka_unit_test(test_prompt),   cmocka_unit_test(test_builtin),        cmocka_unit_test(test_big_file),
        cmocka_unit_test(test_not_utf8), cmocka_unit_test(test_no_file),        cmocka_unit_test(test_stdin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

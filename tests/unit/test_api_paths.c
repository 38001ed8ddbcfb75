#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/api_paths.h"

/* Texts found, each followed by "|"; "-" where the JSON is bad. */
static void finds(const char *paths, const char *json, const char *want)
{
    struct api_paths p = {0};
    struct api_event ev;
    struct buf b = BUF_INIT(1000);
    assert_int_equal(api_paths_add(&p, PATH_TEXT, "--json-text", paths, NULL), 0);
    buf_addz(&b, "");
    if (api_paths_find(&p, str_of(json), &ev) < 0)
        buf_addz(&b, "-");
    else
        for (unsigned i = 0; i < ev.n_texts; i++)
            buf_addf(&b, STR_FMT "|", STR_ARG(ev.text[i]));
    assert_string_equal(b.n ? b.p : "", want);
    buf_free(&b);
}

static void paths_lead_there(void **state)
{
    (void)state;
    /* The store of RFC 9535, 1.5, shortened. */
    static const char store[] =
        "{\"store\":{\"book\":[{\"title\":\"Sayings\",\"author\":\"Rees\"},{\"title\":\"Moby "
        "Dick\",\"author\":\"Melville\"}],\"bicycle\":{\"color\":\"red\"}},\"0\":\"zero\",\"a.b\":\"dot\"}";
    finds("$.store.book[0].title", store, "Sayings|");
    finds("store.book.1.author", store, "Melville|");
    finds("$.store.book[*].author", store, "Rees|Melville|");
    finds("store.*.color", store, "red|");
    finds("$['store']['bicycle'][\"color\"]", store, "red|");
    finds("$['a.b']", store, "dot|");
    finds("0", store, "zero|"); /* of an object, a name */
    finds("store.book.2.title", store, "");
    finds("store.book.title", store, "");
    finds("store.book.0", store, ""); /* no text */
    finds("store.book.0.title, store.book.1.title", store, "Sayings|Moby Dick|");
    finds("store", "{\"store\":\"x\"} y", "-");
    finds("a", "{\"a\":", "-");
    finds("a", "\"a\"", "");
    finds("a.b", "{\"a\":[{\"b\":\"1\"}],\"a\":{\"b\":\"2\"}}", "2|");
    finds("a,a.b", "{\"a\":{\"b\":\"in\"}}", "in|"); /* one path goes on where another ends */
    finds("a", "{\"a\":\"\\u00e9\\n\"}", "\\u00e9\\n|");
}

/* The examples of awscurl's documentation among them: Triton's outputs, OpenAI's deltas. */
static void filters(void **state)
{
    static const char triton[] = "{\"outputs\":[{\"name\":\"id\",\"data\":[7]},{\"name\":\"text_output\",\"data\":"
                                 "[\"x\"]},{\"n\":{\"k\":2.50},\"t\":\"two\"},{\"n\":{\"k\":true},\"t\":\"yes\"},"
                                 "{\"name\":\"a, b]\",\"t\":\"odd\"},{\"name\":\"\\u0061b\",\"t\":\"escaped\"}]}";
    (void)state;
    finds("$.outputs[?(@.name==\"text_output\")].data[0]", triton, "x|");
    finds("outputs[?(@.name=='text_output')].data", triton, "x|"); /* an array of strings is texts */
    finds("$.outputs[?@.name == 'text_output'].data[0]", triton, "x|");
    finds("$.outputs[?(@.n.k==2.5)].t", triton, "two|");
    finds("$.outputs[?(@.n.k==true)].t,$.outputs[?(@.n.k==false)].t", triton, "yes|");
    finds("$.outputs[?(@.name=='a, b]')].t", triton, "odd|");
    finds("$.outputs[?(@.name=='ab')].t", triton, "escaped|");
    finds("$.outputs[?(@.name=='ab')].t, $.outputs[2].t", triton, "two|escaped|");
    finds("$[?(@.a==null)].b", "[{\"a\":null,\"b\":\"1\"},{\"b\":\"2\"},3]", "1|");
    finds("$.a[?(@.b=='c')]", "{\"a\":{\"b\":\"c\"}}", ""); /* of arrays alone */
}

static void slashes(void **state)
{
    static const char chat[] = "{\"choices\":[{\"delta\":{\"content\":null}},{\"delta\":{}},{\"delta\":{\"content\":"
                               "\"a\"}},{\"delta\":{\"content\":\"b\"}}]}";
    (void)state;
    finds("choices/delta/content", chat, "a|");
    finds("/choices/delta/content,$.choices[3].delta.content", chat, "a|b|");
    finds("/a", "{\"a\":\"x\"}", "x|");
    finds("/a", "[[{\"b\":1}],[{\"a\":\"x\"}],{\"a\":\"y\"}]", "x|");
    finds("a/0", "{\"a\":[\"x\",{\"0\":\"y\"}]}", "y|"); /* names, no indices */
    finds("a/b", "{\"a\":{\"b\":[\"x\",1,\"y\"]}}", "x|y|");
    finds("$['a/b']", "{\"a/b\":\"x\"}", "x|");
    finds("a/b", "{\"a\":[{\"b\":", "-");
}

static void bad_paths_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "$",
                                      "a..b",
                                      "a[",
                                      "a[]",
                                      "a['x]",
                                      "a['x'b",
                                      "a.",
                                      "[0]x",
                                      "a,,b",
                                      "a//b",
                                      "/",
                                      "a/",
                                      "a[?(@.b)]",
                                      "a[?(@.b==c)]",
                                      "a[?(@.b=='c']",
                                      "a[?(@.b=='c')",
                                      "a[?(@.b=='c)]",
                                      "a[?(b=='c')]",
                                      "a[?@.b=='c')]",
                                      "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct api_paths p = {0};
        struct err e = {0};
        if (api_paths_add(&p, PATH_TEXT, "--json-text", bad[i], &e) == 0)
            fail_msg("accepted: %s", bad[i]);
        assert_int_equal(e.code, ERR_USAGE);
        assert_memory_equal(e.text, "--json-text: ", 13);
    }
    struct api_paths p = {0};
    assert_int_equal(api_paths_add(&p, PATH_TEXT, "x", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", NULL), 0);
    assert_int_equal(api_paths_add(&p, PATH_TEXT, "x", "17", NULL), -1);
}

static void counts_reasons_and_errors(void **state)
{
    (void)state;
    struct api_paths p = {0};
    struct api_event ev;
    assert_int_equal(api_paths_add(&p, PATH_TEXT, "", "t", NULL), 0);
    assert_int_equal(api_paths_add(&p, PATH_TOKENS, "", "u.out", NULL), 0);
    assert_int_equal(api_paths_add(&p, PATH_INPUT_TOKENS, "", "u.in", NULL), 0);
    assert_int_equal(api_paths_add(&p, PATH_FINISH, "", "f", NULL), 0);
    assert_int_equal(api_paths_add(&p, PATH_ERROR, "", "error", NULL), 0);
    static const struct {
        const char *json;
        unsigned flags;
        enum api_finish finish;
        int64_t in, out;
    } cases[] = {
        {"{}", 0, API_FIN_NONE, -1, -1},
        {"{\"t\":\"x\",\"u\":{\"out\":7,\"in\":3},\"f\":\"length\"}", API_CONTENT | API_USAGE | API_FINISH,
         API_FIN_LENGTH, 3, 7},
        {"{\"t\":\"\",\"u\":{\"out\":\"7\",\"in\":null},\"f\":\"\"}", 0, API_FIN_NONE, -1, -1},
        {"{\"t\":5,\"f\":true}", API_FINISH, API_FIN_STOP, -1, -1},
        {"{\"f\":false,\"error\":null}", 0, API_FIN_NONE, -1, -1},
        {"{\"f\":null,\"error\":{\"m\":1}}", API_ERROR, API_FIN_NONE, -1, -1},
        {"{\"f\":\"whatever\"}", API_FINISH, API_FIN_OTHER, -1, -1},
        {"{\"f\":3,\"u\":{\"in\":-2}}", API_FINISH, API_FIN_OTHER, -1, -1},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(api_paths_find(&p, str_of(cases[i].json), &ev), API_OK);
        if (ev.flags != cases[i].flags || ev.finish != cases[i].finish || ev.prompt_tokens != cases[i].in ||
            ev.completion_tokens != cases[i].out)
            fail_msg("%s: flags %u finish %d", cases[i].json, ev.flags, ev.finish);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_lead_there),
        cmocka_unit_test(filters),
        cmocka_unit_test(slashes),
        cmocka_unit_test(bad_paths_are_refused),
        cmocka_unit_test(counts_reasons_and_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

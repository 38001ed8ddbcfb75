/* test_awscurl_body.c - bodies and datasets. Multipart is held against RFC 7578's form written out by hand; encoding
 * against RFC 3986's characters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/xalloc.h"
#include "compat/awscurl_body.h"

static char dir[] = "/tmp/weir-awscurl-XXXXXX";

static void put(const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(file_write(path, str_of(text), NULL), 0);
}

/* Words with %s replaced by the folder. */
static int make(struct awscurl_bodies *b, struct awscurl_opts *o, struct err *e, const char *const *words)
{
    const char *argv[20] = {"awscurl", "http://h/"};
    char *own[20];
    int n = 2;
    for (; words[n - 2]; n++)
        argv[n] = own[n] = strstr(words[n - 2], "%s")
                               ? xasprintf("%.*s%s%s", (int)(strstr(words[n - 2], "%s") - words[n - 2]), words[n - 2],
                                           dir, strstr(words[n - 2], "%s") + 2)
                               : xstrdup(words[n - 2]);
    int rc = awscurl_opts_parse(o, n, argv, NULL, e);
    if (rc == 0)
        rc = awscurl_bodies_make(b, o, e);
    awscurl_opts_free(o);
    for (int i = 2; i < n; i++)
        free(own[i]);
    return rc;
}
#define MAKE(b, e, ...) make((b), &(struct awscurl_opts){0}, (e), (const char *const[]){__VA_ARGS__, NULL})

static void is(struct awscurl_bodies *b, size_t i, const char *want)
{
    struct str s = awscurl_body(b, i);
    assert_int_equal(s.n, strlen(want));
    assert_memory_equal(s.n ? s.p : "", want, s.n);
}

static void data(void **state)
{
    static const char urlencoded[] = "application/x-www-form-urlencoded; charset=ISO-8859-1";
    struct awscurl_bodies b;
    struct err e = {0};
    (void)state;
    put("data", "line 1\nline 2\n");
    assert_int_equal(MAKE(&b, &e, "-d", "a=1", "-d", "b=2", "--data-raw", "@c"), 0);
    assert_int_equal(b.n, 1);
    is(&b, 0, "a=1&b=2&@c");
    assert_string_equal(b.type, urlencoded);
    awscurl_bodies_free(&b);

    assert_int_equal(MAKE(&b, &e, "-d", "@%s/data", "-H", "content-type: application/json"), 0);
    is(&b, 0, "line 1\nline 2\n"); /* its line ends stay */
    assert_null(b.type);
    awscurl_bodies_free(&b);

    assert_int_equal(MAKE(&b, &e, "--data-urlencode", "n=a b&c d&=\xc3\xa9&z=~._-", "--data-urlencode", "f@%s/data"),
                     0);
    is(&b, 0, "n=a%20b&c%20d&%C3%A9&z=~._-&f=line%201%0Aline%202%0A");
    awscurl_bodies_free(&b);
    assert_int_equal(MAKE(&b, &e, "--data-urlencode", "@%s/data", "--data-urlencode", "g=@%s/data"), 0);
    is(&b, 0, "line%201%0Aline%202%0A&g=line%201%0Aline%202%0A");
    awscurl_bodies_free(&b);

    assert_int_equal(MAKE(&b, &e, "-G", "-d", "q=1", "--data-urlencode", "r=a&b"), 0);
    is(&b, 0, "");
    assert_string_equal(b.query.p, "q=1&r=a&b");
    assert_null(b.type);
    awscurl_bodies_free(&b);

    put("body.json", "{}");
    assert_int_equal(MAKE(&b, &e, "-T", "%s/body.json"), 0);
    is(&b, 0, "{}");
    assert_string_equal(b.type, "application/json");
    awscurl_bodies_free(&b);

    assert_int_equal(MAKE(&b, &e, "-k"), 0); /* nothing is sent */
    assert_int_equal(b.n, 1);
    is(&b, 0, "");
    assert_null(b.type);
    awscurl_bodies_free(&b);
}

/* With the boundary in place of every '|'. */
static void form_is(struct awscurl_bodies *b, const char *want)
{
    const char *boundary = strstr(b->type, "boundary=") + 9;
    struct buf all = BUF_INIT(10000);
    assert_memory_equal(b->type, "multipart/form-data; boundary=", 30);
    for (const char *p = want; *p; p++) {
        if (*p == '|')
            buf_addz(&all, boundary);
        else
            buf_addc(&all, *p);
    }
    is(b, 0, all.p);
    buf_free(&all);
}

static void forms(void **state)
{
    struct awscurl_bodies b;
    struct err e = {0};
    (void)state;
    put("a.json", "{\"x\":1}\n");
    assert_int_equal(MAKE(&b, &e, "-F", "text=hello;type=text/html", "-F", "file=@%s/a.json", "-F",
                          "other=@%s/a.json;type=x/y;filename=\"b;c\".bin", "--form-string", "raw=@no;type=z", "-F",
                          "in=<%s/a.json"),
                     -1); /* behind a quoted name comes ';' */
    assert_non_null(strstr(e.text, "behind ';' stands type=TYPE"));
    awscurl_bodies_free(&b);
    assert_int_equal(MAKE(&b, &e, "-F", "text=hello;type=text/html", "-F", "file=@%s/a.json", "-F",
                          "other=@%s/a.json;type=x/y;filename=\"b;c.bin\"", "--form-string", "raw=@no;type=z", "-F",
                          "in=<%s/a.json"),
                     0);
    form_is(&b, "--|\r\nContent-Disposition: form-data; name=\"text\"\r\nContent-Type: text/html\r\n\r\nhello\r\n"
                "--|\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.json\"\r\n"
                "Content-Type: application/json\r\n\r\n{\"x\":1}\n\r\n"
                "--|\r\nContent-Disposition: form-data; name=\"other\"; filename=\"b;c.bin\"\r\n"
                "Content-Type: x/y\r\n\r\n{\"x\":1}\n\r\n"
                "--|\r\nContent-Disposition: form-data; name=\"raw\"\r\n\r\n@no;type=z\r\n"
                "--|\r\nContent-Disposition: form-data; name=\"in\"\r\n\r\n{\"x\":1}\n\r\n"
                "--|--\r\n");
    awscurl_bodies_free(&b);
}

static void datasets(void **state)
{
    struct awscurl_bodies b;
    struct err e = {0};
    (void)state;
    put("lines", "{\"inputs\":\"a\"}\r\n\n{\"inputs\":\"b\"}");
    assert_int_equal(MAKE(&b, &e, "--dataset", "%s/lines"), 0);
    assert_int_equal(b.n, 2);
    is(&b, 0, "{\"inputs\":\"a\"}");
    is(&b, 1, "{\"inputs\":\"b\"}");
    assert_string_equal(b.type, "application/json");
    awscurl_bodies_free(&b);

    char folder[200];
    snprintf(folder, sizeof folder, "%s/prompts", dir);
    mkdir(folder, 0700);
    put("prompts/b.txt", "second\n");
    put("prompts/a.txt", "first\n");
    put("prompts/blank", " \n");
    put("prompts/.hidden", "no");
    assert_int_equal(MAKE(&b, &e, "--dataset", "%s/prompts"), 0);
    assert_int_equal(b.n, 2);
    is(&b, 0, "first\n");
    is(&b, 1, "second\n");
    assert_null(b.type);
    struct buf path = BUF_INIT(1000), read = BUF_INIT(1000);
    assert_int_equal(awscurl_bodies_write(&b, dir, &path, &e), 0); /* with line ends in them: a folder */
    buf_addz(&path, "/000000001");
    assert_int_equal(file_read(&read, path.p, &e), 0);
    assert_string_equal(read.p, "second\n");
    awscurl_bodies_free(&b);
    buf_free(&path);
    buf_free(&read);
}

/* As 0.3 of the study says: into `parameters`, or what it holds of that name; `stream` at the top. */
static void extra_parameters(void **state)
{
    static const struct {
        const char *entry, *extra, *want;
    } t[] = {
        {"{\"inputs\":\"a\"}", "{\"top_k\":25}", "{\"inputs\":\"a\",\"parameters\":{\"top_k\":25}}"},
        {"{\"inputs\":\"a\",\"parameters\":{\"top_k\":1,\"x\":2}}", "{\"top_k\":25}",
         "{\"inputs\":\"a\",\"parameters\":{\"top_k\":25,\"x\":2}}"},
        {"{\"inputs\":\"a\"}", "{\"parameters\":{\"y\":[1]},\"stream\":true}",
         "{\"inputs\":\"a\",\"parameters\":{\"y\":[1]},\"stream\":true}"},
        {"{\"stream\":false}", "{\"stream\":true,\"n\":\"\\\"\"}", "{\"stream\":true,\"parameters\":{\"n\":\"\\\"\"}}"},
    };
    struct awscurl_bodies b;
    struct err e = {0};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        put("one", t[i].entry);
        assert_int_equal(MAKE(&b, &e, "--dataset", "%s/one", "--extra-parameters", t[i].extra), 0);
        is(&b, 0, t[i].want);
        awscurl_bodies_free(&b);
    }
}

static void bad(void **state)
{
    static const struct {
        const char *words[5], *text;
    } t[] = {
        {{"--dataset", "%s/nothing"}, "dataset directory not found: "},
        {{"--dataset", "%s/blank"}, "Failed to read dataset from: "},
        {{"--dataset", "%s/text", "--extra-parameters", "{}"}, ":2: with --extra-parameters each entry must be"},
        {{"--dataset", "%s/one", "--extra-parameters", "[1]"}, "extra-parameters must be a JsonObject"},
        {{"--dataset", "%s/one", "--extra-parameters", "{\"parameters\":1}"}, "\"parameters\" must be an object"},
        {{"-d", "@%s/nothing"}, "-d: "},
        {{"-T", "%s/nothing"}, "-T: "},
        {{"-F", "x"}, "-F \"x\": must be NAME=CONTENT"},
        {{"-F", "x=@%s/nothing"}, "-F: "},
        {{"-F", "x=1;size=3"}, "-F \"x=1;size=3\": behind ';'"},
        {{"-F", "x=1", "-H", "Content-Type: application/json"}, "a form (-F) is multipart/form-data"},
        {{"--data-urlencode", "@%s/nothing"}, "--data-urlencode: "},
    };
    (void)state;
    put("text", "{}\nplain\n");
    put("one", "{}");
    put("blank", "\n \n");
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct awscurl_bodies b = {0};
        struct err e = {0};
        if (make(&b, &(struct awscurl_opts){0}, &e, t[i].words) == 0)
            fail_msg("accepted: %s %s", t[i].words[0], t[i].words[1]);
        if (!strstr(e.text, t[i].text))
            fail_msg("%s: \"%s\", not \"%s\"", t[i].words[1], e.text, t[i].text);
        awscurl_bodies_free(&b);
    }
}

static int begin(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st, (void)type, (void)where;
    return remove(path);
}

static int end(void **state)
{
    (void)state;
    return nftw(dir, drop, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data), cmocka_unit_test(forms), cmocka_unit_test(datasets), cmocka_unit_test(extra_parameters),
        cmocka_unit_test(bad),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

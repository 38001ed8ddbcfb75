/* test_awscurl_opts.c - awscurl's command line, with the commands of the document that describes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compat/awscurl_opts.h"

#define PARSE(o, e, ...)                                                                                               \
    awscurl_opts_parse((o), (int)ARRAY_LEN(((const char *[]){"awscurl", __VA_ARGS__})),                                \
                       (const char *[]){"awscurl", __VA_ARGS__, NULL}, env, (e))

#define U "http://h/x"

static char *env(const char *name)
{
    static char tokenizer[] = "org/name", length[] = "512";
    return strcmp(name, "TOKENIZER") == 0 ? tokenizer : strcmp(name, "MAX_LENGTH") == 0 ? length : NULL;
}

static void the_documents_command(void **state)
{
    struct awscurl_opts o;
    struct err e = {0};
    (void)state;
    assert_int_equal(PARSE(&o, &e, "-c", "10", "-N", "30", "-X", "POST", "-n", "sagemaker",
                           "https://runtime.sagemaker.us-east-1.amazonaws.com/endpoints/lmi-model/invocations",
                           "--connect-timeout", "60", "-d", "{\"inputs\":\"x\"}", "-H",
                           "Content-Type: application/json", "-P", "-t", "-o", "output.txt"),
                     0);
    assert_string_equal(o.url, "https://runtime.sagemaker.us-east-1.amazonaws.com/endpoints/lmi-model/invocations");
    assert_int_equal(o.clients, 10);
    assert_int_equal(o.repeat, 30);
    assert_string_equal(awscurl_method(&o), "POST");
    assert_string_equal(o.service, "sagemaker");
    assert_int_equal(o.connect_timeout, 60);
    assert_int_equal(o.n_pieces, 1);
    assert_int_equal(o.pieces[0].kind, AWSCURL_DATA);
    assert_string_equal(o.content_type, "application/json");
    assert_true(o.json && o.tokens && !o.help);
    assert_string_equal(o.output, "output.txt");
    assert_string_equal(o.tokenizer, "org/name");
    assert_int_equal(o.max_length, 512);
    awscurl_opts_free(&o);
}

static void curls_spellings(void **state)
{
    struct awscurl_opts o;
    struct err e = {0};
    (void)state;
    assert_int_equal(PARSE(&o, &e, "-Ptc10", "-XPUT", "--repeat=3", "-H", "content-type:a/b", "-Hx:  y ", "--", U), 0);
    assert_true(o.json && o.tokens);
    assert_int_equal(o.clients, 10);
    assert_int_equal(o.repeat, 3);
    assert_string_equal(awscurl_method(&o), "PUT");
    assert_string_equal(o.headers[0], "Content-Type: a/b");
    assert_string_equal(o.headers[1], "x: y");
    assert_null(o.headers[2]);
    awscurl_opts_free(&o);

    /* Their order is that of the body. */
    assert_int_equal(PARSE(&o, &e, "-d", "a", U, "--data-raw", "@b", "--data-urlencode", "c=d e", "--data", "", "-F",
                           "f=1", "--form-string", "g=@2"),
                     0);
    static const enum awscurl_data kinds[] = {AWSCURL_DATA, AWSCURL_RAW,  AWSCURL_URLENCODE,
                                              AWSCURL_DATA, AWSCURL_FORM, AWSCURL_FORM_STRING};
    assert_int_equal(o.n_pieces, 6);
    assert_int_equal(o.n_forms, 2);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(o.pieces[i].kind, kinds[i]);
    awscurl_opts_free(&o);

    /* An option takes one argument: the URL behind it is not its own. */
    assert_int_equal(PARSE(&o, &e, "-H", "a: b", U), 0);
    assert_string_equal(o.url, U);
    awscurl_opts_free(&o);

    /* What follows from the body or the connection is no header of the user's. */
    assert_int_equal(PARSE(&o, &e, "-H", "Content-Length: 7", "-H", "connection: Close", U), 0);
    assert_int_equal(o.n_headers, 0);
    assert_true(o.no_keepalive);
    awscurl_opts_free(&o);
}

static const char *method_of(const char *a, const char *b, const char *c)
{
    struct awscurl_opts o;
    struct err e = {0};
    assert_int_equal(PARSE(&o, &e, U, "-c", "1", a, b, c), 0);
    const char *m = awscurl_method(&o);
    awscurl_opts_free(&o);
    return m;
}

static void methods(void **state)
{
    (void)state;
    assert_string_equal(method_of("-k", "-k", "-k"), "GET");
    assert_string_equal(method_of("-k", "-d", "x"), "POST");
    assert_string_equal(method_of("-k", "-F", "a=x"), "POST");
    assert_string_equal(method_of("-k", "-T", "file"), "PUT");
    assert_string_equal(method_of("-k", "--dataset", "file"), "POST");
    assert_string_equal(method_of("-G", "-d", "x"), "GET");
    assert_string_equal(method_of("-k", "-X", "delete"), "DELETE");
}

static void delays(void **state)
{
    static const struct {
        const char *text;
        int64_t from, to;
    } t[] = {{"100", 100, 100}, {"0", 0, 0}, {"rand(50)", 50, 100}, {"rand(100, 500)", 100, 500}, {"rand(0,1)", 0, 1}};
    struct awscurl_opts o;
    struct err e = {0};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        assert_int_equal(PARSE(&o, &e, "--delay", t[i].text, "--seed", "-3", U), 0);
        assert_true(o.delay_given && o.seed_given);
        assert_int_equal(o.delay[0], t[i].from);
        assert_int_equal(o.delay[1], t[i].to);
        awscurl_opts_free(&o);
    }
}

/* Each error names the option, and what was wrong. */
static void bad_values(void **state)
{
    static const struct {
        const char *a, *b, *text;
    } t[] = {
        {"-N", "0", "Invalid number of requests: 0"},
        {"-N", "x", "Invalid number of requests: x"},
        {"-c", "0", "Invalid concurrent clients: 0"},
        {"-c", "1.5", "Invalid concurrent clients: 1.5"},
        {"--connect-timeout", "1m", "Invalid connect-timeout: 1m"},
        {"--seed", "x", "Invalid seed: x"},
        {"--duration", "soon", "Invalid duration: soon"},
        {"--duration", "0", "Invalid duration: 0"},
        {"--delay", "rand(5", "--delay: \"rand(5\" is no delay"},
        {"--delay", "rand(9, 5)", "--delay: of \"rand(9, 5)\""},
        {"--delay", "-1", "--delay: \"-1\" is no delay"},
        {"-X", "PATCH", "-X PATCH"},
        {"-H", "no colon", "-H: header 1"},
        {"-H", "a b: c", "-H: header 1"},
        {"-H", "a:", "-H \"a:\": the header has no value"},
        {"-H", "Transfer-Encoding: chunked", "-H \"Transfer-Encoding\""},
        {"-o", "", "-o: its argument is empty"},
        {"-r", "eu-west-1", "-r is for signed requests"},
        {"-p", "dev", "-p is for signed requests"},
        {"--extra-parameters", "{}", "--extra-parameters are merged into the bodies of --dataset"},
        {"--bogus", "x", "unknown option --bogus"},
        {"-Z", "x", "unknown option -Z"},
        {"--tokens=yes", "", "--tokens takes no argument"},
        {"http://h/1", "-k", "two URLs"},
        {"ftp://h/1", "-k", "Only HTTP url is supported: ftp://h/1"},
        {"ftp://user:secret@h/1", "-k", "Only HTTP url is supported: ftp://[redacted]@h/1"},
        {"http://u:secret@h/1", "-k", "two URLs: http://h/x and http://[redacted]@h/1;"},
        {"-k", "--jq", "--jq needs an argument: PATH"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct awscurl_opts o;
        struct err e = {0};
        bool last = strcmp(t[i].b, "--jq") == 0 || strstr(t[i].a, "ftp");
        int rc = last ? PARSE(&o, &e, t[i].a, t[i].b) : PARSE(&o, &e, U, t[i].a, t[i].b);
        if (rc == 0)
            fail_msg("accepted: %s %s", t[i].a, t[i].b);
        assert_int_equal(e.code, ERR_USAGE);
        if (strncmp(e.text, t[i].text, strlen(t[i].text)) != 0)
            fail_msg("%s %s: \"%s\", not \"%s\"", t[i].a, t[i].b, e.text, t[i].text);
        awscurl_opts_free(&o);
    }
    struct awscurl_opts o;
    struct err e = {0};
    assert_int_equal(PARSE(&o, &e, "-k"), -1);
    assert_string_equal(e.text, "Missing URL in command line.");
    awscurl_opts_free(&o);
}

static void help_first(void **state)
{
    struct awscurl_opts o;
    struct err e = {0};
    struct buf b = BUF_INIT(100000);
    (void)state;
    assert_int_equal(PARSE(&o, &e, "-h"), 0);
    assert_true(o.help);
    awscurl_opts_free(&o);
    assert_int_equal(awscurl_opts_parse(&o, 1, (const char *[]){"awscurl", NULL}, env, &e), 0);
    assert_true(o.help);
    awscurl_opts_free(&o);
    awscurl_opts_help(&b, "awscurl");
    struct str_split it = {.rest = buf_str(&b), .sep = '\n'};
    struct str line;
    while (str_next(&it, &line))
        assert_true(line.n <= 120);
    assert_non_null(strstr(b.p, "-F, --form NAME=CONTENT"));
    buf_free(&b);
}

static void urls(void **state)
{
    static const struct {
        const char *url, *query, *want;
    } t[] = {
        {"http://h", "", "http://h/"},
        {"http://h:80/a:b/c?x=1:2", "", "http://h:80/a%3Ab/c?x=1:2"},
        {"https://h/model/m-v1:0/invoke", "", "https://h/model/m-v1%3A0/invoke"},
        {"http://h/a", "q=1", "http://h/a?q=1"},
        {"http://h/a?b=2#top", "q=1", "http://h/a?b=2&q=1"},
        {"http://h/a?", "q=1", "http://h/a?q=1"},
        {"http://[::1]:8080/a", "", "http://[::1]:8080/a"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct awscurl_opts o = {.url = t[i].url};
        struct buf b = BUF_INIT(1000);
        awscurl_url(&o, str_of(t[i].query), &b);
        assert_string_equal(b.p, t[i].want);
        buf_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_documents_command),
        cmocka_unit_test(curls_spellings),
        cmocka_unit_test(methods),
        cmocka_unit_test(delays),
        cmocka_unit_test(bad_values),
        cmocka_unit_test(help_first),
        cmocka_unit_test(urls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

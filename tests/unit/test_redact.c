#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "campaign/campaign_private.h"

static void urls_lose_what_may_be_secret(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"http://h:1/a/b", "http://h:1/a/b"},
        {"h", "h"},
        {"", ""},
        {"http://me:pw@h/x", "http://[redacted]@h/x"},
        {"me:p@w@h:8/x", "[redacted]@h:8/x"},
        {"http://h/a@b", "http://h/a@b"},
        {"http://h/x?api-version=2024-01&api-key=SECRET", "http://h/x?api-version=2024-01&api-key=[redacted]"},
        {"http://h?KEY=SECRET&a&b=", "http://h?KEY=[redacted]&a&b="},
        {"http://h/x?access_token=a=b&sig=c", "http://h/x?access_token=[redacted]&sig=[redacted]"},
        {"http://u:p@h?token=t", "http://[redacted]@h?token=[redacted]"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b = BUF_INIT(1000);
        buf_addz(&b, "");
        redact_url(&b, str_of(cases[i][0]));
        assert_string_equal(b.p, cases[i][1]);
        buf_free(&b);
    }
}

static void words_lose_keys_and_headers(void **state)
{
    (void)state;
    static const struct {
        const char *words[6];
        const char *want;
    } cases[] = {
        {{"run", "--api-key", "SECRET", "h"}, "[\"run\",\"--api-key\",\"[redacted]\",\"h\"]"},
        {{"--api-key=SECRET", "x"}, "[\"--api-key\",\"[redacted]\",\"x\"]"},
        {{"--api-key=", "x"}, "[\"--api-key\",\"[redacted]\",\"x\"]"},
        {{"--token", "SECRET"}, "[\"--token\",\"[redacted]\"]"},
        {{"--token=SECRET"}, "[\"--token\",\"[redacted]\"]"},
        {{"-H", "SECRET: x", "-n", "3"}, "[\"-H\",\"[redacted]\",\"-n\",\"3\"]"},
        {{"-HSECRET: x"}, "[\"-H\",\"[redacted]\"]"},
        {{"--header", "A: SECRET", "--header=A: SECRET"}, "[\"--header\",\"[redacted]\",\"--header\",\"[redacted]\"]"},
        {{"--api-key-env", "NAME", "--api-key-file", "f", "--header-x"},
         "[\"--api-key-env\",\"NAME\",\"--api-key-file\",\"f\",\"--header-x\"]"},
        {{"http://a:SECRET@h", "a:SECRET@h"}, "[\"http://[redacted]@h\",\"[redacted]@h\"]"},
        {{"--url=http://h?key=SECRET", "--url", "a b?key=SECRET", "c?key=SECRET"},
         "[\"--url=http://h?key=[redacted]\",\"--url\",\"a b?key=[redacted]\",\"c?key=[redacted]\"]"},
        {{"--metrics-url=u:SECRET@h:9400/metrics", "--metrics-url", "http://u:SECRET@h/m?token=SECRET"},
         "[\"--metrics-url=[redacted]@h:9400/metrics\",\"--metrics-url\",\"http://[redacted]@h/m?token=[redacted]\"]"},
        {{"--tokenizer", "gpt2@main", "--tokenizer=o/m@v1", "--tokenizer", "https://u:SECRET@h/x", "a:SECRET@h"},
         "[\"--tokenizer\",\"gpt2@main\",\"--tokenizer=o/m@v1\",\"--tokenizer\",\"https://[redacted]@h/x\","
         "\"[redacted]@h\"]"},
        {{"--proxy", "u:SECRET@p:1", "-x", "u:SECRET@p:1", "-xu:SECRET@p:1", "--proxy=u:SECRET@p:1"},
         "[\"--proxy\",\"[redacted]@p:1\",\"-x\",\"[redacted]@p:1\",\"-x[redacted]@p:1\",\"--proxy=[redacted]@p:1\"]"},
        {{"--base-url=a@h a:SECRET@h", "-p", "x"}, "[\"--base-url=[redacted]@h [redacted]@h\",\"-p\",\"x\"]"},
        {{"-p", "what is a@b.c? {}", "--extra-body", "{\"a\":\"http://x?key=1\"}"},
         "[\"-p\",\"what is a@b.c? {}\",\"--extra-body\",\"{\\\"a\\\":\\\"http://x?key=1\\\"}\"]"},
        {{"--dataset=http://a:SECRET@h/x?token=SECRET", "--mix=a=1:http://a:SECRET@h", "--mix",
          "a=1:http://a:SECRET@h"},
         "[\"--dataset=http://[redacted]@h/x?token=[redacted]\",\"--mix=a=1:http://"
         "[redacted]@h\",\"--mix\",\"a=1:http://[redacted]@h\"]"},
        {{"--extra-body={\"a\":\"http://x?key=1\"}"}, "[\"--extra-body={\\\"a\\\":\\\"http://x?key=1\\\"}\"]"},
        {{"-H"}, "[\"-H\"]"},
        {{NULL}, "[]"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b = BUF_INIT(10000);
        struct jout j;
        int n = 0;
        while (n < 6 && cases[i].words[n])
            n++;
        jo_init(&j, &b, 0);
        redact_command(&j, cases[i].words, n);
        assert_string_equal(b.p, cases[i].want);
        buf_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_lose_what_may_be_secret),
        cmocka_unit_test(words_lose_keys_and_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

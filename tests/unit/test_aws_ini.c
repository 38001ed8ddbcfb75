/* test_aws_ini.c - INI text; what is expected was read off Python's configparser, by which botocore reads these files
 * (tests/interop/test_aws_credentials.py asks botocore itself). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/aws_ini.h"
#include "base/buf.h"
#include "base/xalloc.h"

/* "[section]key=value|key=value[...", or "! LINE TEXT". */
static char *show(const char *text)
{
    struct aws_ini ini;
    struct err e = {0};
    struct buf b = BUF_INIT(1 << 20);
    /* exactly as long, so that a sanitizer sees a read beyond */
    size_t n = strlen(text);
    char *exact = xmalloc(n ? n : 1);
    memcpy(exact, text, n);
    if (aws_ini_parse(&ini, (struct str){exact, n}, "f", &e) != 0) {
        assert_int_equal(e.code, ERR_DATA);
        buf_addf(&b, "! %zu %s", e.line, e.text);
    } else {
        buf_addz(&b, "");
        for (size_t i = 0; i < ini.n; i++) {
            buf_addf(&b, "[%s]", ini.sections[i].name);
            for (size_t k = 0; k < ini.sections[i].n; k++)
                buf_addf(&b, "%s%s=%s", k ? "|" : "", ini.sections[i].keys[k].name, ini.sections[i].keys[k].value);
        }
    }
    aws_ini_free(&ini);
    free(exact);
    if (b.n == 0)
        buf_free(&b);
    return b.n ? buf_take(&b) : xstrdup("");
}

static void is(const char *text, const char *want)
{
    char *got = show(text);
    assert_string_equal(got, want);
    free(got);
}

static void begins(const char *text, const char *want)
{
    char *got = show(text);
    if (strncmp(got, want, strlen(want)) != 0)
        fail_msg("%s: %s", text, got);
    free(got);
}

static void sections_and_keys(void **state)
{
    is("", "");
    is("\n\n# nothing\n", "");
    is("[default]\naws_access_key_id = AKIA\naws_secret_access_key=a/b+c==\n",
       "[default]aws_access_key_id=AKIA|aws_secret_access_key=a/b+c==");
    is("[a]\nx: 1\n[b]\ny : 2", "[a]x=1[b]y=2");
    is("[a]\r\nX = 1 \r\n\r\nY=2\r\n", "[a]x=1|y=2");
    is("[a]\rX = 1\rY=2", "[a]x=1|y=2");
    is("  [profile \"a b\"]  # mine\n  x=1\n", "[profile \"a b\"]x=1");
    is("[a]b]\nx=", "[a]b]x=");
    is("\xef\xbb\xbf[a]\nx=1", "[a]x=1");
    is("[a]\nurl = https://x:1/?a=b:c\n", "[a]url=https://x:1/?a=b:c");
}

static void comments(void **state)
{
    is("# a\n; b\n[a]\n#x=1\n  ; y=2\nz=3 # no comment\nw=4;5\n", "[a]z=3 # no comment|w=4;5");
}

static void continued_values(void **state)
{
    is("[a]\nx = 1\n  2\n\t3\ny = 4\n", "[a]x=1\n2\n3|y=4");
    is("[a]\n  x = 1\n  y = 2\n", "[a]x=1|y=2");
    is("[a]\n  x = 1\n y = 2\n", "[a]x=1|y=2");
    is("[a]\nx = 1\n\n  2\n\n\n", "[a]x=1\n\n2");
    is("[a]\nx = 1\n  # not in it\n  2\n", "[a]x=1\n2");
    is("[a]\nx = 1\n  [b]\n", "[a]x=1\n[b]");
}

static void inner_keys(void **state)
{
    is("[a]\ns3 =\n  Addressing_Style = path\n\n  n=1\nb = 2\n", "[a]s3=|s3.addressing_style=path|s3.n=1|b=2");
    is("[services x]\nsts = \n  endpoint_url = http://a:1/?b=c\n", "[services x]sts=|sts.endpoint_url=http://a:1/?b=c");
    is("[a]\ns3 =\n  x = 1\n  x = 2\n", "[a]s3=|s3.x=2");
    begins("[a]\ns3 =\n  nothing\n", "! 3 f:3: the indented lines");
}

static void refused(void **state)
{
    begins("x = 1\n", "! 1 f:1: a [section] must come first");
    begins("[a]\n\nsecret\n", "! 3 f:3: neither `key = value`");
    begins("[a]\n= secret\n", "! 2 f:2: there is no key");
    begins("[a]\nx=1\n[b]\n[a]\n", "! 4 f:4: this section stands twice");
    begins("[a]\nx=1\nX=2\n", "! 3 f:3: this key stands twice");
    begins("[a\nx=1\n", "! 1 f:1: a [section] must come first");
    begins("[a]\n[]\n", "! 2 f:2: neither");
    char *got = show("[a]\nsecretsecret\n");
    assert_null(strstr(got, "secretsecret"));
    free(got);
    struct aws_ini ini;
    struct err e = {0};
    assert_int_equal(aws_ini_parse(&ini, STR("[a]\nx=a\0b\n"), "f", &e), -1);
    aws_ini_free(&ini);
}

static void ceilings(void **state)
{
    struct buf b = BUF_INIT(1 << 20);
    for (int i = 0; i < 10001; i++)
        buf_addf(&b, "[%d]\n", i);
    begins(b.p, "! 10001 f:10001: more than 10,000 sections");
    buf_clear(&b);
    buf_addz(&b, "[a]\n");
    for (int i = 0; i < 1001; i++)
        buf_addf(&b, "k%d=\n", i);
    begins(b.p, "! 1002 f:1002: more than 1,000 keys");
    buf_free(&b);
}

static void look_ups(void **state)
{
    struct aws_ini ini;
    assert_int_equal(aws_ini_parse(&ini, STR("[a]\nX=1\ny=\n"), "f", NULL), 0);
    assert_string_equal(aws_ini_value(&ini.sections[0], "x"), "1");
    assert_string_equal(aws_ini_value(&ini.sections[0], "y"), "");
    assert_null(aws_ini_value(&ini.sections[0], "z"));
    assert_null(aws_ini_value(NULL, "x"));
    aws_ini_free(&ini);
}

static void words_are(const char *text, const char *want)
{
    size_t n = 0, at = 0;
    char shown[200] = "";
    char **w = aws_words(str_of(text), &n);
    for (size_t i = 0; w && i < n; i++)
        at += (size_t)snprintf(shown + at, sizeof shown - at, "<%s>", w[i]);
    assert_true(!w || w[n] == NULL);
    assert_string_equal(w ? shown : "!", want);
    free(w);
}

/* As Python's shlex.split() splits them. */
static void words(void **state)
{
    words_are("", "");
    words_are("  \t\n", "");
    words_are("a", "<a>");
    words_are(" a  b\tc ", "<a><b><c>");
    words_are("'a b' \"c d\" e\\ f", "<a b><c d><e f>");
    words_are("a'b'\"c\"d ''", "<abcd><>");
    words_are("\"a\\\"b\\\\c\\d\" 'a\\'", "<a\"b\\c\\d><a\\>");
    words_are("$HOME `x` *;|&> #a", "<$HOME><`x`><*;|&>><#a>");
    words_are("it'\"'\"'s", "!");
    words_are("'it'\"'\"'s'", "<it's>");
    words_are("a 'b", "!");
    words_are("a \"b", "!");
    words_are("a\\", "!");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sections_and_keys), cmocka_unit_test(comments),
                                       cmocka_unit_test(continued_values),  cmocka_unit_test(inner_keys),
                                       cmocka_unit_test(refused),           cmocka_unit_test(ceilings),
                                       cmocka_unit_test(look_ups),          cmocka_unit_test(words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

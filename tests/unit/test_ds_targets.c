#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ds_show.h"

static void expect(const char *text, const char *format, const char *want)
{
    struct err e = {0};
    struct buf b = BUF_INIT(1 << 20);
    struct dataset *ds = dataset_load_text(str_of(text), "t", format, &e);
    if (!ds)
        fail_msg("refused: %s", e.text);
    for (size_t i = 0; i < dataset_n(ds); i++) {
        const struct plan_sample *s = dataset_at(ds, i);
        const struct plan_extra *x = s->extra;
        assert_non_null(x);
        assert_int_equal(s->n_msgs, 0);
        buf_addf(&b, STR_FMT " " STR_FMT " <" STR_FMT "> " STR_FMT " <" STR_FMT "> " STR_FMT "\n", STR_ARG(s->where),
                 STR_ARG(x->method), STR_ARG(x->origin), STR_ARG(x->path), STR_ARG(x->type), STR_ARG(x->body));
    }
    assert_string_equal(b.p, want);
    dataset_free(&ds);
    buf_free(&b);
}

static void each_line_is_a_request(void **state)
{
    (void)state;
    expect("# endpoints\n/a?x=1&y=%20\r\n\nGET /b\n  POST\t/c  {\"k\": [1, 2]}  \nDELETE http://h:8000/d#part\n"
           "http://h\nPUT /e some text\n",
           "targets",
           "t:2 GET <> /a?x=1&y=%20 <> \n"
           "t:4 GET <> /b <> \n"
           "t:5 POST <> /c <application/json> {\"k\": [1, 2]}\n"
           "t:6 DELETE <http://h:8000> /d <> \n"
           "t:7 GET <http://h> / <> \n"
           "t:8 PUT <> /e <text/plain; charset=utf-8> some text\n");
}

static void urls_are_recognized(void **state)
{
    (void)state;
    /* The list of async_benchmarking, which ends without a line feed. */
    expect("http://127.0.0.1:5000/tokenizer?output_tokens=3\nhttp://127.0.0.1:5000/tokenizer?output_tokens=30", "auto",
           "t:1 GET <http://127.0.0.1:5000> /tokenizer?output_tokens=3 <> \n"
           "t:2 GET <http://127.0.0.1:5000> /tokenizer?output_tokens=30 <> \n");
    struct err e = {0};
    struct dataset *ds = dataset_load_text(STR("/path alone may be a prompt\n"), "t", "auto", &e);
    assert_string_equal(dataset_get_stats(ds)->format, "text");
    dataset_free(&ds);
}

static void bad_lines_are_named(void **state)
{
    (void)state;
    ds_refused("GET\n", "t", "targets",
               "t:1: \"\" is neither a path (/x?y=z) nor an http URL; write [METHOD] TARGET [BODY]");
    ds_refused("/fine\nexample.com/x\n", "t", "targets",
               "t:2: \"example.com/x\" is neither a path (/x?y=z) nor an http URL; write [METHOD] TARGET [BODY]");
    ds_refused("get /x\n", "t", "targets",
               "t:1: \"get\" is neither a path (/x?y=z) nor an http URL; write [METHOD] TARGET [BODY]");
    ds_refused("/caf\xc3\xa9\n", "t", "targets", "t:1: the target has a byte 0xc3, which must be percent-encoded");
    ds_refused("# nothing\n", "t", "targets", "t: the dataset is empty; it needs at least one entry");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_is_a_request),
        cmocka_unit_test(urls_are_recognized),
        cmocka_unit_test(bad_lines_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

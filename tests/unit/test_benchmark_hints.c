#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "benchmark_rig.h"

static void says(const struct bm_run *r, const char *want)
{
    struct buf b = BUF_INIT(1 << 20);
    bm_put_hints(&b, r);
    if (!strstr(b.p, want))
        fail_msg("no \"%s\" in:\n%s", want, b.p);
    buf_free(&b);
}

static void quiet_where_all_is_well(void **state)
{
    struct bm_rig g;
    struct buf b = BUF_INIT(1 << 20);
    bm_rig_init(&g);
    bm_put_hints(&b, &g.r);
    assert_string_equal(b.p, "\n📊 Token counting: 2822/2822 requests had API-reported token counts\n\n");
    buf_free(&b);
}

static void each(void **state)
{
    struct bm_rig g;
    bm_rig_init(&g);
    g.l[1].alike = g.l[3].alike = true;
    says(&g.r, "💡 All answers are identical (QPS 5.0, 20.0): responses may be cached");
    g.v[0].cut = 299;
    g.v[2].cut = 300;
    says(&g.r, "💡 Half of the answers and more end at --max-tokens 512 (QPS 10.0): the output is truncated");
    g.v[0].empty = 59;
    g.v[1].empty = 60;
    says(&g.r, "💡 Answers without any text (QPS 5.0), so tokens/sec is 0 or too low: check that the endpoint supports");
    g.v[2].ttft.v[0] = NAN;
    says(&g.r, "💡 Answers came in one piece (QPS 10.0): the endpoint does not stream");
    g.v[0].counted = 0;
    says(&g.r, "⚠️  21.3% of the successful requests had none (QPS 1.0): their tokens are counted as words");
}

static void all_fail(void **state)
{
    struct bm_rig g;
    struct sum_count refused = {"Connection refused", 200};
    bm_rig_init(&g);
    for (int i = 0; i < 4; i++)
        g.v[i].ok = 0;
    says(&g.r,
         "💡 All requests fail: the endpoint is overloaded, or not ready: begin at a lower rate. Verify credentials "
         "and test with a single request: --qps 0.1 --duration 10\n");
    g.v[0].errors = (struct sum_counts){1, &refused};
    says(&g.r, "All requests fail: nothing listens at --endpoint");
}

static void refusals(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"probe: http://h:1/v1: status 401 (no); give the key by X", "does not accept --api-key"},
        {"probe: http://h:1/v1: status 404 (no); check the path", "the path of --endpoint is wrong"},
        {"probe: http://h:1: connection refused; is it running?", "nothing listens at --endpoint"},
        {"probe: http://h:1: status 500 (no)", "the URL, the key or the model's name may be wrong"},
        {"probe: http://h:1: status 200 with an error inside", NULL},
        {"probe: http://h:1: the certificate has expired", NULL},
        {"x.json: status 404", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b = BUF_INIT(4096);
        bool put = bm_put_refusal(&b, cases[i].text);
        assert_int_equal(put, cases[i].want != NULL);
        assert_true(cases[i].want ? strstr(b.p, cases[i].want) != NULL : b.n == 0);
        buf_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(quiet_where_all_is_well), cmocka_unit_test(each),
                                       cmocka_unit_test(all_fail), cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

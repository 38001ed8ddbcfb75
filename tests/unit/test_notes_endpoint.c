#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "analysis/acc_level.h"

struct part {
    uint64_t ok, failed, cancelled;
    double ttft_ms; /* 0: no value */
};

/* The notes on a level of these parts, one to a line. */
static void check_notes(const char *file, int line, const char *want, const struct part *p, size_t n)
{
    static const char *const url[] = {"http://a", "http://b", "http://c", "http://d"};
    struct sum_endpoint e[4] = {0};
    struct sum_count kinds[4][2];
    struct sum_level l = {.n_endpoints = n, .endpoints = e};
    for (size_t i = 0; i < n; i++) {
        l.successful += p[i].ok;
        l.failed += p[i].failed;
        l.cancelled += p[i].cancelled;
        l.attempted += p[i].ok + p[i].failed + p[i].cancelled;
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t all = p[i].ok + p[i].failed + p[i].cancelled;
        e[i] = (struct sum_endpoint){.url = url[i],
                                     .attempted = all,
                                     .successful = p[i].ok,
                                     .failed = p[i].failed,
                                     .cancelled = p[i].cancelled,
                                     .share = (double)all / (double)l.attempted,
                                     .ttft = {.present = true, .n = p[i].ok, .requests = p[i].ok}};
        e[i].ttft.q[0] = p[i].ttft_ms > 0 ? p[i].ttft_ms * 1e6 : NAN;
        snprintf(kinds[i][0].name, sizeof kinds[i][0].name, "ok");
        snprintf(kinds[i][1].name, sizeof kinds[i][1].name, "refused");
        e[i].outcomes = (struct sum_counts){2, kinds[i]};
    }
    write_endpoint_notes(&l);
    char text[2000] = "";
    for (size_t i = 0; i < l.notes.n; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s\n", l.notes.v[i]);
    bool fits = *want ? strstr(text, want) != NULL : !*text;
    if (!fits) {
        print_error("\"%s\" is not in \"%s\"\n", want, text);
        _fail(file, line);
    }
    texts_free(&l.notes);
}
#define CHECK(want, ...)                                                                                               \
    check_notes(__FILE__, __LINE__, want, (const struct part[]){__VA_ARGS__},                                          \
                sizeof((const struct part[]){__VA_ARGS__}) / sizeof(struct part))

static void alike_need_no_word(void **state)
{
    (void)state;
    CHECK("", {100, 0, 0, 50}, {100, 0, 0, 99}, {100, 0, 0, 60});
    CHECK("", {90, 10, 0, 50}, {90, 10, 0, 50});              /* all fail alike: the level says so */
    CHECK("", {1000, 5, 0, 50}, {1000, 0, 0, 50});            /* half a percent */
    CHECK("", {4, 0, 0, 50}, {4, 0, 0, 500}, {1, 0, 0, 500}); /* too few to compare */
}

static void one_that_fails_is_named(void **state)
{
    (void)state;
    CHECK("endpoint http://b: 30 of its 100 requests failed (refused), against 2 of 200 elsewhere", {99, 1, 0, 50},
          {70, 30, 0, 50}, {99, 1, 0, 50});
    CHECK("endpoint http://a: 100 of its 100 requests failed", {0, 100, 0, 0}, {50, 50, 0, 50});
}

static void one_with_a_small_share_is_named(void **state)
{
    (void)state;
    CHECK("endpoint http://c got 9.1 % of the requests, where an even share is 33.3 %", {100, 0, 0, 50},
          {100, 0, 0, 50}, {20, 0, 0, 50});
    CHECK("", {100, 0, 0, 50}, {100, 0, 0, 50}, {41, 0, 0, 50}); /* 17 % */
    CHECK("", {10, 0, 0, 50}, {9, 0, 0, 50}, {1, 0, 0, 50});     /* of 20 requests */
}

static void unlike_medians_name_both(void **state)
{
    (void)state;
    CHECK("TTFT p50 is 101 ms at http://c and 50.0 ms at http://a", {100, 0, 0, 50}, {100, 0, 0, 70}, {100, 0, 0, 101});
    CHECK("TTFT p50 is 300 ms at http://a and 100 ms at http://c", {100, 0, 0, 300}, {9, 91, 0, 1}, {100, 0, 0, 100});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alike_need_no_word),
        cmocka_unit_test(one_that_fails_is_named),
        cmocka_unit_test(one_with_a_small_share_is_named),
        cmocka_unit_test(unlike_medians_name_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

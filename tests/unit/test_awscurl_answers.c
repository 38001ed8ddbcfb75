/* test_awscurl_answers.c - whose request is whose, from instants alone: intervals that a client's can have been. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "compat/awscurl_answers.h"

static struct awscurl_requests requests_of(size_t n)
{
    struct awscurl_requests q = {.v = xcalloc(n, sizeof *q.v), .n = n};
    for (size_t i = 0; i < n; i++)
        q.v[i].index = i;
    return q;
}

/* A closed loop of three clients with answers of different lengths: each next request begins when its client is free.
 */
static void test_a_closed_loop(void **state)
{
    enum { CLIENTS = 3, N = 3000 };
    struct awscurl_opts o = {.clients = CLIENTS};
    struct awscurl_answers a = {.o = &o};
    struct awscurl_requests q = requests_of(N);
    int64_t free_at[CLIENTS] = {0};
    size_t used[CLIENTS] = {0};
    for (size_t i = 0; i < N; i++) {
        size_t c = 0;
        for (size_t k = 1; k < CLIENTS; k++)
            c = free_at[k] < free_at[c] ? k : c;
        q.v[i].start = free_at[c] + 1;
        q.v[i].end = free_at[c] = q.v[i].start + 10 + (int64_t)(i * 7919 % 101);
    }
    awscurl_clients(&a, &q);
    assert_int_equal(a.n_client, N);
    int64_t until[CLIENTS] = {0};
    for (size_t i = 0; i < N; i++) {
        assert_in_range(a.client[i], 0, CLIENTS - 1);
        assert_true(q.v[i].start >= until[a.client[i]]);
        until[a.client[i]] = q.v[i].end;
        used[a.client[i]]++;
    }
    for (size_t k = 0; k < CLIENTS; k++)
        assert_true(used[k] > N / CLIENTS / 2);
    awscurl_answers_free(&a);
    free(q.v);
}

/* No more clients than began; and one that overlaps all by a rounding is of the one that is free next. */
static void test_few_requests_and_roundings(void **state)
{
    struct awscurl_opts o = {.clients = 2};
    struct awscurl_answers a = {.o = &o};
    struct awscurl_requests q = requests_of(4);
    static const int64_t at[4][2] = {{0, 10}, {1, 9}, {8, 20}, {30, 40}};
    for (size_t i = 0; i < 4; i++) {
        q.v[i].start = at[i][0];
        q.v[i].end = at[i][1];
    }
    awscurl_clients(&a, &q);
    assert_int_equal(a.client[0], 0);
    assert_int_equal(a.client[1], 1);
    assert_int_equal(a.client[2], 1);
    assert_int_equal(a.client[3], 0);
    awscurl_answers_free(&a);
    q.n = 0;
    a = (struct awscurl_answers){.o = &o};
    awscurl_clients(&a, &q);
    assert_int_equal(a.n_client, 0);
    awscurl_answers_free(&a);
    free(q.v);
}

/* 200,000 clients that all begin at once: a look at all of them for each would take minutes. */
static void test_many_clients(void **state)
{
    enum { N = 200000 };
    struct awscurl_opts o = {.clients = 1000000};
    struct awscurl_answers a = {.o = &o};
    struct awscurl_requests q = requests_of(N);
    for (size_t i = 0; i < N; i++)
        q.v[i].end = 1000 + (int64_t)i;
    awscurl_clients(&a, &q);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(a.client[i], i);
    awscurl_answers_free(&a);
    free(q.v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_closed_loop),
        cmocka_unit_test(test_few_requests_and_roundings),
        cmocka_unit_test(test_many_clients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

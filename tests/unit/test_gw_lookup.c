#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "gateway/gw_lookup.h"

/* A name server of the test's own: what it says, and how often it was asked. */
static _Atomic int answer, asked;

static int look_up(const char *host, uint16_t port, struct addr *out, int max, struct err *e)
{
    assert_string_equal(host, "upstream.example");
    atomic_fetch_add(&asked, 1);
    int n = atomic_load(&answer);
    if (n < 0)
        return err_set(e, ERR_NET, "no name server answers");
    for (int i = 0; i < n && i < max; i++) {
        struct sockaddr_in *a = (struct sockaddr_in *)&out[i].sa;
        out[i] = (struct addr){.len = sizeof *a};
        *a = (struct sockaddr_in){
            .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(0x7f000000U + (unsigned)(n * 16 + i))}};
    }
    return n;
}

static void wait_until_asked(int times)
{
    int from = atomic_load(&asked);
    int64_t until = clock_mono() + 20 * NS_PER_S;
    while (atomic_load(&asked) < from + times && clock_mono() < until) {
        const struct timespec nap = {.tv_nsec = NS_PER_MS};
        nanosleep(&nap, NULL);
    }
    assert_true(atomic_load(&asked) >= from + times);
}

static void new_addresses_are_told_once(void **state)
{
    (void)state;
    struct err e = {0};
    struct addr a[GW_LOOKUP_ADDRS];
    size_t n = 0;
    uint64_t seen = 0, other = 0;
    atomic_store(&answer, 2);
    struct gw_lookup *l = gw_lookup_new("upstream.example", 443, NS_PER_MS, look_up, &e);
    assert_non_null(l);
    wait_until_asked(2);
    assert_true(gw_lookup_get(l, &seen, a, &n));
    assert_int_equal(n, 2);
    wait_until_asked(2);
    assert_false(gw_lookup_get(l, &seen, a, &n)); /* the same ones */
    atomic_store(&answer, -1);
    wait_until_asked(2);
    assert_false(gw_lookup_get(l, &seen, a, &n)); /* they stay while nobody answers */
    atomic_store(&answer, 3);
    wait_until_asked(2);
    assert_true(gw_lookup_get(l, &seen, a, &n));
    assert_int_equal(n, 3);
    char text[64];
    assert_string_equal(addr_text(&a[2], text), "127.0.0.50:443");
    assert_true(gw_lookup_get(l, &other, a, &n)); /* another worker */
    gw_lookup_free(&l);
    assert_null(l);
    assert_false(gw_lookup_get(NULL, &seen, a, &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(new_addresses_are_told_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

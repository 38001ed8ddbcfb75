#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/dialer.h"
#include "net/resolve.h"

enum { MOST = 8 };

struct rig {
    struct loop *l;
    int lfd[MOST]; /* -1: nobody listens there */
    struct addr addr[MOST];
    size_t n;
    unsigned seen, lost;
};

static void on_stream(void *arg, struct stream *s, unsigned what)
{
    struct rig *r = arg;
    r->seen |= what;
    loop_stop(r->l);
}

static void on_lost(void *arg)
{
    ((struct rig *)arg)->lost++;
}

static void on_deadline(struct timer *t)
{
    fail_msg("the loop waited for more than 5 s");
}

/* One address per word: "127.0.0.2" listens, "-127.0.0.2" is known to refuse. */
static void rig_open(struct rig *r, const char *const *words, size_t n)
{
    memset(r, 0, sizeof(*r));
    r->l = loop_new(NULL, NULL);
    r->n = n;
    for (size_t i = 0; i < n; i++) {
        bool refuses = words[i][0] == '-';
        struct addr *a = &r->addr[i];
        assert_int_equal(resolve_host(words[i] + refuses, 0, a, 1, NULL), 1);
        int fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
        assert_int_equal(bind(fd, (struct sockaddr *)&a->sa, a->len), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&a->sa, &a->len), 0);
        assert_int_equal(refuses ? close(fd) : listen(fd, 64), 0);
        r->lfd[i] = refuses ? -1 : fd;
    }
}

static void rig_close(struct rig *r)
{
    for (size_t i = 0; i < r->n; i++) {
        if (r->lfd[i] >= 0)
            close(r->lfd[i]);
    }
    loop_free(&r->l);
}

/* Dials once; the index of the address that took the connection, -1: none. `from`, where given, is its peer. */
static int dial_once(struct rig *r, struct dialer *d, struct addr *from)
{
    struct timer t = {.fire = on_deadline};
    struct dialing g = {0};
    enum stream_rc rc;
    loop_timer_set(r->l, &t, clock_mono() + 5 * NS_PER_S);
    r->seen = 0;
    struct stream *s = dialer_open(d, &g, on_stream, r, &rc);
    assert_non_null(s);
    while (!r->seen)
        loop_run(r->l);
    loop_timer_stop(r->l, &t);
    bool up = r->seen & STREAM_UP;
    dialing_end(d, &g, s, up);
    dialing_end(d, &g, s, up); /* does nothing */
    int at = -1;
    for (size_t i = 0; i < r->n && up; i++) {
        struct addr a = {.len = sizeof(a.sa)};
        int fd = r->lfd[i] < 0 ? -1 : accept(r->lfd[i], (struct sockaddr *)&a.sa, &a.len);
        if (fd < 0)
            continue;
        close(fd);
        at = (int)i;
        if (from)
            *from = a;
    }
    stream_close(&s);
    return at;
}

static struct dialer *dialer_of(struct rig *r, const struct addr *binds, size_t n_binds, size_t turn)
{
    struct dialer_opts o = {
        .addrs = r->addr, .n_addrs = r->n, .binds = binds, .n_binds = n_binds, .turn = turn, .lost = on_lost, .arg = r};
    return dialer_new(r->l, &o);
}

static void connections_are_spread_over_the_addresses(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, (const char *const[]){"127.0.0.1", "127.0.0.2", "127.0.0.3"}, 3);
    struct dialer *d = dialer_of(&r, NULL, 0, 1);
    for (int i = 0; i < 7; i++)
        assert_int_equal(dial_once(&r, d, NULL), (i + 1) % 3);
    assert_int_equal(r.lost, 0);
    dialer_free(&d);
    rig_close(&r);
}

static void one_that_refuses_is_passed_over(void **state)
{
    (void)state;
    struct rig r;
    int hits[3] = {0};
    rig_open(&r, (const char *const[]){"127.0.0.1", "-127.0.0.2", "127.0.0.3"}, 3);
    struct dialer *d = dialer_of(&r, NULL, 0, 0);
    for (int i = 0; i < 8; i++) {
        int at = dial_once(&r, d, NULL);
        assert_int_not_equal(at, -1); /* the next one took the place of the second */
        hits[at]++;
    }
    assert_int_equal(r.lost, 1); /* told once: after that it was not tried */
    assert_int_equal(hits[0] + hits[2], 8);
    assert_in_range(hits[0], 3, 5);
    dialer_free(&d);
    rig_close(&r);
}

static void none_left_is_a_failure_that_is_told(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, (const char *const[]){"-127.0.0.1", "-127.0.0.2"}, 2);
    struct dialer *d = dialer_of(&r, NULL, 0, 0);
    assert_int_equal(dial_once(&r, d, NULL), -1);
    assert_int_equal(r.lost, 1);
    assert_int_equal(dial_once(&r, d, NULL), -1); /* both rest, and are tried all the same */
    assert_int_equal(r.lost, 2);
    dialer_free(&d);
    rig_close(&r);
}

static bool has_ipv6(void)
{
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    bool ok = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
    close(fd);
    return ok;
}

static void the_other_family_is_for_need(void **state)
{
    (void)state;
    struct rig r;
    if (!has_ipv6())
        skip();
    rig_open(&r, (const char *const[]){"127.0.0.1", "::1", "127.0.0.2"}, 3);
    struct dialer *d = dialer_of(&r, NULL, 0, 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(dial_once(&r, d, NULL), i % 2 ? 2 : 0);
    dialer_free(&d);
    rig_close(&r);
    rig_open(&r, (const char *const[]){"-127.0.0.1", "::1", "-127.0.0.2"}, 3);
    d = dialer_of(&r, NULL, 0, 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(dial_once(&r, d, NULL), 1);
    assert_in_range(r.lost, 1, 2);
    dialer_free(&d);
    rig_close(&r);
}

static unsigned last_byte(const struct addr *a)
{
    return ntohl(((const struct sockaddr_in *)&a->sa)->sin_addr.s_addr) & 0xff;
}

static void sources_are_taken_in_turn(void **state)
{
    (void)state;
    struct rig r;
    struct addr b[3], from = {0};
    unsigned hits[2][12] = {0};
    rig_open(&r, (const char *const[]){"127.0.0.1", "127.0.0.2"}, 2);
    assert_int_equal(resolve_host("127.0.0.10", 0, &b[0], 1, NULL), 1);
    assert_int_equal(resolve_host("::1", 0, &b[1], 1, NULL), 1); /* of the other family: never */
    assert_int_equal(resolve_host("127.0.0.11", 0, &b[2], 1, NULL), 1);
    struct dialer *d = dialer_of(&r, b, 3, 0);
    for (int i = 0; i < 12; i++) {
        int at = dial_once(&r, d, &from);
        assert_int_not_equal(at, -1);
        assert_in_range(last_byte(&from), 10, 11);
        hits[at][last_byte(&from)]++;
    }
    for (int i = 0; i < 2; i++)
        assert_true(hits[i][10] > 0 && hits[i][11] > 0); /* each source with each destination */
    assert_int_equal(r.lost, 0);
    dialer_free(&d);

    /* A destination that no source can reach is left out. */
    struct dialer_opts o = {.addrs = r.addr, .n_addrs = 2, .binds = &b[1], .n_binds = 1};
    d = dialer_new(r.l, &o);
    struct dialing g = {0};
    enum stream_rc rc = 0;
    struct stream *s = dialer_open(d, &g, on_stream, &r, &rc);
    dialing_end(d, &g, s, false);
    stream_close(&s);
    assert_int_equal(accept(r.lfd[0], NULL, NULL), -1);
    dialer_free(&d);
    rig_close(&r);
}

static void a_source_of_another_machine_is_refused(void **state)
{
    (void)state;
    struct rig r;
    struct addr b;
    rig_open(&r, (const char *const[]){"127.0.0.1"}, 1);
    assert_int_equal(resolve_host("192.0.2.1", 0, &b, 1, NULL), 1); /* RFC 5737: for documentation */
    struct dialer *d = dialer_of(&r, &b, 1, 0);
    assert_int_equal(dial_once(&r, d, NULL), -1);
    dialer_free(&d);
    rig_close(&r);
}

static void addresses_are_replaced_under_way(void **state)
{
    (void)state;
    struct rig r;
    struct dialing g = {0};
    enum stream_rc rc;
    rig_open(&r, (const char *const[]){"127.0.0.1", "127.0.0.2"}, 2);
    struct dialer_opts o = {.addrs = r.addr, .n_addrs = 1};
    struct dialer *d = dialer_new(r.l, &o);
    struct stream *s = dialer_open(d, &g, on_stream, &r, &rc);
    dialer_set_addrs(d, &r.addr[1], 1); /* the one under way keeps the old set */
    dialer_set_addrs(d, r.addr, 0);     /* no effect */
    while (!r.seen)
        loop_run(r.l);
    assert_int_equal(r.seen, STREAM_UP);
    dialing_end(d, &g, s, true);
    stream_close(&s);
    int fd = accept(r.lfd[0], NULL, NULL);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(dial_once(&r, d, NULL), 1);
    dialer_free(&d);
    rig_close(&r);
}

/* A proxy that does not open the tunnel is there: its address neither rests nor is looked up anew. */
static void a_proxys_refusal_says_nothing_of_its_address(void **state)
{
    (void)state;
    struct rig r;
    struct timer t = {.fire = on_deadline};
    struct dialing g = {0};
    enum stream_rc rc;
    rig_open(&r, (const char *const[]){"127.0.0.1"}, 1);
    struct dialer_opts o = {
        .addrs = r.addr, .n_addrs = 1, .tunnel = "CONNECT h:1 HTTP/1.1\r\n\r\n", .lost = on_lost, .arg = &r};
    struct dialer *d = dialer_new(r.l, &o);
    loop_timer_set(r.l, &t, clock_mono() + 5 * NS_PER_S);
    struct stream *s = dialer_open(d, &g, on_stream, &r, &rc);
    int fd = accept(r.lfd[0], NULL, NULL);
    assert_true(fd >= 0);
    assert_int_equal(send(fd, "HTTP/1.1 502 No\r\n\r\n", 19, 0), 19);
    while (!r.seen)
        loop_run(r.l);
    loop_timer_stop(r.l, &t);
    assert_int_equal(r.seen, STREAM_FAILED);
    assert_int_equal(stream_fail_rc(s), STREAM_PROXY);
    dialing_end(d, &g, s, false);
    assert_int_equal(r.lost, 0);
    close(fd);
    stream_close(&s);
    dialer_free(&d);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_are_spread_over_the_addresses),
        cmocka_unit_test(one_that_refuses_is_passed_over),
        cmocka_unit_test(none_left_is_a_failure_that_is_told),
        cmocka_unit_test(the_other_family_is_for_need),
        cmocka_unit_test(sources_are_taken_in_turn),
        cmocka_unit_test(a_source_of_another_machine_is_refused),
        cmocka_unit_test(addresses_are_replaced_under_way),
        cmocka_unit_test(a_proxys_refusal_says_nothing_of_its_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

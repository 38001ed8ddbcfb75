#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <unistd.h>

#include "campaign/campaign_private.h"
#include "net/resolve.h"

static int parse(struct campaign_state *s, const char *bind, struct err *e)
{
    static struct run_config c;
    memset(s, 0, sizeof *s);
    memset(e, 0, sizeof *e);
    c = (struct run_config){.bind = bind};
    s->c = &c;
    return sources_parse(s, e);
}

static void addresses_of_this_machine_are_taken(void **state)
{
    (void)state;
    struct campaign_state s;
    struct err e;
    char text[64];
    assert_int_equal(parse(&s, NULL, &e), 0);
    assert_int_equal(s.n_binds, 0);
    assert_int_equal(parse(&s, "127.0.0.1, 127.0.0.2", &e), 0);
    assert_int_equal(s.n_binds, 2);
    assert_string_equal(addr_text(&s.binds[0], text), "127.0.0.1:0"); /* the port is the kernel's to choose */
    assert_string_equal(addr_text(&s.binds[1], text), "127.0.0.2:0");
}

static void refused(const char *bind, const char *why)
{
    struct campaign_state s;
    struct err e;
    assert_int_equal(parse(&s, bind, &e), -1);
    assert_int_equal(e.code, ERR_USAGE);
    if (!strstr(e.text, why))
        fail_msg("%s: %s", bind, e.text);
}

static void others_are_refused_by_name(void **state)
{
    (void)state;
    char many[4096];
    size_t n = 0;
    for (int i = 0; i <= DIAL_MAX_BINDS; i++)
        n += (size_t)snprintf(many + n, sizeof many - n, "%s127.0.1.%d", i ? "," : "", i + 1);
    refused("127.0.0.1,192.0.2.1", "--bind 192.0.2.1: this machine has no such address"); /* RFC 5737 */
    refused("localhost", "--bind localhost: is not an IPv4 or IPv6 address");
    refused("127.0.0.1,", "is not an IPv4");
    refused("127.0.0.1,127.0.0.1", "named twice");
    refused(many, "more than");
}

static void the_endpoint_must_have_the_family(void **state)
{
    (void)state;
    struct campaign_state s;
    struct err e;
    struct target t = {.origin = (char *)(uintptr_t) "http://h:80", .n_addrs = 1};
    assert_int_equal(resolve_host("127.0.0.1", 80, &t.addrs[0], 1, NULL), 1);
    assert_int_equal(parse(&s, "127.0.0.1", &e), 0);
    assert_int_equal(sources_check(&s, &t, &e), 0);
    assert_int_equal(resolve_host("::1", 80, &t.addrs[0], 1, NULL), 1);
    assert_int_equal(sources_check(&s, &t, &e), -1);
    assert_non_null(strstr(e.text, "--bind 127.0.0.1: is an IPv4 address"));
    assert_non_null(strstr(e.text, "[::1]:80"));
    assert_non_null(strstr(e.text, "name an IPv6 address"));
    t.n_addrs = 2; /* one that it can reach is enough */
    assert_int_equal(resolve_host("127.0.0.1", 80, &t.addrs[1], 1, NULL), 1);
    assert_int_equal(sources_check(&s, &t, &e), 0);
    s.n_binds = 0;
    t.n_addrs = 1;
    assert_int_equal(sources_check(&s, &t, &e), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_of_this_machine_are_taken),
        cmocka_unit_test(others_are_refused_by_name),
        cmocka_unit_test(the_endpoint_must_have_the_family),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_route.c - which endpoint a request takes, and that it gets there as meant for it. */
#include "engine_rig.h"

#include "engine/engine_private.h"

static const struct reply good = {"200 OK", SSE_TYPE, STREAM};
static const struct reply hang = {.hang = true};

/* A worker with n routes and nothing else. */
static void choose_open(struct worker *w, struct engine *en, struct route *routes, unsigned n, enum balance b)
{
    memset(w, 0, sizeof *w);
    memset(en, 0, sizeof *en);
    memset(routes, 0, n * sizeof *routes);
    en->o.n_targets = n;
    en->o.balance = b;
    w->e = en;
    w->routes = routes;
}

static void round_robin_goes_by_the_index_alone(void **state)
{
    (void)state;
    struct worker w;
    struct engine en;
    struct route r[3];
    choose_open(&w, &en, r, 3, BALANCE_ROUND_ROBIN);
    r[1].in_flight = 1000;
    const uint64_t index[] = {0, 1, 2, 3, 7, 7, 0, 1ull << 40};
    const ptrdiff_t want[] = {0, 1, 2, 0, 1, 1, 0, 1}; /* 2^40 = 1 mod 3 */
    for (size_t i = 0; i < ARRAY_LEN(index); i++)
        assert_int_equal(route_choose(&w, index[i]) - r, want[i]);
}

static void least_in_flight_takes_the_emptiest_and_turns_among_equals(void **state)
{
    (void)state;
    struct worker w;
    struct engine en;
    struct route r[3];
    choose_open(&w, &en, r, 3, BALANCE_LEAST_IN_FLIGHT);
    /* Nothing open anywhere: one after the other, whatever the index. */
    for (int i = 0; i < 7; i++)
        assert_int_equal(route_choose(&w, 5) - r, i % 3);
    r[0].in_flight = 2;
    r[1].in_flight = 2;
    r[2].in_flight = 3;
    assert_int_equal(route_choose(&w, 0) - r, 1); /* it is its turn */
    assert_int_equal(route_choose(&w, 0) - r, 0); /* 2 has more */
    r[2].in_flight = 0;
    assert_int_equal(route_choose(&w, 0) - r, 2);
    assert_int_equal(route_choose(&w, 0) - r, 2);
}

struct three {
    struct level_rig x;
    struct rig g[3];
    struct target t[3];
};

static void three_open(struct three *h, const struct reply *a, const struct reply *b, const struct reply *c,
                       struct load_opts lo)
{
    const struct reply *script[] = {a, b, c};
    level_open(&h->x, &good, 1, lo);
    for (int i = 0; i < 3; i++) {
        char url[96];
        rig_start(&h->g[i], script[i], 1);
        snprintf(url, sizeof url, "%s/base%d/v1", h->g[i].url, i);
        struct target_opts o = {
            .url = url, .default_path = "/v1/chat/completions", .stream = true, .key = "sk-rig-key"};
        assert_int_equal(target_open(&h->t[i], &o, NULL), 0);
    }
    h->x.o.targets = h->t;
    h->x.o.n_targets = 3;
}

static void three_close(struct three *h)
{
    for (int i = 0; i < 3; i++) {
        rig_free(&h->g[i]);
        target_close(&h->t[i]);
    }
    level_close(&h->x);
}

/* The server's log says where each item went: the id of a request ends with its index. */
static int index_of_request(const char *request)
{
    const char *id = strstr(request, "X-Request-Id: ");
    assert_non_null(id);
    const char *end = strchr(id, '\r');
    while (end[-1] != '-')
        end--;
    return (int)strtol(end, NULL, 10);
}

static void each_server_gets_its_items_with_its_own_head(void **state)
{
    (void)state;
    static const unsigned workers[] = {1, 2, 3, 5};
    for (size_t k = 0; k < ARRAY_LEN(workers); k++) {
        struct three h;
        three_open(&h, &good, &good, &good,
                   (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 5, .num_requests = 31});
        h.x.o.workers = workers[k];
        level_go(&h.x);
        assert_int_equal(h.x.n, 31);
        assert_int_equal(count_outcome(&h.x, OUT_OK), 31);
        uint64_t opened = 0;
        for (unsigned i = 0; i < workers[k]; i++)
            opened += h.x.clients[i].conns_opened;
        int accepted = 0;
        for (int i = 0; i < 3; i++) {
            rig_stop(&h.g[i]);
            accepted += h.g[i].accepted;
            assert_int_equal(h.g[i].requests, i == 0 ? 11 : 10);
            for (int n = 0; n < h.g[i].requests; n++) {
                char head[128];
                snprintf(head, sizeof head, "POST /base%d/v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n", i,
                         h.g[i].port);
                assert_memory_equal(h.g[i].log[n], head, strlen(head));
                assert_int_equal(index_of_request(h.g[i].log[n]) % 3, i);
            }
        }
        assert_int_equal(accepted, opened);
        for (int i = 0; i < h.x.n; i++)
            assert_int_equal(h.x.kept[i].r.endpoint, h.x.kept[i].r.index % 3);
        three_close(&h);
    }
}

/* What names an endpoint goes there, whatever the balance and whoever sends it. */
static void a_target_that_names_its_host_goes_there(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) {
        struct three h;
        three_open(&h, &good, &good, &good,
                   (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 4, .num_requests = 12});
        h.x.o.workers = k < 2 ? 1 : 3;
        h.x.o.balance = k % 2 ? BALANCE_LEAST_IN_FLIGHT : BALANCE_ROUND_ROBIN;
        dataset_free(&h.x.ds);
        h.x.ds = dataset_load_text(STR("POST http://h/a {\"x\":1}\n"), "list", "targets", NULL);
        assert_non_null(h.x.ds);
        ((struct plan_extra *)(uintptr_t)dataset_at(h.x.ds, 0)->extra)->endpoint = 2;
        load_init(&h.x.load, &(struct load_opts){.mode = LOAD_CLOSED, .concurrency = 4, .num_requests = 12}, h.x.ds);
        level_go(&h.x);
        assert_int_equal(h.x.n, 12);
        for (int i = 0; i < 3; i++) {
            rig_stop(&h.g[i]);
            assert_int_equal(h.g[i].requests, i == 1 ? 12 : 0);
        }
        for (int i = 0; i < h.x.n; i++)
            assert_int_equal(h.x.kept[i].r.endpoint, 1);
        three_close(&h);
    }
}

static void connections_ahead_are_divided(void **state)
{
    (void)state;
    struct three h;
    three_open(&h, &good, &good, &good, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 8, .num_requests = 3});
    struct engine *en = engine_start(&h.x.o, NULL);
    while (!engine_ready(en))
        usleep(1000);
    engine_stop(en, 0);
    while (!engine_finished(en))
        level_drain(&h.x, en);
    engine_end(en, &h.x.totals, h.x.clients);
    engine_free(&en);
    assert_int_equal(h.x.clients[0].conns_opened, 9);
    for (int i = 0; i < 3; i++) {
        rig_stop(&h.g[i]);
        assert_int_equal(h.g[i].accepted, 3);
    }
    three_close(&h);
}

/* One attempt; whether the two that answer got a third of all each. */
static bool one_hangs(void)
{
    struct three h; /* a slot that hangs stays there: the others get all that is left */
    three_open(&h, &good, &hang, &good, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 3, .num_requests = 30});
    h.x.o.balance = BALANCE_LEAST_IN_FLIGHT;
    h.x.o.timeout = 2 * NS_PER_S;
    level_go(&h.x);
    assert_int_equal(h.x.n, 30);
    assert_int_equal(count_outcome(&h.x, OUT_TIMEOUT_TOTAL), 1);
    for (int i = 0; i < h.x.n; i++)
        assert_int_equal(h.x.kept[i].r.endpoint == 1, h.x.kept[i].r.outcome != OUT_OK);
    for (int i = 0; i < 3; i++)
        rig_stop(&h.g[i]);
    assert_int_equal(h.g[1].requests, 1);
    assert_int_equal(h.g[0].requests + h.g[2].requests, 29);
    bool even = h.g[0].requests >= 10 && h.g[2].requests >= 10;
    three_close(&h);
    return even;
}

/* A server whose thread the system leaves aside for a while gets less, but not each time. */
static void least_in_flight_leaves_one_that_hangs(void **state)
{
    (void)state;
    int tries = 1;
    while (!one_hangs() && tries < 10)
        tries++;
    assert_true(tries < 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_robin_goes_by_the_index_alone),
        cmocka_unit_test(least_in_flight_takes_the_emptiest_and_turns_among_equals),
        cmocka_unit_test(each_server_gets_its_items_with_its_own_head),
        cmocka_unit_test(a_target_that_names_its_host_goes_there),
        cmocka_unit_test(connections_ahead_are_divided),
        cmocka_unit_test(least_in_flight_leaves_one_that_hangs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <unistd.h>

#include "base/file.h"
#include "campaign/campaign_private.h"

/* What the option table gives when nothing is said. */
static struct run_config defaults(void)
{
    return (struct run_config){.api = "auto",
                               .auth_style = "bearer",
                               .concurrency = "1",
                               .arrival = "constant",
                               .burstiness = 1,
                               .pin = "none",
                               .duration = 30 * NS_PER_S,
                               .grace = -1,
                               .order = "sequential",
                               .dataset_format = "auto",
                               .max_tokens = -1,
                               .temperature = NAN,
                               .timeout = NS_PER_S,
                               .prompt = "hi",
                               .percentiles = "50,99"};
}

static int parse(struct campaign_state *s, const struct run_config *c, struct err *e)
{
    memset(s, 0, sizeof *s);
    memset(e, 0, sizeof *e);
    s->c = c;
    return setup_parse(s, e);
}

static void lists_become_levels(void **state)
{
    (void)state;
    struct campaign_state s;
    struct err e;
    struct run_config c = defaults();
    c.concurrency = "8, 32,1";
    assert_int_equal(parse(&s, &c, &e), 0);
    assert_int_equal(s.n_levels, 3);
    assert_int_equal(s.level[0].concurrency, 8);
    assert_int_equal(s.level[1].concurrency, 32);
    assert_int_equal(s.level[2].concurrency, 1);
    assert_false(s.level[0].open);
    setup_free(&s);
    c.concurrency = NULL;
    c.rate = "0.5,1e3";
    assert_int_equal(parse(&s, &c, &e), 0);
    assert_int_equal(s.n_levels, 2);
    assert_true(s.level[0].open && s.level[0].rate == 0.5 && s.level[1].rate == 1000);
    setup_free(&s);
}

static void loads_have_shapes(void **state)
{
    (void)state;
    struct campaign_state s;
    struct err e;
    struct run_config c = defaults();
    c.concurrency = NULL;
    c.rate = "5,inf";
    c.arrival = "gamma";
    c.burstiness = 0.5;
    c.rate_limit = "90/min";
    assert_int_equal(parse(&s, &c, &e), 0);
    assert_int_equal(s.n_levels, 2);
    assert_int_equal(s.level[0].at_once, 0);
    assert_true(isinf(s.level[1].rate));
    assert_int_equal(s.level[1].at_once, 1); /* the one prompt */
    assert_int_equal(s.variant[0].shape.start_gap, 666666667);
    struct load_opts o = {0};
    struct rec_level l = {0};
    shape_level(&s.level[0], &o, &l);
    assert_true(o.arrival == ARRIVAL_GAMMA && o.burstiness == 0.5 && o.rate == 5 && o.duration_ns == 30 * NS_PER_S);
    assert_true(l.open && l.rate == 5 && l.burstiness == 0.5 && l.rate_limit == 1.5);
    assert_string_equal(l.arrival, "gamma");
    memset(&l, 0, sizeof l);
    shape_level(&s.level[1], &o, &l);
    assert_true(o.arrival == ARRIVAL_BURST && o.num_requests == 1 && o.duration_ns == 0);
    assert_string_equal(l.arrival, "burst");
    assert_true(l.rate == 0 && l.burstiness == 0);
    setup_free(&s);

    c = defaults();
    c.concurrency = NULL;
    c.profile = "10s@5,20s@5..60";
    assert_int_equal(parse(&s, &c, &e), 0);
    assert_true(s.n_levels == 1 && s.level[0].open && s.level[0].peak == 60);
    o = (struct load_opts){0};
    shape_level(&s.level[0], &o, &l);
    assert_true(o.mode == LOAD_OPEN && o.profile && o.until_ns == 30 * NS_PER_S && o.duration_ns == 0);
    assert_string_equal(l.profile, c.profile);
    setup_free(&s);
    c.duration_given = true; /* it repeats, or is cut */
    assert_int_equal(parse(&s, &c, &e), 0);
    o = (struct load_opts){0};
    shape_level(&s.level[0], &o, &l);
    assert_true(o.until_ns == 0 && o.duration_ns == 30 * NS_PER_S);
    setup_free(&s);

    c = defaults();
    c.concurrency = NULL;
    c.concurrency_profile = "10s@5..60.4";
    assert_int_equal(parse(&s, &c, &e), 0);
    o = (struct load_opts){0};
    shape_level(&s.level[0], &o, &l);
    assert_true(o.mode == LOAD_CLOSED && o.concurrency == 60 && o.until_ns == 10 * NS_PER_S);
    setup_free(&s);
}

static void shapes_that_say_nothing_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *rate, *profile, *users, *arrival, *limit, *warmup, *say;
        bool duration;
    } cases[] = {
        {.rate = "inf", .duration = true, .say = "--duration says nothing"},
        {.rate = "inf", .warmup = "5s", .say = "a --warmup by time"},
        {.profile = "10s@5", .warmup = "10s", .say = "--warmup 10s: the whole profile is not longer"},
        {.profile = "10s@5", .warmup = "50", .say = "--warmup 50: the whole profile is not longer"},
        {.users = "10s@5", .warmup = "11s", .say = "--warmup 11s: the whole profile is not longer"},
        {.profile = "10s@", .say = "--profile: \"10s@\""},
        {.profile = "10s@2e7", .say = "--profile: "},
        {.users = "10s@0.4", .say = "never comes to one user"},
        {.users = "10s@2000000", .say = "--concurrency-profile: "},
        {.arrival = "trace", .say = "--prompt: has no instant"},
        {.rate = "5", .limit = "5", .say = "--rate-limit 5"},
        {.rate = "5", .limit = "5/day", .say = "--rate-limit 5/day"},
        {.rate = "5", .limit = "0/s", .say = "--rate-limit 0/s"},
        {.rate = "5", .limit = "-1/s", .say = "--rate-limit -1/s"},
        {.rate = "5", .limit = "/s", .say = "--rate-limit /s"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct campaign_state s;
        struct err e;
        struct run_config c = defaults();
        c.concurrency = NULL;
        c.rate = cases[i].rate;
        c.profile = cases[i].profile;
        c.concurrency_profile = cases[i].users;
        c.arrival = cases[i].arrival ? cases[i].arrival : "constant";
        c.rate_limit = cases[i].limit;
        c.warmup = cases[i].warmup;
        c.duration_given = cases[i].duration;
        assert_int_equal(parse(&s, &c, &e), -1);
        if (!strstr(e.text, cases[i].say))
            fail_msg("\"%s\" is not in \"%s\"", cases[i].say, e.text);
        setup_free(&s);
    }
}

static void a_ramp_is_a_time_or_a_word(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ns;
    } good[] = {{NULL, 0}, {"none", 0}, {"auto", -1}, {"0s", 0}, {"1500ms", 1500 * NS_PER_MS}};
    static const char *const bad[] = {"", "fast", "-1s", "31s"}; /* the level is 30 s long */
    struct campaign_state s;
    struct err e;
    struct run_config c = defaults();
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        c.ramp_up = good[i].text;
        assert_int_equal(parse(&s, &c, &e), 0);
        assert_int_equal(s.variant[0].ramp, good[i].ns);
        setup_free(&s);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        c.ramp_up = bad[i];
        assert_int_equal(parse(&s, &c, &e), -1);
        assert_non_null(strstr(e.text, "--ramp-up"));
        setup_free(&s);
    }
}

static void a_connect_rate_is_a_number_or_a_word(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double rate;
    } good[] = {{NULL, -1}, {"auto", -1}, {"max", 0}, {"0.5", 0.5}, {"12000", 12000}};
    static const char *const bad[] = {"", "slow", "0", "-1", "nan", "inf", "1e8"};
    struct campaign_state s;
    struct err e;
    struct run_config c = defaults();
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        c.connect_rate = good[i].text;
        assert_int_equal(parse(&s, &c, &e), 0);
        assert_true(s.variant[0].connect_rate == good[i].rate);
        setup_free(&s);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        c.connect_rate = bad[i];
        assert_int_equal(parse(&s, &c, &e), -1);
        assert_non_null(strstr(e.text, "--connect-rate"));
        setup_free(&s);
    }
}

static void impossible_levels_are_refused(void **state)
{
    (void)state;
    static const char *const rates[] = {"", "0", "-1", "nan", "-inf", "1,", "1,,2", "1;2", "1e8"};
    static const char *const counts[] = {"", "0", "-1", "2.5", "1,", "1000001"};
    struct campaign_state s;
    struct err e;
    for (size_t i = 0; i < ARRAY_LEN(rates) + ARRAY_LEN(counts) + 1; i++) {
        struct run_config c = defaults();
        char many[256] = "1";
        for (int k = 0; k < MAX_LEVELS; k++)
            memcpy(many + 1 + 2 * k, ",1", 3);
        if (i < ARRAY_LEN(rates))
            c.rate = rates[i];
        else
            c.concurrency = i - ARRAY_LEN(rates) < ARRAY_LEN(counts) ? counts[i - ARRAY_LEN(rates)] : many;
        assert_int_equal(parse(&s, &c, &e), -1);
        assert_int_equal(e.code, ERR_USAGE);
        assert_non_null(strstr(e.text, c.rate ? "--rate" : "--concurrency"));
        setup_free(&s);
    }
}

static void warmup_is_a_count_or_a_time(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t n;
        int64_t ns;
        int rc;
    } cases[] = {{NULL, 0, 0, 0},
                 {"none", 0, 0, 0},
                 {"10", 10, 0, 0},
                 {"10s", 0, 10 * NS_PER_S, 0},
                 {"0", 0, 0, 0},
                 {"1.5s", 0, 1500000000, 0},
                 {"2m", 0, 120 * NS_PER_S, 0},
                 {"1.5", 0, 1500000000, 0},
                 {"ten", 0, 0, -1},
                 {"-1", 0, 0, -1}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct campaign_state s;
        struct err e;
        struct run_config c = defaults();
        c.warmup = cases[i].text;
        assert_int_equal(parse(&s, &c, &e), cases[i].rc);
        assert_int_equal(s.variant[0].warmup_requests, cases[i].n);
        assert_int_equal(s.variant[0].warmup_ns, cases[i].ns);
        setup_free(&s);
    }
}

static void as_few_workers_as_the_load_needs(void **state)
{
    (void)state;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned most = cores > 2 ? (unsigned)cores - 1 : 1;
    static const struct {
        const char *rate, *concurrency;
        uint64_t workers, cap;
        unsigned want;
    } cases[] = {{NULL, "1", 0, 0, 1},     {NULL, "2000", 0, 0, 1},    {NULL, "1,2001", 0, 0, 2},
                 {"20000", NULL, 0, 0, 1}, {"1,50000", NULL, 0, 0, 3}, {NULL, "1", 7, 0, 0},
                 {"10", NULL, 7, 3, 0}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct campaign_state s;
        struct err e;
        struct run_config c = defaults();
        c.rate = cases[i].rate;
        c.concurrency = cases[i].concurrency;
        c.workers = cases[i].workers;
        c.max_concurrency = cases[i].cap;
        assert_int_equal(parse(&s, &c, &e), 0);
        unsigned want = cases[i].cap ? 3 : cases[i].workers ? 7 : MIN(cases[i].want, most);
        assert_int_equal(s.workers, want); /* a cap of 3 cannot be shared by 7 */
        setup_free(&s);
    }
}

static void seeds_are_drawn_unless_given(void **state)
{
    (void)state;
    struct campaign_state a, b;
    struct err e;
    struct run_config c = defaults();
    assert_int_equal(parse(&a, &c, &e), 0);
    assert_int_equal(parse(&b, &c, &e), 0);
    assert_true(a.seed != b.seed || a.seed == 0); /* once in 4 billion */
    assert_true(a.seed <= UINT32_MAX);
    setup_free(&a);
    setup_free(&b);
    c.seed_given = true;
    c.seed = 0;
    assert_int_equal(parse(&a, &c, &e), 0);
    assert_int_equal(a.seed, 0);
    setup_free(&a);
}

static void other_texts_than_the_stored_are_refused(void **state)
{
    (void)state;
    struct campaign_state s;
    struct err e;
    struct run_config c = defaults();
    char sha[65];
    sha256_hex(STR("hi"), sha);
    c.replay_sha256 = sha;
    assert_int_equal(parse(&s, &c, &e), 0);
    setup_free(&s);
    c.prompt = "ho";
    assert_int_equal(parse(&s, &c, &e), -1);
    assert_non_null(strstr(e.text, "--replay"));
    setup_free(&s);
}

static void bad_settings_name_their_option(void **state)
{
    (void)state;
    static const char *const names[] = {"--slo",        "--goodput", "--percentiles",
                                        "--auth-style", "--warmup",  "no-such-variable"};
    for (int i = 0; i < 6; i++) {
        struct campaign_state s;
        struct err e;
        struct run_config c = defaults();
        *(i == 0   ? &c.slo
          : i == 1 ? &c.goodput
          : i == 2 ? &c.percentiles
          : i == 3 ? &c.auth_style
          : i == 4 ? &c.warmup
                   : &c.api_key_env) = "no-such-variable";
        assert_int_equal(parse(&s, &c, &e), -1);
        assert_non_null(strstr(e.text, names[i]));
        setup_free(&s);
    }
}

static void the_path_chooses_the_dialect(void **state)
{
    (void)state;
    static const struct {
        const char *url, *api, *ops, *path;
    } cases[] = {{"127.0.0.1", "auto", "openai-chat", "/v1/chat/completions"},
                 {"http://127.0.0.1/v1/completions", "auto", "openai-completions", "/v1/completions"},
                 {"http://127.0.0.1/x/chat/completions/", "auto", "openai-chat", "/x/chat/completions/"},
                 {"127.0.0.1", "openai-completions", "openai-completions", "/v1/completions"},
                 {"http://127.0.0.1/generate", "openai-completions", "openai-completions", "/generate"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct campaign_state s;
        struct err e;
        struct run_config c = defaults();
        const char *urls[] = {cases[i].url, NULL};
        c.urls = urls;
        c.api = cases[i].api;
        assert_int_equal(parse(&s, &c, &e), 0);
        assert_int_equal(setup_target(&s, &e), 0);
        assert_string_equal(s.ops->name, cases[i].ops);
        assert_string_equal(s.variant[0].ep->target[0].path, cases[i].path);
        setup_free(&s);
    }
}

/* How the key is sent, where it is found and which headers go with it, unless the user says otherwise. */
static void the_dialect_says_how_it_is_asked(void **state)
{
    (void)state;
    static const struct {
        const char *api, *style;
        enum auth_style sent;
        const char *key; /* of the environment */
        bool version;
    } cases[] = {{"openai-chat", "auto", AUTH_BEARER, "sk-openai", false},
                 {"anthropic-messages", "auto", AUTH_X_API_KEY, "sk-anthropic", true},
                 {"anthropic-messages", "bearer", AUTH_BEARER, "sk-anthropic", true},
                 {"sagemaker-lmi", "auto", AUTH_BEARER, NULL, false}};
    setenv("OPENAI_API_KEY", "sk-openai", 1);
    setenv("ANTHROPIC_API_KEY", "sk-anthropic", 1);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct campaign_state s;
        struct err e;
        struct run_config c = defaults();
        const char *urls[] = {"127.0.0.1", NULL};
        c.urls = urls;
        c.api = cases[i].api;
        c.auth_style = cases[i].style;
        assert_int_equal(parse(&s, &c, &e), 0);
        assert_int_equal(setup_target(&s, &e), 0);
        assert_int_equal(s.auth_style, cases[i].sent);
        if (cases[i].key)
            assert_string_equal(s.key, cases[i].key);
        else
            assert_null(s.key);
        struct str head = buf_str(&s.variant[0].ep->target[0].common);
        assert_int_equal(str_find(head, STR("\r\nanthropic-version: 2023-06-01\r\n")) >= 0, cases[i].version);
        setup_free(&s);
    }
    unsetenv("OPENAI_API_KEY");
    unsetenv("ANTHROPIC_API_KEY");
}

/* A dialect of two paths takes the one of its kind of answers. */
static void the_other_kinds_path_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool whole;
        const char *says, *path;
    } cases[] = {{"127.0.0.1", false, NULL, "/generate_stream"},
                 {"127.0.0.1", true, NULL, "/generate"},
                 {"http://127.0.0.1/x/generate", true, NULL, "/x/generate"},
                 {"http://127.0.0.1/generate/", false, "give /generate_stream, or --no-stream", NULL},
                 {"http://127.0.0.1/generate_stream", true, "is that of streamed answers; give /generate", NULL}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct campaign_state s;
        struct err e;
        struct run_config c = defaults();
        const char *urls[] = {cases[i].url, NULL};
        c.urls = urls;
        c.api = "tgi";
        c.no_stream = cases[i].whole;
        assert_int_equal(parse(&s, &c, &e), 0);
        assert_int_equal(setup_target(&s, &e), cases[i].says ? -1 : 0);
        if (cases[i].says)
            assert_non_null(strstr(e.text, cases[i].says));
        else
            assert_string_equal(s.variant[0].ep->target[0].path, cases[i].path);
        setup_free(&s);
    }
}

static void several_urls_become_targets(void **state)
{
    (void)state;
    struct campaign_state s;
    struct err e;
    struct run_config c = defaults();
    char text[64], cut[8];
    const char *urls[] = {" 127.0.0.1:1  http://127.0.0.1:2/v1/completions?api-key=SECRET ", "https://127.0.0.1:3/v1",
                          NULL};
    c.urls = urls;
    c.insecure = true;
    c.balance = "least-in-flight";
    struct str each[2] = {0};
    assert_int_equal(run_config_urls(&c, each, 2), 3); /* as many as fit */
    assert_true(str_eqz(each[0], "127.0.0.1:1"));
    assert_int_equal(parse(&s, &c, &e), 0);
    assert_int_equal(setup_target(&s, &e), 0);
    assert_int_equal(s.n_targets, 3);
    assert_int_equal(s.balance, BALANCE_LEAST_IN_FLIGHT);
    assert_string_equal(s.ops->name, "openai-completions"); /* the others' paths say nothing */
    assert_string_equal(s.variant[0].ep->target[0].path, "/v1/completions");
    assert_string_equal(s.variant[0].ep->target[2].path, "/v1/completions");
    assert_true(s.variant[0].ep->target[2].tls && !s.variant[0].ep->target[1].tls);
    assert_string_equal(endpoint_text(&s, 1, text, sizeof text),
                        "http://127.0.0.1:2/v1/completions?api-key=[redacted]");
    assert_string_equal(endpoint_text(&s, 0, cut, sizeof cut), "127.0.0");
    setup_free(&s);
}

static void one_bad_url_of_several_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *urls[4], *say;
    } cases[] = {
        {{"127.0.0.1:1", "ftp://127.0.0.1"}, "URL 2: "},
        {{"127.0.0.1:1", "http://me:pw@127.0.0.1"}, "URL 2: the URL has credentials"},
        {{"127.0.0.1:1", "127.0.0.1:2/v1/completions", "127.0.0.1:3/v1/chat/completions"},
         "URL 2 is openai-completions and URL 3 is openai-chat"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct campaign_state s;
        struct err e;
        struct run_config c = defaults();
        const char *urls[4];
        memcpy(urls, cases[i].urls, sizeof urls);
        c.urls = urls;
        assert_int_equal(parse(&s, &c, &e), 0);
        assert_int_equal(setup_target(&s, &e), -1);
        assert_int_equal(e.code, ERR_USAGE);
        if (!strstr(e.text, cases[i].say))
            fail_msg("\"%s\" is not in \"%s\"", cases[i].say, e.text);
        assert_null(strstr(e.text, "pw"));
        setup_free(&s);
    }
}

static void levels_have_options_of_their_own(void **state)
{
    (void)state;
    struct campaign_state s;
    struct err e;
    const char *urls[] = {"127.0.0.1:1", NULL}, *headers[] = {"X-A: 1", NULL}, *same[] = {"X-A: 1", NULL};
    struct run_config c = defaults(), levels[4];
    c.urls = urls;
    for (size_t i = 0; i < ARRAY_LEN(levels); i++)
        levels[i] = c;
    levels[1].concurrency = NULL;
    levels[1].rate = "5,10";
    levels[1].warmup = "2s";
    levels[1].headers = headers;
    levels[2].prompt = "another";
    levels[2].headers = same;
    levels[2].max_tokens = 7;
    levels[3].prompt = "another";
    levels[3].level_name = "last";
    c.levels = levels;
    c.n_levels = ARRAY_LEN(levels);
    assert_int_equal(parse(&s, &c, &e), 0);
    assert_int_equal(setup_target(&s, &e), 0);
    assert_int_equal(s.n_levels, 5); /* one of them lists two rates */
    assert_true(!s.level[0].open && s.level[1].open && s.level[2].rate == 10 && !s.level[3].open);
    assert_int_equal(s.level[2].v->warmup_ns, 2 * NS_PER_S);
    assert_int_equal(s.level[3].v->warmup_ns, 0);
    assert_int_equal(s.level[3].v->api_opts.max_tokens, 7);
    assert_true(s.variant[1].ds == s.variant[0].ds && s.variant[2].ds != s.variant[0].ds);
    assert_true(s.variant[3].ds == s.variant[2].ds);
    assert_true(s.variant[1].ep != s.variant[0].ep && s.variant[2].ep == s.variant[1].ep);
    assert_true(s.variant[3].ep == s.variant[0].ep);
    assert_non_null(strstr(s.variant[1].ep->target[0].common.p, "X-A: 1"));
    assert_null(strstr(s.variant[0].ep->target[0].common.p, "X-A"));
    setup_free(&s);

    levels[3].warmup = "soon";
    assert_int_equal(parse(&s, &c, &e), -1);
    assert_string_equal(e.text, "level last: --warmup soon: must be a number of requests (10) or a duration (10s)");
    setup_free(&s);
    levels[2].rate = "fast";
    assert_int_equal(parse(&s, &c, &e), -1);
    assert_ptr_equal(strstr(e.text, "level 3: --rate fast"), e.text);
    setup_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_become_levels),
        cmocka_unit_test(loads_have_shapes),
        cmocka_unit_test(shapes_that_say_nothing_are_refused),
        cmocka_unit_test(a_ramp_is_a_time_or_a_word),
        cmocka_unit_test(a_connect_rate_is_a_number_or_a_word),
        cmocka_unit_test(impossible_levels_are_refused),
        cmocka_unit_test(warmup_is_a_count_or_a_time),
        cmocka_unit_test(as_few_workers_as_the_load_needs),
        cmocka_unit_test(seeds_are_drawn_unless_given),
        cmocka_unit_test(other_texts_than_the_stored_are_refused),
        cmocka_unit_test(bad_settings_name_their_option),
        cmocka_unit_test(the_path_chooses_the_dialect),
        cmocka_unit_test(the_dialect_says_how_it_is_asked),
        cmocka_unit_test(the_other_kinds_path_is_refused),
        cmocka_unit_test(several_urls_become_targets),
        cmocka_unit_test(one_bad_url_of_several_is_named),
        cmocka_unit_test(levels_have_options_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

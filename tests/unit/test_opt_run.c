/* test_opt_run.c - the tables of run, sim and report: defaults as the issue and the manual promise them, the names that
 * the field uses, and the checks across options. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "campaign/campaign.h"
#include "cli/opts.h"
#include "load/dataset.h"
#include "sim/sim.h"

struct tried {
    struct run_config c;
    struct opt_seen seen;
    struct err e;
    int rc;
};

static void try(struct tried *t, const char *const *words)
{
    const char *argv[80] = {"run"};
    int argc = 1;
    for (; words[argc - 1]; argc++)
        argv[argc] = words[argc - 1];
    memset(t, 0, sizeof *t);
    t->rc = opt_parse(&opt_run, argc, argv, NULL, &t->c, &t->seen, &t->e);
    if (t->rc == 0) {
        t->rc = run_take_urls(&t->c, &t->seen, &t->e);
        if (t->rc == 0)
            t->rc = run_replay_check(&t->seen, &t->e);
        if (t->rc == 0)
            t->rc = run_config_check(&t->c, &t->e);
    }
}
#define TRY(t, ...) try(t, (const char *const[]){__VA_ARGS__, NULL})

static void done(struct tried *t)
{
    opt_free(&opt_run, &t->c, &t->seen);
}

static void run_defaults(void **state)
{
    struct tried t;
    TRY(&t, NULL);
    assert_int_equal(t.rc, 0);
    assert_null(t.c.urls);
    assert_string_equal(t.c.balance, "round-robin");
    assert_null(t.c.model);
    assert_string_equal(t.c.api, "auto");
    assert_null(t.c.headers);
    assert_string_equal(t.c.auth_style, "auto");
    assert_null(t.c.rate);
    assert_string_equal(t.c.concurrency, "1");
    assert_string_equal(t.c.arrival, "constant");
    assert_int_equal(t.c.duration, 30 * NS_PER_S);
    assert_int_equal(t.c.num_requests, 0);
    assert_null(t.c.warmup);
    assert_int_equal(t.c.cooldown, 0);
    assert_int_equal(t.c.grace, -1);
    assert_int_equal(t.c.max_concurrency, 0);
    assert_int_equal(t.c.workers, 0);
    assert_false(t.c.seed_given);
    assert_null(t.c.dataset);
    assert_string_equal(t.c.order, "sequential");
    assert_int_equal(t.c.max_tokens, -1);
    assert_true(isnan(t.c.temperature));
    assert_int_equal(t.c.timeout, 300 * NS_PER_S);
    assert_int_equal(t.c.connect_timeout, 10 * NS_PER_S);
    assert_int_equal(t.c.first_token_timeout, 0);
    assert_int_equal(t.c.idle_timeout, 4 * NS_PER_S);
    assert_int_equal(t.c.spin, 0);
    assert_string_equal(t.c.percentiles, "50,95,99");
    assert_null(t.c.slo);
    assert_false(t.c.json);
    done(&t);
}

/* The two command lines of the issue, and the spellings that other programs taught. */
static void run_examples(void **state)
{
    struct tried t;
    TRY(&t, "http://h:1/v1", "--model", "M", "--dataset", "c.json", "--rate", "1,5,10,20", "--duration", "60s");
    assert_int_equal(t.rc, 0);
    assert_string_equal(t.c.urls[0], "http://h:1/v1");
    assert_null(t.c.urls[1]);
    assert_string_equal(t.c.rate, "1,5,10,20");
    assert_null(t.c.concurrency);
    assert_int_equal(t.c.duration, 60 * NS_PER_S);
    done(&t);
    TRY(&t, "URL", "--concurrency", "8,32", "--num-requests", "500", "--prompt", "Explain weirs", "--max-tokens",
        "128");
    assert_int_equal(t.rc, 0);
    assert_string_equal(t.c.concurrency, "8,32");
    assert_int_equal(t.c.num_requests, 500);
    assert_int_equal(t.c.duration, 0);
    assert_int_equal(t.c.max_tokens, 128);
    done(&t);
    TRY(&t, "--qps=2.5", "-n", "10", "-H", "a: b", "-Hc: d", "--request-timeout", "5", "u", "-k", "--seed", "0");
    assert_int_equal(t.rc, 0);
    assert_string_equal(t.c.rate, "2.5");
    assert_string_equal(t.c.headers[1], "c: d");
    assert_int_equal(t.c.timeout, 5 * NS_PER_S);
    assert_true(t.c.insecure);
    assert_true(t.c.seed_given); /* 0 is a seed too */
    done(&t);
    TRY(&t, "--request-rate", "7", "--warmup", "10", "--temperature", "0");
    assert_int_equal(t.rc, 0);
    assert_string_equal(t.c.warmup, "10");
    assert_true(t.c.temperature == 0);
    done(&t);
}

static void run_urls(void **state)
{
    struct tried t;
    TRY(&t, "a:1", "--balance", "least-in-flight", "b:2", "--url", "c:3");
    assert_int_equal(t.rc, 0);
    assert_string_equal(t.c.urls[0], "c:3"); /* options come before what is none */
    assert_string_equal(t.c.urls[1], "a:1");
    assert_string_equal(t.c.urls[2], "b:2");
    assert_null(t.c.urls[3]);
    assert_string_equal(t.c.balance, "least-in-flight");
    /* A stored run's URLs give way to those on the command line. */
    assert_int_equal(opt_set(&opt_run, &t.c, &t.seen, opt_find(&opt_run, STR("url")), "d:4", OPT_FROM_FILE, &t.e), 0);
    assert_null(t.c.urls[3]);
    done(&t);
    TRY(&t, "a:1 b:2");
    assert_int_equal(t.rc, -1);
    done(&t);
    TRY(&t, "--url", "a:1 b:2", "--connect-to", "c:3");
    assert_int_equal(t.rc, -1);
    assert_string_equal(t.e.text,
                        "--connect-to leads all requests to one place, but 2 URLs are given; give one of them");
    done(&t);
    TRY(&t, "a:1", "--balance", "least-in-flight");
    assert_int_equal(t.rc, -1);
    done(&t);
    const char *many[67] = {NULL};
    for (int i = 0; i < 64; i++)
        many[i] = "h";
    try(&t, many);
    assert_int_equal(t.rc, 0);
    assert_string_equal(t.c.urls[63], "h");
    done(&t);
    many[64] = "h";
    try(&t, many);
    assert_int_equal(t.rc, -1);
    done(&t);
}

static void run_contradictions(void **state)
{
    struct tried t;
    TRY(&t, "--replay", "d", "--dataset", "f");
    assert_int_equal(t.rc, -1);
    assert_int_equal(t.e.code, ERR_USAGE);
    assert_string_equal(t.e.text, "--replay repeats the stored run's plan; --dataset would change it");
    done(&t);
    TRY(&t, "--replay", "d", "--seed", "4");
    assert_int_equal(t.rc, -1);
    done(&t);
    /* What the stored run says comes in as from a file, and clears the defaults that it replaces. */
    TRY(&t, "--replay", "d", "--timeout", "5s", "--output-dir", "o");
    assert_int_equal(t.rc, 0);
    assert_int_equal(opt_set(&opt_run, &t.c, &t.seen, opt_find(&opt_run, STR("rate")), "5", OPT_FROM_STORED, &t.e), 0);
    assert_int_equal(
        opt_set(&opt_run, &t.c, &t.seen, opt_find(&opt_run, STR("num-requests")), "9", OPT_FROM_STORED, &t.e), 0);
    assert_int_equal(opt_set(&opt_run, &t.c, &t.seen, opt_find(&opt_run, STR("timeout")), "60s", OPT_FROM_STORED, &t.e),
                     0);
    assert_int_equal(opt_settle(&opt_run, &t.c, &t.seen, &t.e), 0);
    assert_int_equal(run_config_check(&t.c, &t.e), 0);
    assert_string_equal(t.c.rate, "5");
    assert_null(t.c.concurrency);
    assert_int_equal(t.c.num_requests, 9);
    assert_int_equal(t.c.duration, 0);
    assert_int_equal(t.c.timeout, 5 * NS_PER_S);
    done(&t);
    TRY(&t, "--rate", "5", "--max-concurrency", "4", "--arrival", "poisson");
    assert_int_equal(t.rc, 0);
    done(&t);
    TRY(&t, "-c", "5", "--max-concurrency", "4");
    assert_int_equal(t.rc, -1);
    done(&t);
    TRY(&t, "https://a/", "--cert", "c.pem"); /* a PEM file may hold both */
    assert_int_equal(t.rc, 0);
    done(&t);
}

static void sim_defaults(void **state)
{
    struct sim_config c;
    struct opt_seen seen;
    struct err e;
    const char *const argv[] = {"sim"};
    memset(&c, 0xa5, sizeof c);
    assert_int_equal(opt_parse(&opt_sim, 1, argv, NULL, &c, &seen, &e), 0);
    assert_int_equal(sim_config_check(&c, &e), 0);
    assert_string_equal(c.listen, "127.0.0.1:0");
    assert_int_equal(c.ttft, 50 * NS_PER_MS);
    assert_int_equal(c.prefill, 20 * NS_PER_US);
    assert_int_equal(c.itl, 10 * NS_PER_MS);
    assert_int_equal(c.itl_per_seq, 0);
    assert_int_equal(c.max_seqs, 256);
    assert_true(c.max_queue == UINT64_MAX);
    assert_int_equal(c.limit, 0);
    assert_null(c.jitter);
    assert_string_equal(c.output_tokens, "128");
    assert_null(c.fault);
    assert_null(c.pause);
    assert_null(c.truth);
    assert_null(c.api_key);
    assert_int_equal(c.ready_fd, -1);
    assert_false(c.tls);
    opt_free(&opt_sim, &c, &seen);
    const char *const seed4[] = {"sim", "--max-concurrent-requests", "10"};
    assert_int_equal(opt_parse(&opt_sim, 3, seed4, NULL, &c, &seen, &e), 0);
    assert_int_equal(c.limit, 10);
    opt_free(&opt_sim, &c, &seen);
}

/* Rows of one category stand together, every row has its texts, and what has a value says what the value is. */
static void tables_are_whole(void **state)
{
    const struct opt_table *const tables[] = {&opt_run, &opt_sim, &opt_report};
    for (size_t k = 0; k < ARRAY_LEN(tables); k++) {
        const struct opt_table *t = tables[k];
        assert_true(t->n > 0 && t->n <= OPT_MAX);
        for (size_t i = 0; i < t->n; i++) {
            const struct opt *o = &t->opts[i];
            assert_true(o->name && o->help && o->category);
            assert_int_equal(o->kind == OPT_FLAG, o->arg == NULL);
            assert_int_equal(o->kind == OPT_ENUM, o->choices != NULL);
            assert_ptr_equal(opt_find(t, str_of(o->name)), o);
            for (size_t j = 0; i > 0 && j + 1 < i; j++)
                assert_false(strcmp(t->opts[j].category, o->category) == 0 &&
                             strcmp(t->opts[i - 1].category, o->category) != 0);
        }
    }
}

/* Each format that there is can be asked for by its name. */
static void formats_are_choices(void **state)
{
    struct str_split it = {.rest = str_of(opt_find(&opt_run, STR("dataset-format"))->choices), .sep = ' '};
    const struct dataset_ops *const *f = dataset_formats();
    struct str word;
    assert_true(str_next(&it, &word) && str_eqz(word, "auto"));
    for (; str_next(&it, &word); f++)
        assert_true(*f && str_eqz(word, (*f)->name));
    assert_null(*f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_defaults),        cmocka_unit_test(run_examples), cmocka_unit_test(run_urls),
        cmocka_unit_test(run_contradictions),  cmocka_unit_test(sim_defaults), cmocka_unit_test(tables_are_whole),
        cmocka_unit_test(formats_are_choices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

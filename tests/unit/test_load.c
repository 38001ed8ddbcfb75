/* test_load.c - which items a level has, in what order, and where its window lies. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "load/load.h"

#define SEC NS_PER_S

static struct dataset *numbers(size_t n)
{
    struct buf b = BUF_INIT(1 << 20);
    for (size_t i = 0; i < n; i++)
        buf_addf(&b, "prompt %zu\n", i);
    struct dataset *ds = dataset_load_text(buf_str(&b), "numbers.txt", "text", NULL);
    assert_non_null(ds);
    assert_int_equal(dataset_n(ds), n);
    buf_free(&b);
    return ds;
}

static void test_sequential(void **state)
{
    struct dataset *ds = numbers(7);
    struct load l;
    struct plan_item it;
    load_init(&l, &(struct load_opts){.mode = LOAD_CLOSED, .first_sample = 5, .seed = 1}, ds);
    for (uint64_t i = 0; i < 50; i++) {
        memset(&it, 0xAB, sizeof it);
        load_item(&l, i, 0, &it);
        assert_int_equal(it.index, i);
        assert_int_equal(it.sample, (5 + i) % 7);
        assert_ptr_equal(it.what, dataset_at(ds, it.sample));
        assert_int_equal(it.turn, 0);
        assert_int_equal(it.due, 0);
        assert_false(it.warmup);
        assert_string_equal(it.nonce, "");
    }
    dataset_free(&ds);
}

/* Every pass visits each sample once; passes and seeds differ; a level that begins in the middle goes on as if one. */
static void test_shuffle(void **state)
{
    enum { SAMPLES = 101, PASSES = 20 };
    struct dataset *ds = numbers(SAMPLES);
    struct load l, late, other;
    struct plan_item it;
    uint32_t first[SAMPLES];
    unsigned as_before = 0, as_other = 0, in_order = 0;
    load_init(&l, &(struct load_opts){.mode = LOAD_CLOSED, .order = ORDER_SHUFFLE, .seed = 1}, ds);
    load_init(&late, &(struct load_opts){.mode = LOAD_CLOSED, .order = ORDER_SHUFFLE, .seed = 1, .first_sample = 150},
              ds);
    load_init(&other, &(struct load_opts){.mode = LOAD_CLOSED, .order = ORDER_SHUFFLE, .seed = 2}, ds);
    for (unsigned pass = 0; pass < PASSES; pass++) {
        bool seen[SAMPLES] = {false};
        for (unsigned k = 0; k < SAMPLES; k++) {
            uint64_t i = pass * SAMPLES + k;
            load_item(&l, i, 0, &it);
            assert_false(seen[it.sample]);
            seen[it.sample] = true;
            in_order += it.sample == k;
            if (pass == 0)
                first[k] = it.sample;
            else
                as_before += first[k] == it.sample;
            uint32_t sample = it.sample;
            load_item(&other, i, 0, &it);
            as_other += it.sample == sample;
            if (i >= 150) {
                load_item(&late, i - 150, 0, &it);
                assert_int_equal(it.sample, sample);
            }
        }
    }
    /* By chance about one place in 101 agrees: 20 of some 2,000. */
    assert_true(in_order < 50 && as_before < 50 && as_other < 50);
    dataset_free(&ds);
}

static void test_nonce(void **state)
{
    struct dataset *ds = numbers(3);
    struct load a, b, level, seed;
    struct plan_item it, it2;
    load_init(&a, &(struct load_opts){.mode = LOAD_CLOSED, .unique_prompts = true, .seed = 1}, ds);
    load_init(&b, &(struct load_opts){.mode = LOAD_CLOSED, .unique_prompts = true, .seed = 1}, ds);
    load_init(&level, &(struct load_opts){.mode = LOAD_CLOSED, .unique_prompts = true, .seed = 1, .level = 1}, ds);
    load_init(&seed, &(struct load_opts){.mode = LOAD_CLOSED, .unique_prompts = true, .seed = 2}, ds);
    char before[PLAN_NONCE_MAX] = "";
    for (uint64_t i = 0; i < 1000; i++) {
        load_item(&a, i, 0, &it);
        assert_int_equal(strlen(it.nonce), 19);
        assert_true(it.nonce[0] == '[' && it.nonce[17] == ']' && it.nonce[18] == ' ');
        assert_int_equal(strspn(it.nonce + 1, "0123456789abcdef"), 16);
        assert_string_not_equal(it.nonce, before);
        memcpy(before, it.nonce, sizeof before);
        load_item(&b, i, 0, &it2);
        assert_string_equal(it.nonce, it2.nonce);
        load_item(&level, i, 0, &it2);
        assert_string_not_equal(it.nonce, it2.nonce);
        load_item(&seed, i, 0, &it2);
        assert_string_not_equal(it.nonce, it2.nonce);
    }
    dataset_free(&ds);
}

static struct dataset *texts(const char *text)
{
    struct dataset *ds = dataset_load_text(str_of(text), "texts", NULL, NULL);
    assert_non_null(ds);
    return ds;
}

static void assert_share(unsigned count, unsigned of, double share)
{
    assert_true(fabs(count - of * share) < 5 * sqrt(of * share * (1 - share)));
}

/* Classes and models come as often as their weights say, whoever asks in which order, and are drawn apart. */
static void test_mixes(void **state)
{
    enum { N = 20000 };
    struct dataset *part[] = {numbers(7), texts("x\ny\n")};
    const struct str names[] = {STR("chat"), STR("code")};
    struct dataset *ds = dataset_join(part, names, (const double[]){3, 1}, 2);
    struct models m = {0};
    struct load l;
    struct plan_item it, again;
    unsigned code = 0, b = 0, both = 0, seen[9] = {0};
    assert_null(part[0]);
    assert_int_equal(dataset_n(ds), 9);
    assert_int_equal(mix_parse(&m.mix, STR("a=4,b=1"), "--x", NULL), 0);
    m.name = xcalloc(2, sizeof *m.name);
    memcpy(m.name, m.mix.name, 2 * sizeof *m.name);
    m.n = 2;
    assert_int_equal(dataset_settle(ds, &m, NULL), 0);
    assert_int_equal(dataset_get_stats(ds)->classes, 2);
    load_init(&l, &(struct load_opts){.mode = LOAD_CLOSED, .seed = 3, .models = &m}, ds);
    for (uint64_t i = 0; i < N; i++) {
        load_item(&l, N - 1 - i, 0, &again);
        load_item(&l, i, 0, &it);
        bool is_code = str_eqz(it.klass, "code"), is_b = str_eqz(it.model, "b");
        assert_true(is_code || str_eqz(it.klass, "chat"));
        assert_int_equal(is_code, it.sample >= 7);
        assert_int_equal(it.sample, is_code ? 7 + i % 2 : i % 7);
        assert_true(is_b ? it.model_ix == 1 : str_eqz(it.model, "a") && it.model_ix == 0);
        seen[it.sample]++;
        code += is_code;
        b += is_b;
        both += is_code && is_b;
        load_item(&l, i, 0, &again);
        assert_true(again.sample == it.sample && again.model_ix == it.model_ix);
    }
    assert_share(code, N, 0.25);
    assert_share(b, N, 0.2);
    assert_share(both, N, 0.05);
    for (int k = 0; k < 7; k++)
        assert_share(seen[k], N, 0.75 / 7);
    models_free(&m);
    dataset_free(&ds);
}

/* Entries that name a model or a class of their own keep it; the others have what the run gives them. */
static void test_entries_names(void **state)
{
    struct dataset *ds = dataset_load_text(STR("{\"prompt\":\"a\",\"model\":\"own\",\"class\":\"x\"}\n"
                                               "{\"prompt\":\"b\"}\n"
                                               "{\"prompt\":\"c\",\"model\":\"\\u0062\",\"class\":\"y\"}\n"
                                               "{\"prompt\":\"d\",\"model\":\"own\"}\n"),
                                           "names.jsonl", "jsonl", NULL);
    static const char *const want[] = {"own", NULL, "b", "own"}, *const klass[] = {"x", "", "y", ""};
    struct models m = {0};
    struct load l;
    struct plan_item it;
    assert_non_null(ds);
    assert_int_equal(mix_parse(&m.mix, STR("a=1,b=1"), "--x", NULL), 0);
    m.name = xcalloc(2, sizeof *m.name);
    memcpy(m.name, m.mix.name, 2 * sizeof *m.name);
    m.n = 2;
    assert_int_equal(dataset_settle(ds, &m, NULL), 0);
    assert_int_equal(m.n, 3); /* b was there, however it is spelled */
    assert_true(str_eqz(m.name[2], "own"));
    assert_int_equal(dataset_get_stats(ds)->classes, 3); /* and that of those without one */
    load_init(&l, &(struct load_opts){.mode = LOAD_CLOSED, .seed = 3, .models = &m}, ds);
    for (uint64_t i = 0; i < 400; i++) {
        load_item(&l, i, 0, &it);
        assert_true(str_eq(it.model, m.name[it.model_ix]));
        assert_true(want[i % 4] ? str_eqz(it.model, want[i % 4]) : it.model_ix < 2);
        assert_true(str_eqz(it.klass, klass[i % 4]));
    }
    models_free(&m);
    dataset_free(&ds);
}

/* Shuffled, each class is still gone through: no entry comes twice before item n of its class. */
static void test_mix_shuffled(void **state)
{
    struct dataset *part[] = {numbers(50), numbers(40)};
    const struct str names[] = {STR("x"), STR("y")};
    struct dataset *ds = dataset_join(part, names, (const double[]){1, 1}, 2);
    struct load l;
    struct plan_item it;
    bool seen[90] = {false};
    load_init(&l, &(struct load_opts){.mode = LOAD_CLOSED, .seed = 3, .order = ORDER_SHUFFLE}, ds);
    for (uint64_t i = 0; i < 40; i++) {
        load_item(&l, i, 0, &it);
        assert_false(seen[it.sample]);
        seen[it.sample] = true;
        assert_int_equal(it.model.n, 0);
    }
    dataset_free(&ds);
}

struct window {
    uint64_t items, warm; /* of the level */
    int64_t begin;
    int64_t first, last; /* due instants of the measured ones */
};

/* Walks the level as a worker does. */
static struct window walk(const struct load_opts *o)
{
    struct dataset *ds = numbers(3);
    struct load l;
    struct load_walk a;
    struct window w = {.first = -1};
    bool measured = false;
    load_init(&l, o, ds);
    load_walk_begin(&l, &a);
    while (load_walk_next(&l, &a)) {
        struct plan_item it;
        uint64_t i = a.i;
        int64_t due = a.due;
        assert_true(w.items < 1000000);
        load_item(&l, i, due, &it);
        assert_int_equal(it.due, due);
        assert_false(it.warmup && measured); /* warm-up comes first */
        measured = measured || !it.warmup;
        w.items++;
        w.warm += it.warmup;
        if (!it.warmup && w.first < 0)
            w.first = due;
        w.last = due;
    }
    for (int k = 0; k < 10; k++) /* what is beyond the end stays there */
        assert_false(load_walk_next(&l, &a));
    w.begin = load_window_begin(&l);
    dataset_free(&ds);
    return w;
}

static void test_open_ends(void **state)
{
    struct load_opts o = {.mode = LOAD_OPEN, .rate = 10, .arrival = ARRIVAL_CONSTANT, .seed = 1};
    o.num_requests = 25;
    struct window w = walk(&o);
    assert_int_equal(w.items, 25);
    assert_int_equal(w.begin, 0);

    o.duration_ns = 2 * SEC; /* the first of both: due 0 .. 1.9 s */
    w = walk(&o);
    assert_int_equal(w.items, 20);
    assert_int_equal(w.last, 1900000000);

    o.num_requests = 0;
    w = walk(&o);
    assert_int_equal(w.items, 20);
}

static void test_open_warmup(void **state)
{
    struct load_opts o = {.mode = LOAD_OPEN, .rate = 10, .arrival = ARRIVAL_CONSTANT, .seed = 1};
    o.warmup_requests = 7;
    o.duration_ns = 2 * SEC;
    struct window w = walk(&o); /* item 7 is due at 0.7 s, the window ends at 2.7 s */
    assert_int_equal(w.warm, 7);
    assert_int_equal(w.items, 27);
    assert_int_equal(w.begin, 700000000);
    assert_int_equal(w.first, w.begin);

    o.num_requests = 5;
    w = walk(&o);
    assert_int_equal(w.warm, 7);
    assert_int_equal(w.items, 12);

    o = (struct load_opts){.mode = LOAD_OPEN, .rate = 10, .warmup_ns = 1050000000, .duration_ns = SEC, .seed = 1};
    w = walk(&o); /* items at 0 .. 1.0 s, window from 1.05 to 2.05 s: 1.1 .. 2.0 s */
    assert_int_equal(w.warm, 11);
    assert_int_equal(w.items, 21);
    assert_int_equal(w.begin, 1050000000);
    assert_int_equal(w.first, 1100000000);
    assert_int_equal(w.last, 2000000000);

    o.num_requests = 3;
    w = walk(&o);
    assert_int_equal(w.items, 14);

    o.warmup_requests = 15; /* both: the later */
    w = walk(&o);
    assert_int_equal(w.warm, 15);
    assert_int_equal(w.begin, 1500000000);
    o.warmup_requests = 5;
    w = walk(&o);
    assert_int_equal(w.warm, 11);
    assert_int_equal(w.begin, 1050000000);
}

static void test_open_poisson(void **state)
{
    for (uint64_t seed = 1; seed < 20; seed++) {
        struct load_opts o = {.mode = LOAD_OPEN, .rate = 100, .arrival = ARRIVAL_POISSON, .seed = seed, .level = 2};
        o.warmup_requests = 50;
        o.duration_ns = 3 * SEC;
        struct window w = walk(&o);
        assert_int_equal(w.warm, 50);
        assert_int_equal(w.first, w.begin);
        assert_true(w.last < w.begin + 3 * SEC);
        assert_true(w.items - w.warm > 300 - 5 * 17 && w.items - w.warm < 300 + 5 * 17);

        o.warmup_requests = 0;
        o.warmup_ns = SEC;
        o.num_requests = 40;
        w = walk(&o);
        assert_int_equal(w.items - w.warm, 40);
        assert_true(w.first >= SEC && w.begin == SEC);
    }
}

static void test_closed_counts(void **state)
{
    struct dataset *ds = numbers(3);
    struct load l;
    struct plan_item it;
    load_init(&l, &(struct load_opts){.mode = LOAD_CLOSED, .warmup_requests = 2, .num_requests = 3}, ds);
    assert_int_equal(load_window_begin(&l), -1);
    for (uint64_t i = 0; i < 5; i++) {
        assert_true(load_take(&l, (int64_t)i * SEC, &it));
        assert_int_equal(it.index, i);
        assert_int_equal(it.warmup, i < 2);
        assert_int_equal(load_window_begin(&l), i < 2 ? -1 : 2 * SEC);
    }
    for (int k = 0; k < 5; k++)
        assert_false(load_take(&l, 10 * SEC, &it));
    dataset_free(&ds);
}

static void test_closed_time(void **state)
{
    struct dataset *ds = numbers(3);
    struct load l;
    struct plan_item it;
    load_init(&l, &(struct load_opts){.mode = LOAD_CLOSED, .warmup_ns = SEC, .duration_ns = 2 * SEC}, ds);
    assert_int_equal(load_window_begin(&l), SEC);
    assert_true(load_take(&l, 0, &it) && it.warmup);
    assert_true(load_take(&l, SEC - 1, &it) && it.warmup);
    assert_true(load_take(&l, SEC, &it) && !it.warmup);
    assert_true(load_take(&l, 3 * SEC - 1, &it) && !it.warmup);
    assert_int_equal(it.index, 3);
    assert_false(load_take(&l, 3 * SEC, &it));
    assert_false(load_take(&l, 9 * SEC, &it));

    /* Warm-up by count and a duration: it runs from the first measured start. */
    load_init(&l, &(struct load_opts){.mode = LOAD_CLOSED, .warmup_requests = 1, .duration_ns = 2 * SEC}, ds);
    assert_true(load_take(&l, 0, &it) && it.warmup);
    assert_true(load_take(&l, 5 * SEC, &it) && !it.warmup);
    assert_true(load_take(&l, 7 * SEC - 1, &it) && !it.warmup);
    assert_false(load_take(&l, 7 * SEC, &it));

    /* Warm-up by time and a count of measured ones. */
    load_init(&l, &(struct load_opts){.mode = LOAD_CLOSED, .warmup_ns = SEC, .num_requests = 1}, ds);
    for (int k = 0; k < 10; k++)
        assert_true(load_take(&l, k, &it) && it.warmup);
    assert_true(load_take(&l, SEC, &it) && !it.warmup);
    assert_int_equal(it.index, 10);
    assert_false(load_take(&l, SEC, &it));
    dataset_free(&ds);
}

/* A profile ends the level with its last piece, warm-up included, or goes on anew for a duration or a count. */
static void test_profile_ends(void **state)
{
    struct profile p;
    assert_int_equal(profile_parse(&p, STR("2s@10,1s@0,1s@30"), 1e6, NULL), 0);
    struct load_opts o = {.mode = LOAD_OPEN, .profile = &p, .until_ns = p.length};
    struct window w = walk(&o);
    assert_int_equal(w.items, 50);
    assert_int_equal(w.last, 4 * SEC - 33333333);
    o.warmup_ns = 1500 * NS_PER_MS;
    w = walk(&o);
    assert_int_equal(w.items, 50);
    assert_int_equal(w.warm, 15);
    o.until_ns = 0;
    o.duration_ns = 5 * SEC;
    w = walk(&o); /* to 6.5 s: 50 + 20 items in 6 s, then a silence until 7 s */
    assert_int_equal(w.items, 70);
    o.duration_ns = 0;
    o.num_requests = 85;
    w = walk(&o);
    assert_int_equal(w.items, 100);
    assert_int_equal(w.last, 8 * SEC - 33333333);

    struct dataset *ds = numbers(3);
    struct load l;
    struct plan_item it;
    load_init(&l, &(struct load_opts){.mode = LOAD_CLOSED, .profile = &p, .until_ns = p.length}, ds);
    assert_int_equal(load_closed_end(&l), 4 * SEC);
    assert_true(load_take(&l, 4 * SEC - 1, &it));
    assert_false(load_take(&l, 4 * SEC, &it));
    dataset_free(&ds);
}

static void test_open_end(void **state)
{
    struct dataset *ds = numbers(3);
    struct load l;
    struct load_opts o = {.mode = LOAD_OPEN, .rate = 10, .duration_ns = 3 * SEC, .until_ns = 2 * SEC};
    load_init(&l, &o, ds);
    assert_int_equal(load_open_end(&l), 2 * SEC);
    o.num_requests = 7;
    load_init(&l, &o, ds);
    assert_int_equal(load_open_end(&l), 700 * NS_PER_MS);
    o = (struct load_opts){.mode = LOAD_OPEN, .arrival = ARRIVAL_BURST, .num_requests = 7};
    load_init(&l, &o, ds);
    assert_int_equal(load_open_end(&l), 0);
    struct window w = walk(&o);
    assert_int_equal(w.items, 7);
    assert_int_equal(w.last, 0);
    o.warmup_requests = 2;
    w = walk(&o);
    assert_int_equal(w.items, 9);
    assert_int_equal(w.warm, 2);
    dataset_free(&ds);
}

/* Releases against the definition: never before the instant, never sooner than a gap behind the one before. */
static void test_rate_limit(void **state)
{
    enum { GAP = 20 * NS_PER_MS };
    struct dataset *ds = numbers(3);
    struct load l;
    struct load_walk w;
    struct load_opts o = {.mode = LOAD_OPEN, .rate = 40, .arrival = ARRIVAL_POISSON, .num_requests = 2000, .seed = 3};
    o.start_gap = GAP;
    load_init(&l, &o, ds);
    load_walk_begin(&l, &w);
    int64_t before = -GAP;
    unsigned waited = 0, n = 0;
    while (load_walk_next(&l, &w)) {
        assert_int_equal(w.release, MAX(w.due, before + GAP));
        waited += w.release > w.due;
        before = w.release;
        n++;
    }
    assert_int_equal(n, 2000);
    assert_true(waited > 1200 && waited < 2000); /* a queue M/D/1 with four fifths of its capacity: 80 % wait */

    load_init(&l, &o, ds); /* asked for */
    assert_int_equal(load_reserve(&l, 5), 5);
    assert_int_equal(load_reserve(&l, 6), 5 + GAP);
    assert_int_equal(load_reserve(&l, 7 + GAP), 5 + 2 * GAP);
    assert_int_equal(load_reserve(&l, 100 * GAP), 100 * GAP);
    assert_int_equal(load_reserve(&l, 100 * GAP + 1), 101 * GAP);
    dataset_free(&ds);
}

/* A trace's items are its entries in their order, each once; its window is as long as they are at their mean gap. */
static void test_trace_ends(void **state)
{
    enum { ENTRIES = 11 };
    struct dataset *ds = numbers(ENTRIES);
    struct plan_extra x[ENTRIES];
    struct load l;
    struct load_walk w;
    for (size_t i = 0; i < ENTRIES; i++) {
        x[i] = (struct plan_extra){.at = 7 * SEC + (int64_t)(i * i) * SEC / 10};
        ((struct plan_sample *)(uintptr_t)dataset_at(ds, i))->extra = &x[i];
    }
    struct load_opts o = {.mode = LOAD_OPEN, .arrival = ARRIVAL_TRACE, .speed = 2};
    load_init(&l, &o, ds);
    assert_int_equal(load_open_end(&l), 5500 * NS_PER_MS); /* 10 s in 10 gaps, at twice the speed, and one more */
    load_walk_begin(&l, &w);
    for (uint32_t i = 0; i < ENTRIES; i++) {
        struct plan_item it;
        assert_true(load_walk_next(&l, &w));
        load_item(&l, w.i, w.due, &it);
        assert_int_equal(it.sample, i);
        assert_int_equal(it.due, i * i * SEC / 20);
    }
    assert_false(load_walk_next(&l, &w));
    o.duration_ns = SEC;
    o.warmup_ns = 100 * NS_PER_MS;
    load_init(&l, &o, ds);
    assert_int_equal(load_open_end(&l), 1100 * NS_PER_MS);
    assert_int_equal(l.first_item, 2); /* due at 0.2 s; 0 and 50 ms are warm-up */
    assert_true(load_open_has(&l, 4, 800 * NS_PER_MS));
    assert_false(load_open_has(&l, 5, 1250 * NS_PER_MS));
    o = (struct load_opts){.mode = LOAD_OPEN, .arrival = ARRIVAL_TRACE, .speed = 1, .num_requests = 4};
    load_init(&l, &o, ds);
    assert_int_equal(load_open_end(&l), 1600 * NS_PER_MS);
    dataset_free(&ds);
}

struct taker {
    struct load *l;
    _Atomic int *times; /* how often each index was handed out */
    uint64_t taken, measured;
};

static void *take_all(void *arg)
{
    struct taker *t = arg;
    struct plan_item it;
    while (load_take(t->l, 0, &it)) {
        t->taken++;
        t->measured += !it.warmup;
        atomic_fetch_add(&t->times[it.index], 1);
    }
    return NULL;
}

static void test_closed_threads(void **state)
{
    enum { WARM = 500, WANT = 20000, THREADS = 4 };
    struct dataset *ds = numbers(3);
    struct load l;
    load_init(&l, &(struct load_opts){.mode = LOAD_CLOSED, .warmup_requests = WARM, .num_requests = WANT}, ds);
    _Atomic int *times = xcalloc(WARM + WANT + 1, sizeof *times);
    struct taker t[THREADS];
    pthread_t id[THREADS];
    uint64_t taken = 0, measured = 0;
    for (int i = 0; i < THREADS; i++) {
        t[i] = (struct taker){&l, times, 0, 0};
        assert_int_equal(pthread_create(&id[i], NULL, take_all, &t[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(id[i], NULL);
        taken += t[i].taken;
        measured += t[i].measured;
    }
    assert_int_equal(taken, WARM + WANT);
    assert_int_equal(measured, WANT);
    for (size_t i = 0; i < WARM + WANT; i++)
        assert_int_equal(times[i], 1);
    free(times);
    dataset_free(&ds);
}

/* Samples of 3, 1 and 2 turns, again and again. */
static struct dataset *talks(void)
{
    static const char text[] =
        "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"-\"},"
        "{\"role\":\"user\",\"content\":\"b\"},{\"role\":\"assistant\",\"content\":\"-\"},"
        "{\"role\":\"user\",\"content\":\"c\"}]}\n"
        "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}\n"
        "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"-\"},"
        "{\"role\":\"user\",\"content\":\"b\"}]}\n";
    struct dataset *ds = dataset_load_text(STR(text), "talks.jsonl", "messages", NULL);
    assert_non_null(ds);
    return ds;
}

/* Turns are counted and sessions are whole: 3 1 2 | 3 1 2 | ... */
static void test_sessions_end_by_their_turns(void **state)
{
    static const struct {
        uint64_t warm, n, first, end;
    } t[] = {{0, 1, 0, 1}, {0, 3, 0, 1}, {0, 4, 0, 2}, {0, 6, 0, 3},
             {0, 7, 0, 4}, {1, 1, 1, 2}, {4, 5, 2, 4}, {7, 60, 4, 34}};
    struct dataset *ds = talks();
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        for (int open = 0; open < 2; open++) {
            struct load l;
            struct plan_item it;
            load_init(&l,
                      &(struct load_opts){.mode = open ? LOAD_OPEN : LOAD_CLOSED,
                                          .rate = 10,
                                          .concurrency = 1,
                                          .sessions = true,
                                          .warmup_requests = t[i].warm,
                                          .num_requests = t[i].n},
                      ds);
            assert_int_equal(l.first_item, t[i].first);
            assert_int_equal(l.end_item, t[i].end);
            if (open) {
                assert_true(load_open_has(&l, t[i].end - 1, 0) && !load_open_has(&l, t[i].end, 0));
                assert_int_equal(load_open_end(&l), INT64_MAX); /* the last one's turns go on */
                assert_int_equal(load_count_end(&l), (int64_t)t[i].end * SEC / 10);
                continue;
            }
            uint64_t taken = 0;
            while (load_take(&l, 0, &it)) {
                assert_int_equal(it.session, taken);
                assert_int_equal(it.index, 3 * taken);
                assert_int_equal(it.warmup, taken < t[i].first);
                taken++;
            }
            assert_int_equal(taken, t[i].end);
        }
    }
    dataset_free(&ds);
}

static void test_turns_have_their_own_keys_and_a_sessions_nonce(void **state)
{
    struct dataset *ds = talks();
    struct load l;
    struct plan_item it;
    char nonce[PLAN_NONCE_MAX];
    int64_t pause[4];
    (void)state;
    load_init(&l,
              &(struct load_opts){.mode = LOAD_OPEN,
                                  .rate = 10,
                                  .sessions = true,
                                  .unique_prompts = true,
                                  .seed = 3,
                                  .think = {DIST_UNIFORM, 1e6, 9e6}},
              ds);
    load_item(&l, 3, 0, &it);
    assert_true(it.sample == 0 && it.session == 3 && it.turn == 0 && it.turns == 3 && it.index == 9);
    snprintf(nonce, sizeof nonce, "%s", it.nonce);
    for (int k = 0; k < 3; k++) {
        pause[k] = load_think(&l, &it);
        assert_in_range(pause[k], 1000000, 9000000);
        assert_true(k == 0 || pause[k] != pause[k - 1]);
        assert_int_equal(it.index, 9 + k);
        assert_int_equal(it.turn, k);
        assert_string_equal(it.nonce, nonce);
        load_next_turn(&l, &it);
    }
    load_item(&l, 4, 0, &it);
    assert_string_not_equal(it.nonce, nonce);
    assert_int_equal(it.turns, 1);
    load_init(&l, &(struct load_opts){.mode = LOAD_OPEN, .rate = 10}, ds);
    load_item(&l, 3, 0, &it);
    assert_true(it.index == 3 && it.turns == 0 && it.session == 0 && load_think(&l, &it) == 0);
    dataset_free(&ds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sequential),
        cmocka_unit_test(test_shuffle),
        cmocka_unit_test(test_nonce),
        cmocka_unit_test(test_open_ends),
        cmocka_unit_test(test_open_warmup),
        cmocka_unit_test(test_open_poisson),
        cmocka_unit_test(test_closed_counts),
        cmocka_unit_test(test_closed_time),
        cmocka_unit_test(test_closed_threads),
        cmocka_unit_test(test_profile_ends),
        cmocka_unit_test(test_open_end),
        cmocka_unit_test(test_rate_limit),
        cmocka_unit_test(test_trace_ends),
        cmocka_unit_test(test_sessions_end_by_their_turns),
        cmocka_unit_test(test_turns_have_their_own_keys_and_a_sessions_nonce),
        cmocka_unit_test(test_mixes),
        cmocka_unit_test(test_entries_names),
        cmocka_unit_test(test_mix_shuffled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

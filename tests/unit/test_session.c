/* test_session.c - conversations turn by turn: what each request says, when it goes, and how a session ends. Bounds in
 * time only where the kernel keeps them. */
#include "engine_rig.h"

#include "stat/dist_time.h"

#define BODY_END "],\"model\":\"m\",\"max_tokens\":2,\"stream\":true,\"stream_options\":{\"include_usage\":true}}"
#define TALK                                                                                                           \
    "[{\"prompt_content\":\"be kind\",\"cut_chat_history\":[{\"role\":\"user\",\"content\":\"a\"},"                    \
    "{\"role\":\"assistant\",\"content\":\"canned\"},{\"role\":\"user\",\"content\":\"b \\\"c\\\"\"},"                 \
    "{\"role\":\"assistant\",\"content\":\"canned too\"},{\"role\":\"user\",\"content\":\"d\"}]}]"

static const struct reply good = {"200 OK", SSE_TYPE, STREAM};
static const struct reply busy = {"503 Busy", JSON_TYPE, "{}"};

static void talk_open(struct level_rig *x, const struct reply *script, int n, const char *dataset, struct load_opts lo)
{
    lo.sessions = true;
    lo.seed = 7;
    level_open(x, script, n, lo);
    dataset_free(&x->ds);
    x->ds = dataset_load_text(str_of(dataset), "talk.json", "conversations", NULL);
    assert_non_null(x->ds);
    load_init(&x->load, &lo, x->ds);
}

static const struct load_opts one_user = {.mode = LOAD_CLOSED, .concurrency = 1, .num_requests = 3};

static void body_is(const struct level_rig *x, int i, const char *messages)
{
    char want[2000];
    snprintf(want, sizeof want, "{\"messages\":[%s" BODY_END, messages);
    assert_string_equal(strstr(x->g.log[i], "\r\n\r\n") + 4, want);
}

static void think(struct load_opts *lo, const char *text)
{
    assert_int_equal(dist_time_parse(&lo->think, str_of(text), NULL), 0);
}

static void each_turn_sends_the_real_answers(void **state)
{
    (void)state;
    static const struct reply script[] = {
        good,
        {"200 OK", SSE_TYPE, DELTA("say \\\"hi\\\" ") DELTA("\\ud83d") DELTA("\\ude00\\n") FINISH USAGE DONE},
        good,
    };
    struct level_rig x;
    talk_open(&x, script, 3, TALK, one_user);
    level_go(&x);
    assert_int_equal(x.n, 3);
#define FIRST "{\"role\":\"system\",\"content\":\"be kind\"},{\"role\":\"user\",\"content\":\"a\"}"
#define SECOND FIRST ",{\"role\":\"assistant\",\"content\":\"one two\"},{\"role\":\"user\",\"content\":\"b \\\"c\\\"\"}"
    body_is(&x, 0, FIRST);
    body_is(&x, 1, SECOND);
    body_is(&x, 2,
            SECOND ",{\"role\":\"assistant\",\"content\":\"say \\\"hi\\\" \\ud83d\\ude00\\n\"},"
                   "{\"role\":\"user\",\"content\":\"d\"}");
    for (int i = 0; i < 3; i++) {
        const struct record *r = &x.kept[i].r;
        assert_int_equal(r->session, 0);
        assert_int_equal(r->turn, i);
        assert_int_equal(r->turns, 3);
        assert_int_equal(r->index, i);
        assert_int_equal(r->outcome, OUT_OK);
        assert_true(i == 0 || r->start >= x.kept[i - 1].r.end);
    }
    level_close(&x);
}

static void canned_history_is_the_datasets(void **state)
{
    (void)state;
    struct load_opts lo = one_user;
    struct level_rig x;
    lo.canned = true;
    talk_open(&x, &good, 1, TALK, lo);
    level_go(&x);
    body_is(&x, 1,
            FIRST ",{\"role\":\"assistant\",\"content\":\"canned\"},{\"role\":\"user\",\"content\":\"b \\\"c\\\"\"}");
    level_close(&x);
}

/* Servers do not want their reasoning back, and a whole document says what a stream says. */
static void reasoning_is_not_sent_back(void **state)
{
    (void)state;
    static const struct reply script[] = {
        {"200 OK", SSE_TYPE,
         "data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n" DELTA("yes") FINISH DONE},
        {"200 OK", JSON_TYPE,
         "{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"no\",\"reasoning_content\":"
         "\"hm\"},"
         "\"finish_reason\":\"stop\"}]}"},
        good,
    };
    struct level_rig x;
    talk_open(&x, script, 3, TALK, one_user);
    level_go(&x);
    body_is(&x, 2,
            FIRST ",{\"role\":\"assistant\",\"content\":\"yes\"},{\"role\":\"user\",\"content\":\"b \\\"c\\\"\"},"
                  "{\"role\":\"assistant\",\"content\":\"no\"},{\"role\":\"user\",\"content\":\"d\"}");
    level_close(&x);
}

/* Thirty turns: the kept answers and the list of messages move several times, and the body becomes one piece. */
static void long_conversations_keep_every_word(void **state)
{
    (void)state;
    enum { TURNS = 30 };
    struct buf ds = BUF_INIT(1 << 20), want = BUF_INIT(1 << 20);
    char answer[TURNS][512], *text[TURNS];
    struct reply script[TURNS];
    buf_addz(&ds, "[{\"prompt_content\":\"\",\"cut_chat_history\":[");
    for (int i = 0; i < TURNS; i++) {
        buf_addf(&ds, "%s{\"role\":\"user\",\"content\":\"u%d\"},{\"role\":\"assistant\",\"content\":\"-\"}",
                 i ? "," : "", i);
        snprintf(answer[i], sizeof answer[i], "%0*d", 20 + 15 * i, i);
        text[i] = xasprintf("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%s\"}}]}\n\n" DONE, answer[i]);
        script[i] = (struct reply){"200 OK", SSE_TYPE, text[i]};
        buf_addf(&want, "{\"role\":\"user\",\"content\":\"u%d\"}", i);
        if (i + 1 < TURNS)
            buf_addf(&want, ",{\"role\":\"assistant\",\"content\":\"%s\"},", answer[i]);
    }
    buf_addz(&ds, "]}]");
    struct load_opts lo = one_user;
    lo.num_requests = TURNS;
    struct level_rig x;
    talk_open(&x, script, TURNS, ds.p, lo);
    level_go(&x);
    assert_int_equal(x.n, TURNS);
    const char *messages = strstr(x.g.log[TURNS - 1], "\"messages\":[");
    assert_memory_equal(messages + 12, want.p, want.n);
    assert_string_equal(messages + 12 + want.n, BODY_END);
    level_close(&x);
    for (int i = 0; i < TURNS; i++)
        free(text[i]);
    buf_free(&ds);
    buf_free(&want);
}

static void a_failed_turn_ends_its_session(void **state)
{
    (void)state;
    static const struct reply script[] = {good, busy, good};
    struct load_opts lo = one_user;
    lo.num_requests = 6; /* two sessions, of which the first says two things only */
    struct level_rig x;
    talk_open(&x, script, 3, TALK, lo);
    level_go(&x);
    static const unsigned session[] = {0, 0, 1, 1, 1}, turn[] = {0, 1, 0, 1, 2};
    assert_int_equal(x.n, 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(x.kept[i].r.session, session[i]);
        assert_int_equal(x.kept[i].r.turn, turn[i]);
        assert_int_equal(x.kept[i].r.index, 3 * session[i] + turn[i]);
        assert_int_equal(x.kept[i].r.outcome, i == 1 ? OUT_HTTP : OUT_OK);
    }
    level_close(&x);
}

static void what_cannot_be_kept_ends_the_session(void **state)
{
    (void)state;
    struct load_opts lo = one_user;
    lo.num_requests = 6;
    struct level_rig x;
    talk_open(&x, &good, 1, TALK, lo);
    x.o.history_limit = 10; /* "one two" fits once */
    level_go(&x);
    assert_int_equal(x.n, 4);
    assert_int_equal(x.totals.unkept, 2);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(x.kept[i].r.session, i / 2);
        assert_int_equal((x.kept[i].r.flags & REC_UNKEPT) != 0, i % 2);
        assert_int_equal(x.kept[i].r.outcome, OUT_OK);
    }
    level_close(&x);
}

static int by_index(const void *a, const void *b)
{
    const struct kept *p = a, *q = b;
    return p->r.index < q->r.index ? -1 : p->r.index > q->r.index;
}

/* The next turn is due when the user has thought about the answer, whoever sends it. */
static void an_open_loops_turns_follow_the_answer_and_the_thought(void **state)
{
    (void)state;
    enum { SESSIONS = 10 };
    int64_t first[SESSIONS];
    for (unsigned workers = 1; workers <= 8; workers = workers == 1 ? 2 : workers * 4) {
        struct load_opts lo = {
            .mode = LOAD_OPEN, .rate = 500, .arrival = ARRIVAL_POISSON, .num_requests = 3 * SESSIONS - 2};
        struct level_rig x;
        think(&lo, "uniform:1ms,9ms");
        talk_open(&x, &good, 1, TALK, lo);
        x.o.workers = workers;
        level_go(&x);
        assert_int_equal(x.n, 3 * SESSIONS); /* rounded up to the last one's end */
        qsort(x.kept, (size_t)x.n, sizeof *x.kept, by_index);
        for (int i = 0; i < x.n; i++) {
            const struct record *r = &x.kept[i].r, *last = &x.kept[MAX(i - 1, 0)].r;
            assert_int_equal(r->index, i);
            assert_int_equal(r->session, i / 3);
            assert_int_equal(r->turn, i % 3);
            assert_int_equal(r->worker, r->session % workers);
            assert_true(r->intended == r->admitted && r->start >= r->intended);
            if (r->turn == 0) {
                int64_t at = r->intended - x.kept[0].r.intended;
                if (workers == 1)
                    first[i / 3] = at;
                assert_int_equal(at, first[i / 3]);
            } else {
                int64_t pause = dist_time_at(&lo.think, 7, RNG_THINK, last->index);
                assert_in_range(pause, NS_PER_MS, 9 * NS_PER_MS);
                assert_int_equal(r->intended, last->end + pause);
            }
        }
        level_close(&x);
    }
}

static void users_think_between_turns(void **state)
{
    (void)state;
    struct load_opts lo = one_user;
    struct level_rig x;
    lo.concurrency = 2;
    lo.num_requests = 12;
    think(&lo, "20ms");
    talk_open(&x, &good, 1, TALK, lo);
    x.o.workers = 2;
    level_go(&x);
    assert_int_equal(x.n, 12);
    qsort(x.kept, (size_t)x.n, sizeof *x.kept, by_index);
    for (int i = 0; i < x.n; i++) {
        const struct record *r = &x.kept[i].r;
        assert_int_equal(r->intended, 0);
        if (r->turn > 0)
            assert_true(r->start >= x.kept[i - 1].r.end + 20 * NS_PER_MS);
    }
    level_close(&x);
}

static void slots_pause_between_requests(void **state)
{
    (void)state;
    struct load_opts lo = {.mode = LOAD_CLOSED, .concurrency = 1, .num_requests = 4};
    struct level_rig x;
    think(&lo, "20ms");
    level_open(&x, &good, 1, lo);
    level_go(&x);
    assert_int_equal(x.n, 4);
    for (int i = 1; i < 4; i++)
        assert_true(x.kept[i].r.start >= x.kept[i - 1].r.end + 20 * NS_PER_MS);
    assert_true(x.g.accepted == 1);
    level_close(&x);
}

/* Nobody waits for those who think when the level is over. */
static void the_levels_end_comes_between_the_turns(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) {
        struct load_opts lo =
            k == 0 ? (struct load_opts){.mode = LOAD_OPEN, .rate = 100, .duration_ns = 100 * NS_PER_MS}
                   : (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 3, .duration_ns = 500 * NS_PER_MS};
        struct level_rig x;
        if (k == 2) /* or the user stops it */
            lo.duration_ns = 1000 * NS_PER_S;
        think(&lo, "1000s");
        talk_open(&x, &good, 1, TALK, lo);
        x.o.workers = 2;
        if (k == 2)
            x.stop_after = 3;
        int64_t before = clock_mono();
        level_go(&x);
        assert_true(clock_mono() - before < 100 * NS_PER_S);
        assert_int_equal(x.n, k == 0 ? 10 : 3);
        assert_int_equal(count_outcome(&x, OUT_OK), x.n);
        for (int i = 0; i < x.n; i++)
            assert_int_equal(x.kept[i].r.turn, 0);
        level_close(&x);
    }
}

#define NEXT(token) "X-Amzn-SageMaker-Custom-Attributes: x-next-token=" token "\r\n" SSE_TYPE
#define ASKS "\r\nX-Amzn-SageMaker-Custom-Attributes: x-starting-token="

/* SageMaker's pagination: the same body with the place to go on at, by the slot that has the request. */
static void pages_follow_one_another(void **state)
{
    static const struct reply script[] = {{"200 OK", NEXT("a1"), STREAM},
                                          {"200 OK", NEXT("b=2 "), STREAM},
                                          good,
                                          good,
                                          {"200 OK", NEXT("c"), STREAM},
                                          good};
    static const char *const asked[] = {NULL, "a1\r\n", "b=2\r\n", NULL, NULL, "c\r\n"};
    struct level_rig x;
    (void)state;
    level_open(&x, script, 6, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 1, .num_requests = 3});
    x.o.pages = true;
    x.o.page_rest = 20 * NS_PER_MS;
    level_go(&x);
    assert_int_equal(count_outcome(&x, OUT_OK), 6);
    for (int i = 0; i < 6; i++) {
        const char *at = strstr(x.g.log[i], ASKS);
        assert_int_equal(at != NULL, asked[i] != NULL);
        if (at)
            assert_memory_equal(at + sizeof ASKS - 1, asked[i], strlen(asked[i]));
        assert_string_equal(strstr(x.g.log[i], "\r\n\r\n"), strstr(x.g.log[0], "\r\n\r\n"));
        static const uint64_t index[] = {0, 0, 0, 1, 2, 2};
        static const uint32_t turn[] = {0, 1, 2, 0, 0, 1};
        assert_int_equal(x.kept[i].r.index, index[i]);
        assert_int_equal(x.kept[i].r.turn, turn[i]);
        if (turn[i])
            assert_true(x.kept[i].r.start - x.kept[i - 1].r.end >= 20 * NS_PER_MS);
    }
    level_close(&x);
}

/* The last requests of a level have pages too; one that fails has none; and not more than 200. */
static void pages_end(void **state)
{
    static const struct reply failing[] = {{"200 OK", NEXT("a"), STREAM}, {"500 No", NEXT("b"), "{}"}, good};
    static const struct reply endless = {"200 OK", NEXT("more"), STREAM};
    struct level_rig x;
    (void)state;
    level_open(&x, failing, 3, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 1, .num_requests = 2});
    x.o.pages = true;
    x.o.page_rest = NS_PER_MS;
    level_go(&x);
    assert_int_equal(x.n, 3);
    assert_int_equal(x.kept[1].r.status, 500);
    assert_int_equal(x.kept[2].r.index, 1);
    level_close(&x);

    level_open(&x, &endless, 1, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 2, .num_requests = 2});
    x.o.pages = true;
    x.o.page_rest = NS_PER_US;
    level_go(&x);
    assert_int_equal(x.n, 400);
    assert_int_equal(count_outcome(&x, OUT_TRUNCATED), 2);
    assert_non_null(strstr(x.kept[399].detail, "exceed 200 pagination requests"));
    level_close(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_turn_sends_the_real_answers),
        cmocka_unit_test(canned_history_is_the_datasets),
        cmocka_unit_test(reasoning_is_not_sent_back),
        cmocka_unit_test(long_conversations_keep_every_word),
        cmocka_unit_test(a_failed_turn_ends_its_session),
        cmocka_unit_test(what_cannot_be_kept_ends_the_session),
        cmocka_unit_test(an_open_loops_turns_follow_the_answer_and_the_thought),
        cmocka_unit_test(users_think_between_turns),
        cmocka_unit_test(slots_pause_between_requests),
        cmocka_unit_test(the_levels_end_comes_between_the_turns),
        cmocka_unit_test(pages_follow_one_another),
        cmocka_unit_test(pages_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

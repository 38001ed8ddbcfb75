#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "records.h"

struct sample {
    int n, tokens;
    bool open, alike, sized, words, no_stream, no_text, retried, interrupted, hidden;
    int64_t cached;
    double wait, slower; /* ms to the first token beyond the usual 50, and by how much more for each request */
    double rising, cold; /* ms by which the wait grows over all; more of it for the first tenth */
    int mixed, unknown;
    unsigned steps, unplaced;
};

/* The notes of a level that is made so, one to a line. */
static char *notes(const struct sample *m, char *out, size_t size)
{
    struct acc *a = acc_new(&(struct acc_opts){0});
    struct rec_slab s;
    rec_slab_init(&s, 1000);
    struct rec_level line = level_line(m->open, 1000, 11000, false);
    acc_sink.level(a, &line);
    for (int i = 0; i < m->n; i++) {
        double at = 1000 + 20 * i;
        double wait = m->wait + m->slower * i + m->rising * i / m->n + (i < m->n / 10 ? m->cold : 0);
        struct record *r = success(&s, at, at, at + 50 + wait + i * 37 % 10, 2, 10);
        r->index = (uint64_t)i;
        r->tokens_out = i < m->unknown ? -1 : m->tokens;
        r->tokens_cached = m->cached;
        r->sample = (uint32_t)i;
        if (m->alike || m->sized)
            r->text_hash = m->alike ? 4711 : (uint64_t)i + 1;
        else
            r->text_bytes += (uint64_t)i;
        if (m->words || i < m->mixed)
            r->token_source = TOKENS_WORDS;
        if (m->no_stream)
            r->flags = REC_NO_STREAM_ASKED;
        if (m->no_text) {
            r->flags = REC_NO_STREAM_ASKED | REC_NO_TEXT;
            r->tokens_out = -1;
        }
        if (m->retried)
            r->flags |= REC_RETRIED;
        if (m->hidden)
            r->tokens_reasoning = 5;
        feed(a, &s, r);
    }
    for (uint32_t i = 0; m->steps && i < 2; i++) /* two workers saw one clock */
        acc_sink.client(a, &(struct rec_client){.worker = i,
                                                .window = T(10000),
                                                .steal = -1,
                                                .reads = 1000,
                                                .kernel_stamped = 1000,
                                                .clock_steps = m->steps,
                                                .unplaced_stamps = m->unplaced});
    line.final = true;
    line.interrupted = m->interrupted;
    line.scheduled = (uint64_t)m->n;
    acc_sink.level(a, &line);
    const struct sum_level *l = &acc_finish(a)->levels[0];
    out[0] = 0;
    for (size_t i = 0; i < l->notes.n; i++)
        snprintf(out + strlen(out), size - strlen(out), "%s\n", l->notes.v[i]);
    rec_slab_free(&s);
    acc_free(&a);
    return out;
}

static void check(const char *want, const struct sample m)
{
    char text[8000];
    notes(&m, text, sizeof text);
    if (want[0] == 0)
        assert_string_equal(text, "");
    if (!strstr(text, want))
        fail_msg("\"%s\" is not in \"%s\"", want, text);
}

#define CHECK(want, ...) check(want, (struct sample){__VA_ARGS__})

static void test_nothing_to_say(void **state)
{
    CHECK("", .n = 400, .tokens = 50, .open = true);
}

static void test_few(void **state)
{
    CHECK("p99 needs 368 requests, this level has 367", .n = 367, .tokens = 50, .open = true);
    CHECK("", .n = 368, .tokens = 50, .open = true);
}

static void test_load(void **state)
{
    CHECK("a closed loop waits for its answers", .n = 400, .tokens = 50);
    CHECK("interrupted", .n = 400, .tokens = 50, .open = true, .interrupted = true);
    /* 50 requests per second and one answer each 70 ms: the 10 s window's second half begins 6 s after the start, and
     * the answers of its 5 s are 71. */
    CHECK("the server answered 14.2 of 50 requests per second in the second half of the window", .n = 500, .tokens = 50,
          .open = true, .slower = 50);
    CHECK("", .n = 500, .tokens = 50, .open = true, .wait = 2000); /* slow, but steady */
    CHECK("400 requests were sent again", .n = 400, .tokens = 50, .open = true, .retried = true);
}

/* What a steady server's answers vary by says nothing; a slow beginning and a slow drift do. */
static void test_steady(void **state)
{
    CHECK("", .n = 400, .tokens = 50, .open = true, .rising = 3);
    CHECK("TTFT rose by 29 % in the course of the window (Mann-Kendall, p = ", .n = 400, .tokens = 50, .open = true,
          .rising = 20);
    CHECK("TTFT fell by 43 %", .n = 400, .tokens = 50, .open = true, .rising = -20);
    CHECK("the first 40 requests look like a warm-up (MSER-5): their TTFT averages 104 ms, that of the others 54.5 ms; "
          "--warmup 1.8s leaves them out",
          .n = 400, .tokens = 50, .open = true, .cold = 50);
    CHECK("the first 40 requests look like a warm-up (MSER-5): their total", .n = 400, .tokens = 50, .open = true,
          .cold = 50, .no_stream = true);
}

static void test_clock(void **state)
{
    CHECK("this machine's clock was set 1 time meanwhile", .n = 400, .tokens = 50, .open = true, .steps = 1);
    CHECK("clock was set 3 times meanwhile", .n = 400, .tokens = 50, .open = true, .steps = 3, .unplaced = 2);
    CHECK("and 4 reads that could not be told", .n = 400, .tokens = 50, .open = true, .steps = 3, .unplaced = 2);
}

static void test_answers(void **state)
{
    CHECK("", .n = 400, .tokens = 50, .open = true, .sized = true); /* alike in size only */
    CHECK("all 400 answers are the same (8 bytes, 2 words) though the prompts differ", .n = 400, .tokens = 50,
          .open = true, .alike = true);
    CHECK("answers average 3.0 tokens", .n = 400, .tokens = 3, .open = true);
    CHECK("50 % of the prompt tokens came from the server's prefix cache", .n = 400, .tokens = 50, .open = true,
          .cached = 10);
    CHECK("", .n = 400, .tokens = 50, .open = true, .cached = 2); /* a tenth is no more than the system prompt */
}

static void test_tokens(void **state)
{
    CHECK("words were counted instead of tokens", .n = 400, .tokens = 50, .open = true, .words = true);
    CHECK("counted in different ways: usage 390, words 10 requests", .n = 400, .tokens = 50, .open = true, .mixed = 10);
    CHECK("7 answers have an unknown number of tokens", .n = 400, .tokens = 50, .open = true, .unknown = 7);
    CHECK("the answers were not streamed", .n = 400, .tokens = 50, .open = true, .no_stream = true);
    CHECK("the answers are no text (embeddings, a ranking)", .n = 400, .open = true, .no_text = true);
    CHECK("words of what was sent were counted", .n = 400, .open = true, .no_text = true, .words = true);
    CHECK("400 answers had reasoning that was counted but not streamed", .n = 400, .tokens = 50, .open = true,
          .hidden = true);
}

/* Of several places the first by name is told, whatever their order; a redirect without a place is a failure alone. */
static void test_redirects(void **state)
{
    static const char *const where[] = {"redirects to b", "redirects to a", "redirects to c", ""};
    struct acc *a = acc_new(&(struct acc_opts){0});
    struct rec_slab s;
    rec_slab_init(&s, 10);
    struct rec_level line = level_line(false, 1000, 2000, true);
    acc_sink.level(a, &line);
    for (int i = 0; i < 4; i++) {
        struct record *r = failure(&s, OUT_HTTP, 308, 1000, 1010 + i, 1020);
        r->detail = str_of(where[i]);
        feed(a, &s, r);
    }
    const struct sum_level *l = &acc_finish(a)->levels[0];
    bool said = false;
    for (size_t i = 0; i < l->notes.n; i++)
        said |= strcmp(l->notes.v[i], "3 of 4 requests failed by a redirect: the server redirects to a") == 0;
    assert_true(said);
    rec_slab_free(&s);
    acc_free(&a);
}

static void test_headers(void **state)
{
    struct acc *a = acc_new(&(struct acc_opts){0});
    struct rec_slab s;
    rec_slab_init(&s, 10);
    acc_sink.metric(a, &(struct rec_metric){.metric = 0, .name = "X-T"});
    struct rec_level line = level_line(false, 1000, 2000, true);
    acc_sink.level(a, &line);
    feed(a, &s, success(&s, 1000, 1010, 1050, 5, 10));
    const struct sum_level *l = &acc_finish(a)->levels[0];
    bool said = false;
    for (size_t i = 0; i < l->notes.n; i++)
        said |= str_starts(str_of(l->notes.v[i]), STR("no successful answer had a header X-T (--headers-metric)"));
    assert_true(said);
    rec_slab_free(&s);
    acc_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_to_say), cmocka_unit_test(test_few),       cmocka_unit_test(test_load),
        cmocka_unit_test(test_clock),          cmocka_unit_test(test_steady),    cmocka_unit_test(test_answers),
        cmocka_unit_test(test_tokens),         cmocka_unit_test(test_redirects), cmocka_unit_test(test_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "record/recfile.h"
#include "stat/hist.h"

static char *temp_path(char out[64])
{
    snprintf(out, 64, "/tmp/weir_test_records_%d.jsonl", (int)getpid());
    unlink(out);
    return out;
}

static struct buf slurp(const char *path)
{
    struct buf b = BUF_INIT(64 << 20);
    struct err e;
    assert_int_equal(file_read(&b, path, &e), 0);
    return b;
}

/* The format word by word, as docs/FORMATS.md states it. */
static void test_golden(void **state)
{
    char path[64];
    struct err e;
    struct rec_writer *w = rec_writer_open(temp_path(path), &e);
    assert_non_null(w);
    struct rec_run run = {.epoch_mono = 5, .epoch_unix = 1700000000000000000, .seed = UINT64_MAX, .version = "9.9"};
    struct rec_level level = {.level = 1, .open = true, .arrival = "poisson", .rate = 2.5, .begin = 7, .w0 = 8};
    struct hist *lag = hist_new();
    hist_add(lag, 3, 2);
    hist_add(lag, 5, 1);
    struct rec_client client = {.level = 1, .window = 100, .cpu = 10, .steal = -1, .reads = 3, .lag = lag};
    assert_int_equal(rec_write_run(w, &run), 0);
    assert_int_equal(rec_write_level(w, &level), 0);

    struct rec_slab slab;
    rec_slab_init(&slab, 8);
    struct record *r = rec_new(&slab);
    r->level = 1;
    r->index = 42;
    r->klass = STR("chat");
    r->model = STR("m\"1");
    r->flags = REC_WARMUP | REC_STREAMED;
    r->outcome = OUT_HTTP;
    r->status = 503;
    r->intended = 10;
    r->start = 12;
    r->end = 90;
    r->tokens_out = 0;
    r->finish = FINISH_LENGTH;
    r->token_source = TOKENS_USAGE;
    r->detail = STR("say \"no\"\n");
    snprintf(r->request_id, sizeof r->request_id, "req-1");
    struct rec_event ev[] = {{50, 0, 4, 1}, {60, 9, 5, 2}, {60, 0, 0, -1}};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(rec_add_event(&slab, r, &ev[i]), 0);
    assert_int_equal(rec_write_request(w, r), 0);
    assert_int_equal(rec_write_client(w, &client), 0);
    struct rec_note note = {.whole_run = true, .text = "hear, hear"};
    assert_int_equal(rec_write_note(w, &note), 0);
    assert_int_equal(rec_writer_close(&w, &e), 0);
    assert_null(w);

    struct buf b = slurp(path);
    assert_string_equal(
        b.p, "{\"type\":\"run\",\"schema\":\"weir.records/1\",\"version\":\"9.9\",\"epoch_mono\":5,"
             "\"epoch_unix\":1700000000000000000,\"seed\":18446744073709551615}\n"
             "{\"type\":\"level\",\"level\":1,\"final\":false,\"open\":true,\"arrival\":\"poisson\",\"rate\":2.5,"
             "\"burstiness\":0,\"speed\":0,\"rate_limit\":0,"
             "\"concurrency\":0,\"max_concurrency\":0,\"num_requests\":0,\"duration\":0,\"warmup\":0,"
             "\"warmup_requests\":0,\"sessions\":false,\"begin\":7,\"w0\":8,\"w1\":0,\"scheduled\":0,\"unsent\":0,"
             "\"interrupted\":false,"
             "\"lost_records\":0,\"exhausted\":0}\n"
             "{\"type\":\"request\",\"outcome\":\"http_503\",\"level\":1,\"index\":42,\"worker\":0,\"sample\":0,"
             "\"class\":\"chat\",\"model\":\"m\\\"1\",\"conn\":0,\"warmup\":true,"
             "\"streamed\":true,\"status\":503,\"intended\":10,\"start\":12,\"first_token\":50,\"end\":90,"
             "\"tokens_out\":0,\"request_id\":\"req-1\",\"finish\":\"length\",\"token_source\":\"usage\","
             "\"dt\":[0,10,0],\"len\":[4,5,0],\"width\":[[1,9]],\"cum\":[1,2,-1],\"detail\":\"say \\\"no\\\"\\n\"}\n"
             "{\"type\":\"client\",\"level\":1,\"worker\":0,\"window\":100,\"cpu\":10,\"run_delay\":0,"
             "\"empty_polls\":0,\"involuntary\":0,\"events\":0,\"reads\":3,\"kernel_stamped\":0,\"clock_steps\":0,"
             "\"unplaced_stamps\":0,\"conns_opened\":0,"
             "\"conns_reused\":0,\"conns_resumed\":0,\"retried\":0,\"lag\":{\"min\":3,\"max\":5,\"sum\":\"b\",\"sum_"
             "sq\":\"2b\","
             "\"counts\":[[3,2],[5,1]]}}\n"
             "{\"type\":\"note\",\"whole_run\":true,\"level\":0,\"text\":\"hear, hear\"}\n");
    buf_free(&b);
    hist_free(&lag);
    rec_recycle(&slab, r);
    rec_slab_free(&slab);
    unlink(path);
}

static void test_texts_kept(void **state)
{
    char path[64];
    struct err e;
    struct rec_writer *w = rec_writer_open(temp_path(path), &e);
    struct rec_text *t = malloc(sizeof *t + 16);
    assert_non_null(t);
    *t = (struct rec_text){.n_prompt = 3, .n_answer = 5};
    memcpy(t->bytes, "hi\thello", 8);
    struct record r = {.outcome = OUT_OK, .text = t, .tokens_in = -1, .tokens_out = -1, .tokens_cached = -1};
    r.tokens_reasoning = r.counted_in = r.counted_out = -1;
    assert_int_equal(rec_write_request(w, &r), 0);
    assert_int_equal(rec_writer_close(&w, &e), 0);
    struct buf b = slurp(path);
    assert_string_equal(b.p, "{\"type\":\"request\",\"outcome\":\"ok\",\"level\":0,\"index\":0,\"worker\":0,\"sample\":"
                             "0,\"conn\":0,\"prompt\":\"hi\\t\",\"answer\":\"hello\"}\n");
    buf_free(&b);
    free(t);
    unlink(path);
}

struct http_seen {
    char head[40], headers[40], body[40];
    size_t n_body;
    bool http, cut;
};

static void see_http(void *arg, const struct record *r)
{
    struct http_seen *s = arg;
    const struct rec_text *t = r->text;
    assert_non_null(t);
    const char *h = t->bytes + t->n_prompt + t->n_answer, *p = t->bytes + t->http_at;
    s->http = t->http;
    s->cut = t->cut;
    snprintf(s->headers, sizeof s->headers, "%.*s", (int)t->n_headers, h);
    snprintf(s->head, sizeof s->head, "%.*s", (int)t->n_request, p);
    s->n_body = t->n_whole;
    memcpy(s->body, p + t->n_request, t->n_whole);
}

/* --save-http: there and back, text and bytes that are none. */
static void test_http_kept(void **state)
{
    static const struct {
        const char *body;
        size_t n;
        const char *written;
    } t[] = {
        {"a\nb", 3, "\"body\":\"a\\nb\"}\n"},
        {"", 0, "\"body\":\"\"}\n"},
        {"\xff\0x", 3, "\"body_base64\":\"/wB4\",\"body_cut\":true}\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        char path[64];
        struct err e = {0};
        struct rec_writer *w = rec_writer_open(temp_path(path), &e);
        struct rec_text *x = calloc(1, sizeof *x + 32);
        assert_non_null(x);
        x->n_prompt = 1;
        x->n_headers = 4;
        x->http = true;
        x->cut = i == 2;
        x->http_at = 5;
        x->n_request = 5;
        x->n_whole = t[i].n;
        memcpy(x->bytes, "pa: bGET /", 10);
        memcpy(x->bytes + 10, t[i].body, t[i].n);
        struct record r = {.outcome = OUT_OK, .text = x, .tokens_in = -1, .tokens_out = -1, .tokens_cached = -1};
        r.tokens_reasoning = r.counted_in = r.counted_out = -1;
        assert_int_equal(rec_write_run(w, &(struct rec_run){.version = "1"}), 0);
        assert_int_equal(rec_write_request(w, &r), 0);
        assert_int_equal(rec_writer_close(&w, &e), 0);
        struct buf b = slurp(path);
        assert_non_null(strstr(b.p, "\"request_head\":\"GET /\",\"response_headers\":\"a: b\","));
        assert_non_null(strstr(b.p, t[i].written));
        buf_free(&b);
        struct http_seen seen = {0};
        struct rec_read_stats st;
        const struct rec_sink sink = {.request = see_http, .texts = true};
        assert_int_equal(rec_read_file(path, &sink, &seen, &st, &e), 0);
        assert_true(seen.http && seen.cut == (i == 2));
        assert_string_equal(seen.head, "GET /");
        assert_string_equal(seen.headers, "a: b");
        assert_int_equal(seen.n_body, t[i].n);
        assert_memory_equal(seen.body, t[i].body, t[i].n);
        free(x);
        unlink(path);
    }
}

static void test_existing_file(void **state)
{
    char path[64];
    struct err e = {0};
    struct rec_writer *w = rec_writer_open(temp_path(path), &e);
    assert_int_equal(rec_writer_close(&w, &e), 0);
    assert_null(rec_writer_open(path, &e));
    assert_int_equal(e.code, ERR_IO);
    assert_non_null(strstr(e.text, path));
    unlink(path);
    assert_null(rec_writer_open("/nonexistent/x", &e));
}

/* A disk that is full: the writer says so from then on, and what was written before stays readable. */
static void test_full(void **state)
{
    char path[64];
    struct err e = {0};
    struct rec_writer *w = rec_writer_open(temp_path(path), &e);
    struct rlimit old, tight = {100000, 100000};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    tight.rlim_max = old.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    struct rec_run run = {.version = "1"};
    struct rec_note note = {.text = "filler filler filler filler"};
    assert_int_equal(rec_write_run(w, &run), 0);
    int failed = 0;
    for (int i = 0; i < 20000; i++)
        failed += rec_write_note(w, &note) != 0;
    failed += rec_writer_flush(w) != 0;
    assert_true(failed > 0);
    assert_int_equal(rec_write_note(w, &note), -1);
    assert_int_equal(rec_writer_close(&w, &e), -1);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(e.code, ERR_IO);
    assert_int_equal(e.sys, EFBIG);
    struct rec_read_stats st;
    struct rec_sink none = {0};
    assert_int_equal(rec_read_file(path, &none, NULL, &st, &e), 0);
    assert_true(st.cut);
    assert_true(st.lines > 1000);
    unlink(path);
}

struct long_sum {
    uint64_t events, bytes, widths, counts;
    int64_t last;
};

static void sum_up(void *arg, const struct record *r)
{
    struct long_sum *s = arg;
    struct rec_iter it;
    struct rec_event ev;
    rec_iter_init(&it, r);
    while (rec_iter_next(&it, &ev)) {
        s->events++;
        s->bytes += ev.bytes;
        s->widths += (uint64_t)ev.width;
        s->counts += (uint64_t)ev.cumulative;
        s->last = ev.at;
    }
}

/* Arrays far longer than the writer's buffer, gaps of all sizes: the buffer is emptied at any of their elements. */
static void test_long(void **state)
{
    char path[64];
    struct err e;
    struct rec_writer *w = rec_writer_open(temp_path(path), &e);
    assert_non_null(w);
    struct rec_run run = {.epoch_mono = 5};
    assert_int_equal(rec_write_run(w, &run), 0);
    struct rec_slab slab;
    rec_slab_init(&slab, 100000);
    struct long_sum want = {0}, got = {0};
    for (int k = 0; k < 3; k++) {
        struct record *r = rec_new(&slab);
        struct rec_event ev = {.at = 1000 + k};
        for (uint32_t i = 0; i < 100000; i++) {
            ev.at += (int64_t)1 << (i % 37);
            ev.bytes = i % 3 ? i % 7 : i;
            ev.width = i % 5 == 0 ? i : 0;
            ev.cumulative = i;
            assert_int_equal(rec_add_event(&slab, r, &ev), 0);
            want.events++;
            want.bytes += ev.bytes;
            want.widths += (uint64_t)ev.width;
            want.counts += i;
            want.last = ev.at;
        }
        assert_int_equal(rec_write_request(w, r), 0);
        rec_recycle(&slab, r);
    }
    rec_slab_free(&slab);
    assert_int_equal(rec_writer_close(&w, &e), 0);
    struct rec_read_stats st;
    const struct rec_sink sink = {.request = sum_up};
    assert_int_equal(rec_read_file(path, &sink, &got, &st, &e), 0);
    assert_false(st.cut);
    assert_int_equal(st.requests, 3);
    assert_memory_equal(&got, &want, sizeof got);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),        cmocka_unit_test(test_texts_kept), cmocka_unit_test(test_http_kept),
        cmocka_unit_test(test_existing_file), cmocka_unit_test(test_full),       cmocka_unit_test(test_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

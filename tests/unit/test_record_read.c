#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/rng.h"
#include "record/recfile.h"
#include "stat/hist.h"

struct seen {
    unsigned runs, endpoints, levels, clients, requests, notes;
    struct rec_run run;
    struct rec_endpoint endpoint;
    struct rec_level level;
    struct rec_note note;
    struct record request;
    char detail[64];
    char klass[8], model[8];
    const char *last_class; /* where that of the last request lay */
    bool same_class;        /* ... and that of this one too */
    struct rec_event ev[400];
    size_t n_ev;
    int64_t lag_n, lag_max;
    double lag_mean, lag_std;
    int64_t steal;
};

static void on_run(void *arg, const struct rec_run *r)
{
    struct seen *s = arg;
    s->runs++;
    s->run = *r;
}

static void on_endpoint(void *arg, const struct rec_endpoint *p)
{
    struct seen *s = arg;
    s->endpoints++;
    s->endpoint = *p;
}

static void on_level(void *arg, const struct rec_level *l)
{
    struct seen *s = arg;
    s->levels++;
    s->level = *l;
}

static void on_client(void *arg, const struct rec_client *c)
{
    struct seen *s = arg;
    s->clients++;
    s->lag_n = (int64_t)hist_n(c->lag);
    s->lag_max = hist_max(c->lag);
    s->lag_mean = hist_mean(c->lag);
    s->lag_std = hist_std(c->lag);
    s->steal = c->steal;
}

static void on_request(void *arg, const struct record *r)
{
    struct seen *s = arg;
    s->requests++;
    s->request = *r;
    snprintf(s->detail, sizeof s->detail, STR_FMT, STR_ARG(r->detail));
    snprintf(s->klass, sizeof s->klass, STR_FMT, STR_ARG(r->klass));
    snprintf(s->model, sizeof s->model, STR_FMT, STR_ARG(r->model));
    s->same_class = s->last_class && s->last_class == r->klass.p;
    s->last_class = r->klass.p;
    struct rec_iter it;
    rec_iter_init(&it, r);
    s->n_ev = 0;
    while (s->n_ev < ARRAY_LEN(s->ev) && rec_iter_next(&it, &s->ev[s->n_ev]))
        s->n_ev++;
}

static void on_note(void *arg, const struct rec_note *n)
{
    struct seen *s = arg;
    s->notes++;
    s->note = *n;
}

static const struct rec_sink sink = {on_run, on_endpoint, on_level, on_client, on_request, on_note};

#define RUN                                                                                                            \
    "{\"type\":\"run\",\"schema\":\"weir.records/"                                                                     \
    "1\",\"version\":\"1\",\"epoch_mono\":1,\"epoch_unix\":2,\"seed\":3}\n"

static int read_text(const char *text, struct seen *s, struct rec_read_stats *st, struct err *e)
{
    memset(s, 0, sizeof *s);
    *e = (struct err){0};
    return rec_read_text(str_of(text), "F", &sink, s, st, e);
}

static const struct rec_level level = {
    .level = 3,
    .final = true,
    .rate = 0.1,
    .concurrency = 4,
    .max_concurrency = 5,
    .num_requests = 6,
    .duration = 7,
    .warmup = 8,
    .warmup_requests = 9,
    .begin = 10,
    .w0 = 11,
    .w1 = 12,
    .scheduled = 13,
    .unsent = 14,
    .interrupted = true,
    .lost_records = 15,
    .exhausted = 16,
};

static const struct record want = {
    .level = 3,
    .worker = 1,
    .endpoint = 7,
    .index = 2,
    .sample = 3,
    .turn = 4,
    .flags = 63 | REC_IN_COUNTED | REC_IN_TEXTS | REC_UNCOUNTED,
    .outcome = OUT_TRUNCATED,
    .status = 200,
    .finish = FINISH_TOOL,
    .conn = 6,
    .intended = 101,
    .admitted = 102,
    .start = 103,
    .conn_start = 104,
    .conn_end = 105,
    .tls_end = 106,
    .sent_first = 107,
    .sent_last = 108,
    .first_byte = 109,
    .headers = 110,
    .first_token = 111,
    .first_output = 112,
    .last_token = 113,
    .end = 114,
    .token_source = TOKENS_TOKENIZER,
    .tokens_in = 0,
    .tokens_out = 2,
    .tokens_cached = 3,
    .tokens_reasoning = 1,
    .counted_in = 7,
    .counted_out = 0,
    .text_bytes = 55,
    .words = 66,
    .text_hash = 9007199254740991,
    .bytes_in = 77,
    .bytes_out = 88,
    .request_id = "id \"7\"",
};

/* Everything that a record holds comes back from the file. */
static void test_round_trip(void **state)
{
    char path[64];
    snprintf(path, sizeof path, "/tmp/weir_test_read_%d.jsonl", (int)getpid());
    unlink(path);
    struct err e;
    struct rec_writer *w = rec_writer_open(path, &e);
    assert_non_null(w);
    struct rec_run run = {.epoch_mono = 123456789, .epoch_unix = 1700000000123456789, .seed = UINT64_MAX - 5};
    snprintf(run.version, sizeof run.version, "1.2.3");
    rec_write_run(w, &run);
    struct rec_endpoint endpoint = {.endpoint = 63};
    memset(endpoint.url, 'u', sizeof endpoint.url - 1);
    rec_write_endpoint(w, &endpoint);
    rec_write_level(w, &level);
    struct rec_slab slab;
    rec_slab_init(&slab, 100);
    struct record *r = rec_new(&slab);
    *r = want;
    r->detail = STR("the end \xff came");
    struct rec_event ev[300];
    uint64_t bytes = 0;
    int64_t at = 111;
    for (size_t i = 0; i < ARRAY_LEN(ev); i++) {
        uint64_t u = rng_u64(3, RNG_TEST, i);
        ev[i] = (struct rec_event){at, (u & 7) == 0 ? (int64_t)(u >> 40) : 0, (uint32_t)(u >> 60), (int64_t)i * 2 - 1};
        assert_int_equal(rec_add_event(&slab, r, &ev[i]), 0);
        bytes += ev[i].bytes;
        at += (int64_t)(u >> 32);
    }
    rec_write_request(w, r);
    struct hist *lag = hist_new();
    for (uint64_t i = 0; i < 10000; i++)
        hist_add(lag, (int64_t)(rng_u64(4, RNG_TEST, i) >> 30), 1 + i % 3);
    struct rec_client client = {.steal = 77, .lag = lag};
    rec_write_client(w, &client);
    assert_int_equal(rec_writer_close(&w, &e), 0);

    struct seen *s = calloc(1, sizeof *s);
    assert_non_null(s);
    struct rec_read_stats st;
    assert_int_equal(rec_read_file(path, &sink, s, &st, &e), 0);
    assert_false(st.cut);
    assert_int_equal(st.lines, 5);
    assert_int_equal(st.requests, 1);
    assert_int_equal(s->endpoints, 1);
    assert_memory_equal(&s->endpoint, &endpoint, sizeof endpoint);
    assert_memory_equal(&s->run, &run, sizeof run);
    assert_memory_equal(&s->level, &level, sizeof level);
    assert_int_equal(s->n_ev, 300);
    for (size_t i = 0; i < 300; i++) {
        assert_int_equal(s->ev[i].at, ev[i].at);
        assert_int_equal(s->ev[i].width, ev[i].width);
        assert_int_equal(s->ev[i].bytes, ev[i].bytes);
        assert_int_equal(s->ev[i].cumulative, ev[i].cumulative);
    }
    assert_string_equal(s->detail, "the end \xef\xbf\xbd came");
    struct record got = s->request;
    assert_int_equal(got.events_bytes, bytes);
    got.events_bytes = 0;
    got.first = got.last = NULL;
    got.n_events = 0;
    got.prev_event = 0;
    got.detail = (struct str){NULL, 0};
    got.next = NULL;
    assert_memory_equal(&got, &want, offsetof(struct record, detail));
    assert_int_equal(s->lag_n, (int64_t)hist_n(lag));
    assert_int_equal(s->lag_max, hist_max(lag));
    assert_true(s->lag_mean == hist_mean(lag)); /* to the digit */
    assert_true(s->lag_std == hist_std(lag));
    assert_int_equal(s->steal, 77);
    free(s);
    hist_free(&lag);
    rec_recycle(&slab, r);
    rec_slab_free(&slab);
    unlink(path);
}

static void keep_request(void *arg, const struct record *r)
{
    *(struct record *)arg = *r;
}

/* Numbers of response headers go by the names that the run lists. */
static void test_metrics(void **state)
{
    static const struct rec_sink keep = {.request = keep_request};
    char path[64];
    snprintf(path, sizeof path, "/tmp/weir_test_metrics_%d.jsonl", (int)getpid());
    unlink(path);
    struct err e;
    struct rec_read_stats st;
    struct rec_writer *w = rec_writer_open(path, &e);
    struct rec_run run = {.version = "1"};
    rec_write_run(w, &run);
    const struct rec_metric names[] = {{0, "X-TTFT-MS"}, {1, "x-b"}, {2, "x-c"}, {7, "x-d"}};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        rec_write_metric(w, &names[i]);
    struct record r = {.outcome = OUT_OK, .metrics = 1 | 2 | 128};
    r.metric[0] = header_metric_of(12.345678);
    r.metric[1] = HEADER_METRIC_BAD;
    r.metric[7] = header_metric_of(1e9);
    rec_write_request(w, &r);
    assert_int_equal(rec_writer_close(&w, &e), 0);
    struct buf text = BUF_INIT(65536);
    assert_int_equal(file_read(&text, path, &e), 0);
    assert_non_null(strstr(text.p, ",\"metrics\":{\"X-TTFT-MS\":12.345678,\"x-b\":false,\"x-d\":1000000000}"));
    struct record got = {0};
    assert_int_equal(rec_read_file(path, &keep, &got, &st, &e), 0);
    assert_int_equal(got.metrics, r.metrics);
    assert_memory_equal(got.metric, r.metric, sizeof got.metric);
    /* names that are not listed are skipped, and so is what is no number */
    buf_clear(&text);
    buf_addz(&text, RUN "{\"type\":\"metric\",\"metric\":3,\"name\":\"a\"}\n"
                        "{\"type\":\"request\",\"outcome\":\"ok\",\"metrics\":{\"z\":[1],\"a\":-5,\"b\":2}}\n");
    assert_int_equal(rec_read_text(buf_str(&text), "F", &keep, &got, &st, &e), 0);
    assert_int_equal(got.metrics, 8);
    assert_int_equal(got.metric[3], HEADER_METRIC_BAD);
    static const char *const broken[] = {"{\"type\":\"metric\",\"metric\":8,\"name\":\"a\"}\n",
                                         "{\"type\":\"metric\",\"metric\":0,\"name\":\"a b\"}\n",
                                         "{\"type\":\"metric\",\"metric\":0,\"name\":\"a\"}\n"
                                         "{\"type\":\"request\",\"outcome\":\"ok\",\"metrics\":{\"a\":\"x\"}}\n"};
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        buf_clear(&text);
        buf_addz(&text, RUN);
        buf_addz(&text, broken[i]);
        assert_int_equal(rec_read_text(buf_str(&text), "F", &keep, &got, &st, &e), -1);
    }
    buf_free(&text);
    unlink(path);
}

#define REQUEST                                                                                                        \
    "{\"type\":\"request\",\"outcome\":\"ok\",\"level\":0,\"first_token\":50,\"end\":90,\"dt\":[0,10],\"len\":[4,5]}"  \
    "\n"

/* Cut at every byte: read up to the last whole line, and said. */
static void test_cut_anywhere(void **state)
{
    static const char text[] = RUN REQUEST "{\"type\":\"note\",\"text\":\"x\"}\n" REQUEST;
    struct seen *s = calloc(1, sizeof *s);
    assert_non_null(s);
    struct err e;
    for (size_t n = sizeof RUN - 1; n < sizeof text; n++) {
        char *part = malloc(n ? n : 1);
        assert_non_null(part);
        memcpy(part, text, n);
        memset(s, 0, sizeof *s);
        struct rec_read_stats st;
        assert_int_equal(rec_read_text((struct str){part, n}, "F", &sink, s, &st, &e), 0);
        size_t whole = 0;
        bool open = false; /* something begun and not ended */
        for (size_t i = 0; i < n; i++) {
            whole += part[i] == '\n' || (i == n - 1 && part[i] == '}' && i + 1 < sizeof text && text[i + 1] == '\n');
            open = part[i] != '\n' && !(i == n - 1 && text[i + 1] == '\n');
        }
        assert_int_equal(st.lines, whole);
        assert_int_equal(st.cut, open);
        assert_int_equal(s->requests, st.requests);
        free(part);
    }
    free(s);
}

static void test_unknown_is_skipped(void **state)
{
    struct seen *s = calloc(1, sizeof *s);
    assert_non_null(s);
    struct err e;
    struct rec_read_stats st;
    assert_int_equal(
        read_text(RUN "{\"type\":\"weather\",\"rain\":[1,{\"a\":null}]}\n"
                      "{\"type\":\"request\",\"new\":{\"x\":[1,2]},\"end\":9,\"outcome\":\"reset\",\"level\":7,"
                      "\"extra\":\"\\u00e9\",\"finish\":\"tired\"}\n"
                      "{\"type\":\"client\",\"level\":1,\"more\":1,\"lag\":{\"kind\":\"x\",\"counts\":[]}}\n",
                  s, &st, &e),
        0);
    assert_int_equal(st.lines, 4);
    assert_int_equal(s->requests, 1);
    assert_int_equal(s->request.outcome, OUT_RESET);
    assert_int_equal(s->request.level, 7);
    assert_int_equal(s->request.end, 9);
    assert_int_equal(s->request.finish, FINISH_OTHER);
    assert_int_equal(s->request.tokens_in, -1);
    assert_int_equal(s->clients, 1);
    assert_int_equal(s->lag_n, 0);
    assert_int_equal(s->steal, -1);
    free(s);
}

/* Names come decoded, and equal ones are the same memory, whatever stood between. */
static void test_names(void **state)
{
    static const char lines[] =
        RUN "{\"type\":\"request\",\"outcome\":\"ok\",\"class\":\"a\\u0062\",\"model\":\"m\\\"1\"}\n"
            "{\"type\":\"request\",\"detail\":\"d\",\"outcome\":\"reset\",\"class\":\"ab\"}\n"
            "{\"type\":\"request\",\"outcome\":\"ok\"}\n";
    struct seen *s = calloc(1, sizeof *s);
    assert_non_null(s);
    struct err e;
    struct rec_read_stats st;
    struct str text = STR(lines), rest = text;
    for (int n = 1; n <= 3; n++) { /* cut behind each request */
        ptrdiff_t at = 0;
        for (int k = 0; k <= n; k++)
            at += str_chr(str_sub(rest, (size_t)at, rest.n), '\n') + 1;
        *s = (struct seen){0};
        char *part = strndup(lines, (size_t)at);
        assert_int_equal(read_text(part, s, &st, &e), 0);
        free(part);
        assert_string_equal(s->klass, n < 3 ? "ab" : "");
        assert_string_equal(s->model, n == 1 ? "m\"1" : "");
        assert_string_equal(s->detail, n == 2 ? "d" : "");
        assert_int_equal(s->same_class, n == 2);
    }
    free(s);
}

/* Each kind of nonsense has its sentence and its line. */
static void test_garbage(void **state)
{
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"", "F: empty; a run writes its first line when its first level begins"},
        {"hello\n", "F:1: expected an object"},
        {"{\"type\":\"request\",\"outcome\":\"ok\"}\n",
         "F:1: \"schema\" is not \"weir.records/1\": not a file of weir's "
         "records, or one of another version"},
        {"{\"type\":\"run\",\"schema\":\"weir.records/2\"}\n",
         "F:1: \"schema\" is not \"weir.records/1\": not a file of "
         "weir's records, or one of another version"},
        {RUN "{\"level\":1}\n", "F:2: \"type\" must be the first member of a line"},
        {RUN "{\"type\":\"request\",\"outcome\":\"fine\"}\n", "F:2: \"outcome\" is unknown to this version of weir"},
        {RUN "{\"type\":\"request\"}\n", "F:2: \"outcome\" is missing"},
        {RUN REQUEST "{\"type\":\"request\",\"outcome\":\"ok\",\"start\":-1}\n", "F:3: \"start\" is out of range"},
        {RUN "{\"type\":\"request\",\"outcome\":\"ok\",\"start\":9223372036854775807}\n",
         "F:2: \"start\" is out of range"},
        {RUN "{\"type\":\"request\",\"outcome\":\"ok\",\"dt\":[1],\"len\":[1,2],\"first_token\":5}\n",
         "F:2: \"dt\" has another length than \"len\" or \"cum\""},
        {RUN "{\"type\":\"request\",\"outcome\":\"ok\",\"dt\":[1],\"len\":[1]}\n",
         "F:2: \"dt\" is there, but \"first_token\" is not"},
        {RUN "{\"type\":\"request\",\"outcome\":\"ok\",\"dt\":[-9],\"len\":[1],\"first_token\":5}\n",
         "F:2: \"dt\" leaves the range of instants"},
        {RUN "{\"type\":\"request\",\"outcome\":\"ok\",\"dt\":[0],\"len\":[1],\"width\":[[3,1]],\"first_token\":5}\n",
         "F:2: \"width\" is not in rising order within \"dt\""},
        {RUN "{\"type\":\"request\",\"outcome\":\"ok\",\"width\":[[3]]}\n", "F:2: \"width\" needs pairs"},
        {RUN "{\"type\":\"client\",\"lag\":{\"counts\":[[1,2,3]]}}\n", "F:2: \"counts\" needs pairs"},
        {RUN "{\"type\":\"client\",\"lag\":{\"sum\":\"xyz\"}}\n", "F:2: \"sum\" is not hexadecimal"},
        {RUN "{\"type\":\"client\",\"lag\":{\"min\":9,\"max\":3}}\n", "F:2: \"min\" is above \"max\""},
        {RUN "{\"type\":\"run\",\"schema\":\"weir.records/1\",\"seed\":-1}\n", "F:2: \"seed\" is not a whole number"},
        {RUN "{\"type\":\"level\",\"rate\":-1}\n", "F:2: \"rate\" is out of range"},
        {RUN "{\"type\":\"endpoint\",\"endpoint\":64,\"url\":\"h\"}\n", "F:2: \"endpoint\" is out of range"},
        {RUN "{\"type\":\"note\"} x\n", "F:2: something behind the end of the value"},
    };
    struct seen *s = calloc(1, sizeof *s);
    assert_non_null(s);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err e;
        struct rec_read_stats st;
        assert_int_equal(read_text(cases[i].text, s, &st, &e), -1);
        assert_int_equal(e.code, ERR_DATA);
        assert_string_equal(e.text, cases[i].error);
    }
    free(s);
}

static void test_missing_file(void **state)
{
    struct err e;
    struct rec_read_stats st;
    assert_int_equal(rec_read_file("/nonexistent/requests.jsonl", &sink, NULL, &st, &e), -1);
    assert_non_null(strstr(e.text, "/nonexistent/requests.jsonl"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),         cmocka_unit_test(test_metrics), cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_unknown_is_skipped), cmocka_unit_test(test_names),   cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_missing_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_campaign.c - whole runs in this process against a scripted server: the files, the ends, and no secret anywhere.
 */
#include "engine_rig.h"

#include <dirent.h>
#include <signal.h>

#include "analysis/summary.h"
#include "base/file.h"
#include "base/jdoc.h"
#include "campaign/campaign.h"

static const struct reply good = {"200 OK", SSE_TYPE "Server: rig\r\n", STREAM};

struct tried {
    struct rig g;
    struct run_config c;
    struct campaign_view v;
    struct campaign_result r;
    struct err e;
    char dir[64], url[160];
    const char *urls[3];
    const char *words[8];
    int rc, ticks, levels;
    unsigned interrupt_after; /* level_end calls; 0 = never */
    bool banner;
};

static void on_banner(void *arg, const char *const *lines, size_t n)
{
    struct tried *t = arg;
    t->banner = true;
    for (size_t i = 0; i < n; i++) {
        assert_non_null(strchr(lines[i], ':'));
        assert_null(strstr(lines[i], "SECRET"));
    }
}

static void on_tick(void *arg, const struct campaign_tick *k)
{
    struct tried *t = arg;
    t->ticks++;
    assert_true(k->completed <= k->started && k->succeeded + k->failed <= k->started);
}

static void on_level_end(void *arg, const struct campaign_ended *l)
{
    struct tried *t = arg;
    assert_int_equal(l->level, t->levels);
    assert_false(l->stops);
    if (++t->levels == (int)t->interrupt_after)
        kill(getpid(), SIGINT);
}

static void open_run(struct tried *t, const struct reply *script, int n)
{
    sigset_t set;
    memset(t, 0, sizeof *t);
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL); /* the server's thread must not take it */
    rig_start(&t->g, script, n);
    snprintf(t->dir, sizeof t->dir, "/tmp/weir-campaign-XXXXXX");
    assert_non_null(mkdtemp(t->dir));
    snprintf(t->url, sizeof t->url, "%s/v1/chat/completions?api-version=7&api-key=SECRET-query", t->g.url);
    t->urls[0] = t->url;
    t->words[0] = "run";
    t->words[1] = t->url;
    t->words[2] = "--api-key=SECRET-key";
    t->c = (struct run_config){.urls = t->urls,
                               .api = "auto",
                               .api_key = "SECRET-key",
                               .auth_style = "bearer",
                               .concurrency = "2",
                               .num_requests = 6,
                               .arrival = "constant",
                               .pin = "auto",
                               .grace = -1,
                               .order = "sequential",
                               .dataset_format = "auto",
                               .prompt = "hi",
                               .model = "m",
                               .max_tokens = -1,
                               .temperature = NAN,
                               .timeout = 20 * NS_PER_S,
                               .connect_timeout = 10 * NS_PER_S,
                               .idle_timeout = 4 * NS_PER_S,
                               .output_dir = t->dir,
                               .command = t->words,
                               .n_command = 3};
    t->v = (struct campaign_view){.arg = t, .banner = on_banner, .tick = on_tick, .level_end = on_level_end};
}

static void go(struct tried *t)
{
    t->rc = campaign_run(&t->c, &t->v, &t->r, &t->e);
    rig_stop(&t->g);
}

/* The whole of a file of the run, checked for secrets. */
static char *text_of(const struct tried *t, const char *name)
{
    char path[128];
    struct buf b = BUF_INIT(16u << 20);
    snprintf(path, sizeof path, "%s/%s", t->dir, name);
    assert_int_equal(file_read(&b, path, NULL), 0);
    char *text = buf_take(&b);
    assert_null(strstr(text, "SECRET"));
    return text;
}

static int lines_with(const char *text, const char *what)
{
    int n = 0;
    for (const char *p = text; (p = strstr(p, what)); p++)
        n++;
    return n;
}

static void close_run(struct tried *t)
{
    campaign_result_free(&t->r);
    DIR *d = opendir(t->dir);
    for (struct dirent *f; d && (f = readdir(d));) {
        char path[400];
        snprintf(path, sizeof path, "%s/%s", t->dir, f->d_name);
        unlink(path);
    }
    closedir(d);
    rmdir(t->dir);
    rig_free(&t->g);
}

static void a_run_leaves_its_files(void **state)
{
    (void)state;
    struct tried t;
    open_run(&t, &good, 1);
    go(&t);
    if (t.rc != 0)
        fail_msg("%s", t.e.text);
    assert_true(t.banner);
    assert_int_equal(t.levels, 1);
    assert_false(t.r.interrupted);
    assert_int_equal(t.r.summary->n_levels, 1);
    assert_int_equal(t.r.summary->attempted, 6);
    assert_int_equal(t.r.summary->successful, 6);
    assert_int_equal(t.g.requests, 8); /* the probe, /version, six */

    char *meta = text_of(&t, "metadata.json");
    struct jdoc *d = jdoc_parse(str_of(meta), "metadata.json", NULL);
    jnode *root = jdoc_root(d);
    char url[200];
    snprintf(url, sizeof url, "%s/v1/chat/completions?api-version=7&api-key=[redacted]", t.g.url);
    assert_string_equal(jn_str(jn_get(root, "url"), "").p, url);
    assert_string_equal(jn_str(jn_at(jn_get(root, "command"), 1), "").p, url);
    assert_int_equal(jn_len(jn_get(root, "command")), 4);
    assert_string_equal(jn_str(jn_get(root, "model"), "").p, "m");
    assert_true(jn_bool(jn_get(root, "server.probed"), false));
    assert_true(jn_bool(jn_get(root, "server.usage"), false));
    assert_string_equal(jn_str(jn_at(jn_get(root, "server.headers"), 1), "").p, "Server: rig");
    char sha[65];
    sha256_hex(STR("hi"), sha);
    assert_string_equal(jn_str(jn_get(root, "dataset.sha256"), "").p, sha);
    jdoc_free(&d);
    free(meta);
    char *records = text_of(&t, "requests.jsonl");
    assert_int_equal(lines_with(records, "\"type\":\"request\""), 6);
    assert_int_equal(lines_with(records, "\"type\":\"level\""), 2);
    assert_int_equal(lines_with(records, "\"type\":\"run\""), 1);
    free(records);
    char *errors = text_of(&t, "errors.jsonl");
    assert_string_equal(errors, "");
    free(errors);
    close_run(&t);
}

/* The second endpoint does not know stream_options: then none is asked with them, and the first is probed once more. */
static void two_endpoints_are_asked_alike(void **state)
{
    (void)state;
    const struct reply script[] = {{"400 Bad Request", JSON_TYPE, "{\"error\":{\"message\":\"stream_options?\"}}"},
                                   good};
    struct tried t;
    struct rig second;
    char url[160], text[600];
    open_run(&t, &good, 1);
    rig_start(&second, script, 2);
    snprintf(url, sizeof url, "%s/v1?api-key=SECRET-query", second.url);
    t.urls[1] = url;
    t.c.balance = "round-robin";
    go(&t);
    if (t.rc != 0)
        fail_msg("%s", t.e.text);
    rig_stop(&second);
    assert_int_equal(t.g.requests, 6);    /* two probes, /version, items 0 2 4 */
    assert_int_equal(second.requests, 7); /* a refusal, two probes, /version, items 1 3 5 */
    for (int i = 1; i < 6; i++)           /* but for the first probes */
        assert_null(strstr(t.g.log[i], "stream_options"));
    for (int i = 1; i < 7; i++)
        assert_null(strstr(second.log[i], "stream_options"));
    const struct sum_level *l = &t.r.summary->levels[0];
    assert_int_equal(l->n_endpoints, 2);
    assert_int_equal(l->endpoints[0].successful, 3);
    assert_int_equal(l->endpoints[1].successful, 3);
    snprintf(text, sizeof text, "%s/v1?api-key=[redacted]", second.url);
    assert_string_equal(l->endpoints[1].url, text);
    bool named = false;
    for (size_t i = 0; i < t.r.summary->notes.n; i++) {
        const char *note = t.r.summary->notes.v[i];
        named |= strstr(note, second.url) == note && strstr(note, "rejected stream_options");
    }
    assert_true(named);
    char *meta = text_of(&t, "metadata.json"), *records = text_of(&t, "requests.jsonl");
    struct jdoc *d = jdoc_parse(str_of(meta), "metadata.json", NULL);
    jnode *root = jdoc_root(d);
    assert_int_equal(jn_len(jn_get(root, "urls")), 2);
    assert_string_equal(jn_str(jn_at(jn_get(root, "urls"), 1), "").p, text);
    assert_int_equal(jn_len(jn_get(root, "servers")), 2);
    assert_false(jn_bool(jn_get(root, "server.stream_options"), true));
    assert_int_equal(lines_with(records, "\"type\":\"endpoint\""), 2);
    assert_int_equal(lines_with(records, "\"endpoint\":1,"), 4); /* its line and its three requests */
    jdoc_free(&d);
    free(meta);
    free(records);
    rig_free(&second);
    close_run(&t);
}

static void failures_are_logged_without_the_key(void **state)
{
    (void)state;
    const struct reply script[] = {{"500 No", "X-Echo: Bearer SECRET-key\r\n", "you sent SECRET-key"}};
    struct tried t;
    open_run(&t, script, 1);
    t.c.no_probe = true;
    go(&t);
    assert_int_equal(t.rc, 0);
    assert_int_equal(t.r.summary->successful, 0);
    char *errors = text_of(&t, "errors.jsonl");
    assert_int_equal(lines_with(errors, "\"kind\":\"http_500\""), 6);
    assert_int_equal(lines_with(errors, "you sent **********"), 6);
    free(errors);
    close_run(&t);
}

static void a_probe_that_fails_begins_nothing(void **state)
{
    (void)state;
    const struct reply script[] = {{"401 No", "", "SECRET-key is not known"}};
    struct tried t;
    open_run(&t, script, 1);
    go(&t);
    assert_int_equal(t.rc, -1);
    assert_int_equal(t.e.code, ERR_USAGE);
    assert_memory_equal(t.e.text, "probe: ", 7);
    assert_null(strstr(t.e.text, "SECRET"));
    assert_null(t.r.summary);
    assert_true(dir_is_empty(t.dir));
    close_run(&t);
}

static void an_interrupt_between_levels_is_told(void **state)
{
    (void)state;
    struct tried t;
    open_run(&t, &good, 1);
    t.c.concurrency = "1,2,3";
    t.c.cooldown = 60 * NS_PER_S;
    t.interrupt_after = 1;
    int64_t began = clock_mono();
    go(&t);
    assert_true(clock_mono() - began < 30 * NS_PER_S);
    assert_int_equal(t.rc, 0);
    assert_true(t.r.interrupted);
    assert_true(t.r.summary->interrupted);
    assert_int_equal(t.r.summary->n_levels, 2);
    assert_int_equal(t.r.summary->attempted, 6);
    assert_false(t.r.summary->levels[0].interrupted);
    assert_true(t.r.summary->levels[1].interrupted);
    assert_int_equal(t.r.summary->levels[1].attempted, 0);
    close_run(&t);
}

static struct tried *shared; /* for the thread that interrupts */

static void *interrupt_when_open(void *arg)
{
    (void)arg;
    while (shared->g.requests < 2)
        usleep(1000);
    kill(getpid(), SIGINT);
    usleep(100000);
    kill(getpid(), SIGINT);
    return NULL;
}

static void two_interrupts_cancel_what_is_open(void **state)
{
    (void)state;
    const struct reply script[] = {{.hang = true}};
    struct tried t;
    pthread_t thread;
    open_run(&t, script, 1);
    t.c.no_probe = true;
    t.c.num_requests = 100;
    shared = &t;
    assert_int_equal(pthread_create(&thread, NULL, interrupt_when_open, NULL), 0);
    go(&t);
    pthread_join(thread, NULL);
    assert_int_equal(t.rc, 0);
    assert_true(t.r.interrupted && t.r.summary->interrupted);
    assert_int_equal(t.r.summary->levels[0].cancelled, 2);
    assert_int_equal(t.r.summary->levels[0].attempted, 2);
    close_run(&t);
}

static void warm_up_is_outside_the_window(void **state)
{
    (void)state;
    static const struct {
        const char *rate, *concurrency, *warmup;
        int64_t duration;
        uint64_t n;
    } cases[] = {{"500", NULL, "5", 0, 20},
                 {"500", NULL, "20ms", 0, 20},
                 {NULL, "2", "5", 0, 20},
                 {"500", NULL, "5", 40 * NS_PER_MS, 0},
                 {NULL, "2", "20ms", 60 * NS_PER_MS, 0}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct tried t;
        open_run(&t, &good, 1);
        t.c.rate = cases[i].rate;
        t.c.concurrency = cases[i].concurrency;
        t.c.warmup = cases[i].warmup;
        t.c.duration = cases[i].duration;
        t.c.num_requests = cases[i].n;
        go(&t);
        assert_int_equal(t.rc, 0);
        const struct sum_level *l = &t.r.summary->levels[0];
        if (cases[i].n)
            assert_int_equal(l->attempted, cases[i].n);
        if (cases[i].duration)
            assert_int_equal(l->w1 - l->w0, cases[i].duration);
        if (cases[i].rate && cases[i].duration)
            assert_int_equal(l->attempted, 20); /* 500/s for 40 ms */
        if (cases[i].rate && cases[i].n)
            assert_int_equal(l->w1 - l->w0, 40 * NS_PER_MS);
        if (strcmp(cases[i].warmup, "5") == 0)
            assert_int_equal(l->warmup, 5);
        else
            assert_true(l->warmup > 0);
        assert_true(l->w0 > l->begin || cases[i].concurrency);
        close_run(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_leaves_its_files),
        cmocka_unit_test(two_endpoints_are_asked_alike),
        cmocka_unit_test(failures_are_logged_without_the_key),
        cmocka_unit_test(a_probe_that_fails_begins_nothing),
        cmocka_unit_test(an_interrupt_between_levels_is_told),
        cmocka_unit_test(two_interrupts_cancel_what_is_open),
        cmocka_unit_test(warm_up_is_outside_the_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

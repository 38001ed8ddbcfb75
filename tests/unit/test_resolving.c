/* test_resolving.c - a name whose addresses change while a run goes on: a scripted look-up, a real server. */
#include "engine_rig.h"

#include <stdatomic.h>

#include "analysis/summary.h"
#include "base/file.h"
#include "campaign/campaign.h"
#include "net/resolve.h"

static const struct reply good = {"200 OK", SSE_TYPE, STREAM};

static _Atomic int lookups;
static _Atomic bool moves; /* the name leads to the server from the second look-up on */

static int scripted(const char *host, uint16_t port, struct addr *out, int max, struct err *e)
{
    assert_string_equal(host, "moving.invalid");
    int n = atomic_fetch_add(&lookups, 1);
    if (n > 0 && !moves) /* a server of names that is down says nothing new */
        return err_set(e, ERR_NET, "no answer");
    return resolve_host(n > 0 ? "127.0.0.1" : "127.0.0.99", port, out, max, e);
}

static void run_against_a_moving_name(bool does_move, uint64_t requests, uint64_t *ok, uint64_t *failed, bool *noted)
{
    struct rig g;
    char url[64], dir[] = "/tmp/weir-resolving-XXXXXX";
    rig_start(&g, &good, 1);
    atomic_store(&lookups, 0);
    atomic_store(&moves, does_move);
    snprintf(url, sizeof url, "http://moving.invalid:%s", strrchr(g.url, ':') + 1);
    assert_non_null(mkdtemp(dir));
    static const char *const words[] = {"run"};
    const char *urls[] = {url, NULL};
    struct run_config c = {.urls = urls,
                           .lookup = scripted,
                           .api = "auto",
                           .auth_style = "bearer",
                           .concurrency = "2",
                           .num_requests = requests,
                           .arrival = "constant",
                           .pin = "none",
                           .grace = -1,
                           .order = "sequential",
                           .dataset_format = "auto",
                           .prompt = "hi",
                           .model = "m",
                           .no_probe = true,
                           .max_tokens = -1,
                           .temperature = NAN,
                           .timeout = 20 * NS_PER_S,
                           .connect_timeout = 10 * NS_PER_S,
                           .idle_timeout = 4 * NS_PER_S,
                           .output_dir = dir,
                           .command = words,
                           .n_command = 1};
    struct campaign_view v = {0};
    struct campaign_result r;
    struct err e = {0};
    if (campaign_run(&c, &v, &r, &e) < 0)
        fail_msg("%s", e.text);
    *ok = r.summary->levels[0].successful;
    *failed = r.summary->levels[0].failed;
    *noted = false;
    for (size_t i = 0; i < r.summary->levels[0].notes.n; i++)
        *noted |= strstr(r.summary->levels[0].notes.v[i], "the name moving.invalid was looked up again") != NULL;
    campaign_result_free(&r);
    static const char *const files[] = {"metadata.json", "requests.jsonl", "errors.jsonl"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        unlink(path);
    }
    rmdir(dir);
    rig_free(&g);
}

static void a_name_is_looked_up_again_when_its_address_fails(void **state)
{
    (void)state;
    uint64_t ok, failed;
    bool noted;
    run_against_a_moving_name(true, 60, &ok, &failed, &noted);
    assert_int_equal(ok + failed, 60);
    assert_true(ok > 0); /* nobody ever listened at the first address */
    assert_true(lookups >= 2);
    assert_true(noted);
}

static void a_look_up_that_fails_changes_nothing(void **state)
{
    (void)state;
    uint64_t ok, failed;
    bool noted;
    int64_t began = clock_mono();
    run_against_a_moving_name(false, 8, &ok, &failed, &noted);
    assert_int_equal(ok, 0);
    assert_int_equal(failed, 8);
    assert_true(lookups >= 2);
    assert_true(lookups <= 3 + (clock_mono() - began) / NS_PER_S); /* the first, and at most one a second */
    assert_false(noted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_looked_up_again_when_its_address_fails),
        cmocka_unit_test(a_look_up_that_fails_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

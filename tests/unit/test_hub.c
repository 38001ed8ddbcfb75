/* test_hub.c - the hub's cache as huggingface_hub lays it out, and an endpoint that answers by a script. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "fetch/hub.h"

#define FOUND(body) "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 4\r\n\r\n" body
#define MISSING "HTTP/1.1 404 No\r\nX-Error-Code: EntryNotFound\r\nContent-Length: 0\r\n\r\n"
#define SAME "HTTP/1.1 304 Same\r\n\r\n"
#define COMMIT "0123456789abcdef0123456789abcdef01234567"

static const char *const any[] = {"tokenizer.json", "tokenizer.model", NULL};
static const char *const also[] = {"tokenizer_config.json", NULL};
static const struct hub_want want = {.any = any, .also = also, .max_bytes = 100};

struct server {
    int fd;
    pthread_t thread;
    const char *const *answers;
    char asked[8][2000];
    size_t n;
};

static void *serve(void *arg)
{
    struct server *s = arg;
    for (; s->answers[s->n]; s->n++) {
        int c = accept(s->fd, NULL, NULL);
        size_t n = 0;
        ssize_t k;
        while (!strstr(s->asked[s->n], "\r\n\r\n") && (k = read(c, s->asked[s->n] + n, sizeof s->asked[0] - 1 - n)) > 0)
            n += (size_t)k;
        fd_write_all(c, s->answers[s->n], strlen(s->answers[s->n]));
        close(c);
    }
    return NULL;
}

static void start(struct server *s, const char *const *answers)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    char url[100];
    memset(s, 0, sizeof *s);
    s->answers = answers;
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(s->fd, 8), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&a, &len), 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(a.sin_port));
    setenv("HF_ENDPOINT", url, 1);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void stop(struct server *s)
{
    pthread_join(s->thread, NULL);
    close(s->fd);
}

static int setup(void **state)
{
    static const char *const names[] = {"HF_HOME",
                                        "HF_HUB_CACHE",
                                        "HUGGINGFACE_HUB_CACHE",
                                        "HF_HUB_OFFLINE",
                                        "TRANSFORMERS_OFFLINE",
                                        "HF_TOKEN",
                                        "HF_TOKEN_PATH",
                                        "HF_ENDPOINT",
                                        "HUGGING_FACE_HUB_TOKEN",
                                        "XDG_CACHE_HOME",
                                        "HF_HUB_DISABLE_IMPLICIT_TOKEN"};
    char *folder = xstrdup("/tmp/weir-test-hub-XXXXXX");
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        unsetenv(names[i]);
    setenv("HOME", folder, 1);
    setenv("no_proxy", "*", 1);
    log_set_level(LOG_ERROR);
    *state = folder;
    return 0;
}

static int teardown(void **state)
{
    char *command = xasprintf("rm -r '%s'", (char *)*state);
    FILE *p = popen(command, "r");
    int rc = p ? pclose(p) : -1;
    free(command);
    free(*state);
    return rc;
}

static void put(const char *root, const char *path, const char *text)
{
    char *whole = xasprintf("%s/%s", root, path), *slash = strrchr(whole, '/');
    *slash = 0;
    assert_int_equal(dir_make(whole, NULL), 0);
    *slash = '/';
    assert_int_equal(file_write(whole, str_of(text), NULL), 0);
    free(whole);
}

/* The folder ends in `tail`, or the error holds it. */
static void expect(const char *id, const char *tail, bool good)
{
    struct err e = {0};
    char *folder = hub_folder(id, &want, &e);
    if (good != (folder != NULL))
        fail_msg("%s: %s", id, folder ? folder : e.text);
    if (!strstr(folder ? folder : e.text, tail))
        fail_msg("%s: %s", id, folder ? folder : e.text);
    if (!good)
        assert_true(e.code == ERR_USAGE || e.code == ERR_IO);
    free(folder);
}

static void test_ids(void **state)
{
    static const char *const good[] = {"gpt2",          "org/name", "Qwen/Qwen2.5-7B", "a/b@main",
                                       "a/b@refs/pr/1", "a_b/c_d",  "a/b@" COMMIT,     "google/gemma-3-4b-it"};
    static const char *const bad[] = {"",     "/a",  "./a",        "../a", "a/b/c",  "a//b",   "a--b/c",
                                      "a..b", "a/",  "a b",        "a/b@", "a/b@..", "@main",  "-a",
                                      "a.",   "~/a", "http://a/b", "a/.b", "a/b@/c", "a/b@x y"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        if (!hub_is_id(good[i]))
            fail_msg("%s", good[i]);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (hub_is_id(bad[i]))
            fail_msg("%s", bad[i]);
    struct err e = {0};
    assert_null(hub_folder("a b", &want, &e));
    assert_string_equal(e.text, "a b: is no id of a model on the Hugging Face hub; write org/name, or "
                                "org/name@revision");
}

/* What the hub's own programs have downloaded is taken without a question; nothing listens here. */
static void test_cache(void **state)
{
    const char *home = *state;
    char *other = xasprintf("%s/elsewhere", home);
    setenv("HF_ENDPOINT", "http://127.0.0.1:1", 1);
    put(home, ".cache/huggingface/hub/models--org--name/refs/main", "c0ffee\n");
    put(home, ".cache/huggingface/hub/models--org--name/snapshots/c0ffee/tokenizer.model", "x");
    put(home, ".cache/huggingface/hub/models--org--name/refs/refs/pr/1", "beef");
    put(home, ".cache/huggingface/hub/models--org--name/snapshots/beef/tokenizer.json", "{}");
    put(home, ".cache/huggingface/hub/models--gpt2/refs/main", "none");
    put(home, ".cache/huggingface/hub/models--gpt2/snapshots/other/tokenizer.json", "{}");
    expect("org/name", "/.cache/huggingface/hub/models--org--name/snapshots/c0ffee", true);
    expect("org/name@main", "/snapshots/c0ffee", true);
    expect("org/name@refs/pr/1", "/snapshots/beef", true);
    expect("org/name@beef", "/snapshots/beef", true);
    expect("gpt2@other", "/models--gpt2/snapshots/other", true);
    expect("gpt2", "tokenizer.json of gpt2 at http://127.0.0.1:1: ", false);
    expect("gpt2", "(https_proxy)? Where there is one, `hf download gpt2 tokenizer.json` fetches it", false);
    setenv("HF_HUB_OFFLINE", "1", 1);
    expect("gpt2", "has no tokenizer.json of it, and HF_HUB_OFFLINE forbids to load it", false);

    put(other, "hub/models--org--name/snapshots/main/tokenizer.json", "{}");
    setenv("HF_HOME", "~/elsewhere", 1);
    expect("org/name", "/elsewhere/hub/models--org--name/snapshots/main", true);
    setenv("XDG_CACHE_HOME", "/nonexistent", 1);
    expect("org/name", "/elsewhere/hub/models--org--name/snapshots/main", true);
    put(other, "models--org--name/snapshots/main/tokenizer.json", "{}");
    setenv("HF_HUB_CACHE", other, 1);
    expect("org/name", "/elsewhere/models--org--name/snapshots/main", true);
    free(other);
}

static void test_download(void **state)
{
    static const char *const answers[] = {FOUND("{}  "), FOUND("[]  "), SAME,    SAME,
                                          MISSING,       FOUND("abcd"), MISSING, NULL};
    const char *home = *state;
    struct server s;
    char *path = xasprintf("%s/.cache/weir/hub/models--org--name/", home);
    put(home, ".cache/huggingface/token", "hf_file\n");
    start(&s, answers);
    expect("org/name", path, true);
    expect("org/name", "/main", true);
    expect("org/old@v1/x", "/v1--x", true);
    stop(&s);
    assert_non_null(strstr(s.asked[0], "GET /org/name/resolve/main/tokenizer.json HTTP/1.1\r\n"));
    assert_non_null(strstr(s.asked[0], "\r\nAuthorization: Bearer hf_file\r\n"));
    assert_non_null(strstr(s.asked[1], "GET /org/name/resolve/main/tokenizer_config.json HTTP/1.1\r\n"));
    assert_non_null(strstr(s.asked[2], "\r\nIf-None-Match: \"1\"\r\n"));
    assert_non_null(strstr(s.asked[4], "GET /org/old/resolve/v1%2Fx/tokenizer.json HTTP/1.1\r\n"));
    assert_non_null(strstr(s.asked[5], "GET /org/old/resolve/v1%2Fx/tokenizer.model HTTP/1.1\r\n"));
    expect("org/name", "/main", true); /* no one listens: the copies are taken */
    setenv("HF_ENDPOINT", "http://bob:secret@127.0.0.1:1", 1);
    expect("org/name", "org/name at 127.0.0.1:1: ", false); /* another endpoint's model is another */
    free(path);
}

/* HF_HUB_DISABLE_IMPLICIT_TOKEN: none is sent that was not asked for, wherever it stands. */
static void test_no_token(void **state)
{
    static const char *const answers[] = {FOUND("{}  "), FOUND("[]  "), NULL};
    struct server s;
    put(*state, ".cache/huggingface/token", "hf_file\n");
    setenv("HF_TOKEN", "hf_env", 1);
    setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1", 1);
    start(&s, answers);
    expect("org/name", "/main", true);
    stop(&s);
    assert_null(strstr(s.asked[0], "uthorization"));
}

/* A commit never changes: what is there of it is asked for no more. */
static void test_commit(void **state)
{
    static const char *const answers[] = {FOUND("{}  "), FOUND("[]  "), NULL};
    struct server s;
    start(&s, answers);
    setenv("HF_TOKEN", " hf_env ", 1);
    expect("org/name@" COMMIT, "/" COMMIT, true);
    expect("org/name@" COMMIT, "/" COMMIT, true);
    stop(&s);
    assert_non_null(strstr(s.asked[1], "\r\nAuthorization: Bearer hf_env\r\n"));
}

static void test_refused(void **state)
{
    static const char *const answers[] = {
        "HTTP/1.1 401 No\r\nX-Error-Code: GatedRepo\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 404 No\r\nX-Error-Code: RevisionNotFound\r\nContent-Length: 0\r\n\r\n",
        MISSING,
        MISSING,
        "HTTP/1.1 403 No\r\nX-Error-Code: GatedRepo\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 404 No\r\nX-Error-Code: RepoNotFound\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 500 Bad\r\nContent-Length: 0\r\n\r\n",
        NULL,
    };
    struct server s;
    start(&s, answers);
    expect("org/gated",
           "the hub answers 401: there is no such model, or it is gated; accept its licence at "
           "http://127.0.0.1:",
           false);
    expect("org/name@v9", "org/name: the hub has no revision v9 of it", false);
    expect("org/bare",
           "org/bare: the model has none of the files that were looked for: tokenizer.json and "
           "tokenizer.model",
           false);
    setenv("HF_TOKEN", "hf_secret", 1);
    expect("org/gated", "the hub refuses the token of HF_TOKEN (403); accept the licence of a gated model at", false);
    expect("org/none", "org/none: the hub has no such model, or one that the token of HF_TOKEN may not see", false);
    expect("org/name", ": the server answers 500", false);
    stop(&s);
    setenv("HF_TOKEN", "a\rX-Evil: 1", 1);
    expect("org/name", "HF_TOKEN holds no token of the hub", false);
    assert_null(strstr(s.asked[0], "uthorization"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),
        cmocka_unit_test_setup_teardown(test_cache, setup, teardown),
        cmocka_unit_test_setup_teardown(test_download, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_token, setup, teardown),
        cmocka_unit_test_setup_teardown(test_commit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

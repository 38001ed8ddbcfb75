/* test_download.c - a server that answers by a script: what is asked of it, and what comes of each answer. */
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
#include "fetch/download.h"

/* Connections are answered in turn, and closed. */
struct server {
    int fd;
    pthread_t thread;
    const char *const *answers; /* NULL-ended */
    char asked[8][2000];
    char url[100];
};

static void *serve(void *arg)
{
    struct server *s = arg;
    for (size_t i = 0; s->answers[i]; i++) {
        int c = accept(s->fd, NULL, NULL);
        size_t n = 0;
        ssize_t k;
        while (!strstr(s->asked[i], "\r\n\r\n") && (k = read(c, s->asked[i] + n, sizeof s->asked[i] - 1 - n)) > 0)
            n += (size_t)k;
        fd_write_all(c, s->answers[i], strlen(s->answers[i]));
        close(c);
    }
    return NULL;
}

static void start(struct server *s, const char *const *answers)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    memset(s, 0, sizeof *s);
    s->answers = answers;
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(s->fd, 8), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&a, &len), 0);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d/a/data.json?key=1", ntohs(a.sin_port));
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void stop(struct server *s)
{
    pthread_join(s->thread, NULL);
    close(s->fd);
}

static int setup(void **state)
{
    char *folder = xstrdup("/tmp/weir-test-download-XXXXXX");
    assert_non_null(mkdtemp(folder));
    setenv("XDG_CACHE_HOME", folder, 1);
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

static void expect(const struct server *s, uint64_t max, const char *want, const char *error)
{
    struct download_opts o = {.kind = "datasets", .name = "URL", .max_bytes = max};
    struct err e = {0};
    char *path = download(s->url, &o, &e);
    if (error) {
        assert_null(path);
        if (!strstr(e.text, error))
            fail_msg("%s", e.text);
        return;
    }
    if (!path)
        fail_msg("%s", e.text);
    assert_non_null(strstr(path, "/weir/datasets/"));
    assert_non_null(strstr(path, "-data.json"));
    assert_null(strstr(path, "key"));
    struct buf b = BUF_INIT(10000);
    assert_int_equal(file_read(&b, path, NULL), 0);
    assert_string_equal(b.p ? b.p : "", want);
    buf_free(&b);
    free(path);
}

static void test_cached(void **state)
{
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nETag: \"one\"\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 304 Not Modified\r\n\r\n",
        "HTTP/1.1 200 OK\r\nLast-Modified: Tue, 15 Nov 1994 12:45:26 GMT\r\nContent-Length: 3\r\n\r\nnew",
        "HTTP/1.1 304 Not Modified\r\n\r\n",
        "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 404 Gone\r\nContent-Length: 2\r\n\r\nno",
        NULL,
    };
    struct server s;
    start(&s, answers);
    expect(&s, 5, "hello", NULL);
    expect(&s, 5, "hello", NULL);
    expect(&s, 5, "new", NULL);
    expect(&s, 5, "new", NULL);
    expect(&s, 5, "new", NULL); /* the server is busy, but there is the copy */
    expect(&s, 5, NULL, "URL: the server answers 404; is the address right?");
    stop(&s);
    assert_non_null(strstr(s.asked[0], "GET /a/data.json?key=1 HTTP/1.1\r\n"));
    assert_null(strstr(s.asked[0], "If-"));
    assert_non_null(strstr(s.asked[1], "\r\nIf-None-Match: \"one\"\r\n"));
    assert_non_null(strstr(s.asked[3], "\r\nIf-Modified-Since: Tue, 15 Nov 1994 12:45:26 GMT\r\n"));
    expect(&s, 5, "new", NULL); /* no one listens */
}

/* A URL without a path gives its file no name: what stands before it may hold a password. */
static void test_secrets_make_no_names(void **state)
{
    static const char *const answers[] = {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", NULL};
    struct download_opts o = {.kind = "datasets", .name = "URL", .max_bytes = 9};
    struct server s;
    start(&s, answers);
    char *url = xasprintf("http://bob:hunter2@%.*s?key=hunter2", (int)strcspn(s.url + 7, "/"), s.url + 7);
    char *path = download(url, &o, NULL);
    stop(&s);
    assert_non_null(path);
    assert_null(strstr(path, "hunter2"));
    assert_null(strstr(path, "bob"));
    free(path);
    free(url);
}

static void test_resumed(void **state)
{
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nETag: \"v\"\r\nContent-Length: 10\r\n\r\n01234",
        "HTTP/1.1 206 Partial\r\nETag: \"v\"\r\nContent-Range: bytes 5-9/10\r\nContent-Length: 5\r\n\r\n567",
        "HTTP/1.1 206 Partial\r\nETag: \"v\"\r\nContent-Range: bytes 8-9/10\r\nContent-Length: 2\r\n\r\n89",
        NULL,
    };
    struct server s;
    start(&s, answers);
    expect(&s, 100, NULL, "the next run goes on where this one stopped");
    expect(&s, 100, NULL, "the next run goes on where this one stopped");
    expect(&s, 100, "0123456789", NULL);
    stop(&s);
    assert_non_null(strstr(s.asked[1], "\r\nRange: bytes=5-\r\nIf-Range: \"v\"\r\n"));
    assert_non_null(strstr(s.asked[2], "\r\nRange: bytes=8-\r\n"));
}

/* What has changed meanwhile begins anew; a weak tag says nothing about bytes. */
static void test_redone(void **state)
{
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nETag: \"v\"\r\nContent-Length: 10\r\n\r\n01234",
        "HTTP/1.1 200 OK\r\nETag: W/\"w\"\r\nContent-Length: 8\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nETag: \"x\"\r\nContent-Length: 8\r\n\r\nabcdefg",
        "HTTP/1.1 416 No\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!",
        NULL,
    };
    struct server s;
    start(&s, answers);
    for (int i = 0; i < 3; i++)
        expect(&s, 100, NULL, "goes on where");
    expect(&s, 100, "!", NULL);
    stop(&s);
    assert_non_null(strstr(s.asked[1], "Range: bytes=5-"));
    assert_null(strstr(s.asked[2], "Range:"));
    assert_non_null(strstr(s.asked[3], "Range: bytes=7-"));
    assert_null(strstr(s.asked[4], "Range:"));
}

/* Another port is another place: who stands there is not given the token, and to come back does not help. */
static void test_token(void **state)
{
    static const char *const there[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 403 No\r\nX-Error-Code: GatedRepo\r\nContent-Length: 0\r\n\r\n",
        NULL,
    };
    struct server other, s;
    char leads[2][300];
    const char *answers[] = {leads[0], leads[1], "HTTP/1.1 307 Go\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n",
                             "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", NULL};
    start(&other, there);
    for (int i = 0; i < 2; i++)
        snprintf(leads[i], sizeof leads[i], "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                 other.url);
    start(&s, answers);
    char *file = xasprintf("%s/mine", (char *)*state);
    struct download_answer a;
    struct err e = {0};
    struct download_opts o = {.name = "F", .max_bytes = 9, .file = file, .bearer = "hf_secret", .answer = &a};
    char *path = download(s.url, &o, &e);
    assert_string_equal(path ? path : e.text, file);
    assert_int_equal(a.status, 200);
    free(path);
    unlink(file);
    assert_null(download(s.url, &o, &e));
    assert_int_equal(a.status, 403);
    assert_string_equal(a.code, "GatedRepo");
    assert_null(strstr(e.text, "hf_secret"));
    stop(&other);
    for (int i = 0; i < 2; i++) {
        assert_non_null(strstr(s.asked[i], "\r\nAuthorization: Bearer hf_secret\r\n"));
        assert_null(strstr(other.asked[i], "uthorization"));
        assert_null(strstr(other.asked[i], "hf_secret"));
    }
    assert_null(download(s.url, &o, &e)); /* a redirect within the place */
    stop(&s);
    for (int i = 2; i < 4; i++)
        assert_non_null(strstr(s.asked[i], "Authorization: Bearer hf_secret"));
    assert_int_equal(a.status, 404);
    free(file);
}

/* A redirect to the whole URL of the same place: user and password go along, and to another place they do not. */
static void test_password(void **state)
{
    static const char *const there[] = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", NULL};
    struct server other, s;
    char leads[2][300];
    const char *answers[] = {leads[0], leads[1], NULL};
    struct download_opts o = {.kind = "datasets", .name = "URL", .max_bytes = 9};
    struct err e = {0};
    start(&other, there);
    start(&s, answers);
    for (int i = 0; i < 2; i++)
        snprintf(leads[i], sizeof leads[i], "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                 i == 0 ? s.url : other.url);
    char *url = xasprintf("http://bob:hunter2@%s", s.url + strlen("http://"));
    char *path = download(url, &o, &e);
    stop(&s);
    stop(&other);
    if (!path)
        fail_msg("%s", e.text);
    for (int i = 0; i < 2; i++)
        assert_non_null(strstr(s.asked[i], "\r\nAuthorization: Basic Ym9iOmh1bnRlcjI=\r\n"));
    assert_null(strstr(other.asked[0], "uthorization"));
    free(path);
    free(url);
}

static void test_refused(void **state)
{
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789",
        "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        NULL,
    };
    struct server s;
    start(&s, answers);
    expect(&s, 9, NULL, "URL: larger than 9B; load it by other means and take a part of it");
    expect(&s, 9, NULL, "URL: ");
    expect(&s, 9, "", NULL);
    stop(&s);
    struct download_opts o = {.kind = "datasets", .name = "URL", .max_bytes = 9};
    struct err e = {0};
    assert_null(download("http://127.0.0.1:1/x", &o, &e));
    assert_int_equal(e.code, ERR_IO);
    assert_non_null(strstr(e.text, "is there a network, and does it need a proxy"));
    assert_true(download_is_url("HTTPS://x") && download_is_url("http://x"));
    assert_false(download_is_url("ftp://x") || download_is_url("x.json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cached, setup, teardown),
        cmocka_unit_test_setup_teardown(test_secrets_make_no_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_resumed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_redone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_token, setup, teardown),
        cmocka_unit_test_setup_teardown(test_password, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

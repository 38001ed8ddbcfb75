/* test_scrape.c - a server that answers by a script: what comes of each answer. */
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

#include "base/clock.h"
#include "base/file.h"
#include "fetch/scrape.h"

/* Each connection gets one answer and is closed; NULL as an answer: it is left open, and nothing is said. */
struct server {
    int fd;
    pthread_t thread;
    const char *const *answers;
    size_t n;
    char asked[2000];
    char url[100];
};

static void *serve(void *arg)
{
    struct server *s = arg;
    for (size_t i = 0; i < s->n; i++) {
        int c = accept(s->fd, NULL, NULL);
        size_t n = 0;
        ssize_t k;
        memset(s->asked, 0, sizeof s->asked);
        while (!strstr(s->asked, "\r\n\r\n") && (k = read(c, s->asked + n, sizeof s->asked - 1 - n)) > 0)
            n += (size_t)k;
        if (s->answers[i])
            fd_write_all(c, s->answers[i], strlen(s->answers[i]));
        else
            read(c, s->asked + n, 1); /* until the client goes */
        close(c);
    }
    return NULL;
}

static void start(struct server *s, const char *const *answers, size_t n)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    memset(s, 0, sizeof *s);
    s->answers = answers;
    s->n = n;
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(s->fd, 8), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&a, &len), 0);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d/metrics", ntohs(a.sin_port));
    if (n > 0)
        assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void stop(struct server *s)
{
    if (s->n > 0)
        pthread_join(s->thread, NULL);
    close(s->fd);
}

static void add(void *arg, const struct prom_sample *s)
{
    *(double *)arg += s->value;
}

/* One question; the sum of what came. */
static double ask(struct scraper *s, int64_t timeout, const atomic_bool *quit, struct scrape_answer *a, int want)
{
    struct prom p;
    double sum = 0;
    prom_init(&p, add, &sum);
    int rc = scraper_ask(s, &p, timeout, quit, a);
    if (rc != want)
        fail_msg("%d, not %d: %s", rc, want, a->why);
    assert_int_equal(rc != 0, a->why[0] != 0);
    assert_true(a->end >= a->asked && a->first <= a->end);
    prom_free(&p);
    return sum;
}

#define HEAD(status, n) "HTTP/1.1 " status "\r\nContent-Length: " n "\r\nConnection: close\r\n\r\n"

static void test_answers(void **state)
{
    static const char *const answers[] = {HEAD("200 OK", "8") "a 1\nb 2\n", HEAD("404 Not Found", "2") "no",
                                          HEAD("200 OK", "7") "<html>\n", HEAD("200 OK", "20") "a 1\n",
                                          HEAD("200 OK", "0")};
    struct server s;
    struct err e = {0};
    struct scrape_answer a;
    start(&s, answers, ARRAY_LEN(answers));
    struct scraper *x = scraper_new(&(struct scraper_opts){.url = s.url}, &e);
    assert_non_null(x);
    assert_true(ask(x, 10 * NS_PER_S, NULL, &a, 0) == 3);
    assert_int_equal(a.status, 200);
    assert_true(a.first >= a.asked && a.first > 0);
    assert_non_null(strstr(s.asked, "GET /metrics HTTP/1.1\r\n"));
    assert_non_null(strstr(s.asked, "Accept: text/plain;version=0.0.4"));
    ask(x, 10 * NS_PER_S, NULL, &a, -1);
    assert_string_equal(a.why, "the server answers 404");
    ask(x, 10 * NS_PER_S, NULL, &a, -1);
    assert_string_equal(a.why, "the answer is not Prometheus's text");
    ask(x, 10 * NS_PER_S, NULL, &a, -1); /* broken off */
    assert_true(ask(x, 10 * NS_PER_S, NULL, &a, 0) == 0);
    stop(&s);
    ask(x, 10 * NS_PER_S, NULL, &a, -1); /* nobody listens */
    assert_int_equal(a.status, 0);
    scraper_free(&x);
}

static void test_patience(void **state)
{
    static const char *const answers[] = {NULL};
    struct server s;
    struct err e = {0};
    struct scrape_answer a;
    atomic_bool quit;
    atomic_init(&quit, true);
    start(&s, answers, ARRAY_LEN(answers));
    struct scraper *x = scraper_new(&(struct scraper_opts){.url = s.url}, &e);
    ask(x, 50 * NS_PER_MS, NULL, &a, -1);
    assert_string_equal(a.why, "no answer in time");
    ask(x, 60 * NS_PER_S, &quit, &a, -1);
    assert_true(a.end - a.asked < 30 * NS_PER_S);
    scraper_free(&x);
    stop(&s);
}

static void test_connect_to(void **state)
{
    static const char *const answers[] = {HEAD("200 OK", "4") "a 5\n"};
    struct server s;
    struct err e = {0};
    struct scrape_answer a;
    start(&s, answers, 1);
    *strrchr(s.url, '/') = 0;
    struct scraper *x = scraper_new(
        &(struct scraper_opts){.url = "http://gpu.example/metrics", .connect_to = s.url + strlen("http://")}, &e);
    assert_non_null(x);
    assert_true(ask(x, 10 * NS_PER_S, NULL, &a, 0) == 5);
    assert_non_null(strstr(s.asked, "Host: gpu.example\r\n"));
    scraper_free(&x);
    stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_answers), cmocka_unit_test(test_patience),
                                       cmocka_unit_test(test_connect_to)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "gateway/gw_runtime.h"
#include "net/resolve.h"

#define NEXT "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n"
#define DONE "HTTP/1.1 202 Accepted\r\nContent-Length: 16\r\n\r\n{\"status\":\"OK\"}\n"
#define INVOCATION(id, event, length)                                                                                  \
    "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: " id                                                            \
    "\r\nLambda-Runtime-Deadline-Ms: 1542409706888\r\nContent-Length: " length "\r\n\r\n" event

/* ---- the API: connections in order; on each, what is read until `until` (NULL: nothing) and what is said to it */

struct step {
    const char *until, *say;
    bool close; /* then; the next step is on another connection */
};

struct api {
    pthread_t thread;
    int lfd;
    struct addr addr;
    char name[64];
    const struct step *steps;
    struct buf heard; /* all of it */
};

static bool hear(int fd, struct buf *b, const char *until)
{
    size_t from = b->n, n = strlen(until);
    while (b->n < from + n || memcmp(b->p + b->n - n, until, n) != 0) {
        char c;
        if (recv(fd, &c, 1, 0) <= 0)
            return false;
        buf_addc(b, c);
    }
    return true;
}

static void *serve(void *arg)
{
    struct api *a = arg;
    int fd = -1;
    for (const struct step *s = a->steps; s->until || s->say || s->close; s++) {
        if (fd < 0)
            fd = accept(a->lfd, NULL, NULL);
        if (s->until && !hear(fd, &a->heard, s->until))
            buf_addz(&a->heard, "<end>");
        if (s->say)
            send(fd, s->say, strlen(s->say), MSG_NOSIGNAL);
        if (s->close) {
            close(fd);
            fd = -1;
        }
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

static void api_start(struct api *a, const struct step *steps)
{
    *a = (struct api){.steps = steps, .heard = BUF_INIT(1 << 20)};
    a->lfd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(resolve_host("127.0.0.1", 0, &a->addr, 1, NULL), 1);
    assert_int_equal(bind(a->lfd, (struct sockaddr *)&a->addr.sa, a->addr.len), 0);
    assert_int_equal(listen(a->lfd, 8), 0);
    assert_int_equal(getsockname(a->lfd, (struct sockaddr *)&a->addr.sa, &a->addr.len), 0);
    addr_text(&a->addr, a->name);
    assert_int_equal(pthread_create(&a->thread, NULL, serve, a), 0);
}

static void api_stop(struct api *a)
{
    shutdown(a->lfd, SHUT_RDWR);
    pthread_join(a->thread, NULL);
    close(a->lfd);
}

/* ---- the function: what it does with an invocation, and a log of what it is told */

struct fn {
    struct loop *l;
    struct gw_runtime *r;
    void (*invoked)(struct fn *f);
    int left; /* invocations to take */
    struct buf log;
    struct timer timer;
};

static void on_invoked(void *arg, const struct gw_invocation *i)
{
    struct fn *f = arg;
    buf_addf(&f->log, "invoked " STR_FMT " " STR_FMT " %lld\n", STR_ARG(i->id), STR_ARG(i->event),
             (long long)i->deadline_ms);
    f->invoked(f);
}

static void on_reported(void *arg)
{
    struct fn *f = arg;
    buf_addz(&f->log, "reported\n");
    if (--f->left > 0)
        gw_runtime_next(f->r);
    else
        loop_stop(f->l);
}

static void on_drained(void *arg)
{
    (void)arg;
}

static void on_broken(void *arg, const char *why)
{
    struct fn *f = arg;
    buf_addf(&f->log, "broken: %s\n", why);
    loop_stop(f->l);
}

static const struct gw_runtime_ops ops = {on_invoked, on_reported, on_drained, on_broken};

static void on_late(struct timer *t)
{
    struct fn *f = CONTAINER_OF(t, struct fn, timer);
    buf_addz(&f->log, "late\n");
    loop_stop(f->l);
}

/* Runs the steps; gives what the API heard, with its own address as API, and what the function was told. */
static void run(const struct step *steps, void (*invoked)(struct fn *f), int invocations, struct buf *heard,
                struct buf *log)
{
    struct api a;
    struct err e = {0};
    struct fn f = {.invoked = invoked, .left = invocations, .log = BUF_INIT(1 << 20), .timer.fire = on_late};
    api_start(&a, steps);
    f.l = loop_new(NULL, &e);
    f.r = gw_runtime_new(f.l, a.name, &ops, &f, &e);
    if (!f.r)
        fail_msg("%s", e.text);
    loop_timer_set(f.l, &f.timer, clock_mono() + 20 * NS_PER_S);
    if (invoked)
        gw_runtime_next(f.r);
    else
        gw_runtime_init_error(f.r, "A.B", "say \"why\"");
    loop_run(f.l);
    loop_timer_stop(f.l, &f.timer);
    gw_runtime_free(&f.r);
    loop_free(&f.l);
    api_stop(&a);
    *heard = BUF_INIT(1 << 20);
    struct str rest = buf_str(&a.heard), name = str_of(a.name);
    for (ptrdiff_t at; (at = str_find(rest, name)) >= 0; rest = str_sub(rest, (size_t)at + name.n, rest.n)) {
        buf_adds(heard, str_sub(rest, 0, (size_t)at));
        buf_addz(heard, "API");
    }
    buf_adds(heard, rest);
    buf_free(&a.heard);
    *log = f.log;
}

#define COMMON "Host: API\r\nUser-Agent: weir-gateway/" WEIR_VERSION "\r\n"

static void same(struct buf *got, const char *want)
{
    if (!str_eqz(buf_str(got), want))
        fail_msg("%s\nis not\n%s", got->p ? got->p : "", want);
    buf_free(got);
}

/* ---- */

static void answer_ok(struct fn *f)
{
    gw_runtime_answer(f->r, STR("{\"ok\":1}"));
}

static void one_after_the_other(void **state)
{
    static const struct step steps[] = {{"\r\n\r\n", INVOCATION("8476a536-e9f4-11e8-9739-2dfe598c3fcd", "{}", "2")},
                                        {"{\"ok\":1}", DONE},
                                        {"\r\n\r\n", INVOCATION("b", "[1]", "3")},
                                        {"{\"ok\":1}", DONE},
                                        {0}};
    struct buf heard, log;
    (void)state;
    run(steps, answer_ok, 2, &heard, &log);
    same(&log, "invoked 8476a536-e9f4-11e8-9739-2dfe598c3fcd {} 1542409706888\nreported\n"
               "invoked b [1] 1542409706888\nreported\n");
    same(&heard, NEXT COMMON
         "\r\n"
         "POST /2018-06-01/runtime/invocation/8476a536-e9f4-11e8-9739-2dfe598c3fcd/response "
         "HTTP/1.1\r\n" COMMON "Content-Type: application/json\r\nContent-Length: 8\r\n\r\n{\"ok\":1}" NEXT COMMON
         "\r\nPOST /2018-06-01/runtime/invocation/b/response "
         "HTTP/1.1\r\n" COMMON "Content-Type: application/json\r\nContent-Length: 8\r\n\r\n{\"ok\":1}");
}

#define STREAM_HEAD                                                                                                    \
    "POST /2018-06-01/runtime/invocation/a/response HTTP/1.1\r\n" COMMON                                               \
    "Lambda-Runtime-Function-Response-Mode: streaming\r\nContent-Type: text/x\r\nTransfer-Encoding: chunked\r\n"       \
    "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n"

static void stream_two(struct fn *f)
{
    gw_runtime_begin(f->r, "text/x");
    gw_runtime_piece(f->r, STR("one"));
    gw_runtime_piece(f->r, STR("")); /* would be the end */
    gw_runtime_piece(f->r, STR("twelve bytes"));
    assert_true(gw_runtime_queued(f->r) > 15);
}

static void stream_whole(struct fn *f)
{
    stream_two(f);
    gw_runtime_finish(f->r, NULL, NULL);
}

static void stream_broken(struct fn *f)
{
    stream_two(f);
    gw_runtime_finish(f->r, "A.Broken", "why");
}

static void answers_that_stream(void **state)
{
    static const struct step whole[] = {{"\r\n\r\n", INVOCATION("a", "{}", "2"), true}, {"\r\n0\r\n\r\n", DONE}, {0}};
    static const struct step broken[] = {
        {"\r\n\r\n", INVOCATION("a", "{}", "2"), true}, {"Body: ", NULL}, {"\r\n\r\n", DONE}, {0}};
    struct buf heard, log;
    (void)state;
    run(whole, stream_whole, 1, &heard, &log);
    same(&log, "invoked a {} 1542409706888\nreported\n");
    same(&heard, NEXT COMMON "\r\n" STREAM_HEAD "3\r\none\r\nc\r\ntwelve bytes\r\n0\r\n\r\n");
    run(broken, stream_broken, 1, &heard, &log);
    same(&log, "invoked a {} 1542409706888\nreported\n");
    /* printf '{"errorMessage":"why","errorType":"A.Broken","stackTrace":[]}' | base64 -w0 */
    same(&heard, NEXT COMMON "\r\n" STREAM_HEAD "3\r\none\r\nc\r\ntwelve bytes\r\n0\r\n"
                             "Lambda-Runtime-Function-Error-Type: A.Broken\r\n"
                             "Lambda-Runtime-Function-Error-Body: "
                             "eyJlcnJvck1lc3NhZ2UiOiJ3aHkiLCJlcnJvclR5cGUiOiJBLkJyb2tlbiIsInN0YWNrVHJhY2UiOltdfQ==\r\n"
                             "\r\n");
}

static void failures_are_told(void **state)
{
    static const struct step init[] = {{"[]}", DONE}, {0}};
    static const struct step refused[] = {
        {"\r\n\r\n", INVOCATION("a", "{}", "2")},
        {"{\"ok\":1}", "HTTP/1.1 413 Request Entity Too Large\r\nContent-Length: 3\r\n\r\nbig"},
        {"[]}", DONE},
        {0}};
    struct buf heard, log;
    (void)state;
    run(init, NULL, 1, &heard, &log);
    same(&log, "reported\n");
    same(&heard, "POST /2018-06-01/runtime/init/error HTTP/1.1\r\n" COMMON "Lambda-Runtime-Function-Error-Type: A.B\r\n"
                 "Content-Type: application/json\r\nContent-Length: 64\r\n\r\n"
                 "{\"errorMessage\":\"say \\\"why\\\"\",\"errorType\":\"A.B\",\"stackTrace\":[]}");
    run(refused, answer_ok, 1, &heard, &log);
    same(&log, "invoked a {} 1542409706888\nreported\n");
    ptrdiff_t at = str_find(buf_str(&heard), STR("invocation/a/error HTTP/1.1\r\n"));
    assert_true(at > 0);
    assert_true(str_find(buf_str(&heard), STR("Error-Type: Function.ResponseSizeTooLarge\r\n")) > at);
    assert_true(str_ends(buf_str(&heard), STR("{\"errorMessage\":\"the answer was refused with status 413: big\","
                                              "\"errorType\":\"Function.ResponseSizeTooLarge\",\"stackTrace\":[]}")));
    buf_free(&heard);
    buf_free(&log);
}

/* Whatever the API does, the function hears of it once. */
static void an_api_that_fails(void **state)
{
    static const struct {
        struct step steps[5];
        void (*invoked)(struct fn *f);
        const char *why;
    } cases[] = {
        {{{"\r\n\r\n", "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"}}, answer_ok, "status 500 to the question"},
        {{{"\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"}}, answer_ok, "without an id"},
        {{{"\r\n\r\n", INVOCATION("../x", "{}", "2")}}, answer_ok, "without an id"},
        {{{"\r\n\r\n", INVOCATION("a", "{}", "3"), true}}, answer_ok, ""},
        {{{"\r\n\r\n", "nonsense\r\n\r\n", true}}, answer_ok, ""},
        {{{"\r\n\r\n", INVOCATION("a", "{}", "2")},
          {"{\"ok\":1}", "HTTP/1.1 400 X\r\nContent-Length: 2\r\n\r\nno"},
          {"[]}", "HTTP/1.1 403 X\r\nContent-Length: 0\r\n\r\n"}},
         answer_ok,
         "status 403 to the report of a failure"},
        {{{"\r\n\r\n", INVOCATION("a", "{}", "2"), true}, {"one\r\n", NULL, true}}, stream_two, ""},
        {{{"\r\n\r\n", INVOCATION("a", "{}", "2"), true},
          {"bytes\r\n", "HTTP/1.1 413 X\r\nContent-Length: 3\r\n\r\nbig"}},
         stream_two,
         "status 413 to a streamed answer: big"},
        {{{"\r\n\r\n", INVOCATION("a", "{}", "2"), true}, {"bytes\r\n", DONE}}, stream_two, "status 202"},
        {{{"\r\n\r\n", INVOCATION("a", "{}", "2"), true}, {"0\r\n\r\n", "HTTP/1.1 nonsense\r\n\r\n"}},
         stream_whole,
         ""},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf heard, log;
        run(cases[i].steps, cases[i].invoked, 2, &heard, &log);
        struct str told = buf_str(&log);
        ptrdiff_t at = str_find(told, STR("broken: the Lambda runtime API at 127.0.0.1:"));
        if (at < 0 || str_find(told, str_of(cases[i].why)) < 0 || str_find(told, STR("late")) >= 0 ||
            str_find(str_sub(told, (size_t)at + 1, told.n), STR("broken:")) >= 0)
            fail_msg("%zu: %s", i, log.p ? log.p : "");
        buf_free(&heard);
        buf_free(&log);
    }
}

static void what_is_no_address(void **state)
{
    static const char *const texts[] = {
        "", "127.0.0.1:99999", "https://127.0.0.1:1", "127.0.0.1:1/path", "user@127.0.0.1:1", "127.0.0.1:1?x"};
    struct err e = {0};
    (void)state;
    struct loop *l = loop_new(NULL, &e);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        e = (struct err){0};
        if (gw_runtime_new(l, texts[i], &ops, NULL, &e) || !str_starts(str_of(e.text), STR("AWS_LAMBDA_RUNTIME_API")))
            fail_msg("%s: %s", texts[i], e.text);
    }
    loop_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_after_the_other), cmocka_unit_test(answers_that_stream),
                                       cmocka_unit_test(failures_are_told), cmocka_unit_test(an_api_that_fails),
                                       cmocka_unit_test(what_is_no_address)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

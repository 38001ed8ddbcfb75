/* The whole simulator as a process of its own, spoken to by plain sockets, its truth file read afterwards. Timing is
 * only bounded from below here (nothing may come earlier than the model says), so that it holds on any machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/sim.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/jdoc.h"
#include "base/xalloc.h"

#define MS NS_PER_MS

struct fixture {
    pid_t pid;
    int port;
    char line[200]; /* what it printed */
    char truth[64];
    struct buf truth_text;
};

struct resp {
    int status;
    char *head, *body; /* owned; body de-chunked */
    size_t n;
    bool complete; /* its framing came to its end */
    int64_t head_at, end_at;
};

static struct sim_config base_config(void)
{
    return (struct sim_config){.listen = "127.0.0.1:0",
                               .threads = 1,
                               .ttft = 20 * MS,
                               .itl = 2 * MS,
                               .max_seqs = 256,
                               .max_queue = UINT64_MAX,
                               .output_tokens = "8",
                               .seed = 5,
                               .max_body = 1 << 20,
                               .quiet = true,
                               .ready_fd = -1};
}

static struct fixture *start(struct sim_config c)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    int out[2], ready[2];
    snprintf(f->truth, sizeof(f->truth), "/tmp/weir-sim-XXXXXX");
    close(mkstemp(f->truth));
    assert_int_equal(pipe(out), 0);
    assert_int_equal(pipe(ready), 0);
    fflush(NULL);
    f->pid = fork();
    if (f->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nothing behind */
        dup2(out[1], 1);
        close(out[0]);
        close(out[1]);
        close(ready[0]);
        c.ready_fd = ready[1];
        c.truth = f->truth;
        int rc = sim_run(&c);
        free(f);
        exit(rc);
    }
    close(out[1]);
    close(ready[1]);
    char port[16] = "";
    ssize_t n = read(out[0], f->line, sizeof(f->line) - 1);
    assert_true(n > 0);
    assert_true(read(ready[0], port, sizeof(port) - 1) > 0);
    f->port = (int)strtol(port, NULL, 10);
    close(out[0]);
    close(ready[0]);
    return f;
}

/* Ends it and reads its truth. */
static void finish(struct fixture *f, int sig)
{
    int status;
    kill(f->pid, sig);
    assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    buf_init(&f->truth_text, 64 << 20);
    assert_int_equal(file_read(&f->truth_text, f->truth, NULL), 0);
    unlink(f->truth);
}

static void drop(struct fixture *f)
{
    buf_free(&f->truth_text);
    free(f);
}

/* Line i of the truth (0 = the first); NULL when there are fewer. To be freed with jdoc_free. */
static struct jdoc *truth_line(struct fixture *f, size_t i)
{
    struct str_split it = {.rest = buf_str(&f->truth_text), .sep = '\n'};
    struct str s;
    while (str_next(&it, &s))
        if (i-- == 0 && s.n > 0)
            return jdoc_parse(s, "truth", NULL);
    return NULL;
}

static int dial(const struct fixture *f)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)f->port)};
    struct timeval tv = {.tv_sec = 20};
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    return fd;
}

static void ask(int fd, const char *path, const char *headers, const char *body)
{
    char *text = body == NULL ? xasprintf("GET %s HTTP/1.1\r\nHost: h\r\n%s\r\n", path, headers)
                              : xasprintf("POST %s HTTP/1.1\r\nHost: h\r\n%sContent-Length: %zu\r\n\r\n%s", path,
                                          headers, strlen(body), body);
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    free(text);
}

static void send_text(int fd, const char *z)
{
    assert_int_equal(send(fd, z, strlen(z), MSG_NOSIGNAL), strlen(z));
}

static bool recv_all(int fd, char *p, size_t n)
{
    for (size_t got = 0; got < n;) {
        ssize_t r = recv(fd, p + got, n - got, 0);
        if (r <= 0)
            return false;
        got += (size_t)r;
    }
    return true;
}

static bool recv_line(int fd, struct buf *b)
{
    char c;
    size_t from = b->n;
    while (b->n - from < 2 || memcmp(b->p + b->n - 2, "\r\n", 2) != 0) {
        if (!recv_all(fd, &c, 1))
            return false;
        buf_addc(b, c);
    }
    return true;
}

static void read_chunks(int fd, struct resp *r, struct buf *body)
{
    struct buf line = BUF_INIT(1000);
    for (;;) {
        char crlf[2], *end = NULL;
        buf_clear(&line);
        if (!recv_line(fd, &line))
            break;
        size_t n = strtoul(line.p, &end, 16);
        if (end == line.p || strcmp(end, "\r\n") != 0 || n > 100000)
            break; /* not HTTP */
        char *p = buf_room(body, n);
        if (!recv_all(fd, p, n) || !recv_all(fd, crlf, 2))
            break;
        buf_wrote(body, n);
        if (n == 0) {
            r->complete = true;
            break;
        }
    }
    buf_free(&line);
}

static struct resp answer(int fd)
{
    struct resp r = {0};
    struct buf head = BUF_INIT(1 << 16), body = BUF_INIT(64 << 20);
    size_t line;
    do {
        line = head.n;
        if (!recv_line(fd, &head))
            break;
    } while (head.n - line > 2);
    r.head_at = clock_mono();
    buf_addc(&head, 0);
    buf_addc(&body, 0);
    buf_clear(&body);
    r.status = strncmp(head.p, "HTTP/1.1 ", 9) == 0 ? (int)strtol(head.p + 9, NULL, 10) : 0;
    const char *cl = strstr(head.p, "Content-Length: ");
    if (strstr(head.p, "Transfer-Encoding: chunked") != NULL) {
        read_chunks(fd, &r, &body);
    } else if (r.status > 0 && cl != NULL) {
        size_t n = strtoul(cl + 16, NULL, 10);
        char *p = buf_room(&body, n + 1);
        r.complete = recv_all(fd, p, n);
        if (r.complete)
            buf_wrote(&body, n);
    } else if (r.status > 0) {
        char c;
        while (recv_all(fd, &c, 1))
            buf_addc(&body, c);
        r.complete = true;
    }
    r.end_at = clock_mono();
    r.n = body.n;
    r.head = buf_take(&head);
    r.body = buf_take(&body);
    return r;
}

static void free_resp(struct resp *r)
{
    free(r->head);
    free(r->body);
}

static void expect(int fd, int status, const char *in_head, const char *in_body)
{
    struct resp r = answer(fd);
    if (r.status != status || (in_head != NULL && strstr(r.head, in_head) == NULL) ||
        (in_body != NULL && strstr(r.body, in_body) == NULL) || !r.complete)
        fail_msg("wanted %d \"%s\" \"%s\", got %s%s", status, in_head != NULL ? in_head : "",
                 in_body != NULL ? in_body : "", r.head, r.body);
    free_resp(&r);
}

static unsigned count(const char *text, const char *what)
{
    unsigned n = 0;
    for (const char *p = text; (p = strstr(p, what)) != NULL; p += strlen(what))
        n++;
    return n;
}

#define CHAT "/v1/chat/completions"
#define MSG "\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"one two three\"}]"
#define STREAM "{" MSG ",\"stream\":true,\"max_tokens\":5}"

static void test_routes(void **state)
{
    struct sim_config c = base_config();
    c.api_key = "sesame";
    c.model = "only";
    struct fixture *f = start(c);
    char want[100];
    snprintf(want, sizeof(want), "weir sim listening on http://127.0.0.1:%d\n", f->port);
    assert_string_equal(f->line, want);
    int fd = dial(f);
    ask(fd, "/health", "", NULL);
    expect(fd, 200, "Content-Length: 0", NULL);
    ask(fd, "/version", "", NULL);
    expect(fd, 200, NULL, "\"version\":\"" WEIR_VERSION "\"");
    ask(fd, "/metrics", "", NULL);
    expect(fd, 200, "Content-Type: text/plain", "vllm:num_requests_running{model_name=\"only\"} 0");
    ask(fd, "/nothing", "", NULL);
    expect(fd, 404, NULL, "\"code\":\"not_found\"");
    ask(fd, CHAT, "", NULL);
    expect(fd, 405, "Allow: POST", "\"error\"");
    ask(fd, "/health", "", "{}");
    expect(fd, 405, "Allow: GET, HEAD", "\"error\"");
    ask(fd, "/v1/models", "", NULL);
    expect(fd, 401, "WWW-Authenticate: Bearer", "invalid_api_key");
    ask(fd, "/v1/models", "Authorization: Bearer wrong!\r\n", NULL);
    expect(fd, 401, NULL, NULL);
    ask(fd, "/v1/models", "authorization: bearer sesame\r\n", NULL);
    expect(fd, 200, NULL, "\"id\":\"only\"");
    ask(fd, "/v1/models", "X-API-Key: sesame\r\n", NULL);
    expect(fd, 200, NULL, NULL);
    ask(fd, "/v1/models", "api-key: sesame\r\n", NULL);
    expect(fd, 200, NULL, NULL);
    ask(fd, CHAT, "api-key: sesame\r\n", "{" MSG "}");
    expect(fd, 404, NULL, "model_not_found");
    ask(fd, CHAT, "api-key: sesame\r\n", "{\"model\":");
    expect(fd, 400, NULL, "not valid JSON");
    ask(fd, CHAT, "", "{}");
    expect(fd, 401, NULL, NULL);
    send_text(fd, "HEAD /version HTTP/1.1\r\nHost: h\r\n\r\nGET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
    struct buf head = BUF_INIT(1000);
    while (head.n < 4 || memcmp(head.p + head.n - 4, "\r\n\r\n", 4) != 0)
        assert_true(recv_line(fd, &head));
    buf_free(&head);
    expect(fd, 200, NULL, "Hello World"); /* right behind the head of the HEAD's answer */
    close(fd);
    fd = dial(f);
    send_text(fd, "garbage\r\n\r\n");
    expect(fd, 400, "Connection: close", "\"error\"");
    close(fd);
    fd = dial(f);
    send_text(fd, "POST /v1/completions HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999\r\n\r\n");
    expect(fd, 413, "Connection: close", "\"error\"");
    close(fd);
    finish(f, SIGTERM);
    drop(f);
}

static void test_stream_and_truth(void **state)
{
    struct fixture *f = start(base_config());
    int fd = dial(f);
    int64_t before = clock_mono();
    ask(fd, CHAT, "x-request-id: mine-1\r\n",
        "{" MSG ",\"stream\":true,\"max_tokens\":40,\"stream_options\":{\"include_usage\":true}}");
    struct resp r = answer(fd);
    assert_int_equal(r.status, 200);
    assert_true(r.complete);
    assert_non_null(strstr(r.head, "x-request-id: mine-1\r\n"));
    assert_non_null(strstr(r.head, "Content-Type: text/event-stream"));
    assert_int_equal(count(r.body, "data: "), 1 + 40 + 1 + 1 + 1); /* role, tokens, finish, usage, [DONE] */
    assert_non_null(strstr(r.body, "\"finish_reason\":\"length\""));
    assert_non_null(strstr(r.body, "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":40,\"total_tokens\":43}"));
    assert_true(r.end_at - before >= 20 * MS + 39 * 2 * MS);
    ask(fd, CHAT, "", "{" MSG "}"); /* same connection, not streamed, length from --output-tokens */
    expect(fd, 200, "application/json", "\"finish_reason\":\"stop\"");
    ask(fd, "/v1/completions", "x-request-id: bad id\r\n", "{\"model\":\"m\",\"prompt\":\"a\",\"max_tokens\":1}");
    expect(fd, 200, "x-request-id: sim-", "\"object\":\"text_completion\"");
    close(fd);
    finish(f, SIGINT);
    struct jdoc *d = truth_line(f, 0);
    jnode *t = jdoc_root(d), *tokens = jn_get(t, "tokens");
    assert_true(str_eqz(jn_str(jn_get(t, "id"), ""), "mine-1"));
    assert_int_equal(jn_i64(jn_get(t, "n"), 0), 1);
    assert_int_equal(jn_i64(jn_get(t, "status"), 0), 200);
    assert_int_equal(jn_i64(jn_get(t, "prompt_tokens"), 0), 3);
    assert_int_equal(jn_i64(jn_get(t, "output_tokens"), 0), 40);
    assert_int_equal(jn_len(tokens), 40);
    assert_true(jn_bool(jn_get(t, "complete"), false) && jn_bool(jn_get(t, "stream"), false));
    int64_t recv_at = jn_i64(jn_get(t, "recv"), 0), got = jn_i64(jn_get(t, "received"), 0),
            headers = jn_i64(jn_get(t, "headers"), 0), end = jn_i64(jn_get(t, "end"), 0);
    assert_true(before <= recv_at && recv_at <= got && got <= headers && end <= clock_mono());
    assert_true(headers <= r.head_at);
    int64_t last = got + 20 * MS;
    for (size_t k = 0; k < 40; k++) { /* never before it is due */
        int64_t at = jn_i64(jn_at(tokens, k), 0);
        assert_true(at >= got + 20 * MS + (int64_t)k * 2 * MS && at >= last);
        last = at;
    }
    assert_true(last <= end);
    jdoc_free(&d);
    d = truth_line(f, 1);
    assert_int_equal(jn_i64(jn_get(jdoc_root(d), "output_tokens"), 0), 8);
    assert_int_equal(jn_len(jn_get(jdoc_root(d), "tokens")), 0);
    assert_false(jn_bool(jn_get(jdoc_root(d), "stream"), true));
    jdoc_free(&d);
    d = truth_line(f, 2);
    assert_int_equal(jn_i64(jn_get(jdoc_root(d), "n"), 0), 3);
    jdoc_free(&d);
    assert_null(truth_line(f, 3));
    free_resp(&r);
    drop(f);
}

static void test_limit_and_queue(void **state)
{
    struct sim_config c = base_config();
    c.ttft = 300 * MS;
    c.max_seqs = 2;
    c.max_queue = 1;
    c.limit = 4;
    struct fixture *f = start(c);
    int fd[4];
    for (int i = 0; i < 4; i++) {
        fd[i] = dial(f);
        ask(fd[i], CHAT, "", STREAM);
        usleep(10000); /* so that they arrive in this order */
    }
    expect(fd[3], 503, "Retry-After: 1", "queue_full"); /* two run, one waits */
    ask(fd[3], "/tokenizer?output_tokens=3", "", NULL);
    usleep(10000);
    int late = dial(f);
    ask(late, CHAT, "", STREAM);
    expect(late, 429, "Retry-After: 1", "rate_limit"); /* four in flight */
    ask(late, "/tokenizer?output_tokens=3", "", NULL);
    struct resp r = answer(late);
    assert_int_equal(r.status, 429);
    assert_string_equal(r.body, "{\"error\":\"Too many concurrent requests\"}\n");
    free_resp(&r);
    ask(late, "/metrics", "", NULL);
    r = answer(late);
    assert_non_null(strstr(r.body, "vllm:num_requests_running{model_name=\"weir-sim\"} 2\n"));
    assert_non_null(strstr(r.body, "vllm:num_requests_waiting{model_name=\"weir-sim\"} 1\n"));
    free_resp(&r);
    close(fd[0]); /* its slot goes to the one that waits */
    for (int i = 1; i < 3; i++)
        expect(fd[i], 200, NULL, "[DONE]");
    expect(fd[3], 200, NULL, "{\"output_tokens\":3}\n");
    finish(f, SIGTERM);
    struct jdoc *d = truth_line(f, 4);
    for (size_t i = 0; d != NULL && i < 20; i++, jdoc_free(&d), d = truth_line(f, i))
        if (jn_i64(jn_get(jdoc_root(d), "n"), 0) == 1)
            assert_false(jn_bool(jn_get(jdoc_root(d), "complete"), true));
    if (d != NULL)
        jdoc_free(&d);
    for (int i = 1; i < 4; i++)
        close(fd[i]);
    close(late);
    drop(f);
}

static void test_tokenizer(void **state)
{
    struct fixture *f = start(base_config());
    const char *bad[] = {"/tokenizer",
                         "/tokenizer?output_tokens=",
                         "/tokenizer?output_tokens=0",
                         "/tokenizer?output_tokens=-3",
                         "/tokenizer?output_tokens=x",
                         "/tokenizer?other=3",
                         "/sleeper",
                         "/sleeper?sleep_length=-1"};
    int fd = dial(f), other = dial(f);
    int64_t t0 = clock_mono();
    ask(fd, "/tokenizer?x=1&output_tokens=%203", "", NULL);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        ask(other, bad[i], "", NULL);
        expect(other, 400, "Content-Type: text/html; charset=utf-8", "Invalid input");
    }
    ask(other, "/sleeper?sleep_length=0", "", NULL);
    struct resp r = answer(other);
    assert_string_equal(r.body, "slept for 1 second");
    assert_true(r.end_at - t0 >= NS_PER_S);
    free_resp(&r);
    r = answer(fd);
    assert_string_equal(r.body, "{\"output_tokens\":3}\n");
    assert_non_null(strstr(r.head, "Content-Type: application/json\r\n"));
    assert_true(r.end_at - t0 >= NS_PER_S);
    free_resp(&r);
    close(fd);
    close(other);
    finish(f, SIGTERM);
    drop(f);
}

/* The fault strikes every request; returns what came and the truth's word for it. */
static struct resp faulty(const char *fault, const char *body, const char *name, bool complete)
{
    struct sim_config c = base_config();
    c.fault = fault;
    struct fixture *f = start(c);
    int fd = dial(f);
    ask(fd, CHAT, "", body);
    struct resp r = answer(fd);
    close(fd);
    finish(f, SIGTERM);
    struct jdoc *d = truth_line(f, 0);
    assert_non_null(d);
    assert_true(str_eqz(jn_str(jn_get(jdoc_root(d), "fault"), ""), name));
    assert_int_equal(jn_bool(jn_get(jdoc_root(d), "complete"), !complete), complete);
    if (r.status == 200 && strstr(r.head, "event-stream") != NULL) /* what was written is what came */
        assert_true(count(r.body, "\"delta\":{\"content\":\"") >= (unsigned)jn_len(jn_get(jdoc_root(d), "tokens")) ||
                    strcmp(name, "reset") == 0);
    jdoc_free(&d);
    drop(f);
    return r;
}

static void test_faults_in_streams(void **state)
{
    struct resp r = faulty("reset:1", STREAM, "reset", false);
    assert_false(r.complete);
    free_resp(&r);
    r = faulty("truncate:1", STREAM, "truncate", false);
    assert_true(r.status == 200 && !r.complete && strstr(r.body, "[DONE]") == NULL);
    free_resp(&r);
    r = faulty("garbage:1", STREAM, "garbage", false);
    assert_true(r.status == 200 && !r.complete);
    free_resp(&r);
    r = faulty("error_event:1", STREAM, "error_event", true);
    assert_true(r.status == 200 && r.complete && strstr(r.body, "data: {\"error\":{") != NULL);
    assert_true(strstr(r.body, "[DONE]") != NULL && strstr(r.body, "finish_reason\":\"length") == NULL);
    free_resp(&r);
    r = faulty("bad_json:1", STREAM, "bad_json", true);
    assert_true(r.complete && count(r.body, "data: ") == 1 + 5 + 1 + 1 + 1);
    free_resp(&r);
    r = faulty("http503:1", STREAM, "http503", true);
    assert_true(r.status == 503 && r.complete && strstr(r.head, "Retry-After") != NULL);
    free_resp(&r);
    int64_t t0 = clock_mono();
    r = faulty("stall:1:300ms", STREAM, "stall", true);
    assert_true(r.complete && count(r.body, "data: ") == 8 && r.end_at - t0 >= 300 * MS);
    free_resp(&r);
    t0 = clock_mono();
    r = faulty("slow_headers:1:300ms", STREAM, "slow_headers", true);
    assert_true(r.complete && count(r.body, "data: ") == 8 && r.head_at - t0 >= 300 * MS);
    free_resp(&r);
    r = faulty("split:1", STREAM, "split", true);
    assert_true(r.complete && count(r.body, "data: ") == 8);
    free_resp(&r);
}

static void test_faults_without_stream(void **state)
{
    const char *body = "{" MSG ",\"max_tokens\":5}";
    struct resp r = faulty("reset:1", body, "reset", false);
    assert_int_equal(r.status, 0);
    free_resp(&r);
    r = faulty("truncate:1", body, "truncate", false);
    assert_true(r.status == 200 && !r.complete);
    free_resp(&r);
    r = faulty("garbage:1", body, "garbage", false);
    assert_int_equal(r.status, 0);
    free_resp(&r);
    r = faulty("error_event:1", body, "error_event", true);
    assert_true(r.status == 200 && strstr(r.body, "\"error\"") != NULL);
    free_resp(&r);
    r = faulty("bad_json:1", body, "bad_json", true);
    assert_true(r.status == 200 && r.complete && jdoc_parse(str_of(r.body), "x", NULL) == NULL);
    free_resp(&r);
    r = faulty("http500:1", body, "http500", true);
    assert_true(r.status == 500 && r.complete);
    free_resp(&r);
    int64_t t0 = clock_mono();
    r = faulty("stall:1:200ms", body, "stall", true);
    assert_true(r.complete && r.end_at - t0 >= 200 * MS);
    free_resp(&r);
    r = faulty("slow_headers:1:200ms", body, "slow_headers", true);
    assert_true(r.complete);
    free_resp(&r);
    r = faulty("split:1", body, "", true); /* nothing to tear */
    assert_true(r.complete);
    free_resp(&r);
}

/* Many streams over several threads; every one is whole, and the truth has each once. */
static void test_threads(void **state)
{
    enum { N = 60 };
    struct sim_config c = base_config();
    c.threads = 3;
    c.max_seqs = 7; /* so that slots pass between threads */
    c.ttft = 2 * MS;
    c.itl = MS / 2;
    c.jitter = "uniform:0.5,1.5";
    struct fixture *f = start(c);
    int fd[N];
    for (int i = 0; i < N; i++) {
        fd[i] = dial(f);
        ask(fd[i], CHAT, "", STREAM);
    }
    close(fd[0]);
    for (int i = 1; i < N; i++) {
        expect(fd[i], 200, NULL, "[DONE]");
        close(fd[i]);
    }
    finish(f, SIGTERM);
    bool seen[N + 1] = {false};
    size_t complete = 0;
    for (size_t i = 0; i < N; i++) {
        struct jdoc *d = truth_line(f, i);
        assert_non_null(d);
        int64_t n = jn_i64(jn_get(jdoc_root(d), "n"), 0);
        assert_true(n >= 1 && n <= N && !seen[n]);
        seen[n] = true;
        complete += jn_bool(jn_get(jdoc_root(d), "complete"), false);
        jdoc_free(&d);
    }
    assert_null(truth_line(f, N));
    assert_true(complete >= N - 1);
    drop(f);
}

/* The server stands still from 300 ms to 700 ms after it began to listen, also for a stream under way. */
static void test_pause(void **state)
{
    struct sim_config c = base_config();
    c.pause = "400ms@300ms";
    c.itl = 10 * MS;
    struct fixture *f = start(c);
    int fd = dial(f);
    ask(fd, CHAT, "", "{" MSG ",\"stream\":true,\"max_tokens\":60}"); /* 20 + 590 ms without it */
    struct resp r = answer(fd);
    assert_true(r.complete);
    free_resp(&r);
    close(fd);
    finish(f, SIGTERM);
    struct jdoc *d = truth_line(f, 0);
    jnode *t = jdoc_root(d), *tokens = jn_get(t, "tokens");
    int64_t widest = 0, sum = 0, first = jn_i64(jn_at(tokens, 0), 0);
    for (size_t k = 1; k < 60; k++) {
        int64_t gap = jn_i64(jn_at(tokens, k), 0) - jn_i64(jn_at(tokens, k - 1), 0);
        widest = MAX(widest, gap);
        sum += gap;
    }
    assert_true(widest >= 400 * MS);
    assert_true(sum >= 400 * MS + 590 * MS - 10 * MS); /* no burst afterwards: all later tokens moved */
    assert_true(first > 0);
    jdoc_free(&d);
    drop(f);
}

/* SIGTERM amid streams: their truth lines are there, marked as cut. */
static void test_ended_amid_streams(void **state)
{
    struct sim_config c = base_config();
    c.threads = 2;
    struct fixture *f = start(c);
    int fd[10];
    for (int i = 0; i < 10; i++) {
        fd[i] = dial(f);
        ask(fd[i], CHAT, "", "{" MSG ",\"stream\":true,\"max_tokens\":100000}");
    }
    usleep(100000);
    finish(f, SIGTERM);
    for (size_t i = 0; i < 10; i++) {
        struct jdoc *d = truth_line(f, i);
        assert_non_null(d);
        assert_false(jn_bool(jn_get(jdoc_root(d), "complete"), true));
        assert_true(jn_i64(jn_get(jdoc_root(d), "end"), 0) > 0);
        jdoc_free(&d);
        close(fd[i]);
    }
    assert_null(truth_line(f, 10));
    drop(f);
}

static void test_http10(void **state)
{
    struct fixture *f = start(base_config());
    int fd = dial(f);
    char req[400];
    int n =
        snprintf(req, sizeof(req), "POST %s HTTP/1.0\r\nContent-Length: %zu\r\n\r\n%s", CHAT, strlen(STREAM), STREAM);
    send(fd, req, (size_t)n, 0);
    struct resp r = answer(fd); /* to the end of the connection */
    assert_true(r.status == 200 && strstr(r.head, "chunked") == NULL && strstr(r.head, "Connection: close") != NULL);
    assert_true(strncmp(r.body, "data: {", 7) == 0);
    assert_string_equal(r.body + r.n - 14, "data: [DONE]\n\n");
    free_resp(&r);
    close(fd);
    finish(f, SIGTERM);
    drop(f);
}

static void test_unix_socket(void **state)
{
    char path[64], listen[80], want[200];
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    snprintf(path, sizeof(path), "/tmp/weir-sim-%d.sock", (int)getpid());
    snprintf(listen, sizeof(listen), "unix:%s", path);
    snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
    int stale = socket(AF_UNIX, SOCK_STREAM, 0); /* left from a killed one */
    assert_int_equal(bind(stale, (struct sockaddr *)&un, sizeof(un)), 0);
    close(stale);
    struct sim_config c = base_config();
    c.listen = listen;
    c.threads = 4;
    struct fixture *f = start(c);
    snprintf(want, sizeof(want), "weir sim listening on unix:%s\n", path);
    assert_string_equal(f->line, want);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&un, sizeof(un)), 0);
    ask(fd, CHAT, "", STREAM);
    expect(fd, 200, NULL, "[DONE]");
    close(fd);
    finish(f, SIGTERM);
    struct jdoc *d = truth_line(f, 0);
    assert_false(jn_bool(jn_get(jdoc_root(d), "kernel"), true));
    jdoc_free(&d);
    assert_int_equal(access(path, F_OK), -1);
    drop(f);
}

static void refused(struct sim_config c, int rc)
{
    assert_int_equal(sim_run(&c), rc);
}

static void test_bad_configurations(void **state)
{
    struct sim_config c = base_config();
    c.fault = "explode:1";
    refused(c, 2);
    c = base_config();
    c.pause = "soon";
    refused(c, 2);
    c = base_config();
    c.listen = "nowhere";
    refused(c, 2);
    c.listen = "::1:80:";
    refused(c, 2);
    c.listen = "127.0.0.1:99999";
    refused(c, 2);
    c = base_config();
    c.jitter = "gauss";
    refused(c, 2);
    c = base_config();
    c.max_seqs = 0;
    refused(c, 2);
    c = base_config();
    c.truth = "/nonexistent/dir/t";
    refused(c, 1);
    c = base_config();
    c.tls = true;
    c.cert = c.key = "/nonexistent.pem";
    refused(c, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_stream_and_truth),
        cmocka_unit_test(test_limit_and_queue),
        cmocka_unit_test(test_tokenizer),
        cmocka_unit_test(test_faults_in_streams),
        cmocka_unit_test(test_faults_without_stream),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_ended_amid_streams),
        cmocka_unit_test(test_http10),
        cmocka_unit_test(test_unix_socket),
        cmocka_unit_test(test_bad_configurations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

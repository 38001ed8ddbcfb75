/* sim_child.h - the simulator as a child process, and a small HTTP client of plain blocking sockets, for the tests that
 * speak to the whole of it. */
#ifndef WEIR_TESTS_SIM_CHILD_H
#define WEIR_TESTS_SIM_CHILD_H

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

static inline struct sim_config base_config(void)
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

static inline struct fixture *start(struct sim_config c)
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
static inline void finish(struct fixture *f, int sig)
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

static inline void drop(struct fixture *f)
{
    buf_free(&f->truth_text);
    free(f);
}

/* Line i of the truth (0 = the first); NULL when there are fewer. To be freed with jdoc_free. */
static inline struct jdoc *truth_line(struct fixture *f, size_t i)
{
    struct str_split it = {.rest = buf_str(&f->truth_text), .sep = '\n'};
    struct str s;
    while (str_next(&it, &s))
        if (i-- == 0 && s.n > 0)
            return jdoc_parse(s, "truth", NULL);
    return NULL;
}

static inline int dial(const struct fixture *f)
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

static inline void ask(int fd, const char *path, const char *headers, const char *body)
{
    char *text = body == NULL ? xasprintf("GET %s HTTP/1.1\r\nHost: h\r\n%s\r\n", path, headers)
                              : xasprintf("POST %s HTTP/1.1\r\nHost: h\r\n%sContent-Length: %zu\r\n\r\n%s", path,
                                          headers, strlen(body), body);
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    free(text);
}

static inline void send_text(int fd, const char *z)
{
    assert_int_equal(send(fd, z, strlen(z), MSG_NOSIGNAL), strlen(z));
}

static inline bool recv_all(int fd, char *p, size_t n)
{
    for (size_t got = 0; got < n;) {
        ssize_t r = recv(fd, p + got, n - got, 0);
        if (r <= 0)
            return false;
        got += (size_t)r;
    }
    return true;
}

static inline bool recv_line(int fd, struct buf *b)
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

static inline void read_chunks(int fd, struct resp *r, struct buf *body)
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

static inline struct resp answer(int fd)
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

static inline void free_resp(struct resp *r)
{
    free(r->head);
    free(r->body);
}

static inline void expect(int fd, int status, const char *in_head, const char *in_body)
{
    struct resp r = answer(fd);
    if (r.status != status || (in_head != NULL && strstr(r.head, in_head) == NULL) ||
        (in_body != NULL && strstr(r.body, in_body) == NULL) || !r.complete)
        fail_msg("wanted %d \"%s\" \"%s\", got %s%s", status, in_head != NULL ? in_head : "",
                 in_body != NULL ? in_body : "", r.head, r.body);
    free_resp(&r);
}

static inline unsigned count(const char *text, const char *what)
{
    unsigned n = 0;
    for (const char *p = text; (p = strstr(p, what)) != NULL; p += strlen(what))
        n++;
    return n;
}

#define CHAT "/v1/chat/completions"
#define MSG "\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"one two three\"}]"
#define STREAM "{" MSG ",\"stream\":true,\"max_tokens\":5}"

#endif

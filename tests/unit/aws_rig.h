/* aws_rig.h - a HOME, an environment, a clock and servers on loopback of one's own, for the credential chain. */
#ifndef TESTS_UNIT_AWS_RIG_H
#define TESTS_UNIT_AWS_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/aws_private.h"
#include "base/file.h"
#include "base/xalloc.h"

#define RIG_NOW 1700000000LL /* 2023-11-14T22:13:20Z */

enum { RIG_MAX = 24 };

struct rig_route {
    const char *begins; /* of the request: "GET /creds" */
    int status;
    const char *body; /* NULL: it says nothing until the client goes */
    unsigned asked;
};

struct rig {
    char home[64];
    const char *names[RIG_MAX];
    char *values[RIG_MAX];
    struct rig_route routes[RIG_MAX]; /* the last that fits counts */
    char *asked[RIG_MAX];             /* whole requests */
    size_t n_routes, n_asked;
    int64_t now, mono; /* s, ns */
    struct clock_src clock;
    struct aws_chain_opts opts;
    struct aws_chain *chain;
    int fd;
    char url[64];
    atomic_bool over;
    pthread_t thread;
    pthread_mutex_t lock;
};

static inline int64_t rig_mono(void *arg)
{
    return ((struct rig *)arg)->mono;
}

static inline int64_t rig_real(void *arg)
{
    return ((struct rig *)arg)->now * NS_PER_S;
}

static inline const char *rig_getenv(void *arg, const char *name)
{
    struct rig *r = arg;
    for (size_t i = 0; i < RIG_MAX; i++)
        if (r->names[i] && strcmp(r->names[i], name) == 0)
            return r->values[i];
    return NULL;
}

static inline void rig_unset(struct rig *r, const char *name)
{
    for (size_t i = 0; i < RIG_MAX; i++) {
        if (r->names[i] && strcmp(r->names[i], name) == 0) {
            free(r->values[i]);
            r->values[i] = NULL;
            r->names[i] = NULL;
        }
    }
}

static inline void rig_set(struct rig *r, const char *name, const char *value)
{
    rig_unset(r, name);
    for (size_t i = 0; i < RIG_MAX; i++) {
        if (!r->names[i]) {
            r->names[i] = name;
            r->values[i] = xstrdup(value);
            return;
        }
    }
    fail_msg("too many variables");
}

/* A file under HOME. */
static inline void rig_file(struct rig *r, const char *name, const char *text)
{
    char path[200], folder[200];
    snprintf(path, sizeof path, "%s/%s", r->home, name);
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = 0;
    assert_int_equal(dir_make(folder, NULL), 0);
    assert_int_equal(file_write(path, str_of(text), NULL), 0);
}

static inline void rig_route(struct rig *r, const char *begins, int status, const char *body)
{
    pthread_mutex_lock(&r->lock);
    assert_true(r->n_routes < RIG_MAX);
    r->routes[r->n_routes++] = (struct rig_route){begins, status, body, 0};
    pthread_mutex_unlock(&r->lock);
}

static inline size_t rig_read(int c, char *text, size_t cap)
{
    size_t n = 0, whole = 0;
    ssize_t k;
    while (n < cap - 1 && (whole == 0 || n < whole) && (k = read(c, text + n, cap - 1 - n)) > 0) {
        n += (size_t)k;
        text[n] = 0;
        const char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "\r\ncontent-length:");
        if (end && whole == 0)
            whole = (size_t)(end + 4 - text) + (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
    }
    return n;
}

static inline void rig_answer(struct rig *r, int c)
{
    char *text = xcalloc(1, 1 << 17);
    char spare[64];
    struct rig_route route = {NULL, 404, "", 0};
    rig_read(c, text, 1 << 17);
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < r->n_routes; i++)
        if (strncmp(text, r->routes[i].begins, strlen(r->routes[i].begins)) == 0)
            route = r->routes[i];
    if (r->n_asked < RIG_MAX)
        r->asked[r->n_asked++] = text;
    else
        free(text);
    pthread_mutex_unlock(&r->lock);
    if (route.body) {
        char *answer = xasprintf("HTTP/1.1 %d X\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", route.status,
                                 strlen(route.body), route.body);
        fd_write_all(c, answer, strlen(answer));
        free(answer);
    } else {
        while (read(c, spare, sizeof spare) > 0) {
        }
    }
}

static inline void *rig_serve(void *arg)
{
    struct rig *r = arg;
    for (;;) {
        int c = accept(r->fd, NULL, NULL);
        if (atomic_load(&r->over)) {
            close(c);
            return NULL;
        }
        rig_answer(r, c);
        close(c);
    }
}

static inline void rig_open(struct rig *r)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    memset(r, 0, sizeof *r);
    snprintf(r->home, sizeof r->home, "/tmp/weir-aws-XXXXXX");
    assert_non_null(mkdtemp(r->home));
    r->now = RIG_NOW;
    r->mono = 1;
    r->clock = (struct clock_src){rig_mono, rig_real, r};
    r->opts = (struct aws_chain_opts){.env = rig_getenv, .env_arg = r, .clock = &r->clock, .service = "sagemaker"};
    rig_set(r, "HOME", r->home);
    rig_set(r, "AWS_EC2_METADATA_DISABLED", "true");
    pthread_mutex_init(&r->lock, NULL);
    atomic_init(&r->over, false);
    r->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(r->fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(r->fd, 8), 0);
    assert_int_equal(getsockname(r->fd, (struct sockaddr *)&a, &len), 0);
    snprintf(r->url, sizeof r->url, "http://127.0.0.1:%d", ntohs(a.sin_port));
    assert_int_equal(pthread_create(&r->thread, NULL, rig_serve, r), 0);
}

static inline void rig_close(struct rig *r)
{
    struct sockaddr_in a;
    socklen_t len = sizeof a;
    aws_chain_free(&r->chain);
    atomic_store(&r->over, true);
    getsockname(r->fd, (struct sockaddr *)&a, &len);
    int c = socket(AF_INET, SOCK_STREAM, 0);
    connect(c, (struct sockaddr *)&a, len); /* wakes it */
    pthread_join(r->thread, NULL);
    close(c);
    close(r->fd);
    pthread_mutex_destroy(&r->lock);
    for (size_t i = 0; i < RIG_MAX; i++) {
        free(r->values[i]);
        free(r->asked[i]);
    }
    pid_t pid = fork();
    if (pid == 0) {
        execlp("rm", "rm", "-rf", r->home, (char *)NULL);
        _exit(1);
    }
    waitpid(pid, NULL, 0);
}

/* A chain of these options, anew. */
static inline struct aws_chain *rig_chain(struct rig *r)
{
    struct err e = {0};
    aws_chain_free(&r->chain);
    r->chain = aws_chain_new(&r->opts, &e);
    if (!r->chain)
        fail_msg("%s", e.text);
    return r->chain;
}

/* "KEY SECRET TOKEN EXPIRES SOURCE" of a new chain, or "! TEXT". Until the next call. */
static inline const char *rig_get(struct rig *r)
{
    static char text[4096];
    struct aws_creds c;
    struct err e = {0};
    if (aws_chain_get(rig_chain(r), &c, &e) != 0) {
        assert_true(e.code != ERR_NONE && c.access_key_id == NULL);
        snprintf(text, sizeof text, "! %s", e.text);
        return text;
    }
    snprintf(text, sizeof text, "%s %s %s %lld %s", c.access_key_id, c.secret_key,
             c.session_token ? c.session_token : "-", (long long)c.expires_unix, c.source);
    aws_creds_free(&c);
    return text;
}

static inline void rig_says(struct rig *r, const char *want)
{
    const char *got = rig_get(r);
    if (!strstr(got, want))
        fail_msg("'%s' is not in: %s", want, got);
}

static inline size_t rig_n_asked(struct rig *r)
{
    pthread_mutex_lock(&r->lock);
    size_t n = r->n_asked;
    pthread_mutex_unlock(&r->lock);
    return n;
}

/* The n-th request. */
static inline const char *rig_asked(struct rig *r, size_t n)
{
    pthread_mutex_lock(&r->lock);
    const char *text = n < r->n_asked ? r->asked[n] : NULL;
    pthread_mutex_unlock(&r->lock);
    assert_non_null(text);
    return text;
}

/* The n-th request holds this. */
static inline void rig_was_asked(struct rig *r, size_t n, const char *want)
{
    pthread_mutex_lock(&r->lock);
    if (n >= r->n_asked || !strstr(r->asked[n], want))
        fail_msg("'%s' is not in request %zu of %zu: %s", want, n, r->n_asked, n < r->n_asked ? r->asked[n] : "");
    pthread_mutex_unlock(&r->lock);
}

#endif

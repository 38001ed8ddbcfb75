/* engine_rig.h - for the tests of the engine: a server thread that answers each request with the next text of a script,
 * on as many connections as come, sharing nothing with the client; and a level run by the engine, its records kept. */
#ifndef WEIR_TESTS_ENGINE_RIG_H
#define WEIR_TESTS_ENGINE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "engine/engine.h"
#include "load/dataset.h"
#include "stat/hist.h"

#define DELTA(text) "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text "\"}}]}\n\n"
#define FINISH "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
#define USAGE "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\n"
#define DONE "data: [DONE]\n\n"
#define STREAM DELTA("one ") DELTA("two") FINISH USAGE DONE
#define SSE_TYPE "Content-Type: text/event-stream\r\n"
#define JSON_TYPE "Content-Type: application/json\r\n"

enum { RIG_CONNS = 128, RIG_LOG = 512 };

struct reply {
    const char *line, *headers, *body; /* "200 OK"; Content-Length is added unless `close` or `framed` */
    bool close;                        /* the end of the connection is the end of the body */
    bool reset;                        /* nothing at all: a RST */
    size_t cut;                        /* send only so many bytes of the body, then close; 0 = all */
    bool hang;                         /* no answer */
    bool framed;                       /* headers and body frame themselves */
    size_t split;                      /* bytes of the body that come with the head; the rest is a segment of its own */
    size_t n;                          /* bytes of the body; 0: it is text */
};

struct rig {
    const struct reply *script;
    int n_script; /* the last one repeats */
    pthread_t thread;
    int lfd, stop[2];
    uint16_t port;
    char url[64];
    _Atomic int requests;
    int accepted, most_open; /* read after rig_stop */
    char *log[RIG_LOG];      /* the requests, whole */
};

struct rig_conn {
    int fd;
    struct buf in;
};

static inline void rig_close(struct rig_conn *k, bool reset)
{
    struct linger now = {1, 0};
    if (reset)
        setsockopt(k->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(k->fd);
    k->fd = -1;
    buf_free(&k->in);
}

static inline void rig_send(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t k = send(fd, p, n, MSG_NOSIGNAL);
        if (k <= 0)
            return;
        p += k;
        n -= (size_t)k;
    }
}

static inline void rig_answer(struct rig *g, struct rig_conn *k)
{
    const struct reply *r = &g->script[MIN(g->requests, g->n_script - 1)];
    if (g->requests < RIG_LOG)
        g->log[g->requests] = xmemdup0(k->in.p, k->in.n);
    g->requests++;
    buf_clear(&k->in);
    if (r->reset) {
        rig_close(k, true);
        return;
    }
    if (r->line) {
        struct buf b = BUF_INIT(64u << 20);
        size_t n = r->n ? r->n : r->body ? strlen(r->body) : 0;
        buf_addf(&b, "HTTP/1.1 %s\r\n%s", r->line, r->headers ? r->headers : "");
        if (!r->close && !r->framed)
            buf_addf(&b, "Content-Length: %zu\r\n", n);
        buf_addz(&b, "\r\n");
        size_t head = b.n;
        buf_add(&b, r->body ? r->body : "", r->cut ? MIN(r->cut, n) : n);
        size_t first = r->split ? head + r->split : b.n;
        int one = 1;
        setsockopt(k->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        rig_send(k->fd, b.p, first);
        rig_send(k->fd, b.p + first, b.n - first);
        buf_free(&b);
    }
    if (r->close || r->cut)
        rig_close(k, false);
}

/* Whether a whole request is there: head, and as much body as it says. */
static inline bool rig_whole(const struct buf *in)
{
    char *end = in->n ? strstr(in->p, "\r\n\r\n") : NULL, *len = in->n ? strstr(in->p, "Content-Length: ") : NULL;
    if (!end)
        return false;
    size_t body = len && len < end ? (size_t)strtoul(len + 16, NULL, 10) : 0;
    return in->n >= (size_t)(end - in->p) + 4 + body;
}

static inline void rig_read(struct rig *g, struct rig_conn *k)
{
    char b[65536];
    ssize_t n = recv(k->fd, b, sizeof b, 0);
    if (n <= 0) {
        rig_close(k, false);
        return;
    }
    buf_add(&k->in, b, (size_t)n);
    if (rig_whole(&k->in))
        rig_answer(g, k);
}

static inline void *rig_main(void *arg)
{
    struct rig *g = arg;
    struct rig_conn conn[RIG_CONNS];
    struct pollfd p[RIG_CONNS + 2];
    for (int i = 0; i < RIG_CONNS; i++)
        conn[i].fd = -1;
    for (;;) {
        int open = 0;
        p[0] = (struct pollfd){g->stop[0], POLLIN, 0};
        p[1] = (struct pollfd){g->lfd, POLLIN, 0};
        for (int i = 0; i < RIG_CONNS; i++) {
            p[i + 2] = (struct pollfd){conn[i].fd, POLLIN, 0};
            open += conn[i].fd >= 0;
        }
        g->most_open = MAX(g->most_open, open);
        if (poll(p, RIG_CONNS + 2, -1) <= 0 || p[0].revents)
            break;
        for (int i = 0; i < RIG_CONNS; i++) {
            if (p[i + 2].revents && conn[i].fd >= 0)
                rig_read(g, &conn[i]);
        }
        for (int i = 0; p[1].revents && i < RIG_CONNS; i++) {
            if (conn[i].fd >= 0)
                continue;
            conn[i].fd = accept(g->lfd, NULL, NULL);
            buf_init(&conn[i].in, 64u << 20);
            g->accepted++;
            break;
        }
    }
    for (int i = 0; i < RIG_CONNS; i++) {
        if (conn[i].fd >= 0)
            rig_close(&conn[i], false);
    }
    return NULL;
}

static inline void rig_start(struct rig *g, const struct reply *script, int n)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    *g = (struct rig){.script = script, .n_script = n};
    g->lfd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(g->lfd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(g->lfd, 128), 0);
    assert_int_equal(getsockname(g->lfd, (struct sockaddr *)&a, &len), 0);
    g->port = ntohs(a.sin_port);
    snprintf(g->url, sizeof g->url, "http://127.0.0.1:%u", g->port);
    assert_int_equal(pipe(g->stop), 0);
    assert_int_equal(pthread_create(&g->thread, NULL, rig_main, g), 0);
}

/* The log stays until rig_free. */
static inline void rig_stop(struct rig *g)
{
    if (g->lfd < 0)
        return;
    assert_int_equal(write(g->stop[1], "x", 1), 1);
    pthread_join(g->thread, NULL);
    close(g->lfd);
    close(g->stop[0]);
    close(g->stop[1]);
    g->lfd = -1;
}

static inline void rig_free(struct rig *g)
{
    rig_stop(g);
    for (int i = 0; i < RIG_LOG; i++)
        free(g->log[i]);
}

/* A listening socket that nobody accepts from. */
static inline int listen_only(int backlog, struct addr *out)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, backlog), 0);
    out->len = sizeof out->sa;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&out->sa, &out->len), 0);
    return fd;
}

/* ---- a level */

enum { KEPT = 4096 };

struct kept {                /* a record, and what it owned */
    int64_t at[2], width[2]; /* its first events */
    struct record r;
    char detail[256], headers[256], body[2100], prompt[128], answer[128];
};

struct level_rig {
    struct rig g;
    struct target target;
    struct api api;
    struct load load;
    struct dataset *ds;
    struct engine_opts o;
    struct engine_totals totals;
    struct rec_client clients[16];
    struct kept *kept;
    int n;
    int stop_after; /* records; 0 = never */
    int64_t stop_drain;
};

static inline void level_open(struct level_rig *x, const struct reply *script, int n, struct load_opts lo)
{
    memset(x, 0, sizeof *x);
    rig_start(&x->g, script, n);
    struct target_opts to = {
        .url = x->g.url, .default_path = "/v1/chat/completions", .stream = true, .key = "sk-rig-key"};
    struct api_opts ao = {.model = "m", .max_tokens = 2, .temperature = NAN, .stream = true, .include_usage = true};
    assert_int_equal(target_open(&x->target, &to, NULL), 0);
    assert_int_equal(api_prepare(&x->api, api_find(STR("openai-chat")), &ao, NULL), 0);
    x->ds = dataset_of_prompt("say two words");
    load_init(&x->load, &lo, x->ds);
    x->o = (struct engine_opts){.targets = &x->target,
                                .n_targets = 1,
                                .api = &x->api,
                                .load = &x->load,
                                .workers = 1,
                                .timeout = 20 * NS_PER_S,
                                .connect_timeout = 10 * NS_PER_S,
                                .idle_timeout = 4 * NS_PER_S,
                                .grace = 20 * NS_PER_S,
                                .epoch = clock_mono() - NS_PER_S,
                                .run_id = "rig"};
    x->kept = xcalloc(KEPT, sizeof *x->kept);
}

static inline void put_text(char *out, size_t cap, const char *p, size_t n)
{
    snprintf(out, cap, "%.*s", (int)n, p);
}

static inline void keep(struct level_rig *x, const struct record *r)
{
    assert_true(x->n < KEPT);
    struct kept *k = &x->kept[x->n++];
    k->r = *r;
    put_text(k->detail, sizeof k->detail, r->detail.p ? r->detail.p : "", r->detail.n);
    struct rec_iter it;
    struct rec_event ev;
    rec_iter_init(&it, r);
    for (size_t i = 0; i < ARRAY_LEN(k->at) && rec_iter_next(&it, &ev); i++) {
        k->at[i] = ev.at;
        k->width[i] = ev.width;
    }
    const struct rec_text *t = r->text;
    if (!t)
        return;
    const char *p = t->bytes;
    put_text(k->prompt, sizeof k->prompt, p, t->n_prompt);
    p += t->n_prompt;
    put_text(k->answer, sizeof k->answer, p, t->n_answer);
    p += t->n_answer;
    put_text(k->headers, sizeof k->headers, p, t->n_headers);
    put_text(k->body, sizeof k->body, p + t->n_headers, t->n_body);
}

static inline void level_drain(struct level_rig *x, struct engine *en)
{
    for (struct record *r; (r = engine_pop(en));) {
        keep(x, r);
        engine_give_back(en, r);
        if (x->stop_after && x->n == x->stop_after)
            engine_stop(en, x->stop_drain);
    }
}

/* From start to end; the records lie in x->kept in the order they came. */
static inline void level_go(struct level_rig *x)
{
    struct err e = {0};
    struct engine *en = engine_start(&x->o, &e);
    if (!en)
        fail_msg("%s", e.text);
    while (!engine_ready(en))
        usleep(1000);
    engine_begin(en, clock_mono() + NS_PER_MS);
    while (!engine_finished(en)) {
        level_drain(x, en);
        usleep(500);
    }
    engine_end(en, &x->totals, x->clients);
    level_drain(x, en);
    engine_free(&en);
    rig_stop(&x->g);
}

static inline void level_close(struct level_rig *x)
{
    rig_free(&x->g);
    api_free(&x->api);
    target_close(&x->target);
    dataset_free(&x->ds);
    free(x->kept);
}

static inline int count_outcome(const struct level_rig *x, enum outcome o)
{
    int n = 0;
    for (int i = 0; i < x->n; i++)
        n += x->kept[i].r.outcome == o;
    return n;
}

#endif

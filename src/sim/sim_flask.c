/* sim_flask.c - a small mock of an endpoint that takes its time: GET /tokenizer?output_tokens=N (1 s below 10, 2 s
 * below 100, 3 s below 1000, else 5 s), /hello and /sleeper?sleep_length=S, each under the limit of concurrent requests
 * with a 429 body of its own. With --preset flask-mock there is nothing else. The original is a Flask program; what
 * Flask answers with a 500 (a number that is none) is a 400 here, and the check of the limit is atomic. */
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "sim/sim_worker.h"

#define HTML "text/html; charset=utf-8"
#define SLEEP_MAX 86400 /* s */

struct nap {
    struct sim_task task;
    struct sim_late late;
    struct timer timer;
    uint64_t n; /* what was asked for */
    bool tokenizer;
};

/* It is no longer open when its answer goes out: who asks again at once must find its place free, whichever thread
 * serves it. */
static void nap_leave(struct nap *n)
{
    loop_timer_stop(n->late.w->loop, &n->timer);
    gate_leave_plain(&n->late.w->sim->gate);
}

static void nap_gone(struct sim_task *t)
{
    struct nap *n = CONTAINER_OF(t, struct nap, task);
    nap_leave(n);
    sim_late_drop(&n->late);
    free(n);
}

static void nap_over(struct timer *t)
{
    struct nap *n = CONTAINER_OF(t, struct nap, timer);
    struct buf *b = &n->late.w->body;
    nap_leave(n);
    buf_clear(b);
    buf_addf(b, n->tokenizer ? "{\"output_tokens\":%llu}\n" : "slept for %llu second", (unsigned long long)n->n);
    sim_late_answer(&n->late, 200, n->tokenizer ? "application/json" : HTML, buf_str(b), NULL);
    free(n);
}

static void nap(struct sim_request *r, bool tokenizer, uint64_t number, int64_t seconds)
{
    struct nap *n = xcalloc(1, sizeof(*n));
    n->task.gone = nap_gone;
    n->n = number;
    n->tokenizer = tokenizer;
    n->timer.fire = nap_over;
    int64_t due = r->q->received + sim_scaled(r->w->sim, seconds * NS_PER_S);
    sim_late_init(&n->late, r);
    hs_set_user(r->conn, &n->task);
    loop_timer_set(r->w->loop, &n->timer, due);
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A number of the query, percent-decoded, with white space around it as Python's int() takes it. */
static int query_number(struct str query, const char *name, uint64_t max, uint64_t *out)
{
    struct str_split it = {.rest = query, .sep = '&'};
    struct str part;
    char text[32];
    while (str_next(&it, &part)) {
        ptrdiff_t eq = str_chr(part, '=');
        if (eq < 0 || !str_eqz(str_sub(part, 0, (size_t)eq), name))
            continue;
        struct str v = str_sub(part, (size_t)eq + 1, part.n);
        size_t n = 0;
        for (size_t i = 0; i < v.n && n < sizeof(text); i++) {
            bool escape = v.p[i] == '%' && i + 2 < v.n && hex(v.p[i + 1]) >= 0 && hex(v.p[i + 2]) >= 0;
            text[n++] = escape ? (char)(hex(v.p[i + 1]) << 4 | hex(v.p[i + 2])) : v.p[i] == '+' ? ' ' : v.p[i];
            i += escape ? 2 : 0;
        }
        uint64_t got;
        if (n == sizeof(text) || parse_u64(str_trim((struct str){text, n}), &got) < 0 || got > max)
            return -1;
        *out = got;
        return 0;
    }
    return -1;
}

static void at_once(struct sim_request *r, int status, const char *text)
{
    gate_leave_plain(&r->w->sim->gate);
    sim_answer(r, status, HTML, str_of(text), NULL);
}

static void tokenizer(struct sim_request *r)
{
    uint64_t n;
    if (query_number(r->q->query, "output_tokens", UINT64_MAX, &n) < 0 || n == 0) {
        at_once(r, 400, "Invalid input");
        return;
    }
    nap(r, true, n, n < 10 ? 1 : n < 100 ? 2 : n < 1000 ? 3 : 5);
}

static void sleeper(struct sim_request *r)
{
    uint64_t n;
    if (query_number(r->q->query, "sleep_length", SLEEP_MAX, &n) < 0) {
        at_once(r, 400, "Invalid input");
        return;
    }
    n = n == 0 ? 1 : n;
    nap(r, false, n, (int64_t)n);
}

void sim_flask(struct sim_request *r)
{
    struct sim *s = r->w->sim;
    struct gate *g = &s->gate;
    uint64_t n = gate_enter_plain(g);
    if (s->mock && n > 0 && !s->cfg.quiet)
        log_info("concurrent requests: %llu", (unsigned long long)n);
    if (n == 0) {
        sim_answer(r, 429, "application/json", STR("{\"error\":\"Too many concurrent requests\"}\n"), NULL);
        return;
    }
    if (str_eqz(r->q->path, "/tokenizer")) {
        tokenizer(r);
    } else if (str_eqz(r->q->path, "/sleeper")) {
        sleeper(r);
    } else {
        at_once(r, 200, "Hello World");
    }
}

void sim_flask_refuse(struct sim_request *r, int status)
{
    if (status == 405)
        sim_answer(r, 405, HTML, STR("<!doctype html>\n<title>405 Method Not Allowed</title>\n"),
                   "Allow: GET, HEAD\r\n");
    else
        sim_answer(r, 404, HTML, STR("<!doctype html>\n<title>404 Not Found</title>\n"), NULL);
}

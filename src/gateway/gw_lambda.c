/* gw_lambda.c - the gateway on AWS Lambda: invocations in, one at a time, each a call whose sink is its answer. */
#include <signal.h>

#include "base/clock.h"
#include "base/log.h"
#include "gateway/gw_call.h"
#include "gateway/gw_lambda.h"
#include "gateway/gw_runtime.h"
#include "net/loop.h"

#define MARGIN_NS (300 * NS_PER_MS) /* between a call's deadline and that of the function: for the answer to go out */
#define PATIENCE_NS (5 * NS_PER_S)  /* for word of a failure to be taken */

enum { FIELDS_MAX = 24, WORDS_MAX = 8 << 10, BODY_MAX = 32 << 20, OUT_MAX = 64 << 20 };

struct lambda {
    const struct gateway_config *c;
    struct gw_shared *shared;
    struct gw_worker *worker;
    struct loop *loop;
    struct gw_runtime *runtime;
    struct gw_event event;
    struct gw_call *call;
    struct buf out; /* what goes to the runtime API in one piece */
    bool streaming; /* as the front is set to */
    /* the answer */
    bool streams, begun;
    int status;
    struct gw_field field[FIELDS_MAX];
    size_t n_fields;
    char words[WORDS_MAX]; /* that the fields are views of */
    size_t n_words;
    struct buf body;
    int code; /* to exit with */
};

/* ---- the answer */

static struct str keep(struct lambda *m, struct str s)
{
    size_t n = MIN(s.n, sizeof m->words - m->n_words);
    char *to = m->words + m->n_words;
    memcpy(to, s.p, n);
    m->n_words += n;
    return (struct str){to, n};
}

static void keep_fields(struct lambda *m, const struct gw_field *f, size_t n)
{
    for (size_t i = 0; i < n && m->n_fields < FIELDS_MAX; i++)
        m->field[m->n_fields++] = (struct gw_field){keep(m, f[i].name), keep(m, f[i].value)};
}

static void on_head(void *arg, int status, const struct gw_field *f, size_t n, int64_t length)
{
    struct lambda *m = arg;
    (void)length;
    m->status = status;
    keep_fields(m, f, n);
    keep_fields(m, &(struct gw_field){STR("x-request-id"), m->event.request_id}, 1);
    if (!m->streams)
        return;
    m->begun = true;
    gw_runtime_begin(m->runtime, GW_PRELUDE_TYPE);
    buf_clear(&m->out);
    gw_event_prelude(status, m->field, m->n_fields, &m->out);
    gw_runtime_piece(m->runtime, buf_str(&m->out));
}

static void on_data(void *arg, struct str piece)
{
    struct lambda *m = arg;
    if (m->begun)
        gw_runtime_piece(m->runtime, piece);
    else
        buf_adds(&m->body, piece);
}

/* An answer that is given in one piece has in its headers what else would come behind it. */
static void answer_whole(struct lambda *m, const struct gw_field *trailers, size_t n)
{
    keep_fields(m, trailers, n);
    buf_clear(&m->out);
    gw_event_answer(m->event.shape, m->status, m->field, m->n_fields, buf_str(&m->body), &m->out);
    if (m->body.failed || m->out.failed)
        gw_runtime_error(m->runtime, "Gateway.AnswerTooLarge", "the answer is larger than a function may give");
    else
        gw_runtime_answer(m->runtime, buf_str(&m->out));
}

static void on_end(void *arg, bool whole, const struct gw_field *trailers, size_t n)
{
    struct lambda *m = arg;
    m->call = NULL;
    if (!m->begun)
        answer_whole(m, trailers, n);
    else if (whole) /* what is known at the end stands in comments */
        gw_runtime_finish(m->runtime, NULL, NULL);
    else /* the client has read it in the last event; this is for the function's own count of errors */
        gw_runtime_finish(m->runtime, "Gateway.StreamBroken", "the answer broke off; its last event says why");
}

static size_t on_queued(void *arg)
{
    return gw_runtime_queued(((struct lambda *)arg)->runtime);
}

static const struct gw_sink_ops sink = {.head = on_head, .data = on_data, .end = on_end, .queued = on_queued};

/* ---- invocations */

/* On the monotonic clock; 0: not told. */
static int64_t deadline_of(const struct gw_invocation *i)
{
    if (i->deadline_ms <= 0)
        return 0;
    int64_t left = i->deadline_ms * NS_PER_MS - clock_real();
    return clock_mono() + MAX(left - MARGIN_NS, left / 2);
}

static void on_invoked(void *arg, const struct gw_invocation *i)
{
    struct lambda *m = arg;
    struct err e = {0};
    m->begun = false;
    m->status = 0;
    m->n_fields = m->n_words = 0;
    buf_clear(&m->body);
    if (gw_event_read(&m->event, i->event, &e) < 0) {
        log_error("%s", e.text);
        gw_runtime_error(m->runtime, "Gateway.BadEvent", e.text);
        return;
    }
    if (m->event.request_id.n == 0)
        m->event.request_id = keep(m, i->id);
    m->streams = m->streaming && gw_shape_streams(m->event.shape);
    const struct gw_request r = {.method = m->event.method,
                                 .path = m->event.path,
                                 .authorization = m->event.authorization,
                                 .api_key = m->event.api_key,
                                 .body = m->event.body,
                                 .arrived = clock_mono(),
                                 .deadline = deadline_of(i)};
    m->call = gw_start(m->worker, &r, &sink, m);
}

static void on_reported(void *arg)
{
    struct lambda *m = arg;
    gw_event_free(&m->event);
    gw_runtime_next(m->runtime);
}

static void on_drained(void *arg)
{
    struct lambda *m = arg;
    if (m->call)
        gw_resume(m->call);
}

static void on_broken(void *arg, const char *why)
{
    struct lambda *m = arg;
    log_error("%s", why);
    m->code = 1;
    if (m->call)
        gw_gone(m->call);
    m->call = NULL;
    loop_stop(m->loop);
}

static const struct gw_runtime_ops serving = {
    .invoked = on_invoked, .reported = on_reported, .drained = on_drained, .broken = on_broken};

/* ---- a function that cannot start */

struct farewell {
    struct loop *loop;
    struct timer patience;
};

static void on_told(void *arg)
{
    loop_stop(((struct farewell *)arg)->loop);
}

static void on_untold(void *arg, const char *why)
{
    log_error("%s", why);
    on_told(arg);
}

static void on_patience(struct timer *t)
{
    on_told(CONTAINER_OF(t, struct farewell, patience));
}

static const struct gw_runtime_ops failing = {.reported = on_told, .broken = on_untold};

static const char *runtime_api(void)
{
    const char *api = getenv("AWS_LAMBDA_RUNTIME_API");
    return api && *api ? api : NULL;
}

void gateway_lambda_failed(const char *why)
{
    struct err e = {0};
    const char *api = runtime_api();
    struct farewell f = {.loop = api ? loop_new(NULL, &e) : NULL, .patience.fire = on_patience};
    if (!f.loop)
        return;
    struct gw_runtime *r = gw_runtime_new(f.loop, api, &failing, &f, &e);
    if (r) {
        gw_runtime_init_error(r, "Gateway.Configuration", why);
        loop_timer_set(f.loop, &f.patience, clock_mono() + PATIENCE_NS);
        loop_run(f.loop);
        loop_timer_stop(f.loop, &f.patience);
    } else {
        log_error("%s", e.text);
    }
    gw_runtime_free(&r);
    loop_free(&f.loop);
}

/* ---- */

static int serve(struct lambda *m, struct err *e)
{
    m->loop = loop_new(NULL, e);
    if (!m->loop)
        return -1;
    m->shared = gw_shared_new(m->c, e);
    m->worker = m->shared ? gw_worker_new(m->shared, m->loop, e) : NULL;
    m->runtime = m->worker ? gw_runtime_new(m->loop, runtime_api(), &serving, m, e) : NULL;
    if (!m->runtime)
        return -1;
    gw_runtime_next(m->runtime);
    loop_run(m->loop);
    return 0;
}

int gateway_run_lambda(const struct gateway_config *c)
{
    struct lambda m = {.c = c,
                       .streaming = strcmp(c->lambda_mode, "buffered") != 0,
                       .out = BUF_INIT(OUT_MAX),
                       .body = BUF_INIT(BODY_MAX)};
    struct err e = {0};
    if (!runtime_api()) {
        log_error("--lambda runs on AWS Lambda, which sets AWS_LAMBDA_RUNTIME_API: it is not set");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    if (serve(&m, &e) < 0) {
        m.code = 1;
        log_error("%s", e.text);
        gateway_lambda_failed(e.text);
    }
    gw_runtime_free(&m.runtime);
    gw_worker_free(&m.worker);
    gw_shared_free(&m.shared);
    gw_event_free(&m.event);
    loop_free(&m.loop);
    buf_free(&m.out);
    buf_free(&m.body);
    return m.code;
}

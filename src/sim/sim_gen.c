/* sim_gen.c - one generation request from its parsing to its last byte: admission, headers and role chunk when it gets
 * its slot, a write per token when the model says so, faults, the end. */
#include "base/clock.h"
#include "base/rng.h"
#include "base/xalloc.h"
#include "sim/sim_frame.h"
#include "sim/sim_gen_private.h"
#include "sim/sim_reply.h"
#include "sim/sim_text.h"

#define KEEP_BODY (1UL << 20) /* memory of a larger answer is given back */

static const char RETRY_AFTER[] = "Retry-After: 1\r\n";

static const char *finish_of(const struct gen *g)
{
    return g->from_limit ? "length" : "stop";
}

/* The KV cache that its tokens so far need. */
static void hold_blocks(struct gen *g)
{
    uint64_t need = (g->fmt.prompt_tokens + g->seq.done + PREFIX_BLOCK - 1) / PREFIX_BLOCK;
    if (need <= g->blocks)
        return;
    metrics_add(&sim_of(g)->metrics.kv_blocks, need - g->blocks);
    g->blocks = need;
}

/* The model must have let go of it, the connection ended. Writes the truth. */
static void gen_free(struct gen *g, bool complete)
{
    struct sim *s = sim_of(g);
    struct truth_rec *t = g->late.truth;
    if (t != NULL && g->struck)
        fault_name(&g->fault, t->fault);
    loop_timer_stop(g->late.w->loop, &g->slow);
    metrics_take(&s->metrics.kv_blocks, g->blocks);
    sim_truth_end(s, &g->late.truth, complete);
    sim_late_drop(&g->late);
    event_free(&g->fmt);
    pack_free(&g->pack);
    if (g->admitted && !complete)
        metrics_add(&s->metrics.finished_abort, 1);
    else if (g->admitted)
        metrics_add(g->from_limit ? &s->metrics.finished_length : &s->metrics.finished_stop, 1);
    free(g);
}

static void gen_gone(struct sim_task *task)
{
    struct gen *g = CONTAINER_OF(task, struct gen, task);
    struct sim_worker *w = g->late.w;
    model_cancel(w->model, &g->seq, clock_mono());
    gen_free(g, false);
    sim_worker_poke(w);
}

static void gen_written(struct sim_task *task, int64_t at, bool waited)
{
    gen_token_written(CONTAINER_OF(task, struct gen, task), at, waited);
}

static void gen_ended(struct sim_task *task, bool whole)
{
    struct gen *g = CONTAINER_OF(task, struct gen, task);
    gen_free(g, whole && !g->cut);
}

/* The answer has been given to its end. HTTP/2: what waits for the client is still to go, then gen_ended. */
static void finish(struct gen *g, const struct hs_header *trailers, size_t n)
{
    if (g->late.http2) {
        hs2_end(g->late.conn, trailers, n);
        return;
    }
    hs_end(g->late.conn, g->chunked && !g->cut);
    gen_free(g, !g->lost && !g->cut);
}

/* Headers beyond the usual ones. */
#define START_LINES 320
static void start_lines(const struct gen *g, char out[START_LINES])
{
    const struct sim *s = sim_of(g);
    size_t n = (size_t)snprintf(out, START_LINES, "%s", g->pack != NULL ? s->packing_line : "");
    if (g->evs == SIM_EVS_PARTS)
        n += (size_t)snprintf(out + n, START_LINES - n,
                              "X-Amzn-SageMaker-Content-Type: %s\r\nx-Amzn-Invoked-Production-Variant: AllTraffic\r\n",
                              g->stream ? g->dialect->stream_type : "application/json");
    else if (g->evs == SIM_EVS_CHUNKS && g->stream)
        n += (size_t)snprintf(out + n, START_LINES - n, "X-Amzn-Bedrock-Content-Type: application/json\r\n");
    else if (g->evs == SIM_EVS_CHUNKS)
        n += (size_t)snprintf(out + n, START_LINES - n,
                              "X-Amzn-Bedrock-Input-Token-Count: %llu\r\nX-Amzn-Bedrock-Output-Token-Count: %llu\r\n",
                              (unsigned long long)g->fmt.prompt_tokens, (unsigned long long)g->seq.output_tokens);
    if (s->cfg.timing_headers)
        snprintf(out + n, START_LINES - n, "x-sim-queue-ms: %.6f\r\n", (double)(g->fmt.started - g->received) / 1e6);
}

/* Status line and headers, and what a stream begins with (a role-only chunk) in the same write. */
static void send_headers(struct gen *g)
{
    struct sim_worker *w = g->late.w;
    char lines[START_LINES];
    struct reply_head h = {
        .status = 200,
        .type = g->evs != SIM_EVS_NONE ? SIM_EVS_TYPE : g->dialect->stream_type,
        .chunked = g->chunked,
        .until_close = !g->chunked, /* HTTP/2: no length either */
        .keep_alive = g->late.keep_alive && g->chunked,
        .http10 = g->late.http10,
        .id = str_of(g->late.id),
        .extra = lines,
    };
    start_lines(g, lines);
    g->headers_out = true;
    struct str first = gen_enclose(g, g->dialect->begin(&g->fmt, w->scratch), PACK_FLUSH);
    bool torn = g->fault.kind == FAULT_SPLIT;
    if (sim_late_begin(&g->late, &h, torn ? STR("") : first, false) < 0)
        g->lost = true;
    if (torn && first.n > 0)
        gen_put_split(g, first, false);
    hs_flush(g->late.conn); /* the truth knows no later instant for them */
}

static void on_slow(struct timer *t)
{
    struct gen *g = CONTAINER_OF(t, struct gen, slow);
    if (!g->headers_out)
        send_headers(g);
}

static void on_start(void *arg, struct seq *s, int64_t at)
{
    struct gen *g = CONTAINER_OF(s, struct gen, seq);
    g->fmt.started = at;
    hold_blocks(g);
    if (g->late.truth != NULL)
        g->late.truth->started = at;
    if (!g->stream)
        return;
    if (g->fault.kind == FAULT_SLOW_HEADERS)
        loop_timer_set(g->late.w->loop, &g->slow, at + g->fault.ns);
    else
        send_headers(g);
}

/* The connection (HTTP/2: the stream) is over, orderly or by a reset, before the answer is. */
static void cut(struct gen *g, bool reset)
{
    model_cancel(g->late.w->model, &g->seq, clock_mono());
    g->struck = g->cut = true;
    if (!reset) {
        finish(g, NULL, 0);
        return;
    }
    hs_reset(g->late.conn);
    gen_free(g, false);
}

/* Bytes that are no answer where one goes on, or begins. */
static void garbage(struct gen *g)
{
    static const char bytes[] = "\x16\x03\xff\x00<<garbage>>\x80\xfe{]\r\n\r\n";
    static const struct hs_header field = {{":garbage", 8}, {"1", 1}};
    if (!g->late.http2) {
        gen_put_marked(g, (struct str){bytes, sizeof(bytes) - 1}, false);
        cut(g, false);
        return;
    }
    model_cancel(g->late.w->model, &g->seq, clock_mono());
    g->struck = g->cut = true;
    bool begun = g->headers_out;
    if (!begun)
        hs2_head(g->late.conn, 200, &field, 1, false);
    finish(g, &field, begun);
}

/* Before token k of a stream. True: the request is over. */
static bool strike(struct gen *g)
{
    switch (g->fault.kind) {
    case FAULT_RESET:
        cut(g, true);
        return true;
    case FAULT_TRUNCATE:
        cut(g, false);
        return true;
    case FAULT_GARBAGE:
        garbage(g);
        return true;
    case FAULT_ERROR_EVENT:
    case FAULT_EXCEPTION:
    case FAULT_ERROR_FRAME:
        if (g->fault.kind != FAULT_ERROR_EVENT || g->evs == SIM_EVS_EVENTS || g->evs == SIM_EVS_CHUNKS)
            gen_put_failure(g, g->fault.kind == FAULT_ERROR_FRAME);
        else
            gen_put_last(g, g->dialect->error(&g->fmt, g->late.w->scratch));
        model_cancel(g->late.w->model, &g->seq, clock_mono());
        g->struck = true;
        finish(g, NULL, 0);
        return true;
    case FAULT_BAD_JSON:
        g->struck = true;
        gen_put(g, g->dialect->bad_json(&g->fmt, g->late.w->scratch));
        return false;
    case FAULT_BAD_CRC:
        g->struck = g->spoil = true;
        return false;
    default:
        return false;
    }
}

/* The event that ends a stream, a comment behind it, and the trailer that goes after them. */
static struct str tell_times(struct gen *g, struct str last, char total[24])
{
    struct buf *b = &g->late.w->body;
    int64_t now = clock_mono();
    snprintf(total, 24, "%.6f", (double)(now - g->received) / 1e6);
    snprintf(g->trailer, sizeof(g->trailer), "x-sim-total-ms: %s\r\n", total);
    if (!str_starts(str_of(g->dialect->stream_type), STR("text/event-stream")))
        return last;
    buf_clear(b);
    buf_adds(b, last);
    buf_addf(b, ": x-sim-tokens-per-second=%.6f\n\n", (double)g->written * 1e9 / (double)(now - g->fmt.first));
    return buf_str(b);
}

static void tell(struct gen *g)
{
    struct truth_rec *t = g->late.truth;
    lambda_tell(&g->told, &g->fmt, clock_mono(), g->seq.done, g->stream || g->buffered, sim_of(g)->cfg.hourly_usd);
    if (t != NULL)
        snprintf(t->told, sizeof(t->told), "{\"tokens_per_second\":%s,\"cost_per_1k_usd\":%s,\"ttft_ms\":%s}",
                 g->told.tps, g->told.cost, g->told.n > 2 ? g->told.ttft : "null");
}

/* The same of --preset lambda-stream. */
static struct str lambda_last(struct gen *g)
{
    struct buf *b = &g->late.w->body;
    size_t n = 0;
    buf_clear(b);
    buf_adds(b, g->dialect->end(&g->fmt, finish_of(g), g->seq.done, g->late.w->scratch));
    tell(g);
    lambda_comments(&g->told, b);
    for (size_t i = 0; i < g->told.n; i++)
        n += (size_t)snprintf(g->trailer + n, sizeof(g->trailer) - n, STR_FMT ": " STR_FMT "\r\n",
                              STR_ARG(g->told.figure[i].name), STR_ARG(g->told.figure[i].value));
    return buf_str(b);
}

static void stream_end(struct gen *g)
{
    char n[24];
    struct hs_header trailer = {STR("x-sim-tokens"), {n, 0}};
    bool has_trailer = g->fault.kind == FAULT_TRAILERS && g->late.http2;
    if (sim_of(g)->lambda != LAMBDA_NONE) {
        gen_put_last(g, lambda_last(g));
        finish(g, g->told.figure, g->told.n);
        return;
    }
    if (sim_of(g)->cfg.timing_headers) {
        struct str last = g->dialect->end(&g->fmt, finish_of(g), g->seq.done, g->late.w->scratch);
        gen_put_last(g, tell_times(g, last, n));
        trailer = (struct hs_header){STR("x-sim-total-ms"), str_of(n)};
        finish(g, &trailer, 1);
        return;
    }
    gen_put_last(g, g->dialect->end(&g->fmt, finish_of(g), g->seq.done, g->late.w->scratch));
    if (has_trailer) {
        trailer.value.n = (size_t)snprintf(n, sizeof(n), "%llu", (unsigned long long)g->seq.done);
        g->struck = true;
    }
    finish(g, &trailer, has_trailer);
}

static void stream_token(struct gen *g)
{
    uint64_t k = g->seq.done - 1;
    char word[SIM_WORD_MAX];
    if (!g->headers_out)
        send_headers(g);
    if (k == g->strikes_at && strike(g))
        return;
    if (k == 0)
        g->fmt.first = clock_mono();
    struct str text = {word, sim_word_json(sim_of(g)->cfg.seed, g->seq.number, k, word)};
    gen_put_token(g, g->dialect->token(&g->fmt, text, k + 1, g->late.w->scratch));
    if (g->seq.done >= g->seq.output_tokens)
        stream_end(g);
}

/* The answer that is not streamed, whole. */
static void plain_end(struct gen *g)
{
    struct sim *s = sim_of(g);
    struct buf *b = &g->late.w->body;
    int64_t now = clock_mono();
    metrics_ttft(&s->metrics, now - g->received);
    uint64_t written = g->dialect->no_text ? 0 : g->seq.done;
    metrics_add(&s->metrics.generation_tokens, written);
    if (g->late.truth != NULL)
        g->late.truth->output_tokens = written;
    buf_clear(b);
    if (g->fault.kind == FAULT_ERROR_EVENT)
        sim_error_body(g->dialect, b, 500, "The simulated engine failed.", NULL, NULL);
    else if (g->buffered)
        lambda_events(g->dialect, &g->fmt, g->seq.done, b);
    else
        g->dialect->body(&g->fmt, b, s->cfg.seed, g->seq.number, g->seq.done, finish_of(g));
    if (s->lambda != LAMBDA_NONE)
        tell(g);
    if (g->fault.kind == FAULT_BAD_JSON && b->n > 0)
        b->p[b->n / 2] = '\x01';
    g->struck = g->fault.kind != FAULT_NONE;
    if (g->struck && g->late.truth != NULL)
        fault_name(&g->fault, g->late.truth->fault);
    char lines[MAX(START_LINES, LAMBDA_LINES)];
    if (s->lambda != LAMBDA_NONE)
        lambda_lines(&g->told, &g->fmt, written, lines);
    else
        start_lines(g, lines);
    struct str body = buf_str(b);
    if (g->evs == SIM_EVS_PARTS) {
        buf_clear(&g->late.w->framed);
        sim_evs_wrap(&g->late.w->framed, g->evs, body, 1, 0);
        body = buf_str(&g->late.w->framed);
    }
    /* of what is not streamed g->pack is NULL */
    sim_late_answer(&g->late, 200,
                    g->evs == SIM_EVS_PARTS ? SIM_EVS_TYPE
                    : g->buffered           ? g->dialect->stream_type
                                            : "application/json",
                    body, lines);
    if (b->cap > KEEP_BODY)
        buf_free(b);
    if (g->late.w->framed.cap > KEEP_BODY)
        buf_free(&g->late.w->framed);
    gen_free(g, true);
}

/* Half of the headers' promise. */
static void plain_truncated(struct gen *g)
{
    struct reply_head h = {.status = 200, .type = "application/json", .length = 1000, .id = str_of(g->late.id)};
    if (sim_late_begin(&g->late, &h, STR("{\"id\":\""), false) < 0)
        g->lost = true;
    cut(g, false);
}

/* What failed behind the function is its own failure. */
static void lambda_failed(struct gen *g)
{
    g->struck = true;
    sim_late_error(&g->late, 502, "The simulated engine failed.", NULL, NULL, NULL);
    gen_free(g, true);
}

static void plain_token(struct gen *g)
{
    if (g->seq.done == 1 && sim_of(g)->lambda != LAMBDA_NONE)
        g->fmt.first = clock_mono();
    if (g->seq.done < g->seq.output_tokens)
        return;
    switch (g->fault.kind) {
    case FAULT_RESET:
    case FAULT_GARBAGE:
        strike(g);
        break;
    case FAULT_TRUNCATE:
        plain_truncated(g);
        break;
    case FAULT_ERROR_EVENT:
        if (sim_of(g)->lambda != LAMBDA_NONE)
            lambda_failed(g);
        else
            plain_end(g);
        break;
    default:
        plain_end(g);
    }
}

static void on_token(void *arg, struct seq *s, int64_t due)
{
    struct gen *g = CONTAINER_OF(s, struct gen, seq);
    hold_blocks(g);
    /* A stall comes before a token: this one is the last before it. */
    if (g->fault.kind == FAULT_STALL && s->done == g->strikes_at) {
        g->struck = true;
        model_hold(g->late.w->model, s, due, g->fault.ns);
    }
    if (g->stream)
        stream_token(g);
    else
        plain_token(g);
}

static void on_granted(void *arg, unsigned worker);
const struct model_ops sim_gen_model_ops = {on_start, on_token, on_granted};

static void pick_up(void *arg)
{
    struct sim_worker *w = arg;
    model_granted(w->model, clock_mono());
    sim_worker_poke(w);
}

/* Called in the thread whose sequence ended, about another's. */
static void on_granted(void *arg, unsigned worker)
{
    struct sim_worker *w = arg, *other = &w->sim->workers[worker];
    loop_wake(other->loop, pick_up, other);
}

static uint64_t output_length(const struct sim *s, uint64_t number, const struct ask *a)
{
    if (a->max_tokens > 0)
        return a->max_tokens;
    return (uint64_t)dist_int(&s->output, rng_unit(s->cfg.seed, RNG_SIM_TOKENS, 2 * number),
                              rng_unit(s->cfg.seed, RNG_SIM_TOKENS, 2 * number + 1), 1, ASK_MAX_TOKENS);
}

/* Some faults are a stream's alone, some an event stream's. */
static bool can_show(const struct gen *g, enum fault_kind kind)
{
    switch (kind) {
    case FAULT_SPLIT:
    case FAULT_TRAILERS:
        return g->stream;
    case FAULT_EXCEPTION:
    case FAULT_ERROR_FRAME:
    case FAULT_BAD_CRC:
        return g->stream && g->evs != SIM_EVS_NONE;
    case FAULT_SLICES:
        return g->stream && g->evs == SIM_EVS_PARTS;
    default:
        return true;
    }
}

static struct gen *gen_new(struct sim_request *r, const struct ask *a, uint64_t number, struct fault fault)
{
    struct sim *s = r->w->sim;
    struct gen *g = xcalloc(1, sizeof(*g));
    sim_late_init(&g->late, r);
    g->task = (struct sim_task){gen_gone, gen_written, gen_ended};
    g->slow.fire = on_slow;
    g->dialect = r->dialect;
    g->buffered = a->stream && s->lambda == LAMBDA_BUFFERED;
    g->stream = a->stream && !g->buffered;
    g->evs = r->evs;
    if (can_show(g, fault.kind))
        g->fault = fault;
    g->from_limit = a->max_tokens > 0;
    g->received = r->q->received;
    g->seq.number = number;
    uint64_t cached = s->prefix != NULL ? prefix_visit(s->prefix, &a->blocks, a->prompt_tokens) : 0;
    g->seq.prompt_tokens = a->prompt_tokens - cached; /* what is to be computed */
    g->seq.output_tokens = output_length(s, number, a);
    g->strikes_at = fault.kind == FAULT_NONE ? UINT64_MAX : fault_position(&s->faults, number, g->seq.output_tokens);
    if (fault.kind == FAULT_SLOW_HEADERS || (fault.kind == FAULT_STALL && g->strikes_at == 0))
        g->seq.extra = fault.ns;
    g->struck = fault.kind == FAULT_SLOW_HEADERS || fault.kind == FAULT_SPLIT || g->fault.kind == FAULT_SLICES ||
                g->seq.extra > 0;
    g->chunked = !r->q->http10 && !r->q->http2;
    g->pack = g->stream && s->packing != UNPACK_NONE ? pack_new(s->packing) : NULL;
    g->frames = g->stream && (g->pack != NULL || g->evs != SIM_EVS_NONE ||
                              (g->chunked && (s->cfg.timing_headers || s->lambda != LAMBDA_NONE)));
    g->fmt = (struct event_fmt){
        .chunked = g->chunked && !g->frames && !g->buffered,
        .usage_final = a->include_usage,
        .usage_each = a->include_usage && a->continuous_usage,
        .prompt_tokens = a->prompt_tokens,
        .cached_tokens = cached,
        .n_tokens = g->seq.output_tokens,
        .seed = s->cfg.seed,
        .request = number,
        .finish = finish_of(g),
        .received = g->received,
        .room = BUF_INIT(1u << 30),
        .text = BUF_INIT(1u << 30),
        .items = a->items,
        .dimensions = a->dimensions,
    };
    g->dialect->init(&g->fmt, a->model, str_of(g->late.id), sim_unix_now());
    if (g->late.truth != NULL) {
        g->late.truth->n = number;
        g->late.truth->stream = a->stream;
        g->late.truth->prompt_tokens = a->prompt_tokens;
        g->late.truth->cached_tokens = cached;
    }
    return g;
}

static void refuse(struct gen *g, int status, const char *message, const char *code)
{
    g->admitted = g->struck = false;
    sim_late_error(&g->late, status, message, NULL, code, RETRY_AFTER);
    gen_free(g, false);
}

static void submit(struct gen *g)
{
    struct sim_worker *w = g->late.w;
    struct sim *s = w->sim;
    uint64_t prompt = g->fmt.prompt_tokens, cached = g->fmt.cached_tokens;
    hs_set_user(g->late.conn, &g->task);
    g->admitted = true;
    switch (model_submit(w->model, &g->seq, g->received)) {
    case GATE_RUN:
    case GATE_WAIT:
        metrics_add(&s->metrics.prompt_tokens, prompt);
        if (s->prefix != NULL) {
            metrics_add(&s->metrics.prefix_queries, prompt);
            metrics_add(&s->metrics.prefix_hits, cached);
        }
        break;
    case GATE_LIMIT:
        refuse(g, 429, "Too many concurrent requests.", "rate_limit_exceeded");
        break;
    case GATE_FULL:
        refuse(g, 503, "The queue is full.", "queue_full");
        break;
    }
    sim_worker_poke(w);
}

static void fail_at_once(struct sim_request *r, const struct ask *a, uint64_t number, const struct fault *fault)
{
    if (r->truth != NULL) {
        r->truth->n = number;
        r->truth->prompt_tokens = a->prompt_tokens;
        r->truth->stream = a->stream;
        fault_name(fault, r->truth->fault);
    }
    if (fault->kind == FAULT_REFUSE) {
        hs2_reset(r->conn, 7); /* REFUSED_STREAM */
        sim_truth_end(r->w->sim, &r->truth, false);
        return;
    }
    sim_answer_error(r, fault->status, "A simulated failure.", NULL, "simulated",
                     fault->status == 429 || fault->status == 503 ? RETRY_AFTER : NULL);
}

void sim_generate(struct sim_request *r)
{
    struct sim *s = r->w->sim;
    struct ask a;
    struct ask_error x;
    struct ask_rules rules = s->rules;
    rules.model_elsewhere = r->model.n > 0;
    if (r->dialect->ask(&a, r->q->body, &rules, &x) < 0) {
        sim_answer_error(r, x.status, x.message, x.param, x.code, NULL);
        ask_free(&a);
        return;
    }
    if (a.model.n == 0)
        a.model = r->model;
    if (r->streams != STREAM_AS_ASKED)
        a.stream = r->streams == STREAM_ALWAYS;
    uint64_t number = atomic_fetch_add_explicit(&s->generations, 1, memory_order_relaxed) + 1;
    struct fault fault = fault_of(&s->faults, number);
    if (fault.kind == FAULT_HTTP || (fault.kind == FAULT_REFUSE && r->q->http2)) {
        fail_at_once(r, &a, number, &fault);
        ask_free(&a);
        return;
    }
    struct gen *g = gen_new(r, &a, number, fault);
    ask_free(&a);
    submit(g);
}

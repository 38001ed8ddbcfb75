#include "engine/check.h"

#include <stdarg.h>

#include "api/api_memo.h"
#include "api/api_stream.h"
#include "auth/auth_key.h"
#include "base/jscan.h"
#include "base/xalloc.h"

enum {
    SHOWN_BODY = 4000, /* bytes of a body */
    SHOWN_EVENT = 300, /* bytes of an event */
    SHOWN_EVENTS = 8,  /* from the beginning; then the last ones */
    SHOWN_LAST = 3,
    SHOWN_TEXT = 600,
};

struct checker {
    const struct check *s;
    struct call c;
    struct buf body; /* of the request */
    struct api_stream stream;
    /* what came */
    size_t n_events, n_tokens;
    int64_t first_token, first_output, last_token, now;
    bool terminal;
    unsigned flags;
    struct api_event sum;  /* counts and finish */
    struct buf of[3];      /* the answer's texts by kind, for a tokenizer: content, reasoning, tool calls */
    struct buf text, last; /* answer as it travelled; lines of the last events, one each */
    uint64_t words;
    bool in_word;
    struct api_memo memo;
};

static void ATTR_PRINTF(2, 3) say(const struct checker *k, const char *fmt, ...)
{
    struct buf b = BUF_INIT(1u << 20);
    va_list ap;
    va_start(ap, fmt);
    buf_vaddf(&b, fmt, ap);
    va_end(ap);
    k->s->say(k->s->arg, b.p ? b.p : "");
    buf_free(&b);
}

/* Lines of untrusted text, each behind `mark`, without secrets, cut to `most` bytes. */
static void say_text(const struct checker *k, const char *mark, struct str text, size_t most)
{
    struct buf b = BUF_INIT(1u << 20);
    buf_adds(&b, str_sub(text, 0, most));
    target_redact(k->s->target, b.p, b.n);
    struct str_split it = {.rest = buf_str(&b), .sep = '\n'};
    struct str line;
    while (text.n > 0 && str_next(&it, &line)) {
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        for (size_t i = 0; i < line.n; i++) {
            char *c = b.p + (line.p - b.p) + i;
            if ((unsigned char)*c < 0x20 && *c != '\t')
                *c = '?';
        }
        say(k, "%s" STR_FMT, mark, STR_ARG(line));
    }
    if (text.n > most)
        say(k, "%s[%zu more bytes]", mark, text.n - most);
    buf_free(&b);
}

static char *since(const struct checker *k, int64_t at, char out[32])
{
    return fmt_duration(out, at - k->c.at.start);
}

/* ---- the request */

/* The request as it goes out; what a header line may hold of a secret is not shown. */
static void say_request(const struct checker *k, const char *id)
{
    struct buf head = BUF_INIT(256u << 10);
    call_head(k->s->target, &k->c, &head);
    struct str_split it = {.rest = buf_str(&head), .sep = '\n'};
    struct str line;
    say(k, "%s", "");
    for (bool first = true; str_next(&it, &line) && line.n > 1; first = false) {
        line = str_trim(line);
        ptrdiff_t colon = str_chr(line, ':');
        if (first) {
            ptrdiff_t q = str_chr(line, '?'); /* a query may hold a key */
            say(k, "> " STR_FMT "%s", (int)(q < 0 ? (ptrdiff_t)line.n : q), line.p,
                q < 0 ? "" : "?[not shown] HTTP/1.1");
        } else if (colon > 0 && auth_is_secret_header(str_sub(line, 0, (size_t)colon))) {
            say(k, "> " STR_FMT ": [redacted]", (int)colon, line.p);
        } else {
            say_text(k, "> ", line, SHOWN_BODY);
        }
    }
    if (id)
        say(k, "> %s", id);
    say(k, ">");
    say_text(k, "> ", k->c.body, SHOWN_BODY);
    buf_free(&head);
}

void check_show_request(const struct check *s, const struct call *c, const char *id)
{
    const struct checker k = {.s = s, .c = *c};
    say_request(&k, id);
}

/* ---- what came */

static void say_connection(const struct checker *k)
{
    const struct call *c = &k->c;
    const struct hx_wire *w = &c->wire;
    char a[64], b[64], d[32];
    say(k, "%s", "");
    if (c->has_wire && c->at.conn_end)
        say(k, "Connected: %s to %s%s in %s", addr_text(&w->local, a), addr_text(&w->peer, b),
            k->s->target->tunnel  ? ", the proxy, and through it to the server,"
            : k->s->target->proxy ? ", the proxy,"
                                  : "",
            fmt_duration(d, c->at.conn_end - c->at.conn_start));
    if (c->has_wire && w->tls) {
        say(k, "TLS:       %s, %s, shaken hands in %s", w->facts.version, w->facts.cipher,
            fmt_duration(d, c->at.tls_end - c->at.conn_end));
        say(k, "           certificate of %s, by %s, until %s%s", w->facts.subject, w->facts.issuer, w->facts.until,
            k->s->insecure ? "; not verified (-k)" : "");
    }
    if (c->at.sent_last)
        say(k, "Sent:      %llu bytes over HTTP/%s", (unsigned long long)c->bytes_out, c->http == 2 ? "2" : "1.1");
}

static void say_answer_head(const struct checker *k)
{
    const struct call *c = &k->c;
    char d[32];
    say(k, "%s", "");
    say(k, "< status %d, after %s", c->status, since(k, c->at.headers, d));
    say_text(k, "< ", str_trim(buf_str(&c->headers)), SHOWN_BODY);
    say(k, "<");
}

static void take_event(struct checker *k, const struct api_event *ev)
{
    struct api_event *sum = &k->sum;
    k->flags |= ev->flags;
    if (ev->flags & API_FINISH)
        sum->finish = ev->finish;
    int64_t *const to[] = {&sum->prompt_tokens, &sum->completion_tokens, &sum->cached_tokens, &sum->reasoning_tokens};
    const int64_t from[] = {ev->prompt_tokens, ev->completion_tokens, ev->cached_tokens, ev->reasoning_tokens};
    for (size_t i = 0; i < ARRAY_LEN(to); i++) {
        if (from[i] >= 0)
            *to[i] = from[i];
    }
    for (unsigned i = 0; i < ev->n_texts; i++) {
        k->words += (ev->plain ? api_count_plain_words : api_count_words)(ev->text[i], &k->in_word);
        struct buf *of = &k->of[ev->text_flag[i] == API_CONTENT ? 0 : ev->text_flag[i] == API_REASONING ? 1 : 2];
        size_t before = k->text.n;
        if (ev->plain)
            json_escape(&k->text, ev->text[i]);
        else
            buf_adds(&k->text, ev->text[i]);
        buf_adds(of, str_sub(buf_str(&k->text), before, SIZE_MAX));
    }
    if (!(ev->flags & API_TOKEN))
        return;
    k->n_tokens++;
    k->first_token = k->first_token ? k->first_token : k->now;
    if (!k->first_output && (ev->flags & (API_CONTENT | API_TOOL)))
        k->first_output = k->now;
    k->last_token = k->now;
}

static void event_line(struct checker *k, struct str type, struct str data)
{
    char d[32];
    struct buf b = BUF_INIT(65536);
    buf_addf(&b, "%-9s ", since(k, k->now, d));
    if (type.n)
        buf_addf(&b, "[" STR_FMT "] ", STR_ARG(type));
    buf_adds(&b, str_sub(data, 0, SHOWN_EVENT));
    if (data.n > SHOWN_EVENT)
        buf_addz(&b, "...");
    for (size_t i = 0; i < b.n; i++)
        b.p[i] = b.p[i] == '\n' ? ' ' : b.p[i];
    if (k->n_events <= SHOWN_EVENTS) {
        say_text(k, "< ", buf_str(&b), b.n);
    } else { /* the last ones, when their end is known */
        struct str_split it = {.rest = buf_str(&k->last), .sep = '\n'};
        struct str line;
        if (k->n_events > SHOWN_EVENTS + SHOWN_LAST && str_next(&it, &line))
            buf_drop(&k->last, line.n + 1);
        buf_adds(&k->last, buf_str(&b));
        buf_addc(&k->last, '\n');
    }
    buf_free(&b);
}

static int on_event(void *arg, struct str type, struct str data)
{
    struct checker *k = arg;
    struct api_event ev;
    k->n_events++;
    event_line(k, type, data);
    const struct api_custom *custom = k->s->opts->custom;
    bool text = k->stream.framing == API_TEXT;
    enum api_rc rc = text ? api_event_piece(data, &ev) : custom ? api_custom_event(custom, type, data, &ev) : API_OK;
    if (!text && !custom && !k->terminal)
        rc = api_memo_event(k->s->ops, &k->memo, type, data, &ev);
    if (k->terminal || rc < 0)
        return 0;
    take_event(k, &ev);
    k->terminal |= (ev.flags & API_TERMINAL) != 0;
    return 0;
}

static void read_stream(struct checker *k)
{
    const struct call *c = &k->c;
    size_t from = 0;
    enum api_stream_rc rc = API_STREAM_OK;
    for (size_t i = 0; i < c->n_pieces && rc == API_STREAM_OK; i++) {
        k->now = c->piece[i].at;
        rc = api_stream_feed(&k->stream, (struct str){c->reply.p + from, c->piece[i].end - from});
        from = c->piece[i].end;
    }
    if (rc == API_STREAM_OK)
        api_stream_end(&k->stream);
    if (k->n_events > SHOWN_EVENTS + SHOWN_LAST)
        say(k, "< [%zu events more]", k->n_events - SHOWN_EVENTS - SHOWN_LAST);
    say_text(k, "< ", str_trim(buf_str(&k->last)), SIZE_MAX / 4);
    say_text(k, "< ", buf_str(&k->stream.why), SIZE_MAX / 4);
}

static void read_answer(struct checker *k)
{
    const struct call *c = &k->c;
    struct api_event ev;
    bool unread = k->s->ops->plain || k->stream.framing == API_BYTES;
    if (c->status / 100 == 2 && k->stream.framing != API_WHOLE && !unread) {
        read_stream(k);
        return;
    }
    say_text(k, "< ", buf_str(&c->reply), SHOWN_BODY);
    if (c->status / 100 != 2 || unread)
        return;
    k->now = c->at.end;
    const struct api_custom *custom = k->s->opts->custom;
    struct str body = buf_str(&c->reply);
    if ((custom ? api_custom_document(custom, body, &ev) : k->s->ops->document(body, &ev)) == API_OK)
        take_event(k, &ev);
}

static const char *finish_text(enum api_finish f)
{
    static const char *const names[] = {"none said", "stop", "length", "tool call", "content filter", "another reason"};
    return names[f];
}

static void say_count(struct buf *b, int64_t n, const char *what)
{
    if (n >= 0)
        buf_addf(b, "%s%lld %s", b->n ? ", " : "", (long long)n, what);
}

static uint64_t count_answer(const struct checker *k)
{
    uint64_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(k->of); i++)
        n += k->s->count(k->s->arg, buf_str(&k->of[i]));
    return n;
}

static void say_decoded(struct checker *k)
{
    char *text = xmalloc(k->text.n + 1);
    size_t n = js_decode(buf_str(&k->text), text);
    say(k, "Answer:    %zu bytes%s", n, n ? ":" : "");
    say_text(k, "           ", (struct str){text, n}, SHOWN_TEXT);
    free(text);
    say(k, "Finish:    %s%s", finish_text(k->sum.finish), k->terminal ? ", and the stream's terminal event came" : "");
    struct buf b = BUF_INIT(1024);
    say_count(&b, k->sum.prompt_tokens, "in");
    say_count(&b, k->sum.completion_tokens, "out");
    say_count(&b, k->sum.cached_tokens, "of the input from a cache");
    say_count(&b, k->sum.reasoning_tokens, "of the output reasoning");
    if (k->flags & API_USAGE)
        say(k, "Tokens:    %s (as the server counts)", b.p);
    if (k->s->count)
        say(k, "%s  the tokenizer counts %llu in the answer",
            k->flags & API_USAGE ? "         " : "Tokens:  ", (unsigned long long)count_answer(k));
    else if (!(k->flags & API_USAGE))
        say(k, "Tokens:    not said by the server; %llu words would be counted", (unsigned long long)k->words);
    buf_free(&b);
}

static void put_span(struct buf *b, const char *name, int64_t from, int64_t to)
{
    char d[32];
    if (from > 0 && to > 0)
        buf_addf(b, "%s%s %s", b->n ? ", " : "", name, fmt_duration(d, to - from));
}

static void say_measured(const struct checker *k)
{
    const struct call *c = &k->c;
    struct buf b = BUF_INIT(1024);
    bool streamed = k->stream.framing != API_WHOLE;
    char d[32];
    put_span(&b, "TTFB", c->at.start, c->n_pieces ? c->piece[0].at : 0);
    if (streamed) {
        put_span(&b, "TTFT", c->at.start, k->first_token);
        if (k->first_output != k->first_token)
            put_span(&b, "TTFO", c->at.start, k->first_output);
        if (k->n_tokens > 1)
            buf_addf(&b, ", ITL mean %s over %zu gaps",
                     fmt_duration(d, (k->last_token - k->first_token) / (int64_t)(k->n_tokens - 1)), k->n_tokens - 1);
        put_span(&b, "E2E", c->at.start, k->last_token);
    }
    put_span(&b, "total", c->at.start, c->at.end);
    say(k, "Measured:  %s; %llu bytes in, connecting included", b.p ? b.p : "nothing", (unsigned long long)c->bytes_in);
    if (k->n_tokens > 1 && k->sum.completion_tokens > 0 && streamed)
        say(k, "           tokens per event: %.3g", (double)k->sum.completion_tokens / (double)k->n_tokens);
    buf_free(&b);
}

/* Things that a run can live with, and its reports will lack. */
static void say_lacks(const struct checker *k)
{
    if (k->c.packed[0])
        say(k,
            "Note:      the answer came packed (Content-Encoding: %s) and was unpacked as it came: what the compressor "
            "holds back is part of the latencies",
            k->c.packed);
    if (k->s->opts->stream && k->stream.framing == API_WHOLE)
        say(k, "Note:      a stream was asked for, and one whole answer came: there is no TTFT and no ITL");
    if (!(k->flags & API_USAGE))
        say(k, "Note:      no token counts came: %s",
            k->s->count ? "the tokenizer counts instead" : "words would be counted instead");
    if (k->s->ops->has_terminal && k->stream.framing != API_WHOLE && !k->terminal && !(k->flags & API_FINISH))
        say(k, "Note:      the stream ended without a terminal event and without a finish reason: a run would count it "
               "as truncated");
    if (k->sum.completion_tokens == 1)
        say(k, "Note:      one token says little; raise --max-tokens, or use --ignore-eos");
}

static void say_all(struct checker *k, bool answered)
{
    const struct call *c = &k->c;
    bool plain = k->s->ops->plain;
    if (c->has_wire || c->at.sent_last)
        say_connection(k);
    if (c->status) {
        say_answer_head(k);
        read_answer(k);
    }
    if (!answered || (c->status / 100 != 2 && !plain))
        return;
    say(k, "%s", "");
    if (!plain)
        say_decoded(k);
    say_measured(k);
    if (!plain)
        say_lacks(k);
}

int check_ask(const struct check *s, struct probe *p, struct err *why)
{
    struct checker k = {.s = s};
    buf_init(&k.body, 256u << 20);
    buf_init(&k.text, 16u << 20);
    buf_init(&k.last, 65536);
    for (size_t i = 0; i < ARRAY_LEN(k.of); i++)
        buf_init(&k.of[i], 16u << 20);
    api_event_clear(&k.sum);
    api_stream_init(&k.stream, 4u << 20, on_event, NULL, &k);
    api_stream_reset(&k.stream, s->ops, s->opts->stream);
    k.c = (struct call){.method = s->target->method ? s->target->method : "POST",
                        .own = s->sample->extra,
                        .timeout = s->timeout,
                        .keep_pieces = true,
                        .max_reply = 64u << 20};
    int rc = probe_render(s->ops, s->opts, s->sample, &k.body, why);
    if (rc == 0) {
        k.c.body = buf_str(&k.body);
        say_request(&k, NULL);
        rc = call_do(s->target, &k.c, why);
        api_stream_reset(&k.stream, s->ops, s->opts->stream);
        api_stream_headers(&k.stream, buf_str(&k.c.headers));
        api_stream_begin(&k.stream);
        say_all(&k, rc == 0);
        if (rc == 0)
            rc = probe_judge(s->target, s->ops, s->opts, &k.c, p, why);
        call_free(&k.c);
    }
    buf_free(&k.body);
    buf_free(&k.text);
    buf_free(&k.last);
    for (size_t i = 0; i < ARRAY_LEN(k.of); i++)
        buf_free(&k.of[i]);
    api_stream_free(&k.stream);
    api_memo_free(&k.memo);
    return rc;
}

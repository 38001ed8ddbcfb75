/* response.c - from the bytes of a response to token events and an outcome. */
#include "engine/engine_private.h"

#include "api/api_custom.h"
#include "base/jscan.h"
#include "engine/redirect.h"

static struct req *req_of(struct hx *x)
{
    return CONTAINER_OF(x, struct req, x);
}

static int on_event(void *arg, struct str type, struct str data);
static void on_comment(void *arg, struct str text);

void response_reset(struct req *r)
{
    const struct api *a = r->w->e->o.api;
    r->mode = MODE_NONE;
    if (!r->stream.cb) {
        api_stream_init(&r->stream, MAX_EVENT, on_event, r->w->e->o.header_metrics ? on_comment : NULL, r);
        coding_init(&r->coding, &r->w->unpack_buf, MAX_UNPACKED);
    } else {
        coding_reset(&r->coding);
    }
    api_stream_reset(&r->stream, a->ops, a->stream);
    api_memo_reset(&r->memo);
    buf_clear(&r->doc);
    buf_clear(&r->head_lines);
    buf_clear(&r->redirect);
    buf_clear(&r->answer);
    buf_clear(&r->whole);
    buf_clear(&r->said);
    buf_clear(&r->next_page);
    for (int k = 0; k < REC_RAW_PROMPT; k++)
        buf_clear(&r->raw[k]);
    r->together.n = 0;
    r->tokens = 0;
    r->heard = 0;
    r->left = false;
    r->terminal = r->finished = r->error = r->bad = r->too_big = r->in_word = r->has_document = false;
    r->plain = r->uncounted = false;
}

static bool is_json(struct str content_type)
{
    ptrdiff_t end = str_chr(content_type, ';');
    struct str type = str_trim(end < 0 ? content_type : str_sub(content_type, 0, (size_t)end));
    return str_ieq(type, STR("application/json")) || str_ends(type, STR("+json"));
}

/* Of an answer whose tokens are not looked for. */
static enum req_mode plain_mode(const struct req *r, struct str content_type)
{
    return r->w->e->o.api->counts && is_json(content_type) ? MODE_COUNTS : MODE_PLAIN;
}

static int on_status(struct hx *x, int status)
{
    struct req *r = req_of(x);
    r->heard = loop_now(r->w->loop);
    r->rec->status = status;
    r->mode = status < 200 || status > 299 ? MODE_ERROR : r->w->e->o.api->ops->plain ? MODE_PLAIN : MODE_DOCUMENT;
    return 0;
}

/* The last one counts. */
static void keep_metric(struct req *r, struct str name, int64_t value)
{
    const char *const *names = r->w->e->o.header_metrics;
    for (uint32_t i = 0; i < HEADER_METRICS_MAX && names[i]; i++) {
        if (!str_ieq(name, str_of(names[i])))
            continue;
        r->rec->metrics |= 1U << i;
        r->rec->metric[i] = value;
    }
}

static void take_metric(struct req *r, struct str name, struct str value)
{
    keep_metric(r, name, header_metric_parse(value));
}

/* Numbers that stand in the answer itself. */
static void take_figures(struct req *r, const struct api_event *ev)
{
    struct js s;
    struct str key;
    double v;
    js_init(&s, ev->figures);
    if (!js_enter(&s, '{'))
        return;
    while (js_key(&s, &key)) {
        if (js_peek(&s) != JS_NUM)
            js_skip(&s, NULL);
        else if (js_f64(&s, &v) == 0)
            keep_metric(r, key, header_metric_of(ev->figures_ns && str_ends(key, STR("_duration")) ? v / 1e6 : v));
    }
}

static int on_trailer(struct hx *x, struct str name, struct str value)
{
    struct req *r = req_of(x);
    if (r->w->e->o.header_metrics)
        take_metric(r, name, value);
    return 0;
}

/* "x-tokens-per-second=51.2" */
static void on_comment(void *arg, struct str text)
{
    ptrdiff_t eq = str_chr(text, '=');
    if (eq > 0)
        take_metric(arg, str_trim(str_sub(text, 0, (size_t)eq)), str_trim(str_sub(text, (size_t)eq + 1, text.n)));
}

static struct str path_of(const struct req *r)
{
    const struct plan_extra *own = r->item.what->extra;
    return own && own->path.n ? own->path : str_of(r->w->e->o.targets[r->rec->endpoint].path);
}

/* Of an error's headers (with --save-http, of any answer's), without secrets. */
static void keep_line(struct req *r, struct str name, struct str value)
{
    if (r->head_lines.n + name.n + value.n + 3 >= MAX_ERROR_HEADERS)
        return;
    buf_adds(&r->head_lines, name);
    buf_addz(&r->head_lines, ": ");
    bool redirects = str_ieq(name, STR("location")) && r->rec->status >= 300 && r->rec->status < 400;
    if (redirects)
        redirect_location(&r->head_lines, value);
    else
        buf_adds(&r->head_lines, auth_is_secret_header(name) ? STR("[redacted]") : value);
    buf_addc(&r->head_lines, '\n');
    if (redirects && r->redirect.n == 0)
        redirect_text(&r->redirect, &r->w->e->o.targets[r->rec->endpoint], path_of(r), value);
}

/* "x-next-token=TOKEN", of what a container may say through SageMaker. */
static void take_page(struct req *r, struct str name, struct str value)
{
    static const struct str key = {"x-next-token=", sizeof "x-next-token=" - 1};
    if (!str_ieq(name, STR("x-amzn-sagemaker-custom-attributes")) || !str_istarts(value, key))
        return;
    buf_clear(&r->next_page);
    buf_adds(&r->next_page, str_trim(str_sub(value, key.n, value.n)));
}

static int on_header(struct hx *x, struct str name, struct str value)
{
    struct req *r = req_of(x);
    if (UNLIKELY(r->w->e->o.pages))
        take_page(r, name, value);
    if (UNLIKELY(r->w->e->o.header_metrics != NULL))
        take_metric(r, name, value);
    api_stream_header(&r->stream, name, value);
    if ((r->mode == MODE_PLAIN || r->mode == MODE_COUNTS) && str_ieq(name, STR("content-type")))
        r->mode = plain_mode(r, value);
    if (str_ieq(name, STR("x-request-id")) || str_ieq(name, STR("request-id")) ||
        str_ieq(name, STR("x-amzn-requestid"))) {
        size_t n = MIN(value.n, sizeof r->rec->request_id - 1);
        memcpy(r->rec->request_id, value.p, n);
        r->rec->request_id[n] = 0;
    } else if (str_ieq(name, STR("content-encoding")) && (!r->w->e->o.api->ops->plain || r->mode == MODE_ERROR)) {
        coding_header(&r->coding, value);
    }
    if (r->mode == MODE_ERROR || r->w->e->o.save_http)
        keep_line(r, name, value);
    return 0;
}

static int on_headers_done(struct hx *x)
{
    struct req *r = req_of(x);
    enum api_framing framing = r->mode == MODE_DOCUMENT ? api_stream_begin(&r->stream) : API_WHOLE;
    if (framing == API_BYTES) {
        r->mode = MODE_PLAIN;
    } else if (framing != API_WHOLE) {
        r->mode = MODE_STREAM;
        r->rec->flags |= REC_STREAMED;
    }
    r->rec->encoding = coding_name(&r->coding);
    return r->coding.refused && r->mode != MODE_ERROR ? -1 : 0;
}

/* shared: the read brought more behind them, in another segment. */
static void commit_together(struct req *r, bool shared)
{
    struct together *t = &r->together;
    for (unsigned i = 0; i < t->n; i++) {
        const struct rec_event ev = {t->at, shared ? t->width : 0, t->ev[i].bytes, t->ev[i].cumulative};
        if (rec_add_event(&r->w->slab, r->rec, &ev) < 0)
            r->too_big = true;
    }
    t->n = 0;
}

static void set_error_detail(struct req *r, struct str raw)
{
    size_t n = MIN(raw.n, (size_t)MAX_ERROR_BODY);
    if (r->mode != MODE_DOCUMENT) {
        buf_clear(&r->doc);
        buf_add(&r->doc, raw.p, n);
    } else if (n > 0) { /* part of the document itself */
        memmove(r->doc.p, raw.p, n);
        r->doc.n = n;
        r->doc.p[n] = 0;
    }
}

static void take_usage(const struct req *r, const struct api_event *ev)
{
    struct record *rec = r->rec;
    bool own = ev->own_counts || r->w->e->o.api->ops->own_counts;
    if (own && rec->token_source == TOKENS_USAGE) /* which is trusted more */
        return;
    rec->token_source = own ? TOKENS_SERVER : TOKENS_USAGE;
    if (ev->prompt_tokens >= 0)
        rec->tokens_in = ev->prompt_tokens;
    if (ev->completion_tokens >= 0)
        rec->tokens_out = ev->completion_tokens;
    if (ev->cached_tokens >= 0)
        rec->tokens_cached = ev->cached_tokens;
    if (ev->reasoning_tokens >= 0)
        rec->tokens_reasoning = ev->reasoning_tokens;
}

static enum finish_reason finish_of(enum api_finish f)
{
    static const enum finish_reason map[] = {
        [API_FIN_NONE] = FINISH_NONE, [API_FIN_STOP] = FINISH_STOP,     [API_FIN_LENGTH] = FINISH_LENGTH,
        [API_FIN_TOOL] = FINISH_TOOL, [API_FIN_FILTER] = FINISH_FILTER, [API_FIN_OTHER] = FINISH_OTHER,
    };
    return map[f];
}

/* FNV-1a: the same wherever the text is cut. */
static uint64_t hash_on(uint64_t h, struct str s)
{
    if (h == 0)
        h = 14695981039346656037U;
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 1099511628211U;
    return h;
}

/* What an event and a document have in common. */
static void take_facts(struct req *r, const struct api_event *ev)
{
    struct record *rec = r->rec;
    if (ev->flags & API_USAGE)
        take_usage(r, ev);
    if (ev->flags & API_FINISH) {
        r->finished = true;
        rec->finish = finish_of(ev->finish);
    }
    size_t seen = 0;
    for (unsigned i = 0; i < ev->n_texts; i++) {
        rec->words += (ev->plain ? api_count_plain_words : api_count_words)(ev->text[i], &r->in_word);
        rec->text_hash = hash_on(rec->text_hash, ev->text[i]);
        if (r->w->e->o.save_text)
            buf_adds(&r->answer, ev->text[i]);
        if (r->w->e->o.count_text)
            texts_keep(r, ev->text[i], ev->text_flag[i]);
        if (r->session && ev->text_flag[i] == API_CONTENT && ev->plain)
            json_escape(&r->said, ev->text[i]);
        else if (r->session && ev->text_flag[i] == API_CONTENT)
            buf_adds(&r->said, ev->text[i]);
        seen += ev->text[i].n;
    }
    if (r->session && seen < ev->text_bytes) /* an event of more texts than there is room for: not known whole */
        r->said.failed = true;
    if (r->w->e->o.count_text && seen < ev->text_bytes)
        texts_forget(r);
    rec->text_bytes += ev->text_bytes;
    r->plain |= ev->plain;
    if (UNLIKELY(ev->figures.n > 0 && r->w->e->o.header_metrics))
        take_figures(r, ev);
    if (ev->flags & API_ERROR) { /* last: of a document it moves the bytes that the texts borrow */
        r->error = true;
        set_error_detail(r, ev->error);
    }
}

static void take_token(struct req *r, const struct api_event *ev)
{
    struct record *rec = r->rec;
    /* One segment that is read in parts has one stamp, but each read converts it anew: a few ns must not turn back. */
    int64_t at = MAX(since_epoch(r->w, r->rx->stamp), MAX(rec->first_byte, rec->last_token));
    if (!rec->first_token)
        rec->first_token = at;
    if (!rec->first_output && (ev->flags & (API_CONTENT | API_TOOL)))
        rec->first_output = at;
    rec->last_token = at;
    struct together *t = &r->together;
    t->at = at;
    t->width = r->rx->stamp - r->rx->since;
    t->piece = r->piece;
    t->ev[t->n].bytes = ev->text_bytes;
    t->ev[t->n++].cumulative = ev->flags & API_USAGE ? ev->completion_tokens : -1;
    r->w->client_rec.events++;
    if (!r->rx->kernel)
        hist_add(r->w->client_rec.lag_user, r->rx->user - loop_now(r->w->loop), 1);
    live_add(&r->w->live.tokens, 1);
    if (++r->tokens == r->item.leave_tokens)
        r->left = true;
}

static int on_event(void *arg, struct str type, struct str data)
{
    struct req *r = arg;
    struct api_event ev;
    if (r->terminal || r->left) /* nothing counts behind the dialect's last event */
        return 0;
    const struct api *a = r->w->e->o.api;
    enum api_rc rc = r->stream.framing == API_TEXT ? api_event_piece(data, &ev)
                     : a->custom                   ? api_custom_event(a->custom, type, data, &ev)
                                                   : api_memo_event(a->ops, &r->memo, type, data, &ev);
    if (rc < 0) {
        r->bad = true;
        set_error_detail(r, data);
        return -1;
    }
    if (ev.flags & API_TERMINAL)
        r->terminal = true;
    take_facts(r, &ev);
    if (!(ev.flags & API_TOKEN))
        return 0; /* finish, usage and terminal events stand right behind the last token: they do not blur it */
    /* Another token in the same read: of those before, the stamp is an upper bound, unless one segment brought all. In
     * one frame they came together, whatever comes behind it. */
    const struct together *t = &r->together;
    if (t->n > 0 && (!r->x.framed || t->piece != r->piece || t->n == ARRAY_LEN(t->ev)))
        commit_together(r, !hx_one_segment(&r->x));
    take_token(r, &ev);
    return 0;
}

static int on_piece(struct req *r, struct str piece)
{
    if (r->stream.framing == API_LINES)
        r->last_rx = *r->rx;
    switch (api_stream_feed(&r->stream, piece)) {
    case API_STREAM_E_TOOBIG:
        r->too_big = true;
        break;
    case API_STREAM_E_FRAME:
        r->bad = true;
        set_error_detail(r, buf_str(&r->stream.why));
        break;
    case API_STREAM_E_FAILED:
        r->error = true;
        set_error_detail(r, buf_str(&r->stream.why));
        break;
    case API_STREAM_OK:
    case API_STREAM_E_STOPPED:
        break;
    }
    return r->too_big || r->bad || r->left ? -1 : 0;
}

/* The end of the body ends a line that lacks its own; it came with the last piece. */
static void end_stream(struct req *r)
{
    r->rx = &r->last_rx;
    api_stream_end(&r->stream);
}

/* A piece of the body, unpacked. */
static int take_body(struct req *r, struct str piece)
{
    if (UNLIKELY(r->w->e->o.save_http))
        texts_keep_http(r, piece);
    if (r->mode == MODE_STREAM)
        return on_piece(r, piece);
    if (r->mode == MODE_PLAIN) /* counted, not read */
        return 0;
    if (r->mode == MODE_COUNTS) { /* what is longer is cut, and then tells nothing */
        buf_add(&r->doc, piece.p, MIN(piece.n, MAX_DOCUMENT - r->doc.n));
        return 0;
    }
    size_t ceiling = r->mode == MODE_ERROR ? MAX_ERROR_BODY : MAX_DOCUMENT;
    size_t n = MIN(piece.n, ceiling - r->doc.n);
    buf_add(&r->doc, piece.p, n);
    if (n < piece.n && r->mode == MODE_DOCUMENT) {
        r->too_big = true;
        return -1;
    }
    if (r->mode == MODE_DOCUMENT)
        r->rec->last_token = since_epoch(r->w, r->rx->stamp); /* an answer in one piece: its end is its last token */
    return 0;
}

/* What one piece makes readable came with it, all of it. */
static int take_packed(struct req *r, struct str piece)
{
    struct str out;
    enum unpack_rc rc = UNPACK_MORE;
    if (r->mode == MODE_ERROR && r->doc.n >= MAX_ERROR_BODY)
        return 0;
    while ((rc = coding_step(&r->coding, &piece, &out)) == UNPACK_PIECE) {
        if (take_body(r, out) < 0)
            return -1;
        if (r->mode == MODE_ERROR && r->doc.n >= MAX_ERROR_BODY)
            return 0;
    }
    if (rc == UNPACK_MORE || r->mode == MODE_ERROR)
        return 0;
    r->too_big = rc == UNPACK_LIMIT;
    return -1;
}

static int on_body(struct hx *x, struct str piece, const struct rx *rx)
{
    struct req *r = req_of(x);
    if (!r->rec->first_byte)
        r->rec->first_byte = since_epoch(r->w, rx->stamp);
    r->rx = rx;
    r->heard = rx->user;
    r->piece++;
    if (UNLIKELY(r->coding.kind != UNPACK_NONE))
        return take_packed(r, piece);
    return r->coding.refused ? 0 : take_body(r, piece);
}

static void on_read_end(struct hx *x, const struct rx *rx, bool followed)
{
    struct req *r = req_of(x);
    struct worker *w = r->w;
    commit_together(r, followed && r->together.n > 0 && !hx_one_segment(x));
    if (rx->kernel && rx->user != w->lag_of) { /* several requests may share a read */
        w->lag_of = rx->user;
        hist_add(w->client_rec.lag, rx->user - rx->stamp, 1);
    }
}

void response_settle(struct req *r)
{
    commit_together(r, false);
    struct record *rec = r->rec;
    rec->text_hash &= ((uint64_t)1 << 53) - 1; /* what every reader of JSON keeps */
    if (r->uncounted)
        rec->flags |= REC_UNCOUNTED;
    if (r->w->e->o.count_text)
        return;
    if (rec->tokens_out < 0 && rec->words > 0) {
        rec->token_source = TOKENS_WORDS;
        rec->tokens_out = (int64_t)rec->words;
    }
    if ((rec->flags & REC_NO_TEXT) && rec->tokens_in < 0 && rec->outcome == OUT_OK)
        rec->token_source = TOKENS_WORDS;
    if (rec->tokens_in < 0 && rec->token_source == TOKENS_WORDS && r->item.what->n_msgs > 0)
        rec->tokens_in = r->item.what->words;
}

static enum outcome connect_outcome(enum stream_rc rc)
{
    switch (rc) {
    case STREAM_REFUSED:
        return OUT_REFUSED;
    case STREAM_TLS:
        return OUT_TLS;
    case STREAM_PROXY:
        return OUT_PROXY;
    case STREAM_NOFILES:
        return OUT_NO_FILES;
    case STREAM_NOPORTS:
        return OUT_NO_PORTS;
    case STREAM_RESET:
    case STREAM_EOF:
        return OUT_RESET;
    default:
        return OUT_UNREACHABLE;
    }
}

static enum outcome document_outcome(struct req *r)
{
    struct api_event ev;
    const struct api *a = r->w->e->o.api;
    struct str doc = buf_str(&r->doc);
    if ((a->custom ? api_custom_document(a->custom, doc, &ev) : a->ops->document(doc, &ev)) < 0)
        return OUT_BAD_FRAME;
    take_facts(r, &ev);
    r->has_document = true;
    if (!(ev.flags & (API_TOKEN | API_USAGE | API_RESULT)))
        r->rec->last_token = 0; /* an empty answer has no token */
    return r->error ? OUT_IN_STREAM_ERROR : OUT_OK;
}

/* An answer counts by its status; what it tells of tokens is taken where it can be read. */
static void take_counts(struct req *r)
{
    struct api_event ev;
    if (api_paths_find(r->w->e->o.api->counts, buf_str(&r->doc), &ev) == API_OK && (ev.flags & API_USAGE))
        take_usage(r, &ev);
}

static enum outcome whole_outcome(struct req *r)
{
    switch (r->mode) {
    case MODE_STREAM:
        if (r->error)
            return OUT_IN_STREAM_ERROR;
        if (r->bad)
            return OUT_BAD_FRAME;
        if (!r->terminal && !(coding_whole(&r->coding) && api_stream_whole(&r->stream)))
            return OUT_TRUNCATED;
        /* A few servers end without the dialect's last event; a finish reason and a proper end of the body say as much.
         */
        if (!r->w->e->o.api->custom && !r->w->e->o.api->ops->has_terminal) /* its end is that of the body */
            return OUT_OK;
        return r->terminal || r->finished || !api_must_end(r->w->e->o.api) ? OUT_OK : OUT_TRUNCATED;
    case MODE_DOCUMENT:
        return coding_whole(&r->coding) ? document_outcome(r) : OUT_TRUNCATED;
    case MODE_COUNTS:
        take_counts(r);
        return OUT_OK;
    case MODE_PLAIN:
        return OUT_OK;
    default:
        return OUT_HTTP;
    }
}

static enum outcome outcome_of(struct req *r)
{
    const struct hx *x = &r->x;
    switch (x->result) {
    case HX_OK:
        return whole_outcome(r);
    case HX_CONNECT:
        return connect_outcome(x->rc);
    case HX_RESET:
        return x->rc == STREAM_TLS ? OUT_TLS : OUT_RESET;
    case HX_TRUNCATED:
        if (r->error)
            return OUT_IN_STREAM_ERROR;
        if (r->mode == MODE_STREAM && r->terminal)
            return OUT_OK;
        if (r->mode == MODE_ERROR)
            return OUT_HTTP;
        return x->rc == STREAM_RESET ? OUT_RESET : x->rc == STREAM_TLS ? OUT_TLS : OUT_TRUNCATED;
    case HX_TOOBIG:
        return OUT_TOO_BIG;
    case HX_STOPPED:
        return r->left && !r->error ? OUT_CANCELLED
               : r->too_big         ? OUT_TOO_BIG
               : r->error           ? OUT_IN_STREAM_ERROR
                                    : OUT_BAD_FRAME;
    default:
        return OUT_BAD_FRAME;
    }
}

static void on_done(struct hx *x)
{
    struct req *r = req_of(x);
    if (x->result == HX_OK && r->mode == MODE_STREAM && r->stream.framing == API_LINES)
        end_stream(r);
    commit_together(r, false);
    enum outcome o = outcome_of(r);
    if (o == OUT_NO_FILES || o == OUT_NO_PORTS)
        r->w->exhausted++;
    const char *detail = r->coding.why[0] ? r->coding.why : x->detail;
    if (o == OUT_HTTP && r->redirect.n > 0) {
        target_redact(&r->w->e->o.targets[r->rec->endpoint], r->redirect.p, r->redirect.n);
        detail = r->redirect.p;
    }
    struct signer *signer = r->w->e->o.targets[r->rec->endpoint].signer;
    if (o == OUT_HTTP && signer)
        signer_refused(signer, r->rec->status, buf_str(&r->head_lines), buf_str(&r->doc));
    req_finish(r, o, detail);
}

const struct hx_ops response_ops = {
    .status = on_status,
    .header = on_header,
    .headers_done = on_headers_done,
    .body = on_body,
    .trailer = on_trailer,
    .read_end = on_read_end,
    .done = on_done,
};

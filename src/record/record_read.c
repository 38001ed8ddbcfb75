#include "base/base64.h"
#include "base/file.h"
#include "base/xalloc.h"
#include "record/record_read_private.h"

/* One reader per file. The slab and the vectors are reused from line to line, so memory follows the longest line. */
#define BLOCKS_MAX ((size_t)1 << 22)
#define TEXT_MAX ((size_t)1 << 20)        /* of a name or a detail */
#define LONG_MAX_BYTES ((size_t)64 << 20) /* of a prompt or an answer: what the writer keeps */

static int read_run(struct reader *r)
{
    struct rec_run run = {0};
    if (rr_plain(r, &rec_run_fields, &run) != 0)
        return -1;
    if (r->sink->run)
        r->sink->run(r->arg, &run);
    return 0;
}

static int read_endpoint(struct reader *r)
{
    struct rec_endpoint p = {0};
    if (rr_plain(r, &rec_endpoint_fields, &p) != 0)
        return -1;
    if (p.endpoint >= REC_ENDPOINTS_MAX)
        return rr_wrong(r, "is out of range", "endpoint");
    if (r->sink->endpoint)
        r->sink->endpoint(r->arg, &p);
    return 0;
}

static int read_metric(struct reader *r)
{
    struct rec_metric m = {0};
    if (rr_plain(r, &rec_metric_fields, &m) != 0)
        return -1;
    if (m.metric >= HEADER_METRICS_MAX)
        return rr_wrong(r, "is out of range", "metric");
    if (header_metric_check_name(m.name, NULL) < 0)
        return rr_wrong(r, "is not the name of a header", "name");
    memcpy(r->metric[m.metric], m.name, sizeof m.name);
    if (r->sink->metric)
        r->sink->metric(r->arg, &m);
    return 0;
}

static int read_level(struct reader *r)
{
    struct rec_level l = {0};
    if (rr_plain(r, &rec_level_fields, &l) != 0)
        return -1;
    if (!(l.rate >= 0 && l.rate <= 1e12))
        return rr_wrong(r, "is out of range", "rate");
    if (r->sink->level)
        r->sink->level(r->arg, &l);
    return 0;
}

static int read_note(struct reader *r)
{
    struct rec_note n = {0};
    if (rr_plain(r, &rec_note_fields, &n) != 0)
        return -1;
    if (r->sink->note)
        r->sink->note(r->arg, &n);
    return 0;
}

static int read_client(struct reader *r)
{
    struct rec_client c = {.steal = -1, .lag = hist_new(), .lag_user = hist_new()};
    struct str key;
    size_t next = 0;
    int rc = 0;
    while (rc == 0 && js_key(&r->js, &key)) {
        int hit = rr_fields(r, &rec_client_fields, &next, key, &c);
        if (hit < 0)
            rc = -1;
        else if (hit == 0 && str_eqz(key, "lag"))
            rc = rr_hist(r, c.lag);
        else if (hit == 0 && str_eqz(key, "lag_user"))
            rc = rr_hist(r, c.lag_user);
        else if (hit == 0)
            rc = js_skip(&r->js, NULL);
    }
    if (!rr_line_ok(r))
        rc = -1;
    if (rc == 0 && r->sink->client)
        r->sink->client(r->arg, &c);
    hist_free(&c.lag);
    hist_free(&c.lag_user);
    return rc;
}

static int read_word(struct reader *r, struct str key, struct record *q)
{
    struct str raw;
    if (js_string(&r->js, &raw) != 0)
        return -1;
    if (str_eqz(key, "outcome")) {
        int status;
        if (outcome_parse(raw, &q->outcome, &status) != 0)
            return rr_wrong(r, "is unknown to this version of weir", "outcome");
        return 0;
    }
    if (str_eqz(key, "detail")) {
        buf_clear(&r->detail);
        char *room = buf_room(&r->detail, raw.n + 1);
        if (room)
            buf_wrote(&r->detail, js_decode(raw, room));
        q->detail = buf_str(&r->detail);
        return 0;
    }
    if (str_eqz(key, "finish")) {
        q->finish = FINISH_OTHER;
        for (int i = 0; i <= FINISH_OTHER; i++)
            if (str_eqz(raw, finish_reason_name((enum finish_reason)i)))
                q->finish = (enum finish_reason)i;
        return 0;
    }
    for (int i = 0; i <= TOKENS_WORDS; i++)
        if (str_eqz(raw, token_source_name((enum token_source)i)))
            q->token_source = (enum token_source)i;
    return 0;
}

static int read_long(struct reader *r, struct buf *out)
{
    struct str raw;
    if (js_string(&r->js, &raw) != 0)
        return -1;
    buf_clear(out);
    char *room = buf_room(out, raw.n + 1);
    if (!room)
        return rr_wrong(r, "is too long", "text");
    buf_wrote(out, js_decode(raw, room));
    return 0;
}

static int read_base64(struct reader *r, struct buf *out)
{
    struct str raw;
    buf_clear(out);
    if (js_string(&r->js, &raw) != 0)
        return -1;
    char *room = buf_room(out, raw.n + 1);
    int n = room ? base64_decode(raw, room) : -1;
    if (n < 0)
        return rr_wrong(r, "is no base64, or is too long", "body_base64");
    buf_wrote(out, (size_t)n);
    return 0;
}

/* --save-http */
static int read_http(struct reader *r, struct str key)
{
    r->http = true;
    if (str_eqz(key, "body_base64"))
        return read_base64(r, &r->body);
    if (str_eqz(key, "body_cut"))
        return js_bool(&r->js, &r->cut);
    return read_long(r, str_eqz(key, "body") ? &r->body : str_eqz(key, "response_headers") ? &r->headers : &r->head);
}

/* {"X-TTFT-MS": 12.5, "x-other": false}: false for what was no number; names that the run did not list are skipped. */
static int read_metrics(struct reader *r, struct record *q)
{
    struct js *s = &r->js;
    struct str key;
    bool yes;
    if (!js_enter(s, '{'))
        return -1;
    while (js_key(s, &key)) {
        uint32_t i = 0;
        double v = -1;
        while (i < HEADER_METRICS_MAX && !(r->metric[i][0] && str_eqz(key, r->metric[i])))
            i++;
        if (i == HEADER_METRICS_MAX ? js_skip(s, NULL) != 0
            : js_peek(s) == JS_NUM  ? js_f64(s, &v) != 0
                                    : js_bool(s, &yes) != 0)
            return -1;
        if (i == HEADER_METRICS_MAX)
            continue;
        q->metrics |= 1U << i;
        q->metric[i] = header_metric_of(v);
    }
    return rr_line_ok(r) ? 0 : -1;
}

static int read_other(struct reader *r, struct str key, struct record *q)
{
    static const char *const words[] = {"outcome", "detail", "finish", "token_source"};
    if (str_eqz(key, "dt"))
        return rr_ints(r, "dt", -REC_NS_MAX, REC_NS_MAX, &r->dt);
    if (str_eqz(key, "len"))
        return rr_ints(r, "len", 0, UINT32_MAX, &r->len);
    if (str_eqz(key, "cum"))
        return rr_ints(r, "cum", -1, REC_COUNT_MAX, &r->cum);
    if (str_eqz(key, "width"))
        return rr_pairs(r, "width", UINT32_MAX, &r->width);
    if (str_eqz(key, "metrics"))
        return read_metrics(r, q);
    if (r->sink->texts && str_eqz(key, "prompt"))
        return read_long(r, &r->prompt);
    if (r->sink->texts && str_eqz(key, "answer"))
        return read_long(r, &r->answer);
    static const char *const http[] = {"request_head", "response_headers", "body", "body_base64", "body_cut"};
    for (size_t i = 0; r->sink->texts && i < ARRAY_LEN(http); i++)
        if (str_eqz(key, http[i]))
            return read_http(r, key);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_eqz(key, words[i]))
            return read_word(r, key, q);
    return js_skip(&r->js, NULL);
}

static void make_text(struct reader *r, struct record *q)
{
    const struct buf *parts[] = {&r->prompt, &r->answer, &r->headers, &r->head, &r->body};
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        n += parts[i]->n;
    if (n == 0 && !r->http)
        return;
    struct rec_text *t = q->text = xcalloc(1, sizeof *q->text + n);
    t->n_prompt = r->prompt.n;
    t->n_answer = r->answer.n;
    t->n_headers = r->headers.n;
    t->http = r->http;
    t->cut = r->cut;
    t->http_at = t->n_prompt + t->n_answer + t->n_headers;
    t->n_request = r->head.n;
    t->n_whole = r->body.n;
    char *p = t->bytes;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        p = parts[i]->n ? mempcpy(p, parts[i]->p, parts[i]->n) : p;
}

static int make_events(struct reader *r, struct record *q)
{
    size_t n = r->dt.n;
    if (r->len.n != n || (r->cum.n && r->cum.n != n))
        return rr_wrong(r, "has another length than \"len\" or \"cum\"", "dt");
    if (n && q->first_token == 0)
        return rr_wrong(r, "is there, but \"first_token\" is not", "dt");
    int64_t at = q->first_token;
    size_t w = 0;
    for (size_t i = 0; i < n; i++) {
        /* Both terms are at most 2^62 in size. */
        at += r->dt.v[i];
        if (at < 0 || at > REC_NS_MAX)
            return rr_wrong(r, "leaves the range of instants", "dt");
        struct rec_event ev = {.at = at, .bytes = (uint32_t)r->len.v[i], .cumulative = r->cum.n ? r->cum.v[i] : -1};
        if (w < r->width.n && (size_t)r->width.v[w] == i) {
            ev.width = r->width.v[w + 1];
            w += 2;
        }
        if (rec_add_event(&r->slab, q, &ev) != 0)
            return rr_wrong(r, "has too many elements", "dt");
    }
    return w == r->width.n ? 0 : rr_wrong(r, "is not in rising order within \"dt\"", "width");
}

static int check_counts(struct reader *r, const struct record *q)
{
    const int64_t counts[] = {q->tokens_in,        q->tokens_out, q->tokens_cached,
                              q->tokens_reasoning, q->counted_in, q->counted_out};
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        if (counts[i] > REC_COUNT_MAX)
            return rr_wrong(r, "is out of range", "tokens");
    return 0;
}

static int read_request(struct reader *r)
{
    struct record *q = rec_new(&r->slab);
    struct str key;
    size_t next = 0;
    int rc = 0;
    r->dt.n = r->len.n = r->width.n = r->cum.n = 0;
    buf_clear(&r->prompt);
    buf_clear(&r->answer);
    buf_clear(&r->head);
    buf_clear(&r->headers);
    buf_clear(&r->body);
    r->http = r->cut = false;
    q->outcome = OUT_COUNT;
    while (rc == 0 && js_key(&r->js, &key)) {
        int hit = rr_fields(r, &rec_request_fields, &next, key, q);
        rc = hit < 0 ? -1 : hit == 0 ? read_other(r, key, q) : 0;
    }
    if (!rr_line_ok(r))
        rc = -1;
    if (rc == 0 && q->outcome == OUT_COUNT)
        rc = rr_wrong(r, "is missing", "outcome");
    if (rc == 0)
        rc = check_counts(r, q);
    if (rc == 0)
        rc = make_events(r, q);
    if (rc == 0)
        make_text(r, q);
    if (rc == 0 && r->sink->request)
        r->sink->request(r->arg, q);
    free(q->text);
    q->text = NULL;
    rec_recycle(&r->slab, q);
    return rc;
}

/* The schema stands second in the first line. */
static bool schema_ok(struct str line)
{
    struct str raw;
    return js_path(line, "schema", &raw) == 0 && raw.n >= 2 && str_eqz(str_sub(raw, 1, raw.n - 2), REC_SCHEMA);
}

/* The type is the first member of every line. */
static int read_line(struct reader *r, struct str line, bool first, bool *request)
{
    struct str key, type;
    r->wrong = NULL;
    *request = false;
    js_init(&r->js, line);
    if (!js_enter(&r->js, '{') || !js_key(&r->js, &key))
        return -1;
    if (!str_eqz(key, "type"))
        return rr_wrong(r, "must be the first member of a line", "type");
    if (js_string(&r->js, &type) != 0)
        return -1;
    if (first && (!str_eqz(type, "run") || !schema_ok(line)))
        return rr_wrong(r, "is not \"" REC_SCHEMA "\": not a file of weir's records, or one of another version",
                        "schema");
    int rc;
    if (str_eqz(type, "request"))
        rc = read_request(r);
    else if (str_eqz(type, "level"))
        rc = read_level(r);
    else if (str_eqz(type, "client"))
        rc = read_client(r);
    else if (str_eqz(type, "run"))
        rc = read_run(r);
    else if (str_eqz(type, "endpoint"))
        rc = read_endpoint(r);
    else if (str_eqz(type, "metric"))
        rc = read_metric(r);
    else if (str_eqz(type, "note"))
        rc = read_note(r);
    else
        rc = rr_plain(r, &(struct field_table){NULL, 0}, NULL);
    *request = rc == 0 && str_eqz(type, "request");
    return rc == 0 && js_done(&r->js) ? 0 : -1;
}

static int fail(const struct reader *r, const char *name, uint64_t line, struct err *e)
{
    const char *what = r->wrong ? r->wrong : r->js.what ? r->js.what : "not a line of records";
    err_set(e, ERR_DATA, "%s:%llu: %s", name, (unsigned long long)line, what);
    if (e)
        e->line = (size_t)line;
    return -1;
}

int rec_read_text(struct str text, const char *name, const struct rec_sink *sink, void *arg, struct rec_read_stats *st,
                  struct err *e)
{
    struct reader *r = xcalloc(1, sizeof *r);
    r->sink = sink;
    r->arg = arg;
    rec_slab_init(&r->slab, BLOCKS_MAX);
    buf_init(&r->detail, TEXT_MAX);
    buf_init(&r->prompt, LONG_MAX_BYTES);
    buf_init(&r->answer, LONG_MAX_BYTES);
    buf_init(&r->head, LONG_MAX_BYTES);
    buf_init(&r->headers, LONG_MAX_BYTES);
    buf_init(&r->body, LONG_MAX_BYTES);
    *st = (struct rec_read_stats){0};
    int rc = 0;
    for (size_t at = 0; at < text.n;) {
        const char *nl = memchr(text.p + at, '\n', text.n - at);
        struct str line = {text.p + at, nl ? (size_t)(nl - text.p) - at : text.n - at};
        bool request;
        if (read_line(r, line, st->lines == 0, &request) != 0) {
            if (!nl && st->lines > 0) { /* where the writer was killed, or the disk full */
                st->cut = true;
                break;
            }
            rc = fail(r, name, st->lines + 1, e);
            break;
        }
        st->lines++;
        st->requests += request;
        at += line.n + (nl != NULL);
    }
    if (rc == 0 && st->lines == 0)
        rc = err_set(e, ERR_DATA, "%s: empty; a run writes its first line when its first level begins", name);
    rec_slab_free(&r->slab);
    buf_free(&r->detail);
    buf_free(&r->prompt);
    buf_free(&r->answer);
    buf_free(&r->head);
    buf_free(&r->headers);
    buf_free(&r->body);
    for (size_t i = 0; i < r->names.n; i++)
        free((void *)(uintptr_t)r->names.name[i].p);
    free(r->names.name);
    free(r->dt.v);
    free(r->len.v);
    free(r->width.v);
    free(r->cum.v);
    free(r);
    return rc;
}

int rec_read_file(const char *path, const struct rec_sink *sink, void *arg, struct rec_read_stats *st, struct err *e)
{
    struct file_map m;
    if (file_open_map(&m, path, SIZE_MAX, e) != 0)
        return -1;
    int rc = rec_read_text(m.text, path, sink, arg, st, e);
    file_close_map(&m);
    return rc;
}

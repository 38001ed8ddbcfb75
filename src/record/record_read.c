#include "base/file.h"
#include "base/jscan.h"
#include "base/xalloc.h"
#include "record/recfile.h"
#include "record/record_fields.h"
#include "stat/hist.h"

/* One reader per file. The slab and the vectors are reused from line to line, so memory follows the longest line. */
#define BLOCKS_MAX ((size_t)1 << 22)
#define TEXT_MAX ((size_t)1 << 20)        /* of a name or a detail */
#define LONG_MAX_BYTES ((size_t)64 << 20) /* of a prompt or an answer: what the writer keeps */
#define NAMES_MAX ((size_t)4096)
#define NAME_MAX_BYTES ((size_t)1536) /* of 255 characters, each escaped */
#define HIST_MID_MAX REC_NS_MAX

struct vec {
    int64_t *v;
    size_t n, cap;
};

/* Names that many records share (class, model): each is kept once, until the end of the file. */
struct names {
    struct str *name;
    size_t n, cap;
};

struct reader {
    const struct rec_sink *sink;
    void *arg;
    struct rec_slab slab;
    struct vec dt, len, width, cum;
    struct buf detail, prompt, answer;
    struct names names;
    char metric[HEADER_METRICS_MAX][HEADER_METRIC_NAME];
    struct js js;
    const char *wrong; /* what is wrong with the line, beside its JSON */
    char what[128];
};

static void vec_add(struct vec *x, int64_t v)
{
    if (x->n == x->cap) {
        x->cap = x->cap ? x->cap * 2 : 256;
        x->v = xreallocarray(x->v, x->cap, sizeof *x->v);
    }
    x->v[x->n++] = v;
}

static int wrong(struct reader *r, const char *fmt, const char *name)
{
    if (!r->wrong) {
        snprintf(r->what, sizeof r->what, "\"%.40s\" %s", name, fmt);
        r->wrong = r->what;
    }
    return -1;
}

static int get_i64(struct reader *r, const char *name, int64_t min, int64_t max, int64_t *out)
{
    if (js_i64(&r->js, out) != 0)
        return -1;
    return *out < min || *out > max ? wrong(r, "is out of range", name) : 0;
}

static int get_text(struct reader *r, const struct field *f, char *out)
{
    struct str raw;
    if (js_string(&r->js, &raw) != 0)
        return -1;
    buf_clear(&r->detail);
    char *room = buf_room(&r->detail, raw.n + 1);
    if (!room)
        return wrong(r, "is too long", f->name);
    size_t n = js_decode(raw, room);
    n = MIN(n, (size_t)f->arg - 1);
    memcpy(out, room, n);
    memset(out + n, 0, f->arg - n);
    return 0;
}

static int get_name(struct reader *r, const char *name, struct str *out)
{
    struct names *all = &r->names;
    struct str raw;
    char room[NAME_MAX_BYTES + 1];
    if (js_string(&r->js, &raw) != 0)
        return -1;
    if (raw.n > NAME_MAX_BYTES)
        return wrong(r, "is too long", name);
    struct str text = {room, js_decode(raw, room)};
    for (size_t i = all->n; i-- > 0;) {
        if (str_eq(all->name[i], text)) {
            *out = all->name[i];
            return 0;
        }
    }
    if (all->n == NAMES_MAX)
        return wrong(r, "has more different values than weir can tell apart", name);
    if (all->n == all->cap) {
        all->cap = all->cap ? all->cap * 2 : 16;
        all->name = xreallocarray(all->name, all->cap, sizeof *all->name);
    }
    all->name[all->n] = (struct str){xmemdup0(text.p, text.n), text.n};
    *out = all->name[all->n++];
    return 0;
}

static int get_member(struct reader *r, const struct field *f, char *base)
{
    void *p = base + f->at;
    int64_t v = 0;
    bool yes = false;
    struct str raw;
    switch (f->kind) {
    case F_INSTANT:
        return get_i64(r, f->name, 0, REC_NS_MAX, p);
    case F_COUNT:
        /* Steal is a duration: let it be as long as one. */
        return get_i64(r, f->name, -1, REC_NS_MAX, p) != 0 ? -1 : 0;
    case F_U64:
        if (get_i64(r, f->name, 0, REC_COUNT_MAX, &v) != 0)
            return -1;
        *(uint64_t *)p = (uint64_t)v;
        return 0;
    case F_SEED:
        if (js_peek(&r->js) != JS_NUM || js_skip(&r->js, &raw) != 0 || parse_u64(raw, p) != 0)
            return wrong(r, "is not a whole number", f->name);
        return 0;
    case F_U32:
        if (get_i64(r, f->name, 0, UINT32_MAX, &v) != 0)
            return -1;
        *(uint32_t *)p = (uint32_t)v;
        return 0;
    case F_I32:
        if (get_i64(r, f->name, INT32_MIN, INT32_MAX, &v) != 0)
            return -1;
        *(int *)p = (int)v;
        return 0;
    case F_F64:
        return js_f64(&r->js, p);
    case F_BOOL:
        return js_bool(&r->js, p);
    case F_FLAG:
        if (js_bool(&r->js, &yes) != 0)
            return -1;
        if (yes)
            *(uint32_t *)p |= f->arg;
        return 0;
    case F_TEXT:
        return get_text(r, f, p);
    case F_NAME:
        return get_name(r, f->name, p);
    }
    return -1;
}

/* 1: the member was one of the table; 0: not in it; -1: wrong. *next is where the search begins: members come in order.
 */
static int try_fields(struct reader *r, const struct field_table *t, size_t *next, struct str key, void *base)
{
    for (size_t i = 0; i < t->n; i++) {
        size_t k = *next + i < t->n ? *next + i : *next + i - t->n;
        if (!str_eqz(key, t->f[k].name))
            continue;
        *next = k + 1 < t->n ? k + 1 : 0;
        return get_member(r, &t->f[k], base) == 0 ? 1 : -1;
    }
    return 0;
}

static bool line_ok(const struct reader *r)
{
    return !r->js.bad && !r->wrong;
}

/* The line's object is entered by the caller and closed here. */
static int read_plain(struct reader *r, const struct field_table *t, void *base)
{
    struct str key;
    size_t next = 0;
    while (js_key(&r->js, &key)) {
        int rc = try_fields(r, t, &next, key, base);
        if (rc < 0 || (rc == 0 && js_skip(&r->js, NULL) != 0))
            return -1;
    }
    return line_ok(r) ? 0 : -1;
}

static int read_run(struct reader *r)
{
    struct rec_run run = {0};
    if (read_plain(r, &rec_run_fields, &run) != 0)
        return -1;
    if (r->sink->run)
        r->sink->run(r->arg, &run);
    return 0;
}

static int read_endpoint(struct reader *r)
{
    struct rec_endpoint p = {0};
    if (read_plain(r, &rec_endpoint_fields, &p) != 0)
        return -1;
    if (p.endpoint >= REC_ENDPOINTS_MAX)
        return wrong(r, "is out of range", "endpoint");
    if (r->sink->endpoint)
        r->sink->endpoint(r->arg, &p);
    return 0;
}

static int read_metric(struct reader *r)
{
    struct rec_metric m = {0};
    if (read_plain(r, &rec_metric_fields, &m) != 0)
        return -1;
    if (m.metric >= HEADER_METRICS_MAX)
        return wrong(r, "is out of range", "metric");
    if (header_metric_check_name(m.name, NULL) < 0)
        return wrong(r, "is not the name of a header", "name");
    memcpy(r->metric[m.metric], m.name, sizeof m.name);
    if (r->sink->metric)
        r->sink->metric(r->arg, &m);
    return 0;
}

static int read_level(struct reader *r)
{
    struct rec_level l = {0};
    if (read_plain(r, &rec_level_fields, &l) != 0)
        return -1;
    if (!(l.rate >= 0 && l.rate <= 1e12))
        return wrong(r, "is out of range", "rate");
    if (r->sink->level)
        r->sink->level(r->arg, &l);
    return 0;
}

static int read_note(struct reader *r)
{
    struct rec_note n = {0};
    if (read_plain(r, &rec_note_fields, &n) != 0)
        return -1;
    if (r->sink->note)
        r->sink->note(r->arg, &n);
    return 0;
}

static int hex128(struct str s, unsigned __int128 *out)
{
    if (s.n == 0 || s.n > 32)
        return -1;
    unsigned __int128 v = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        unsigned d = c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
        if (d > 15)
            return -1;
        v = v << 4 | d;
    }
    *out = v;
    return 0;
}

/* [[value, count], ...] */
static int read_pairs(struct reader *r, const char *name, int64_t max_first, struct vec *out)
{
    struct js *s = &r->js;
    out->n = 0;
    if (!js_enter(s, '['))
        return -1;
    while (js_elem(s)) {
        int64_t a = 0, b = 0;
        if (!js_enter(s, '['))
            return -1;
        bool pair = js_elem(s) && get_i64(r, name, 0, max_first, &a) == 0 && js_elem(s) &&
                    get_i64(r, name, 0, REC_NS_MAX, &b) == 0 && !js_elem(s);
        if (!line_ok(r))
            return -1;
        if (!pair)
            return wrong(r, "needs pairs", name);
        vec_add(out, a);
        vec_add(out, b);
    }
    return line_ok(r) ? 0 : -1;
}

static int read_hist(struct reader *r, struct hist *h)
{
    struct js *s = &r->js;
    struct str key, raw;
    struct hist_exact x = {0};
    if (!js_enter(s, '{'))
        return -1;
    while (js_key(s, &key)) {
        int rc = 0;
        if (str_eqz(key, "min"))
            rc = get_i64(r, "min", 0, INT64_MAX, &x.min);
        else if (str_eqz(key, "max"))
            rc = get_i64(r, "max", 0, INT64_MAX, &x.max);
        else if (str_eqz(key, "sum"))
            rc = js_string(s, &raw) != 0 ? -1 : hex128(raw, &x.sum) != 0 ? wrong(r, "is not hexadecimal", "sum") : 0;
        else if (str_eqz(key, "sum_sq"))
            rc = js_string(s, &raw) != 0       ? -1
                 : hex128(raw, &x.sum_sq) != 0 ? wrong(r, "is not hexadecimal", "sum_sq")
                                               : 0;
        else if (str_eqz(key, "counts"))
            rc = read_pairs(r, "counts", HIST_MID_MAX, &r->width);
        else
            rc = js_skip(s, NULL);
        if (rc != 0)
            return -1;
        if (str_eqz(key, "counts")) {
            for (size_t i = 0; i < r->width.n; i += 2) {
                if (r->width.v[i + 1] > REC_COUNT_MAX)
                    return wrong(r, "is out of range", "counts");
                hist_add(h, r->width.v[i], (uint64_t)r->width.v[i + 1]);
            }
        }
    }
    if (!line_ok(r))
        return -1;
    if (x.min > x.max)
        return wrong(r, "is above \"max\"", "min");
    if (hist_n(h))
        hist_set_exact(h, &x);
    return 0;
}

static int read_client(struct reader *r)
{
    struct rec_client c = {.steal = -1, .lag = hist_new(), .lag_user = hist_new()};
    struct str key;
    size_t next = 0;
    int rc = 0;
    while (rc == 0 && js_key(&r->js, &key)) {
        int hit = try_fields(r, &rec_client_fields, &next, key, &c);
        if (hit < 0)
            rc = -1;
        else if (hit == 0 && str_eqz(key, "lag"))
            rc = read_hist(r, c.lag);
        else if (hit == 0 && str_eqz(key, "lag_user"))
            rc = read_hist(r, c.lag_user);
        else if (hit == 0)
            rc = js_skip(&r->js, NULL);
    }
    if (!line_ok(r))
        rc = -1;
    if (rc == 0 && r->sink->client)
        r->sink->client(r->arg, &c);
    hist_free(&c.lag);
    hist_free(&c.lag_user);
    return rc;
}

static int read_ints(struct reader *r, const char *name, int64_t min, int64_t max, struct vec *out)
{
    out->n = 0;
    if (!js_enter(&r->js, '['))
        return -1;
    while (js_elem(&r->js)) {
        int64_t v;
        if (get_i64(r, name, min, max, &v) != 0)
            return -1;
        vec_add(out, v);
    }
    return line_ok(r) ? 0 : -1;
}

static int read_word(struct reader *r, struct str key, struct record *q)
{
    struct str raw;
    if (js_string(&r->js, &raw) != 0)
        return -1;
    if (str_eqz(key, "outcome")) {
        int status;
        if (outcome_parse(raw, &q->outcome, &status) != 0)
            return wrong(r, "is unknown to this version of weir", "outcome");
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
        return wrong(r, "is too long", "text");
    buf_wrote(out, js_decode(raw, room));
    return 0;
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
    return line_ok(r) ? 0 : -1;
}

static int read_other(struct reader *r, struct str key, struct record *q)
{
    static const char *const words[] = {"outcome", "detail", "finish", "token_source"};
    if (str_eqz(key, "dt"))
        return read_ints(r, "dt", -REC_NS_MAX, REC_NS_MAX, &r->dt);
    if (str_eqz(key, "len"))
        return read_ints(r, "len", 0, UINT32_MAX, &r->len);
    if (str_eqz(key, "cum"))
        return read_ints(r, "cum", -1, REC_COUNT_MAX, &r->cum);
    if (str_eqz(key, "width"))
        return read_pairs(r, "width", UINT32_MAX, &r->width);
    if (str_eqz(key, "metrics"))
        return read_metrics(r, q);
    if (r->sink->texts && str_eqz(key, "prompt"))
        return read_long(r, &r->prompt);
    if (r->sink->texts && str_eqz(key, "answer"))
        return read_long(r, &r->answer);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_eqz(key, words[i]))
            return read_word(r, key, q);
    return js_skip(&r->js, NULL);
}

static void make_text(struct reader *r, struct record *q)
{
    if (r->prompt.n == 0 && r->answer.n == 0)
        return;
    q->text = xcalloc(1, sizeof *q->text + r->prompt.n + r->answer.n);
    q->text->n_prompt = r->prompt.n;
    q->text->n_answer = r->answer.n;
    if (r->prompt.n)
        memcpy(q->text->bytes, r->prompt.p, r->prompt.n);
    if (r->answer.n)
        memcpy(q->text->bytes + r->prompt.n, r->answer.p, r->answer.n);
}

static int make_events(struct reader *r, struct record *q)
{
    size_t n = r->dt.n;
    if (r->len.n != n || (r->cum.n && r->cum.n != n))
        return wrong(r, "has another length than \"len\" or \"cum\"", "dt");
    if (n && q->first_token == 0)
        return wrong(r, "is there, but \"first_token\" is not", "dt");
    int64_t at = q->first_token;
    size_t w = 0;
    for (size_t i = 0; i < n; i++) {
        /* Both terms are at most 2^62 in size. */
        at += r->dt.v[i];
        if (at < 0 || at > REC_NS_MAX)
            return wrong(r, "leaves the range of instants", "dt");
        struct rec_event ev = {.at = at, .bytes = (uint32_t)r->len.v[i], .cumulative = r->cum.n ? r->cum.v[i] : -1};
        if (w < r->width.n && (size_t)r->width.v[w] == i) {
            ev.width = r->width.v[w + 1];
            w += 2;
        }
        if (rec_add_event(&r->slab, q, &ev) != 0)
            return wrong(r, "has too many elements", "dt");
    }
    return w == r->width.n ? 0 : wrong(r, "is not in rising order within \"dt\"", "width");
}

static int check_counts(struct reader *r, const struct record *q)
{
    const int64_t counts[] = {q->tokens_in,        q->tokens_out, q->tokens_cached,
                              q->tokens_reasoning, q->counted_in, q->counted_out};
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        if (counts[i] > REC_COUNT_MAX)
            return wrong(r, "is out of range", "tokens");
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
    q->outcome = OUT_COUNT;
    while (rc == 0 && js_key(&r->js, &key)) {
        int hit = try_fields(r, &rec_request_fields, &next, key, q);
        rc = hit < 0 ? -1 : hit == 0 ? read_other(r, key, q) : 0;
    }
    if (!line_ok(r))
        rc = -1;
    if (rc == 0 && q->outcome == OUT_COUNT)
        rc = wrong(r, "is missing", "outcome");
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
        return wrong(r, "must be the first member of a line", "type");
    if (js_string(&r->js, &type) != 0)
        return -1;
    if (first && (!str_eqz(type, "run") || !schema_ok(line)))
        return wrong(r, "is not \"" REC_SCHEMA "\": not a file of weir's records, or one of another version", "schema");
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
        rc = read_plain(r, &(struct field_table){NULL, 0}, NULL);
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

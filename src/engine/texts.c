/* texts.c - what a record takes along of texts: prompt and answer as a person reads them (--save-text), what a
 * tokenizer is to count, the body of an error. Counted texts have a ceiling, of which each worker has a share: whoever
 * comes when it is used up is not counted, which its record says. */
#include "api/api.h"
#include "base/jscan.h"
#include "base/xalloc.h"
#include "engine/engine_private.h"

static size_t text_share(const struct worker *w)
{
    return w->e->o.text_limit / w->e->o.workers;
}

static size_t raw_bytes(const struct req *r)
{
    size_t n = 0;
    for (int k = 0; k < REC_RAW_PROMPT; k++)
        n += r->raw[k].n;
    return n;
}

void texts_forget(struct req *r)
{
    if (r->uncounted)
        return;
    r->w->texts -= raw_bytes(r);
    for (int k = 0; k < REC_RAW_PROMPT; k++)
        buf_free(&r->raw[k]);
    r->uncounted = true;
}

void texts_keep(struct req *r, struct str text, unsigned char flag)
{
    struct worker *w = r->w;
    if (r->uncounted)
        return;
    if (w->texts + text.n > text_share(w))
        req_take_back(w);
    if (w->texts + text.n > text_share(w)) {
        texts_forget(r);
        return;
    }
    buf_adds(&r->raw[flag == API_CONTENT     ? REC_RAW_CONTENT
                     : flag == API_REASONING ? REC_RAW_REASONING
                                             : REC_RAW_TOOL],
             text);
    w->texts += text.n;
}

/* Kept text is JSON-escaped as it travelled; decoding never makes it longer. */
static size_t put_decoded(char *to, struct str raw)
{
    return js_decode(raw, to);
}

void texts_keep_http(struct req *r, struct str piece)
{
    size_t n = MIN(piece.n, (size_t)MAX_SAVED_HTTP - r->whole.n);
    buf_add(&r->whole, piece.p, n);
    if (n < piece.n)
        r->whole.failed = true;
}

/* The request's head as it went out, without secrets and without the empty line behind it. */
static void show_head(const struct req *r, struct buf *out)
{
    struct buf all = BUF_INIT(1u << 20);
    for (int i = 0; i < r->x.n_head; i++)
        buf_add(&all, r->out[i].iov_base, r->out[i].iov_len);
    target_redact(&r->w->e->o.targets[r->rec->endpoint], all.p, all.n);
    struct str_split it = {.rest = str_trim(buf_str(&all)), .sep = '\n'};
    struct str line;
    while (str_next(&it, &line)) {
        line = str_trim(line);
        ptrdiff_t colon = str_chr(line, ':');
        if (out->n > 0)
            buf_addz(out, "\r\n");
        if (colon > 0 && auth_is_secret_header(str_sub(line, 0, (size_t)colon)))
            buf_addf(out, STR_FMT ": [redacted]", (int)colon, line.p);
        else
            buf_adds(out, line);
    }
    buf_free(&all);
}

static void put_http(struct req *r, struct rec_text *t, char *p, struct str head)
{
    t->http = true;
    t->cut = r->whole.failed;
    t->http_at = (size_t)(p - t->bytes);
    t->n_request = head.n;
    memcpy(p, head.p, head.n);
    p += t->n_request;
    t->n_whole = r->whole.n;
    if (t->n_whole)
        memcpy(p, r->whole.p, t->n_whole);
}

static size_t prompt_bytes(const struct req *r)
{
    size_t n = strlen(r->item.nonce);
    for (uint32_t i = 0; i < r->item.what->n_msgs; i++)
        n += r->item.what->msgs[i].content.n + r->item.what->msgs[i].raw_json.n + 32;
    return MIN(n, (size_t)MAX_SAVED_TEXT);
}

/* "role: content" a line each, as a person reads it. */
static size_t put_prompt(const struct req *r, char *to, size_t room)
{
    size_t n = 0;
    for (uint32_t i = 0; i < r->item.what->n_msgs; i++) {
        const struct plan_msg *m = &r->item.what->msgs[i];
        struct str text = m->raw_json.n ? m->raw_json : m->content;
        if (n + text.n + 32 + PLAN_NONCE_MAX > room)
            break;
        n += (size_t)snprintf(to + n, room - n, "%s: %s", plan_role_name(m->role), i == 0 ? r->item.nonce : "");
        n += m->raw_json.n ? (memcpy(to + n, text.p, text.n), text.n) : put_decoded(to + n, text);
        to[n++] = '\n';
    }
    return n;
}

/* As struct rec_text says. */
static size_t asked_bytes(const struct req *r)
{
    size_t n = strlen(r->item.nonce);
    for (uint32_t i = 0; i < r->item.what->n_msgs; i++)
        n += r->item.what->msgs[i].content.n + r->item.what->msgs[i].raw_json.n + 2;
    return n;
}

static char *put_asked(const struct req *r, char *p)
{
    for (uint32_t i = 0; i < r->item.what->n_msgs; i++) {
        const struct plan_msg *m = &r->item.what->msgs[i];
        struct str text = m->raw_json.n ? m->raw_json : m->content;
        *p++ = m->raw_json.n ? 'j' : 'c';
        if (i == 0 && !m->raw_json.n)
            p = stpcpy(p, r->item.nonce);
        if (text.n)
            memcpy(p, text.p, text.n);
        p += text.n;
        *p++ = 0;
    }
    return p;
}

/* Whoever counts has the dataset; of a prompt that is no entry of it as it stands the text goes along, where the server
 * has said no count. */
static size_t asked_room(struct req *r)
{
    struct worker *w = r->w;
    if (!w->e->o.count_text || r->rec->tokens_in >= 0 || (!r->session && !r->item.nonce[0]))
        return 0;
    size_t n = asked_bytes(r);
    if (w->texts + n > text_share(w))
        req_take_back(w);
    if (w->texts + n > text_share(w)) {
        r->rec->flags |= REC_UNCOUNTED;
        return 0;
    }
    w->texts += n;
    return n;
}

static void put_raw(struct req *r, struct rec_text *t, char *p, size_t asked)
{
    t->raw_at = (size_t)(p - t->bytes);
    t->raw_plain = r->plain;
    for (int k = 0; k < REC_RAW_PROMPT; k++) {
        t->n_raw[k] = r->raw[k].n;
        if (t->n_raw[k])
            memcpy(p, r->raw[k].p, t->n_raw[k]);
        p += t->n_raw[k];
        r->rec->text_held += t->n_raw[k];
    }
    if (asked)
        t->n_raw[REC_RAW_PROMPT] = (size_t)(put_asked(r, p) - p);
    r->rec->text_held += asked;
}

static char *put_saved(struct req *r, struct rec_text *t, char *p)
{
    struct str answer = buf_str(&r->answer);
    t->n_prompt = put_prompt(r, p, prompt_bytes(r) + PLAN_NONCE_MAX + 64);
    p += t->n_prompt;
    if (r->plain && answer.n > 0)
        memcpy(p, answer.p, answer.n);
    t->n_answer = r->plain ? answer.n : put_decoded(p, answer);
    return p + t->n_answer;
}

void texts_hand_over(struct req *r, const char *detail)
{
    bool save = r->w->e->o.save_text, http = r->w->e->o.save_http,
         failed = r->rec->outcome != OUT_OK && !(r->rec->flags & REC_LEFT);
    size_t raw = raw_bytes(r), asked = asked_room(r);
    struct buf head = BUF_INIT(1u << 20);
    if (!save && !http && !failed && raw + asked == 0)
        return;
    if (http)
        show_head(r, &head);
    size_t body = failed ? MIN(r->doc.n, (size_t)MAX_ERROR_BODY) : 0;
    size_t room = (save ? prompt_bytes(r) + PLAN_NONCE_MAX + 64 + r->answer.n : 0) + r->head_lines.n + body +
                  strlen(detail) + raw + asked + (http ? head.n + r->whole.n : 0) + 1;
    struct rec_text *t = xmalloc(sizeof *t + room);
    *t = (struct rec_text){0};
    char *p = t->bytes;
    if (save)
        p = put_saved(r, t, p);
    const struct target *target = &r->w->e->o.targets[r->rec->endpoint];
    t->n_headers = r->head_lines.n;
    if (t->n_headers)
        memcpy(p, r->head_lines.p, t->n_headers);
    target_redact(target, p, t->n_headers);
    p += t->n_headers;
    t->n_body = body;
    if (body)
        memcpy(p, r->doc.p, body);
    target_redact(target, p, body);
    p += body;
    r->rec->detail = (struct str){p, strlen(detail)};
    memcpy(p, detail, r->rec->detail.n);
    p += r->rec->detail.n;
    if (http)
        put_http(r, t, p, buf_str(&head));
    buf_free(&head);
    put_raw(r, t, p + t->n_request + t->n_whole, asked);
    r->rec->text = t;
}

#include "proto/h2_client.h"

#include <nghttp2/nghttp2.h>

#include "base/xalloc.h"

enum {
    STREAM_WINDOW = 16 << 20,
    CONN_WINDOW = 256 << 20,
    HEADER_BYTES = 64 << 10,
    HEADERS = 256,
    SLAB = 16, /* streams made at once */
    FRAME_HEAD = 9,
};

struct h2_stream {
    void *owner; /* NULL: no more callbacks */
    int32_t id;
    int n_body;
    const struct iovec *body; /* what is still to be sent */
    size_t body_at;           /* of its first piece */
    unsigned headers, header_bytes;
    bool final, in_trailers; /* the final status has come; the block that comes is the trailers' */
    bool reset;              /* by the peer */
    bool paused;
    size_t held;            /* bytes that came meanwhile */
    struct h2_stream *next; /* spare ones */
};

struct slab {
    struct slab *next;
    struct h2_stream s[SLAB];
};

struct h2_client {
    nghttp2_session *ng;
    const struct h2_client_cb *cb;
    void *arg;
    struct h2_stream *spare;
    struct slab *slabs;
    void *run; /* owner of the pieces that are coming, NULL: none */
    int32_t run_id;
    uint64_t fed, framed; /* bytes that came, and up to where the frames reach that have begun */
    bool broken;
    char text[120]; /* nghttp2's last words in this feed */
    char reason[200];
};

const char *h2_code_name(uint32_t code)
{
    return nghttp2_http2_strerror(code);
}

static void put_text(char *to, size_t cap, const void *p, size_t n)
{
    snprintf(to, cap, "%.*s", (int)MIN(n, cap), (const char *)p);
}

/* ---- streams */

static struct h2_stream *stream_get(struct h2_client *c)
{
    if (!c->spare) {
        struct slab *b = xcalloc(1, sizeof *b);
        b->next = c->slabs;
        c->slabs = b;
        for (int i = 0; i < SLAB; i++) {
            b->s[i].next = c->spare;
            c->spare = &b->s[i];
        }
    }
    struct h2_stream *s = c->spare;
    c->spare = s->next;
    return s;
}

static void stream_put(struct h2_client *c, struct h2_stream *s)
{
    s->owner = NULL;
    s->next = c->spare;
    c->spare = s;
}

static struct h2_stream *stream_of(nghttp2_session *ng, int32_t id)
{
    struct h2_stream *s = id > 0 ? nghttp2_session_get_stream_user_data(ng, id) : NULL;
    return s && s->owner ? s : NULL;
}

static void finish(struct h2_client *c, struct h2_stream *s, enum h2_end end, uint32_t code, const char *text)
{
    void *owner = s->owner;
    struct h2_close how = {end, code, text};
    s->owner = NULL;
    s->n_body = 0;
    if (c->cb->closed)
        c->cb->closed(c->arg, owner, &how);
}

static void give_up(struct h2_client *c, struct h2_stream *s, enum h2_end end)
{
    uint32_t code = end == H2_END_BROKEN ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_CANCEL;
    nghttp2_submit_rst_stream(c->ng, NGHTTP2_FLAG_NONE, s->id, code);
    if (c->run == s->owner)
        c->run = NULL;
    finish(c, s, end, code, end == H2_END_BROKEN ? "data before a status" : "");
}

static void end_run(struct h2_client *c, bool followed)
{
    void *owner = c->run;
    c->run = NULL;
    if (owner && c->cb->run_end)
        c->cb->run_end(c->arg, owner, followed);
}

/* ---- nghttp2's calls: what comes */

static bool of_response(uint8_t type)
{
    return type == NGHTTP2_HEADERS || type == NGHTTP2_CONTINUATION || type == NGHTTP2_DATA;
}

static int on_begin_frame(nghttp2_session *ng, const nghttp2_frame_hd *hd, void *arg)
{
    struct h2_client *c = arg;
    c->framed += FRAME_HEAD + hd->length;
    if (c->run && c->run_id != hd->stream_id)
        end_run(c, true);
    struct h2_stream *s = stream_of(ng, hd->stream_id);
    if (s && hd->type == NGHTTP2_DATA && !s->final)
        give_up(c, s, H2_END_BROKEN);
    else if (s && c->cb->came)
        c->cb->came(c->arg, s->owner, of_response(hd->type) ? FRAME_HEAD + hd->length : 0);
    return 0;
}

static int on_begin_headers(nghttp2_session *ng, const nghttp2_frame *frame, void *arg)
{
    struct h2_stream *s = stream_of(ng, frame->hd.stream_id);
    if (s)
        s->in_trailers = s->final;
    return 0;
}

static int take_status(struct h2_client *c, struct h2_stream *s, struct str value)
{
    int64_t status;
    if (parse_i64(value, &status) < 0 || status < 200 || status > 999)
        return 0;
    s->final = true;
    return c->cb->status ? c->cb->status(c->arg, s->owner, (int)status) : 0;
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name, size_t n_name,
                     const uint8_t *value, size_t n_value, uint8_t flags, void *arg)
{
    struct h2_client *c = arg;
    struct h2_stream *s = stream_of(ng, frame->hd.stream_id);
    if (!s)
        return 0;
    s->header_bytes += (unsigned)(n_name + n_value);
    if (++s->headers > HEADERS || s->header_bytes > HEADER_BYTES) {
        give_up(c, s, H2_END_TOOBIG);
        return 0;
    }
    struct str nm = {(const char *)name, n_name}, val = {(const char *)value, n_value};
    int stop = 0;
    if (s->in_trailers)
        stop = c->cb->trailer ? c->cb->trailer(c->arg, s->owner, nm, val) : 0;
    else if (nm.p[0] == ':')
        stop = take_status(c, s, val);
    else if (s->final && c->cb->header)
        stop = c->cb->header(c->arg, s->owner, nm, val);
    if (stop && s->owner)
        give_up(c, s, H2_END_STOPPED);
    return 0;
}

static int on_data(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *p, size_t n, void *arg)
{
    struct h2_client *c = arg;
    struct h2_stream *s = stream_of(ng, id);
    nghttp2_session_consume_connection(ng, n); /* other streams go on */
    if (s && s->paused)
        s->held += n;
    else
        nghttp2_session_consume_stream(ng, id, n);
    if (!s || n == 0)
        return 0;
    c->run = s->owner;
    c->run_id = id;
    if (c->cb->data && c->cb->data(c->arg, s->owner, (struct str){(const char *)p, n}) && s->owner)
        give_up(c, s, H2_END_STOPPED);
    return 0;
}

static void response_ended(struct h2_client *c, struct h2_stream *s)
{
    if (!s->final) {
        give_up(c, s, H2_END_BROKEN);
        return;
    }
    /* An answer to a request that is not out is an answer; the rest of the request is of no use. */
    if (!nghttp2_session_get_stream_local_close(c->ng, s->id))
        nghttp2_submit_rst_stream(c->ng, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_NO_ERROR);
    finish(c, s, H2_END_OK, NGHTTP2_NO_ERROR, "");
}

static int on_stream_frame(struct h2_client *c, struct h2_stream *s, const nghttp2_frame *frame)
{
    if (frame->hd.type == NGHTTP2_RST_STREAM) {
        s->reset = true;
        return 0;
    }
    if (frame->hd.type == NGHTTP2_HEADERS && s->final && !s->in_trailers) {
        s->headers = s->header_bytes = 0; /* the trailers' may be as many */
        if (c->cb->headers_done && c->cb->headers_done(c->arg, s->owner) && s->owner)
            give_up(c, s, H2_END_STOPPED);
    }
    bool may_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (may_end && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) && s->owner)
        response_ended(c, s);
    return 0;
}

static int on_frame(nghttp2_session *ng, const nghttp2_frame *frame, void *arg)
{
    struct h2_client *c = arg;
    if (frame->hd.type == NGHTTP2_SETTINGS && !(frame->hd.flags & NGHTTP2_FLAG_ACK) && c->cb->settings)
        c->cb->settings(c->arg, nghttp2_session_get_remote_settings(ng, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
    if (frame->hd.type == NGHTTP2_GOAWAY && c->cb->goaway)
        c->cb->goaway(c->arg, frame->goaway.error_code,
                      (struct str){(const char *)frame->goaway.opaque_data, frame->goaway.opaque_data_len});
    struct h2_stream *s = stream_of(ng, frame->hd.stream_id);
    return s ? on_stream_frame(c, s, frame) : 0;
}

static int on_close(nghttp2_session *ng, int32_t id, uint32_t code, void *arg)
{
    struct h2_client *c = arg;
    struct h2_stream *s = nghttp2_session_get_stream_user_data(ng, id);
    if (!s)
        return 0;
    if (s->owner) {
        bool refused = code == NGHTTP2_REFUSED_STREAM && !s->final;
        finish(c, s, refused ? H2_END_REFUSED : s->reset ? H2_END_RESET : H2_END_BROKEN, code, c->text);
    }
    nghttp2_session_set_stream_user_data(ng, id, NULL);
    stream_put(c, s);
    return 0;
}

static int on_error(nghttp2_session *ng, int code, const char *p, size_t n, void *arg)
{
    struct h2_client *c = arg;
    put_text(c->text, sizeof c->text, p, n);
    return 0;
}

/* ---- nghttp2's calls: what goes */

static ssize_t read_body(nghttp2_session *ng, int32_t id, uint8_t *to, size_t room, uint32_t *flags,
                         nghttp2_data_source *source, void *arg)
{
    struct h2_client *c = arg;
    struct h2_stream *s = source->ptr;
    size_t n = 0;
    if (!s->owner)
        return NGHTTP2_ERR_DEFERRED; /* its RST_STREAM is on the way; the body is not ours any more */
    while (s->n_body > 0 && n < room) {
        size_t len = MIN(s->body->iov_len - s->body_at, room - n);
        if (len > 0)
            memcpy(to + n, (const char *)s->body->iov_base + s->body_at, len);
        n += len;
        s->body_at += len;
        if (s->body_at == s->body->iov_len) {
            s->body++;
            s->n_body--;
            s->body_at = 0;
        }
    }
    if (s->n_body == 0)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (c->cb->gone)
        c->cb->gone(c->arg, s->owner, FRAME_HEAD + n, s->n_body == 0);
    return (ssize_t)n;
}

static int on_going(nghttp2_session *ng, const nghttp2_frame *frame, void *arg)
{
    struct h2_client *c = arg;
    if (frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    struct h2_stream *s = stream_of(ng, frame->hd.stream_id);
    if (s && c->cb->gone)
        c->cb->gone(c->arg, s->owner, FRAME_HEAD + frame->hd.length, frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
    return 0;
}

static int on_sent(nghttp2_session *ng, const nghttp2_frame *frame, void *arg)
{
    struct h2_client *c = arg;
    if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR && !c->reason[0]) {
        const char *why = (const char *)frame->goaway.opaque_data;
        size_t n = frame->goaway.opaque_data_len;
        snprintf(c->reason, sizeof c->reason, "%s%s%.*s%s", h2_code_name(frame->goaway.error_code), n ? " (" : "",
                 (int)MIN(n, sizeof c->text), n ? why : "", n ? ")" : "");
    }
    return 0;
}

/* ---- the connection */

static void set_callbacks(nghttp2_session_callbacks *cbs)
{
    nghttp2_session_callbacks_set_on_begin_frame_callback(cbs, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(cbs, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(cbs, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cbs, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cbs, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(cbs, on_close);
    nghttp2_session_callbacks_set_error_callback2(cbs, on_error);
    nghttp2_session_callbacks_set_before_frame_send_callback(cbs, on_going);
    nghttp2_session_callbacks_set_on_frame_send_callback(cbs, on_sent);
}

struct h2_client *h2_client_new(const struct h2_client_cb *cb, void *arg, uint32_t window)
{
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window > 0 ? MIN(window, (uint32_t)INT32_MAX) : STREAM_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEADER_BYTES},
    };
    struct h2_client *c = xcalloc(1, sizeof *c);
    nghttp2_session_callbacks *cbs = NULL;
    nghttp2_option *opt = NULL;
    c->cb = cb;
    c->arg = arg;
    if (nghttp2_session_callbacks_new(&cbs) != 0 || nghttp2_option_new(&opt) != 0)
        abort();
    set_callbacks(cbs);
    nghttp2_option_set_peer_max_concurrent_streams(opt, INT32_MAX); /* the caller keeps to it */
    nghttp2_option_set_no_auto_window_update(opt, 1);               /* see on_data */
    nghttp2_option_set_max_send_header_block_length(opt, 2 * H2_HEAD_BYTES);
#ifdef HAVE_NGHTTP2_MAX_CONTINUATIONS
    nghttp2_option_set_max_continuations(opt, 128); /* some builds count one that comes in pieces several times */
#endif
    if (nghttp2_session_client_new2(&c->ng, cbs, c, opt) != 0 ||
        nghttp2_submit_settings(c->ng, NGHTTP2_FLAG_NONE, settings, ARRAY_LEN(settings)) != 0 ||
        nghttp2_session_set_local_window_size(c->ng, NGHTTP2_FLAG_NONE, 0, CONN_WINDOW) != 0)
        abort();
    nghttp2_option_del(opt);
    nghttp2_session_callbacks_del(cbs);
    return c;
}

void h2_client_free(struct h2_client **cp)
{
    struct h2_client *c = *cp;
    if (!c)
        return;
    *cp = NULL;
    nghttp2_session_del(c->ng); /* calls nothing back */
    while (c->slabs) {
        struct slab *b = c->slabs;
        c->slabs = b->next;
        free(b);
    }
    free(c);
}

static size_t put_fields(nghttp2_nv *nv, const struct h2_head *h, uint8_t flags)
{
    for (int i = 0; i < h->n; i++)
        nv[i] = (nghttp2_nv){(uint8_t *)(uintptr_t)h->f[i].name.p, (uint8_t *)(uintptr_t)h->f[i].value.p,
                             h->f[i].name.n, h->f[i].value.n, flags};
    return (size_t)h->n;
}

struct h2_stream *h2_client_request(struct h2_client *c, const struct h2_head *common, const struct h2_head *own,
                                    const struct iovec *body, int n_body, void *owner)
{
    nghttp2_nv nv[2 * H2_HEAD_FIELDS];
    if (c->broken || !nghttp2_session_check_request_allowed(c->ng))
        return NULL;
    size_t n = put_fields(nv, common, NGHTTP2_NV_FLAG_NONE);
    if (own)
        n += put_fields(nv + n, own, NGHTTP2_NV_FLAG_NO_INDEX);
    while (n_body > 0 && body->iov_len == 0) {
        body++;
        n_body--;
    }
    struct h2_stream *s = stream_get(c);
    *s = (struct h2_stream){.owner = owner, .body = body, .n_body = n_body};
    nghttp2_data_provider from = {.source.ptr = s, .read_callback = read_body};
    s->id = nghttp2_submit_request(c->ng, NULL, nv, n, n_body > 0 ? &from : NULL, s);
    if (s->id < 0) {
        stream_put(c, s);
        return NULL;
    }
    return s;
}

void h2_client_cancel(struct h2_client *c, struct h2_stream *s)
{
    if (c->run == s->owner)
        c->run = NULL;
    s->owner = NULL;
    s->n_body = 0;
    nghttp2_submit_rst_stream(c->ng, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_CANCEL);
}

void h2_client_pause(struct h2_client *c, struct h2_stream *s, bool on)
{
    size_t held = s->held;
    s->paused = on;
    if (on || held == 0)
        return;
    s->held = 0;
    nghttp2_session_consume_stream(c->ng, s->id, held);
}

void h2_client_goodbye(struct h2_client *c)
{
    nghttp2_session_terminate_session(c->ng, NGHTTP2_NO_ERROR);
}

static int broke(struct h2_client *c, ssize_t rc)
{
    c->broken = true;
    if (!c->reason[0])
        snprintf(c->reason, sizeof c->reason, "%s", c->text[0] ? c->text : nghttp2_strerror((int)rc));
    return -1;
}

int h2_client_feed(struct h2_client *c, const char *p, size_t n)
{
    if (c->broken)
        return -1;
    c->text[0] = 0;
    c->fed += n;
    ssize_t rc = nghttp2_session_mem_recv(c->ng, (const uint8_t *)p, n);
    end_run(c, c->fed > c->framed); /* a part of the next frame's head has come */
    return rc < 0 ? broke(c, rc) : 0;
}

int h2_client_out(struct h2_client *c, struct buf *out, size_t limit)
{
    const uint8_t *p;
    ssize_t n = 0;
    if (c->broken)
        return -1;
    while (out->n < limit && (n = nghttp2_session_mem_send(c->ng, &p)) > 0)
        buf_add(out, p, (size_t)n);
    return n < 0 || out->failed ? broke(c, n < 0 ? n : NGHTTP2_ERR_NOMEM) : 0;
}

bool h2_client_alive(const struct h2_client *c)
{
    return !c->broken && (nghttp2_session_want_read(c->ng) || nghttp2_session_want_write(c->ng));
}

const char *h2_client_reason(const struct h2_client *c)
{
    return c->reason;
}

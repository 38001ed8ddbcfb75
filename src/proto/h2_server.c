#include "proto/h2_server.h"

#include <nghttp2/nghttp2.h>

#include "base/buf.h"
#include "base/xalloc.h"

#define FIELDS_MAX 64 /* of an answer's head or trailers */
#define STREAM_OUT_MAX SIZE_MAX
#define KEEP_OUT (64 * 1024) /* memory of a larger queue is given back when it has run empty */
#define QUEUE_MAX 1000       /* frames other than DATA that may wait before reading stops */
#define CONTINUATIONS_MAX 64 /* the library counts every read that ends within the head of one */
#define RESETS_BURST 10000   /* streams that a client may cancel at once, and per second */
#define RESETS_RATE 1000
#define NO_RFC7540_PRIORITIES 9 /* RFC 9218, 2.1 */

struct piece { /* stands in front of its bytes in the queue */
    uint32_t n, tag;
};

struct h2s_stream {
    struct h2s *h;
    struct h2s_stream *prev, *next;
    void *user;
    int32_t id;
    uint32_t header_bytes;
    struct buf out; /* pieces */
    size_t out_done;
    size_t waiting;        /* bytes of pieces in `out` */
    struct buf trailers;   /* names and values, each with a 0 behind */
    unsigned char n_trail; /* fields in it */
    bool too_large, headed, ended, request_over;
    bool deferred; /* nghttp2 has been told that there is nothing to send */
};

struct h2s {
    nghttp2_session *session;
    struct h2s_opts o;
    const struct h2s_ops *ops;
    void *arg;
    struct h2s_stream *streams;
    size_t n_streams, waiting;
    bool broken;
    bool notice, noticed; /* of a shutdown: given, known to the client */
};

static struct str str_from(const uint8_t *p, size_t n)
{
    return (struct str){(const char *)p, n};
}

static struct h2s_stream *stream_of(struct h2s *h, int32_t id)
{
    return nghttp2_session_get_stream_user_data(h->session, id);
}

static void stream_free(struct h2s_stream *st)
{
    struct h2s *h = st->h;
    if (st->prev != NULL)
        st->prev->next = st->next;
    else
        h->streams = st->next;
    if (st->next != NULL)
        st->next->prev = st->prev;
    h->n_streams--;
    h->waiting -= st->waiting;
    buf_free(&st->out);
    buf_free(&st->trailers);
    free(st);
}

/* ---- what comes in */

static int on_begin_headers(nghttp2_session *s, const nghttp2_frame *frame, void *arg)
{
    /* Every stream gets its turn, one frame after the other, whatever the client would prefer. */
    static const nghttp2_extpri turns = {NGHTTP2_EXTPRI_DEFAULT_URGENCY, 1};
    struct h2s *h = arg;
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    struct h2s_stream *st = xcalloc(1, sizeof(*st));
    st->h = h;
    st->id = frame->hd.stream_id;
    buf_init(&st->out, STREAM_OUT_MAX);
    buf_init(&st->trailers, h->o.max_headers);
    st->next = h->streams;
    if (h->streams != NULL)
        h->streams->prev = st;
    h->streams = st;
    h->n_streams++;
    nghttp2_session_set_stream_user_data(s, st->id, st);
    nghttp2_session_change_extpri_stream_priority(s, st->id, &turns, 1);
    st->user = h->ops->begin(h->arg, st);
    return 0;
}

static int on_header(nghttp2_session *s, const nghttp2_frame *frame, const uint8_t *name, size_t name_n,
                     const uint8_t *value, size_t value_n, uint8_t flags, void *arg)
{
    struct h2s *h = arg;
    struct h2s_stream *st = stream_of(h, frame->hd.stream_id);
    if (st == NULL || frame->headers.cat != NGHTTP2_HCAT_REQUEST || st->too_large)
        return 0;
    if (name_n + value_n + 32 > h->o.max_headers - st->header_bytes) {
        st->too_large = true;
        return 0;
    }
    st->header_bytes += (uint32_t)(name_n + value_n + 32);
    h->ops->field(h->arg, st->user, str_from(name, name_n), str_from(value, value_n));
    return 0;
}

static int on_frame_recv(nghttp2_session *s, const nghttp2_frame *frame, void *arg)
{
    struct h2s *h = arg;
    if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK))
        h->noticed |= h->notice;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
        return 0;
    struct h2s_stream *st = stream_of(h, frame->hd.stream_id);
    if (st == NULL)
        return 0;
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        h->ops->headers(h->arg, st->user, st->too_large, frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
        st->request_over = true;
        h->ops->end(h->arg, st->user);
    }
    return 0;
}

static int on_data(nghttp2_session *s, uint8_t flags, int32_t id, const uint8_t *p, size_t n, void *arg)
{
    struct h2s *h = arg;
    struct h2s_stream *st = stream_of(h, id);
    if (st != NULL)
        h->ops->data(h->arg, st->user, str_from(p, n));
    return 0;
}

static int on_close(nghttp2_session *s, int32_t id, uint32_t code, void *arg)
{
    struct h2s *h = arg;
    struct h2s_stream *st = stream_of(h, id);
    if (st != NULL) {
        h->ops->closed(h->arg, st->user, code);
        stream_free(st);
    }
    return 0;
}

static int on_frame_send(nghttp2_session *s, const nghttp2_frame *frame, void *arg)
{
    struct h2s *h = arg;
    if (frame->hd.type == NGHTTP2_GOAWAY && h->notice) /* a PING would have overtaken it in the queue */
        nghttp2_submit_ping(s, NGHTTP2_FLAG_NONE, NULL);
    if ((frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) ||
        !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        return 0;
    struct h2s_stream *st = stream_of(h, frame->hd.stream_id);
    if (st == NULL)
        return 0;
    h->ops->finished(h->arg, st->user);
    if (!st->request_over) /* RFC 9113, 8.1: stop sending */
        nghttp2_submit_rst_stream(s, NGHTTP2_FLAG_NONE, st->id, NGHTTP2_NO_ERROR);
    return 0;
}

/* ---- a connection */

static nghttp2_session *session_new(struct h2s *h)
{
    nghttp2_session_callbacks *cb = NULL;
    nghttp2_option *opt = NULL;
    nghttp2_session *s = NULL;
    if (nghttp2_session_callbacks_new(&cb) != 0 || nghttp2_option_new(&opt) != 0)
        abort(); /* out of memory, as xmalloc does */
    nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_frame_send);
    nghttp2_option_set_no_closed_streams(opt, 1);
    nghttp2_option_set_max_outbound_ack(opt, QUEUE_MAX);
    nghttp2_option_set_max_settings(opt, 32);
#ifdef HAVE_NGHTTP2_STREAM_RESET_RATE_LIMIT
    nghttp2_option_set_stream_reset_rate_limit(opt, RESETS_BURST, RESETS_RATE);
#endif
#ifdef HAVE_NGHTTP2_MAX_CONTINUATIONS
    nghttp2_option_set_max_continuations(opt, CONTINUATIONS_MAX);
#endif
    if (nghttp2_session_server_new2(&s, cb, h, opt) != 0)
        abort();
    nghttp2_option_del(opt);
    nghttp2_session_callbacks_del(cb);
    return s;
}

struct h2s *h2s_new(const struct h2s_opts *o, const struct h2s_ops *ops, void *arg)
{
    struct h2s *h = xcalloc(1, sizeof(*h));
    h->o = *o;
    h->ops = ops;
    h->arg = arg;
    h->session = session_new(h);
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, o->max_streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, o->window},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, o->max_headers},
        {NO_RFC7540_PRIORITIES, 1},
    };
    int32_t whole = (int32_t)MIN((uint64_t)o->window * 8, INT32_MAX);
    if (nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings, ARRAY_LEN(settings)) != 0 ||
        nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0, whole) != 0)
        h->broken = true;
    return h;
}

void h2s_free(struct h2s **hp)
{
    struct h2s *h = *hp;
    if (h == NULL)
        return;
    *hp = NULL;
    while (h->streams != NULL) {
        h->ops->closed(h->arg, h->streams->user, H2S_CANCEL);
        stream_free(h->streams);
    }
    nghttp2_session_del(h->session);
    free(h);
}

int h2s_feed(struct h2s *h, const char *p, size_t n)
{
    if (h->broken)
        return -1;
    ssize_t rc = nghttp2_session_mem_recv(h->session, (const uint8_t *)p, n);
    if (h->noticed) { /* here, behind all requests of this feed: the last of them is the last */
        h->noticed = false;
        h2s_goaway(h, H2S_NO_ERROR, false);
    }
    if (rc >= 0)
        return 0;
    h->broken = true;
    nghttp2_session_terminate_session(h->session, rc == NGHTTP2_ERR_BAD_CLIENT_MAGIC ? NGHTTP2_PROTOCOL_ERROR
                                                                                     : NGHTTP2_ENHANCE_YOUR_CALM);
    return -1;
}

bool h2s_can_read(const struct h2s *h)
{
    return nghttp2_session_get_outbound_queue_size(h->session) < QUEUE_MAX;
}

size_t h2s_pull(struct h2s *h, const char **p)
{
    const uint8_t *data;
    ssize_t n = nghttp2_session_mem_send(h->session, &data);
    if (n < 0)
        h->broken = true;
    *p = n > 0 ? (const char *)data : NULL;
    return n > 0 ? (size_t)n : 0;
}

bool h2s_done(const struct h2s *h)
{
    return !nghttp2_session_want_write(h->session) && (h->broken || !nghttp2_session_want_read(h->session));
}

size_t h2s_open(const struct h2s *h)
{
    return h->n_streams;
}

void h2s_goaway(struct h2s *h, uint32_t code, bool at_once)
{
    int32_t last = nghttp2_session_get_last_proc_stream_id(h->session);
    h->notice = false;
    if (at_once)
        nghttp2_session_terminate_session2(h->session, last, code);
    else
        nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE, last, code, NULL, 0);
}

void h2s_shutdown(struct h2s *h)
{
    h->notice = true;
    nghttp2_submit_shutdown_notice(h->session);
}

/* ---- answers */

static nghttp2_nv nv_of(struct str name, struct str value)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name.p, (uint8_t *)(uintptr_t)value.p, name.n, value.n,
                        NGHTTP2_NV_FLAG_NONE};
}

static void submit_trailers(struct h2s_stream *st)
{
    nghttp2_nv nv[FIELDS_MAX];
    const char *p = st->trailers.p;
    for (size_t i = 0; i < st->n_trail; i++) {
        struct str name = str_of(p), value = str_of(p + name.n + 1);
        nv[i] = nv_of(name, value);
        p = value.p + value.n + 1;
    }
    nghttp2_submit_trailer(st->h->session, st->id, nv, st->n_trail);
}

/* Copies from the first piece; returns how much. */
static size_t take(struct h2s_stream *st, uint8_t *to, size_t max)
{
    struct piece pc;
    if (st->out_done == st->out.n)
        return 0;
    memcpy(&pc, st->out.p + st->out_done, sizeof(pc));
    size_t n = MIN(max, pc.n);
    memcpy(to, st->out.p + st->out_done + sizeof(pc), n);
    st->out_done += n;
    st->waiting -= n;
    st->h->waiting -= n;
    if (n < pc.n) { /* the rest is a piece of its own, right behind */
        pc.n -= (uint32_t)n;
        memcpy(st->out.p + st->out_done, &pc, sizeof(pc));
        return n;
    }
    st->out_done += sizeof(pc);
    if (st->out_done == st->out.n) {
        buf_clear(&st->out);
        st->out_done = 0;
        if (st->out.cap > KEEP_OUT)
            buf_free(&st->out);
    }
    if (pc.tag != 0)
        st->h->ops->sent(st->h->arg, st->user, pc.tag);
    return n;
}

static ssize_t give_piece(nghttp2_session *s, int32_t id, uint8_t *to, size_t max, uint32_t *flags,
                          nghttp2_data_source *source, void *arg)
{
    struct h2s_stream *st = source->ptr;
    size_t n = take(st, to, max);
    if (st->waiting == 0 && st->ended) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (st->n_trail > 0) {
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
            submit_trailers(st);
        }
    } else if (n == 0) {
        st->deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    return (ssize_t)n;
}

static void resume(struct h2s_stream *st)
{
    if (st->deferred) {
        st->deferred = false;
        nghttp2_session_resume_data(st->h->session, st->id);
    }
}

int h2s_continue(struct h2s_stream *st)
{
    nghttp2_nv nv = nv_of(STR(":status"), STR("100"));
    if (st->headed)
        return -1;
    return nghttp2_submit_headers(st->h->session, NGHTTP2_FLAG_NONE, st->id, NULL, &nv, 1, NULL) < 0 ? -1 : 0;
}

int h2s_head(struct h2s_stream *st, int status, const struct h2s_field *f, size_t n, bool end)
{
    nghttp2_nv nv[FIELDS_MAX];
    nghttp2_data_provider from = {.source.ptr = st, .read_callback = give_piece};
    char text[4];
    if (st->headed || n >= FIELDS_MAX || status < 100 || status > 999)
        return -1;
    snprintf(text, sizeof(text), "%03d", status);
    nv[0] = nv_of(STR(":status"), (struct str){text, 3});
    for (size_t i = 0; i < n; i++)
        nv[1 + i] = nv_of(f[i].name, f[i].value);
    st->headed = true;
    st->ended = end;
    return nghttp2_submit_response(st->h->session, st->id, nv, 1 + n, end ? NULL : &from) == 0 ? 0 : -1;
}

int h2s_data(struct h2s_stream *st, const void *p, size_t n, uint32_t tag)
{
    struct piece pc = {(uint32_t)n, tag};
    if (!st->headed || st->ended || n > UINT32_MAX || n > st->h->o.max_out || st->h->waiting > st->h->o.max_out - n)
        return -1;
    if (n == 0)
        return 0;
    if (st->out_done > st->out.n / 2) {
        buf_drop(&st->out, st->out_done);
        st->out_done = 0;
    }
    if (buf_add(&st->out, &pc, sizeof(pc)) < 0 || buf_add(&st->out, p, n) < 0)
        return -1;
    st->waiting += n;
    st->h->waiting += n;
    resume(st);
    return 0;
}

int h2s_end(struct h2s_stream *st, const struct h2s_field *trailers, size_t n)
{
    if (!st->headed || st->ended || n > FIELDS_MAX)
        return st->headed && st->ended && n == 0 ? 0 : -1;
    for (size_t i = 0; i < n; i++) {
        buf_adds(&st->trailers, trailers[i].name);
        buf_addc(&st->trailers, 0);
        buf_adds(&st->trailers, trailers[i].value);
        buf_addc(&st->trailers, 0);
    }
    if (st->trailers.failed)
        return -1;
    st->n_trail = (unsigned char)n;
    st->ended = true;
    resume(st);
    return 0;
}

void h2s_reset(struct h2s_stream *st, uint32_t code)
{
    st->ended = true; /* nothing more is taken */
    nghttp2_submit_rst_stream(st->h->session, NGHTTP2_FLAG_NONE, st->id, code);
}

size_t h2s_queued(const struct h2s_stream *st)
{
    return st->waiting;
}

size_t h2s_queued_all(const struct h2s *h)
{
    return h->waiting;
}

#include "api/api_stream.h"

#include "base/base64.h"

enum { WHY_MAX = 2 << 10, NAME_SHOWN = 100, KEEP_BYTES = 64 << 10 };

static int on_sse(void *arg, const struct sse_ev *ev)
{
    struct api_stream *s = arg;
    return s->cb(s->arg, ev->type, ev->data);
}

static int on_line(void *arg, struct str line)
{
    struct api_stream *s = arg;
    return s->cb(s->arg, STR(""), line);
}

static enum api_stream_rc take(struct api_stream *s, struct str piece)
{
    if (s->framing == API_SSE)
        return (enum api_stream_rc)sse_feed(&s->sse, piece.p, piece.n);
    if (s->framing == API_LINES)
        return (enum api_stream_rc)ndjson_feed(&s->lines, piece.p, piece.n);
    return s->cb(s->arg, STR(""), piece) != 0 ? API_STREAM_E_STOPPED : API_STREAM_OK;
}
_Static_assert((int)SSE_E_TOOBIG == (int)API_STREAM_E_TOOBIG && (int)SSE_E_STOPPED == (int)API_STREAM_E_STOPPED, "");
_Static_assert((int)NDJSON_E_TOOBIG == (int)API_STREAM_E_TOOBIG, "");
_Static_assert((int)NDJSON_E_STOPPED == (int)API_STREAM_E_STOPPED, "");

/* Some senders put the bytes into JSON: {"bytes":"aGk="}, {"PayloadPart":{"Bytes":"aGk="}}. A slice of other JSON
 * passes as it is. */
static struct str unwrap(struct api_stream *s, struct str payload)
{
    static const char *const paths[] = {"bytes", "PayloadPart.Bytes", "chunk.bytes"};
    struct str raw, text;
    if (payload.n == 0 || payload.p[0] != '{')
        return payload;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        if (js_path(payload, paths[i], &raw) != 0 || !api_raw_string(raw, &text))
            continue;
        buf_clear(&s->unwrapped);
        char *room = buf_room(&s->unwrapped, text.n + 1);
        int n = room ? base64_decode(text, room) : -1;
        if (n < 0)
            return payload;
        buf_wrote(&s->unwrapped, (size_t)n);
        return buf_str(&s->unwrapped);
    }
    return payload;
}

/* "ModelStreamErrorException: {"message":...}" */
static void explain(struct api_stream *s, const struct evs_msg *m)
{
    struct str name = m->exception.n ? m->exception : m->error_code;
    struct str text = m->payload.n ? m->payload : m->error_message;
    buf_clear(&s->why);
    buf_adds(&s->why, str_sub(name, 0, MIN(name.n, (size_t)NAME_SHOWN)));
    if (name.n && text.n)
        buf_addz(&s->why, ": ");
    buf_adds(&s->why, str_sub(text, 0, MIN(text.n, (size_t)WHY_MAX - NAME_SHOWN - 2)));
}

static void on_comment(void *arg, struct str text)
{
    struct api_stream *s = arg;
    s->comment(s->arg, text);
}

static int on_message(void *arg, const struct evs_msg *m)
{
    struct api_stream *s = arg;
    if (str_eqz(m->kind, "exception") || str_eqz(m->kind, "error")) {
        explain(s, m);
        s->frame_rc = API_STREAM_E_FAILED;
    } else if (s->ops->frames) {
        s->frame_rc = s->cb(s->arg, m->event, unwrap(s, m->payload)) != 0 ? API_STREAM_E_STOPPED : API_STREAM_OK;
    } else {
        s->frame_rc = take(s, unwrap(s, m->payload));
    }
    return s->frame_rc;
}

void api_stream_init(struct api_stream *s, size_t max_event, api_stream_cb *cb, sse_comment_cb *comment, void *arg)
{
    *s = (struct api_stream){.cb = cb, .comment = comment, .arg = arg};
    sse_init(&s->sse, max_event, on_sse, s);
    s->sse.comment = comment ? on_comment : NULL;
    ndjson_init(&s->lines, max_event, on_line, s);
    evs_init(&s->evs, max_event, on_message, s);
    buf_init(&s->unwrapped, max_event);
    buf_init(&s->why, WHY_MAX);
}

void api_stream_reset(struct api_stream *s, const struct api_ops *ops, bool stream)
{
    sse_reset(&s->sse);
    ndjson_reset(&s->lines);
    evs_reset(&s->evs);
    if (s->unwrapped.cap > KEEP_BYTES)
        buf_free(&s->unwrapped);
    buf_clear(&s->why);
    s->ops = ops;
    s->stream = stream;
    s->framing = api_framing_of(ops, stream, STR(""));
    s->enveloped = s->inner_told = false;
}

void api_stream_free(struct api_stream *s)
{
    sse_free(&s->sse);
    ndjson_free(&s->lines);
    evs_free(&s->evs);
    buf_free(&s->unwrapped);
    buf_free(&s->why);
}

void api_stream_header(struct api_stream *s, struct str name, struct str value)
{
    if (str_ieq(name, STR("content-type"))) {
        ptrdiff_t end = str_chr(value, ';');
        struct str media = str_trim(end < 0 ? value : str_sub(value, 0, (size_t)end));
        s->framing = api_framing_of(s->ops, s->stream, value);
        s->enveloped = str_ieq(media, STR("application/vnd.amazon.eventstream"));
    } else if (str_ieq(name, STR("x-amzn-sagemaker-content-type"))) {
        s->inner = api_framing_of(s->ops, s->stream, value);
        s->inner_told = true;
    }
}

void api_stream_headers(struct api_stream *s, struct str lines)
{
    struct str_split it = {.rest = lines, .sep = '\n'};
    struct str line;
    while (str_next(&it, &line)) {
        ptrdiff_t colon = str_chr(line, ':');
        if (colon > 0)
            api_stream_header(s, str_sub(line, 0, (size_t)colon), str_trim(str_sub(line, (size_t)colon + 1, line.n)));
    }
}

enum api_framing api_stream_begin(struct api_stream *s)
{
    if (!s->enveloped)
        return s->framing;
    if (s->inner_told && s->inner != API_WHOLE && s->inner != API_BYTES)
        s->framing = s->inner;
    else /* a document in slices is a line */
        s->framing = s->inner_told || s->ops->lines ? API_LINES : API_SSE;
    return s->framing;
}

enum api_stream_rc api_stream_feed(struct api_stream *s, struct str piece)
{
    if (!s->enveloped)
        return take(s, piece);
    switch (evs_feed(&s->evs, piece.p, piece.n)) {
    case EVS_OK:
        return API_STREAM_OK;
    case EVS_E_TOOBIG:
        return API_STREAM_E_TOOBIG;
    case EVS_E_STOPPED:
        return s->frame_rc;
    case EVS_E_CHECKSUM:
    case EVS_E_SYNTAX:
        break;
    }
    buf_clear(&s->why);
    buf_addz(&s->why, s->evs.rc == EVS_E_CHECKSUM ? "event stream: a frame's checksum is wrong"
                                                  : "event stream: a frame's lengths or headers are wrong");
    return API_STREAM_E_FRAME;
}

enum api_stream_rc api_stream_end(struct api_stream *s)
{
    return s->framing == API_LINES ? (enum api_stream_rc)ndjson_end(&s->lines) : API_STREAM_OK;
}

bool api_stream_whole(const struct api_stream *s)
{
    return !s->enveloped || evs_whole(&s->evs);
}

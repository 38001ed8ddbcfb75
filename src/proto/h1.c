/* h1.c - llhttp paused at each message's end and begun anew for the next, so that nothing of one message (upgrade,
 * keep-alive, flags) reaches into another and *used is exact. */
#include "proto/h1.h"

#include <llhttp.h>

#include "base/buf.h"
#include "base/xalloc.h"

#define MAX_HEADER_BYTES (64 * 1024)
#define MAX_HEADERS 256

struct h1 {
    llhttp_t ll;
    llhttp_settings_t settings;
    enum h1_kind kind;
    struct h1_cb cb;
    void *arg;
    struct buf target;                /* request target */
    struct str name, value;           /* of the header being read: views of the input, or of the buffers below */
    struct buf torn_name, torn_value; /* what the end of the input tears */
    size_t header_bytes;              /* of this message: target, reason, names, values, trailers */
    unsigned n_headers;
    bool head_next; /* the next response answers a HEAD */
    bool begun;     /* first byte of a message seen */
    bool started;   /* `start` was called */
    bool in_body;   /* headers are over: what comes as headers are trailers */
    bool interim;   /* 1xx, swallowed */
    bool ended;     /* the message is complete */
    bool keep_alive;
    enum h1_rc rc;  /* an error, sticky; else H1_OK */
    enum h1_rc why; /* set by a callback that stops llhttp */
    const char *reason;
};

static int stop(struct h1 *p, enum h1_rc why, const char *reason)
{
    p->why = why;
    p->reason = reason;
    return HPE_USER;
}

static int stopped(struct h1 *p)
{
    return stop(p, H1_E_STOPPED, "stopped by a callback");
}

static int count(struct h1 *p, size_t n)
{
    p->header_bytes += n;
    if (p->header_bytes > MAX_HEADER_BYTES)
        return stop(p, H1_E_TOOBIG, "more than 64 KiB of headers");
    return 0;
}

static int on_begin(llhttp_t *ll)
{
    struct h1 *p = ll->data;
    p->begun = true;
    return 0;
}

static int on_url(llhttp_t *ll, const char *at, size_t n)
{
    struct h1 *p = ll->data;
    if (count(p, n))
        return HPE_USER;
    buf_add(&p->target, at, n);
    return 0;
}

static int on_status(llhttp_t *ll, const char *at, size_t n)
{
    return count(ll->data, n);
}

/* Called with the first whole header, or at their end: the start line is certainly complete then, and a header that
 * turns out to be broken makes no difference by how its bytes were cut. */
static int start_once(struct h1 *p)
{
    if (p->started)
        return 0;
    p->started = true;
    if (p->ll.http_major != 1)
        return stop(p, H1_E_SYNTAX, "a version other than HTTP/1.0 or HTTP/1.1");
    struct str method = STR("");
    int status = 0;
    if (p->kind == H1_RESPONSE) {
        status = llhttp_get_status_code(&p->ll);
        p->interim = status >= 100 && status < 200 && status != 101;
        if (status < 100)
            return stop(p, H1_E_SYNTAX, "a status code of less than three digits");
    } else {
        method = str_of(llhttp_method_name((llhttp_method_t)llhttp_get_method(&p->ll)));
    }
    if (!p->interim && p->cb.start && p->cb.start(p->arg, method, buf_str(&p->target), status))
        return stopped(p);
    return 0;
}

/* One piece as a rule. Of several (folded lines, the end of the input between them) all are copied. */
static void add_piece(struct str *s, struct buf *torn, const char *at, size_t n)
{
    if (s->n == 0 && torn->n == 0) {
        *s = (struct str){at, n};
        return;
    }
    if (torn->n == 0)
        buf_adds(torn, *s);
    buf_add(torn, at, n);
    *s = buf_str(torn);
}

static int on_field(llhttp_t *ll, const char *at, size_t n)
{
    struct h1 *p = ll->data;
    if (count(p, n))
        return HPE_USER;
    add_piece(&p->name, &p->torn_name, at, n);
    return 0;
}

static int on_value(llhttp_t *ll, const char *at, size_t n)
{
    struct h1 *p = ll->data;
    if (count(p, n))
        return HPE_USER;
    add_piece(&p->value, &p->torn_value, at, n);
    return 0;
}

static void no_header(struct h1 *p)
{
    p->name = p->value = STR("");
    buf_clear(&p->torn_name);
    buf_clear(&p->torn_value);
}

/* The input goes away: what was seen of a header is copied. */
static void keep_header(struct h1 *p)
{
    if (p->name.n > 0 && p->torn_name.n == 0) {
        buf_adds(&p->torn_name, p->name);
        p->name = buf_str(&p->torn_name);
    }
    if (p->value.n > 0 && p->torn_value.n == 0) {
        buf_adds(&p->torn_value, p->value);
        p->value = buf_str(&p->torn_value);
    }
}

static int on_value_complete(llhttp_t *ll)
{
    struct h1 *p = ll->data;
    if (++p->n_headers > MAX_HEADERS)
        return stop(p, H1_E_TOOBIG, "more than 256 headers");
    if (start_once(p))
        return HPE_USER;
    int (*tell)(void *arg, struct str name, struct str value) = p->in_body ? p->cb.trailer : p->cb.header;
    if (!p->interim && tell && tell(p->arg, p->name, str_trim(p->value)))
        return stopped(p);
    no_header(p);
    return 0;
}

static bool is_upgrade(struct h1 *p)
{
    return p->kind == H1_RESPONSE ? llhttp_get_status_code(&p->ll) == 101 : llhttp_get_method(&p->ll) == HTTP_CONNECT;
}

/* Returns what llhttp asks for: 1 = no body follows, whatever the headers say. */
static int on_headers_complete(llhttp_t *ll)
{
    struct h1 *p = ll->data;
    if (start_once(p))
        return -1;
    p->in_body = true;
    if (!p->interim && p->cb.headers_done && p->cb.headers_done(p->arg)) {
        stopped(p);
        return -1;
    }
    /* An offer to upgrade that we do not take up is an ordinary message. */
    if (!is_upgrade(p))
        ll->upgrade = 0;
    if (p->kind == H1_REQUEST)
        return 0;
    int status = llhttp_get_status_code(ll);
    return p->head_next || status < 200 || status == 204 || status == 304;
}

static int on_body(llhttp_t *ll, const char *at, size_t n)
{
    struct h1 *p = ll->data;
    if (n > 0 && p->cb.body && p->cb.body(p->arg, (struct str){at, n}))
        return stopped(p);
    return 0;
}

static int on_complete(llhttp_t *ll)
{
    struct h1 *p = ll->data;
    p->ended = true;
    p->keep_alive = llhttp_should_keep_alive(ll) && !is_upgrade(p);
    if (!p->interim && p->cb.done && p->cb.done(p->arg))
        return stopped(p);
    return HPE_PAUSED;
}

/* Ready for the next message of the same connection. */
static void next_message(struct h1 *p)
{
    llhttp_init(&p->ll, p->kind == H1_RESPONSE ? HTTP_RESPONSE : HTTP_REQUEST, &p->settings);
    p->ll.data = p;
    buf_clear(&p->target);
    no_header(p);
    p->header_bytes = 0;
    p->n_headers = 0;
    p->begun = p->started = p->in_body = p->interim = p->ended = false;
    p->why = H1_OK;
}

struct h1 *h1_new(enum h1_kind kind, const struct h1_cb *cb, void *arg)
{
    struct h1 *p = xcalloc(1, sizeof *p);
    p->kind = kind;
    p->cb = *cb;
    p->arg = arg;
    buf_init(&p->target, MAX_HEADER_BYTES);
    buf_init(&p->torn_name, MAX_HEADER_BYTES);
    buf_init(&p->torn_value, MAX_HEADER_BYTES);
    llhttp_settings_init(&p->settings);
    p->settings.on_message_begin = on_begin;
    p->settings.on_url = on_url;
    p->settings.on_status = on_status;
    p->settings.on_header_field = on_field;
    p->settings.on_header_value = on_value;
    p->settings.on_header_value_complete = on_value_complete;
    p->settings.on_headers_complete = on_headers_complete;
    p->settings.on_body = on_body;
    p->settings.on_message_complete = on_complete;
    h1_reset(p);
    return p;
}

void h1_free(struct h1 **pp)
{
    struct h1 *p = *pp;
    if (!p)
        return;
    buf_free(&p->target);
    buf_free(&p->torn_name);
    buf_free(&p->torn_value);
    free(p);
    *pp = NULL;
}

void h1_reset(struct h1 *p)
{
    next_message(p);
    p->head_next = p->keep_alive = false;
    p->rc = H1_OK;
    p->reason = "";
}

void h1_head_response(struct h1 *p)
{
    p->head_next = true;
}

static enum h1_rc fail(struct h1 *p)
{
    if (p->why != H1_OK)
        return p->rc = p->why;
    const char *reason = llhttp_get_error_reason(&p->ll);
    p->reason = reason && *reason ? reason : "not HTTP";
    return p->rc = H1_E_SYNTAX;
}

/* The message just ended: H1_OK when it was an interim response and reading goes on. */
static enum h1_rc message_ended(struct h1 *p)
{
    bool interim = p->interim;
    enum h1_rc rc = is_upgrade(p) ? H1_UPGRADE : H1_DONE;
    next_message(p);
    if (interim)
        return H1_OK;
    p->head_next = false;
    return rc;
}

enum h1_rc h1_feed(struct h1 *p, const char *data, size_t n, size_t *used)
{
    *used = 0;
    if (p->rc != H1_OK)
        return p->rc;
    while (*used < n) {
        llhttp_errno_t err = llhttp_execute(&p->ll, data + *used, n - *used);
        if (err == HPE_OK) {
            *used = n;
            keep_header(p);
            break;
        }
        const char *at = llhttp_get_error_pos(&p->ll);
        if (at)
            *used = (size_t)(at - data);
        if (p->why != H1_OK || !p->ended || (err != HPE_PAUSED && err != HPE_PAUSED_UPGRADE))
            return fail(p);
        enum h1_rc rc = message_ended(p);
        if (rc != H1_OK)
            return rc;
    }
    return H1_OK;
}

enum h1_rc h1_eof(struct h1 *p)
{
    if (p->rc != H1_OK)
        return p->rc;
    if (!p->begun)
        return H1_OK;
    llhttp_errno_t err = llhttp_finish(&p->ll);
    if (p->why == H1_OK && p->ended)
        return message_ended(p);
    if (p->why == H1_OK && err == HPE_OK)
        return H1_OK;
    if (p->why == H1_OK)
        llhttp_set_error_reason(&p->ll, "the connection ended within a message");
    return fail(p);
}

bool h1_chunked(const struct h1 *p)
{
    return (p->ll.flags & F_CHUNKED) != 0;
}

bool h1_keep_alive(const struct h1 *p)
{
    return p->keep_alive;
}

const char *h1_reason(const struct h1 *p)
{
    return p->reason;
}

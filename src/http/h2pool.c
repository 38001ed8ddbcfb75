/* h2pool.c - which connection of HTTP/2 an exchange takes, and its head as fields. */
#include "base/xalloc.h"
#include "http/hclient_private.h"

unsigned h2pool_share(const struct hclient *c)
{
    /* A server that allows none at all is asked for one all the same, and will say what it thinks of it. */
    return c->expect == 2 ? MAX(1U, MIN(c->o.streams_per_conn, c->peer_max)) : 1;
}

unsigned h2pool_room(const struct h2conn *k)
{
    const struct hclient *c = k->c;
    if (k->draining || k->doomed || k->write_rc)
        return 0;
    if (k->up && k->settled)
        return MIN(c->o.streams_per_conn, k->peer_max);
    if (k->up)
        return k->h2 ? h2pool_share(c) : 0;
    /* Of HTTP/1.1 each has its own; while that is not known, all wait for the one that will tell. */
    return c->expect == 1 ? 0 : c->expect == 2 ? h2pool_share(c) : UINT32_MAX;
}

static struct h2conn *choose(const struct hclient *c, const struct h2conn *not_this)
{
    struct h2conn *best = NULL;
    for (struct h2conn *k = c->h2conns; k; k = k->next) {
        if (k == not_this || k->n >= h2pool_room(k))
            continue;
        if (!best || (k->up != best->up ? k->up : k->n < best->n))
            best = k;
    }
    return best;
}

void h2pool_start(struct hclient *c, struct hx *x, const struct h2conn *not_this)
{
    struct h2conn *k = choose(c, not_this);
    if (!k) {
        k = h2conn_open(c);
        k->maker = x;
        x->new_conn = true;
    }
    h2conn_take(k, x);
}

void h2pool_retry(struct hx *x, const struct h2conn *not_this)
{
    struct hclient *c = x->client;
    c->stats.retried++;
    hx_clear_attempt(x);
    x->retried = true;
    x->tries++;
    x->new_conn = x->resumed = false;
    x->status = 0;
    x->first_byte = x->headers_at = 0;
    x->bytes_in = 0;
    x->rc = 0;
    x->sys = 0;
    x->detail[0] = 0;
    h2pool_start(c, x, not_this);
}

static int common_head(struct hclient *c, struct str text)
{
    struct h2_heads *h = c->heads;
    if (!h) {
        h = c->heads = xcalloc(1, sizeof(*h));
        buf_init(&h->text, H2_HEAD_BYTES);
        h2_head_init(&h->common);
        h2_head_init(&h->own);
    }
    if (h->common.n > 0 && str_eq(text, buf_str(&h->text)))
        return 0;
    buf_clear(&h->text);
    buf_adds(&h->text, text);
    return h2_head_request(&h->common, text, c->o.tls != NULL);
}

int h2pool_heads(struct hclient *c, struct hx *x)
{
    int n = MAX(1, x->n_head);
    struct str text = {x->out[0].iov_base, x->out[0].iov_len};
    if (common_head(c, text) == 0 && h2_head_lines(&c->heads->own, x->out + 1, n - 1) == 0)
        return 0;
    snprintf(x->detail, sizeof(x->detail),
             "the request's head cannot be sent over HTTP/2 (more than %d lines or %d KiB)", H2_HEAD_FIELDS,
             H2_HEAD_BYTES >> 10);
    return -1;
}

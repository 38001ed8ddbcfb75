#include "fetch/ask.h"

#include "base/xalloc.h"
#include "fetch/curl_lib.h"

struct asker {
    struct curl_lib lib;
};

struct asker *asker_new(struct err *e)
{
    struct asker *a = xcalloc(1, sizeof *a);
    if (curl_lib_open(&a->lib, e) == 0)
        return a;
    free(a);
    return NULL;
}

void asker_free(struct asker **a)
{
    free(*a);
    *a = NULL;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    struct buf *body = arg;
    return buf_add(body, p, size * n) == 0 ? size * n : 0;
}

static void set_up(const struct curl_lib *c, CURL *h, const struct ask *q, struct curl_slist *headers, struct buf *body)
{
    long ms = (long)MAX(q->timeout / NS_PER_MS, 1);
    c->setopt(h, CURLOPT_URL, q->url);
    c->setopt(h, CURLOPT_HTTPHEADER, headers);
    c->setopt(h, CURLOPT_USERAGENT, "weir/" WEIR_VERSION);
    c->setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
#if LIBCURL_VERSION_NUM >= 0x075500
    c->setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
#endif
    c->setopt(h, CURLOPT_NOSIGNAL, 1L);
    c->setopt(h, CURLOPT_NOPROGRESS, 1L);
    c->setopt(h, CURLOPT_TIMEOUT_MS, ms);
    c->setopt(h, CURLOPT_CONNECTTIMEOUT_MS, ms);
    c->setopt(h, CURLOPT_WRITEFUNCTION, on_body);
    c->setopt(h, CURLOPT_WRITEDATA, body);
    if (strcmp(q->method, "POST") == 0) {
        c->setopt(h, CURLOPT_POST, 1L);
        c->setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.n);
        c->setopt(h, CURLOPT_POSTFIELDS, q->body.n ? q->body.p : "");
    } else if (strcmp(q->method, "GET") != 0) {
        c->setopt(h, CURLOPT_CUSTOMREQUEST, q->method);
    }
    if (q->direct)
        c->setopt(h, CURLOPT_PROXY, "");
    if (q->ca_file)
        c->setopt(h, CURLOPT_CAINFO, q->ca_file);
}

static int judge(const struct curl_lib *c, CURL *h, CURLcode rc, struct ask_answer *a)
{
    const char *why = rc == CURLE_OPERATION_TIMEDOUT ? "no answer in time"
                      : a->body.failed               ? "the answer is too long"
                                                     : c->strerror(rc);
    curl_off_t took = 0;
    if (c->getinfo(h, CURLINFO_CONNECT_TIME_T, &took) == CURLE_OK)
        a->connected = took > 0;
    if (rc == CURLE_OK && c->getinfo(h, CURLINFO_RESPONSE_CODE, &a->status) == CURLE_OK)
        return 0;
    snprintf(a->why, sizeof a->why, "%s", why);
    return -1;
}

int asker_ask(struct asker *a, const struct ask *q, struct ask_answer *answer)
{
    const struct curl_lib *c = &a->lib;
    struct curl_slist *headers = c->slist_append(NULL, "Expect:");
    answer->status = 0;
    answer->connected = false;
    answer->why[0] = 0;
    buf_clear(&answer->body);
    CURL *h = c->init();
    for (size_t i = 0; i < q->n_headers && headers; i++) {
        struct curl_slist *longer = c->slist_append(headers, q->headers[i]);
        if (!longer)
            c->slist_free_all(headers);
        headers = longer;
    }
    int rc = -1;
    if (h && headers) {
        set_up(c, h, q, headers, &answer->body);
        rc = judge(c, h, c->perform(h), answer);
    } else {
        snprintf(answer->why, sizeof answer->why, "libcurl could not be set up");
    }
    if (h)
        c->cleanup(h);
    for (struct curl_slist *s = headers; s; s = s->next) /* they may be secret */
        explicit_bzero(s->data, strlen(s->data));
    c->slist_free_all(headers);
    return rc;
}

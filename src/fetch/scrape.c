#include "fetch/scrape.h"

#include "base/clock.h"
#include "base/xalloc.h"
#include "fetch/curl_lib.h"

/* Text is 0.0.4 everywhere; OpenMetrics is taken from who speaks nothing else. */
#define ACCEPT "Accept: text/plain;version=0.0.4;q=1,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1"

struct scraper {
    struct curl_lib lib;
    CURL *h;
    struct curl_slist *headers, *connect_to;
    struct prom *to; /* during a question */
    const atomic_bool *stop;
    struct scrape_answer *a;
    size_t n;
    bool too_big;
};

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    struct scraper *s = arg;
    n *= size;
    if (s->a->first == 0)
        s->a->first = clock_mono();
    s->lib.getinfo(s->h, CURLINFO_RESPONSE_CODE, &s->a->status);
    if (s->a->status != 200)
        return n; /* an error's text */
    s->n += n;
    s->too_big = s->n > SCRAPE_BODY_MAX;
    if (s->too_big)
        return 0;
    prom_feed(s->to, p, n);
    return n;
}

static int on_progress(void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    const struct scraper *s = arg;
    return s->stop && atomic_load_explicit(s->stop, memory_order_relaxed);
}

static void set_up(struct scraper *s, const struct scraper_opts *o)
{
    const struct curl_lib *c = &s->lib;
    s->headers = c->slist_append(NULL, ACCEPT);
    c->setopt(s->h, CURLOPT_URL, o->url);
    c->setopt(s->h, CURLOPT_HTTPHEADER, s->headers);
    c->setopt(s->h, CURLOPT_USERAGENT, "weir/" WEIR_VERSION);
    c->setopt(s->h, CURLOPT_ACCEPT_ENCODING, "");
    c->setopt(s->h, CURLOPT_PROXY, "");
    c->setopt(s->h, CURLOPT_FOLLOWLOCATION, 1L);
    c->setopt(s->h, CURLOPT_MAXREDIRS, 3L);
#if LIBCURL_VERSION_NUM >= 0x075500
    c->setopt(s->h, CURLOPT_PROTOCOLS_STR, "http,https");
    c->setopt(s->h, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#endif
    c->setopt(s->h, CURLOPT_NOSIGNAL, 1L);
    c->setopt(s->h, CURLOPT_NOPROGRESS, 0L);
    c->setopt(s->h, CURLOPT_XFERINFOFUNCTION, on_progress);
    c->setopt(s->h, CURLOPT_XFERINFODATA, s);
    c->setopt(s->h, CURLOPT_WRITEFUNCTION, on_body);
    c->setopt(s->h, CURLOPT_WRITEDATA, s);
    if (o->unix_socket)
        c->setopt(s->h, CURLOPT_UNIX_SOCKET_PATH, o->unix_socket);
    if (o->connect_to) {
        char *all = xasprintf("::%s", o->connect_to);
        s->connect_to = c->slist_append(NULL, all);
        c->setopt(s->h, CURLOPT_CONNECT_TO, s->connect_to);
        free(all);
    }
    if (o->insecure) {
        c->setopt(s->h, CURLOPT_SSL_VERIFYPEER, 0L);
        c->setopt(s->h, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (o->cacert)
        c->setopt(s->h, CURLOPT_CAINFO, o->cacert);
    if (o->cert)
        c->setopt(s->h, CURLOPT_SSLCERT, o->cert);
    if (o->key)
        c->setopt(s->h, CURLOPT_SSLKEY, o->key);
}

struct scraper *scraper_new(const struct scraper_opts *o, struct err *e)
{
    struct scraper *s = xcalloc(1, sizeof *s);
    if (curl_lib_open(&s->lib, e) != 0) {
        free(s);
        return NULL;
    }
    s->h = s->lib.init();
    if (!s->h) {
        free(s);
        err_set(e, ERR_INTERNAL, "libcurl could not be set up");
        return NULL;
    }
    set_up(s, o);
    return s;
}

void scraper_free(struct scraper **sp)
{
    struct scraper *s = *sp;
    if (!s)
        return;
    *sp = NULL;
    s->lib.cleanup(s->h);
    s->lib.slist_free_all(s->headers);
    s->lib.slist_free_all(s->connect_to);
    free(s);
}

static int fail(struct scrape_answer *a, const char *why)
{
    snprintf(a->why, sizeof a->why, "%s", why);
    return -1;
}

static int judge(struct scraper *s, CURLcode rc)
{
    struct scrape_answer *a = s->a;
    char status[60];
    if (s->too_big)
        return fail(a, "the answer is longer than 16 MiB");
    if (rc == CURLE_OPERATION_TIMEDOUT || rc == CURLE_ABORTED_BY_CALLBACK)
        return fail(a, "no answer in time");
    if (rc != CURLE_OK)
        return fail(a, s->lib.strerror(rc));
    if (a->status != 200) {
        snprintf(status, sizeof status, "the server answers %ld", a->status);
        return fail(a, status);
    }
    if (s->to->samples == 0 && s->to->bad > 0)
        return fail(a, "the answer is not Prometheus's text");
    return 0;
}

int scraper_ask(struct scraper *s, struct prom *to, int64_t timeout, const atomic_bool *stop, struct scrape_answer *a)
{
    *a = (struct scrape_answer){.asked = clock_mono()};
    s->to = to;
    s->stop = stop;
    s->a = a;
    s->n = 0;
    s->too_big = false;
    s->lib.setopt(s->h, CURLOPT_TIMEOUT_MS, (long)MAX(timeout / NS_PER_MS, 1));
    CURLcode rc = s->lib.perform(s->h);
    a->end = clock_mono();
    s->lib.getinfo(s->h, CURLINFO_RESPONSE_CODE, &a->status);
    prom_end(to);
    return judge(s, rc);
}

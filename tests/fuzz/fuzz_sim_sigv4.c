/* fuzz_sim_sigv4.c - any head, body and credentials in them through the simulator's check of signatures: no crash; and
 * a head that src/auth has signed is good, whatever stands in it (tests may know both). */
#include "auth/sigv4.h"
#include "base/xalloc.h"
#include "sim/sim_sigv4.h"

#include <sys/uio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define AT 1440938160
static const char *const users[] = {"AKID:secret:token", "AKID:secret", NULL};

static int judge(struct str method, struct str target, const struct sigv4_header *h, size_t n_headers, struct str body)
{
    struct hs_header own[SIGV4_MAX_HEADERS + 8];
    struct sim_sigv4 v;
    struct sim_sigv4_refusal no;
    for (size_t i = 0; i < n_headers; i++)
        own[i] = (struct hs_header){h[i].name, h[i].value};
    ptrdiff_t mark = str_chr(target, '?');
    size_t path = mark < 0 ? target.n : (size_t)mark;
    const struct hs_request q = {.method = method,
                                 .target = target,
                                 .path = str_sub(target, 0, path),
                                 .query = str_sub(target, path + 1, target.n),
                                 .headers = own,
                                 .n_headers = n_headers,
                                 .body = body};
    sim_sigv4_parse(&v, users, NULL);
    int rc = sim_sigv4_check(&v, &q, AT, &no);
    if ((rc < 0) != (no.message.n > 0))
        abort();
    buf_free(&no.message);
    return rc;
}

/* What an HTTP server passes on at all: names that are tokens, and no control characters but tabs. */
static bool plausible(const struct sigv4_request *q)
{
    static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (size_t i = 0; i < q->n_headers; i++) {
        struct str name = q->headers[i].name, value = q->headers[i].value;
        for (size_t k = 0; k < name.n; k++)
            if (name.p[k] == 0 || !strchr(token, name.p[k]))
                return false;
        for (size_t k = 0; k < value.n; k++)
            if ((unsigned char)value.p[k] < 0x20 && value.p[k] != '\t')
                return false;
    }
    return q->target.n > 0 && q->target.p[0] == '/' && !memchr(q->target.p, 0, q->target.n) &&
           !memchr(q->method.p, 0, q->method.n);
}

/* The signature lines join the head, Host with them; both read the same then. */
static void sign_and_judge(const struct sigv4_request *given, struct str body, const char *service, bool token)
{
    struct sigv4_header h[SIGV4_MAX_HEADERS + 8];
    struct sigv4_request q = *given, lines;
    struct sigv4_header room[SIGV4_MAX_HEADERS];
    struct sigv4 *s = sigv4_new(STR("r"), str_of(service), true);
    struct iovec piece = {(void *)(uintptr_t)body.p, body.n};
    struct buf out = BUF_INIT(1u << 20);
    char payload[65];
    q.n_headers = 0;
    for (size_t i = 0; i < given->n_headers; i++)
        if (!sigv4_own_header(given->headers[i].name) && !str_istarts(given->headers[i].name, STR("x-amz")))
            h[q.n_headers++] = given->headers[i];
    h[q.n_headers++] = (struct sigv4_header){STR("Host"), STR("h")};
    q.headers = h;
    sigv4_payload(s, &piece, 1, payload);
    q.payload = payload;
    const struct sigv4_key k = {STR("AKID"), STR("secret"), token ? STR("token") : STR("")};
    buf_addz(&out, "GET / HTTP/1.1\r\n");
    if (q.n_headers <= SIGV4_MAX_HEADERS && sigv4_sign(s, &q, &k, AT, &out) == 0) {
        if (sigv4_read_head(&lines, room, buf_str(&out)) < 0)
            abort();
        for (size_t i = 0; i < lines.n_headers; i++)
            h[q.n_headers++] = room[i];
        if (judge(q.method, q.target, h, q.n_headers, body) < 0)
            abort();
    }
    buf_free(&out);
    sigv4_free(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct sigv4_request q;
    struct sigv4_header room[SIGV4_MAX_HEADERS];
    struct str all = {(const char *)data, n};
    ptrdiff_t end = str_find(all, STR("\r\n\r\n"));
    struct str head = end < 0 ? all : str_sub(all, 0, (size_t)end + 2);
    struct str body = end < 0 ? STR("") : str_sub(all, (size_t)end + 4, n);
    if (sigv4_read_head(&q, room, head) < 0)
        return 0;
    judge(q.method, q.target, q.headers, q.n_headers, body);
    if (!plausible(&q))
        return 0;
    sign_and_judge(&q, body, "bedrock", false);
    sign_and_judge(&q, body, "s3", true);
    return 0;
}

/* sigv4_show.c - signatures of requests, for comparison with other programs.
 * usage: sigv4_show < LINES     each line an object: service, region, key, secret, token, at (seconds since 1970),
 * method, target, headers [[name, value], ...], body; and expires for a signature in the query. Prints an object a
 * line: `lines`, the header lines, or `target`, the one with the query; and `canonical`. */
#include <stdio.h>
#include <sys/uio.h>

#include "auth/sigv4.h"
#include "base/jdoc.h"
#include "base/jout.h"
#include "base/xalloc.h"

static struct str text(jnode *n, const char *key)
{
    return jn_str(jn_get(n, key), "");
}

static int show(jnode *n)
{
    struct sigv4_header room[SIGV4_MAX_HEADERS];
    struct sigv4_request q = {.method = text(n, "method"), .target = text(n, "target"), .headers = room};
    const struct sigv4_key k = {text(n, "key"), text(n, "secret"), text(n, "token")};
    jnode *headers = jn_get(n, "headers");
    struct str service = text(n, "service"), body = text(n, "body");
    struct iovec piece = {(void *)(uintptr_t)body.p, body.n};
    struct buf out = BUF_INIT(1u << 20), line = BUF_INIT(4u << 20);
    int64_t expires = jn_i64(jn_get(n, "expires"), 0);
    struct jout j;
    char payload[65];
    for (size_t i = 0; i < jn_len(headers) && i < SIGV4_MAX_HEADERS; i++)
        room[q.n_headers++] =
            (struct sigv4_header){jn_str(jn_at(jn_at(headers, i), 0), ""), jn_str(jn_at(jn_at(headers, i), 1), "")};
    struct sigv4 *s = sigv4_new(text(n, "region"), service, str_eqz(service, "s3"));
    sigv4_payload(s, &piece, 1, payload);
    q.payload = expires && str_eqz(service, "s3") ? "UNSIGNED-PAYLOAD" : payload;
    int64_t at = jn_i64(jn_get(n, "at"), 0);
    int rc = expires ? sigv4_presign(s, &q, &k, at, (uint32_t)expires, &out) : sigv4_sign(s, &q, &k, at, &out);
    jo_init(&j, &line, 0);
    jo_obj(&j);
    jo_key(&j, expires ? "target" : "lines");
    jo_str(&j, buf_str(&out));
    jo_key(&j, "canonical");
    jo_str(&j, sigv4_canonical(s));
    jo_end_obj(&j);
    printf("%s\n", line.p);
    sigv4_free(&s);
    buf_free(&out);
    buf_free(&line);
    return rc;
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    int rc = 0;
    while (rc == 0 && (n = getline(&line, &room, stdin)) > 0) {
        struct err e = {0};
        struct jdoc *d = jdoc_parse((struct str){line, (size_t)n}, "stdin", &e);
        if (!d) {
            fprintf(stderr, "%s\n", e.text);
            rc = 2;
            break;
        }
        rc = show(jdoc_root(d));
        jdoc_free(&d);
    }
    free(line);
    return rc != 0;
}

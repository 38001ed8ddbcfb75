/* ECS task roles and EKS pod identities: a server beside the container. */
#include <arpa/inet.h>

#include "auth/aws_private.h"
#include "base/xalloc.h"
#include "proto/url.h"

#define ECS_HOST "http://169.254.170.2"

enum { TRIES = 3 };
static const int64_t TIMEOUT = 2 * NS_PER_S;

/* In plain text the answer, and the token in the question, must not leave the machine. */
static bool is_near(const struct url *u)
{
    static const char *const hosts[] = {"localhost", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"};
    struct in_addr v4;
    struct in6_addr v6;
    char host[64];
    if (u->tls)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
        if (str_ieq(u->host, str_of(hosts[i])))
            return true;
    snprintf(host, sizeof host, STR_FMT, STR_ARG(u->host));
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static char *address(struct aws_chain *c, struct err *e)
{
    const char *relative = aws_env(c, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = aws_env(c, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    struct url u;
    struct err why = {0};
    if (relative && *relative != '/') {
        err_set(e, ERR_USAGE, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must begin with a slash");
        return NULL;
    }
    char *url =
        relative ? xasprintf("%s%s", c->container_host ? c->container_host : ECS_HOST, relative) : xstrdup(full);
    if (url_parse(&u, str_of(url), &why) != 0)
        err_set(e, ERR_USAGE, "AWS_CONTAINER_CREDENTIALS_%s_URI: %s", relative ? "RELATIVE" : "FULL", why.text);
    else if (u.scheme.n == 0)
        err_set(e, ERR_USAGE, "AWS_CONTAINER_CREDENTIALS_FULL_URI must begin with http:// or https://");
    else if (u.userinfo.n > 0)
        err_set(e, ERR_USAGE, "AWS_CONTAINER_CREDENTIALS_%s_URI must not hold a user's name",
                relative ? "RELATIVE" : "FULL");
    else if (!is_near(&u))
        err_set(e, ERR_USAGE,
                "AWS_CONTAINER_CREDENTIALS_FULL_URI: plain http is for this machine only (loopback, 169.254.170.2, "
                "169.254.170.23), not for %.*s; use https",
                STR_ARG(str_sub(u.host, 0, 100)));
    else
        return url;
    free(url);
    return NULL;
}

/* The header's line, or NULL where there is no token; -1 + e: there is one, and it is not fit. */
static int authorization(struct aws_chain *c, char **line, struct err *e)
{
    const char *file = aws_env(c, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *token = aws_env(c, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    *line = NULL;
    if (file) {
        char *read = aws_token_file(file, e);
        if (!read)
            return err_prefix(e, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: ");
        *line = xasprintf("Authorization: %s", read);
        explicit_bzero(read, strlen(read));
        free(read);
        return 0;
    }
    for (const char *p = token; p && *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return err_set(e, ERR_USAGE, "AWS_CONTAINER_AUTHORIZATION_TOKEN has a control character");
    if (token)
        *line = xasprintf("Authorization: %s", token);
    return 0;
}

static int take(struct ask_answer *a, const char *secret, struct aws_creds *out, struct err *e)
{
    struct jdoc *d = jdoc_parse(buf_str(&a->body), "answer", NULL);
    jnode *root = d ? jdoc_root(d) : NULL;
    int rc;
    if (a->status != 200) {
        struct buf said = BUF_INIT(1000);
        aws_add_said(&said, jn_str(jn_get(root, "message"), ""), secret);
        rc = err_set(e, ERR_PROTO, "it answers %ld%s", a->status, said.p ? said.p : "");
        buf_free(&said);
    } else if (!jn_is_obj(root)) {
        rc = err_set(e, ERR_PROTO, "its answer is no JSON object");
    } else {
        rc = aws_take_json(out, root, "Token", e);
    }
    jdoc_free(&d);
    return rc;
}

int aws_from_container(struct aws_chain *c, struct aws_creds *out, struct err *e)
{
    char *line = NULL;
    if (!aws_env(c, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") && !aws_env(c, "AWS_CONTAINER_CREDENTIALS_FULL_URI")) {
        aws_note(c, "no container's endpoint (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, _FULL_URI)");
        return 0;
    }
    char *url = address(c, e);
    if (!url)
        return -1;
    int rc = authorization(c, &line, e);
    if (rc == 0) {
        const char *headers[] = {"Accept: application/json", line};
        struct ask q = {.method = "GET",
                        .url = url,
                        .headers = headers,
                        .n_headers = line ? 2 : 1,
                        .timeout = TIMEOUT,
                        .direct = str_starts(str_of(url), STR("http://"))};
        struct ask_answer a;
        rc = aws_ask(c, &q, TRIES, &a, e);
        if (rc == 0)
            rc = take(&a, line ? line + strlen("Authorization: ") : NULL, out, e);
        aws_answer_free(&a);
        if (rc != 0)
            err_prefix(e, "the container's credentials (AWS_CONTAINER_CREDENTIALS_*): ");
    }
    if (line)
        explicit_bzero(line, strlen(line));
    free(line);
    free(url);
    if (rc == 0)
        aws_source_of(out, "the container's endpoint");
    return rc == 0 ? 1 : -1;
}

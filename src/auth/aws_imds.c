/* The EC2 instance metadata service: version 2 with a token, and version 1 where that is refused or lost on the way (an
 * answer with a hop limit of 1 does not reach a container). */
#include "auth/aws_private.h"
#include "base/xalloc.h"
#include "proto/url.h"

#define USUAL "http://169.254.169.254"
#define USUAL_V6 "http://[fd00:ec2::254]"
#define ROLES "/latest/meta-data/iam/security-credentials/"

enum { STATIC_S = 600 };

struct metadata {
    struct aws_chain *c;
    char *base;
    char *token; /* the header's line; NULL: version 1 */
    int64_t timeout;
    unsigned tries;
};

static int64_t number_of(const struct aws_chain *c, const char *name, int64_t least, int64_t most)
{
    int64_t v = least;
    if (parse_i64(str_of(aws_env(c, name)), &v) != 0)
        return least;
    return MIN(MAX(v, least), most);
}

static int ask(struct metadata *m, const char *method, const char *path, const char *header, struct ask_answer *a,
               struct err *e)
{
    char *url = xasprintf("%s%s", m->base, path);
    struct ask q = {.method = method,
                    .url = url,
                    .headers = &header,
                    .n_headers = header ? 1 : 0,
                    .timeout = m->timeout,
                    .direct = true};
    int rc = aws_ask(m->c, &q, m->tries, a, e);
    free(url);
    return rc;
}

/* -1 + e: there is no such service here, or it wants version 2 and gives no token. */
static int get_token(struct metadata *m, struct err *e)
{
    struct ask_answer a;
    int rc = ask(m, "PUT", "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds: 21600", &a, e);
    struct str t = str_trim(buf_str(&a.body));
    bool fit = rc == 0 && a.status == 200 && t.n > 0 && t.n < 4096;
    for (size_t i = 0; fit && i < t.n; i++)
        fit = (unsigned char)t.p[i] > 0x20 && (unsigned char)t.p[i] < 0x7f;
    if (fit)
        m->token = xasprintf("X-aws-ec2-metadata-token: " STR_FMT, STR_ARG(t));
    if (rc != 0 && a.connected)
        rc = 0; /* it is there, and silent: version 1 may answer */
    if (rc == 0 && !m->token && aws_env_true(m->c, "AWS_EC2_METADATA_V1_DISABLED"))
        rc = err_set(e, ERR_PROTO, "no token was given, and AWS_EC2_METADATA_V1_DISABLED is set");
    if (rc == 0 && a.status == 400)
        rc = err_set(e, ERR_PROTO, "it answers 400 to the question for a token");
    aws_answer_free(&a);
    return rc;
}

static void leave(struct metadata *m)
{
    if (m->token)
        explicit_bzero(m->token, strlen(m->token));
    free(m->token);
    free(m->base);
}

static int enter(struct metadata *m, struct aws_chain *c, struct err *e)
{
    const char *base = aws_env(c, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    const char *mode = aws_env(c, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    struct url u;
    struct err why = {0};
    *m = (struct metadata){.c = c,
                           .timeout = number_of(c, "AWS_METADATA_SERVICE_TIMEOUT", 1, 60) * NS_PER_S,
                           .tries = (unsigned)number_of(c, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", 1, 10)};
    if (aws_env_true(c, "AWS_EC2_METADATA_DISABLED"))
        return err_set(e, ERR_USAGE, "AWS_EC2_METADATA_DISABLED is set");
    if (!base)
        base = str_ieq(str_of(mode), STR("ipv6")) ? USUAL_V6 : USUAL;
    if (url_parse(&u, str_of(base), &why) != 0)
        return err_set(e, ERR_USAGE, "AWS_EC2_METADATA_SERVICE_ENDPOINT: %s", why.text);
    size_t n = strlen(base);
    while (n > 0 && base[n - 1] == '/')
        n--;
    m->base = xmemdup0(base, n);
    return get_token(m, e);
}

static int get(struct metadata *m, const char *path, struct ask_answer *a, struct err *e)
{
    int rc = ask(m, "GET", path, m->token, a, e);
    if (rc == 0 && a->status == 200 && a->body.n > 0)
        return 0;
    if (rc == 0 && a->status == 404)
        return err_set(e, ERR_PROTO, "the instance has no role");
    return rc == 0 ? err_set(e, ERR_PROTO, "it answers %ld", a->status) : rc;
}

/* What IAM allows in one stands for itself in a URL. */
static bool is_role_name(struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || (c && strchr("+=,.@_-", c))))
            return false;
    }
    return name.n > 0 && name.n <= 128;
}

static int role_credentials(struct metadata *m, struct aws_creds *out, struct err *e)
{
    struct ask_answer a;
    int rc = get(m, ROLES, &a, e);
    struct str role = str_trim(buf_str(&a.body));
    ptrdiff_t line = str_chr(role, '\n');
    if (line >= 0)
        role = str_trim(str_sub(role, 0, (size_t)line));
    char *path = rc == 0 && is_role_name(role) ? xasprintf("%s" STR_FMT, ROLES, STR_ARG(role)) : NULL;
    aws_answer_free(&a);
    if (rc != 0)
        return rc;
    if (!path)
        return err_set(e, ERR_PROTO, "the name of its role is none");
    rc = get(m, path, &a, e);
    struct jdoc *d = rc == 0 ? jdoc_parse(buf_str(&a.body), "answer", NULL) : NULL;
    if (rc == 0)
        rc = d ? aws_take_json(out, jdoc_root(d), "Token", e) : err_set(e, ERR_PROTO, "its answer is no JSON");
    jdoc_free(&d);
    aws_answer_free(&a);
    free(path);
    return rc;
}

int aws_from_metadata(struct aws_chain *c, struct aws_creds *out, struct err *e)
{
    struct metadata m;
    struct err why = {0};
    (void)e;
    int rc = enter(&m, c, &why);
    if (rc == 0)
        rc = role_credentials(&m, out, &why);
    leave(&m);
    if (rc != 0) {
        aws_note(c, "EC2 metadata service: %s", why.text);
        return 0;
    }
    /* When it cannot renew them the service hands out the old ones, which go on being taken. */
    if (out->expires_unix != 0)
        out->expires_unix = MAX(out->expires_unix, aws_now(c) + STATIC_S);
    aws_source_of(out, "the EC2 instance's role");
    return 1;
}

char *aws_metadata_region(struct aws_chain *c)
{
    struct metadata m;
    struct ask_answer a;
    char *region = NULL;
    if (enter(&m, c, NULL) == 0) {
        if (get(&m, "/latest/meta-data/placement/region", &a, NULL) == 0) {
            struct str r = str_trim(buf_str(&a.body));
            region = aws_region_valid(r) ? xmemdup0(r.p, r.n) : NULL;
        }
        aws_answer_free(&a);
    }
    leave(&m);
    return region;
}

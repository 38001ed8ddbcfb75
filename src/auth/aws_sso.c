/* IAM Identity Center: the token that `aws sso login` left, for keys of the profile's role. */
#include "auth/aws_private.h"
#include "base/xalloc.h"

enum { TRIES = 3 };
static const int64_t TIMEOUT = 10 * NS_PER_S;

static bool is_sso(const struct aws_profile *p)
{
    return aws_profile_value(p, "sso_role_name") || aws_profile_value(p, "sso_account_id");
}

/* A key of the session's section, or of the profile; both may have it where they agree. */
static int pick(const struct aws_profile *p, const struct aws_ini_section *session, const char *key, const char **out,
                struct err *e)
{
    const char *own = aws_profile_value(p, key), *shared = aws_ini_value(session, key);
    if (own && shared && strcmp(own, shared) != 0)
        return err_set(e, ERR_DATA, "its %s is not that of its sso-session; remove one", key);
    *out = own ? own : shared;
    if (!*out || !**out)
        return err_set(e, ERR_DATA, "it signs in by SSO, but has no %s; `aws configure sso` sets it up", key);
    return 0;
}

static int settings(struct aws_chain *c, const struct aws_profile *p, struct aws_sso *s, struct err *e)
{
    const struct aws_ini_section *session = NULL;
    s->profile = p->name;
    s->session = aws_profile_value(p, "sso_session");
    if (s->session && !(session = aws_profiles_section(&c->files, AWS_SECTION_SSO_SESSION, s->session)))
        return err_set(e, ERR_DATA, "there is no [sso-session %.60s], which it names", s->session);
    if (pick(p, session, "sso_role_name", &s->role, e) != 0 ||
        pick(p, session, "sso_account_id", &s->account, e) != 0 ||
        pick(p, session, "sso_start_url", &s->start_url, e) != 0 || pick(p, session, "sso_region", &s->region, e) != 0)
        return -1;
    if (!aws_region_valid(str_of(s->region)))
        return err_set(e, ERR_DATA, "its sso_region is no region; us-east-1 is one");
    return 0;
}

static int refused(const struct aws_profile *p, struct ask_answer *a, const char *secret, struct err *e)
{
    struct jdoc *d = jdoc_parse(buf_str(&a->body), "answer", NULL);
    struct buf said = BUF_INIT(1000);
    aws_add_said(&said, jn_str(jn_get(d ? jdoc_root(d) : NULL, "message"), ""), secret);
    if (a->status == 401)
        err_set(e, ERR_DATA, "the sign-in is not valid any more; run `aws sso login --profile %.60s`", p->name);
    else
        err_set(e, ERR_PROTO, "SSO answers %ld%s", a->status, said.p ? said.p : "");
    buf_free(&said);
    jdoc_free(&d);
    return -1;
}

static int take(struct ask_answer *a, struct aws_creds *out, struct err *e)
{
    struct jdoc *d = jdoc_parse(buf_str(&a->body), "answer", NULL);
    jnode *n = jn_get(d ? jdoc_root(d) : NULL, "roleCredentials");
    struct aws_taken t = {jn_str(jn_get(n, "accessKeyId"), ""), jn_str(jn_get(n, "secretAccessKey"), ""),
                          jn_str(jn_get(n, "sessionToken"), ""), STR("")};
    int rc = aws_take(out, &t, e);
    if (rc == 0)
        out->expires_unix = MAX(jn_i64(jn_get(n, "expiration"), 0), 0) / 1000;
    else
        err_prefix(e, "SSO's answer: ");
    jdoc_free(&d);
    return rc;
}

static int get_keys(struct aws_chain *c, const struct aws_profile *p, const struct aws_sso *s, const char *line,
                    struct aws_creds *out, struct err *e)
{
    struct buf url = BUF_INIT(8192);
    struct ask_answer a;
    char *usual = xasprintf("https://portal.sso.%s.%s", s->region, aws_dns_suffix(s->region));
    char *base = aws_endpoint(c, "SSO", usual);
    buf_addf(&url, "%s/federation/credentials?role_name=", base);
    aws_add_encoded(&url, s->role);
    buf_addz(&url, "&account_id=");
    aws_add_encoded(&url, s->account);
    free(usual);
    free(base);
    if (url.failed) {
        buf_free(&url);
        return err_set(e, ERR_DATA, "its sso_role_name and sso_account_id are too long");
    }
    const char *headers[] = {"Accept: application/json", line};
    struct ask q = {.method = "GET", .url = url.p, .headers = headers, .n_headers = 2, .timeout = TIMEOUT};
    int rc = aws_ask(c, &q, TRIES, &a, e);
    if (rc != 0)
        err_prefix(e, "SSO (%.200s): ", aws_url_shown(url.p));
    else
        rc = a.status == 200 ? take(&a, out, e) : refused(p, &a, line + strlen("x-amz-sso_bearer_token: "), e);
    aws_answer_free(&a);
    buf_free(&url);
    return rc;
}

int aws_from_sso(struct aws_chain *c, const struct aws_profile *p, struct aws_creds *out, struct err *e)
{
    struct aws_sso s;
    if (!is_sso(p))
        return 0;
    if (settings(c, p, &s, e) != 0)
        return -1;
    char *token = aws_sso_token(c, &s, e);
    if (!token)
        return -1;
    char *line = xasprintf("x-amz-sso_bearer_token: %s", token);
    explicit_bzero(token, strlen(token));
    free(token);
    int rc = get_keys(c, p, &s, line, out, e);
    explicit_bzero(line, strlen(line));
    free(line);
    if (rc == 0)
        aws_source_of(out, "profile %.40s (SSO)", p->name);
    return rc == 0 ? 1 : -1;
}

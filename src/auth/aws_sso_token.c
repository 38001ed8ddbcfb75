/* The token of `aws sso login` in ~/.aws/sso/cache, and its renewal: it lasts an hour, the sign-in behind it longer. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "auth/aws_private.h"
#include "base/file.h"
#include "base/jout.h"
#include "base/log.h"
#include "base/xalloc.h"

enum { RENEW_S = 900 };
static const int64_t TIMEOUT = 10 * NS_PER_S;

static int login(struct err *e, const struct aws_sso *s, const char *what)
{
    return err_set(e, ERR_DATA, "%s; run `aws sso login --profile %.60s`", what, s->profile);
}

static bool is_fit(struct str token)
{
    for (size_t i = 0; i < token.n; i++)
        if ((unsigned char)token.p[i] <= 0x20 || (unsigned char)token.p[i] >= 0x7f)
            return false;
    return token.n > 0;
}

static void wipe(struct buf *b)
{
    if (b->p)
        explicit_bzero(b->p, b->cap);
    buf_free(b);
}

/* Beside the file, for nobody else's eyes, and then in its place. */
static void save(const char *path, struct str text)
{
    char *beside = xasprintf("%s.%ld", path, (long)getpid());
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int rc = fd < 0 ? errno : -fd_write_all(fd, text.p, text.n);
    if (fd >= 0 && close(fd) != 0 && rc == 0)
        rc = errno;
    if (rc == 0 && rename(beside, path) != 0)
        rc = errno;
    if (rc != 0) {
        log_warn("the renewed sign-in cannot be kept in %s: %s; `aws sso login` may be needed again", path,
                 strerror(rc));
        if (fd >= 0)
            unlink(beside);
    }
    free(beside);
}

/* What is kept: the members that the AWS CLI and SDKs keep. */
static void keep(struct aws_chain *c, const struct aws_sso *s, const char *path, jnode *old, jnode *fresh)
{
    static const char *const same[] = {"clientId", "clientSecret", "registrationExpiresAt"};
    struct buf text = BUF_INIT(AWS_TOKEN_MAX);
    struct jout j;
    char until[40];
    fmt_utc_iso(until, (aws_now(c) + jn_i64(jn_get(fresh, "expiresIn"), 0)) * NS_PER_S);
    snprintf(until + strlen("2026-11-28T14:00:00"), 2, "Z");
    jo_init(&j, &text, 0);
    jo_obj(&j);
    jo_kstrz(&j, "startUrl", s->start_url);
    jo_kstrz(&j, "region", s->region);
    jo_kstr(&j, "accessToken", jn_str(jn_get(fresh, "accessToken"), ""));
    jo_kstrz(&j, "expiresAt", until);
    for (size_t i = 0; i < ARRAY_LEN(same); i++)
        jo_kstr(&j, same[i], jn_str(jn_get(old, same[i]), ""));
    if (jn_str(jn_get(fresh, "refreshToken"), NULL).n > 0)
        jo_kstr(&j, "refreshToken", jn_str(jn_get(fresh, "refreshToken"), ""));
    jo_end_obj(&j);
    if (!text.failed)
        save(path, buf_str(&text));
    wipe(&text);
}

static void question(struct buf *text, jnode *old)
{
    static const char *const names[] = {"clientId", "clientSecret", "refreshToken"};
    struct jout j;
    jo_init(&j, text, 0);
    jo_obj(&j);
    jo_kstrz(&j, "grantType", "refresh_token");
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        jo_kstr(&j, names[i], jn_str(jn_get(old, names[i]), ""));
    jo_end_obj(&j);
}

static bool can_renew(struct aws_chain *c, const struct aws_sso *s, jnode *old)
{
    static const char *const names[] = {"clientId", "clientSecret", "refreshToken"};
    int64_t until;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (jn_str(jn_get(old, names[i]), NULL).n == 0)
            return false;
    return s->session && aws_time_parse(jn_str(jn_get(old, "registrationExpiresAt"), ""), &until) == 0 &&
           until > aws_now(c);
}

/* NULL: it could not be renewed, for whatever reason: then the old one counts for as long as it lasts. */
static char *renew(struct aws_chain *c, const struct aws_sso *s, const char *path, jnode *old)
{
    static const char *const headers[] = {"Content-Type: application/json", "Accept: application/json"};
    struct buf body = BUF_INIT(AWS_TOKEN_MAX);
    struct ask_answer a;
    char *usual = xasprintf("https://oidc.%s.%s", s->region, aws_dns_suffix(s->region));
    char *base = aws_endpoint(c, "SSO_OIDC", usual), *url = xasprintf("%s/token", base), *token = NULL;
    question(&body, old);
    struct ask q = {.method = "POST",
                    .url = url,
                    .headers = headers,
                    .n_headers = ARRAY_LEN(headers),
                    .body = buf_str(&body),
                    .timeout = TIMEOUT};
    bool answered = !body.failed && aws_ask(c, &q, 1, &a, NULL) == 0;
    if (answered && a.status == 200) {
        struct jdoc *d = jdoc_parse(buf_str(&a.body), "answer", NULL);
        jnode *fresh = d ? jdoc_root(d) : NULL;
        struct str t = jn_str(jn_get(fresh, "accessToken"), "");
        if (is_fit(t) && jn_i64(jn_get(fresh, "expiresIn"), 0) > 0) {
            token = xmemdup0(t.p, t.n);
            keep(c, s, path, old, fresh);
        }
        jdoc_free(&d);
    }
    if (!body.failed)
        aws_answer_free(&a);
    wipe(&body);
    free(url);
    free(base);
    free(usual);
    return token;
}

static char *of_document(struct aws_chain *c, const struct aws_sso *s, const char *path, jnode *root, struct err *e)
{
    struct str token = jn_str(jn_get(root, "accessToken"), "");
    int64_t until = 0;
    if (!is_fit(token) || aws_time_parse(jn_str(jn_get(root, "expiresAt"), ""), &until) != 0) {
        login(e, s, "the token in ~/.aws/sso/cache is damaged");
        return NULL;
    }
    char *fresh = until - aws_now(c) < RENEW_S && can_renew(c, s, root) ? renew(c, s, path, root) : NULL;
    if (fresh)
        return fresh;
    if (until > aws_now(c))
        return xmemdup0(token.p, token.n);
    login(e, s, "the sign-in has ended");
    return NULL;
}

char *aws_sso_token(struct aws_chain *c, const struct aws_sso *s, struct err *e)
{
    char digest[41], place[80];
    sha1_hex(str_of(s->session ? s->session : s->start_url), digest);
    snprintf(place, sizeof place, "~/.aws/sso/cache/%s.json", digest);
    char *path = aws_home_path(place, c->env, c->env_arg), *token = NULL;
    if (!path) {
        err_set(e, ERR_DATA, "HOME is not set, under which the token of `aws sso login` lies");
        return NULL;
    }
    struct jdoc *d = jdoc_load(path, AWS_TOKEN_MAX, NULL);
    if (d)
        token = of_document(c, s, path, jdoc_root(d), e);
    else
        login(e, s, "nobody is signed in (there is no token in ~/.aws/sso/cache)");
    jdoc_free(&d);
    free(path);
    return token;
}

/* The Security Token Service: a role for keys that we have, or for a token of somebody who vouches for us. */
#include "auth/aws_private.h"
#include "auth/sigv4.h"
#include "base/xalloc.h"
#include "proto/url.h"

#define FORM "application/x-www-form-urlencoded; charset=utf-8"

enum { TRIES = 3 };
static const int64_t TIMEOUT = 10 * NS_PER_S;

/* The text of the first <name> in `xml`, as it stands; empty: there is none. STS's answers have no attributes there. */
static struct str element(struct str xml, const char *name)
{
    char open[64], close[64];
    int n = snprintf(open, sizeof open, "<%s>", name), m = snprintf(close, sizeof close, "</%s>", name);
    ptrdiff_t from = str_find(xml, (struct str){open, (size_t)n});
    if (from < 0)
        return (struct str){NULL, 0};
    xml = str_sub(xml, (size_t)from + (size_t)n, xml.n);
    ptrdiff_t to = str_find(xml, (struct str){close, (size_t)m});
    return to < 0 ? (struct str){NULL, 0} : str_trim(str_sub(xml, 0, (size_t)to));
}

/* The entities that XML has of itself. To be wiped and freed. */
static char *plain(struct str text)
{
    static const struct {
        const char *entity;
        char c;
    } entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    char *out = xmalloc(text.n + 1), *to = out;
    for (size_t i = 0; i < text.n;) {
        size_t k = 0;
        while (k < ARRAY_LEN(entities) && !str_starts(str_sub(text, i, text.n), str_of(entities[k].entity)))
            k++;
        *to++ = k < ARRAY_LEN(entities) ? entities[k].c : text.p[i];
        i += k < ARRAY_LEN(entities) ? strlen(entities[k].entity) : 1;
    }
    *to = 0;
    return out;
}

static int take(struct str xml, struct aws_creds *out, struct err *e)
{
    static const char *const names[] = {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"};
    struct str inner = element(xml, "Credentials");
    char *text[4];
    for (size_t i = 0; i < 4; i++)
        text[i] = plain(element(inner, names[i]));
    struct aws_taken t = {str_of(text[0]), str_of(text[1]), str_of(text[2]), str_of(text[3])};
    int rc = aws_take(out, &t, e);
    for (size_t i = 0; i < 4; i++) {
        explicit_bzero(text[i], strlen(text[i]));
        free(text[i]);
    }
    return rc == 0 ? 0 : err_prefix(e, "STS's answer: ");
}

static int refused(const struct ask_answer *a, const char *role, const char *secret, struct err *e)
{
    struct buf said = BUF_INIT(1000);
    char *code = plain(element(buf_str(&a->body), "Code")), *message = plain(element(buf_str(&a->body), "Message"));
    char *both = xasprintf("%s%s%s", code, *code && *message ? ": " : "", message);
    aws_add_said(&said, str_of(both), secret);
    err_set(e, ERR_PROTO, "STS does not give the role %.200s: it answers %ld%s", role, a->status, said.p ? said.p : "");
    buf_free(&said);
    free(both);
    free(message);
    free(code);
    return -1;
}

/* With a slash at its end. */
static char *endpoint(struct aws_chain *c, const char **region)
{
    *region = aws_service_region(c);
    char *usual = *region && strcmp(*region, "aws-global") != 0
                      ? xasprintf("https://sts.%s.%s", *region, aws_dns_suffix(*region))
                      : xstrdup("https://sts.amazonaws.com");
    if (!*region || strcmp(*region, "aws-global") == 0)
        *region = "us-east-1";
    char *base = aws_endpoint(c, "STS", usual), *url = xasprintf("%s/", base);
    free(usual);
    free(base);
    return url;
}

static void add_role(struct buf *form, struct aws_chain *c, const char *action, const struct aws_role *r)
{
    buf_addf(form, "Action=%s&Version=2011-06-15&RoleArn=", action);
    aws_add_encoded(form, r->arn);
    buf_addz(form, "&RoleSessionName=");
    if (r->session && *r->session)
        aws_add_encoded(form, r->session);
    else
        buf_addf(form, "weir-%lld", (long long)aws_now(c));
    if (r->external_id && *r->external_id) {
        buf_addz(form, "&ExternalId=");
        aws_add_encoded(form, r->external_id);
    }
    if (r->duration > 0)
        buf_addf(form, "&DurationSeconds=%lld", (long long)r->duration);
}

static int ask(struct aws_chain *c, const char *url, const struct buf *form, const char *const *headers, size_t n,
               const char *role, const char *secret, struct aws_creds *out, struct err *e)
{
    struct ask q = {
        .method = "POST", .url = url, .headers = headers, .n_headers = n, .body = buf_str(form), .timeout = TIMEOUT};
    struct ask_answer a;
    if (form->failed)
        return err_set(e, ERR_DATA, "the role and its token are too long for STS");
    int rc = aws_ask(c, &q, TRIES, &a, e);
    if (rc != 0)
        err_prefix(e, "STS (%.200s): ", aws_url_shown(url));
    else
        rc = a.status == 200 ? take(buf_str(&a.body), out, e) : refused(&a, role, secret, e);
    aws_answer_free(&a);
    return rc;
}

int aws_assume_web_identity(struct aws_chain *c, const struct aws_role *r, const char *token_file,
                            struct aws_creds *out, struct err *e)
{
    static const char *const headers[] = {"Content-Type: " FORM};
    struct buf form = BUF_INIT(256 << 10);
    const char *region;
    char *token = aws_token_file(token_file, e);
    if (!token)
        return -1;
    char *url = endpoint(c, &region);
    add_role(&form, c, "AssumeRoleWithWebIdentity", r);
    buf_addz(&form, "&WebIdentityToken=");
    aws_add_encoded(&form, token);
    int rc = ask(c, url, &form, headers, ARRAY_LEN(headers), r->arn, token, out, e);
    if (form.p)
        explicit_bzero(form.p, form.cap);
    buf_free(&form);
    explicit_bzero(token, strlen(token));
    free(token);
    free(url);
    return rc;
}

enum { SIGNED_LINES = 8 };

/* The lines that the signature adds, as an array of texts within `room`; how many. */
static size_t signed_lines(char *room, const char *lines[SIGNED_LINES])
{
    size_t n = 0;
    for (char *p = room, *end; n < SIGNED_LINES && (end = strstr(p, "\r\n")) != NULL; p = end + 2) {
        *end = 0;
        lines[n++] = p;
    }
    return n;
}

static int sign(const char *url, const char *region, const struct buf *form, const struct aws_creds *by, int64_t now,
                struct buf *out, struct err *e)
{
    char digest[65], host[300];
    struct url u;
    if (url_parse(&u, str_of(url), e) != 0)
        return err_prefix(e, "the address of STS: ");
    snprintf(host, sizeof host, u.host_is_v6 ? "[%.*s]" : "%.*s", STR_ARG(str_sub(u.host, 0, 255)));
    if (u.has_port && u.port != (u.tls ? 443 : 80))
        snprintf(host + strlen(host), sizeof host - strlen(host), ":%u", u.port);
    const struct sigv4_header headers[] = {{STR("Host"), str_of(host)}, {STR("Content-Type"), STR(FORM)}};
    sha256_hex(buf_str(form), digest);
    struct sigv4_request q = {STR("POST"), u.path, headers, ARRAY_LEN(headers), digest};
    struct sigv4_key key = {str_of(by->access_key_id), str_of(by->secret_key), str_of(by->session_token)};
    struct sigv4 *s = sigv4_new(str_of(region), STR("sts"), false);
    int rc = sigv4_sign(s, &q, &key, now, out);
    sigv4_free(&s);
    return rc == 0 && !out->failed ? 0 : err_set(e, ERR_INTERNAL, "the question to STS cannot be signed");
}

int aws_assume_role(struct aws_chain *c, const struct aws_role *r, const struct aws_creds *by, struct aws_creds *out,
                    struct err *e)
{
    struct buf form = BUF_INIT(64 << 10), room = BUF_INIT(64 << 10);
    const char *region, *lines[SIGNED_LINES + 1] = {"Content-Type: " FORM};
    char *url = endpoint(c, &region);
    add_role(&form, c, "AssumeRole", r);
    int rc = sign(url, region, &form, by, aws_now(c), &room, e);
    if (rc == 0) {
        size_t n = signed_lines(room.p, lines + 1);
        rc = ask(c, url, &form, lines, n + 1, r->arn, by->session_token, out, e);
    }
    if (room.p)
        explicit_bzero(room.p, room.cap);
    buf_free(&room);
    buf_free(&form);
    free(url);
    return rc;
}

#include "auth/aws_private.h"

#include "base/file.h"
#include "base/xalloc.h"

static void wipe(char **p)
{
    if (*p)
        explicit_bzero(*p, strlen(*p));
    free(*p);
    *p = NULL;
}

void aws_creds_free(struct aws_creds *c)
{
    wipe(&c->access_key_id);
    wipe(&c->secret_key);
    wipe(&c->session_token);
    *c = (struct aws_creds){0};
}

/* They go into headers, and nobody's has a blank: one in it is a comment behind it, or a second line. */
static int check(struct str s, const char *what, struct err *e)
{
    if (s.n > AWS_FIELD_MAX)
        return err_set(e, ERR_DATA, "%s is longer than 16 KiB", what);
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= 0x20 || c >= 0x7f)
            return err_set(e, ERR_DATA,
                           "%s has a character at position %zu that none can have (a comment must stand on a line "
                           "of its own)",
                           what, i + 1);
    }
    return 0;
}

int aws_take(struct aws_creds *out, const struct aws_taken *t, struct err *e)
{
    int64_t expires = 0;
    if (t->key.n == 0 || t->secret.n == 0)
        return err_set(e, ERR_DATA, "%s is missing or empty", t->key.n == 0 ? "the access key ID" : "the secret key");
    if (check(t->key, "the access key ID", e) != 0 || check(t->secret, "the secret key", e) != 0 ||
        check(t->token, "the session token", e) != 0)
        return -1;
    if (t->expires.n > 0 && aws_time_parse(t->expires, &expires) != 0)
        return err_set(e, ERR_DATA, "their expiry is no time (2026-11-28T14:00:00Z is one)");
    out->access_key_id = xmemdup0(t->key.p, t->key.n);
    out->secret_key = xmemdup0(t->secret.p, t->secret.n);
    out->session_token = t->token.n ? xmemdup0(t->token.p, t->token.n) : NULL;
    out->expires_unix = expires;
    return 0;
}

int aws_take_json(struct aws_creds *out, jnode *n, const char *token, struct err *e)
{
    static const char *const names[] = {"AccessKeyId", "SecretAccessKey"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (jn_str(jn_get(n, names[i]), NULL).n == 0)
            return err_set(e, ERR_DATA, "the JSON has no %s", names[i]);
    struct aws_taken t = {jn_str(jn_get(n, names[0]), ""), jn_str(jn_get(n, names[1]), ""),
                          jn_str(jn_get(n, token), ""), jn_str(jn_get(n, "Expiration"), "")};
    return aws_take(out, &t, e);
}

/* Exactly n digits at *at. */
static int digits(struct str s, size_t *at, size_t n)
{
    int v = 0;
    for (size_t i = 0; i < n; i++, ++*at) {
        if (*at >= s.n || s.p[*at] < '0' || s.p[*at] > '9')
            return -1;
        v = v * 10 + (s.p[*at] - '0');
    }
    return v;
}

/* "", "Z", "UTC", "+01:00", "-0130": seconds east. */
static int zone(struct str s, int64_t *east)
{
    *east = 0;
    if (s.n == 0 || str_eq(s, STR("Z")) || str_eq(s, STR("z")) || str_eq(s, STR("UTC")))
        return 0;
    size_t at = 1;
    int h = digits(s, &at, 2);
    if (at < s.n && s.p[at] == ':')
        at++;
    int m = digits(s, &at, 2);
    if ((s.p[0] != '+' && s.p[0] != '-') || h < 0 || h > 23 || m < 0 || m > 59 || at != s.n)
        return -1;
    *east = (s.p[0] == '-' ? -60 : 60) * (int64_t)(h * 60 + m);
    return 0;
}

int aws_time_parse(struct str iso, int64_t *unix_s)
{
    static const char separators[] = "--T::";
    static const int low[] = {1970, 1, 1, 0, 0, 0}, high[] = {9999, 12, 31, 23, 59, 60};
    int v[6];
    size_t at = 0;
    int64_t east;
    for (size_t i = 0; i < 6; i++) {
        v[i] = digits(iso, &at, i == 0 ? 4 : 2);
        if (v[i] < low[i] || v[i] > high[i])
            return -1;
        if (i < 5 && (at >= iso.n || (iso.p[at] != separators[i] && !(i == 2 && iso.p[at] == ' '))))
            return -1;
        at += i < 5;
    }
    if (at < iso.n && iso.p[at] == '.')
        for (at++; at < iso.n && iso.p[at] >= '0' && iso.p[at] <= '9';)
            at++;
    if (zone(str_sub(iso, at, iso.n), &east) != 0)
        return -1;
    struct tm tm = {
        .tm_year = v[0] - 1900, .tm_mon = v[1] - 1, .tm_mday = v[2], .tm_hour = v[3], .tm_min = v[4], .tm_sec = v[5]};
    *unix_s = (int64_t)timegm(&tm) - east;
    return 0;
}

char *aws_token_file(const char *path, struct err *e)
{
    struct buf b = BUF_INIT(AWS_TOKEN_MAX);
    char *token = NULL;
    if (file_read(&b, path, e) == 0) {
        struct str t = str_trim(buf_str(&b));
        bool bad = t.n == 0;
        for (size_t i = 0; i < t.n; i++)
            bad = bad || (unsigned char)t.p[i] < 0x20 || (unsigned char)t.p[i] >= 0x7f;
        if (bad)
            err_set(e, ERR_DATA, "%s: holds no token, which is one line of text", path);
        else
            token = xmemdup0(t.p, t.n);
    }
    if (b.p)
        explicit_bzero(b.p, b.cap);
    buf_free(&b);
    return token;
}

void aws_add_encoded(struct buf *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || strchr("-._~", c);
        if (plain)
            buf_addc(out, (char)c);
        else
            buf_addf(out, "%%%02X", c);
    }
}

void aws_add_said(struct buf *out, struct str text, const char *secret)
{
    text = str_sub(str_trim(text), 0, 300);
    if (text.n == 0 || (secret && str_find(text, str_of(secret)) >= 0))
        return;
    buf_addz(out, " (");
    for (size_t i = 0; i < text.n; i++)
        buf_addc(out, (unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f ? ' ' : text.p[i]);
    buf_addc(out, ')');
}

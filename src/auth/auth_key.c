#include "auth/auth_key.h"

#include "base/file.h"
#include "base/xalloc.h"

int auth_style_parse(struct str name, enum auth_style *out, struct err *e)
{
    static const struct {
        const char *name;
        enum auth_style style;
    } styles[] = {{"bearer", AUTH_BEARER}, {"x-api-key", AUTH_X_API_KEY}, {"api-key", AUTH_API_KEY}};
    for (size_t i = 0; i < ARRAY_LEN(styles); i++) {
        if (str_eqz(name, styles[i].name)) {
            *out = styles[i].style;
            return 0;
        }
    }
    return err_set(e, ERR_USAGE, "--auth-style %.*s: must be bearer, x-api-key or api-key", STR_ARG(name));
}

/* Keys go into a header line as they are, so nothing may end that line early. */
static int check_key(struct str key, const char *source, struct err *e)
{
    if (key.n == 0)
        return err_set(e, ERR_USAGE, "%s: the API key is empty", source);
    if (key.n > 16384)
        return err_set(e, ERR_USAGE, "%s: the API key is longer than 16 KiB", source);
    for (size_t i = 0; i < key.n; i++) {
        unsigned char c = (unsigned char)key.p[i];
        if (c < 0x20 || c == 0x7f)
            return err_set(e, ERR_USAGE, "%s: the API key has a control character at position %zu", source, i + 1);
    }
    return 0;
}

static int take(struct str key, const char *source, char **out, struct err *e)
{
    if (check_key(key, source, e) < 0)
        return -1;
    *out = xmemdup0(key.p, key.n);
    return 0;
}

static int from_file(const char *path, char **key, struct err *e)
{
    struct buf b = BUF_INIT(65536);
    if (file_read(&b, path, e) < 0) {
        buf_free(&b);
        return err_prefix(e, "--api-key-file: ");
    }
    struct str text = buf_str(&b);
    ptrdiff_t nl = str_chr(text, '\n');
    if (nl >= 0)
        text.n = (size_t)nl;
    int rc = take(str_trim(text), path, key, e);
    buf_free(&b);
    return rc < 0 ? err_prefix(e, "--api-key-file: ") : 0;
}

int auth_key_load(const struct auth_key_source *s, char **key, struct err *e)
{
    *key = NULL;
    if (s->literal)
        return take(str_trim(str_of(s->literal)), "--api-key", key, e);
    if (s->file)
        return from_file(s->file, key, e);
    if (s->env_name) {
        const char *v = getenv(s->env_name);
        if (!v)
            return err_set(e, ERR_USAGE, "--api-key-env %s: that variable is not set", s->env_name);
        return take(str_trim(str_of(v)), s->env_name, key, e);
    }
    const char *dflt = s->dflt_env ? s->dflt_env : "OPENAI_API_KEY", *v = getenv(dflt);
    if (!v || !*v)
        return 0;
    return take(str_trim(str_of(v)), dflt, key, e);
}

void auth_key_header(struct buf *out, enum auth_style style, const char *key)
{
    switch (style) {
    case AUTH_BEARER:
        buf_addf(out, "Authorization: Bearer %s\r\n", key);
        break;
    case AUTH_X_API_KEY:
        buf_addf(out, "x-api-key: %s\r\n", key);
        break;
    case AUTH_API_KEY:
        buf_addf(out, "api-key: %s\r\n", key);
        break;
    }
}

bool auth_is_secret_header(struct str name)
{
    static const char *const secret[] = {"authorization", "proxy-authorization", "x-api-key",    "api-key",
                                         "cookie",        "set-cookie",          "x-auth-token", "x-goog-api-key"};
    static const char *const tails[] = {"-key", "-token", "-secret", "-password"};
    for (size_t i = 0; i < ARRAY_LEN(secret); i++) {
        if (str_ieq(name, str_of(secret[i])))
            return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
        struct str tail = str_of(tails[i]);
        if (name.n > tail.n && str_ieq(str_sub(name, name.n - tail.n, tail.n), tail))
            return true;
    }
    return false;
}

void auth_cover(char *p, size_t n, struct str secret)
{
    enum { SHORTEST = 6 };
    char *at = p;
    if (secret.n < SHORTEST)
        return;
    while (n > 0 && (at = memmem(at, n - (size_t)(at - p), secret.p, secret.n)) != NULL) {
        memset(at, '*', secret.n);
        at += secret.n;
    }
    for (size_t k = MIN(secret.n - 1, n); k >= SHORTEST; k--) {
        if (memcmp(p + n - k, secret.p, k) == 0) {
            memset(p + n - k, '*', k);
            return;
        }
    }
}

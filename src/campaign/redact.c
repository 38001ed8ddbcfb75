/* redact.c - what is in doubt is replaced. */
#include "campaign/redact.h"

static bool is_option(const char *word, const char *name)
{
    size_t n = strlen(name);
    return strncmp(word, name, n) == 0 && (word[n] == 0 || word[n] == '=');
}

/* Names of query parameters that carry keys: "key", "api-key", "access_token", "sig", ... */
static bool secret_name(struct str name)
{
    static const char *const tails[] = {"key", "token", "secret", "password", "sig", "signature", "auth", "code"};
    for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
        struct str tail = str_of(tails[i]);
        if (name.n >= tail.n && str_ieq(str_sub(name, name.n - tail.n, tail.n), tail))
            return true;
    }
    return false;
}

static void put_query(struct buf *out, struct str query)
{
    struct str_split it = {.rest = query, .sep = '&'};
    struct str part;
    for (bool more = false; str_next(&it, &part); more = true) {
        ptrdiff_t eq = str_chr(part, '=');
        buf_addz(out, more ? "&" : "?");
        if (eq >= 0 && secret_name(str_sub(part, 0, (size_t)eq))) {
            buf_adds(out, str_sub(part, 0, (size_t)eq + 1));
            buf_addz(out, REDACTED);
        } else {
            buf_adds(out, part);
        }
    }
}

void redact_url(struct buf *out, struct str url)
{
    ptrdiff_t scheme = str_find(url, STR("://")), q = str_chr(url, '?');
    size_t host = scheme < 0 ? 0 : (size_t)scheme + 3, end = q < 0 ? url.n : (size_t)q;
    struct str front = str_sub(url, 0, end);
    size_t slash = host;
    while (slash < front.n && front.p[slash] != '/')
        slash++;
    for (size_t i = slash; i-- > host;) {
        if (url.p[i] == '@') {
            buf_adds(out, str_sub(url, 0, host));
            buf_addz(out, REDACTED);
            front = str_sub(front, i, front.n);
            break;
        }
    }
    buf_adds(out, front);
    if (q >= 0)
        put_query(out, str_sub(url, (size_t)q + 1, url.n));
}

static bool like_url(const char *w)
{
    return w[0] != '-' && !strpbrk(w, " \t\n{\"") && (strstr(w, "://") || strpbrk(w, "@?"));
}

/* "gpt2@main" is a model and its revision; as a URL it would not be taken. */
static bool names_model(const char *word, const char *before)
{
    return before && strcmp(before, "--tokenizer") == 0 && !strstr(word, "://");
}

/* A value behind "--NAME=" that holds a URL. */
static bool url_value(const char *w, const char *eq)
{
    return w[0] == '-' && eq && strstr(eq, "://") && !strpbrk(eq, " \t\n{\"");
}

/* A word from `from` on: a URL, or several, separated by spaces. */
static void put_word(struct jout *j, const char *w, size_t from)
{
    struct buf out = BUF_INIT(1u << 20);
    struct str_split it = {.rest = str_of(w + from), .sep = ' '};
    struct str part;
    buf_add(&out, w, from);
    for (bool more = false; str_next(&it, &part); more = true) {
        if (more)
            buf_addc(&out, ' ');
        redact_url(&out, part);
    }
    jo_str(j, buf_str(&out));
    buf_free(&out);
}

static const char *secret_option(const char *w)
{
    static const char *const secret[] = {"--api-key", "--token", "--header", "--headers"};
    const char *name = w[0] == '-' && w[1] == 'H' ? "-H" : NULL;
    for (size_t k = 0; k < ARRAY_LEN(secret); k++)
        name = is_option(w, secret[k]) ? secret[k] : name;
    return name;
}

void redact_command(struct jout *j, const char *const *word, int n)
{
    bool hide = false, url = false;
    jo_arr(j);
    for (int i = 0; i < n; i++) {
        const char *w = word[i], *name = secret_option(w), *eq = strchr(w, '=');
        bool takes_url = is_option(w, "--url") || is_option(w, "--base-url") || is_option(w, "--proxy") ||
                         is_option(w, "-x") || is_option(w, "--metrics-url");
        if (hide) {
            jo_strz(j, REDACTED);
            hide = false;
        } else if (name) {
            hide = w[strlen(name)] == 0;
            jo_strz(j, name);
            if (!hide)
                jo_strz(j, REDACTED);
        } else if ((takes_url && eq) || url_value(w, eq)) {
            put_word(j, w, (size_t)(eq - w) + 1);
        } else if (w[0] == '-' && w[1] == 'x' && w[2]) { /* -xURL */
            put_word(j, w, 2);
        } else if (url || (like_url(w) && !names_model(w, i > 0 ? word[i - 1] : NULL))) {
            put_word(j, w, 0);
        } else {
            jo_strz(j, w);
        }
        url = takes_url && !eq;
    }
    jo_end_arr(j);
}

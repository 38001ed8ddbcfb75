#include "compat/aws_http.h"

#include <unistd.h>

#include "base/file.h"
#include "base/jdoc.h"
#include "base/xalloc.h"
#include "campaign/redact.h"
#include "proto/url.h"

int aws_check_url(const char *url, bool *tls, struct err *e)
{
    struct url u;
    if (url_parse(&u, str_of(url), e) < 0) {
        char *shown = aws_shown_url(url);
        e->code = ERR_USAGE;
        err_prefix(e, "the URL %.200s: ", shown);
        free(shown);
        return -1;
    }
    *tls = u.tls;
    return 0;
}

char *aws_shown_url(const char *url)
{
    struct buf b = BUF_INIT(1u << 16);
    redact_url(&b, str_of(url));
    return b.p ? buf_take(&b) : xstrdup("");
}

void aws_run_words(struct compat_words *w, const struct aws_to *to)
{
    unsetenv("OPENAI_API_KEY");
    compat_word(w, to->url);
    compat_opt(w, "--api", "openai-chat");
    compat_opt(w, "--model", AWS_MODEL);
    compat_opt(w, "--streams-per-conn", "1");
    compat_opt(w, "--ramp-up", "none");
    for (const char **h = to->headers; h && *h; h++)
        compat_opt(w, "--header", "%s", *h);
    if (to->cacert)
        compat_opt(w, "--cacert", "%s", to->cacert);
    if (to->insecure)
        compat_word(w, "--insecure");
}

const char *aws_hint(int status)
{
    switch (status) {
    case 401:
    case 403:
        return "the API wants an authorization or a key (--header), or the function may not call the endpoint";
    case 404:
        return "the API has no such route or stage; the URL is that of terraform's output, with its path";
    case 429:
        return "the API Gateway has limits of its own; raise them, or ask for less at a time";
    case 500:
    case 502:
        return "the function failed, or the endpoint behind it; the function's log in CloudWatch says why";
    case 503:
    case 504:
        return "the API Gateway waits 30 s at most; the endpoint is not up, or has more to do than it can";
    default:
        return NULL;
    }
}

char *aws_failures(const struct sum_level *l)
{
    const struct sum_count *most = NULL;
    enum outcome o;
    int status;
    for (size_t i = 0; i < l->outcomes.n && !most; i++)
        if (strcmp(l->outcomes.v[i].name, "ok") != 0)
            most = &l->outcomes.v[i];
    if (l->failed == 0 || !most || outcome_parse(str_of(most->name), &o, &status) < 0)
        return xstrdup("");
    const char *hint = o == OUT_HTTP ? aws_hint(status) : NULL;
    return xasprintf("%llu of %llu requests failed, most of them %s%s%s", (unsigned long long)l->failed,
                     (unsigned long long)l->attempted, most->name, hint ? ": " : "", hint ? hint : "");
}

static int by_index(const void *a, const void *b)
{
    const struct compat_row *x = *(struct compat_row *const *)a, *y = *(struct compat_row *const *)b;
    if (x->level != y->level)
        return x->level < y->level ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static void take_error(struct compat_row *const *rows, size_t n, jnode *line)
{
    struct str body = str_trim(jn_str(jn_get(line, "body"), ""));
    int64_t index = jn_i64(jn_get(line, "index"), -1), level = jn_i64(jn_get(line, "level"), -1);
    if (body.n == 0 || index < 0 || level < 0 || level > UINT32_MAX || n == 0)
        return;
    const struct compat_row key = {.level = (uint32_t)level, .index = (uint64_t)index}, *wanted = &key;
    struct compat_row *const *found = bsearch(&wanted, rows, n, sizeof *rows, by_index);
    if (!found || (*found)->detail[0])
        return;
    free((*found)->detail);
    (*found)->detail = xmemdup0(body.p, body.n);
}

void aws_take_errors(struct compat_rows *rows, const char *dir)
{
    struct buf b = BUF_INIT(16u << 20);
    struct err e = {0};
    struct str line;
    struct compat_row **sorted = xcalloc(rows->n + 1, sizeof *sorted);
    char *path = xasprintf("%s/errors.jsonl", dir);
    for (size_t i = 0; i < rows->n; i++)
        sorted[i] = &rows->v[i];
    qsort(sorted, rows->n, sizeof *sorted, by_index);
    int rc = file_read(&b, path, &e);
    struct str_split it = {.rest = buf_str(&b), .sep = '\n'};
    while (rc == 0 && str_next(&it, &line)) {
        struct jdoc *d = line.n > 0 ? jdoc_parse(line, path, &e) : NULL;
        if (d)
            take_error(sorted, rows->n, jdoc_root(d));
        jdoc_free(&d);
    }
    buf_free(&b);
    free(path);
    free(sorted);
}

bool aws_coloured(void)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(1) && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
}

void aws_log(enum aws_line kind, const char *fmt, ...)
{
    static const char *const colours[] = {"\033[0;32m", "\033[1;33m", "\033[0;31m"};
    static const char *const words[] = {"", "WARNING: ", "ERROR: "};
    bool colour = aws_coloured();
    time_t now = time(NULL);
    char stamp[32];
    struct tm tm;
    va_list ap;
    localtime_r(&now, &tm);
    strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", &tm);
    printf("%s[%s] %s", colour ? colours[kind] : "", stamp, words[kind]);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("%s\n", colour ? "\033[0m" : "");
    fflush(stdout);
}

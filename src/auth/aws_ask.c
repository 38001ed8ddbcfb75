#include "auth/aws_private.h"

#include "base/xalloc.h"

enum { PAUSE_MS = 200 };

static void pause_ms(int64_t ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000 * NS_PER_MS)};
    while (nanosleep(&t, &t) != 0) {
    }
}

void aws_answer_free(struct ask_answer *a)
{
    if (a->body.p)
        explicit_bzero(a->body.p, a->body.cap);
    buf_free(&a->body);
}

int aws_ask(struct aws_chain *c, const struct ask *q, unsigned tries, struct ask_answer *a, struct err *e)
{
    struct ask with = *q;
    *a = (struct ask_answer){.body = BUF_INIT(AWS_ANSWER_MAX)};
    if (!c->asker && !(c->asker = asker_new(e)))
        return -1;
    if (!with.ca_file)
        with.ca_file = aws_env(c, "AWS_CA_BUNDLE");
    for (unsigned i = 1;; i++) {
        int rc = asker_ask(c->asker, &with, a);
        bool unwell = rc != 0 || a->status >= 500 || a->status == 429;
        if (rc == 0 && (!unwell || i >= tries))
            return 0;
        if (i >= tries)
            return err_set(e, ERR_NET, "%s", a->why);
        pause_ms((int64_t)PAUSE_MS * i);
    }
}

const char *aws_url_shown(const char *url)
{
    ptrdiff_t scheme = str_find(str_of(url), STR("://"));
    const char *host = scheme < 0 ? url : url + scheme + 3;
    size_t n = strcspn(host, "/?#");
    const char *at = memrchr(host, '@', n);
    return at ? at + 1 : url;
}

char *aws_endpoint(struct aws_chain *c, const char *name, const char *usual)
{
    struct aws_profile p;
    char variable[64], key[64];
    if (aws_env_true(c, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"))
        return xstrdup(usual);
    snprintf(variable, sizeof variable, "AWS_ENDPOINT_URL_%s", name);
    const char *url = aws_env(c, variable);
    if (!url)
        url = aws_env(c, "AWS_ENDPOINT_URL");
    if (!url && c->loaded && aws_profile_find(&c->files, aws_profile_name(c), &p)) {
        const char *services = aws_profile_value(&p, "services");
        snprintf(key, sizeof key, "%s.endpoint_url", name);
        for (char *k = key; *k; k++)
            *k = (char)(*k >= 'A' && *k <= 'Z' ? *k | 32 : *k);
        if (services)
            url = aws_ini_value(aws_profiles_section(&c->files, AWS_SECTION_SERVICES, services), key);
        if (!url || !*url)
            url = aws_profile_value(&p, "endpoint_url");
    }
    if (!url || !*url)
        url = usual;
    size_t n = strlen(url);
    while (n > 0 && url[n - 1] == '/')
        n--;
    return xmemdup0(url, n);
}

#include "auth/aws_profile.h"

#include <unistd.h>

#include "base/file.h"
#include "base/xalloc.h"

enum { FILE_MAX = 1 << 20 };

char *aws_home_path(const char *path, aws_env_fn *env, void *arg)
{
    if (strncmp(path, "~/", 2) != 0)
        return xstrdup(path);
    const char *home = env(arg, "HOME");
    return home && *home ? xasprintf("%s%s", home, path + 1) : NULL;
}

static char *place(const char *variable, const char *usual, aws_env_fn *env, void *arg)
{
    const char *path = env(arg, variable);
    return aws_home_path(path && *path ? path : usual, env, arg);
}

static int load(struct aws_ini *ini, bool *there, const char *path, struct err *e)
{
    struct buf text = BUF_INIT(FILE_MAX);
    *there = path && access(path, F_OK) == 0;
    if (!*there)
        return 0;
    int rc = file_read(&text, path, e);
    if (rc == 0)
        rc = aws_ini_parse(ini, buf_str(&text), path, e);
    if (text.p)
        explicit_bzero(text.p, text.cap);
    buf_free(&text);
    return rc;
}

static struct aws_named name_of(const struct aws_ini_section *s)
{
    static const struct {
        const char *word;
        enum aws_section kind;
    } kinds[] = {
        {"profile", AWS_SECTION_PROFILE}, {"sso-session", AWS_SECTION_SSO_SESSION}, {"services", AWS_SECTION_SERVICES}};
    struct aws_named named = {AWS_SECTION_OTHER, NULL};
    size_t n = 0;
    if (strcmp(s->name, "default") == 0)
        return (struct aws_named){AWS_SECTION_PROFILE, xstrdup("default")};
    char **words = aws_words(str_of(s->name), &n);
    for (size_t i = 0; words && n == 2 && i < ARRAY_LEN(kinds); i++)
        if (strcmp(words[0], kinds[i].word) == 0)
            named = (struct aws_named){kinds[i].kind, xstrdup(words[1])};
    free(words);
    return named;
}

int aws_profiles_load(struct aws_profiles *p, aws_env_fn *env, void *arg, struct err *e)
{
    *p = (struct aws_profiles){0};
    p->config_path = place("AWS_CONFIG_FILE", "~/.aws/config", env, arg);
    p->credentials_path = place("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", env, arg);
    if (load(&p->credentials, &p->has_credentials, p->credentials_path, e) != 0 ||
        load(&p->config, &p->has_config, p->config_path, e) != 0)
        return -1;
    p->named = xcalloc(p->config.n + 1, sizeof *p->named);
    for (size_t i = 0; i < p->config.n; i++)
        p->named[i] = name_of(&p->config.sections[i]);
    return 0;
}

void aws_profiles_free(struct aws_profiles *p)
{
    for (size_t i = 0; p->named && i < p->config.n; i++)
        free(p->named[i].name);
    free(p->named);
    aws_ini_free(&p->config);
    aws_ini_free(&p->credentials);
    free(p->config_path);
    free(p->credentials_path);
    *p = (struct aws_profiles){0};
}

const struct aws_ini_section *aws_profiles_section(const struct aws_profiles *p, enum aws_section kind,
                                                   const char *name)
{
    /* [default] and [profile default] are one name: the later one counts. */
    for (size_t i = p->config.n; p->named && i-- > 0;)
        if (p->named[i].kind == kind && strcmp(p->named[i].name, name) == 0)
            return &p->config.sections[i];
    return NULL;
}

bool aws_profile_find(const struct aws_profiles *p, const char *name, struct aws_profile *out)
{
    *out = (struct aws_profile){name, aws_profiles_section(p, AWS_SECTION_PROFILE, name), NULL};
    for (size_t i = 0; i < p->credentials.n && !out->credentials; i++)
        if (strcmp(p->credentials.sections[i].name, name) == 0)
            out->credentials = &p->credentials.sections[i];
    return out->config || out->credentials;
}

const char *aws_profile_value(const struct aws_profile *p, const char *key)
{
    const char *v = aws_ini_value(p->credentials, key);
    return v ? v : aws_ini_value(p->config, key);
}

static void add_name(struct buf *out, size_t *n, size_t most, const char *name)
{
    if (*n <= most)
        buf_addf(out, "%s%.60s", *n ? ", " : "", *n == most ? "..." : name);
    ++*n;
}

void aws_profiles_names(const struct aws_profiles *p, size_t most, struct buf *out)
{
    size_t n = 0;
    for (size_t i = 0; i < p->credentials.n; i++)
        add_name(out, &n, most, p->credentials.sections[i].name);
    for (size_t i = 0; p->named && i < p->config.n; i++) {
        struct aws_profile both;
        if (p->named[i].kind == AWS_SECTION_PROFILE && aws_profile_find(p, p->named[i].name, &both) &&
            !both.credentials && both.config == &p->config.sections[i])
            add_name(out, &n, most, p->named[i].name);
    }
    if (n == 0)
        buf_addz(out, "none");
}

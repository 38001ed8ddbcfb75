#include <stdarg.h>

#include "auth/aws_private.h"
#include "base/log.h"
#include "base/xalloc.h"

enum { NOTES_MAX = 8 << 10, RETRY_S = 10 };

static const char *process_env(void *arg, const char *name)
{
    (void)arg;
    return getenv(name);
}

const char *aws_env(const struct aws_chain *c, const char *name)
{
    const char *v = c->env(c->env_arg, name);
    return v && *v ? v : NULL;
}

bool aws_env_true(const struct aws_chain *c, const char *name)
{
    return str_ieq(str_of(aws_env(c, name)), STR("true"));
}

int64_t aws_now(const struct aws_chain *c)
{
    return c->clock->real(c->clock->arg) / NS_PER_S;
}

void aws_note(struct aws_chain *c, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (c->notes.n > 0)
        buf_addz(&c->notes, "; ");
    buf_vaddf(&c->notes, fmt, ap);
    va_end(ap);
}

void aws_source_of(struct aws_creds *out, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(out->source, sizeof out->source, fmt, ap);
    va_end(ap);
}

static const char *env_profile(const struct aws_chain *c)
{
    const char *name = aws_env(c, "AWS_PROFILE");
    return name ? name : aws_env(c, "AWS_DEFAULT_PROFILE");
}

bool aws_profile_chosen(const struct aws_chain *c)
{
    return c->profile || env_profile(c);
}

const char *aws_profile_name(const struct aws_chain *c)
{
    const char *name = c->profile ? c->profile : env_profile(c);
    return name ? name : "default";
}

int aws_load_profiles(struct aws_chain *c, struct err *e)
{
    if (c->loaded)
        return 0;
    aws_profiles_free(&c->files);
    if (aws_profiles_load(&c->files, c->env, c->env_arg, e) != 0)
        return -1;
    c->loaded = true;
    return 0;
}

static char *copy(const char *s)
{
    return s ? xstrdup(s) : NULL;
}

struct aws_chain *aws_chain_new(const struct aws_chain_opts *o, struct err *e)
{
    if (o->region && !aws_region_valid(str_of(o->region))) {
        err_set(e, ERR_USAGE, "'%.80s' is no AWS region; us-east-1 is one", o->region);
        return NULL;
    }
    if (o->profile && !*o->profile) {
        err_set(e, ERR_USAGE, "the name of the AWS profile is empty");
        return NULL;
    }
    struct aws_chain *c = xcalloc(1, sizeof *c);
    c->profile = copy(o->profile);
    c->region = copy(o->region);
    c->service = copy(o->service);
    c->container_host = copy(o->container_host);
    c->env = o->env ? o->env : process_env;
    c->env_arg = o->env_arg;
    c->clock = o->clock ? o->clock : &clock_system;
    buf_init(&c->notes, NOTES_MAX);
    return c;
}

void aws_chain_free(struct aws_chain **cp)
{
    struct aws_chain *c = *cp;
    if (!c)
        return;
    *cp = NULL;
    asker_free(&c->asker);
    aws_profiles_free(&c->files);
    aws_creds_free(&c->kept);
    buf_free(&c->notes);
    free(c->profile);
    free(c->region);
    free(c->service);
    free(c->container_host);
    free(c->host_region);
    free(c->found_region);
    free(c->metadata_region);
    free(c);
}

static int none(struct aws_chain *c, struct err *e)
{
    const char *for_what = c->service ? c->service : "the endpoint";
    if (c->profile)
        return err_set(e, ERR_USAGE, "no AWS credentials for %.40s: %s; `aws configure --profile %.60s` sets it up",
                       for_what, c->notes.p ? c->notes.p : "", c->profile);
    return err_set(e, ERR_USAGE,
                   "no AWS credentials for %.40s; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or choose a profile "
                   "(AWS_PROFILE). Looked for, in this order: %s",
                   for_what, c->notes.p ? c->notes.p : "");
}

/* Whoever expires soon anyway is not held up here, but what is over will be refused by everyone. */
static int check_expiry(const struct aws_chain *c, const struct aws_creds *found, struct err *e)
{
    char when[40];
    if (found->expires_unix == 0 || found->expires_unix > aws_now(c))
        return 0;
    return err_set(e, ERR_USAGE, "the AWS credentials of %s have expired at %s; fetch new ones there", found->source,
                   fmt_utc_iso(when, found->expires_unix * NS_PER_S));
}

static int search(struct aws_chain *c, struct aws_creds *out, struct err *e)
{
    typedef int source(struct aws_chain *, struct aws_creds *, struct err *);
    static source *const sources[] = {aws_from_env, aws_from_env_web_identity, aws_from_profile, aws_from_container,
                                      aws_from_metadata};
    int rc = 0;
    buf_clear(&c->notes);
    c->loaded = false;
    *out = (struct aws_creds){0};
    for (size_t i = 0; i < ARRAY_LEN(sources) && rc == 0; i++)
        if (!c->profile || sources[i] == aws_from_profile)
            rc = sources[i](c, out, e);
    if (rc == 0)
        rc = none(c, e);
    if (rc == 1)
        rc = check_expiry(c, out, e);
    if (rc < 0)
        aws_creds_free(out);
    return rc;
}

static int renew(struct aws_chain *c, struct err *e)
{
    struct aws_creds fresh;
    struct err why = {0};
    if (c->kept.access_key_id && clock_now(c->clock) < c->retry_at && c->kept.expires_unix > aws_now(c))
        return 0;
    if (search(c, &fresh, &why) == 0) {
        aws_creds_free(&c->kept);
        c->kept = fresh;
        return 0;
    }
    if (c->kept.access_key_id && c->kept.expires_unix > aws_now(c)) {
        c->retry_at = clock_now(c->clock) + RETRY_S * NS_PER_S;
        log_warn("the AWS credentials end in %lld s and could not be fetched anew: %s",
                 (long long)(c->kept.expires_unix - aws_now(c)), why.text);
        return 0;
    }
    aws_creds_free(&c->kept);
    if (e)
        *e = why;
    return -1;
}

int aws_chain_get(struct aws_chain *c, struct aws_creds *out, struct err *e)
{
    const struct aws_creds *k = &c->kept;
    *out = (struct aws_creds){0};
    bool good = k->access_key_id && (k->expires_unix == 0 || k->expires_unix - aws_now(c) >= AWS_REFRESH_S);
    if (!good && renew(c, e) != 0)
        return -1;
    *out = *k;
    out->access_key_id = copy(k->access_key_id);
    out->secret_key = copy(k->secret_key);
    out->session_token = copy(k->session_token);
    return 0;
}

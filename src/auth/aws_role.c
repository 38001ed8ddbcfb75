/* What a profile stands for: keys of its own, or a role, a web identity, a sign-in or a program that gives them. */
#include "auth/aws_private.h"
#include "base/xalloc.h"

enum { CHAIN_MAX = 16 };

struct walk { /* the profiles on the way, outermost first */
    const char *seen[CHAIN_MAX];
    size_t n;
};

static int from_name(struct aws_chain *c, const char *name, struct walk *w, struct aws_creds *out, struct err *e);

static bool has_keys(const struct aws_profile *p)
{
    return aws_profile_value(p, "aws_access_key_id") || aws_profile_value(p, "aws_secret_access_key");
}

static bool has_role(const struct aws_profile *p)
{
    return aws_profile_value(p, "role_arn") && !aws_profile_value(p, "web_identity_token_file");
}

/* The keys of one file: what two files hold of them is not put together. */
static int own_keys(const struct aws_profile *p, const struct aws_ini_section *s, const char *path,
                    struct aws_creds *out, struct err *e)
{
    const char *key = aws_ini_value(s, "aws_access_key_id"), *secret = aws_ini_value(s, "aws_secret_access_key");
    const char *token = aws_ini_value(s, "aws_session_token");
    if (!token)
        token = aws_ini_value(s, "aws_security_token");
    if (!key)
        return 0;
    if (!secret)
        return err_set(e, ERR_DATA, "%s: aws_secret_access_key is missing", path);
    struct aws_taken t = {str_of(key), str_of(secret), str_of(token), {NULL, 0}};
    if (aws_take(out, &t, e) != 0)
        return err_prefix(e, "%s: ", path);
    aws_source_of(out, "profile %.40s", p->name);
    return 1;
}

static int by_source_profile(struct aws_chain *c, const struct aws_profile *p, const char *source, struct walk *w,
                             struct aws_creds *by, struct err *e)
{
    struct aws_profile from;
    if (!aws_profile_find(&c->files, source, &from))
        return err_set(e, ERR_DATA, "its source_profile %.60s does not exist", source);
    for (size_t i = 0; i < w->n; i++) {
        bool own = strcmp(source, p->name) == 0 && has_keys(&from);
        if (strcmp(w->seen[i], source) == 0 && !own)
            return err_set(e, ERR_DATA, "its source_profile %.60s leads back to itself; name one that has keys",
                           source);
    }
    int rc = from_name(c, source, w, by, e);
    if (rc == 0)
        return err_set(e, ERR_DATA, "its source_profile %.60s has no credentials", source);
    return rc;
}

static int by_credential_source(struct aws_chain *c, const char *source, struct aws_creds *by, struct err *e)
{
    static const struct {
        const char *name;
        int (*from)(struct aws_chain *, struct aws_creds *, struct err *);
    } sources[] = {{"Environment", aws_from_env},
                   {"Ec2InstanceMetadata", aws_from_metadata},
                   {"EcsContainer", aws_from_container}};
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        if (strcmp(sources[i].name, source) != 0)
            continue;
        buf_clear(&c->notes);
        int rc = sources[i].from(c, by, e);
        return rc == 0 ? err_set(e, ERR_DATA, "its credential_source %s has none: %s", source, c->notes.p) : rc;
    }
    return err_set(e, ERR_DATA,
                   "its credential_source '%.60s' must be Environment, Ec2InstanceMetadata or EcsContainer", source);
}

static int by_role(struct aws_chain *c, const struct aws_profile *p, struct walk *w, struct aws_creds *out,
                   struct err *e)
{
    const char *source = aws_profile_value(p, "source_profile"), *place = aws_profile_value(p, "credential_source");
    const char *duration = aws_profile_value(p, "duration_seconds");
    struct aws_role role = {aws_profile_value(p, "role_arn"), aws_profile_value(p, "role_session_name"),
                            aws_profile_value(p, "external_id"), 0};
    struct aws_creds by = {0};
    if (source && place)
        return err_set(e, ERR_DATA, "it has both source_profile and credential_source; remove one");
    if (!source && !place)
        return err_set(e, ERR_DATA, "it has a role_arn, but no source_profile and no credential_source; add one");
    if (aws_profile_value(p, "mfa_serial"))
        return err_set(e, ERR_DATA,
                       "its role wants an MFA code, which weir does not ask for; `aws configure export-credentials "
                       "--profile %.60s --format env` gives keys for the environment",
                       p->name);
    if (duration && parse_i64(str_of(duration), &role.duration) != 0)
        role.duration = 0;
    int rc = source ? by_source_profile(c, p, source, w, &by, e) : by_credential_source(c, place, &by, e);
    if (rc == 1)
        rc = aws_assume_role(c, &role, &by, out, e) == 0 ? 1 : -1;
    aws_creds_free(&by);
    if (rc == 1)
        aws_source_of(out, "profile %.40s (role)", p->name);
    return rc;
}

static int by_web_identity(struct aws_chain *c, const struct aws_profile *p, struct aws_creds *out, struct err *e)
{
    const char *file = aws_profile_value(p, "web_identity_token_file");
    struct aws_role role = {.arn = aws_profile_value(p, "role_arn"),
                            .session = aws_profile_value(p, "role_session_name")};
    if (!file || !*file)
        return 0;
    if (!role.arn || !*role.arn)
        return err_set(e, ERR_DATA, "it has a web_identity_token_file, but no role_arn; add it");
    if (aws_assume_web_identity(c, &role, file, out, e) != 0)
        return -1;
    aws_source_of(out, "profile %.30s (web identity)", p->name);
    return 1;
}

static int by_process(const struct aws_profile *p, struct aws_creds *out, struct err *e)
{
    const char *command = aws_profile_value(p, "credential_process");
    if (!command)
        return 0;
    if (aws_from_process(command, out, e) != 1)
        return -1;
    aws_source_of(out, "profile %.30s (its program)", p->name);
    return 1;
}

static int by_login(const struct aws_profile *p, struct err *e)
{
    if (!aws_profile_value(p, "login_session"))
        return 0;
    return err_set(e, ERR_DATA,
                   "it signs in by `aws login`, which weir cannot; `aws configure export-credentials --profile %.60s "
                   "--format env` gives keys for the environment",
                   p->name);
}

static int from_found(struct aws_chain *c, const struct aws_profile *p, struct walk *w, struct aws_creds *out,
                      struct err *e)
{
    bool outermost = w->n == 1;
    if (has_role(p) && (outermost || !has_keys(p)))
        return by_role(c, p, w, out, e);
    int rc = by_web_identity(c, p, out, e);
    if (rc == 0)
        rc = aws_from_sso(c, p, out, e);
    if (rc == 0)
        rc = own_keys(p, p->credentials, c->files.credentials_path, out, e);
    if (rc == 0)
        rc = by_login(p, e);
    if (rc == 0)
        rc = by_process(p, out, e);
    if (rc == 0)
        rc = own_keys(p, p->config, c->files.config_path, out, e);
    return rc;
}

static int from_name(struct aws_chain *c, const char *name, struct walk *w, struct aws_creds *out, struct err *e)
{
    struct aws_profile p;
    if (w->n == CHAIN_MAX)
        return err_set(e, ERR_DATA, "a chain of more than %d source_profiles", CHAIN_MAX - 1);
    if (!aws_profile_find(&c->files, name, &p))
        return 0;
    w->seen[w->n++] = name;
    int rc = from_found(c, &p, w, out, e);
    return rc < 0 ? err_prefix(e, "profile %.60s: ", name) : rc;
}

static int no_such(struct aws_chain *c, const char *name, struct err *e)
{
    struct buf names = BUF_INIT(2000);
    const char *files = c->files.has_config || c->files.has_credentials ? "" : "; there are no files of profiles";
    aws_profiles_names(&c->files, 10, &names);
    err_set(e, ERR_USAGE, "there is no AWS profile '%.60s'%s (%s and %s name: %s)", name, files,
            c->files.credentials_path ? c->files.credentials_path : "~/.aws/credentials",
            c->files.config_path ? c->files.config_path : "~/.aws/config", names.p);
    buf_free(&names);
    return -1;
}

int aws_from_profile(struct aws_chain *c, struct aws_creds *out, struct err *e)
{
    struct walk w = {.n = 0};
    struct aws_profile p;
    const char *name = aws_profile_name(c);
    if (aws_load_profiles(c, e) != 0)
        return err_prefix(e, "the AWS profile files: ");
    if (!aws_profile_find(&c->files, name, &p)) {
        if (aws_profile_chosen(c))
            return no_such(c, name, e);
        bool any = c->files.has_config || c->files.has_credentials;
        aws_note(c, any ? "the profile files have no profile default" : "there are no profile files (~/.aws)");
        return 0;
    }
    int rc = from_name(c, name, &w, out, e);
    if (rc == 0)
        aws_note(c, "profile %.60s has neither keys nor a role, sso_session or credential_process", name);
    return rc;
}

/* aws_profile.h - the two profile files, and what they say of a profile. Cold.
 * ~/.aws/config (or AWS_CONFIG_FILE) names profiles [default] and [profile NAME], and [sso-session NAME] and
 * [services NAME]; ~/.aws/credentials (or AWS_SHARED_CREDENTIALS_FILE) names them [NAME]. A file that is not there is
 * empty. Where both files have a key, the credentials file's counts. */
#ifndef WEIR_AUTH_AWS_PROFILE_H
#define WEIR_AUTH_AWS_PROFILE_H

#include "auth/aws_ini.h"
#include "base/buf.h"

enum aws_section { AWS_SECTION_OTHER, AWS_SECTION_PROFILE, AWS_SECTION_SSO_SESSION, AWS_SECTION_SERVICES };

struct aws_named { /* a section of the config file by what it is: "profile dev" */
    enum aws_section kind;
    char *name;
};
struct aws_profiles {
    struct aws_ini config, credentials;
    struct aws_named *named;              /* one per section of config */
    char *config_path, *credentials_path; /* NULL: no HOME */
    bool has_config, has_credentials;     /* the file is there */
};
struct aws_profile { /* borrows */
    const char *name;
    const struct aws_ini_section *config, *credentials; /* NULL: not in that file */
};

typedef const char *aws_env_fn(void *arg, const char *name);

/* -1 + e: a file cannot be read or understood. Free in any case. */
int aws_profiles_load(struct aws_profiles *p, aws_env_fn *env, void *arg, struct err *e);
void aws_profiles_free(struct aws_profiles *p);
bool aws_profile_find(const struct aws_profiles *p, const char *name, struct aws_profile *out);
const char *aws_profile_value(const struct aws_profile *p, const char *key); /* NULL: in neither file */
const struct aws_ini_section *aws_profiles_section(const struct aws_profiles *p, enum aws_section kind,
                                                   const char *name);
/* The names of the profiles for a message, at most `most` of them, "a, b, c, ..."; "none" where there is none. */
void aws_profiles_names(const struct aws_profiles *p, size_t most, struct buf *out);

/* A path whose ~/ stands for HOME; to be freed; NULL: that needs HOME, which is not set. */
char *aws_home_path(const char *path, aws_env_fn *env, void *arg);

#endif

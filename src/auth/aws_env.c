#include "auth/aws_private.h"

int aws_from_env(struct aws_chain *c, struct aws_creds *out, struct err *e)
{
    const char *key = aws_env(c, "AWS_ACCESS_KEY_ID"), *secret = aws_env(c, "AWS_SECRET_ACCESS_KEY");
    const char *token = aws_env(c, "AWS_SESSION_TOKEN");
    if (!key)
        key = aws_env(c, "AWS_ACCESS_KEY");
    if (!secret)
        secret = aws_env(c, "AWS_SECRET_KEY");
    if (!token)
        token = aws_env(c, "AWS_SECURITY_TOKEN");
    if (!key) {
        aws_note(c, "%sAWS_ACCESS_KEY_ID is not set", secret ? "AWS_SECRET_ACCESS_KEY is set, but " : "");
        return 0;
    }
    if (!secret)
        return err_set(e, ERR_USAGE, "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not; set both or none");
    struct aws_taken t = {str_of(key), str_of(secret), str_of(token), str_of(aws_env(c, "AWS_CREDENTIAL_EXPIRATION"))};
    if (aws_take(out, &t, e) != 0)
        return err_prefix(e, "the AWS credentials of the environment: ");
    aws_source_of(out, "the environment");
    return 1;
}

int aws_from_env_web_identity(struct aws_chain *c, struct aws_creds *out, struct err *e)
{
    const char *file = aws_env(c, "AWS_WEB_IDENTITY_TOKEN_FILE"), *arn = aws_env(c, "AWS_ROLE_ARN");
    if (!file) {
        aws_note(c, "AWS_WEB_IDENTITY_TOKEN_FILE is not set");
        return 0;
    }
    if (!arn)
        return err_set(e, ERR_USAGE, "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not; set both or none");
    struct aws_role role = {.arn = arn, .session = aws_env(c, "AWS_ROLE_SESSION_NAME")};
    /* For a region and an endpoint only: files that cannot be read are another's worry. */
    (void)aws_load_profiles(c, NULL);
    if (aws_assume_web_identity(c, &role, file, out, e) != 0)
        return err_prefix(e, "the web identity of AWS_WEB_IDENTITY_TOKEN_FILE: ");
    aws_source_of(out, "the web identity of the environment");
    return 1;
}

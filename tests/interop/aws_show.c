/* aws_show.c - the credentials and the region that the chain finds, as JSON on stdout, for tests that know them.
 * aws_show [--profile P] [--region R] [--host H] [--container-host URL] [--no-credentials]; twice with --again. */
#include <stdio.h>
#include <string.h>

#include "auth/aws_creds.h"
#include "base/jout.h"

static void show(struct aws_chain *c, const char *host, bool credentials)
{
    struct buf text = BUF_INIT(1 << 20);
    struct jout j;
    struct aws_creds creds = {0};
    struct err e = {0};
    const char *region = aws_chain_region(c, host);
    jo_init(&j, &text, 0);
    jo_obj(&j);
    jo_kstrz(&j, "region", region ? region : "");
    if (credentials && aws_chain_get(c, &creds, &e) == 0) {
        jo_kstrz(&j, "key", creds.access_key_id);
        jo_kstrz(&j, "secret", creds.secret_key);
        jo_kstrz(&j, "token", creds.session_token ? creds.session_token : "");
        jo_ki64(&j, "expires", creds.expires_unix);
        jo_kstrz(&j, "source", creds.source);
    } else if (credentials) {
        jo_kstrz(&j, "error", e.text);
    }
    jo_end_obj(&j);
    printf("%s\n", text.p);
    aws_creds_free(&creds);
    buf_free(&text);
}

int main(int argc, char **argv)
{
    struct aws_chain_opts o = {.service = "sagemaker"};
    const char *host = NULL;
    bool credentials = true, again = false;
    struct err e = {0};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--no-credentials") == 0)
            credentials = false;
        else if (strcmp(argv[i], "--again") == 0)
            again = true;
        else if (strcmp(argv[i], "--profile") == 0)
            o.profile = value, i++;
        else if (strcmp(argv[i], "--region") == 0)
            o.region = value, i++;
        else if (strcmp(argv[i], "--host") == 0)
            host = value, i++;
        else if (strcmp(argv[i], "--container-host") == 0)
            o.container_host = value, i++;
        else
            return 2;
    }
    struct aws_chain *c = aws_chain_new(&o, &e);
    if (!c) {
        fprintf(stderr, "%s\n", e.text);
        return 2;
    }
    show(c, host, credentials);
    if (again)
        show(c, host, credentials);
    aws_chain_free(&c);
    return 0;
}

/* users.c - what a level's options say of its users: when they go away, and when they are given up. */
#include "campaign/campaign_private.h"

int users_parse(struct variant *v, struct err *e)
{
    const struct run_config *c = v->c;
    if (c->cancel_rate && leaving_share_parse(str_of(c->cancel_rate), &v->leaving.share, e) < 0)
        return err_prefix(e, "--cancel-rate: ");
    if (c->cancel_rate && leaving_after_parse(&v->leaving, str_of(c->cancel_after), e) < 0)
        return err_prefix(e, "--cancel-after: ");
    if (c->max_errors && breaker_parse(&v->max_errors, str_of(c->max_errors), e) < 0)
        return err_prefix(e, "--max-errors: ");
    return 0;
}

/* users.c - what a level's options say of its users: how long they think, when they go away, and when they are given
 * up. */
#include "campaign/campaign_private.h"
#include "stat/dist_time.h"

int users_parse(struct variant *v, struct err *e)
{
    const struct run_config *c = v->c;
    if (c->think_time && dist_time_parse(&v->think, str_of(c->think_time), e) < 0)
        return err_prefix(e, "--think-time: ");
    if (c->cancel_rate && leaving_share_parse(str_of(c->cancel_rate), &v->leaving.share, e) < 0)
        return err_prefix(e, "--cancel-rate: ");
    if (c->cancel_rate && leaving_after_parse(&v->leaving, str_of(c->cancel_after), e) < 0)
        return err_prefix(e, "--cancel-after: ");
    if (c->max_errors && breaker_parse(&v->max_errors, str_of(c->max_errors), e) < 0)
        return err_prefix(e, "--max-errors: ");
    return 0;
}

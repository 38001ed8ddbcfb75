#include "campaign/breaker.h"

int breaker_parse(struct breaker_rule *b, struct str text, struct err *e)
{
    struct str s = str_trim(text);
    bool share = str_ends(s, STR("%"));
    uint64_t n = 0;
    double v = 0;
    bool ok = share ? parse_f64(str_trim(str_sub(s, 0, s.n - 1)), &v) == 0 && v >= 0 && v < 100 : parse_u64(s, &n) == 0;
    if (!ok)
        return err_set(e, ERR_USAGE,
                       "is neither a number of failures (20) nor a share of the requests below 100%% (5%%)");
    *b = (struct breaker_rule){.on = true, .by_share = share, .limit = share ? v / 100 : (double)n};
    return 0;
}

void breaker_init(struct breaker *b, const struct breaker_rule *rule)
{
    *b = (struct breaker){.rule = *rule};
}

/* The failures among the last ones that ended, with this one. */
static void count(struct breaker *b, bool failed)
{
    bool *place = &b->last[b->ended % BREAKER_LAST];
    b->failed_of_last += failed;
    b->failed_of_last -= *place; /* of the one that leaves the ring; at first there is none */
    *place = failed;
    b->ended++;
    b->failed += failed;
}

bool breaker_trips(struct breaker *b, const struct record *r, char why[200])
{
    char outcome[32];
    if (!b->rule.on || r->outcome == OUT_CANCELLED || r->outcome == OUT_UNSENT)
        return false;
    bool failed = r->outcome != OUT_OK;
    count(b, failed);
    uint64_t of = MIN(b->ended, (uint64_t)BREAKER_LAST);
    if (!failed)
        return false;
    if (b->rule.by_share ? of < BREAKER_LEAST || (double)b->failed_of_last <= b->rule.limit * (double)of
                         : (double)b->failed <= b->rule.limit)
        return false;
    outcome_text(outcome, r->outcome, r->status);
    if (b->rule.by_share)
        snprintf(why, 200, "%u of the last %llu requests failed, more than --max-errors %.4g%% (the last one: %s)",
                 b->failed_of_last, (unsigned long long)of, b->rule.limit * 100, outcome);
    else
        snprintf(why, 200, "%llu requests failed, more than --max-errors %.0f (the last one: %s)",
                 (unsigned long long)b->failed, b->rule.limit, outcome);
    return true;
}

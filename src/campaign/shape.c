/* shape.c - levels and the shape of their load: rates, users, profiles, traces, bursts and the rate limit. */
#include <math.h>

#include "base/xalloc.h"
#include "campaign/campaign_private.h"

#define MOST_RATE 1e7
#define MOST_USERS 1e6

bool run_config_as_is(const struct run_config *c)
{
    return strcmp(c->api, "http") == 0 || strcmp(c->api, "payload") == 0;
}

bool run_config_open(const struct run_config *c)
{
    return c->rate || c->session_rate || c->profile || strcmp(c->arrival, "trace") == 0;
}

/* "60/min": starts per time. */
static int parse_limit(struct load_shape *sh, const char *text, struct err *e)
{
    static const struct {
        const char *name;
        double s;
    } units[] = {{"s", 1}, {"min", 60}, {"h", 3600}};
    struct str s = str_of(text);
    ptrdiff_t slash = str_chr(s, '/');
    double n = 0;
    for (size_t i = 0; slash > 0 && i < ARRAY_LEN(units); i++) {
        if (!str_eqz(str_sub(s, (size_t)slash + 1, s.n), units[i].name) ||
            parse_f64(str_sub(s, 0, (size_t)slash), &n) < 0)
            continue;
        sh->rate_limit = n / units[i].s;
        if (!(sh->rate_limit >= 1e-6 && sh->rate_limit <= MOST_RATE))
            break;
        sh->start_gap = (int64_t)ceil(units[i].s * 1e9 / n);
        return 0;
    }
    return err_set(e, ERR_USAGE, "--rate-limit %s: must be starts per time: 10/s, 60/min or 500/h", text);
}

/* One of a list, or the level that a profile makes. */
static int one_level(struct campaign_state *s, const struct variant *v, struct str part, const char *name,
                     struct err *e)
{
    const struct load_shape *sh = &v->shape;
    if (s->n_levels == MAX_LEVELS)
        return err_set(e, ERR_USAGE, "%s: more than %d levels", name, MAX_LEVELS);
    struct level_plan *l = &s->level[s->n_levels++];
    uint64_t n = 0;
    part = str_trim(part);
    *l = (struct level_plan){.v = v, .open = run_config_open(v->c), .speed = 1};
    if (sh->profile) {
        l->peak = l->open ? sh->profile->most : 0;
        l->concurrency = l->open ? 0 : (uint32_t)(sh->profile->most + 0.5);
    } else if (sh->arrival == ARRIVAL_TRACE) {
        if (parse_f64(part, &l->speed) < 0 || l->speed < 1e-6 || l->speed > 1e6)
            return err_set(e, ERR_USAGE, "--speed %.*s: must be from 0.000001 to 1000000", STR_ARG(part));
    } else if (!l->open) {
        if (parse_u64(part, &n) < 0 || n == 0 || n > (uint64_t)MOST_USERS)
            return err_set(e, ERR_USAGE, "--concurrency %.*s: must be a whole number from 1 to 1000000", STR_ARG(part));
        l->concurrency = (uint32_t)n;
    } else if (str_eqz(part, "inf") && !v->c->session_rate) {
        l->rate = INFINITY;
    } else if (parse_f64(part, &l->rate) < 0 || !(l->rate > 0) || l->rate > MOST_RATE) {
        return err_set(e, ERR_USAGE, "%s %.*s: must be a rate above 0 and at most 10000000%s", name, STR_ARG(part),
                       v->c->session_rate ? "" : ", or inf");
    } else {
        l->peak = l->rate;
    }
    return 0;
}

static int parse_levels(struct campaign_state *s, const struct variant *v, struct err *e)
{
    const struct run_config *c = v->c;
    if (v->shape.profile)
        return one_level(s, v, STR(""), c->profile ? "--profile" : "--concurrency-profile", e);
    bool trace = v->shape.arrival == ARRIVAL_TRACE;
    const char *rates = c->session_rate ? c->session_rate : c->rate;
    const char *name = trace ? "--speed" : c->session_rate ? "--session-rate" : rates ? "--rate" : "--concurrency";
    const char *list = trace ? (c->speed ? c->speed : "1") : rates ? rates : c->concurrency;
    struct str_split it = {.rest = str_of(list), .sep = ','};
    for (struct str part; str_next(&it, &part);) {
        if (one_level(s, v, part, name, e) < 0)
            return -1;
    }
    return 0;
}

static int parse_profile(struct variant *v, struct err *e)
{
    const struct run_config *c = v->c;
    const char *text = c->profile ? c->profile : c->concurrency_profile;
    if (!text)
        return 0;
    struct profile *p = v->shape.profile = xcalloc(1, sizeof *p);
    if (profile_parse(p, str_of(text), c->profile ? MOST_RATE : MOST_USERS, e) < 0)
        return err_prefix(e, "%s: ", c->profile ? "--profile" : "--concurrency-profile");
    if (c->concurrency_profile && p->most < 0.5)
        return err_set(e, ERR_USAGE, "--concurrency-profile %s: never comes to one user", text);
    return 0;
}

int shape_parse(struct campaign_state *s, struct variant *v, struct err *e)
{
    const struct run_config *c = v->c;
    if (arrival_parse(str_of(c->arrival), &v->shape.arrival, e) < 0 || parse_profile(v, e) < 0)
        return -1;
    if (c->rate_limit && parse_limit(&v->shape, c->rate_limit, e) < 0)
        return -1;
    return parse_levels(s, v, e);
}

static uint64_t burst_size(const struct variant *v)
{
    return v->c->num_requests ? v->c->num_requests : dataset_n(v->ds);
}

static int check_burst(const struct variant *v, struct err *e)
{
    if (v->warmup_ns > 0)
        return err_set(e, ERR_USAGE,
                       "--rate inf sends everything at once, so a --warmup by time would be all of it; give a number "
                       "of requests to warm up with");
    if (v->c->duration_given)
        return err_set(e, ERR_USAGE,
                       "--rate inf sends everything at once, so --duration says nothing; give --num-requests");
    return 0;
}

/* A load that ends by itself must last longer than its warm-up. */
static int check_warmup(const struct level_plan *l, struct err *e)
{
    const struct variant *v = l->v;
    const struct profile *p = v->shape.profile;
    const char *what = p ? "profile" : "trace";
    double length = INFINITY, items = INFINITY; /* ns, requests */
    if (v->shape.arrival == ARRIVAL_TRACE) {
        size_t n = dataset_n(v->ds);
        items = (double)n;
        length = (double)(dataset_at(v->ds, n - 1)->extra->at - dataset_at(v->ds, 0)->extra->at) / l->speed + 1;
    } else if (p && !v->c->duration_given && v->c->num_requests == 0) {
        items = l->open ? p->area : INFINITY;
        length = (double)p->length;
    }
    if ((double)v->warmup_ns < length && (double)v->warmup_requests < items)
        return 0;
    return err_set(e, ERR_USAGE, "--warmup %s: the whole %s is not longer, so nothing would be measured", v->c->warmup,
                   what);
}

int shape_of_texts(struct campaign_state *s, struct err *e)
{
    for (uint32_t i = 0; i < s->n_levels; i++) {
        struct level_plan *l = &s->level[i];
        const struct variant *v = l->v;
        bool trace = v->shape.arrival == ARRIVAL_TRACE;
        if ((isinf(l->rate) && check_burst(v, e) < 0) || (trace && arrival_check_trace(v->ds, e) < 0))
            return variant_fail(s, v, e);
        if (check_warmup(l, e) < 0)
            return variant_fail(s, v, e);
        if (isinf(l->rate))
            l->at_once = burst_size(v) + v->warmup_requests;
        if (trace) { /* its mean rate */
            size_t n = dataset_n(v->ds);
            int64_t span = dataset_at(v->ds, n - 1)->extra->at - dataset_at(v->ds, 0)->extra->at;
            l->peak = span > 0 ? (double)n * l->speed * 1e9 / (double)span : 0;
        }
    }
    return 0;
}

/* Whether --duration is left to its default by a load that has an end of its own. */
static bool own_end(const struct variant *v, bool burst)
{
    return (v->shape.profile || v->shape.arrival == ARRIVAL_TRACE || burst) && !v->c->duration_given;
}

void shape_level(const struct level_plan *p, struct load_opts *o, struct rec_level *l)
{
    const struct variant *v = p->v;
    const struct run_config *c = v->c;
    const struct load_shape *sh = &v->shape;
    const char *profile = c->profile ? c->profile : c->concurrency_profile;
    bool burst = isinf(p->rate);
    o->mode = p->open ? LOAD_OPEN : LOAD_CLOSED;
    o->rate = burst ? 0 : p->rate;
    o->arrival = burst ? ARRIVAL_BURST : sh->arrival;
    o->burstiness = c->burstiness;
    o->speed = p->speed;
    o->profile = sh->profile;
    o->start_gap = sh->start_gap;
    o->concurrency = p->concurrency;
    o->num_requests = burst ? burst_size(v) : c->num_requests;
    o->duration_ns = own_end(v, burst) ? 0 : c->duration;
    if (sh->profile && !c->duration_given && c->num_requests == 0)
        o->until_ns = sh->profile->length;
    l->open = p->open;
    l->rate = o->rate;
    l->concurrency = p->concurrency;
    l->max_concurrency = p->open ? (uint32_t)c->max_concurrency : 0;
    l->rate_limit = sh->rate_limit;
    if (p->open)
        snprintf(l->arrival, sizeof l->arrival, "%s", arrival_name(o->arrival));
    if (o->arrival == ARRIVAL_GAMMA)
        l->burstiness = c->burstiness;
    if (o->arrival == ARRIVAL_TRACE)
        l->speed = p->speed;
    if (profile)
        snprintf(l->profile, sizeof l->profile, "%s", profile);
}

void shape_text(const struct variant *v, struct buf *b)
{
    const struct run_config *c = v->c;
    const struct load_shape *sh = &v->shape;
    bool burst = c->rate && strcmp(c->rate, "inf") == 0;
    char d[32];
    if (sh->arrival == ARRIVAL_TRACE)
        buf_addf(b, "instants of the trace, %s times as fast (open loop)", c->speed ? c->speed : "1");
    else if (burst)
        buf_addz(b, "all requests at once (open loop)");
    else if (c->session_rate)
        buf_addf(b, "%s sessions/s, %s arrivals (partly open loop)", c->session_rate, c->arrival);
    else if (c->profile || c->rate)
        buf_addf(b, "%s requests/s, %s arrivals (open loop)", c->profile ? c->profile : c->rate, c->arrival);
    else
        buf_addf(b, "%s %s (closed loop)", c->concurrency_profile ? c->concurrency_profile : c->concurrency,
                 c->sessions ? "sessions at a time" : "in flight");
    if (c->think_time)
        buf_addf(b, ", think time %s", c->think_time);
    if (sh->arrival == ARRIVAL_GAMMA)
        buf_addf(b, ", burstiness %.6g", c->burstiness);
    if (c->rate_limit)
        buf_addf(b, ", at most %s", c->rate_limit);
    int64_t length = !own_end(v, burst) ? c->duration : sh->profile && !c->num_requests ? sh->profile->length : 0;
    if (length)
        buf_addf(b, ", %s", fmt_duration(d, length));
}

void shape_free(struct load_shape *sh)
{
    free(sh->profile);
    sh->profile = NULL;
}

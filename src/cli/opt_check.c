/* opt_check.c - syntax of values that are more than a number or a word. */
#include "cli/opts.h"

#include <ctype.h>

#include "analysis/slo.h"
#include "analysis/summary.h"
#include "auth/sigv4.h"
#include "base/jdoc.h"
#include "campaign/breaker.h"
#include "campaign/cores.h"
#include "campaign/redact.h"
#include "engine/proxy.h"
#include "load/ds_fields.h"
#include "load/ds_lengths.h"
#include "load/leaving.h"
#include "load/mix.h"
#include "load/profile.h"
#include "net/resolve.h"
#include "proto/url.h"
#include "record/header_metric.h"
#include "report/plot.h"
#include "stat/dist.h"
#include "stat/dist_time.h"

int check_not_empty(const char *v, struct err *e)
{
    return *v ? 0 : err_set(e, ERR_USAGE, "must not be empty");
}

int check_plot(const char *v, struct err *e)
{
    enum plot_format format;
    return plot_format_of(v, &format, e);
}

int check_rates(const char *v, struct err *e)
{
    struct str_split it = {.rest = str_of(v), .sep = ','};
    struct str part;
    while (str_next(&it, &part)) {
        double d;
        if (str_eqz(str_trim(part), "inf"))
            continue;
        if (parse_f64(str_trim(part), &d) != 0)
            return err_set(e, ERR_USAGE, "'" STR_FMT "' is not a number; write 5, 1,5,10 or inf", STR_ARG(part));
        if (!(d > 0))
            return err_set(e, ERR_USAGE, "must be above 0");
    }
    return 0;
}

int check_profile(const char *v, struct err *e)
{
    struct profile p;
    return profile_parse(&p, str_of(v), 1e7, e);
}

int check_users_profile(const char *v, struct err *e)
{
    struct profile p;
    return profile_parse(&p, str_of(v), 1e6, e);
}

int check_speeds(const char *v, struct err *e)
{
    struct str_split it = {.rest = str_of(v), .sep = ','};
    struct str part;
    while (str_next(&it, &part)) {
        double d;
        if (parse_f64(str_trim(part), &d) != 0 || !(d > 0))
            return err_set(e, ERR_USAGE, "'" STR_FMT "' is not a factor above 0; write 2 or 1,2,4", STR_ARG(part));
    }
    return 0;
}

int check_rate_limit(const char *v, struct err *e)
{
    struct str s = str_of(v);
    ptrdiff_t slash = str_chr(s, '/');
    struct str unit = str_sub(s, (size_t)(slash + 1), s.n);
    double d;
    if (slash > 0 && parse_f64(str_sub(s, 0, (size_t)slash), &d) == 0 && d > 0 &&
        (str_eqz(unit, "s") || str_eqz(unit, "min") || str_eqz(unit, "h")))
        return 0;
    return err_set(e, ERR_USAGE, "is not a number of starts per time; write 10/s, 60/min or 500/h");
}

int check_counts(const char *v, struct err *e)
{
    struct str_split it = {.rest = str_of(v), .sep = ','};
    struct str part;
    while (str_next(&it, &part)) {
        int64_t i;
        if (parse_i64(str_trim(part), &i) != 0)
            return err_set(e, ERR_USAGE, "'" STR_FMT "' is not a whole number; write 8 or 8,32", STR_ARG(part));
        if (i < 1)
            return err_set(e, ERR_USAGE, "must be at least 1");
        if (i > 1000000)
            return err_set(e, ERR_USAGE, "must be at most 1000000");
    }
    return 0;
}

int check_by(const char *v, struct err *e)
{
    unsigned kinds;
    return groups_parse(str_of(v), &kinds, e);
}

int check_percentiles(const char *v, struct err *e)
{
    double q[SUMMARY_SHOWN_MAX];
    size_t n;
    return percentiles_parse(str_of(v), q, ARRAY_LEN(q), &n, e);
}

int check_warmup(const char *v, struct err *e)
{
    uint64_t n;
    int64_t ns;
    if (parse_u64(str_of(v), &n) == 0 || (parse_duration(str_of(v), &ns) == 0 && !strpbrk(v, "-")))
        return 0;
    return err_set(e, ERR_USAGE, "is neither a number of requests (10) nor a duration (10s)");
}

int check_pin(const char *v, struct err *e)
{
    uint16_t cpu[CORES_MAX];
    size_t n = 0;
    if (strcmp(v, "auto") == 0 || strcmp(v, "none") == 0)
        return 0;
    return cores_parse(str_of(v), cpu, ARRAY_LEN(cpu), &n, e);
}

int check_ramp(const char *v, struct err *e)
{
    int64_t ns;
    struct dist d;
    if (strchr(v, ':') || strchr(v, '*'))
        return dist_time_parse(&d, str_of(v), e);
    if (strcmp(v, "auto") == 0 || strcmp(v, "none") == 0 || (parse_duration(str_of(v), &ns) == 0 && !strpbrk(v, "-")))
        return 0;
    return err_set(e, ERR_USAGE, "is neither a duration (2s), nor a wait (uniform:1s,5s), nor auto or none");
}

int check_connect_rate(const char *v, struct err *e)
{
    double rate;
    if (strcmp(v, "auto") == 0 || strcmp(v, "max") == 0 || (parse_f64(str_of(v), &rate) == 0 && rate > 0))
        return 0;
    return err_set(e, ERR_USAGE, "is neither a rate above 0 (500) nor auto or max");
}

int check_think_time(const char *v, struct err *e)
{
    struct dist d;
    return dist_time_parse(&d, str_of(v), e);
}

int check_share(const char *v, struct err *e)
{
    double share;
    return leaving_share_parse(str_of(v), &share, e);
}

int check_cancel_after(const char *v, struct err *e)
{
    struct leaving l;
    return leaving_after_parse(&l, str_of(v), e);
}

int check_max_errors(const char *v, struct err *e)
{
    struct breaker_rule b;
    return breaker_parse(&b, str_of(v), e);
}

int check_binds(const char *v, struct err *e)
{
    struct str_split it = {.rest = str_of(v), .sep = ','};
    struct str part;
    while (str_next(&it, &part)) {
        char word[64];
        snprintf(word, sizeof word, STR_FMT, STR_ARG(str_trim(part)));
        if (!resolve_is_address(word))
            return err_set(e, ERR_USAGE, "'%s' is not an IPv4 or IPv6 address", word);
    }
    return 0;
}

int check_metrics_url(const char *v, struct err *e)
{
    struct url u;
    return strcmp(v, "auto") == 0 ? 0 : url_parse(&u, str_of(v), e);
}

int check_header(const char *v, struct err *e)
{
    static const char token[] = "!#$%&'*+-.^_`|~";
    const char *c = v;
    while (isalnum((unsigned char)*c) || (*c && strchr(token, *c)))
        c++;
    if (c == v || *c != ':')
        return err_set(e, ERR_USAGE, "is not a header; write 'Name: value'");
    for (; *c; c++) {
        if (((unsigned char)*c < 32 && *c != '\t') || *c == 127)
            return err_set(e, ERR_USAGE, "a header must not hold control characters");
    }
    return 0;
}

int check_header_metric(const char *v, struct err *e)
{
    return header_metric_check_name(v, e);
}

int check_proxy(const char *v, struct err *e)
{
    struct proxy p;
    if (strcmp(v, "auto") == 0 || strcmp(v, "none") == 0)
        return 0;
    if (strstr(v, REDACTED)) /* of a stored run: load_replay says so */
        return 0;
    int rc = proxy_parse(&p, v, "the proxy", e);
    proxy_free(&p);
    return rc;
}

int check_mix(const char *v, struct err *e)
{
    struct mix m;
    return mix_parse(&m, str_of(v), "the mix", e);
}

int check_class(const char *v, struct err *e)
{
    const char *eq = strchr(v, '='), *colon = eq ? strchr(eq, ':') : NULL;
    if (!colon || eq == v || colon == eq + 1 || !colon[1])
        return err_set(e, ERR_USAGE, "is no class with its dataset; write NAME=WEIGHT:FILE, such as chat=3:chat.json");
    return 0;
}

int check_length(const char *v, struct err *e)
{
    struct dist d;
    if (dist_parse(&d, str_of(v), e) != 0)
        return -1;
    return dist_mean(&d) >= 1 ? 0 : err_set(e, ERR_USAGE, "is a length below 1 on average");
}

int check_method(const char *v, struct err *e)
{
    size_t n = strspn(v, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    return n > 0 && n < 16 && v[n] == 0 ? 0
                                        : err_set(e, ERR_USAGE, "is not a method; write GET, POST, PUT or the like");
}

int check_json_object(const char *v, struct err *e)
{
    struct jdoc *d = jdoc_parse(str_of(v), "JSON", e);
    if (!d)
        return -1;
    bool obj = jn_is_obj(jdoc_root(d));
    jdoc_free(&d);
    return obj ? 0 : err_set(e, ERR_USAGE, "must be a JSON object, such as '{\"top_p\": 0.9}'");
}

int check_slo(const char *v, struct err *e)
{
    struct slo_set s;
    return slo_parse(&s, str_of(v), e);
}

int check_goodput(const char *v, struct err *e)
{
    struct slo_set s;
    return goodput_parse(&s, str_of(v), e);
}

int check_fields(const char *v, struct err *e)
{
    struct ds_map map = ds_map_plain;
    return ds_map_parse(&map, v, e);
}

int check_lengths(const char *v, struct err *e)
{
    struct ds_lengths l;
    return strcmp(v, "auto") == 0 ? 0 : ds_lengths_parse(&l, v, e);
}

int check_aws_name(const char *v, struct err *e)
{
    return sigv4_name_valid(str_of(v))
               ? 0
               : err_set(e, ERR_USAGE, "is no name of a service or region, such as sagemaker or us-east-1");
}

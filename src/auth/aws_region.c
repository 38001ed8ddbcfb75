#include "auth/aws_private.h"

#include "base/xalloc.h"

bool aws_region_valid(struct str region)
{
    for (size_t i = 0; i < region.n; i++) {
        char c = region.p[i];
        if (!((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '-'))
            return false;
    }
    return region.n > 0 && region.n <= 63 && region.p[0] != '-' && region.p[region.n - 1] != '-';
}

/* Longer beginnings first. Source: the partitions of the AWS SDKs (botocore's partitions.json). */
static const struct {
    const char *region, *suffix;
} PARTITIONS[] = {
    {"cn-", "amazonaws.com.cn"},   {"eusc-", "amazonaws.eu"},      {"us-iso-", "c2s.ic.gov"},
    {"us-isob-", "sc2s.sgov.gov"}, {"us-isof-", "csp.hci.ic.gov"}, {"eu-isoe-", "cloud.adc-e.uk"},
};

const char *aws_dns_suffix(const char *region)
{
    for (size_t i = 0; i < ARRAY_LEN(PARTITIONS); i++)
        if (str_starts(str_of(region), str_of(PARTITIONS[i].region)))
            return PARTITIONS[i].suffix;
    return "amazonaws.com";
}

static bool is_letters(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((s.p[i] | 32) < 'a' || (s.p[i] | 32) > 'z')
            return false;
    return s.n > 0;
}

static bool is_direction(struct str s)
{
    static const char *const words[] = {"north",     "south",     "east",      "west",     "central",
                                        "northeast", "southeast", "northwest", "southwest"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_ieq(s, str_of(words[i])))
            return true;
    return false;
}

/* us-east-1, us-gov-west-1, eusc-de-east-1: words, a direction and a number. New places come, directions do not. */
static bool is_region(struct str label)
{
    struct str part[5];
    struct str_split it = {.rest = label, .sep = '-'};
    size_t n = 0;
    while (n < ARRAY_LEN(part) && str_next(&it, &part[n]))
        n++;
    if (n < 3 || n == ARRAY_LEN(part) || part[0].n > 4 || !is_direction(part[n - 2]))
        return false;
    for (size_t i = 0; i + 1 < n; i++)
        if (!is_letters(part[i]))
            return false;
    int64_t number;
    return part[n - 1].n <= 2 && parse_i64(part[n - 1], &number) == 0 && number > 0;
}

struct str aws_host_region(struct str host)
{
    static const char *const suffixes[] = {".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu",
                                           ".api.aws",       ".on.aws",           ".c2s.ic.gov",
                                           ".sc2s.sgov.gov", ".csp.hci.ic.gov",   ".cloud.adc-e.uk"};
    struct str none = {NULL, 0}, label, found = none;
    size_t i = 0;
    if (host.n > 0 && host.p[host.n - 1] == '.')
        host.n--;
    for (; i < ARRAY_LEN(suffixes); i++) {
        struct str s = str_of(suffixes[i]);
        if (host.n > s.n && str_ieq(str_sub(host, host.n - s.n, s.n), s))
            break;
    }
    if (i == ARRAY_LEN(suffixes))
        return none;
    struct str_split it = {.rest = str_sub(host, 0, host.n - str_of(suffixes[i]).n), .sep = '.'};
    while (str_next(&it, &label))
        if (is_region(label))
            found = label;
    return found;
}

static const char *of_env_or_profile(struct aws_chain *c)
{
    static const char *const names[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};
    struct aws_profile p;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *v = aws_env(c, names[i]);
        if (v && aws_region_valid(str_of(v)))
            return v;
    }
    if (aws_load_profiles(c, NULL) != 0 || !aws_profile_find(&c->files, aws_profile_name(c), &p))
        return NULL;
    const char *v = aws_profile_value(&p, "region");
    return v && aws_region_valid(str_of(v)) ? v : NULL;
}

const char *aws_service_region(struct aws_chain *c)
{
    const char *region = c->region ? c->region : of_env_or_profile(c);
    if (!region)
        region = c->host_region ? c->host_region : c->metadata_region;
    return region;
}

static void take_host(struct aws_chain *c, const char *host)
{
    struct str r = aws_host_region(str_of(host));
    if (r.n == 0)
        return;
    free(c->host_region);
    c->host_region = xmemdup0(r.p, r.n);
    for (char *p = c->host_region; *p; p++)
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p | 32 : *p);
}

const char *aws_chain_region(struct aws_chain *c, const char *host)
{
    const char *region = c->region;
    if (!region && host && aws_host_region(str_of(host)).n > 0) {
        take_host(c, host);
        region = c->host_region;
    }
    if (!region)
        region = of_env_or_profile(c);
    if (!region && !c->metadata_region_asked) {
        c->metadata_region_asked = true;
        c->metadata_region = aws_metadata_region(c);
    }
    if (!region)
        region = c->metadata_region;
    char *mine = region ? xstrdup(region) : NULL;
    free(c->found_region);
    c->found_region = mine;
    return mine;
}

const char *aws_chain_region_missing(const struct aws_chain *c)
{
    for (size_t i = 0; i < 2; i++) {
        const char *v = aws_env(c, i == 0 ? "AWS_REGION" : "AWS_DEFAULT_REGION");
        if (v && !aws_region_valid(str_of(v)))
            return "the AWS region of the environment (AWS_REGION, AWS_DEFAULT_REGION) is none; us-east-1 is one";
    }
    return "no AWS region: the URL names none; set AWS_REGION, or `region` in the profile, or give it as an option";
}

/* preflight.c - what the machine must have for the load that is asked for, checked before anything is sent. */
#include <sys/resource.h>

#include "base/file.h"
#include "base/log.h"
#include "campaign/campaign_private.h"

/* Beside connections: loops, listeners of the writer, files of the results, standard streams, the library's own. */
enum { OTHER_FILES = 64 };

static uint64_t most_connections(const struct campaign_state *s)
{
    uint64_t most = 0;
    for (uint32_t i = 0; i < s->n_levels; i++)
        most = MAX(most, (uint64_t)(s->level[i].open ? s->c->max_concurrency : s->level[i].concurrency));
    /* Where HTTP/2 is sure, connections are shared. (A server may allow fewer streams; that is not known here.) */
    bool shared = s->c->http && (strcmp(s->c->http, "2") == 0 || strcmp(s->c->http, "h2c") == 0) && !s->c->no_keepalive;
    uint64_t streams = shared && s->c->streams_per_conn > 0 ? s->c->streams_per_conn : 1;
    return (most + streams - 1) / streams;
}

static int check_files(const struct campaign_state *s, uint64_t need, struct err *e)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0)
        return 0;
    if (r.rlim_cur < r.rlim_max) {
        r.rlim_cur = r.rlim_max;
        setrlimit(RLIMIT_NOFILE, &r);
    }
    uint64_t urls = run_config_urls(s->c, NULL, 0);
    /* Connections opened ahead are rounded up for each endpoint. */
    uint64_t other = OTHER_FILES + (8u + (urls > 1 ? urls - 1 : 0)) * s->workers;
    if (other >= r.rlim_cur)
        return err_set(e, ERR_LIMIT,
                       "%u worker%s %llu open files beside the connections, but this process may have "
                       "%llu; raise the limit (ulimit -Hn)%s",
                       s->workers, s->workers == 1 ? " needs" : "s need", (unsigned long long)other,
                       (unsigned long long)r.rlim_cur, s->workers > 1 ? " or use fewer --workers" : "");
    if (need > r.rlim_cur - other)
        return err_set(e, ERR_LIMIT,
                       "%llu connection%s %llu open files, but this process may have %llu; raise the limit "
                       "(ulimit -Hn) or ask for at most %llu",
                       (unsigned long long)need, need == 1 ? " needs" : "s need", (unsigned long long)(need + other),
                       (unsigned long long)r.rlim_cur, (unsigned long long)(r.rlim_cur - other));
    if (need == 0)
        log_debug("an open loop without --max-concurrency may hold %llu connections here",
                  (unsigned long long)(r.rlim_cur - other));
    return 0;
}

/* Different hosts or ports among the URLs. */
static uint64_t destinations(const struct campaign_state *s)
{
    struct str url[RUN_URLS_MAX];
    struct url u[RUN_URLS_MAX];
    size_t n = MIN(run_config_urls(s->c, url, RUN_URLS_MAX), (size_t)RUN_URLS_MAX), distinct = 0;
    for (size_t i = 0; i < n; i++) {
        bool seen = url_parse(&u[distinct], url[i], NULL) < 0; /* what is wrong with it is told later */
        for (size_t k = 0; k < distinct && !seen; k++)
            seen = str_ieq(u[k].host, u[distinct].host) && u[k].port == u[distinct].port;
        distinct += !seen;
    }
    return MAX(distinct, (size_t)1);
}

/* A connection to one destination takes a local port of its own. */
static int check_ports(const struct campaign_state *s, uint64_t need, struct err *e)
{
    struct buf b = BUF_INIT(256);
    int64_t lo = 32768, hi = 60999;
    struct err ignore;
    if (s->c->unix_socket)
        return 0;
    if (file_read(&b, "/proc/sys/net/ipv4/ip_local_port_range", &ignore) == 0) {
        struct str text = str_trim(buf_str(&b));
        ptrdiff_t tab = str_chr(text, '\t');
        if (tab > 0) {
            parse_i64(str_sub(text, 0, (size_t)tab), &lo);
            parse_i64(str_trim(str_sub(text, (size_t)tab, text.n)), &hi);
        }
    }
    buf_free(&b);
    uint64_t ports = hi > lo ? (uint64_t)(hi - lo + 1) : 0;
    uint64_t over = destinations(s);
    need = (need + over - 1) / over; /* of each, as they are spread when all answer alike */
    if (need > ports)
        return err_set(e, ERR_LIMIT,
                       "%llu connections to one address need as many local ports, but there are %llu; widen "
                       "net.ipv4.ip_local_port_range or ask for fewer",
                       (unsigned long long)need, (unsigned long long)ports);
    return 0;
}

int preflight(struct campaign_state *s, struct err *e)
{
    uint64_t need = most_connections(s);
    if (check_files(s, need, e) < 0)
        return -1;
    return check_ports(s, need, e);
}

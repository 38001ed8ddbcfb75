/* preflight.c - what the machine must have for the load that is asked for, checked before anything is sent. */
#include <arpa/inet.h>

#include "base/file.h"
#include "base/log.h"
#include "campaign/campaign_private.h"

/* Beside connections: loops, listeners of the writer, files of the results, standard streams, the library's own. */
enum { OTHER_FILES = 64 };

static uint64_t most_connections(const struct campaign_state *s)
{
    uint64_t most = 0;
    for (uint32_t i = 0; i < s->n_levels; i++) {
        const struct level_plan *l = &s->level[i];
        const struct run_config *c = l->v->c;
        uint64_t cap = c->max_concurrency, burst = cap ? MIN(l->at_once, cap) : l->at_once;
        uint64_t need = !l->open ? l->concurrency : l->at_once ? burst : cap;
        /* Where HTTP/2 is sure, connections are shared. (A server may allow fewer streams; that is not known here.) */
        bool shared = c->http && (strcmp(c->http, "2") == 0 || strcmp(c->http, "h2c") == 0) && !c->no_keepalive;
        uint64_t streams = shared && c->streams_per_conn > 0 ? c->streams_per_conn : 1;
        most = MAX(most, (need + streams - 1) / streams);
    }
    return most;
}

static int check_files(const struct campaign_state *s, uint64_t need, struct err *e)
{
    uint64_t limit = files_raise_limit();
    if (limit == 0)
        return 0;
    uint64_t urls = run_config_urls(s->c, NULL, 0);
    /* Connections opened ahead are rounded up for each endpoint. */
    uint64_t other = OTHER_FILES + (8u + (urls > 1 ? urls - 1 : 0)) * s->workers;
    if (other >= limit)
        return err_set(e, ERR_LIMIT,
                       "%u worker%s %llu open files beside the connections, but this process may have "
                       "%llu; raise the limit (ulimit -Hn)%s",
                       s->workers, s->workers == 1 ? " needs" : "s need", (unsigned long long)other,
                       (unsigned long long)limit, s->workers > 1 ? " or use fewer --workers" : "");
    if (need > limit - other)
        return err_set(e, ERR_LIMIT,
                       "%llu connection%s %llu open files, but this process may have %llu; raise the limit "
                       "(ulimit -Hn) or ask for at most %llu",
                       (unsigned long long)need, need == 1 ? " needs" : "s need", (unsigned long long)(need + other),
                       (unsigned long long)limit, (unsigned long long)(limit - other));
    if (need == 0)
        log_debug("an open loop without --max-concurrency may hold %llu connections here",
                  (unsigned long long)(limit - other));
    return 0;
}

int preflight(struct campaign_state *s, struct err *e)
{
    return check_files(s, most_connections(s), e);
}

/* ---- what depends on the endpoints: local ports, memory */

static int read_proc(const struct campaign_state *s, const char *name, struct buf *b)
{
    char path[512];
    struct err ignore;
    snprintf(path, sizeof path, "%s/%s", s->proc_root ? s->proc_root : "/proc", name);
    return file_read(b, path, &ignore);
}

/* Of net.ipv4.ip_local_port_range, which holds for IPv6 too, without those that are kept for others. */
static uint64_t local_ports(const struct campaign_state *s)
{
    struct buf b = BUF_INIT(65536);
    int64_t lo = 32768, hi = 60999, kept = 0;
    if (read_proc(s, "sys/net/ipv4/ip_local_port_range", &b) == 0) {
        struct str text = str_trim(buf_str(&b));
        ptrdiff_t tab = str_chr(text, '\t');
        if (tab > 0) {
            parse_i64(str_sub(text, 0, (size_t)tab), &lo);
            parse_i64(str_trim(str_sub(text, (size_t)tab, text.n)), &hi);
        }
    }
    buf_clear(&b);
    if (read_proc(s, "sys/net/ipv4/ip_local_reserved_ports", &b) == 0) {
        struct str_split it = {.rest = str_trim(buf_str(&b)), .sep = ','};
        for (struct str part; str_next(&it, &part);) { /* "8080" or "9148-9200" */
            int64_t from, to;
            ptrdiff_t dash = str_chr(part, '-');
            if (parse_i64(str_sub(part, 0, dash < 0 ? part.n : (size_t)dash), &from) < 0)
                continue;
            to = from;
            if (dash > 0)
                parse_i64(str_sub(part, (size_t)dash + 1, part.n), &to);
            kept += MAX(MIN(to, hi) - MAX(from, lo) + 1, 0);
        }
    }
    buf_free(&b);
    return hi - lo + 1 > kept ? (uint64_t)(hi - lo + 1 - kept) : 0;
}

/* As the kernel writes an address into /proc/net/tcp: 32-bit words of the machine's own order. */
static void kernel_text(const struct addr *a, char out[64])
{
    if (a->sa.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&a->sa;
        snprintf(out, 64, " %08X:%04X ", in->sin_addr.s_addr, ntohs(in->sin_port));
        return;
    }
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->sa;
    uint32_t w[4];
    memcpy(w, &in6->sin6_addr, sizeof w);
    snprintf(out, 64, " %08X%08X%08X%08X:%04X ", w[0], w[1], w[2], w[3], ntohs(in6->sin6_port));
}

/* Ports in use towards this destination, those that still wait (TIME_WAIT) included. */
static uint64_t in_use(const struct campaign_state *s, const struct addr *a)
{
    struct buf b = BUF_INIT(256u << 20);
    char want[64];
    uint64_t n = 0;
    kernel_text(a, want);
    if (read_proc(s, a->sa.ss_family == AF_INET ? "net/tcp" : "net/tcp6", &b) == 0) {
        size_t len = strlen(want);
        char *at = b.p, *end = b.p + b.n;
        while ((at = memmem(at, (size_t)(end - at), want, len)) != NULL) {
            n += at > b.p && at[-1] != ':'; /* behind the line's number stands the local side */
            at += len - 1;
        }
    }
    buf_free(&b);
    return n;
}

struct room {
    uint64_t ports, sources, destinations, used;
};

/* Connections take 4-tuples: source address and port, destination address and port. */
static uint64_t room_of(const struct campaign_state *s, const struct target *t, bool count_used, struct room *r)
{
    sa_family_t family = t->addrs[0].sa.ss_family;
    *r = (struct room){.ports = local_ports(s), .sources = s->n_binds == 0};
    for (size_t i = 0; i < s->n_binds; i++)
        r->sources += s->binds[i].sa.ss_family == family;
    if (r->sources == 0) { /* the name's other family serves */
        r->sources = s->n_binds;
        family = s->binds[0].sa.ss_family;
    }
    for (int i = 0; i < t->n_addrs; i++) {
        if (t->addrs[i].sa.ss_family != family)
            continue;
        r->destinations++;
        if (count_used)
            r->used += in_use(s, &t->addrs[i]);
    }
    uint64_t all = r->ports * r->sources * r->destinations;
    return all > r->used ? all - r->used : 0;
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

/* Below so many, nothing is said and nothing counted. */
enum { MANY = 1000 };

static int check_ports(struct campaign_state *s, const struct target *t, uint64_t need, struct err *e)
{
    struct room r;
    char where[400], plan[160];
    if (t->addrs[0].sa.ss_family == AF_UNIX)
        return 0;
    uint64_t free_ports = room_of(s, t, need >= MANY, &r);
    int n = snprintf(plan, sizeof plan, "%llu ports per source address x %llu source address%s x %llu destination%s",
                     (unsigned long long)r.ports, (unsigned long long)r.sources, r.sources == 1 ? "" : "es",
                     (unsigned long long)r.destinations, plural(r.destinations));
    if (r.used)
        snprintf(plan + n, sizeof plan - (size_t)n, ", %llu in use", (unsigned long long)r.used);
    if (need > free_ports)
        return err_set(e, ERR_LIMIT,
                       "%llu connections to %s need as many local ports, but there are %llu (%s); name more source "
                       "addresses (--bind), widen net.ipv4.ip_local_port_range, or ask for fewer",
                       (unsigned long long)need, target_where(t, where, sizeof where), (unsigned long long)free_ports,
                       plan);
    if (need >= MANY && s->plan[0] == 0)
        snprintf(s->plan, sizeof s->plan, "%s", plan);
    return 0;
}

/* Without keep-alive each request takes a port, which its end may keep for a minute. */
static void warn_of_waiting_ports(const struct campaign_state *s, const struct target *t)
{
    enum { WAIT_S = 60 };
    struct room r;
    double rate = 0;
    for (uint32_t i = 0; i < s->n_levels; i++) {
        const struct level_plan *l = &s->level[i];
        if (l->open && l->v->c->no_keepalive)
            rate = MAX(rate, l->peak / MAX(s->n_targets, 1u));
    }
    if (t->addrs[0].sa.ss_family == AF_UNIX || rate * WAIT_S < MANY)
        return;
    double free_ports = (double)room_of(s, t, true, &r);
    if (rate * WAIT_S > free_ports)
        log_warn(
            "--no-keepalive at %.0f requests/s: where weir closes first, each port rests for a minute, and %.0f are "
            "free; name more source addresses (--bind)",
            rate, free_ports);
}

/* Memory of the client and of its sockets in the kernel; measured, rounded up. */
static int check_memory(struct campaign_state *s, uint64_t need, bool tls, struct err *e)
{
    enum { PLAIN = 10 << 10, TLS = 40 << 10, SOCKET = 6 << 10 };
    struct buf b = BUF_INIT(65536);
    int64_t kib = -1;
    if (need < MANY)
        return 0;
    if (read_proc(s, "meminfo", &b) == 0) {
        struct str text = buf_str(&b);
        ptrdiff_t at = str_find(text, STR("MemAvailable:"));
        if (at >= 0) {
            struct str rest = str_trim(str_sub(text, (size_t)at + 13, text.n));
            ptrdiff_t space = str_chr(rest, ' ');
            parse_i64(str_sub(rest, 0, space < 0 ? rest.n : (size_t)space), &kib);
        }
    }
    buf_free(&b);
    uint64_t bytes = need * (uint64_t)((tls ? TLS : PLAIN) + SOCKET);
    size_t n = strlen(s->plan);
    snprintf(s->plan + n, sizeof s->plan - n, "%sabout %llu MiB of memory", n ? "; " : "",
             (unsigned long long)(bytes >> 20));
    if (kib < 0 || bytes >> 10 <= (uint64_t)kib)
        return 0;
    return err_set(
        e, ERR_LIMIT,
        "%llu connections%s need about %llu MiB of memory, but %lld MiB are available; ask for fewer, or use "
        "several machines",
        (unsigned long long)need, tls ? " with TLS" : "", (unsigned long long)(bytes >> 20), (long long)(kib >> 10));
}

int preflight_targets(struct campaign_state *s, struct err *e)
{
    uint64_t need = most_connections(s);
    bool tls = false;
    for (unsigned i = 0; i < s->n_targets; i++) {
        const struct target *target = s->variant[0].ep->target, *t = &target[i];
        uint64_t here = 0; /* URLs that lead to the same place share its ports */
        for (unsigned k = 0; k < s->n_targets; k++)
            here += addr_same(&t->addrs[0], &target[k].addrs[0]);
        tls |= t->tls;
        warn_of_waiting_ports(s, t);
        if (check_ports(s, t, (here * need + s->n_targets - 1) / s->n_targets, e) < 0)
            return -1;
    }
    return check_memory(s, need, tls, e);
}

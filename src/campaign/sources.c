/* sources.c - the addresses that connections come from (--bind): known to this machine, and of use for the endpoint. */
#include <errno.h>
#include <unistd.h>

#include "campaign/campaign_private.h"

/* The kernel says whether an address is ours: it binds a socket to it. */
static int check_ours(const struct addr *a, const char *word, struct err *e)
{
    int fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_sys(e, ERR_USAGE, errno, "--bind %s", word);
    int rc = bind(fd, (const struct sockaddr *)&a->sa, a->len) == 0 ? 0 : errno;
    close(fd);
    if (rc == EADDRNOTAVAIL)
        return err_set(e, ERR_USAGE, "--bind %s: this machine has no such address; `ip address` lists those it has",
                       word);
    return rc ? err_sys(e, ERR_USAGE, rc, "--bind %s", word) : 0;
}

int sources_parse(struct campaign_state *s, struct err *e)
{
    struct str_split it = {.rest = str_of(s->c->bind ? s->c->bind : ""), .sep = ','};
    struct str part;
    while (s->c->bind && str_next(&it, &part)) {
        char word[64];
        struct addr *a = &s->binds[s->n_binds];
        part = str_trim(part);
        if (s->n_binds == DIAL_MAX_BINDS)
            return err_set(e, ERR_USAGE, "--bind: more than %d addresses", DIAL_MAX_BINDS);
        snprintf(word, sizeof word, "%.*s", STR_ARG(part));
        if (!resolve_is_address(word) || resolve_host(word, 0, a, 1, e) != 1)
            return err_set(e, ERR_USAGE, "--bind %s: is not an IPv4 or IPv6 address", word);
        for (size_t i = 0; i < s->n_binds; i++) {
            if (addr_same(a, &s->binds[i]))
                return err_set(e, ERR_USAGE, "--bind %s: is named twice", word);
        }
        if (check_ours(a, word, e) < 0)
            return -1;
        s->n_binds++;
    }
    return 0;
}

static bool has_family(const struct addr *a, size_t n, sa_family_t family)
{
    for (size_t i = 0; i < n; i++) {
        if (a[i].sa.ss_family == family)
            return true;
    }
    return false;
}

static const char *family_name(sa_family_t f)
{
    return f == AF_INET6 ? "IPv6" : "IPv4";
}

int sources_check(const struct campaign_state *s, const struct target *t, struct err *e)
{
    char word[64], where[400];
    bool some = s->n_binds == 0;
    for (int i = 0; i < t->n_addrs; i++)
        some |= has_family(s->binds, s->n_binds, t->addrs[i].sa.ss_family);
    if (some)
        return 0;
    addr_text(&s->binds[0], word);
    char *colon = strrchr(word, ':'); /* the port, 0 */
    *colon = 0;
    sa_family_t mine = s->binds[0].sa.ss_family;
    return err_set(e, ERR_USAGE, "--bind %s: is an %s address, but %s has none of that family; name an %s address",
                   word, family_name(mine), target_where(t, where, sizeof where),
                   family_name(mine == AF_INET6 ? AF_INET : AF_INET6));
}

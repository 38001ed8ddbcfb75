#include "net/resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

static void set_port(struct addr *a, uint16_t port)
{
    if (a->sa.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&a->sa)->sin6_port = htons(port);
    else
        ((struct sockaddr_in *)&a->sa)->sin_port = htons(port);
}

bool resolve_is_address(const char *host)
{
    unsigned char bin[16];
    return inet_pton(AF_INET, host, bin) == 1 || inet_pton(AF_INET6, host, bin) == 1;
}

bool addr_same(const struct addr *a, const struct addr *b)
{
    return a->len == b->len && memcmp(&a->sa, &b->sa, a->len) == 0;
}

int resolve_host(const char *host, uint16_t port, struct addr *out, int max, struct err *e)
{
    /* Not AI_ADDRCONFIG: it would drop ::1 and 127.0.0.1 on a machine that has only its loopback. */
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list = NULL;
    int rc = getaddrinfo(host, NULL, &hints, &list);
    if (rc == EAI_SYSTEM)
        return err_sys(e, ERR_NET, errno, "cannot find the address of \"%s\"", host);
    if (rc != 0)
        return err_set(e, ERR_NET, "cannot find the address of \"%s\": %s; check the host's name", host,
                       gai_strerror(rc));
    int n = 0;
    for (const struct addrinfo *ai = list; ai && n < max; ai = ai->ai_next) {
        if ((ai->ai_family != AF_INET && ai->ai_family != AF_INET6) || ai->ai_addrlen > sizeof(out[n].sa))
            continue;
        struct addr *a = &out[n];
        memset(a, 0, sizeof(*a));
        memcpy(&a->sa, ai->ai_addr, ai->ai_addrlen);
        a->len = ai->ai_addrlen;
        set_port(a, port);
        bool known = false; /* a hosts file may name an address twice */
        for (int i = 0; i < n && !known; i++)
            known = addr_same(&out[i], a);
        n += !known;
    }
    freeaddrinfo(list);
    return n > 0 ? n : err_set(e, ERR_NET, "\"%s\" has no IPv4 or IPv6 address", host);
}

int resolve_unix(const char *path, struct addr *out, struct err *e)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&out->sa;
    size_t n = strlen(path);
    if (n == 0)
        return err_set(e, ERR_NET, "the path of the unix socket is empty");
    if (n >= sizeof(un->sun_path))
        return err_set(e, ERR_NET, "%s: the path of a unix socket has at most %zu bytes; this one has %zu", path,
                       sizeof(un->sun_path) - 1, n);
    memset(out, 0, sizeof(*out));
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, n + 1);
    out->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
    return 0;
}

char *addr_text(const struct addr *a, char out[64])
{
    char ip[INET6_ADDRSTRLEN];
    if (a->sa.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&a->sa;
        snprintf(out, 64, "%s:%u", inet_ntop(AF_INET, &in->sin_addr, ip, sizeof(ip)), ntohs(in->sin_port));
    } else if (a->sa.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->sa;
        snprintf(out, 64, "[%s]:%u", inet_ntop(AF_INET6, &in6->sin6_addr, ip, sizeof(ip)), ntohs(in6->sin6_port));
    } else if (a->sa.ss_family == AF_UNIX) {
        snprintf(out, 64, "unix:%.58s", ((const struct sockaddr_un *)&a->sa)->sun_path);
    } else {
        snprintf(out, 64, "?");
    }
    return out;
}

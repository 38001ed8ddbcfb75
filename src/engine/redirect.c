#include "engine/redirect.h"

enum { SHOWN = 300 /* bytes of a Location */ };

/* Scheme, authority and path (RFC 3986, 3 and 5.2): what it lacks is that of the request. */
struct place {
    struct str scheme, userinfo, host, path;
    bool has_query;
};

static struct str until(struct str s, const char *set)
{
    size_t i = 0;
    while (i < s.n && !strchr(set, s.p[i]))
        i++;
    return str_sub(s, 0, i);
}

static void split(struct place *p, struct str url)
{
    *p = (struct place){.path = STR("")};
    url = until(url, "#");
    struct str front = until(url, "?");
    p->has_query = front.n < url.n;
    ptrdiff_t colon = str_find(front, STR("://"));
    if (colon > 0 && until(front, "/").n > (size_t)colon) {
        p->scheme = str_sub(front, 0, (size_t)colon);
        front = str_sub(front, (size_t)colon + 1, front.n);
    }
    if (str_starts(front, STR("//"))) {
        front = str_sub(front, 2, front.n);
        p->host = until(front, "/");
        front = str_sub(front, p->host.n, front.n);
        for (size_t i = p->host.n; i-- > 0;) {
            if (p->host.p[i] == '@') {
                p->userinfo = str_sub(p->host, 0, i);
                p->host = str_sub(p->host, i + 1, p->host.n);
                break;
            }
        }
    }
    p->path = front;
}

static void put_plain(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n && i < SHOWN; i++)
        buf_addc(out, s.p[i] > 0x20 && s.p[i] < 0x7f ? s.p[i] : '?');
    if (s.n > SHOWN)
        buf_addz(out, "...");
}

static void put_place(struct buf *out, const struct place *p)
{
    if (p->scheme.n) {
        put_plain(out, p->scheme);
        buf_addc(out, ':');
    }
    if (p->host.p)
        buf_addz(out, "//");
    if (p->userinfo.p)
        buf_addz(out, "[redacted]@");
    put_plain(out, p->host);
    put_plain(out, p->path);
    if (p->has_query)
        buf_addz(out, "?[not shown]");
}

void redirect_location(struct buf *out, struct str location)
{
    struct place p;
    split(&p, str_trim(location));
    put_place(out, &p);
}

/* The default port said or not said. */
static bool same_host(struct str a, struct str b, bool tls)
{
    struct str port = tls ? STR(":443") : STR(":80");
    a = str_ends(a, port) ? str_sub(a, 0, a.n - port.n) : a;
    b = str_ends(b, port) ? str_sub(b, 0, b.n - port.n) : b;
    return str_ieq(a, b);
}

static struct str without_port(struct str host)
{
    for (size_t i = host.n; i-- > 0 && host.p[i] != ']';)
        if (host.p[i] == ':')
            return str_sub(host, 0, i);
    return host;
}

static bool like_login(struct str path)
{
    static const char *const words[] = {"login", "signin", "sign-in", "sso", "oauth", "authorize"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_find(path, str_of(words[i])) >= 0)
            return true;
    return false;
}

static bool one_slash_more(struct str longer, struct str shorter)
{
    return longer.n == shorter.n + 1 && str_starts(longer, shorter) && longer.p[shorter.n] == '/';
}

static const char *hint(const struct place *from, const struct place *to, bool tls, bool to_tls)
{
    bool same_path = str_eq(from->path, to->path);
    if (!tls && to_tls && same_path && str_ieq(without_port(from->host), without_port(to->host)))
        return "the server wants https; write https:// in the URL";
    if (like_login(to->path))
        return "that is where people log in, so the request seems to lack credentials; see --api-key-file and --header";
    if (tls && !to_tls)
        return "that is not encrypted, and a key would be seen; is it meant to be?";
    if (tls != to_tls || !same_host(from->host, to->host, to_tls))
        return "give that URL if it is the server to be measured";
    if (one_slash_more(to->path, from->path))
        return "the path lacks a slash at its end; give the URL with it";
    if (one_slash_more(from->path, to->path))
        return "the path has a slash too many at its end; give the URL without it";
    if (same_path)
        return "that is where it was sent, so it may be the key, the method or a header that is not taken";
    return "give that URL";
}

void redirect_text(struct buf *out, const struct target *t, struct str path, struct str location)
{
    struct place from, to;
    split(&from, str_of(t->origin));
    from.path = until(path, "?");
    split(&to, str_trim(location));
    if (to.scheme.n == 0)
        to.scheme = from.scheme;
    bool elsewhere = to.host.p != NULL;
    if (!elsewhere)
        to.host = from.host;
    struct buf joined = BUF_INIT(65536);
    if (to.path.n == 0) {
        to.path = elsewhere ? STR("/") : from.path;
    } else if (to.path.p[0] != '/') { /* relative to the folder of the request's path */
        size_t folder = from.path.n;
        while (folder > 0 && from.path.p[folder - 1] != '/')
            folder--;
        buf_adds(&joined, str_sub(from.path, 0, folder));
        buf_adds(&joined, to.path);
        to.path = buf_str(&joined);
    }
    bool to_tls = str_ieq(to.scheme, STR("https"));
    buf_addz(out, "redirects to ");
    put_place(out, &to);
    buf_addf(out, "; weir follows none: %s", hint(&from, &to, t->tls, to_tls));
    buf_free(&joined);
}

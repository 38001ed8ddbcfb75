#include "auth/sigv4.h"

#include <sys/uio.h>
#include <time.h>

#include "base/xalloc.h"

enum { CANONICAL_MAX = 4 << 20, MAX_PARAMS = 1024, OWN_HEADERS = 3 };

struct entry { /* a header or a parameter of the query: places in `text` */
    size_t name, n_name, value, n_value;
    size_t order; /* as they came: several of a name keep their order */
};

struct sigv4 {
    char *region, *service;
    bool s3, content_sha256;
    struct sha256 *hash;
    struct buf text; /* names in lower case and cleaned values of headers; encoded parameters */
    struct buf canonical, to_sign, signed_names, query;
    struct entry header[SIGV4_MAX_HEADERS + OWN_HEADERS], param[MAX_PARAMS];
    size_t n_headers, n_params;
    /* the key, for one day and secret */
    char day[9];
    char *secret;
    unsigned char key[32];
    /* the instant as text, for one second */
    int64_t second;
    char stamp[17];
};

bool sigv4_name_valid(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
              c == '.'))
            return false;
    }
    return s.n > 0 && s.n <= SIGV4_NAME_MAX;
}

static bool is_s3(struct str service)
{
    return str_eqz(service, "s3") || str_starts(service, STR("s3-")) || str_eqz(service, "s3express");
}

struct sigv4 *sigv4_new(struct str region, struct str service, bool content_sha256)
{
    struct sigv4 *s = xcalloc(1, sizeof *s);
    s->region = xmemdup0(region.p, region.n);
    s->service = xmemdup0(service.p, service.n);
    s->s3 = is_s3(service);
    s->content_sha256 = content_sha256;
    s->hash = sha256_new();
    s->second = INT64_MIN;
    buf_init(&s->text, CANONICAL_MAX);
    buf_init(&s->canonical, CANONICAL_MAX);
    buf_init(&s->to_sign, CANONICAL_MAX);
    buf_init(&s->signed_names, CANONICAL_MAX);
    buf_init(&s->query, CANONICAL_MAX);
    return s;
}

static void wipe(struct buf *b)
{
    if (b->p)
        explicit_bzero(b->p, b->cap);
    buf_free(b);
}

static void forget_key(struct sigv4 *s)
{
    if (s->secret)
        explicit_bzero(s->secret, strlen(s->secret));
    free(s->secret);
    s->secret = NULL;
    explicit_bzero(s->key, sizeof s->key);
}

void sigv4_free(struct sigv4 **sp)
{
    struct sigv4 *s = *sp;
    if (!s)
        return;
    forget_key(s);
    sha256_end(&s->hash, NULL);
    wipe(&s->text); /* a session token may be there */
    wipe(&s->canonical);
    wipe(&s->to_sign);
    wipe(&s->signed_names);
    wipe(&s->query);
    free(s->region);
    free(s->service);
    free(s);
    *sp = NULL;
}

struct str sigv4_canonical(const struct sigv4 *s)
{
    return buf_str(&s->canonical);
}

struct str sigv4_to_sign(const struct sigv4 *s)
{
    return buf_str(&s->to_sign);
}

void sigv4_payload(struct sigv4 *s, const struct iovec *v, int n, char out[65])
{
    unsigned char digest[32];
    for (int i = 0; i < n; i++)
        sha256_add(s->hash, (struct str){v[i].iov_base, v[i].iov_len});
    sha256_raw(s->hash, digest);
    digest_hex(digest, out);
}

/* ---- headers */

static bool one_of(struct str name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (str_ieq(name, str_of(list[i])))
            return true;
    }
    return false;
}

bool sigv4_own_header(struct str name)
{
    static const char *const own[] = {"authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"};
    return one_of(name, own, ARRAY_LEN(own));
}

bool sigv4_signs(struct str name)
{
    static const char *const not_signed[] = {"accept",
                                             "accept-encoding",
                                             "authorization",
                                             "connection",
                                             "content-length",
                                             "expect",
                                             "forwarded",
                                             "keep-alive",
                                             "te",
                                             "trailer",
                                             "traceparent",
                                             "tracestate",
                                             "upgrade",
                                             "user-agent",
                                             "via",
                                             "transfer-encoding",
                                             "x-request-id",
                                             "x-amzn-trace-id",
                                             "x-forwarded-for"};
    return !one_of(name, not_signed, ARRAY_LEN(not_signed)) && !str_istarts(name, STR("proxy-"));
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* RFC 9110's optional white space at the ends is no part of a value; runs within are one space. */
static void add_value(struct buf *b, struct str value)
{
    value = str_trim(value);
    for (size_t i = 0; i < value.n; i++) {
        if (!blank(value.p[i]))
            buf_addc(b, value.p[i]);
        else if (!blank(value.p[i + 1])) /* the last one is none */
            buf_addc(b, ' ');
    }
}

static void add_header(struct sigv4 *s, struct str name, struct str value)
{
    struct entry *h = &s->header[s->n_headers];
    *h = (struct entry){.name = s->text.n, .n_name = name.n, .order = s->n_headers};
    for (size_t i = 0; i < name.n; i++)
        buf_addc(&s->text, (char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] | 0x20 : name.p[i]));
    h->value = s->text.n;
    add_value(&s->text, value);
    h->n_value = s->text.n - h->value;
    s->n_headers++;
}

static int compare_text(const char *a, size_t n_a, const char *b, size_t n_b)
{
    size_t n = MIN(n_a, n_b);
    int d = n ? memcmp(a, b, n) : 0;
    return d ? d : (n_a > n_b) - (n_a < n_b);
}

/* By name, then by value (of the query) or as they came. */
static bool before(const struct sigv4 *s, const struct entry *a, const struct entry *b, bool by_value)
{
    const char *p = s->text.p;
    int d = compare_text(p + a->name, a->n_name, p + b->name, b->n_name);
    if (d == 0 && by_value)
        d = compare_text(p + a->value, a->n_value, p + b->value, b->n_value);
    return d ? d < 0 : a->order < b->order;
}

/* Few, and mostly in order already. */
static void sort(const struct sigv4 *s, struct entry *v, size_t n, bool by_value)
{
    for (size_t i = 1; i < n; i++) {
        struct entry e = v[i];
        size_t k = i;
        for (; k > 0 && before(s, &e, &v[k - 1], by_value); k--)
            v[k] = v[k - 1];
        v[k] = e;
    }
}

static bool same_name(const struct sigv4 *s, const struct entry *a, const struct entry *b)
{
    return a->n_name == b->n_name && memcmp(s->text.p + a->name, s->text.p + b->name, a->n_name) == 0;
}

/* Their canonical lines, and their names into signed_names. */
static void put_headers(struct sigv4 *s)
{
    sort(s, s->header, s->n_headers, false);
    for (size_t i = 0; i < s->n_headers; i++) {
        const struct entry *h = &s->header[i];
        if (i > 0 && same_name(s, h, h - 1)) {
            buf_addc(&s->canonical, ',');
        } else {
            if (i > 0) {
                buf_addc(&s->canonical, '\n');
                buf_addc(&s->signed_names, ';');
            }
            buf_add(&s->canonical, s->text.p + h->name, h->n_name);
            buf_addc(&s->canonical, ':');
            buf_add(&s->signed_names, s->text.p + h->name, h->n_name);
        }
        buf_add(&s->canonical, s->text.p + h->value, h->n_value);
    }
    buf_addz(&s->canonical, "\n\n");
    buf_adds(&s->canonical, buf_str(&s->signed_names));
}

/* ---- path and query */

static void put_encoded(struct buf *b, char byte, bool slash)
{
    static const char digit[] = "0123456789ABCDEF";
    unsigned char c = (unsigned char)byte;
    bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                 c == '_' || c == '~' || (slash && c == '/');
    if (plain) {
        buf_addc(b, byte);
    } else {
        const char x[3] = {'%', digit[c >> 4], digit[c & 15]};
        buf_add(b, x, 3);
    }
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Text that may be percent-encoded, encoded once in the strict way. */
static void put_strict(struct buf *b, struct str s, bool slash, bool plus_is_space)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%' && i + 2 < s.n && hex(s.p[i + 1]) >= 0 && hex(s.p[i + 2]) >= 0) {
            c = (char)(hex(s.p[i + 1]) << 4 | hex(s.p[i + 2]));
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        put_encoded(b, c, slash);
    }
}

/* RFC 3986, 5.2.4, and repeated slashes are one. The segments that stand go into the canonical text at once; ".." takes
 * the last one back. */
static void put_path(struct sigv4 *s, struct str path)
{
    struct buf *b = &s->canonical;
    size_t root = b->n;
    buf_addc(b, '/');
    struct str_split it = {.rest = path, .sep = '/'};
    struct str part, last = STR("");
    while (str_next(&it, &part)) {
        last = part;
        if (part.n == 0 || str_eqz(part, "."))
            continue;
        if (str_eqz(part, "..")) {
            if (b->n > root + 1)
                b->n--; /* the slash behind it */
            while (b->n > root + 1 && b->p[b->n - 1] != '/')
                b->n--;
            continue;
        }
        for (size_t i = 0; i < part.n; i++)
            put_encoded(b, part.p[i], false);
        buf_addc(b, '/');
    }
    /* Each segment has a slash behind it now; the last one only where the path has. */
    if (b->n > root + 1 && last.n > 0)
        b->n--;
}

/* One pair of the query. -1: there are too many. */
static int add_param(struct sigv4 *s, struct str name, struct str value)
{
    if (s->n_params == MAX_PARAMS)
        return -1;
    struct entry *e = &s->param[s->n_params];
    *e = (struct entry){.name = s->text.n, .order = s->n_params};
    put_strict(&s->text, name, false, true);
    e->n_name = s->text.n - e->name;
    e->value = s->text.n;
    put_strict(&s->text, value, false, true);
    e->n_value = s->text.n - e->value;
    s->n_params++;
    return 0;
}

static int put_query(struct sigv4 *s, struct str query)
{
    struct str_split it = {.rest = query, .sep = '&'};
    struct str pair;
    while (str_next(&it, &pair)) {
        if (pair.n == 0)
            continue;
        ptrdiff_t eq = str_chr(pair, '=');
        struct str name = eq < 0 ? pair : str_sub(pair, 0, (size_t)eq);
        if (add_param(s, name, eq < 0 ? STR("") : str_sub(pair, (size_t)eq + 1, pair.n)) < 0)
            return -1;
    }
    sort(s, s->param, s->n_params, true);
    for (size_t i = 0; i < s->n_params; i++) {
        const struct entry *e = &s->param[i];
        if (i > 0)
            buf_addc(&s->canonical, '&');
        buf_add(&s->canonical, s->text.p + e->name, e->n_name);
        buf_addc(&s->canonical, '=');
        buf_add(&s->canonical, s->text.p + e->value, e->n_value);
    }
    return 0;
}

static void split_target(struct str target, struct str *path, struct str *query)
{
    ptrdiff_t q = str_chr(target, '?');
    *path = q < 0 ? target : str_sub(target, 0, (size_t)q);
    *query = q < 0 ? STR("") : str_sub(target, (size_t)q + 1, target.n);
}

/* ---- signing */

static void set_stamp(struct sigv4 *s, int64_t unix_s)
{
    if (s->second == unix_s)
        return;
    time_t t = (time_t)unix_s;
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(s->stamp, sizeof s->stamp, "%Y%m%dT%H%M%SZ", &tm);
    s->second = unix_s;
}

static void derive(struct sigv4 *s, struct str secret)
{
    if (s->secret && memcmp(s->day, s->stamp, 8) == 0 && str_eqz(secret, s->secret))
        return;
    forget_key(s);
    memcpy(s->day, s->stamp, 8);
    s->secret = xmemdup0(secret.p, secret.n);
    struct buf first = BUF_INIT(1u << 20);
    buf_addz(&first, "AWS4");
    buf_adds(&first, secret);
    const struct str key = {(char *)s->key, sizeof s->key};
    hmac_sha256(s->hash, buf_str(&first), str_of(s->day), s->key);
    hmac_sha256(s->hash, key, str_of(s->region), s->key);
    hmac_sha256(s->hash, key, str_of(s->service), s->key);
    hmac_sha256(s->hash, key, STR("aws4_request"), s->key);
    wipe(&first);
}

static void put_scope(const struct sigv4 *s, struct buf *b)
{
    buf_add(b, s->stamp, 8);
    buf_addc(b, '/');
    buf_addz(b, s->region);
    buf_addc(b, '/');
    buf_addz(b, s->service);
    buf_addz(b, "/aws4_request");
}

static int take_headers(struct sigv4 *s, const struct sigv4_request *q)
{
    if (q->n_headers > SIGV4_MAX_HEADERS)
        return -1;
    buf_clear(&s->text);
    s->n_headers = s->n_params = 0;
    for (size_t i = 0; i < q->n_headers; i++) {
        if (sigv4_signs(q->headers[i].name) && !sigv4_own_header(q->headers[i].name))
            add_header(s, q->headers[i].name, q->headers[i].value);
    }
    return 0;
}

/* The headers are taken; the rest of the canonical request, and its signature. */
static int finish(struct sigv4 *s, const struct sigv4_request *q, struct str path, struct str query, struct str secret,
                  char signature[65])
{
    unsigned char digest[32];
    char text[65];
    buf_clear(&s->canonical);
    buf_clear(&s->to_sign);
    buf_clear(&s->signed_names);
    buf_adds(&s->canonical, q->method);
    buf_addc(&s->canonical, '\n');
    if (s->s3)
        put_strict(&s->canonical, path.n ? path : STR("/"), true, false);
    else
        put_path(s, path);
    buf_addc(&s->canonical, '\n');
    if (put_query(s, query) < 0)
        return -1;
    buf_addc(&s->canonical, '\n');
    put_headers(s);
    buf_addc(&s->canonical, '\n');
    buf_addz(&s->canonical, q->payload);
    if (s->canonical.failed || s->text.failed)
        return -1;
    sha256_add(s->hash, buf_str(&s->canonical));
    sha256_raw(s->hash, digest);
    digest_hex(digest, text);
    buf_addz(&s->to_sign, "AWS4-HMAC-SHA256\n");
    buf_addz(&s->to_sign, s->stamp);
    buf_addc(&s->to_sign, '\n');
    put_scope(s, &s->to_sign);
    buf_addc(&s->to_sign, '\n');
    buf_addz(&s->to_sign, text);
    derive(s, secret);
    hmac_sha256(s->hash, (struct str){(char *)s->key, sizeof s->key}, buf_str(&s->to_sign), digest);
    digest_hex(digest, signature);
    return 0;
}

static void put_line(struct buf *out, const char *name, struct str value)
{
    buf_addz(out, name);
    buf_addz(out, ": ");
    buf_adds(out, value);
    buf_addz(out, "\r\n");
}

int sigv4_sign(struct sigv4 *s, const struct sigv4_request *q, const struct sigv4_key *k, int64_t unix_s,
               struct buf *out)
{
    char signature[65];
    struct str path, query;
    split_target(q->target, &path, &query);
    set_stamp(s, unix_s);
    if (take_headers(s, q) < 0)
        return -1;
    add_header(s, STR("x-amz-date"), str_of(s->stamp));
    if (k->token.n)
        add_header(s, STR("x-amz-security-token"), k->token);
    if (s->content_sha256)
        add_header(s, STR("x-amz-content-sha256"), str_of(q->payload));
    if (finish(s, q, path, query, k->secret, signature) < 0)
        return -1;
    put_line(out, "X-Amz-Date", str_of(s->stamp));
    if (k->token.n)
        put_line(out, "X-Amz-Security-Token", k->token);
    if (s->content_sha256)
        put_line(out, "X-Amz-Content-Sha256", str_of(q->payload));
    buf_addz(out, "Authorization: AWS4-HMAC-SHA256 Credential=");
    buf_adds(out, k->access_key);
    buf_addc(out, '/');
    put_scope(s, out);
    buf_addz(out, ", SignedHeaders=");
    buf_adds(out, buf_str(&s->signed_names));
    buf_addz(out, ", Signature=");
    buf_addz(out, signature);
    buf_addz(out, "\r\n");
    return 0;
}

static void put_names(struct sigv4 *s, struct buf *b)
{
    sort(s, s->header, s->n_headers, false);
    for (size_t i = 0; i < s->n_headers; i++) {
        const struct entry *h = &s->header[i];
        if (i > 0 && same_name(s, h, h - 1))
            continue;
        if (i > 0)
            buf_addz(b, "%3B");
        put_strict(b, (struct str){s->text.p + h->name, h->n_name}, false, false);
    }
}

static void put_text(struct buf *b, struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        put_encoded(b, text.p[i], false);
}

int sigv4_presign(struct sigv4 *s, const struct sigv4_request *q, const struct sigv4_key *k, int64_t unix_s,
                  uint32_t expires, struct buf *out)
{
    char signature[65];
    struct str path, query;
    struct buf *b = &s->query;
    split_target(q->target, &path, &query);
    set_stamp(s, unix_s);
    if (take_headers(s, q) < 0)
        return -1;
    buf_clear(b);
    buf_adds(b, query);
    buf_addz(b, query.n ? "&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
                        : "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=");
    put_text(b, k->access_key);
    buf_addz(b, "%2F");
    buf_clear(&s->to_sign);
    put_scope(s, &s->to_sign);
    put_text(b, buf_str(&s->to_sign));
    buf_addf(b, "&X-Amz-Date=%s&X-Amz-Expires=%u&X-Amz-SignedHeaders=", s->stamp, expires);
    put_names(s, b);
    if (k->token.n) {
        buf_addz(b, "&X-Amz-Security-Token=");
        put_text(b, k->token);
    }
    if (b->failed || finish(s, q, path, buf_str(b), k->secret, signature) < 0)
        return -1;
    buf_adds(out, path.n ? path : STR("/"));
    buf_addc(out, '?');
    buf_adds(out, buf_str(b));
    buf_addz(out, "&X-Amz-Signature=");
    buf_addz(out, signature);
    return 0;
}

/* ---- heads */

/* Without CRLF; false at the end. */
static bool next_line(struct str *rest, struct str *line)
{
    ptrdiff_t end = str_find(*rest, STR("\r\n"));
    if (end < 0)
        return false;
    *line = str_sub(*rest, 0, (size_t)end);
    *rest = str_sub(*rest, (size_t)end + 2, rest->n);
    return true;
}

/* "http://host:8000/path" as a proxy is asked for it: its path. */
static struct str own_target(struct str target)
{
    ptrdiff_t scheme = str_find(target, STR("://"));
    if (scheme < 0 || target.p[0] == '/')
        return target;
    struct str rest = str_sub(target, (size_t)scheme + 3, target.n);
    ptrdiff_t slash = str_chr(rest, '/');
    return slash < 0 ? STR("/") : str_sub(rest, (size_t)slash, rest.n);
}

int sigv4_read_head(struct sigv4_request *q, struct sigv4_header room[SIGV4_MAX_HEADERS], struct str head)
{
    struct str rest = head, line;
    *q = (struct sigv4_request){.headers = room};
    if (!next_line(&rest, &line))
        return -1;
    ptrdiff_t a = str_chr(line, ' '), b = a < 0 ? -1 : str_chr(str_sub(line, (size_t)a + 1, line.n), ' ');
    if (a <= 0 || b <= 0)
        return -1;
    q->method = str_sub(line, 0, (size_t)a);
    q->target = own_target(str_sub(line, (size_t)a + 1, (size_t)b));
    while (next_line(&rest, &line) && line.n > 0) {
        ptrdiff_t colon = str_chr(line, ':');
        if (colon <= 0 || q->n_headers == SIGV4_MAX_HEADERS)
            return -1;
        room[q->n_headers++] =
            (struct sigv4_header){str_sub(line, 0, (size_t)colon), str_trim(str_sub(line, (size_t)colon + 1, line.n))};
    }
    return 0;
}

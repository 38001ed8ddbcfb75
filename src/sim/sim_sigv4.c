#include "sim/sim_sigv4.h"

#include <time.h>

#include "base/file.h"
#include "base/xalloc.h"

#define WINDOW_S 300
#define TEXT_MAX (16UL << 20)
#define SCHEME "AWS4-HMAC-SHA256"
#define SIGNATURE "InvalidSignatureException"
#define INCOMPLETE "IncompleteSignatureException"

struct pair {
    char *name, *value; /* in lower case and cleaned (headers), or encoded (parameters); owned */
};

struct claim { /* what the request says of its signature; owned */
    bool in_query;
    char *credential, *names, *signature, *stamp, *token, *expires;
};

static int ATTR_PRINTF(3, 4) refuse(struct sim_sigv4_refusal *no, const char *type, const char *fmt, ...)
{
    va_list ap;
    no->status = 403;
    no->type = type;
    buf_clear(&no->message);
    va_start(ap, fmt);
    buf_vaddf(&no->message, fmt, ap);
    va_end(ap);
    return -1;
}

int sim_sigv4_parse(struct sim_sigv4 *v, const char *const *given, struct err *e)
{
    v->n = 0;
    for (size_t i = 0; given != NULL && given[i] != NULL; i++) {
        struct str_split it = {.rest = str_of(given[i]), .sep = ':'};
        struct str key = {0}, secret = {0}, token = {0}, more;
        bool two = str_next(&it, &key) && str_next(&it, &secret), three = two && str_next(&it, &token);
        if (!two || key.n == 0 || secret.n == 0 || (three && token.n == 0) || str_next(&it, &more))
            return err_set(e, ERR_USAGE, "--sigv4: must be KEY:SECRET or KEY:SECRET:TOKEN, without further colons");
        if (v->n == SIM_SIGV4_USERS)
            return err_set(e, ERR_USAGE, "--sigv4: at most %d may be given", SIM_SIGV4_USERS);
        v->user[v->n].key = key;
        v->user[v->n].secret = secret;
        v->user[v->n++].token = token;
    }
    return 0;
}

/* ---- text */

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? 10 + c - 'a' : -1;
}

/* The bytes that percent-encoded text stands for; of a query a plus stands for a space. Owned; *n: how many. */
static char *decoded(struct str s, bool query, size_t *n)
{
    char *out = xmalloc(s.n + 1), *to = out;
    for (size_t i = 0; i < s.n; i++) {
        bool escape = s.p[i] == '%' && s.n - i > 2 && nibble(s.p[i + 1]) >= 0 && nibble(s.p[i + 2]) >= 0;
        if (escape) {
            *to++ = (char)(16 * nibble(s.p[i + 1]) + nibble(s.p[i + 2]));
            i += 2;
        } else {
            *to++ = (char)(query && s.p[i] == '+' ? ' ' : s.p[i]);
        }
    }
    *to = 0;
    *n = (size_t)(to - out);
    return out;
}

/* UriEncode of the specification, in which only letters, digits and -._~ stand for themselves. */
static void encode(struct buf *b, struct str s)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != 0 && strchr(plain, s.p[i]) != NULL)
            buf_addc(b, s.p[i]);
        else
            buf_addf(b, "%%%02X", (unsigned char)s.p[i]);
    }
}

static char *taken(struct buf *b)
{
    return b->p != NULL ? buf_take(b) : xstrdup("");
}

static char *encoded_again(struct str part)
{
    struct buf b = BUF_INIT(TEXT_MAX);
    size_t n;
    char *bytes = decoded(part, true, &n);
    encode(&b, (struct str){bytes, n});
    free(bytes);
    return taken(&b);
}

static int by_name_and_value(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    int d = strcmp(x->name, y->name);
    return d != 0 ? d : strcmp(x->value, y->value);
}

static void free_pairs(struct pair *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(v[i].name);
        free(v[i].value);
    }
    free(v);
}

/* ---- the canonical request */

/* S3: the object's name, which is what the path stands for, with its slashes. */
static void put_name(struct buf *b, struct str path)
{
    size_t n;
    char *name = decoded(path, false, &n);
    struct str_split it = {.rest = {name, n}, .sep = '/'};
    struct str part;
    for (bool more = false; str_next(&it, &part); more = true) {
        if (more)
            buf_addc(b, '/');
        encode(b, part);
    }
    free(name);
}

/* Else: segments without ".", ".." and empty ones, each as it travelled and encoded once more. */
static void put_path(struct buf *b, struct str path)
{
    struct str *kept = xcalloc(path.n / 2 + 1, sizeof(*kept)); /* none of which is empty */
    struct str_split it = {.rest = str_sub(path, 1, path.n), .sep = '/'};
    struct str part, last = STR("");
    size_t n = 0;
    while (str_next(&it, &part)) {
        last = part;
        if (str_eqz(part, ".."))
            n -= n > 0;
        else if (part.n > 0 && !str_eqz(part, "."))
            kept[n++] = part;
    }
    for (size_t i = 0; i < n; i++) {
        buf_addc(b, '/');
        encode(b, kept[i]);
    }
    if (n == 0 || last.n == 0)
        buf_addc(b, '/');
    free(kept);
}

/* in_query: the signature stands there too, and is no part of what it signs. */
static void put_query(struct buf *b, struct str query, bool in_query)
{
    struct pair *v = xcalloc(query.n / 2 + 1, sizeof(*v)); /* none of which is empty */
    struct str_split it = {.rest = query, .sep = '&'};
    struct str part;
    size_t n = 0;
    while (str_next(&it, &part)) {
        ptrdiff_t eq = str_chr(part, '=');
        size_t at = eq < 0 ? part.n : (size_t)eq;
        if (part.n == 0 || (in_query && str_eqz(str_sub(part, 0, at), "X-Amz-Signature")))
            continue;
        v[n].name = encoded_again(str_sub(part, 0, at));
        v[n++].value = encoded_again(str_sub(part, at + 1, part.n));
    }
    qsort(v, n, sizeof(*v), by_name_and_value);
    for (size_t i = 0; i < n; i++)
        buf_addf(b, "%s%s=%s", i > 0 ? "&" : "", v[i].name, v[i].value);
    free_pairs(v, n);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* All values of a header, each trimmed and with single spaces, in their order. False: it is not there. */
static bool put_values(struct buf *b, const struct hs_request *q, struct str name)
{
    bool found = false;
    for (size_t i = 0; i < q->n_headers; i++) {
        if (!str_ieq(q->headers[i].name, name))
            continue;
        struct str value = q->headers[i].value;
        bool gap = false, any = false;
        if (found)
            buf_addc(b, ',');
        found = true;
        for (size_t k = 0; k < value.n; k++) {
            if (is_blank(value.p[k])) {
                gap = any;
                continue;
            }
            if (gap)
                buf_addc(b, ' ');
            buf_addc(b, value.p[k]);
            gap = false;
            any = true;
        }
    }
    return found;
}

/* A header that is said to be signed, and is not there, is signed as empty: so the signature will not fit. */
static void put_headers(struct buf *b, const struct hs_request *q, const char *names)
{
    struct str_split it = {.rest = str_of(names), .sep = ';'};
    struct str name;
    while (str_next(&it, &name)) {
        buf_adds(b, name);
        buf_addc(b, ':');
        put_values(b, q, name);
        buf_addc(b, '\n');
    }
}

static void put_payload(struct buf *b, const struct hs_request *q, const struct claim *c, bool s3)
{
    char hex[65];
    struct str said = hs_header(q, "x-amz-content-sha256");
    if ((c->in_query && s3) || str_eqz(said, "UNSIGNED-PAYLOAD")) {
        buf_addz(b, "UNSIGNED-PAYLOAD");
        return;
    }
    sha256_hex(q->body, hex);
    buf_addz(b, hex);
}

/* ---- what is claimed */

static void claim_free(struct claim *c)
{
    free(c->credential);
    free(c->names);
    free(c->signature);
    free(c->stamp);
    free(c->token);
    free(c->expires);
}

/* The value of NAME= in "AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=..."; NULL: none. */
static char *parameter(struct str header, const char *name)
{
    struct str_split it = {.rest = header, .sep = ','};
    struct str part;
    while (str_next(&it, &part)) {
        part = str_trim(part);
        ptrdiff_t eq = str_chr(part, '=');
        if (eq > 0 && str_eqz(str_sub(part, 0, (size_t)eq), name))
            return xmemdup0(part.p + eq + 1, part.n - (size_t)eq - 1);
    }
    return NULL;
}

static char *query_value(struct str query, const char *name)
{
    struct str_split it = {.rest = query, .sep = '&'};
    struct str part;
    size_t n;
    while (str_next(&it, &part)) {
        ptrdiff_t eq = str_chr(part, '=');
        if (eq > 0 && str_eqz(str_sub(part, 0, (size_t)eq), name))
            return decoded(str_sub(part, (size_t)eq + 1, part.n), true, &n);
    }
    return NULL;
}

static char *header_text(const struct hs_request *q, const char *name)
{
    struct str value = hs_header(q, name);
    return value.p != NULL ? xmemdup0(value.p, value.n) : NULL;
}

static int read_claim(struct claim *c, const struct hs_request *q, struct sim_sigv4_refusal *no)
{
    struct str given = hs_header(q, "authorization");
    char *algorithm = query_value(q->query, "X-Amz-Algorithm");
    c->in_query = given.p == NULL && algorithm != NULL;
    bool known = c->in_query ? strcmp(algorithm, SCHEME) == 0 : str_starts(given, STR(SCHEME " "));
    free(algorithm);
    if (given.p == NULL && !c->in_query)
        return refuse(no, "MissingAuthenticationTokenException", "Missing Authentication Token");
    if (c->in_query) {
        c->credential = query_value(q->query, "X-Amz-Credential");
        c->names = query_value(q->query, "X-Amz-SignedHeaders");
        c->signature = query_value(q->query, "X-Amz-Signature");
        c->stamp = query_value(q->query, "X-Amz-Date");
        c->token = query_value(q->query, "X-Amz-Security-Token");
        c->expires = query_value(q->query, "X-Amz-Expires");
    } else {
        struct str rest = str_sub(given, sizeof(SCHEME), given.n);
        c->credential = parameter(rest, "Credential");
        c->names = parameter(rest, "SignedHeaders");
        c->signature = parameter(rest, "Signature");
        c->stamp = header_text(q, "x-amz-date");
        c->token = header_text(q, "x-amz-security-token");
    }
    struct buf missing = BUF_INIT(4096);
    buf_addz(&missing, known ? "" : "The algorithm must be " SCHEME ". ");
    buf_addz(&missing, c->credential ? "" : "Authorization header requires 'Credential' parameter. ");
    buf_addz(&missing, c->signature ? "" : "Authorization header requires 'Signature' parameter. ");
    buf_addz(&missing, c->names ? "" : "Authorization header requires 'SignedHeaders' parameter. ");
    buf_addz(&missing, c->stamp ? "" : "Authorization header requires existence of an 'X-Amz-Date' header. ");
    buf_addz(&missing, !c->in_query || c->expires ? "" : "AWS query-string parameters must include 'X-Amz-Expires'. ");
    int rc = missing.n > 0 ? refuse(no, INCOMPLETE, STR_FMT, (int)missing.n - 1, missing.p) : 0;
    buf_free(&missing);
    return rc;
}

/* "KEY/20150830/us-east-1/iam/aws4_request" */
struct scope {
    struct str key, day, region, service, end;
    struct str text; /* without the key */
};

static int read_scope(struct scope *s, const struct claim *c, struct sim_sigv4_refusal *no)
{
    struct str_split it = {.rest = str_of(c->credential), .sep = '/'};
    struct str *const to[] = {&s->key, &s->day, &s->region, &s->service, &s->end};
    struct str more;
    *s = (struct scope){0};
    for (size_t i = 0; i < ARRAY_LEN(to); i++)
        if (!str_next(&it, to[i]) || to[i]->n == 0)
            return refuse(no, INCOMPLETE,
                          "Credential must have exactly 5 slash-delimited elements, e.g. "
                          "keyid/date/region/service/term");
    if (str_next(&it, &more) || !str_eqz(s->end, "aws4_request"))
        return refuse(no, SIGNATURE, "Credential should be scoped with a valid terminator: 'aws4_request'");
    s->text = str_sub(str_of(c->credential), s->key.n + 1, SIZE_MAX);
    return 0;
}

/* ---- time */

/* "20150830T123600Z" */
static int stamp_time(const char *text, int64_t *out)
{
    struct tm tm = {0};
    if (strlen(text) != 16 || text[8] != 'T' || text[15] != 'Z')
        return -1;
    for (size_t i = 0; i < 15; i++)
        if (i != 8 && (text[i] < '0' || text[i] > '9'))
            return -1;
    const int place[] = {0, 4, 6, 9, 11, 13, 15};
    int value[6];
    for (size_t k = 0; k < 6; k++) {
        value[k] = 0;
        for (int i = place[k]; i < place[k + 1] && text[i] != 'T'; i++)
            value[k] = 10 * value[k] + (text[i] - '0');
    }
    tm.tm_year = value[0] - 1900;
    tm.tm_mon = value[1] - 1;
    tm.tm_mday = value[2];
    tm.tm_hour = value[3];
    tm.tm_min = value[4];
    tm.tm_sec = value[5];
    *out = timegm(&tm);
    return 0;
}

static char *time_stamp(int64_t unix_s, char out[32])
{
    time_t t = (time_t)unix_s;
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(out, 32, "%Y%m%dT%H%M%SZ", &tm);
    return out;
}

static int check_time(const struct claim *c, const struct scope *s, int64_t now, struct sim_sigv4_refusal *no)
{
    char a[32], b[32];
    int64_t at;
    uint64_t expires = 0;
    if (stamp_time(c->stamp, &at) < 0)
        return refuse(no, INCOMPLETE, "Date must be in ISO-8601 'basic format'. Got '%.40s'.", c->stamp);
    if (s->day.n != 8 || memcmp(s->day.p, c->stamp, 8) != 0)
        return refuse(
            no, SIGNATURE,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%.*s' "
            "!= '%.8s', from '%s'.",
            (int)MIN(s->day.n, 40UL), s->day.p, c->stamp, c->stamp);
    if (c->in_query && (parse_u64(str_of(c->expires), &expires) < 0 || expires < 1 || expires > 604800))
        return refuse(no, INCOMPLETE, "X-Amz-Expires must be between 1 and 604800 seconds");
    int64_t good_for = c->in_query ? (int64_t)expires : WINDOW_S;
    if (at + good_for < now)
        return refuse(no, SIGNATURE, "Signature expired: %s is now earlier than %s (%s - %lld %s)", c->stamp,
                      time_stamp(now - good_for, a), time_stamp(now, b),
                      (long long)(c->in_query ? good_for : good_for / 60), c->in_query ? "s." : "min.");
    if (at > now + WINDOW_S)
        return refuse(no, SIGNATURE, "Signature not yet current: %s is still later than %s (%s + 5 min.)", c->stamp,
                      time_stamp(now + WINDOW_S, a), time_stamp(now, b));
    return 0;
}

/* ---- the signature */

static bool is_signed(const char *names, struct str name)
{
    struct str_split it = {.rest = str_of(names), .sep = ';'};
    struct str one;
    while (str_next(&it, &one))
        if (str_ieq(one, name))
            return true;
    return false;
}

static int check_names(const struct claim *c, const struct hs_request *q, struct sim_sigv4_refusal *no)
{
    if (!is_signed(c->names, STR("host")))
        return refuse(no, SIGNATURE, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
    for (size_t i = 0; i < q->n_headers; i++) {
        struct str name = q->headers[i].name;
        if (str_istarts(name, STR("x-amz-")) && !is_signed(c->names, name))
            return refuse(no, SIGNATURE, "'" STR_FMT "' must be a 'SignedHeader' in the AWS Authorization.",
                          (int)MIN(name.n, 80UL), name.p);
    }
    return 0;
}

static void sign(const struct scope *s, struct str secret, const char *stamp, const char *canonical, struct buf *text,
                 char out[65])
{
    unsigned char key[32];
    char hash[65];
    struct sha256 *h = sha256_new();
    struct buf first = BUF_INIT(TEXT_MAX);
    const struct str steps[] = {s->day, s->region, s->service, s->end};
    buf_addf(&first, "AWS4" STR_FMT, STR_ARG(secret));
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        hmac_sha256(h, i == 0 ? buf_str(&first) : (struct str){(char *)key, 32}, steps[i], key);
    sha256_hex(str_of(canonical), hash);
    buf_addf(text, SCHEME "\n%s\n" STR_FMT "\n%s", stamp, STR_ARG(s->text), hash);
    hmac_sha256(h, (struct str){(char *)key, 32}, buf_str(text), key);
    digest_hex(key, out);
    sha256_end(&h, NULL);
    buf_free(&first);
}

static int check_signature(const struct claim *c, const struct scope *s, struct str secret, const struct hs_request *q,
                           struct sim_sigv4_refusal *no)
{
    struct buf canonical = BUF_INIT(TEXT_MAX), text = BUF_INIT(TEXT_MAX);
    bool s3 = str_eqz(s->service, "s3") || str_starts(s->service, STR("s3-")) || str_eqz(s->service, "s3express");
    char want[65];
    int rc = 0;
    buf_addf(&canonical, STR_FMT "\n", STR_ARG(q->method));
    if (s3)
        put_name(&canonical, q->path);
    else
        put_path(&canonical, q->path);
    buf_addc(&canonical, '\n');
    put_query(&canonical, q->query, c->in_query);
    buf_addc(&canonical, '\n');
    put_headers(&canonical, q, c->names);
    buf_addf(&canonical, "\n%s\n", c->names);
    put_payload(&canonical, q, c, s3);
    sign(s, secret, c->stamp, canonical.p, &text, want);
    if (canonical.failed || strcmp(want, c->signature) != 0)
        rc = refuse(no, SIGNATURE,
                    "The request signature we calculated does not match the signature you provided. Check your AWS "
                    "Secret Access Key and signing method. Consult the service documentation for details.\n\nThe "
                    "Canonical String for this request should have been\n'%s'\n\nThe String-to-Sign should have "
                    "been\n'%s'\n",
                    canonical.p, text.p);
    buf_free(&canonical);
    buf_free(&text);
    return rc;
}

static int check_claim(const struct sim_sigv4 *v, const struct claim *c, const struct hs_request *q, int64_t now,
                       struct sim_sigv4_refusal *no)
{
    struct scope s;
    unsigned u = 0;
    if (read_scope(&s, c, no) < 0 || check_time(c, &s, now, no) < 0 || check_names(c, q, no) < 0)
        return -1;
    while (u < v->n && !(str_eq(v->user[u].key, s.key) && str_eq(v->user[u].token, str_of(c->token))))
        u++;
    if (u == v->n)
        return refuse(no, "UnrecognizedClientException", "The security token included in the request is invalid.");
    return check_signature(c, &s, v->user[u].secret, q, no);
}

int sim_sigv4_check(const struct sim_sigv4 *v, const struct hs_request *q, int64_t now, struct sim_sigv4_refusal *no)
{
    struct claim c = {0};
    *no = (struct sim_sigv4_refusal){.message = BUF_INIT(TEXT_MAX)};
    int rc = read_claim(&c, q, no);
    if (rc == 0)
        rc = check_claim(v, &c, q, now, no);
    claim_free(&c);
    return rc;
}

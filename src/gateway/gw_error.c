#include "gateway/gw_error.h"

#include <strings.h>

#include "base/jout.h"
#include "base/jscan.h"
#include "base/utf8.h"

struct known {
    int status;
    const char *type, *code, *text;
};

static const struct known faults[GW_FAULTS] = {
    [GW_MISSING_BODY] = {400, "invalid_request_error", "missing_body", "missing body"},
    [GW_INVALID_JSON] = {400, "invalid_request_error", "invalid_json", "invalid JSON"},
    [GW_NO_ROUTE] = {404, "invalid_request_error", "unknown_url", "There is no such path"},
    [GW_BAD_METHOD] = {405, "invalid_request_error", "method_not_allowed", "This path does not take this method"},
    [GW_NO_KEY] = {401, "invalid_request_error", "invalid_api_key", "The API key is missing or not known"},
    [GW_TOO_BIG] = {413, "invalid_request_error", "request_too_large", "The request's body is too large"},
    [GW_HEAD_TOO_BIG] = {431, "invalid_request_error", "headers_too_large", "The request's head is too large"},
    [GW_TOO_MANY] = {429, "rate_limit_error", "too_many_requests", "Too many requests at once; try again later"},
    [GW_DRAINING] = {503, "api_error", "shutting_down", "The gateway is shutting down; try again"},
    [GW_CONNECT] = {502, "api_error", "upstream_connect", "The gateway cannot connect to the endpoint"},
    [GW_BROKEN] = {502, "api_error", "upstream_broken", "The endpoint's answer is broken"},
    [GW_MODEL_STREAM] = {502, "api_error", "model_stream_error", "The model's stream failed"},
    [GW_TIMEOUT] = {504, "api_error", "upstream_timeout", "The endpoint did not answer in time"},
    [GW_CREDENTIALS] = {502, "api_error", "upstream_credentials", "AWS does not take the gateway's credentials"},
};

const char *const gw_error_codes[] = {"missing_body",
                                      "invalid_json",
                                      "unknown_url",
                                      "method_not_allowed",
                                      "invalid_api_key",
                                      "request_too_large",
                                      "headers_too_large",
                                      "too_many_requests",
                                      "shutting_down",
                                      "bad_request",
                                      "upstream_connect",
                                      "upstream_broken",
                                      "model_stream_error",
                                      "upstream_timeout",
                                      "upstream_credentials",
                                      "upstream_unavailable",
                                      "upstream_throttled",
                                      "upstream_refused",
                                      "upstream_error",
                                      "model_not_ready",
                                      "model_error",
                                      "client_gone",
                                      "other",
                                      NULL};

/* ---- words ---- */

/* From here on AWS repeats what was signed. */
static const char *const cut_at[] = {"The Canonical String", "Canonical String for this request",
                                     "The String-to-Sign",   "String-to-Sign should have been",
                                     "Authorization=",       "Authorization:"};

/* What stands behind these is a secret, up to a blank or a quote. */
static const char *const secret_after[] = {
    "Signature=", "Credential=", "X-Amz-Security-Token=", "X-Amz-Signature=", "X-Amz-Credential=", "SignedHeaders=",
    "Bearer ",    "x-api-key: "};
/* Keys that look like themselves. */
static const struct {
    const char *prefix;
    size_t least; /* bytes in all */
} keys[] = {{"AKIA", 16}, {"ASIA", 16}, {"hf_", 16}, {"sk-", 16}};

static bool at_word(struct str s, size_t i, const char *z)
{
    size_t n = strlen(z);
    return i + n <= s.n && strncasecmp(s.p + i, z, n) == 0;
}

static bool of_key(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
           c == '/' || c == '+' || c == '=' || c == '.' || c == '%' || c == ':' || c == ';' || c == '*';
}

static size_t run_of_key(struct str s, size_t from)
{
    size_t to = from;
    while (to < s.n && of_key(s.p[to]))
        to++;
    return to;
}

/* Where the secret that begins at i ends; i: none does. *shown: so much of it is no secret. */
static size_t secret_end(struct str s, size_t i, size_t *shown)
{
    *shown = 0;
    for (size_t k = 0; k < ARRAY_LEN(secret_after); k++) {
        if (at_word(s, i, secret_after[k])) {
            *shown = strlen(secret_after[k]);
            return run_of_key(s, i + *shown);
        }
    }
    if (i > 0 && of_key(s.p[i - 1]) && s.p[i - 1] != '=' && s.p[i - 1] != ':' && s.p[i - 1] != '/')
        return i;
    for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
        size_t n = strlen(keys[k].prefix);
        size_t end = i + n <= s.n && memcmp(s.p + i, keys[k].prefix, n) == 0 ? run_of_key(s, i) : i;
        if (end - i >= keys[k].least)
            return end;
    }
    return i;
}

static struct str cut(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        for (size_t k = 0; k < ARRAY_LEN(cut_at); k++) {
            if (at_word(s, i, cut_at[k]))
                return str_trim(str_sub(s, 0, i));
        }
    }
    return s;
}

/* UTF-8 as it stands, anything else and control characters as blanks; at most max bytes, whole characters. */
static void add_clean(struct buf *out, struct str s, size_t max)
{
    size_t from = out->n;
    s = cut(s);
    for (size_t i = 0; i < s.n && out->n - from < max;) {
        size_t shown, end = secret_end(s, i, &shown);
        if (end > i + shown) {
            buf_adds(out, str_sub(s, i, shown));
            buf_addz(out, "***");
            i = end;
            continue;
        }
        unsigned char c = (unsigned char)s.p[i++];
        bool blank = c <= ' ' || c == 0x7F;
        if (!blank)
            buf_addc(out, (char)c);
        else if (out->n > from && out->p[out->n - 1] != ' ')
            buf_addc(out, ' ');
    }
    size_t n = MIN(out->n - from, max);
    const char *bad;
    while ((bad = utf8_bad((struct str){out->p + from, n})) != NULL) {
        size_t at = (size_t)(bad - (out->p + from));
        if (n - at < 4 && n == max) { /* a character that was cut */
            n = at;
            break;
        }
        out->p[from + at] = '?';
    }
    while (n > 0 && out->p[from + n - 1] == ' ')
        n--;
    if (out->p) {
        out->n = from + n;
        out->p[out->n] = 0;
    }
}

/* The text within an error: of a string its content; of an object the first of these members that has one. */
static struct str inner_text(struct str raw, unsigned depth)
{
    static const char *const members[] = {"error.message", "OriginalMessage", "message",     "Message",
                                          "error",         "detail",          "errorMessage"};
    struct str text;
    raw = str_trim(raw);
    if (raw.n >= 2 && raw.p[0] == '"')
        return str_sub(raw, 1, raw.n - 2);
    if (raw.n == 0 || (raw.p[0] != '{' && raw.p[0] != '[') || depth > 3)
        return raw;
    if (raw.p[0] == '[')
        return js_path(raw, "0", &text) == 0 ? inner_text(text, depth + 1) : raw;
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (js_path(raw, members[i], &text) == 0 && text.n > 2 && (text.p[0] == '"' || text.p[0] == '{'))
            return inner_text(text, depth + 1);
    }
    return raw;
}

static bool is_json(struct str text)
{
    struct js s;
    js_init(&s, text);
    return text.n > 0 && (text.p[0] == '{' || text.p[0] == '[' || text.p[0] == '"') && js_skip(&s, NULL) == 0 &&
           js_done(&s);
}

/* Appends the words of `raw`; a text that is JSON itself, as OriginalMessage often is, is looked into. */
static void add_words(struct buf *out, struct str raw, size_t max, unsigned depth)
{
    raw = str_trim(raw);
    if (!is_json(raw)) {
        ptrdiff_t at = str_find(raw, STR(": {")); /* "ModelStreamError: {...}" */
        struct str rest = at > 0 ? str_sub(raw, (size_t)at + 2, raw.n) : STR("");
        if (depth < 3 && is_json(rest)) {
            size_t from = out->n;
            add_clean(out, str_sub(raw, 0, (size_t)at + 1), max);
            buf_addc(out, ' ');
            if (out->n - from < max)
                add_words(out, rest, max - (out->n - from), depth + 1);
            return;
        }
        add_clean(out, raw, max);
        return;
    }
    struct str text = inner_text(raw, 0);
    struct buf plain = BUF_INIT(text.n + 1);
    char *room = buf_room(&plain, text.n + 1);
    if (room)
        buf_wrote(&plain, js_decode(text, room));
    struct str words = buf_str(&plain);
    if (depth < 3 && words.n < raw.n && is_json(str_trim(words)))
        add_words(out, words, max, depth + 1);
    else
        add_clean(out, words, max);
    buf_free(&plain);
}

void gw_error_words(struct str raw, size_t max, struct buf *out)
{
    add_words(out, raw, max, 0);
}

/* ---- errors ---- */

static void set(struct gw_error *e, const struct known *k, struct str words)
{
    struct buf b = BUF_INIT(sizeof e->text - 1);
    *e = (struct gw_error){.status = k->status, .type = k->type, .code = k->code};
    buf_addz(&b, k->text);
    size_t room = sizeof e->text - 1 - b.n;
    if (words.n > 0 && room > 2) {
        if (b.n > 0)
            buf_addz(&b, ": ");
        gw_error_words(words, sizeof e->text - 1 - b.n, &b);
    }
    memcpy(e->text, b.p ? b.p : "", b.n);
    buf_free(&b);
}

void gw_error_set(struct gw_error *e, enum gw_fault fault, struct str detail)
{
    set(e, &faults[fault], detail);
}

struct refusal { /* what an answer that is not 2xx says */
    int status;
    struct str type; /* AWS's name of the error, "" none */
    struct str body;
    bool of_model; /* the container's own answer: `status` is that */
};

/* "ValidationError:http://internal.amazon.com/..." and "com.amazon.coral.service#AccessDeniedException" */
static struct str type_name(struct str type)
{
    ptrdiff_t at = str_chr(type, '#');
    if (at >= 0)
        type = str_sub(type, (size_t)at + 1, type.n);
    at = str_chr(type, ':');
    return str_trim(at >= 0 ? str_sub(type, 0, (size_t)at) : type);
}

static struct str member(struct str body, const char *name)
{
    struct str raw;
    if (js_path(body, name, &raw) < 0)
        return STR("");
    return raw.n >= 2 && raw.p[0] == '"' ? str_sub(raw, 1, raw.n - 2) : raw;
}

static bool has(struct str text, const char *z)
{
    for (size_t i = 0; i < text.n; i++) {
        if (at_word(text, i, z))
            return true;
    }
    return false;
}

static bool one_of(struct str type, const char *const *names)
{
    for (size_t i = 0; names[i]; i++) {
        if (str_eqz(type, names[i]))
            return true;
    }
    return false;
}

static bool is_throttling(const struct refusal *r)
{
    static const char *const names[] = {"ThrottlingException",
                                        "Throttling",
                                        "TooManyRequestsException",
                                        "RequestLimitExceeded",
                                        "ThrottledException",
                                        "LimitExceededException",
                                        "ProvisionedThroughputExceededException",
                                        NULL};
    return r->status == 429 || one_of(r->type, names);
}

static bool is_credentials(const struct refusal *r)
{
    static const char *const names[] = {"AccessDeniedException",
                                        "AccessDenied",
                                        "InvalidSignatureException",
                                        "SignatureDoesNotMatch",
                                        "IncompleteSignature",
                                        "IncompleteSignatureException",
                                        "MissingAuthenticationToken",
                                        "MissingAuthenticationTokenException",
                                        "UnrecognizedClientException",
                                        "InvalidClientTokenId",
                                        "ExpiredToken",
                                        "ExpiredTokenException",
                                        "RequestExpired",
                                        "OptInRequired",
                                        "NotAuthorized",
                                        NULL};
    return !r->of_model && (r->status == 401 || r->status == 403 || one_of(r->type, names));
}

static bool is_timeout(const struct refusal *r)
{
    struct str code = member(r->body, "ErrorCode");
    bool late = has(r->body, "timed out") || str_eqz(code, "ModelInvocationTimeExceeded");
    return r->status == 504 || r->status == 408 || (late && (r->of_model || r->status >= 500));
}

/* 0: nobody's mistake but the endpoint's. */
static int clients_mistake(const struct refusal *r)
{
    static const int kept[] = {400, 413, 415, 422};
    /* The endpoint that the gateway stands for is not there. */
    if (!r->of_model && str_eqz(r->type, "ValidationError") && has(r->body, "not found"))
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        if (r->status == kept[i])
            return r->status;
    }
    return 0;
}

static struct refusal read_refusal(int status, struct str aws_type, struct str body)
{
    struct refusal r = {.status = status, .type = type_name(aws_type), .body = body};
    int64_t original;
    if (r.type.n == 0)
        r.type = type_name(member(body, "__type"));
    if (r.type.n == 0 && !str_starts(member(body, "code"), STR("{")))
        r.type = type_name(member(body, "code"));
    if (parse_i64(member(body, "OriginalStatusCode"), &original) == 0 && original >= 0 && original < 600) {
        r.of_model = true;
        r.status = original > 0 ? (int)original : 500; /* 0: the container gave none */
    } else if (status == 424) {
        r.of_model = true;
    }
    return r;
}

void gw_error_of_upstream(struct gw_error *e, int status, struct str aws_type, struct str body)
{
    struct refusal r = read_refusal(status, aws_type, body);
    bool not_ready = str_eqz(r.type, "ModelNotReadyException");
    int mistake = clients_mistake(&r);
    struct known k = faults[GW_BROKEN];
    if (is_credentials(&r)) { /* AWS's words may hold names, accounts and what was signed */
        set(e, &faults[GW_CREDENTIALS], r.type);
        return;
    }
    if (not_ready || (r.status == 503 && !is_throttling(&r)))
        k = (struct known){503, "api_error", not_ready ? "model_not_ready" : "upstream_unavailable", ""};
    else if (is_throttling(&r))
        k = (struct known){429, "rate_limit_error", "upstream_throttled", ""};
    else if (is_timeout(&r))
        k = (struct known){504, "api_error", "upstream_timeout", ""};
    else if (mistake)
        k = (struct known){mistake, "invalid_request_error", "upstream_refused", ""};
    else
        k = (struct known){502, "api_error", r.of_model ? "model_error" : "upstream_error", ""};
    set(e, &k, body);
    if (!e->text[0])
        snprintf(e->text, sizeof e->text, "The endpoint answered with status %d and no reason", status);
}

static void write_error(struct jout *j, const struct gw_error *e)
{
    jo_obj(j);
    jo_key(j, "error");
    jo_obj(j);
    jo_kstrz(j, "message", e->text);
    jo_kstrz(j, "type", e->type);
    jo_key(j, "param");
    jo_null(j);
    jo_kstrz(j, "code", e->code);
    jo_end_obj(j);
    jo_end_obj(j);
}

void gw_error_json(const struct gw_error *e, struct buf *out)
{
    struct jout j;
    jo_init(&j, out, 0);
    write_error(&j, e);
}

void gw_error_event(const struct gw_error *e, struct buf *out)
{
    struct jout j;
    buf_addz(out, "data: ");
    jo_init(&j, out, 0);
    write_error(&j, e);
    buf_addz(out, "\n\n");
}

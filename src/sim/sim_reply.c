#include "sim/sim_reply.h"

#include "base/jout.h"

const char *reply_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } known[] = {
        {200, "OK"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {413, "Content Too Large"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (known[i].status == status)
            return known[i].reason;
    return "Unknown";
}

/* IMF-fixdate (RFC 9110, 5.6.7); the names are English whatever the locale is. */
#define DATE_MAX 80 /* the compiler cannot know that years are short */

static void date_text(char out[DATE_MAX], int64_t now)
{
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t t = (time_t)now;
    struct tm tm;
    gmtime_r(&t, &tm);
    snprintf(out, DATE_MAX, "%.3s, %02d %.3s %d %02d:%02d:%02d GMT", days + (ptrdiff_t)3 * tm.tm_wday, tm.tm_mday,
             months + (ptrdiff_t)3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void reply_head(struct buf *b, const struct reply_head *h, int64_t now)
{
    char date[DATE_MAX];
    date_text(date, now);
    buf_addf(b, "HTTP/1.1 %d %s\r\nDate: %s\r\n", h->status, reply_reason(h->status), date);
    buf_addz(b, "Server: weir-sim/" WEIR_VERSION "\r\n");
    if (h->type != NULL)
        buf_addf(b, "Content-Type: %s\r\n", h->type);
    if (h->chunked)
        buf_addz(b, "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n");
    else if (!h->until_close)
        buf_addf(b, "Content-Length: %llu\r\n", (unsigned long long)h->length);
    if (h->id.n > 0)
        buf_addf(b, "x-request-id: " STR_FMT "\r\n", STR_ARG(h->id));
    if (h->extra != NULL)
        buf_addz(b, h->extra);
    if (!h->keep_alive)
        buf_addz(b, "Connection: close\r\n");
    else if (h->http10)
        buf_addz(b, "Connection: keep-alive\r\n");
    buf_addz(b, "\r\n");
}

static void add_field(struct reply_fields *f, struct str name, struct str value)
{
    if (f->n < REPLY_FIELDS_MAX)
        f->v[f->n++] = (struct hs_header){name, value};
}

/* Lines of "Name: value". */
static void add_lines(struct reply_fields *f, struct str lines)
{
    struct str_split it = {.rest = lines, .sep = '\n'};
    struct str line;
    size_t used = 0;
    while (str_next(&it, &line)) {
        ptrdiff_t colon = str_chr(line, ':');
        if (colon < 0 || used + (size_t)colon > sizeof(f->names))
            continue;
        struct str name = {f->names + used, (size_t)colon};
        for (size_t i = 0; i < name.n; i++)
            f->names[used++] = (char)(line.p[i] >= 'A' && line.p[i] <= 'Z' ? line.p[i] + 32 : line.p[i]);
        add_field(f, name, str_trim(str_sub(line, name.n + 1, line.n)));
    }
}

void reply_fields(struct reply_fields *f, const struct reply_head *h, int64_t now)
{
    f->n = 0;
    date_text(f->date, now);
    add_field(f, STR("date"), str_of(f->date));
    add_field(f, STR("server"), STR("weir-sim/" WEIR_VERSION));
    if (h->type != NULL)
        add_field(f, STR("content-type"), str_of(h->type));
    if (h->chunked || h->until_close) {
        add_field(f, STR("cache-control"), STR("no-cache"));
    } else {
        snprintf(f->length, sizeof(f->length), "%llu", (unsigned long long)h->length);
        add_field(f, STR("content-length"), str_of(f->length));
    }
    if (h->id.n > 0)
        add_field(f, STR("x-request-id"), h->id);
    if (h->extra != NULL)
        add_lines(f, str_of(h->extra));
}

static const char *error_type(int status)
{
    switch (status) {
    case 401:
        return "authentication_error";
    case 403:
        return "permission_error";
    case 404:
        return "not_found_error";
    case 429:
        return "rate_limit_error";
    case 503:
        return "overloaded_error";
    default:
        return status >= 500 ? "server_error" : "invalid_request_error";
    }
}

void reply_error(struct buf *b, int status, const char *message, const char *param, const char *code)
{
    struct jout j;
    jo_init(&j, b, 0);
    jo_obj(&j);
    jo_key(&j, "error");
    jo_obj(&j);
    jo_kstrz(&j, "message", message);
    jo_kstrz(&j, "type", error_type(status));
    jo_kstrz(&j, "param", param);
    jo_kstrz(&j, "code", code);
    jo_end_obj(&j);
    jo_end_obj(&j);
}

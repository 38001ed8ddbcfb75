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
static void add_date(struct buf *b, int64_t now)
{
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t t = (time_t)now;
    struct tm tm;
    gmtime_r(&t, &tm);
    buf_addf(b, "Date: %.3s, %02d %.3s %d %02d:%02d:%02d GMT\r\n", days + (ptrdiff_t)3 * tm.tm_wday, tm.tm_mday,
             months + (ptrdiff_t)3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void reply_head(struct buf *b, const struct reply_head *h, int64_t now)
{
    buf_addf(b, "HTTP/1.1 %d %s\r\n", h->status, reply_reason(h->status));
    add_date(b, now);
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

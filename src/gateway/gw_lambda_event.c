#include "base/base64.h"
#include "base/jdoc.h"
#include "base/jout.h"
#include "base/utf8.h"
#include "gateway/gw_lambda.h"

enum { BODY_MAX = 64 << 20, PRELUDE_END = 8, ID_MAX = 128 };

/* ---- events */

/* Of "headers" or "multiValueHeaders", whose names may be in any case; of several values the last. */
static struct str header(jnode *root, const char *name)
{
    static const char *const members[] = {"headers", "multiValueHeaders"};
    struct str found = STR("");
    for (size_t i = 0; i < ARRAY_LEN(members) && found.n == 0; i++) {
        jnode *all = jn_get(root, members[i]), *value;
        void *it = NULL;
        const char *key;
        while (jn_next(all, &it, &key, &value)) {
            if (str_ieq(str_of(key), str_of(name)))
                found = jn_str(jn_is_arr(value) && jn_len(value) > 0 ? jn_at(value, jn_len(value) - 1) : value, "");
        }
    }
    return found;
}

static bool is_function_url(jnode *root)
{
    return str_find(jn_str(jn_get(root, "requestContext.domainName"), ""), STR(".lambda-url.")) >= 0;
}

/* "/dev/v1/chat/completions" of the stage "dev": HTTP APIs have it in the path, REST APIs have not. */
static struct str without_stage(struct str path, jnode *root)
{
    struct str stage = jn_str(jn_get(root, "requestContext.stage"), "");
    if (stage.n == 0 || str_eq(stage, STR("$default")) || path.n <= stage.n + 1 || path.p[stage.n + 1] != '/' ||
        !str_eq(str_sub(path, 1, stage.n), stage))
        return path;
    return str_sub(path, stage.n + 1, path.n);
}

static int read_shape(struct gw_event *ev, jnode *root, struct err *e)
{
    struct str version = jn_str(jn_get(root, "version"), "");
    if (str_eq(version, STR("2.0"))) {
        ev->shape = is_function_url(root) ? GW_FUNCTION_URL : GW_HTTP_API;
        ev->method = jn_str(jn_get(root, "requestContext.http.method"), "");
        ev->path = without_stage(jn_str(jn_get(root, "rawPath"), ""), root);
    } else {
        bool multi = jn_is_obj(jn_get(root, "multiValueHeaders")) && !jn_is_obj(jn_get(root, "headers"));
        ev->shape = !jn_is_obj(jn_get(root, "requestContext.elb")) ? GW_REST : multi ? GW_ALB_MULTI : GW_ALB;
        ev->method = jn_str(jn_get(root, "httpMethod"), "");
        ev->path = jn_str(jn_get(root, "path"), "");
    }
    if (str_eq(version, STR("1.0"))) { /* of an HTTP API too, which does not stream */
        ev->shape = GW_HTTP_API;
        ev->path = without_stage(ev->path, root);
    }
    if (ev->method.n > 0 && ev->path.n > 0)
        return 0;
    return err_set(e, ERR_DATA,
                   "the event is none of an API Gateway (REST or HTTP), a function URL or a load balancer: it has no "
                   "method and path where these have them");
}

/* It comes back in a header. */
static struct str good_id(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return STR("");
    return s.n <= ID_MAX ? s : STR("");
}

static int read_body(struct gw_event *ev, jnode *root, struct err *e)
{
    struct str text = jn_str(jn_get(root, "body"), "");
    ev->body = text;
    if (!jn_bool(jn_get(root, "isBase64Encoded"), false) || text.n == 0)
        return 0;
    char *room = buf_room(&ev->decoded, text.n);
    int n = room ? base64_decode(text, room) : -1;
    if (n < 0)
        return err_set(e, ERR_DATA, "the event's body is not the base64 that it is said to be");
    buf_wrote(&ev->decoded, (size_t)n);
    ev->body = buf_str(&ev->decoded);
    return 0;
}

int gw_event_read(struct gw_event *ev, struct str json, struct err *e)
{
    *ev = (struct gw_event){.decoded = BUF_INIT(BODY_MAX)};
    ev->doc = jdoc_parse(json, "the event", e);
    if (!ev->doc)
        return -1;
    jnode *root = jdoc_root(ev->doc);
    if (read_shape(ev, root, e) < 0 || read_body(ev, root, e) < 0)
        return -1;
    ev->authorization = header(root, "authorization");
    ev->api_key = header(root, "x-api-key");
    ev->request_id = good_id(header(root, "x-request-id"));
    return 0;
}

void gw_event_free(struct gw_event *ev)
{
    jdoc_free(&ev->doc);
    buf_free(&ev->decoded);
    *ev = (struct gw_event){.decoded = BUF_INIT(BODY_MAX)};
}

/* ---- answers */

static void put_headers(struct jout *j, const struct gw_field *f, size_t n, bool multi)
{
    char name[64];
    jo_key(j, multi ? "multiValueHeaders" : "headers");
    jo_obj(j);
    for (size_t i = 0; i < n; i++) {
        snprintf(name, sizeof name, STR_FMT, STR_ARG(f[i].name));
        jo_key(j, name);
        if (multi)
            jo_arr(j);
        jo_str(j, f[i].value);
        if (multi)
            jo_end_arr(j);
    }
    jo_end_obj(j);
}

void gw_event_answer(enum gw_shape shape, int status, const struct gw_field *f, size_t n, struct str body,
                     struct buf *out)
{
    struct jout j;
    bool text = !utf8_bad(body);
    jo_init(&j, out, 0);
    jo_obj(&j);
    jo_ki64(&j, "statusCode", status);
    put_headers(&j, f, n, shape == GW_ALB_MULTI);
    if (text) {
        jo_kstr(&j, "body", body);
    } else {
        struct buf packed = BUF_INIT(2UL * BODY_MAX);
        base64_add(&packed, body.p, body.n);
        jo_kstr(&j, "body", buf_str(&packed));
        buf_free(&packed);
    }
    jo_kbool(&j, "isBase64Encoded", !text);
    jo_end_obj(&j);
}

void gw_event_prelude(int status, const struct gw_field *f, size_t n, struct buf *out)
{
    static const char zeros[PRELUDE_END];
    struct jout j;
    jo_init(&j, out, 0);
    jo_obj(&j);
    jo_ki64(&j, "statusCode", status);
    put_headers(&j, f, n, false);
    jo_end_obj(&j);
    buf_add(out, zeros, sizeof zeros);
}

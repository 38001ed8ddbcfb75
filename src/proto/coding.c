#include "proto/coding.h"

#include "base/xalloc.h"

void coding_init(struct coding *c, char **piece, uint64_t max)
{
    memset(c, 0, sizeof *c);
    c->piece = piece;
    c->max = max;
}

void coding_free(struct coding *c)
{
    unpack_free(&c->u);
}

void coding_reset(struct coding *c)
{
    if (c->begun && c->made != UNPACK_GZIP) /* the windows of the others are large */
        unpack_free(&c->u);
    c->kind = UNPACK_NONE;
    c->refused = c->begun = false;
    c->why[0] = 0;
}

static void refuse(struct coding *c, struct str name, const char *how)
{
    char shown[40];
    size_t n = 0;
    for (; n < name.n && n + 1 < sizeof shown; n++)
        shown[n] = name.p[n] >= 0x20 && name.p[n] < 0x7f ? name.p[n] : '?';
    shown[n] = 0;
    c->refused = true;
    c->kind = UNPACK_NONE;
    snprintf(c->why, sizeof c->why,
             "the answer %s (Content-Encoding: %s); weir reads one of gzip, zstd and br, and the header "
             "\"Accept-Encoding: identity\" asks for none",
             how, shown);
}

void coding_header(struct coding *c, struct str value)
{
    struct str_split it = {.rest = value, .sep = ','};
    struct str name;
    while (!c->refused && str_next(&it, &name)) {
        name = str_trim(name);
        if (name.n == 0 || str_ieq(name, STR("identity")))
            continue;
        enum unpack_kind kind = unpack_coding(name);
        if (kind == UNPACK_NONE)
            refuse(c, name, "is coded in an unknown way");
        else if (c->kind != UNPACK_NONE)
            refuse(c, value, "is coded several times over");
        else
            c->kind = kind;
    }
}

static void begin(struct coding *c)
{
    c->begun = true;
    if (!*c->piece)
        *c->piece = xmalloc(UNPACK_PIECE_BYTES);
    if (c->u && c->made == c->kind) { /* that is gzip: coding_reset */
        unpack_reset(c->u, c->max);
        return;
    }
    unpack_free(&c->u);
    c->u = unpack_new_http(c->kind, c->max, *c->piece);
    c->made = c->kind;
}

enum unpack_rc coding_step(struct coding *c, struct str *in, struct str *out)
{
    if (!c->begun && in->n == 0)
        return UNPACK_MORE;
    if (!c->begun)
        begin(c);
    enum unpack_rc rc = unpack_step(c->u, in, out);
    if (rc == UNPACK_BAD)
        snprintf(c->why, sizeof c->why, "the answer says Content-Encoding: %s, but is not such data", coding_name(c).p);
    else if (rc == UNPACK_LIMIT)
        snprintf(c->why, sizeof c->why, "the answer (Content-Encoding: %s) unpacks to more than %llu MiB",
                 coding_name(c).p, (unsigned long long)(c->max >> 20));
    return rc;
}

bool coding_whole(struct coding *c)
{
    if (!c->begun || unpack_whole(c->u))
        return true;
    if (!c->why[0])
        snprintf(c->why, sizeof c->why, "the answer's body (Content-Encoding: %s) ends before its packed data do",
                 coding_name(c).p);
    return false;
}

struct str coding_name(const struct coding *c)
{
    static const struct str names[] = {
        [UNPACK_NONE] = {"", 0}, [UNPACK_GZIP] = {"gzip", 4}, [UNPACK_ZSTD] = {"zstd", 4}, [UNPACK_BROTLI] = {"br", 2}};
    return names[c->kind];
}

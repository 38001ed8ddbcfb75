#include "proto/ndjson.h"

/* Memory that one exceptional line made is not carried over to the next stream. */
#define KEEP_BYTES (64 * 1024)

void ndjson_init(struct ndjson *s, size_t max_line, ndjson_cb *cb, void *arg)
{
    *s = (struct ndjson){.max_line = max_line, .cb = cb, .arg = arg};
    buf_init(&s->line, max_line);
}

void ndjson_reset(struct ndjson *s)
{
    if (s->line.cap > KEEP_BYTES)
        buf_free(&s->line);
    buf_clear(&s->line);
    s->rc = NDJSON_OK;
}

void ndjson_free(struct ndjson *s)
{
    buf_free(&s->line);
}

static enum ndjson_rc give(struct ndjson *s, struct str line)
{
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    if (str_trim(line).n == 0)
        return NDJSON_OK;
    return s->cb(s->arg, line) != 0 ? NDJSON_E_STOPPED : NDJSON_OK;
}

static enum ndjson_rc give_kept(struct ndjson *s)
{
    enum ndjson_rc rc = give(s, buf_str(&s->line));
    buf_clear(&s->line);
    return rc;
}

static enum ndjson_rc take_line(struct ndjson *s, struct str line)
{
    if (s->line.n > 0)
        return buf_adds(&s->line, line) ? NDJSON_E_TOOBIG : give_kept(s);
    return line.n > s->max_line ? NDJSON_E_TOOBIG : give(s, line);
}

enum ndjson_rc ndjson_feed(struct ndjson *s, const char *p, size_t n)
{
    const char *end = p + n;
    while (p < end && s->rc == NDJSON_OK) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        if (!lf) {
            if (buf_add(&s->line, p, (size_t)(end - p)))
                s->rc = NDJSON_E_TOOBIG;
            break;
        }
        s->rc = take_line(s, (struct str){p, (size_t)(lf - p)});
        p = lf + 1;
    }
    return s->rc;
}

enum ndjson_rc ndjson_end(struct ndjson *s)
{
    if (s->rc == NDJSON_OK && s->line.n > 0)
        s->rc = give_kept(s);
    return s->rc;
}

#include "load/csv.h"

void csv_init(struct csv *c, struct str text, char sep)
{
    c->p = c->at = text.p;
    c->end = text.p + text.n;
    c->sep = sep;
    c->n = 0;
    c->what = NULL;
    buf_init(&c->plain, SIZE_MAX / 4);
}

void csv_free(struct csv *c)
{
    buf_free(&c->plain);
}

static bool at_line_end(const struct csv *c, const char *p)
{
    return p == c->end || *p == '\n' || (*p == '\r' && p + 1 < c->end && p[1] == '\n');
}

static const char *skip_line_end(const struct csv *c, const char *p)
{
    if (p < c->end && *p == '\r')
        p++;
    return p < c->end ? p + 1 : p;
}

/* The end of the text from p on (behind the opening quote) whose quotes are doubled, or NULL. */
static const char *closing_quote(const struct csv *c, const char *p, bool *doubled)
{
    for (*doubled = false;; p += 2) {
        p = p < c->end ? memchr(p, '"', (size_t)(c->end - p)) : NULL;
        if (!p || p + 1 == c->end || p[1] != '"')
            return p;
        *doubled = true;
    }
}

/* One quote of each pair. The buffer may move while the record grows: views into it are made at the record's end. */
static void undouble(struct buf *b, const char *p, const char *end)
{
    while (p < end) {
        const char *q = memchr(p, '"', (size_t)(end - p));
        if (!q) {
            buf_add(b, p, (size_t)(end - p));
            return;
        }
        buf_add(b, p, (size_t)(q + 1 - p));
        p = q + 2;
    }
}

/* A field in quotes at p. Gives what stands behind it, or NULL. */
static const char *quoted(struct csv *c, const char *p, struct str *f, size_t *from)
{
    bool doubled;
    const char *q = closing_quote(c, p + 1, &doubled);
    if (!q) {
        c->what = "a quote is not closed";
        return NULL;
    }
    if (!at_line_end(c, q + 1) && q[1] != c->sep) {
        c->what = "text stands behind a closing quote; double the quotes within a text";
        return NULL;
    }
    *f = (struct str){p + 1, (size_t)(q - p - 1)};
    if (doubled) {
        *from = c->plain.n;
        undouble(&c->plain, p + 1, q);
        f->n = c->plain.n - *from;
    }
    return q + 1;
}

static const char *bare(const struct csv *c, const char *p, struct str *f)
{
    const char *q = p;
    while (!at_line_end(c, q) && *q != c->sep)
        q++;
    *f = (struct str){p, (size_t)(q - p)};
    return q;
}

/* The fields of the record at c->p; gives its end, or NULL. */
static const char *record(struct csv *c)
{
    const char *p = c->p;
    for (c->n = 0;;) {
        if (c->n == CSV_MAX_FIELDS) {
            c->what = "more than 1024 fields in one record";
            return NULL;
        }
        struct str *f = &c->field[c->n];
        c->from[c->n] = SIZE_MAX;
        p = p < c->end && *p == '"' ? quoted(c, p, f, &c->from[c->n]) : bare(c, p, f);
        if (!p)
            return NULL;
        c->n++;
        if (at_line_end(c, p))
            break;
        p++;
    }
    for (size_t i = 0; i < c->n; i++) {
        if (c->from[i] != SIZE_MAX)
            c->field[i].p = c->plain.p + c->from[i];
    }
    return p;
}

int csv_next(struct csv *c)
{
    while (c->p < c->end && at_line_end(c, c->p))
        c->p = skip_line_end(c, c->p);
    if (c->p == c->end)
        return 0;
    buf_clear(&c->plain);
    c->at = c->p;
    const char *p = record(c);
    if (!p) {
        const char *nl = memchr(c->at, '\n', (size_t)(c->end - c->at));
        c->p = nl ? nl + 1 : c->end;
        return -1;
    }
    c->p = skip_line_end(c, p);
    return 1;
}

char csv_guess_sep(struct str text)
{
    size_t commas = 0, semicolons = 0, tabs = 0;
    bool inside = false;
    for (size_t i = 0; i < text.n && (inside || text.p[i] != '\n'); i++) {
        char c = text.p[i];
        inside ^= c == '"';
        commas += !inside && c == ',';
        semicolons += !inside && c == ';';
        tabs += !inside && c == '\t';
    }
    return semicolons > commas && semicolons >= tabs ? ';' : tabs > commas ? '\t' : ',';
}

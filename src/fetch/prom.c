#include "fetch/prom.h"

#include <math.h>

struct scanner {
    const char *p, *end;
    struct prom_label label[PROM_LABELS_MAX];
    struct prom_sample s;
};

void prom_init(struct prom *p, prom_sample_fn *sample, void *arg)
{
    *p = (struct prom){.sample = sample, .arg = arg};
    buf_init(&p->line, PROM_LINE_MAX);
}

void prom_free(struct prom *p)
{
    buf_free(&p->line);
}

struct str prom_label_of(const struct prom_sample *s, const char *name)
{
    for (size_t i = 0; i < s->n_labels; i++) {
        if (str_eqz(s->labels[i].name, name))
            return s->labels[i].value;
    }
    return (struct str){NULL, 0};
}

static void blanks(struct scanner *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\t'))
        c->p++;
}

static bool take(struct scanner *c, char want)
{
    if (c->p == c->end || *c->p != want)
        return false;
    c->p++;
    return true;
}

static bool name_char(char ch, bool first)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || ch == '_' || ch == ':' ||
           (!first && ch >= '0' && ch <= '9');
}

static bool plain_name(struct scanner *c, struct str *out)
{
    const char *from = c->p;
    while (c->p < c->end && name_char(*c->p, c->p == from))
        c->p++;
    *out = (struct str){from, (size_t)(c->p - from)};
    return out->n > 0;
}

static bool quoted(struct scanner *c, struct str *out)
{
    if (!take(c, '"'))
        return false;
    const char *from = c->p;
    while (c->p < c->end && *c->p != '"')
        c->p += *c->p == '\\' && c->end - c->p > 1 ? 2 : 1;
    *out = (struct str){from, (size_t)(c->p - from)};
    return take(c, '"');
}

/* One of what stands between the braces. */
static bool label(struct scanner *c)
{
    struct prom_label l;
    bool in_quotes = c->p < c->end && *c->p == '"';
    if (!(in_quotes ? quoted(c, &l.name) : plain_name(c, &l.name)))
        return false;
    blanks(c);
    if (!take(c, '=')) { /* {"a.name"} */
        bool first = in_quotes && c->s.name.n == 0 && c->s.n_labels == 0;
        if (first)
            c->s.name = l.name;
        return first;
    }
    blanks(c);
    if (c->s.n_labels == PROM_LABELS_MAX || !quoted(c, &l.value))
        return false;
    c->label[c->s.n_labels++] = l;
    return true;
}

static bool labels(struct scanner *c)
{
    blanks(c);
    while (!take(c, '}')) {
        if (!label(c))
            return false;
        blanks(c);
        if (!take(c, ',') && !(c->p < c->end && *c->p == '}'))
            return false;
        blanks(c);
    }
    return true;
}

static bool word(struct scanner *c, struct str *out)
{
    blanks(c);
    const char *from = c->p;
    while (c->p < c->end && *c->p != ' ' && *c->p != '\t')
        c->p++;
    *out = (struct str){from, (size_t)(c->p - from)};
    return out->n > 0;
}

static bool number(struct str s, double *out)
{
    struct str bare = s.n > 0 && (s.p[0] == '+' || s.p[0] == '-') ? str_sub(s, 1, s.n) : s;
    if (str_ieq(bare, STR("inf")) || str_ieq(bare, STR("infinity")))
        *out = s.p[0] == '-' ? -INFINITY : INFINITY;
    else if (str_ieq(s, STR("nan")))
        *out = NAN;
    else
        return parse_f64(bare.p != s.p && s.p[0] == '+' ? bare : s, out) == 0;
    return true;
}

/* Behind the value: nothing, a timestamp, an exemplar, or both. */
static bool rest(struct scanner *c)
{
    struct str w;
    double at;
    if (!word(c, &w))
        return true;
    if (w.p[0] == '#')
        return true;
    return number(w, &at) && (!word(c, &w) || w.p[0] == '#');
}

static bool parse(struct scanner *c)
{
    struct str value;
    if (!(c->p < c->end && *c->p == '{') && !plain_name(c, &c->s.name))
        return false;
    blanks(c);
    if (take(c, '{') && !labels(c))
        return false;
    if (c->s.name.n == 0 || !word(c, &value) || !number(value, &c->s.value))
        return false;
    c->s.labels = c->label;
    return rest(c);
}

static void one_line(struct prom *p, struct str line)
{
    line = str_trim(line);
    if (p->ended || line.n == 0)
        return;
    if (line.p[0] == '#') {
        p->ended = str_eqz(line, "# EOF");
        return;
    }
    struct scanner c;
    c.p = line.p;
    c.end = line.p + line.n;
    c.s = (struct prom_sample){.n_labels = 0};
    if (!parse(&c)) {
        p->bad++;
        return;
    }
    p->samples++;
    p->sample(p->arg, &c.s);
}

/* Part of a line: kept until the rest has come. */
static void keep(struct prom *p, const char *bytes, size_t n)
{
    if (!p->skip && buf_add(&p->line, bytes, n) != 0) {
        p->bad++;
        p->skip = true;
    }
}

void prom_feed(struct prom *p, const char *bytes, size_t n)
{
    while (n > 0 && !p->ended) {
        const char *nl = memchr(bytes, '\n', n);
        size_t len = nl ? (size_t)(nl - bytes) : n;
        if (!nl || p->line.n > 0 || p->skip || len > PROM_LINE_MAX) {
            keep(p, bytes, len);
            if (nl && !p->skip)
                one_line(p, buf_str(&p->line));
            if (nl) {
                buf_clear(&p->line);
                p->skip = false;
            }
        } else {
            one_line(p, (struct str){bytes, len});
        }
        bytes += len + (nl != NULL);
        n -= len + (nl != NULL);
    }
}

void prom_end(struct prom *p)
{
    if (!p->skip)
        one_line(p, buf_str(&p->line));
    buf_clear(&p->line);
    p->skip = false;
}

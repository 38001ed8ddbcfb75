#include "auth/aws_ini.h"

#include "base/buf.h"
#include "base/xalloc.h"

enum { SECTIONS_MAX = 10000, KEYS_MAX = 1000 };

struct reader {
    struct aws_ini *ini;
    const char *name;
    size_t line;
    bool in_section, in_option;
    size_t indent;    /* of the option that is read */
    struct buf value; /* of the option that is read, lines joined */
    struct err *e;
};

static struct aws_ini_section *current(struct reader *r)
{
    return &r->ini->sections[r->ini->n - 1];
}

static int bad(struct reader *r, const char *what)
{
    err_set(r->e, ERR_DATA, "%s:%zu: %s", r->name, r->line, what);
    if (r->e)
        r->e->line = r->line;
    return -1;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f';
}

static struct str trim(struct str s)
{
    while (s.n > 0 && is_blank(s.p[s.n - 1]))
        s.n--;
    while (s.n > 0 && is_blank(*s.p))
        s = str_sub(s, 1, s.n);
    return s;
}

static void lower(char *p)
{
    for (; *p; p++)
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p | 32 : *p);
}

/* FNV-1a: a file of thousands of sections is compared with itself without looking at the names. */
static uint32_t hash_of(struct str s)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 16777619u;
    return h;
}

static struct aws_ini_key *find_key(const struct aws_ini_section *s, const char *name, uint32_t hash)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->keys[i].hash == hash && strcmp(s->keys[i].name, name) == 0)
            return &s->keys[i];
    return NULL;
}

static int add_key(struct reader *r, char *name, struct str value)
{
    struct aws_ini_section *s = current(r);
    int rc = 0;
    lower(name);
    uint32_t hash = hash_of(str_of(name));
    if (find_key(s, name, hash))
        rc = bad(r, "this key stands twice in its section; remove one");
    if (rc == 0 && s->n == KEYS_MAX)
        rc = bad(r, "more than 1,000 keys in a section");
    if (rc != 0) {
        free(name);
        return -1;
    }
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 8;
        s->keys = xreallocarray(s->keys, s->cap, sizeof *s->keys);
    }
    s->keys[s->n++] = (struct aws_ini_key){name, xmemdup0(value.p ? value.p : "", value.n), hash};
    return 0;
}

/* The lines of a value that began on the next line: keys of its own. The outer key stays, with an empty value. */
static int settle_inner(struct reader *r, struct str text)
{
    char *outer = xstrdup(current(r)->keys[current(r)->n - 1].name);
    struct str_split it = {.rest = text, .sep = '\n'};
    struct str line;
    int rc = 0;
    while (rc == 0 && str_next(&it, &line)) {
        line = trim(line);
        if (line.n == 0)
            continue;
        ptrdiff_t eq = str_chr(line, '=');
        if (eq < 0) {
            rc = bad(r, "the indented lines that end above must be `key = value`");
            break;
        }
        struct str key = trim(str_sub(line, 0, (size_t)eq)), value = trim(str_sub(line, (size_t)eq + 1, line.n));
        char *name = xasprintf("%s." STR_FMT, outer, STR_ARG(key));
        lower(name);
        struct aws_ini_key *there = find_key(current(r), name, hash_of(str_of(name)));
        if (there) { /* here the last one counts */
            free(there->value);
            there->value = xmemdup0(value.p ? value.p : "", value.n);
            free(name);
        } else {
            rc = add_key(r, name, value);
        }
    }
    free(outer);
    return rc;
}

/* The option that was read is whole. */
static int settle(struct reader *r)
{
    if (!r->in_option)
        return 0;
    r->in_option = false;
    struct str v = buf_str(&r->value);
    while (v.n > 0 && is_blank(v.p[v.n - 1]))
        v.n--;
    if (v.n > 0 && v.p[0] == '\n')
        return settle_inner(r, v);
    struct aws_ini_key *k = &current(r)->keys[current(r)->n - 1];
    free(k->value);
    k->value = xmemdup0(v.p ? v.p : "", v.n);
    return 0;
}

static int open_section(struct reader *r, struct str name)
{
    struct aws_ini *ini = r->ini;
    uint32_t hash = hash_of(name);
    for (size_t i = 0; i < ini->n; i++)
        if (ini->sections[i].hash == hash && str_eqz(name, ini->sections[i].name))
            return bad(r, "this section stands twice in the file; put both together");
    if (ini->n == SECTIONS_MAX)
        return bad(r, "more than 10,000 sections");
    if (ini->n == ini->cap) {
        ini->cap = ini->cap ? ini->cap * 2 : 8;
        ini->sections = xreallocarray(ini->sections, ini->cap, sizeof *ini->sections);
    }
    ini->sections[ini->n++] = (struct aws_ini_section){.name = xmemdup0(name.p ? name.p : "", name.n), .hash = hash};
    r->in_section = true;
    return 0;
}

static int open_option(struct reader *r, struct str line)
{
    size_t sep = 0;
    while (sep < line.n && line.p[sep] != '=' && line.p[sep] != ':')
        sep++;
    struct str key = trim(str_sub(line, 0, sep)), value = trim(str_sub(line, sep + 1, line.n));
    if (!r->in_section)
        return bad(r, "a [section] must come first, such as [default]");
    if (sep == line.n)
        return bad(r, "neither `key = value` nor a [section] nor a comment");
    if (key.n == 0)
        return bad(r, "there is no key in front of the value");
    if (add_key(r, xmemdup0(key.p, key.n), STR("")) != 0)
        return -1;
    r->in_option = true;
    buf_clear(&r->value);
    buf_adds(&r->value, value);
    return 0;
}

static int read_line(struct reader *r, struct str raw)
{
    struct str line = trim(raw);
    if (line.n == 0) {
        if (r->in_option)
            buf_addc(&r->value, '\n');
        return 0;
    }
    if (line.p[0] == '#' || line.p[0] == ';')
        return 0;
    if (memchr(line.p, 0, line.n))
        return bad(r, "there is a zero byte; is this a text file?");
    size_t indent = (size_t)(line.p - raw.p);
    if (r->in_option && indent > r->indent) {
        buf_addc(&r->value, '\n');
        buf_adds(&r->value, line);
        return 0;
    }
    if (settle(r) != 0)
        return -1;
    r->indent = indent;
    size_t close = line.n;
    while (close > 0 && line.p[close - 1] != ']')
        close--;
    if (line.p[0] == '[' && close > 2)
        return open_section(r, trim(str_sub(line, 1, close - 2)));
    return open_option(r, line);
}

int aws_ini_parse(struct aws_ini *ini, struct str text, const char *name, struct err *e)
{
    struct reader r = {.ini = ini, .name = name, .value = BUF_INIT(text.n + 1), .e = e};
    int rc = 0;
    *ini = (struct aws_ini){0};
    if (str_starts(text, STR("\xef\xbb\xbf")))
        text = str_sub(text, 3, text.n);
    for (size_t at = 0; at < text.n && rc == 0;) {
        size_t end = at;
        while (end < text.n && text.p[end] != '\n' && text.p[end] != '\r')
            end++;
        r.line++;
        rc = read_line(&r, str_sub(text, at, end - at));
        at = end + 1 + (end + 1 < text.n && text.p[end] == '\r' && text.p[end + 1] == '\n');
    }
    if (rc == 0)
        rc = settle(&r);
    if (r.value.p)
        explicit_bzero(r.value.p, r.value.cap);
    buf_free(&r.value);
    return rc;
}

void aws_ini_free(struct aws_ini *ini)
{
    for (size_t i = 0; i < ini->n; i++) {
        struct aws_ini_section *s = &ini->sections[i];
        for (size_t k = 0; k < s->n; k++) {
            explicit_bzero(s->keys[k].value, strlen(s->keys[k].value));
            free(s->keys[k].value);
            free(s->keys[k].name);
        }
        free(s->keys);
        free(s->name);
    }
    free(ini->sections);
    *ini = (struct aws_ini){0};
}

const char *aws_ini_value(const struct aws_ini_section *s, const char *key)
{
    for (size_t i = 0; s && i < s->n; i++)
        if (strcmp(s->keys[i].name, key) == 0)
            return s->keys[i].value;
    return NULL;
}

/* One word from *at on, into *to; false: it does not end. */
static bool word(struct str text, size_t *at, char **to)
{
    char quote = 0;
    for (; *at < text.n; (*at)++) {
        char c = text.p[*at];
        if (quote == 0 && (c == ' ' || c == '\t' || c == '\r' || c == '\n'))
            return true;
        if (quote == c) {
            quote = 0;
            continue;
        }
        if (quote == 0 && (c == '\'' || c == '"')) {
            quote = c;
            continue;
        }
        if (c == '\\' && quote != '\'') {
            if (*at + 1 == text.n)
                return false;
            char next = text.p[*at + 1];
            if (quote == 0 || next == '"' || next == '\\') {
                c = next;
                (*at)++;
            }
        }
        *(*to)++ = c;
    }
    return quote == 0;
}

char **aws_words(struct str text, size_t *n)
{
    /* At most as many words as every second byte, and their bytes with a 0 each. */
    size_t most = text.n / 2 + 2;
    char **words = xcalloc(1, most * sizeof *words + 2 * text.n + 2);
    char *to = (char *)(words + most);
    *n = 0;
    for (size_t at = 0; at < text.n;) {
        char c = text.p[at];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            at++;
            continue;
        }
        words[(*n)++] = to;
        if (!word(text, &at, &to)) {
            free(words);
            return NULL;
        }
        *to++ = 0;
    }
    return words;
}

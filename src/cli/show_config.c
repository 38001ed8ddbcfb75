/* show_config.c - the merged options as YAML, each with its source. What is left at its default stands in comments, so
 * that what is printed, read back, is the same to the last source. */
#include "campaign/redact.h"
#include "cli/opt_dump.h"
#include "cli/opts.h"
#include "cli/run_settings.h"

enum { COLUMN = 40, LINE_MAX_BYTES = 4 << 20 };

/* Without quotes it is the same text, to us and to other readers of YAML. */
static bool is_plain(struct str s)
{
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_/.",
                      rest[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_/.-+,:%=@<>";
    if (s.n == 0 || !strchr(first, s.p[0]) || s.p[s.n - 1] == ':' || str_ieq(s, STR("null")))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!strchr(rest, s.p[i]))
            return false;
    }
    return true;
}

/* `dollars`: the text is no longer to be looked through for variables. */
static void put_scalar(struct buf *out, struct str s, bool dollars)
{
    if (is_plain(s)) {
        buf_adds(out, s);
        return;
    }
    struct buf b = BUF_INIT(LINE_MAX_BYTES);
    json_escape(&b, s);
    buf_addc(out, '"');
    for (size_t i = 0; i < b.n; i++) {
        unsigned char c = (unsigned char)b.p[i], next = i + 1 < b.n ? (unsigned char)b.p[i + 1] : 0;
        if (c == '$' && dollars) {
            buf_addz(out, "$$");
        } else if (c == 0x7f) {
            buf_addz(out, "\\x7f");
        } else if (c == 0xc2 && next >= 0x80 && next <= 0x9f) { /* control characters that YAML wants escaped */
            buf_addf(out, "\\x%02x", next);
            i++;
        } else {
            buf_addc(out, (char)c);
        }
    }
    buf_addc(out, '"');
    buf_free(&b);
}

struct place { /* whose options are printed */
    const struct run_settings *s;
    const struct run_config *c;
    const struct opt_seen *seen;
    size_t level; /* SIZE_MAX: of the whole run */
    const char *indent;
};

static const char *source_text(char out[320], const struct place *p, const struct opt *o)
{
    size_t i = (size_t)(o - opt_run.opts);
    char env[64];
    switch ((enum opt_source)p->seen->source[i]) {
    case OPT_FROM_FLAG:
        return "flag";
    case OPT_FROM_ENV:
        snprintf(out, 320, "environment %s", p->seen->where[i] ? p->seen->where[i] : opt_env_name(env, &opt_run, o));
        return out;
    case OPT_FROM_FILE:
    case OPT_FROM_LEVEL:
        return p->seen->where[i] ? p->seen->where[i] : "file";
    case OPT_FROM_STORED:
    case OPT_FROM_STORED_LEVEL:
        return "stored run";
    case OPT_FROM_DEFAULT:
        break;
    }
    return "default";
}

/* The line ends with where its value came from. */
static void put_source(struct buf *out, size_t line, const char *source)
{
    size_t width = out->n - line;
    buf_addf(out, "%*s# %s\n", width < COLUMN ? (int)(COLUMN - width) : 1, "", source);
}

/* Whether nothing of a secret is written there but the variables that hold it. */
static bool variables_alone(const struct opt *o, const char *written)
{
    struct str s = str_of(written);
    ptrdiff_t colon = str_find(s, STR(": "));
    if (o->map == OPT_MAP_LINES && colon >= 0) /* a header's name is none */
        s = str_sub(s, (size_t)colon + 2, s.n);
    if (str_istarts(s, STR("bearer ")))
        s = str_sub(s, 7, s.n);
    while (str_starts(s, STR("${"))) {
        ptrdiff_t end = str_chr(s, '}');
        if (end < 0 || str_find(str_sub(s, 0, (size_t)end), STR(":-")) >= 0)
            return false;
        s = str_sub(s, (size_t)end + 1, s.n);
    }
    return s.n == 0 && str_find(str_of(written), STR("${")) >= 0;
}

/* The text of entry i: as it is, as written with its variables, or, with *hidden, redacted. */
static bool entry_text(const struct place *p, const struct opt *o, size_t i, struct buf *text, bool *raw, bool *hidden)
{
    char out[64];
    const char *value = opt_text(o, p->c, i, out);
    size_t at = (size_t)(o - opt_run.opts);
    enum opt_source from = (enum opt_source)p->seen->source[at];
    *raw = *hidden = false;
    buf_clear(text);
    if (!value)
        return false;
    if ((o->flags & OPT_SECRET) || p->seen->secret[at]) {
        bool file = from == OPT_FROM_FILE || from == OPT_FROM_LEVEL;
        const char *written = file ? bench_written(p->s->bench, p->level, o, i) : NULL;
        *raw = written && (variables_alone(o, written) || !(o->flags & OPT_SECRET));
        *hidden = !*raw;
        const char *colon = o->map == OPT_MAP_LINES ? strchr(value, ':') : NULL;
        if (*hidden && colon) /* a header's name is no secret */
            buf_add(text, value, (size_t)(colon - value));
        buf_addz(text, *raw ? written : colon ? ": [redacted]" : "[redacted]");
    } else if (strcmp(o->name, "url") == 0) {
        struct str_split it = {.rest = str_of(value), .sep = ' '};
        struct str part;
        while (str_next(&it, &part)) {
            buf_addz(text, text->n ? " " : "");
            redact_url(text, part);
        }
        *hidden = !str_eqz(buf_str(text), value);
    } else if (o->flags & OPT_URL) {
        redact_url(text, str_of(value));
        *hidden = !str_eqz(buf_str(text), value);
    } else {
        buf_addz(text, value);
    }
    return true;
}

/* Whether a line came of it that is no comment. */
static bool put_option(struct buf *out, const struct place *p, const struct opt *o)
{
    struct buf text = BUF_INIT(LINE_MAX_BYTES);
    char source[320];
    bool raw, hidden, list = o->kind == OPT_LIST, headed = false, any = false;
    const char *comment = p->seen->source[o - opt_run.opts] == OPT_FROM_DEFAULT ? "# " : "";
    for (size_t i = 0; entry_text(p, o, i, &text, &raw, &hidden); i++) {
        size_t line = out->n;
        if (list && !headed && !hidden) {
            buf_addf(out, "%s%s%s:", p->indent, comment, o->name);
            put_source(out, line, source_text(source, p, o));
            line = out->n;
            headed = true;
        }
        any |= !hidden && !*comment;
        buf_addf(out, "%s%s", p->indent, hidden ? "# " : comment);
        if (!list || hidden)
            buf_addf(out, "%s: ", o->name);
        else
            buf_addz(out, "  - ");
        put_scalar(out, buf_str(&text), !raw);
        if (hidden)
            put_source(out, line, "hidden; give it again");
        else if (list)
            buf_addc(out, '\n');
        else
            put_source(out, line, source_text(source, p, o));
    }
    buf_free(&text);
    return any;
}

static bool is_shown(const struct opt *o)
{
    return !(o->flags & (OPT_HIDDEN | OPT_NO_FILE));
}

static void put_level(struct buf *out, const struct run_settings *s, size_t level)
{
    const struct run_config *c = &s->levels[level];
    const struct opt_seen *seen = &s->level[level].seen;
    struct place p = {s, c, seen, level, "    "};
    char where[320] = "stored run";
    size_t line = out->n;
    if (!s->stored)
        bench_level_where(s->bench, level, where);
    buf_addz(out, "  - ");
    if (c->level_name) {
        buf_addz(out, "name: ");
        put_scalar(out, str_of(c->level_name), true);
    } else {
        buf_addz(out, "x-level: ");
        buf_addf(out, "%zu", level + 1);
    }
    put_source(out, line, where);
    for (size_t i = 0; i < opt_run.n; i++) {
        enum opt_source from = (enum opt_source)seen->source[i];
        if (is_shown(&opt_run.opts[i]) && (from == OPT_FROM_LEVEL || from == OPT_FROM_STORED_LEVEL))
            put_option(out, &p, &opt_run.opts[i]);
    }
}

void run_settings_show(const struct run_settings *s, struct buf *out)
{
    struct place p = {s, &s->c, &s->seen, SIZE_MAX, ""};
    buf_addz(out, "# The options of weir run as they come together; weir run -f reads this.\n");
    bool any = false;
    for (int given = 1; given >= 0; given--) {
        if (!given)
            buf_addf(out, "%s\n# Left at their defaults:\n", any ? "" : "{} # nothing is given\n");
        for (size_t i = 0; i < opt_run.n; i++) {
            if (is_shown(&opt_run.opts[i]) && (s->seen.source[i] != OPT_FROM_DEFAULT) == given)
                any |= put_option(out, &p, &opt_run.opts[i]);
        }
        for (size_t i = 0; given && i < s->n_levels; i++) {
            if (i == 0)
                buf_addz(out, "levels:\n");
            any = true;
            put_level(out, s, i);
        }
    }
}

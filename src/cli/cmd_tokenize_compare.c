/* cmd_tokenize_compare.c - `weir tokenize --compare-ids`: the ids of another program against ours. */
#include "base/clock.h"
#include "base/file.h"
#include "base/jout.h"
#include "base/jscan.h"
#include "base/xalloc.h"
#include "cli/cmd_tokenize.h"

enum { SHOWN = 20, AROUND = 4, TEXT_SHOWN = 200 };

struct line {
    struct buf text;
    struct tok_ids ids, ours;
    bool has_text, has_ids, specials;
};

static bool read_ids(struct js *s, struct tok_ids *ids)
{
    int64_t v;
    if (!js_enter(s, '['))
        return false;
    while (js_elem(s)) {
        if (js_i64(s, &v) != 0 || v < 0 || v > UINT32_MAX)
            return false;
        tok_ids_push(ids, (uint32_t)v);
    }
    return !s->bad;
}

static bool read_line(struct line *l, struct str raw)
{
    struct js s;
    struct str key, value;
    l->has_text = l->has_ids = l->specials = false;
    l->ids.n = 0;
    buf_clear(&l->text);
    js_init(&s, raw);
    if (js_peek(&s) != JS_OBJ)
        return false;
    js_enter(&s, '{');
    while (js_key(&s, &key)) {
        if (js_raw_eq(key, "text")) {
            if (js_string(&s, &value) != 0)
                return false;
            char *room = buf_room(&l->text, value.n);
            buf_wrote(&l->text, js_decode(value, room));
            l->has_text = true;
        } else if (js_raw_eq(key, "ids")) {
            if (!read_ids(&s, &l->ids))
                return false;
            l->has_ids = true;
        } else if (js_raw_eq(key, "specials")) {
            if (js_bool(&s, &l->specials) != 0)
                return false;
        } else if (js_skip(&s, NULL) != 0) {
            return false;
        }
    }
    return js_done(&s) && l->has_text && l->has_ids;
}

/* The ids near the first that differs, which stands in brackets. */
static void show_ids(struct buf *out, const char *whose, const struct tok_ids *ids, size_t at)
{
    size_t from = at > AROUND ? at - AROUND : 0, to = MIN(ids->n, at + AROUND + 1);
    buf_addf(out, "  %s %s", whose, from ? "…" : "");
    for (size_t i = from; i < to; i++)
        buf_addf(out, i == at ? "%s[%u]" : "%s%u", i > from || from ? " " : "", ids->v[i]);
    if (at >= ids->n)
        buf_addz(out, at ? " [end]" : "[end]");
    buf_addz(out, to < ids->n ? " …\n" : "\n");
}

static void show(struct tokenizing *k, const struct line *l, size_t line)
{
    size_t at = 0, n = MIN(l->text.n, (size_t)TEXT_SHOWN);
    while (at < l->ids.n && at < l->ours.n && l->ids.v[at] == l->ours.v[at])
        at++;
    while (n && n < l->text.n && ((unsigned char)l->text.p[n] & 0xC0) == 0x80)
        n--;
    buf_addf(&k->out, "line %zu: differs from id %zu on (weir gives %zu, the file %zu): \"", line, at + 1, l->ours.n,
             l->ids.n);
    json_escape(&k->out, str_sub(buf_str(&l->text), 0, n));
    buf_addf(&k->out, "\"%s\n", n < l->text.n ? "…" : "");
    show_ids(&k->out, "weir:", &l->ours, at);
    show_ids(&k->out, "file:", &l->ids, at);
}

static int compare_line(struct tokenizing *k, struct line *l, struct str raw, size_t line, const char *path,
                        struct err *e)
{
    if (!str_trim(raw).n)
        return 0;
    if (!read_line(l, raw))
        return err_set(e, ERR_DATA,
                       "%s:%zu: must be a JSON object with \"text\", a string, and \"ids\", a list of token ids", path,
                       line);
    l->ours.n = 0;
    tok_encode(k->coder, buf_str(&l->text), l->specials || k->c.specials ? TOK_SPECIALS : 0, &l->ours);
    k->texts++;
    k->bytes += l->text.n;
    k->tokens += l->ours.n;
    if (l->ours.n == l->ids.n && (!l->ids.n || memcmp(l->ours.v, l->ids.v, l->ids.n * sizeof *l->ids.v) == 0))
        return 0;
    if (++k->differ <= SHOWN)
        show(k, l, line);
    return 0;
}

int tokenize_compare(struct tokenizing *k, const char *path, struct err *e)
{
    struct file_map map;
    struct line l = {.text = BUF_INIT(SIZE_MAX - 1)};
    int rc = 0;
    if (file_open_map(&map, path, (size_t)64 << 30, e) != 0)
        return -1;
    int64_t begin = clock_mono();
    struct str text = map.text;
    for (size_t line = 1; rc == 0 && text.n; line++) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end ? (size_t)(end - text.p) : text.n;
        rc = compare_line(k, &l, str_sub(text, 0, n), line, path, e);
        text = str_sub(text, n + (end != NULL), text.n);
    }
    k->took = clock_mono() - begin;
    if (rc == 0)
        buf_addf(&k->out, "%llu texts, %llu tokens, %llu differ\n", (unsigned long long)k->texts,
                 (unsigned long long)k->tokens, (unsigned long long)k->differ);
    buf_free(&l.text);
    tok_ids_free(&l.ids);
    tok_ids_free(&l.ours);
    file_close_map(&map);
    return rc;
}

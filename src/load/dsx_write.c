#include "load/dsx_write.h"

#include "base/jscan.h"

static const char *const NAMES[DSX_FORMATS] = {"conversations", "messages", "text", "csv"};

const char *dsx_format_name(enum dsx_format f)
{
    return NAMES[f];
}

bool dsx_format_of(struct str name, enum dsx_format *out)
{
    for (int i = 0; i < DSX_FORMATS; i++) {
        if (str_eqz(name, NAMES[i])) {
            *out = (enum dsx_format)i;
            return true;
        }
    }
    return false;
}

void dsx_writer_init(struct dsx_writer *w, enum dsx_format f, struct buf *out, struct anon *anon)
{
    *w = (struct dsx_writer){.format = f, .out = out, .anon = anon};
    buf_init(&w->scratch, SIZE_MAX / 4);
    buf_init(&w->text, SIZE_MAX / 4);
    if (f == DSX_CONVERSATIONS)
        buf_addz(out, "[");
    if (f == DSX_CSV)
        buf_addz(out, "prompt,max_tokens\n");
}

void dsx_writer_end(struct dsx_writer *w)
{
    if (w->format == DSX_CONVERSATIONS)
        buf_addz(w->out, w->written ? "\n]\n" : "]\n");
}

void dsx_writer_free(struct dsx_writer *w)
{
    buf_free(&w->scratch);
    buf_free(&w->text);
}

static void put_content(struct dsx_writer *w, struct str raw)
{
    buf_addc(w->out, '"');
    if (w->anon)
        anon_escaped(w->anon, raw, &w->scratch, w->out);
    else
        buf_adds(w->out, raw);
    buf_addc(w->out, '"');
}

static void put_turn(struct dsx_writer *w, const struct plan_msg *m)
{
    buf_addf(w->out, "{\"role\":\"%s\",\"content\":", plan_role_name(m->role));
    put_content(w, m->content);
    buf_addc(w->out, '}');
}

/* Whether the format has a place for message i. */
static bool fits_conversation(struct dsx_writer *w, const struct plan_sample *s, uint32_t i)
{
    const struct plan_msg *m = &s->msgs[i];
    if (m->raw_json.n > 0) {
        w->lost.whole++;
        return false;
    }
    if (m->role == ROLE_SYSTEM && i > 0) {
        w->lost.roles++;
        return false;
    }
    return m->content.n > 0;
}

static void write_conversation(struct dsx_writer *w, const struct plan_sample *s)
{
    bool system = s->n_msgs > 0 && s->msgs[0].role == ROLE_SYSTEM && s->msgs[0].raw_json.n == 0, any = false;
    size_t before = w->out->n;
    buf_addz(w->out, w->written ? ",\n  {\"prompt_content\":" : "\n  {\"prompt_content\":");
    put_content(w, system ? s->msgs[0].content : STR(""));
    buf_addz(w->out, ",\"cut_chat_history\":[");
    for (uint32_t i = system; i < s->n_msgs; i++) {
        if (!fits_conversation(w, s, i))
            continue;
        buf_addz(w->out, any ? ",\n    " : "\n    ");
        put_turn(w, &s->msgs[i]);
        any = true;
    }
    buf_addz(w->out, "]}");
    if (!any && !system) {
        w->out->n = before;
        w->lost.entries++;
        return;
    }
    w->lost.max_tokens += s->max_tokens >= 0;
    w->written++;
}

static void write_messages(struct dsx_writer *w, const struct plan_sample *s)
{
    buf_addz(w->out, "{\"messages\":[");
    for (uint32_t i = 0; i < s->n_msgs; i++) {
        const struct plan_msg *m = &s->msgs[i];
        if (i > 0)
            buf_addc(w->out, ',');
        if (m->raw_json.n == 0)
            put_turn(w, m);
        else if (w->anon)
            anon_json(w->anon, m->raw_json, &w->scratch, w->out);
        else
            buf_adds(w->out, m->raw_json);
    }
    buf_addc(w->out, ']');
    if (s->max_tokens >= 0)
        buf_addf(w->out, ",\"max_tokens\":%lld", (long long)s->max_tokens);
    buf_addz(w->out, "}\n");
    w->written++;
}

/* All contents as plain text in w->text, with `between` between them; false: there are none. */
static bool join(struct dsx_writer *w, const struct plan_sample *s, char between)
{
    uint32_t n = 0;
    buf_clear(&w->text);
    for (uint32_t i = 0; i < s->n_msgs; i++) {
        const struct plan_msg *m = &s->msgs[i];
        if (m->raw_json.n > 0) {
            w->lost.whole++;
            continue;
        }
        char *room = buf_room(&w->scratch, m->content.n + 1);
        struct str plain = {room, js_decode(m->content, room)};
        if (n++ > 0)
            buf_addc(&w->text, between);
        if (w->anon)
            anon_text(w->anon, plain, &w->text);
        else
            buf_adds(&w->text, plain);
    }
    w->lost.joined += n > 1;
    return str_trim(buf_str(&w->text)).n > 0;
}

static void write_text(struct dsx_writer *w, const struct plan_sample *s)
{
    if (!join(w, s, ' ')) {
        w->lost.entries++;
        return;
    }
    for (size_t i = 0; i < w->text.n; i++) { /* a line is an entry */
        char c = w->text.p[i];
        buf_addc(w->out, c == '\n' || c == '\r' || c == 0 ? ' ' : c);
    }
    buf_addc(w->out, '\n');
    w->lost.max_tokens += s->max_tokens >= 0;
    w->written++;
}

/* RFC 4180. */
static void write_csv(struct dsx_writer *w, const struct plan_sample *s)
{
    if (!join(w, s, '\n')) {
        w->lost.entries++;
        return;
    }
    buf_addc(w->out, '"');
    for (size_t i = 0; i < w->text.n; i++) {
        if (w->text.p[i] == '"')
            buf_addc(w->out, '"');
        buf_addc(w->out, w->text.p[i] ? w->text.p[i] : ' ');
    }
    buf_addz(w->out, "\",");
    if (s->max_tokens >= 0)
        buf_addf(w->out, "%lld", (long long)s->max_tokens);
    buf_addc(w->out, '\n');
    w->written++;
}

void dsx_write(struct dsx_writer *w, const struct plan_sample *s)
{
    const struct plan_extra *x = s->extra;
    w->lost.extras += x && (x->klass.n || x->model.n || x->at >= 0 || x->method.n || x->path.n || x->body.n);
    switch (w->format) {
    case DSX_CONVERSATIONS:
        write_conversation(w, s);
        break;
    case DSX_MESSAGES:
        write_messages(w, s);
        break;
    case DSX_TEXT:
        write_text(w, s);
        break;
    case DSX_CSV:
        write_csv(w, s);
        break;
    case DSX_FORMATS:
        break;
    }
}

void dsx_lost_text(const struct dsx_writer *w, struct buf *out)
{
    const struct dsx_lost *l = &w->lost;
    const char *f = NAMES[w->format];
    if (l->entries)
        buf_addf(out, "%llu entries had nothing that %s can hold and were left out\n", (unsigned long long)l->entries,
                 f);
    if (l->joined)
        buf_addf(out,
                 "%llu entries had several messages: %s holds one text, so they were joined and lost their roles\n",
                 (unsigned long long)l->joined, f);
    if (l->whole)
        buf_addf(out, "%llu messages with tool calls or content parts were left out; messages could hold them\n",
                 (unsigned long long)l->whole);
    if (l->roles)
        buf_addf(out, "%llu system messages behind the first message were left out; messages could hold them\n",
                 (unsigned long long)l->roles);
    if (l->max_tokens)
        buf_addf(out, "%llu entries lost their max_tokens, for which %s has no place\n",
                 (unsigned long long)l->max_tokens, f);
    if (l->extras)
        buf_addf(out, "%llu entries lost their class, model, instant or request, for which %s has no place\n",
                 (unsigned long long)l->extras, f);
}

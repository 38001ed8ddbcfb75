#include "api/api_memo.h"

#include "base/scan.h"
#include "base/xalloc.h"

enum { GIVE_UP = 8 /* events in a row that were not alike */ };

void api_memo_reset(struct api_memo *m)
{
    m->flag = 0;
    m->misses = 0;
    m->seen = 0;
    m->tokens = 0;
    m->parts = false;
}

void api_memo_free(struct api_memo *m)
{
    free(m->bytes);
    *m = (struct api_memo){0};
}

/* The text of an event that is like the last one; p NULL: it is not. */
static inline struct str alike(const struct api_memo *m, struct str data)
{
    if (data.n <= m->head + m->tail || memcmp(data.p, m->bytes, m->head) != 0)
        return (struct str){0};
    const char *from = data.p + m->head, *to = data.p + data.n - m->tail;
    if (memcmp(to, m->bytes + m->head, m->tail) != 0 || scan_clean(from, to, false) != to)
        return (struct str){0};
    return (struct str){from, (size_t)(to - from)};
}

static void remember(struct api_memo *m, struct str type, struct str data, const struct api_event *ev)
{
    bool token_alone = ev->flags == API_CONTENT || ev->flags == API_REASONING || ev->flags == API_TOOL;
    m->flag = 0;
    if (!token_alone || ev->n_texts != 1 || ev->text_bytes != ev->text[0].n || type.n > sizeof m->type)
        return;
    size_t head = (size_t)(ev->text[0].p - data.p), tail = data.n - head - ev->text[0].n;
    if (head + tail > API_MEMO_MAX)
        return;
    if (m->cap < head + tail) {
        m->cap = head + tail;
        m->bytes = xreallocarray(m->bytes, m->cap, 1);
    }
    memcpy(m->bytes, data.p, head);
    memcpy(m->bytes + head, data.p + data.n - tail, tail);
    if (type.n > 0)
        memcpy(m->type, type.p, type.n);
    m->type_n = type.n;
    m->head = head;
    m->tail = tail;
    m->flag = ev->flags;
}

/* Whether the text is not the answer from its beginning. An answer gets shorter only at its end, by a stop string. */
static bool is_part(const struct api_memo *m, const struct api_event *ev, struct str all)
{
    size_t known = MIN(MIN(m->seen, sizeof m->begin), all.n);
    if (known > 0 && memcmp(all.p, m->begin, known) != 0)
        return true;
    return all.n < m->seen && !(ev->flags & API_FINISH);
}

static void cut_known(struct api_memo *m, struct api_event *ev)
{
    struct str all = ev->n_texts > 0 ? ev->text[0] : STR("");
    bool more = m->seen > 0 && ev->completion_tokens > m->tokens; /* the first token is one with text */
    m->tokens = MAX(m->tokens, ev->completion_tokens);
    if (more)
        ev->flags |= API_CONTENT;
    if (all.n == 0 || m->parts)
        return;
    m->parts = is_part(m, ev, all);
    if (m->parts)
        return;
    if (m->seen < sizeof m->begin)
        memcpy(m->begin, all.p, MIN(all.n, sizeof m->begin));
    if (!more)
        ev->flags &= ~(unsigned)API_CONTENT;
    ev->n_texts = 0;
    ev->text_bytes = 0;
    api_event_text(ev, API_CONTENT, str_sub(all, m->seen, all.n)); /* nothing, where the server took some back */
    m->seen = all.n;
}

enum api_rc api_memo_event(const struct api_ops *ops, struct api_memo *m, struct str type, struct str data,
                           struct api_event *ev)
{
    if (m->flag && str_eq(type, (struct str){m->type, m->type_n})) {
        struct str text = alike(m, data);
        if (LIKELY(text.p != NULL)) {
            api_event_clear(ev);
            api_event_text(ev, m->flag, text);
            m->misses = 0;
            return API_OK;
        }
    }
    enum api_rc rc = ops->event(type, data, ev);
    if (rc == API_OK && ev->whole) {
        cut_known(m, ev);
    } else if (rc == API_OK && !ev->plain && m->misses < GIVE_UP) {
        m->misses++;
        remember(m, type, data, ev);
    }
    return rc;
}

#include "record/record.h"

#include "base/xalloc.h"

/* Four varints of at most 10 bytes each. */
#define EVENT_MAX 40

static const char *const outcome_names[OUT_COUNT] = {
#define X(id, name, help) name,
    OUTCOME_MAP(X)
#undef X
};

static const char *const outcome_helps[OUT_COUNT] = {
#define X(id, name, help) help,
    OUTCOME_MAP(X)
#undef X
};

const char *outcome_name(enum outcome o)
{
    return (unsigned)o < OUT_COUNT ? outcome_names[o] : "unknown";
}

const char *outcome_help(enum outcome o)
{
    return (unsigned)o < OUT_COUNT ? outcome_helps[o] : "";
}

char *outcome_text(char out[32], enum outcome o, int status)
{
    if (o == OUT_HTTP && status > 0)
        snprintf(out, 32, "http_%d", status);
    else
        snprintf(out, 32, "%s", outcome_name(o));
    return out;
}

int outcome_parse(struct str text, enum outcome *o, int *status)
{
    for (int i = 0; i < OUT_COUNT; i++) {
        if (str_eqz(text, outcome_names[i])) {
            *o = (enum outcome)i;
            *status = 0;
            return 0;
        }
    }
    int64_t v;
    if (!str_starts(text, STR("http_")) || parse_i64(str_sub(text, 5, text.n), &v) != 0 || v < 1 || v > 99999)
        return -1;
    *o = OUT_HTTP;
    *status = (int)v;
    return 0;
}

const char *token_source_name(enum token_source s)
{
    static const char *const names[] = {"none", "usage", "server", "tokenizer", "words"};
    return (unsigned)s < ARRAY_LEN(names) ? names[s] : "none";
}

const char *finish_reason_name(enum finish_reason f)
{
    static const char *const names[] = {"none", "stop", "length", "tool_calls", "content_filter", "other"};
    return (unsigned)f < ARRAY_LEN(names) ? names[f] : "other";
}

void rec_slab_init(struct rec_slab *s, size_t max_blocks)
{
    *s = (struct rec_slab){.max_blocks = max_blocks};
}

void rec_slab_free(struct rec_slab *s)
{
    for (struct record *r = s->free_records, *next; r; r = next) {
        next = r->next;
        free(r);
    }
    for (struct rec_block *b = s->free_blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    *s = (struct rec_slab){.max_blocks = s->max_blocks};
}

struct record *rec_new(struct rec_slab *s)
{
    struct record *r = s->free_records;
    if (r) {
        s->free_records = r->next;
    } else {
        r = xmalloc(sizeof *r);
        s->n_records++;
    }
    *r = (struct record){.tokens_in = -1,
                         .tokens_out = -1,
                         .tokens_cached = -1,
                         .tokens_reasoning = -1,
                         .counted_in = -1,
                         .counted_out = -1};
    return r;
}

void rec_recycle(struct rec_slab *s, struct record *r)
{
    if (r->last) {
        r->last->next = s->free_blocks;
        s->free_blocks = r->first;
    }
    r->first = r->last = NULL;
    r->next = s->free_records;
    s->free_records = r;
}

static struct rec_block *block_new(struct rec_slab *s)
{
    struct rec_block *b = s->free_blocks;
    if (b) {
        s->free_blocks = b->next;
    } else {
        if (s->n_blocks >= s->max_blocks)
            return NULL;
        b = xmalloc(sizeof *b);
        s->n_blocks++;
    }
    b->next = NULL;
    b->used = 0;
    return b;
}

static inline size_t put_varint(unsigned char *p, uint64_t v)
{
    size_t n = 0;
    while (v >= 0x80) {
        p[n++] = (unsigned char)(v | 0x80);
        v >>= 7;
    }
    p[n++] = (unsigned char)v;
    return n;
}

uint64_t rec_varint_long(const unsigned char **at)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        unsigned char c = *(*at)++;
        v |= (uint64_t)(c & 0x7f) << shift;
        if (!(c & 0x80))
            break;
    }
    return v;
}

/* Gaps are as good as never negative, but a stepped clock must not turn one into 10 bytes of nonsense. */
static inline uint64_t zigzag(int64_t v)
{
    return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
}

int rec_add_event(struct rec_slab *s, struct record *r, const struct rec_event *ev)
{
    if (r->n_events == UINT32_MAX)
        return -1;
    unsigned char tmp[EVENT_MAX];
    int64_t prev = r->prev_event;
    if (r->n_events == 0) {
        if (r->first_token == 0)
            r->first_token = ev->at;
        prev = r->first_token;
    }
    size_t n = put_varint(tmp, zigzag(ev->at - prev));
    n += put_varint(tmp + n, ev->bytes);
    n += put_varint(tmp + n, ev->width > 0 ? (uint64_t)ev->width : 0);
    n += put_varint(tmp + n, ev->cumulative >= 0 ? (uint64_t)ev->cumulative + 1 : 0);

    struct rec_block *b = r->last;
    if (!b || b->used + n > REC_BLOCK_BYTES) {
        b = block_new(s);
        if (!b)
            return -1;
        if (r->last)
            r->last->next = b;
        else
            r->first = b;
        r->last = b;
    }
    memcpy(b->bytes + b->used, tmp, n);
    b->used = (uint16_t)(b->used + n);
    r->n_events++;
    r->events_bytes += ev->bytes;
    r->prev_event = ev->at;
    return 0;
}

#include "base/jscan.h"
#include "base/xalloc.h"
#include "tok/tok_private.h"

struct entry {
    size_t at; /* in `block` */
    uint32_t n, id;
};

struct slot {
    uint32_t hash;
    uint32_t entry; /* index + 1, 0 = free */
};

struct vocab {
    struct buf block; /* the tokens, one behind the other */
    struct entry *entries;
    uint32_t n, cap;
    struct slot *slots; /* open addressing, a power of two, at most two thirds full */
    uint32_t mask;
    uint32_t *by_id; /* entry + 1, 0 = none */
    uint32_t end, ids_cap;
};

static uint64_t load64(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t mixed(uint64_t a, uint64_t b)
{
    __uint128_t m = (__uint128_t)a * b;
    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static uint32_t hash_of(struct str s)
{
    const uint64_t k0 = 0x9e3779b97f4a7c15ULL, k1 = 0xd6e8feb86659fd93ULL;
    uint64_t h = k0 ^ s.n;
    const char *p = s.p;
    size_t n = s.n;
    for (; n > 8; p += 8, n -= 8)
        h = mixed(h ^ load64(p), k1);
    uint64_t tail = 0;
    for (size_t i = 0; i < n; i++)
        tail |= (uint64_t)(unsigned char)p[i] << (8 * i);
    h = mixed(h ^ tail, k1);
    return (uint32_t)(h ^ (h >> 32));
}

static void resize(struct vocab *v, uint32_t size)
{
    struct slot *old = v->slots;
    uint32_t old_size = old ? v->mask + 1 : 0;
    v->slots = xcalloc_wide(size, sizeof *v->slots);
    v->mask = size - 1;
    for (uint32_t i = 0; i < old_size; i++) {
        if (!old[i].entry)
            continue;
        uint32_t at = old[i].hash & v->mask;
        while (v->slots[at].entry)
            at = (at + 1) & v->mask;
        v->slots[at] = old[i];
    }
    free(old);
}

struct vocab *vocab_new(size_t expected)
{
    struct vocab *v = xcalloc(1, sizeof *v);
    buf_init(&v->block, SIZE_MAX - 1);
    uint32_t size = 64;
    expected = MIN(expected, VOCAB_IDS);
    while (size / 3 * 2 < expected)
        size *= 2;
    resize(v, size);
    return v;
}

void vocab_free(struct vocab **v)
{
    if (!*v)
        return;
    buf_free(&(*v)->block);
    free((*v)->entries);
    free((*v)->slots);
    free((*v)->by_id);
    free(*v);
    *v = NULL;
}

static struct str text_of(const struct vocab *v, const struct entry *x)
{
    return (struct str){v->block.p + x->at, x->n};
}

/* The slot that holds the token, or the free one where it belongs. */
static struct slot *slot_of(const struct vocab *v, struct str token, uint32_t hash)
{
    uint32_t at = hash & v->mask;
    while (v->slots[at].entry &&
           !(v->slots[at].hash == hash && str_eq(text_of(v, &v->entries[v->slots[at].entry - 1]), token)))
        at = (at + 1) & v->mask;
    return &v->slots[at];
}

static void set_id(struct vocab *v, uint32_t id, uint32_t entry)
{
    if (id >= v->ids_cap) {
        uint32_t cap = v->ids_cap ? v->ids_cap : 1024;
        while (cap <= id)
            cap *= 2;
        v->by_id = xreallocarray(v->by_id, cap, sizeof *v->by_id);
        memset(v->by_id + v->ids_cap, 0, (cap - v->ids_cap) * sizeof *v->by_id);
        v->ids_cap = cap;
    }
    v->by_id[id] = entry + 1;
    v->end = MAX(v->end, id + 1);
}

bool vocab_add(struct vocab *v, struct str token, uint32_t id)
{
    if (id >= VOCAB_IDS || token.n > UINT32_MAX)
        return false;
    uint32_t hash = hash_of(token);
    struct slot *s = slot_of(v, token, hash);
    if (s->entry) {
        struct entry *x = &v->entries[s->entry - 1];
        if (v->by_id[x->id] == s->entry)
            v->by_id[x->id] = 0;
        x->id = id;
        set_id(v, id, s->entry - 1);
        return true;
    }
    if (v->n >= VOCAB_IDS)
        return false;
    if (v->n == v->cap) {
        v->cap = v->cap ? v->cap * 2 : 1024;
        v->entries = xreallocarray(v->entries, v->cap, sizeof *v->entries);
    }
    v->entries[v->n] = (struct entry){v->block.n, (uint32_t)token.n, id};
    buf_adds(&v->block, token);
    *s = (struct slot){hash, v->n + 1};
    set_id(v, id, v->n);
    v->n++;
    if (v->n > v->mask / 3 * 2)
        resize(v, (v->mask + 1) * 2);
    return true;
}

void vocab_hint(const struct vocab *v, struct str token, bool found)
{
    const struct slot *s = &v->slots[hash_of(token) & v->mask];
    if (!found)
        __builtin_prefetch(s);
    else if (s->entry)
        __builtin_prefetch(&v->entries[s->entry - 1]);
}

bool vocab_id(const struct vocab *v, struct str token, uint32_t *id)
{
    struct slot *s = slot_of(v, token, hash_of(token));
    if (!s->entry)
        return false;
    *id = v->entries[s->entry - 1].id;
    return true;
}

struct str vocab_token(const struct vocab *v, uint32_t id)
{
    if (id >= v->end || !v->by_id[id])
        return (struct str){NULL, 0};
    return text_of(v, &v->entries[v->by_id[id] - 1]);
}

struct str vocab_at(const struct vocab *v, uint32_t i, uint32_t *id)
{
    *id = v->entries[i].id;
    return text_of(v, &v->entries[i]);
}

uint32_t vocab_size(const struct vocab *v)
{
    return v->n;
}

uint32_t vocab_end(const struct vocab *v)
{
    return v->end;
}

int vocab_read(struct vocab *v, struct str raw, const char *path, struct err *e)
{
    struct js s;
    struct buf text;
    struct str key;
    int rc = 0;
    js_init(&s, raw);
    if (js_peek(&s) != JS_OBJ)
        return err_set(e, ERR_DATA, "%s: is no object of tokens and their ids", path);
    js_enter(&s, '{');
    buf_init(&text, SIZE_MAX - 1);
    while (rc == 0 && js_key(&s, &key)) {
        int64_t id = 0;
        buf_clear(&text);
        char *room = buf_room(&text, key.n);
        struct str token = {room, js_decode(key, room)};
        if (js_peek(&s) != JS_NUM || js_i64(&s, &id) != 0 || id < 0 || id >= VOCAB_IDS)
            rc = err_set(e, ERR_DATA, "%s[\"" STR_FMT "\"]: the id must be a whole number from 0 to %u", path,
                         STR_ARG(str_sub(key, 0, 100)), VOCAB_IDS - 1);
        else
            vocab_add(v, token, (uint32_t)id);
    }
    if (rc == 0 && s.bad)
        rc = err_set(e, ERR_DATA, "%s: %s", path, s.what);
    buf_free(&text);
    return rc;
}

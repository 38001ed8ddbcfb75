#include "tok/tok_darts.h"

#include "base/xalloc.h"
#include "tok/tok_utf8.h"

/* A unit: bits 0-7 the label, 8 whether a value hangs here, 9 whether the offset is shifted, 10-30 the offset; one that
 * is a value has bit 31 set and the value below. */
static bool has_value(uint32_t unit)
{
    return unit >> 8 & 1;
}

static uint32_t label_of(uint32_t unit)
{
    return unit & (1U << 31 | 0xFF);
}

static uint32_t offset_of(uint32_t unit)
{
    return (unit >> 10) << ((unit & 1U << 9) >> 6);
}

static uint32_t value_of(uint32_t unit)
{
    return unit & ~(1U << 31);
}

static uint32_t get32(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint32_t)u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 | (uint32_t)u[3] << 24;
}

/* One step: *at becomes the place behind the label; false: no such way. */
static bool step(const struct darts *d, uint32_t *at, unsigned char c)
{
    uint32_t next = *at ^ c;
    if (c == 0 || next >= d->n || label_of(d->unit[next]) != c)
        return false;
    bool value = has_value(d->unit[next]);
    *at = next ^ offset_of(d->unit[next]);
    return !value || *at < d->n;
}

static bool value_at(const struct darts *d, uint32_t from, uint32_t at, unsigned char c)
{
    return has_value(d->unit[from ^ c]) && at < d->n;
}

static struct str text_at(const struct darts *d, uint32_t value)
{
    const char *p = d->pool + value;
    return (struct str){p, strlen(p)};
}

static bool search(const struct darts *d, struct str key, bool longest, struct str *to, size_t *length)
{
    bool found = false;
    if (d->n == 0)
        return false;
    uint32_t at = offset_of(d->unit[0]);
    for (size_t i = 0; i < key.n; i++) {
        uint32_t from = at;
        unsigned char c = (unsigned char)key.p[i];
        if (!step(d, &at, c))
            break;
        if (!value_at(d, from, at, c))
            continue;
        if (i + 1 < key.n && ((unsigned char)key.p[i + 1] & 0xC0) == 0x80)
            continue; /* inside a character */
        uint32_t value = value_of(d->unit[at]);
        if (value > d->pool_n)
            break;
        *to = text_at(d, value);
        *length = i + 1;
        found = true;
        if (!longest)
            break;
    }
    return found;
}

bool darts_shortest(const struct darts *d, struct str key, struct str *to)
{
    size_t length;
    return search(d, key, false, to, &length);
}

bool darts_longest(const struct darts *d, struct str key, struct str *to, size_t *length)
{
    return search(d, key, true, to, length);
}

/* Replacements that begin inside a character would make text that is not UTF-8. */
static int check_values(const struct darts *d, const char *path, struct err *e)
{
    for (uint32_t i = 0; i < d->n; i++) {
        uint32_t at = i ^ offset_of(d->unit[i]);
        if (d->unit[i] >> 31 || !has_value(d->unit[i]))
            continue;
        uint32_t value = at < d->n ? value_of(d->unit[at]) : UINT32_MAX;
        if (value > d->pool_n || ((unsigned char)d->pool[value] & 0xC0) == 0x80)
            return err_set(e, ERR_DATA, "%s: is damaged: a rule of its trie leads outside its strings", path);
    }
    return 0;
}

static void find_lone_ascii(struct darts *d)
{
    uint32_t root = d->n ? offset_of(d->unit[0]) : 0;
    for (unsigned c = 0; c < 128; c++) {
        uint32_t at = root;
        bool lone = true;
        if (step(d, &at, (unsigned char)c)) {
            lone = !value_at(d, root, at, (unsigned char)c);
            for (unsigned next = 1; lone && next < 128; next++) {
                uint32_t further = at;
                lone = !step(d, &further, (unsigned char)next);
            }
        }
        d->lone_ascii[c] = lone;
    }
}

int darts_read(struct darts *d, struct str blob, const char *path, struct err *e)
{
    *d = (struct darts){0};
    uint32_t size = blob.n >= 4 ? get32(blob.p) : 0;
    if (blob.n < 4 || size > blob.n - 4 || size % 4 != 0)
        return err_set(e, ERR_DATA, "%s: is damaged: its trie of %u bytes does not fit into its %zu bytes", path, size,
                       blob.n);
    struct str pool = str_sub(blob, 4 + (size_t)size, SIZE_MAX);
    if (utf8_valid(pool) != pool.n)
        return err_set(e, ERR_DATA, "%s: is damaged: its strings are not UTF-8", path);
    d->n = size / 4;
    d->unit = xmalloc(size + 4);
    for (uint32_t i = 0; i < d->n; i++)
        d->unit[i] = get32(blob.p + 4 + 4 * (size_t)i);
    d->pool = xmemdup0(pool.n ? pool.p : "", pool.n);
    d->pool_n = pool.n;
    if (check_values(d, path, e) != 0) {
        darts_free(d);
        return -1;
    }
    find_lone_ascii(d);
    return 0;
}

void darts_free(struct darts *d)
{
    free(d->unit);
    free(d->pool);
    *d = (struct darts){0};
}

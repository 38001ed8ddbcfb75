/* ds_mooncake.c - the traces of Mooncake: {"timestamp": ms, "input_length": n, "output_length": n, "hash_ids": [...]} a
 * line. Prompts are made up of so many words (of one token each, where there is a tokenizer): one block of 512 for each
 * hash id, the last one shorter, so that equal ids give equal text and a prefix cache finds again what it found in the
 * service that was traced. What the ids do not cover is the entry's own. Source: kvcache-ai/Mooncake,
 * FAST25-release/traces (block size 512). */
#include "load/ds_each.h"
#include "load/ds_fields.h"
#include "load/ds_formats.h"
#include "load/ds_tokens.h"

#define BLOCK_WORDS 512

enum { AT, INPUT, OUTPUT, NUMBERS };
static const char *const NAMES[NUMBERS] = {"timestamp", "input_length", "output_length"};

static enum ds_sure sniff(struct str text, const char *path)
{
    bool all = ds_first_char(text) == '{';
    for (size_t i = 0; i < NUMBERS && all; i++)
        all = ds_head_has(text, NAMES[i]);
    return all ? DS_BY_CONTENT : DS_NO;
}

/* The prompt's blocks: as many words of each id's text as are left. */
static int put_blocks(const struct ds_reader *r, struct str ids, uint64_t words)
{
    struct buf *b = dataset_scratch(r->ds);
    uint64_t all = words;
    struct js s;
    js_init(&s, ids.n ? ids : STR("[]"));
    js_enter(&s, '[');
    while (js_elem(&s)) {
        const char *at = s.p;
        int64_t id;
        if (js_peek(&s) != JS_NUM || js_i64(&s, &id) != 0 || id < 0)
            return ds_fail(r->e, r->path, r->text, at, "an id of \"hash_ids\" is not a whole number");
        uint64_t n = MIN(words, (uint64_t)BLOCK_WORDS);
        if (ds_make(r, b, (uint64_t)id, n) != 0)
            return DS_SAID;
        words -= n;
    }
    if (ds_make(r, b, DS_KEY_ENTRY(dataset_n(r->ds)), words) != 0)
        return DS_SAID;
    return ds_add_made(r, b, all);
}

static int put_entry(const struct ds_reader *r, const int64_t *n, struct str ids, const char *at)
{
    if (n[AT] > DATASET_INSTANT_MAX / NS_PER_MS || n[INPUT] > DS_TOKENS_MAX || n[OUTPUT] > DS_TOKENS_MAX)
        return ds_fail(r->e, r->path, r->text, at, "a length above %d or a timestamp beyond all years", DS_TOKENS_MAX);
    if (dataset_get_stats(r->ds)->text_bytes + (uint64_t)n[INPUT] * DS_MADE_MAX_BYTES > DS_MADE_TOTAL_BYTES)
        return ds_fail(r->e, r->path, r->text, at,
                       "the prompts up to here are longer than 8 GiB together; take a part of the trace");
    if (n[INPUT] == 0 || n[OUTPUT] == 0)
        return 0;
    dataset_set_instant(r->ds, n[AT] * NS_PER_MS);
    dataset_extra(r->ds)->tokens_in = n[INPUT];
    dataset_set_max_tokens(r->ds, n[OUTPUT]);
    return put_blocks(r, ids, (uint64_t)n[INPUT]);
}

static int read_number(const struct ds_reader *r, struct js *s, const char *name, int64_t *n)
{
    const char *at = s->p;
    if (js_peek(s) == JS_BAD)
        return DS_BAD_JSON;
    if (js_peek(s) != JS_NUM || js_i64(s, n) != 0 || *n < 0)
        return ds_fail(r->e, r->path, r->text, at, "\"%s\" is not a whole number from 0 on", name);
    return 0;
}

static int read_entry(const struct ds_reader *r, struct js *s)
{
    int64_t n[NUMBERS] = {-1, -1, -1};
    struct str key, ids = STR("");
    if (js_peek(s) != JS_OBJ && !s->bad)
        return ds_fail(r->e, r->path, r->text, s->p, "not a JSON object; each line of the trace needs its lengths");
    const char *at = s->p;
    js_enter(s, '{');
    while (js_key(s, &key)) {
        size_t i = 0;
        while (i < NUMBERS && !js_raw_eq(key, NAMES[i]))
            i++;
        bool is_ids = i == NUMBERS && js_raw_eq(key, "hash_ids");
        if (is_ids && js_peek(s) != JS_ARR && !s->bad)
            return ds_fail(r->e, r->path, r->text, s->p, "\"hash_ids\" is not an array of whole numbers");
        int rc = i < NUMBERS ? read_number(r, s, NAMES[i], &n[i]) : js_skip(s, is_ids ? &ids : NULL);
        if (rc != 0)
            return rc;
    }
    if (s->bad)
        return DS_BAD_JSON;
    for (size_t i = 0; i < NUMBERS; i++) {
        if (n[i] < 0)
            return ds_fail(r->e, r->path, r->text, at, "\"%s\" is missing", NAMES[i]);
    }
    return put_entry(r, n, ids, at);
}

static int load(struct dataset *ds, struct str text, const char *path, struct err *e)
{
    struct ds_reader r = {ds, text, path, NULL, NULL};
    return ds_each_line(&r, read_entry, e);
}

const struct dataset_ops ds_mooncake = {
    .name = "mooncake",
    .help = "trace: {timestamp, input_length, output_length, hash_ids} per line",
    .sniff = sniff,
    .load = load,
};

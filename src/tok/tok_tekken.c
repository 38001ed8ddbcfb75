/* Mistral's tekken.json: ranks with a configuration. As mistral-common reads it: the first default_vocab_size -
 * default_num_special_tokens tokens of "vocab" count, ids lie behind the special tokens, and those never stand in a
 * text. Source: mistralai/mistral-common, tokens/tokenizers/tekken.py. */
#include "base/base64.h"
#include "base/jscan.h"
#include "base/xalloc.h"
#include "tok/tok_ranks.h"

struct tekken {
    struct str pattern, version, vocab, special; /* raw JSON; p NULL: absent */
    int64_t size, n_special;
    struct str *tokens;
    char *bytes; /* behind the tokens */
    uint32_t n;
};

bool tekken_looks(struct str text)
{
    struct js s;
    struct str key;
    bool config = false, vocab = false;
    js_init(&s, text);
    if (js_peek(&s) != JS_OBJ)
        return false;
    js_enter(&s, '{');
    while (js_key(&s, &key)) {
        config = config || js_raw_eq(key, "config");
        vocab = vocab || js_raw_eq(key, "vocab");
        if (js_raw_eq(key, "model"))
            return false;
        if (config && vocab) /* the rest is long: nothing else has both */
            return true;
        js_skip(&s, NULL);
    }
    return false;
}

static int read_config(struct tekken *t, struct str raw, struct err *e)
{
    struct js s;
    struct str key;
    js_init(&s, raw);
    if (js_peek(&s) != JS_OBJ)
        return err_set(e, ERR_DATA, "config: must be an object");
    js_enter(&s, '{');
    while (js_key(&s, &key)) {
        if (js_raw_eq(key, "pattern"))
            js_string(&s, &t->pattern);
        else if (js_raw_eq(key, "version"))
            js_string(&s, &t->version);
        else if (js_raw_eq(key, "default_vocab_size"))
            js_i64(&s, &t->size);
        else if (js_raw_eq(key, "default_num_special_tokens"))
            js_i64(&s, &t->n_special);
        else
            js_skip(&s, NULL);
    }
    if (s.bad)
        return err_set(e, ERR_DATA, "config: %s", s.what);
    if (!t->pattern.p)
        return err_set(e, ERR_DATA, "config.pattern: is missing");
    if (t->n_special < 0 || t->n_special > 1000000 || t->size <= t->n_special || t->size > 10000000)
        return err_set(e, ERR_DATA,
                       "config.default_vocab_size: must be larger than default_num_special_tokens, which must not be "
                       "negative, and neither may be beyond 10 million");
    return 0;
}

static int read_members(struct tekken *t, struct str text, struct err *e)
{
    struct js s;
    struct str key, config = {NULL, 0};
    js_init(&s, text);
    if (js_peek(&s) != JS_OBJ)
        return err_set(e, ERR_DATA, "must be a JSON object");
    js_enter(&s, '{');
    while (js_key(&s, &key)) {
        struct str raw;
        if (js_skip(&s, &raw) != 0)
            break;
        if (js_raw_eq(key, "config"))
            config = raw;
        else if (js_raw_eq(key, "vocab"))
            t->vocab = raw;
        else if (js_raw_eq(key, "special_tokens") && raw.p[0] != 'n')
            t->special = raw;
    }
    if (s.bad)
        return err_set(e, ERR_DATA, "line %zu: %s", js_line(&s, s.bad), s.what);
    if (!config.p || !t->vocab.p)
        return err_set(e, ERR_DATA, "%s: is missing", config.p ? "vocab" : "config");
    return read_config(t, config, e);
}

/* One element of "vocab" or "special_tokens"; members that are absent stay as they were. */
static int read_token(struct js *s, int64_t *rank, struct str *bytes, struct str *text)
{
    struct str key;
    if (js_peek(s) != JS_OBJ)
        return -1;
    js_enter(s, '{');
    while (js_key(s, &key)) {
        if (js_raw_eq(key, "rank"))
            js_i64(s, rank);
        else if (bytes && js_raw_eq(key, "token_bytes"))
            js_string(s, bytes);
        else if (text && js_raw_eq(key, "token_str"))
            js_string(s, text);
        else
            js_skip(s, NULL);
    }
    return s->bad ? -1 : 0;
}

static int read_vocab(struct tekken *t, struct err *e)
{
    struct js s;
    uint32_t want = (uint32_t)(t->size - t->n_special);
    js_init(&s, t->vocab);
    if (js_peek(&s) != JS_ARR)
        return err_set(e, ERR_DATA, "vocab: must be an array");
    t->tokens = xcalloc(want, sizeof *t->tokens);
    t->bytes = xmalloc(t->vocab.n);
    char *to = t->bytes;
    js_enter(&s, '[');
    while (t->n < want && js_elem(&s)) {
        int64_t rank = -1;
        struct str raw = {NULL, 0};
        int n = read_token(&s, &rank, &raw, NULL) == 0 && raw.p ? base64_decode(raw, to) : -1;
        if (n <= 0)
            return err_set(e, ERR_DATA, "vocab[%u].token_bytes: must be base64", t->n);
        if (rank != t->n)
            return err_set(e, ERR_DATA, "vocab[%u].rank: must be %u, ranks count up by one", t->n, t->n);
        if (rank < 256 && (n != 1 || (unsigned char)*to != rank))
            return err_set(e, ERR_DATA, "vocab[%u].token_bytes: the first 256 tokens must be the bytes 0 to 255", t->n);
        t->tokens[t->n++] = (struct str){to, (size_t)n};
        to += n;
    }
    if (t->n < want)
        return err_set(e, ERR_DATA, "vocab: has %u tokens, config.default_vocab_size asks for %u", t->n, want);
    return 0;
}

/* Files up to version 7 leave them out; these are mistral-common's for them. */
static const char *const old_special[] = {
    "<unk>",
    "<s>",
    "</s>",
    "[INST]",
    "[/INST]",
    "[AVAILABLE_TOOLS]",
    "[/AVAILABLE_TOOLS]",
    "[TOOL_RESULTS]",
    "[/TOOL_RESULTS]",
    "[TOOL_CALLS]",
    "[IMG]",
    "<pad>",
    "[IMG_BREAK]",
    "[IMG_END]",
    "[PREFIX]",
    "[MIDDLE]",
    "[SUFFIX]",
    "[SYSTEM_PROMPT]",
    "[/SYSTEM_PROMPT]",
    "[TOOL_CONTENT]",
};

static int listed_special(struct rank_file *f, struct tekken *t, struct err *e)
{
    struct js s;
    uint32_t n = 0;
    js_init(&s, t->special);
    if (js_peek(&s) != JS_ARR)
        return err_set(e, ERR_DATA, "special_tokens: must be an array or null");
    js_enter(&s, '[');
    for (; js_elem(&s); n++) {
        int64_t rank = -1;
        struct str raw = {NULL, 0};
        if (read_token(&s, &rank, NULL, &raw) != 0 || !raw.p || rank != n || rank >= t->n_special)
            return err_set(e, ERR_DATA, "special_tokens[%u]: must have a token_str and the rank %u, below %u", n, n,
                           (unsigned)t->n_special);
        char *text = xmalloc(raw.n + 1);
        size_t len = js_decode(raw, text);
        rank_special(f, n, "%.*s", (int)len, text);
        free(text);
    }
    return s.bad ? err_set(e, ERR_DATA, "special_tokens[%u]: %s", n, s.what) : 0;
}

static int read_special(struct rank_file *f, struct tekken *t, struct err *e)
{
    static const char *const old[] = {"v1", "v2", "v3", "v7"};
    bool is_old = false;
    for (size_t i = 0; i < ARRAY_LEN(old); i++)
        is_old = is_old || (t->version.p && js_raw_eq(t->version, old[i]));
    if (t->special.p) {
        if (listed_special(f, t, e) != 0)
            return -1;
    } else if (!is_old) {
        return err_set(e, ERR_DATA, "special_tokens: is missing; versions after v7 must list them");
    } else {
        for (uint32_t i = 0; i < ARRAY_LEN(old_special) && i < t->n_special; i++)
            rank_special(f, i, "%s", old_special[i]);
    }
    for (uint32_t i = (uint32_t)f->n_special; i < t->n_special; i++)
        rank_special(f, i, "<SPECIAL_%u>", i);
    return 0;
}

int tekken_read(struct rank_file *f, struct str text, const char *path ATTR_UNUSED, struct err *e)
{
    struct tekken t = {.size = -1, .n_special = -1};
    *f = (struct rank_file){.block = BUF_INIT(SIZE_MAX - 1), .name = "tekken"};
    int rc = read_members(&t, text, e);
    if (rc == 0)
        rc = read_vocab(&t, e);
    if (rc == 0)
        rc = bpe_from_ranks(&f->model, t.tokens, t.n, (uint32_t)t.n_special, e);
    if (rc == 0)
        rc = read_special(f, &t, e);
    if (rc == 0) {
        char *room = buf_room(&f->block, t.pattern.n);
        size_t n = js_decode(t.pattern, room), at = f->block.n;
        buf_wrote(&f->block, n);
        rank_specials_done(f, 0);
        f->pattern = (struct str){f->block.p + at, n};
        for (size_t i = 0; i < f->n_special; i++)
            if (str_eqz(f->special[i].text, "<s>")) {
                f->has_bos = true;
                f->bos = f->special[i].id;
            }
    }
    free(t.tokens);
    free(t.bytes);
    if (rc != 0)
        rank_file_free(f);
    return rc;
}

#include "load/tokenizer.h"

#include <unistd.h>

#include "base/file.h"
#include "base/jscan.h"
#include "base/xalloc.h"
#include "fetch/download.h"
#include "fetch/hub.h"

#define FILE_MAX ((uint64_t)1 << 30)

static const char *const FILES[] = {"tokenizer.json",          "tekken.json", "tokenizer.model", "spiece.model",
                                    "sentencepiece.bpe.model", NULL};
static const char *const BESIDE[] = {"tokenizer_config.json", NULL};

static bool names_file(struct str name)
{
    static const char *const ends[] = {".json", ".model", ".tiktoken", ".gguf", ".txt"};
    for (size_t i = 0; i < ARRAY_LEN(ends); i++)
        if (str_ends(name, str_of(ends[i])))
            return true;
    return false;
}

static char *find(const char *name, bool progress, struct err *e)
{
    if (access(name, F_OK) == 0)
        return xstrdup(name);
    if (download_is_url(name)) {
        err_set(e, ERR_USAGE, "this is a URL; give a model's id on the Hugging Face hub (org/name), or a file");
        return NULL;
    }
    if (!hub_is_id(name) || names_file(str_of(name))) {
        err_set(e, ERR_USAGE, "%s: there is no such file or folder", name);
        return NULL;
    }
    const struct hub_want want = {.any = FILES, .also = BESIDE, .max_bytes = FILE_MAX, .progress = progress};
    char *folder = hub_folder(name, &want, e);
    if (!folder && !strchr(name, '/')) /* a word may well be a folder that is elsewhere */
        err_prefix(e, "there is no file or folder %s here, and as a model's id: ", name);
    return folder;
}

char *tokenizer_find(const char *name, bool progress, struct err *e)
{
    char *path = find(name, progress, e);
    if (!path)
        err_prefix(e, "--tokenizer: ");
    return path;
}

static int digest(struct tokenizer *t, struct err *e)
{
    struct tok_about about;
    struct file_map m;
    tok_about(t->tok, &about);
    if (file_open_map(&m, about.path, FILE_MAX, e) != 0)
        return -1;
    sha256_hex(m.text, t->sha256);
    file_close_map(&m);
    return 0;
}

struct tokenizer *tokenizer_open(const char *name, bool progress, struct err *e)
{
    struct tokenizer *t = xcalloc(1, sizeof *t);
    char *path = tokenizer_find(name, progress, e);
    t->name = xstrdup(name);
    int rc = !path ? -1 : tok_load(&t->tok, path, e) < 0 || digest(t, e) < 0 ? err_prefix(e, "--tokenizer: ") : 0;
    free(path);
    if (rc == 0)
        return t;
    tokenizer_free(&t);
    return NULL;
}

void tokenizer_free(struct tokenizer **tp)
{
    struct tokenizer *t = *tp;
    if (!t)
        return;
    *tp = NULL;
    tok_free(&t->tok);
    free(t->name);
    free(t);
}

char *tokenizer_text(const struct tokenizer *t, char *out, size_t cap)
{
    struct tok_about a;
    tok_about(t->tok, &a);
    snprintf(out, cap, "%s (%s, %s, %u tokens)", t->name, a.format, a.model, a.vocab);
    return out;
}

static bool add_decoded(struct buf *b, struct str raw)
{
    char *p = buf_room(b, raw.n + 1);
    if (p)
        buf_wrote(b, js_decode(raw, p));
    return p != NULL;
}

uint64_t tokens_of_escaped(struct tok_coder *c, struct str raw, unsigned flags, struct buf *scratch)
{
    if (raw.n > 0 && memchr(raw.p, '\\', raw.n)) {
        buf_clear(scratch);
        add_decoded(scratch, raw);
        raw = buf_str(scratch);
    }
    return tok_encode(c, raw, flags, NULL);
}

static uint64_t tokens_of_parts(struct tok_coder *c, struct js *s, struct buf *scratch)
{
    uint64_t n = 0;
    struct str key, text;
    js_enter(s, '[');
    while (js_elem(s)) {
        if (js_peek(s) != JS_OBJ) {
            js_skip(s, NULL);
            continue;
        }
        js_enter(s, '{');
        while (js_key(s, &key)) {
            if (str_eqz(key, "text") && js_peek(s) == JS_STR && js_string(s, &text) == 0)
                n += tokens_of_escaped(c, text, 0, scratch);
            else
                js_skip(s, NULL);
        }
    }
    return n;
}

uint64_t tokens_of_object(struct tok_coder *c, struct str json, struct buf *scratch)
{
    struct js s;
    struct str raw, text;
    if (js_path(json, "content", &raw) != 0)
        return 0;
    js_init(&s, raw);
    if (js_peek(&s) == JS_STR)
        return js_string(&s, &text) == 0 ? tokens_of_escaped(c, text, 0, scratch) : 0;
    return js_peek(&s) == JS_ARR ? tokens_of_parts(c, &s, scratch) : 0;
}

uint64_t tokens_of_messages(struct tok_coder *c, const struct plan_msg *msgs, size_t n, struct buf *scratch)
{
    uint64_t tokens = 0;
    for (size_t i = 0; i < n; i++)
        tokens += msgs[i].raw_json.n ? tokens_of_object(c, msgs[i].raw_json, scratch)
                                     : tokens_of_escaped(c, msgs[i].content, 0, scratch);
    return tokens;
}

uint64_t tokens_of_joined(struct tok_coder *c, const struct plan_msg *msgs, size_t n, struct buf *scratch)
{
    if (n == 1)
        return tokens_of_escaped(c, msgs[0].content, TOK_SPECIALS, scratch);
    buf_clear(scratch);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_addc(scratch, '\n');
        add_decoded(scratch, msgs[i].content);
    }
    return tok_encode(c, buf_str(scratch), TOK_SPECIALS, NULL);
}

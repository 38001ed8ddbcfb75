#include "tok/tok_file.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/jscan.h"
#include "base/xalloc.h"
#include "tok/tok_added.h"
#include "tok/tok_config.h"

enum { MAX_FILE = 1 << 30, MAX_CONFIG = 64 << 20 };

/* The one of tokenizer.json and tekken.json is told by the members that only it has. */
static int load_json(struct tok_parts *p, struct str text, jnode *config, struct err *e)
{
    struct js s;
    struct str key;
    js_init(&s, text);
    if (js_peek(&s) == JS_OBJ) {
        js_enter(&s, '{');
        while (js_key(&s, &key)) {
            if (js_raw_eq(key, "model") || js_raw_eq(key, "added_tokens") || js_raw_eq(key, "pre_tokenizer"))
                return tok_json_load(p, text, config, e);
            if (js_skip(&s, NULL) != 0)
                break;
        }
    }
    if (s.bad)
        return err_set(e, ERR_DATA, "line %zu: %s", js_line(&s, s.bad), s.what);
    return err_set(e, ERR_DATA, "is JSON, but neither a tokenizer.json (it has no \"model\") nor a tekken.json");
}

static int new_nfc(struct norm **n, struct err *e)
{
    struct jdoc *doc = jdoc_parse(STR("{\"type\":\"NFC\"}"), "normalizer", e);
    int rc = doc ? norm_new(n, jdoc_root(doc), "normalizer", e) : -1;
    jdoc_free(&doc);
    return rc;
}

int tok_rank_file_load(struct tok_parts *p, struct rank_file *f, const char *format, struct err *e)
{
    struct added_def *defs = xcalloc(f->n_special + 1, sizeof *defs);
    int rc = 0;
    p->format = format;
    p->model = f->model;
    f->model = NULL;
    for (size_t i = 0; i < f->n_special; i++)
        defs[i] = (struct added_def){.content = f->special[i].text, .id = f->special[i].id, .special = true};
    if (f->nfc)
        rc = new_nfc(&p->norm, e);
    if (rc == 0)
        rc = pre_new_pattern(&p->pre, f->pattern, e);
    if (rc == 0)
        rc = added_new(&p->added, defs, f->n_special, true, p->model->ops->vocab(p->model), 0, NULL, e);
    if (rc == 0 && !f->special_in_text)
        added_hide(p->added);
    if (rc == 0)
        rc = post_new_ids(&p->post, &f->bos, f->has_bos, NULL, 0);
    if (rc == 0)
        rc = decode_new_text(&p->decode, "{\"type\":\"ByteLevel\"}", e);
    free(defs);
    return rc;
}

static int load_ranks(struct tok_parts *p, struct str text, const char *path, bool tekken, struct err *e)
{
    struct rank_file f = {0};
    int rc = tekken ? tekken_read(&f, text, path, e) : ranks_read(&f, text, path, e);
    if (rc == 0)
        rc = tok_rank_file_load(p, &f, tekken ? "tekken" : "tiktoken", e);
    rank_file_free(&f);
    return rc;
}

/* A protocol buffer that begins with a piece: field 1, a length, and in it field 1 (its text) again. */
static bool is_sentencepiece(struct str text)
{
    size_t at = 1;
    if (text.n < 8 || text.p[0] != 0x0A)
        return false;
    while (at < 6 && (unsigned char)text.p[at] >= 0x80)
        at++;
    return at + 1 < text.n && text.p[at + 1] == 0x0A;
}

static int load_text(struct tok_parts *p, struct str text, const char *name, jnode *config, struct err *e)
{
    struct str begin = str_trim(str_sub(text, 0, 4096));
    if (!text.n)
        return err_set(e, ERR_DATA, "is empty");
    if (str_starts(text, STR("version https://git-lfs")))
        return err_set(e, ERR_DATA, "is only Git LFS's pointer to the file; fetch the file itself (git lfs pull)");
    if (is_sentencepiece(text)) {
        int rc = tok_spm_load(p, text, e);
        return rc == 0 ? tok_config_ends(p, config, e) : rc;
    }
    if (str_starts(begin, STR("{")))
        return tekken_looks(text) ? load_ranks(p, text, name, true, e) : load_json(p, text, config, e);
    if (ranks_looks(text))
        return load_ranks(p, text, name, false, e);
    return err_set(
        e, ERR_DATA,
        "is no tokenizer that weir knows: a tokenizer.json, a SentencePiece model, a .tiktoken file of ranks "
        "or a tekken.json");
}

int tok_file_text(struct tok_parts *p, struct str text, const char *name, jnode *config, struct err *e)
{
    int rc = load_text(p, text, name, config, e);
    if (rc == 0 && !p->model)
        rc = err_set(e, ERR_INTERNAL, "gave no model");
    return rc == 0 ? 0 : err_prefix(e, "%s: ", name);
}

static int load_file(struct tok_parts *p, const char *path, jnode *config, struct err *e)
{
    struct file_map map;
    p->file = xstrdup(path);
    if (file_open_map(&map, path, MAX_FILE, e) != 0)
        return -1;
    int rc = tok_file_text(p, map.text, path, config, e);
    file_close_map(&map);
    return rc;
}

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && !S_ISDIR(st.st_mode);
}

/* The one file of the folder with this ending; NULL: none. Of several the first by name. */
static char *with_ending(const char *folder, const char *ending)
{
    DIR *d = opendir(folder);
    char *found = NULL;
    if (!d)
        return NULL;
    for (struct dirent *x; (x = readdir(d));)
        if (str_ends(str_of(x->d_name), str_of(ending)) && (!found || strcmp(x->d_name, found) < 0)) {
            free(found);
            found = xstrdup(x->d_name);
        }
    closedir(d);
    char *path = found ? xasprintf("%s/%s", folder, found) : NULL;
    free(found);
    return path;
}

static char *file_in(const char *folder)
{
    static const char *const names[] = {"tokenizer.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char *path = xasprintf("%s/%s", folder, names[i]);
        if (is_file(path))
            return path;
        free(path);
    }
    char *path = with_ending(folder, ".tiktoken");
    return path ? path : with_ending(folder, "tekken.json");
}

static int load_folder(struct tok_parts *p, const char *folder, struct err *e)
{
    char *file = file_in(folder), *config = xasprintf("%s/tokenizer_config.json", folder);
    struct jdoc *doc = NULL;
    int rc = 0;
    if (!file)
        rc = err_set(e, ERR_DATA,
                     "%s: has no tokenizer: neither tokenizer.json nor tokenizer.model, spiece.model, *.tiktoken or "
                     "tekken.json",
                     folder);
    else if (is_file(config) && !(doc = jdoc_load(config, MAX_CONFIG, e)))
        rc = -1;
    if (rc == 0)
        rc = load_file(p, file, jdoc_root(doc), e);
    jdoc_free(&doc);
    free(config);
    free(file);
    return rc;
}

int tok_file_load(struct tok_parts *p, const char *path, struct err *e)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return err_sys(e, ERR_IO, errno, "%s", path);
    return S_ISDIR(st.st_mode) ? load_folder(p, path, e) : load_file(p, path, NULL, e);
}

/* dataset_load.c - from a path to a dataset: the formats there are, the choice between them, files and where they come
 * from. */
#include <sys/stat.h>

#include "base/file.h"
#include "base/unpack.h"
#include "base/xalloc.h"
#include "fetch/download.h"
#include "load/ds_formats.h"
#include "load/ds_util.h"

#define MAX_FILE_BYTES ((size_t)8 << 30) /* so that samples, two bytes each at least, can be counted in 32 bits */

static const struct dataset_ops *const FORMATS[] = {
    &ds_conversations, &ds_sharegpt, &ds_ipex,    &ds_mooncake, &ds_azure, &ds_burstgpt, &ds_csv,
    &ds_messages,      &ds_jsonl,    &ds_targets, &ds_payload,  &ds_text,  NULL,
};

const struct dataset_ops *const *dataset_formats(void)
{
    return FORMATS;
}

static const struct dataset_ops *sniffed(struct str text, const char *name, bool by_fields)
{
    const struct dataset_ops *best = NULL;
    enum ds_sure most = DS_NO;
    for (size_t i = 0; FORMATS[i]; i++) {
        enum ds_sure sure = by_fields && !FORMATS[i]->by_fields ? DS_NO : FORMATS[i]->sniff(text, name);
        if (sure > most) {
            most = sure;
            best = FORMATS[i];
        }
    }
    return best;
}

static const struct dataset_ops *pick_format(struct str text, const char *name, const struct dataset_opts *o,
                                             struct err *e)
{
    const struct dataset_ops *f = NULL;
    if (!o->format || strcmp(o->format, "auto") == 0) {
        f = sniffed(text, name, o->fields != NULL);
        if (!f)
            err_set(e, ERR_DATA,
                    "%s: neither CSV nor JSON objects, which alone have fields by name; leave --dataset-fields out",
                    name);
        return f;
    }
    struct buf names = BUF_INIT(4096);
    for (size_t i = 0; FORMATS[i]; i++) {
        buf_addf(&names, "%s%s", FORMATS[i + 1] ? ", " : " or ", FORMATS[i]->name);
        if (strcmp(FORMATS[i]->name, o->format) == 0)
            f = FORMATS[i];
    }
    if (!f) {
        err_set(e, ERR_USAGE, "\"%.60s\" is not a dataset format; use auto%s", o->format, buf_str(&names).p);
    } else if (o->fields && !f->by_fields) {
        err_set(e, ERR_USAGE, "--dataset-fields names fields of CSV and JSON objects; the format %s has none", f->name);
        f = NULL;
    }
    buf_free(&names);
    return f;
}

static int check_any(const struct dataset *ds, const char *name, struct err *e)
{
    const struct dataset_stats *st = dataset_get_stats(ds);
    if (st->samples > 0)
        return 0;
    if (st->bad > 0)
        return err_set(e, ERR_DATA, "%s: each of its %zu entries is bad; the first: %s", name, st->bad, st->first_bad);
    if (st->out_of_range > 0)
        return err_set(e, ERR_DATA,
                       "%s: no entry has the wanted lengths (%zu left out); --dataset-lengths none keeps them all",
                       name, st->out_of_range);
    if (st->skipped > 0)
        return err_set(e, ERR_DATA,
                       "%s: no entry gives a message to send (%zu turn%s or entr%s skipped); each needs at "
                       "least one message with content",
                       name, st->skipped, st->skipped == 1 ? "" : "s", st->skipped == 1 ? "y" : "ies");
    return err_set(e, ERR_DATA, "%s: the dataset is empty; it needs at least one entry", name);
}

static int fill(struct dataset *ds, const struct dataset_ops *ops, struct str text, const char *name, struct err *e)
{
    const struct dataset_opts *o = dataset_opts(ds);
    bool own = !o->lengths || strcmp(o->lengths, "auto") == 0;
    if (dataset_set_lengths(ds, own ? ops->lengths : o->lengths, e) != 0)
        return err_prefix(e, "--dataset-lengths: ");
    if (ds_first_char(text) != 0 && ops->load(ds, text, name, e) != 0)
        return -1;
    return check_any(ds, name, e);
}

/* `whole` is the text as it is, `file` the bytes of the file, for its digest. */
static struct dataset *load_whole(struct str whole, struct str file, bool mapped, const char *name,
                                  const struct dataset_opts *o, struct err *e)
{
    static const struct dataset_opts none = {0};
    struct str text = str_starts(whole, STR("\xEF\xBB\xBF")) ? str_sub(whole, 3, whole.n) : whole;
    const struct dataset_ops *ops = pick_format(text, name, o ? o : &none, e);
    if (!ops)
        return NULL;
    struct dataset *ds = dataset_new(name, ops->name, o);
    bool packed = file.p != whole.p;
    if (packed)
        sha256_hex(file, dataset_stats_mut(ds)->sha256);
    dataset_follow(ds, whole, !packed, mapped);
    int rc = fill(ds, ops, text, name, e);
    const char *bad = dataset_follow_end(ds);
    if (bad) /* whatever else was wrong, this is why */
        rc = ds_fail(e, name, text, bad, "byte 0x%02x is not UTF-8; convert the file, for example with iconv",
                     (unsigned char)*bad);
    if (rc != 0) {
        dataset_free(&ds);
        return NULL;
    }
    dataset_seal(ds);
    return ds;
}

struct dataset *dataset_load_text_with(struct str text, const char *name, const struct dataset_opts *o, struct err *e)
{
    return load_whole(text, text, false, name, o, e);
}

struct dataset *dataset_load_text(struct str text, const char *name, const char *format, struct err *e)
{
    struct dataset_opts o = {.format = format};
    return load_whole(text, text, false, name, &o, e);
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static struct dataset *load_folder(const char *path, const struct dataset_opts *o, struct err *e)
{
    const char *format = o && o->format ? o->format : "auto";
    if (strcmp(format, "auto") != 0 && strcmp(format, ds_payload.name) != 0) {
        err_set(e, ERR_USAGE, "%s: is a folder, which only the format payload reads; give a file", path);
        return NULL;
    }
    struct dataset *ds = dataset_new(path, ds_payload.name, o);
    struct buf digests = BUF_INIT((size_t)64 << 20);
    int rc = ds_payload_folder(ds, path, &digests, e);
    sha256_hex(buf_str(&digests), dataset_stats_mut(ds)->sha256);
    buf_free(&digests);
    if (rc < 0 || check_any(ds, path, e) != 0) {
        dataset_free(&ds);
        return NULL;
    }
    dataset_seal(ds);
    return ds;
}

/* 0, or -1 + e. */
static int unpack_all(struct buf *out, enum unpack_kind kind, struct str in, const char *name, struct err *e)
{
    struct unpack *u = unpack_new(kind, MAX_FILE_BYTES);
    struct str piece;
    enum unpack_rc rc;
    while ((rc = unpack_step(u, &in, &piece)) == UNPACK_PIECE)
        buf_adds(out, piece);
    bool whole = unpack_whole(u);
    unpack_free(&u);
    if (rc == UNPACK_LIMIT)
        return err_set(e, ERR_LIMIT, "%s: larger than 8 GiB when unpacked; split the dataset", name);
    if (rc == UNPACK_BAD)
        return err_set(e, ERR_DATA, "%s: its %s data are damaged; pack it anew", name, unpack_name(kind));
    if (!whole)
        return err_set(e, ERR_DATA, "%s: its %s data end too early; the file was cut off", name, unpack_name(kind));
    return 0;
}

static struct dataset *load_file(const char *path, const char *name, const struct dataset_opts *o, struct err *e)
{
    struct file_map m;
    if (file_open_map(&m, path, MAX_FILE_BYTES, e) != 0)
        return NULL;
    struct dataset *ds = NULL;
    enum unpack_kind kind = unpack_kind_of(m.text);
    if (m.text.n > MAX_FILE_BYTES) {
        err_set(e, ERR_LIMIT, "%s: larger than 8 GiB; split the dataset", name);
    } else if (kind == UNPACK_NONE) {
        ds = load_whole(m.text, m.text, m.mapped, name, o, e);
    } else {
        struct buf text = BUF_INIT(MAX_FILE_BYTES);
        if (unpack_all(&text, kind, m.text, name, e) == 0)
            ds = load_whole(buf_str(&text), m.text, false, name, o, e);
        buf_free(&text);
    }
    file_close_map(&m);
    return ds;
}

/* What a message may say of a URL: neither credentials nor a query, where keys stand. */
static char *plain_url(const char *url)
{
    struct str s = str_of(url);
    size_t n = strcspn(url, "?#"), host = (size_t)str_find(s, STR("://")) + 3;
    size_t slash = host + strcspn(url + host, "/?#");
    for (size_t i = slash; i-- > host;) {
        if (url[i] == '@')
            return xasprintf(STR_FMT STR_FMT, STR_ARG(str_sub(s, 0, host)), (int)(n - i - 1), url + i + 1);
    }
    return xmemdup0(url, n);
}

static struct dataset *load_url(const char *url, const struct dataset_opts *o, struct err *e)
{
    char *name = plain_url(url);
    struct download_opts d = {
        .kind = "datasets", .name = name, .max_bytes = MAX_FILE_BYTES, .progress = o && o->progress};
    char *path = download(url, &d, e);
    struct dataset *ds = path ? load_file(path, name, o, e) : NULL;
    free(path);
    free(name);
    return ds;
}

struct dataset *dataset_load_with(const char *path, const struct dataset_opts *o, struct err *e)
{
    if (is_folder(path))
        return load_folder(path, o, e);
    return download_is_url(path) ? load_url(path, o, e)
                                 : load_file(path, strcmp(path, "-") == 0 ? "stdin" : path, o, e);
}

struct dataset *dataset_load(const char *path, const char *format, struct err *e)
{
    struct dataset_opts o = {.format = format};
    return dataset_load_with(path, &o, e);
}

struct dataset *dataset_of_prompt(const char *prompt)
{
    struct dataset *ds = dataset_new("--prompt", "prompt", NULL);
    sha256_hex(str_of(prompt), dataset_stats_mut(ds)->sha256);
    dataset_begin(ds);
    dataset_add_plain(ds, ROLE_USER, str_of(prompt));
    dataset_end(ds, 0);
    dataset_seal(ds);
    return ds;
}

struct dataset *dataset_of_request(struct str method, struct str body)
{
    struct dataset *ds = dataset_new("--body", "request", NULL);
    sha256_hex(body, dataset_stats_mut(ds)->sha256);
    dataset_begin(ds);
    dataset_extra(ds)->method = dataset_keep(ds, method.n ? method : body.n ? STR("POST") : STR("GET"));
    dataset_set_body(ds, body);
    dataset_end(ds, 0);
    dataset_seal(ds);
    return ds;
}

struct dataset *dataset_builtin(void)
{
    struct dataset *ds = dataset_new("built-in", "built-in", NULL);
    struct buf all = BUF_INIT((size_t)1 << 20);
    size_t number = 0;
    for (const struct ds_turn *t = ds_builtin; t->text; t++) {
        buf_addz(&all, t->text);
        if (t->role == ROLE_SYSTEM) {
            if (number++ > 0)
                dataset_end(ds, number - 1);
            dataset_begin(ds);
        }
        if (t->text[0])
            dataset_add_plain(ds, t->role, str_of(t->text));
    }
    dataset_end(ds, number);
    sha256_hex(buf_str(&all), dataset_stats_mut(ds)->sha256);
    buf_free(&all);
    dataset_seal(ds);
    return ds;
}

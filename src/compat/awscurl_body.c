#include "compat/awscurl_body.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/jdoc.h"
#include "base/jscan.h"
#include "base/xalloc.h"

enum { MAX_BODY = 256 << 20 };
#define MAX_BODIES ((size_t)4 << 30)

struct str awscurl_body(const struct awscurl_bodies *b, size_t i)
{
    return b->text.p ? str_sub(buf_str(&b->text), b->v[i].at, b->v[i].n) : STR("");
}

static void add(struct awscurl_bodies *b, size_t from)
{
    if ((b->n & (b->n - 1)) == 0)
        b->v = xreallocarray(b->v, b->n ? 2 * b->n : 1, sizeof *b->v);
    b->v[b->n++] = (struct awscurl_span){from, b->text.n - from};
}

static int fits(const struct awscurl_bodies *b, struct err *e)
{
    return b->text.failed ? err_set(e, ERR_LIMIT, "the bodies are larger than %zu MiB together", b->text.max >> 20) : 0;
}

/* ---- data */

static int add_file(struct buf *out, const char *path, const char *option, struct err *e)
{
    struct buf b = BUF_INIT(MAX_BODY);
    struct err why = {0};
    int rc = file_read(&b, path, &why);
    if (rc < 0)
        rc = err_set(e, ERR_USAGE, "%s: %s", option, why.text);
    else
        buf_adds(out, buf_str(&b));
    buf_free(&b);
    return rc;
}

/* RFC 3986: all but the unreserved characters. */
static void add_encoded(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~", c)))
            buf_addc(out, (char)c);
        else
            buf_addf(out, "%%%02X", c);
    }
}

static int add_encoded_file(struct buf *out, struct str path, struct err *e)
{
    struct buf b = BUF_INIT(MAX_BODY);
    char *name = xmemdup0(path.p, path.n);
    int rc = add_file(&b, name, "--data-urlencode", e);
    add_encoded(out, buf_str(&b));
    free(name);
    buf_free(&b);
    return rc;
}

/* value, =value, name=value, @FILE, name=@FILE and curl's name@FILE; several with '&' between. */
static int add_urlencoded(struct buf *out, const char *text, struct err *e)
{
    struct str_split it = {.rest = str_of(text), .sep = '&'};
    struct str part;
    bool first = true;
    while (str_next(&it, &part)) {
        ptrdiff_t eq = str_chr(part, '='), at = str_chr(part, '@');
        ptrdiff_t cut = at >= 0 && (eq < 0 || at < eq) ? at : eq;
        struct str name = str_sub(part, 0, cut < 0 ? 0 : (size_t)cut);
        struct str value = cut < 0 ? part : str_sub(part, (size_t)cut + 1, part.n);
        bool file = cut >= 0 && cut == at;
        if (!file && cut >= 0 && value.n > 0 && value.p[0] == '@') {
            file = true;
            value = str_sub(value, 1, value.n);
        }
        if (!first)
            buf_addc(out, '&');
        first = false;
        if (name.n > 0) {
            buf_adds(out, name);
            buf_addc(out, '=');
        }
        if (!file)
            add_encoded(out, value);
        else if (add_encoded_file(out, value, e) < 0)
            return -1;
    }
    return 0;
}

static int add_data(struct buf *out, const struct awscurl_opts *o, struct err *e)
{
    for (size_t i = 0; i < o->n_pieces; i++) {
        const char *text = o->pieces[i].text;
        int rc = 0;
        if (i > 0)
            buf_addc(out, '&');
        if (o->pieces[i].kind == AWSCURL_URLENCODE)
            rc = add_urlencoded(out, text, e);
        else if (o->pieces[i].kind == AWSCURL_DATA && text[0] == '@')
            rc = add_file(out, text + 1, "-d", e);
        else
            buf_addz(out, text);
        if (rc < 0)
            return -1;
    }
    return 0;
}

/* ---- types */

static const char *type_of_file(const char *path)
{
    static const struct {
        const char *end, *type;
    } known[] = {
        {".json", "application/json"}, {".jsonl", "application/jsonlines"},
        {".txt", "text/plain"},        {".csv", "text/csv"},
        {".html", "text/html"},        {".xml", "application/xml"},
        {".png", "image/png"},         {".jpg", "image/jpeg"},
        {".jpeg", "image/jpeg"},       {".gif", "image/gif"},
        {".webp", "image/webp"},       {".wav", "audio/wav"},
        {".mp3", "audio/mpeg"},        {".pdf", "application/pdf"},
        {".npy", "application/x-npy"},
    };
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < ARRAY_LEN(known); i++) {
        if (str_ieq(str_of(dot), str_of(known[i].end)))
            return known[i].type;
    }
    return "application/octet-stream";
}

/* ---- forms */

struct part {
    struct str name, type, filename;
    char *path;       /* NULL: none */
    struct str value; /* where there is no path */
};

/* Up to the next ';', or what stands between quotes. */
static struct str form_word(struct str *rest)
{
    struct str s = *rest;
    if (s.n > 0 && s.p[0] == '"') {
        ptrdiff_t end = str_chr(str_sub(s, 1, s.n), '"');
        if (end >= 0) {
            *rest = str_sub(s, (size_t)end + 2, s.n);
            return str_sub(s, 1, (size_t)end);
        }
    }
    ptrdiff_t end = str_chr(s, ';');
    *rest = end < 0 ? str_sub(s, s.n, 0) : str_sub(s, (size_t)end, s.n);
    return end < 0 ? s : str_sub(s, 0, (size_t)end);
}

static int form_attributes(struct part *p, struct str rest, const char *text, struct err *e)
{
    while (rest.n > 0) {
        rest = str_trim(str_sub(rest, 1, rest.n)); /* the ';' */
        if (str_istarts(rest, STR("type="))) {
            rest = str_sub(rest, 5, rest.n);
            p->type = str_trim(form_word(&rest));
        } else if (str_istarts(rest, STR("filename="))) {
            rest = str_sub(rest, 9, rest.n);
            p->filename = form_word(&rest);
        } else {
            return err_set(e, ERR_USAGE, "-F \"%.200s\": behind ';' stands type=TYPE or filename=NAME", text);
        }
    }
    return 0;
}

static bool clean(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] < 0x20)
            return false;
    }
    return true;
}

static int parse_part(struct part *p, const struct awscurl_piece *piece, struct err *e)
{
    struct str s = str_of(piece->text);
    ptrdiff_t eq = str_chr(s, '=');
    const char *option = piece->kind == AWSCURL_FORM ? "-F" : "--form-string";
    *p = (struct part){0};
    if (eq <= 0)
        return err_set(e, ERR_USAGE, "%s \"%.200s\": must be NAME=CONTENT", option, piece->text);
    p->name = str_sub(s, 0, (size_t)eq);
    p->value = str_sub(s, (size_t)eq + 1, s.n);
    if (piece->kind == AWSCURL_FORM) {
        bool file = p->value.n > 0 && p->value.p[0] == '@';
        bool insides = p->value.n > 0 && p->value.p[0] == '<';
        struct str rest = file || insides ? str_sub(p->value, 1, p->value.n) : p->value;
        struct str word = form_word(&rest);
        if (form_attributes(p, rest, piece->text, e) < 0)
            return -1;
        if (file && p->filename.n == 0) {
            ptrdiff_t slash = -1;
            for (size_t i = 0; i < word.n; i++)
                slash = word.p[i] == '/' ? (ptrdiff_t)i : slash;
            p->filename = str_sub(word, (size_t)(slash + 1), word.n);
        }
        if (file || insides)
            p->path = xmemdup0(word.p, word.n);
        else
            p->value = word;
        if (file && p->type.n == 0)
            p->type = str_of(type_of_file(p->path));
    }
    if (!clean(p->name) || !clean(p->type) || !clean(p->filename)) {
        free(p->path);
        return err_set(e, ERR_USAGE, "%s \"" STR_FMT "\": name, type and filename cannot have control characters",
                       option, STR_ARG(p->name));
    }
    return 0;
}

/* In a quoted name, as browsers and curl write it. */
static void add_quoted(struct buf *out, const char *what, struct str s)
{
    buf_addf(out, "; %s=\"", what);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"')
            buf_addz(out, "%22");
        else
            buf_addc(out, s.p[i]);
    }
    buf_addc(out, '"');
}

static int add_part(struct buf *out, const struct part *p, struct err *e)
{
    buf_addz(out, "Content-Disposition: form-data");
    add_quoted(out, "name", p->name);
    if (p->filename.n > 0)
        add_quoted(out, "filename", p->filename);
    if (p->type.n > 0)
        buf_addf(out, "\r\nContent-Type: " STR_FMT, STR_ARG(p->type));
    buf_addz(out, "\r\n\r\n");
    if (p->path)
        return add_file(out, p->path, "-F", e);
    buf_adds(out, p->value);
    return 0;
}

/* The boundary is a digest of the parts, so that it stands in none of them and the same command sends the same bytes.
 */
static int make_form(struct awscurl_bodies *b, const struct awscurl_opts *o, struct err *e)
{
    struct buf parts = BUF_INIT(MAX_BODY);
    struct awscurl_span *span = xcalloc(o->n_forms, sizeof *span);
    char digest[65];
    int rc = 0;
    size_t n = 0;
    for (size_t i = 0; rc == 0 && i < o->n_pieces; i++) {
        struct part p;
        if (o->pieces[i].kind != AWSCURL_FORM && o->pieces[i].kind != AWSCURL_FORM_STRING)
            continue;
        size_t from = parts.n;
        rc = parse_part(&p, &o->pieces[i], e);
        if (rc == 0) {
            rc = add_part(&parts, &p, e);
            free(p.path);
        }
        span[n++] = (struct awscurl_span){from, parts.n - from};
    }
    if (rc == 0 && parts.failed)
        rc = err_set(e, ERR_LIMIT, "-F: the form is larger than %d MiB", MAX_BODY >> 20);
    sha256_hex(buf_str(&parts), digest);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        buf_addf(&b->text, "--------------------------%.24s\r\n", digest);
        buf_adds(&b->text, str_sub(buf_str(&parts), span[i].at, span[i].n));
        buf_addz(&b->text, "\r\n");
    }
    buf_addf(&b->text, "--------------------------%.24s--\r\n", digest);
    b->type = xasprintf("multipart/form-data; boundary=------------------------%.24s", digest);
    free(span);
    buf_free(&parts);
    return rc;
}

/* ---- datasets */

/* {"parameters":{...},"stream":...}: what is merged into each entry. */
static int extra_members(const char *extra, struct buf *out, struct err *e)
{
    struct js s;
    struct str key, raw, parameters = {0}, stream = {0};
    struct buf others = BUF_INIT(MAX_BODY);
    js_init(&s, str_of(extra));
    bool object = js_enter(&s, '{');
    while (object && js_key(&s, &key)) {
        js_skip(&s, &raw);
        if (js_raw_eq(key, "parameters"))
            parameters = raw;
        else if (js_raw_eq(key, "stream"))
            stream = raw;
        else
            buf_addf(&others, "%s\"" STR_FMT "\":" STR_FMT, others.n ? "," : "", STR_ARG(key), STR_ARG(raw));
    }
    int rc = 0;
    if (!object || !js_done(&s))
        rc = err_set(e, ERR_USAGE, "extra-parameters must be a JsonObject: --extra-parameters %.200s", extra);
    else if (parameters.n > 0 && parameters.p[0] != '{')
        rc = err_set(e, ERR_USAGE, "--extra-parameters: \"parameters\" must be an object");
    buf_addz(out, "{\"parameters\":");
    if (parameters.n > 0)
        buf_adds(out, parameters);
    else
        buf_addf(out, "{" STR_FMT "}", STR_ARG(buf_str(&others)));
    if (stream.n > 0)
        buf_addf(out, ",\"stream\":" STR_FMT, STR_ARG(stream));
    buf_addc(out, '}');
    buf_free(&others);
    return rc;
}

/* An entry that is wrong is named by `where`. */
static int add_entry(struct awscurl_bodies *b, struct str entry, struct str extra, const char *where, struct err *e)
{
    size_t from = b->text.n;
    struct err why = {0};
    if (str_trim(entry).n == 0)
        return 0;
    if (extra.n == 0) {
        buf_adds(&b->text, entry);
    } else if (str_trim(entry).p[0] != '{' || json_merge(&b->text, str_trim(entry), extra, &why) < 0) {
        return err_set(e, ERR_DATA, "%s: with --extra-parameters each entry must be a JSON object%s%s", where,
                       why.text[0] ? ": " : "", why.text);
    }
    add(b, from);
    return fits(b, e);
}

static int load_lines(struct awscurl_bodies *b, const char *path, struct str extra, struct err *e)
{
    struct file_map m;
    if (file_open_map(&m, path, MAX_BODIES, e) != 0)
        return -1;
    struct str_split it = {.rest = m.text, .sep = '\n'};
    struct str line;
    int rc = 0;
    for (size_t n = 1; rc == 0 && str_next(&it, &line); n++) {
        char where[512];
        snprintf(where, sizeof where, "%.480s:%zu", path, n);
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        rc = add_entry(b, line, extra, where, e);
    }
    file_close_map(&m);
    return rc;
}

static int shown(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

static int load_folder(struct awscurl_bodies *b, const char *path, struct str extra, struct err *e)
{
    struct dirent **list = NULL;
    int n = scandir(path, &list, shown, alphasort), rc = 0;
    if (n < 0)
        return err_sys(e, ERR_IO, errno, "cannot read the folder %s", path);
    for (int i = 0; i < n; i++) {
        char *name = xasprintf("%s/%s", path, list[i]->d_name);
        struct stat st;
        struct file_map m;
        if (rc == 0 && stat(name, &st) == 0 && S_ISREG(st.st_mode)) {
            rc = file_open_map(&m, name, MAX_BODY, e);
            if (rc == 0) {
                rc = add_entry(b, m.text, extra, name, e);
                file_close_map(&m);
            }
        }
        free(name);
        free(list[i]);
    }
    free(list);
    return rc;
}

static int load_dataset(struct awscurl_bodies *b, const struct awscurl_opts *o, struct err *e)
{
    struct stat st;
    struct buf extra = BUF_INIT(MAX_BODY);
    int rc = 0;
    if (stat(o->dataset, &st) != 0)
        return err_set(e, ERR_USAGE, "dataset directory not found: %s", o->dataset);
    if (o->extra_parameters) {
        struct str type = str_of(o->content_type);
        ptrdiff_t end = str_chr(type, ';');
        type = str_trim(end < 0 ? type : str_sub(type, 0, (size_t)end));
        if (type.n > 0 && !str_ieq(type, STR("application/json")))
            rc = err_set(e, ERR_USAGE, "--extra-parameters need bodies of JSON, but -H says Content-Type: %s",
                         o->content_type);
        else
            rc = extra_members(o->extra_parameters, &extra, e);
    }
    b->folder = S_ISDIR(st.st_mode);
    if (rc == 0)
        rc = (b->folder ? load_folder : load_lines)(b, o->dataset, buf_str(&extra), e);
    if (rc == 0 && b->n == 0)
        rc = err_set(e, ERR_USAGE, "Failed to read dataset from: %s; it holds no body", o->dataset);
    if (rc == 0 && !o->content_type && (o->extra_parameters || str_trim(awscurl_body(b, 0)).p[0] == '{'))
        b->type = xstrdup("application/json");
    buf_free(&extra);
    return rc;
}

/* ---- all */

static int make_single(struct awscurl_bodies *b, const struct awscurl_opts *o, struct err *e)
{
    int rc = 0;
    if (o->n_forms > 0 && o->content_type && !str_istarts(str_of(o->content_type), STR("multipart/form-data")))
        return err_set(e, ERR_USAGE, "-H \"Content-Type: %s\": a form (-F) is multipart/form-data", o->content_type);
    if (o->n_forms > 0) {
        rc = make_form(b, o, e);
    } else if (o->n_pieces > 0 && o->get) {
        rc = add_data(&b->query, o, e);
    } else if (o->n_pieces > 0) {
        rc = add_data(&b->text, o, e);
        if (!o->content_type)
            b->type = xstrdup("application/x-www-form-urlencoded; charset=ISO-8859-1");
    } else if (o->upload) {
        rc = add_file(&b->text, o->upload, "-T", e);
        if (!o->content_type)
            b->type = xstrdup(type_of_file(o->upload));
    }
    if (rc == 0 && b->query.failed)
        rc = err_set(e, ERR_USAGE, "-G: the query is longer than %zu bytes", b->query.max);
    add(b, 0);
    return rc < 0 ? -1 : fits(b, e);
}

int awscurl_bodies_make(struct awscurl_bodies *b, const struct awscurl_opts *o, struct err *e)
{
    *b = (struct awscurl_bodies){0};
    buf_init(&b->text, o->dataset ? MAX_BODIES : MAX_BODY);
    buf_init(&b->query, 64 << 10);
    return o->dataset ? load_dataset(b, o, e) : make_single(b, o, e);
}

void awscurl_bodies_free(struct awscurl_bodies *b)
{
    buf_free(&b->text);
    buf_free(&b->query);
    free(b->v);
    free(b->type);
    *b = (struct awscurl_bodies){0};
}

/* Whether a line of a file can hold it: a reader of lines cuts at line feeds and takes a CR before one away. */
static bool is_line(struct str s)
{
    return str_chr(s, '\n') < 0 && (s.n == 0 || s.p[s.n - 1] != '\r');
}

int awscurl_bodies_write(const struct awscurl_bodies *b, const char *dir, struct buf *path, struct err *e)
{
    bool lines = true;
    int rc = 0;
    for (size_t i = 0; lines && i < b->n; i++)
        lines = is_line(awscurl_body(b, i));
    buf_clear(path);
    buf_addf(path, "%s/bodies", dir);
    if (!lines && dir_make(path->p, e) < 0)
        return -1;
    struct buf all = BUF_INIT(MAX_BODIES + b->n);
    for (size_t i = 0; rc == 0 && i < b->n; i++) {
        if (lines) {
            buf_adds(&all, awscurl_body(b, i));
            buf_addc(&all, '\n');
            continue;
        }
        char *name = xasprintf("%s/%09zu", path->p, i);
        rc = file_write(name, awscurl_body(b, i), e);
        free(name);
    }
    if (lines)
        rc = file_write(path->p, buf_str(&all), e);
    buf_free(&all);
    return rc;
}

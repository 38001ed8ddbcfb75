#include "fetch/hub.h"

#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "fetch/download.h"

enum { ID_MAX = 96 /* of the hub itself */, REVISION_MAX = 200, COMMIT = 40, TOKEN_MAX = 4096 };

/* ---- ids */

struct model {
    struct str name, revision; /* "org/name"; "" none given */
};

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_';
}

/* Words joined by single -, . and /, as the hub has them: "--" and ".." would be ambiguous in folder names. */
static bool is_name(struct str s)
{
    size_t slashes = 0;
    if (s.n == 0 || s.n > ID_MAX || !is_word(s.p[0]) || !is_word(s.p[s.n - 1]))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool joins = c == '-' || c == '.' || c == '/';
        slashes += c == '/';
        if ((!joins && !is_word(c)) || (joins && c != '-' && !is_word(s.p[i + 1]) && s.p[i + 1] != '-') ||
            (c == '-' && s.p[i + 1] == '-'))
            return false;
    }
    return slashes <= 1;
}

static bool is_revision(struct str s)
{
    if (s.n == 0 || s.n > REVISION_MAX || s.p[0] == '/' || str_find(s, STR("..")) >= 0)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!is_word(s.p[i]) && !strchr("-./+", s.p[i]))
            return false;
    return true;
}

static bool read_id(const char *text, struct model *m)
{
    struct str s = str_of(text);
    ptrdiff_t at = str_chr(s, '@');
    m->name = at < 0 ? s : str_sub(s, 0, (size_t)at);
    m->revision = at < 0 ? STR("") : str_sub(s, (size_t)at + 1, s.n);
    return is_name(m->name) && (at < 0 || is_revision(m->revision));
}

bool hub_is_id(const char *text)
{
    struct model m;
    return read_id(text, &m);
}

/* ---- the environment */

static const char *env_of(const char *name)
{
    const char *v = getenv(name);
    return v && *v ? v : NULL;
}

static bool env_true(const char *name)
{
    struct str v = str_of(getenv(name));
    return str_eqz(v, "1") || str_ieq(v, STR("on")) || str_ieq(v, STR("yes")) || str_ieq(v, STR("true"));
}

static char *expanded(const char *path)
{
    const char *home = env_of("HOME");
    return home && path[0] == '~' && (path[1] == '/' || path[1] == 0) ? xasprintf("%s%s", home, path + 1)
                                                                      : xstrdup(path);
}

/* HF_HOME; NULL: there is no home at all. */
static char *hub_home(void)
{
    const char *given = env_of("HF_HOME"), *cache = env_of("XDG_CACHE_HOME"), *home = env_of("HOME");
    if (given)
        return expanded(given);
    if (cache)
        return xasprintf("%s/huggingface", cache);
    return home ? xasprintf("%s/.cache/huggingface", home) : NULL;
}

static char *in_home(const char *path, const char *name)
{
    char *home = path ? NULL : hub_home();
    char *out = path ? expanded(path) : home ? xasprintf("%s/%s", home, name) : NULL;
    free(home);
    return out;
}

/* Of the endpoint, without / at its end. */
static char *endpoint(void)
{
    const char *given = env_of("HF_ENDPOINT");
    struct str s = str_of(given ? given : "https://huggingface.co");
    while (s.n > 0 && s.p[s.n - 1] == '/')
        s.n--;
    return xmemdup0(s.p, s.n);
}

static int token_of(char **token, struct err *e)
{
    const char *given = env_of("HF_TOKEN");
    struct buf b = BUF_INIT(TOKEN_MAX);
    *token = NULL;
    if (env_true("HF_HUB_DISABLE_IMPLICIT_TOKEN"))
        return 0;
    if (!given)
        given = env_of("HUGGING_FACE_HUB_TOKEN");
    char *path = given ? NULL : in_home(env_of("HF_TOKEN_PATH"), "token");
    if (given)
        buf_addz(&b, given);
    else if (path && access(path, R_OK) == 0)
        file_read(&b, path, NULL);
    struct str s = str_trim(buf_str(&b));
    bool plain = !b.failed;
    for (size_t i = 0; i < s.n; i++)
        plain &= s.p[i] > 32 && s.p[i] < 127;
    if (s.n > 0 && plain)
        *token = xmemdup0(s.p, s.n);
    if (b.p)
        explicit_bzero(b.p, b.n);
    buf_free(&b);
    if (!plain)
        err_set(e, ERR_USAGE, "%s holds no token of the hub: it has characters that none has",
                path ? path : "HF_TOKEN");
    free(path);
    return plain ? 0 : -1;
}

/* ---- the hub's cache: models--org--name/refs/REVISION names a commit, snapshots/COMMIT/ holds its files */

static void add_slashed(struct buf *b, struct str s, const char *slash)
{
    for (size_t i = 0; i < s.n; i++)
        buf_addz(b, s.p[i] == '/' ? slash : (char[]){s.p[i], 0});
}

static char *model_folder(const char *in, const struct model *m)
{
    struct buf b = BUF_INIT(65536);
    buf_addf(&b, "%s/models--", in);
    add_slashed(&b, m->name, "--");
    return buf_take(&b);
}

static const char *first_in(const char *folder, const char *const *names)
{
    for (; *names; names++) {
        char *path = xasprintf("%s/%s", folder, *names);
        bool here = access(path, R_OK) == 0;
        free(path);
        if (here)
            return *names;
    }
    return NULL;
}

/* The snapshot's folder if it has what is wanted, else NULL. */
static char *cached(const char *cache, const struct model *m, const struct hub_want *w)
{
    char *root = model_folder(cache, m);
    struct str revision = m->revision.n ? m->revision : STR("main");
    char *ref = xasprintf("%s/refs/" STR_FMT, root, STR_ARG(revision));
    struct buf b = BUF_INIT(1024);
    if (access(ref, R_OK) == 0 && file_read(&b, ref, NULL) == 0 && is_revision(str_trim(buf_str(&b))))
        revision = str_trim(buf_str(&b));
    char *snapshot = xasprintf("%s/snapshots/" STR_FMT, root, STR_ARG(revision));
    bool here = first_in(snapshot, w->any) != NULL;
    buf_free(&b);
    free(ref);
    free(root);
    if (here)
        return snapshot;
    free(snapshot);
    return NULL;
}

/* ---- downloading */

struct visit {
    const struct model *m;
    const struct hub_want *w;
    char *endpoint, *token, *folder;
    const char *shown; /* the endpoint without credentials */
};

static bool is_commit(struct str s)
{
    return s.n == COMMIT && strspn(s.p, "0123456789abcdef") >= COMMIT;
}

/* weir's own; another endpoint's models are others. */
static char *own_folder(const struct visit *v, struct err *e)
{
    struct buf b = BUF_INIT(65536);
    char digest[65], *cache = download_cache("hub", e);
    if (!cache)
        return NULL;
    sha256_hex(str_of(v->endpoint), digest);
    char *root = model_folder(cache, v->m);
    buf_addf(&b, "%s/%.8s/", root, digest);
    add_slashed(&b, v->m->revision.n ? v->m->revision : STR("main"), "--");
    free(root);
    free(cache);
    return buf_take(&b);
}

static int refused(const struct visit *v, const struct download_answer *a, struct err *e)
{
    const char *page = v->shown;
    struct str name = v->m->name;
    if (str_eqz(str_of(a->code), "RevisionNotFound"))
        return err_set(e, ERR_USAGE, STR_FMT ": the hub has no revision " STR_FMT " of it", STR_ARG(name),
                       STR_ARG(v->m->revision));
    if (str_eqz(str_of(a->code), "RepoNotFound") && v->token)
        return err_set(e, ERR_USAGE,
                       STR_FMT ": the hub has no such model, or one that the token of HF_TOKEN may not see; is the id "
                               "right (%s/" STR_FMT ")?",
                       STR_ARG(name), page, STR_ARG(name));
    if (v->token)
        return err_set(e, ERR_USAGE,
                       STR_FMT ": the hub refuses the token of HF_TOKEN (%ld); accept the licence of a gated model at "
                               "%s/" STR_FMT " with the account that it belongs to",
                       STR_ARG(name), a->status, page, STR_ARG(name));
    return err_set(e, ERR_USAGE,
                   STR_FMT ": the hub answers %ld: there is no such model, or it is gated; accept its licence at "
                           "%s/" STR_FMT " and set HF_TOKEN to a token of your account",
                   STR_ARG(name), a->status, page, STR_ARG(name));
}

static bool is_missing(const struct download_answer *a)
{
    return a->status == 404 && !str_eqz(str_of(a->code), "RepoNotFound") &&
           !str_eqz(str_of(a->code), "RevisionNotFound");
}

/* That the model has no such file is remembered, for when there is no network. */
static bool lacks(const char *path, const struct download_answer *a, bool got)
{
    char *mark = xasprintf("%s.none", path);
    bool lacking = is_missing(a);
    if (lacking)
        file_write(mark, STR(""), NULL);
    else if (got)
        unlink(mark);
    else
        lacking = (a->status == 0 || a->status >= 500) && access(mark, F_OK) == 0;
    free(mark);
    return lacking;
}

/* A revision's / is escaped, as the hub's own programs do: what follows is the file's path. */
static char *url_of(const struct visit *v, const char *file)
{
    struct buf b = BUF_INIT(65536);
    struct str revision = v->m->revision.n ? v->m->revision : STR("main");
    buf_addf(&b, "%s/" STR_FMT "/resolve/", v->endpoint, STR_ARG(v->m->name));
    add_slashed(&b, revision, "%2F");
    buf_addf(&b, "/%s", file);
    return buf_take(&b);
}

/* 0, 1: the model has no such file, or -1 + e. */
static int get_file(const struct visit *v, const char *file, struct err *e)
{
    struct download_answer answer = {0};
    struct err why = {0};
    char *path = xasprintf("%s/%s", v->folder, file), *url = url_of(v, file);
    char *name = xasprintf("%s of " STR_FMT " at %s", file, STR_ARG(v->m->name), v->shown);
    const struct download_opts o = {.name = name,
                                    .max_bytes = v->w->max_bytes,
                                    .progress = v->w->progress,
                                    .file = path,
                                    .bearer = v->token,
                                    .answer = &answer};
    bool settled = is_commit(v->m->revision) && access(path, R_OK) == 0;
    char *got = settled ? NULL : download(url, &o, &why);
    int rc = settled ? 0 : lacks(path, &answer, got) ? 1 : got ? 0 : -1;
    if (rc < 0 && (answer.status == 401 || answer.status == 403 || answer.status == 404))
        refused(v, &answer, e);
    else if (rc < 0 && answer.status == 0 && why.code == ERR_IO)
        err_set(e, ERR_IO,
                "%s Where there is one, `hf download " STR_FMT " %s` fetches it, and its folder can be given instead",
                why.text, STR_ARG(v->m->name), file);
    else if (rc < 0)
        err_set(e, why.code, "%s", why.text);
    free(got);
    free(name);
    free(url);
    free(path);
    return rc;
}

static int none_there(const struct visit *v, struct err *e)
{
    struct buf b = BUF_INIT(4096);
    for (const char *const *name = v->w->any; *name; name++)
        buf_addf(&b, "%s%s", b.n == 0 ? "" : name[1] ? ", " : " and ", *name);
    err_set(e, ERR_USAGE, STR_FMT ": the model has none of the files that were looked for: %s", STR_ARG(v->m->name),
            b.p ? b.p : "");
    buf_free(&b);
    return -1;
}

/* What was downloaded before comes first: without a network it is what there is. */
static int get_any(const struct visit *v, struct err *e)
{
    const char *had = first_in(v->folder, v->w->any);
    int rc = had ? get_file(v, had, e) : 1;
    for (const char *const *name = v->w->any; *name && rc == 1; name++)
        if (*name != had)
            rc = get_file(v, *name, e);
    return rc == 1 ? none_there(v, e) : rc;
}

static int get_all(const struct visit *v, struct err *e)
{
    if (dir_make(v->folder, e) != 0 || get_any(v, e) < 0)
        return -1;
    for (const char *const *name = v->w->also; name && *name; name++)
        if (get_file(v, *name, e) < 0)
            return -1;
    return 0;
}

static char *fetch(const struct model *m, const struct hub_want *w, struct err *e)
{
    struct visit v = {.m = m, .w = w, .endpoint = endpoint()};
    const char *at = strrchr(v.endpoint, '@');
    v.shown = at ? at + 1 : v.endpoint;
    int rc = token_of(&v.token, e);
    v.folder = rc == 0 ? own_folder(&v, e) : NULL;
    if (v.folder)
        rc = get_all(&v, e);
    if (v.token)
        explicit_bzero(v.token, strlen(v.token));
    free(v.token);
    free(v.endpoint);
    if (v.folder && rc == 0)
        return v.folder;
    free(v.folder);
    return NULL;
}

char *hub_folder(const char *id, const struct hub_want *w, struct err *e)
{
    struct model m;
    if (!read_id(id, &m)) {
        err_set(e, ERR_USAGE, "%s: is no id of a model on the Hugging Face hub; write org/name, or org/name@revision",
                id);
        return NULL;
    }
    const char *given = env_of("HF_HUB_CACHE");
    char *cache = in_home(given ? given : env_of("HUGGINGFACE_HUB_CACHE"), "hub");
    char *folder = cache ? cached(cache, &m, w) : NULL;
    bool offline = env_true("HF_HUB_OFFLINE") || env_true("TRANSFORMERS_OFFLINE");
    if (!folder && offline)
        err_set(e, ERR_USAGE,
                STR_FMT ": the hub's cache %s has no %s of it, and HF_HUB_OFFLINE forbids to load it; unset that, or "
                        "give a file or folder",
                STR_ARG(m.name), cache ? cache : "(there is none: HOME is not set)", w->any[0]);
    else if (!folder)
        folder = fetch(&m, w, e);
    free(cache);
    return folder;
}

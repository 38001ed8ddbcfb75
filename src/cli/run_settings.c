#include "cli/run_settings.h"

#include "base/xalloc.h"
#include "campaign/redact.h"
#include "cli/opt_dump.h"
#include "cli/opts.h"

static jnode *stored_root(const struct run_settings *s)
{
    return s->stored ? jdoc_root(s->stored) : NULL;
}

/* Runs of one endpoint before there could be several have "url" alone. */
static int stored_urls(struct run_settings *s, const char *path, struct err *e)
{
    jnode *root = stored_root(s), *urls = jn_get(root, "urls");
    size_t n = jn_is_arr(urls) ? jn_len(urls) : 1;
    for (size_t i = 0; i < n; i++) {
        const char *url = jn_str(jn_is_arr(urls) ? jn_at(urls, i) : jn_get(root, "url"), NULL).p;
        if (!url)
            return err_set(e, ERR_DATA, "%s: names no URL; give it again", path);
        if (strstr(url, "[redacted]"))
            return err_set(e, ERR_USAGE, "%s: the URL held a secret and is not stored whole; give it again", path);
        if (opt_set(&opt_run, &s->c, &s->seen, opt_find(&opt_run, STR("url")), url, OPT_FROM_STORED, e) < 0)
            return err_prefix(e, "%s: ", path);
    }
    return 0;
}

/* What --replay must not take for the real thing. */
static int whole_urls(const struct run_config *c, const char *path, struct err *e)
{
    bool cut = c->dataset && strstr(c->dataset, REDACTED);
    for (const char **m = c->metrics_urls; m && *m; m++) {
        if (strstr(*m, REDACTED))
            return err_set(e, ERR_USAGE,
                           "%s: the metrics URL held a secret and is not stored whole; give --metrics-url again", path);
    }
    for (const char **m = c->mix; m && *m; m++)
        cut |= strstr(*m, REDACTED) != NULL;
    if (c->proxy && strstr(c->proxy, REDACTED))
        return err_set(e, ERR_USAGE, "%s: the proxy's URL held a secret and is not stored whole; give --proxy again",
                       path);
    return cut ? err_set(e, ERR_USAGE,
                         "%s: the dataset's URL held a secret and is not stored whole; it cannot be replayed", path)
               : 0;
}

/* The stored run's options come in below all that the user gives; the load itself he cannot give, since --replay
 * excludes it. */
static int take_stored(struct run_settings *s, const char *path, struct err *e)
{
    struct opt_seen *seen = &s->seen;
    jnode *root = stored_root(s), *options = jn_get(root, "options");
    if (!jn_is_obj(options))
        return err_set(e, ERR_DATA, "%s: has no \"options\"; is this the folder of a run?", path);
    if (opt_load(&opt_run, &s->c, seen, options, OPT_FROM_STORED, e) < 0 || opt_settle(&opt_run, &s->c, seen, e) < 0)
        return err_prefix(e, "%s: ", path);
    if (whole_urls(&s->c, path, e) < 0)
        return -1;
    if (!s->c.seed_given) {
        s->c.seed = (uint64_t)jn_i64(jn_get(root, "seed"), 0);
        s->c.seed_given = true;
    }
    if (!s->c.urls) {
        if (!jn_bool(jn_get(root, "simulator"), false) && stored_urls(s, path, e) < 0)
            return -1;
        if (!s->c.model) /* the one that was found then */
            s->c.model = jn_str(jn_get(root, "model"), NULL).p;
    }
    snprintf(s->sha256, sizeof s->sha256, "%.*s", STR_ARG(jn_str(jn_get(root, "dataset.sha256"), "")));
    s->c.replay_sha256 = s->sha256;
    return 0;
}

static int load_replay(struct run_settings *s, struct err *e)
{
    char *path = xasprintf("%s/metadata.json", s->c.replay);
    s->stored = jdoc_load(path, 4u << 20, e);
    int rc = s->stored ? take_stored(s, path, e) : -1;
    free(path);
    return rc < 0 ? err_prefix(e, "--replay: ") : 0;
}

static int load_files(struct run_settings *s, opt_env_fn *env, struct err *e)
{
    bool stdin_read = false;
    if (!s->c.files)
        return 0;
    s->bench = bench_new(&opt_run);
    for (const char **f = s->c.files; *f; f++) {
        if (strcmp(*f, "-") == 0 && stdin_read)
            return err_set(e, ERR_USAGE, "--file: - stands there twice; standard input can be read once");
        stdin_read |= strcmp(*f, "-") == 0;
        if (bench_add_file(s->bench, *f, env, e) < 0)
            return -1;
    }
    return 0;
}

/* The command line, the environment and the defaults. */
static int parse(struct run_config *c, struct opt_seen *seen, int argc, const char *const *argv, opt_env_fn *env,
                 struct err *e)
{
    return opt_parse(&opt_run, argc, argv, env, c, seen, e) < 0 || run_take_urls(c, seen, e) < 0 ? -1 : 0;
}

struct words { /* where each level's options begin from */
    int argc;
    const char *const *argv;
    opt_env_fn *env;
};

/* Level i: everything again, and over it what the level says. */
static int read_level(struct run_settings *s, const struct words *w, size_t i, struct err *e)
{
    struct run_config *c = &s->levels[i];
    struct level_settings *l = &s->level[i];
    if (parse(c, &l->seen, w->argc, w->argv, w->env, e) < 0)
        return -1;
    c->replay_sha256 = s->c.replay_sha256;
    c->lookup = s->c.lookup;
    if (s->stored) {
        jnode *level = jn_at(jn_get(stored_root(s), "levels"), i);
        if (opt_load(&opt_run, c, &l->seen, jn_get(stored_root(s), "options"), OPT_FROM_STORED, e) < 0 ||
            opt_load(&opt_run, c, &l->seen, jn_get(level, "options"), OPT_FROM_STORED_LEVEL, e) < 0)
            return err_prefix(e, "--replay: levels[%zu]: ", i);
        char place[64];
        snprintf(place, sizeof place, "levels[%zu]", i);
        if (whole_urls(c, place, e) < 0)
            return err_prefix(e, "--replay: ");
        c->level_name = jn_str(jn_get(level, "name"), NULL).p;
        if (!c->model && s->c.model)
            c->model = jn_str(jn_get(level, "model"), NULL).p;
        snprintf(l->sha256, sizeof l->sha256, "%.*s", STR_ARG(jn_str(jn_get(level, "dataset.sha256"), "")));
        c->replay_sha256 = l->sha256;
    }
    if (s->bench && bench_apply(s->bench, SIZE_MAX, c, &l->seen, e) < 0)
        return -1;
    if (!s->stored) {
        c->level_name = bench_level_name(s->bench, i);
        if (bench_apply(s->bench, i, c, &l->seen, e) < 0)
            return -1;
    }
    return opt_settle(&opt_run, c, &l->seen, e);
}

/* What options together get wrong has no place but the level's. */
static int check_level(const struct run_settings *s, size_t i, struct err *e)
{
    char where[320] = "--replay";
    if (run_config_check(&s->levels[i], e) == 0)
        return 0;
    if (!s->stored)
        bench_level_where(s->bench, i, where);
    return err_prefix(e, "%s: level %zu: ", where, i + 1);
}

static int read_levels(struct run_settings *s, const struct words *w, struct err *e)
{
    size_t n = s->stored ? jn_len(jn_get(stored_root(s), "levels")) : bench_levels(s->bench);
    if (n > BENCH_MAX_LEVELS)
        return err_set(e, ERR_DATA, "--replay: the stored run has %zu levels; at most %d can be", n, BENCH_MAX_LEVELS);
    s->levels = xcalloc(n, sizeof *s->levels);
    s->level = xcalloc(n, sizeof *s->level);
    for (size_t i = 0; i < n; i++) {
        s->n_levels++;
        if (read_level(s, w, i, e) < 0 || check_level(s, i, e) < 0)
            return -1;
    }
    s->c.levels = s->levels;
    s->c.n_levels = n;
    return 0;
}

static const char *store(struct buf *b, const struct run_config *c, const struct opt_seen *seen, bool level)
{
    static const char *const not_stored[] = {"url",        "output-dir", "replay",      "json",    "quiet",
                                             "no-live",    "file",       "show-config", "dry-run", "check",
                                             "wait-ready", "plot",       NULL};
    struct jout j;
    buf_init(b, 4u << 20);
    jo_init(&j, b, 0);
    opt_dump(&j, &opt_run, c, seen, not_stored, level);
    return buf_str(b).p;
}

/* A file's words of the plan stand against a replay as those of the command line do. */
static int read_sources(struct run_settings *s, const struct words *w, struct err *e)
{
    if (parse(&s->c, &s->seen, w->argc, w->argv, w->env, e) < 0 || load_files(s, w->env, e) < 0)
        return -1;
    if (s->bench &&
        (bench_apply(s->bench, SIZE_MAX, &s->c, &s->seen, e) < 0 || opt_settle(&opt_run, &s->c, &s->seen, e) < 0))
        return -1;
    if (run_replay_check(&s->seen, e) < 0)
        return -1;
    if (s->c.replay && bench_levels(s->bench) > 0)
        return err_set(e, ERR_USAGE, "--replay repeats the stored run's plan; the levels of the file would change it");
    return s->c.replay ? load_replay(s, e) : 0;
}

int run_settings_read(struct run_settings *s, int argc, const char *const *argv, opt_env_fn *env, struct err *e)
{
    const struct words w = {argc, argv, env};
    memset(s, 0, sizeof *s);
    if (read_sources(s, &w, e) < 0)
        return -1;
    bool levels = bench_levels(s->bench) > 0 || (s->stored && jn_len(jn_get(stored_root(s), "levels")) > 0);
    if (levels ? read_levels(s, &w, e) < 0 : run_config_check(&s->c, e) < 0)
        return -1;
    s->c.options_json = store(&s->options, &s->c, &s->seen, false);
    for (size_t i = 0; i < s->n_levels; i++)
        s->levels[i].options_json = store(&s->level[i].options, &s->levels[i], &s->level[i].seen, true);
    s->c.command = argv;
    s->c.n_command = argc;
    return 0;
}

void run_settings_free(struct run_settings *s)
{
    buf_free(&s->options);
    opt_free(&opt_run, &s->c, &s->seen);
    for (size_t i = 0; i < s->n_levels; i++) {
        buf_free(&s->level[i].options);
        opt_free(&opt_run, &s->levels[i], &s->level[i].seen);
    }
    free(s->levels);
    free(s->level);
    bench_free(&s->bench);
    jdoc_free(&s->stored);
}

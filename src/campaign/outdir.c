/* outdir.c - the folder of a run and metadata.json ("weir.metadata/1", docs/FORMATS.md). Nothing secret is stored. */
#include <errno.h>
#include <math.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "base/jout.h"
#include "campaign/campaign_private.h"

int outdir_check(struct campaign_state *s, struct err *e)
{
    const char *given = s->c->output_dir;
    size_t most = sizeof s->result->dir - 32;
    struct stat st;
    if (strlen(given) > most)
        return err_set(e, ERR_USAGE, "--output-dir: the path is longer than %zu bytes; give a shorter one", most);
    if (stat(given, &st) == 0 && !S_ISDIR(st.st_mode))
        return err_set(e, ERR_USAGE, "--output-dir %s: is a file; give a new folder", given);
    if (stat(given, &st) == 0 && !dir_is_empty(given))
        return err_set(e, ERR_USAGE, "--output-dir %s: is not empty; give a new folder, or clear this one", given);
    snprintf(s->result->dir, sizeof s->result->dir, "%s", given);
    return 0;
}

int outdir_prepare(struct campaign_state *s, struct err *e)
{
    char *dir = s->result->dir, stamp[32];
    size_t cap = sizeof s->result->dir;
    if (s->c->output_dir) {
        if (outdir_check(s, e) < 0)
            return -1;
    } else {
        fmt_local_stamp(stamp, s->epoch_unix);
        for (int i = 1; i < 100; i++) { /* two runs within one second */
            snprintf(dir, cap, i == 1 ? "results/%s" : "results/%s_%d", stamp, i);
            if (dir_is_empty(dir))
                break;
        }
    }
    struct err why = {0};
    if (dir_make(dir, &why) == 0 && access(dir, W_OK | X_OK) != 0)
        err_sys(&why, ERR_IO, errno, "cannot write in the folder %s", dir);
    if (why.code == ERR_NONE)
        return 0;
    return err_set(e, ERR_USAGE, "--output-dir: %s; name a folder that can be made and written", why.text);
}

static void put_machine(struct jout *j)
{
    struct utsname u;
    char cpu[128];
    machine_cpu_model(cpu);
    jo_key(j, "client");
    jo_obj(j);
    jo_kstrz(j, "weir", WEIR_VERSION);
    if (uname(&u) == 0) {
        jo_kstrz(j, "system", u.sysname);
        jo_kstrz(j, "kernel", u.release);
        jo_kstrz(j, "machine", u.machine);
    }
    jo_kstrz(j, "cpu", cpu[0] ? cpu : NULL);
    jo_ki64(j, "cpus", sysconf(_SC_NPROCESSORS_ONLN));
    jo_end_obj(j);
}

static void put_set(struct jout *j, const char *key, const cpu_set_t *set)
{
    struct buf b = BUF_INIT(8192);
    cores_set_text(set, &b);
    jo_kstr(j, key, buf_str(&b));
    buf_free(&b);
}

static void put_cores(struct jout *j, const struct campaign_state *s)
{
    const struct core_plan *p = &s->seats;
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    for (unsigned i = 0; i < s->cores.n; i++)
        CPU_SET(s->cores.core[i].cpu, &allowed);
    jo_key(j, "cores");
    jo_obj(j);
    put_set(j, "allowed", &allowed);
    jo_kf64(j, "quota", s->cores.quota > 0 ? s->cores.quota : NAN);
    jo_kbool(j, "pinned", p->pinned);
    if (p->pinned) {
        jo_key(j, "workers");
        jo_arr(j);
        for (unsigned i = 0; i < p->n_workers; i++)
            jo_i64(j, p->worker[i]);
        jo_end_arr(j);
        put_set(j, "writer", &p->writer);
        if (p->has_server)
            put_set(j, "simulator", &p->server);
    }
    jo_end_obj(j);
}

static void put_urls(struct jout *j, const struct campaign_state *s)
{
    struct buf url = BUF_INIT(16384);
    redact_url(&url, str_of(s->variant[0].ep->target[0].url_text));
    jo_kstr(j, "url", buf_str(&url));
    char proxy[512];
    jo_kstrz(j, "proxy", proxying_text(s, proxy, sizeof proxy));
    jo_key(j, "urls");
    jo_arr(j);
    for (unsigned i = 0; i < s->n_targets; i++) {
        buf_clear(&url);
        redact_url(&url, str_of(s->variant[0].ep->target[i].url_text));
        jo_str(j, buf_str(&url));
    }
    jo_end_arr(j);
    buf_free(&url);
}

static void put_server(struct jout *j, const struct campaign_state *s, unsigned i)
{
    const struct variant *v = &s->variant[0];
    const struct probe *p = &v->ep->probe[i];
    jo_obj(j);
    jo_kbool(j, "probed", !s->c->no_probe && !p->refused);
    jo_kstrz(j, "version", p->server_version[0] ? p->server_version : NULL);
    jo_kstrz(j, "program", p->id.kind != SERVER_UNKNOWN ? server_kind_name(p->id.kind) : NULL);
    jo_kbool(j, "stream_options", v->api_opts.stream && v->api_opts.include_usage);
    jo_kbool(j, "continuous_usage", v->api_opts.stream && v->api_opts.running_usage);
    jo_kbool(j, "usage", p->usage);
    jo_key(j, "headers");
    jo_arr(j);
    struct str_split it = {.rest = str_of(p->headers), .sep = '\n'};
    struct str line;
    while (str_next(&it, &line)) {
        if (line.n)
            jo_str(j, line);
    }
    jo_end_arr(j);
    jo_end_obj(j);
}

/* Of the first endpoint, and, where there are several, of each. */
static void put_servers(struct jout *j, const struct campaign_state *s)
{
    jo_key(j, "server");
    put_server(j, s, 0);
    if (s->n_targets < 2)
        return;
    jo_key(j, "servers");
    jo_arr(j);
    for (unsigned i = 0; i < s->n_targets; i++)
        put_server(j, s, i);
    jo_end_arr(j);
}

static void put_path(struct jout *j, const char *dataset)
{
    struct buf b = BUF_INIT(1u << 20);
    jo_key(j, "path");
    if (dataset)
        redact_url(&b, str_of(dataset));
    if (dataset)
        jo_str(j, buf_str(&b));
    else
        jo_null(j);
    buf_free(&b);
}

static void put_dataset(struct jout *j, const struct variant *v)
{
    const struct dataset_stats *d = dataset_get_stats(v->ds);
    jo_key(j, "dataset");
    jo_obj(j);
    put_path(j, v->c->dataset);
    jo_kstrz(j, "format", d->format);
    jo_ku64(j, "samples", d->samples);
    jo_ku64(j, "messages", d->messages);
    jo_ku64(j, "skipped", d->skipped);
    jo_ku64(j, "out_of_range", d->out_of_range);
    jo_ku64(j, "bad", d->bad);
    if (d->bad > 0)
        jo_kstrz(j, "first_bad", d->first_bad);
    jo_ku64(j, "text_bytes", d->text_bytes);
    jo_kstrz(j, "sha256", d->sha256);
    jo_ku64(j, "classes", d->classes);
    jo_end_obj(j);
}

static void put_tokenizer(struct jout *j, const struct tokenizer *t)
{
    struct tok_about a;
    jo_key(j, "tokenizer");
    if (!t) {
        jo_null(j);
        return;
    }
    tok_about(t->tok, &a);
    jo_obj(j);
    jo_kstrz(j, "name", t->name);
    jo_kstrz(j, "path", a.path);
    jo_kstrz(j, "format", a.format);
    jo_kstrz(j, "model", a.model);
    jo_ku64(j, "vocab", a.vocab);
    jo_ku64(j, "specials", a.specials);
    jo_kstrz(j, "sha256", t->sha256);
    jo_end_obj(j);
}

/* All that items ask for, where there are several. */
static void put_models(struct jout *j, const struct variant *v)
{
    if (v->models.n < 2)
        return;
    jo_key(j, "models");
    jo_arr(j);
    for (size_t i = 0; i < v->models.n; i++)
        jo_str(j, v->models.name[i]);
    jo_end_arr(j);
}

/* What each level of a file has of its own. */
static void put_levels(struct jout *j, const struct campaign_state *s)
{
    jo_key(j, "levels");
    jo_arr(j);
    for (uint32_t i = 0; i < s->n_variants; i++) {
        const struct variant *v = &s->variant[i];
        jo_obj(j);
        jo_kstrz(j, "name", v->c->level_name);
        jo_kstrz(j, "model", v->ep->model);
        put_models(j, v);
        jo_key(j, "options");
        jo_raw(j, str_of(v->c->options_json ? v->c->options_json : "{}"));
        put_dataset(j, v);
        put_tokenizer(j, v->tokenizer);
        jo_end_obj(j);
    }
    jo_end_arr(j);
}

int outdir_metadata(struct campaign_state *s, struct err *e)
{
    struct buf b = BUF_INIT(64u << 20);
    struct jout j;
    char iso[40], path[600];
    jo_init(&j, &b, 2);
    jo_obj(&j);
    jo_kstrz(&j, "schema", "weir.metadata/1");
    jo_kstrz(&j, "started", fmt_utc_iso(iso, s->epoch_unix));
    jo_kstrz(&j, "run_id", s->run_id);
    jo_ku64(&j, "seed", s->seed);
    put_urls(&j, s);
    jo_kbool(&j, "simulator", s->sim.pid != 0);
    jo_kstrz(&j, "api", s->ops->name);
    jo_kstrz(&j, "model", s->variant[0].ep->model);
    put_models(&j, &s->variant[0]);
    jo_kbool(&j, "records", !s->c->no_records);
    jo_ku64(&j, "workers", s->workers);
    jo_key(&j, "command");
    redact_command(&j, s->c->command, s->c->n_command);
    jo_key(&j, "options");
    jo_raw(&j, str_of(s->c->options_json ? s->c->options_json : "{}"));
    if (s->c->n_levels > 0)
        put_levels(&j, s);
    put_dataset(&j, &s->variant[0]);
    put_tokenizer(&j, s->variant[0].tokenizer);
    put_machine(&j);
    put_cores(&j, s);
    put_servers(&j, s);
    jo_end_obj(&j);
    buf_addc(&b, '\n');
    snprintf(path, sizeof path, "%s/metadata.json", s->result->dir);
    int rc = b.failed ? err_set(e, ERR_LIMIT, "%s: the options are longer than %zu bytes", path, b.max)
                      : file_write(path, buf_str(&b), e);
    buf_free(&b);
    return rc;
}

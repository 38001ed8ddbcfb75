/* experiment_facts.c - what the files beside the figures, and experiment.yaml, say of what was measured. */
#include <math.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "cli/experiment_parts.h"

#define SUMMARY "benchmark_summary.json"
#define PAYLOAD "payload.json"
#define METADATA "metadata.json"
#define SHOWN_TEXT 300

static struct jdoc *load(const char *dir, const char *name)
{
    struct err why = {0};
    char *path = dir ? xasprintf("%s/%s", dir, name) : NULL;
    struct jdoc *d = path && access(path, F_OK) == 0 ? jdoc_load(path, XP_JSON_MAX, &why) : NULL;
    if (why.code != ERR_NONE)
        log_warn("%s is left out: %s", path, why.text);
    free(path);
    return d;
}

void xp_papers_read(struct xp_papers *d, const struct xp_place *p)
{
    d->summary = load(p->run, SUMMARY);
    d->payload = load(p->run, PAYLOAD);
    d->metadata = load(p->records ? p->records : p->stored, METADATA);
    if (!d->metadata && p->run)
        d->metadata = load(p->run, METADATA);
}

void xp_papers_free(struct xp_papers *d)
{
    jdoc_free(&d->summary);
    jdoc_free(&d->payload);
    jdoc_free(&d->metadata);
}

static const char *text_of(struct experiment *x, jnode *n)
{
    struct str s = jn_str(n, NULL);
    return s.p && s.n > 0 ? xp_own(x, xmemdup0(s.p, s.n)) : NULL;
}

static jnode *in(const struct jdoc *d, const char *key)
{
    return jn_get(jdoc_root(d), key);
}

/* Of the run, as it was given. */
static struct str option_of(const struct xp_papers *d, const char *name)
{
    return jn_str(jn_get(in(d->metadata, "options"), name), NULL);
}

int xp_take_objective(struct experiment *x, const struct xp_papers *d, const char *asked, struct err *e)
{
    struct str stored = option_of(d, "slo");
    if (asked)
        return slo_parse(&x->slo, str_of(asked), e) < 0 ? err_prefix(e, "--slo: ") : 0;
    if (stored.n > 0 && slo_parse(&x->slo, stored, NULL) == 0)
        return 0;
    return slo_parse(&x->slo, STR(XP_SLO), e);
}

void xp_take_limits(struct experiment *x, const struct xp_papers *d)
{
    double n = jn_f64(in(d->summary, "max_tokens"), NAN), stored;
    if (!(n > 0))
        n = jn_f64(in(d->payload, "max_tokens"), NAN);
    if (!(n > 0) && parse_f64(option_of(d, "max-tokens"), &stored) == 0)
        n = stored;
    x->max_tokens = n > 0 ? n : x->setup.max_tokens > 0 ? (double)x->setup.max_tokens : NAN;
    x->http = text_of(x, in(d->summary, "http_version"));
    if (!x->setup.warm_up)
        x->setup.warm_up = text_of(x, jn_get(in(d->metadata, "options"), "warmup"));
    x->price_from = isfinite(x->setup.hourly_usd) ? "`" XP_SETUP_FILE "`" : NULL;
    double price = d->price; /* of all instances */
    if (isfinite(price)) {
        x->price_from = "`--cost-per-hour`";
    } else if (!x->price_from && parse_f64(option_of(d, "cost-per-hour"), &stored) == 0 && stored > 0) {
        price = stored;
        x->price_from = "`" METADATA "`";
    }
    if (isfinite(price))
        x->setup.hourly_usd = price / (double)MAX(x->setup.instances, 1);
}

/* ---- the rows */

struct facts {
    struct experiment *x;
    const struct xp_papers *d;
};

/* What a person said is stronger than what the data says. */
static void add(struct facts *f, const char *what, const char *said, const char *recorded, const char *from)
{
    xp_add_fact(f->x, what, said ? said : recorded, said ? "`" XP_SETUP_FILE "`" : from);
}

static const char *price_text(struct facts *f)
{
    double v = f->x->setup.hourly_usd;
    if (!isfinite(v))
        return NULL;
    return xp_textf(f->x, "%.6g US dollars per hour", v);
}

/* "2 messages, 230 bytes; ends in: ..." */
static const char *payload_text(struct facts *f)
{
    struct experiment *x = f->x;
    jnode *messages = in(f->d->payload, "messages");
    size_t n = jn_len(messages), bytes = 0;
    if (n == 0)
        return NULL;
    for (size_t i = 0; i < n; i++)
        bytes += jn_str(jn_get(jn_at(messages, i), "content"), NULL).n;
    const char *last = text_of(x, jn_get(jn_at(messages, n - 1), "content"));
    double heat = jn_f64(in(f->d->payload, "temperature"), NAN);
    const char *temperature = isfinite(heat) ? xp_textf(x, ", temperature %.3g", heat) : "";
    const char *stream = jn_is_null(in(f->d->payload, "stream"))       ? ""
                         : jn_bool(in(f->d->payload, "stream"), false) ? ", streamed"
                                                                       : ", not streamed";
    return xp_textf(x,
                    "the same chat in every request: %zu message%s of %zu bytes in all%s%s; the last one: \"%.*s%s\"",
                    n, n == 1 ? "" : "s", bytes, temperature, stream, SHOWN_TEXT, last ? last : "",
                    last && strlen(last) > SHOWN_TEXT ? "…" : "");
}

static const char *dataset_text(struct facts *f)
{
    jnode *set = in(f->d->metadata, "dataset");
    const char *format = text_of(f->x, jn_get(set, "format"));
    return format ? xp_textf(f->x, "%lld entries of a dataset in the format %s",
                             (long long)jn_i64(jn_get(set, "samples"), 0), format)
                  : NULL;
}

static void add_payload(struct facts *f)
{
    const char *payload = payload_text(f);
    struct experiment *x = f->x;
    if (payload || x->setup.payload)
        add(f, "Payload", x->setup.payload, payload, "`" PAYLOAD "`");
    else
        add(f, "Payload", NULL, dataset_text(f), "`" METADATA "`");
    double said = jn_f64(in(f->d->summary, "max_tokens"), NAN);
    xp_add_fact(x, "Limit of an answer", isfinite(x->max_tokens) ? xp_textf(x, "%.0f tokens", x->max_tokens) : NULL,
                said == x->max_tokens                                 ? "`" SUMMARY "`"
                : jn_f64(in(f->d->payload, "max_tokens"), 0) > 0      ? "`" PAYLOAD "`"
                : jn_get(in(f->d->metadata, "options"), "max-tokens") ? "`" METADATA "`"
                                                                      : "`" XP_SETUP_FILE "`");
}

static void add_tools(struct facts *f)
{
    struct experiment *x = f->x;
    jnode *client = in(f->d->metadata, "client");
    const char *weir = text_of(x, jn_get(client, "weir"));
    bool any = weir != NULL;
    if (weir)
        xp_add_fact(x, "Tool", xp_textf(x, "weir %s (load generator)", weir), "`" METADATA "`");
    for (size_t i = 0; x->setup.tools && x->setup.tools[i]; i++) {
        xp_add_fact(x, "Tool", x->setup.tools[i], "`" XP_SETUP_FILE "`");
        any = true;
    }
    if (!any)
        xp_add_fact(x, "Tools", NULL, NULL);
    const char *cpu = text_of(x, jn_get(client, "cpu")), *system = text_of(x, jn_get(client, "system"));
    if (cpu || system)
        xp_add_fact(x, "Machine of the load generator",
                    xp_textf(x, "%s%s%lld CPUs, %s", cpu ? cpu : "", cpu ? ", " : "",
                             (long long)jn_i64(jn_get(client, "cpus"), 0), system ? system : "system not recorded"),
                    "`" METADATA "`");
    else
        xp_add_fact(x, "Machine of the load generator", NULL, NULL);
}

/* Where the levels' counted tokens are from. */
static void take_sources(struct experiment *x, const struct xp_papers *d)
{
    jnode *results = in(d->summary, "results");
    for (size_t i = 0; i < jn_len(results); i++) {
        double c = jn_f64(jn_get(jn_at(results, i), "concurrency"), NAN);
        for (size_t k = 0; k < x->n_levels; k++)
            if (x->levels[k].closed && x->levels[k].load == c && isfinite(x->levels[k].tok_s))
                x->levels[k].token_source = text_of(x, jn_get(jn_at(results, i), "token_source"));
    }
}

static void take_date(struct experiment *x, const struct xp_papers *d)
{
    char iso[40];
    x->date = x->setup.date;
    if (!x->date)
        x->date = text_of(x, in(d->summary, "experiment_timestamp"));
    if (!x->date)
        x->date = text_of(x, in(d->metadata, "started"));
    for (size_t i = 0; !x->date && i < x->n_streams; i++)
        if (x->streams[i].timestamp > 0 && x->streams[i].timestamp < 1e10)
            x->date = xp_textf(x, "%s", fmt_utc_iso(iso, (int64_t)(x->streams[i].timestamp * 1e9)));
}

void xp_take_facts(struct experiment *x, const struct xp_papers *d)
{
    struct facts f = {x, d};
    const struct xp_setup *s = &x->setup;
    const char *asked = text_of(x, in(d->payload, "model")), *from = "`" PAYLOAD "`", *url;
    if (!asked) {
        asked = text_of(x, in(d->metadata, "model"));
        from = "`" METADATA "`";
    }
    url = text_of(x, in(d->summary, "url"));
    add(&f, "Instance", s->instance, NULL, NULL);
    xp_add_fact(x, "Instances", s->instances > 0 ? xp_textf(x, "%lld", (long long)s->instances) : "1 (assumed)",
                s->instances > 0 ? "`" XP_SETUP_FILE "`" : NULL);
    xp_add_fact(x, "Price of an instance", price_text(&f), x->price_from);
    add(&f, "Model", s->model, NULL, NULL);
    xp_add_fact(x, "Model as named in requests", asked, from);
    add(&f, "Backend", s->backend, NULL, NULL);
    add(&f, "Context", s->context, NULL, NULL);
    add(&f, "Image", s->image, NULL, NULL);
    add(&f, "Region", s->region, text_of(x, in(d->summary, "aws_region")), "`" SUMMARY "`");
    xp_add_fact(x, "Endpoint", url ? url : text_of(x, in(d->metadata, "url")),
                url ? "`" SUMMARY "`" : "`" METADATA "`");
    add_payload(&f);
    const char *duration = text_of(x, in(d->summary, "test_duration"));
    add(&f, "Duration of a level", s->duration,
        duration ? duration : text_of(x, jn_get(in(d->metadata, "options"), "duration")),
        duration ? "`" SUMMARY "`" : "`" METADATA "`");
    add_tools(&f);
    take_sources(x, d);
    take_date(x, d);
}

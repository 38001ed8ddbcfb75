/* experiment_setup.c - experiment.yaml: what a person says of the deployment that was measured. */
#include <math.h>

#include "base/xalloc.h"
#include "cli/experiment_parts.h"
#include "cli/opts.h"
#include "cli/ydoc.h"

#define C struct xp_setup
#define ALL "Keys"

static const struct opt rows[] = {
    {"title", 0, NULL, "TEXT", ALL, OPT_STR(C, title), .help = "The page's title. Default: the folder's name."},
    {"summary", 0, NULL, "TEXT", ALL, OPT_STR(C, summary), .help = "A paragraph of Markdown above the figures."},
    {"simulated", 0, NULL, "TEXT", ALL, OPT_STR(C, simulated),
     .help = "That no real endpoint was measured, and what was: stands at the top."},
    {"date", 0, NULL, "TEXT", ALL, OPT_STR(C, date), .help = "When it was measured, instead of what the data says."},
    {"instance", 0, NULL, "TEXT", ALL, OPT_STR(C, instance), .help = "ml.g5.2xlarge (A10G 24 GB), and the like."},
    {"instances", 0, NULL, "N", ALL, OPT_I64(C, instances), .def = "none", .word = "none", .min = 1, .max = 1e6,
     .help = "How many of them served. none: one is assumed."},
    {"model", 0, NULL, "TEXT", ALL, OPT_STR(C, model), .help = "The model behind the endpoint."},
    {"backend", 0, NULL, "TEXT", ALL, OPT_STR(C, backend), .help = "What serves it, such as LMI v15 with vLLM."},
    {"context", 0, NULL, "TEXT", ALL, OPT_STR(C, context), .help = "Length of its context."},
    {"region", 0, NULL, "TEXT", ALL, OPT_STR(C, region), .help = "Instead of what the data says."},
    {"image", 0, NULL, "TEXT", ALL, OPT_STR(C, image), .help = "The container's image."},
    {"payload", 0, NULL, "TEXT", ALL, OPT_STR(C, payload), .help = "What was sent, instead of what the data says."},
    {"duration", 0, NULL, "TEXT", ALL, OPT_STR(C, duration), .help = "Of a level, instead of what the data says."},
    {"warm-up", 0, NULL, "TEXT", ALL, OPT_STR(C, warm_up), .help = "What was sent before the measurement."},
    {"max-tokens", 0, NULL, "N", ALL, OPT_I64(C, max_tokens), .def = "none", .word = "none", .min = 1, .max = 1e9,
     .help = "Limit of an answer, where the data does not say it: tokens are estimated by it."},
    {"tools", 0, NULL, "TEXT", ALL, OPT_STRS(C, tools), .help = "Versions of the tools that were used."},
    {"notes", 0, NULL, "TEXT", ALL, OPT_STRS(C, notes), .help = "Lines of Markdown behind the setup."},
    {"hourly-usd", 0, NULL, "USD", ALL, OPT_F64(C, hourly_usd), .def = "none", .word = "none", .flags = OPT_POSITIVE,
     .help = "What an instance costs per hour. --cost-per-hour is of all together, and stronger."},
    {"target-tokens-per-min", 0, NULL, "N", ALL, OPT_F64(C, target_tokens_per_min), .def = "54000",
     .flags = OPT_POSITIVE, .help = "Autoscaling's target per instance."},
    {"min-instances", 0, NULL, "N", ALL, OPT_I64(C, min_instances), .def = "1", .min = 1, .max = 1e6,
     .help = "Autoscaling's least."},
    {"max-instances", 0, NULL, "N", ALL, OPT_I64(C, max_instances), .def = "8", .min = 1, .max = 1e6,
     .help = "Autoscaling's most."},
    {"expected-tokens-per-s-min", 0, NULL, "N", ALL, OPT_F64(C, expected_tok_s_min), .def = "900",
     .flags = OPT_POSITIVE, .help = "What an instance was expected to give at least ..."},
    {"expected-tokens-per-s-max", 0, NULL, "N", ALL, OPT_F64(C, expected_tok_s_max), .def = "1150",
     .flags = OPT_POSITIVE, .help = "... and at most."},
    {"expected-p95", 0, NULL, "TIME", ALL, OPT_NS(C, expected_p95), .def = "2s", .flags = OPT_POSITIVE,
     .help = "What P95 of the latency was expected to stay below."},
    {"expected-cost-per-1k", 0, NULL, "USD", ALL, OPT_F64(C, expected_cost_per_1k), .def = "0.01",
     .flags = OPT_POSITIVE, .help = "What 1,000 output tokens were expected to cost at most."},
};

const struct opt_table xp_setup_table = {"report --format experiment", NULL, rows, ARRAY_LEN(rows), NULL, 0};

int xp_setup_defaults(struct experiment *x, struct err *e)
{
    return opt_defaults(&xp_setup_table, &x->setup, e);
}

static int set(struct experiment *x, struct opt_seen *seen, const struct ydoc *d, const struct opt *o,
               const yaml_node_t *n, struct err *e)
{
    struct err why = {0};
    if (n->type != YAML_SCALAR_NODE || ydoc_null(n) || ydoc_text(n).n == 0)
        return ydoc_err(d, n, 0, e, "%s: write a text or a number", o->name);
    struct str text = ydoc_text(n);
    const char *copy = xp_own(x, xmemdup0(text.p, text.n));
    if (strlen(copy) != text.n)
        return ydoc_err(d, n, 0, e, "%s: must not hold control characters", o->name);
    if (opt_set(&xp_setup_table, &x->setup, seen, o, copy, OPT_FROM_FILE, &why) < 0)
        return ydoc_err(d, n, 0, e, "%s", why.text);
    return 0;
}

static int take(struct experiment *x, struct opt_seen *seen, const struct ydoc *d, const struct ydoc_member *m,
                struct err *e)
{
    struct str name = ydoc_text(m->key);
    const struct opt *o = opt_find(&xp_setup_table, name);
    char near[64];
    if (!o && opt_suggest(&xp_setup_table, name, NULL, near))
        return ydoc_err(d, m->key, 0, e, "unknown key " STR_FMT "; did you mean %s?", STR_ARG(str_sub(name, 0, 60)),
                        near);
    if (!o)
        return ydoc_err(d, m->key, 0, e, "unknown key " STR_FMT "; docs/FORMATS.md lists them",
                        STR_ARG(str_sub(name, 0, 60)));
    if (o->kind != OPT_LIST || m->value->type != YAML_SEQUENCE_NODE)
        return set(x, seen, d, o, m->value, e);
    for (const yaml_node_item_t *i = m->value->data.sequence.items.start; i < m->value->data.sequence.items.top; i++)
        if (set(x, seen, d, o, ydoc_node(d, *i), e) < 0)
            return -1;
    return 0;
}

/* Members are in the order of their ranks: those of one map have one. */
static int once(const struct ydoc *d, const struct ydoc_members *m, struct err *e)
{
    for (size_t i = 0; i < m->n; i++)
        for (size_t k = 0; k < i; k++)
            if (m->v[i].rank == m->v[k].rank && str_eq(ydoc_text(m->v[i].key), ydoc_text(m->v[k].key)))
                return ydoc_err(d, m->v[i].key, 0, e, STR_FMT " stands here twice",
                                STR_ARG(str_sub(ydoc_text(m->v[i].key), 0, 60)));
    return 0;
}

static int check(const struct experiment *x, const char *name, struct err *e)
{
    const struct xp_setup *s = &x->setup;
    if (s->expected_tok_s_min > s->expected_tok_s_max)
        return err_set(e, ERR_DATA, "%s: expected-tokens-per-s-min is above expected-tokens-per-s-max", name);
    if (s->min_instances > s->max_instances)
        return err_set(e, ERR_DATA, "%s: min-instances is above max-instances", name);
    return 0;
}

int xp_setup_read(struct experiment *x, struct opt_seen *seen, const char *name, struct str text, struct err *e)
{
    struct ydoc d = {0};
    struct ydoc_members m = {0};
    int rc = ydoc_open(&d, name, text, e);
    if (rc == 0 && d.root->type != YAML_MAPPING_NODE)
        rc = ydoc_err(&d, d.root, 0, e, "it is a map of keys, such as \"instance: ml.g5.2xlarge\"");
    if (rc == 0)
        rc = ydoc_members(&d, d.root, &m, e);
    if (rc == 0)
        rc = once(&d, &m, e);
    for (size_t i = 0; rc == 0 && i < m.n; i++)
        rc = take(x, seen, &d, &m.v[i], e);
    free(m.v);
    ydoc_close(&d);
    return rc < 0 ? -1 : check(x, name, e);
}

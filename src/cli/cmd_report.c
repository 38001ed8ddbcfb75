/* cmd_report.c - `weir report`: the table of a stored run, from its records alone. */
#include <math.h>
#include <unistd.h>

#include "analysis/acc.h"
#include "base/jdoc.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "campaign/campaign.h"
#include "cli/cmd.h"
#include "cli/experiment_write.h"
#include "cli/opts.h"
#include "report/plot.h"
#include "report/report.h"

#define METADATA_MAX ((size_t)64 << 20)
#define OUT_MAX ((size_t)1 << 30)

struct job {
    struct report_config c;
    struct slo_set slo, goodput;
    double q[SUMMARY_SHOWN_MAX];
    size_t n_q;
    double cost_per_hour;
    unsigned by;
    struct buf out;
    enum verdict verdict;
    bool broken, stopped, any_ok, any_sent;
};

/* What the run asked for stands in its metadata, which may be missing: it is a question, not a result. */
static int ask(struct job *j, const struct report_config *c, struct err *e)
{
    j->slo.n = j->goodput.n = j->n_q = j->by = 0;
    if (c->slo && slo_parse(&j->slo, str_of(c->slo), e) != 0)
        return err_prefix(e, "--slo: ");
    if (c->goodput && goodput_parse(&j->goodput, str_of(c->goodput), e) != 0)
        return err_prefix(e, "--goodput: ");
    if (c->by && groups_parse(str_of(c->by), &j->by, e) != 0)
        return err_prefix(e, "--by: ");
    if (c->percentiles && percentiles_parse(str_of(c->percentiles), j->q, ARRAY_LEN(j->q), &j->n_q, e) != 0)
        return err_prefix(e, "--percentiles: ");
    return 0;
}

/* Options are stored as the text they were given. */
static double stored_number(const jnode *options, const char *name)
{
    double v;
    return parse_f64(jn_str(jn_get(options, name), NULL), &v) == 0 ? v : NAN;
}

static double stored_cost(const jnode *options)
{
    double gpus = stored_number(options, "num-gpus");
    const struct run_config c = {.cost_per_hour = stored_number(options, "cost-per-hour"),
                                 .gpu_rate = stored_number(options, "gpu-rate"),
                                 .num_gpus = gpus >= 1 ? (uint64_t)gpus : 1};
    return run_config_cost(&c);
}

static int ask_as_stored(struct job *j, const char *dir, struct err *e)
{
    struct report_config c = j->c;
    char *path = xasprintf("%s/metadata.json", dir);
    struct jdoc *d = access(path, R_OK) == 0 ? jdoc_load(path, METADATA_MAX, NULL) : NULL;
    jnode *options = jn_get(jdoc_root(d), "options");
    if (!c.slo)
        c.slo = jn_str(jn_get(options, "slo"), NULL).p;
    if (!c.goodput)
        c.goodput = jn_str(jn_get(options, "goodput"), NULL).p;
    if (!c.by)
        c.by = jn_str(jn_get(options, "by"), NULL).p;
    if (!c.percentiles)
        c.percentiles = jn_str(jn_get(options, "percentiles"), NULL).p;
    j->cost_per_hour = c.cost_per_hour > 0 ? c.cost_per_hour : stored_cost(options);
    int rc = ask(j, &c, e);
    jdoc_free(&d);
    free(path);
    return rc;
}

static void add_report(struct job *j, const char *dir, bool title, const struct summary *s)
{
    if (j->c.json) {
        report_json(&j->out, s);
    } else {
        struct table_opts o = {.colour = report_wants_colour(STDOUT_FILENO), .width = report_width(STDOUT_FILENO)};
        if (title)
            buf_addf(&j->out, "%s%s\n\n", j->out.n ? "\n" : "", dir);
        report_table(&j->out, s, &o);
    }
    j->broken |= s->slo == STATE_BROKEN;
    j->verdict = MAX(j->verdict, s->verdict);
    j->any_ok |= s->successful > 0;
    j->any_sent |= s->attempted > s->left;
    j->stopped |= s->stopped;
}

/* What was scraped beside the records; most runs have none. */
static int add_scrapes(struct acc *a, const char *dir, struct err *e)
{
    char *path = xasprintf("%s/server_metrics.jsonl", dir);
    int rc = access(path, F_OK) == 0 ? scrapes_read_file(path, &acc_scrapes_sink, a, e) : 0;
    free(path);
    return rc;
}

static int draw(const struct job *j, const struct summary *s, struct err *e)
{
    if (!j->c.plot)
        return 0;
    struct plot_figure *f = s->n_levels ? plot_summary(s) : NULL;
    int rc = f ? plot_write(j->c.plot, f, e) : err_set(e, ERR_DATA, "no level was run");
    plot_free(&f);
    return rc < 0 ? err_prefix(e, "--plot: ") : 0;
}

static int report_dir(struct job *j, const char *dir, bool title, struct err *e)
{
    if (ask_as_stored(j, dir, e) != 0)
        return -1;
    struct acc_opts o = {
        .slo = j->slo.n ? &j->slo : NULL,
        .goodput = j->goodput.n ? &j->goodput : NULL,
        .percentiles = j->n_q ? j->q : NULL,
        .n_percentiles = j->n_q,
        .by = j->by,
        .cost_per_hour = j->cost_per_hour,
    };
    struct acc *a = acc_new(&o);
    struct rec_read_stats st;
    char *path = xasprintf("%s/requests.jsonl", dir);
    int rc = rec_read_file(path, &acc_sink, a, &st, e);
    if (rc == 0)
        rc = add_scrapes(a, dir, e);
    const struct summary *s = rc == 0 ? acc_finish(a) : NULL;
    if (s && s->no_requests) {
        rc = err_set(e, ERR_DATA, "%s: the run kept no records (--no-records); its figures are in %s/summary.json", dir,
                     dir);
    } else if (s) {
        if (st.cut)
            log_info("%s: the last line is not whole and was left out", path);
        add_report(j, dir, title, s);
        rc = draw(j, s, e);
    }
    free(path);
    acc_free(&a);
    return rc;
}

static int report_experiment(struct job *j, const struct opt_seen *seen, struct err *e)
{
    if (seen->n_pos > 1)
        return err_set(e, ERR_USAGE, "an experiment is one folder, and %zu are named", seen->n_pos);
    if (j->c.json)
        return err_set(e, ERR_USAGE, "--json and --format experiment exclude each other");
    static const char *const others[] = {"plot", "goodput", "percentiles", "by"};
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (opt_source_of(&opt_report, seen, others[i]) == OPT_FROM_FLAG)
            return err_set(e, ERR_USAGE, "--%s has no part in --format experiment", others[i]);
    return experiment_write(&j->c, seen->pos[0], e);
}

/* What only an experiment has. */
static int check_others(const struct opt_seen *seen, struct err *e)
{
    static const char *const only[] = {"output", "streaming", "setup", "plots"};
    for (size_t i = 0; i < ARRAY_LEN(only); i++)
        if (opt_source_of(&opt_report, seen, only[i]) == OPT_FROM_FLAG)
            return err_set(e, ERR_USAGE, "--%s is of --format experiment", only[i]);
    return 0;
}

static int report_all(struct job *j, const struct opt_seen *seen, struct err *e)
{
    if (seen->n_pos == 0)
        return err_set(e, ERR_USAGE, "which run? Name its folder, such as results/2025-01-31_12-00-00");
    if (j->c.quiet)
        log_set_level(LOG_ERROR);
    if (strcmp(j->c.format, "experiment") == 0)
        return report_experiment(j, seen, e);
    if (check_others(seen, e) != 0)
        return -1;
    j->c.json |= strcmp(j->c.format, "json") == 0;
    if (j->c.plot && seen->n_pos > 1)
        return err_set(e, ERR_USAGE, "--plot draws one run, and %zu are named; give one folder", seen->n_pos);
    if (j->c.plot && plot_check(j->c.plot, NULL, e) < 0)
        return err_prefix(e, "--plot: ");
    for (size_t i = 0; i < seen->n_pos; i++)
        if (report_dir(j, seen->pos[i], seen->n_pos > 1, e) != 0)
            return -1;
    if (j->out.failed)
        return err_set(e, ERR_LIMIT, "the report would be larger than 1 GiB");
    if (fwrite(j->out.p, 1, j->out.n, stdout) != j->out.n || fflush(stdout) != 0)
        return err_set(e, ERR_IO, "standard output cannot be written");
    return 0;
}

static int run(int argc, const char *const *argv)
{
    struct job *j = xcalloc(1, sizeof *j);
    struct opt_seen seen = {0};
    struct err e = {0};
    int rc;
    buf_init(&j->out, OUT_MAX);
    if (opt_parse(&opt_report, argc, argv, getenv, &j->c, &seen, &e) != 0 || report_all(j, &seen, &e) != 0)
        rc = cli_fail("report", &e);
    else
        rc = j->stopped || (j->any_sent && !j->any_ok) ? 1 : j->verdict == VERDICT_INVALID ? 4 : j->broken ? 3 : 0;
    opt_free(&opt_report, &j->c, &seen);
    buf_free(&j->out);
    free(j);
    return rc;
}

const struct cmd cmd_report = {
    .name = "report",
    .args = "DIR... [options]",
    .summary = "print the report of stored runs from their records",
    .prose =
        "Reads requests.jsonl of each folder and prints what `weir run` printed, to the digit; that of a run which was "
        "killed is read up to its last whole line. Other objectives and percentiles can be asked of the same records.\n"
        "\n"
        "Exit codes are those of `weir run`: 1 when every request failed or --max-errors stopped the run, 3 when an "
        "objective is broken, 4 when the "
        "verdict "
        "is INVALID.\n"
        "\n"
        "--format experiment writes DIR/EXPERIMENT_REPORT.md, a page for people who have never seen weir: summary, "
        "setup, "
        "method, load, latency against the objective (--slo, else the run's own, else P95 below 2 s with 95 % "
        "successful), "
        "first tokens, autoscaling, cost, comparison with what was expected, errors, advice, and the files with their "
        "SHA-256. DIR is a folder of weir as aws_benchmark or of oha's files cN.json, a folder of weir run, or one "
        "that "
        "has such a folder in it or in raw-results/. What the data cannot know stands in DIR/experiment.yaml "
        "(docs/FORMATS.md); what nothing says is \"not recorded\". The exit code is 0 when the page is written.",
    .examples = "weir report results/2025-01-31_12-00-00\n"
                "weir report results/* --percentiles 50,90,99.9\n"
                "weir report results/2025-01-31_12-00-00 --slo 'ttft:p95<300ms' --json\n"
                "weir report --format experiment experiments/llama-3.1-8b-awq-int4",
    .options = &opt_report,
    .run = run,
};

/* benchmark_opts.c - the options of `weir as benchmark`, with their documented names and defaults. */
#include <math.h>

#include "base/file.h"
#include "cli/help_table.h"
#include "cli/opts.h"
#include "compat/benchmark.h"
#include "report/plot.h"

const int bm_percentiles[BM_P] = {50, 90, 95, 99};

/* A comma between each two, spaces around them; no more than BM_LEVELS_MAX. */
static int read_rates(const char *text, double *rate, size_t *n, struct err *e)
{
    struct str_split it = {.rest = str_of(text), .sep = ','};
    struct str part;
    *n = 0;
    while (str_next(&it, &part)) {
        double v;
        if (parse_f64(str_trim(part), &v) != 0 || !(v > 0))
            return err_set(e, ERR_USAGE, "'" STR_FMT "' is no rate; write queries per second, above 0: 1,5,10,20",
                           STR_ARG(str_trim(part)));
        if (*n == BM_LEVELS_MAX)
            return err_set(e, ERR_USAGE, "more than %d levels", BM_LEVELS_MAX);
        rate[(*n)++] = v;
    }
    return 0;
}

static int place_of(struct str text)
{
    double v;
    for (int i = 0; i < BM_P; i++)
        if (parse_f64(str_trim(text), &v) == 0 && v == bm_percentiles[i])
            return i;
    return -1;
}

static int read_percentiles(const char *text, struct bm_opts *o, struct err *e)
{
    struct str_split it = {.rest = str_of(text), .sep = ','};
    struct str part;
    o->n_shown = 0;
    while (str_next(&it, &part)) {
        int place = place_of(part);
        if (place < 0)
            return err_set(e, ERR_USAGE, "Invalid percentile " STR_FMT ". Must be one of: [50, 90, 95, 99]",
                           STR_ARG(str_trim(part)));
        if (o->n_shown == BM_P)
            return err_set(e, ERR_USAGE, "--percentiles: a percentile stands there twice");
        o->shown[o->n_shown++] = place;
    }
    return 0;
}

static int check_qps(const char *v, struct err *e)
{
    double rate[BM_LEVELS_MAX];
    size_t n;
    return read_rates(v, rate, &n, e);
}

/* What follows the last '/': all that counts of --output and --plot-output. */
static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int check_name(const char *v, struct err *e)
{
    const char *name = file_name(v);
    if (*name == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return err_set(e, ERR_USAGE, "is no file's name");
    if (strcmp(name, "metadata.json") == 0 || strcmp(name, "weir") == 0)
        return err_set(e, ERR_USAGE, "is the name of something else in the result folder");
    return 0;
}

#define C struct bm_opts
#define NEEDED "Needed"
#define LOAD "Load"
#define OUT "Output"
static const struct opt rows[] = {
    {"endpoint", 0, NULL, "URL", NEEDED, OPT_STR(C, endpoint), .flags = OPT_URL, .check = check_not_empty,
     .help = "Where requests are sent: https://HOST/v1/chat/completions."},
    {"api-key", 0, "api_key", "KEY", NEEDED, OPT_STR(C, api_key), .flags = OPT_SECRET, .check = check_not_empty,
     .help = "Sent as Authorization: Bearer KEY, and stored nowhere. Any word, where the endpoint asks for none."},
    {"model", 0, NULL, "NAME", NEEDED, OPT_STR(C, model), .check = check_not_empty, .help = "Model to ask for."},
    {"dataset", 0, NULL, "FILE", NEEDED, OPT_STR(C, dataset), .flags = OPT_FILE, .check = check_not_empty,
     .help = "Conversations: a JSON array of {prompt_content, cut_chat_history: [{role, content}, ...]}."},
    {"qps", 0, NULL, "RATES", LOAD, OPT_STR(C, qps), .def = "1,5,10,20", .check = check_qps,
     .help = "Queries per second, one level after another."},
    {"duration", 0, NULL, "SECONDS", LOAD, OPT_F64(C, duration), .def = "60", .flags = OPT_POSITIVE, .max = 1e7,
     .help = "Length of each level."},
    {"max-tokens", 0, "max_tokens", "N", LOAD, OPT_U64(C, max_tokens), .def = "512", .flags = OPT_POSITIVE, .max = 1e9,
     .help = "Longest answer, in tokens."},
    {"temperature", 0, NULL, "X", LOAD, OPT_F64(C, temperature), .def = "0.7", .max = 100, .help = "Of the sampling."},
    {"percentiles", 0, NULL, "LIST", OUT, OPT_STR(C, percentiles), .def = "50,95,99",
     .help = "What the table shows, of 50, 90, 95 and 99. The files have all four."},
    {"output", 0, NULL, "FILE", OUT, OPT_STR(C, output), .def = "benchmark_qps_results.json", .check = check_name,
     .help = "Name of the results' file, within results/YYYY-MM-DD_HH-MM-SS/."},
    {"plot", 0, NULL, NULL, OUT, OPT_BOOL(C, plot), .help = "Draw the results."},
    {"plot-output", 0, "plot_output", "FILE", OUT, OPT_STR(C, plot_output), .def = "benchmark_qps.png",
     .check = check_name, .help = "Name of the drawing, likewise: a .png, .svg or .pdf."},
    {"show-tokens", 0, "show_tokens", NULL, OUT, OPT_BOOL(C, show_tokens),
     .help = "Nothing: tokens per second are always shown."},
    {"gpu-rate", 0, "gpu_rate", "DOLLARS", OUT, OPT_F64(C, gpu_rate), .def = "none", .word = "none",
     .flags = OPT_POSITIVE, .max = 1e9, .help = "Price of a GPU for an hour, for the cost of a million tokens."},
    {"num-gpus", 0, "num_gpus", "N", OUT, OPT_U64(C, num_gpus), .def = "none", .word = "none", .flags = OPT_POSITIVE,
     .max = 1e6, .help = "GPUs that serve the endpoint; both or neither of the two."},
    {"original-formulas", 0, NULL, NULL, OUT, OPT_BOOL(C, original),
     .help = "Give the figures the original program's definitions, see docs/SEED-PROGRAMS.md."},
};
#undef C
const struct opt_table bm_table = {"as benchmark", NULL, rows, ARRAY_LEN(rows), NULL, 0};

void bm_help(void)
{
    unsigned width = help_width(1);
    puts("usage: weir as benchmark --endpoint URL --api-key KEY --model NAME --dataset FILE [options]\n");
    help_wrap(stdout,
              STR("Finds how many queries per second an endpoint bears: sends conversations at one rate after another, "
                  "whatever the endpoint does, and prints success, time to first token, latency and tokens per second "
                  "of each. The results go to results/YYYY-MM-DD_HH-MM-SS/."),
              0, width);
    help_table(stdout, &bm_table, width);
}

int bm_opts_read(struct bm_opts *o, struct opt_seen *seen, int argc, const char *const *argv, struct err *e)
{
    if (opt_parse(&bm_table, argc, argv, NULL, o, seen, e) < 0)
        return -1;
    const struct {
        const char *value, *missing;
    } needed[] = {
        {o->endpoint, "Missing --endpoint argument: the URL that requests are sent to"},
        {o->api_key, "Missing --api-key argument: the endpoint's key, or any word where it asks for none"},
        {o->model, "Missing --model argument: the name of the model"},
        {o->dataset, "Missing --dataset argument: the path of a JSON file of conversations"},
    };
    for (size_t i = 0; i < ARRAY_LEN(needed); i++)
        if (!needed[i].value)
            return err_set(e, ERR_USAGE, "%s (--help tells all)", needed[i].missing);
    if (isnan(o->gpu_rate) != (o->num_gpus == 0))
        return err_set(e, ERR_USAGE, "--gpu-rate and --num-gpus: both are needed for the cost, or neither");
    o->output = file_name(o->output);
    o->plot_output = file_name(o->plot_output);
    enum plot_format format;
    if (o->plot && plot_format_of(o->plot_output, &format, e) < 0)
        return err_prefix(e, "--plot-output: ");
    if (o->plot && strcmp(o->output, o->plot_output) == 0)
        return err_set(e, ERR_USAGE, "--output and --plot-output name the same file");
    return read_rates(o->qps, o->rate, &o->n_rates, e) < 0 || read_percentiles(o->percentiles, o, e) < 0 ? -1 : 0;
}

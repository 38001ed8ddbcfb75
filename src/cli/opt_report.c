/* opt_report.c - the options of `weir report`, into struct report_config. */
#include "cli/opts.h"

#define C struct report_config
#define OUT "Options"
#define XP "Options of --format experiment"

static const struct opt rows[] = {
    {"slo", 0, NULL, "TERMS", OUT, OPT_STR(C, slo), .check = check_slo,
     .help = "Judge the levels by these objectives instead of those of the run. Exit code 3 when one is broken."},
    {"goodput", 0, NULL, "TERMS", OUT, OPT_STR(C, goodput), .check = check_goodput,
     .help = "Judge the requests by these objectives instead of those of the run."},
    {"percentiles", 0, "metric-percentiles", "LIST", OUT, OPT_STR(C, percentiles), .check = check_percentiles,
     .help = "Percentiles shown in the table instead of those of the run."},
    {"by", 0, NULL, "LIST", OUT, OPT_STR(C, by), .check = check_by,
     .help = "Tables of the requests by class, model, turn, input (tokens) or endpoint, instead of those of the run."},
    {"cost-per-hour", 0, NULL, "USD", OUT, OPT_F64(C, cost_per_hour), .def = "none", .word = "none",
     .flags = OPT_POSITIVE, .help = "What the deployment cost per hour, instead of what the run was told."},
    {"plot", 0, NULL, "FILE", OUT, OPT_STR(C, plot), .flags = OPT_FILE, .check = check_plot,
     .help = "Draw the result into FILE, which ends in .png, .svg or .pdf, as `weir run --plot` does. Of one run."},
    {"format", 0, NULL, "NAME", OUT, OPT_CHOICE(C, format), .def = "table", .choices = "table json experiment",
     .help = "table; json, as --json; experiment: write a page of Markdown with plots on an experiment, see below."},
    {"json", 0, NULL, NULL, OUT, OPT_BOOL(C, json), .flags = OPT_NEGATABLE,
     .help = "Print the summary as JSON instead of the table."},
    {"quiet", 'q', NULL, NULL, OUT, OPT_BOOL(C, quiet), .flags = OPT_NEGATABLE,
     .help = "Nothing on standard error but errors; of an experiment not its page's name either."},
    {"output", 'o', NULL, "FILE", XP, OPT_STR(C, output), .flags = OPT_FILE, .check = check_not_empty,
     .help = "Write the page there instead of to DIR/EXPERIMENT_REPORT.md; its plots go to plots/ beside it."},
    {"streaming", 0, NULL, "FILE", XP, OPT_STRS(C, streaming), .flags = OPT_FILE, .check = check_not_empty,
     .help = "A result of weir as aws_streaming_bench, beside those in DIR whose names have streaming in them; may be "
             "repeated."},
    {"setup", 0, NULL, "FILE", XP, OPT_STR(C, setup), .flags = OPT_FILE, .check = check_not_empty,
     .help = "YAML on what was measured (instance, model, price ...) instead of experiment.yaml in DIR."},
    {"plots", 0, NULL, "KIND", XP, OPT_CHOICE(C, plots), .def = "auto", .choices = "auto png svg none",
     .help = "What the plots are. auto: png where it can be drawn."},
};

const struct opt_table opt_report = {"report", "WEIR_REPORT_", rows, ARRAY_LEN(rows), "DIR", 64};

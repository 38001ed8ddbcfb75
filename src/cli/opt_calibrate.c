/* opt_calibrate.c - the options of `weir calibrate`, into struct calibrate_config. */
#include "campaign/calibrate.h"
#include "cli/opts.h"

#define C struct calibrate_config
#define WHAT "What to measure"
#define OUT "Output"

static const struct opt rows[] = {
    {"quick", 0, NULL, NULL, WHAT, OPT_BOOL(C, quick), .flags = OPT_NEGATABLE,
     .help = "Be done within 30 s: shorter steps, fewer rates."},
    {"streams", 'c', "concurrency", "COUNTS", WHAT, OPT_STR(C, streams), .def = "auto", .word = "auto",
     .check = check_counts,
     .help = "Streams of each level, at 100 tokens/s each. Default: 1,10,100,1000,10000, with --quick up to 1000. They "
             "end at the first that the machine does not carry."},
    {"no-rates", 0, NULL, NULL, WHAT, OPT_BOOL(C, no_rates), .flags = OPT_NEGATABLE,
     .help = "Only the levels, not the event rates up to the machine's limit."},
    {"duration", 'd', NULL, "TIME", WHAT, OPT_NS(C, duration), .def = "auto", .word = "auto", .min = 1, .max = 60,
     .help = "Length of each step. Default: 5 s, with --quick 2 s."},
    {"workers", 0, "threads", "N", WHAT, OPT_U64(C, workers), .def = "auto", .word = "auto", .flags = OPT_POSITIVE,
     .max = 1024, .help = "Threads of the client that send."},
    {"server", 0, NULL, "URL", WHAT, OPT_STR(C, server), .check = check_not_empty,
     .help = "Measure against this weir sim, on this machine, instead of one started for each step; needs --truth."},
    {"truth", 0, NULL, "FILE", WHAT, OPT_STR(C, truth), .flags = OPT_FILE, .check = check_not_empty,
     .help = "The file that --server's simulator writes as its own --truth."},

    {"output", 'o', NULL, "FILE", OUT, OPT_STR(C, output), .flags = OPT_FILE, .check = check_not_empty,
     .help = "Write the result there. Default: weir/calibration.json in $XDG_STATE_HOME or ~/.local/state."},
    {"json", 0, NULL, NULL, OUT, OPT_BOOL(C, json), .flags = OPT_NEGATABLE,
     .help = "Print calibration.json on standard output instead of the table."},
    {"quiet", 'q', NULL, NULL, OUT, OPT_BOOL(C, quiet), .flags = OPT_NEGATABLE,
     .help = "Nothing on standard error but errors."},
};

const struct opt_table opt_calibrate = {"calibrate", "WEIR_CALIBRATE_", rows, ARRAY_LEN(rows), NULL, 0};

int calibrate_config_check(const struct calibrate_config *c, struct err *e)
{
    if (!c->server != !c->truth)
        return err_set(e, ERR_USAGE, "--server and --truth go together: the truth is the file that this server writes");
    return 0;
}

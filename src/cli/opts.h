/* opts.h - the option tables of the commands, and the checks that look at several options at once.
 * To add an option: one row in opt_COMMAND.c, its member in the settings, and where several options meet, a line in the
 * check. Help, man page, completions and environment variable follow. */
#ifndef WEIR_CLI_OPTS_H
#define WEIR_CLI_OPTS_H

#include "base/err.h"
#include "cli/opt.h"

struct run_config;
struct sim_config;
struct calibrate_config;
struct gateway_config;

/* weir report: strings are borrowed. The folders come as opt_seen.pos. */
struct report_config {
    const char *slo, *goodput;  /* NULL: those of the stored run */
    const char *percentiles;    /* NULL: those of the stored run */
    double cost_per_hour;       /* NAN: as the stored run */
    const char *by;             /* NULL: as the stored run */
    const char *plot;           /* NULL: none */
    const char *format;         /* "table" "json" "experiment" */
    const char *output, *setup; /* of an experiment; NULL: in its folder */
    const char **streaming;
    const char *plots; /* "auto" "png" "svg" "none" */
    bool json, quiet;
};

/* weir dataset: strings are borrowed. The verb and the file come as opt_seen.pos. */
struct dataset_config {
    const char *from, *fields, *key, *lengths; /* as struct dataset_opts */
    bool answer_length, skip_bad;
    const char *to, *output; /* NULL: the verb's own, standard output */
    uint64_t seed, n;        /* n 0: not said */
    double share;
    uint64_t min_words, max_words;
    const char *isl, *osl; /* distributions as text, or NULL */
    const char *families, *prompt_lengths;
    uint64_t prefix_tokens, prefix_groups;
    double rate;
    uint64_t block_words;
    const char *tokenizer; /* file, folder or model id; NULL: none */
    bool anonymize, json, quiet;
};

/* weir tokenize: strings are borrowed. The files come as opt_seen.pos. */
struct tokenize_config {
    const char *tokenizer, *compare; /* NULL: not said */
    bool specials, lines;
    bool count, ids, pieces, decode; /* none: count */
    bool json, quiet;
};

extern const struct opt_table opt_run;       /* into struct run_config; URLs: run_take_urls */
extern const struct opt_table opt_sim;       /* into struct sim_config */
extern const struct opt_table opt_report;    /* into struct report_config */
extern const struct opt_table opt_calibrate; /* into struct calibrate_config */

extern const struct opt_table opt_gateway; /* into struct gateway_config */

extern const struct opt_table opt_tokenize; /* into struct tokenize_config */

extern const struct opt_table opt_dataset; /* into struct dataset_config */
/* The verbs of weir dataset that have an option: bits of enum dataset_verb (cmd_dataset.h). */
unsigned dataset_verbs_of(const struct opt *o);

/* What stands without an option is a URL: the words in seen->pos into the settings, after opt_parse. 0, or -1 + e. */
int run_take_urls(struct run_config *c, struct opt_seen *seen, struct err *e);

/* What single rows cannot see: options that contradict each other or need each other. 0, or -1 + e (ERR_USAGE). */
int run_config_check(const struct run_config *c, struct err *e);
/* --replay together with an option that decides the plan. To be asked after opt_parse and before what the stored run
 * says is set (opt_set with OPT_FROM_FILE, then opt_settle, then run_config_check). */
int run_replay_check(const struct opt_seen *seen, struct err *e);
int sim_config_check(const struct sim_config *c, struct err *e);
/* What --preset changes of the options that were not given. */
void sim_config_preset(struct sim_config *c, const struct opt_seen *seen);
int gateway_config_check(const struct gateway_config *c, const struct opt_seen *seen, struct err *e);
int calibrate_config_check(const struct calibrate_config *c, struct err *e);

/* Syntax of a value, as rows' checks (src/cli/opt_check.c). */
int check_rates(const char *v, struct err *e); /* "1,2.5,10", each above 0 */
int check_profile(const char *v, struct err *e);
int check_users_profile(const char *v, struct err *e);
int check_speeds(const char *v, struct err *e);
int check_rate_limit(const char *v, struct err *e);
int check_counts(const char *v, struct err *e);        /* "8,32", each a whole number of at least 1 */
int check_by(const char *v, struct err *e);            /* "class,turn": see analysis/summary.h */
int check_percentiles(const char *v, struct err *e);   /* "50,99.9" or "p50,p99.9", as many as a table shows */
int check_warmup(const char *v, struct err *e);        /* "10" or "10s" */
int check_pin(const char *v, struct err *e);           /* "auto", "none" or "0,2-5" */
int check_ramp(const char *v, struct err *e);          /* "2s", "auto" or "none" */
int check_connect_rate(const char *v, struct err *e);  /* "500", "auto" or "max" */
int check_think_time(const char *v, struct err *e);    /* "2s" or a distribution of times */
int check_share(const char *v, struct err *e);         /* "5%" or "0.05" */
int check_cancel_after(const char *v, struct err *e);  /* "500ms", "20tokens" or a distribution */
int check_max_errors(const char *v, struct err *e);    /* "20" or "5%" */
int check_binds(const char *v, struct err *e);         /* "10.0.0.5,::1" */
int check_header_metric(const char *v, struct err *e); /* the name of a response header */
int check_proxy(const char *v, struct err *e);         /* "auto", "none" or a URL; its text is not quoted */
int check_metrics_url(const char *v, struct err *e);   /* "auto", or as url_parse */
int check_header(const char *v, struct err *e);        /* "Name: value" */
int check_fields(const char *v, struct err *e);        /* as load/ds_fields.h */
int check_lengths(const char *v, struct err *e);       /* "auto" or as load/ds_lengths.h */
int check_mix(const char *v, struct err *e);           /* "a=3,b=1" */
int check_class(const char *v, struct err *e);         /* "chat=3:chat.json" */
int check_length(const char *v, struct err *e);        /* as stat/dist.h */
int check_method(const char *v, struct err *e);        /* "PUT" */
int check_json_object(const char *v, struct err *e);
int check_slo(const char *v, struct err *e);      /* as analysis/slo.h */
int check_goodput(const char *v, struct err *e);  /* as analysis/slo.h */
int check_plot(const char *v, struct err *e);     /* a file's name with a known ending */
int check_aws_name(const char *v, struct err *e); /* of a region or service: "us-east-1" */
int check_not_empty(const char *v, struct err *e);

#endif

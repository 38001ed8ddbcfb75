/* campaign.h - one `weir run`: checks everything, probes, runs the levels, writes the files, gives the summary. */
#ifndef WEIR_CAMPAIGN_CAMPAIGN_H
#define WEIR_CAMPAIGN_CAMPAIGN_H

#include "base/err.h"
#include "base/str.h"

struct addr;

/* The settings of a run as the user gave them. Filled by the option table (src/cli/opt_run.c); strings are borrowed
 * from the command line, the environment or the configuration. Defaults stand in the option table, nowhere else. */
struct run_config {
    /* target */
    const char **urls;     /* NULL-ended; one may hold several, separated by spaces. None: measure the simulator */
    const char *balance;   /* "round-robin" "least-in-flight" */
    const char *model;     /* NULL: the first that /v1/models names */
    const char *model_mix; /* "a=3,b=1" or NULL */
    const char *api;       /* "auto", or the name of a dialect (api/api.h) */
    const char *unix_socket, *connect_to;
    const char *proxy;           /* "auto" (the environment's), "none" or a URL; NULL: none */
    const char **headers;        /* -H, NULL-ended or NULL */
    const char **headers_metric; /* names of response headers, NULL-ended or NULL */
    bool insecure;
    const char *cacert, *cert, *key;
    const char *auth_style; /* "auto" (as the dialect's servers want it) "bearer" "x-api-key" "api-key" */
    const char *api_key, *api_key_env, *api_key_file;
    const char *aws_sigv4, *aws_region, *aws_profile; /* the service that requests are signed for, or NULL; ... */
    /* load */
    const char *rate;        /* "1,5,10" "inf" or NULL */
    const char *concurrency; /* "8,32" or NULL */
    bool concurrency_given;
    const char *profile, *concurrency_profile; /* "30s@10..200", see load/profile.h, or NULL */
    const char *arrival;                       /* as load/arrival.h names them */
    double burstiness;
    const char *session_rate; /* sessions per second, "1,2" or NULL */
    bool sessions, canned_history;
    const char *think_time; /* "2s", "exp:2s", NULL = none */
    uint64_t history_limit; /* bytes */
    const char *speed;      /* of a trace: "1,2,4", NULL = 1 */
    const char *rate_limit; /* "60/min" or NULL */
    int64_t duration;       /* ns, 0 = none */
    bool duration_given;
    uint64_t num_requests;   /* 0 = none */
    const char *warmup;      /* "10" requests or "10s", NULL = none */
    int64_t cooldown, grace; /* ns; grace -1 = timeout */
    uint64_t max_concurrency;
    uint64_t workers;                       /* 0 = chosen */
    const char *pin;                        /* "auto" "none" or a list of cores, see campaign/cores.h */
    const char *cancel_rate, *cancel_after; /* "5%", "500ms" or "20tokens"; cancel_rate NULL: nobody goes away */
    bool cancel_after_given;
    const char *max_errors; /* "20" or "5%", NULL = none */
    const char *stop_below; /* share of successes, "50%" or "0.5", NULL = none */
    uint64_t seed;
    bool seed_given;
    /* what to send */
    const char **images; /* NULL-ended, or NULL: files and sizes */
    uint64_t images_per_request;
    const char *audio; /* a file or a length; NULL: none */
    bool same_media;
    /* --api custom: JSON or the file that holds it; where things stand in the answer; NULL: not said */
    const char *body_template, *json_text, *json_tokens, *json_input_tokens, *json_finish, *stream_end;
    const char *method; /* --api http: NULL = by the body */
    const char *body;   /* --api http: the body itself, or @FILE; NULL = none, or the dataset's */
    const char *dataset, *dataset_format, *prompt, *order;
    const char *dataset_fields, *dataset_key, *dataset_lengths; /* as struct dataset_opts */
    bool answer_length, skip_bad;
    const char **mix;       /* "chat=3:chat.json", NULL-ended or NULL */
    const char *tokenizer;  /* file, folder or model id; NULL = none */
    uint64_t text_limit;    /* bytes of answers that may wait for it */
    const char *isl, *osl;  /* distributions as text, or NULL; of synthetic prompts, and of max_tokens */
    uint64_t prefix_tokens; /* 0 = none */
    uint64_t prefix_groups, prompt_pool;
    bool unique_prompts;
    int64_t max_tokens; /* -1 = not sent */
    double temperature; /* NAN = not sent */
    bool ignore_eos, no_stream;
    bool follow_pages;
    bool continuous_usage; /* ask for counts in each event (stream_options.continuous_usage_stats) */
    const char *extra_body;
    /* timing and connections */
    int64_t timeout, connect_timeout, first_token_timeout, idle_timeout; /* ns; first_token_timeout 0 = none */
    int64_t stall_timeout;                                               /* ns, 0 = none */
    bool no_keepalive, no_probe, no_tls_resume;
    const char *http;          /* "auto" "1.1" "2" "h2c" */
    uint64_t streams_per_conn; /* HTTP/2 */
    const char *connect_rate;  /* connections opened ahead per second: "auto", "max" or a number */
    const char *ramp_up;       /* "auto", "none" or a time */
    const char *bind;          /* "ADDR,ADDR" or NULL */
    int64_t spin;              /* ns to spin before an instant, 0 = none */
    int64_t busy_poll;         /* ns to poll before blocking, 0 = none */
    bool no_kernel_stamps;     /* test option */
    /* judgement and output */
    const char *slo, *goodput, *percentiles;
    const char *by;            /* "class,turn" or NULL */
    const char **metrics_urls; /* NULL-ended, or NULL: Prometheus endpoints, or "auto" */
    int64_t metrics_interval;  /* ns */
    bool metrics_interval_given;
    double cost_per_hour, gpu_rate; /* US dollars; NAN = not given */
    uint64_t num_gpus;              /* what gpu_rate is for */
    bool check;                     /* only one request, with everything printed */
    int64_t wait_ready;             /* ns to wait until the endpoint answers; 0 = not at all */
    const char *output_dir;         /* NULL: results/STAMP */
    const char *plot;               /* a picture's name, NULL: none; drawn by the cli */
    bool json, quiet, save_text, save_http, no_live, no_records;
    const char **files; /* -f, NULL-ended: read by the cli */
    bool show_config, dry_run;
    const char *replay;        /* folder of a stored run: the cli has put its options in place */
    const char *replay_sha256; /* of its dataset: another one is refused; NULL = not a replay */
    double ceiling;            /* not an option: events/s that this machine was calibrated for; 0 or NaN: not known */
    char *(*proxy_env)(const char *name); /* not an option: as getenv, for tests; NULL = that */
    /* Replaces the look-up of names, for tests: as net/resolve.h's resolve_host; NULL = that. */
    int (*lookup)(const char *host, uint16_t port, struct addr *out, int max, struct err *e);
    /* not options: for metadata.json */
    const char *const *command; /* the words of the command line, secrets still in */
    int n_command;
    const char *options_json; /* object of the options that were given, by long name: what --replay reads back */
    /* Levels that differ in more than their load: each has all options of its own, n_levels of them; 0: the rate or
     * concurrency above makes them all. Each may itself list several rates. Members that the option table keeps for
     * whole runs are read of the run alone. `options_json` of a level: those that are its own. */
    const struct run_config *levels;
    size_t n_levels;
    const char *level_name; /* of a level, NULL: none */
};

double run_config_cost(const struct run_config *c); /* US dollars per hour, 0 = not given */

/* Whether bodies and methods are the user's: --api http or payload. */
bool run_config_as_is(const struct run_config *c);

/* The URLs one by one: the first `max` into out, which borrow; returns how many there are. */
enum { RUN_URLS_MAX = 64 };
size_t run_config_urls(const struct run_config *c, struct str *out, size_t max);

/* Whether requests have instants of their own (--rate, --profile, --arrival trace), and the loop is open. */
bool run_config_open(const struct run_config *c);

/* What a run tells while it goes on; report and cli draw it (this layer draws nothing). Any member may be NULL. */
struct campaign_tick { /* about ten times a second, from the campaign's thread */
    uint32_t level, n_levels;
    int64_t elapsed, total; /* ns; total 0 = not known */
    uint64_t started, completed, succeeded, failed, tokens;
    uint64_t items;   /* items wanted, 0 = not known */
    int64_t ttft_p50; /* ns, -1 unknown */
    bool warming, draining;
    bool connecting;                   /* the level has not begun: connections are being opened ahead */
    uint64_t conns_wanted, conns_open; /* while connecting */
};
struct campaign_wait { /* while --wait-ready waits: after each question */
    const char *endpoint;
    const char *why;          /* it is not ready, in few words; NULL: it is now */
    int64_t waited, patience; /* ns */
};
struct campaign_ended { /* a level that is over: of its measured requests, sent and not cancelled */
    uint32_t level;
    uint64_t succeeded, failed;
    bool stops; /* --stop-below: no level follows */
};
struct summary;
struct campaign_view {
    void *arg;
    void (*banner)(void *arg, const char *const *lines, size_t n); /* "key: value" lines, before the first request */
    void (*waiting)(void *arg, const struct campaign_wait *w);
    void (*tick)(void *arg, const struct campaign_tick *t);
    void (*level_begin)(void *arg, uint32_t level);
    void (*level_end)(void *arg, const struct campaign_ended *l);
};

struct campaign_result {
    char dir[512];                 /* where the files are */
    const struct summary *summary; /* NULL when it never came to a level */
    bool interrupted;
    struct campaign_state *state; /* private: campaign_result_free */
};

/* --dry-run: checks everything that needs no endpoint and tells the plan by say() as lines without their ends: levels,
 * their first instants, and a request as it would go out, without secrets. Nothing is sent, no name is looked up. */
int campaign_rehearse(const struct run_config *c, void (*say)(void *arg, const char *line), void *arg, struct err *e);

/* --check: one request, everything about it told by say() as lines without their ends. *ok: weir can measure this
 * endpoint. 0, or -1 + e where there was no request to tell of: settings, a name that does not resolve. */
int campaign_check(const struct run_config *c, const struct campaign_view *v, void (*say)(void *arg, const char *line),
                   void *arg, bool *ok, struct err *e);

/* Runs it all, the files that grow during a run included (metadata.json, requests.jsonl, errors.jsonl). 0, or -1 + e
 * when it could not begin or broke. SIGINT and SIGTERM are its own from here to campaign_result_free. */
int campaign_run(const struct run_config *c, const struct campaign_view *v, struct campaign_result *r, struct err *e);
void campaign_result_free(struct campaign_result *r);

#endif

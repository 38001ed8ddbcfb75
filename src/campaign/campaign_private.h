/* campaign_private.h - shared by the files of this folder. */
#ifndef WEIR_CAMPAIGN_CAMPAIGN_PRIVATE_H
#define WEIR_CAMPAIGN_CAMPAIGN_PRIVATE_H

#include <sched.h>
#include <sys/types.h>

#include "analysis/acc.h"
#include "base/jout.h"
#include "campaign/breaker.h"
#include "campaign/campaign.h"
#include "campaign/cores.h"
#include "campaign/redact.h"
#include "engine/engine.h"
#include "engine/probe.h"
#include "load/dataset.h"
#include "load/tokenizer.h"

enum { MAX_LEVELS = 64, MAX_BANNER = 32 + RUN_URLS_MAX + 2 * MAX_LEVELS, ERRORS_PER_KIND = 20 };

struct sim_child { /* simproc.c */
    pid_t pid;     /* 0 = none */
    char url[128];
};

struct error_log { /* errlog.c */
    int fd;        /* -1: not open */
    struct {
        enum outcome outcome;
        int status;
        uint32_t endpoint;
        unsigned n;
    } kind[256];
    size_t n_kinds;
    int failed; /* errno of the first write that failed */
};

struct resolving {           /* resolving.c; of one endpoint */
    struct resolve_job *job; /* under way */
    bool wanted;
    int64_t last; /* when one was begun, monotonic */
    uint64_t lookups, changed;
    int n_fresh; /* addresses that workers were given and the target does not have yet */
    struct addr fresh[TARGET_MAX_ADDRS];
};

/* The endpoints as requests with the same head and kind of body reach them: each has a place for each URL. */
struct endpoints {
    struct target *target; /* in the order of the URLs */
    struct probe *probe;
    struct resolving *resolving;
    unsigned n;
    const char *model;                 /* that is asked for */
    char found[256];                   /* where none was given */
    bool include_usage, running_usage; /* what all of them take */
};

struct load_shape { /* shape.c: how requests are spread over time */
    enum arrival_kind arrival;
    struct profile *profile; /* of rates, or of users; owned; NULL: none */
    double rate_limit;       /* starts per second, 0 = none */
    int64_t start_gap;       /* ns, what it comes to */
};

/* The options of a level, or of several that differ in rate or concurrency alone. Variants that ask for the same share
 * texts and endpoints, which are those of the first of them. */
struct variant {
    const struct run_config *c;
    struct tokenizer *tokenizer; /* NULL: none */
    struct dataset *ds;
    struct leaving leaving;
    struct breaker_rule max_errors;
    struct dist think, first; /* first: --ramp-up of a wait for each */
    struct endpoints *ep;
    bool own_tokenizer, own_ds, own_ep; /* to be freed with it */
    int64_t warmup_ns;
    uint64_t warmup_requests;
    struct load_shape shape;
    enum load_order order;
    int64_t ramp;              /* ns, -1: auto */
    double connect_rate;       /* per second, 0: max, -1: auto */
    struct models models;      /* that its items ask for */
    struct api_custom *custom; /* --api custom; owned */
    struct api_paths *counts;  /* --api http with --json-tokens; owned */
    struct api_media *media;   /* --image and --audio; owned */
    struct api_opts api_opts;
    struct api api;
};

struct level_plan {
    const struct variant *v;
    bool open;
    double rate;          /* INFINITY: a burst; 0: of a profile or a trace */
    uint32_t concurrency; /* of a profile: its most */
    double speed;         /* of a trace */
    double peak;          /* open loop: requests per second, to size the run by */
    uint64_t at_once;     /* requests of a burst; 0: none */
};

struct scraping; /* scraping.h */

struct campaign_state {
    const struct run_config *c; /* what the whole run has in common */
    const struct campaign_view *v;
    struct campaign_result *result;
    /* setup.c */
    struct level_plan level[MAX_LEVELS];
    uint32_t n_levels;
    struct variant *variant; /* the first is what the run is presented by */
    uint32_t n_variants;
    struct slo_set slo, goodput;
    unsigned by; /* groups_parse */
    double q[SUMMARY_Q_MAX];
    size_t n_q;
    double stop_below; /* share of successes, 0: none */
    uint64_t seed;
    char *key;
    enum auth_style auth_style;
    struct signer *signer; /* --aws-sigv4; NULL: requests are not signed */
    const struct api_ops *ops;
    bool dialect_told;     /* by --api, or by a URL's path */
    bool path_unknown;     /* the URL has a path that says nothing of its dialect */
    const char *proc_root; /* NULL: /proc; another one in tests */
    char plan[256];        /* ports and memory of many connections, for people; "" = few */
    struct addr binds[DIAL_MAX_BINDS];
    size_t n_binds;
    unsigned n_targets; /* of each struct endpoints */
    enum balance balance;
    unsigned workers;
    struct core_map cores;
    struct core_plan seats;
    /* the run */
    struct sim_child sim;
    int signal_fd;
    bool interrupted;
    int64_t epoch, epoch_unix;
    char run_id[16];
    struct rec_writer *records;
    struct error_log errors;
    struct acc *acc;
    struct scraping *scraping; /* NULL: no --metrics-url */
    bool broken;               /* a file could not be written */
    bool tripped;              /* too many requests failed (--max-errors) */
    cpu_set_t mask;            /* of this thread, before it was pinned */
    double most_events;        /* per second, of the levels so far */
};

/* setup.c and opening.c: everything that can be refused before anything is sent. */
int setup_parse(struct campaign_state *s, struct err *e);
int setup_target(struct campaign_state *s, struct err *e);
int setup_dialect(struct campaign_state *s, const struct api_ops *ops, struct err *e); /* another one, after that */
void setup_free(struct campaign_state *s);
void endpoints_free(struct endpoints *ep);
/* Both absent, or the same text: of two levels' settings. */
static inline bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}
/* A level of a file, for messages: "level NAME", or its place in the list, from 1. Returns out. */
char *variant_text(const struct campaign_state *s, const struct variant *v, char out[96]);
/* -1; puts it in front of e's text, where levels have options of their own. */
int variant_fail(const struct campaign_state *s, const struct variant *v, struct err *e);

/* shape.c: levels and how requests are spread over time. */
int shape_parse(struct campaign_state *s, struct variant *v, struct err *e); /* appends the levels */
int shape_of_texts(struct campaign_state *s, struct err *e);                 /* what depends on the datasets */
/* Fills of `o` all that says when requests start, and of `l` what tells a reader the same. */
void shape_level(const struct level_plan *p, struct load_opts *o, struct rec_level *l);
void shape_text(const struct variant *v, struct buf *b); /* "5,10 requests/s, poisson arrivals (open loop), 30 s" */
void shape_free(struct load_shape *sh);

/* users.c */
int users_parse(struct variant *v, struct err *e);

/* lacking.c: settles whether it streams. -1 + e: an option asks for what the dialect does not have. */
int lacking_settle(const struct campaign_state *s, struct variant *v, struct err *e);

/* sources.c */
int sources_parse(struct campaign_state *s, struct err *e); /* --bind */
/* -1 + e: none of them is of a family that the endpoint has. */
int sources_check(const struct campaign_state *s, const struct target *t, struct err *e);

/* resolving.c: to be called again and again while a level runs, and once when its engine has been freed. */
void resolving_poll(struct resolving *r, struct target *t, struct engine *en, unsigned i, int64_t now);
void resolving_level_end(struct resolving *r, struct target *t);

/* preflight.c */
int preflight(struct campaign_state *s, struct err *e);         /* files; raises the soft limit */
int preflight_targets(struct campaign_state *s, struct err *e); /* local ports and memory; of many, fills s->plan */

/* media.c: --image and --audio. NULL in *out: none is asked for. */
int media_load(const struct run_config *c, uint64_t seed, struct api_media **out, struct err *e);

/* waiting.c: --wait-ready. */
int waiting(const struct campaign_state *s, struct err *e);

/* detecting.c: --api auto, where the paths do not tell. */
int detecting(struct campaign_state *s, struct err *e);

/* proxying.c */
/* 1: *p is the proxy that leads to u (proxy_free); 0: none; -1 + e. */
int proxying_choose(const struct campaign_state *s, const struct url *u, struct proxy *p, struct err *e);
char *proxying_text(const struct campaign_state *s, char *out,
                    size_t cap);                    /* "http://p:3128, from https_proxy"; NULL: none */
void proxying_warn(const struct campaign_state *s); /* of one that the environment named */
void proxying_note(struct campaign_state *s);       /* into the records, once they are open */

/* probing.c */
int probing_model(struct campaign_state *s, const struct variant *v, struct err *e); /* a step of the following */
int probing(struct campaign_state *s, struct err *e);
void probing_notes(struct campaign_state *s); /* into the records, once they are open */

/* The endpoint for messages and records: its URL as given, redacted, cut to cap. Returns out. */
char *endpoint_text(const struct campaign_state *s, unsigned i, char *out, size_t cap);

/* outdir.c: the folder, metadata.json. */
int outdir_check(struct campaign_state *s, struct err *e);   /* whether --output-dir can be taken; nothing is made */
int outdir_prepare(struct campaign_state *s, struct err *e); /* nothing is made yet where it can be avoided */
int outdir_metadata(struct campaign_state *s, struct err *e);

/* level.c */
void level_load(const struct campaign_state *s, uint32_t level, struct load *load, struct rec_level *l); /* its plan */
int64_t level_ramp(const struct variant *v, uint32_t concurrency); /* over which its first requests are spread */
int level_run(struct campaign_state *s, uint32_t level, struct campaign_ended *ended, struct err *e);
void level_skip(struct campaign_state *s, uint32_t level); /* interrupted before it began: only its line */
void campaign_note(struct campaign_state *s, const char *fmt, ...) ATTR_PRINTF(2, 3); /* on the whole run */

/* errlog.c: errors.jsonl, the first 20 of each kind. */
int errlog_open(struct error_log *l, const char *path, struct err *e);
void errlog_add(struct error_log *l, const struct record *r);
int errlog_close(struct error_log *l, struct err *e); /* -1 + e: not everything could be written */

/* simproc.c: the simulator as a process of its own. */
enum { SIM_ARGS_MAX = 24 };
struct sim_opts {
    const char *const *args; /* further words of its command line, NULL-ended, at most SIM_ARGS_MAX; NULL: none */
    const cpu_set_t *cores;  /* that it is kept on; NULL: all */
};
int simproc_start(struct sim_child *c, const struct sim_opts *o, struct err *e);
void simproc_stop(struct sim_child *c);

/* machine.c */
void machine_cpu_model(char out[128]); /* "" where the kernel does not say */

/* signals.c: SIGINT and SIGTERM as readable events. */
void signals_early(void);         /* until signals_open: one of them ends the program with 130 at once */
int signals_open(void);           /* the fd, or -1 */
unsigned signals_pending(int fd); /* how many came since the last call; 0 when fd < 0 */
void signals_close(int fd);       /* what came and was not asked for is dropped; as before signals_early again */

#endif

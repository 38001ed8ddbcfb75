/* opt_run_check.c - what single rows of the options of `weir run` cannot see: words that are URLs, what --replay
 * excludes, options that contradict or need each other. */
#include "campaign/campaign.h"
#include "cli/opts.h"
#include "record/header_metric.h"

int run_take_urls(struct run_config *c, struct opt_seen *seen, struct err *e)
{
    for (size_t i = 0; i < seen->n_pos; i++) {
        if (strchr(seen->pos[i], ' '))
            return err_set(e, ERR_USAGE, "URL %zu has a space in it; give each URL as a word of its own", i + 1);
        if (opt_set(&opt_run, c, seen, opt_find(&opt_run, STR("url")), seen->pos[i], OPT_FROM_FLAG, e) != 0)
            return -1;
    }
    return 0;
}

int run_replay_check(const struct opt_seen *seen, struct err *e)
{
    static const char *const plan[] = {
        "model-mix",
        "mix",
        "isl",
        "osl",
        "prefix-tokens",
        "prefix-groups",
        "prompt-pool",
        "session-rate",
        "sessions",
        "think-time",
        "canned-history",
        "history-limit",
        "rate",
        "profile",
        "concurrency",
        "concurrency-profile",
        "burstiness",
        "speed",
        "rate-limit",
        "arrival",
        "duration",
        "num-requests",
        "warmup",
        "cancel-rate",
        "cancel-after",
        "max-errors",
        "ramp-up",
        "max-concurrency",
        "seed",
        "dataset",
        "dataset-format",
        "dataset-fields",
        "dataset-key",
        "dataset-lengths",
        "answer-length",
        "skip-bad",
        "prompt",
        "order",
        "unique-prompts",
        "max-tokens",
        "temperature",
        "ignore-eos",
        "no-stream",
        "extra-body",
        "continuous-usage",
        "body",
        "method",
        "image",
        "images-per-request",
        "audio",
        "same-media",
        "body-template",
        "json-text",
        "json-tokens",
        "json-input-tokens",
        "json-finish",
        "stream-end",
    };
    if (opt_source_of(&opt_run, seen, "replay") == OPT_FROM_DEFAULT)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(plan); i++) {
        if (opt_source_of(&opt_run, seen, plan[i]) > OPT_FROM_STORED_LEVEL)
            return err_set(e, ERR_USAGE, "--replay repeats the stored run's plan; --%s would change it", plan[i]);
    }
    return 0;
}

/* What leads to one place, or chooses between several. */
static int check_urls(const struct run_config *c, size_t n, struct err *e)
{
    const char *one = c->unix_socket ? "--unix-socket" : c->connect_to ? "--connect-to" : NULL;
    if (n > RUN_URLS_MAX)
        return err_set(e, ERR_USAGE, "%zu URLs are given; weir spreads its requests over at most %d", n, RUN_URLS_MAX);
    if (n > 1 && one)
        return err_set(e, ERR_USAGE, "%s leads all requests to one place, but %zu URLs are given; give one of them",
                       one, n);
    if (n < 2 && strcmp(c->balance, "round-robin") != 0)
        return err_set(e, ERR_USAGE, "--balance %s chooses between endpoints; it needs several URLs", c->balance);
    return 0;
}

static int check_target(const struct run_config *c, struct err *e)
{
    size_t n = run_config_urls(c, NULL, 0);
    if (check_urls(c, n, e) != 0)
        return -1;
    if (n == 0) {
        const char *name = c->unix_socket  ? "--unix-socket"
                           : c->connect_to ? "--connect-to"
                           : c->cacert     ? "--cacert"
                           : c->cert       ? "--cert"
                           : c->insecure   ? "--insecure"
                           : c->aws_sigv4  ? "--aws-sigv4"
                           : c->proxy && strcmp(c->proxy, "auto") != 0 && strcmp(c->proxy, "none") != 0 ? "--proxy"
                                                                                                        : NULL;
        if (name)
            return err_set(e, ERR_USAGE, "%s needs a URL; without one weir measures its own simulator", name);
    }
    if (c->bind && c->unix_socket)
        return err_set(e, ERR_USAGE, "--bind names addresses to connect from; a unix socket (--unix-socket) has none");
    if (c->key && !c->cert)
        return err_set(e, ERR_USAGE, "--key needs --cert");
    if (c->insecure && c->cacert)
        return err_set(e, ERR_USAGE,
                       "--insecure verifies nothing and --cacert says what to verify by; give one of them");
    return 0;
}

/* Two ways to say who asks; both in the header Authorization. */
static int check_signing(const struct run_config *c, struct err *e)
{
    const char *key = c->api_key        ? "--api-key"
                      : c->api_key_file ? "--api-key-file"
                      : c->api_key_env  ? "--api-key-env"
                                        : NULL;
    bool beside = strcmp(c->auth_style, "x-api-key") == 0 || strcmp(c->auth_style, "api-key") == 0;
    if (!c->aws_sigv4 && (c->aws_region || c->aws_profile))
        return err_set(e, ERR_USAGE, "%s is for signed requests; it needs --aws-sigv4 SERVICE",
                       c->aws_region ? "--aws-region" : "--aws-profile");
    if (c->aws_sigv4 && key && !beside)
        return err_set(e, ERR_USAGE,
                       "%s and --aws-sigv4 both set the header Authorization; give one of them, or send the key beside "
                       "the signature by --auth-style x-api-key",
                       key);
    return 0;
}

static int check_sessions(const struct run_config *c, struct err *e)
{
    bool sessions = c->sessions || c->session_rate;
    if ((c->rate || c->profile) && c->sessions)
        return err_set(e, ERR_USAGE,
                       "--rate and --profile say when each request is sent, but a session's turn follows the answer "
                       "before it; give "
                       "--session-rate (sessions per second) or --concurrency (users)");
    if ((c->rate || c->profile || strcmp(c->arrival, "trace") == 0) && c->think_time)
        return err_set(
            e, ERR_USAGE,
            "--think-time is between an answer and what follows it; it needs --concurrency or --session-rate");
    if (sessions && (strcmp(c->arrival, "trace") == 0 || c->rate_limit))
        return err_set(e, ERR_USAGE,
                       "%s says when each request is sent, but a session's turn follows the answer before it",
                       c->rate_limit ? "--rate-limit" : "--arrival trace");
    if (c->session_rate && c->max_concurrency > 0)
        return err_set(e, ERR_USAGE, "--max-concurrency caps requests that do not wait for answers; it needs --rate");
    if (c->canned_history && !sessions)
        return err_set(e, ERR_USAGE, "--canned-history is of sessions; it needs --sessions or --session-rate");
    return 0;
}

static bool trace_of(const struct run_config *c)
{
    return strcmp(c->arrival, "trace") == 0;
}

static int check_arrival(const struct run_config *c, bool open, struct err *e)
{
    if (!open && strcmp(c->arrival, "constant") != 0)
        return err_set(e, ERR_USAGE, "--arrival %s is for the open loop; it needs --rate or --profile", c->arrival);
    if (trace_of(c) && (c->rate || c->profile || c->concurrency_profile || c->concurrency_given))
        return err_set(e, ERR_USAGE, "--arrival trace has instants of its own; leave out %s, and see --speed",
                       c->rate                  ? "--rate"
                       : c->profile             ? "--profile"
                       : c->concurrency_profile ? "--concurrency-profile"
                                                : "--concurrency");
    if (trace_of(c) && strcmp(c->order, "sequential") != 0)
        return err_set(e, ERR_USAGE, "--arrival trace sends each entry at its instant; leave out --order %s", c->order);
    if (trace_of(c) && !c->dataset)
        return err_set(e, ERR_USAGE, "--arrival trace needs a --dataset with timestamps");
    if (c->burstiness != 1 && strcmp(c->arrival, "gamma") != 0)
        return err_set(e, ERR_USAGE, "--burstiness is the shape of gamma arrivals; it needs --arrival gamma");
    if (c->speed && !trace_of(c))
        return err_set(e, ERR_USAGE, "--speed is that of a trace; it needs --arrival trace");
    return 0;
}

static int check_load(const struct run_config *c, struct err *e)
{
    bool open = run_config_open(c);
    if (check_arrival(c, open, e) != 0)
        return -1;
    if (!open && c->max_concurrency > 0)
        return err_set(e, ERR_USAGE, "--max-concurrency caps the open loop; it needs --rate");
    if (open && c->ramp_up && strcmp(c->ramp_up, "auto") != 0)
        return err_set(e, ERR_USAGE,
                       "--ramp-up spreads the first requests of a closed loop; an open loop (--rate) has its instants");
    if (check_sessions(c, e) != 0)
        return -1;
    if (c->cancel_after_given && !c->cancel_rate)
        return err_set(e, ERR_USAGE, "--cancel-after says when requests are cancelled; it needs --cancel-rate");
    if (c->concurrency_profile && c->ramp_up && strcmp(c->ramp_up, "auto") != 0)
        return err_set(e, ERR_USAGE, "--concurrency-profile says itself when users come; leave out --ramp-up");
    if (c->duration == 0 && c->num_requests == 0 && !c->profile && !c->concurrency_profile && !trace_of(c))
        return err_set(e, ERR_USAGE, "a level without end; give --duration or --num-requests");
    return 0;
}

static bool mix_makes(const struct run_config *c)
{
    for (size_t i = 0; c->mix && c->mix[i]; i++)
        if (strstr(c->mix[i], ":synthetic:"))
            return true;
    return false;
}

/* What is made instead of read. */
static int check_made(const struct run_config *c, struct err *e)
{
    if (c->prefix_tokens && !c->isl && !mix_makes(c))
        return err_set(e, ERR_USAGE, "--prefix-tokens is for synthetic prompts; it needs --isl");
    if (c->prefix_groups > 1 && !c->prefix_tokens)
        return err_set(e, ERR_USAGE, "--prefix-groups needs --prefix-tokens, the length of the shared prefixes");
    if (c->prefix_tokens && c->unique_prompts)
        return err_set(e, ERR_USAGE,
                       "--unique-prompts begins each prompt differently, so none would share a prefix; give either it "
                       "or --prefix-tokens");
    if (c->mix && strcmp(c->arrival, "trace") == 0)
        return err_set(
            e, ERR_USAGE,
            "--arrival trace takes the instants of one dataset, but --mix draws from several; give --dataset");
    if (c->osl && c->answer_length)
        return err_set(e, ERR_USAGE, "--osl and --answer-length both say how much to ask for; give one of them");
    return 0;
}

static int check_dataset(const struct run_config *c, struct err *e)
{
    const char *name = strcmp(c->dataset_format, "auto") != 0 ? "--dataset-format"
                       : c->dataset_fields                    ? "--dataset-fields"
                       : c->dataset_key                       ? "--dataset-key"
                       : c->answer_length                     ? "--answer-length"
                       : c->skip_bad                          ? "--skip-bad"
                                                              : NULL;
    if (!c->dataset && !c->mix && name)
        return err_set(e, ERR_USAGE, "%s needs --dataset", name);
    if (c->answer_length && c->max_tokens >= 0)
        return err_set(e, ERR_USAGE, "--answer-length and --max-tokens both say how much to ask for; give one of them");
    return 0;
}

static int check_custom(const struct run_config *c, struct err *e)
{
    const struct {
        const char *name, *value;
    } own[] = {{"body-template", c->body_template}, {"json-text", c->json_text},
               {"json-tokens", c->json_tokens},     {"json-input-tokens", c->json_input_tokens},
               {"json-finish", c->json_finish},     {"stream-end", c->stream_end}};
    if (strcmp(c->api, "custom") == 0) {
        if (!c->body_template || !c->json_text)
            return err_set(e, ERR_USAGE,
                           "--api custom needs --body-template and --json-text: what to send, and where "
                           "the answer's text stands");
        if (c->extra_body)
            return err_set(e, ERR_USAGE, "--extra-body: with --api custom, write its members into --body-template");
        return 0;
    }
    bool plain = strcmp(c->api, "http") == 0, payload = strcmp(c->api, "payload") == 0;
    for (size_t i = 0; i < ARRAY_LEN(own); i++) {
        if (plain && (own[i].value == c->json_tokens || own[i].value == c->json_input_tokens))
            continue;
        if (payload && c->json_text && i > 0)
            continue;
        if (payload && own[i].value)
            return err_set(e, ERR_USAGE, "--%s: with --api payload, give --json-text beside it, and no --body-template",
                           own[i].name);
        if (own[i].value)
            return err_set(e, ERR_USAGE, "--%s is of the user's own dialect; it needs --api custom", own[i].name);
    }
    return 0;
}

static int check_headers_metric(const struct run_config *c, struct err *e)
{
    for (size_t i = 0; c->headers_metric && c->headers_metric[i]; i++) {
        if (i == HEADER_METRICS_MAX)
            return err_set(e, ERR_USAGE, "--headers-metric: at most %d headers can be metrics", HEADER_METRICS_MAX);
        for (size_t k = 0; k < i; k++)
            if (str_ieq(str_of(c->headers_metric[i]), str_of(c->headers_metric[k])))
                return err_set(e, ERR_USAGE, "--headers-metric %s stands there twice", c->headers_metric[i]);
    }
    return 0;
}

int run_config_check(const struct run_config *c, struct err *e)
{
    if (check_headers_metric(c, e) != 0)
        return -1;
    if (check_target(c, e) != 0 || check_signing(c, e) != 0 || check_load(c, e) != 0)
        return -1;
    if (check_dataset(c, e) != 0 || check_made(c, e) != 0)
        return -1;
    if (check_custom(c, e) != 0)
        return -1;
    if (!run_config_as_is(c) && (c->method || c->body))
        return err_set(e, ERR_USAGE, "--%s is of requests that go as they are; it needs --api http or payload",
                       c->body ? "body" : "method");
    if (c->follow_pages && c->sessions)
        return err_set(e, ERR_USAGE,
                       "--follow-pages and --sessions do not go together: both say what follows an answer");
    if (c->metrics_interval_given && !c->metrics_urls)
        return err_set(e, ERR_USAGE, "--metrics-interval says how often to ask; it needs --metrics-url");
    if (c->no_records && (c->save_text || c->save_http))
        return err_set(e, ERR_USAGE, "--save-%s keeps texts in the records, of which --no-records keeps none",
                       c->save_text ? "text" : "http");
    if (c->no_stream && c->first_token_timeout > 0)
        return err_set(e, ERR_USAGE, "--first-token-timeout needs a stream; --no-stream asks for none");
    if (c->no_stream && c->continuous_usage)
        return err_set(e, ERR_USAGE, "--continuous-usage needs a stream; --no-stream asks for none");
    if (c->first_token_timeout > c->timeout)
        return err_set(e, ERR_USAGE, "--first-token-timeout is longer than --timeout");
    return 0;
}

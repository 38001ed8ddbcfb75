#include "compat/serving_opts.h"

#include <math.h>

#include "base/file.h"
#include "base/jdoc.h"
#include "base/jout.h"
#include "base/xalloc.h"
#include "cli/opts.h"

#define C struct serving_opts
#define SERVER "Server"
#define PROMPTS "Prompts"
#define LOAD "Load and sampling"
#define RESULTS "Results"
#define FILE_MAX_BYTES (256UL << 20)
#define POOL_MAX 262144 /* different prompts that a run makes at most */

static int check_rate(const char *v, struct err *e)
{
    double d;
    if (strcmp(v, "inf") == 0 || (parse_f64(str_of(v), &d) == 0 && d > 0))
        return 0;
    return err_set(e, ERR_USAGE, "is not a number of requests per second above 0, or inf");
}

static int check_model(const char *v, struct err *e)
{
    for (const char *p = v; *p; p++) {
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7F || strchr("?#%\"\\", *p))
            return err_set(e, ERR_USAGE, "has a character that no name of a model has");
    }
    return check_not_empty(v, e);
}

static const struct opt rows[] = {
    {"model-endpoint-base", 0, "model_endpoint_base", "URL", SERVER, OPT_STR(C, base), .def = "http://127.0.0.1:8000",
     .check = check_not_empty, .help = "Where the server is."},
    {"model-name", 0, "model_name", "NAME", SERVER, OPT_STR(C, model), .check = check_model,
     .help = "The model, by its name at the server. Needed."},
    {"simple", 0, NULL, NULL, SERVER, OPT_BOOL(C, simple),
     .help = "The simple protocol, at /NAME of the model. It is what is spoken without --openai."},
    {"openai", 0, NULL, NULL, SERVER, OPT_BOOL(C, openai), .help = "OpenAI's chat, at /v1/chat/completions."},
    {"vllm-engine", 0, "vllm_engine", NULL, SERVER, OPT_BOOL(C, vllm),
     .help = "The server runs vLLM: have answers go on to their limit (ignore_eos), and tell of those that do not."},
    {"trust-remote-code", 0, "trust_remote_code", NULL, SERVER, OPT_BOOL(C, trust),
     .help = "Has no effect: a tokenizer is read, and never run."},

    {"dataset", 0, NULL, "FILE", PROMPTS, OPT_STR(C, dataset), .flags = OPT_FILE, .check = check_not_empty,
     .help = "The file of prompts. Needed, but for Synthesis."},
    {"dataset-format", 0, "dataset_format", "FORMAT", PROMPTS, OPT_CHOICE(C, format),
     .choices = "ShareGPT IPEX Synthesis", .help = "Its format; Synthesis makes prompts. Needed."},
    {"input-tokens", 0, "input_tokens", "N", PROMPTS, OPT_STR(C, input_tokens), .def = "32", .check = check_not_empty,
     .help = "Of IPEX: the prompt of so many tokens, sent each time."},
    {"model-type", 0, "model_type", "FAMILY", PROMPTS, OPT_STR(C, model_type), .check = check_not_empty,
     .help = "Of IPEX: the family of models. Default: the one of the file's with which the model's name begins, else "
             "llama."},
    {"min-input-tokens-len", 0, "min_input_tokens_len", "N", PROMPTS, OPT_U64(C, min_input), .def = "4",
     .help = "Of ShareGPT: leave out shorter prompts."},
    {"max-input-tokens-len", 0, "max_input_tokens_len", "N", PROMPTS, OPT_U64(C, max_input), .def = "1024",
     .flags = OPT_POSITIVE, .help = "Likewise longer ones."},
    {"min-output-tokens-len", 0, "min_output_tokens_len", "N", PROMPTS, OPT_U64(C, min_output), .def = "4",
     .help = "Likewise those whose answer in the file is shorter."},
    {"max-output-tokens-len", 0, "max_output_tokens_len", "N", PROMPTS, OPT_U64(C, max_output), .def = "none",
     .word = "none", .flags = OPT_POSITIVE, .help = "Likewise longer."},
    {"max-length", 0, "max_length", "N", PROMPTS, OPT_U64(C, max_length), .def = "2048", .flags = OPT_POSITIVE,
     .help = "Likewise those that are longer with their answer."},
    {"input-len-mean", 0, "input_len_mean", "N", PROMPTS, OPT_F64(C, input_mean), .def = "32", .flags = OPT_POSITIVE,
     .help = "Of Synthesis: mean length of the prompts, of a normal distribution."},
    {"input-len-stddev", 0, "input_len_stddev", "N", PROMPTS, OPT_F64(C, input_stddev), .def = "8",
     .help = "Its standard deviation."},
    {"output-len-mean", 0, "output_len_mean", "N", PROMPTS, OPT_F64(C, output_mean), .def = "128",
     .flags = OPT_POSITIVE, .help = "Likewise of the answers' limits."},
    {"output-len-stddev", 0, "output_len_stddev", "N", PROMPTS, OPT_F64(C, output_stddev), .def = "32",
     .help = "Its standard deviation."},

    {"num-prompts", 0, "num_prompts", "N", LOAD, OPT_U64(C, num_prompts), .def = "1000", .flags = OPT_POSITIVE,
     .max = 1e8, .help = "Requests in all."},
    {"request-rate", 0, "request_rate", "N", LOAD, OPT_STR(C, rate), .def = "inf", .check = check_rate,
     .help = "Requests per second: a Poisson process, with an instant for each. inf: all at once."},
    {"seed", 0, NULL, "N", LOAD, OPT_U64(C, seed), .def = "0", .help = "Of the choice of prompts and of the arrivals."},
    {"max-new-tokens", 0, "max_new_tokens", "N", LOAD, OPT_I64(C, max_new_tokens), .def = "none", .word = "none",
     .word_value = -1, .flags = OPT_POSITIVE,
     .help = "Tokens of an answer at most. Default: as many as the file's answer has, or of IPEX the prompt."},
    {"temperature", 0, NULL, "X", LOAD, OPT_F64(C, temperature), .def = "none", .word = "none",
     .help = "Sampling temperature; 0 is sent too."},
    {"top_p", 0, "top-p", "X", LOAD, OPT_F64(C, top_p), .def = "none", .word = "none", .help = "Likewise top_p."},
    {"top_k", 0, "top-k", "N", LOAD, OPT_I64(C, top_k), .def = "none", .word = "none", .word_value = -1,
     .help = "Likewise top_k, which OpenAI's API does not have."},
    {"do_sample", 0, "do-sample", NULL, LOAD, OPT_BOOL(C, do_sample), .help = "Likewise do_sample."},

    {"results-dir", 0, "results_dir", "DIR", RESULTS, OPT_STR(C, results_dir), .flags = OPT_DIR,
     .check = check_not_empty,
     .help = "Write the statistics and each request with its response and its first and next token latencies there."},
    {"track-token-latency", 0, "track_token_latency", NULL, RESULTS, OPT_BOOL(C, track_latency),
     .help = "Ask for streams, and measure the first and next tokens; --results-dir does too. Takes a value (true, "
             "false) as well."},
    {"track-input-output", 0, "track_input_output", NULL, RESULTS, OPT_BOOL(C, track_text),
     .help = "Keep prompts and responses; --results-dir does. Takes a value as well."},
    {"progress", 0, NULL, NULL, RESULTS, OPT_BOOL(C, progress), .help = "Show the progress on standard error."},
    {"original-formulas", 0, "original_formulas", NULL, RESULTS, OPT_BOOL(C, original),
     .help = "The figures as the original defines them, see docs/SEED-PROGRAMS.md."},
};
const struct opt_table serving_table = {"as benchmark_serving", NULL, rows, ARRAY_LEN(rows), NULL, 0};

/* ---- flags that may have a value */

static bool is_tracking(struct str word)
{
    static const char *const names[] = {"--track-token-latency", "--track_token_latency", "--track-input-output",
                                        "--track_input_output"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eqz(word, names[i]))
            return true;
    }
    return false;
}

static bool means_no(struct str value)
{
    static const char *const words[] = {"", "false", "0", "no", "off", "none"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_ieq(value, str_of(words[i])))
            return true;
    }
    return false;
}

int serving_plain_flags(int argc, const char *const *argv, const char **out)
{
    int n = 0;
    for (int i = 0; i < argc; i++) {
        struct str word = str_of(argv[i]);
        ptrdiff_t eq = str_chr(word, '=');
        struct str name = eq < 0 ? word : str_sub(word, 0, (size_t)eq);
        if (i == 0 || !is_tracking(name)) {
            out[n++] = argv[i];
            continue;
        }
        bool no = eq >= 0 && means_no(str_sub(word, (size_t)eq + 1, word.n));
        if (eq < 0 && i + 1 < argc && argv[i + 1][0] != '-')
            no = means_no(str_of(argv[++i]));
        if (!no)
            out[n++] = str_chr(name, 'y') > 0 ? "--track-token-latency" : "--track-input-output";
    }
    out[n] = NULL;
    return n;
}

/* ---- what goes together */

/* The longest name of a family with which the model's begins. */
static const char *family_of(jnode *root, const char *model)
{
    const char *best = NULL, *name;
    void *it = NULL;
    jnode *value;
    while (jn_next(root, &it, &name, &value)) {
        if (str_istarts(str_of(model), str_of(name)) && (!best || strlen(name) > strlen(best)))
            best = name;
    }
    return best ? best : "llama";
}

static void name_members(jnode *n, struct buf *b)
{
    const char *name;
    void *it = NULL;
    jnode *value;
    while (jn_next(n, &it, &name, &value) && b->n < 400)
        buf_addf(b, "%s%s", b->n ? ", " : "", name);
}

static int choose_prompt(struct serving_opts *o, jnode *root, struct err *e)
{
    const char *family = o->model_type ? o->model_type : family_of(root, o->model), *name;
    void *it = NULL;
    jnode *value, *prompts = NULL, *prompt = NULL;
    while (jn_next(root, &it, &name, &value))
        prompts = strcmp(name, family) == 0 ? value : prompts;
    it = NULL;
    while (prompts && jn_next(prompts, &it, &name, &value))
        prompt = strcmp(name, o->input_tokens) == 0 ? value : prompt;
    if (prompt) {
        snprintf(o->family, sizeof o->family, "%s", family);
        return 0;
    }
    struct buf b = BUF_INIT(4096);
    name_members(prompts ? prompts : root, &b);
    if (prompts)
        err_set(e, ERR_DATA, "Invalid input_tokens to index from dataset \"%s\"! Of %s it has %s, and no %s",
                o->dataset, family, b.n ? b.p : "nothing", o->input_tokens);
    else
        err_set(e, ERR_DATA, "%s: has no prompts for \"%s\"; --model-type can be one of %s", o->dataset, family,
                b.n ? b.p : "nothing");
    buf_free(&b);
    return -1;
}

static int check_ipex(struct serving_opts *o, struct err *e)
{
    struct buf text = BUF_INIT(FILE_MAX_BYTES);
    struct jdoc *doc = NULL;
    int rc = file_read(&text, o->dataset, e);
    if (rc < 0) {
        e->code = ERR_USAGE;
        err_prefix(e, "--dataset: ");
    } else {
        doc = jdoc_parse(buf_str(&text), o->dataset, e);
        rc = doc ? choose_prompt(o, jdoc_root(doc), e) : -1;
    }
    if (parse_i64(str_of(o->input_tokens), &o->ipex_tokens) < 0 || o->ipex_tokens < 1)
        o->ipex_tokens = -1;
    jdoc_free(&doc);
    buf_free(&text);
    return rc;
}

int serving_check(struct serving_opts *o, struct err *e)
{
    if (!o->model)
        return err_set(e, ERR_USAGE, "--model-name is needed: the model's name at the server");
    if (!o->format)
        return err_set(e, ERR_USAGE, "--dataset-format is needed: ShareGPT, IPEX or Synthesis");
    bool made = strcmp(o->format, "Synthesis") == 0;
    if (!made && !o->dataset)
        return err_set(e, ERR_USAGE, "--dataset is needed: the file of prompts");
    if (o->openai && o->simple)
        return err_set(e, ERR_USAGE, "--openai and --simple are two protocols; give one of them");
    if (o->min_input > o->max_input || (o->max_output && o->min_output > o->max_output))
        return err_set(e, ERR_USAGE, "--min-%s-tokens-len is above --max-%s-tokens-len",
                       o->min_input > o->max_input ? "input" : "output",
                       o->min_input > o->max_input ? "input" : "output");
    if (o->input_stddev < 0 || o->output_stddev < 0)
        return err_set(e, ERR_USAGE, "--%s-len-stddev must not be negative", o->input_stddev < 0 ? "input" : "output");
    return strcmp(o->format, "IPEX") == 0 ? check_ipex(o, e) : 0;
}

/* ---- the run */

bool serving_streams(const struct serving_opts *o)
{
    return o->track_latency || o->results_dir;
}

int64_t serving_limit(const struct serving_opts *o)
{
    if (o->max_new_tokens > 0 || strcmp(o->format, "IPEX") != 0)
        return o->max_new_tokens;
    return o->ipex_tokens;
}

char *serving_url(const struct serving_opts *o)
{
    struct str base = str_of(o->base);
    while (base.n > 0 && base.p[base.n - 1] == '/')
        base.n--;
    return o->openai ? xasprintf(STR_FMT "/v1/chat/completions", STR_ARG(base))
                     : xasprintf(STR_FMT "/%s", STR_ARG(base), o->model);
}

/* What weir has no option for. */
static void put_sampling(const struct serving_opts *o, struct compat_words *w)
{
    struct buf b = BUF_INIT(4096);
    struct jout j;
    jo_init(&j, &b, 0);
    jo_obj(&j);
    if (!o->openai) {
        jo_key(&j, "config");
        jo_obj(&j);
    }
    if (!isnan(o->top_p))
        jo_kf64(&j, "top_p", o->top_p);
    if (!o->openai && o->top_k >= 0)
        jo_ki64(&j, "top_k", o->top_k);
    if (!o->openai && o->do_sample)
        jo_kbool(&j, "do_sample", true);
    if (!o->openai)
        jo_end_obj(&j);
    jo_end_obj(&j);
    compat_opt(w, "--extra-body", "%s", b.p);
    buf_free(&b);
    if (!isnan(o->temperature))
        compat_opt(w, "--temperature", "%.17g", o->temperature);
    if (o->vllm)
        compat_word(w, "--ignore-eos");
}

static void put_dataset(const struct serving_opts *o, struct compat_words *w)
{
    int64_t limit = serving_limit(o);
    bool sharegpt = strcmp(o->format, "ShareGPT") == 0, made = strcmp(o->format, "Synthesis") == 0;
    if (made) {
        compat_opt(w, "--isl", "normal:%.17g,%.17g", o->input_mean, o->input_stddev);
        if (limit < 0)
            compat_opt(w, "--osl", "normal:%.17g,%.17g", o->output_mean, o->output_stddev);
        compat_opt(w, "--prompt-pool", "%llu", (unsigned long long)MIN(o->num_prompts, POOL_MAX));
    } else {
        compat_opt(w, "--dataset", "%s", o->dataset);
        compat_opt(w, "--dataset-format", "%s", sharegpt ? "sharegpt" : "ipex");
    }
    if (sharegpt) {
        char most[24] = "";
        if (o->max_output)
            snprintf(most, sizeof most, "%llu", (unsigned long long)o->max_output);
        compat_opt(w, "--dataset-lengths", "input:%llu..%llu,output:%llu..%s,total:..%llu",
                   (unsigned long long)o->min_input, (unsigned long long)o->max_input,
                   (unsigned long long)o->min_output, most, (unsigned long long)o->max_length);
        compat_opt(w, "--order", "shuffle");
        if (limit < 0)
            compat_word(w, "--answer-length");
    } else if (!made) {
        compat_opt(w, "--dataset-key", "%s/%s", o->family, o->input_tokens);
    }
    if (limit > 0)
        compat_opt(w, "--max-tokens", "%lld", (long long)limit);
    if (o->tokenizer)
        compat_opt(w, "--tokenizer", "%s", o->tokenizer);
}

void serving_words(const struct serving_opts *o, struct compat_words *w)
{
    char *url = serving_url(o);
    compat_word(w, url);
    free(url);
    compat_opt(w, "--api", "%s", o->openai ? "openai-chat" : "llm-on-ray");
    if (o->openai)
        compat_opt(w, "--model", "%s", o->model);
    else
        compat_word(w, "--no-probe"); /* nothing about it is to be found out */
    put_dataset(o, w);
    put_sampling(o, w);
    if (!serving_streams(o))
        compat_word(w, "--no-stream");
    compat_opt(w, "--rate", "%s", o->rate);
    if (strcmp(o->rate, "inf") != 0)
        compat_opt(w, "--arrival", "poisson");
    compat_opt(w, "--num-requests", "%llu", (unsigned long long)o->num_prompts);
    compat_opt(w, "--seed", "%llu", (unsigned long long)o->seed);
    compat_opt(w, "--timeout", "3h");
    compat_opt(w, "--header", "User-Agent: Benchmark Client");
    compat_opt(w, "--proxy", "none");
}

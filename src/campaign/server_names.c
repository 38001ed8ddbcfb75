#include "campaign/server_names.h"

#include <math.h>

#include "base/rng.h"
#include "base/xalloc.h"

enum identity { /* the labels that make a series one of its own */
                ALL,
                ENGINE, /* all but ranks within an engine */
                GPU
};

struct row {
    const char *program, *name;
    const char *label, *is; /* only where it has this value; NULL: any */
    enum scrape_value kind;
    unsigned char rank; /* of one program's names for a kind the lowest counts */
    enum identity identity;
    double scale;
};

static const struct row rows[] = {
    {"vLLM", "vllm_num_requests_running", NULL, NULL, SCRAPE_RUNNING, 0, ALL, 1},
    {"vLLM", "vllm_num_requests_waiting", NULL, NULL, SCRAPE_WAITING, 0, ALL, 1},
    {"vLLM", "vllm_kv_cache_usage_perc", NULL, NULL, SCRAPE_KV_USAGE, 0, ALL, 1},
    {"vLLM", "vllm_gpu_cache_usage_perc", NULL, NULL, SCRAPE_KV_USAGE, 1, ALL, 1},
    {"vLLM", "vllm_prefix_cache_queries", NULL, NULL, SCRAPE_PREFIX_QUERIES, 0, ALL, 1},
    {"vLLM", "vllm_gpu_prefix_cache_queries", NULL, NULL, SCRAPE_PREFIX_QUERIES, 1, ALL, 1},
    {"vLLM", "vllm_prefix_cache_hits", NULL, NULL, SCRAPE_PREFIX_HITS, 0, ALL, 1},
    {"vLLM", "vllm_gpu_prefix_cache_hits", NULL, NULL, SCRAPE_PREFIX_HITS, 1, ALL, 1},
    {"vLLM", "vllm_gpu_prefix_cache_hit_rate", NULL, NULL, SCRAPE_PREFIX_RATE, 0, ALL, 1},
    {"vLLM", "vllm_num_preemptions", NULL, NULL, SCRAPE_PREEMPTIONS, 0, ALL, 1},
    {"SGLang", "sglang_num_running_reqs", NULL, NULL, SCRAPE_RUNNING, 0, ENGINE, 1},
    {"SGLang", "sglang_num_queue_reqs", NULL, NULL, SCRAPE_WAITING, 0, ENGINE, 1},
    {"SGLang", "sglang_token_usage", NULL, NULL, SCRAPE_KV_USAGE, 0, ENGINE, 1},
    {"SGLang", "sglang_prompt_tokens", NULL, NULL, SCRAPE_PREFIX_QUERIES, 0, ALL, 1},
    {"SGLang", "sglang_cached_tokens", NULL, NULL, SCRAPE_PREFIX_HITS, 0, ALL, 1},
    {"SGLang", "sglang_cache_hit_rate", NULL, NULL, SCRAPE_PREFIX_RATE, 0, ENGINE, 1},
    {"SGLang", "sglang_num_retracted_requests", NULL, NULL, SCRAPE_PREEMPTIONS, 0, ENGINE, 1},
    {"TGI", "tgi_batch_current_size", NULL, NULL, SCRAPE_RUNNING, 0, ALL, 1},
    {"TGI", "tgi_queue_size", NULL, NULL, SCRAPE_WAITING, 0, ALL, 1},
    {"TensorRT-LLM", "nv_trt_llm_request_metrics", "request_type", "scheduled", SCRAPE_RUNNING, 0, ALL, 1},
    {"TensorRT-LLM", "nv_trt_llm_request_metrics", "request_type", "waiting", SCRAPE_WAITING, 0, ALL, 1},
    {"TensorRT-LLM", "nv_trt_llm_kv_cache_block_metrics", "kv_cache_block_type", "fraction", SCRAPE_KV_USAGE, 0, ALL,
     1},
    {"TensorRT-LLM", "trtllm_num_requests_running", NULL, NULL, SCRAPE_RUNNING, 1, ALL, 1},
    {"TensorRT-LLM", "trtllm_num_requests_waiting", NULL, NULL, SCRAPE_WAITING, 1, ALL, 1},
    {"TensorRT-LLM", "trtllm_kv_cache_utilization", NULL, NULL, SCRAPE_KV_USAGE, 1, ALL, 1},
    {"TensorRT-LLM", "trtllm_kv_cache_hit_rate", NULL, NULL, SCRAPE_PREFIX_RATE, 1, ALL, 1},
    {"llama.cpp", "llamacpp_requests_processing", NULL, NULL, SCRAPE_RUNNING, 0, ALL, 1},
    {"llama.cpp", "llamacpp_requests_deferred", NULL, NULL, SCRAPE_WAITING, 0, ALL, 1},
    {"llama.cpp", "llamacpp_kv_cache_usage_ratio", NULL, NULL, SCRAPE_KV_USAGE, 0, ALL, 1},
    {"DCGM", "DCGM_FI_DEV_POWER_USAGE", NULL, NULL, SCRAPE_GPU_POWER, 0, GPU, 1},
    {"DCGM", "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", NULL, NULL, SCRAPE_GPU_ENERGY, 0, GPU, 1e-3}, /* mJ */
    {"DCGM", "DCGM_FI_DEV_GPU_UTIL", NULL, NULL, SCRAPE_GPU_UTIL, 0, GPU, 1e-2},                   /* % */
};

enum { PLACES = 2 * TALLY_SERIES_MAX, NAME_MAX_BYTES = 64 };

struct series {
    uint64_t key;  /* 0: a free place */
    uint64_t seen; /* number of the answer that `now` is of */
    double now, last;
    unsigned char row;
    bool has_last;
};

struct tally {
    struct series place[PLACES];
    size_t n;
    uint64_t answer; /* the one under way */
    bool ended_once;
    uint64_t left_out;
    double total[SCRAPE_VALUES]; /* of counters */
    const char *program, *program_now;
};

struct tally *tally_new(void)
{
    return xcalloc(1, sizeof(struct tally));
}

void tally_free(struct tally **t)
{
    free(*t);
    *t = NULL;
}

const char *tally_program(const struct tally *t)
{
    return t->program;
}

uint64_t tally_left_out(const struct tally *t)
{
    return t->left_out;
}

void tally_begin(struct tally *t)
{
    t->answer++;
    t->program_now = NULL;
}

static uint64_t hash(uint64_t h, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3ULL; /* FNV-1a */
    return (h ^ 0xff) * 0x100000001b3ULL;
}

static bool identifies(enum identity identity, struct str label)
{
    static const char *const ranks[] = {"tp_rank", "pp_rank", "moe_ep_rank", "pid"};
    static const char *const gpu[] = {"UUID", "Hostname", "gpu"};
    bool named = false;
    if (identity == ALL)
        return true;
    const char *const *names = identity == GPU ? gpu : ranks;
    size_t n = identity == GPU ? ARRAY_LEN(gpu) : ARRAY_LEN(ranks);
    for (size_t i = 0; i < n; i++)
        named |= str_eqz(label, names[i]);
    return named == (identity == GPU);
}

/* Whatever the order of its labels. Mixed before they are added, or small differences of two labels cancel out. */
static uint64_t key_of(size_t row, const struct prom_sample *s)
{
    uint64_t key = hash(0xcbf29ce484222325ULL, (struct str){(const char *)&row, sizeof row});
    for (size_t i = 0; i < s->n_labels; i++) {
        if (identifies(rows[row].identity, s->labels[i].name))
            key += rng_mix(hash(hash(0x9e3779b97f4a7c15ULL, s->labels[i].name), s->labels[i].value));
    }
    return key ? key : 1;
}

static struct series *find(struct tally *t, uint64_t key, size_t row)
{
    size_t i = key % PLACES;
    while (t->place[i].key != 0 && t->place[i].key != key)
        i = (i + 1) % PLACES;
    if (t->place[i].key == key)
        return &t->place[i];
    if (t->n == TALLY_SERIES_MAX) {
        t->left_out++;
        return NULL;
    }
    t->n++;
    t->place[i] = (struct series){.key = key, .row = (unsigned char)row};
    return &t->place[i];
}

/* The name as the rows have it; "": it cannot be one of them. */
static struct str plain_name(struct str name, char room[NAME_MAX_BYTES])
{
    if (str_starts(name, STR("ray_")))
        name = str_sub(name, 4, name.n);
    if (name.n >= NAME_MAX_BYTES)
        return STR("");
    for (size_t i = 0; i < name.n; i++)
        room[i] = name.p[i] == ':' ? '_' : name.p[i];
    struct str s = {room, name.n};
    return str_ends(s, STR("_total")) ? str_sub(s, 0, s.n - 6) : s;
}

static bool is_of(const struct row *r, struct str name, const struct prom_sample *s)
{
    if (!str_eqz(name, r->name))
        return false;
    /* SGLang with priorities: the total has an empty one, and then each has its own. */
    if ((r->kind == SCRAPE_RUNNING || r->kind == SCRAPE_WAITING) && prom_label_of(s, "priority").n > 0)
        return false;
    return !r->label || str_eqz(prom_label_of(s, r->label), r->is);
}

void tally_sample(void *tally, const struct prom_sample *s)
{
    struct tally *t = tally;
    char room[NAME_MAX_BYTES];
    struct str name = plain_name(s->name, room);
    if (name.n == 0 || !isfinite(s->value) || s->value < 0)
        return;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!is_of(&rows[i], name, s))
            continue;
        struct series *x = find(t, key_of(i, s), i);
        double v = s->value * rows[i].scale;
        if (x) {
            x->now = x->seen == t->answer ? MAX(x->now, v) : v;
            x->seen = t->answer;
        }
        if (!t->program_now)
            t->program_now = rows[i].program;
        return;
    }
}

static double increase(const struct tally *t, const struct series *x)
{
    if (x->has_last)
        return x->now >= x->last ? x->now - x->last : x->now;
    return t->ended_once ? x->now : 0;
}

static bool is_now(const struct tally *t, const struct series *x)
{
    return x->key != 0 && x->seen == t->answer;
}

/* What n series come to. */
static void put(struct tally *t, enum scrape_value k, double sum, size_t n, struct scrape *out)
{
    if (n == 0)
        return;
    if (scrape_value_how(k) == SCRAPE_COUNTER)
        sum = t->total[k] += sum;
    out->v[k] = scrape_value_how(k) == SCRAPE_MEAN ? sum / (double)n : sum;
    if (k == SCRAPE_GPU_POWER || k == SCRAPE_GPU_ENERGY || k == SCRAPE_GPU_UTIL)
        out->gpus = MAX(out->gpus, (uint32_t)n);
}

void tally_end(struct tally *t, struct scrape *out)
{
    unsigned char best[SCRAPE_VALUES];
    double sum[SCRAPE_VALUES] = {0};
    size_t n[SCRAPE_VALUES] = {0};
    memset(best, UINT8_MAX, sizeof best);
    for (size_t i = 0; i < PLACES; i++) {
        const struct row *r = &rows[t->place[i].row];
        if (is_now(t, &t->place[i]))
            best[r->kind] = MIN(best[r->kind], r->rank);
    }
    for (size_t i = 0; i < PLACES; i++) {
        struct series *x = &t->place[i];
        const struct row *r = &rows[x->row];
        if (!is_now(t, x))
            continue;
        if (r->rank == best[r->kind]) {
            sum[r->kind] += scrape_value_how(r->kind) == SCRAPE_COUNTER ? increase(t, x) : x->now;
            n[r->kind]++;
        }
        x->last = x->now;
        x->has_last = true;
    }
    for (int k = 0; k < SCRAPE_VALUES; k++)
        put(t, (enum scrape_value)k, sum[k], n[k], out);
    t->ended_once = true;
    t->program = t->program_now;
}

/* benchmark_rig.h - a run of `weir as benchmark` with the very figures that its document prints. */
#ifndef WEIR_TESTS_UNIT_BENCHMARK_RIG_H
#define WEIR_TESTS_UNIT_BENCHMARK_RIG_H

#include <math.h>

#include "compat/benchmark.h"

struct bm_rig {
    struct bm_opts o;
    struct summary s;
    struct sum_level l[4];
    struct bm_level v[4];
    struct sum_saturation sat;
    struct sum_count errors[2], codes[2];
    struct bm_run r;
};

static inline void bm_rig_level(struct bm_rig *g, size_t i, double target, double actual, double success,
                                struct bm_dist ttft, struct bm_dist e2e, struct bm_dist tok)
{
    g->o.rate[i] = target;
    g->l[i] = (struct sum_level){.level = (uint32_t)i, .open = true, .rate = target, .final = true};
    g->v[i] = (struct bm_level){.l = &g->l[i],
                                .target = target,
                                .actual = actual,
                                .success = success,
                                .total = 600,
                                .ok = 600,
                                .counted = 600,
                                .ttft = ttft,
                                .e2e = e2e,
                                .tok = tok};
}

#define BM_V(...)                                                                                                      \
    (struct bm_dist)                                                                                                   \
    {                                                                                                                  \
        .v = { __VA_ARGS__ }                                                                                           \
    }

/* The table under "Console Output". */
static inline void bm_rig_init(struct bm_rig *g)
{
    *g = (struct bm_rig){.o = {.endpoint = "https://u:secret@api.example.com/v1/chat/completions",
                               .model = "meta-llama/Llama-3.1-8B-Instruct",
                               .dataset = "conversations.json",
                               .duration = 60,
                               .max_tokens = 512,
                               .temperature = 0.7,
                               .gpu_rate = NAN,
                               .n_rates = 4,
                               .n_shown = 3,
                               .shown = {0, 2, 3}}};
    bm_rig_level(g, 0, 1, 1, 100, BM_V(.12, .14, .15, .18), BM_V(2.5, 2.7, 2.8, 3), BM_V(85.3, 90, 92.1, 98.5));
    bm_rig_level(g, 1, 5, 4.98, 100, BM_V(.18, .2, .25, .3), BM_V(3.2, 3.5, 3.6, 4), BM_V(78.2, 80, 85, 90.1));
    bm_rig_level(g, 2, 10, 9.95, 98.5, BM_V(.25, .35, .4, .5), BM_V(4.1, 4.5, 4.8, 5.2), BM_V(68.5, 72.1, 75.3, 80.2));
    bm_rig_level(g, 3, 20, 19.82, 85.2, BM_V(.4, 1, 1.2, 2.5), BM_V(5.5, 7, 8, 12), BM_V(55, 60, 62, 70));
    g->errors[0] = (struct sum_count){"HTTP 503", 145};
    g->errors[1] = (struct sum_count){"Connection reset", 33};
    g->codes[0] = (struct sum_count){"200", 1022};
    g->codes[1] = (struct sum_count){"503", 145};
    g->v[3].total = 1200;
    g->v[3].ok = g->v[3].counted = 1022;
    g->v[3].failed = 178;
    g->v[3].errors = (struct sum_counts){2, g->errors};
    g->v[3].codes = (struct sum_counts){2, g->codes};
    g->s = (struct summary){.n_levels = 4, .levels = g->l};
    g->r = (struct bm_run){.o = &g->o, .s = &g->s, .v = g->v, .n = 4};
}

#endif

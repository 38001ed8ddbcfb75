/* Unigram as sentencepiece has it: sums are floats, which begin anew once they have become large, and a user defined
 * symbol is given a score above all others. */
#include <math.h>

#include "base/xalloc.h"
#include "tok/tok_spm.h"

#define UNKNOWN_PENALTY 10.0F
#define LARGE_SUM 100000.0F

static inline void offer(struct spm_best *end, float score, uint32_t start, uint32_t id)
{
    if (end->start == SPM_NONE || score > end->score)
        *end = (struct spm_best){score, start, id};
}

static float symbol_score(size_t length)
{
    return (float)(0.1 * ((double)length - 1));
}

/* Counts all sums from `at` on from the one that has been reached there. */
static void start_anew(struct spm_best *best, size_t at, size_t frontier)
{
    const float offset = best[at].score;
    for (size_t i = at; i <= frontier; i++)
        if (i == at || best[i].start != SPM_NONE)
            best[i].score -= offset;
    best[at].score = 0;
}

static void find_best(const struct spm_model *m, struct spm_best *best, struct str s)
{
    const float unk_score = m->least - UNKNOWN_PENALTY;
    size_t frontier = 0;
    best[0] = (struct spm_best){0, SPM_NONE, 0};
    for (size_t i = 1; i <= s.n; i++)
        best[i] = (struct spm_best){0, SPM_NONE, 0};
    for (size_t at = 0, step; at < s.n; at += step) {
        if (fabsf(best[at].score) > LARGE_SUM)
            start_anew(best, at, frontier);
        float here = best[at].score;
        uint32_t node = TRIE_ROOT;
        unsigned char u = (unsigned char)s.p[at];
        bool single = false;
        step = MIN(u < 0xC0 ? 1U : u < 0xE0 ? 2U : u < 0xF0 ? 3U : 4U, s.n - at);
        for (size_t i = at; i < s.n; i++) {
            node = trie_step(&m->trie, node, (unsigned char)s.p[i]);
            if (node == TRIE_ROOT)
                break;
            uint32_t id = m->trie.node[node].value;
            if (id == TRIE_NONE || m->type[id] == SPM_UNUSED)
                continue;
            float score = m->type[id] == SPM_USER_DEFINED ? symbol_score(i + 1 - at) : m->score[id];
            frontier = MAX(frontier, i + 1);
            offer(&best[i + 1], score + here, (uint32_t)at, id);
            single = single || i + 1 == at + step;
        }
        if (!single) {
            frontier = MAX(frontier, at + step);
            offer(&best[at + step], unk_score + here, (uint32_t)at, m->unk);
        }
    }
}

void spm_unigram(const struct spm_model *m, struct spm_scratch *s, struct str text, struct tok_ids *ids)
{
    if (text.n + 1 > s->best_cap) {
        free(s->best);
        s->best_cap = MAX(text.n + 1, 4096);
        s->best = xreallocarray(NULL, s->best_cap, sizeof *s->best);
    }
    find_best(m, s->best, text);
    /* The links lead backwards; turn them, so that best[i].start is where the piece that starts at i ends. */
    uint32_t end = (uint32_t)text.n, next_end = 0, next_id = 0;
    while (end > 0) {
        struct spm_best b = s->best[end];
        s->best[end].start = next_end;
        s->best[end].id = next_id;
        next_end = end;
        next_id = b.id;
        end = b.start;
    }
    s->best[0].start = next_end;
    s->best[0].id = next_id;
    for (uint32_t at = 0; at < text.n; at = s->best[at].start)
        spm_emit(m, s, str_sub(text, at, s->best[at].start - at), s->best[at].id, ids);
}

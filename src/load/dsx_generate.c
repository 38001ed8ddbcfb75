#include "load/dsx_generate.h"

#include <math.h>

#include "base/jout.h"
#include "base/rng.h"
#include "load/ds_formats.h"
#include "load/words.h"

static const char *const SYSTEM[] = {
    "You are a helpful assistant. Answer clearly and concisely.",
    "You are a coding tutor. Help users learn programming, one step at a time.",
    "You are a customer service agent. Be professional and helpful, and never promise what is not in the terms.",
    "You are an expert software architect. Give detailed technical advice and name the trade-offs.",
    "You are a friendly chatbot.",
    "You are a writing coach. Point out what works before you point out what does not.",
    "You translate between English and plain English.",
    "You are a patient teacher of mathematics. Ask at the end whether it became clear.",
    "You summarize texts for busy readers in at most five sentences.",
    "You are a travel guide who knows trains, timetables and small museums.",
};

static const char *const QUESTIONS[] = {
    "What is the difference between these two ways of doing it?",
    "Can you explain how this works?",
    "I need help with my order, please.",
    "How would you design this so that it can grow later?",
    "Please review the following notes and tell me what is missing.",
    "Why does it behave like that?",
    "Give me three suggestions, with a reason for each.",
    "Could you say that again in simpler words?",
    "What should I look at first?",
    "Summarize what we have so far, then go on.",
};

static const char *const ANSWERS[] = {
    "Of course. Here is how I would begin.", "That depends on what matters most to you.",
    "There are two parts to this.",          "Good question; let us take it step by step.",
    "Yes, and the details are these.",       "I see what you mean. Consider this instead.",
};

/* Draws of one entry, in turn. */
struct draws {
    uint64_t seed, i;
};

static uint64_t between(struct draws *d, uint64_t lo, uint64_t hi)
{
    return lo + rng_below(d->seed, RNG_DSX, d->i++, hi - lo + 1);
}

#define ONE_OF(d, list) (list)[between((d), 0, ARRAY_LEN(list) - 1)]

/* An opening sentence and random words up to `words` in all. */
static void add_text(struct dataset *ds, struct draws *d, enum plan_role role, uint64_t words, struct buf *b)
{
    const char *opening = role == ROLE_USER ? ONE_OF(d, QUESTIONS) : ONE_OF(d, ANSWERS);
    uint64_t have = 1, key = between(d, 0, UINT32_MAX);
    for (const char *c = opening; *c; c++)
        have += *c == ' ';
    buf_clear(b);
    buf_addz(b, opening);
    if (words > have) {
        words_fill(b, d->seed, key, words - have);
        buf_addc(b, '.');
    }
    dataset_add_plain(ds, role, buf_str(b));
}

static void add_conversation(struct dataset *ds, uint64_t seed, uint64_t i, struct buf *b)
{
    struct draws d = {rng_u64(seed, RNG_DSX, i), 0};
    uint64_t kind = between(&d, 1, 100), turns, words;
    if (kind <= 50) {
        turns = 1;
        words = between(&d, 40, 150);
    } else if (kind <= 85) {
        turns = between(&d, 3, 5);
        words = between(&d, 150, 400);
    } else {
        turns = between(&d, 10, 14);
        words = between(&d, 400, 1500);
    }
    /* An answer is about twice as long as a question. */
    uint64_t part = words / (turns + 2 * (turns - 1));
    dataset_begin(ds);
    dataset_add_plain(ds, ROLE_SYSTEM, str_of(ONE_OF(&d, SYSTEM)));
    for (uint64_t t = 0; t < turns; t++) {
        if (t > 0)
            add_text(ds, &d, ROLE_ASSISTANT, 2 * part, b);
        add_text(ds, &d, ROLE_USER, part, b);
    }
    dataset_end(ds, (size_t)i + 1);
}

struct dataset *dsx_generate_conversations(uint64_t n, uint64_t seed)
{
    struct dataset *ds = dataset_new("generated", "generated", NULL);
    struct buf b = BUF_INIT(1u << 20);
    for (uint64_t i = 0; i < n; i++)
        add_conversation(ds, seed, i, &b);
    dataset_seal(ds);
    buf_free(&b);
    return ds;
}

enum { BLOCK = 512 };

static int64_t draw(const struct dist *d, uint64_t seed, enum rng_purpose purpose, uint64_t i)
{
    return dist_int(d, rng_unit(seed, purpose, 2 * i), rng_unit(seed, purpose, 2 * i + 1), 1, 1 << 22);
}

void dsx_generate_trace(const struct dsx_trace *t, struct buf *out)
{
    uint64_t shared = t->prefix / BLOCK, next = shared * t->groups;
    double at = 0;
    for (uint64_t i = 0; i < t->n; i++) {
        int64_t in = draw(&t->isl, t->seed, RNG_ISL, i), answer = draw(&t->osl, t->seed, RNG_OSL, i);
        uint64_t group = rng_below(t->seed, RNG_PREFIX, i, t->groups);
        uint64_t blocks = ((uint64_t)in + t->prefix + BLOCK - 1) / BLOCK;
        if (i > 0) /* the first is at 0 */
            at += -log(rng_unit(t->seed, RNG_ARRIVAL, i)) / t->rate;
        buf_addf(out, "{\"timestamp\": %lld, \"input_length\": %llu, \"output_length\": %lld, \"hash_ids\": [",
                 (long long)(at * 1000), (unsigned long long)((uint64_t)in + t->prefix), (long long)answer);
        for (uint64_t b = 0; b < blocks; b++)
            buf_addf(out, "%s%llu", b ? ", " : "", (unsigned long long)(b < shared ? group * shared + b : next++));
        buf_addz(out, "]}\n");
    }
}

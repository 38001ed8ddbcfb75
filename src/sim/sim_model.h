/* sim_model.h - the modelled LLM engine: continuous batching as a discrete-event model. No sockets, no clock of its
 * own: the caller says what time it is, so a test computes every instant in advance.
 *
 * The model, exactly. J is a factor drawn from `jitter` (1 without), a pure function of (seed, what, number):
 *   - A request arrives at A and gets a slot at S: S = A when fewer than max_seqs run, else the instant at which the
 *     slot that it inherits comes free (first come, first served; see sim_gate.h).
 *   - Prefill: the first token comes out at S + extra + (ttft + prefill * prompt_tokens) * J(request). Prefills do not
 *     disturb each other or the batch.
 *   - Then the sequence joins the batch. The batch moves in lock-step: a step that begins at B with r sequences in the
 *     batch ends at B + (itl + itl_per_seq * r) * J(step), and at its end each of those r gets one token. The next step
 *     begins at the same instant. A sequence that joins while a step is under way takes part from the next one on; one
 *     that joins an empty batch begins a step, together with all that join at that same instant.
 *     So the gap between the 2nd, 3rd, ... token of a sequence is itl + itl_per_seq * r exactly; between the 1st and
 *     the 2nd it is that when it runs alone, else once to twice that.
 *   - With its last token a sequence frees its slot at once; so does a cancelled one.
 *   - At equal instants a step's end comes before the end of a prefill, and that before the passing on of a slot.
 * Instants are absolute: token k is due where the formula says, however late the caller came before; a late caller gets
 * all that is due at once. Only when a step comes later than its own length is the grid moved to begin at `now` (an
 * engine that stood still does not catch up by bursts); `moved` counts that.
 *
 * Several threads: each has a model of its own, with its own step grid; slots, queue and limit are one gate, exact over
 * all threads; r counts the sequences of all threads as they stand when a step begins. A slot that passes to another
 * thread's sequence is picked up when that thread wakes (tens of microseconds later). With one thread everything above
 * is exact.
 * Cost: O(log n) per first token, O(1) per later token. A model belongs to one thread. */
#ifndef WEIR_SIM_SIM_MODEL_H
#define WEIR_SIM_SIM_MODEL_H

#include "base/heap.h"
#include "sim/sim_gate.h"
#include "stat/dist.h"

struct model_params {
    int64_t ttft, prefill, itl, itl_per_seq; /* ns */
    bool has_jitter;
    struct dist jitter;
    uint64_t seed;
};

struct seq { /* embedded in a request; zero it first */
    /* set by the caller */
    uint64_t number; /* of the request: keys its jitter */
    uint64_t prompt_tokens;
    uint64_t output_tokens; /* >= 1 */
    int64_t extra;          /* ns before its prefill */
    /* kept by the model */
    uint64_t done;         /* tokens given so far */
    struct heap_node node; /* its next token that is not on the grid; key in model time */
    struct gate_waiter gate;
    size_t at;       /* index + 1 in the batch, 0 = not in it */
    uint64_t joined; /* takes part in steps numbered from here on */
};

struct model;
struct model_ops {
    /* Called from model_submit, model_advance and model_granted. From inside, model_cancel and
     * model_hold may be called. */
    void (*start)(void *arg, struct seq *s, int64_t at);  /* it has a slot since `at` */
    void (*token)(void *arg, struct seq *s, int64_t due); /* token number s->done is due; counted already */
    void (*granted)(void *arg, unsigned worker);          /* wake this other worker: it must call model_granted */
};

struct model *model_new(const struct model_params *p, struct gate *g, unsigned worker, const struct model_ops *ops,
                        void *arg);
void model_free(struct model **m);

/* A request arrives; what was due before is done first. GATE_RUN: start() was called. GATE_LIMIT and GATE_FULL: the
 * model has forgotten it. */
enum gate_rc model_submit(struct model *m, struct seq *s, int64_t now);
void model_cancel(struct model *m, struct seq *s, int64_t now); /* any time; no effect when it is through */
/* From inside token(): the next token of s comes `ns` later than now instead of on the grid; then it joins again. */
void model_hold(struct model *m, struct seq *s, int64_t now, int64_t ns);

int64_t model_next_due(const struct model *m); /* when to call model_advance; INT64_MAX = nothing is due ever */
void model_advance(struct model *m, int64_t now);
void model_granted(struct model *m, int64_t now); /* picks up slots that other threads passed on */
void model_shift(struct model *m, int64_t ns);    /* the whole engine stood still for ns: everything due moves */

uint64_t model_decoding(const struct model *m); /* sequences in this model's batch */
uint64_t model_moved(const struct model *m);

#endif

/* sim_gen_put.c - the pieces of an answer on their way out: in frames, packed, in chunks, torn, and counted. */
#include "base/clock.h"
#include "sim/sim_frame.h"
#include "sim/sim_gen_private.h"

void gen_put_marked(struct gen *g, struct str s, bool mark)
{
    int rc = g->late.http2 ? hs2_data(g->late.conn, s, mark) : hs_puts(g->late.conn, s.p, s.n);
    if (rc < 0)
        g->lost = true;
}

/* HTTP's chunk of it, packed where answers are packed. */
static struct str put_in_chunk(struct gen *g, struct str s, enum pack_step step)
{
    struct buf *b = &g->late.w->packed;
    if (!g->frames || (s.n == 0 && step != PACK_END))
        return s;
    buf_clear(b);
    buf_add(b, "          ", FRAME_ROOM);
    if (g->pack != NULL)
        pack_add(g->pack, s, step, b);
    else
        buf_adds(b, s);
    struct str text = str_sub(buf_str(b), FRAME_ROOM, b->n);
    if (!g->chunked)
        return text;
    char head[FRAME_ROOM + 1];
    size_t n = text.n > 0 ? (size_t)snprintf(head, sizeof(head), "%zx\r\n", text.n) : 0;
    memcpy(b->p + FRAME_ROOM - n, head, n);
    if (text.n > 0)
        buf_addz(b, "\r\n");
    if (step == PACK_END)
        buf_addf(b, "0\r\n%s\r\n", g->trailer);
    return str_sub(buf_str(b), FRAME_ROOM - n, b->n);
}

/* What goes out of a piece of the dialect's stream. */
struct str gen_enclose(struct gen *g, struct str s, enum pack_step step)
{
    struct buf *b = &g->late.w->framed;
    if (g->evs == SIM_EVS_NONE)
        return put_in_chunk(g, s, step);
    buf_clear(b);
    sim_evs_wrap(b, g->evs, s, g->fault.kind == FAULT_SLICES ? 3 : 1, g->seq.number << 32 | g->pieces++);
    if (g->spoil)
        sim_evs_spoil(b);
    g->spoil = false;
    return put_in_chunk(g, buf_str(b), step);
}

void gen_put(struct gen *g, struct str s)
{
    gen_put_marked(g, gen_enclose(g, s, PACK_FLUSH), false);
}

/* The last piece of the body. */
void gen_put_last(struct gen *g, struct str s)
{
    gen_put_marked(g, gen_enclose(g, s, PACK_END), false);
}

/* The last piece of an event stream: a frame that says that it failed. */
void gen_put_failure(struct gen *g, bool error)
{
    struct buf *b = &g->late.w->framed;
    buf_clear(b);
    sim_evs_fail(b, g->evs, error);
    gen_put_marked(g, put_in_chunk(g, buf_str(b), PACK_END), false);
}

/* split: the event's bytes one by one; returns the clock before the byte that completes the event (its last newline;
 * only the chunk's own end follows), which bears the mark. Of a packed one it may be any, so the first bears it. */
int64_t gen_put_split(struct gen *g, struct str s, bool mark)
{
    size_t completes = g->pack != NULL ? 0 : s.n - (g->chunked ? 3 : 1);
    int64_t at = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (i == completes)
            at = clock_mono();
        gen_put_marked(g, str_sub(s, i, 1), mark && i == completes);
        if (g->late.http2)
            hs_flush(g->late.conn);
    }
    return at;
}

/* A token went to the kernel by a call that began at `at`. */
void gen_token_written(struct gen *g, int64_t at, bool waited)
{
    struct sim_metrics *m = &sim_of(g)->metrics;
    if (g->written++ == 0)
        metrics_ttft(m, at - g->received);
    metrics_add(&m->generation_tokens, 1);
    if (g->late.truth != NULL) {
        truth_token(g->late.truth, at);
        g->late.truth->output_tokens = g->written;
        g->late.truth->queued += waited;
    }
}

void gen_put_token(struct gen *g, struct str event)
{
    struct str s = gen_enclose(g, event, PACK_FLUSH);
    bool waits = hs_queued(g->late.conn) > 0, torn = g->fault.kind == FAULT_SPLIT;
    int64_t at = torn ? gen_put_split(g, s, true) : clock_mono();
    if (!torn)
        gen_put_marked(g, s, true);
    if (!g->late.http2)
        gen_token_written(g, at, waits);
    else if (sim_of(g)->flush_tokens)
        hs_flush(g->late.conn);
}

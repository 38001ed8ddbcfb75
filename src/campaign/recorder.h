/* recorder.h - the writer thread: while a level runs it takes finished records out of the engine's rings, feeds the
 * accumulator, writes them to the file and to the error log, and gives them back. Nothing else waits on it and it waits
 * on nothing but the disk, so that a stopped terminal or a slow scrape delays no record; a disk that cannot keep up
 * fills the rings, which is counted (engine.h). It costs about 1 us a request and 0.1 us a token event, and wakes every
 * 2 ms at most. Where there is a tokenizer it counts the tokens of answers too, before they are written.
 *
 * Thread rule: between recorder_start and recorder_stop the campaign's records, accumulator and error log belong to
 * this thread, and so do engine_pop and engine_give_back; the functions here are called by the campaign's thread. */
#ifndef WEIR_CAMPAIGN_RECORDER_H
#define WEIR_CAMPAIGN_RECORDER_H

#include "campaign/campaign_private.h"
#include "campaign/counting.h"

struct recorder;

struct recorded { /* so many records came in */
    uint64_t measured, warm, unsent;
    uint64_t succeeded, failed; /* of the measured */
    char stopped[200];          /* by recorder_stop: why the run must be stopped, "": it need not */
};

/* counter: into each record before it is written; NULL: there is no tokenizer. Borrowed, and of that thread until
 * recorder_stop. */
struct recorder *recorder_start(struct campaign_state *s, struct engine *en, const struct breaker_rule *max_errors,
                                struct counter *counter, struct err *e);
int64_t recorder_ttft_p50(const struct recorder *r); /* of the level so far, ns; -1: unknown */
bool recorder_broken(const struct recorder *r);      /* a file could not be written */
/* Why the run must be stopped (--max-errors); NULL: it need not. Borrows from the recorder. */
const char *recorder_tripped(const struct recorder *r);
/* What has come in is on its way to the disk, or a moment has passed: for one who leaves at once. */
void recorder_hurry(struct recorder *r);
/* After engine_finished: takes what is left, ends the thread and frees it. */
void recorder_stop(struct recorder **r, struct recorded *sum);

#endif

/* sim_truth.h - the truth file: what the simulator really did, one JSON line per HTTP request, in the order of their
 * ends. This is the reference that the client's figures are tested against. All instants are CLOCK_MONOTONIC ns;
 * 0 or an empty array = did not happen:
 *
 *   {"id":"...","n":17,"method":"POST","path":"/v1/chat/completions","status":200,"stream":true,"fault":null,
 *    "kernel":true,"recv":..,"recv_last":..,"received":..,"started":..,"headers":..,"tokens":[..],"end":..,
 *    "prompt_tokens":12,"cached_tokens":0,"output_tokens":128,"queued":0,"complete":true}
 *
 *   id             the x-request-id of the response
 *   n              1, 2, ... over generation requests; 0 = not one
 *   path           one that the simulator has, else "other"
 *   status         of the answer; 0 = none was begun
 *   fault          the fault that struck, or null (a GOAWAY is none)
 *   kernel         recv and recv_last are the kernel's stamps; false: the clock after the read
 *   recv           arrival of the read that brought the first byte of the request
 *   recv_last      of the read that completed it
 *   received       the clock when it had been parsed whole
 *   started        it got a slot
 *   headers        the clock before the write that carried the headers
 *   tokens         streaming: the clock before the call that wrote each token (split: before the byte that completes
 *                  its event). HTTP/2: before the call that wrote its DATA frame, which tokens of other streams may
 *                  share
 *   end            the clock after the last write, or when the connection was cut or found dead
 *   cached_tokens  of the prompt, found in the prefix cache
 *   output_tokens  tokens written (not streaming: tokens of the text)
 *   queued         tokens that could not go out at once because the client did not read: their instants are those of
 *                  queueing (HTTP/2: of the write all the same; a closed window counts as not reading)
 *   told           only with the lambda presets: {"tokens_per_second":..,"cost_per_1k_usd":..,"ttft_ms":..} as the
 *                  answer's headers say; the last one of streams. What came as one body has no tokens
 *   complete       the whole answer was handed to the kernel or queued; false: cut by a fault, the client or the end
 *
 * truth_put() takes a filled record; a thread of its own formats and writes, several times a second. The caller's cost
 * is one atomic exchange. Thread-safe. */
#ifndef WEIR_SIM_SIM_TRUTH_H
#define WEIR_SIM_SIM_TRUTH_H

#include "base/err.h"

struct truth;

#define TRUTH_ID 130
struct truth_rec { /* from truth_rec_new, given away by truth_put */
    struct truth_rec *next;
    char id[TRUTH_ID];
    char fault[16];
    char method[16];
    const char *path; /* a constant text */
    uint64_t n;
    int status;
    bool stream, kernel, complete;
    int64_t recv, recv_last, received, started, headers, end;
    int64_t *tokens;
    size_t n_tokens, cap_tokens;
    uint64_t prompt_tokens, cached_tokens, output_tokens, queued;
    char told[160]; /* JSON; "" nothing */
};

struct truth *truth_open(const char *path, struct err *e); /* cuts an existing file; NULL + e */
/* Writes everything that was put and stops the thread; -1 + e when anything could not be written. */
int truth_close(struct truth **t, struct err *e);

struct truth_rec *truth_rec_new(void);
void truth_token(struct truth_rec *r, int64_t at);
void truth_put(struct truth *t, struct truth_rec *r);

#endif

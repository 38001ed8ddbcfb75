/* sim_fault.h - what goes wrong on purpose: "reset:0.01,stall:0.01:2s,http500:0.05" and "2s@5s".
 * Each generation request gets at most one fault, drawn by (seed, request number), so a run with the same seed and
 * order repeats it; the probabilities are shares of all requests and may add up to at most 1.
 *
 *   reset:P           the connection is reset (RST) in place of one of its tokens, or of the response
 *   truncate:P        the same, closed orderly: no terminator, or half a body
 *   stall:P:DURATION  the stream stands still for DURATION before one of its tokens, then goes on
 *   garbage:P         bytes that are not HTTP where the next chunk, or the response, should begin; then closed
 *   bad_json:P        one event whose data is not JSON, or such a body; the rest is in order
 *   error_event:P     an error object inside the 200 answer, then its proper end
 *   slow_headers:P:D  the headers (and all after them) come D later
 *   split:P           every event torn into writes of 1 byte
 *   httpNNN:P         the status NNN, 400 to 599, at once
 *   refuse:P          HTTP/2: RST_STREAM with REFUSED_STREAM at once, as if the request had never been looked at
 *   trailers:P        HTTP/2: a stream's answer ends with trailers, as it may
 *   exception:P       AWS event stream: a frame that says the model failed in place of one of the tokens, then the end
 *   error_frame:P     the same with a frame of type "error"
 *   bad_crc:P         AWS event stream: one frame whose checksum is wrong; the rest is in order
 *   slices:P          SageMaker: every event torn over three PayloadPart frames, somewhere
 * Over HTTP/2 each stays within its stream: reset is RST_STREAM (INTERNAL_ERROR), truncate ends the stream
 * (END_STREAM), garbage is a malformed field section (RFC 9113, 8.1.1: trailers with a pseudo-header), split gives
 * DATA frames of one byte, each by a write of its own. Over HTTP/1 refuse and trailers do nothing,
 * nor do the last four in an answer that is no such stream.
 * Thread-safe after parsing. */
#ifndef WEIR_SIM_SIM_FAULT_H
#define WEIR_SIM_SIM_FAULT_H

#include "base/err.h"
#include "base/str.h"

enum fault_kind {
    FAULT_NONE = 0,
    FAULT_RESET,
    FAULT_TRUNCATE,
    FAULT_STALL,
    FAULT_GARBAGE,
    FAULT_BAD_JSON,
    FAULT_ERROR_EVENT,
    FAULT_SLOW_HEADERS,
    FAULT_SPLIT,
    FAULT_HTTP,
    FAULT_REFUSE,
    FAULT_TRAILERS,
    FAULT_EXCEPTION,
    FAULT_ERROR_FRAME,
    FAULT_BAD_CRC,
    FAULT_SLICES,
};

struct fault {
    enum fault_kind kind;
    double probability;
    int64_t ns; /* stall, slow_headers */
    int status; /* http */
};

#define FAULTS_MAX 32
struct fault_plan {
    struct fault v[FAULTS_MAX];
    size_t n;
    uint64_t seed;
};

struct pause {
    int64_t ns; /* how long; 0 = no pause */
    int64_t at; /* after the server began to listen */
};

int fault_parse(struct fault_plan *p, struct str text, uint64_t seed, struct err *e);
int pause_parse(struct pause *p, struct str text, struct err *e);

/* The fault of a request; kind FAULT_NONE for most. */
struct fault fault_of(const struct fault_plan *p, uint64_t request);
/* Before which of its n tokens it strikes: 0 .. n - 1. */
uint64_t fault_position(const struct fault_plan *p, uint64_t request, uint64_t n_tokens);
/* The first that only HTTP/2 has, by its name; NULL: none. */
const char *faults_of_http2(const struct fault_plan *p);
/* "reset", "http500"; "" for none. Returns out. */
char *fault_name(const struct fault *f, char out[16]);

#endif

/* sim_evs.h - the simulator's own application/vnd.amazon.eventstream: frames of headers and a payload with their two
 * checksums, and what of a dialect's stream becomes a frame. It shares nothing with weir's decoder, its CRC included.
 * Source: AWS, "Event stream encoding"; API references of SageMaker runtime and of Bedrock runtime.
 *
 * A frame: total length u32, length of headers u32, CRC-32 of these 8 bytes, headers, payload, CRC-32 of all before;
 * big-endian. A header: length of its name u8, name, type u8 (here always 7, a string), its length u16, text.
 * Thread-safe: no state. */
#ifndef WEIR_SIM_SIM_EVS_H
#define WEIR_SIM_SIM_EVS_H

#include "base/buf.h"

#define SIM_EVS_TYPE "application/vnd.amazon.eventstream"

enum sim_evs {
    SIM_EVS_NONE,
    SIM_EVS_PARTS,  /* SageMaker: the stream's bytes as they are, in PayloadPart frames */
    SIM_EVS_EVENTS, /* Bedrock's Converse: each event of an SSE stream, its "event:" is :event-type */
    SIM_EVS_CHUNKS, /* Bedrock's InvokeModel: each event's data as {"bytes":"<base64>"} in a frame "chunk" */
};

uint32_t sim_evs_crc(struct str s); /* CRC-32 of IEEE 802.3 */

/* Appends one frame. heads: pairs of name and value. */
struct sim_evs_head {
    const char *name;
    struct str value;
};
void sim_evs_frame(struct buf *out, const struct sim_evs_head *heads, size_t n, struct str payload);

/* Appends the frames of a piece of a stream. `slices`: how many frames a piece for PayloadPart frames is torn into, as
 * far as it has bytes; `salt` says where. */
void sim_evs_wrap(struct buf *out, enum sim_evs how, struct str piece, unsigned slices, uint64_t salt);

/* Appends the frame by which a stream fails: of :message-type "exception", or with `error` "error", as AWS's own front
 * sends it. */
void sim_evs_fail(struct buf *out, enum sim_evs how, bool error);

/* Spoils the checksum at the end of the frames. */
void sim_evs_spoil(struct buf *out);

/* What errors with a status are called: "ThrottlingException". */
const char *sim_evs_error_type(int status);

#endif

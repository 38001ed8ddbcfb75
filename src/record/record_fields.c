#include "record/record_fields.h"

#define REQ(kind, name, member)                                                                                        \
    {                                                                                                                  \
        name, kind, offsetof(struct record, member), 0                                                                 \
    }
#define EVER(kind, name, member)                                                                                       \
    {                                                                                                                  \
        name, kind, offsetof(struct record, member), F_EVER                                                            \
    }
#define FLAG(name, bit)                                                                                                \
    {                                                                                                                  \
        name, F_FLAG, offsetof(struct record, flags), bit                                                              \
    }

/* In the order of writing; the reader is quickest when it meets them in this order. */
static const struct field request_fields[] = {
    EVER(F_U32, "level", level),
    EVER(F_U64, "index", index),
    EVER(F_U32, "worker", worker),
    REQ(F_U32, "endpoint", endpoint),
    EVER(F_U32, "sample", sample),
    REQ(F_U32, "turn", turn),
    EVER(F_U64, "conn", conn),
    FLAG("warmup", REC_WARMUP),
    FLAG("new_conn", REC_NEW_CONN),
    FLAG("retried", REC_RETRIED),
    FLAG("streamed", REC_STREAMED),
    FLAG("terminal", REC_TERMINAL),
    FLAG("no_stream_asked", REC_NO_STREAM_ASKED),
    REQ(F_I32, "status", status),
    REQ(F_INSTANT, "intended", intended),
    REQ(F_INSTANT, "admitted", admitted),
    REQ(F_INSTANT, "start", start),
    REQ(F_INSTANT, "conn_start", conn_start),
    REQ(F_INSTANT, "conn_end", conn_end),
    REQ(F_INSTANT, "tls_end", tls_end),
    REQ(F_INSTANT, "sent_first", sent_first),
    REQ(F_INSTANT, "sent_last", sent_last),
    REQ(F_INSTANT, "headers", headers),
    REQ(F_INSTANT, "first_byte", first_byte),
    REQ(F_INSTANT, "first_token", first_token),
    REQ(F_INSTANT, "first_output", first_output),
    REQ(F_INSTANT, "last_token", last_token),
    REQ(F_INSTANT, "end", end),
    REQ(F_COUNT, "tokens_in", tokens_in),
    REQ(F_COUNT, "tokens_out", tokens_out),
    REQ(F_COUNT, "tokens_cached", tokens_cached),
    REQ(F_COUNT, "tokens_reasoning", tokens_reasoning),
    REQ(F_U64, "text_bytes", text_bytes),
    REQ(F_U64, "words", words),
    REQ(F_U64, "bytes_in", bytes_in),
    REQ(F_U64, "bytes_out", bytes_out),
    {"request_id", F_TEXT, offsetof(struct record, request_id), sizeof((struct record *)0)->request_id},
};

#define RUN(kind, name, member)                                                                                        \
    {                                                                                                                  \
        name, kind, offsetof(struct rec_run, member), 0                                                                \
    }
static const struct field run_fields[] = {
    {"version", F_TEXT, offsetof(struct rec_run, version), sizeof((struct rec_run *)0)->version},
    RUN(F_INSTANT, "epoch_mono", epoch_mono),
    RUN(F_INSTANT, "epoch_unix", epoch_unix),
    RUN(F_SEED, "seed", seed),
};

#define LEVEL(kind, name, member)                                                                                      \
    {                                                                                                                  \
        name, kind, offsetof(struct rec_level, member), 0                                                              \
    }
static const struct field level_fields[] = {
    LEVEL(F_U32, "level", level),
    LEVEL(F_BOOL, "final", final),
    LEVEL(F_BOOL, "open", open),
    {"arrival", F_TEXT, offsetof(struct rec_level, arrival), sizeof((struct rec_level *)0)->arrival},
    LEVEL(F_F64, "rate", rate),
    LEVEL(F_U32, "concurrency", concurrency),
    LEVEL(F_U32, "max_concurrency", max_concurrency),
    LEVEL(F_U64, "num_requests", num_requests),
    LEVEL(F_INSTANT, "duration", duration),
    LEVEL(F_INSTANT, "warmup", warmup),
    LEVEL(F_U64, "warmup_requests", warmup_requests),
    LEVEL(F_INSTANT, "begin", begin),
    LEVEL(F_INSTANT, "w0", w0),
    LEVEL(F_INSTANT, "w1", w1),
    LEVEL(F_U64, "scheduled", scheduled),
    LEVEL(F_U64, "unsent", unsent),
    LEVEL(F_BOOL, "interrupted", interrupted),
    LEVEL(F_U64, "lost_records", lost_records),
    LEVEL(F_U64, "exhausted", exhausted),
};

#define CLIENT(kind, name, member)                                                                                     \
    {                                                                                                                  \
        name, kind, offsetof(struct rec_client, member), 0                                                             \
    }
static const struct field client_fields[] = {
    CLIENT(F_U32, "level", level),
    CLIENT(F_U32, "worker", worker),
    CLIENT(F_INSTANT, "window", window),
    CLIENT(F_INSTANT, "cpu", cpu),
    CLIENT(F_INSTANT, "run_delay", run_delay),
    CLIENT(F_INSTANT, "empty_polls", empty_polls),
    CLIENT(F_COUNT, "steal", steal),
    CLIENT(F_U64, "involuntary", involuntary),
    CLIENT(F_U64, "events", events),
    CLIENT(F_U64, "reads", reads),
    CLIENT(F_U64, "kernel_stamped", kernel_stamped),
    CLIENT(F_U64, "conns_opened", conns_opened),
    CLIENT(F_U64, "conns_reused", conns_reused),
    CLIENT(F_U64, "retried", retried),
};

static const struct field note_fields[] = {
    {"whole_run", F_BOOL, offsetof(struct rec_note, whole_run), 0},
    {"level", F_U32, offsetof(struct rec_note, level), 0},
    {"text", F_TEXT, offsetof(struct rec_note, text), sizeof((struct rec_note *)0)->text},
};

const struct field_table rec_request_fields = {request_fields, ARRAY_LEN(request_fields)};
const struct field_table rec_run_fields = {run_fields, ARRAY_LEN(run_fields)};
const struct field_table rec_level_fields = {level_fields, ARRAY_LEN(level_fields)};
const struct field_table rec_client_fields = {client_fields, ARRAY_LEN(client_fields)};
const struct field_table rec_note_fields = {note_fields, ARRAY_LEN(note_fields)};

#include "record/record_fields.h"

#define TEXT_FIELD(type, member) FIELD(F_TEXT, type, #member, member, sizeof((struct type *)0)->member)

/* The reader is quickest when it meets them in this order. */
static const struct field request_fields[] = {
#define X(kind, name, member, arg) FIELD(kind, record, name, member, arg),
    REC_REQUEST_MAP(X)
#undef X
};

#define RUN(kind, name, member) FIELD(kind, rec_run, name, member, 0)
static const struct field run_fields[] = {
    TEXT_FIELD(rec_run, version),
    RUN(F_INSTANT, "epoch_mono", epoch_mono),
    RUN(F_INSTANT, "epoch_unix", epoch_unix),
    RUN(F_SEED, "seed", seed),
    FIELD(F_FLAG, rec_run, "no_requests", flags, REC_RUN_NO_REQUESTS),
};

static const struct field endpoint_fields[] = {
    FIELD(F_U32, rec_endpoint, "endpoint", endpoint, 0),
    FIELD(F_TEXT, rec_endpoint, "url", url, sizeof((struct rec_endpoint *)0)->url),
};

static const struct field metric_fields[] = {
    FIELD(F_U32, rec_metric, "metric", metric, 0),
    TEXT_FIELD(rec_metric, name),
};

#define LEVEL(kind, name, member) FIELD(kind, rec_level, name, member, 0)
static const struct field level_fields[] = {
    LEVEL(F_U32, "level", level),
    TEXT_FIELD(rec_level, name),
    LEVEL(F_BOOL, "final", final),
    LEVEL(F_BOOL, "open", open),
    TEXT_FIELD(rec_level, arrival),
    LEVEL(F_F64, "rate", rate),
    TEXT_FIELD(rec_level, profile),
    LEVEL(F_F64, "burstiness", burstiness),
    LEVEL(F_F64, "speed", speed),
    LEVEL(F_F64, "rate_limit", rate_limit),
    LEVEL(F_U32, "concurrency", concurrency),
    LEVEL(F_U32, "max_concurrency", max_concurrency),
    LEVEL(F_U64, "num_requests", num_requests),
    LEVEL(F_INSTANT, "duration", duration),
    LEVEL(F_INSTANT, "warmup", warmup),
    LEVEL(F_U64, "warmup_requests", warmup_requests),
    LEVEL(F_BOOL, "sessions", sessions),
    TEXT_FIELD(rec_level, think),
    LEVEL(F_INSTANT, "begin", begin),
    LEVEL(F_INSTANT, "w0", w0),
    LEVEL(F_INSTANT, "w1", w1),
    LEVEL(F_U64, "scheduled", scheduled),
    LEVEL(F_U64, "unsent", unsent),
    LEVEL(F_BOOL, "interrupted", interrupted),
    TEXT_FIELD(rec_level, stopped),
    LEVEL(F_U64, "lost_records", lost_records),
    LEVEL(F_U64, "exhausted", exhausted),
};

#define CLIENT(kind, name, member) FIELD(kind, rec_client, name, member, 0)
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
    CLIENT(F_U64, "clock_steps", clock_steps),
    CLIENT(F_U64, "unplaced_stamps", unplaced_stamps),
    CLIENT(F_U64, "conns_opened", conns_opened),
    CLIENT(F_U64, "conns_reused", conns_reused),
    CLIENT(F_U64, "conns_resumed", conns_resumed),
    CLIENT(F_U64, "retried", retried),
};

#define NOTE(kind, name, member) FIELD(kind, rec_note, name, member, 0)
static const struct field note_fields[] = {
    NOTE(F_BOOL, "whole_run", whole_run),
    NOTE(F_U32, "level", level),
    TEXT_FIELD(rec_note, text),
};

const struct field_table rec_request_fields = {request_fields, ARRAY_LEN(request_fields)};
const struct field_table rec_run_fields = {run_fields, ARRAY_LEN(run_fields)};
const struct field_table rec_endpoint_fields = {endpoint_fields, ARRAY_LEN(endpoint_fields)};
const struct field_table rec_metric_fields = {metric_fields, ARRAY_LEN(metric_fields)};
const struct field_table rec_level_fields = {level_fields, ARRAY_LEN(level_fields)};
const struct field_table rec_client_fields = {client_fields, ARRAY_LEN(client_fields)};
const struct field_table rec_note_fields = {note_fields, ARRAY_LEN(note_fields)};

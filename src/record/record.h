/* record.h - the second waist: what happened to one request, and what frames a level. Plain data.
 *
 * All instants are monotonic ns since the run's epoch (an instant a little before the first request); 0 = did not
 * happen. Token events are kept as a chain of fixed blocks of varints (per event: zigzag of the gap to the previous
 * token event or, for the first, to first_token = 0; bytes of text; width of the arrival interval; the server's
 * cumulative token count + 1, 0 = none). Written by the worker that owns the request; handed whole to the writer
 * thread; given back to the worker afterwards. The file form (requests.jsonl, "weir.records/1") is described in
 * docs/FORMATS.md; record_write.c and record_read.c keep it. */
#ifndef WEIR_RECORD_RECORD_H
#define WEIR_RECORD_RECORD_H

#include <endian.h>

#include "base/str.h"
#include "record/header_metric.h"

#define OUTCOME_MAP(X) /* name in files, and what it means */                                                          \
    X(OK, "ok", "2xx, complete, no error in the stream, a terminal event where the dialect has one")                   \
    X(HTTP, "http", "a status other than 2xx; files and tables say http_503 and so on")                                \
    X(TIMEOUT_CONNECT, "timeout_connect", "no connection within --connect-timeout")                                    \
    X(TIMEOUT_FIRST_TOKEN, "timeout_first_token", "no token within --first-token-timeout")                             \
    X(TIMEOUT_TOTAL, "timeout_total", "not complete within --timeout")                                                 \
    X(TIMEOUT_STALL, "timeout_stall", "nothing came from the server for --stall-timeout")                              \
    X(REFUSED, "refused", "the connection was refused")                                                                \
    X(UNREACHABLE, "unreachable", "no route to the host, or the network is down")                                      \
    X(RESET, "reset", "the connection was reset or closed before or within the response")                              \
    X(TLS, "tls", "the TLS handshake or a TLS record failed")                                                          \
    X(PROXY, "proxy", "the proxy refused the connection to the server, or broke it off before it stood (--proxy)")     \
    X(DNS, "dns", "the host's name could not be resolved")                                                             \
    X(TRUNCATED, "truncated", "the response ended before its end: no terminal event, or the body was cut")             \
    X(BAD_FRAME, "bad_frame", "not HTTP, broken framing, or an event that is not the dialect's JSON")                  \
    X(IN_STREAM_ERROR, "in_stream_error", "a 2xx response carried an error object")                                    \
    X(NO_FILES, "no_files", "the client ran out of files")                                                             \
    X(NO_PORTS, "no_ports", "the client ran out of local ports")                                                       \
    X(TOO_BIG, "too_big", "a response exceeded the client's ceiling")                                                  \
    X(CANCELLED, "cancelled",                                                                                          \
      "stopped by us: interrupted, still open when the grace ended, or gone away on purpose (--cancel-rate)")          \
    X(UNSENT, "unsent", "due within the level but never sent")

enum outcome {
#define X(id, name, help) OUT_##id,
    OUTCOME_MAP(X)
#undef X
        OUT_COUNT
};
const char *outcome_name(enum outcome o);
const char *outcome_help(enum outcome o);
/* With the status for OUT_HTTP ("http_503"). Returns out. */
char *outcome_text(char out[32], enum outcome o, int status);
int outcome_parse(struct str text, enum outcome *o, int *status); /* -1: unknown */

enum token_source { TOKENS_NONE = 0, TOKENS_USAGE, TOKENS_SERVER, TOKENS_TOKENIZER, TOKENS_WORDS };
const char *token_source_name(enum token_source s); /* "none" "usage" "server" "tokenizer" "words" */

enum finish_reason { FINISH_NONE, FINISH_STOP, FINISH_LENGTH, FINISH_TOOL, FINISH_FILTER, FINISH_OTHER };
const char *finish_reason_name(enum finish_reason f);

#define REC_BLOCK_BYTES 488
struct rec_block {
    struct rec_block *next;
    uint16_t used;
    unsigned char bytes[REC_BLOCK_BYTES]; /* an event is never torn over two blocks */
    unsigned char beyond[8];              /* what the last event's decoding may touch */
};

enum {
    REC_WARMUP = 1,
    REC_NEW_CONN = 2,
    REC_RETRIED = 4,
    REC_STREAMED = 8,
    REC_TERMINAL = 16 /* [DONE] seen */,
    REC_NO_STREAM_ASKED = 32,
    REC_TLS_RESUMED = 64 /* on a new connection, by the TLS session of an earlier one */,
    REC_HTTP2 = 128,
    REC_UNKEPT = 512 /* its session ended with it, because the answer could not be kept (--history-limit) */,
    REC_LEFT = 256 /* cancelled on purpose, as one who goes away (--cancel-rate) */,
    REC_NO_TEXT = 1024 /* the dialect's answers are no text: there are no output tokens */,
    REC_PLAIN = 2048 /* plain HTTP: there are no tokens */,
    REC_IN_COUNTED = 4096 /* tokens_in is the tokenizer's count, for want of the server's */,
    REC_IN_TEXTS = 8192 /* counted_in is of the messages' texts alone, without the chat template round them */,
    REC_UNCOUNTED = 16384 /* its text was not kept for the tokenizer (--text-limit) */
};

struct record {
    uint32_t level;
    uint32_t worker;
    uint32_t endpoint;            /* 0, 1, ...: of the run's URLs; of a request never sent 0 */
    uint64_t index;               /* in the level's schedule */
    uint32_t sample, turn, turns; /* turns: that its session has; 0: no session */
    uint64_t session;
    uint32_t flags; /* REC_* */
    enum outcome outcome;
    int status; /* HTTP, 0 = none */
    enum finish_reason finish;
    uint64_t conn; /* connection number within the worker and endpoint */

    int64_t intended, admitted, start; /* open loop only: intended, admitted */
    int64_t conn_start, conn_end, tls_end;
    int64_t sent_first, sent_last, first_byte, headers;
    int64_t first_token, first_output, last_token, end;

    enum token_source token_source;
    int64_t tokens_in, tokens_out;           /* -1 = unknown */
    int64_t tokens_cached, tokens_reasoning; /* -1 = unknown; reasoning is part of tokens_out */
    int64_t counted_in, counted_out; /* by weir's tokenizer; -1 (and 0) = it did not. Of the answer all texts that came,
                                      * reasoning too */
    uint64_t text_bytes, words;      /* of the answer */
    uint64_t text_hash; /* of the answer's text as it travelled, 53 bits; 0 none: equal answers have equal ones */
    uint64_t bytes_in, bytes_out;

    uint32_t n_events;     /* token events in the blocks */
    uint64_t events_bytes; /* of text, in all of them */
    struct rec_block *first, *last;
    int64_t prev_event; /* writer side: the last event's instant */

    struct str klass, model; /* of a run with several: request class and model asked for; borrowed from whoever made
                              * the record; else "" */
    struct str encoding;     /* Content-Encoding that the body came in: "gzip", "zstd", "br"; "" none; constant */
    char request_id[64];     /* as the server named it (x-request-id), "" none */
    struct str detail;       /* text of the failure, or ""; owned by whoever made the record (see rec_text) */
    struct rec_text *text;   /* prompt and answer kept (--save-text, a tokenizer) or the error body, or NULL */
    size_t text_held;        /* of the ceiling for kept texts, until the worker has the record back */

    uint32_t metrics;                   /* bit i: metric[i] is there, or bad */
    int64_t metric[HEADER_METRICS_MAX]; /* HEADER_METRIC_*, by the run's names (rec_metric) */

    struct record *next; /* free list */
};

enum { REC_RAW_CONTENT, REC_RAW_REASONING, REC_RAW_TOOL, REC_RAW_PROMPT, REC_RAWS };
struct rec_text { /* one malloc, freed by the writer thread */
    size_t n_prompt, n_answer, n_headers, n_body;
    /* What a tokenizer counts, from bytes + raw_at on, as it travelled: the insides of JSON strings, unless raw_plain.
     * The prompt (only where it is not an entry of the dataset as it stands): for each message a byte, 'c' where its
     * content follows and 'j' where a JSON object does, and a 0 behind it. */
    size_t raw_at, n_raw[REC_RAWS];
    bool raw_plain;
    /* --save-http: the head of the request, without secrets, and the body of the answer as it came (unpacked), from
     * bytes + http_at on; cut: the body was longer. The header lines are those of any answer then. */
    bool http, cut;
    size_t http_at, n_request, n_whole;
    char bytes[]; /* prompt, answer, header lines, body of an error; each JSON-unescaped UTF-8 */
};

struct rec_event {      /* one token event, decoded */
    int64_t at;         /* instant */
    int64_t width;      /* ns of uncertainty before `at`: 0 when it was the last in its read */
    uint32_t bytes;     /* of text */
    int64_t cumulative; /* the server's cumulative output tokens, -1 = not said */
};

/* Blocks come from the worker's slab; both lists are single-threaded. */
struct rec_slab {
    struct record *free_records;
    struct rec_block *free_blocks;
    size_t n_records, n_blocks; /* made so far */
    size_t max_blocks;          /* ceiling; beyond it rec_add_event fails */
};
void rec_slab_init(struct rec_slab *s, size_t max_blocks);
void rec_slab_free(struct rec_slab *s);                 /* all records must have come back */
struct record *rec_new(struct rec_slab *s);             /* zeroed, token counts -1 */
void rec_recycle(struct rec_slab *s, struct record *r); /* with its blocks */
/* Instants do not fall. The first event sets r->first_token if it is 0. -1: ceiling reached, the event is not kept. */
int rec_add_event(struct rec_slab *s, struct record *r, const struct rec_event *ev);

uint64_t rec_varint_long(const unsigned char **at); /* one of nine or ten bytes */

/* One pass over a record's events; about 12 ns each. */
struct rec_iter {
    const struct rec_block *b;
    size_t at;
    uint32_t left;
    int64_t prev;
};

static inline void rec_iter_init(struct rec_iter *it, const struct record *r)
{
    *it = (struct rec_iter){.b = r->first, .left = r->n_events, .prev = r->first_token};
}

/* Up to eight bytes at once: the 7 bits of each are brought together in three steps. */
static inline uint64_t rec_varint(const unsigned char **at)
{
    const unsigned char *p = *at;
    uint64_t x;
    if (LIKELY(p[0] < 0x80)) {
        *at = p + 1;
        return p[0];
    }
    memcpy(&x, p, 8);
    x = le64toh(x);
    uint64_t ends = ~x & 0x8080808080808080ULL;
    if (UNLIKELY(!ends))
        return rec_varint_long(at);
    unsigned last = (unsigned)__builtin_ctzll(ends);
    *at = p + (last + 1) / 8;
    x &= (uint64_t)-1 >> (63 - last);
    x &= 0x7f7f7f7f7f7f7f7fULL;
    x = (x & 0x007f007f007f007fULL) | (x & 0x7f007f007f007f00ULL) >> 1;
    x = (x & 0x00003fff00003fffULL) | (x & 0x3fff00003fff0000ULL) >> 2;
    return (x & 0x0fffffffULL) | (x & 0x0fffffff00000000ULL) >> 4;
}

static inline bool rec_iter_next(struct rec_iter *it, struct rec_event *ev)
{
    if (it->left == 0)
        return false;
    if (UNLIKELY(it->at >= it->b->used)) {
        it->b = it->b->next;
        it->at = 0;
    }
    const unsigned char *p = it->b->bytes + it->at;
    uint64_t gap = rec_varint(&p);
    ev->at = it->prev += (int64_t)(gap >> 1) ^ -(int64_t)(gap & 1);
    ev->bytes = (uint32_t)rec_varint(&p);
    ev->width = (int64_t)rec_varint(&p);
    ev->cumulative = (int64_t)rec_varint(&p) - 1;
    it->at = (size_t)(p - it->b->bytes);
    it->left--;
    return true;
}

/* --- frames of a run, in the same file --- */

struct rec_run {        /* first line */
    int64_t epoch_mono; /* monotonic ns of the epoch: adds to the instants */
    int64_t epoch_unix; /* realtime ns of the epoch */
    uint64_t seed;
    uint32_t flags; /* REC_RUN_* */
    char version[32];
};
enum { REC_RUN_NO_REQUESTS = 1 }; /* --no-records: the file holds none, whatever was sent */

struct rec_endpoint { /* behind the first line: one of the run's URLs; the n-th line is that of endpoint n */
    uint32_t endpoint;
    char url[256]; /* as given, without secrets; cut where it is longer */
};
enum { REC_ENDPOINTS_MAX = 64 };

struct rec_metric { /* behind the endpoints: one of the headers whose numbers are kept; the n-th line is metric n */
    uint32_t metric;
    char name[HEADER_METRIC_NAME]; /* as asked for */
};

struct rec_level {  /* written when a level begins, and again, final, when it has ended */
    uint32_t level; /* 0, 1, ... */
    char name[64];  /* "": none */
    bool final;
    bool open; /* open loop */
    char arrival[16];
    double rate;              /* open loop; 0 of a profile, a trace or a burst */
    char profile[256];        /* of the rate, or of the users; cut; "" = none */
    double burstiness;        /* of gamma arrivals, else 0 */
    double speed;             /* of a trace, else 0 */
    double rate_limit;        /* starts per second, 0 = none */
    uint32_t concurrency;     /* closed loop */
    uint32_t max_concurrency; /* cap of the open loop, 0 = none */
    uint64_t num_requests;    /* asked for, 0 = none */
    int64_t duration, warmup; /* ns asked for, 0 = none */
    uint64_t warmup_requests;
    bool sessions;      /* requests are turns of sessions; `rate` counts sessions then */
    char think[64];     /* time between turns, or of a slot between requests, as asked for; "": none */
    int64_t begin;      /* instants: the level's start ... */
    int64_t w0, w1;     /* ... and its window; w1 = 0 while unknown */
    uint64_t scheduled; /* final: items due in the window (open loop) */
    uint64_t unsent;    /* final: of those never sent (interrupted) */
    bool interrupted;
    char stopped[200];     /* final: why weir stopped it before its end (--max-errors); "": it did not */
    uint64_t lost_records; /* final: a full ring lost so many */
    uint64_t exhausted;    /* final: files or ports ran out so many times */
};

struct rec_client { /* per worker and level: how the client itself did; measured over the window */
    uint32_t level, worker;
    int64_t window;                         /* ns measured */
    int64_t cpu, run_delay, empty_polls;    /* ns: busy = (cpu + run_delay - empty_polls) / window */
    int64_t steal;                          /* ns of steal of the machine's processors meanwhile, -1 unknown */
    uint64_t involuntary;                   /* context switches */
    uint64_t events, reads, kernel_stamped; /* unix sockets are in none of the latter two */
    uint64_t clock_steps, unplaced_stamps;  /* the realtime clock was set; stamps left aside because of it */
    struct hist *lag;      /* user - kernel, ns, per read with a kernel stamp; owned by the record's maker */
    struct hist *lag_user; /* of events stamped by the clock instead (0 widths excluded): empty as a rule */
    uint64_t conns_opened, conns_reused, conns_resumed, retried;
};

struct rec_note {   /* something the reader of a report must know and only the run knows (e.g. stream_options was
                       rejected) */
    bool whole_run; /* of no single level */
    uint32_t level;
    char text[400];
};

#endif

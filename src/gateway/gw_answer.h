/* gw_answer.h - an answer of SageMaker's turned into one of OpenAI's chat API. Sans-I/O.
 *
 * In: the body of /invocations or /invocations-response-stream, cut into events by api/api_stream.h (AWS's event
 * stream, in it Server-Sent Events or JSON lines; a JSON document). An event may be
 * - a chat.completion.chunk or chat.completion already (LMI containers give them to a body with "messages"): it is
 *   passed on as it is, byte for byte, as one line of `data: `. Only what OpenAI's clients cannot read is changed: a
 *   finish_reason of LMI's own ("eos_token" is "stop"), line ends between tokens of JSON, a message where a stream was
 *   asked for (it becomes a delta);
 * - an event of LMI's own schema ({"token":{...}}, {"generated_text":...,"details":{...}}): it becomes a chunk;
 * - an error object, or an exception of the event stream: the answer fails.
 * Out: Server-Sent Events of OpenAI's form, appended as soon as they are known; or, of an answer that is not streamed,
 * one chat.completion when it ends. "data: [DONE]" and comments are not written here but by gw_answer_close. Texts are
 * copied as JSON has them, escapes and all. A usage that LMI tells but half (it does not count the prompt) is not
 * written: `usage` with a member missing stops strict clients.
 *
 * Whatever the split of the input, the output is the same. Cost: two passes over an event, no allocation once the
 * buffers have grown. One per call, reused; not thread-safe; it must not be moved after gw_answer_init. Ceilings, given
 * at creation: bytes of one event, bytes of an answer that is not streamed. Sources: DJL Serving, "LMI handlers
 * Inference API Schema" and "Chat Completions API Schema"; OpenAI API reference, chat. */
#ifndef WEIR_GATEWAY_GW_ANSWER_H
#define WEIR_GATEWAY_GW_ANSWER_H

#include "api/api_stream.h"

enum gw_answer_rc {
    GW_ANSWER_OK = 0,
    GW_ANSWER_E_TOOBIG = -1,
    GW_ANSWER_E_FRAME = -2, /* not what a SageMaker endpoint sends, or cut short: `why` */
    GW_ANSWER_E_MODEL = -3, /* the model or its stream failed: `why` */
};

struct gw_asked { /* what the client asked for, borrowed until the next reset */
    bool stream;
    bool usage;       /* stream_options.include_usage */
    struct str model; /* raw JSON text between the quotes; empty: not named, or by more than 256 bytes */
    struct str id;    /* "chatcmpl-..." of chunks made here */
    int64_t created;  /* seconds since 1970 */
};

struct gw_figures {            /* what is known so far */
    int64_t prompt_tokens;     /* as the server counted; -1: not told */
    int64_t completion_tokens; /* as the server counted, else events with text; -1: nothing came, or a document that
                                  tells no count */
    bool counted;              /* completion_tokens is the server's */
    bool first;                /* text (or reasoning, or a tool call) has come */
};

struct gw_answer {
    struct gw_figures figures;
    struct buf why; /* of an error: one sentence, at most 2 KiB, no secrets */
    /* private */
    struct gw_asked asked;
    struct api_stream stream;
    size_t max_event;
    struct buf whole; /* a document, or the text of what the upstream streams to one who did not ask for it */
    struct buf *out;
    enum gw_answer_rc rc;
    enum api_finish finish; /* as the upstream told */
    int64_t texts;          /* events with text */
    bool role_sent, finish_sent, usage_sent, done_seen;
    bool endless; /* a schema whose streams have no end of their own */
    bool tools, document;
};

void gw_answer_init(struct gw_answer *a, size_t max_event, size_t max_whole);
void gw_answer_reset(struct gw_answer *a, const struct gw_asked *asked);
void gw_answer_trim(struct gw_answer *a); /* gives back what a long answer took; before one that is kept lies idle */
void gw_answer_free(struct gw_answer *a);

void gw_answer_header(struct gw_answer *a, struct str name, struct str value); /* each, of a 2xx answer */
void gw_answer_begin(struct gw_answer *a);                                     /* all headers are there */
/* Appends what can go to the client to out. Errors are sticky; what was appended before still stands. */
enum gw_answer_rc gw_answer_feed(struct gw_answer *a, struct str piece, struct buf *out);
/* The body ended. Of a stream that is whole: the chunk with finish_reason, where none was passed on, and that with the
 * usage, where it was asked for. Of an answer that is not streamed: the chat.completion. */
enum gw_answer_rc gw_answer_end(struct gw_answer *a, struct buf *out);

/* One field of what is told of an answer ("X-TTFT-MS", "12.50"); views. */
struct gw_field {
    struct str name, value;
};
/* The end of a stream: a comment ": x-ttft-ms=12.50" and an empty line for each field, names in lower case, then
 * "data: [DONE]". */
void gw_answer_close(const struct gw_field *f, size_t n, struct buf *out);

/* What the client's body asks for, into `stream`, `usage` and `model`: -1 + e: not JSON, or "stream" is neither a
 * boolean nor null; a body that has no members of these names is fine. Views into body. */
int gw_asked_read(struct gw_asked *q, struct str body, struct err *e);

#endif

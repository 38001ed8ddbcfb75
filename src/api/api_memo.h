/* api_memo.h - decodes the events of one stream, remembering the last one.
 *
 * The events of a stream are alike but for their text. Where the type and the bytes before and behind the text are
 * those of the event before, and what lies between is a JSON string without escapes, the decoder would do the same as
 * last time: two comparisons give its result. Any other event goes the ordinary way, with the same result
 * (tests/fuzz/fuzz_api_memo.c holds both against each other). A stream whose events are never alike (a count or a clock
 * in each) is soon not remembered any more.
 *
 * Where the dialect's events repeat the answer from its beginning (api_event.whole), what was there before is cut off,
 * so that the event's text is what is new in it: a length and the answer's first bytes are all that is kept for that.
 * An event that does not begin as the answer did, or is shorter, says that the server sends only what is new. Until
 * then a piece equal to the first may be either: it is a token where the server's count grew, but its text is not taken
 * twice. Memory: the longest remembered event, at most API_MEMO_MAX bytes, kept over streams. One per stream. */
#ifndef WEIR_API_API_MEMO_H
#define WEIR_API_API_MEMO_H

#include "api/api.h"

enum { API_MEMO_MAX = 2048 };

struct api_memo { /* begin with zeros */
    char *bytes;  /* `head` bytes that stand before the text, then `tail` behind it; owned */
    size_t cap, head, tail;
    char type[32]; /* of the remembered event */
    size_t type_n;
    char begin[16];  /* of the answer so far: where events repeat it (api_event.whole) */
    size_t seen;     /* raw bytes of it */
    int64_t tokens;  /* the server's count so far */
    bool parts;      /* they do not: each brings only what is new */
    unsigned flag;   /* API_CONTENT, API_REASONING or API_TOOL; 0: nothing remembered */
    unsigned misses; /* since the last hit */
};

void api_memo_reset(struct api_memo *m); /* for the next stream; keeps the memory */
void api_memo_free(struct api_memo *m);

/* As ops->event, but for the text of an event that is whole: only what is new of it. Where nothing is, it has
 * API_CONTENT if the count of tokens grew behind a first text (part of a character, say), and else has not. */
enum api_rc api_memo_event(const struct api_ops *ops, struct api_memo *m, struct str type, struct str data,
                           struct api_event *ev);

#endif

/* sim_frame.h - for the files that frame the simulator's events: bytes appended to memory of known size, and HTTP's
 * chunks around them. Header only. Thread-safe: no state. */
#ifndef WEIR_SIM_SIM_FRAME_H
#define WEIR_SIM_SIM_FRAME_H

#include <string.h>

#include "sim/sim_event.h"

#define FRAME_ROOM 10 /* for "ffffffff\r\n" in front of an event */

/* Appends to scratch; what is written here has known ceilings, so no check per piece. */
struct cursor {
    char *p;
};

static inline void frame_add(struct cursor *c, const char *p, size_t n)
{
    memcpy(c->p, p, n);
    c->p += n;
}

#define ADD(c, lit) frame_add((c), (lit), sizeof(lit) - 1)

static inline void frame_str(struct cursor *c, struct str s)
{
    if (s.n > 0)
        frame_add(c, s.p, s.n);
}

static inline void frame_u64(struct cursor *c, uint64_t v)
{
    char digits[20];
    size_t n = sizeof(digits);
    do
        digits[--n] = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    frame_add(c, digits + n, sizeof(digits) - n);
}

/* Writes the chunk's length in front of what follows `body` up to c, and its end behind. Returns where the chunk
 * begins. */
static inline char *frame_chunk(const struct event_fmt *f, struct cursor *c, char *body)
{
    if (!f->chunked)
        return body;
    size_t n = (size_t)(c->p - body);
    char *p = body;
    *--p = '\n';
    *--p = '\r';
    do
        *--p = "0123456789abcdef"[n & 15];
    while ((n >>= 4) != 0);
    ADD(c, "\r\n");
    return p;
}

static inline struct str frame_view(char *from, const struct cursor *c)
{
    return (struct str){from, (size_t)(c->p - from)};
}

/* The same for events that hold whole texts: `text` as one chunk into f->room, and the last chunk behind it where it is
 * the end of the body. */
static inline struct str frame_room(struct event_fmt *f, struct str text, bool end)
{
    buf_clear(&f->room);
    if (f->chunked && text.n > 0)
        buf_addf(&f->room, "%zx\r\n", text.n);
    buf_adds(&f->room, text);
    if (f->chunked && text.n > 0)
        buf_addz(&f->room, "\r\n");
    if (f->chunked && end)
        buf_addz(&f->room, "0\r\n\r\n");
    return buf_str(&f->room);
}

#endif

/* dsx_write.h - writes the entries of a dataset in one of the formats, so that reading them back gives the same
 * messages as far as the format can hold them; what it cannot is counted. Cold. */
#ifndef WEIR_LOAD_DSX_WRITE_H
#define WEIR_LOAD_DSX_WRITE_H

#include "base/buf.h"
#include "load/dsx_anon.h"
#include "plan/plan.h"

enum dsx_format { DSX_CONVERSATIONS, DSX_MESSAGES, DSX_TEXT, DSX_CSV, DSX_FORMATS };
const char *dsx_format_name(enum dsx_format f);
bool dsx_format_of(struct str name, enum dsx_format *out); /* false: not one that is written */

struct dsx_lost {        /* entries (messages, where it says so) of which something could not be kept */
    uint64_t entries;    /* not written at all: nothing of them was left */
    uint64_t joined;     /* their messages became one text */
    uint64_t whole;      /* messages with tool calls or content parts: left out */
    uint64_t roles;      /* messages of a role that the format does not have there: left out */
    uint64_t max_tokens; /* the limit */
    uint64_t extras;     /* class, model, instant, request */
};

struct dsx_writer {
    enum dsx_format format;
    struct buf *out;   /* borrowed; to be emptied by the caller between entries as he likes */
    struct anon *anon; /* NULL: texts as they are */
    struct dsx_lost lost;
    uint64_t written;
    struct buf scratch, text; /* private: begin with BUF_INIT */
};

void dsx_writer_init(struct dsx_writer *w, enum dsx_format f, struct buf *out, struct anon *anon);
void dsx_write(struct dsx_writer *w, const struct plan_sample *s);
void dsx_writer_end(struct dsx_writer *w); /* what stands behind the last entry */
void dsx_writer_free(struct dsx_writer *w);
/* One sentence for each kind of loss, each ended by a line feed; nothing where nothing was lost. */
void dsx_lost_text(const struct dsx_writer *w, struct buf *out);

#endif

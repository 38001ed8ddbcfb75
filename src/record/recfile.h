/* recfile.h - the record stream as a file of JSON lines (requests.jsonl, "weir.records/1"; docs/FORMATS.md).
 * Each line has a "type": "run" (first), "endpoint", "metric", "level", "client", "request", "note". A file cut
 * anywhere (kill -9, full disk) is read up to its last whole line. Writing is buffered (256 KiB, about 0.5 us a record
 * and 40 ns a token event) and flushed at least once a second by the caller. One thread. */
#ifndef WEIR_RECORD_RECFILE_H
#define WEIR_RECORD_RECFILE_H

#include "base/err.h"
#include "record/record.h"

struct rec_writer;
struct rec_writer *rec_writer_open(const char *path, struct err *e); /* creates; fails if it exists */
/* Each returns 0, or -1 once writing failed (disk full): sticky, the first cause is kept for rec_writer_close. */
int rec_write_run(struct rec_writer *w, const struct rec_run *r);
int rec_write_endpoint(struct rec_writer *w, const struct rec_endpoint *p);
/* Before the first request; its name is the key of the values in requests. */
int rec_write_metric(struct rec_writer *w, const struct rec_metric *m);
int rec_write_level(struct rec_writer *w, const struct rec_level *l);
int rec_write_client(struct rec_writer *w, const struct rec_client *c);
int rec_write_request(struct rec_writer *w, const struct record *r);
int rec_write_note(struct rec_writer *w, const struct rec_note *n);
int rec_writer_flush(struct rec_writer *w);
int rec_writer_close(struct rec_writer **w, struct err *e); /* fsync; -1 + e when anything was not written */

struct rec_sink { /* what a reader feeds; the accumulator and the live run use the same. NULL members are skipped */
    void (*run)(void *arg, const struct rec_run *r);
    void (*endpoint)(void *arg, const struct rec_endpoint *p);
    void (*level)(void *arg, const struct rec_level *l);
    void (*client)(void *arg, const struct rec_client *c);
    void (*request)(void *arg, const struct record *r);
    void (*note)(void *arg, const struct rec_note *n);
    void (*metric)(void *arg, const struct rec_metric *m);
    bool texts; /* also read prompts and answers back (record.text): costs their decoding and a malloc each */
};
struct rec_read_stats {
    uint64_t lines, requests;
    bool cut; /* the last line was not whole */
};
/* Reads the whole file in order. Errors name PATH:LINE. Unknown members and line types are skipped (additive changes).
 * What a sink gets is valid during the call alone; but a record's class and model are, until the file is read, the same
 * memory wherever they are equal. A record's detail is read back, its texts (prompt, answer) where the sink wants them.
 */
int rec_read_file(const char *path, const struct rec_sink *sink, void *arg, struct rec_read_stats *st, struct err *e);
/* The same from memory; `name` stands in errors. */
int rec_read_text(struct str text, const char *name, const struct rec_sink *sink, void *arg, struct rec_read_stats *st,
                  struct err *e);

#endif
